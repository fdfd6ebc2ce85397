/* SPDX-License-Identifier: Apache-2.0 */
/*
 * web.h - one HTTP request over libwebsockets: what it asks, its body, and the answer.
 *
 * Each connection carries one request: "Connection: close". libwebsockets 4.1 takes the body of a request that stands behind
 * another one in the same packet from the wrong place, and there is no way to forbid only that.
 *
 * Nor does it read while the answer to a GET waits for the client, though it goes on to poll for input: what comes then, be it
 * one more byte or the end of a client that has half closed, keeps the loop awake as long as the client does not take its
 * answer. lws_rx_flow_control() is no help: on HTTP/1 it stops POLLOUT too, for ever. So web_stalled looks once in a second.
 */
#ifndef METAVERSE_MAP_WEB_H
#define METAVERSE_MAP_WEB_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/metrics.h"
#include "common/token.h"

#define WEB_PATH_MAX 128

enum web_method { WEB_GET, WEB_HEAD, WEB_PUT, WEB_OPTIONS, WEB_OTHER };

/** struct web_answer - @body is malloced; NULL: none. */
struct web_answer {
	unsigned status;
	const char *type;
	char *body;
	size_t length;
	uint64_t version;   /* as ETag; 0: none */
	const char *header; /* one more, "allow:"; NULL: none */
	const char *value;
};

struct web {
	struct lws *wsi;
	enum web_method method;
	char path[WEB_PATH_MAX];
	size_t to_come; /* bytes of the body, as the client says */
	bool is_answered;
	struct web_answer answer;
	size_t sent;
	unsigned stalled; /* seconds in which the client has taken nothing */
	double since;
	struct metrics *metrics;
	const char *replica;
};

/** web_path - of a request of any method. Return: false when it has none, or one that is too long. */
bool web_path(struct lws *wsi, enum web_method *ret_method, char path[WEB_PATH_MAX]);

/** web_begin - Return: 0 or -EINVAL: it is to be closed. */
int web_begin(struct web *web, struct lws *wsi, struct metrics *metrics, const char *replica);

/** web_user - who asks, by the token that the request has. Return: 0, -EACCES (none), -EBADMSG or -ETIME. */
int web_user(struct lws *wsi, const struct token_key *key, struct token_user *ret_user);

/** web_header - of the request. Return: false when there is none, or it is too long. */
bool web_header(struct lws *wsi, enum lws_token_indexes which, char *text, size_t size);

/** web_argument - a number of the query; @otherwise when it is not there. Return: 0 or -EINVAL. */
int web_argument(struct lws *wsi, const char *name, uint32_t otherwise, uint32_t *ret);

/** web_answer - the answer, whose body becomes this request's. Return: 0, or -1: the connection is to be closed now. */
int web_answer(struct web *web, const struct web_answer *answer);

/** web_text - an answer with a text that is copied; web_error - {"error":"..."}. As web_answer. */
int web_text(struct web *web, unsigned status, const char *type, const char *text);
int web_error(struct web *web, unsigned status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** web_writable - go on with the answer. Return: 0, or -1: the connection is to be closed now, which also ends an answer. */
int web_writable(struct web *web);

/** web_stalled - for LWS_CALLBACK_TIMER: the answer has waited for a second. The connection is closed when it is in vain. */
void web_stalled(struct web *web);

/** web_end - give back what it has. */
void web_end(struct web *web);

#endif
