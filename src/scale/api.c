/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api.c - a request's address to its route, and answers.
 */
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "scale/api.h"
#include "scale/view.h"

#define WAIT_MAX_MS INT64_C(3600000)

const struct api_route api_routes[] = {
	{ "GET", "/", api_page },
	{ "GET", "/healthz", api_healthz },
	{ "GET", "/metrics", api_metrics },
	{ "GET", "/openapi.json", api_page },
	{ "GET", "/page.css", api_page },
	{ "GET", "/page.js", api_page },
	{ "GET", "/v1/containers", container_list },
	{ "POST", "/v1/containers", container_run },
	{ "GET", "/v1/containers/{container}", container_get },
	{ "DELETE", "/v1/containers/{container}", container_delete },
	{ "POST", "/v1/containers/{container}/finished", container_finished },
	{ "POST", "/v1/containers/{container}/kill", container_kill },
	{ "GET", "/v1/containers/{container}/logs", container_logs },
	{ "POST", "/v1/containers/{container}/pause", container_pause },
	{ "POST", "/v1/containers/{container}/restart", container_restart },
	{ "POST", "/v1/containers/{container}/start", container_start },
	{ "GET", "/v1/containers/{container}/stats", container_stats },
	{ "POST", "/v1/containers/{container}/stop", container_stop },
	{ "POST", "/v1/containers/{container}/unpause", container_unpause },
	{ "GET", "/v1/containers/{container}/wait", container_wait },
	{ "GET", "/v1/events", api_events },
	{ "GET", "/v1/info", api_info },
	{ "GET", "/v1/projects", project_list },
	{ "GET", "/v1/projects/{project}", project_get },
	{ "PUT", "/v1/projects/{project}", project_put },
	{ "DELETE", "/v1/projects/{project}", project_delete },
	{ "GET", "/v1/projects/{project}/wait", project_wait },
	{ "GET", "/v1/services", service_list },
	{ "GET", "/v1/services/{project}/{service}", service_get },
	{ "GET", "/v1/services/{project}/{service}/decisions", service_decisions },
	{ "GET", "/v1/services/{project}/{service}/forecast", service_forecast },
	{ "POST", "/v1/services/{project}/{service}/restart", service_restart },
	{ "GET", "/v1/services/{project}/{service}/revisions", service_revisions },
	{ "POST", "/v1/services/{project}/{service}/rollback", service_rollback },
	{ "POST", "/v1/services/{project}/{service}/rollout", service_rollout },
	{ "POST", "/v1/services/{project}/{service}/scale", service_scale },
	{ "POST", "/v1/services/{project}/{service}/start", service_start },
	{ "POST", "/v1/services/{project}/{service}/stop", service_stop },
	{ "POST", "/v1/shutdown", api_shutdown },
	{ "GET", "/v1/stats", container_stats_all },
	{ NULL, NULL, NULL },
};

/* ---- what all calls share ---------------------------------------------------------------------------------------- */

static int note_serial(void *ctx, const struct supervisor_event *event)
{
	struct api *api = ctx;

	if (event->serial > api->serial)
		api->serial = event->serial;
	return 0;
}

int api_begin(struct api *api, struct supervisor *sv, struct oci_error *err)
{
	*api = (struct api){ .sv = sv, .started_ms = view_clock_ms() };
	return supervisor_events(sv, 0, 0, note_serial, api, err);
}

void api_end(struct api *api)
{
	loop_timer_cancel(&api->shutdown);
	stats_free(&api->stats);
	metrics_free(&api->metrics);
}

