/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_container.c - /v1/containers: what is done to one.
 */
#include <signal.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "scale/api.h"
#include "scale/view.h"

#define PREPARE_MS INT64_C(600000) /* an image may have to be fetched */
#define FOREVER_MS INT64_MAX
#define GRACE_MAX_S 86400
#define MARGIN_MS INT64_C(30000)

static struct replica *by_id(const struct api_call *call)
{
	struct replica *replica = NULL;

	return supervisor_replica(call->api->sv, call->id, &replica, NULL) == 0 ? replica : NULL;
}

static void remember(struct api_call *call, const struct replica *replica)
{
	memcpy(call->id, replica->id, sizeof(call->id));
	call->since_ms = view_clock_ms();
}

static bool is_over(const struct replica *replica)
{
	return replica->state == REPLICA_EXITED || replica->state == REPLICA_FAILED ||
	       replica->state == REPLICA_DELETED;
}

/* ---- run --------------------------------------------------------------------------------------------------------- */

static int answer_run(struct api_call *call, const struct replica *replica, struct oci_error *err)
{
	struct json json CLEANUP_JSON = { 0 };
	int r = json_begin(&json, err);

	if (r < 0)
		return r;
	json_map(&json, NULL);
	json_text(&json, "id", replica->id);
	json_text(&json, "name", replica->name);
	json_text(&json, "bundle", replica->bundle);
	json_text(&json, "logPath", replica->log_path);
	json_text(&json, "runtime", supervisor_runtime(call->api->sv, replica));
	json_text(&json, "runtimeRoot", supervisor_runtime_root(call->api->sv, replica));
	json_bool(&json, "systemdCgroup", supervisor_options(call->api->sv)->systemd_cgroup);
	json_text(&json, "state", replica_state_word(replica->state));
	json_text(&json, "reason", replica->reason);
	json_map_end(&json);
	return api_json(call, 201, &json, err);
}

static int could_not(const struct replica *replica, const char *what, struct oci_error *err)
{
	return err_set_as(err, ERR_FAILED, ECANCELED, "%s could not be %s%s%s", replica->name, what,
			  replica->reason[0] ? ": " : "", replica->reason);
}

static int prepared(struct api_call *call, struct oci_error *err)
{
	const struct replica *replica = by_id(call);

	if (!replica)
		return err_set_as(err, ERR_STATE, ENOENT, "the container was removed meanwhile");
	if (is_over(replica))
		return could_not(replica, "prepared", err);
	return replica->state == REPLICA_PENDING ? 1 : answer_run(call, replica, err);
}

static int launched(struct api_call *call, struct oci_error *err)
{
	const struct replica *replica = by_id(call);

	if (!replica)
		return err_set_as(err, ERR_STATE, ENOENT, "the container was removed meanwhile");
	if (is_over(replica) && replica->started_ms == 0)
		return could_not(replica, "started", err);
	return replica->started_ms == 0 ? 1 : answer_run(call, replica, err);
}

int container_run(struct api_call *call, struct oci_error *err)
{
	struct replica *replica = NULL;
	bool foreground = false;
	bool wait = false;
	int r = api_flag(call, "foreground", &foreground, err);

	if (r == 0)
		r = api_flag(call, "wait", &wait, err);
	if (r == 0)
		r = supervisor_run(call->api->sv, call->body, call->length, foreground, &replica,
				   err);
	if (r < 0 || !replica)
		return r;
	remember(call, replica);
	if (!foreground && !wait)
		return answer_run(call, replica, err);
	r = foreground ? prepared(call, err) : launched(call, err);
	return r == 1 ? api_wait(call, foreground ? prepared : launched, PREPARE_MS) : r;
}

