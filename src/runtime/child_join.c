/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child_join.c - a further process in a running container (`exec`).
 *
 * From the moment it is in the container's pid namespace, processes of the
 * container may look at it, so before that it is undumpable and has closed
 * every fd of the host but those that it still needs (CVE-2016-9962).
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "runtime/child.h"
#include "runtime/process.h"
#include "runtime/sync.h"

static int step_detach(struct child *child, struct oci_error *err)
{
	const int kept[] = { child->sync_fd, child->console_fd, child->agent_fd,
			     child->init_pidfd };

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(err, errno, "become undumpable");
	child_close_all_but(child, kept, ARRAY_LEN(kept));
	if (setsid() < 0)
		return err_sys(err, errno, "setsid");
	/* while the host's CPUs are still allowed: final narrows it within the container's cpuset */
	return process_set_affinity(child->process, false, err);
}

static int step_namespaces(struct child *child, struct oci_error *err)
{
	int r = child_await_cgroup(child, err);

	if (r < 0)
		return r;
	if (child->late_joins && setns(child->init_pidfd, (int)child->late_joins) < 0) {
		int rest = (int)(child->late_joins & ~(uint64_t)CLONE_NEWUSER);

		/* EINVAL: its user namespace is ours already (a process in between has joined it, spawn.c) */
		if (errno != EINVAL || (uint64_t)rest == child->late_joins ||
		    setns(child->init_pidfd, rest) < 0)
			return err_sys(err, errno, "join the container's namespaces");
	}
	fd_closep(&child->init_pidfd);
	return 0;
}

static int step_affinity(struct child *child, struct oci_error *err)
{
	return process_set_affinity(child->process, true, err);
}

static const struct child_step steps[] = {
	{ "detach from the runtime", step_detach },
	{ "enter the cgroups", child_enter_cgroups },
	{ "join namespaces", step_namespaces },
	{ "become root", child_become_root },
	{ "join the session keyring", child_make_keyring },
	{ "open the terminal", child_open_terminal },
	{ "set process attributes", child_set_attributes },
	{ "install the seccomp filter", child_filter_early },
	{ "drop privileges", child_drop_privileges },
	{ "set the final CPU affinity", step_affinity },
	{ "find the program", child_find_program },
	{ "wait for start", child_await_start },
	{ "execute", child_execute },
};

_Noreturn void child_join_main(void *child)
{
	child_run(child, steps, ARRAY_LEN(steps));
}
