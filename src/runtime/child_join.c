/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child_join.c - a further process in a running container (`exec`).
 *
 * From the moment it is in the container's pid namespace, processes of the
 * container may look at it, those with CAP_SYS_PTRACE even when it is
 * undumpable. So a process that is not in there yet goes ahead: it closes
 * every fd of the host but those that are still needed, becomes undumpable,
 * enters the cgroups and joins all namespaces; the child, its copy, has the
 * container's root and working folder from its first moment on (CVE-2016-9962).
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "runtime/child.h"
#include "runtime/process.h"
#include "runtime/state.h"
#include "runtime/sync.h"

static int join_namespaces(const struct child *child, struct oci_error *err)
{
	int all = (int)child->late_joins, rest = all & ~CLONE_NEWUSER;

	if (!all || setns(child->init_pidfd, all) == 0)
		return 0;
	/* EINVAL: its user namespace is ours already */
	if (errno == EINVAL && rest != all && (!rest || setns(child->init_pidfd, rest) == 0))
		return 0;
	/* its process keeps from being looked at, which only the program that it executes will change */
	if (errno == EPERM && child->user_ns && child->state->status == OCI_STATUS_CREATED)
		return err_set(
			err, EPERM,
			"the container is created, not started: an ordinary user can enter it "
			"only once it runs");
	return err_sys(err, errno, "join the container's namespaces");
}

int child_join_before(void *arg, struct oci_error *err)
{
	struct child *child = arg;
	const int kept[] = { child->sync_fd, child->console_fd, child->agent_fd,
			     child->init_pidfd };
	int r;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* an ordinary user can write it as long as the process is dumpable; root does from outside */
	if (child->user_ns && getauxval(AT_EUID) != 0 && child->process->has_oom_score_adj) {
		r = process_set_oom_score_adj_of(child->process, -EBADF, 0, true, err);
		if (r < 0)
			return r;
	}
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(err, errno, "become undumpable");
	child_close_all_but(child, kept, ARRAY_LEN(kept));
	child->peer_fd = -EBADF;
	/* while the host's CPUs are still allowed: final narrows it within the container's cpuset */
	r = process_set_affinity(child->process, false, err);
	if (r == 0)
		r = child_enter_cgroups(child, err);
	if (r == 0)
		r = join_namespaces(child, err);
	fd_closep(&child->init_pidfd);
	return r;
}

static int step_detach(struct child *child, struct oci_error *err)
{
	if (setsid() < 0)
		return err_sys(err, errno, "setsid");
	return child_await_cgroup(child, err);
}

static int step_affinity(struct child *child, struct oci_error *err)
{
	return process_set_affinity(child->process, true, err);
}

static const struct child_step steps[] = {
	{ "detach from the runtime", step_detach },
	{ "become root", child_become_root },
	{ "join the session keyring", child_make_keyring },
	{ "open the terminal", child_open_terminal },
	{ "set process attributes", child_set_attributes },
	{ "prepare the Landlock rules", child_prepare_landlock },
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
