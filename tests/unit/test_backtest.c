/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_backtest.c - the fluid model and its policies on loads that are short enough to follow by hand.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devs/backtest.h"
#include "devs/random.h"
#include "devs/rule.h"

#define TICK (15 / 3600.0) /* hours */
#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static struct backtest_setup setup_of(const double *load, size_t minutes)
{
	return (struct backtest_setup){ .load = load,
					.minutes = minutes,
					.capacity = 10,
					.min = 1,
					.max = 20,
					.start_delay_s = 30,
					.metric_age_s = 15,
					.window_down_s = 300,
					.tolerance = 0.1,
					.kinds = FORECAST_ALL,
					.weight = 100 };
}

static void near(double value, double expected)
{
	if (!(fabs(value - expected) <= 1e-6 * (1 + fabs(expected))))
		fail_msg("%.9g, expected %.9g", value, expected);
}

/* one day, in ticks of replicas */
static void is(struct backtest_result *result, double hours, double lost, unsigned actions)
{
	assert_int_equal(result->len, 1);
	near(result->days[0].hours / TICK, hours);
	near(result->days[0].lost / TICK, lost);
	assert_int_equal(result->days[0].actions, actions);
	backtest_result_free(result);
}

static const double jump[] = { 10, 10, 40, 40, 40 };

static void test_constant(void **state)
{
	struct backtest_setup setup = setup_of(jump, LEN(jump));
	struct backtest_result result;

	(void)state;
	assert_int_equal(backtest_constant(&setup, 2, &result), 0);
	near(result.days[0].load / TICK, 2 * 4 * 1 + 3 * 4 * 4);
	near(backtest_cost(&setup, &result, 0) / TICK, 40 + 100 * 24);
	is(&result, 40, 3 * 4 * 2, 0);
	assert_int_equal(backtest_peak(&setup), 4);
	setup.max = 3;
	assert_int_equal(backtest_peak(&setup), 3);
}

/* 30 s before the jump the four are ordered: 6 ticks of 1, 14 of 4 */
static void test_oracle(void **state)
{
	struct backtest_setup setup = setup_of(jump, LEN(jump));
	struct backtest_result result;

	(void)state;
	assert_int_equal(backtest_oracle(&setup, &result), 0);
	is(&result, 6 + 14 * 4, 0, 1);
}

/*
 * Target 0.5, so 2 replicas at first. Tick 8: load 4, 2 ready, 2 lost, all busy. Tick 9: twice the target, 4 wanted, ready at 11; those that
 * start count as idle, so tick 10 and 11 ask for no more. Tick 12: 4 ready and busy, 8 wanted, and they are enough.
 */
static void test_rule(void **state)
{
	struct backtest_setup setup = setup_of(jump, LEN(jump));
	struct backtest_result result;

	(void)state;
	assert_int_equal(backtest_rule(&setup, 0.5, NULL, &result), 0);
	is(&result, 9 * 2 + 3 * 4 + 8 * 8, 3 * 2, 2);
}

/*
 * A start of 5 s: a third of tick 9 is lost, and at tick 10 the four are seen busy: 8. In a third of that tick there are 4 still, so it is
 * seen as 4 of 6.67, which asks for 10 at tick 11; fewer are enough then, but not for long enough.
 */
static void test_part_of_a_tick(void **state)
{
	struct backtest_setup setup = setup_of(jump, LEN(jump));
	struct backtest_result result;

	(void)state;
	setup.start_delay_s = 5;
	assert_int_equal(backtest_rule(&setup, 0.5, NULL, &result), 0);
	is(&result, 9 * 2 + 4 + 8 + 9 * 10, 2 + 2 / 3.0, 3);
}

/* Offered load may exceed what is there: four times the target at tick 9, of which the rate lets 6 through, 8 at tick 10. */
static void test_offered(void **state)
{
	struct backtest_setup setup = setup_of(jump, LEN(jump));
	struct backtest_result result;

	(void)state;
	setup.offered = true;
	assert_int_equal(backtest_rule(&setup, 0.5, NULL, &result), 0);
	is(&result, 9 * 2 + 6 + 10 * 8, 3 * 2, 2);
}

