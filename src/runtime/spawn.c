/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn.c - clone3, directly or by way of a process that joins namespaces first.
 */
#include "runtime/spawn.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/sys.h"

#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL /* 5.5 */
#endif

/* What the process in between leaves behind for its parent, in shared memory. */
struct relay {
	pid_t pid; /* written by the kernel (CLONE_PARENT_SETTID) before the child runs */
	bool in_cgroup;
	struct oci_error err;
};

uint64_t spawn_early_joins(const struct ns_plan *ns)
{
	uint64_t all = 0;

	for (size_t i = 0; i < ns->joins_len; i++)
		all |= (uint64_t)ns->joins[i].flag;
	if (ns->listed & CLONE_NEWUSER)
		return all;
	return all & CLONE_NEWPID ? all : 0;
}

/* Return: pid, 0 in the child, or -errno. */
static int clone_child(const struct spawn *spawn, uint64_t extra, pid_t *parent_tid, int *pidfd,
		       bool *ret_in_cgroup, struct oci_error *err)
{
	struct clone_args args = {
		.flags = spawn->made | extra | CLONE_CLEAR_SIGHAND,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.parent_tid = (uint64_t)(uintptr_t)parent_tid,
		.exit_signal = extra & CLONE_PARENT ? 0 : SIGCHLD,
	};
	const char *hint;
	int r;

	*ret_in_cgroup = spawn->cgroup_fd >= 0;
	if (*ret_in_cgroup) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)spawn->cgroup_fd;
	}
	r = sys_clone3(&args);
	if (*ret_in_cgroup && (r == -EOPNOTSUPP || r == -EBUSY || r == -EACCES || r == -E2BIG)) {
		/* a threaded or not delegated cgroup, or a kernel before 5.7: cgroup_enter will say it or do it */
		*ret_in_cgroup = false;
		args.flags &= ~CLONE_INTO_CGROUP;
		args.cgroup = 0;
		r = sys_clone3(&args);
	}
	if (r >= 0)
		return r;
	hint = sys_hint("clone", -r);
	(void)err_set(err, -r, "make the container's process and namespaces: %s%s%s", strerror(-r),
		      hint ? ": " : "", hint ? hint : "");
	if (hint)
		err_hint(err, "%s", hint);
	return r;
}

_Noreturn static void join_and_clone(const struct spawn *spawn, struct relay *relay,
				     void (*main)(void *), void *arg, bool *in_cgroup)
{
	struct spawn last = *spawn;
	bool unused;
	int r = 0;

	if (spawn->before) {
		/* this process is in it, and a child is where its parent is */
		last.cgroup_fd = -1;
		relay->in_cgroup = *in_cgroup;
		in_cgroup = &unused;
		r = spawn->before(arg, &relay->err);
	}
	if (r == 0 && spawn->early_joins)
		r = ns_enter(spawn->ns, spawn->early_joins, &relay->err);
	if (r == 0)
		r = clone_child(&last, CLONE_PARENT | CLONE_PARENT_SETTID, &relay->pid, NULL,
				in_cgroup, &relay->err);
	if (r == 0)
		main(arg);
	if (!spawn->before)
		relay->in_cgroup = *in_cgroup;
	_exit(r < 0);
}

static int spawn_by_relay(const struct spawn *spawn, void (*main)(void *), void *arg,
			  pid_t *ret_pid, int *ret_pidfd, bool *ret_in_cgroup,
			  struct oci_error *err)
{
	struct relay *relay = mmap(NULL, sizeof(*relay), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct spawn plain = { .cgroup_fd = spawn->before ? spawn->cgroup_fd : -1 };
	int between, r = 0;

	if (relay == MAP_FAILED)
		return err_sys(err, errno, "mmap");
	between = clone_child(&plain, 0, NULL, NULL, ret_in_cgroup, err);
	if (between == 0)
		join_and_clone(spawn, relay, main, arg, ret_in_cgroup);
	if (between < 0) {
		r = between;
	} else {
		(void)RETRY_EINTR(waitpid(between, NULL, 0));
		/* ours by CLONE_PARENT and not yet waited for: its pid cannot be another's */
		*ret_pidfd = relay->pid > 0 ? sys_pidfd_open(relay->pid, 0) : -ECHILD;
		if (relay->err.code)
			r = err_copy(err, &relay->err);
		else if (*ret_pidfd < 0)
			r = err_sys(err, -*ret_pidfd, "make the container's process");
		*ret_pid = relay->pid;
		*ret_in_cgroup = relay->in_cgroup;
	}
	(void)munmap(relay, sizeof(*relay));
	return r < 0 ? r : 0;
}

int spawn_child(const struct spawn *spawn, void (*main)(void *), void *arg, pid_t *ret_pid,
		int *ret_pidfd, bool *ret_in_cgroup, struct oci_error *err)
{
	int pidfd = -EBADF, r;

	if (spawn->early_joins || spawn->before)
		return spawn_by_relay(spawn, main, arg, ret_pid, ret_pidfd, ret_in_cgroup, err);
	r = clone_child(spawn, CLONE_PIDFD, NULL, &pidfd, ret_in_cgroup, err);
	if (r == 0)
		main(arg);
	if (r < 0)
		return r;
	*ret_pid = r;
	*ret_pidfd = pidfd;
	return 0;
}
