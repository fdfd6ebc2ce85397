/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_forecast.c - forecasts of series whose next values are known, the quantiles of their errors, and a model's way through bytes.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devs/forecast.h"
#include "devs/random.h"

#define HORIZON 4
#define Q 0.9

static struct forecast *model(enum forecast_kind kind)
{
	struct forecast_params params = forecast_defaults(kind);
	struct forecast *f;

	assert_int_equal(forecast_new(&params, HORIZON, Q, 0, &f), 0);
	return f;
}

static void near(double value, double expected, double by)
{
	if (!(fabs(value - expected) <= by))
		fail_msg("%g, expected %g within %g", value, expected, by);
}

/* normal enough: the sum of twelve */
static double noise(struct random_stream *random)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += random_uniform(random);
	return sum;
}

/* a day's shape, and twice of it on day 5 and 6 of the week */
static double shape(unsigned minute)
{
	unsigned day = minute / 1440 % 7;
	double size = day >= 5 ? 2 : 1;

	return 100 + size * (minute % 1440 >= 540 && minute % 1440 < 600 ? 50 : 0) +
	       10 * sin(2 * M_PI * (minute % 1440) / 1440);
}

static void test_nothing_yet(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < FORECAST_KINDS; kind++) {
		struct forecast *f = model(kind);

		near(forecast_point(f, 1), 0, 0);
		near(forecast_quantile(f, HORIZON, 0.99), 0, 0);
		assert_true(isnan(forecast_loss(f)));
		forecast_observe(f, (double)NAN);
		near(forecast_point(f, 1), 0, 0);
		forecast_observe(f, 7);
		near(forecast_point(f, 1), 7, 1e-9);
		forecast_free(f);
	}
}

static void test_bad_params(void **state)
{
	struct forecast_params params = forecast_defaults(FORECAST_HOLT);
	struct forecast *f;

	(void)state;
	assert_int_equal(forecast_new(&params, 0, Q, 0, &f), -EINVAL);
	assert_int_equal(forecast_new(&params, FORECAST_HORIZON_MAX + 1, Q, 0, &f), -EINVAL);
	assert_int_equal(forecast_new(&params, 1, 0, 0, &f), -EINVAL);
	assert_int_equal(forecast_new(&params, 1, 1, 0, &f), -EINVAL);
	assert_int_equal(forecast_new(&params, 1, Q, 10080, &f), -EINVAL);
	params.alpha = 1.5;
	assert_int_equal(forecast_new(&params, 1, Q, 0, &f), -EINVAL);
	params.alpha = (double)NAN;
	assert_int_equal(forecast_new(&params, 1, Q, 0, &f), -EINVAL);
}

/* Persistence on 3 + 2 t is off by 2 a minute; Holt without damping learns the slope; damped it falls short by what the damping says. */
static void test_linear(void **state)
{
	struct forecast_params params = forecast_defaults(FORECAST_HOLT);
	struct forecast *last = model(FORECAST_PERSISTENCE), *holt, *damped;
	double slope = 0;

	(void)state;
	params.phi = 1;
	assert_int_equal(forecast_new(&params, HORIZON, Q, 0, &holt), 0);
	params.phi = 0.5;
	assert_int_equal(forecast_new(&params, HORIZON, Q, 0, &damped), 0);
	for (int t = 0; t < 2000; t++) {
		forecast_observe(last, 3 + 2 * t);
		forecast_observe(holt, 3 + 2 * t);
		forecast_observe(damped, 3 + 2 * t);
	}
	near(forecast_point(last, 3), 3 + 2 * 1999, 0);
	/* always 6 below, whatever the quantile; a bin of the errors is a quarter wide */
	near(forecast_quantile(last, 3, 0.5), 3 + 2 * 2002, 6 * 0.13);
	/* and the loss is of the quantile, which has learnt that */
	near(forecast_loss(last), 0, Q * 8 * 0.1);
	for (unsigned ahead = 1; ahead <= HORIZON; ahead++)
		near(forecast_point(holt, ahead), 3 + 2 * (1999 + ahead), 1e-3);
	slope = forecast_point(damped, 2) - forecast_point(damped, 1);
	near(forecast_point(damped, 3) - forecast_point(damped, 2), slope / 2, 1e-6);
	forecast_free(last);
	forecast_free(holt);
	forecast_free(damped);
}