/* What minute 1 forecasts is known at tick 9; it raises, and when it is gone the rule lowers. */
static void test_floor(void **state)
{
	static const double load[] = { 10, 10, 10, 10, 10 };
	static const float floor[] = { 0, 80, 0, 5, 0 };
	struct backtest_setup setup = setup_of(load, LEN(load));
	struct backtest_result result;

	(void)state;
	setup.start_delay_s = 0;
	assert_int_equal(backtest_rule(&setup, 0.5, floor, &result), 0);
	is(&result, 9 * 2 + 4 * 8 + 7 * 2, 0, 2);
}

/* Down only when it was enough for the window: 40 s are 3 ticks. */
static void test_window(void **state)
{
	static const double load[] = { 40, 40, 10, 10, 10 };
	struct backtest_setup setup = setup_of(load, LEN(load));
	struct backtest_result result;

	(void)state;
	setup.window_down_s = 40;
	assert_int_equal(backtest_rule(&setup, 0.5, NULL, &result), 0);
	/* tick 9 recommends 2 for the first time; at 11 the 8 of tick 8 are 45 s old */
	is(&result, 11 * 8 + 9 * 2, 0, 1);
}

static void test_bad_setup(void **state)
{
	static const double bad[] = { 1, -1 };
	struct backtest_setup setup = setup_of(bad, LEN(bad));
	struct backtest_result result;

	(void)state;
	assert_int_equal(backtest_rule(&setup, 0.5, NULL, &result), -EINVAL);
	setup = setup_of(jump, LEN(jump));
	assert_int_equal(backtest_rule(&setup, 0, NULL, &result), -EINVAL);
	setup.capacity = 0;
	assert_int_equal(backtest_oracle(&setup, &result), -EINVAL);
	setup = setup_of(jump, LEN(jump));
	setup.train_minutes = 1440;
	assert_int_equal(backtest_constant(&setup, 1, &result), -EINVAL);
	setup = setup_of(jump, LEN(jump));
	setup.min = 3;
	setup.max = 2;
	assert_int_equal(backtest_constant(&setup, 1, &result), -EINVAL);
}

/* ---- the gate ------------------------------------------------------------------------------------------------------------ */

#define DAYS 4
#define MINUTES (DAYS * 1440)

/* 10, and 60 for ten minutes out of each hour */
static void make_bursts(double *load)
{
	for (unsigned t = 0; t < MINUTES; t++)
		load[t] = t % 60 < 10 ? 60 : 10;
}

/* one who knows the next four minutes, until minute @until */
static void make_floor(const double *load, float *floor, size_t until)
{
	for (size_t t = 0; t < MINUTES; t++) {
		floor[t] = 0;
		for (size_t ahead = 1; ahead <= 4 && t + ahead < MINUTES && t < until; ahead++)
			if ((float)load[t + ahead] > floor[t])
				floor[t] = (float)load[t + ahead];
	}
}

static double run_gate(const struct backtest_setup *setup, const float *floor, double target,
		       double tuned, struct backtest_result *ret)
{
	struct backtest_candidate candidate = { target, floor };
	struct backtest_gate gate = { .candidates = &candidate,
				      .len = 1,
				      .tuned = tuned,
				      .half_life_min = 1440,
				      .margin = 0.01,
				      .limit = 0.01,
				      .bound = 0.02 };
	double on;

	assert_int_equal(backtest_predict(setup, &gate, ret, &on), 0);
	return on;
}

