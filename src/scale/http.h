/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h - the supervisor's API, metrics and page, by libmicrohttpd inside the loop: on a unix socket for this user and root, and on
 * TCP, 127.0.0.1 by default, for whoever shows the token (other users of the host can connect there as well).
 */
#ifndef CARTE_SCALE_HTTP_H
#define CARTE_SCALE_HTTP_H

#include "scale/scaler.h"
#include "scale/supervisor.h"

struct http;

#define HTTP_TOKEN_SIZE 65 /* 64 hexadecimal digits */

struct http_options {
	int socket;         /* listening unix socket (systemd's, or ours); taken over */
	const char *listen; /* "127.0.0.1:9700", "[::1]:0"; NULL: no TCP */
	/* what TCP clients must show: "Authorization: Bearer TOKEN"; /healthz alone needs none */
	const char *token;
	void (*shutdown)(void *ctx); /* of POST /v1/shutdown; NULL: loop_stop */
	void *ctx;
	const struct scaler *scaler; /* whose forecasts are shown; NULL: none; outlives this */
	int64_t request_ms; /* for a whole request, however slowly it trickles; 0: 30 seconds */
};

/**
 * http_new - begin to answer.
 * Return: 0; -EADDRINUSE: the TCP port is taken. After a failure the unix socket is still the caller's, and listens.
 */
int http_new(struct supervisor *sv, const struct http_options *options, struct http **ret,
	     struct oci_error *err);
void http_free(struct http *http);

/** http_listen - where TCP is listened on, with the port that port 0 became; NULL: nowhere. */
const char *http_listen(const struct http *http);
/** http_busy - requests that are being answered, event streams too: a reason not to end for idleness. */
unsigned http_busy(const struct http *http);

/** http_token - read @state_dir/token, or make it, 0600. A file that others can read or write is refused. */
int http_token(const char *state_dir, char ret[HTTP_TOKEN_SIZE], struct oci_error *err);

#endif
