/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_lifecycle.c - start, stop, restart, pause, unpause, kill, rm, wait: a request for each operand. A service's name means all of its replicas.
 */
#include <string.h>

#include "base/io.h"
#include "cli/common.h"

struct lifecycle_args {
	const char *time;
	const char *signal;
	bool force, volumes;
};

struct act {
	const char *verb;
	const struct lifecycle_args *args;
	struct refs refs;
	char body[64];
};

static void act_freep(struct act *act)
{
	refs_freep(&act->refs);
}
#define CLEANUP_ACT __attribute__((cleanup(act_freep)))

static int each(struct act *act, char **operands, int count,
		int (*one)(void *ctx, const char *operand, struct oci_error *err),
		struct oci_error *err)
{
	int r = refs_load(&act->refs, err);

	return r < 0 ? r : common_each(act->verb, operands, count, one, act);
}

/* ---- start, stop, restart ----------------------------------------------------------------------------------------- */

#define SERVICE_SECONDS 120

static int act_on_service(const struct act *act, const struct ref *ref, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_JSON yajl_val settled = NULL;
	const char *project = client_escape(&arena, ref->project);
	int r = client_post("{}", NULL, err, "/v1/services/%s/%s/%s", project,
			    client_escape(&arena, ref->service_name), act->verb);

	if (r == 0)
		r = client_get(&settled, err, "/v1/projects/%s/wait?timeout=%d", project,
			       SERVICE_SECONDS);
	if (r == 0 && !json_bool(settled, "settled"))
		return err_set_as(err, ERR_TIMEOUT, ETIMEDOUT, "%s is not done yet after %d s",
				  ref->name, SERVICE_SECONDS);
	return r;
}

static int act_once(void *ctx, const char *operand, struct oci_error *err)
{
	struct act *act = ctx;
	struct ref ref;
	int r = refs_find(&act->refs, operand, &ref, err);

	if (r < 0)
		return r;
	r = ref.service ? act_on_service(act, &ref, err)
			: client_post(act->body, NULL, err, "/v1/containers/%s/%s?wait=1", ref.id,
				      act->verb);
	if (r == 0)
		printf("%s\n", operand);
	return r;
}

/* So that the containers of `stop a b c` have their grace at the same time; what fails here fails again when it is waited for. */
static void ask_all(struct act *act, char **operands, int count)
{
	struct ref ref;

	for (int i = 0; i < count; i++)
		if (refs_find(&act->refs, operands[i], &ref, NULL) == 0 && !ref.service &&
		    container_runs(ref.container))
			(void)client_post(act->body, NULL, NULL, "/v1/containers/%s/%s", ref.id,
					  act->verb);
}

static int act_run(const char *verb, const struct lifecycle_args *args, char **operands, int count,
		   struct oci_error *err)
{
	CLEANUP_ACT struct act act = { verb, args, { 0 }, "{}" };
	uint32_t seconds;
	int r;

	if (args->time) {
		if (parse_u32(args->time, &seconds) < 0)
			return err_set_as(err, ERR_USAGE, EINVAL,
					  "invalid value \"%s\" for --time: expected seconds",
					  args->time);
		snprintf(act.body, sizeof(act.body), "{\"grace\":%u}", seconds);
	}
	r = refs_load(&act.refs, err);
	if (r < 0)
		return r;
	if (count > 1 && strcmp(verb, "stop") == 0)
		ask_all(&act, operands, count);
	return common_each(verb, operands, count, act_once, &act);
}

static const struct opt none_opts[] = { { .name = NULL } };

static const struct opt stop_opts[] = {
	{ "time", 't', OPT_STRING, offsetof(struct lifecycle_args, time), "SECONDS",
	  "grace between the stop signal and SIGKILL; default: the container's" },
	{ .name = NULL },
};

static int start_run(void *options, char **operands, int count, struct oci_error *err)
{
	return act_run("start", options, operands, count, err);
}

