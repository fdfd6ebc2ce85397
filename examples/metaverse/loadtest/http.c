/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.c - libcurl says which sockets it waits for, and until when; libev tells it what happened.
 */
#include <curl/curl.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http.h"

#define BODY_MAX 1048576 /* of those that are kept */

struct http {
	struct ev_loop *loop;
	http_done *done;
	void *ctx;
	CURLM *multi;
	CURL *easy; /* the request that is open */
	struct curl_slist *headers;
	ev_timer timer;
	EVP_MD_CTX *hash; /* NULL: the body is kept */
	bool hashing;
	char *body;
	size_t size, have; /* of the body; of what is kept */
	char replica[REPLICA_NAME], words[CURL_ERROR_SIZE];
	uint64_t first_byte_us;
};

struct watch {
	ev_io io;
	struct http *http;
};

static enum kind kind_of(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		return KIND_REFUSED;
	case CURLE_OPERATION_TIMEDOUT:
		return KIND_TIMEOUT;
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return KIND_RESET;
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		return KIND_CLOSED;
	case CURLE_WRITE_ERROR:
	case CURLE_WEIRD_SERVER_REPLY:
		return KIND_WRONG;
	default:
		return KIND_OTHER;
	}
}

static void hash_words(struct http *http, char out[65])
{
	unsigned char digest[EVP_MAX_MD_SIZE] = { 0 };
	unsigned length = 0;

	out[0] = '\0';
	if (!http->hashing || EVP_DigestFinal_ex(http->hash, digest, &length) != 1)
		return;
	for (unsigned i = 0; i < length && i < 32; i++)
		(void)snprintf(out + (size_t)2 * i, 3, "%02x", digest[i]);
}

static void finish(struct http *http, CURLcode code)
{
	struct http_answer answer = { .replica = http->replica,
				      .size = http->size,
				      .first_byte_us = http->first_byte_us,
				      .body = http->body && !http->hashing ? http->body : "" };
	char words[64];
	long status = 0;

	(void)curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
	answer.status = (int)status;
	answer.ok = code == CURLE_OK && status >= 200 && status < 300;
	answer.words = *http->words ? http->words : curl_easy_strerror(code);
	if (code != CURLE_OK) {
		answer.kind = kind_of(code);
	} else if (!answer.ok) {
		(void)snprintf(words, sizeof(words), "status %ld", status);
		answer.words = words;
		answer.kind = status >= 500 ? KIND_5XX : status >= 400 ? KIND_4XX : KIND_WRONG;
	}
	hash_words(http, answer.sha256);
	(void)curl_multi_remove_handle(http->multi, http->easy);
	curl_easy_cleanup(http->easy);
	http->easy = NULL;
	curl_slist_free_all(http->headers);
	http->headers = NULL;
	http->done(http->ctx, &answer);
}

static void look(struct http *http)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(http->multi, &left)))
		if (msg->msg == CURLMSG_DONE && msg->easy_handle == http->easy) {
			finish(http, msg->data.result);
			return; /* done() may have begun the next one, or freed all of it */
		}
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct http *http = timer->data;
	int running;

	(void)loop;
	(void)events;
	(void)curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	look(http);
}

static void on_socket(struct ev_loop *loop, ev_io *io, int events)
{
	struct http *http = ((struct watch *)io)->http;
	int running;

	(void)loop;
	(void)curl_multi_socket_action(http->multi, io->fd,
				       (events & EV_READ ? CURL_CSELECT_IN : 0) |
					       (events & EV_WRITE ? CURL_CSELECT_OUT : 0),
				       &running);
	look(http);
}

static int want_timer(CURLM *multi, long ms, void *ctx)
{
	struct http *http = ctx;

	(void)multi;
	ev_timer_stop(http->loop, &http->timer);
	if (ms < 0)
		return 0;
	ev_timer_set(&http->timer, (double)ms / 1000, 0);
	ev_timer_start(http->loop, &http->timer);
	return 0;
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct http *http = ctx;
	struct watch *watch = socket_ctx;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watch)
			ev_io_stop(http->loop, &watch->io);
		free(watch);
		(void)curl_multi_assign(http->multi, fd, NULL);
		return 0;
	}
	if (!watch) {
		watch = calloc(1, sizeof(*watch));
		if (!watch)
			return -1;
		watch->http = http;
		ev_init(&watch->io, on_socket);
		(void)curl_multi_assign(http->multi, fd, watch);
	}
	ev_io_stop(http->loop, &watch->io);
	ev_io_set(&watch->io, fd,
		  (what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));
	ev_io_start(http->loop, &watch->io);
	return 0;
}

