/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hist.c - see hist.h. Values below 128 have a bucket each; above, a bucket is as wide as the value's power of two over 64.
 */
#include <string.h>

#include "hist.h"

static unsigned bucket_of(uint64_t us)
{
	unsigned shift, index;

	if (us < 128)
		return (unsigned)us;
	shift = 57 - (unsigned)__builtin_clzll(us); /* us >> shift is 64 to 127 */
	index = shift * 64 + (unsigned)(us >> shift);
	return index < HIST_BUCKETS ? index : HIST_BUCKETS - 1;
}

/* the largest value that falls into the bucket */
static uint64_t bucket_top(unsigned index)
{
	unsigned shift = index < 128 ? 0 : index / 64 - 1;

	return (((uint64_t)(index - shift * 64) + 1) << shift) - 1;
}

void hist_add(struct hist *hist, uint64_t us)
{
	hist->count++;
	hist->sum_us += us;
	if (us > hist->max_us)
		hist->max_us = us;
	hist->buckets[bucket_of(us)]++;
}

uint64_t hist_quantile(const struct hist *hist, double q)
{
	uint64_t seen = 0;

	for (unsigned i = 0; i < HIST_BUCKETS && hist->count > 0; i++) {
		seen += hist->buckets[i];
		if (hist->buckets[i] && (double)seen >= q * (double)hist->count)
			return bucket_top(i) < hist->max_us ? bucket_top(i) : hist->max_us;
	}
	return hist->max_us;
}

void hist_reset(struct hist *hist)
{
	memset(hist, 0, sizeof(*hist));
}
