/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_info.c - the supervisor itself: info, health, metrics, the page, events.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "scale/api.h"
#include "scale/embed.h"
#include "scale/view.h"

#define SHUTDOWN_MS 100 /* so that the answer gets out */
#define EVENTS_MAX 100000

static int answer_fixed(struct api_call *call, const char *type, const void *text, size_t length)
{
	call->status = 200;
	call->type = type;
	call->reply = (char *)text;
	call->reply_length = length;
	call->fixed = true;
	return 0;
}

int api_healthz(struct api_call *call, struct oci_error *err)
{
	(void)err;
	return answer_fixed(call, "text/plain; charset=utf-8", "ok\n", 3);
}

int api_page(struct api_call *call, struct oci_error *err)
{
	(void)err;
	if (strcmp(call->path, "/page.css") == 0)
		return answer_fixed(call, "text/css; charset=utf-8", embed_page_css,
				    embed_page_css_length);
	if (strcmp(call->path, "/page.js") == 0)
		return answer_fixed(call, "text/javascript; charset=utf-8", embed_page_js,
				    embed_page_js_length);
	if (strcmp(call->path, "/openapi.json") == 0)
		return answer_fixed(call, "application/json", embed_openapi_json,
				    embed_openapi_json_length);
	return answer_fixed(call, "text/html; charset=utf-8", embed_index_html,
			    embed_index_html_length);
}

int api_metrics(struct api_call *call, struct oci_error *err)
{
	int r = metrics_render(&call->api->metrics, &call->api->stats, call->api->sv,
			       call->api->scaler, &call->reply, &call->reply_length, err);

	if (r < 0)
		return r;
	call->status = 200;
	call->type = "text/plain; version=0.0.4; charset=utf-8";
	return 0;
}

static void stop_now(void *ctx)
{
	struct api *api = ctx;

	if (api->end)
		api->end(api->end_ctx);
	else
		loop_stop(supervisor_loop(api->sv));
}

int api_shutdown(struct api_call *call, struct oci_error *err)
{
	static const char *const keys[] = { NULL };
	struct loop *loop = supervisor_loop(call->api->sv);
	CLEANUP_TREE yajl_val root = NULL;
	int r = api_body(call, keys, &root, err);

	if (r == 0 &&
	    loop_timer_set(loop, &call->api->shutdown, SHUTDOWN_MS, stop_now, call->api) < 0)
		r = err_nomem(err);
	return r < 0 ? r : api_empty(call, 202, err);
}

/* ---- info -------------------------------------------------------------------------------------------------------- */

static void put_pool(struct json *json, struct pool *pool)
{
	if (pool_measure(pool, NULL) < 0) {
		json_null(json, "pool");
		return;
	}
	json_map(json, "pool");
	json_int(json, "cpuMilli", pool->cpu_milli);
	json_int(json, "memory", pool->memory);
	json_int(json, "reserve", pool->memory_reserve);
	json_int(json, "available", pool->available);
	json_real(json, "memoryPressure", pool->memory_pressure * 100);
	json_text(json, "limitedBy", pool->limited_by);
	json_map_end(json);
}

static void put_counts(struct json *json, struct supervisor *sv)
{
	unsigned projects = 0, services = 0, containers = 0, running = 0, ready = 0;

	for (struct project *p = supervisor_projects(sv); p; p = p->next) {
		projects++;
		for (struct service *s = p->services; s; s = s->next) {
			services++;
			ready += service_count(s, REPLICA_READY);
			running += view_running(s);
			for (struct replica *r = s->replicas; r; r = r->next)
				containers++;
		}
	}
	json_map(json, "counts");
	json_int(json, "projects", projects);
	json_int(json, "services", services);
	json_int(json, "containers", containers);
	json_int(json, "running", running);
	json_int(json, "ready", ready);
	json_map_end(json);
}

int api_info(struct api_call *call, struct oci_error *err)
{
	const struct api *api = call->api;
	const struct supervisor_options *options = supervisor_options(api->sv);
	struct json json CLEANUP_JSON = { 0 };
	int r = json_begin(&json, err);

	if (r < 0)
		return r;
	json_map(&json, NULL);
	json_text(&json, "version", PACKAGE_VERSION);
	json_int(&json, "pid", getpid());
	json_text(&json, "stateDir", options->state_dir);
	json_text(&json, "runDir", options->run_dir);
	json_text(&json, "runtime", options->runtime);
	json_text(&json, "runtimeRoot",
		  oci_arena_printf(&call->arena, "%s/runtime", options->run_dir));
	json_time(&json, "started", api->started_ms);
	json_int(&json, "serial", (int64_t)api->serial);
	json_text(&json, "listen", api->listen);
	/* the token goes to those who could read its file */
	json_text(&json, "page",
		  call->local && api->listen ? oci_arena_printf(&call->arena, "http://%s/?token=%s",
								api->listen, api->token)
					     : NULL);
	put_pool(&json, &call->api->metrics.pool);
	put_counts(&json, api->sv);
	json_map_end(&json);
	return api_json(call, 200, &json, err);
}

/* ---- events ------------------------------------------------------------------------------------------------------ */

int api_event_line(const struct supervisor_event *event, char **ret, size_t *ret_length,
		   struct oci_error *err)
{
	struct json json CLEANUP_JSON = { 0 };
	int r = json_begin(&json, err);

	if (r < 0)
		return r;
	json_map(&json, NULL);
	json_int(&json, "serial", (int64_t)event->serial);
	json_time(&json, "at", event->at_ms);
	json_text(&json, "kind", event->kind);
	json_text(&json, "action", event->action);
	json_text(&json, "project", event->project);
	json_text(&json, "service", event->service);
	json_text(&json, "container", event->replica);
	json_text(&json, "id", event->id);
	json_int(&json, "status", event->status);
	json_text(&json, "words", event->words);
	json_map_end(&json);
	return json_take(&json, ret, ret_length, err);
}

static int put_line(void *ctx, const struct supervisor_event *event)
{
	FILE *out = ctx;
	CLEANUP_FREE char *text = NULL;
	size_t length = 0;
	int r = api_event_line(event, &text, &length, NULL);

	if (r == 0 && fwrite(text, 1, length, out) != length)
		r = -ENOMEM;
	return r;
}

int api_events(struct api_call *call, struct oci_error *err)
{
	uint64_t newest = call->api->serial;
	uint64_t after = 0;
	uint64_t last = 0;
	uint64_t limit = 0;
	bool follow = false;
	CLEANUP_FREE char *text = NULL;
	FILE *out;
	int r = api_flag(call, "follow", &follow, err);

	if (r == 0)
		r = api_number(call, "after", INT64_MAX, &after, err);
	if (r == 0)
		r = api_number(call, "limit", EVENTS_MAX, &limit, err);
	if (r == 0)
		r = api_number(call, "last", EVENTS_MAX, &last, err);
	if (r < 0)
		return r;
	if (api_param(call, "last"))
		after = newest > last ? newest - last : 0;
	else if (follow && !api_param(call, "after"))
		after = newest;
	call->status = 200;
	call->type = "application/x-ndjson";
	if (follow) {
		call->stream = true;
		call->after = after;
		return 0;
	}
	out = open_memstream(&text, &call->reply_length);
	if (!out)
		return err_nomem(err);
	r = supervisor_events(call->api->sv, after, (unsigned)limit, put_line, out, err);
	if (fclose(out) != 0 && r == 0)
		r = err_nomem(err);
	if (r == 0)
		call->reply = TAKE_PTR(text);
	return r;
}
