/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api.h - what requests mean: one table of routes, each a method, a pattern and a function. Knows nothing of sockets and of
 * libmicrohttpd, so that tests and the fuzzer call it as http.c does.
 */
#ifndef CARTE_SCALE_API_H
#define CARTE_SCALE_API_H

#include "base/error.h"
#include "scale/json.h"
#include "scale/metrics.h"
#include "scale/scaler.h"
#include "scale/stats.h"
#include "scale/supervisor.h"

#define API_BODY_MAX (4u << 20)
#define API_PARAMS_MAX 16

/** struct api - what all calls share. */
struct api {
	struct supervisor *sv;
	const struct scaler *scaler; /* NULL: nothing is forecast */
	struct stats stats;
	struct metrics metrics;
	const char *listen; /* "127.0.0.1:9700", or NULL */
	const char *token;
	int64_t started_ms; /* CLOCK_REALTIME */
	uint64_t serial;    /* of the newest event */
	struct loop_timer shutdown;
	void (*end)(void *ctx); /* of POST /v1/shutdown; NULL: loop_stop */
	void *end_ctx;
};

int api_begin(struct api *api, struct supervisor *sv, struct oci_error *err);
void api_end(struct api *api);
/** api_event - of the supervisor's listener. */
void api_event(struct api *api, const struct supervisor_event *event);

struct api_param {
	const char *key, *value;
};

struct api_call;
typedef int api_handler(struct api_call *call, struct oci_error *err);

/** struct api_call - one request, and what comes of it. */
struct api_call {
	struct api *api;
	struct oci_arena arena;
	const char *method;
	char *path; /* decoded */
	struct api_param params[API_PARAMS_MAX];
	size_t params_len;
	const char *args[2]; /* of the pattern's {} */
	const char *body;    /* the caller's */
	size_t length;
	bool local; /* over the unix socket */

	int status;       /* HTTP's; 0: no answer yet */
	const char *type; /* Content-Type */
	char *reply;      /* heap, unless @fixed */
	size_t reply_length;
	bool fixed;
	const char *allow; /* of status 405 */

	/* A long poll: called again after each event, until it answers or the time is up; then once more with @late. */
	api_handler *again;
	int64_t deadline; /* loop_now */
	bool late;
	char id[REPLICA_ID_SIZE]; /* the container that it is about */
	int exit_status;          /* of its last end that was an event since; -1 */
	bool ended;
	int64_t since_ms;

	/* A stream of events: http.c goes on with those after this one. */
	bool stream;
	uint64_t after;
};

/** api_call_begin - @uri: raw, with the query. 0, or -EINVAL with words; api_call_end in any case. */
int api_call_begin(struct api_call *call, struct api *api, const char *method, const char *uri,
		   struct oci_error *err);
void api_call_end(struct api_call *call);

/** api_handle - @call has an answer afterwards, or waits (@again), or streams. Errors are answers too. */
void api_handle(struct api_call *call);
/** api_again - of one that waits. */
void api_again(struct api_call *call);
/** api_call_event - tell one that waits what happened. */
void api_call_event(struct api_call *call, const struct supervisor_event *event);
/** api_fail - make the error the answer. */
void api_fail(struct api_call *call, const struct oci_error *err);
void api_fail_status(struct api_call *call, int status, const struct oci_error *err);

/** api_event_line - one event as JSON, with the newline. Heap. */
int api_event_line(const struct supervisor_event *event, char **ret, size_t *ret_length,
		   struct oci_error *err);

/** struct api_route - ends with a NULL method. */
struct api_route {
	const char *method;
	const char *pattern; /* "/v1/projects/{project}/wait" */
	api_handler *handle;
};
extern const struct api_route api_routes[];

/* ---- for handlers ------------------------------------------------------------------------------------------------ */

/** api_param - of the query; NULL: not given. */
const char *api_param(const struct api_call *call, const char *key);
/** api_flag - "1" and "true", "0" and "false"; not given: false. */
int api_flag(const struct api_call *call, const char *key, bool *ret, struct oci_error *err);
/** api_number - not given: @ret stays. */
int api_number(const struct api_call *call, const char *key, uint64_t max, uint64_t *ret,
	       struct oci_error *err);

/** api_json - the answer; takes the text out of @json. */
int api_json(struct api_call *call, int status, struct json *json, struct oci_error *err);
/** api_empty - "{}". */
int api_empty(struct api_call *call, int status, struct oci_error *err);
/** api_body - parse the body; it must be an object with only @keys. */
int api_body(const struct api_call *call, const char *const *keys, yajl_val *ret,
	     struct oci_error *err);

/** api_wait - answer later: @again is called until it returns less than 1. */
int api_wait(struct api_call *call, api_handler *again, int64_t timeout_ms);

int api_service(const struct api_call *call, struct service **ret, struct oci_error *err);
int api_replica(const struct api_call *call, struct replica **ret, struct oci_error *err);

/* The handlers, by file. 0: answered, 1: see api_wait, or -errno. */
api_handler api_info, api_shutdown, api_healthz, api_metrics, api_page, api_events;
api_handler project_put, project_list, project_get, project_delete, project_wait;
api_handler service_list, service_get, service_scale, service_start, service_stop, service_restart,
	service_rollback, service_rollout, service_decisions, service_forecast, service_revisions;
api_handler container_list, container_run, container_get, container_delete, container_start,
	container_stop, container_restart, container_pause, container_unpause, container_kill,
	container_finished, container_wait, container_stats, container_stats_all, container_logs;

#endif
