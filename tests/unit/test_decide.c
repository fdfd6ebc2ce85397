/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_decide.c - the supervisor's decisions, as tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "scale/decide.h"

/* ---- one replica -------------------------------------------------------------------------------------------------------- */

static void test_actions(void **state)
{
	static const struct {
		struct replica_facts facts;
		enum replica_action action;
	} rows[] = {
		{ { .goal = GOAL_RUN, .needs_net = true }, ACT_IMAGE },
		{ { .goal = GOAL_RUN, .needs_net = true, .blocked = true }, ACT_WAIT },
		{ { .goal = GOAL_RUN, .needs_net = true, .image = true }, ACT_ATTACH },
		{ { .goal = GOAL_RUN, .image = true }, ACT_CONFIGURE },
		{ { .goal = GOAL_RUN, .needs_net = true, .image = true, .attached = true },
		  ACT_CONFIGURE },
		{ { .goal = GOAL_RUN, .image = true, .configured = true }, ACT_RUN },
		/* in place: nothing of the image is needed */
		{ { .goal = GOAL_RUN, .configured = true, .needs_net = true, .attached = true },
		  ACT_RUN },
		{ { .goal = GOAL_RUN, .configured = true, .needs_net = true }, ACT_ATTACH },
		{ { .goal = GOAL_RUN, .alive = true, .container = true, .configured = true },
		  ACT_NONE },
		{ { .goal = GOAL_RUN, .alive = true, .container = true, .restarting = true },
		  ACT_TAKE_DOWN },
		{ { .goal = GOAL_RUN, .container = true, .configured = true }, ACT_DELETE },
		{ { .goal = GOAL_RUN, .container = true, .blocked = true }, ACT_DELETE },
		{ { .goal = GOAL_PREPARE, .configured = true }, ACT_NONE },
		{ { .goal = GOAL_PREPARE, .image = true }, ACT_CONFIGURE },
		{ { .goal = GOAL_STOP, .alive = true, .container = true }, ACT_TAKE_DOWN },
		{ { .goal = GOAL_STOP, .container = true, .attached = true }, ACT_DELETE },
		{ { .goal = GOAL_STOP, .attached = true, .configured = true }, ACT_DETACH },
		{ { .goal = GOAL_STOP, .configured = true }, ACT_NONE },
		{ { .goal = GOAL_GONE, .alive = true }, ACT_TAKE_DOWN },
		{ { .goal = GOAL_GONE, .container = true }, ACT_DELETE },
		{ { .goal = GOAL_GONE, .attached = true }, ACT_DETACH },
		{ { .goal = GOAL_GONE, .configured = true }, ACT_FORGET },
		{ { .goal = GOAL_GONE, .blocked = true }, ACT_FORGET },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (decide_action(&rows[i].facts) != rows[i].action)
			fail_msg("row %zu: %d", i, decide_action(&rows[i].facts));
}

/* From any facts, steps lead to the goal: each action's effect is applied, and none comes twice without end. */
static void test_actions_converge(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 128; bits++) {
		for (enum replica_goal goal = GOAL_RUN; goal <= GOAL_GONE; goal++) {
			struct replica_facts f = { .goal = goal,
						   .alive = bits & 1,
						   .restarting = bits & 2,
						   .container = bits & 4,
						   .needs_net = bits & 8,
						   .attached = bits & 16,
						   .image = bits & 32,
						   .configured = bits & 64 };
			enum replica_action a = ACT_WAIT;

			for (unsigned i = 0; i < 12 && a != ACT_NONE && a != ACT_FORGET; i++) {
				a = decide_action(&f);
				switch (a) {
				case ACT_IMAGE:
					f.image = true;
					break;
				case ACT_ATTACH:
					f.attached = true;
					break;
				case ACT_CONFIGURE:
					f.configured = true;
					break;
				case ACT_RUN:
					f.alive = f.container = true;
					break;
				case ACT_TAKE_DOWN:
					f.alive = f.restarting = false;
					break;
				case ACT_DELETE:
					f.container = false;
					break;
				case ACT_DETACH:
					f.attached = false;
					break;
				default:
					break;
				}
			}
			assert_int_equal(a, goal == GOAL_GONE ? ACT_FORGET : ACT_NONE);
			assert_int_equal(f.alive, goal == GOAL_RUN || (goal == GOAL_PREPARE &&
								       (bits & 3) == 1));
		}
	}
}