int container_finished(struct api_call *call, struct oci_error *err)
{
	static const char *const keys[] = { "status", NULL };
	CLEANUP_TREE yajl_val root = NULL;
	struct replica *replica = NULL;
	int64_t status = -1;
	int r = api_replica(call, &replica, err);

	if (r == 0)
		r = api_body(call, keys, &root, err);
	if (r == 0)
		r = json_get_int(root, "status", -1, 255, &status, err);
	if (r == 0)
		return err_set_as(err, ERR_USAGE, EINVAL, "status: required");
	if (r > 0)
		r = supervisor_finished(call->api->sv, replica, (int)status, err);
	return r < 0 ? r : api_empty(call, 200, err);
}

/* ---- start, stop, restart ---------------------------------------------------------------------------------------- */

static int is_ended(struct api_call *call, struct oci_error *err)
{
	const struct replica *replica = by_id(call);

	if (replica && (!is_over(replica) || replica->pid > 0))
		return 1;
	return api_empty(call, 200, err);
}

static int is_again(struct api_call *call, struct oci_error *err)
{
	const struct replica *replica = by_id(call);

	/* a new container may take its place */
	if (!replica)
		return api_empty(call, 200, err);
	if (replica->started_ms >= call->since_ms && view_is_running(replica))
		return api_empty(call, 200, err);
	if (replica->state == REPLICA_FAILED)
		return could_not(replica, "started", err);
	return 1;
}

/* {"grace":SECONDS?} */
static int read_grace(const struct api_call *call, int64_t *ret_ms, struct oci_error *err)
{
	static const char *const keys[] = { "grace", NULL };
	CLEANUP_TREE yajl_val root = NULL;
	int64_t seconds = 0;
	int r = api_body(call, keys, &root, err);

	if (r == 0)
		r = json_get_int(root, "grace", 0, GRACE_MAX_S, &seconds, err);
	if (r < 0)
		return r;
	*ret_ms = r == 1 ? seconds * 1000 : -1;
	return 0;
}

static int finish(struct api_call *call, const struct replica *replica, api_handler *again,
		  int64_t grace_ms, struct oci_error *err)
{
	bool wait = false;
	int r = api_flag(call, "wait", &wait, err);

	if (r < 0)
		return r;
	if (!wait)
		return api_empty(call, 202, err);
	if (grace_ms < 0)
		grace_ms = replica->service->spec->stop_grace_ms;
	r = again(call, err);
	return r == 1 ? api_wait(call, again, (grace_ms > 0 ? grace_ms : 0) + MARGIN_MS) : r;
}

int container_start(struct api_call *call, struct oci_error *err)
{
	static const char *const keys[] = { NULL };
	CLEANUP_TREE yajl_val root = NULL;
	struct replica *replica = NULL;
	int r = api_replica(call, &replica, err);

	if (r == 0)
		r = api_body(call, keys, &root, err);
	if (r != 0)
		return r;
	remember(call, replica);
	r = supervisor_start(call->api->sv, replica, err);
	return r < 0 ? r : finish(call, replica, is_again, 0, err);
}

int container_stop(struct api_call *call, struct oci_error *err)
{
	struct replica *replica = NULL;
	int64_t grace_ms = -1;
	int r = api_replica(call, &replica, err);

	if (r == 0)
		r = read_grace(call, &grace_ms, err);
	if (r != 0)
		return r;
	remember(call, replica);
	r = supervisor_stop(call->api->sv, replica, grace_ms, err);
	return r < 0 ? r : finish(call, replica, is_ended, grace_ms, err);
}

int container_restart(struct api_call *call, struct oci_error *err)
{
	struct replica *replica = NULL;
	int64_t grace_ms = -1;
	int r = api_replica(call, &replica, err);

	if (r == 0)
		r = read_grace(call, &grace_ms, err);
	if (r != 0)
		return r;
	remember(call, replica);
	r = supervisor_restart(call->api->sv, replica, grace_ms, err);
	return r < 0 ? r : finish(call, replica, is_again, grace_ms, err);
}