static void test_gate(void **state)
{
	static const double targets[] = { 0.5, 0.6, 0.7, 0.8, 0.9 };
	static double load[MINUTES];
	static float floor[MINUTES];
	struct backtest_setup setup = setup_of(load, MINUTES);
	struct backtest_result rule, result;
	double tuned = 0, costs[3], first;

	(void)state;
	make_bursts(load);
	setup.train_minutes = 1440;
	setup.start_delay_s = 120;
	assert_int_equal(backtest_tune(&setup, targets, LEN(targets), &tuned), 0);
	assert_int_equal(backtest_rule(&setup, tuned, NULL, &rule), 0);
	/* forecasts that say nothing: exactly the rule */
	assert_true(run_gate(&setup, floor, tuned, tuned, &result) == 0);
	for (size_t day = 0; day < DAYS; day++)
		assert_memory_equal(&rule.days[day], &result.days[day], sizeof(*rule.days));
	costs[0] = backtest_cost(&setup, &rule, 1);
	backtest_result_free(&result);
	/* perfect ones */
	make_floor(load, floor, MINUTES);
	/* in the first hour nothing is left that a surprise may cost */
	assert_true(run_gate(&setup, floor, 0.9, tuned, &result) > 0.98);
	costs[1] = backtest_cost(&setup, &result, 1);
	assert_true(costs[1] < 0.5 * costs[0]);
	/* the training is the rule's: nothing of what comes is in it */
	assert_memory_equal(&rule.days[0], &result.days[0], sizeof(*rule.days));
	backtest_result_free(&result);
	/* and those that are perfect until they are trusted, then say nothing, over a rule that is worse */
	make_floor(load, floor, 1440);
	first = run_gate(&setup, floor, 0.9, tuned, &result);
	costs[2] = backtest_cost(&setup, &result, 1);
	assert_true(first > 0 && first < 0.5);
	assert_true(costs[2] >= costs[0]);
	assert_true(costs[2] < 1.02 * costs[0]);
	backtest_result_free(&result);
	backtest_result_free(&rule);
}

/*
 * The training does not pay for what comes behind it: bells that a forecast knew, and their end in the only day that is judged, which costs a
 * replica an hour. With each way to be wrong: many more replicas than the rule, and far fewer when all of the load comes at once.
 */
static void test_gate_bound(void **state)
{
	static const double weights[] = { 10, 100, 1000 }, delays[] = { 2, 120 };
	static double load[2 * 1440];
	static float floor[2 * 1440];

	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		struct backtest_setup setup = setup_of(load, 2 * 1440);
		struct backtest_result rule, result;
		bool surge = i >= 6;
		double on;

		setup.train_minutes = 1440;
		setup.weight = weights[i % 3];
		setup.start_delay_s = delays[i / 3 % 2];
		for (unsigned t = 0; t < 2 * 1440; t++) {
			bool bell = t % 60 < 10;

			load[t] = t < 1440 ? (bell ? 160 : 10) : surge && t >= 2100 ? 160 : 10;
			floor[t] = t < 1440 && !((t + 4) % 60 < 14) ? 10
				   : surge && t >= 1440             ? 10
								    : 160;
		}
		assert_int_equal(backtest_rule(&setup, 0.3, NULL, &rule), 0);
		on = run_gate(&setup, floor, 0.9, 0.3, &result);
		assert_true(on > 0);
		if (!(backtest_cost(&setup, &result, 1) <= 1.02 * backtest_cost(&setup, &rule, 1)))
			fail_msg("weight %g, start delay %g, surge %d: %g of %g", setup.weight,
				 setup.start_delay_s, surge, backtest_cost(&setup, &result, 1),
				 backtest_cost(&setup, &rule, 1));
		backtest_result_free(&result);
		backtest_result_free(&rule);
	}
}

/* ---- forecasts ----------------------------------------------------------------------------------------------------------- */

/* Nothing of the minutes behind a minute is in what it says; nothing behind the training is in the parameters. */
static void test_no_look_ahead(void **state)
{
	static double load[2][3 * 1440];
	struct backtest_forecast forecasts[2];
	struct random_stream random;

	(void)state;
	random_init(&random, 1, 0);
	for (unsigned t = 0; t < 3 * 1440; t++) {
		load[0][t] = 100 + 20 * sin(t / 100.0) + 10 * random_uniform(&random);
		load[1][t] = t < 3000 ? load[0][t] : 5;
	}
	for (unsigned i = 0; i < 2; i++) {
		struct backtest_setup setup = setup_of(load[i], 3 * 1440);

		setup.train_minutes = 1440;
		assert_int_equal(backtest_fit(&setup, &forecasts[i]), 0);
		assert_int_equal(backtest_forecast(&setup, &forecasts[i]), 0);
	}
	/* age 15 s, start 30 s and the minute until the next decision */
	assert_int_equal(forecasts[0].horizon, 2);
	assert_memory_equal(forecasts[0].params, forecasts[1].params, sizeof(forecasts[0].params));
	for (unsigned q = 0; q < BACKTEST_QUANTILES; q++) {
		assert_memory_equal(forecasts[0].floor[q], forecasts[1].floor[q],
				    3000 * sizeof(float));
		assert_true(forecasts[0].floor[q][4000] != forecasts[1].floor[q][4000]);
	}
	backtest_forecast_free(&forecasts[0]);
	backtest_forecast_free(&forecasts[1]);
}

