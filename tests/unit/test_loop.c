/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_loop.c - fds and times of one loop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/loop.h"

struct fixture {
	struct loop *loop;
	int pipes[2][2];
	struct loop_watch watch[2];
	struct loop_timer timer[8];
	unsigned seen[8];
	unsigned order[64], fired;
	int next;
};

static void open_all(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	assert_int_equal(loop_new(&f->loop, NULL), 0);
	assert_int_equal(pipe2(f->pipes[0], O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(pipe2(f->pipes[1], O_CLOEXEC | O_NONBLOCK), 0);
}

static void close_all(struct fixture *f)
{
	for (int i = 0; i < 2; i++) {
		loop_watch_remove(&f->watch[i]);
		fd_closep(&f->pipes[i][0]);
		fd_closep(&f->pipes[i][1]);
	}
	loop_free(f->loop);
}

static void ready0(void *ctx, uint32_t events)
{
	struct fixture *f = ctx;
	char c;

	(void)events;
	f->seen[0]++;
	assert_int_equal(read(f->pipes[0][0], &c, 1), 1);
	/* the other is in the same batch */
	loop_watch_remove(&f->watch[1]);
}

static void ready1(void *ctx, uint32_t events)
{
	struct fixture *f = ctx;
	char c;

	(void)events;
	f->seen[1]++;
	assert_int_equal(read(f->pipes[1][0], &c, 1), 1);
	loop_watch_remove(&f->watch[0]);
}

static void test_removed_in_batch(void **state)
{
	struct fixture f;

	(void)state;
	open_all(&f);
	assert_int_equal(loop_watch_add(f.loop, &f.watch[0], -1, EPOLLIN, ready0, &f), -EBADF);
	assert_int_equal(loop_watch_add(f.loop, &f.watch[0], f.pipes[0][0], EPOLLIN, ready0, &f),
			 0);
	assert_int_equal(loop_watch_add(f.loop, &f.watch[1], f.pipes[1][0], EPOLLIN, ready1, &f),
			 0);
	assert_int_equal(write(f.pipes[0][1], "x", 1), 1);
	assert_int_equal(write(f.pipes[1][1], "x", 1), 1);
	assert_int_equal(loop_once(f.loop, 1000), 0);
	/* whoever came first removed the other */
	assert_int_equal(f.seen[0] + f.seen[1], 1);
	assert_int_equal(loop_once(f.loop, 0), 0);
	assert_int_equal(f.seen[0] + f.seen[1], 1);
	close_all(&f);
}

/* The same fd is watched anew within the batch: the old event is not the new watch's. */
static void replace(void *ctx, uint32_t events)
{
	struct fixture *f = ctx;

	(void)events;
	f->seen[2]++;
	for (int i = 0; i < 2; i++) {
		loop_watch_remove(&f->watch[i]);
		assert_int_equal(loop_watch_add(f->loop, &f->watch[i], f->pipes[i][0], EPOLLIN,
						i ? ready1 : ready0, f),
				 0);
	}
}

static void test_replaced_in_batch(void **state)
{
	struct fixture f;

	(void)state;
	open_all(&f);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			loop_watch_add(f.loop, &f.watch[i], f.pipes[i][0], EPOLLIN, replace, &f),
			0);
		assert_int_equal(write(f.pipes[i][1], "x", 1), 1);
	}
	assert_int_equal(loop_once(f.loop, 1000), 0);
	assert_int_equal(f.seen[2], 1);
	assert_int_equal(f.seen[0] + f.seen[1], 0);
	assert_int_equal(loop_once(f.loop, 1000), 0);
	assert_int_equal(f.seen[0] + f.seen[1], 1);
	close_all(&f);
}

/* ---- times -------------------------------------------------------------------------------------------------------------- */

static struct fixture *current;

static void fired(void *ctx)
{
	current->order[current->fired++] = (unsigned)(uintptr_t)ctx;
}

static void test_order(void **state)
{
	static const int64_t delays[] = { 500, 100, 300, 100000, 200, 400, 0, 50 };
	static const unsigned order[] = { 6, 7, 1, 4, 2, 5, 0 };
	struct fixture f;

	(void)state;
	open_all(&f);
	current = &f;
	for (unsigned i = 0; i < ARRAY_LEN(delays); i++)
		assert_int_equal(
			loop_timer_set(f.loop, &f.timer[i], delays[i], fired, (void *)(uintptr_t)i),
			0);
	/* moved away and back, cancelled twice */
	assert_int_equal(loop_timer_set(f.loop, &f.timer[1], 90000, fired, (void *)1), 0);
	assert_int_equal(loop_timer_set(f.loop, &f.timer[1], 100, fired, (void *)1), 0);
	loop_timer_cancel(&f.timer[3]);
	loop_timer_cancel(&f.timer[3]);
	for (unsigned i = 0; i < 8; i++) {
		loop_advance(f.loop, 100);
		assert_int_equal(loop_once(f.loop, 0), 0);
	}
	assert_int_equal(f.fired, ARRAY_LEN(order));
	for (unsigned i = 0; i < ARRAY_LEN(order); i++)
		assert_int_equal(f.order[i], order[i]);
	close_all(&f);
}

static void again(void *ctx)
{
	struct fixture *f = ctx;

	f->fired++;
	assert_int_equal(loop_timer_set(f->loop, &f->timer[0], 0, again, f), 0);
}

static void stop(void *ctx, uint32_t events)
{
	struct fixture *f = ctx;

	(void)events;
	loop_stop(f->loop);
}

/* One that is always due leaves room for fds. */
static void test_always_due(void **state)
{
	struct fixture f;

	(void)state;
	open_all(&f);
	assert_int_equal(loop_timer_set(f.loop, &f.timer[0], 0, again, &f), 0);
	assert_int_equal(loop_watch_add(f.loop, &f.watch[0], f.pipes[0][0], EPOLLIN, stop, &f), 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(loop_once(f.loop, 0), 0);
	assert_int_equal(f.fired, 10);
	assert_int_equal(write(f.pipes[0][1], "x", 1), 1);
	assert_int_equal(loop_run(f.loop, NULL), 0);
	close_all(&f);
}

static void test_many(void **state)
{
	enum { COUNT = 2000 };
	struct loop_timer *timers = calloc(COUNT, sizeof(*timers));
	struct fixture f;
	int64_t due = 0;

	(void)state;
	open_all(&f);
	current = &f;
	srandom(7);
	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(loop_timer_set(f.loop, &timers[i], random() % 1000, fired, NULL),
				 0);
	for (unsigned i = 0; i < COUNT; i += 2)
		loop_timer_cancel(&timers[i]);
	for (unsigned i = 1; i < COUNT; i += 4)
		assert_int_equal(loop_timer_set(f.loop, &timers[i], random() % 1000, fired, NULL),
				 0);
	/* the heap gives them in order */
	for (unsigned left = COUNT / 2; left > 0; left--) {
		const struct loop_timer *first = NULL;

		for (unsigned i = 0; i < COUNT; i++)
			if (timers[i].place == 1)
				first = &timers[i];
		assert_non_null(first);
		assert_true(first->due >= due);
		due = first->due;
		loop_timer_cancel((struct loop_timer *)(uintptr_t)first);
	}
	free(timers);
	close_all(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_removed_in_batch),
		cmocka_unit_test(test_replaced_in_batch),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_always_due),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
