/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_predict.c - one service's forecasts over simulated weeks: what is learned, whom the gate believes, what a plan asks for, and its way
 * through bytes.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "devs/random.h"
#include "scale/predict.h"

#define MONDAY INT64_C(1767571200) /* 2026-01-05 00:00 UTC */
#define DAY 1440
#define WEEK 10080
#define START_S 120
#define IN_THE_RAMP (2 * WEEK + 2 * DAY + 544)
#define TWO_DAYS INT64_C(172800)

static struct spec_metric metric = { .kind = SPEC_METRIC_HTTP, .name = "sessions", .target = 10 };
static struct spec_scale scale;

static void reset(void)
{
	scale = (struct spec_scale){
		.given = true,
		.policy = SPEC_SCALE_PREDICT,
		.min = 1,
		.max = 50,
		.metrics = &metric,
		.metrics_len = 1,
		.tolerance = 0.1,
		.period_ms = 2000,
		.drain_ms = 2000,
		.predict = { .act = true,
			     .quantile = 0.95,
			     .horizon_ms = -1,
			     .weight = 100,
			     .churn_ms = 10000,
			     .capacity = -1 },
	};
}

/* Working days from nine to five, up within ten minutes; and a little unrest. */
static double pattern(unsigned minute)
{
	unsigned of_day = minute % DAY;
	double busy = 0;

	if (minute % WEEK / DAY < 5 && of_day >= 540 && of_day < 1020)
		busy = of_day < 550 ? (of_day - 539) / 10.0 : 1;
	return 1.2 + 8 * busy + 0.2 * sin(minute * 0.7);
}

static struct predict *fresh(void)
{
	struct predict *p;

	assert_int_equal(predict_new(&p), 0);
	for (int i = 0; i < 5; i++)
		predict_started(p, 1000 + i, START_S);
	return p;
}

static int feed(struct predict *p, unsigned minute, double load)
{
	return predict_measure(p, MONDAY + 60 * (int64_t)minute, load);
}

static void feed_pattern(struct predict *p, unsigned from, unsigned to)
{
	for (unsigned minute = from; minute < to; minute++)
		assert_true(feed(p, minute, pattern(minute)) >= 0);
}

/* At the beginning of @minute, with as many ready as the load needs. */
static const struct predict_plan *decide(struct predict *p, unsigned minute, unsigned ready)
{
	struct predict_now now = { .scale = &scale,
				   .now_ms = 1000 + 60000 * (int64_t)minute,
				   .clock_s = MONDAY + 60 * (int64_t)minute,
				   .current = ready,
				   .ready = ready,
				   .most = (unsigned)scale.max };

	assert_int_equal(predict_decide(p, &now), 0);
	return predict_last(p);
}

/* ---- what it asks for -------------------------------------------------------------------------------------------------------- */

/* The start takes two minutes: what nine o'clock needs is asked for before anything is to be seen of it. */
static void test_before_the_ramp(void **state)
{
	struct predict *p = fresh();
	const struct predict_plan *plan;
	unsigned bell = 2 * WEEK + 2 * DAY + 540;

	(void)state;
	reset();
	feed_pattern(p, 0, bell - 179);
	plan = decide(p, bell - 180, 2);
	assert_true(plan->open);
	assert_int_equal(plan->floor, 0);
	feed_pattern(p, bell - 179, bell);
	plan = decide(p, bell - 1, 2);
	assert_true(plan->horizon_s == START_S + 60 + 2);
	assert_int_equal(plan->minutes, 4);
	assert_true(plan->open);
	assert_true(plan->load < 1.5);
	if (plan->floor < 3)
		fail_msg("%u: %s (%s)", plan->floor, plan->why, plan->gate);
	assert_int_equal(predict_floor(p, plan->at_ms + 1000), plan->floor);
	assert_int_equal(predict_floor(p, plan->at_ms + PREDICT_LASTS_MS + 1), 0);
	/* the candidates: from what the load needs now; the fewest leave load behind */
	assert_true(plan->candidates_len > 2);
	assert_int_equal(plan->candidates[0].replicas, 2);
	assert_true(plan->candidates[0].late > 0);
	assert_true(plan->candidates[0].cost > plan->candidates[plan->candidates_len - 1].cost);
	predict_free(p);
}

