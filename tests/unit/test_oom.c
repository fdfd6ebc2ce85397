/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_oom.c - oom.c against the kernel: a memory cgroup of the test's own (v1 or v2), and children that it kills or lets be.
 *
 * Skipped where no such cgroup can be made. Every test ends by looking for fds and removing the cgroup.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "forked.h"
#include "scale.h"
#include "scale/loop.h"
#include "scale/oom.h"

#define LIMIT "8388608"
#define TOO_MUCH (64 << 20)
#define FITS (1 << 20)
#define V1 "/sys/fs/cgroup/memory"
#define V2 "/sys/fs/cgroup"

static const char *reason; /* to skip */
static char path[64];      /* as oom_add wants it */
static char folder[128];

struct stage {
	struct loop *loop;
	struct oom *oom;
	unsigned told, others;
	bool remove; /* when it is told */
	unsigned fds;
};

static struct stage s;

static unsigned count_fds(void)
{
	CLEANUP_CLOSEDIR DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	return count;
}

/* A limit is a file of the cgroup: where the controller is off, there is none, and nothing may be made. */
static int limit(const char *name)
{
	char file[PATH_MAX];
	CLEANUP_CLOSE int fd = open(scale_path(file, "%s/%s", folder, name), O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : io_write_all(fd, LIMIT, strlen(LIMIT));
}

static int enter(void **state)
{
	bool v1 = access(V1, F_OK) == 0;

	(void)state;
	(void)snprintf(path, sizeof(path), "/carte-test-oom-%d", (int)getpid());
	(void)snprintf(folder, sizeof(folder), "%s%s", v1 ? V1 : V2, path);
	if (mkdir(folder, 0755) < 0)
		reason = "needs a memory cgroup that it may make a child of";
	else if (limit(v1 ? "memory.limit_in_bytes" : "memory.max") < 0)
		reason = "needs the memory controller in the root cgroup's children";
	return 0;
}

static int leave(void **state)
{
	(void)state;
	return rmdir(folder) == 0 || errno == ENOENT ? 0 : -1;
}

static void killed(void *ctx)
{
	if (ctx != &s) {
		s.others++;
		return;
	}
	s.told++;
	if (s.remove)
		oom_remove(s.oom, ctx);
}

static void stage_open(void)
{
	if (reason) {
		print_message("skipped: %s\n", reason);
		skip();
	}
	s = (struct stage){ .fds = count_fds() };
	assert_int_equal(loop_new(&s.loop, NULL), 0);
	assert_int_equal(oom_new(s.loop, killed, &s.oom, NULL), 0);
}

/* What is still watched goes as well. */
static void stage_close(void)
{
	oom_free(s.oom);
	loop_free(s.loop);
	assert_int_equal(s.others, 0);
	assert_int_equal(count_fds(), s.fds);
}

/* Ends with 0 when there was room for it. */
static void use_memory(void *arg)
{
	size_t size = *(const size_t *)arg;
	char file[PATH_MAX];
	int fd = open(scale_path(file, "%s/cgroup.procs", folder), O_WRONLY | O_CLOEXEC);
	void *memory;

	REQUIRE(fd >= 0 && write(fd, "0", 1) == 1);
	/* locked: there is no swap to hide in */
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED,
		      -1, 0);
	REQUIRE(memory != MAP_FAILED);
	memset(memory, 1, size);
}

static int child(size_t size)
{
	return forked(use_memory, &size);
}

static void wait_told(unsigned count)
{
	for (unsigned i = 0; i < 100 && s.told < count; i++)
		(void)loop_once(s.loop, 50);
	assert_int_equal(s.told, count);
}

/* Long enough for what v1 tells before the kill. */
static void wait_quiet(unsigned count)
{
	for (unsigned i = 0; i < 20; i++)
		(void)loop_once(s.loop, 10);
	assert_int_equal(s.told, count);
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

static void test_each_kill(void **state)
{
	(void)state;
	stage_open();
	assert_int_equal(oom_add(s.oom, path, 0, &s), 0);
	assert_int_equal(child(TOO_MUCH), 128 + SIGKILL);
	wait_told(1);
	assert_int_equal(child(TOO_MUCH), 128 + SIGKILL);
	wait_told(2);
	wait_quiet(2);
	stage_close();
}

/* Kills before it was added are not its affair, nor are children that fit. */
static void test_no_kill(void **state)
{
	(void)state;
	stage_open();
	assert_int_equal(oom_kills(s.oom, &s), 0);
	assert_int_equal(child(TOO_MUCH), 128 + SIGKILL);
	assert_int_equal(oom_add(s.oom, path, 0, &s), 0);
	assert_int_equal(oom_kills(s.oom, &s), 1);
	assert_int_equal(child(FITS), 0);
	wait_quiet(0);
	stage_close();
}

static void test_removed(void **state)
{
	unsigned fds;
	int other;

	(void)state;
	stage_open();
	assert_int_equal(oom_add(s.oom, path, 0, &other), 0);
	oom_remove(s.oom, &other);
	/* the one for all of v2 stays */
	fds = count_fds();
	assert_int_equal(oom_add(s.oom, path, 0, &other), 0);
	assert_true(count_fds() > fds);
	assert_int_equal(oom_add(s.oom, path, 0, &s), 0);
	oom_remove(s.oom, &other);
	oom_remove(s.oom, &other);
	assert_int_equal(child(TOO_MUCH), 128 + SIGKILL);
	wait_told(1);
	oom_remove(s.oom, &s);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(child(TOO_MUCH), 128 + SIGKILL);
	wait_quiet(1);
	stage_close();
}

static void test_removed_when_told(void **state)
{
	(void)state;
	stage_open();
	s.remove = true;
	assert_int_equal(oom_add(s.oom, path, 0, &s), 0);
	assert_int_equal(child(TOO_MUCH), 128 + SIGKILL);
	wait_told(1);
	assert_int_equal(child(TOO_MUCH), 128 + SIGKILL);
	wait_quiet(1);
	stage_close();
}

/* v1 writes to the eventfd then too. */
static void test_cgroup_goes(void **state)
{
	(void)state;
	stage_open();
	assert_int_equal(oom_add(s.oom, path, 0, &s), 0);
	assert_int_equal(rmdir(folder), 0);
	wait_quiet(0);
	stage_close();
}

static void test_no_cgroup(void **state)
{
	(void)state;
	stage_open();
	assert_int_equal(oom_add(s.oom, "/carte-test-oom-none", 0, &s), -ENOENT);
	assert_int_equal(oom_kills(s.oom, &s), 0);
	stage_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_each_kill, enter, leave),
		cmocka_unit_test_setup_teardown(test_no_kill, enter, leave),
		cmocka_unit_test_setup_teardown(test_removed, enter, leave),
		cmocka_unit_test_setup_teardown(test_removed_when_told, enter, leave),
		cmocka_unit_test_setup_teardown(test_cgroup_goes, enter, leave),
		cmocka_unit_test_setup_teardown(test_no_cgroup, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
