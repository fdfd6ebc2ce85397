/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_sim_replica.c - the replica of a simulation by itself: what it says when it is told this and that, by hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "devs/sim-private.h"

#define CONSTANT(seconds)                            \
	{                                            \
		.mean = (seconds), .constant = true, \
	}

/* ---- a replica alone, by hand ------------------------------------------------------------------------------------------------ */

static void write_down(void *ctx, double t, const char *model, const char *what,
		       const struct devs_event *event)
{
	static const char *const phases[] = { "absent",  "pending", "creating", "starting",
					      "warming", "ready",   "draining", "stopping",
					      "erasing", "failed" };
	char *text = ctx;
	size_t len = strlen(text);

	(void)model;
	if (strcmp(what, "lambda") != 0)
		return;
	if (event->kind == SIM_PHASE)
		(void)snprintf(text + len, 1024 - len, "%s@%g ", phases[event->integer], t);
	else if (event->kind == SIM_LEFT)
		(void)snprintf(text + len, 1024 - len, "%s%llu@%g ",
			       ((struct sim_job *)event->pointer)->outcome == SIM_CUT ? "cut"
			       : ((struct sim_job *)event->pointer)->outcome == SIM_GAVE_UP
				       ? "gone"
				       : "served",
			       (unsigned long long)((struct sim_job *)event->pointer)->who, t);
}

struct told {
	double t;
	enum sim_kind kind;
	double number; /* of a request: its work */
};

/* what it says to what it is told */
static void tell(const struct sim_service_params *params, const struct told *told, size_t len,
		 double until, char text[1024])
{
	struct sim_serving serving[8];
	struct sim_job jobs[8] = { { 0 } };
	struct sim_replica replica = { .params = params,
				       .phase_left = DEVS_INFINITY,
				       .fail_left = DEVS_INFINITY,
				       .speed = 1,
				       .serving = serving };
	struct devs_coupled *root = devs_coupled_new("root");
	struct devs_trace trace = { write_down, text };
	struct devs *devs;

	text[0] = '\0';
	sim_stream(params, 16, &replica.random);
	assert_int_equal(devs_add(root, &sim_replica_class, &replica), 0);
	assert_int_equal(devs_couple(root, DEVS_SELF, 0, 0, SIM_MAIN), 0);
	assert_int_equal(devs_new(root, 0, &devs), 0);
	devs_set_trace(devs, &trace);
	for (size_t i = 0; i < len; i++) {
		struct devs_event event = { .kind = told[i].kind, .number = told[i].number };

		jobs[i] =
			(struct sim_job){ .arrived = told[i].t, .work = told[i].number, .who = i };
		if (told[i].kind == SIM_REQUEST)
			event.pointer = &jobs[i];
		(void)devs_run(devs, told[i].t);
		assert_int_equal(devs_inject(devs, told[i].t, 0, &event), 0);
	}
	(void)devs_run(devs, until);
	devs_free(devs);
	devs_coupled_free(root);
}

static const struct sim_service_params life = {
	.create = CONSTANT(1),
	.start = CONSTANT(0.5),
	.warm = CONSTANT(2),
	.drain = 1,
	.grace = 5,
	.stop = CONSTANT(0.25),
	.erase = CONSTANT(0.5),
};

