/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ticker.c - see ticker.h. Ticks are due at fixed times, however long one takes.
 */
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "game/ticker.h"

int ticker_open(struct ticker *ticker, unsigned int per_second)
{
	struct itimerspec each = { .it_interval.tv_nsec = 1000000000L / per_second };
	int saved;

	each.it_value = each.it_interval;
	ticker->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (ticker->fd < 0)
		return -errno;
	ticker->start = clock_seconds();
	if (timerfd_settime(ticker->fd, 0, &each, NULL) == 0)
		return 0;
	saved = errno;
	(void)close(ticker->fd);
	return -saved;
}

uint64_t ticker_take(struct ticker *ticker, unsigned int per_second)
{
	uint64_t passed = 0;

	if (read(ticker->fd, &passed, sizeof(passed)) != sizeof(passed))
		return 0;
	ticker->count += passed;
	/* of the last one: those before it are missed, not late */
	histogram_observe(&ticker->lateness,
			  clock_seconds() - ticker->start - (double)ticker->count / per_second);
	if (passed > 1)
		metric_add(&ticker->missed, (long long)passed - 1);
	return passed;
}
