/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outbox.c - see outbox.h.
 */
#include <errno.h>
#include <string.h>

#include "game/outbox.h"

void outbox_flush(struct outbox *outbox)
{
	unsigned int done = 0;

	while (done < outbox->count) {
		int n = sendmmsg(outbox->fd, outbox->headers + done, outbox->count - done,
				 MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0) {
			done += (unsigned int)n;
			outbox->sent += (unsigned int)n;
			continue;
		}
		/* The error is the first datagram's: it is lost, the next ones may have a way. */
		done++;
		outbox->unsent++;
	}
	outbox->count = 0;
}

void outbox_add(struct outbox *outbox, const union address *to, const void *bytes, size_t length)
{
	struct mmsghdr *header;
	unsigned int i;

	if (outbox->count == OUTBOX_DATAGRAMS)
		outbox_flush(outbox);
	i = outbox->count++;
	header = &outbox->headers[i];
	outbox->addresses[i] = *to;
	/* sendmmsg(2) reads the bytes only, msghdr has no const */
	outbox->parts[i] =
		(struct iovec){ .iov_base = (void *)(uintptr_t)bytes, .iov_len = length };
	memset(header, 0, sizeof(*header));
	header->msg_hdr.msg_name = &outbox->addresses[i];
	header->msg_hdr.msg_namelen =
		to->any.sa_family == AF_INET6 ? sizeof(to->v6) : sizeof(to->v4);
	header->msg_hdr.msg_iov = &outbox->parts[i];
	header->msg_hdr.msg_iovlen = 1;
}

void outbox_answer(struct outbox *outbox, const union address *to, const void *bytes, size_t length)
{
	unsigned int i;

	if (outbox->count == OUTBOX_DATAGRAMS)
		outbox_flush(outbox);
	i = outbox->count;
	if (length > OUTBOX_SMALL)
		return;
	memcpy(outbox->small[i], bytes, length);
	outbox_add(outbox, to, outbox->small[i], length);
}
