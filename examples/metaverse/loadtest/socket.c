/* SPDX-License-Identifier: Apache-2.0 */
/*
 * socket.c - see socket.h. A struct socket lives until libwebsockets has said for the last time that its connection ended.
 */
#include <errno.h>
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "socket.h"

#define MESSAGE_MAX 1048576
#define QUEUE_MAX 64

struct sockets {
	struct lws_context *context;
};

struct message {
	struct message *next;
	size_t length;
	unsigned char data[]; /* LWS_PRE bytes of room, then the text */
};

struct socket {
	struct lws *wsi;
	const struct socket_events *events;
	void *ctx;
	bool open, opening, ended, leaving;
	int code; /* of the other end's close frame */
	struct message *first, **last;
	unsigned queued;
	char *text; /* a message that comes in parts */
	size_t have, room;
};

static void socket_free(struct socket *socket)
{
	while (socket->first) {
		struct message *next = socket->first->next;

		free(socket->first);
		socket->first = next;
	}
	free(socket->text);
	free(socket);
}

/* the connection is over; whoever opened it hears of it unless he wanted that, or still waits in socket_open() */
static void socket_ended(struct socket *socket, enum kind kind, const char *words)
{
	if (socket->ended)
		return;
	socket->ended = true;
	if (socket->wsi)
		lws_set_wsi_user(socket->wsi, NULL);
	if (socket->opening)
		return;
	if (!socket->leaving)
		socket->events->closed(socket->ctx, kind, socket->code, words);
	socket_free(socket);
}

static int receive(struct socket *socket, struct lws *wsi, const char *data, size_t length)
{
	if (socket->leaving)
		return 0;
	if (socket->have + length + 1 > socket->room) {
		size_t room = (socket->have + length + 1) * 2;
		char *grown = room <= MESSAGE_MAX ? realloc(socket->text, room) : NULL;

		if (!grown)
			return -1;
		socket->text = grown;
		socket->room = room;
	}
	memcpy(socket->text + socket->have, data, length);
	socket->have += length;
	socket->text[socket->have] = '\0';
	if (lws_remaining_packet_payload(wsi) == 0 && lws_is_final_fragment(wsi)) {
		size_t whole = socket->have;

		socket->have = 0;
		socket->events->message(socket->ctx, socket->text, whole);
	}
	return 0;
}

static int send_next(struct socket *socket, struct lws *wsi)
{
	struct message *message = socket->first;

	if (message) {
		if (lws_write(wsi, message->data + LWS_PRE, message->length, LWS_WRITE_TEXT) < 0)
			return -1;
		socket->first = message->next;
		if (!socket->first)
			socket->last = &socket->first;
		socket->queued--;
		free(message);
	}
	if (socket->first) {
		(void)lws_callback_on_writable(wsi);
	} else if (socket->leaving) {
		lws_close_reason(wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
		return -1;
	}
	return 0;
}

/* libwebsockets has no errno for a connection that failed, but words */
static enum kind kind_of(const char *words)
{
	if (strstr(words, "imeout") || strstr(words, "imed out"))
		return KIND_TIMEOUT;
	if (strstr(words, "HTTP") || strstr(words, "HS: "))
		return strstr(words, " 5") ? KIND_5XX : KIND_WRONG;
	return KIND_REFUSED;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		    size_t length)
{
	struct socket *socket = user;
	const unsigned char *bytes = in;

	if (!socket)
		return 0;
	switch (reason) {
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		socket->wsi = wsi;
		socket->open = true;
		if (socket->first || socket->leaving)
			(void)lws_callback_on_writable(wsi);
		return 0;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		return receive(socket, wsi, in, length);
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		return send_next(socket, wsi);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		if (length >= 2)
			socket->code = bytes[0] << 8 | bytes[1];
		return 0;
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR: {
		const char *words = in ? in : "no connection";

		socket->wsi = wsi;
		socket_ended(socket, kind_of(words), words);
		return 0;
	}
	case LWS_CALLBACK_CLIENT_CLOSED:
		socket_ended(socket, KIND_CLOSED, "the connection was closed");
		return 0;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{ .name = "student", .callback = on_event, .rx_buffer_size = 65536 },
	{ 0 },
};

int sockets_new(struct ev_loop *loop, struct sockets **ret)
{
	struct lws_context_creation_info info = { .port = CONTEXT_PORT_NO_LISTEN,
						  .protocols = protocols,
						  .options = LWS_SERVER_OPTION_LIBEV,
						  .foreign_loops = (void *[]){ loop },
						  .timeout_secs = 20 };
	struct sockets *sockets = calloc(1, sizeof(*sockets));

	if (!sockets)
		return -ENOMEM;
	lws_set_log_level(LLL_ERR, NULL);
	sockets->context = lws_create_context(&info);
	if (!sockets->context) {
		free(sockets);
		return -ENOMEM;
	}
	*ret = sockets;
	return 0;
}

void sockets_free(struct sockets *sockets)
{
	if (!sockets)
		return;
	lws_context_destroy(sockets->context);
	free(sockets);
}

struct socket *socket_open(struct sockets *sockets, const char *host, unsigned port,
			   const char *path, const struct socket_events *events, void *ctx)
{
	struct socket *socket = calloc(1, sizeof(*socket));
	char name[300];
	struct lws_client_connect_info info = { .context = sockets->context,
						.address = host,
						.port = (int)port,
						.path = path,
						.host = name,
						.origin = name,
						.local_protocol_name = protocols[0].name,
						.userdata = socket };

	if (!socket)
		return NULL;
	(void)snprintf(name, sizeof(name), "%s:%u", host, port);
	socket->events = events;
	socket->ctx = ctx;
	socket->last = &socket->first;
	socket->opening = true;
	info.pwsi = &socket->wsi;
	if (!lws_client_connect_via_info(&info) || socket->ended) {
		socket_free(socket);
		return NULL;
	}
	socket->opening = false;
	return socket;
}

int socket_send(struct socket *socket, const char *text)
{
	size_t length = strlen(text);
	struct message *message;

	if (socket->queued >= QUEUE_MAX)
		return -EAGAIN;
	message = calloc(1, sizeof(*message) + LWS_PRE + length);
	if (!message)
		return -ENOMEM;
	memcpy(message->data + LWS_PRE, text, length);
	message->length = length;
	*socket->last = message;
	socket->last = &message->next;
	socket->queued++;
	if (socket->open)
		(void)lws_callback_on_writable(socket->wsi);
	return 0;
}

void socket_close(struct socket *socket)
{
	if (!socket)
		return;
	socket->leaving = true;
	if (socket->open)
		(void)lws_callback_on_writable(socket->wsi);
	else
		lws_set_timeout(socket->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}
