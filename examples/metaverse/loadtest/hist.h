/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hist.h - a histogram of microseconds in the manner of HdrHistogram: 64 linear buckets for each power of two.
 *
 * A quantile is at most 1.6 per cent above the truth and never below it; the maximum is exact.
 */
#ifndef LOADTEST_HIST_H
#define LOADTEST_HIST_H

#include <stdint.h>

#define HIST_BUCKETS 2048 /* up to 38 hours */

struct hist {
	uint64_t count, sum_us, max_us;
	uint32_t buckets[HIST_BUCKETS];
};

void hist_add(struct hist *hist, uint64_t us);
/** hist_quantile - in microseconds; @q is between 0 and 1. 0 when nothing was added. */
uint64_t hist_quantile(const struct hist *hist, double q);
void hist_reset(struct hist *hist);

#endif