static int stop_run(void *options, char **operands, int count, struct oci_error *err)
{
	return act_run("stop", options, operands, count, err);
}

static int restart_run(void *options, char **operands, int count, struct oci_error *err)
{
	return act_run("restart", options, operands, count, err);
}

/* ---- pause, unpause, kill ------------------------------------------------------------------------------------------ */

static int each_replica(struct act *act, const struct ref *ref,
			int (*one)(struct act *act, const char *id, struct oci_error *err),
			struct oci_error *err)
{
	int r = 0;

	if (!ref->service)
		return one(act, ref->id, err);
	for (size_t i = 0; r == 0 && i < json_count(act->refs.containers); i++) {
		yajl_val container = json_at(act->refs.containers, i);

		if (ref_means(ref, container) && container_runs(container))
			r = one(act, json_text(container, "id"), err);
	}
	return r;
}

static int post_verb(struct act *act, const char *id, struct oci_error *err)
{
	return client_post(act->body, NULL, err, "/v1/containers/%s/%s", id, act->verb);
}

#define PAUSE_MS 5000
#define POLL_MS 5

/* The supervisor answers before it is done; whoever pauses wants it to be. What ended meanwhile will not be. */
static int pause_and_wait(struct act *act, const char *id, struct oci_error *err)
{
	int64_t end = common_now_ms() + PAUSE_MS;
	bool paused = strcmp(act->verb, "pause") == 0;
	int r = post_verb(act, id, err);

	while (r == 0) {
		CLEANUP_JSON yajl_val container = NULL;

		r = client_get(&container, err, "/v1/containers/%s", id);
		if (r < 0 || !container_runs(container) || json_bool(container, "paused") == paused)
			return r;
		if (common_now_ms() > end)
			return err_set_as(err, ERR_TIMEOUT, ETIMEDOUT, "%s: not done after %d s",
					  json_text(container, "name"), PAUSE_MS / 1000);
		common_sleep(POLL_MS);
	}
	return r;
}

static int pause_once(void *ctx, const char *operand, struct oci_error *err)
{
	struct act *act = ctx;
	struct ref ref;
	int r = refs_find(&act->refs, operand, &ref, err);

	if (r == 0)
		r = each_replica(act, &ref, pause_and_wait, err);
	if (r == 0)
		printf("%s\n", operand);
	return r;
}

static int signal_once(void *ctx, const char *operand, struct oci_error *err)
{
	struct act *act = ctx;
	struct ref ref;
	int r = refs_find(&act->refs, operand, &ref, err);

	if (r == 0)
		r = each_replica(act, &ref, post_verb, err);
	if (r == 0)
		printf("%s\n", operand);
	return r;
}

static int pause_run(void *options, char **operands, int count, struct oci_error *err)
{
	CLEANUP_ACT struct act act = { "pause", options, { 0 }, "{}" };

	return each(&act, operands, count, pause_once, err);
}

static int unpause_run(void *options, char **operands, int count, struct oci_error *err)
{
	CLEANUP_ACT struct act act = { "unpause", options, { 0 }, "{}" };

	return each(&act, operands, count, pause_once, err);
}

static const struct opt kill_opts[] = {
	{ "signal", 's', OPT_STRING, offsetof(struct lifecycle_args, signal), "SIGNAL",
	  "name or number; default: KILL" },
	{ .name = NULL },
};

static int kill_run(void *options, char **operands, int count, struct oci_error *err)
{
	const struct lifecycle_args *args = options;
	CLEANUP_ACT struct act act = { "kill", args, { 0 }, "" };
	int number = args->signal ? common_signal(args->signal) : SIGKILL;
	char name[32];

	if (number < 0)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "invalid value \"%s\" for --signal: no such signal",
				  args->signal);
	snprintf(act.body, sizeof(act.body), "{\"signal\":\"%s\"}",
		 common_signal_name(number, name));
	return each(&act, operands, count, signal_once, err);
}

