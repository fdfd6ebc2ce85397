/* SPDX-License-Identifier: Apache-2.0 */
/* test_autoscale.c - the HPA rule by hand-computed tables, what holds it back, and properties that hold for any input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>

#include <ocispec-lite/arena.h>

#include "base/error.h"
#include "scale/autoscale.h"
#include "scale/json.h"
#include "unit/scale.h"

struct play {
	struct spec_metric metric[3];
	struct autoscale_metric measured[3];
	struct spec_scale scale;
	struct autoscale_history history;
	struct autoscale_input in;
	struct autoscale_decision out;
	struct oci_arena arena;
};

static void begin(struct play *p)
{
	memset(p, 0, sizeof(*p));
	p->metric[0] = (struct spec_metric){ .kind = SPEC_METRIC_CPU, .target = 50 };
	p->metric[1] =
		(struct spec_metric){ .kind = SPEC_METRIC_HTTP, .name = "sessions", .target = 10 };
	p->metric[2] = (struct spec_metric){ .kind = SPEC_METRIC_MEMORY, .target = 80 };
	p->scale = scale_service("web", "i").scale;
	p->scale.given = true;
	p->scale.policy = SPEC_SCALE_TARGET;
	p->scale.max = 100;
	p->scale.metrics = p->metric;
	p->scale.metrics_len = 1;
	p->scale.window_down_ms = 0;
	p->in = (struct autoscale_input){ .scale = &p->scale,
					  .now_ms = 1000000,
					  .clock_s = 1700000000,
					  .metrics = p->measured,
					  .admissible = 1000 };
}

static unsigned go(struct play *p)
{
	assert_int_equal(autoscale_decide(&p->in, &p->history, &p->arena, &p->out), 0);
	assert_non_null(p->out.why);
	assert_true(p->out.why[0] != '\0');
	return p->out.wanted;
}

static void end(struct play *p)
{
	oci_arena_free(&p->arena);
}

/* ---- the rule --------------------------------------------------------------------------------------------------------- */

