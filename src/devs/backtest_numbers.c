/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backtest_numbers.c - sums, intervals by a bootstrap of days (Efron 1979), and what equal cost or equal loss means.
 */
#include <math.h>
#include <stdlib.h>

#include "devs/backtest-private.h"
#include "devs/random.h"

#define DRAWS 1000
#define SEED 20240229

static void day_add(struct backtest_day *to, const struct backtest_day *day)
{
	to->load += day->load;
	to->lost += day->lost;
	to->hours += day->hours;
	to->actions += day->actions;
}

static double ratio(double a, double b)
{
	return b > 0 ? a / b : a > 0 ? (double)INFINITY : 0;
}

static double cost(const struct backtest_setup *setup, const struct backtest_day *day)
{
	return day->hours + setup->weight * day->lost;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* of DRAWS values, sorted */
static void interval(double *values, double *ret_low, double *ret_high)
{
	qsort(values, DRAWS, sizeof(*values), compare);
	*ret_low = values[DRAWS * 25 / 1000];
	*ret_high = values[DRAWS * 975 / 1000 - 1];
}

static void intervals(const struct backtest_setup *setup, const struct backtest_result *const of[3],
		      size_t first, struct backtest_summary *ret)
{
	double lost[DRAWS], hours[DRAWS], against[DRAWS];
	size_t len = of[0]->len - first;
	struct random_stream random;

	/* the same days for every policy: differences are not luck */
	random_init(&random, SEED, 0);
	for (unsigned draw = 0; draw < DRAWS; draw++) {
		struct backtest_day sums[3] = { { 0 } };

		for (size_t i = 0; i < len; i++) {
			size_t day = first + random_below(&random, len);

			for (unsigned which = 0; which < 3; which++)
				day_add(&sums[which], &of[which]->days[day]);
		}
		lost[draw] = 100 * ratio(sums[0].lost, sums[0].load);
		hours[draw] = ratio(sums[0].hours, sums[1].hours);
		against[draw] = ratio(cost(setup, &sums[0]), cost(setup, &sums[2]));
	}
	interval(lost, &ret->lost_low, &ret->lost_high);
	interval(hours, &ret->hours_low, &ret->hours_high);
	interval(against, &ret->against_low, &ret->against_high);
}

void backtest_summarise(const struct backtest_setup *setup, const struct backtest_result *result,
			const struct backtest_result *oracle,
			const struct backtest_result *reference, struct backtest_summary *ret)
{
	const struct backtest_result *const of[3] = { result, oracle, reference };
	struct backtest_day sums[3] = { { 0 } };
	size_t first = setup->train_minutes / 1440;

	for (size_t day = first; day < result->len; day++)
		for (unsigned which = 0; which < 3; which++)
			day_add(&sums[which], &of[which]->days[day]);
	ret->lost = 100 * ratio(sums[0].lost, sums[0].load);
	ret->hours = ratio(sums[0].hours, sums[1].hours);
	ret->cost = ratio(cost(setup, &sums[0]), sums[1].hours);
	ret->against = ratio(cost(setup, &sums[0]), cost(setup, &sums[2]));
	ret->actions = sums[0].actions / (double)(result->len - first);
	intervals(setup, of, first, ret);
}

/* ---- curves -------------------------------------------------------------------------------------------------------------- */

/* The least loss (@by_hours; else the least hours) of any mixture of two of the points whose hours (else loss) are @at. */
static double least_mixture(const struct backtest_point *points, size_t len, bool by_hours,
			    double at)
{
	double least = (double)NAN;

	for (size_t i = 0; i < len; i++)
		for (size_t j = 0; j < len; j++) {
			double ax = by_hours ? points[i].hours : points[i].lost,
			       ay = by_hours ? points[i].lost : points[i].hours,
			       bx = by_hours ? points[j].hours : points[j].lost,
			       by = by_hours ? points[j].lost : points[j].hours, y;

			if (ax > at || bx < at)
				continue;
			y = bx > ax ? ay + (by - ay) * (at - ax) / (bx - ax) : ay < by ? ay : by;
			if (isnan(least) || y < least)
				least = y;
		}
	return least;
}

double backtest_at_cost(const struct backtest_point *points, size_t len, double hours)
{
	return least_mixture(points, len, true, hours);
}

double backtest_at_loss(const struct backtest_point *points, size_t len, double lost)
{
	return least_mixture(points, len, false, lost);
}