/* A reserve that nobody pays for in lost load is not worth it. */
static void test_weight(void **state)
{
	unsigned bell = 2 * WEEK + 2 * DAY + 540, dear, cheap;
	struct predict *p = fresh();

	(void)state;
	reset();
	feed_pattern(p, 0, bell);
	scale.predict.weight = 1000;
	dear = decide(p, bell - 1, 2)->floor;
	scale.predict.weight = 1;
	scale.predict.churn_ms = 600000;
	cheap = decide(p, bell - 1, 2)->floor;
	assert_true(dear > cheap);
	predict_free(p);
}

static void test_limits(void **state)
{
	static struct spec_calendar calendar = { .cron = "0 7 * * *",
						 .duration_ms = 3600000,
						 .min = 5 };
	unsigned bell = 2 * WEEK + 2 * DAY + 540;
	struct predict *p = fresh();

	(void)state;
	reset();
	feed_pattern(p, 0, bell);
	scale.max = 4;
	assert_int_equal(decide(p, bell - 1, 2)->floor, 4);
	scale.max = 50;
	/* more than it needs is there already: that costs no start */
	assert_int_equal(decide(p, bell - 1, 20)->candidates[0].starts, 0);
	/* the calendar is known, not forecast: four minutes are enough for a start of two */
	scale.calendar = &calendar;
	scale.calendar_len = 1;
	assert_int_equal(decide(p, bell - 125, 2)->calendar, 0);
	assert_int_equal(decide(p, bell - 123, 2)->floor, 5);
	assert_non_null(strstr(predict_last(p)->why, "the calendar asks for at least 5"));
	scale.max = 3;
	assert_int_equal(decide(p, bell - 123, 2)->floor, 3);
	predict_free(p);
}

static void test_capacity(void **state)
{
	static struct spec_metric two[2] = { { .kind = SPEC_METRIC_CPU, .target = 50 },
					     { .kind = SPEC_METRIC_MEMORY, .target = 80 } };

	(void)state;
	reset();
	assert_true(fabs(predict_capacity(&scale) - 1.1) < 1e-9);
	scale.metrics = two;
	assert_true(predict_capacity(&scale) == 2);
	scale.metrics_len = 2;
	assert_true(predict_capacity(&scale) == 1.25);
	scale.predict.capacity = 300;
	assert_true(predict_capacity(&scale) == 3);
	scale.predict.capacity = -1;
	two[0].target = 150;
	assert_true(predict_capacity(&scale) == 1);
}

/* ---- whom it believes ---------------------------------------------------------------------------------------------------------- */

/* A random walk: nothing is better than the last value, and so nothing is asked for. */
static void test_useless(void **state)
{
	struct predict *p = fresh();
	struct random_stream random;
	unsigned asked = 0, open = 0;
	double load = 20;

	(void)state;
	reset();
	random_init(&random, 5, 0);
	for (unsigned minute = 0; minute < 2 * WEEK; minute++) {
		(void)feed(p, minute, load);
		load += random_uniform(&random) < 0.5 ? -0.5 : 0.5;
		if (load < 5)
			load = 6;
		if (minute < WEEK)
			continue;
		open += decide(p, minute + 1, 20)->open;
		asked += predict_last(p)->floor > 0;
	}
	if (open > WEEK / 50 || asked > WEEK / 50)
		fail_msg("open %u, asked %u of %u minutes", open, asked, WEEK);
	assert_non_null(strstr(predict_last(p)->gate, "no model forecasts better"));
	predict_free(p);
}

/* A holiday: the pattern was trusted for three weeks, and does not come. */
static void test_holiday(void **state)
{
	struct predict *p = fresh();
	unsigned bell = 3 * WEEK + 540, raised = 0;

	(void)state;
	reset();
	feed_pattern(p, 0, bell - 1);
	for (unsigned minute = bell - 1; minute < bell + 240; minute++) {
		(void)feed(p, minute, 1.2);
		(void)decide(p, minute + 1, 2);
		raised += predict_last(p)->floor > 2;
	}
	/* it was believed at first, and then no more */
	if (raised < 1 || raised > 30)
		fail_msg("raised for %u minutes: %s", raised, predict_last(p)->gate);
	assert_int_equal(predict_last(p)->floor, 0);
	predict_free(p);
}

