/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_request.c - one request from its first line to its end, between libmicrohttpd and the API.
 *
 * What waits is suspended: the library then does not watch the connection, so the loop does, for the peer's hanging up. Whether a wait
 * is over is asked by the loop, never in the middle of the supervisor's work that an event comes from.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/io.h"
#include "base/mem.h"
#include "scale/http_private.h"

#define BODY_FIRST 4096
#define TICK_MS 500

/* ---- suspending -------------------------------------------------------------------------------------------------- */

void http_request_resume(struct http_request *request)
{
	if (!request->suspended)
		return;
	request->suspended = false;
	loop_watch_remove(&request->hangup);
	MHD_resume_connection(request->connection);
	http_turn(request->conn->port);
}

static void hung_up(void *ctx, uint32_t events)
{
	struct http_request *request = ctx;

	(void)events;
	request->gone = true;
	http_request_resume(request);
}

/* TCP tells no more than that the peer sends nothing more; a unix socket tells when it is closed. */
void http_request_suspend(struct http_request *request)
{
	uint32_t events = request->conn->port->local ? 0 : EPOLLRDHUP;

	request->suspended = true;
	MHD_suspend_connection(request->connection);
	(void)loop_watch_add(http_of(request)->loop, &request->hangup, request->conn->fd, events,
			     hung_up, request);
}

static void request_list(struct http_request *request)
{
	struct http *http = http_of(request);

	if (request->slot)
		return;
	request->next = http->requests;
	request->slot = &http->requests;
	if (request->next)
		request->next->slot = &request->next;
	http->requests = request;
}

static void request_unlist(struct http_request *request)
{
	if (!request->slot)
		return;
	*request->slot = request->next;
	if (request->next)
		request->next->slot = request->slot;
	request->slot = NULL;
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static void ask(struct http_request *request)
{
	if (!request->call.again || !request->suspended)
		return;
	api_again(&request->call);
	if (!request->call.again)
		http_request_resume(request);
}

static void tick(void *ctx)
{
	struct http *http = ctx;
	struct http_request *next;
	bool waits = false;

	for (struct http_request *request = http->requests; request; request = next) {
		next = request->next;
		ask(request);
		waits = waits || request->call.again;
	}
	/* time alone may settle something too */
	if (waits)
		(void)loop_timer_set(http->loop, &http->tick, TICK_MS, tick, http);
}

static void too_late(void *ctx)
{
	ask(ctx);
}

static void request_wait(struct http_request *request)
{
	struct http *http = http_of(request);
	int64_t left = request->call.deadline - loop_now(http->loop);

	request_list(request);
	http_request_suspend(request);
	if (left < INT32_MAX)
		(void)loop_timer_set(http->loop, &request->late, left, too_late, request);
	if (http->tick.place == 0)
		(void)loop_timer_set(http->loop, &http->tick, TICK_MS, tick, http);
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

void http_requests_event(struct http *http, const struct supervisor_event *event)
{
	for (struct http_request *request = http->requests; request; request = request->next) {
		if (request->call.again)
			api_call_event(&request->call, event);
		else if (request->call.stream)
			http_stream_event(request, event);
	}
	if (http->requests)
		(void)loop_timer_set(http->loop, &http->tick, 0, tick, http);
}

void http_requests_drop(struct http *http)
{
	for (struct http_request *request = http->requests; request; request = request->next) {
		request->gone = true;
		http_request_resume(request);
	}
}

/* ---- answering --------------------------------------------------------------------------------------------------- */

static void add_headers(struct MHD_Response *response, const struct api_call *call)
{
	static const char *const rows[][2] = {
		{ "Cache-Control", "no-store" },
		{ "Content-Security-Policy",
		  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
		  "img-src 'self' data:; "
		  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'" },
		{ "Cross-Origin-Opener-Policy", "same-origin" },
		{ "Cross-Origin-Resource-Policy", "same-origin" },
		{ "Referrer-Policy", "no-referrer" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "X-Frame-Options", "DENY" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		(void)MHD_add_response_header(response, rows[i][0], rows[i][1]);
	if (call->type)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, call->type);
	if (call->allow)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, call->allow);
}

static enum MHD_Result queue(struct http_request *request, struct MHD_Response *response)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	request->conn->reading = false;
	add_headers(response, &request->call);
	result = MHD_queue_response(request->connection, (unsigned)request->call.status, response);
	MHD_destroy_response(response);
	return result;
}

static struct MHD_Response *make_response(struct api_call *call)
{
	enum MHD_ResponseMemoryMode mode =
		call->fixed ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_FREE;
	struct MHD_Response *response =
		MHD_create_response_from_buffer(call->reply_length, call->reply, mode);

	if (response)
		call->reply = NULL;
	return response;
}

static enum MHD_Result answer(struct http_request *request)
{
	struct api_call *call = &request->call;

	if (request->gone)
		return MHD_NO;
	if (call->again) {
		request_wait(request);
		return MHD_YES;
	}
	if (!call->stream)
		return queue(request, make_response(call));
	request_list(request);
	return queue(request, http_stream_begin(request));
}

/* An answer before the body was read: the connection ends with it. */
static enum MHD_Result refuse(struct http_request *request, int status, enum err_kind kind,
			      const char *words)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct MHD_Response *response;

	(void)err_set_as(&err, kind, EPERM, "%s", words);
	api_fail_status(&request->call, status, &err);
	response = make_response(&request->call);
	if (!response)
		return MHD_NO;
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
	if (status == 401)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
					      "Bearer realm=\"carte\"");
	return queue(request, response);
}

