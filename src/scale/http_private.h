/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_private.h - http.c accepts, http_request.c answers.
 */
#ifndef CARTE_SCALE_HTTP_PRIVATE_H
#define CARTE_SCALE_HTTP_PRIVATE_H

#include <microhttpd.h>

#include "scale/api.h"
#include "scale/http.h"
#include "scale/http_guard.h"

/* Of a stream that is not read; then it is ended, and begins again with ?after=. */
#define HTTP_EVENTS_BYTES (1u << 20)

struct event_line;

/** struct http_conn - one connection. */
struct http_conn {
	struct http_port *port;
	struct http_conn *next, **slot;
	int fd;
	bool reading;  /* a request is awaited, or has come in part */
	int64_t since; /* loop_now */
};

/** struct http_port - one listening socket, with a daemon and limits of its own: strangers on TCP take no places from the CLI. */
struct http_port {
	struct http *http;
	bool local; /* the unix socket */
	int fd;
	struct MHD_Daemon *daemon;
	struct loop_watch accept, epoll;
	struct loop_timer turn, retry, sweep;
	struct http_conn *conns;
};

struct http {
	struct supervisor *sv;
	struct loop *loop;
	struct api api;
	struct http_guard guard;
	struct http_port ports[2]; /* unix, TCP */
	char listen[96];
	struct supervisor_listener listener;
	struct http_request *requests; /* those that wait or stream */
	unsigned busy;
	int64_t request_ms;
	struct loop_timer tick; /* asks those that wait */
};

/** struct http_request - from its first line to its end. */
struct http_request {
	struct http_conn *conn;
	struct MHD_Connection *connection;
	struct http_request *next, **slot; /* of http->requests */
	struct api_call call;
	struct oci_error bad; /* the address is */
	char *body;
	size_t size;
	bool looked, handled, suspended, gone;
	struct loop_watch hangup;
	struct loop_timer late;
	/* a stream: first what is kept, then what has come meanwhile */
	bool live;
	uint64_t sent;
	struct event_line *lines, **last;
	size_t bytes;
};

static inline struct http *http_of(const struct http_request *request)
{
	return request->conn->port->http;
}

/** http_turn - let the daemon run in the next turn of the loop. */
void http_turn(struct http_port *port);

/* Of libmicrohttpd; cls: struct http_port */
void *http_request_begin(void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result http_request_handle(void *cls, struct MHD_Connection *connection, const char *url,
				    const char *method, const char *version, const char *upload,
				    size_t *upload_size, void **ctx);
void http_request_end(void *cls, struct MHD_Connection *connection, void **ctx,
		      enum MHD_RequestTerminationCode why);

/* What waits is not watched by the library. */
void http_request_suspend(struct http_request *request);
void http_request_resume(struct http_request *request);

struct MHD_Response *http_stream_begin(struct http_request *request);
void http_stream_event(struct http_request *request, const struct supervisor_event *event);
void http_stream_end(struct http_request *request);

/** http_requests_event - of the supervisor's listener. */
void http_requests_event(struct http *http, const struct supervisor_event *event);
/** http_requests_drop - end all that wait or stream. */
void http_requests_drop(struct http *http);

#endif