static void test_too_early(void **state)
{
	struct predict *p = fresh();

	(void)state;
	reset();
	assert_int_equal(decide(p, 0, 2)->at_ms, 0);
	assert_int_equal(predict_floor(p, 0), 0);
	for (unsigned minute = 0; minute < 60; minute++)
		(void)feed(p, minute, 1.0 + minute);
	assert_false(decide(p, 60, 2)->open);
	assert_string_equal(predict_last(p)->gate, "59 of 120 minutes are learned");
	predict_free(p);
}

/* ---- time ---------------------------------------------------------------------------------------------------------------------- */

static void test_minutes(void **state)
{
	struct predict *p = fresh();
	int64_t at = MONDAY;

	(void)state;
	reset();
	/* two values of a minute are one: their mean */
	assert_int_equal(predict_measure(p, at, 2), 0);
	assert_int_equal(predict_measure(p, at + 30, 4), 0);
	assert_int_equal(predict_measure(p, at + 60, 9), 1);
	assert_true(decide(p, 1, 2)->load == 3);
	assert_true(predict_past(p, 0).load == 3);
	/* what is not measured is not known, and not zero */
	assert_int_equal(predict_measure(p, at + 120, (double)NAN), 1);
	assert_int_equal(predict_measure(p, at + 180, (double)NAN), 1);
	assert_true(decide(p, 3, 2)->load == 9);
	assert_true(isnan((double)predict_past(p, 0).load));
	assert_true(predict_past(p, 1).load == 9);
	assert_int_equal(predict_learned(p), 2);
	/* a gap of two days is a gap */
	assert_int_equal(predict_measure(p, at + TWO_DAYS, 5), 1);
	assert_int_equal(predict_learned(p), 2);
	/* the clock goes back by an hour: that hour is not learned twice */
	assert_int_equal(predict_measure(p, at + TWO_DAYS - 3600, 50), 0);
	assert_int_equal(predict_measure(p, at + TWO_DAYS - 60, 50), 0);
	assert_int_equal(predict_measure(p, at + TWO_DAYS + 30, 5), 0);
	assert_int_equal(predict_measure(p, at + TWO_DAYS + 60, 5), 1);
	assert_int_equal(predict_learned(p), 3);
	assert_true(decide(p, 2 * DAY + 1, 2)->load == 5);
	predict_free(p);
}

/* Two days without a supervisor: the pattern is where it was. */
static void test_gap(void **state)
{
	struct predict *p = fresh();
	unsigned bell = 3 * WEEK + 3 * DAY + 540;

	(void)state;
	reset();
	feed_pattern(p, 0, bell - 2 * DAY);
	feed_pattern(p, bell - 200, bell);
	if (decide(p, bell - 1, 2)->floor < 3)
		fail_msg("%u: %s, %s", predict_last(p)->floor, predict_last(p)->gate,
			 predict_last(p)->why);
	predict_free(p);
}

static void test_slow_starts(void **state)
{
	struct predict *p = fresh();
	unsigned bell = 2 * WEEK + 2 * DAY + 540;

	(void)state;
	reset();
	feed_pattern(p, 0, bell - 14);
	assert_int_equal(decide(p, bell - 15, 2)->floor, 0);
	/* starts have become slower than ever: the horizon follows, and nothing is learned anew */
	for (int i = 0; i < PREDICT_DELAYS; i++)
		predict_started(p, 5000 + i, 900);
	assert_int_equal(predict_started_last(p), 5000 + PREDICT_DELAYS - 1);
	assert_true(decide(p, bell - 15, 2)->open);
	assert_int_equal(predict_last(p)->minutes, 17);
	assert_true(predict_last(p)->floor > 2);
	scale.predict.horizon_ms = 60000;
	assert_int_equal(decide(p, bell - 15, 2)->minutes, 1);
	predict_free(p);
}

/* ---- bytes --------------------------------------------------------------------------------------------------------------------- */