static void test_rule(void **state)
{
	static const struct {
		unsigned current, known, missing, not_ready;
		double average;
		unsigned wanted;
	} rows[] = {
		{ 4, 4, 0, 0, 50, 4 }, /* on target */
		{ 4, 4, 0, 0, 54, 4 }, /* 1.08: within the tolerance */
		{ 4, 4, 0, 0, 55, 4 }, /* 1.10: just within */
		{ 4, 4, 0, 0, 56, 5 }, /* 1.12 x 4 = 4.48 */
		{ 4, 4, 0, 0, 100, 8 },
		{ 4, 4, 0, 0, 45, 4 }, /* 0.90: just within */
		{ 4, 4, 0, 0, 37, 3 }, /* 0.74 x 4 = 2.96 */
		{ 4, 4, 0, 0, 0, 1 },  /* 0, and the minimum */
		{ 1, 1, 0, 0, 400, 8 },
		/* missing, more: as idle. (2 x 100 + 0) / 3 = 66.7 is 1.33, x 3 = 4 */
		{ 3, 2, 1, 0, 100, 4 },
		/* (1 x 60 + 0) / 2 = 30: turned round, so nothing */
		{ 2, 1, 1, 0, 60, 2 },
		/* missing, fewer: as on target. (3 x 0.2 + 1) / 4 = 0.4, x 4 = 1.6 */
		{ 4, 3, 1, 0, 10, 2 },
		/* (1 x 0.8 + 3) / 4 = 0.95: within the tolerance */
		{ 4, 1, 3, 0, 40, 4 },
		/* starting ones count as idle when more is asked for: 2 x 2.0 / 4 = 1.0 */
		{ 4, 2, 0, 2, 100, 4 },
		/* 2 x 4.0 / 4 = 2.0, x 4 = 8 */
		{ 4, 2, 0, 2, 200, 8 },
		/* and not at all when fewer are: 0.4 x 2 = 0.8 */
		{ 4, 2, 0, 2, 20, 1 },
		/* nothing known */
		{ 4, 0, 4, 0, 0, 4 },
		/* fewer are there than are wanted: 1.2 x 2 = 2.4 is not fewer than 4 */
		{ 4, 2, 0, 0, 60, 4 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct play p;

		begin(&p);
		p.in.current = rows[i].current;
		p.measured[0] = (struct autoscale_metric){ .average = rows[i].average,
							   .known = rows[i].known,
							   .missing = rows[i].missing,
							   .not_ready = rows[i].not_ready };
		if (go(&p) != rows[i].wanted)
			fail_msg("row %zu: %u, not %u: %s", i, p.out.wanted, rows[i].wanted,
				 p.out.why);
		end(&p);
	}
}

static void test_several(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	p.scale.metrics_len = 2;
	p.in.current = 2;
	p.measured[0] = (struct autoscale_metric){ .average = 60, .known = 2 };
	p.measured[1] = (struct autoscale_metric){ .average = 35, .known = 2 };
	assert_int_equal(go(&p), 7);
	assert_string_equal(p.out.why, "sessions is 35 on average of 2, target 10: 3.50 times that "
				       "needs 7; the largest wish of 2 metrics");
	end(&p);
	/* one that fails keeps the number from falling, not from rising */
	begin(&p);
	p.scale.metrics_len = 2;
	p.in.current = 4;
	p.measured[0].failed = true;
	p.measured[1] = (struct autoscale_metric){ .average = 2, .known = 4 };
	assert_int_equal(go(&p), 4);
	assert_non_null(
		strstr(p.out.why, "not fewer, because another metric could not be measured"));
	p.measured[1].average = 20;
	assert_int_equal(go(&p), 8);
	p.measured[1].failed = true;
	assert_int_equal(go(&p), 4);
	assert_string_equal(p.out.why, "cpu could not be measured");
	end(&p);
}

/* ---- what holds it back ----------------------------------------------------------------------------------------------- */

static unsigned step(struct play *p, int64_t after_ms, double average)
{
	p->in.now_ms += after_ms;
	p->measured[0] = (struct autoscale_metric){ .average = average, .known = p->in.current };
	p->in.current = go(p);
	return p->in.current;
}

static void test_windows(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	p.scale.window_down_ms = 10000;
	p.in.current = 8;
	/* shrinking waits for the whole window, also after a start, and takes the largest of it */
	assert_int_equal(step(&p, 2000, 12.5), 8);
	assert_non_null(strstr(p.out.why, "shrinking waits: within the last 10 s 8 were needed"));
	assert_int_equal(p.out.recommended, 2);
	assert_int_equal(step(&p, 4000, 25), 8);
	/* the 8 of the start is 12 s old: the 4 of the step before counts */
	assert_int_equal(step(&p, 8000, 12.5), 4);
	assert_int_equal(step(&p, 10001, 25), 2);
	end(&p);
	begin(&p);
	p.scale.window_up_ms = 5000;
	p.in.current = 2;
	assert_int_equal(step(&p, 0, 100), 2);
	assert_non_null(
		strstr(p.out.why, "growing waits: within the last 5 s less was enough (2)"));
	assert_int_equal(step(&p, 2000, 200), 2);
	/* the 4 of the first step is 6 s old, since then it was 8 */
	assert_int_equal(step(&p, 4000, 200), 8);
	end(&p);
}

static void test_rates(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	p.scale.up = (struct spec_rate){ .replicas = 4, .percent = 100, .period_ms = 15000 };
	p.in.current = 1;
	/* the larger of +4 and +100 % per 15 s: 5, nothing more, then 10, then 20 */
	assert_int_equal(step(&p, 0, 5000), 5);
	assert_non_null(strstr(p.out.why, "at most the larger of 4 and 100% more in 15 s: 5"));
	assert_int_equal(step(&p, 2000, 5000), 5);
	assert_int_equal(step(&p, 13000, 5000), 10);
	assert_int_equal(step(&p, 15000, 5000), 20);
	p.scale.down = (struct spec_rate){ .replicas = 2, .percent = -1, .period_ms = 10000 };
	assert_int_equal(step(&p, 20000, 1), 18);
	assert_non_null(strstr(p.out.why, "at most 2 fewer in 10 s: 18"));
	assert_int_equal(step(&p, 5000, 1), 18);
	assert_int_equal(step(&p, 5000, 1), 16);
	/* 50 % and 2: the larger change */
	p.scale.down.percent = 50;
	assert_int_equal(step(&p, 10000, 1), 8);
	end(&p);
}

static void test_limits(void **state)
{
	struct spec_calendar lessons[] = {
		{ .cron = "* * * * *", .duration_ms = 60000, .min = 6 }
	};
	struct play p;

	(void)state;
	begin(&p);
	p.scale.min = 2;
	p.scale.max = 10;
	p.in.current = 4;
	assert_int_equal(step(&p, 0, 1), 2);
	assert_non_null(strstr(p.out.why, "at least 2"));
	assert_int_equal(step(&p, 1000, 900), 10);
	assert_non_null(strstr(p.out.why, "at most 10"));
	p.in.current = 4;
	p.in.admissible = 6;
	assert_int_equal(step(&p, 1000, 100), 6);
	assert_non_null(strstr(p.out.why, "the host can carry 6"));
	/* what the pool does not carry any more is the pool's to take away */
	p.in.admissible = 1;
	assert_int_equal(step(&p, 1000, 100), 6);
	p.in.admissible = 100;
	p.in.veto_growth = true;
	assert_int_equal(step(&p, 1000, 100), 6);
	assert_non_null(strstr(p.out.why, "no growth while the host is short of memory"));
	assert_int_equal(step(&p, 1000, 25), 3);
	p.in.veto_growth = false;
	p.in.crash_looping = true;
	assert_int_equal(step(&p, 1000, 100), 3);
	assert_non_null(strstr(p.out.why, "no growth while replicas keep failing"));
	/* up to the minimum it is not growth */
	p.in.current = 1;
	assert_int_equal(step(&p, 1000, 100), 2);
	p.in.crash_looping = false;
	p.scale.calendar = lessons;
	p.scale.calendar_len = 1;
	assert_int_equal(step(&p, 1000, 50), 6);
	assert_non_null(strstr(p.out.why, "the calendar asks for at least 6 now"));
	p.scale.policy = SPEC_SCALE_CALENDAR;
	assert_int_equal(step(&p, 1000, 900), 6);
	p.scale.calendar_len = 0;
	assert_int_equal(step(&p, 1000, 900), 2);
	p.scale.policy = SPEC_SCALE_MANUAL;
	assert_int_equal(step(&p, 1000, 900), 2);
	p.scale.policy = SPEC_SCALE_TARGET;
	p.in.current = 0;
	assert_int_equal(step(&p, 1000, 0), 2);
	end(&p);
}

static void test_inputs(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct play p;
	yajl_val tree;

	(void)state;
	begin(&p);
	p.scale.metrics_len = 2;
	p.metric[1].name = "s{a=\"b\"}";
	p.in.current = 2;
	p.measured[0] = (struct autoscale_metric){ .average = 60, .known = 2, .missing = 1 };
	p.measured[1].failed = true;
	go(&p);
	assert_int_equal(json_read(p.out.inputs, strlen(p.out.inputs), &tree, &err), 0);
	assert_non_null(json_member(tree, "metrics"));
	yajl_tree_free(tree);
	assert_string_equal(
		p.out.inputs,
		"{\"policy\":\"target\",\"current\":2,\"recommended\":2,\"wanted\":2,\"min\":1,"
		"\"max\":100,"
		"\"calendar\":0,\"admissible\":1000,\"memoryShort\":false,\"crashLooping\":false,"
		"\"metrics\":["
		"{\"metric\":\"cpu\",\"target\":50,\"failed\":false,\"average\":60,\"ratio\":0.8,"
		"\"wants\":2,"
		"\"known\":2,\"missing\":1,\"starting\":0},"
		"{\"metric\":\"http\",\"name\":\"s{a=\\\"b\\\"}\",\"target\":10,\"failed\":true,"
		"\"known\":0,\"missing\":0,\"starting\":0}]}");
	end(&p);
}

/* ---- forecasts ---------------------------------------------------------------------------------------------------------- */

static void test_forecast(void **state)
{
	struct autoscale_forecast forecast = { .floor = 7, .act = true, .why = "weekly says so" };
	struct play p;

	(void)state;
	begin(&p);
	p.scale.policy = SPEC_SCALE_PREDICT;
	p.in.forecast = &forecast;
	p.in.current = 2;
	assert_int_equal(step(&p, 2000, 50), 7);
	assert_non_null(strstr(p.out.why, "the forecast asks for 7: weekly says so"));
	assert_int_equal(p.out.recommended, 2);
	/* its floor keeps the rule from lowering; the rule raises above it; without it the rule lowers again */
	assert_int_equal(step(&p, 2000, 10), 7);
	assert_int_equal(step(&p, 2000, 100), 14);
	forecast.floor = 0;
	assert_int_equal(step(&p, 2000, 10), 3);
	/* minimum, maximum, the host */
	forecast.floor = 500;
	assert_int_equal(step(&p, 2000, 50), 100);
	p.in.current = 3;
	p.in.admissible = 5;
	assert_int_equal(step(&p, 2000, 50), 5);
	p.in.current = 3;
	p.in.veto_growth = true;
	assert_int_equal(step(&p, 2000, 50), 3);
	end(&p);
}

static void test_forecast_only(void **state)
{
	struct autoscale_forecast forecast = { .floor = 7, .why = "weekly says so", .facts = "{}" };
	struct play p;

	(void)state;
	begin(&p);
	p.scale.policy = SPEC_SCALE_PREDICT;
	p.scale.max = 6;
	p.in.forecast = &forecast;
	p.in.current = 2;
	assert_int_equal(step(&p, 2000, 50), 2);
	assert_int_equal(p.out.would, 6);
	assert_non_null(
		strstr(p.out.why, "near enough; with the forecast it would be 6: weekly says so"));
	assert_non_null(strstr(p.out.inputs, "\"policy\":\"predict\""));
	assert_non_null(strstr(p.out.inputs, "\"forecast\":{},\"withForecast\":6}"));
	forecast.floor = 2;
	assert_int_equal(step(&p, 2000, 50), 2);
	assert_int_equal(p.out.would, 2);
	assert_null(strstr(p.out.why, "forecast"));
	end(&p);
}

/* ---- properties --------------------------------------------------------------------------------------------------------- */

static void random_input(struct play *p, unsigned *seed)
{
	begin(p);
	p->scale.min = rand_r(seed) % 4;
	p->scale.max = p->scale.min + rand_r(seed) % 20;
	p->scale.tolerance = (rand_r(seed) % 30) / 100.0;
	p->in.current = (unsigned)rand_r(seed) % 24;
	p->in.admissible = (unsigned)rand_r(seed) % 24;
	p->in.veto_growth = rand_r(seed) % 8 == 0;
	p->in.crash_looping = rand_r(seed) % 8 == 0;
	p->scale.up.replicas = rand_r(seed) % 6 - 1;
	p->scale.up.period_ms = p->scale.down.period_ms = 1000;
	p->scale.down.percent = rand_r(seed) % 110 - 10;
	p->measured[0] = (struct autoscale_metric){ .average = rand_r(seed) % 400,
						    .known = (unsigned)rand_r(seed) % 10,
						    .missing = (unsigned)rand_r(seed) % 3,
						    .not_ready = (unsigned)rand_r(seed) % 3 };
}

/* More load never means fewer replicas; and never beyond the limits, unless it was there already. */
static void test_monotone(void **state)
{
	unsigned seed = 11;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct play p, q;
		unsigned less, more;

		random_input(&p, &seed);
		q = p;
		q.in.scale = &q.scale;
		q.scale.metrics = q.metric;
		q.in.metrics = q.measured;
		q.measured[0].average += rand_r(&seed) % 100;
		less = go(&p);
		more = go(&q);
		if (more < less)
			fail_msg("round %d: %.0f gives %u, %.0f gives %u", round,
				 p.measured[0].average, less, q.measured[0].average, more);
		assert_true(less <= (unsigned)p.scale.max ||
			    (less <= p.in.current && p.scale.down.percent >= 0));
		assert_true(less >= (unsigned)p.scale.min || p.in.current < (unsigned)p.scale.min ||
			    p.scale.min > p.scale.max);
		end(&p);
		end(&q);
	}
}

