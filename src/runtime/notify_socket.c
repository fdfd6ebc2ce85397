/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify_socket.c - the container's readiness, told to our own manager.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "runtime/notify_socket.h"

#define SOCKET_NAME "notify.sock"
#define BARRIER_MS (30 * 1000) /* sd_notify_barrier callers wait about as long for systemd */
#define MESSAGE_SIZE 4096

static const char *manager_address(void)
{
	const char *address = getenv("NOTIFY_SOCKET");

	return address && *address ? address : NULL;
}

int notify_socket_plan(struct oci_arena *arena, const char *state_dir, struct notify_socket **ret,
		       struct oci_error *err)
{
	static char *const options[] = { "bind", "nosuid", "noexec", "nodev", "ro", NULL };
	struct notify_socket *notify;

	if (!manager_address()) {
		*ret = NULL;
		return 0;
	}
	notify = oci_arena_alloc(arena, sizeof(*notify));
	if (!notify)
		return err_nomem(err);
	notify->dir = oci_arena_printf(arena, "%s/" NOTIFY_STATE_DIR, state_dir);
	notify->env = oci_arena_strdup(arena, "NOTIFY_SOCKET=" NOTIFY_INSIDE_DIR "/" SOCKET_NAME);
	notify->mount.destination = oci_arena_strdup(arena, NOTIFY_INSIDE_DIR);
	notify->mount.type = oci_arena_strdup(arena, "bind");
	notify->mount.source = notify->dir;
	notify->mount.options = oci_arena_array(arena, ARRAY_LEN(options), sizeof(char *));
	if (!notify->dir || !notify->env || !notify->mount.destination || !notify->mount.type ||
	    !notify->mount.options)
		return err_nomem(err);
	memcpy(notify->mount.options, options, sizeof(options));
	notify->mount.options_len = ARRAY_LEN(options) - 1;
	*ret = notify;
	return 0;
}

int notify_socket_make_dir(const struct notify_socket *notify, struct oci_error *err)
{
	/* by name: our own state folder */
	if (mkdir(notify->dir, 0755) < 0 && errno != EEXIST)
		return err_sys(err, errno, "notify socket: mkdir %s", notify->dir);
	/* by name: the same; the umask must not keep the container's user out */
	if (chmod(notify->dir, 0755) < 0)
		return err_sys(err, errno, "notify socket: chmod %s", notify->dir);
	return 0;
}

int notify_socket_open(const char *dir, struct oci_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	/* by name: our own state folder */
	CLEANUP_CLOSE int dirfd = open(dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	CLEANUP_CLOSE int fd = -EBADF;
	mode_t mask;
	int r;

	if (dirfd < 0) {
		if (errno == ENOENT)
			return -ENOENT;
		return err_sys(err, errno, "notify socket: open %s", dir);
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, errno, "notify socket");
	/* of one that was killed before us */
	if (unlinkat(dirfd, SOCKET_NAME, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "notify socket: unlink %s/" SOCKET_NAME, dir);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" SOCKET_NAME,
		       dirfd);
	/* open to all from the start: a chmod by name might meet a link that the container has put there */
	mask = umask(0);
	r = bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	(void)umask(mask);
	if (r < 0)
		return err_sys(err, -r, "notify socket: bind %s/" SOCKET_NAME, dir);
	return TAKE_FD(fd);
}

/* @fd: sent along, or -1 */
static int tell_manager(const char *text, size_t length, int fd, struct oci_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = manager_address();
	CLEANUP_CLOSE int sock = -EBADF;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (void *)text, length };
	struct msghdr message = { .msg_name = &address, .msg_iov = &iov, .msg_iovlen = 1 };

	if (!path)
		return 0;
	if ((*path != '/' && *path != '@') || !path[1] || strlen(path) >= sizeof(address.sun_path))
		return err_set(err, EINVAL, "NOTIFY_SOCKET: \"%s\" is not a Unix socket's address",
			       path);
	memcpy(address.sun_path, path, strlen(path));
	if (*path == '@')
		address.sun_path[0] = '\0';
	message.msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return err_sys(err, errno, "NOTIFY_SOCKET");
	if (RETRY_EINTR(sendmsg(sock, &message, MSG_NOSIGNAL)) < 0)
		return err_sys(err, errno, "NOTIFY_SOCKET: send to %s", path);
	return 0;
}

/* The manager closes its copy of the pipe when it has handled all that was sent before (sd_notify_barrier(3)). */
static int barrier(struct oci_error *err)
{
	static const char text[] = "BARRIER=1";
	CLEANUP_CLOSE int mine = -EBADF, theirs = -EBADF;
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, errno, "NOTIFY_SOCKET: pipe");
	mine = ends[0];
	theirs = ends[1];
	r = tell_manager(text, sizeof(text) - 1, theirs, err);
	if (r < 0)
		return r;
	fd_closep(&theirs);
	(void)RETRY_EINTR(poll(&(struct pollfd){ .fd = mine, .events = 0 }, 1, BARRIER_MS));
	return 0;
}

static bool says_ready(char *text)
{
	for (char *line; (line = strsep(&text, "\n"));)
		if (strcmp(line, "READY=1") == 0)
			return true;
	return false;
}

int notify_socket_relay(int fd, pid_t pid, bool *ret_ready, struct oci_error *err)
{
	char text[MESSAGE_SIZE];
	ssize_t n;
	int length, r;

	*ret_ready = false;
	/* No room for control data: the kernel closes whatever descriptors come along. */
	n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR
			       ? 0
			       : err_sys(err, errno, "notify socket: receive");
	text[n] = '\0';
	if (!says_ready(text))
		return 0;
	length = snprintf(text, sizeof(text), "READY=1\nMAINPID=%d", (int)pid);
	r = tell_manager(text, (size_t)length, -1, err);
	if (r < 0)
		return r;
	*ret_ready = true;
	return 0;
}

int notify_socket_wait(int fd, int pidfd, pid_t pid, struct oci_error *err)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = pidfd, .events = POLLIN },
	};
	bool ready = false;
	int r;

	while (!ready) {
		if (RETRY_EINTR(poll(fds, ARRAY_LEN(fds), -1)) < 0)
			return err_sys(err, errno, "notify socket: poll");
		if (fds[0].revents) {
			r = notify_socket_relay(fd, pid, &ready, err);
			if (r < 0)
				return r;
		} else if (fds[1].revents) {
			return 0;
		}
	}
	return barrier(err);
}
