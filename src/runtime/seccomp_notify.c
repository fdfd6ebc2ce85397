/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_notify.c - the listener's way to the agent.
 *
 * Runs under the container's filter: sendmsg is the only system call here,
 * and seccomp_check refuses profiles that would make it wait for the agent.
 */
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/mem.h"
#include "runtime/seccomp.h"

int seccomp_send_listener(int socket, const void *document, size_t length, int listener,
			  struct oci_error *err)
{
	union {
		struct cmsghdr header; /* for its alignment */
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { (void *)document, length };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);

	memset(&control, 0, sizeof(control));
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(listener));
	memcpy(CMSG_DATA(cmsg), &listener, sizeof(listener));

	/* The fd travels with the first byte; a stream may take a long document in pieces. */
	do {
		ssize_t n = RETRY_EINTR(sendmsg(socket, &message, MSG_NOSIGNAL));

		if (n < 0)
			return err_sys(err, errno, "linux.seccomp.listenerPath: send the listener");
		iov.iov_base = (char *)iov.iov_base + n;
		iov.iov_len -= (size_t)n;
		message.msg_control = NULL;
		message.msg_controllen = 0;
	} while (iov.iov_len > 0);
	return 0;
}
