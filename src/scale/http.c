/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.c - sockets, peers and libmicrohttpd's place in the loop.
 *
 * Connections are accepted here and handed to the library, because only here the peer of a unix socket is known before a byte of
 * it is read.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/io.h"
#include "base/mem.h"
#include "scale/http_private.h"

#define CONNECTIONS_LOCAL 256
#define CONNECTIONS_TCP 96
#define CONNECTION_MEMORY ((size_t)16 * 1024)
#define SILENCE_S 15 /* without a byte either way */
#define REQUEST_MS 30000
#define ACCEPTS_PER_TURN 32
#define RETRY_MS 200

/* ---- turns ------------------------------------------------------------------------------------------------------- */

static void port_run(void *ctx)
{
	struct http_port *port = ctx;
	MHD_UNSIGNED_LONG_LONG wait;

	loop_timer_cancel(&port->turn);
	(void)MHD_run(port->daemon);
	if (MHD_get_timeout(port->daemon, &wait) == MHD_YES)
		(void)loop_timer_set(port->http->loop, &port->turn, (int64_t)wait, port_run, port);
}

static void port_ready(void *ctx, uint32_t events)
{
	(void)events;
	port_run(ctx);
}

void http_turn(struct http_port *port)
{
	(void)loop_timer_set(port->http->loop, &port->turn, 0, port_run, port);
}

/* ---- connections ------------------------------------------------------------------------------------------------- */

static void sweep(void *ctx);

static void sweep_later(struct http_port *port)
{
	(void)loop_timer_set(port->http->loop, &port->sweep, port->http->request_ms / 4, sweep,
			     port);
}

static void sweep(void *ctx)
{
	struct http_port *port = ctx;
	int64_t now = loop_now(port->http->loop);

	for (struct http_conn *conn = port->conns; conn; conn = conn->next)
		if (conn->reading && now - conn->since > port->http->request_ms)
			(void)shutdown(conn->fd, SHUT_RDWR); /* the library sees its end */
	if (port->conns)
		sweep_later(port);
}

static void conn_begin(struct http_port *port, struct MHD_Connection *connection, void **context)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct http_conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return; /* http_request_begin refuses it */
	conn->port = port;
	conn->fd = info->connect_fd;
	conn->reading = true;
	conn->since = loop_now(port->http->loop);
	conn->next = port->conns;
	conn->slot = &port->conns;
	if (conn->next)
		conn->next->slot = &conn->next;
	port->conns = conn;
	*context = conn;
	if (port->sweep.place == 0)
		sweep_later(port);
}

static void conn_end(struct http_conn *conn)
{
	if (!conn)
		return;
	*conn->slot = conn->next;
	if (conn->next)
		conn->next->slot = conn->slot;
	free(conn);
}

static void conn_notify(void *cls, struct MHD_Connection *connection, void **context,
			enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		conn_begin(cls, connection, context);
	} else {
		conn_end(*context);
		*context = NULL;
	}
}

/* unix(7): the credentials are those at the time of connect */
static bool peer_may(const struct http_port *port, int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (!port->local)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid();
}

static void accept_ready(void *ctx, uint32_t events);

static void accept_again(void *ctx)
{
	struct http_port *port = ctx;

	(void)loop_watch_add(port->http->loop, &port->accept, port->fd, EPOLLIN, accept_ready,
			     port);
}

/* Without descriptors or memory the socket stays readable: look away for a moment. */
static void accept_later(struct http_port *port)
{
	loop_watch_remove(&port->accept);
	(void)loop_timer_set(port->http->loop, &port->retry, RETRY_MS, accept_again, port);
}

static void accept_ready(void *ctx, uint32_t events)
{
	struct http_port *port = ctx;

	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct sockaddr_storage peer = { 0 };
		socklen_t size = sizeof(peer);
		int fd = accept4(port->fd, (struct sockaddr *)&peer, &size,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && errno == EAGAIN)
			break;
		if (fd < 0) {
			if (errno != ECONNABORTED && errno != EINTR)
				accept_later(port);
			break;
		}
		if (peer_may(port, fd)) {
			/* it closes the socket itself when there are too many */
			(void)MHD_add_connection(port->daemon, fd, (struct sockaddr *)&peer, size);
		} else {
			port->http->api.metrics.refused++;
			(void)close(fd);
		}
	}
	http_turn(port);
}

/* ---- listening --------------------------------------------------------------------------------------------------- */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "127.0.0.1:9700", "[::1]:9700", "localhost:9700" */
static int parse_listen(const char *text, union address *ret, char host[64], struct oci_error *err)
{
	const char *colon = strrchr(text, ':');
	const char *from = text;
	size_t length = colon ? (size_t)(colon - text) : 0;
	uint32_t port = 0;

	if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
		from++;
		length -= 2;
	}
	if (length == 0 || length >= 64 || parse_u32(colon + 1, &port) < 0 || port > UINT16_MAX)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "listen: expected ADDRESS:PORT, got %.100s", text);
	(void)snprintf(host, 64, "%.*s", (int)length, from);
	if (strcmp(host, "localhost") == 0)
		(void)strcpy(host, "127.0.0.1");
	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons((uint16_t)port);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons((uint16_t)port);
		return 0;
	}
	return err_set_as(err, ERR_USAGE, EINVAL, "listen: %s is not an address", host);
}