static void test_bytes(void **state)
{
	unsigned bell = 2 * WEEK + 2 * DAY + 540;
	struct predict *p = fresh(), *again;
	struct predict_plan plan;
	struct random_stream random;
	unsigned char *bytes;
	size_t length;
	void *saved;

	(void)state;
	reset();
	predict_unit(p, UINT32_MAX);
	feed_pattern(p, 0, bell);
	assert_int_equal(predict_save(p, &saved, &length), 0);
	assert_int_equal(predict_load(saved, length, &again), 0);
	predict_unit(again, UINT32_MAX);
	assert_int_equal(predict_learned(again), predict_learned(p));
	assert_int_equal(predict_started_last(again), predict_started_last(p));
	/* all but the minute that was being gathered */
	(void)feed(p, bell, pattern(bell));
	(void)feed(again, bell, pattern(bell));
	plan = *decide(p, bell, 2);
	decide(again, bell, 2);
	assert_true(predict_last(again)->open);
	assert_int_equal(predict_last(again)->model, plan.model);
	assert_true(predict_last(again)->start_s == START_S);
	assert_true(predict_last(again)->floor > 2);
	assert_true(fabs(predict_last(again)->paths[1][1] - plan.paths[1][1]) < 0.5);
	/* in another unit the load is not known, the start delay is */
	predict_unit(again, 7);
	assert_int_equal(predict_learned(again), 0);
	assert_int_equal(predict_floor(again, 0), 0);
	assert_true(isnan(predict_past(again, 0).load));
	assert_int_equal(predict_started_last(again), predict_started_last(p));
	(void)feed(again, bell, 9);
	(void)feed(again, bell + 1, 9);
	decide(again, bell + 1, 2);
	assert_int_equal(predict_learned(again), 1);
	assert_true(predict_last(again)->start_s == START_S);
	predict_free(again);
	random_init(&random, 4, 0);
	bytes = saved;
	for (unsigned i = 0; i < 200; i++) {
		size_t at = random_below(&random, i % 2 ? 400 : length);

		bytes[at] ^= 0x20;
		assert_int_equal(predict_load(bytes, length, &again), -EINVAL);
		bytes[at] ^= 0x20;
	}
	for (size_t less = 0; less < 500; less++)
		assert_int_equal(predict_load(bytes, less, &again), -EINVAL);
	free(saved);
	predict_free(p);
	/* nothing learned is something to keep too */
	p = fresh();
	assert_int_equal(predict_save(p, &saved, &length), 0);
	assert_int_equal(predict_load(saved, length, &again), 0);
	assert_int_equal(predict_started_last(again), 1004);
	predict_free(again);
	predict_free(p);
	free(saved);
}

/* ---- what it costs --------------------------------------------------------------------------------------------------------------- */

static double cpu_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

/* An IoT gateway runs it too: bounds are ten times what a slow core needs. */
static void test_cost(void **state)
{
	unsigned bell = 2 * WEEK + 2 * DAY + 540, plans = 0;
	struct predict *p = fresh();
	double begin = cpu_us(), minute_us, plan_us;
	size_t length;
	void *saved;

	(void)state;
	reset();
	feed_pattern(p, 0, bell - 60);
	minute_us = (cpu_us() - begin) / (bell - 60);
	feed_pattern(p, bell - 60, bell);
	begin = cpu_us();
	for (; plans < 20; plans++)
		assert_in_range(decide(p, bell - 1, 2)->candidates_len, 3, PREDICT_CANDIDATES);
	plan_us = (cpu_us() - begin) / plans;
	assert_int_equal(predict_save(p, &saved, &length), 0);
	print_message("predict: %.1f us a minute to learn, %.0f us for a plan of %d candidates, "
		      "%zu bytes of memory, %zu bytes in the database\n",
		      minute_us, plan_us, (int)predict_last(p)->candidates_len, predict_memory(p),
		      length);
	assert_true(minute_us < 1000);
	assert_true(plan_us < 500000);
	assert_true(predict_memory(p) < 48 << 10);
	assert_true(length < 8 << 10);
	free(saved);
	predict_free(p);
}

/* A large service is simulated in groups: a plan stays cheap, and begins at what the load needs now. */
static void test_large(void **state)
{
	unsigned bell = 2 * WEEK + 2 * DAY + 540;
	struct predict *p = fresh();
	const struct predict_plan *plan;
	double begin, took;

	(void)state;
	reset();
	scale.max = 2000;
	for (unsigned minute = 0; minute < bell; minute++)
		(void)feed(p, minute, 40 * pattern(minute));
	begin = cpu_us();
	plan = decide(p, bell - 1, 50);
	took = cpu_us() - begin;
	assert_int_equal(plan->candidates_len, PREDICT_CANDIDATES);
	assert_int_equal(plan->candidates[0].replicas, (unsigned)ceil(plan->load));
	assert_int_equal(plan->candidates[PREDICT_CANDIDATES - 1].replicas,
			 (unsigned)ceil(plan->paths[2][2]));
	assert_true(plan->floor > 100);
	print_message("predict: %.0f us for a plan of up to %u replicas\n", took,
		      plan->candidates[PREDICT_CANDIDATES - 1].replicas);
	assert_true(took < 2e6);
	predict_free(p);
}

