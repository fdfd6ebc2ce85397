/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.c - epoll, and a binary heap of timers. A turn's events are looked up by serial, so that a callback may remove, free or
 * reuse any watch that is still in the batch.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/loop.h"

#define EVENTS_PER_TURN 64

struct loop {
	int epoll;
	bool stopping;
	int64_t now, advanced;
	uint64_t serial;
	struct loop_watch **watches; /* by fd */
	size_t watches_len;
	struct loop_timer **heap; /* from 1 */
	size_t heap_len, heap_size;
};

static int64_t monotonic_ms(const struct loop *loop)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000 + loop->advanced;
}

int loop_new(struct loop **ret, struct oci_error *err)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return err_nomem(err);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0) {
		int r = err_sys(err, errno, "epoll_create1");

		free(loop);
		return r;
	}
	loop->now = monotonic_ms(loop);
	*ret = loop;
	return 0;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	(void)close(loop->epoll);
	free(loop->watches);
	free(loop->heap);
	free(loop);
}

int64_t loop_now(const struct loop *loop)
{
	return loop->now;
}

void loop_advance(struct loop *loop, int64_t ms)
{
	loop->advanced += ms;
	loop->now = monotonic_ms(loop);
}

void loop_stop(struct loop *loop)
{
	loop->stopping = true;
}

/* ---- fds --------------------------------------------------------------------------------------------------------- */

static int watches_reserve(struct loop *loop, size_t fd)
{
	size_t len = loop->watches_len ? loop->watches_len : 64;
	struct loop_watch **grown;

	if (fd < loop->watches_len)
		return 0;
	while (len <= fd)
		len *= 2;
	grown = reallocarray(loop->watches, len, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown + loop->watches_len, 0, (len - loop->watches_len) * sizeof(*grown));
	loop->watches = grown;
	loop->watches_len = len;
	return 0;
}

/* fd in the low half, serial in the high one: an event of a watch that has gone is not its successor's */
static uint64_t watch_tag(const struct loop_watch *watch)
{
	return (watch->serial << 32) | (uint32_t)watch->fd;
}

int loop_watch_add(struct loop *loop, struct loop_watch *watch, int fd, uint32_t events,
		   void (*ready)(void *ctx, uint32_t events), void *ctx)
{
	struct epoll_event event = { .events = events };
	int r = fd < 0 ? -EBADF : watches_reserve(loop, (size_t)fd);

	if (r < 0)
		return r;
	*watch = (struct loop_watch){ .loop = loop,
				      .fd = fd,
				      .ready = ready,
				      .ctx = ctx,
				      .active = true,
				      .serial = ++loop->serial & UINT32_MAX };
	event.data.u64 = watch_tag(watch);
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		watch->active = false;
		return -errno;
	}
	loop->watches[fd] = watch;
	return 0;
}

int loop_watch_change(struct loop_watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.u64 = watch_tag(watch) };

	return epoll_ctl(watch->loop->epoll, EPOLL_CTL_MOD, watch->fd, &event) < 0 ? -errno : 0;
}

void loop_watch_remove(struct loop_watch *watch)
{
	if (!watch->active)
		return;
	watch->active = false;
	watch->loop->watches[watch->fd] = NULL;
	(void)epoll_ctl(watch->loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
}

/* ---- times ------------------------------------------------------------------------------------------------------- */

static void heap_put(struct loop *loop, size_t place, struct loop_timer *timer)
{
	loop->heap[place] = timer;
	timer->place = place;
}

static void heap_up(struct loop *loop, size_t place)
{
	struct loop_timer *timer = loop->heap[place];

	while (place > 1 && loop->heap[place / 2]->due > timer->due) {
		heap_put(loop, place, loop->heap[place / 2]);
		place /= 2;
	}
	heap_put(loop, place, timer);
}

static void heap_down(struct loop *loop, size_t place)
{
	struct loop_timer *timer = loop->heap[place];
	size_t child;

	while ((child = place * 2) <= loop->heap_len) {
		if (child < loop->heap_len && loop->heap[child + 1]->due < loop->heap[child]->due)
			child++;
		if (loop->heap[child]->due >= timer->due)
			break;
		heap_put(loop, place, loop->heap[child]);
		place = child;
	}
	heap_put(loop, place, timer);
}

int loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t delay_ms,
		   void (*fired)(void *ctx), void *ctx)
{
	if (timer->place == 0) {
		if (loop->heap_len + 1 >= loop->heap_size) {
			size_t size = loop->heap_size ? loop->heap_size * 2 : 64;
			struct loop_timer **grown = reallocarray(loop->heap, size, sizeof(*grown));

			if (!grown)
				return -ENOMEM;
			loop->heap = grown;
			loop->heap_size = size;
		}
		heap_put(loop, ++loop->heap_len, timer);
	}
	timer->loop = loop;
	timer->fired = fired;
	timer->ctx = ctx;
	timer->due = loop->now + (delay_ms > 0 ? delay_ms : 0);
	heap_up(loop, timer->place);
	heap_down(loop, timer->place);
	return 0;
}

void loop_timer_cancel(struct loop_timer *timer)
{
	struct loop *loop = timer->loop;
	size_t place = timer->place;

	if (place == 0)
		return;
	timer->place = 0;
	if (place != loop->heap_len) {
		heap_put(loop, place, loop->heap[loop->heap_len--]);
		heap_up(loop, place);
		heap_down(loop, place);
	} else {
		loop->heap_len--;
	}
}

/* As many as are due now at most: one that is set again for now does not keep the fds waiting for ever. */
static void fire_due(struct loop *loop)
{
	size_t left = loop->heap_len;

	while (left-- > 0 && loop->heap_len > 0 && loop->heap[1]->due <= loop->now) {
		struct loop_timer *timer = loop->heap[1];

		loop_timer_cancel(timer);
		timer->fired(timer->ctx);
	}
}

/* ---- turns ------------------------------------------------------------------------------------------------------- */

static int time_to_wait(const struct loop *loop, int timeout_ms)
{
	int64_t wait;

	if (loop->heap_len == 0)
		return timeout_ms;
	wait = loop->heap[1]->due - monotonic_ms(loop);
	if (wait < 0)
		wait = 0;
	if (wait > INT32_MAX)
		wait = INT32_MAX;
	return timeout_ms >= 0 && timeout_ms < wait ? timeout_ms : (int)wait;
}

int loop_once(struct loop *loop, int timeout_ms)
{
	struct epoll_event events[EVENTS_PER_TURN];
	int n = epoll_wait(loop->epoll, events, EVENTS_PER_TURN, time_to_wait(loop, timeout_ms));

	if (n < 0 && errno != EINTR)
		return -errno;
	loop->now = monotonic_ms(loop);
	for (int i = 0; i < n; i++) {
		struct loop_watch *watch = loop->watches[events[i].data.u64 & UINT32_MAX];

		if (watch && watch_tag(watch) == events[i].data.u64)
			watch->ready(watch->ctx, events[i].events);
	}
	fire_due(loop);
	return 0;
}

int loop_run(struct loop *loop, struct oci_error *err)
{
	loop->stopping = false;
	while (!loop->stopping) {
		int r = loop_once(loop, -1);

		if (r < 0)
			return err_sys(err, -r, "epoll_wait");
	}
	return 0;
}
