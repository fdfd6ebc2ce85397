/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sync.c - messages between the runtime and the container's first process.
 */
#include "runtime/sync.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"

struct sync_message {
	int64_t value;
	int32_t state;
	struct oci_error error; /* only with SYNC_FAILED */
};

#define SYNC_HEADER offsetof(struct sync_message, error)

static const char *const state_names[] = {
	[SYNC_NONE] = "nothing",        [SYNC_IDS_MAPPED] = "ids mapped",
	[SYNC_IN_CGROUP] = "in cgroup", [SYNC_MOUNTED] = "mounted",
	[SYNC_HOOKS_RUN] = "hooks run", [SYNC_TERMINAL] = "terminal",
	[SYNC_READY] = "ready",         [SYNC_WAIT_START] = "wait for start",
	[SYNC_START] = "start",         [SYNC_FAILED] = "failed",
};

static const char *state_name(int32_t state)
{
	return state >= 0 && (size_t)state < ARRAY_LEN(state_names) ? state_names[state] : "?";
}

int sync_pair(int ret[2], struct oci_error *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0)
		return err_sys(err, errno, "socketpair");
	return 0;
}

static int send_message(int fd, const struct sync_message *m, size_t length, struct oci_error *err)
{
	/* a peer that died with unread data of ours resets the connection; to us it is gone in either way */
	if (RETRY_EINTR(send(fd, m, length, MSG_NOSIGNAL)) < 0)
		return err_sys(err, errno == ECONNRESET ? EPIPE : errno, "tell the other side '%s'",
			       state_name(m->state));
	return 0;
}

int sync_send(int fd, enum sync_state state, int64_t value, struct oci_error *err)
{
	struct sync_message m;

	m.state = state;
	m.value = value;
	return send_message(fd, &m, SYNC_HEADER, err);
}

int sync_send_fd(int fd, enum sync_state state, int passed, struct oci_error *err)
{
	struct sync_message m;
	int r;

	m.state = state;
	m.value = 0;
	r = io_send_fds(fd, &m, SYNC_HEADER, &passed, 1);
	if (r < 0)
		return err_sys(err, -r, "pass a file descriptor with '%s'", state_name(state));
	return 0;
}

void sync_send_failure(int fd, const struct oci_error *failure)
{
	struct sync_message m = { .state = SYNC_FAILED, .error = *failure };

	(void)send_message(fd, &m, sizeof(m), NULL);
}

static ssize_t receive(int fd, struct sync_message *m, int *ret_fd)
{
	size_t fds = 0;
	ssize_t n;

	if (ret_fd)
		return io_recv_fds(fd, m, sizeof(*m), ret_fd, 1, &fds);
	n = RETRY_EINTR(recv(fd, m, sizeof(*m), 0));
	return n < 0 ? -errno : n;
}

int sync_receive(int fd, enum sync_state *ret, int64_t *ret_value, int *ret_fd,
		 struct oci_error *err)
{
	struct sync_message m;
	ssize_t n;

	n = receive(fd, &m, ret_fd);
	/*
	 * A peer that died with unread data of ours resets the connection. That is said once, and before what it
	 * sent: its reason is still behind it.
	 */
	if (n == -ECONNRESET)
		n = receive(fd, &m, ret_fd);
	if (n == 0 || n == -ECONNRESET)
		return -EPIPE;
	if (n < 0)
		return err_sys(err, (int)-n, "receive from the other side");
	if ((size_t)n < SYNC_HEADER)
		return err_set(err, EPROTO, "short message from the other side");
	if (m.state == SYNC_FAILED) {
		if ((size_t)n != sizeof(m) || m.error.code <= 0)
			return err_set(err, EPROTO, "a failure without its reason");
		return err_copy(err, &m.error);
	}
	*ret = (enum sync_state)m.state;
	if (ret_value)
		*ret_value = m.value;
	return 0;
}

int sync_await(int fd, enum sync_state want, int64_t *ret_value, struct oci_error *err)
{
	enum sync_state got = SYNC_NONE;
	int r = sync_receive(fd, &got, ret_value, NULL, err);

	if (r == -EPIPE)
		return err_set(err, EPIPE, "the other side ended while '%s' was awaited",
			       state_name(want));
	if (r < 0)
		return r;
	if (got != want)
		return err_set(err, EPROTO, "the other side said '%s' while '%s' was awaited",
			       state_name(got), state_name(want));
	return 0;
}