/* Quantiles of a noise of a tenth, in units of which a replica carries 1e-8, 10 or 1e13. */
static void test_units(void **state)
{
	static const double units[] = { 1e-9, 1, 1e12 };
	static double load[3 * 1440];

	(void)state;
	for (size_t i = 0; i < LEN(units); i++) {
		struct backtest_setup setup = setup_of(load, 3 * 1440);
		struct backtest_forecast forecast;
		struct random_stream random;

		random_init(&random, 1, 0);
		for (unsigned t = 0; t < 3 * 1440; t++)
			load[t] = units[i] *
				  (100 + 20 * sin(t / 100.0) + 10 * random_uniform(&random));
		setup.capacity *= units[i];
		setup.train_minutes = 1440;
		assert_int_equal(backtest_fit(&setup, &forecast), 0);
		assert_int_equal(backtest_forecast(&setup, &forecast), 0);
		if (!(fabs(forecast.scores[FORECAST_KINDS].coverage - 0.95) < 0.02))
			fail_msg("in units of %g 0.95 is %.3f", units[i],
				 forecast.scores[FORECAST_KINDS].coverage);
		/* 3000: between the forecast's middle and the largest that can come */
		assert_true((double)forecast.floor[3][3000] > units[i] * 80);
		assert_true((double)forecast.floor[3][3000] < units[i] * 140);
		backtest_forecast_free(&forecast);
	}
}

/* ---- numbers ------------------------------------------------------------------------------------------------------------- */

static void test_summary(void **state)
{
	struct backtest_day of[3] = { { .hours = 99 }, { 10, 1, 20, 4 }, { 10, 1, 20, 2 } };
	struct backtest_day oracle[3] = { { .hours = 1 }, { 10, 0, 10, 0 }, { 10, 0, 10, 0 } };
	struct backtest_day reference[3] = { { .hours = 1 }, { 10, 2, 10, 0 }, { 10, 2, 10, 0 } };
	struct backtest_result a = { of, 3 }, b = { oracle, 3 }, c = { reference, 3 };
	struct backtest_setup setup = setup_of(jump, LEN(jump));
	struct backtest_summary sum;

	(void)state;
	setup.train_minutes = 1440;
	setup.weight = 10;
	backtest_summarise(&setup, &a, &b, &c, &sum);
	near(sum.lost, 10);
	near(sum.hours, 2);
	near(sum.cost, (40 + 20) / 20.0);
	near(sum.against, 60 / 60.0);
	near(sum.actions, 3);
	/* days that are alike leave nothing to chance */
	near(sum.lost_low, 10);
	near(sum.lost_high, 10);
	near(sum.against_low, 1);
	/* and days that are not do */
	of[2].lost = 0;
	backtest_summarise(&setup, &a, &b, &c, &sum);
	near(sum.lost, 5);
	near(sum.lost_low, 0);
	near(sum.lost_high, 10);
}

static void test_curves(void **state)
{
	static const struct backtest_point points[] = { { 1, 8 }, { 2, 2 }, { 4, 0 }, { 3, 7 } };

	(void)state;
	near(backtest_at_cost(points, LEN(points), 1), 8);
	near(backtest_at_cost(points, LEN(points), 1.5), 5);
	near(backtest_at_cost(points, LEN(points), 3), 1); /* half of both, not the bad point */
	near(backtest_at_loss(points, LEN(points), 5), 1.5);
	assert_true(isnan(backtest_at_cost(points, LEN(points), 0.5)));
	assert_true(isnan(backtest_at_loss(points, LEN(points), 9)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_constant),      cmocka_unit_test(test_oracle),
		cmocka_unit_test(test_rule),          cmocka_unit_test(test_part_of_a_tick),
		cmocka_unit_test(test_offered),       cmocka_unit_test(test_floor),
		cmocka_unit_test(test_window),        cmocka_unit_test(test_bad_setup),
		cmocka_unit_test(test_gate),          cmocka_unit_test(test_gate_bound),
		cmocka_unit_test(test_no_look_ahead), cmocka_unit_test(test_units),
		cmocka_unit_test(test_summary),       cmocka_unit_test(test_curves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
