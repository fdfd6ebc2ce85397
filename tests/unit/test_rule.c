/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_rule.c - the rule that simulations ask and the decision that the supervisor takes are the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "devs/random.h"
#include "devs/rule.h"
#include "scale/autoscale.h"

#define STEP_MS 15000
#define STEPS 3000

struct both {
	struct rule rule;
	struct spec_metric metric;
	struct spec_scale scale;
	struct autoscale_history history;
};

static void begin(struct both *both, struct random_stream *random)
{
	unsigned min = 1 + (unsigned)random_below(random, 3),
		 window = (unsigned)random_below(random, 30);

	*both = (struct both){
		.rule = { .target = 0.3 + 0.6 * random_uniform(random),
			  .tolerance = 0.1,
			  .window = window,
			  .min = min,
			  .max = min + 20,
			  .up_replicas = 4,
			  .up_factor = 2 },
	};
	both->metric =
		(struct spec_metric){ .kind = SPEC_METRIC_CPU, .target = 100 * both->rule.target };
	both->scale = (struct spec_scale){
		.given = true,
		.min = min,
		.max = min + 20,
		.policy = SPEC_SCALE_TARGET,
		.metrics_len = 1,
		.tolerance = 0.1,
		.period_ms = STEP_MS,
		.window_down_ms = (int64_t)window * STEP_MS,
		.up = { .replicas = 4, .percent = 100, .period_ms = STEP_MS },
		.down = { .replicas = -1, .percent = -1, .period_ms = STEP_MS },
	};
}

static void compare(struct both *both, struct random_stream *random, uint64_t seed)
{
	unsigned current = both->scale.min, starting = 0;
	double load = 5;

	for (int step = 0; step < STEPS; step++) {
		CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
		unsigned ready = current - starting, wanted;
		double average;
		struct autoscale_metric measured = { 0 };
		struct autoscale_input input = { .scale = &both->scale,
						 .now_ms = (int64_t)step * STEP_MS,
						 .current = current,
						 .metrics = &measured,
						 .admissible = 1000 };
		struct autoscale_decision decision;

		both->scale.metrics = &both->metric;
		load += 3 * (random_uniform(random) - 0.5) + (load < 0 ? 1 : 0);
		average = ready && load > 0 ? load / ready : 0;
		if (average > 1)
			average = 1;
		measured.average = 100 * average;
		measured.known = ready;
		measured.not_ready = starting;
		assert_int_equal(autoscale_decide(&input, &both->history, &arena, &decision), 0);
		wanted = rule_wish(&both->rule, current, ready, starting, average);
		if (wanted != decision.wanted)
			fail_msg("seed %u step %d: %u of %u ready: rule %u, decision %u (%s)",
				 (unsigned)seed, step, ready, current, wanted, decision.wanted,
				 decision.why);
		/* some are still starting at the next step */
		starting =
			wanted > current ? (unsigned)random_below(random, wanted - current + 1) : 0;
		current = wanted;
	}
}

static void test_same(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct random_stream random;
		struct both both;

		random_init(&random, 42, seed);
		begin(&both, &random);
		compare(&both, &random, seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_same) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