static int pause_or_not(struct api_call *call, bool pause, struct oci_error *err)
{
	static const char *const keys[] = { NULL };
	CLEANUP_TREE yajl_val root = NULL;
	struct replica *replica = NULL;
	int r = api_replica(call, &replica, err);

	if (r == 0)
		r = api_body(call, keys, &root, err);
	if (r == 0)
		r = supervisor_pause(call->api->sv, replica, pause, err);
	return r < 0 ? r : api_empty(call, 202, err);
}

int container_pause(struct api_call *call, struct oci_error *err)
{
	return pause_or_not(call, true, err);
}

int container_unpause(struct api_call *call, struct oci_error *err)
{
	return pause_or_not(call, false, err);
}

/* ---- kill -------------------------------------------------------------------------------------------------------- */

/* "TERM", "SIGTERM", "15", "RTMIN+3"; 0: none */
static int signal_number(const char *name)
{
	uint32_t number;

	if (parse_u32(name, &number) == 0)
		return number < NSIG ? (int)number : 0;
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	if (strcasecmp(name, "RTMIN") == 0)
		return SIGRTMIN;
	if (strncasecmp(name, "RTMIN+", 6) == 0 && parse_u32(name + 6, &number) == 0 &&
	    number <= (uint32_t)(SIGRTMAX - SIGRTMIN))
		return SIGRTMIN + (int)number;
	for (int i = 1; i < NSIG; i++) {
		const char *word = sigabbrev_np(i);

		if (word && strcasecmp(word, name) == 0)
			return i;
	}
	return 0;
}

int container_kill(struct api_call *call, struct oci_error *err)
{
	static const char *const keys[] = { "signal", NULL };
	CLEANUP_TREE yajl_val root = NULL;
	struct replica *replica = NULL;
	const char *name = "KILL";
	int number;
	int r = api_replica(call, &replica, err);

	if (r == 0)
		r = api_body(call, keys, &root, err);
	if (r == 0)
		r = json_get_text(root, "signal", &name, err);
	if (r < 0)
		return r;
	number = signal_number(name);
	if (number == 0)
		return err_set_as(err, ERR_USAGE, EINVAL, "signal: no signal is called %.32s",
				  name);
	r = supervisor_kill(call->api->sv, replica, number, err);
	return r < 0 ? r : api_empty(call, 200, err);
}

/* ---- rm, wait ---------------------------------------------------------------------------------------------------- */

static int is_gone(struct api_call *call, struct oci_error *err)
{
	return by_id(call) ? 1 : api_empty(call, 200, err);
}

int container_delete(struct api_call *call, struct oci_error *err)
{
	struct replica *replica = NULL;
	bool force = false;
	int r = api_flag(call, "force", &force, err);

	if (r == 0)
		r = api_replica(call, &replica, err);
	if (r != 0)
		return r;
	remember(call, replica);
	r = supervisor_remove(call->api->sv, replica, force, err);
	if (r == 0)
		r = is_gone(call, err);
	return r == 1 ? api_wait(call, is_gone, MARGIN_MS * 2) : r;
}

static int answer_status(struct api_call *call, int status, struct oci_error *err)
{
	struct json json CLEANUP_JSON = { 0 };
	int r = json_begin(&json, err);

	if (r < 0)
		return r;
	json_map(&json, NULL);
	json_int(&json, "exitStatus", status);
	json_map_end(&json);
	return api_json(call, 200, &json, err);
}

static int has_ended(struct api_call *call, struct oci_error *err)
{
	const struct replica *replica = by_id(call);

	if (call->ended || !replica)
		return answer_status(call, call->exit_status, err);
	return is_over(replica) ? answer_status(call, replica->exit_status, err) : 1;
}

int container_wait(struct api_call *call, struct oci_error *err)
{
	struct replica *replica = NULL;
	uint64_t timeout = 0;
	int r = api_replica(call, &replica, err);

	if (r == 0)
		r = api_number(call, "timeout", 3600, &timeout, err);
	if (r != 0)
		return r;
	remember(call, replica);
	r = has_ended(call, err);
	return r == 1 ? api_wait(call, has_ended, timeout ? (int64_t)timeout * 1000 : FOREVER_MS)
		      : r;
}