/* A present of @ready and @starting replicas, of which no two were asked for at the same time. */
static const struct predict_plan *plan_with(struct predict *p, unsigned ready, unsigned starting,
					    unsigned most)
{
	double *ages = calloc(starting + 1, sizeof(*ages));
	struct predict_now now = { .scale = &scale,
				   .now_ms = 1000 + 60000 * (int64_t)IN_THE_RAMP,
				   .clock_s = MONDAY + 60 * (int64_t)IN_THE_RAMP,
				   .current = ready + starting,
				   .ready = ready,
				   .ages = ages,
				   .starting = starting,
				   .most = most };

	assert_non_null(ages);
	for (unsigned i = 0; i < starting; i++)
		ages[i] = predict_last(p)->start_s * i / starting;
	assert_int_equal(predict_decide(p, &now), 0);
	free(ages);
	return predict_last(p);
}

/* The loop waits for a plan: whatever the horizon and the size, so much is simulated at most. */
static void test_bound(void **state)
{
	static const unsigned minutes[] = { 2, 10, 60 };
	static const double sizes[] = { 0.2, 1, 10, 200 };
	uint64_t most = 0;

	(void)state;
	reset();
	for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		double size = sizes[s];
		unsigned needed = (unsigned)ceil(size * pattern(IN_THE_RAMP - 1));
		struct predict *learned;
		size_t length;
		void *saved;

		assert_int_equal(predict_new(&learned), 0);
		for (unsigned minute = 0; minute <= IN_THE_RAMP; minute++)
			assert_true(feed(learned, minute, size * pattern(minute)) >= 0);
		assert_int_equal(predict_save(learned, &saved, &length), 0);
		predict_free(learned);
		for (unsigned h = 0; h < sizeof(minutes) / sizeof(minutes[0]); h++) {
			struct predict *p;
			double begin, took = 0;

			assert_int_equal(predict_load(saved, length, &p), 0);
			for (int i = 0; i < PREDICT_DELAYS; i++)
				predict_started(p, 5000 + i, 60 * minutes[h] - 62 - i % 4 * 0.1);
			/* as needed; far too many, most of which start; few that may be had */
			for (unsigned i = 0; i < 4; i++) {
				const struct predict_plan *plan;

				begin = cpu_us();
				plan = plan_with(p, i < 2 ? needed : needed * 4,
						 i == 1   ? needed * 3
						 : i == 3 ? needed * 40
							  : 0,
						 i == 2 ? needed + 1 : 2000);
				begin = cpu_us() - begin;
				took = begin > took ? begin : took;
				assert_true(plan->open);
				assert_int_equal(plan->minutes, minutes[h]);
				assert_in_range(plan->candidates_len, i ? 1 : 2,
						PREDICT_CANDIDATES);
				assert_true(plan->transitions > 0);
				if (i == 0)
					assert_true(plan->floor > needed);
				if (plan->transitions > PREDICT_TRANSITIONS)
					fail_msg("%u minutes, %u replicas: %llu transitions",
						 minutes[h], needed,
						 (unsigned long long)plan->transitions);
				most = plan->transitions > most ? plan->transitions : most;
			}
			print_message("predict: %4u replicas, %2u minutes: %.1f ms at most\n",
				      (unsigned)ceil(9.2 * size), minutes[h], took / 1000);
			predict_free(p);
		}
		free(saved);
	}
	/* and the bound is one that means something */
	assert_true(most > PREDICT_TRANSITIONS / 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before_the_ramp),
		cmocka_unit_test(test_weight),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_capacity),
		cmocka_unit_test(test_useless),
		cmocka_unit_test(test_holiday),
		cmocka_unit_test(test_too_early),
		cmocka_unit_test(test_minutes),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_slow_starts),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_cost),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_bound),
	};

	/* minutes of the week are those of local time */
	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests_name("predict", tests, NULL, NULL);
}