/* ---- rm ------------------------------------------------------------------------------------------------------------ */

static const struct opt rm_opts[] = {
	{ "force", 'f', OPT_FLAG, offsetof(struct lifecycle_args, force), NULL,
	  "also one that runs; one that is not there is no error" },
	{ "volumes", 'v', OPT_FLAG, offsetof(struct lifecycle_args, volumes), NULL,
	  "its volumes without a name too" },
	{ .name = NULL },
};

static int rm_once(void *ctx, const char *operand, struct oci_error *err)
{
	struct act *act = ctx;
	CLEANUP_FREE char *path = NULL;
	struct oci_error found = OCI_ERROR_INIT;
	struct ref ref;
	int r = refs_find(&act->refs, operand, &ref, &found);

	if (r < 0)
		return act->args->force && err_kind(&found) == ERR_NOT_FOUND
			       ? 0
			       : err_copy(err, &found);
	if (ref.service)
		return err_set_as(err, ERR_STATE, EINVAL,
				  "'%s' is a service: 'carte scale %s=0' removes its replicas, "
				  "'carte down -p %s' its project",
				  operand, ref.service_name, ref.project);
	if (asprintf(&path, "/v1/containers/%s?force=%d&volumes=%d", ref.id, act->args->force,
		     act->args->volumes) < 0) {
		path = NULL;
		return err_nomem(err);
	}
	r = client_call("DELETE", path, NULL, 0, NULL, err);
	if (r == 0)
		printf("%s\n", operand);
	return r;
}

static int rm_run(void *options, char **operands, int count, struct oci_error *err)
{
	CLEANUP_ACT struct act act = { "rm", options, { 0 }, "" };

	return each(&act, operands, count, rm_once, err);
}

/* ---- wait ---------------------------------------------------------------------------------------------------------- */

static int wait_once(void *ctx, const char *operand, struct oci_error *err)
{
	struct act *act = ctx;
	CLEANUP_JSON yajl_val answer = NULL;
	struct ref ref;
	int r = refs_container(&act->refs, operand, &ref, err);

	if (r == 0)
		r = client_get(&answer, err, "/v1/containers/%s/wait", ref.id);
	if (r == 0)
		printf("%lld\n", json_int(answer, "exitStatus", -1));
	return r;
}

static int wait_run(void *options, char **operands, int count, struct oci_error *err)
{
	CLEANUP_ACT struct act act = { "wait", options, { 0 }, "" };

	return each(&act, operands, count, wait_once, err);
}

/* ---- the rows ------------------------------------------------------------------------------------------------------ */

#define LIFECYCLE(verb, word, words, table) \
	const struct cmd cmd_##verb = {                                                  \
		.command = {                                                             \
			.name = word,                                                    \
			.usage = "[OPTIONS] CONTAINER|SERVICE...",                       \
			.summary = words,                                                \
			.opts = table,                                                   \
			.positional_after = -1,                                          \
			.min_operands = 1,                                               \
			.max_operands = -1,                                              \
		},                                                                       \
		.options_size = sizeof(struct lifecycle_args),                           \
		.run = verb##_run,                                                       \
	}

#define resume_run unpause_run

LIFECYCLE(kill, "kill", "send a signal", kill_opts);
LIFECYCLE(pause, "pause", "suspend all processes of a container", none_opts);
LIFECYCLE(restart, "restart", "stop and start again", stop_opts);
LIFECYCLE(resume, "resume", "let the processes of a paused container go on", none_opts);
LIFECYCLE(rm, "rm", "remove a container", rm_opts);
LIFECYCLE(start, "start", "start what has been stopped", none_opts);
LIFECYCLE(stop, "stop", "stop: the stop signal, some grace, SIGKILL", stop_opts);
LIFECYCLE(unpause, "unpause", "the same as resume", none_opts);
LIFECYCLE(wait, "wait", "wait for the end and print the exit status", none_opts);
