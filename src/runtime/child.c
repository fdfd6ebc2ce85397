/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child.c - the steps that the first process of a container and a process of `exec` have in common.
 */
#include "runtime/child.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/procfs.h"
#include "base/sys.h"
#include "runtime/core_sched.h"
#include "runtime/inherit_fds.h"
#include "runtime/landlock.h"
#include "runtime/process.h"
#include "runtime/seccomp.h"
#include "runtime/state.h"
#include "runtime/sync.h"
#include "runtime/terminal.h"

void child_prepare(struct child *child, const char *id, const sigset_t *mask)
{
	*child = (struct child){
		.id = id,
		.sync_fd = -EBADF,
		.peer_fd = -EBADF,
		.lock_fd = -EBADF,
		.start_fd = -EBADF,
		.console_fd = -EBADF,
		.agent_fd = -EBADF,
		.init_pidfd = -EBADF,
		.proc_fd = -EBADF,
		.master = -EBADF,
		.landlock_fd = -EBADF,
		.mask = *mask,
	};
}

/*
 * The caller's ignored signals would stay ignored across execve (conmon ignores SIGPIPE); the program
 * expects the defaults. Handlers are gone already: CLONE_CLEAR_SIGHAND.
 */
static void reset_signals(const struct child *child)
{
	for (int sig = 1; sig < 32; sig++)
		if (child->ignored & 1u << (sig - 1))
			(void)signal(sig, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &child->mask, NULL);
}

_Noreturn void child_run(struct child *child, const struct child_step *steps, size_t count)
{
	struct oci_error err = OCI_ERROR_INIT;

	/*
	 * Until the state file knows this process, the runtime's death must be its own.
	 * Reached when the runtime has died before this call: the sync socket is at its end.
	 */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* as long as a copy of the parent's end is open here, its death is no end of file */
	fd_closep(&child->peer_fd);
	reset_signals(child);
	for (size_t i = 0; i < count; i++) {
		if (steps[i].run(child, &err) >= 0)
			continue;
		if (!err.code)
			(void)err_set(&err, EIO, "%s failed", steps[i].name);
		sync_send_failure(child->sync_fd, &err);
		break;
	}
	_exit(1);
}

static void close_from_to(unsigned first, unsigned last)
{
	if (first > last || sys_close_range(first, last, 0) == 0)
		return;
	/* before 5.9: every number that fs.nr_open allows by default */
	for (unsigned fd = first; fd <= last && fd < 1u << 20; fd++)
		(void)close((int)fd);
}

void child_close_all_but(const struct child *child, const int *kept, size_t count)
{
	unsigned first = 3 + child->inherited;

	/* at most a handful: take the lowest that is left, close the gap before it */
	for (;;) {
		unsigned next = ~0U;

		for (size_t i = 0; i < count; i++)
			if (kept[i] >= 0 && (unsigned)kept[i] >= first && (unsigned)kept[i] < next)
				next = (unsigned)kept[i];
		if (next == ~0U)
			break;
		if (next > first)
			close_from_to(first, next - 1);
		first = next + 1;
	}
	close_from_to(first, ~0U);
}

int child_need_procfs(struct child *child, struct oci_error *err)
{
	if (child->proc_fd < 0)
		child->proc_fd = procfs_open_root(err);
	return child->proc_fd < 0 ? child->proc_fd : 0;
}

bool child_setgroups_denied(pid_t pid)
{
	char path[40], text[16];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)pid);
	else
		snprintf(path, sizeof(path), "/proc/self/setgroups");
	return io_read_small(AT_FDCWD, path, text, sizeof(text)) > 0 && strcmp(text, "deny") == 0;
}

