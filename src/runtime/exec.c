/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec.c - carry `exec` out: cgroups, process, handshake.
 */
#include "runtime/exec.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/bundle.h"
#include "runtime/core_sched.h"
#include "runtime/seccomp.h"
#include "runtime/spawn.h"
#include "runtime/sync.h"

static int find_container(struct execution *x, const char *id, struct oci_error *err)
{
	char *bundle;
	int r;

	r = state_load(&x->arena, x->ctx->root, id, &x->state, err);
	if (r < 0)
		return r;
	if (x->state->status == OCI_STATUS_STOPPED || x->state->status == OCI_STATUS_CREATING)
		return err_set(err, ESRCH, "cannot exec in a %s container: container not running",
			       oci_status_name(x->state->status));
	if (x->state->status == OCI_STATUS_PAUSED && !x->options->ignore_paused)
		return err_set_as(err, ERR_STATE, EBUSY,
				  "cannot exec in a paused container (--ignore-paused overrides)");
	r = bundle_load(&x->arena, x->state->bundle, NULL, &bundle, &x->config, err);
	if (r == 0)
		r = ns_plan(x->config, &x->ns, err);
	if (r == 0 && x->state->lent_user_ns.value)
		x->ns.listed |= CLONE_NEWUSER;
	return r;
}

static int prepare_seccomp(struct execution *x, struct oci_error *err)
{
	CLEANUP_CLOSE int cache = -EBADF;
	struct seccomp_program *program;
	char *path;
	int r;

	if (!x->config->linux_ || !x->config->linux_->seccomp)
		return 0;
	r = seccomp_check(x->config->linux_->seccomp, err);
	if (r < 0)
		return r;
	path = oci_arena_printf(&x->arena, "%s/" STATE_SECCOMP_CACHE, x->ctx->root);
	if (!path)
		return err_nomem(err);
	/* by name: below the state root */
	cache = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	r = seccomp_prepare(&x->arena, x->config->linux_->seccomp, cache, &program, err);
	if (r < 0)
		return r;
	x->child.seccomp = program;
	if (!program->notify)
		return 0;
	x->child.agent_fd = io_connect_unix(SOCK_STREAM, program->listener_path);
	if (x->child.agent_fd < 0)
		return err_sys(err, -x->child.agent_fd, "connect to the seccomp agent %s",
			       program->listener_path);
	return 0;
}

static int spawn_joiner(struct execution *x, struct oci_error *err)
{
	struct child *child = &x->child;
	CLEANUP_CLOSE int cgroup_fd = -EBADF;
	struct spawn spawn = { .cgroup_fd = -1, .before = child_join_before };
	int r;

	if (core_sched_asked(x->config)) {
		r = core_sched_share(x->state, err);
		if (r < 0)
			return r;
	}
	child->init_pidfd = state_pidfd(x->state, err);
	if (child->init_pidfd < 0)
		return child->init_pidfd;
	if (x->options->io.console_socket) {
		child->console_fd = io_connect_unix(SOCK_STREAM, x->options->io.console_socket);
		if (child->console_fd < 0)
			return err_sys(err, -child->console_fd, "connect to the console socket %s",
				       x->options->io.console_socket);
	}
	if (x->options->cgroups.len == 0)
		spawn.cgroup_fd = cgroup_fd = cgroup_v2_fd(&x->state->cgroup);
	/* with --cgroup it is moved further, which must come second */
	/* where a user's systemd must be asked to move it, the runtime does */
	child->enters_cgroups = x->options->cgroups.len == 0 && !x->state->cgroup.user_bus;
	child->late_joins = x->ns.listed;
	child->user_ns = x->ns.listed & CLONE_NEWUSER;
	if (child->user_ns)
		child->setgroups_denied = child_setgroups_denied((pid_t)x->state->pid.value);
	r = launch_spawn(&x->launch, &spawn, child_join_main, err);
	fd_closep(&child->init_pidfd);
	fd_closep(&child->console_fd);
	fd_closep(&child->agent_fd);
	return r;
}

/* --cgroup [CONTROLLER,...:]PATH */
static int enter_sub_cgroup(struct execution *x, const char *text, struct oci_error *err)
{
	char *copy = oci_arena_strdup(&x->arena, text);
	char *colon = copy ? strchr(copy, ':') : NULL;

	if (!copy)
		return err_nomem(err);
	if (colon)
		*colon++ = '\0';
	return cgroup_enter_sub(&x->state->cgroup, x->launch.pid, colon ? copy : NULL,
				colon ? colon : copy, err);
}