void api_event(struct api *api, const struct supervisor_event *event)
{
	(void)note_serial(api, event);
	metrics_event(&api->metrics, api->sv, event);
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* In place; what comes out is text without control characters. */
static int unescape(char *text, bool query)
{
	char *to = text;

	for (const char *from = text; *from; from++, to++) {
		*to = *from;
		if (query && *from == '+')
			*to = ' ';
		if (*from == '%') {
			int high = hex_digit(from[1]);
			int low = high < 0 ? -1 : hex_digit(from[2]);

			if (low < 0)
				return -EINVAL;
			*to = (char)(high << 4 | low);
			from += 2;
		}
		if ((unsigned char)*to < ' ' || *to == 0x7f)
			return -EINVAL;
	}
	*to = '\0';
	for (const char *at = text; *at;) {
		size_t step = utf8_length(at, strlen(at));

		if (step == 0)
			return -EINVAL;
		at += step;
	}
	return 0;
}

static int parse_query(struct api_call *call, char *query, struct oci_error *err)
{
	char *rest = query;
	char *pair;

	while ((pair = strsep(&rest, "&"))) {
		char *value = strchr(pair, '=');

		if (*pair == '\0')
			continue;
		if (call->params_len == API_PARAMS_MAX)
			return err_set_as(err, ERR_USAGE, E2BIG, "more than %d parameters",
					  API_PARAMS_MAX);
		if (value)
			*value++ = '\0';
		if (unescape(pair, true) < 0 || (value && unescape(value, true) < 0))
			return err_set_as(err, ERR_USAGE, EINVAL, "the query is not well escaped");
		call->params[call->params_len++] =
			(struct api_param){ .key = pair, .value = value ? value : "" };
	}
	return 0;
}

int api_call_begin(struct api_call *call, struct api *api, const char *method, const char *uri,
		   struct oci_error *err)
{
	char *query;

	*call = (struct api_call){ .api = api, .method = method, .body = "", .exit_status = -1 };
	call->path = oci_arena_strdup(&call->arena, uri);
	if (!call->path)
		return err_nomem(err);
	query = strchr(call->path, '?');
	if (query)
		*query++ = '\0';
	if (call->path[0] != '/' || unescape(call->path, false) < 0)
		return err_set_as(err, ERR_USAGE, EINVAL, "the path is not well formed");
	return query ? parse_query(call, query, err) : 0;
}

void api_call_end(struct api_call *call)
{
	if (!call->fixed)
		free(call->reply);
	call->reply = NULL;
	oci_arena_free(&call->arena);
}

/* ---- routes ------------------------------------------------------------------------------------------------------ */

/* The parts for {} are copied to call->args. 1: it fits, 0: it does not, -ENOMEM. */
static int route_fits(struct api_call *call, const char *pattern)
{
	const char *path = call->path;
	size_t args = 0;

	while (*pattern) {
		size_t part;

		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return 0;
			continue;
		}
		part = strcspn(path, "/");
		if (part == 0 || args == ARRAY_LEN(call->args))
			return 0;
		call->args[args] = oci_arena_strndup(&call->arena, path, part);
		if (!call->args[args++])
			return -ENOMEM;
		path += part;
		pattern += strcspn(pattern, "}") + 1;
	}
	return *path == '\0';
}

static bool is_method(const struct api_call *call, const char *method)
{
	return strcmp(call->method, method) == 0 ||
	       (strcmp(call->method, "HEAD") == 0 && strcmp(method, "GET") == 0);
}

/* NULL: @err tells why, and call->allow is there when it is the method. */
static const struct api_route *find_route(struct api_call *call, struct oci_error *err)
{
	char allow[64] = "";

	for (const struct api_route *route = api_routes; route->method; route++) {
		int fits = route_fits(call, route->pattern);

		if (fits < 0) {
			(void)err_nomem(err);
			return NULL;
		}
		if (fits && is_method(call, route->method))
			return route;
		if (fits)
			(void)snprintf(allow + strlen(allow), sizeof(allow) - strlen(allow), "%s%s",
				       *allow ? ", " : "", route->method);
	}
	if (*allow)
		call->allow = oci_arena_strdup(&call->arena, allow);
	(void)err_set_as(err, *allow ? ERR_USAGE : ERR_NOT_FOUND, *allow ? EINVAL : ENOENT,
			 *allow ? "%.20s is not allowed for %.200s" : "%.20s %.200s: no such route",
			 call->method, call->path);
	return NULL;
}

static void settle(struct api_call *call, int r, struct oci_error *err)
{
	if ((r == 1 || call->stream) && strcmp(call->method, "HEAD") == 0)
		r = err_set_as(err, ERR_USAGE, EINVAL, "HEAD is not for what waits");
	if (r < 0)
		api_fail(call, err);
}

void api_handle(struct api_call *call)
{
	struct oci_error err = OCI_ERROR_INIT;
	const struct api_route *route = find_route(call, &err);

	call->api->metrics.requests++;
	if (!route)
		api_fail_status(call, call->allow ? 405 : 0, &err);
	else
		settle(call, route->handle(call, &err), &err);
}

void api_again(struct api_call *call)
{
	struct oci_error err = OCI_ERROR_INIT;
	api_handler *again = call->again;
	int r;

	call->late = loop_now(supervisor_loop(call->api->sv)) >= call->deadline;
	r = again(call, &err);
	if (r == 1 && call->late)
		r = err_set_as(&err, ERR_TIMEOUT, ETIMEDOUT, "not done in time; it goes on");
	if (r < 1)
		call->again = NULL;
	if (r < 0)
		api_fail(call, &err);
}

