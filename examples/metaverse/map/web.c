/* SPDX-License-Identifier: Apache-2.0 */
/* web.c - see web.h. */
#include "map/web.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/io.h"
#include "common/json.h"

#define HEADERS_MAX 1024
#define CHUNK 65536
#define STALLED_MAX 20 /* seconds */

static const struct {
	enum lws_token_indexes token;
	enum web_method method;
} methods[] = {
	{ WSI_TOKEN_GET_URI, WEB_GET },      { WSI_TOKEN_HEAD_URI, WEB_HEAD },
	{ WSI_TOKEN_PUT_URI, WEB_PUT },      { WSI_TOKEN_OPTIONS_URI, WEB_OPTIONS },
	{ WSI_TOKEN_POST_URI, WEB_OTHER },   { WSI_TOKEN_PATCH_URI, WEB_OTHER },
	{ WSI_TOKEN_DELETE_URI, WEB_OTHER },
};

bool web_header(struct lws *wsi, enum lws_token_indexes which, char *text, size_t size)
{
	return lws_hdr_total_length(wsi, which) > 0 &&
	       lws_hdr_copy(wsi, text, (int)size, which) > 0;
}

bool web_path(struct lws *wsi, enum web_method *ret_method, char path[WEB_PATH_MAX])
{
	for (size_t i = 0; i < LWS_ARRAY_SIZE(methods); i++)
		if (lws_hdr_total_length(wsi, methods[i].token) > 0) {
			*ret_method = methods[i].method;
			return web_header(wsi, methods[i].token, path, WEB_PATH_MAX);
		}
	return false;
}

int web_begin(struct web *web, struct lws *wsi, struct metrics *metrics, const char *replica)
{
	char text[24];

	*web = (struct web){
		.wsi = wsi, .metrics = metrics, .replica = replica, .since = clock_seconds()
	};
	metrics_sessions(metrics, 1);
	if (!web_path(wsi, &web->method, web->path))
		return -EINVAL;
	if (web_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof(text))) {
		uint64_t length = 0;

		if (parse_u64(text, &length) < 0)
			return -EINVAL;
		web->to_come = length;
	}
	return 0;
}

int web_user(struct lws *wsi, const struct token_key *key, struct token_user *ret_user)
{
	char header[TOKEN_MAX + 16], query[TOKEN_MAX + 16];
	bool has_header = web_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, header, sizeof(header));
	const char *argument = lws_get_urlarg_by_name(wsi, "token=", query, sizeof(query));
	const char *token = token_pick(has_header ? header : NULL, argument);

	return token ? token_check(key, token, time(NULL), ret_user) : -EACCES;
}

int web_argument(struct lws *wsi, const char *name, uint32_t otherwise, uint32_t *ret)
{
	char text[32];
	const char *value = lws_get_urlarg_by_name(wsi, name, text, sizeof(text));

	*ret = otherwise;
	return value && parse_u32(value, ret) < 0 ? -EINVAL : 0;
}

struct head {
	unsigned char bytes[LWS_PRE + HEADERS_MAX];
	unsigned char *at;
	bool bad;
};

static void put(struct web *web, struct head *head, const char *name, const char *value)
{
	if (lws_add_http_header_by_name(web->wsi, (const unsigned char *)name,
					(const unsigned char *)value, (int)strlen(value), &head->at,
					head->bytes + sizeof(head->bytes)))
		head->bad = true;
}

static int head_write(struct web *web)
{
	const struct web_answer *answer = &web->answer;
	struct head head = { .at = head.bytes + LWS_PRE };
	unsigned char *start = head.at, *end = head.bytes + sizeof(head.bytes);
	bool is_bare =
		answer->status == 204 ||
		answer->status == 304; /* has no length; libwebsockets then adds the close itself */
	char etag[32];

	if (lws_add_http_common_headers(web->wsi, answer->status, answer->type,
					is_bare ? LWS_ILLEGAL_HTTP_CONTENT_LEN : answer->length,
					&head.at, end))
		return -1;
	if (!is_bare)
		put(web, &head, "connection:", "close");
	put(web, &head, "x-replica:", web->replica);
	put(web, &head, "access-control-allow-origin:", "*");
	put(web, &head, "access-control-expose-headers:", "ETag, X-Replica");
	put(web, &head, "cache-control:", "no-cache");
	if (answer->version > 0) {
		(void)snprintf(etag, sizeof(etag), "\"%" PRIu64 "\"", answer->version);
		put(web, &head, "etag:", etag);
	}
	if (web->method == WEB_OPTIONS) {
		put(web, &head, "access-control-allow-methods:", "GET, HEAD, PUT, OPTIONS");
		put(web, &head, "access-control-allow-headers:",
		    "Authorization, Content-Type, Range, If-Match, If-None-Match");
		put(web, &head, "access-control-max-age:", "600");
	}
	if (answer->header)
		put(web, &head, answer->header, answer->value);
	if (head.bad || lws_finalize_write_http_header(web->wsi, start, &head.at, end))
		return -1;
	return 0;
}

