/* SPDX-License-Identifier: Apache-2.0 */
/*
 * answers.c - what the login server answers.
 *
 * POST /accounts and POST /login are checked by the thread of the connection and done by a worker; they share nothing else
 * than the request.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "base/mem.h"
#include "common/json.h"
#include "login/login.h"

#define BODY_MAX 4096

/** struct attempt - request->state of the two. */
struct attempt {
	bool create;
	char name[TOKEN_NAME_MAX + 1];
	char password[PASSWORD_MAX + 1];
	char address[INET6_ADDRSTRLEN];
};

static struct metric created = { "metaverse_accounts_created_total", "Accounts made.",
				 METRIC_COUNTER, 0 };
static struct metric logins = { "metaverse_logins_total", "Right passwords.", METRIC_COUNTER, 0 };
static struct metric wrong = { "metaverse_login_failures_total", "Wrong names or passwords.",
			       METRIC_COUNTER, 0 };
static struct metric limited = { "metaverse_login_limited_total",
				 "Attempts that came too soon after wrong ones.", METRIC_COUNTER,
				 0 };
static struct metric refused = { "metaverse_login_refused_total",
				 "Attempts for which the queue had no room.", METRIC_COUNTER, 0 };
static struct metric waiting = { "metaverse_login_waiting", "Attempts that wait for a processor.",
				 METRIC_GAUGE, 0 };
static struct histogram hashing = { .name = "metaverse_hash_seconds",
				    .help = "Time of one hash of a password." };

struct metric *login_metrics[] = { &created, &logins, &wrong, &limited, &refused, &waiting };
const size_t login_metrics_count = ARRAY_LEN(login_metrics);
struct histogram *login_histograms[] = { &hashing };
const size_t login_histograms_count = ARRAY_LEN(login_histograms);

/* An IPv4 address as such; of IPv6 the half that a network gives to one subscriber. */
static void address_of(struct http_request *request, char out[INET6_ADDRSTRLEN])
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr *address = info ? info->client_addr : NULL;

	(void)snprintf(out, INET6_ADDRSTRLEN, "unknown");
	if (address && address->sa_family == AF_INET) {
		struct sockaddr_in v4;

		memcpy(&v4, address, sizeof(v4));
		(void)inet_ntop(AF_INET, &v4.sin_addr, out, INET6_ADDRSTRLEN);
	} else if (address && address->sa_family == AF_INET6) {
		struct sockaddr_in6 v6;

		memcpy(&v6, address, sizeof(v6));
		if (!IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr))
			memset(&v6.sin6_addr.s6_addr[8], 0, 8);
		(void)inet_ntop(AF_INET6, &v6.sin6_addr, out, INET6_ADDRSTRLEN);
	}
}

/* ---- by the thread of the connection ---------------------------------------------------------------------------- */
static void attempt_free(struct http_request *request)
{
	if (request->body)
		OPENSSL_cleanse(request->body, request->length);
	if (request->state)
		OPENSSL_cleanse(request->state, sizeof(struct attempt));
	free(request->state);
	request->state = NULL;
}

static struct attempt *read_attempt(struct http_request *request)
{
	CLEANUP_JSON struct json *json = json_parse(request->body, request->length);
	const char *name = json ? json_string(json, "name") : NULL;
	const char *password = json ? json_string(json, "password") : NULL;
	struct attempt *attempt;

	if (!name || !password) {
		http_error(request, 400,
			   "an object is needed: {\"name\": \"...\", \"password\": \"...\"}");
		return NULL;
	}
	if (!token_is_name(name)) {
		http_error(request, 400, "name: 1 to %d of a-z, 0-9, _ and -", TOKEN_NAME_MAX);
		return NULL;
	}
	if (strlen(password) < PASSWORD_MIN || strlen(password) > PASSWORD_MAX) {
		http_error(request, 400, "password: %d to %d bytes", PASSWORD_MIN, PASSWORD_MAX);
		return NULL;
	}
	attempt = calloc(1, sizeof(*attempt));
	if (!attempt) {
		http_error(request, 503, "out of memory");
		return NULL;
	}
	memcpy(attempt->name, name, strlen(name) + 1);
	memcpy(attempt->password, password, strlen(password) + 1);
	address_of(request, attempt->address);
	return attempt;
}