static int enter_cgroups(struct execution *x, struct oci_error *err)
{
	bool only_sub = x->state->cgroup.mode == CGROUP_MODE_V2 && x->options->cgroups.len > 0;
	int r = 0;

	/* with the one hierarchy of v2 it goes there at once: the folder above may take no process */
	if (!x->child.enters_cgroups && !only_sub)
		r = cgroup_join(&x->state->cgroup, (pid_t)x->state->pid.value, x->launch.pid,
				x->child.in_v2, err);

	for (size_t i = 0; r == 0 && i < x->options->cgroups.len; i++)
		r = enter_sub_cgroup(x, x->options->cgroups.items[i], err);
	if (r == 0 && x->state->rdt.path)
		r = rdt_enter(&x->state->rdt, x->launch.pid, err);
	return r;
}

static int lead_to_program(struct execution *x, struct oci_error *err)
{
	int r;

	r = enter_cgroups(x, err);
	if (r == 0)
		r = launch_limit(&x->launch, x->ctx->rootless, err);
	if (r == 0)
		r = launch_send_in_cgroup(&x->launch, err);
	if (r == 0)
		r = launch_await_ready(&x->launch, NULL, NULL, err);
	/* conmon takes the pid file for the sign that the program runs, so it comes last */
	if (r == 0)
		r = launch_start(&x->launch, err);
	if (r == 0)
		r = launch_publish(&x->launch, &x->options->io, err);
	return r;
}

void exec_free(struct execution *x)
{
	launch_close(&x->launch);
	fd_closep(&x->child.init_pidfd);
	fd_closep(&x->child.console_fd);
	fd_closep(&x->child.agent_fd);
	fd_closep(&x->child.proc_fd);
	oci_arena_free(&x->arena);
}

#define END_MS 200

/* Namespaces cannot be joined, cgroups are gone, the process is killed: all for one reason that says more. */
static void explain_end(const struct execution *x, struct oci_error *err)
{
	CLEANUP_CLOSE int pidfd = -EBADF;
	struct pollfd end = { .events = POLLIN };
	bool ended;

	/* set as soon as the container was found alive and the plan was good */
	if (!x->child.state || !err)
		return;
	end.fd = pidfd = state_pidfd(x->state, NULL);
	ended = pidfd == -ESRCH;
	/* its namespaces are gone, and processes in them killed, a little before it counts as ended */
	if (pidfd >= 0 &&
	    (err->code == ESRCH || err->code == EPIPE || err->code == ECHILD ||
	     err->code == ENOMEM) &&
	    RETRY_EINTR(poll(&end, 1, END_MS)) == 1)
		ended = true;
	if (!ended)
		return;
	err->code = 0; /* what was said before goes */
	(void)err_set(err, ESRCH, "container not running");
}

int exec_process(struct execution *x, struct cmd_context *ctx, const char *id,
		 const struct exec_options *options, const sigset_t *mask, struct oci_error *err)
{
	struct proc_stat self;
	int r;

	*x = (struct execution){ .arena = OCI_ARENA_INIT, .ctx = ctx, .options = options };
	x->launch = (struct launch){ .sync_fd = -EBADF, .pidfd = -EBADF, .master = -EBADF };
	x->launch.child = &x->child;
	child_prepare(&x->child, id, mask);
	r = inherit_fds_plan(&x->arena, options->io.preserve_fds, &x->inherited, err);
	if (r == 0)
		r = find_container(x, id, err);
	if (r == 0)
		r = exec_plan(x, err);
	if (r == 0)
		r = prepare_seccomp(x, err);
	if (r == 0) {
		/* not to be found out: each of them may be */
		x->child.ignored = proc_stat_read(getpid(), &self) == 0 ? self.ignored : UINT32_MAX;
		x->child.joining = true;
		x->child.config = x->config;
		x->child.state = x->state;
		x->child.ns = &x->ns;
		x->child.keyring = x->state->new_keyring.value;
		x->child.inherited = x->inherited.count;
		r = spawn_joiner(x, err);
	}
	if (r == 0)
		r = lead_to_program(x, err);
	if (r < 0) {
		launch_abort(&x->launch);
		explain_end(x, err);
		exec_free(x);
	}
	return r;
}