static void test_seasons(void **state)
{
	struct forecast *daily = model(FORECAST_DAILY), *weekly = model(FORECAST_WEEKLY),
			*profile = model(FORECAST_PROFILE);
	unsigned end = 3 * 10080 + 5 * 1440 +
		       538; /* of the third week, day 5: two minutes before the step */

	(void)state;
	for (unsigned t = 0; t < end; t++) {
		forecast_observe(daily, shape(t));
		forecast_observe(weekly, shape(t));
		forecast_observe(profile, shape(t));
	}
	/* before the step everyone is right; behind it the day's model knows of the step but not of its size */
	near(forecast_point(daily, 1), shape(end), 3);
	near(forecast_point(weekly, 1), shape(end), 0.5);
	near(forecast_point(weekly, 4), shape(end + 3), 0.5);
	near(forecast_point(profile, 4), shape(end + 3), 2);
	assert_true(forecast_point(daily, 4) > shape(end) + 30);
	assert_true(forecast_point(daily, 4) < shape(end + 3) - 20);
	assert_true(forecast_loss(weekly) < forecast_loss(daily));
	forecast_free(daily);
	forecast_free(weekly);
	forecast_free(profile);
}

/* What is said to hold in 90 % of all minutes holds in 90 % of them. */
static void test_coverage(void **state)
{
	static const double quantiles[] = { 0.5, 0.9, 0.99 };

	(void)state;
	for (unsigned kind = 0; kind <= FORECAST_WEEKLY; kind++) {
		struct forecast *f = model(kind);
		double said[3][20000];
		struct random_stream random;
		unsigned under[3] = { 0 };

		random_init(&random, 7, kind);
		for (unsigned t = 0; t < 20000; t++) {
			double value = 200 + 10 * noise(&random);

			for (unsigned i = 0; i < 3 && t >= 12880; i++)
				under[i] += value <= said[i][t - HORIZON];
			forecast_observe(f, value);
			for (unsigned i = 0; i < 3; i++)
				said[i][t] = forecast_quantile(f, HORIZON, quantiles[i]);
		}
		for (unsigned i = 0; i < 3; i++)
			near(under[i] / 7120.0, quantiles[i], i == 2 ? 0.006 : 0.03);
		forecast_free(f);
	}
}

/* Minutes that were not measured pass, and what comes behind them is at its own time. */
static void test_gap(void **state)
{
	struct forecast *f = model(FORECAST_WEEKLY);
	unsigned t = 0;

	(void)state;
	for (; t < 2 * 10080; t++)
		forecast_observe(f, shape(t));
	for (; t < 2 * 10080 + 5 * 1440 + 539; t++)
		forecast_observe(f, (double)NAN);
	near(forecast_point(f, 2), shape(t + 1), 0.5);
	forecast_free(f);
}

/* One that was saved and loaded says the same, but for what its bytes leave out. */
static void assert_alike(const struct forecast *f, const struct forecast *again, double largest)
{
	for (unsigned ahead = 1; ahead <= forecast_horizon(f); ahead++) {
		double point = forecast_point(f, ahead);

		near(forecast_point(again, ahead), point, 0.004 * largest);
		for (double q = 0.5; q < 0.99; q += 0.04) {
			double upper = forecast_quantile(f, ahead, q);

			near(forecast_quantile(again, ahead, q), upper,
			     0.004 * largest + 0.05 * fabs(upper - point));
		}
	}
}

static void test_bytes(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < FORECAST_KINDS; kind++) {
		struct forecast *f = model(kind), *again;
		struct random_stream random;
		uint8_t *bytes;
		size_t size;

		random_init(&random, 3, kind);
		for (unsigned t = 0; t < 10080 + 777; t++)
			forecast_observe(f, shape(t) + noise(&random));
		assert_int_equal(forecast_save(f, &bytes, &size), 0);
		assert_true(size < 4096);
		assert_int_equal(forecast_load(bytes, size, &again), 0);
		near(forecast_loss(again), forecast_loss(f), 0);
		for (unsigned t = 0; t < 2000; t++) {
			double value = shape(10080 + 777 + t) + noise(&random);

			assert_alike(f, again, 210);
			forecast_observe(f, value);
			forecast_observe(again, value);
		}
		forecast_free(again);
		assert_int_equal(forecast_load(bytes, size - 1, &again), -EINVAL);
		for (size_t i = 0; i < 100; i++) {
			size_t at = random_below(&random, size);

			bytes[at] ^= 0x10;
			assert_int_equal(forecast_load(bytes, size, &again), -EINVAL);
			bytes[at] ^= 0x10;
		}
		for (size_t length = 0; length < size; length += 7)
			assert_int_equal(forecast_load(bytes, length, &again), -EINVAL);
		free(bytes);
		forecast_free(f);
	}
}

