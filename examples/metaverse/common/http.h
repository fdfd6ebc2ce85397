/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h - requests and answers over libmicrohttpd, for the servers that have no WebSockets.
 *
 * What every answer has (X-Replica, CORS, no sniffing), /healthz, /metrics, tokens, limits of bodies, and the count of what
 * is in flight are here; a server has a table of routes.
 */
#ifndef METAVERSE_HTTP_H
#define METAVERSE_HTTP_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <microhttpd.h>

#include "common/metrics.h"
#include "common/server.h"
#include "common/token.h"

#define HTTP_JSON "application/json"

struct http_request;
struct oci_error;

/** enum http_when - what a route's answer() has done. */
enum http_when {
	HTTP_NOW,   /* one of http_reply, http_json, http_error was called */
	HTTP_LATER, /* http_suspend was called; another thread calls http_resume, perhaps already */
};

/** struct http_route - GET answers HEAD too. */
struct http_route {
	const char *method;
	const char *path;  /* all of it; or its beginning when it ends in '/', but for "/" */
	bool open;         /* no token is needed */
	uint64_t body_max; /* bytes; 0: a body is not looked at */
	/* Optional: before the body. An answer that is given here is the answer. */
	void (*begin)(struct http_request *request);
	/* Optional: takes the body piece by piece; without it the body is collected. An answer ends it. */
	void (*data)(struct http_request *request, const void *data, size_t length);
	enum http_when (*answer)(struct http_request *request);
	/* Optional: frees what @state has, in any case. */
	void (*end)(struct http_request *request);
};

struct http_request {
	struct http *http;
	struct MHD_Connection *connection; /* not for other threads */
	const struct http_route *route;
	const char *rest;       /* of the path, behind the route's; "" */
	struct token_user user; /* who it is, when the route needs a token */
	char *body; /* with a NUL behind it; never NULL in answer() if there is a body_max */
	size_t length;
	void *state; /* the route's own */
	/* http.c's own: */
	uint64_t received;
	double begun;
	unsigned status;
	struct MHD_Response *response;
};

/** struct http - set the first part, http_start does the rest. */
struct http {
	struct server *server;
	struct metrics *metrics;
	const struct token_key *key;
	const struct http_route *routes; /* ends with a NULL method */
	void *data;                      /* the server's own */
	unsigned threads;

	struct MHD_Daemon *daemon;
	pthread_mutex_t lock;
	pthread_cond_t idle;
	unsigned in_flight;
};

/** http_start - listen and answer, in threads of its own; says the port. 0 or -errno with words. */
int http_start(struct http *http, uint16_t port, struct oci_error *err);

/** http_drain - wait until nothing is in flight, for at most @seconds. What arrives meanwhile is answered, and its connection closed. */
void http_drain(struct http *http, uint32_t seconds);

/** http_stop - close everything. Nothing may be suspended. */
void http_stop(struct http *http);

/** http_reply - @text is taken, also on failure, and freed. @type: of the content */
void http_reply(struct http_request *request, unsigned status, const char *type, char *text,
		size_t length);

/** http_respond - with a response of libmicrohttpd, which is taken; NULL: memory ran out, the connection is closed. */
void http_respond(struct http_request *request, unsigned status, struct MHD_Response *response);

/** http_json - a document by printf, whose arguments need no escaping. */
void http_json(struct http_request *request, unsigned status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** http_error - {"error": "..."}, one line, escaped. */
void http_error(struct http_request *request, unsigned status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** http_header - of the answer that was given. */
void http_header(struct http_request *request, const char *name, const char *value);

/** http_query - of the request: a value behind '?', or NULL. */
const char *http_query(struct http_request *request, const char *name);

/** http_field - of the request's head, or NULL. */
const char *http_field(struct http_request *request, const char *name);

/** http_suspend - in answer(), before another thread hears of the request. */
void http_suspend(struct http_request *request);

/** http_resume - by the other thread, after an answer was given and as the last that it does with the request. */
void http_resume(struct http_request *request);

#endif
