/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h - the supervisor's API, metrics and page, by libmicrohttpd inside the loop: on a unix socket for this user and root, and on
 * TCP, 127.0.0.1 by default, for whoever shows the token (other users of the host can connect there as well).
 */
#ifndef CARTE_SCALE_HTTP_H
#define CARTE_SCALE_HTTP_H

#include "scale/supervisor.h"

struct http;

struct http_options {
	int socket;         /* listening unix socket (systemd's, or ours); taken over */
	const char *listen; /* "127.0.0.1:9700"; NULL: no TCP */
	const char *
		token; /* what TCP clients must show: "Authorization: Bearer TOKEN", or the page's cookie; /healthz alone needs none */
};

int http_new(struct supervisor *sv, const struct http_options *options, struct http **ret,
	     struct oci_error *err);
void http_free(struct http *http);

#endif