/* setns and clone3 give all capabilities in a user namespace, but files are made with the ids that we have */
int child_become_root(struct child *child, struct oci_error *err)
{
	int64_t denied = 0;
	int r;

	if (child->await_id_maps) {
		r = sync_await(child->sync_fd, SYNC_IDS_MAPPED, &denied, err);
		if (r < 0)
			return r;
		child->setgroups_denied = denied;
	}
	if (!child->user_ns)
		return 0;
	/* joined by path: the host's /proc is still there; for exec the runtime has looked */
	if (!child->await_id_maps && !child->joining)
		child->setgroups_denied = child_setgroups_denied(0);
	/* EINVAL: the container maps no root; then what it makes belongs to the overflow id */
	if (setresgid(0, 0, 0) < 0 && errno != EINVAL)
		return err_sys(err, errno, "become group 0 of the user namespace");
	if (setresuid(0, 0, 0) < 0 && errno != EINVAL)
		return err_sys(err, errno, "become user 0 of the user namespace");
	/* a change of ids clears it (prctl(2), PR_SET_PDEATHSIG) */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	return 0;
}

/*
 * A process that has one thread and moves itself ("0" into tasks) needs no lock over all thread groups; for
 * any other the kernel waits for an RCU grace period, 10 ms on an idle v1 host. Still with the host's mounts
 * and, by user id, with the rights of the host's root.
 */
int child_enter_cgroups(struct child *child, struct oci_error *err)
{
	if (!child->enters_cgroups)
		return 0;
	if (child->joining)
		return cgroup_join(&child->state->cgroup, (pid_t)child->state->pid.value, 0,
				   child->in_v2, err);
	return cgroup_enter(&child->state->cgroup, 0, child->in_v2, err);
}

int child_await_cgroup(struct child *child, struct oci_error *err)
{
	int64_t pid;
	int r;

	if (child->in_cgroup)
		return 0;
	r = sync_await(child->sync_fd, SYNC_IN_CGROUP, &pid, err);
	if (r < 0)
		return r;
	child->outer_pid = (pid_t)pid;
	child->in_cgroup = true;
	return 0;
}

int child_make_keyring(struct child *child, struct oci_error *err)
{
	if (!child->keyring)
		return 0;
	return process_set_keyring(child->id, child->process->selinux, err);
}

int child_open_terminal(struct child *child, struct oci_error *err)
{
	int r;

	if (!child->process->terminal)
		return 0;
	r = terminal_open(child->process, !child->joining, &child->master, err);
	if (r < 0)
		return r;
	if (child->console_fd >= 0)
		r = terminal_send(child->console_fd, child->master, err);
	else
		r = sync_send_fd(child->sync_fd, SYNC_TERMINAL, child->master, err);
	fd_closep(&child->master);
	fd_closep(&child->console_fd);
	return r;
}

int child_set_attributes(struct child *child, struct oci_error *err)
{
	const struct process_plan *plan = child->process;
	bool label = (plan->apparmor && *plan->apparmor) || (plan->selinux && *plan->selinux);
	int r = 0;

	if (label || (plan->has_oom_score_adj && !child->user_ns))
		r = child_need_procfs(child, err);
	if (r == 0 && !child->user_ns)
		r = process_set_oom_score_adj(plan, child->proc_fd, err);
	if (r == 0 && child->core_cookie)
		r = core_sched_new(err);
	if (r == 0)
		r = process_set_scheduler(plan, err);
	if (r == 0)
		r = process_set_ioprio(plan, err);
	if (r == 0 && !child->user_ns)
		r = process_set_rlimits(plan, 0, err);
	if (r == 0)
		r = process_set_mempolicy(plan, err);
	if (r == 0)
		r = process_set_personality(plan, err);
	if (r == 0 && label)
		r = process_set_lsm(plan, child->proc_fd, err);
	return r;
}

static int install_filter(struct child *child, struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL;
	struct oci_process_state document = { 0 };
	struct oci_state state;
	char *fds[] = { (char *)"seccompFd", NULL };
	size_t length = 0;
	int listener = -EBADF, r;

	/* the document is ready before the filter is, which may forbid whatever making it takes */
	if (child->seccomp->notify) {
		state_to_oci(child->state,
			     child->joining ? OCI_STATUS_RUNNING : OCI_STATUS_CREATING, &state);
		if (!child->state->pid.present)
			state.pid = (struct oci_i64){ true, child->outer_pid };
		document = (struct oci_process_state){
			.oci_version = (char *)OCI_RUNTIME_SPEC_VERSION,
			.fds = fds,
			.fds_len = 1,
			.pid = { true, child->outer_pid },
			.metadata = (char *)child->seccomp->listener_metadata,
			.state = &state,
		};
		r = oci_process_state_emit(&document, 0, &text, &length, err);
		if (r < 0)
			return r;
	}
	r = seccomp_install(child->seccomp, &listener, err);
	if (r < 0 || !child->seccomp->notify)
		return r;
	return seccomp_send_listener(child->agent_fd, text, length, listener, err);
}