int web_answer(struct web *web, const struct web_answer *answer)
{
	if (web->is_answered) {
		free(answer->body);
		return -1;
	}
	web->is_answered = true;
	web->answer = *answer;
	if (head_write(web) < 0)
		return -1;
	(void)lws_callback_on_writable(web->wsi);
	return 0;
}

int web_text(struct web *web, unsigned status, const char *type, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -1;
	return web_answer(web, &(struct web_answer){ .status = status,
						     .type = type,
						     .body = copy,
						     .length = strlen(copy) });
}

/* the header that belongs to a status */
static void add_header(struct web_answer *answer)
{
	static const struct {
		unsigned status;
		const char *header, *value;
	} headers[] = {
		{ 401, "www-authenticate:", "Bearer" },
		{ 405, "allow:", "GET, HEAD, PUT, OPTIONS" },
		{ 503, "retry-after:", "1" },
	};

	for (size_t i = 0; i < LWS_ARRAY_SIZE(headers); i++)
		if (headers[i].status == answer->status) {
			answer->header = headers[i].header;
			answer->value = headers[i].value;
		}
}

int web_error(struct web *web, unsigned status, const char *format, ...)
{
	struct web_answer answer = { .status = status, .type = "application/json" };
	FILE *out = open_memstream(&answer.body, &answer.length);
	char words[256];
	va_list ap;

	if (!out)
		return -1;
	va_start(ap, format);
	(void)vsnprintf(words, sizeof(words), format, ap);
	va_end(ap);
	(void)fputs("{\"error\":", out);
	json_write_string(out, words);
	(void)fputs("}\n", out);
	if (fclose(out) != 0)
		return -1;
	add_header(&answer);
	return web_answer(web, &answer);
}

int web_writable(struct web *web)
{
	const struct web_answer *answer = &web->answer;
	size_t left = answer->length - web->sent, n = left < CHUNK ? left : CHUNK;
	unsigned char *buffer;
	int r;

	if (!web->is_answered)
		return 0;
	if (left == 0 || web->method == WEB_HEAD)
		return -1;
	buffer = malloc(LWS_PRE + n);
	if (!buffer)
		return -1;
	memcpy(buffer + LWS_PRE, answer->body + web->sent, n);
	r = lws_write(web->wsi, buffer + LWS_PRE, n,
		      n == left ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP);
	free(buffer);
	if (r < 0)
		return -1;
	web->sent += n;
	web->stalled = 0;
	lws_set_timer_usecs(web->wsi, LWS_USEC_PER_SEC);
	if (n == left)
		return -1; /* closed when all of it has left, see web.h */
	(void)lws_callback_on_writable(web->wsi);
	return 0;
}

void web_stalled(struct web *web)
{
	char byte;
	bool has_input = recv(lws_get_socket_fd(web->wsi), &byte, sizeof(byte),
			      MSG_PEEK | MSG_DONTWAIT) >= 0;

	/* not by the callback's result, with which libwebsockets would wait for what it has not yet sent, and not read either */
	if (has_input || ++web->stalled >= STALLED_MAX)
		lws_set_timeout(web->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
	else
		lws_set_timer_usecs(web->wsi, LWS_USEC_PER_SEC);
}

void web_end(struct web *web)
{
	if (web->is_answered)
		metrics_request(web->metrics, web->answer.status, clock_seconds() - web->since);
	metrics_sessions(web->metrics, -1);
	free(web->answer.body);
	web->answer.body = NULL;
}
