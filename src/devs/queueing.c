/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queueing.c - see queueing.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devs/queueing.h"

/* ---- arrivals ------------------------------------------------------------------------------------------------------ */

void queue_source_init(struct queue_source *source, uint64_t seed, uint64_t stream, double mean,
		       uint64_t count)
{
	*source = (struct queue_source){ .mean = mean, .left = count };
	random_init(&source->random, seed, stream);
	source->sigma = random_exponential(&source->random, mean);
	source->clock = source->sigma;
}

static double source_ta(const void *s)
{
	const struct queue_source *source = s;

	return source->left ? source->sigma : DEVS_INFINITY;
}

static void source_lambda(const void *s, struct devs_output *output)
{
	const struct queue_source *source = s;
	struct devs_event event = { .number = source->clock };

	devs_send(output, 0, &event);
}

static void source_int(void *s)
{
	struct queue_source *source = s;

	if (source->left != UINT64_MAX)
		source->left--;
	source->sigma = random_exponential(&source->random, source->mean);
	source->clock += source->sigma;
}

static void source_ext(void *s, double e, const struct devs_bag *x)
{
	struct queue_source *source = s;

	(void)x;
	source->sigma -= e;
}

const struct devs_class queue_source_class = {
	.name = "source",
	.ta = source_ta,
	.lambda = source_lambda,
	.d_int = source_int,
	.d_ext = source_ext,
};

/* ---- the station --------------------------------------------------------------------------------------------------- */

int queue_station_init(struct queue_station *station, uint64_t seed, uint64_t stream,
		       unsigned servers, double mean, bool constant)
{
	*station = (struct queue_station){
		.servers = servers, .mean = mean, .constant = constant, .waiting_size = 64
	};
	random_init(&station->random, seed, stream);
	station->serving = calloc(servers, sizeof(*station->serving));
	station->waiting = calloc(station->waiting_size, sizeof(*station->waiting));
	if (station->serving && station->waiting)
		return 0;
	queue_station_free(station);
	return -ENOMEM;
}

void queue_station_free(struct queue_station *station)
{
	free(station->serving);
	free(station->waiting);
	station->serving = NULL;
	station->waiting = NULL;
}

static void serving_push(struct queue_station *station, struct queue_job job)
{
	size_t place = station->busy++;

	while (place > 0 && station->serving[(place - 1) / 2].end > job.end) {
		station->serving[place] = station->serving[(place - 1) / 2];
		place = (place - 1) / 2;
	}
	station->serving[place] = job;
}

static void serving_pop(struct queue_station *station)
{
	struct queue_job last = station->serving[--station->busy];
	size_t place = 0, child;

	while ((child = 2 * place + 1) < station->busy) {
		if (child + 1 < station->busy &&
		    station->serving[child + 1].end < station->serving[child].end)
			child++;
		if (station->serving[child].end >= last.end)
			break;
		station->serving[place] = station->serving[child];
		place = child;
	}
	station->serving[place] = last;
}

static void station_begin(struct queue_station *station, double arrived)
{
	double service = station->constant ? station->mean
					   : random_exponential(&station->random, station->mean);

	station->begun++;
	station->wait_sum += station->clock - arrived;
	serving_push(station,
		     (struct queue_job){ .end = station->clock + service, .arrived = arrived });
}

static void station_pass(struct queue_station *station, double time)
{
	station->area += (double)station->waiting_len * time;
	station->busy_area += station->busy * time;
	station->clock += time;
}

static bool waiting_grow(struct queue_station *station)
{
	size_t size = station->waiting_size * 2;
	double *grown = calloc(size, sizeof(*grown));

	if (!grown)
		return false;
	for (size_t i = 0; i < station->waiting_len; i++)
		grown[i] = station->waiting[(station->waiting_first + i) % station->waiting_size];
	free(station->waiting);
	station->waiting = grown;
	station->waiting_first = 0;
	station->waiting_size = size;
	return true;
}

static double station_ta(const void *s)
{
	const struct queue_station *station = s;
	double left = station->busy ? station->serving[0].end - station->clock : DEVS_INFINITY;

	return left > 0 ? left : 0; /* sums of times round */
}

static void station_lambda(const void *s, struct devs_output *output)
{
	const struct queue_station *station = s;
	struct devs_event event = { .number = station->serving[0].arrived };

	devs_send(output, 0, &event);
}

static void station_int(void *s)
{
	struct queue_station *station = s;

	station_pass(station, station_ta(s));
	serving_pop(station);
	if (station->waiting_len == 0)
		return;
	station_begin(station, station->waiting[station->waiting_first]);
	station->waiting_first = (station->waiting_first + 1) % station->waiting_size;
	station->waiting_len--;
}

static void station_ext(void *s, double e, const struct devs_bag *x)
{
	struct queue_station *station = s;

	station_pass(station, e);
	for (size_t i = 0; i < x->len; i++) {
		if (station->busy < station->servers) {
			station_begin(station, station->clock);
		} else if (station->waiting_len < station->waiting_size || waiting_grow(station)) {
			station->waiting[(station->waiting_first + station->waiting_len++) %
					 station->waiting_size] = station->clock;
		} else {
			station->failed = true;
		}
	}
}

const struct devs_class queue_station_class = {
	.name = "station",
	.ta = station_ta,
	.lambda = station_lambda,
	.d_int = station_int,
	.d_ext = station_ext,
};

/* ---- the sink ------------------------------------------------------------------------------------------------------ */

static double sink_ta(const void *s)
{
	(void)s;
	return DEVS_INFINITY;
}

static void sink_int(void *s)
{
	(void)s;
}

static void sink_ext(void *s, double e, const struct devs_bag *x)
{
	struct queue_sink *sink = s;

	sink->clock += e;
	sink->count += x->len;
	sink->last = x->events[x->len - 1].number;
}

const struct devs_class queue_sink_class = {
	.name = "sink",
	.ta = sink_ta,
	.d_int = sink_int,
	.d_ext = sink_ext,
};

/* ---- theory -------------------------------------------------------------------------------------------------------- */

/* by Erlang B's recursion, which neither overflows nor cancels */
double erlang_c(unsigned servers, double load)
{
	double b = 1;

	if (!(load < servers))
		return 1;
	for (unsigned n = 1; n <= servers; n++)
		b = load * b / (n + load * b);
	return b / (1 - load / servers * (1 - b));
}

double queue_wait_mmc(unsigned servers, double rate, double mean)
{
	double load = rate * mean;

	return load < servers ? erlang_c(servers, load) * mean / (servers - load) : DEVS_INFINITY;
}

double queue_wait_md1(double rate, double mean)
{
	double load = rate * mean;

	return load < 1 ? load * mean / (2 * (1 - load)) : DEVS_INFINITY;
}

unsigned queue_servers(double rate, double mean, double wait)
{
	unsigned servers = (unsigned)(rate * mean) + 1;

	while (queue_wait_mmc(servers, rate, mean) > wait)
		servers++;
	return servers;
}