/* ---- after an end -------------------------------------------------------------------------------------------------------- */

static void test_policies(void **state)
{
	static const struct {
		enum spec_restart condition;
		int64_t max_attempts;
		int status;
		unsigned failures;
		bool restart;
	} rows[] = {
		{ SPEC_RESTART_NO, -1, 1, 0, false },
		{ SPEC_RESTART_NO, -1, 0, 0, false },
		{ SPEC_RESTART_ALWAYS, -1, 0, 0, true },
		{ SPEC_RESTART_ALWAYS, -1, 137, 50, true },
		{ SPEC_RESTART_UNLESS_STOPPED, -1, 0, 0, true },
		{ SPEC_RESTART_ON_FAILURE, -1, 0, 0, false },
		{ SPEC_RESTART_ON_FAILURE, -1, 1, 9, true },
		{ SPEC_RESTART_ON_FAILURE, -1, -1, 0, true },
		{ SPEC_RESTART_ON_FAILURE, 3, 1, 0, true },
		{ SPEC_RESTART_ON_FAILURE, 3, 1, 2, true },
		{ SPEC_RESTART_ON_FAILURE, 3, 1, 3, false },
		{ SPEC_RESTART_ALWAYS, 2, 0, 2, false },
		{ SPEC_RESTART_ON_FAILURE, 0, 1, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct spec_restart_policy policy = { .condition = rows[i].condition,
						      .max_attempts = rows[i].max_attempts,
						      .delay_ms = 1000,
						      .window_ms = -1 };
		struct restart_input in = { .policy = &policy,
					    .exit_status = rows[i].status,
					    .failures = rows[i].failures,
					    .healthy_ms = 1,
					    .made = true };
		struct restart_output out;

		decide_restart(&in, &out);
		if (out.restart != rows[i].restart)
			fail_msg("row %zu: %d", i, out.restart);
		assert_int_equal(out.failures, rows[i].failures + 1);
	}
}

static void test_backoff(void **state)
{
	struct spec_restart_policy policy = { .condition = SPEC_RESTART_ALWAYS,
					      .max_attempts = -1,
					      .delay_ms = -1,
					      .window_ms = -1 };
	static const int64_t well[] = { 0, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };
	static const int64_t ill[] = { 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };
	struct restart_input in = { .policy = &policy, .exit_status = 1, .made = true };
	struct restart_output out;

	(void)state;
	in.healthy_ms = 5;
	for (size_t i = 0; i < ARRAY_LEN(well); i++) {
		in.failures = (unsigned)i;
		decide_restart(&in, &out);
		assert_int_equal(out.delay_ms, well[i]);
	}
	in.healthy_ms = -1;
	for (size_t i = 0; i < ARRAY_LEN(ill); i++) {
		in.failures = (unsigned)i;
		decide_restart(&in, &out);
		assert_int_equal(out.delay_ms, ill[i]);
	}
	/* ten minutes of health: all is forgiven */
	in.failures = 7;
	in.healthy_ms = RESTART_HEALTHY_MS;
	decide_restart(&in, &out);
	assert_int_equal(out.failures, 1);
	assert_int_equal(out.delay_ms, 0);
	/* or what the policy calls a success */
	policy.window_ms = 5000;
	in.healthy_ms = 4999;
	decide_restart(&in, &out);
	assert_int_equal(out.failures, 8);
	in.healthy_ms = 5000;
	decide_restart(&in, &out);
	assert_int_equal(out.failures, 1);
	/* a longer delay that was asked for holds, the first time too */
	policy.delay_ms = 90000;
	in.healthy_ms = 5;
	in.failures = 0;
	decide_restart(&in, &out);
	assert_int_equal(out.delay_ms, 90000);
	in.failures = 3;
	decide_restart(&in, &out);
	assert_true(out.delay_ms >= 90000);
}

/* ---- a service: replicas as letters ------------------------------------------------------------------------------------------ */

/* n: new and ready; s: new, starting; o: old and ready; x: old, not ready; -: leaving. Slots count from 1, each younger than the last. */
static size_t read_replicas(const char *text, struct decide_replica *ret)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		ret[i] = (struct decide_replica){ .wanted = text[i] != '-',
						  .current = strchr("ns-", text[i]) != NULL,
						  .ready = strchr("no", text[i]) != NULL,
						  .slot = (unsigned)i + 1,
						  .made_ms = (int64_t)i };
	return len;
}

