/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outbox.h - datagrams that leave together: one system call for many (sendmmsg(2)).
 */
#ifndef METAVERSE_OUTBOX_H
#define METAVERSE_OUTBOX_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

#define OUTBOX_DATAGRAMS 128
#define OUTBOX_SMALL 96

/** union address - of a client. */
union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/** struct outbox - @fd and @unsent are set by the owner, the rest starts as zeros. */
struct outbox {
	int fd;
	unsigned int count;
	unsigned long long sent,
		unsent; /* unsent: the kernel had no room; UDP may lose what it likes */
	struct mmsghdr headers[OUTBOX_DATAGRAMS];
	struct iovec parts[OUTBOX_DATAGRAMS];
	union address addresses[OUTBOX_DATAGRAMS];
	uint8_t small[OUTBOX_DATAGRAMS][OUTBOX_SMALL];
};

/** outbox_add - @bytes are borrowed until outbox_flush(). */
void outbox_add(struct outbox *outbox, const union address *to, const void *bytes, size_t length);

/** outbox_answer - the same for at most OUTBOX_SMALL bytes, which are copied. */
void outbox_answer(struct outbox *outbox, const union address *to, const void *bytes,
		   size_t length);

void outbox_flush(struct outbox *outbox);

#endif