/* To where the page's script finds the token; what comes behind # is never sent. */
static enum MHD_Result login(struct http_request *request)
{
	const struct http_guard *guard = &http_of(request)->guard;
	struct MHD_Response *response =
		MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	char text[sizeof(guard->token) + 128];

	if (!response)
		return MHD_NO;
	(void)snprintf(text, sizeof(text), "carte_page=%s; Path=/; HttpOnly; SameSite=Strict",
		       guard->cookie);
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, text);
	(void)snprintf(text, sizeof(text), "/#token=%s", guard->token);
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_LOCATION, text);
	request->call.status = 303;
	return queue(request, response);
}

static const char *header(const struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

static enum http_verdict check_visit(const struct http_request *request)
{
	const struct http_visit visit = {
		.method = request->call.method,
		.path = request->call.path,
		.token = api_param(&request->call, "token"),
		.host = header(request, MHD_HTTP_HEADER_HOST),
		.authorization = header(request, MHD_HTTP_HEADER_AUTHORIZATION),
		.cookie = header(request, MHD_HTTP_HEADER_COOKIE),
		.fetch_site = header(request, "Sec-Fetch-Site"),
	};

	return http_guard_check(&http_of(request)->guard, &visit);
}

/* 1: go on, else the result for the library. */
static int look(struct http_request *request, enum MHD_Result *ret)
{
	const char *length = header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);
	struct http *http = http_of(request);
	enum http_verdict verdict = HTTP_PASS;
	uint64_t bytes = 0;

	request->looked = true;
	if (request->bad.code != 0) {
		*ret = refuse(request, 400, ERR_USAGE, request->bad.message);
		return 0;
	}
	if (!request->conn->port->local)
		verdict = check_visit(request);
	if (verdict == HTTP_LOGIN) {
		*ret = login(request);
		return 0;
	}
	if (verdict != HTTP_PASS) {
		http->api.metrics.refused++;
		*ret = verdict == HTTP_FOREIGN
			       ? refuse(request, 403, ERR_PERMISSION,
					"not for other sites, nor by another name than this host's")
			       : refuse(request, 401, ERR_PERMISSION,
					"the token is needed: Authorization: Bearer TOKEN, or "
					"/?token=TOKEN "
					"in a browser");
		return 0;
	}
	if (length && (parse_u64(length, &bytes) < 0 || bytes > API_BODY_MAX)) {
		*ret = refuse(request, 413, ERR_USAGE, "the body is larger than 4 MiB");
		return 0;
	}
	return 1;
}

static enum MHD_Result take_body(struct http_request *request, const char *data, size_t length)
{
	struct api_call *call = &request->call;

	if (length > API_BODY_MAX - call->length)
		return MHD_NO; /* chunked, without a length that could have been refused */
	if (call->length + length + 1 > request->size) {
		size_t size = request->size ? request->size * 2 : BODY_FIRST;
		char *grown;

		while (size < call->length + length + 1)
			size *= 2;
		grown = realloc(request->body, size);
		if (!grown)
			return MHD_NO;
		request->body = grown;
		request->size = size;
	}
	memcpy(request->body + call->length, data, length);
	call->length += length;
	request->body[call->length] = '\0';
	call->body = request->body;
	return MHD_YES;
}

/* ---- of the library ---------------------------------------------------------------------------------------------- */

void *http_request_begin(void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct http_port *port = cls;
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct http_request *request = calloc(1, sizeof(*request));

	if (!request || !info || !info->socket_context) {
		free(request);
		return NULL;
	}
	request->conn = info->socket_context;
	request->connection = connection;
	port->http->busy++;
	/* the method is not known yet */
	if (api_call_begin(&request->call, &port->http->api, "", uri, &request->bad) < 0)
		request->bad.code = request->bad.code ? request->bad.code : EINVAL;
	request->call.local = port->local;
	return request;
}

enum MHD_Result http_request_handle(void *cls, struct MHD_Connection *connection, const char *url,
				    const char *method, const char *version, const char *upload,
				    size_t *upload_size, void **ctx)
{
	struct http_request *request = *ctx;
	enum MHD_Result result = MHD_NO;

	(void)cls;
	(void)connection;
	(void)url;
	(void)version;
	if (!request)
		return MHD_NO;
	if (!request->looked) {
		request->call.method = method;
		return look(request, &result) == 1 ? MHD_YES : result;
	}
	if (*upload_size > 0) {
		result = take_body(request, upload, *upload_size);
		*upload_size = 0;
		return result;
	}
	if (!request->handled) {
		request->handled = true;
		request->conn->reading = false;
		api_handle(&request->call);
	}
	return answer(request);
}

void http_request_end(void *cls, struct MHD_Connection *connection, void **ctx,
		      enum MHD_RequestTerminationCode why)
{
	struct http_request *request = *ctx;
	struct http_port *port = cls;

	(void)connection;
	(void)why;
	*ctx = NULL;
	if (!request)
		return;
	loop_watch_remove(&request->hangup);
	loop_timer_cancel(&request->late);
	request_unlist(request);
	http_stream_end(request);
	request->conn->reading = true;
	request->conn->since = loop_now(port->http->loop);
	api_call_end(&request->call);
	free(request->body);
	free(request);
	port->http->busy--;
}