struct row {
	const char *before;
	unsigned desired, parallelism;
	bool start_first, paused, held, delayed, stop_first, at_once, rolling;
	const char *stop; /* '1' where one goes */
	const char *make; /* slots */
};

static void check_row(const struct row *row, size_t number)
{
	struct decide_replica replicas[32];
	struct spec_update update = { .parallelism = row->parallelism,
				      .order = row->start_first ? SPEC_START_FIRST
								: SPEC_STOP_FIRST };
	struct decide_input in = { .replicas = replicas,
				   .count = read_replicas(row->before, replicas),
				   .desired = row->desired,
				   .update = &update,
				   .paused = row->paused,
				   .held = row->held,
				   .delayed = row->delayed,
				   .stop_first = row->stop_first,
				   .at_once = row->at_once,
				   .rolling = row->rolling };
	unsigned slots[64];
	bool stop[32];
	struct decide_plan plan = { .stop = stop, .slots = slots };
	char stopped[33] = "", made[256] = "";
	size_t length = 0;

	decide_service(&in, &plan);
	for (size_t i = 0; i < in.count; i++)
		stopped[i] = stop[i] ? '1' : '0';
	for (size_t i = 0; i < plan.make; i++)
		length += (size_t)snprintf(made + length, sizeof(made) - length, "%s%u",
					   i ? " " : "", slots[i]);
	if (strcmp(stopped, row->stop) != 0 || strcmp(made, row->make) != 0)
		fail_msg("row %zu (%s): stop %s, make '%s'", number, row->before, stopped, made);
}

