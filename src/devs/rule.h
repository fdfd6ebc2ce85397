/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule.h - the rule of the HPA for one metric, in numbers only: what carte-scale's decision does with policy `target`, one metric, no
 * calendar and a host that carries all, without the words. It is for simulations, which ask millions of times; a unit test holds the two
 * against each other.
 */
#ifndef CARTE_DEVS_RULE_H
#define CARTE_DEVS_RULE_H

#include <stdbool.h>

#define RULE_WINDOW_MAX 256 /* steps */

struct rule {
	double target, tolerance;
	unsigned
		window; /* steps behind this one whose recommendations keep the number from falling */
	unsigned min, max;
	unsigned up_replicas;           /* at most so many more in a step, or */
	double up_factor;               /* times as many, whichever is more */
	unsigned past[RULE_WINDOW_MAX]; /* a ring of recommendations */
	unsigned next, count;
	bool started;
};

/**
 * rule_wish - replicas.
 * @ready, @starting: with and without a value; @average: of the ready ones, in the unit of the target
 */
unsigned rule_wish(struct rule *rule, unsigned current, unsigned ready, unsigned starting,
		   double average);

#endif
