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

/* What a tick brought, or a sum of such: what forecasts cost more than the tuned rule, and what that costs. */
struct account {
	double more, tuned;
};

struct gate {
	const struct backtest_setup *setup;
	const struct backtest_gate *policy;
	struct shadow *shadows; /* the last is the tuned rule */
	struct fluid fluid;     /* the real one */
	const struct shadow *chosen;
	double keep; /* what a tick leaves of older costs */
	size_t on;
	struct account sum;   /* of the days that are judged, as far as it is known */
	struct account *late; /* a ring: of ticks that are not known yet */
	/* what one replica fewer than the tuned rule's may cost until that is mended, and one more */
	double fewer, more;
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
	double known = (gate->fluid.age + 1) * BACKTEST_TICK_S;

	gate->shadows = calloc(policy->len + 1, sizeof(*gate->shadows));
	gate->late = calloc(gate->fluid.age, sizeof(*gate->late));
	if (!gate->shadows || !gate->late)
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
	gate->fewer = gate->setup->weight * (known + gate->setup->start_delay_s) / 3600;
	gate->more = (known + gate->setup->window_down_s) / 3600;
	return r;
}

static void gate_end(struct gate *gate)
{
	for (size_t i = 0; gate->shadows && i <= gate->policy->len; i++)
		fluid_end(&gate->shadows[i].fluid);
	free(gate->shadows);
	free(gate->late);
	fluid_end(&gate->fluid);
}

static void gate_choose(struct gate *gate)
{
	const struct shadow *tuned = &gate->shadows[gate->policy->len], *best = tuned;

	gate->chosen = tuned;
	if (gate->sum.more > gate->policy->limit / 2 * gate->sum.tuned)
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
static void gate_account(struct gate *gate, size_t tick)
{
	const struct shadow *tuned = &gate->shadows[gate->policy->len];
	double cost = tick_cost(gate->setup, &tuned->fluid);
	const struct account *known = &gate->late[(tick + 1) % gate->fluid.age];

	gate->late[tick % gate->fluid.age] =
		(struct account){ tick_cost(gate->setup, &gate->fluid) - cost, cost };
	gate->sum.more += known->more;
	gate->sum.tuned += known->tuned;
	if (gate->sum.more > gate->policy->limit * gate->sum.tuned)
		gate->chosen = tuned;
}

/*
 * What a surprise costs before it can be mended is what the tuned rule would have had more, or less: so far from that rule's number, that this
 * keeps within the bound. What forecasts have saved widens it.
 */
static unsigned gate_bound(const struct gate *gate, unsigned wanted)
{
	const struct fluid *tuned = &gate->shadows[gate->policy->len].fluid, *fluid = &gate->fluid;
	unsigned number = tuned->ready + tuned->starting, current = fluid->ready + fluid->starting;
	double left = gate->policy->bound * gate->sum.tuned - gate->sum.more;

	if (!gate->chosen->floor)
		return wanted > number ? wanted : number;
	if (left < 0)
		left = 0;
	if (wanted < number && (number - wanted) * gate->fewer > left)
		return number - (unsigned)(left / gate->fewer);
	if (wanted > number && wanted > current && (wanted - number) * gate->more > left) {
		wanted = number + (unsigned)(left / gate->more);
		return wanted > current ? wanted : current;
	}
	return wanted;
}

static void follow_shadows(struct gate *gate, size_t tick)
{
	for (size_t i = 0; i <= gate->policy->len; i++) {
		struct shadow *shadow = &gate->shadows[i];
		unsigned wanted = fluid_wish(&shadow->fluid, gate->setup, tick,
					     backtest_floor(gate->setup, shadow->floor, tick));

		fluid_step(&shadow->fluid, gate->setup, tick, wanted);
		shadow->cost = shadow->cost * gate->keep + tick_cost(gate->setup, &shadow->fluid);
	}
}

static void gate_tick(struct gate *gate, size_t tick, struct backtest_result *result)
{
	const struct backtest_setup *setup = gate->setup;
	bool judged = tick >= setup->train_minutes * BACKTEST_TICKS_A_MINUTE, changed;
	unsigned wanted;

	if (judged && tick % HOUR_TICKS == 0)
		gate_choose(gate);
	/* how many they have in this tick follows from what is known: it may be looked at before the real one's step */
	follow_shadows(gate, tick);
	gate->fluid.rule.target = gate->chosen->target;
	wanted = fluid_wish(&gate->fluid, setup, tick,
			    backtest_floor(setup, gate->chosen->floor, tick));
	wanted = gate_bound(gate, wanted);
	changed = wanted != gate->fluid.ready + gate->fluid.starting;
	fluid_step(&gate->fluid, setup, tick, wanted);
	result_add(result, setup, tick, &gate->fluid, changed);
	gate->on += gate->chosen->floor != NULL;
	if (judged)
		gate_account(gate, tick);
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
	    !(policy->margin >= 0 && policy->margin < 1) || !(policy->limit >= 0) ||
	    !(policy->bound >= policy->limit))
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
