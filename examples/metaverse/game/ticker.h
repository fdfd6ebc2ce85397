/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ticker.h - the clock of the rooms (timerfd(2)), and how late it was.
 */
#ifndef METAVERSE_TICKER_H
#define METAVERSE_TICKER_H

#include <stdint.h>

#include "common/metrics.h"

/** struct ticker - @lateness, @work, @missed: for /metrics. */
struct ticker {
	int fd;       /* to be watched for input */
	double start; /* clock_seconds() of tick 0 */
	uint64_t count;
	struct histogram lateness, work;
	struct metric missed;
};

/** ticker_open - @per_second ticks from now on. Return: 0 or -errno. */
int ticker_open(struct ticker *ticker, unsigned int per_second);

/** ticker_take - Return: how many ticks have passed since the last call: 1, more when some were missed, 0 when none has. */
uint64_t ticker_take(struct ticker *ticker, unsigned int per_second);

#endif
