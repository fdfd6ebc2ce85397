/* SPDX-License-Identifier: Apache-2.0 */
/*
 * socket.h - WebSocket clients by libwebsockets, on the event loop.
 */
#ifndef LOADTEST_SOCKET_H
#define LOADTEST_SOCKET_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "result.h"

struct sockets; /* all of them */
struct socket;

struct socket_events {
	/** message - one whole text; @text ends with NUL. The socket may be closed from here. */
	void (*message)(void *ctx, const char *text, size_t length);
	/** closed - by the other end, or it never opened; @code is of its close frame, 0 without. The socket is gone. */
	void (*closed)(void *ctx, enum kind kind, int code, const char *words);
};

/** sockets_new - 0 or -ENOMEM. sockets_free() after all are closed. */
int sockets_new(struct ev_loop *loop, struct sockets **ret);
void sockets_free(struct sockets *sockets);

/** socket_open - NULL: it could not even be begun, and no event will come. */
struct socket *socket_open(struct sockets *sockets, const char *host, unsigned port,
			   const char *path, const struct socket_events *events, void *ctx);
/** socket_send - put into the queue. 0, -ENOMEM, or -EAGAIN: the other end has not read for long. */
int socket_send(struct socket *socket, const char *text);
/** socket_close - with code 1000 where it was open; no event will come. NULL is allowed. */
void socket_close(struct socket *socket);

#endif
