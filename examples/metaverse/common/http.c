/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.c - a request's way: head, route, token, body, answer.
 *
 * An answer is made first (http_respond) and queued by the thread of the connection, so that any thread may make it. One that
 * is known before the body arrives waits for a small body to end: a client that still writes when its connection is closed
 * loses the answer (RFC 9112, 9.6). Before a large one it is given at once.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "common/http.h"
#include "common/json.h"

#define CONNECTIONS_MAX 4096U
#define FILES_MAX 8192U
#define IDLE_SECONDS 30
#define DISCARD_MAX (1U << 20)
/* what nginx logs when the client has gone before the answer */
#define STATUS_GONE 499

static const char allowed_methods[] = "GET, HEAD, POST, PUT, DELETE, OPTIONS";

/* ---- answers ---------------------------------------------------------------------------------------------------- */
void http_header(struct http_request *request, const char *name, const char *value)
{
	if (request->response)
		(void)MHD_add_response_header(request->response, name, value);
}

void http_respond(struct http_request *request, unsigned status, struct MHD_Response *response)
{
	if (request->response)
		MHD_destroy_response(request->response);
	request->status = status;
	request->response = response;
	http_header(request, "X-Replica", request->http->server->replica);
	http_header(request, "X-Content-Type-Options", "nosniff");
	http_header(request, "Access-Control-Allow-Origin", "*");
	http_header(request, "Access-Control-Allow-Headers",
		    "Authorization, Content-Type, Range, If-Match, If-None-Match");
	http_header(request, "Access-Control-Expose-Headers",
		    "ETag, X-Replica, Accept-Ranges, Content-Range, Retry-After");
	if (server_state(request->http->server) == SERVER_DRAINING)
		http_header(request, "Connection", "close");
}

void http_reply(struct http_request *request, unsigned status, const char *type, char *text,
		size_t length)
{
	struct MHD_Response *response =
		text ? MHD_create_response_from_buffer(length, text, MHD_RESPMEM_MUST_FREE) : NULL;

	if (!response)
		free(text);
	http_respond(request, status, response);
	http_header(request, "Content-Type", type);
}

void http_json(struct http_request *request, unsigned status, const char *format, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vasprintf(&text, format, ap);
	va_end(ap);
	if (n < 0)
		text = NULL;
	http_reply(request, status, HTTP_JSON, text, text ? (size_t)n : 0);
	http_header(request, "Cache-Control", "no-store");
}

void http_error(struct http_request *request, unsigned status, const char *format, ...)
{
	char words[512], *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(words, sizeof(words), format, ap);
	va_end(ap);
	if (!out) {
		http_respond(request, status, NULL);
		return;
	}
	(void)fputs("{\"error\":", out);
	json_write_string(out, words);
	(void)fputc('}', out);
	if (fclose(out) != 0) {
		free(text);
		text = NULL;
	}
	http_reply(request, status, HTTP_JSON, text, length);
	if (status == 503)
		http_header(request, "Retry-After", "1");
}

