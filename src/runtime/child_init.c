/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child_init.c - the first process of a container, from clone3 to its program.
 */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "runtime/child.h"
#include "runtime/hooks.h"
#include "runtime/netdev.h"
#include "runtime/process.h"
#include "runtime/rootfs.h"
#include "runtime/state.h"
#include "runtime/sync.h"

static int step_detach(struct child *child, struct oci_error *err)
{
	(void)err;
	/* the lock of the state folder belongs to the runtime: a copy here would outlive it */
	(void)close(child->dir->fd);
	(void)close(child->dir->root_fd);
	/* processes of a joined pid namespace must not look into this one (CVE-2016-9962) */
	if (ns_joins(child->ns, CLONE_NEWPID | CLONE_NEWUSER))
		(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (setsid() < 0)
		return err_sys(err, errno, "setsid");
	return 0;
}

static int step_namespaces(struct child *child, struct oci_error *err)
{
	int r = ns_enter(child->ns, child->late_joins, err);

	if (r == 0)
		r = ns_set_time(child->ns, err);
	return r;
}

static int step_hostname(struct child *child, struct oci_error *err)
{
	const char *host = child->config->hostname, *domain = child->config->domainname;

	if (host && *host && sethostname(host, strlen(host)) < 0)
		return err_sys(err, errno, "hostname: set '%s'", host);
	if (domain && *domain && setdomainname(domain, strlen(domain)) < 0)
		return err_sys(err, errno, "domainname: set '%s'", domain);
	return 0;
}

static int step_loopback(struct child *child, struct oci_error *err)
{
	return child->ns->made & CLONE_NEWNET ? netdev_loopback_up(err) : 0;
}

static int step_mounts(struct child *child, struct oci_error *err)
{
	return rootfs_mount(child->rootfs, err);
}

/* Run hooks of this side: inside the container's namespaces, with the pid as the host knows it. */
static int run_hooks(struct child *child, const struct oci_hook *hooks, size_t count,
		     const char *kind, enum oci_status status, struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL;
	struct oci_state state;
	size_t length;
	int r;

	if (count == 0)
		return 0;
	r = child_await_cgroup(child, err);
	if (r < 0)
		return r;
	state_to_oci(child->state, status, &state);
	state.pid = (struct oci_i64){ true, child->outer_pid };
	r = oci_state_emit(&state, 0, &text, &length, err);
	if (r < 0)
		return r;
	return hooks_run(hooks, count, kind, NULL, text, length, err);
}

static int step_hooks(struct child *child, struct oci_error *err)
{
	const struct oci_hooks *hooks = child->config->hooks;
	int r = 0;

	if (child->hooks) {
		r = child_await_cgroup(child, err);
		if (r == 0)
			r = sync_send(child->sync_fd, SYNC_MOUNTED, 0, err);
		if (r == 0)
			r = sync_await(child->sync_fd, SYNC_HOOKS_RUN, NULL, err);
	}
	if (r == 0 && hooks)
		r = run_hooks(child, hooks->create_container, hooks->create_container_len,
			      "createContainer", OCI_STATUS_CREATING, err);
	return r;
}

/* Its root is where this process is when it is made, so the cgroup comes first (cgroup_namespaces(7)). */
static int step_cgroup_namespace(struct child *child, struct oci_error *err)
{
	bool done = child->in_cgroup;
	int r = child_await_cgroup(child, err);

	if (r < 0 || done || !(child->ns->made & CLONE_NEWCGROUP))
		return r;
	if (unshare(CLONE_NEWCGROUP) < 0)
		return err_sys(err, errno, "make the cgroup namespace");
	return 0;
}

static int step_enter_root(struct child *child, struct oci_error *err)
{
	return rootfs_enter(child->rootfs, err);
}

/* A missing working folder is made while the root can still be written to; entered it is later, as what it is then. */
static int step_make_cwd(struct child *child, struct oci_error *err)
{
	(void)err;
	if (child->config->root && child->config->root->readonly.value &&
	    strcmp(child->process->cwd, "/") != 0)
		(void)process_set_cwd(child->process, true, NULL);
	return 0;
}

static int step_finish_root(struct child *child, struct oci_error *err)
{
	if (rootfs_needs_procfs(child->rootfs)) {
		int r = child_need_procfs(child, err);

		if (r < 0)
			return r;
	}
	return rootfs_finish(child->rootfs, child->proc_fd, err);
}

/*
 * Once it waits for its start, others may be sent into the container, and it may wait for long: nothing of the host
 * is left in it for them, and what is left they may not look at (CVE-2016-9962, CVE-2024-21626). Ahead of the filter,
 * which may forbid it.
 */
static int step_let_go(struct child *child, struct oci_error *err)
{
	const int kept[] = { child->sync_fd, child->start_fd, child->lock_fd, child->agent_fd,
			     child->landlock_fd };

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(err, errno, "become undumpable");
	child_close_all_but(child, kept, ARRAY_LEN(kept));
	child->proc_fd = -EBADF;
	return 0;
}

static int step_start_hooks(struct child *child, struct oci_error *err)
{
	const struct oci_hooks *hooks = child->config->hooks;
	int r;

	if (!child_has_start_hooks(child))
		return 0;
	r = run_hooks(child, hooks->start_container, hooks->start_container_len, "startContainer",
		      OCI_STATUS_CREATED, err);
	return r == 0 ? sync_send(child->sync_fd, SYNC_START, 0, err) : r;
}

static const struct child_step steps[] = {
	{ "detach from the runtime", step_detach },
	{ "enter the cgroups", child_enter_cgroups },
	{ "wait for id maps", child_become_root },
	{ "join namespaces", step_namespaces },
	{ "set the host name", step_hostname },
	{ "bring the loopback up", step_loopback },
	{ "make the session keyring", child_make_keyring },
	{ "mount file systems", step_mounts },
	{ "enter the cgroup namespace", step_cgroup_namespace },
	{ "run hooks", step_hooks },
	{ "enter the root", step_enter_root },
	{ "open the terminal", child_open_terminal },
	{ "make the working folder", step_make_cwd },
	{ "finish the root", step_finish_root },
	{ "set process attributes", child_set_attributes },
	{ "prepare the Landlock rules", child_prepare_landlock },
	{ "let go of the host", step_let_go },
	{ "install the seccomp filter", child_filter_early },
	{ "drop privileges", child_drop_privileges },
	{ "find the program", child_find_program },
	{ "wait for start", child_await_start },
	{ "run startContainer hooks", step_start_hooks },
	{ "execute", child_execute },
};

_Noreturn void child_init_main(void *child)
{
	child_run(child, steps, ARRAY_LEN(steps));
}

int child_await_cgroup_ns(void *child, struct oci_error *err)
{
	return step_cgroup_namespace(child, err);
}
