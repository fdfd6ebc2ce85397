/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backtest.c - the fluid model, and the policies that need nothing but the rule.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "devs/backtest-private.h"

#define DAY_TICKS ((size_t)1440 * BACKTEST_TICKS_A_MINUTE)
#define TICK_HOURS (BACKTEST_TICK_S / 3600.0)
#define START_DELAY_MAX 3600.0
#define REPLICAS_MAX 100000u

int backtest_check(const struct backtest_setup *setup)
{
	bool sound = setup->load && setup->minutes > 0 && setup->train_minutes % 1440 == 0 &&
		     setup->train_minutes < setup->minutes && setup->capacity > 0 &&
		     isfinite(setup->capacity) && setup->min >= 1 && setup->min <= setup->max &&
		     setup->max <= REPLICAS_MAX && setup->start_delay_s >= 0 &&
		     setup->start_delay_s <= START_DELAY_MAX && setup->metric_age_s >= 0 &&
		     setup->metric_age_s <= 600 && setup->window_down_s >= 0 &&
		     setup->window_down_s < RULE_WINDOW_MAX * BACKTEST_TICK_S &&
		     setup->tolerance >= 0 && setup->tolerance < 1 && setup->weight >= 0 &&
		     isfinite(setup->weight);

	for (size_t i = 0; sound && i < setup->minutes; i++)
		sound = setup->load[i] >= 0 && isfinite(setup->load[i]);
	return sound ? 0 : -EINVAL;
}

unsigned backtest_carries(const struct backtest_setup *setup, double load)
{
	double count = ceil(load / setup->capacity - 1e-9);

	return count <= setup->min   ? setup->min
	       : count >= setup->max ? setup->max
				     : (unsigned)count;
}

unsigned backtest_peak(const struct backtest_setup *setup)
{
	double largest = 0;

	for (size_t i = 0; i < setup->minutes; i++)
		if (setup->load[i] > largest)
			largest = setup->load[i];
	return backtest_carries(setup, largest);
}

/* ---- results ----------------------------------------------------------------------------------------------------------- */

int result_begin(struct backtest_result *result, const struct backtest_setup *setup)
{
	result->len = (setup->minutes + 1439) / 1440;
	result->days = calloc(result->len, sizeof(*result->days));
	return result->days ? 0 : -ENOMEM;
}

void backtest_result_free(struct backtest_result *result)
{
	free(result->days);
	*result = (struct backtest_result){ 0 };
}

static double load_at(const struct backtest_setup *setup, size_t tick)
{
	return setup->load[tick / BACKTEST_TICKS_A_MINUTE];
}

void result_add(struct backtest_result *result, const struct backtest_setup *setup, size_t tick,
		const struct fluid *fluid, bool changed)
{
	struct backtest_day *day = &result->days[tick / DAY_TICKS];

	day->load += load_at(setup, tick) / setup->capacity * TICK_HOURS;
	day->lost += fluid->lost;
	day->hours += fluid->hours;
	day->actions += changed;
}

double backtest_cost(const struct backtest_setup *setup, const struct backtest_result *result,
		     size_t first)
{
	double cost = 0;

	for (size_t i = first; i < result->len; i++)
		cost += result->days[i].hours + setup->weight * result->days[i].lost;
	return cost;
}

/* ---- the fluid model --------------------------------------------------------------------------------------------------- */

static unsigned ticks(double seconds)
{
	return (unsigned)ceil(seconds / BACKTEST_TICK_S - 1e-9);
}

static unsigned age_ticks(const struct backtest_setup *setup)
{
	unsigned age = ticks(setup->metric_age_s);

	return age ? age : 1;
}

int fluid_begin(struct fluid *fluid, const struct backtest_setup *setup, double target,
		unsigned ready)
{
	unsigned whole = (unsigned)(setup->start_delay_s / BACKTEST_TICK_S);

	*fluid = (struct fluid){
		.ready = ready,
		.whole = whole,
		.part = setup->start_delay_s / BACKTEST_TICK_S - whole,
		.due_len = whole + 1,
		.age = age_ticks(setup),
		.rule = { .target = target,
			  .tolerance = setup->tolerance,
			  .window = ticks(setup->window_down_s),
			  .min = setup->min,
			  .max = setup->max,
			  .up_replicas = 4,
			  .up_factor = 2 },
	};
	fluid->due = calloc(fluid->due_len, sizeof(*fluid->due));
	fluid->seen = calloc(fluid->age, sizeof(*fluid->seen));
	if (fluid->due && fluid->seen)
		return 0;
	fluid_end(fluid);
	return -ENOMEM;
}

void fluid_end(struct fluid *fluid)
{
	free(fluid->due);
	free(fluid->seen);
	fluid->due = NULL;
	fluid->seen = NULL;
}

unsigned fluid_wish(struct fluid *fluid, const struct backtest_setup *setup, size_t tick,
		    double floor)
{
	unsigned current = fluid->ready + fluid->starting, wanted = current, carries;

	if (tick >= fluid->age)
		wanted = rule_wish(&fluid->rule, current, fluid->ready, fluid->starting,
				   (double)fluid->seen[tick % fluid->age]);
	carries = floor > 0 ? backtest_carries(setup, floor) : 0;
	return carries > wanted ? carries : wanted;
}