static size_t take_header(char *text, size_t size, size_t count, void *ctx)
{
	static const char name[] = "X-Replica:";
	struct http *http = ctx;
	size_t length = size * count, at = sizeof(name) - 1, end = length;

	if (length > at && strncasecmp(text, name, at) == 0) {
		while (at < length && text[at] == ' ')
			at++;
		while (end > at && (text[end - 1] == '\r' || text[end - 1] == '\n'))
			end--;
		(void)snprintf(http->replica, sizeof(http->replica), "%.*s", (int)(end - at),
			       text + at);
	}
	return length;
}

static size_t take_body(char *data, size_t size, size_t count, void *ctx)
{
	struct http *http = ctx;
	size_t length = size * count;
	char *grown;

	if (http->size == 0)
		http->first_byte_us = clock_us();
	http->size += length;
	if (http->hashing)
		return EVP_DigestUpdate(http->hash, data, length) == 1 ? length : 0;
	if (http->have + length > BODY_MAX)
		return 0;
	grown = realloc(http->body, http->have + length + 1);
	if (!grown)
		return 0;
	http->body = grown;
	memcpy(grown + http->have, data, length);
	http->have += length;
	grown[http->have] = '\0';
	return length;
}

int http_new(struct ev_loop *loop, http_done *done, void *ctx, struct http **ret)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http)
		return -ENOMEM;
	http->loop = loop;
	http->done = done;
	http->ctx = ctx;
	http->multi = curl_multi_init();
	http->hash = EVP_MD_CTX_new();
	ev_init(&http->timer, on_timer);
	http->timer.data = http;
	if (!http->multi || !http->hash) {
		http_free(http);
		return -ENOMEM;
	}
	(void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	(void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	(void)curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	(void)curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	*ret = http;
	return 0;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	if (http->easy) {
		(void)curl_multi_remove_handle(http->multi, http->easy);
		curl_easy_cleanup(http->easy);
	}
	curl_slist_free_all(http->headers);
	if (http->multi)
		(void)curl_multi_cleanup(http->multi);
	ev_timer_stop(http->loop, &http->timer);
	EVP_MD_CTX_free(http->hash);
	free(http->body);
	free(http);
}

static int add_header(struct http *http, const char *text)
{
	struct curl_slist *grown = curl_slist_append(http->headers, text);

	if (!grown)
		return -ENOMEM;
	http->headers = grown;
	return 0;
}

static int set_headers(struct http *http, const struct http_ask *ask)
{
	char text[600];
	int r = 0;

	if (ask->token) {
		(void)snprintf(text, sizeof(text), "Authorization: Bearer %s", ask->token);
		r = add_header(http, text);
	}
	if (r == 0 && ask->body)
		r = add_header(http, "Content-Type: application/json");
	return r;
}

int http_start(struct http *http, const struct http_ask *ask)
{
	if (http->easy)
		return -EBUSY;
	http->easy = curl_easy_init();
	if (!http->easy || set_headers(http, ask) < 0)
		return -ENOMEM;
	http->hashing = ask->hash;
	http->size = http->have = 0;
	if (http->body)
		http->body[0] = '\0';
	http->replica[0] = http->words[0] = '\0';
	http->first_byte_us = 0;
	if (ask->hash && EVP_DigestInit_ex(http->hash, EVP_sha256(), NULL) != 1)
		return -ENOMEM;
	(void)curl_easy_setopt(http->easy, CURLOPT_URL, ask->url);
	(void)curl_easy_setopt(http->easy, CURLOPT_PROTOCOLS_STR, "http");
	(void)curl_easy_setopt(http->easy, CURLOPT_PROXY, ""); /* whatever the environment says */
	(void)curl_easy_setopt(http->easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(http->easy, CURLOPT_TIMEOUT_MS, (long)ask->timeout_ms);
	(void)curl_easy_setopt(http->easy, CURLOPT_HTTPHEADER, http->headers);
	(void)curl_easy_setopt(http->easy, CURLOPT_ERRORBUFFER, http->words);
	(void)curl_easy_setopt(http->easy, CURLOPT_HEADERFUNCTION, take_header);
	(void)curl_easy_setopt(http->easy, CURLOPT_HEADERDATA, http);
	(void)curl_easy_setopt(http->easy, CURLOPT_WRITEFUNCTION, take_body);
	(void)curl_easy_setopt(http->easy, CURLOPT_WRITEDATA, http);
	if (strcmp(ask->method, "POST") == 0)
		(void)curl_easy_setopt(http->easy, CURLOPT_COPYPOSTFIELDS,
				       ask->body ? ask->body : "");
	return curl_multi_add_handle(http->multi, http->easy) == CURLM_OK ? 0 : -ENOMEM;
}