void api_call_event(struct api_call *call, const struct supervisor_event *event)
{
	if (!call->id[0] || strcmp(call->id, event->id) != 0 || call->ended)
		return;
	call->ended = strcmp(event->action, "die") == 0;
	if (call->ended || event->status >= 0)
		call->exit_status = event->status;
}

int api_wait(struct api_call *call, api_handler *again, int64_t timeout_ms)
{
	if (timeout_ms > WAIT_MAX_MS)
		timeout_ms = WAIT_MAX_MS;
	call->again = again;
	call->deadline = loop_now(supervisor_loop(call->api->sv)) + timeout_ms;
	return 1;
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

static int status_of(enum err_kind kind)
{
	switch (kind) {
	case ERR_USAGE:
		return 400;
	case ERR_DOCUMENT:
		return 422;
	case ERR_NOT_FOUND:
		return 404;
	case ERR_EXISTS:
	case ERR_STATE:
		return 409;
	case ERR_UNSUPPORTED:
		return 501;
	case ERR_PERMISSION:
		return 403;
	case ERR_RESOURCES:
		return 503;
	case ERR_TIMEOUT:
		return 504;
	default:
		return 500;
	}
}

void api_fail_status(struct api_call *call, int status, const struct oci_error *err)
{
	static char nothing[] = "{\"error\":\"out of memory\",\"kind\":\"resources\"}\n";
	enum err_kind kind = err_kind(err);
	struct json json CLEANUP_JSON = { 0 };

	call->again = NULL;
	call->stream = false;
	if (status == 0)
		status = status_of(kind);
	if (json_begin(&json, NULL) == 0) {
		json_map(&json, NULL);
		json_text(&json, "error", err->message[0] ? err->message : "it failed");
		json_text(&json, "kind", err_kind_word(kind));
		json_map_end(&json);
		if (api_json(call, status, &json, NULL) == 0)
			return;
	}
	call->status = 503;
	call->type = "application/json";
	call->fixed = true;
	call->reply = nothing;
	call->reply_length = sizeof(nothing) - 1;
}

void api_fail(struct api_call *call, const struct oci_error *err)
{
	api_fail_status(call, 0, err);
}

int api_json(struct api_call *call, int status, struct json *json, struct oci_error *err)
{
	int r = json_take(json, &call->reply, &call->reply_length, err);

	if (r < 0)
		return r;
	call->status = status;
	call->type = "application/json";
	return 0;
}

int api_empty(struct api_call *call, int status, struct oci_error *err)
{
	struct json json CLEANUP_JSON = { 0 };
	int r = json_begin(&json, err);

	if (r < 0)
		return r;
	json_map(&json, NULL);
	json_map_end(&json);
	return api_json(call, status, &json, err);
}

/* ---- what handlers ask for --------------------------------------------------------------------------------------- */

const char *api_param(const struct api_call *call, const char *key)
{
	for (size_t i = 0; i < call->params_len; i++)
		if (strcmp(call->params[i].key, key) == 0)
			return call->params[i].value;
	return NULL;
}

int api_flag(const struct api_call *call, const char *key, bool *ret, struct oci_error *err)
{
	const char *value = api_param(call, key);

	if (value && strcmp(value, "1") != 0 && strcmp(value, "true") != 0 &&
	    strcmp(value, "0") != 0 && strcmp(value, "false") != 0)
		return err_set_as(err, ERR_USAGE, EINVAL, "%s: expected 1 or 0", key);
	*ret = value && (*value == '1' || *value == 't');
	return 0;
}

int api_number(const struct api_call *call, const char *key, uint64_t max, uint64_t *ret,
	       struct oci_error *err)
{
	const char *value = api_param(call, key);
	uint64_t number;

	if (!value)
		return 0;
	if (parse_u64(value, &number) < 0 || number > max)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "%s: expected a whole number from 0 to %llu", key,
				  (unsigned long long)max);
	*ret = number;
	return 0;
}

int api_body(const struct api_call *call, const char *const *keys, yajl_val *ret,
	     struct oci_error *err)
{
	int r = json_read(call->body, call->length, ret, err);

	return r < 0 ? r : json_only(*ret, keys, err);
}

int api_service(const struct api_call *call, struct service **ret, struct oci_error *err)
{
	*ret = supervisor_service(call->api->sv, call->args[0], call->args[1]);
	if (!*ret)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT, "no service %.100s in project %.100s",
				  call->args[1], call->args[0]);
	return 0;
}

int api_replica(const struct api_call *call, struct replica **ret, struct oci_error *err)
{
	int r = supervisor_replica(call->api->sv, call->args[0], ret, err);

	if (r == -ENOENT && err->kind == 0)
		(void)err_set_as(err, ERR_NOT_FOUND, ENOENT, "no container %.200s", call->args[0]);
	return r;
}
