/* SPDX-License-Identifier: Apache-2.0 */
/*
 * container.c - start, signal and destroy, by the state file alone.
 */
#include "runtime/container.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/bundle.h"
#include "runtime/hooks.h"
#include "runtime/launch.h"

/* how long a killed process may take to be gone; it may sit in an uninterruptible call */
#define KILL_TIMEOUT_MS 10000

/* poststart and poststop: in the runtime's namespaces, with the bundle as the working folder */
static int run_late_hooks(const struct state *state, const struct oci_config *config, bool poststop,
			  struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_FREE char *text = NULL;
	struct oci_state doc;
	struct oci_config *read;
	size_t length;
	char *bundle;
	int r;

	if (!state->hooks.value)
		return 0;
	if (!config) {
		r = bundle_load(&arena, state->bundle, NULL, &bundle, &read, err);
		if (r < 0)
			return r;
		config = read;
	}
	if (!config->hooks)
		return 0;
	state_to_oci(state, poststop ? OCI_STATUS_STOPPED : OCI_STATUS_RUNNING, &doc);
	r = oci_state_emit(&doc, 0, &text, &length, err);
	if (r < 0)
		return r;
	if (!poststop)
		return hooks_run(config->hooks->poststart, config->hooks->poststart_len,
				 "poststart", state->bundle, text, length, err);
	/* each runs, whatever became of the one before */
	for (size_t i = 0; i < config->hooks->poststop_len; i++)
		(void)hooks_run(&config->hooks->poststop[i], 1, "poststop", state->bundle, text,
				length, NULL);
	return 0;
}

int container_run_poststart(const struct state *state, const struct oci_config *config,
			    struct oci_error *err)
{
	return run_late_hooks(state, config, false, err);
}

void container_run_poststop(const struct state *state, const struct oci_config *config)
{
	(void)run_late_hooks(state, config, true, NULL);
}

int container_start(const char *root, const struct state *state, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_CLOSE int fd = -EBADF;
	char *path;
	int r;

	if (state->status == OCI_STATUS_STOPPED)
		return err_set_as(err, ERR_STATE, EINVAL,
				  "cannot start a container that has stopped");
	if (state->status != OCI_STATUS_CREATED)
		return err_set_as(err, ERR_STATE, EINVAL,
				  "cannot start a container in the %s state",
				  oci_status_name(state->status));
	path = oci_arena_printf(&arena, "%s/%s/" STATE_START_SOCKET, root, state->id);
	if (!path)
		return err_nomem(err);
	fd = io_connect_unix(SOCK_SEQPACKET, path);
	r = fd < 0 ? fd : start_and_confirm(fd, err);
	if (r == -EPIPE || r == -ECONNREFUSED || r == -ENOENT)
		return err_set_as(err, ERR_STATE, EINVAL,
				  "cannot start: the container is not waiting for it");
	if (r < 0)
		return err_sys(err, -r, "start");
	/* the socket's name stays: by now it may be that of a new container with this ID */
	return container_run_poststart(state, NULL, err);
}

static int wait_for_end(int pidfd, struct oci_error *err)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int r = RETRY_EINTR(poll(&p, 1, KILL_TIMEOUT_MS));

	if (r == 0)
		return err_set(err, ETIMEDOUT, "the process is killed but not gone after %d s",
			       KILL_TIMEOUT_MS / 1000);
	return r < 0 ? err_sys(err, errno, "poll") : 0;
}

static bool kill_reaches_init_only(const struct state *state)
{
	return !state->private_pid_ns.value;
}

/*
 * When a container has stopped, with nobody left in its cgroup, another one may be made there: both have the same
 * linux.cgroupsPath. From then on whoever is in that cgroup is the other's. Looked for only where somebody is.
 */
static int find_successor(const char *root, const struct state *state,
			  enum cgroup_overlap *ret_overlap, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	size_t len = 0, pids_len = 0;
	struct state *other;
	char **ids;
	pid_t *pids;
	int r;

	*ret_overlap = CGROUP_APART;
	if (cgroup_pids(&state->cgroup, &arena, &pids, &pids_len, NULL) < 0 || pids_len == 0)
		return 0;
	r = state_list(&arena, root, &ids, &len, err);
	for (size_t i = 0; r == 0 && i < len && *ret_overlap == CGROUP_APART; i++) {
		/* one that is deleted while we look, or half-made, has nobody there */
		if (strcmp(ids[i], state->id) == 0 ||
		    state_load(&arena, root, ids[i], &other, NULL) < 0 ||
		    other->status == OCI_STATUS_STOPPED)
			continue;
		*ret_overlap = cgroup_overlap(&state->cgroup, &other->cgroup);
		if (*ret_overlap != CGROUP_BELOW)
			continue;
		return err_set_as(
			err, ERR_STATE, EBUSY,
			"cgroup: that of container '%s' is below this one's; delete it first",
			ids[i]);
	}
	return r;
}