static enum http_when answer_attempt(struct http_request *request, bool create)
{
	struct login *login = request->http->data;
	struct attempt *attempt = read_attempt(request);

	if (!attempt)
		return HTTP_NOW;
	attempt->create = create;
	request->state = attempt;
	if (work_push(&login->work, request)) {
		metric_set(&waiting, (long long)work_waiting(&login->work));
		return HTTP_LATER;
	}
	metric_add(&refused, 1);
	http_error(request, 503, "too many at the same time: try again");
	return HTTP_NOW;
}

static enum http_when answer_create(struct http_request *request)
{
	return answer_attempt(request, true);
}

static enum http_when answer_login(struct http_request *request)
{
	return answer_attempt(request, false);
}

static enum http_when answer_me(struct http_request *request)
{
	http_json(request, 200, "{\"name\":\"%s\",\"expires\":%" PRId64 "}", request->user.name,
		  request->user.expires);
	return HTTP_NOW;
}

/* the host of "Host: HOST[:PORT]"; an IPv6 address stays in its brackets */
static bool host_of(struct http_request *request, char *out, size_t size)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	const char *host = http_field(request, "Host");
	size_t length;

	if (!host)
		return false;
	if (*host == '[') {
		length = 1 + strspn(host + 1, "0123456789abcdefABCDEF:.");
		if (length < 3 || host[length++] != ']')
			return false;
	} else {
		length = strspn(host, allowed);
	}
	if (length == 0 || length >= size || (host[length] != '\0' && host[length] != ':'))
		return false;
	memcpy(out, host, length);
	out[length] = '\0';
	return true;
}

static enum http_when answer_config(struct http_request *request)
{
	const struct login *login = request->http->data;
	char host[256] = "", *text = NULL;
	bool known = host_of(request, host, sizeof(host));
	size_t length = 0;
	FILE *out;

	for (size_t i = 0; i < LOGIN_PLACES; i++)
		if (!login->places[i].url && !known) {
			http_error(request, 400, "a Host header is needed that names a host");
			return HTTP_NOW;
		}
	out = open_memstream(&text, &length);
	if (!out) {
		http_error(request, 503, "out of memory");
		return HTTP_NOW;
	}
	for (size_t i = 0; i < LOGIN_PLACES; i++) {
		const struct place *place = &login->places[i];
		char url[300];

		(void)snprintf(url, sizeof(url), "http://%s:%u", host, place->port);
		(void)fprintf(out, "%c\"%s\":", i == 0 ? '{' : ',', place->name);
		json_write_string(out, place->url ? place->url : url);
	}
	(void)fputc('}', out);
	if (fclose(out) != 0) {
		free(text);
		text = NULL;
	}
	http_reply(request, 200, HTTP_JSON, text, length);
	http_header(request, "Cache-Control", "no-store");
	return HTTP_NOW;
}

static enum http_when answer_page(struct http_request *request)
{
	const struct login *login = request->http->data;

	if (!login->page) {
		http_error(request, 404, "this server has no page (PAGE_FILE)");
		return HTTP_NOW;
	}
	http_respond(request, 200,
		     MHD_create_response_from_buffer(login->page_length, login->page,
						     MHD_RESPMEM_PERSISTENT));
	http_header(request, "Content-Type", "text/html; charset=utf-8");
	http_header(request, "Cache-Control", "no-cache");
	return HTTP_NOW;
}