/* Of many minutes ahead the errors of some are kept: what is between them is not narrower than it was, but for the grain. */
static void test_bytes_far(void **state)
{
	struct forecast_params params = forecast_defaults(FORECAST_HOLT);
	struct forecast *f, *again;
	struct random_stream random;
	double value = 500;
	uint8_t *bytes;
	size_t size;

	(void)state;
	random_init(&random, 3, 9);
	assert_int_equal(forecast_new(&params, FORECAST_HORIZON_MAX, Q, 0, &f), 0);
	for (unsigned t = 0; t < 10080; t++)
		forecast_observe(f, value += noise(&random));
	assert_int_equal(forecast_save(f, &bytes, &size), 0);
	assert_true(size < 4096);
	assert_int_equal(forecast_load(bytes, size, &again), 0);
	for (unsigned ahead = 1; ahead <= FORECAST_HORIZON_MAX; ahead++) {
		double point = forecast_point(f, ahead);
		double more = forecast_quantile(f, ahead, 0.95) - point;
		double now = forecast_quantile(again, ahead, 0.95) - forecast_point(again, ahead);

		if (now < 0.9 * more || now > 1.3 * more)
			fail_msg("%u minutes ahead: %g, was %g", ahead, now, more);
	}
	free(bytes);
	forecast_free(again);
	forecast_free(f);
}

/* the checksum is against damage, not against those who can write it: whatever it says, a model must not fail */
static void seal(uint8_t *bytes, size_t size)
{
	uint32_t sum = 2166136261u;

	for (size_t i = 0; i < size - 4; i++)
		sum = (sum ^ bytes[i]) * 16777619u;
	for (unsigned i = 0; i < 4; i++)
		bytes[size - 4 + i] = (uint8_t)(sum >> (8 * i));
}

static void test_forged_bytes(void **state)
{
	unsigned taken = 0, refused = 0;

	(void)state;
	for (unsigned kind = 0; kind < FORECAST_KINDS; kind++) {
		struct forecast *f = model(kind), *again;
		struct random_stream random;
		uint8_t *bytes, *forged;
		size_t size;

		random_init(&random, 9, kind);
		for (unsigned t = 0; t < 2000; t++)
			forecast_observe(f, shape(t) + noise(&random));
		assert_int_equal(forecast_save(f, &bytes, &size), 0);
		forged = malloc(size);
		assert_non_null(forged);
		for (unsigned round = 0; round < 300; round++) {
			memcpy(forged, bytes, size);
			/* the head and the single numbers, or anything */
			for (unsigned i = 0; i <= round % 4; i++)
				forged[random_below(&random, round % 3 ? 150 : size)] =
					(uint8_t)(round % 2 ? 0xff : random_bits(&random));
			seal(forged, size);
			if (forecast_load(forged, size, &again) < 0) {
				refused++;
				continue;
			}
			taken++;
			for (unsigned t = 0; t < 20; t++) {
				(void)forecast_quantile(again, HORIZON, 0.95);
				forecast_observe(again, 100 * random_uniform(&random));
			}
			forecast_free(again);
		}
		free(bytes);
		free(forged);
		forecast_free(f);
	}
	assert_true(taken > 100 && refused > 100);
}

static void test_fit(void **state)
{
	struct forecast_params params;
	static double values[7 * 1440];
	struct random_stream random;

	(void)state;
	random_init(&random, 11, 0);
	/* noise round a constant: a slow level; a walk: a fast one */
	for (unsigned t = 0; t < 7 * 1440; t++)
		values[t] = 100 + 10 * noise(&random);
	assert_int_equal(forecast_fit(FORECAST_HOLT, values, 2000, 2, Q, 0, &params), 0);
	assert_true(params.alpha <= 0.1);
	values[0] = 500;
	for (unsigned t = 1; t < 7 * 1440; t++)
		values[t] = values[t - 1] + noise(&random);
	assert_int_equal(forecast_fit(FORECAST_HOLT, values, 2000, 2, Q, 0, &params), 0);
	assert_true(params.alpha >= 0.7);
	assert_int_equal(forecast_fit(FORECAST_WEEKLY, values, 3000, 2, Q, 0, &params), 0);
	assert_int_equal(params.kind, FORECAST_WEEKLY);
}