static void test_services(void **state)
{
	static const struct row rows[] = {
		{ "", 3, 1, .stop = "", .make = "1 2 3" },
		{ "nn", 3, 1, .stop = "00", .make = "3" },
		/* slots of those that leave are not free yet */
		{ "n-", 2, 1, .stop = "00", .make = "3" },
		{ "n-n", 3, 1, .stop = "000", .make = "4" },
		{ "nnn", 3, 1, .stop = "000", .make = "" },
		/* the newest goes; before it what is not ready */
		{ "nnn", 2, 1, .stop = "001", .make = "" },
		{ "snn", 2, 1, .stop = "100", .make = "" },
		{ "nnn", 0, 1, .stop = "111", .make = "" },
		/* where two cannot be, the place must be free first */
		{ "-", 1, 1, .stop_first = true, .stop = "0", .make = "" },
		{ "", 1, 1, .stop_first = true, .stop = "", .make = "1" },
		/* stop first */
		{ "ooo", 3, 1, .stop = "001", .make = "" },
		{ "oo-", 3, 1, .stop = "000", .make = "" },
		{ "oo", 3, 1, .stop = "00", .make = "3" },
		{ "oos", 3, 1, .stop = "000", .make = "" },
		{ "oon", 3, 1, .stop = "010", .make = "" },
		{ "oon", 3, 1, .delayed = true, .stop = "000", .make = "" },
		{ "oxo", 3, 1, .stop = "010", .make = "" },
		{ "ooo", 3, 0, .stop = "111", .make = "" },
		{ "oooo", 4, 2, .stop = "0011", .make = "" },
		{ "ooos", 4, 2, .stop = "0010", .make = "" },
		{ "-", 1, 1, .rolling = true, .stop = "0", .make = "" },
		{ "", 1, 1, .rolling = true, .stop = "", .make = "1" },
		{ "-", 1, 1, .rolling = true, .start_first = true, .stop = "0", .make = "2" },
		/* start first */
		{ "ooo", 3, 1, .start_first = true, .stop = "000", .make = "4" },
		{ "ooos", 3, 1, .start_first = true, .stop = "0000", .make = "" },
		{ "ooon", 3, 1, .start_first = true, .stop = "0010", .make = "5" },
		{ "ooon", 3, 1, .start_first = true, .delayed = true, .stop = "0010", .make = "" },
		{ "oo-n", 3, 1, .start_first = true, .stop = "0000", .make = "5" },
		{ "oooo", 4, 2, .start_first = true, .stop = "0000", .make = "5 6" },
		{ "o---nnn", 3, 1, .start_first = true, .stop = "1000000", .make = "" },
		{ "o", 1, 1, .start_first = true, .stop = "0", .make = "2" },
		{ "o", 1, 1, .start_first = true, .stop_first = true, .stop = "1", .make = "" },
		/* scaled down within an update: surge and all */
		{ "oooos", 2, 1, .start_first = true, .stop = "00111", .make = "6" },
		/* paused: as many as wanted, and no more; what does not serve goes */
		{ "ooos", 3, 1, .start_first = true, .paused = true, .stop = "0001", .make = "" },
		{ "ooo", 3, 1, .paused = true, .stop = "000", .make = "" },
	/* paused by hand: as it is, within what the update may have */
#define HELD .paused = true, .held = true
		{ "ooos", 3, 1, .start_first = true, HELD, .stop = "0000", .make = "" },
		{ "ooon", 3, 1, .start_first = true, HELD, .stop = "0000", .make = "" },
		{ "oonn", 2, 1, .start_first = true, HELD, .stop = "0100", .make = "" },
		{ "oonn", 5, 1, .start_first = true, HELD, .stop = "0000", .make = "5" },
		{ "oon", 2, 1, HELD, .stop = "010", .make = "" },
		{ "on", 3, 1, HELD, .stop = "00", .make = "3" },
		/* nobody is served: all at once */
		{ "ooo", 3, 1, .at_once = true, .stop = "111", .make = "4 5 6" },
		{ "ooo", 0, 1, .stop = "111", .make = "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_row(&rows[i], i);
}

/* An update from any number to any other ends, never has fewer than it may, and never more. */
static void run_update(unsigned before, unsigned desired, unsigned parallelism, bool start_first)
{
	struct decide_replica r[64];
	struct spec_update update = { .parallelism = parallelism,
				      .order = start_first ? SPEC_START_FIRST : SPEC_STOP_FIRST };
	unsigned batch = parallelism && parallelism < desired ? parallelism : desired;
	size_t count = 0;

	for (unsigned i = 0; i < before; i++)
		r[count++] = (struct decide_replica){ true, false, true, i + 1, i };
	for (unsigned turn = 0; turn < 200; turn++) {
		struct decide_input in = {
			.replicas = r, .count = count, .desired = desired, .update = &update
		};
		unsigned slots[64], ready = 0, all = 0;
		bool stop[64];
		struct decide_plan plan = { .stop = stop, .slots = slots };
		size_t kept = 0;

		decide_service(&in, &plan);
		if (!plan.updating && plan.make == 0 && count == desired)
			return;
		/* those that left are gone, those that were made serve at the next turn */
		for (size_t i = 0; i < count; i++) {
			if (!r[i].wanted)
				continue;
			r[i].ready = true;
			r[i].wanted = !stop[i];
			r[kept++] = r[i];
		}
		for (size_t i = 0; i < plan.make; i++)
			r[kept++] = (struct decide_replica){ true, true, false, slots[i],
							     1000 + (int64_t)turn };
		count = kept;
		for (size_t i = 0; i < count; i++) {
			ready += r[i].wanted && r[i].ready;
			all += r[i].wanted;
		}
		if (before < desired)
			continue;
		assert_in_range(all, 0, desired + (start_first ? batch : 0));
		assert_true(ready + (start_first ? 0 : batch) >= desired);
	}
	fail_msg("from %u to %u by %u, start first %d: no end", before, desired, parallelism,
		 start_first);
}

static void test_updates_end(void **state)
{
	(void)state;
	for (unsigned before = 0; before < 9; before++)
		for (unsigned desired = 0; desired < 9; desired++)
			for (unsigned parallelism = 0; parallelism < 5; parallelism++) {
				run_update(before, desired, parallelism, false);
				run_update(before, desired, parallelism, true);
			}
}

static void test_failed(void **state)
{
	struct spec_update update = { .max_failure_ratio = 0 };

	(void)state;
	assert_false(decide_failed(&update, 0, 3));
	assert_true(decide_failed(&update, 1, 3));
	update.max_failure_ratio = 0.5;
	assert_false(decide_failed(&update, 1, 3));
	assert_false(decide_failed(&update, 2, 4));
	assert_true(decide_failed(&update, 2, 3));
	assert_true(decide_failed(&update, 1, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_actions),  cmocka_unit_test(test_actions_converge),
		cmocka_unit_test(test_policies), cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_services), cmocka_unit_test(test_updates_end),
		cmocka_unit_test(test_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
