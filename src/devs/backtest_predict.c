/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backtest_predict.c - the policy `predict`: forecasts are in charge only while they would have been cheaper than the rule.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "devs/backtest-private.h"

#define HOUR_TICKS ((size_t)60 * BACKTEST_TICKS_A_MINUTE)

/* What each policy would have done, followed beside the real one. */
struct shadow {
	struct fluid fluid;
	double target, cost; /* of late */
	const float *floor;
};

struct gate {
	const struct backtest_setup *setup;
	const struct backtest_gate *policy;
	struct shadow *shadows; /* the last is the tuned rule */
	struct fluid fluid;     /* the real one */
	const struct shadow *chosen;
	double keep; /* what a tick leaves of older costs */
	size_t on;
	double spent; /* more than the tuned rule, since forecasts may be in charge */
	double tuned; /* cost of the tuned rule, since the beginning */
};

static unsigned first_replicas(const struct backtest_setup *setup, double target)
{
	return backtest_carries(setup, setup->load[0] / target);
}

static int gate_begin(struct gate *gate)
{
	const struct backtest_gate *policy = gate->policy;
	int r = fluid_begin(&gate->fluid, gate->setup, policy->tuned,
			    first_replicas(gate->setup, policy->tuned));

	gate->shadows = calloc(policy->len + 1, sizeof(*gate->shadows));
	if (!gate->shadows)
		return -ENOMEM;
	for (size_t i = 0; i <= policy->len && r == 0; i++) {
		struct shadow *shadow = &gate->shadows[i];

		shadow->target = i < policy->len ? policy->candidates[i].target : policy->tuned;
		shadow->floor = i < policy->len ? policy->candidates[i].floor : NULL;
		r = fluid_begin(&shadow->fluid, gate->setup, shadow->target,
				first_replicas(gate->setup, shadow->target));
	}
	gate->chosen = &gate->shadows[policy->len];
	gate->keep = exp2(-1 / (policy->half_life_min * BACKTEST_TICKS_A_MINUTE));
	return r;
}

static void gate_end(struct gate *gate)
{
	for (size_t i = 0; gate->shadows && i <= gate->policy->len; i++)
		fluid_end(&gate->shadows[i].fluid);
	free(gate->shadows);
	fluid_end(&gate->fluid);
}

static void gate_choose(struct gate *gate)
{
	const struct shadow *tuned = &gate->shadows[gate->policy->len], *best = tuned;

	gate->chosen = tuned;
	if (gate->spent > gate->policy->limit / 2 * gate->tuned)
		return;
	for (size_t i = 0; i < gate->policy->len; i++)
		if (gate->shadows[i].cost < best->cost)
			best = &gate->shadows[i];
	if (best->cost < tuned->cost * (1 - gate->policy->margin))
		gate->chosen = best;
}

static double tick_cost(const struct backtest_setup *setup, const struct fluid *fluid)
{
	return fluid->hours + setup->weight * fluid->lost;
}

/* A forecast that was trusted and fails must not wait for the next hour. */
static void gate_account(struct gate *gate, bool judged)
{
	const struct shadow *tuned = &gate->shadows[gate->policy->len];
	double cost = tick_cost(gate->setup, &tuned->fluid);

	gate->tuned += cost;
	if (judged)
		gate->spent += tick_cost(gate->setup, &gate->fluid) - cost;
	if (gate->spent > gate->policy->limit * gate->tuned)
		gate->chosen = tuned;
}

static void gate_tick(struct gate *gate, size_t tick, struct backtest_result *result)
{
	const struct backtest_setup *setup = gate->setup;
	bool judged = tick >= setup->train_minutes * BACKTEST_TICKS_A_MINUTE, changed;
	unsigned wanted;

	if (judged && tick % HOUR_TICKS == 0)
		gate_choose(gate);
	gate->fluid.rule.target = gate->chosen->target;
	wanted = fluid_wish(&gate->fluid, setup, tick,
			    backtest_floor(setup, gate->chosen->floor, tick));
	changed = wanted != gate->fluid.ready + gate->fluid.starting;
	fluid_step(&gate->fluid, setup, tick, wanted);
	result_add(result, setup, tick, &gate->fluid, changed);
	gate->on += gate->chosen->floor != NULL;
	for (size_t i = 0; i <= gate->policy->len; i++) {
		struct shadow *shadow = &gate->shadows[i];

		wanted = fluid_wish(&shadow->fluid, setup, tick,
				    backtest_floor(setup, shadow->floor, tick));
		fluid_step(&shadow->fluid, setup, tick, wanted);
		shadow->cost = shadow->cost * gate->keep + tick_cost(setup, &shadow->fluid);
	}
	gate_account(gate, judged);
}

int backtest_predict(const struct backtest_setup *setup, const struct backtest_gate *policy,
		     struct backtest_result *ret, double *ret_on)
{
	struct gate gate = { .setup = setup, .policy = policy };
	size_t len = setup->minutes * BACKTEST_TICKS_A_MINUTE;
	int r = backtest_check(setup);

	if (r < 0)
		return r;
	if (!(policy->tuned > 0 && policy->tuned <= 1) || !(policy->half_life_min > 0) ||
	    !(policy->margin >= 0 && policy->margin < 1) || !(policy->limit >= 0))
		return -EINVAL;
	if (result_begin(ret, setup) < 0)
		return -ENOMEM;
	r = gate_begin(&gate);
	for (size_t tick = 0; tick < len && r == 0; tick++)
		gate_tick(&gate, tick, ret);
	gate_end(&gate);
	if (r < 0)
		backtest_result_free(ret);
	else if (ret_on)
		*ret_on = (double)gate.on / (double)((setup->minutes - setup->train_minutes) *
						     BACKTEST_TICKS_A_MINUTE);
	return r;
}