/* in the root, as its root, and ahead of a filter */
int child_prepare_landlock(struct child *child, struct oci_error *err)
{
	if (!child->landlock)
		return 0;
	child->landlock_fd = landlock_open(child->landlock, err);
	return child->landlock_fd < 0 ? child->landlock_fd : 0;
}

/* without no_new_privs a filter needs CAP_SYS_ADMIN, which is about to go (seccomp(2)) */
int child_filter_early(struct child *child, struct oci_error *err)
{
	if (!child->seccomp || child->process->no_new_privileges)
		return 0;
	return install_filter(child, err);
}

int child_drop_privileges(struct child *child, struct oci_error *err)
{
	struct process_plan *plan = child->process;
	int cwd, r;

	/* as root, which may make it and enter it where the user may not; else again as the user */
	cwd = process_set_cwd(plan, true, NULL);
	r = process_drop_bounding(plan, err);
	if (r == 0)
		r = process_set_user(plan, child->setgroups_denied, err);
	if (r == 0 && cwd < 0)
		r = process_set_cwd(plan, false, err);
	if (r == 0)
		r = process_set_caps(plan, err);
	if (r == 0)
		r = process_set_no_new_privs(plan, err);
	if (r == 0)
		r = process_set_home(plan, err);
	return r;
}

int child_find_program(struct child *child, struct oci_error *err)
{
	return process_find_executable(child->process, child->exe, sizeof(child->exe),
				       &child->exe_path, err);
}

/* Wait on start.sock; what connects and leaves without a word was no `start`. */
static int await_start_socket(struct child *child, struct oci_error *err)
{
	enum sync_state got = SYNC_NONE;

	do {
		/* the one before: nobody may wait for an answer that does not come */
		fd_closep(&child->sync_fd);
		child->sync_fd = RETRY_EINTR(accept4(child->start_fd, NULL, NULL, SOCK_CLOEXEC));
		if (child->sync_fd < 0)
			return err_sys(err, errno, "wait for start");
	} while (sync_receive(child->sync_fd, &got, NULL, NULL, NULL) < 0 || got != SYNC_START);
	fd_closep(&child->start_fd);
	/* a second `start` in the queue meets an end of file without this word */
	return sync_send(child->sync_fd, SYNC_START, child_has_start_hooks(child), err);
}

bool child_has_start_hooks(const struct child *child)
{
	return !child->joining && child->config->hooks &&
	       child->config->hooks->start_container_len > 0;
}

int child_await_start(struct child *child, struct oci_error *err)
{
	bool detached = child->start_fd >= 0;
	int r;

	/*
	 * From here on it lives without the runtime: the signal first, so that the runtime may exit
	 * as soon as it has answered; should it die before that, the socket is at its end.
	 */
	if (prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
		return err_sys(err, errno, "prctl PR_SET_PDEATHSIG");
	r = sync_send(child->sync_fd, SYNC_READY, 0, err);
	if (r == 0)
		r = sync_await(child->sync_fd, detached ? SYNC_WAIT_START : SYNC_START, NULL, err);
	if (r == 0 && detached)
		r = await_start_socket(child, err);
	return r;
}

int child_execute(struct child *child, struct oci_error *err)
{
	int r;

	/*
	 * Not left to execve, which lets go of files in an order of its own: whoever was told by the end of the
	 * sync socket that the program runs would still find the container "created".
	 */
	fd_closep(&child->lock_fd);
	r = child->landlock_fd >= 0 ? landlock_enforce(child->landlock_fd, err) : 0;
	if (r == 0)
		r = inherit_fds_close_rest(child->inherited, err);
	if (r == 0 && child->seccomp && child->process->no_new_privileges)
		r = install_filter(child, err);
	if (r == 0)
		r = process_exec(child->process, child->exe_path, err);
	return r;
}
