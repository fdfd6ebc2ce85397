/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_service.c - /v1/services.
 */
#include <string.h>

#include "scale/api.h"
#include "scale/predict.h"
#include "scale/view.h"

#define REPLICAS_MAX 10000
#define DECISIONS_MAX 10000

int service_list(struct api_call *call, struct oci_error *err)
{
	const char *only = api_param(call, "project");
	struct json json CLEANUP_JSON = { 0 };
	int r = json_begin(&json, err);

	if (r < 0)
		return r;
	json_list(&json, NULL);
	for (struct project *p = supervisor_projects(call->api->sv); p; p = p->next) {
		if (only && strcmp(only, p->name) != 0)
			continue;
		for (struct service *s = p->services; s; s = s->next) {
			json_map(&json, NULL);
			view_service(&json, s, true);
			json_map_end(&json);
		}
	}
	json_list_end(&json);
	return api_json(call, 200, &json, err);
}

int service_get(struct api_call *call, struct oci_error *err)
{
	struct view_command command = { 0 };
	struct json json CLEANUP_JSON = { 0 };
	struct service *service;
	int r = api_service(call, &service, err);

	if (r == 0)
		r = json_begin(&json, err);
	if (r < 0)
		return r;
	json_map(&json, NULL);
	view_service(&json, service, false);
	json_list(&json, "replicas");
	for (struct replica *replica = service->replicas; replica; replica = replica->next) {
		json_map(&json, NULL);
		view_replica(&json, replica, &command);
		json_map_end(&json);
	}
	json_list_end(&json);
	json_map_end(&json);
	return api_json(call, 200, &json, err);
}

/* ---- commands ---------------------------------------------------------------------------------------------------- */

static int wanted_count(yajl_val root, int64_t *ret, struct oci_error *err)
{
	bool automatic = false;
	int given = json_get_int(root, "replicas", 0, REPLICAS_MAX, ret, err);
	int r = given < 0 ? given : json_get_bool(root, "auto", &automatic, err);

	if (r < 0)
		return r;
	if ((given == 1) == automatic)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "expected either \"replicas\" or \"auto\": true");
	if (automatic)
		*ret = -1;
	return 0;
}

int service_scale(struct api_call *call, struct oci_error *err)
{
	static const char *const keys[] = { "replicas", "auto", NULL };
	CLEANUP_TREE yajl_val root = NULL;
	struct json json CLEANUP_JSON = { 0 };
	struct service *service;
	unsigned admitted = 0;
	int64_t count = 0;
	int r = api_service(call, &service, err);

	if (r == 0)
		r = api_body(call, keys, &root, err);
	if (r == 0)
		r = wanted_count(root, &count, err);
	if (r == 0)
		r = supervisor_scale(call->api->sv, service, count, call->local ? "cli" : "page",
				     &admitted, err);
	if (r == 0)
		r = json_begin(&json, err);
	if (r < 0)
		return r;
	json_map(&json, NULL);
	json_int(&json, "desired", service->desired);
	json_int(&json, "admitted", admitted);
	json_text(&json, "reason", service->reason);
	json_map_end(&json);
	return api_json(call, 200, &json, err);
}

static int command(struct api_call *call,
		   int (*act)(struct supervisor *, struct service *, struct oci_error *),
		   struct oci_error *err)
{
	static const char *const keys[] = { NULL };
	CLEANUP_TREE yajl_val root = NULL;
	struct service *service;
	int r = api_service(call, &service, err);

	if (r == 0)
		r = api_body(call, keys, &root, err);
	if (r == 0)
		r = act(call->api->sv, service, err);
	return r < 0 ? r : api_empty(call, 202, err);
}

int service_start(struct api_call *call, struct oci_error *err)
{
	return command(call, supervisor_service_start, err);
}

int service_stop(struct api_call *call, struct oci_error *err)
{
	return command(call, supervisor_service_stop, err);
}

int service_restart(struct api_call *call, struct oci_error *err)
{
	return command(call, supervisor_service_restart, err);
}

