/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.c - the runtime's side of the steps in child.c.
 */
#include "runtime/launch.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/child.h"
#include "runtime/process.h"
#include "runtime/spawn.h"
#include "runtime/sync.h"

int launch_check_terminal(const struct process_io *io, bool terminal, struct oci_error *err)
{
	if (io->console_socket && !terminal)
		return err_set(err, EINVAL,
			       "process.terminal: is not true, so --console-socket has nothing to "
			       "receive");
	if (terminal && io->detach && !io->console_socket)
		return err_set(err, EINVAL,
			       "process.terminal: a terminal that is not in the foreground needs "
			       "--console-socket");
	return 0;
}

int launch_spawn(struct launch *launch, const struct spawn *spawn, void (*main)(void *),
		 struct oci_error *err)
{
	int pair[2], r;

	r = sync_pair(pair, err);
	if (r < 0)
		return r;
	launch->sync_fd = pair[0];
	launch->child->sync_fd = pair[1];
	launch->child->peer_fd = pair[0];
	r = spawn_child(spawn, main, launch->child, &launch->pid, &launch->pidfd,
			&launch->child->in_v2, err);
	fd_closep(&pair[1]);
	launch->child->sync_fd = -EBADF;
	return r;
}

int launch_limit(struct launch *launch, bool rootless, struct oci_error *err)
{
	struct child *child = launch->child;
	int r;

	if (!child->user_ns)
		return 0;
	r = process_set_rlimits(child->process, launch->pid, err);
	if (r < 0 || !child->process->has_oom_score_adj)
		return r;
	r = child_need_procfs(child, err);
	if (r < 0)
		return r;
	return process_set_oom_score_adj_of(child->process, child->proc_fd, launch->pid, rootless,
					    err);
}

int launch_send_in_cgroup(struct launch *launch, struct oci_error *err)
{
	struct oci_error said = OCI_ERROR_INIT;
	int r = sync_send(launch->sync_fd, SYNC_IN_CGROUP, launch->pid, &said);

	if (r == -EPIPE)
		r = launch_await_ready(launch, NULL, NULL, err);
	else if (r < 0)
		r = err_copy(err, &said);
	return r;
}

int launch_await_ready(struct launch *launch, int (*on_mounted)(void *, struct oci_error *),
		       void *arg, struct oci_error *err)
{
	for (;;) {
		enum sync_state got = SYNC_NONE;
		int fd = -EBADF;
		int r = sync_receive(launch->sync_fd, &got, NULL, &fd, err);

		if (r == -EPIPE)
			return err_set(err, ECHILD,
				       "the container's process ended before it was ready");
		if (r < 0)
			return r;
		if (got == SYNC_READY)
			return 0;
		if (got == SYNC_TERMINAL && fd >= 0) {
			launch->master = fd;
			continue;
		}
		fd_closep(&fd);
		if (got != SYNC_MOUNTED || !on_mounted)
			return err_set(err, EPROTO, "the container's process said %d out of order",
				       got);
		r = on_mounted(arg, err);
		if (r == 0)
			r = sync_send(launch->sync_fd, SYNC_HOOKS_RUN, 0, err);
		if (r < 0)
			return r;
	}
}

/* conmon and the shim read it as soon as it is there, so it appears whole */
static int write_pid_file(const char *path, pid_t pid, struct oci_error *err)
{
	CLEANUP_CLOSE int dir = -EBADF;
	CLEANUP_FREE char *copy = strdup(path);
	char *name, text[16];
	int r;

	if (!copy)
		return err_nomem(err);
	name = strrchr(copy, '/');
	if (name)
		*name++ = '\0';
	/* by name: the caller's folder */
	dir = open(!name ? "." : *copy ? copy : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, errno, "write the pid file %s", path);
	snprintf(text, sizeof(text), "%d", (int)pid);
	r = io_replace_at(dir, name ? name : copy, text, strlen(text), 0644);
	if (r < 0)
		return err_sys(err, -r, "write the pid file %s", path);
	return 0;
}

static int send_pidfd(const char *path, int pidfd, struct oci_error *err)
{
	CLEANUP_CLOSE int socket = io_connect_unix(SOCK_STREAM, path);
	int r;

	if (socket < 0)
		return err_sys(err, -socket, "connect to the pidfd socket %s", path);
	r = io_send_fds(socket, "pidfd", 5, &pidfd, 1);
	if (r < 0)
		return err_sys(err, -r, "send the pidfd to %s", path);
	return 0;
}

int launch_publish(const struct launch *launch, const struct process_io *io, struct oci_error *err)
{
	int r = 0;

	if (io->pidfd_socket)
		r = send_pidfd(io->pidfd_socket, launch->pidfd, err);
	if (r == 0 && io->pid_file)
		r = write_pid_file(io->pid_file, launch->pid, err);
	return r;
}

static int ended_early(struct oci_error *err)
{
	return err_set(err, ECHILD, "the container's process ended in the startContainer hooks");
}

int start_and_confirm(int fd, struct oci_error *err)
{
	enum sync_state got = SYNC_NONE;
	bool answered = false;
	int64_t hooks = 0;
	int r;

	r = sync_send(fd, SYNC_START, 0, NULL);
	if (r < 0)
		return -EPIPE;
	while ((r = sync_receive(fd, &got, &hooks, NULL, err)) == 0)
		if (got == SYNC_START)
			answered = true;
	if (r == -EPIPE && answered && hooks)
		return ended_early(err);
	/* execve has closed the other end; so has a death, which is the program's affair by now */
	return r == -EPIPE && answered ? 0 : r;
}

int launch_start(struct launch *launch, struct oci_error *err)
{
	enum sync_state got = SYNC_NONE;
	bool hooks = child_has_start_hooks(launch->child);
	int r = sync_send(launch->sync_fd, SYNC_START, 0, err);

	if (r < 0)
		return r;
	while ((r = sync_receive(launch->sync_fd, &got, NULL, NULL, err)) == 0) {
		if (got != SYNC_START || !hooks)
			return err_set(err, EPROTO, "the container's process said %d out of order",
				       got);
		hooks = false;
	}
	if (r == -EPIPE && hooks)
		return ended_early(err);
	return r == -EPIPE ? 0 : r;
}

void launch_abort(struct launch *launch)
{
	if (launch->pid > 0) {
		if (launch->pidfd < 0 || sys_pidfd_send_signal(launch->pidfd, SIGKILL) < 0)
			(void)kill(launch->pid, SIGKILL);
		(void)RETRY_EINTR(waitpid(launch->pid, NULL, 0));
		launch->pid = 0;
	}
	launch_close(launch);
}

void launch_close(struct launch *launch)
{
	fd_closep(&launch->sync_fd);
	fd_closep(&launch->pidfd);
	fd_closep(&launch->master);
}
