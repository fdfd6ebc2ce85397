/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h - one student's HTTP/1.1 connections: libcurl's multi interface on the event loop.
 *
 * Each student has a pool of his own, as each browser has: nobody's request leaves by another's connection.
 */
#ifndef LOADTEST_HTTP_H
#define LOADTEST_HTTP_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "result.h"

struct http;

struct http_ask {
	const char *method; /* GET or POST */
	const char *url;
	const char *token; /* NULL: none */
	const char *body;  /* JSON of a POST */
	unsigned timeout_ms;
	bool hash; /* the body is hashed, not kept */
};

struct http_answer {
	bool ok;           /* a whole answer with a status of 2xx */
	enum kind kind;    /* when it is not */
	const char *words; /* then, what went wrong */
	int status;        /* 0: no answer */
	const char *replica;
	const char *body; /* NUL at its end; "" when it was hashed */
	size_t size;      /* of the body */
	char sha256[65];
	uint64_t first_byte_us; /* CLOCK_MONOTONIC */
};

typedef void http_done(void *ctx, const struct http_answer *answer);

/** http_new - 0 or -ENOMEM. http_free() ends what is open, without a call of @done. */
int http_new(struct ev_loop *loop, http_done *done, void *ctx, struct http **ret);
void http_free(struct http *http);
/** http_start - one request; there may be only one at a time. @done is called later, never from here. 0 or -errno. */
int http_start(struct http *http, const struct http_ask *ask);

#endif
