/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inherit_fds.c - which descriptors go into the container, and that no other does.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/inherit_fds.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4u /* 5.11 */
#endif

#define FIRST_FD 3u
#define COUNT_MAX 65536u
#define FD_END (1u << 20)

static int forced_fallback;

void inherit_fds_force_fallback(int code)
{
	forced_fallback = code;
}

/* sd_listen_fds(3): the variables are for the process that LISTEN_PID names, and not for those that it forks. */
static int listen_count(unsigned *ret, struct oci_error *err)
{
	const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	uint32_t value;

	*ret = 0;
	if (!count || !*count)
		return 0;
	if (pid && *pid && (parse_u32(pid, &value) < 0 || value != (uint32_t)getpid()))
		return 0;
	if (parse_u32(count, &value) < 0 || value > COUNT_MAX)
		return err_set(err, EINVAL, "LISTEN_FDS: expected a small number, got \"%s\"",
			       count);
	*ret = value;
	return 0;
}

static int plan_env(struct oci_arena *arena, unsigned listening, struct inherit_fds *plan,
		    struct oci_error *err)
{
	const char *names = getenv("LISTEN_FDNAMES");

	plan->env[plan->env_len++] = oci_arena_printf(arena, "LISTEN_FDS=%u", listening);
	plan->env[plan->env_len++] = oci_arena_strdup(arena, "LISTEN_PID=1");
	if (names)
		plan->env[plan->env_len++] = oci_arena_printf(arena, "LISTEN_FDNAMES=%s", names);
	for (size_t i = 0; i < plan->env_len; i++)
		if (!plan->env[i])
			return err_nomem(err);
	return 0;
}

int inherit_fds_plan(struct oci_arena *arena, unsigned preserve, struct inherit_fds *ret,
		     struct oci_error *err)
{
	struct inherit_fds plan = { 0 };
	unsigned listening;
	int r;

	r = listen_count(&listening, err);
	if (r < 0)
		return r;
	if (preserve > COUNT_MAX)
		return err_set_as(err, ERR_USAGE, EINVAL, "--preserve-fds %u: at most %u", preserve,
				  COUNT_MAX);
	plan.count = listening + preserve;
	for (unsigned fd = FIRST_FD; fd < FIRST_FD + plan.count; fd++) {
		if (fcntl((int)fd, F_GETFD) >= 0)
			continue;
		if (fd < FIRST_FD + listening)
			return err_set(err, EBADF, "LISTEN_FDS=%u: file descriptor %u is not open",
				       listening, fd);
		return err_set_as(err, ERR_USAGE, EBADF,
				  "--preserve-fds %u: file descriptor %u is not open", preserve,
				  fd);
	}
	if (listening) {
		r = plan_env(arena, listening, &plan, err);
		if (r < 0)
			return r;
	}
	*ret = plan;
	return 0;
}

/*
 * Before 5.11. The caller may be inside the container, whose /proc could leave one out, and limits may be lower than
 * descriptors opened before: so every number that fs.nr_open allows by default.
 */
static int close_rest_one_by_one(unsigned first, struct oci_error *err)
{
	for (unsigned fd = first; fd < FD_END; fd++)
		if (fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0 && errno != EBADF)
			return err_sys(err, errno, "close file descriptor %u on exec", fd);
	return 0;
}

int inherit_fds_close_rest(unsigned count, struct oci_error *err)
{
	int r = forced_fallback ? -forced_fallback
				: sys_close_range(FIRST_FD + count, ~0U, CLOSE_RANGE_CLOEXEC);

	if (r == -ENOSYS || r == -EINVAL || r == -EPERM)
		return close_rest_one_by_one(FIRST_FD + count, err);
	if (r < 0)
		return err_sys(err, -r, "close_range");
	return 0;
}
