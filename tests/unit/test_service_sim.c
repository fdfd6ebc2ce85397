/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_service_sim.c - the simulation of a service against queueing theory, and against what is computed by hand.
 * test_sim_replica.c has the replica alone.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "devs/queueing.h"
#include "devs/sim-private.h"

#define CONSTANT(seconds)                            \
	{                                            \
		.mean = (seconds), .constant = true, \
	}

static struct sim_result run(const struct sim_service_params *params, const struct sim_state *state)
{
	struct sim_result result = { 0 };

	assert_int_equal(sim_service_run(params, state, &result), 0);
	return result;
}

static void assert_near(double value, double expected, double off)
{
	if (!(fabs(value - expected) <= off))
		fail_msg("%.9g, expected %.9g within %.3g", value, expected, off);
}

/* ---- closed forms --------------------------------------------------------------------------------------------------------- */

/* the interval holds the truth in 95 of 100 draws; the seeds are fixed, so twice its half is no game of luck, only the bias of an empty start */
static void assert_mean(struct sim_mean mean, double expected)
{
	assert_true(mean.half > 0);
	assert_true(mean.half < 0.1 * expected);
	assert_near(mean.mean, expected, 2 * mean.half);
}

static void fixed_size_is_mmc(void **state)
{
	static const struct {
		unsigned replicas, slots;
		double rate;
		enum sim_balance balance;
	} cases[] = {
		{ 1, 1, 0.7, SIM_SHARED_QUEUE }, { 3, 1, 2.4, SIM_SHARED_QUEUE },
		{ 10, 1, 8, SIM_SHARED_QUEUE },  { 1, 4, 3, SIM_ROUND_ROBIN },
		{ 2, 2, 3.2, SIM_SHARED_QUEUE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		unsigned servers = cases[i].replicas * cases[i].slots;
		struct sim_service_params params = { .rate = &cases[i].rate,
						     .rate_len = 1,
						     .rate_step = 60,
						     .work = { .mean = 1 },
						     .balance = cases[i].balance,
						     .slots = cases[i].slots,
						     .patience = 1e9,
						     .max = cases[i].replicas,
						     .wanted = cases[i].replicas,
						     .horizon = 10000,
						     .seed = 1 };
		double wait = queue_wait_mmc(servers, cases[i].rate, 1);
		struct sim_summary sum;
		struct sim_result first;

		assert_int_equal(sim_service_mean(&params, NULL, 20, NULL, NULL, &sum, &first), 0);
		assert_mean(sum.wait, wait);
		/* Little */
		assert_mean(sum.queue, wait * cases[i].rate);
		assert_near(first.busy_mean, cases[i].rate, 0.05 * cases[i].rate);
		assert_near(sum.replica_seconds.mean, 10000.0 * cases[i].replicas, 1e-3);
		assert_int_equal(sim_violated(&first), 0);
		sim_result_free(&first);
	}
}

/* constant work: half the wait of M/M/1 (Pollaczek, Khinchine) */
static void constant_work_is_md1(void **state)
{
	double rate = 0.8;
	struct sim_service_params params = { .rate = &rate,
					     .rate_len = 1,
					     .rate_step = 1,
					     .work = CONSTANT(1),
					     .patience = 1e9,
					     .max = 1,
					     .wanted = 1,
					     .horizon = 20000,
					     .seed = 7 };
	struct sim_summary sum;

	(void)state;
	assert_int_equal(sim_service_mean(&params, NULL, 20, NULL, NULL, &sum, NULL), 0);
	assert_mean(sum.wait, queue_wait_md1(rate, 1));
}

/* a share of exponential arrivals waits longer than the patience: Erlang C and an exponential tail */
static void late_ones_are_erlangs_tail(void **state)
{
	double rate = 2.4, patience = 1.5;
	struct sim_service_params params = { .rate = &rate,
					     .rate_len = 1,
					     .rate_step = 1,
					     .work = { .mean = 1 },
					     .balance = SIM_SHARED_QUEUE,
					     .patience = patience,
					     .max = 3,
					     .wanted = 3,
					     .horizon = 10000,
					     .seed = 3 };
	struct sim_summary sum;

	(void)state;
	assert_int_equal(sim_service_mean(&params, NULL, 20, NULL, NULL, &sum, NULL), 0);
	assert_mean(sum.violated, erlang_c(3, rate) * exp(-(3 - rate) * patience));
}

/* one core for all that is being served is M/M/1 with processor sharing: rho / (1 - rho) in the system, none in line */
static void contention_is_processor_sharing(void **state)
{
	double rate = 0.6, sum = 0;
	struct sim_service_params params = { .rate = &rate,
					     .rate_len = 1,
					     .rate_step = 1,
					     .work = { .mean = 1 },
					     .slots = 200,
					     .patience = 1e9,
					     .shared_cores = 1,
					     .max = 4,
					     .wanted = 4,
					     .horizon = 20000 };

	(void)state;
	for (params.seed = 0; params.seed < 8; params.seed++) {
		struct sim_result result = run(&params, NULL);

		sum += result.busy_mean / 8;
		assert_int_equal(result.queue_max, 0);
		sim_result_free(&result);
	}
	assert_near(sum, 0.6 / 0.4, 0.06);
}

/* so does one of which all that it serves gets an equal part; the mean delay is that of M/M/1, and does not depend on how work is distributed */
static void shared_replica_is_processor_sharing(void **state)
{
	double rate = 0.7;
	struct sim_service_params params = { .rate = &rate,
					     .rate_len = 1,
					     .rate_step = 1,
					     .work = { .mean = 1 },
					     .slots = 1000,
					     .share = true,
					     .patience = 1e9,
					     .max = 1,
					     .wanted = 1,
					     .horizon = 20000,
					     .seed = 9 };

	(void)state;
	for (int constant = 0; constant < 2; constant++) {
		struct sim_summary sum;
		struct sim_result first;

		params.work.constant = constant;
		assert_int_equal(sim_service_mean(&params, NULL, 20, NULL, NULL, &sum, &first), 0);
		assert_mean(sum.wait, queue_wait_mmc(1, rate, 1));
		assert_int_equal(first.queue_max, 0);
		sim_result_free(&first);
	}
}

/* of a path with two rates: as many as each says, within four standard deviations */
static void thinning(void **state)
{
	const double rate[] = { 2, 10 };
	struct sim_service_params params = { .rate = rate,
					     .rate_len = 2,
					     .rate_step = 5000,
					     .max = 1,
					     .wanted = 1,
					     .horizon = 10000,
					     .row = 5000,
					     .seed = 11 };
	struct sim_result result = run(&params, NULL);

	(void)state;
	assert_int_equal(result.rows_len, 2);
	assert_near((double)result.rows[0].arrived, 10000, 4 * 100);
	assert_near((double)result.rows[1].arrived, 50000, 4 * 224);
	assert_int_equal(result.arrived, result.rows[0].arrived + result.rows[1].arrived);
	sim_result_free(&result);
}

/* ---- the whole network, by hand ----------------------------------------------------------------------------------------------- */

/* three at a time: 1-2 alone, 2-3 two, 3-... three of them; each has 2 s of work */
static void share_by_hand(void **state)
{
	const double arrivals[] = { 1, 2, 3 };
	struct sim_service_params params = { .arrivals = arrivals,
					     .arrivals_len = 3,
					     .work = CONSTANT(2),
					     .slots = 3,
					     .share = true,
					     .patience = 2,
					     .max = 1,
					     .wanted = 1,
					     .horizon = 20 };
	struct sim_result result = run(&params, NULL);

	(void)state;
	/* the first has done 1.5 at 3 and ends at 4.5; then the second has 1 left of two's share and ends at 6.5, the third at 7 */
	assert_near(result.wait_mean, (1.5 + 2.5 + 2) / 3, 1e-9);
	assert_near(result.wait_max, 2.5, 1e-9);
	assert_int_equal(result.late, 1);
	assert_int_equal(result.queue_max, 0);
	sim_result_free(&result);
}

static void balance_by_hand(void **state)
{
	/* two replicas; works are drawn from one sample: 4 s each */
	const double arrivals[] = { 1, 2, 3, 4 }, work = 4;
	struct sim_service_params params = { .arrivals = arrivals,
					     .arrivals_len = 4,
					     .work = { .samples = &work, .len = 1 },
					     .max = 2,
					     .wanted = 2,
					     .patience = 1,
					     .horizon = 20,
					     .row = 4 };
	struct sim_result result;

	(void)state;
	/* in turn: 1-5 and 5-9 by the first, 2-6 and 6-10 by the second; waits of 2 s each for the later two */
	result = run(&params, NULL);
	assert_int_equal(result.arrived, 4);
	assert_int_equal(result.served, 4);
	assert_int_equal(result.late, 2);
	assert_near(result.wait_mean, 1, 1e-12);
	assert_near(result.wait_max, 2, 1e-12);
	assert_near(result.queue_mean, 4.0 / 20, 1e-12);
	assert_int_equal(result.queue_max, 2);
	/* in line: one from 3 to 4, two to 5, one to 6 */
	assert_int_equal(result.rows_len, 5);
	assert_near(result.rows[0].queue_mean, 1.0 / 4, 1e-12);
	assert_near(result.rows[1].queue_mean, 3.0 / 4, 1e-12);
	assert_near(result.rows[2].queue_mean, 0, 1e-12);
	assert_int_equal(result.rows[1].queue_max, 2);
	assert_int_equal(result.rows[2].violated, 2);
	assert_near(result.busy_mean, 16.0 / 20, 1e-12);
	assert_near(result.replica_seconds, 40, 1e-9);
	sim_result_free(&result);
	/* until 7.5: two are being served, of which both came late into service */
	params.horizon = 7.5;
	result = run(&params, NULL);
	assert_int_equal(result.served, 2);
	assert_int_equal(result.late, 2);
	sim_result_free(&result);
}

/* one is ready, three more are wanted at once and made one after the other */
static void starts_by_hand(void **state)
{
	const double arrivals[] = { 0.5 };
	struct sim_state begin = { .ready = 1 };
	struct sim_service_params params = { .arrivals = arrivals,
					     .arrivals_len = 1,
					     .work = CONSTANT(1),
					     .create = CONSTANT(1),
					     .start = CONSTANT(1),
					     .warm = CONSTANT(4),
					     .parallel = 1,
					     .reserve_cpu = 0.5,
					     .reserve_memory = 100,
					     .cores = 2,
					     .memory = 300,
					     .max = 4,
					     .wanted = 4,
					     .horizon = 20,
					     .row = 5 };
	struct sim_result result = run(&params, &begin);

	(void)state;
	/* the place is free when its program runs: they begin at 0 and 2, and for the third there is no memory */
	assert_int_equal(result.starts, 3);
	assert_int_equal(result.started, 2);
	assert_near(result.start_times[0], 6, 1e-12);
	assert_near(result.start_times[1], 8, 1e-12);
	assert_near(result.start_mean, 7, 1e-12);
	assert_near(result.start_max, 8, 1e-12);
	assert_int_equal(result.ready_max, 3);
	assert_near(result.reserved_cpu_max, 1.5, 1e-12);
	assert_near(result.reserved_memory_max, 300, 1e-9);
	assert_int_equal(result.rows_len, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_near(result.rows[i].begin, 5.0 * i, 1e-12);
	assert_int_equal(result.rows[0].ready, 1);
	assert_int_equal(result.rows[0].starting, 3);
	assert_int_equal(result.rows[1].ready, 3);
	assert_int_equal(result.rows[1].starting, 1);
	/* one that waits for the pool takes nothing of it */
	assert_near(result.rows[0].replica_seconds, 5 + 5 + 3, 1e-9);
	assert_near(result.ready_seconds, 20 + 14 + 12, 1e-9);
	assert_int_equal(result.rows[0].arrived, 1);
	assert_int_equal(result.changes, 0);
	sim_result_free(&result);
	/* without a present to begin with: what the pool carries is ready */
	result = run(&params, NULL);
	assert_int_equal(result.ready_max, 3);
	assert_int_equal(result.started, 0);
	assert_near(result.ready_seconds, 60, 1e-9);
	assert_near(result.reserved_memory_max, 300, 1e-9);
	sim_result_free(&result);
}

static void nobody_ready(void **state)
{
	const double arrivals[] = { 1, 2, 3 };
	struct sim_state begin = { .ready = 0 };
	struct sim_service_params params = { .arrivals = arrivals,
					     .arrivals_len = 3,
					     .work = CONSTANT(1),
					     .warm = CONSTANT(2.5),
					     .patience = 1,
					     .max = 1,
					     .wanted = 1,
					     .horizon = 10 };
	struct sim_result result = run(&params, &begin);

	(void)state;
	assert_int_equal(result.refused, 2);
	assert_int_equal(result.served, 1);
	assert_int_equal(sim_violated(&result), 2);
	sim_result_free(&result);
	/* held: from 2.5 on one after the other: waits of 1.5, 1.5 and 1.5 */
	params.hold = true;
	result = run(&params, &begin);
	assert_int_equal(result.refused, 0);
	assert_int_equal(result.served, 3);
	assert_int_equal(result.late, 3);
	assert_near(result.wait_mean, 1.5, 1e-12);
	assert_near(result.queue_mean, 4.5 / 10, 1e-12);
	assert_int_equal(result.queue_max, 2);
	sim_result_free(&result);
}

static void warm_start(void **state)
{
	const double ages[] = { 1.5, 0 }, left[] = { 1, 0.5, 0.5, 2, 3, -1 };
	struct sim_state begin = { .ready = 2, .jobs = 5, .starting = 2, .ages = ages };
	struct sim_service_params params = { .work = CONSTANT(2),
					     .create = CONSTANT(1),
					     .warm = CONSTANT(3),
					     .drain = 1,
					     .patience = 1,
					     .max = 4,
					     .wanted = 4,
					     .horizon = 20 };
	struct sim_result result = run(&params, &begin);

	(void)state;
	/* 3 and 2 requests in line, 2 s each: waits 0 2 4, 0 2 */
	assert_int_equal(result.arrived, 5);
	assert_int_equal(result.served, 5);
	assert_int_equal(result.late, 3);
	assert_near(result.wait_max, 4, 1e-12);
	/* four seconds to be ready: from 2.5 and 4 on, counted from when they were asked for */
	assert_int_equal(result.started, 2);
	assert_int_equal(result.starts, 0);
	assert_near(result.start_times[0], 4, 1e-12);
	assert_near(result.start_times[1], 4, 1e-12);
	assert_near(result.ready_seconds, 2 * 20 + 17.5 + 16, 1e-9);
	sim_result_free(&result);
	/* fewer are wanted: first those that are not ready, then the last of the others: it serves one until 2, and begins another */
	params.wanted = 1;
	params.grace = 2;
	result = run(&params, &begin);
	assert_int_equal(result.stops, 3);
	assert_int_equal(result.started, 0);
	assert_int_equal(result.cut, 1);
	assert_near(result.ready_seconds, 20, 1e-9);
	sim_result_free(&result);
	/* of each only so much is left: those in line wait for 1, 0.5 and 1.5 */
	params.wanted = 4;
	begin.work = left;
	result = run(&params, &begin);
	assert_int_equal(result.served, 5);
	assert_int_equal(result.late, 1);
	assert_near(result.wait_max, 1.5, 1e-12);
	sim_result_free(&result);
	begin.jobs = 6;
	assert_int_equal(sim_service_run(&params, &begin, &result), -EINVAL);
}

/* ---- the autoscaler ---------------------------------------------------------------------------------------------------------------- */

struct notes {
	struct sim_view views[8];
	unsigned len, wanted[8];
};

static unsigned take_notes(void *ctx, const struct sim_view *view)
{
	struct notes *notes = ctx;

	assert_true(notes->len < ARRAY_LEN(notes->views));
	notes->views[notes->len] = *view;
	return notes->wanted[notes->len++];
}

static void decisions_by_hand(void **state)
{
	/* both busy from 0 on; 3 s of work each */
	const double arrivals[] = { 0, 0, 1 };
	struct notes notes = { .wanted = { 3, 3, 3, 50, 1 } };
	struct sim_service_params params = { .arrivals = arrivals,
					     .arrivals_len = 3,
					     .work = CONSTANT(3),
					     .warm = CONSTANT(3),
					     .max = 4,
					     .wanted = 2,
					     .period = 2,
					     .decide = take_notes,
					     .ctx = &notes,
					     .reserve_cpu = 1,
					     .cores = 6,
					     .horizon = 11 };
	struct sim_result result = run(&params, NULL);

	(void)state;
	assert_int_equal(notes.len, 5);
	/* at 2 */
	assert_near(notes.views[0].now, 2, 1e-12);
	assert_int_equal(notes.views[0].known, 2);
	assert_near(notes.views[0].busy, 1, 1e-12);
	assert_near(notes.views[0].jobs, 1.5, 1e-12);
	assert_int_equal(notes.views[0].wanted, 2);
	assert_int_equal(notes.views[0].admissible, 6);
	/* at 4: the third has begun at 2 and warms up until 5; the first ended at 3 and went on with the request of 1 */
	assert_int_equal(notes.views[1].starting, 1);
	assert_int_equal(notes.views[1].known, 2);
	assert_near(notes.views[1].busy, (2.0 + 1.0) / 2 / 2, 1e-12);
	assert_near(notes.views[1].jobs, 0.5, 1e-12);
	/* at 6: ready since 5 */
	assert_int_equal(notes.views[2].fresh, 1);
	assert_int_equal(notes.views[2].known, 2);
	assert_int_equal(notes.views[2].jobs_known, 3);
	assert_near(notes.views[2].busy, 2.0 / 2 / 2, 1e-12);
	/* at 8: it has a value; 50 becomes 4 */
	assert_int_equal(notes.views[3].fresh, 0);
	assert_int_equal(notes.views[3].known, 3);
	assert_int_equal(notes.views[4].wanted, 4);
	assert_int_equal(result.changes, 1 + 1 + 3);
	assert_int_equal(result.starts, 2);
	assert_int_equal(result.stops, 3);
	sim_result_free(&result);
}

/* ---- luck -------------------------------------------------------------------------------------------------------------------------- */

static void failures_come(void **state)
{
	struct sim_service_params params = { .mttf = 1000,
					     .warm = CONSTANT(1),
					     .max = 10,
					     .wanted = 10,
					     .horizon = 100000,
					     .seed = 5 };
	struct sim_result result = run(&params, NULL);

	(void)state;
	/* a thousand ends are expected, within four standard deviations; nobody is asked for anew, nobody stopped */
	assert_near(result.failures, 1000, 4 * 32);
	assert_int_equal(result.starts, 0);
	assert_int_equal(result.stops, 0);
	assert_near(result.replica_seconds, 1e6, 1e-3);
	assert_true(result.ready_seconds < 1e6 - 1000 * 0.8);
	sim_result_free(&result);
}

static void bootstrap(void **state)
{
	const double warm[] = { 1, 2, 6 };
	double sum = 0;

	(void)state;
	for (uint64_t seed = 0; seed < 200; seed++) {
		struct sim_state none = { 0 };
		struct sim_service_params params = { .warm = { .samples = warm, .len = 3 },
						     .max = 5,
						     .wanted = 5,
						     .horizon = 10,
						     .seed = seed };
		struct sim_result result = run(&params, &none);

		assert_int_equal(result.started, 5);
		for (unsigned i = 0; i < 5; i++) {
			double time = result.start_times[i];

			assert_true(time == 1 || time == 2 || time == 6);
			sum += time / 1000;
		}
		sim_result_free(&result);
	}
	assert_near(sum, 3, 4 * 2.16 / sqrt(1000));
}

static void assert_same(const struct sim_result *a, const struct sim_result *b)
{
	assert_int_equal(a->arrived, b->arrived);
	assert_int_equal(a->transitions, b->transitions);
	assert_true(a->wait_mean == b->wait_mean);
	assert_true(a->replica_seconds == b->replica_seconds);
	assert_int_equal(a->rows_len, b->rows_len);
	assert_memory_equal(a->rows, b->rows, a->rows_len * sizeof(*a->rows));
}

static unsigned as_busy_as(void *ctx, const struct sim_view *view)
{
	(void)ctx;
	return view->known ? (unsigned)(view->busy * view->known / 0.7) + 1 : view->wanted;
}

static void equal_seeds_equal_runs(void **state)
{
	const double rate[] = { 1, 4, 2 };
	struct sim_service_params params = { .rate = rate,
					     .rate_len = 3,
					     .rate_step = 600,
					     .work = { .mean = 1 },
					     .warm = { .mean = 5 },
					     .mttf = 500,
					     .shared_cores = 4,
					     .balance = SIM_STICKY,
					     .drain = 2,
					     .grace = 10,
					     .max = 20,
					     .wanted = 2,
					     .period = 15,
					     .decide = as_busy_as,
					     .horizon = 1800,
					     .row = 60,
					     .seed = 42 };
	struct sim_result one = run(&params, NULL), two = run(&params, NULL), three, four;

	(void)state;
	assert_same(&one, &two);
	assert_true(one.changes > 0 && one.failures > 0);
	params.replication = 1;
	three = run(&params, NULL);
	assert_true(one.wait_mean != three.wait_mean);
	/* another decision, the very same requests */
	params.replication = 0;
	params.decide = NULL;
	params.wanted = 9;
	four = run(&params, NULL);
	assert_int_equal(four.rows_len, 30);
	for (size_t i = 0; i < four.rows_len; i++)
		assert_int_equal(four.rows[i].arrived, one.rows[i].arrived);
	sim_result_free(&one);
	sim_result_free(&two);
	sim_result_free(&three);
	sim_result_free(&four);
}

struct decisions {
	double at[3];
	unsigned len;
};

static unsigned when_asked(void *ctx, const struct sim_view *view)
{
	struct decisions *decisions = ctx;

	if (decisions->len < ARRAY_LEN(decisions->at))
		decisions->at[decisions->len++] = view->now;
	return view->wanted;
}

/* no two replications decide at the same times */
static void decisions_begin_anywhere(void **state)
{
	static const double part[] = { 1, 0.381966, 0.763932, 0.145898 };
	double rate = 1;

	(void)state;
	for (unsigned i = 0; i < ARRAY_LEN(part); i++) {
		struct decisions decisions = { .len = 0 };
		struct sim_service_params params = { .rate = &rate,
						     .rate_len = 1,
						     .rate_step = 1,
						     .work = { .mean = 0.1 },
						     .max = 1,
						     .wanted = 1,
						     .period = 10,
						     .decide = when_asked,
						     .ctx = &decisions,
						     .horizon = 40,
						     .replication = i };
		struct sim_result result = run(&params, NULL);

		sim_result_free(&result);
		assert_int_equal(decisions.len, 3);
		for (unsigned j = 0; j < 3; j++)
			assert_true(fabs(decisions.at[j] - 10 * (part[i] + j)) < 1e-4);
	}
}

/* every request is somewhere: served, a violation that left, or still there */
static void nothing_is_lost(void **state)
{
	static const enum sim_balance all[] = { SIM_ROUND_ROBIN, SIM_LEAST_CONNECTIONS, SIM_STICKY,
						SIM_SHARED_QUEUE };
	double rate = 6;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		double arrived = 0, left = 0;
		struct sim_service_params params = { .rate = &rate,
						     .rate_len = 1,
						     .rate_step = 1,
						     .work = { .mean = 0.5 },
						     .warm = { .mean = 3 },
						     .balance = all[i],
						     .mttf = 50,
						     .start_failure = 0.2,
						     .patience = 1,
						     .give_up = 5,
						     .shared_cores = 3,
						     .parallel = 1,
						     .drain = 1,
						     .grace = 1,
						     .erase = { .mean = 1 },
						     .max = 8,
						     .wanted = 3,
						     .period = 5,
						     .decide = as_busy_as,
						     .horizon = 5000,
						     .row = 100,
						     .seed = i };
		struct sim_result result = run(&params, NULL);
		uint64_t rows = 0, violated = 0;

		arrived = (double)result.arrived;
		left = (double)(result.served + result.refused + result.cut);
		/* of the late ones some were served */
		assert_true(left <= arrived);
		assert_true(left + (double)result.late >= arrived - 100);
		for (size_t k = 0; k < result.rows_len; k++) {
			rows += result.rows[k].arrived;
			violated += result.rows[k].violated;
		}
		assert_int_equal(rows, result.arrived);
		assert_true(violated <= sim_violated(&result) &&
			    violated + 100 >= sim_violated(&result));
		assert_true(result.failures > 20 && result.starts > 0);
		sim_result_free(&result);
	}
}

static void what_makes_no_sense(void **state)
{
	const double down[] = { 2, 1 }, bad[] = { NAN }, one[] = { 1 };
	const struct sim_service_params good = { .max = 2, .wanted = 1, .horizon = 1 };
	struct sim_service_params params[] = { good, good, good, good, good, good, good, good };
	struct sim_state state_bad = { .starting = 1, .ages = bad };
	struct sim_result result;
	struct sim_summary sum;

	(void)state;
	params[0].max = 0;
	params[1].wanted = 3;
	params[2].horizon = 0;
	params[3].arrivals = down;
	params[3].arrivals_len = 2;
	params[4].rate = bad;
	params[4].rate_len = 1;
	params[4].rate_step = 1;
	params[5].warm.mean = -1;
	params[6].decide = as_busy_as;
	params[7].rate = params[7].arrivals = one;
	params[7].rate_len = params[7].arrivals_len = 1;
	params[7].rate_step = 1;
	for (size_t i = 0; i < ARRAY_LEN(params); i++)
		assert_int_equal(sim_service_run(&params[i], NULL, &result), -EINVAL);
	assert_int_equal(sim_service_run(&good, &state_bad, &result), -EINVAL);
	assert_int_equal(sim_service_mean(&good, NULL, 0, NULL, NULL, &sum, NULL), -EINVAL);
	assert_int_equal(sim_service_run(&good, NULL, &result), 0);
	sim_result_free(&result);
}

static void cost(void **state)
{
	struct sim_result result = {
		.refused = 1, .late = 2, .cut = 3, .replica_seconds = 10, .changes = 4
	};
	struct sim_weights weights = { .violation = 100, .replica = 0.5, .change = 2 };

	(void)state;
	assert_near(sim_cost(&result, &weights), 600 + 5 + 8, 1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fixed_size_is_mmc),
		cmocka_unit_test(constant_work_is_md1),
		cmocka_unit_test(late_ones_are_erlangs_tail),
		cmocka_unit_test(contention_is_processor_sharing),
		cmocka_unit_test(shared_replica_is_processor_sharing),
		cmocka_unit_test(thinning),
		cmocka_unit_test(balance_by_hand),
		cmocka_unit_test(share_by_hand),
		cmocka_unit_test(starts_by_hand),
		cmocka_unit_test(nobody_ready),
		cmocka_unit_test(warm_start),
		cmocka_unit_test(decisions_by_hand),
		cmocka_unit_test(failures_come),
		cmocka_unit_test(bootstrap),
		cmocka_unit_test(equal_seeds_equal_runs),
		cmocka_unit_test(decisions_begin_anywhere),
		cmocka_unit_test(nothing_is_lost),
		cmocka_unit_test(what_makes_no_sense),
		cmocka_unit_test(cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
