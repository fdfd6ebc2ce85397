/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_guard.h - who may ask over TCP.
 *
 * The token is shown by "Authorization: Bearer". A browser gets it by /?token=..., which leads to /#token=...: the page's script keeps it
 * for this origin, port included, and sends it itself. The cookie that is set on the way is another secret that opens the page's
 * files and nothing else: browsers send the cookies of a host to all its ports, so to every container that is published on
 * this host. No request of another site can be made to carry the header.
 */
#ifndef CARTE_SCALE_HTTP_GUARD_H
#define CARTE_SCALE_HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "scale/http.h"

struct oci_error;

struct http_guard {
	char token[256];
	char cookie[HTTP_TOKEN_SIZE];
	char host[64]; /* what is listened on, without the port and brackets */
	bool any;      /* that is all addresses */
};

enum http_verdict {
	HTTP_PASS,
	HTTP_LOGIN,   /* to the page */
	HTTP_NOTOKEN, /* 401 */
	HTTP_FOREIGN, /* 403: another site's page, or a name that is not ours */
};

/** struct http_visit - what the guard looks at; NULL: not there. */
struct http_visit {
	const char *method, *path, *token; /* of the query */
	const char *host, *authorization, *cookie, *fetch_site;
};

int http_guard_begin(struct http_guard *guard, const char *token, const char *host,
		     struct oci_error *err);
enum http_verdict http_guard_check(const struct http_guard *guard, const struct http_visit *visit);

#endif
