/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch.h - one GET, or one connection, beside the loop; fetch_start of sampler.h and probes are made of it.
 */
#ifndef CARTE_SCALE_FETCH_H
#define CARTE_SCALE_FETCH_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "scale/loop.h"

struct fetch;
struct oci_error;

#define FETCH_BODY_MAX ((size_t)1 << 20)

struct fetch_request {
	struct in_addr address; /* 0: 127.0.0.1 */
	uint16_t port;
	const char *path;  /* NULL: to connect is enough, the status is 0 */
	const char *netns; /* the socket is made in there; NULL: here */
	bool head_only;    /* the status is enough: the body is not waited for */
	int64_t timeout_ms;
};

/** fetch_open - @done is called once, from the loop; status < 0 is -errno, -EPROTO: no HTTP. */
int fetch_open(struct loop *loop, const struct fetch_request *request,
	       void (*done)(void *ctx, int status, const char *body, size_t length), void *ctx,
	       struct fetch **ret, struct oci_error *err);
/** fetch_cancel - @done is not called any more. NULL is fine. Also in sampler.h. */
void fetch_cancel(struct fetch *fetch);

/** fetch_socket - a TCP socket of the network namespace @netns (NULL: ours). New fd or -errno. */
int fetch_socket(const char *netns);

#endif
