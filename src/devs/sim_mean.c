/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_mean.c - what a result costs, and the mean of many.
 */
#include <errno.h>
#include <math.h>

#include "devs/service_sim.h"

uint64_t sim_violated(const struct sim_result *result)
{
	return result->refused + result->late + result->cut;
}

double sim_cost(const struct sim_result *result, const struct sim_weights *weights)
{
	return weights->violation * (double)sim_violated(result) +
	       weights->replica * result->replica_seconds + weights->change * result->changes;
}

/* Student's t, two-sided 95 %, by degrees of freedom; beyond the table by its expansion around the normal quantile (within 3e-3) */
static double student(unsigned freedom)
{
	static const double table[] = { 12.706, 4.303, 3.182, 2.776, 2.571,
					2.447,  2.365, 2.306, 2.262, 2.228 };
	double z = 1.959964, n = freedom;

	if (freedom <= sizeof(table) / sizeof(table[0]))
		return table[freedom - 1];
	return z + (z * z * z + z) / (4 * n) +
	       (5 * pow(z, 5) + 16 * z * z * z + 3 * z) / (96 * n * n);
}

enum { VIOLATED, WAIT, QUEUE, REPLICA_SECONDS, START, COST, NUMBERS };

struct sums {
	unsigned count;
	double mean[NUMBERS], square[NUMBERS]; /* Welford's */
};

static void add(struct sums *sums, const struct sim_result *result,
		const struct sim_weights *weights)
{
	const double numbers[NUMBERS] = {
		[VIOLATED] = result->arrived
				     ? (double)sim_violated(result) / (double)result->arrived
				     : 0,
		[WAIT] = result->wait_mean,
		[QUEUE] = result->queue_mean,
		[REPLICA_SECONDS] = result->replica_seconds,
		[START] = result->start_mean,
		[COST] = weights ? sim_cost(result, weights) : 0,
	};

	sums->count++;
	for (int i = 0; i < NUMBERS; i++) {
		double off = numbers[i] - sums->mean[i];

		sums->mean[i] += off / sums->count;
		sums->square[i] += off * (numbers[i] - sums->mean[i]);
	}
}

static struct sim_mean mean_of(const struct sums *sums, int i)
{
	double n = sums->count;
	struct sim_mean mean = { .mean = sums->mean[i] };

	if (sums->count > 1)
		mean.half = student(sums->count - 1) * sqrt(sums->square[i] / (n - 1) / n);
	return mean;
}

int sim_service_mean(const struct sim_service_params *params, const struct sim_state *state,
		     unsigned count, const struct sim_weights *weights, void (*begin)(void *ctx),
		     struct sim_summary *ret, struct sim_result *ret_first)
{
	struct sim_service_params each = *params;
	struct sim_result first = { 0 };
	struct sums sums = { 0 };

	if (count == 0)
		return -EINVAL;
	for (unsigned i = 0; i < count; i++) {
		struct sim_result result = { 0 };
		int r;

		each.replication = i;
		each.row = i == 0 && ret_first ? params->row : 0;
		if (begin)
			begin(params->ctx);
		r = sim_service_run(&each, state, &result);
		if (r < 0) {
			sim_result_free(&first);
			return r;
		}
		add(&sums, &result, weights);
		if (i == 0)
			first = result;
		else
			sim_result_free(&result);
	}
	*ret = (struct sim_summary){ .violated = mean_of(&sums, VIOLATED),
				     .wait = mean_of(&sums, WAIT),
				     .queue = mean_of(&sums, QUEUE),
				     .replica_seconds = mean_of(&sums, REPLICA_SECONDS),
				     .start = mean_of(&sums, START),
				     .cost = mean_of(&sums, COST) };
	if (ret_first)
		*ret_first = first;
	else
		sim_result_free(&first);
	return 0;
}