int container_signal(const char *root, const struct state *state, int sig, bool all,
		     struct oci_error *err)
{
	CLEANUP_CLOSE int pidfd = -EBADF;
	bool cgroups = state->cgroup.mode != CGROUP_MODE_NONE;
	enum cgroup_overlap overlap = CGROUP_APART;
	int r;

	if (sig == SIGKILL && kill_reaches_init_only(state))
		all = true;
	if (all && cgroups && state->status == OCI_STATUS_STOPPED) {
		r = find_successor(root, state, &overlap, err);
		if (r < 0)
			return r;
	}
	if (all && cgroups && overlap == CGROUP_APART) {
		r = cgroup_signal(&state->cgroup, sig, err);
		if (r == -ESRCH)
			return err_set(err, ESRCH, "container not running");
		return r;
	}
	if (state->status == OCI_STATUS_STOPPED)
		return err_set(err, ESRCH, "container not running");
	pidfd = state_pidfd(state, err);
	if (pidfd < 0)
		return pidfd;
	r = sys_pidfd_send_signal(pidfd, sig);
	if (r == -ESRCH)
		return err_set(err, ESRCH, "container not running");
	if (r < 0)
		return err_sys(err, -r, "send signal %d", sig);
	/* in a frozen v1 cgroup it stays pending */
	if (sig == SIGKILL && state->status == OCI_STATUS_PAUSED)
		return cgroup_freeze(&state->cgroup, false, err);
	return 0;
}

/* a create that still works on the container would go on making it behind our back */
static int kill_creator(const struct state *state, struct oci_error *err)
{
	CLEANUP_CLOSE int pidfd = -EBADF;
	struct proc_stat stat;

	if (state->status != OCI_STATUS_CREATING || !state->creator_pid.present)
		return 0;
	pidfd = sys_pidfd_open((pid_t)state->creator_pid.value, 0);
	if (pidfd < 0 || proc_stat_read((pid_t)state->creator_pid.value, &stat) < 0 ||
	    stat.start_time != state->creator_start_time.value)
		return 0;
	if (sys_pidfd_send_signal(pidfd, SIGKILL) < 0)
		return 0;
	return wait_for_end(pidfd, err);
}

/* none to be found is what is wanted */
static int kill_all(const char *root, const struct state *state, struct oci_error *err)
{
	struct oci_error killed = OCI_ERROR_INIT;
	int r = container_signal(root, state, SIGKILL, false, &killed);

	return r < 0 && r != -ESRCH ? err_copy(err, &killed) : 0;
}

int container_kill(const char *root, const struct state *state, struct oci_error *err)
{
	CLEANUP_CLOSE int pidfd = -EBADF;
	int r;

	r = kill_creator(state, err);
	if (r < 0)
		return r;
	pidfd = state_pidfd(state, NULL);
	if (pidfd < 0)
		return 0;
	r = kill_all(root, state, err);
	return r < 0 ? r : wait_for_end(pidfd, err);
}

/* Processes that outlived init (shared pid namespace), or a creator that was killed before it knew init. */
static int kill_left_over(const struct state *state, struct oci_error *err)
{
	struct oci_error killed = OCI_ERROR_INIT;
	int r;

	if (state->private_pid_ns.value && state->pid.present)
		return 0;
	r = cgroup_signal(&state->cgroup, SIGKILL, &killed);
	return r < 0 && r != -ESRCH ? err_copy(err, &killed) : 0;
}

int container_destroy(const char *root, struct state_dir *dir, const struct state *state,
		      const struct oci_config *config, struct oci_error *err)
{
	enum cgroup_overlap overlap;
	int r;

	r = find_successor(root, state, &overlap, err);
	if (r == 0 && overlap == CGROUP_APART) {
		r = kill_left_over(state, err);
		if (r == 0)
			r = cgroup_destroy(&state->cgroup, err);
	}
	if (r == 0 && state->rdt.path)
		r = rdt_destroy(&state->rdt, err);
	if (r < 0)
		return r;
	container_run_poststop(state, config);
	return state_dir_remove(dir, err);
}
