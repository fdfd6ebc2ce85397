/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop.h - one epoll(7) for everything the supervisor waits for: fds, times, signals.
 *
 * One thread. Callbacks may add and remove any watch or timer, their own too. Times are CLOCK_MONOTONIC milliseconds, so
 * that steps of the clock change nothing.
 */
#ifndef CARTE_SCALE_LOOP_H
#define CARTE_SCALE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct loop;
struct oci_error;

int loop_new(struct loop **ret, struct oci_error *err);
void loop_free(struct loop *loop);

/** loop_run - until loop_stop; 0 or -errno of epoll_wait. */
int loop_run(struct loop *loop, struct oci_error *err);
void loop_stop(struct loop *loop);

/** loop_once - handle what is ready now, waiting at most @timeout_ms (-1: until something is); for tests. */
int loop_once(struct loop *loop, int timeout_ms);

/** loop_now - milliseconds, CLOCK_MONOTONIC, read once per turn of the loop. */
int64_t loop_now(const struct loop *loop);

/** loop_advance - tests: so much time has passed at once. */
void loop_advance(struct loop *loop, int64_t ms);

/** struct loop_watch - an fd that is waited for. Owned by the caller, zeroed before first use; the fd stays the caller's. */
struct loop_watch {
	struct loop *loop;
	int fd;
	void (*ready)(void *ctx, uint32_t events); /* EPOLLIN ... */
	void *ctx;
	bool active;
	uint64_t serial;
};

int loop_watch_add(struct loop *loop, struct loop_watch *watch, int fd, uint32_t events,
		   void (*ready)(void *ctx, uint32_t events), void *ctx);
int loop_watch_change(struct loop_watch *watch, uint32_t events);
/** loop_watch_remove - before the fd is closed. Idempotent. */
void loop_watch_remove(struct loop_watch *watch);

/** struct loop_timer - owned by the caller, zeroed before first use. */
struct loop_timer {
	struct loop *loop;
	size_t place; /* in the heap, from 1; 0: not set */
	int64_t due;  /* ms */
	void (*fired)(void *ctx);
	void *ctx;
};

/** loop_timer_set - once, in @delay_ms (0: the next turn). A set timer is moved. 0 or -ENOMEM. */
int loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t delay_ms,
		   void (*fired)(void *ctx), void *ctx);
/** loop_timer_cancel - idempotent. */
void loop_timer_cancel(struct loop_timer *timer);

#endif
