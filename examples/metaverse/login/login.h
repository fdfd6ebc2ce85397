/* SPDX-License-Identifier: Apache-2.0 */
/*
 * login.h - what the requests of the login server share.
 */
#ifndef METAVERSE_LOGIN_H
#define METAVERSE_LOGIN_H

#include <stdint.h>

#include "common/http.h"
#include "login/accounts.h"
#include "login/limits.h"
#include "login/work.h"

/** struct place - where another server is, for the page. */
struct place {
	const char *name; /* "asset" */
	const char *url;  /* NULL: the host that the client called, at @port */
	uint32_t port;
};

#define LOGIN_PLACES 3

/** struct login - http.data. */
struct login {
	struct work work;
	struct place places[LOGIN_PLACES];
	char *page; /* NULL: there is none */
	size_t page_length;
};

/** struct worker - what a thread that hashes has for itself. */
struct worker {
	struct accounts accounts;
	struct limits limits;
};

extern const struct http_route login_routes[];
extern struct metric *login_metrics[];
extern const size_t login_metrics_count;
extern struct histogram *login_histograms[];
extern const size_t login_histograms_count;

/** login_work - a work_fn; @worker: a struct worker. */
void login_work(void *worker, struct http_request *request);

#endif
