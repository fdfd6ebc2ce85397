/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random.h - streams of random numbers: one per model, so that a model draws the same numbers whatever the others do (common random
 * numbers: two candidates are compared under the same luck). xoshiro256++ (Blackman and Vigna 2019), seeded by splitmix64.
 */
#ifndef CARTE_DEVS_RANDOM_H
#define CARTE_DEVS_RANDOM_H

#include <stdint.h>

struct random_stream {
	uint64_t s[4];
};

/** random_init - the stream @number of @seed. */
void random_init(struct random_stream *stream, uint64_t seed, uint64_t number);
uint64_t random_bits(struct random_stream *stream);
/** random_uniform - in [0, 1), multiples of 2^-53. */
double random_uniform(struct random_stream *stream);
/** random_exponential - with this mean. */
double random_exponential(struct random_stream *stream, double mean);
/** random_below - 0 ... n - 1, each as likely as the others; n >= 1. */
uint64_t random_below(struct random_stream *stream, uint64_t n);

#endif