static int note_address(struct http *http, int fd, const char *host, struct oci_error *err)
{
	union address address = { .any.sa_family = AF_UNSPEC };
	socklen_t size = sizeof(address);
	bool v6 = strchr(host, ':') != NULL;

	if (getsockname(fd, &address.any, &size) < 0)
		return err_sys(err, errno, "getsockname");
	(void)snprintf(http->listen, sizeof(http->listen), "%s%s%s:%u", v6 ? "[" : "", host,
		       v6 ? "]" : "", ntohs(v6 ? address.v6.sin6_port : address.v4.sin_port));
	return 0;
}

static int listen_tcp(struct http *http, const struct http_options *options, int *ret,
		      struct oci_error *err)
{
	CLEANUP_CLOSE int fd = -1;
	union address address = { .any.sa_family = AF_UNSPEC };
	char host[64] = "";
	int one = 1;
	int r = parse_listen(options->listen, &address, host, err);

	if (r == 0)
		r = http_guard_begin(&http->guard, options->token, host, err);
	if (r != 0)
		return r;
	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, &address.any,
		 address.any.sa_family == AF_INET ? sizeof(address.v4) : sizeof(address.v6)) < 0 ||
	    listen(fd, 64) < 0)
		return err_sys(err, errno, "listen on %s", options->listen);
	r = note_address(http, fd, host, err);
	if (r < 0)
		return r;
	*ret = TAKE_FD(fd);
	return 0;
}

static void say_nothing(void *cls, const char *format, va_list ap)
{
	(void)cls;
	(void)format;
	(void)ap;
}

static int port_begin(struct http_port *port, struct oci_error *err)
{
	unsigned limit = port->local ? CONNECTIONS_LOCAL : CONNECTIONS_TCP;
	const union MHD_DaemonInfo *info;
	int r;

	port->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
			MHD_USE_ERROR_LOG,
		0, NULL, NULL, http_request_handle, port, MHD_OPTION_EXTERNAL_LOGGER, say_nothing,
		NULL, MHD_OPTION_URI_LOG_CALLBACK, http_request_begin, port,
		MHD_OPTION_NOTIFY_COMPLETED, http_request_end, port, MHD_OPTION_NOTIFY_CONNECTION,
		conn_notify, port, MHD_OPTION_CONNECTION_LIMIT, limit,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SILENCE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT,
		1, MHD_OPTION_END);
	if (!port->daemon)
		return err_sys(err, errno ? errno : ENOMEM, "start libmicrohttpd");
	info = MHD_get_daemon_info(port->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return err_set(err, ENOTSUP, "libmicrohttpd was built without epoll");
	r = loop_watch_add(port->http->loop, &port->epoll, info->epoll_fd, EPOLLIN, port_ready,
			   port);
	if (r == 0)
		r = loop_watch_add(port->http->loop, &port->accept, port->fd, EPOLLIN, accept_ready,
				   port);
	return r < 0 ? err_sys(err, -r, "watch a listening socket") : 0;
}

static void port_end(struct http_port *port)
{
	loop_watch_remove(&port->accept);
	loop_watch_remove(&port->epoll);
	loop_timer_cancel(&port->turn);
	loop_timer_cancel(&port->retry);
	if (port->daemon)
		MHD_stop_daemon(port->daemon);
	port->daemon = NULL;
	loop_timer_cancel(&port->turn);
	loop_timer_cancel(&port->sweep);
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static void on_event(void *ctx, const struct supervisor_event *event)
{
	struct http *http = ctx;

	api_event(&http->api, event);
	http_requests_event(http, event);
}

static int http_begin(struct http *http, const struct http_options *options, struct oci_error *err)
{
	int r = api_begin(&http->api, http->sv, err);

	http->api.scaler = options->scaler;
	http->api.end = options->shutdown;
	http->api.end_ctx = options->ctx;
	if (r == 0 && options->listen)
		r = listen_tcp(http, options, &http->ports[1].fd, err);
	if (r == 0)
		r = port_begin(&http->ports[0], err);
	if (r == 0 && options->listen) {
		http->api.listen = http->listen;
		http->api.token = http->guard.token;
		r = port_begin(&http->ports[1], err);
	}
	return r;
}

int http_new(struct supervisor *sv, const struct http_options *options, struct http **ret,
	     struct oci_error *err)
{
	struct http *http = calloc(1, sizeof(*http));
	int r;

	if (!http)
		return err_nomem(err);
	http->sv = sv;
	http->loop = supervisor_loop(sv);
	http->request_ms = options->request_ms > 0 ? options->request_ms : REQUEST_MS;
	http->listener = (struct supervisor_listener){ .event = on_event, .ctx = http };
	http->ports[0] = (struct http_port){ .http = http, .local = true, .fd = options->socket };
	http->ports[1] = (struct http_port){ .http = http, .fd = -1 };
	supervisor_listen(sv, &http->listener);
	r = http_begin(http, options, err);
	if (r < 0) {
		http->ports[0].fd = -1;
		http_free(http);
		return r;
	}
	*ret = http;
	return 0;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	supervisor_unlisten(http->sv, &http->listener);
	http_requests_drop(http);
	for (size_t i = 0; i < ARRAY_LEN(http->ports); i++) {
		port_end(&http->ports[i]);
		fd_closep(&http->ports[i].fd);
	}
	loop_timer_cancel(&http->tick);
	api_end(&http->api);
	explicit_bzero(&http->guard, sizeof(http->guard));
	free(http);
}

const char *http_listen(const struct http *http)
{
	return http->listen[0] ? http->listen : NULL;
}

unsigned http_busy(const struct http *http)
{
	return http->busy;
}
