/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backtest-private.h - the fluid model of one service, and the rule on it.
 */
#ifndef CARTE_DEVS_BACKTEST_PRIVATE_H
#define CARTE_DEVS_BACKTEST_PRIVATE_H

#include <stdint.h>

#include "devs/backtest.h"
#include "devs/rule.h"

struct fluid {
	unsigned ready, starting;
	unsigned *due; /* ring: how many become ready, by tick */
	unsigned due_len;
	unsigned whole; /* ticks of the start delay, and the part of one behind them */
	double part;
	float *seen; /* ring of utilisations */
	unsigned age;
	struct rule rule;
	/* of the last tick, in replica-hours */
	double hours, lost;
};

int backtest_check(const struct backtest_setup *setup);

/** fluid_begin - @ready replicas, for a rule with this target. 0 or -ENOMEM. */
int fluid_begin(struct fluid *fluid, const struct backtest_setup *setup, double target,
		unsigned ready);
void fluid_end(struct fluid *fluid);
/** fluid_wish - what the rule wants at @tick, not fewer than what carries @floor of load. */
unsigned fluid_wish(struct fluid *fluid, const struct backtest_setup *setup, size_t tick,
		    double floor);
/** fluid_step - order @wanted at the beginning of @tick and let it pass. */
void fluid_step(struct fluid *fluid, const struct backtest_setup *setup, size_t tick,
		unsigned wanted);

/** backtest_carries - the fewest replicas for @load, within the setup's limits. */
unsigned backtest_carries(const struct backtest_setup *setup, double load);
/** backtest_floor - what the forecasts that are known at @tick want; NULL: nothing. */
double backtest_floor(const struct backtest_setup *setup, const float *floor, size_t tick);

int result_begin(struct backtest_result *result, const struct backtest_setup *setup);
void result_add(struct backtest_result *result, const struct backtest_setup *setup, size_t tick,
		const struct fluid *fluid, bool changed);

#endif