const char *http_query(struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_field(struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

void http_suspend(struct http_request *request)
{
	MHD_suspend_connection(request->connection);
}

void http_resume(struct http_request *request)
{
	MHD_resume_connection(request->connection);
}

/* ---- what every server answers ---------------------------------------------------------------------------------- */
static enum http_when answer_health(struct http_request *request)
{
	unsigned status = 503;
	const char *words = server_health(request->http->server, &status);

	http_reply(request, status, "text/plain", strdup(words), strlen(words));
	http_header(request, "Cache-Control", "no-store");
	return HTTP_NOW;
}

static enum http_when answer_metrics(struct http_request *request)
{
	char *text = NULL;
	size_t length = 0;

	(void)metrics_text(request->http->metrics, &text, &length);
	http_reply(request, 200, METRICS_TYPE, text, length);
	return HTTP_NOW;
}

static enum http_when answer_options(struct http_request *request)
{
	http_respond(request, 204,
		     MHD_create_response_from_buffer(0, (char[]){ "" }, MHD_RESPMEM_MUST_COPY));
	http_header(request, "Access-Control-Allow-Methods", allowed_methods);
	http_header(request, "Access-Control-Max-Age", "3600");
	return HTTP_NOW;
}

static const struct http_route route_options = { .method = "OPTIONS",
						 .open = true,
						 .answer = answer_options };
static const struct http_route own_routes[] = {
	{ .method = "GET", .path = "/healthz", .open = true, .answer = answer_health },
	{ .method = "GET", .path = "/metrics", .open = true, .answer = answer_metrics },
	{ .method = NULL },
};

/* ---- the head --------------------------------------------------------------------------------------------------- */
static bool path_fits(const struct http_route *route, const char *path, const char **ret_rest)
{
	size_t n = strlen(route->path);
	bool prefix = n > 1 && route->path[n - 1] == '/';

	if (strncmp(path, route->path, n) != 0 || (!prefix && path[n] != '\0'))
		return false;
	*ret_rest = path + n;
	return true;
}

/* NULL: an error is the answer, if there is memory for it */
static const struct http_route *find_route(struct http_request *request,
					   const struct http_route *routes, const char *path,
					   const char *method, bool *ret_path_known)
{
	for (; routes->method; routes++) {
		const char *rest;

		if (!path_fits(routes, path, &rest))
			continue;
		*ret_path_known = true;
		if (strcmp(method, routes->method) == 0 ||
		    (strcmp(method, "HEAD") == 0 && strcmp(routes->method, "GET") == 0)) {
			request->rest = rest;
			return routes;
		}
	}
	return NULL;
}

static void check_token(struct http_request *request)
{
	const char *text =
		token_pick(http_field(request, "Authorization"), http_query(request, "token"));
	int r = text ? token_check(request->http->key, text, time(NULL), &request->user) : -ENOENT;

	if (r == 0)
		return;
	http_error(request, 401, "%s",
		   r == -ENOENT ? "a token is needed: Authorization: Bearer TOKEN, from POST /login"
		   : r == -ETIME ? "the token has expired: log in again"
				 : "the token is not valid: log in again");
	http_header(request, "WWW-Authenticate", "Bearer");
}

/* bytes of the body as the head tells them; 0: none, or it does not tell */
static uint64_t told_length(struct http_request *request)
{
	const char *text = http_field(request, "Content-Length");
	uint64_t length = 0;

	return text && parse_u64(text, &length) == 0 ? length : 0;
}

static void take_head(struct http_request *request, const char *path, const char *method)
{
	const struct http *http = request->http;
	const struct http_route *route;
	bool known = false;

	route = strcmp(method, "OPTIONS") == 0
			? &route_options
			: find_route(request, own_routes, path, method, &known);
	if (!route && server_state(http->server) == SERVER_STARTING) {
		http_error(request, 503, "starting");
		return;
	}
	if (!route)
		route = find_route(request, http->routes, path, method, &known);
	request->route = route;
	if (!route && known) {
		http_error(request, 405, "not a method for this path");
		http_header(request, "Allow", allowed_methods);
	} else if (!route) {
		http_error(request, 404, "nothing is here");
	} else if (route->body_max > 0 && told_length(request) > route->body_max) {
		http_error(request, 413, "the body is larger than %llu bytes",
			   (unsigned long long)route->body_max);
	} else if (!route->open) {
		check_token(request);
	}
	if (!request->status && route && route->begin)
		route->begin(request);
}

/* ---- the body --------------------------------------------------------------------------------------------------- */
static void collect(struct http_request *request, const char *data, size_t length)
{
	char *body = realloc(request->body, request->length + length + 1);

	if (!body) {
		http_error(request, 503, "out of memory");
		return;
	}
	memcpy(body + request->length, data, length);
	request->body = body;
	request->length += length;
	body[request->length] = '\0';
}

/* false: it is more than anybody waits for */
static bool take_body(struct http_request *request, const char *data, size_t length)
{
	const struct http_route *route = request->route;
	uint64_t max = route ? route->body_max : 0;

	request->received += length;
	if (!request->status && max > 0 && request->received > max)
		http_error(request, 413, "the body is larger than %llu bytes",
			   (unsigned long long)max);
	if (request->status || max == 0)
		return request->received <= max + DISCARD_MAX;
	if (route->data)
		route->data(request, data, length);
	else
		collect(request, data, length);
	return true;
}

/* ---- libmicrohttpd ---------------------------------------------------------------------------------------------- */
static struct http_request *request_new(struct http *http, struct MHD_Connection *connection)
{
	struct http_request *request = calloc(1, sizeof(*request));

	if (!request)
		return NULL;
	request->http = http;
	request->connection = connection;
	request->rest = "";
	request->begun = clock_seconds();
	metrics_sessions(http->metrics, 1);
	(void)pthread_mutex_lock(&http->lock);
	http->in_flight++;
	(void)pthread_mutex_unlock(&http->lock);
	return request;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **slot,
			 enum MHD_RequestTerminationCode code)
{
	struct http *http = cls;
	struct http_request *request = *slot;

	(void)connection;
	if (!request)
		return;
	*slot = NULL;
	if (request->route && request->route->end)
		request->route->end(request);
	if (request->response)
		MHD_destroy_response(request->response);
	metrics_request(http->metrics,
			code == MHD_REQUEST_TERMINATED_COMPLETED_OK ? request->status : STATUS_GONE,
			clock_seconds() - request->begun);
	metrics_sessions(http->metrics, -1);
	free(request->body);
	free(request);
	(void)pthread_mutex_lock(&http->lock);
	if (--http->in_flight == 0)
		(void)pthread_cond_broadcast(&http->idle);
	(void)pthread_mutex_unlock(&http->lock);
}

static enum MHD_Result queue(struct http_request *request)
{
	enum MHD_Result result = MHD_NO;

	if (request->response) {
		result =
			MHD_queue_response(request->connection, request->status, request->response);
		MHD_destroy_response(request->response);
		request->response = NULL;
	}
	return result;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *path,
				  const char *method, const char *version, const char *data,
				  size_t *length, void **slot)
{
	struct http_request *request = *slot;

	(void)version;
	if (!request) {
		request = request_new(cls, connection);
		if (!request)
			return MHD_NO;
		*slot = request;
		take_head(request, path, method);
		if (request->status &&
		    (told_length(request) > DISCARD_MAX || http_field(request, "Expect")))
			return queue(request);
		return MHD_YES;
	}
	if (*length > 0) {
		bool going_on = take_body(request, data, *length);

		*length = 0;
		return going_on ? MHD_YES : MHD_NO;
	}
	if (!request->status && request->route) {
		if (request->route->body_max > 0 && !request->route->data && !request->body)
			collect(request, "", 0);
		if (!request->status && request->route->answer(request) == HTTP_LATER)
			return MHD_YES;
	}
	return queue(request);
}

/* as many connections as there may be descriptors, less some for files */
static unsigned connections_max(void)
{
	struct rlimit files = { 1024, 1024 };

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max < FILES_MAX ? files.rlim_max : FILES_MAX;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	if (files.rlim_cur / 2 < CONNECTIONS_MAX)
		return files.rlim_cur > 128 ? (unsigned)files.rlim_cur / 2 : 64;
	return CONNECTIONS_MAX;
}

static struct MHD_Daemon *listen_at(struct http *http, uint16_t port, unsigned more)
{
	struct MHD_OptionItem pool[] = {
		{ MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)http->threads, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};

	/*
	 * Not epoll: the library takes a short read for the end of what is there, and its
	 * edge-triggered epoll does not come again for an end of file behind it. The body of a
	 * client that went away would stay in flight until its timeout.
	 */
	return MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_ALLOW_SUSPEND_RESUME | more,
		port, NULL, NULL, on_request, http, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
		MHD_OPTION_CONNECTION_LIMIT, connections_max(), MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)IDLE_SECONDS, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY,
		http->threads > 1 ? pool : &pool[1], MHD_OPTION_END);
}

