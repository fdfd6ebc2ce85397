/* SPDX-License-Identifier: Apache-2.0 */
/*
 * v2_convert.c - values of v1, in which the spec is written, to those of v2. Pure arithmetic.
 */
#include "runtime/cgroup/internal.h"

#define SHARES_MIN 2
#define SHARES_MAX 262144
#define WEIGHT_MAX 10000
#define LN2 0.693147180559945309417
#define LOG2_10 3.321928094887362347870

/* Both without libm, which nothing else here needs; they are exact to about 1e-14. */
static double log2_of(uint64_t n)
{
	int whole = 63 - __builtin_clzll(n);
	double rest = (double)n / (double)(UINT64_C(1) << whole);
	double sum = whole;

	for (double bit = 0.5; bit > 1e-17; bit /= 2) {
		rest *= rest;
		if (rest >= 2) {
			rest /= 2;
			sum += bit;
		}
	}
	return sum;
}

static double power_of_10(double x)
{
	double y = x * LOG2_10;
	unsigned whole = (unsigned)y;
	double f = (y - whole) * LN2, term = 1, sum = 1;

	for (int k = 1; k < 24; k++) {
		term *= f / k;
		sum += term;
	}
	return sum * (double)(UINT64_C(1) << whole);
}

/*
 * A parabola through (2, 1), (1024, 100) and (262144, 10000), the least, the usual and the largest values of
 * both; a straight line, as it once was, made the usual 1024 a 39.
 */
uint64_t cgroup_weight_of_shares(uint64_t shares)
{
	double l, weight;
	uint64_t whole;

	if (shares <= SHARES_MIN)
		return 1;
	if (shares >= SHARES_MAX)
		return WEIGHT_MAX;
	l = log2_of(shares);
	weight = power_of_10((l * l + 125 * l) / 612 - 7.0 / 34);
	whole = (uint64_t)weight;
	/* rounded up, but not for what is an error of the arithmetic */
	return weight - (double)whole > 1e-9 ? whole + 1 : whole;
}

/* From 10..1000 to 1..10000 in a straight line */
uint64_t cgroup_io_weight_of_blkio(uint64_t weight)
{
	return weight < 10 ? 1 : 1 + (weight - 10) * 9999 / 990;
}