static void replica_by_hand(void **state)
{
	static const struct told whole[] = { { 0, SIM_START, 0 },
					     { 0.5, SIM_GRANT, 0 },
					     { 5, SIM_REQUEST, 2 },
					     { 6, SIM_REQUEST, 1 },
					     { 7.5, SIM_STOP, 0 } };
	/* twice as much as it can do from 5 on: the rest of the first takes twice as long */
	static const struct told slow[] = { { 0, SIM_START, 0 },   { 0, SIM_GRANT, 0 },
					    { 4, SIM_REQUEST, 2 }, { 5, SIM_SPEED, 0.5 },
					    { 9, SIM_SPEED, 1 },   { 9, SIM_REQUEST, 1 } };
	/* its last request outlives the time that it takes to end, not the grace */
	static const struct told linger[] = {
		{ 0, SIM_START, 0 }, { 0, SIM_GRANT, 0 }, { 4, SIM_REQUEST, 3 }, { 5, SIM_STOP, 0 }
	};
	static const struct told cut[] = { { 0, SIM_START, 0 },    { 0, SIM_GRANT, 0 },
					   { 4, SIM_REQUEST, 50 }, { 4, SIM_REQUEST, 1 },
					   { 5, SIM_STOP, 0 },     { 20, SIM_REQUEST, 1 } };
	char text[1024];

	(void)state;
	tell(&life, whole, ARRAY_LEN(whole), 100, text);
	assert_string_equal(text, "pending@0 creating@0.5 starting@1.5 warming@2 ready@4 served2@7 "
				  "draining@7.5 served3@8 stopping@8.5 erasing@8.75 absent@9.25 ");
	tell(&life, slow, ARRAY_LEN(slow), 100, text);
	assert_string_equal(text, "pending@0 creating@0 starting@1 warming@1.5 ready@3.5 served2@7 "
				  "served5@10 ");
	tell(&life, linger, ARRAY_LEN(linger), 100, text);
	assert_string_equal(text, "pending@0 creating@0 starting@1 warming@1.5 ready@3.5 "
				  "draining@5 stopping@6 served2@7 erasing@7 absent@7.5 ");
	tell(&life, cut, ARRAY_LEN(cut), 100, text);
	assert_string_equal(text, "pending@0 creating@0 starting@1 warming@1.5 ready@3.5 "
				  "draining@5 stopping@6 erasing@11 cut2@11 cut3@11 absent@11.5 "
				  "cut5@20 ");
}

static void stops_on_the_way_up(void **state)
{
	static const struct told pending[] = { { 0, SIM_START, 0 },
					       { 0.25, SIM_STOP, 0 },
					       { 0.5, SIM_GRANT, 0 } };
	static const struct told creating[] = { { 0, SIM_START, 0 },
						{ 0, SIM_GRANT, 0 },
						{ 0.5, SIM_STOP, 0 },
						{ 0.75, SIM_START, 0 } };
	static const struct told warming[] = { { 0, SIM_START, 0 },
					       { 0, SIM_GRANT, 0 },
					       { 2, SIM_STOP, 0 } };
	char text[1024];

	(void)state;
	tell(&life, pending, ARRAY_LEN(pending), 100, text);
	assert_string_equal(text, "pending@0 absent@0.25 ");
	tell(&life, creating, ARRAY_LEN(creating), 100, text);
	assert_string_equal(text, "pending@0 creating@0 erasing@0.5 absent@1 ");
	tell(&life, warming, ARRAY_LEN(warming), 100, text);
	assert_string_equal(text, "pending@0 creating@0 starting@1 warming@1.5 stopping@2 "
				  "erasing@2.25 absent@2.75 ");
}

static void back_off_by_hand(void **state)
{
	struct sim_service_params params = life;
	static const struct told told[] = { { 0, SIM_START, 0 },  { 0, SIM_GRANT, 0 },
					    { 3, SIM_GRANT, 0 },  { 6, SIM_GRANT, 0 },
					    { 11, SIM_GRANT, 0 }, { 12, SIM_STOP, 0 } };
	char text[1024];

	(void)state;
	params.start_failure = 1;
	/* one second, two, four; its network and bundle are kept */
	tell(&params, told, ARRAY_LEN(told), 100, text);
	assert_string_equal(text, "pending@0 creating@0 starting@1 failed@1.5 pending@2.5 "
				  "starting@3 failed@3.5 pending@5.5 starting@6 failed@6.5 "
				  "pending@10.5 starting@11 failed@11.5 erasing@12 absent@12.5 ");
}

static void gives_up(void **state)
{
	struct sim_service_params params = life;
	static const struct told told[] = { { 0, SIM_START, 0 },
					    { 0, SIM_GRANT, 0 },
					    { 4, SIM_REQUEST, 3 },
					    { 5, SIM_REQUEST, 1 },
					    { 6, SIM_REQUEST, 1 } };
	char text[1024];

	(void)state;
	params.give_up = 2;
	tell(&params, told, ARRAY_LEN(told), 100, text);
	assert_string_equal(text, "pending@0 creating@0 starting@1 warming@1.5 ready@3.5 served2@7 "
				  "gone3@7 served4@8 ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replica_by_hand),
		cmocka_unit_test(stops_on_the_way_up),
		cmocka_unit_test(back_off_by_hand),
		cmocka_unit_test(gives_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