int http_start(struct http *http, uint16_t port, struct oci_error *err)
{
	pthread_condattr_t clock;
	const union MHD_DaemonInfo *info;

	(void)pthread_mutex_init(&http->lock, NULL);
	(void)pthread_condattr_init(&clock);
	(void)pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&http->idle, &clock);
	(void)pthread_condattr_destroy(&clock);
	http->in_flight = 0;
	/* where IPv6 is switched off there is no dual stack */
	http->daemon = listen_at(http, port, MHD_USE_DUAL_STACK);
	if (!http->daemon)
		http->daemon = listen_at(http, port, 0);
	if (!http->daemon)
		return err_sys(err, errno ? errno : EIO, "listen at port %u", port);
	info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT);
	server_say(http->server, "listening on port %u", info ? info->port : port);
	return 0;
}

void http_drain(struct http *http, uint32_t seconds)
{
	struct timespec until = { 0, 0 };
	int r = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	(void)pthread_mutex_lock(&http->lock);
	while (http->in_flight > 0 && r == 0)
		r = pthread_cond_timedwait(&http->idle, &http->lock, &until);
	(void)pthread_mutex_unlock(&http->lock);
}

void http_stop(struct http *http)
{
	if (!http->daemon)
		return;
	MHD_stop_daemon(http->daemon);
	http->daemon = NULL;
	(void)pthread_cond_destroy(&http->idle);
	(void)pthread_mutex_destroy(&http->lock);
}
