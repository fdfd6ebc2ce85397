/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.c - wanted = ceil(ready x average / target), unless that is nearly so already; fewer only if it was enough for a while; more only so fast.
 */
#include <math.h>

#include "devs/rule.h"

static unsigned whole(double value)
{
	/* 4.0000000001 of a division is 4 */
	value = ceil(value - 1e-9);
	return value < 0 ? 0 : value > 1e9 ? (unsigned)1e9 : (unsigned)value;
}

static unsigned recommend(const struct rule *rule, unsigned current, unsigned ready,
			  unsigned starting, double average)
{
	double ratio = average / rule->target, again = ratio;
	unsigned wanted;

	if (!ready || !isfinite(ratio))
		return current;
	/* those that start count as idle when more are wanted */
	if (ratio > 1 && starting)
		again = ratio * ready / (ready + starting);
	if (fabs(again - 1) <= rule->tolerance + 1e-9 || (ratio > 1 && again < 1))
		return current;
	wanted = whole(ratio * ready);
	/* the number that is wanted may not be there yet: the direction must be the metric's */
	return (ratio < 1 && wanted > current) || (ratio > 1 && wanted < current) ? current
										  : wanted;
}

static void record(struct rule *rule, unsigned recommended)
{
	unsigned len = rule->window > 1 ? rule->window - 1 : 0;

	if (!len)
		return;
	rule->past[rule->next] = recommended;
	rule->next = (rule->next + 1) % len;
	if (rule->count < len)
		rule->count++;
}

unsigned rule_wish(struct rule *rule, unsigned current, unsigned ready, unsigned starting,
		   double average)
{
	unsigned recommended, wanted, down, limit;

	recommended = wanted = recommend(rule, current, ready, starting, average);
	/* at first the number that there is counts as right */
	if (!rule->started && rule->window && recommended < current)
		recommended = wanted = current;
	rule->started = true;
	if (wanted < current) {
		down = recommended;
		for (unsigned i = 0; i < rule->count; i++)
			if (rule->past[i] > down)
				down = rule->past[i];
		wanted = down < current ? down : current;
	}
	limit = whole(current * rule->up_factor);
	if (limit < current + rule->up_replicas)
		limit = current + rule->up_replicas;
	if (wanted > limit)
		wanted = limit;
	if (wanted < rule->min)
		wanted = rule->min;
	if (wanted > rule->max)
		wanted = rule->max;
	record(rule, recommended);
	return wanted;
}