/* The one that knows most speaks; where nothing can be known nobody does. */
static void test_choice(void **state)
{
	struct forecast_params params[FORECAST_KINDS];
	struct forecaster *f, *again;
	struct random_stream random;
	uint8_t *bytes;
	double value = 500;
	size_t size;

	(void)state;
	for (unsigned kind = 0; kind < FORECAST_KINDS; kind++)
		params[kind] = forecast_defaults(kind);
	assert_int_equal(forecaster_new(params, FORECAST_ALL, HORIZON, Q, 0, &f), 0);
	assert_int_equal(forecaster_choice(f), FORECAST_PERSISTENCE);
	for (unsigned t = 0; t < 3 * 10080; t++)
		forecaster_observe(f, shape(t));
	assert_int_equal(forecaster_choice(f), FORECAST_WEEKLY);
	assert_int_equal(forecaster_save(f, &bytes, &size), 0);
	assert_int_equal(forecaster_load(bytes, size, &again), 0);
	assert_int_equal(forecaster_choice(again), FORECAST_WEEKLY);
	assert_int_equal(forecaster_load(bytes, size - 1, &again), -EINVAL);
	free(bytes);
	forecaster_free(again);
	forecaster_free(f);

	random_init(&random, 5, 0);
	assert_int_equal(forecaster_new(params, FORECAST_ALL, HORIZON, Q, 0, &f), 0);
	for (unsigned t = 0; t < 3 * 10080; t++)
		forecaster_observe(f, value += noise(&random));
	assert_int_equal(forecaster_choice(f), FORECAST_PERSISTENCE);
	forecaster_free(f);
	/* without seasons: what is left of the kinds, also in bytes */
	assert_int_equal(forecaster_new(params, 1u << FORECAST_HOLT, HORIZON, Q, 0, &f), 0);
	assert_null(forecaster_model(f, FORECAST_WEEKLY));
	for (unsigned t = 0; t < 3 * 1440; t++)
		forecaster_observe(f, 3.0 * t);
	assert_int_equal(forecaster_choice(f), FORECAST_HOLT);
	assert_int_equal(forecaster_save(f, &bytes, &size), 0);
	assert_int_equal(forecaster_load(bytes, size, &again), 0);
	assert_int_equal(forecaster_choice(again), FORECAST_HOLT);
	assert_null(forecaster_model(again, FORECAST_WEEKLY));
	free(bytes);
	forecaster_free(again);
	forecaster_free(f);
	params[1].kind = FORECAST_DAILY;
	assert_int_equal(forecaster_new(params, FORECAST_ALL, HORIZON, Q, 0, &f), -EINVAL);
}

/* For a longer horizon it goes on as it was: no minute is learned anew. */
static void test_stretch(void **state)
{
	struct forecast_params params[FORECAST_KINDS];
	struct forecaster *f;
	double loss, before, far;

	(void)state;
	for (unsigned kind = 0; kind < FORECAST_KINDS; kind++)
		params[kind] = forecast_defaults((enum forecast_kind)kind);
	assert_int_equal(forecaster_new(params, FORECAST_ALL, HORIZON, Q, 0, &f), 0);
	for (unsigned t = 0; t < 3 * 10080 + 530; t++)
		forecaster_observe(f, shape(t));
	loss = forecast_loss(forecaster_model(f, FORECAST_WEEKLY));
	before = forecast_quantile(forecaster_model(f, FORECAST_WEEKLY), HORIZON, 0.9);
	assert_int_equal(forecaster_stretch(f, HORIZON), -EINVAL);
	assert_int_equal(forecaster_stretch(f, FORECAST_HORIZON_MAX + 1), -EINVAL);
	assert_int_equal(forecaster_horizon(f), HORIZON);
	assert_int_equal(forecaster_stretch(f, 20), 0);
	assert_int_equal(forecaster_horizon(f), 20);
	assert_int_equal(forecaster_choice(f), FORECAST_WEEKLY);
	near(forecast_loss(forecaster_model(f, FORECAST_WEEKLY)), loss, 0);
	near(forecast_quantile(forecaster_model(f, FORECAST_WEEKLY), HORIZON, 0.9), before, 0);
	/* minute 540 is the bell: 15 minutes ahead it is seen now */
	far = forecast_quantile(forecaster_model(f, FORECAST_WEEKLY), 15, 0.9);
	assert_true(far > shape(530) + 40);
	for (unsigned t = 3 * 10080 + 530; t < 3 * 10080 + 2000; t++)
		forecaster_observe(f, shape(t));
	assert_int_equal(forecaster_choice(f), FORECAST_WEEKLY);
	forecaster_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_yet), cmocka_unit_test(test_bad_params),
		cmocka_unit_test(test_linear),      cmocka_unit_test(test_seasons),
		cmocka_unit_test(test_coverage),    cmocka_unit_test(test_gap),
		cmocka_unit_test(test_bytes),       cmocka_unit_test(test_bytes_far),
		cmocka_unit_test(test_fit),         cmocka_unit_test(test_forged_bytes),
		cmocka_unit_test(test_choice),      cmocka_unit_test(test_stretch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