const struct http_route login_routes[] = {
	{ .method = "GET", .path = "/", .open = true, .answer = answer_page },
	{ .method = "GET", .path = "/config", .open = true, .answer = answer_config },
	{ .method = "GET", .path = "/me", .answer = answer_me },
	{ .method = "POST",
	  .path = "/accounts",
	  .open = true,
	  .body_max = BODY_MAX,
	  .answer = answer_create,
	  .end = attempt_free },
	{ .method = "POST",
	  .path = "/login",
	  .open = true,
	  .body_max = BODY_MAX,
	  .answer = answer_login,
	  .end = attempt_free },
	{ .method = NULL },
};

/* ---- by a worker ------------------------------------------------------------------------------------------------ */
static void answer_failure(struct http_request *request, int r)
{
	if (r == -EBUSY || r == -ENOMEM)
		http_error(request, 503, "too busy: try again");
	else
		http_error(request, 500, "the database: %s", strerror(-r));
}

static void create(struct worker *worker, struct http_request *request)
{
	const struct attempt *attempt = request->state;
	char hash[PASSWORD_HASH_MAX];
	double begun;
	int r = accounts_find(&worker->accounts, attempt->name, hash);

	if (r == -ENOENT) {
		begun = clock_seconds();
		r = password_hash(attempt->password, hash);
		histogram_observe(&hashing, clock_seconds() - begun);
		if (r == 0)
			r = accounts_add(&worker->accounts, attempt->name, hash);
	} else if (r == 0) {
		r = -EEXIST;
	}
	if (r == -EEXIST) {
		http_error(request, 409, "the name %s is taken", attempt->name);
	} else if (r < 0) {
		answer_failure(request, r);
	} else {
		metric_add(&created, 1);
		http_json(request, 201, "{\"name\":\"%s\"}", attempt->name);
	}
}

static void answer_limited(struct http_request *request, int seconds)
{
	char text[16];

	metric_add(&limited, 1);
	(void)snprintf(text, sizeof(text), "%d", seconds);
	http_error(request, 429, "too many wrong passwords: try again in %d s", seconds);
	http_header(request, "Retry-After", text);
}

static void answer_token(struct http_request *request, const char *name)
{
	struct token_user user = { .expires = time(NULL) + TOKEN_LIFE };
	char token[TOKEN_MAX];

	memcpy(user.name, name, strlen(name) + 1);
	if (token_make(request->http->key, &user, token) < 0) {
		http_error(request, 500, "no token could be made");
		return;
	}
	metric_add(&logins, 1);
	http_json(request, 200, "{\"token\":\"%s\",\"name\":\"%s\",\"expires\":%" PRId64 "}", token,
		  user.name, user.expires);
}

static void log_in(struct worker *worker, struct http_request *request)
{
	const struct attempt *attempt = request->state;
	char hash[PASSWORD_HASH_MAX];
	double begun;
	bool right;
	int r = limits_take(&worker->limits, attempt->name, attempt->address), found;

	if (r != 0) {
		if (r > 0)
			answer_limited(request, r);
		else
			answer_failure(request, r);
		return;
	}
	found = accounts_find(&worker->accounts, attempt->name, hash);
	if (found < 0 && found != -ENOENT) {
		limits_give(&worker->limits, attempt->name, attempt->address);
		answer_failure(request, found);
		return;
	}
	begun = clock_seconds();
	right = password_check(attempt->password, found == 0 ? hash : NULL);
	histogram_observe(&hashing, clock_seconds() - begun);
	if (right) {
		limits_give(&worker->limits, attempt->name, attempt->address);
		answer_token(request, attempt->name);
	} else {
		metric_add(&wrong, 1);
		http_error(request, 401, "wrong name or password");
	}
}

void login_work(void *context, struct http_request *request)
{
	struct login *login = request->http->data;
	const struct attempt *attempt = request->state;

	metric_set(&waiting, (long long)work_waiting(&login->work));
	if (attempt->create)
		create(context, request);
	else
		log_in(context, request);
}