int service_rollout(struct api_call *call, struct oci_error *err)
{
	static const char *const keys[] = { "paused", NULL };
	CLEANUP_TREE yajl_val root = NULL;
	struct service *service;
	bool paused = false;
	int r = api_service(call, &service, err);

	if (r == 0)
		r = api_body(call, keys, &root, err);
	if (r == 0)
		r = json_get_bool(root, "paused", &paused, err);
	if (r == 0)
		r = err_set_as(err, ERR_USAGE, EINVAL, "expected \"paused\": true or false");
	if (r > 0)
		r = supervisor_rollout_pause(call->api->sv, service, paused, err);
	return r < 0 ? r : api_empty(call, 202, err);
}

int service_rollback(struct api_call *call, struct oci_error *err)
{
	static const char *const keys[] = { "revision", NULL };
	CLEANUP_TREE yajl_val root = NULL;
	struct service *service;
	int64_t revision = 0;
	int r = api_service(call, &service, err);

	if (r == 0)
		r = api_body(call, keys, &root, err);
	if (r == 0)
		r = json_get_int(root, "revision", 1, INT64_MAX, &revision, err);
	if (r >= 0)
		r = supervisor_rollback(call->api->sv, service, (uint64_t)revision, err);
	return r < 0 ? r : api_empty(call, 202, err);
}

/* ---- history ----------------------------------------------------------------------------------------------------- */

static int put_decision(void *ctx, const struct scale_decision *decision)
{
	struct json *json = ctx;
	const char *inputs = decision->inputs ? decision->inputs : "";

	json_map(json, NULL);
	json_time(json, "at", decision->at_ms);
	json_int(json, "from", decision->from);
	json_int(json, "to", decision->to);
	json_text(json, "why", decision->why ? decision->why : "");
	json_raw(json, "inputs", inputs, strlen(inputs));
	json_map_end(json);
	return 0;
}

int service_decisions(struct api_call *call, struct oci_error *err)
{
	struct json json CLEANUP_JSON = { 0 };
	struct service *service;
	uint64_t limit = 100;
	int r = api_service(call, &service, err);

	if (r == 0)
		r = api_number(call, "limit", DECISIONS_MAX, &limit, err);
	if (r == 0)
		r = json_begin(&json, err);
	if (r < 0)
		return r;
	json_list(&json, NULL);
	r = supervisor_decisions(call->api->sv, service, (unsigned)limit, put_decision, &json, err);
	json_list_end(&json);
	return r < 0 ? r : api_json(call, 200, &json, err);
}

int service_forecast(struct api_call *call, struct oci_error *err)
{
	struct json json CLEANUP_JSON = { 0 };
	const struct predict *predict = NULL;
	struct scaler_cost cost = { 0 };
	struct service *service;
	int r = api_service(call, &service, err);

	if (r < 0)
		return r;
	if (call->api->scaler)
		predict = scaler_predict(call->api->scaler, service, &cost);
	if (!predict)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT,
				  "%s: nothing is forecast: its policy is not predict, or it has "
				  "just begun",
				  service->spec->name);
	r = json_begin(&json, err);
	if (r < 0)
		return r;
	json_map(&json, NULL);
	predict_facts(&json, predict, &service->spec->scale);
	predict_series(&json, predict);
	json_int(&json, "memoryBytes", (int64_t)predict_memory(predict));
	json_real(&json, "planMicroseconds",
		  cost.plans ? cost.cpu_seconds * 1e6 / (double)cost.plans : -1);
	json_map_end(&json);
	return api_json(call, 200, &json, err);
}

static int put_revision(void *ctx, uint64_t revision, int64_t at_ms, const char *document,
			const char *words)
{
	struct json *json = ctx;

	json_map(json, NULL);
	json_int(json, "revision", (int64_t)revision);
	json_time(json, "at", at_ms);
	json_text(json, "words", words ? words : "");
	json_raw(json, "document", document ? document : "", strlen(document ? document : ""));
	json_map_end(json);
	return 0;
}

int service_revisions(struct api_call *call, struct oci_error *err)
{
	struct json json CLEANUP_JSON = { 0 };
	struct service *service;
	int r = api_service(call, &service, err);

	if (r == 0)
		r = json_begin(&json, err);
	if (r < 0)
		return r;
	json_list(&json, NULL);
	r = supervisor_revisions(call->api->sv, service, put_revision, &json, err);
	json_list_end(&json);
	return r < 0 ? r : api_json(call, 200, &json, err);
}