/* Whatever a forecast says, there are never fewer than without it; and when it is only told, never another number. */
static void test_only_raises(void **state)
{
	unsigned seed = 13, raised = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct autoscale_forecast forecast = { .why = "x" };
		struct play p, q;
		unsigned rule, with;

		random_input(&p, &seed);
		q = p;
		q.in.scale = &q.scale;
		q.scale.metrics = q.metric;
		q.in.metrics = q.measured;
		q.scale.policy = SPEC_SCALE_PREDICT;
		forecast.floor = (unsigned)rand_r(&seed) % 30;
		forecast.act = rand_r(&seed) % 2;
		q.in.forecast = &forecast;
		rule = go(&p);
		with = go(&q);
		if (with < rule || (!forecast.act && with != rule))
			fail_msg("round %d: the rule has %u, with a forecast of %u it is %u", round,
				 rule, forecast.floor, with);
		assert_true(q.out.would >= with);
		raised += with > rule;
		end(&p);
		end(&q);
	}
	assert_true(raised > 1000);
}

/* The same work divided by as many as there are: it comes to rest, and rests. */
static void test_rest(void **state)
{
	(void)state;
	for (int load = 0; load < 2000; load += 7) {
		struct play p;
		unsigned rest;

		begin(&p);
		p.in.current = 1 + (unsigned)load % 9;
		for (int i = 0; i < 12; i++)
			(void)step(&p, 2000, (double)load / p.in.current);
		rest = p.in.current;
		for (int i = 0; i < 20; i++)
			assert_int_equal(step(&p, 2000, (double)load / p.in.current), rest);
		/* and it is enough, but for the tolerance */
		assert_true(rest == 100 || (double)load / rest <= 50 * 1.1 + 1e-6);
		end(&p);
	}
}

/* A long window holds in a ring of limited length, since what stays the same takes one place. */
static void test_long(void **state)
{
	struct play p;

	(void)state;
	begin(&p);
	p.scale.window_down_ms = 3600000;
	p.in.current = 2;
	assert_int_equal(step(&p, 0, 200), 8);
	assert_int_equal(step(&p, 2000, 50), 8);
	for (int i = 0; i < 1700; i++)
		assert_int_equal(step(&p, 2000, 12.5), 8);
	assert_int_equal(step(&p, 300000, 12.5), 2);
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rule),          cmocka_unit_test(test_several),
		cmocka_unit_test(test_windows),       cmocka_unit_test(test_rates),
		cmocka_unit_test(test_limits),        cmocka_unit_test(test_inputs),
		cmocka_unit_test(test_monotone),      cmocka_unit_test(test_rest),
		cmocka_unit_test(test_long),          cmocka_unit_test(test_forecast),
		cmocka_unit_test(test_forecast_only), cmocka_unit_test(test_only_raises),
	};

	return cmocka_run_group_tests_name("autoscale", tests, NULL, NULL);
}
