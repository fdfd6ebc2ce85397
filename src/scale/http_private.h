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

#define HTTP_EVENTS_BYTES \
	(1u               \
	 << 20) /* of a stream that is not read; then it is ended, and begins again with ?after= */

struct http_request;

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
	char listen[64];
	struct supervisor_listener listener;
	struct http_request *requests; /* those that wait or stream */
	unsigned busy;
	int64_t request_ms;
	struct loop_timer tick;
	int64_t ticked; /* loop_now when those that wait were asked last */
};

/** http_turn - let the daemon run in the next turn of the loop. */
void http_turn(struct http_port *port);

/* Of libmicrohttpd; cls: struct http_port */
void *http_request_begin(void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result http_request_handle(void *cls, struct MHD_Connection *connection, const char *url,
				    const char *method, const char *version, const char *upload,
				    size_t *upload_size, void **ctx);
void http_request_end(void *cls, struct MHD_Connection *connection, void **ctx,
		      enum MHD_RequestTerminationCode why);

/** http_requests_event - of the supervisor's listener. */
void http_requests_event(struct http *http, const struct supervisor_event *event);
/** http_requests_drop - end all that wait or stream. */
void http_requests_drop(struct http *http);

#endif