/* The youngest go first. */
static void fluid_order(struct fluid *fluid, size_t tick, unsigned wanted)
{
	unsigned current = fluid->ready + fluid->starting;

	if (wanted > current) {
		fluid->due[(tick + fluid->whole) % fluid->due_len] += wanted - current;
		fluid->starting += wanted - current;
		return;
	}
	for (unsigned i = 0; i < fluid->due_len && current > wanted; i++) {
		unsigned *due = &fluid->due[(tick + fluid->whole - i) % fluid->due_len];
		unsigned gone = *due < current - wanted ? *due : current - wanted;

		*due -= gone;
		fluid->starting -= gone;
		current -= gone;
	}
	fluid->ready -= current - wanted;
}

static double lost_at(const struct backtest_setup *setup, double load, unsigned ready)
{
	double lost = load / setup->capacity - ready;

	return lost > 0 ? lost * TICK_HOURS : 0;
}

void fluid_step(struct fluid *fluid, const struct backtest_setup *setup, size_t tick,
		unsigned wanted)
{
	double load = load_at(setup, tick), serving, use;
	unsigned *due = &fluid->due[tick % fluid->due_len], before;

	fluid_order(fluid, tick, wanted);
	before = fluid->ready;
	fluid->ready += *due;
	fluid->starting -= *due;
	*due = 0;
	/* those of this tick serve in what is left of it */
	fluid->lost = fluid->part * lost_at(setup, load, before) +
		      (1 - fluid->part) * lost_at(setup, load, fluid->ready);
	fluid->hours = (fluid->ready + fluid->starting) * TICK_HOURS;
	serving = before * fluid->part + fluid->ready * (1 - fluid->part);
	use = serving > 0 ? load / (serving * setup->capacity) : load > 0 ? 1 : 0;
	fluid->seen[tick % fluid->age] = (float)(use > 1 && !setup->offered ? 1 : use);
}

/* ---- policies ---------------------------------------------------------------------------------------------------------- */

double backtest_floor(const struct backtest_setup *setup, const float *floor, size_t tick)
{
	unsigned age = age_ticks(setup);

	/* the last minute that has ended and whose count has come */
	if (!floor || tick < age + BACKTEST_TICKS_A_MINUTE)
		return 0;
	return (double)floor[(tick - age) / BACKTEST_TICKS_A_MINUTE - 1];
}

int backtest_rule(const struct backtest_setup *setup, double target, const float *floor,
		  struct backtest_result *ret)
{
	size_t len = setup->minutes * BACKTEST_TICKS_A_MINUTE;
	struct fluid fluid;
	int r = backtest_check(setup);

	if (r < 0)
		return r;
	if (!(target > 0 && target <= 1))
		return -EINVAL;
	if (result_begin(ret, setup) < 0)
		return -ENOMEM;
	r = fluid_begin(&fluid, setup, target, backtest_carries(setup, setup->load[0] / target));
	if (r < 0) {
		backtest_result_free(ret);
		return r;
	}
	for (size_t tick = 0; tick < len; tick++) {
		unsigned wanted =
			fluid_wish(&fluid, setup, tick, backtest_floor(setup, floor, tick));
		bool changed = wanted != fluid.ready + fluid.starting;

		fluid_step(&fluid, setup, tick, wanted);
		result_add(ret, setup, tick, &fluid, changed);
	}
	fluid_end(&fluid);
	return 0;
}

/* @plan: replicas of each tick, all of them ready in it */
static int follow(const struct backtest_setup *setup, const unsigned *plan, unsigned constant,
		  struct backtest_result *ret)
{
	size_t len = setup->minutes * BACKTEST_TICKS_A_MINUTE;
	unsigned last = plan ? plan[0] : constant;

	if (result_begin(ret, setup) < 0)
		return -ENOMEM;
	for (size_t tick = 0; tick < len; tick++) {
		unsigned count = plan ? plan[tick] : constant;
		struct fluid fluid = { .hours = count * TICK_HOURS,
				       .lost = lost_at(setup, load_at(setup, tick), count) };

		result_add(ret, setup, tick, &fluid, count != last);
		last = count;
	}
	return 0;
}

int backtest_constant(const struct backtest_setup *setup, unsigned replicas,
		      struct backtest_result *ret)
{
	int r = backtest_check(setup);

	return r < 0 ? r : follow(setup, NULL, replicas, ret);
}

/* At every tick: what is needed from now until a replica that were asked for now is ready. */
int backtest_oracle(const struct backtest_setup *setup, struct backtest_result *ret)
{
	size_t len = setup->minutes * BACKTEST_TICKS_A_MINUTE;
	unsigned ahead = ticks(setup->start_delay_s), *plan;
	int r = backtest_check(setup);

	if (r < 0)
		return r;
	plan = calloc(len, sizeof(*plan));
	if (!plan)
		return -ENOMEM;
	for (size_t tick = 0; tick < len; tick++)
		for (size_t then = tick; then <= tick + ahead && then < len; then++) {
			unsigned count = backtest_carries(setup, load_at(setup, then));

			plan[tick] = count > plan[tick] ? count : plan[tick];
		}
	r = follow(setup, plan, 0, ret);
	free(plan);
	return r;
}

int backtest_tune(const struct backtest_setup *setup, const double *targets, size_t len,
		  double *ret)
{
	struct backtest_setup training = *setup;
	double least = (double)INFINITY;

	/* nothing behind the training is read */
	training.minutes = setup->train_minutes;
	training.train_minutes = 0;
	for (size_t i = 0; i < len; i++) {
		struct backtest_result result;
		double cost;
		int r = backtest_rule(&training, targets[i], NULL, &result);

		if (r < 0)
			return r;
		cost = backtest_cost(&training, &result, 0);
		backtest_result_free(&result);
		if (cost < least) {
			least = cost;
			*ret = targets[i];
		}
	}
	return len ? 0 : -EINVAL;
}
