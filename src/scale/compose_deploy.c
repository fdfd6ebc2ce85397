/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_deploy.c - deploy, and restart.
 */
#include "base/io.h"
#include "scale/compose-private.h"

int read_restart(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	static const char expected[] = "no, always, on-failure[:ATTEMPTS] or unless-stopped";
	struct spec_restart_policy *policy = slot;
	const char *text = at->node->text;

	(void)row;
	if (at->node->kind != NODE_SCALAR)
		return fail_expected(reader, at, expected);
	if (strcmp(text, "no") == 0 || strcmp(text, "false") == 0)
		policy->condition = SPEC_RESTART_NO; /* YAML 1.1 knows a plain no as false */
	else if (strcmp(text, "always") == 0)
		policy->condition = SPEC_RESTART_ALWAYS;
	else if (strcmp(text, "unless-stopped") == 0)
		policy->condition = SPEC_RESTART_UNLESS_STOPPED;
	else if (strncmp(text, "on-failure", 10) == 0 && (!text[10] || text[10] == ':'))
		policy->condition = SPEC_RESTART_ON_FAILURE;
	else
		return fail_expected(reader, at, expected);
	if (policy->condition == SPEC_RESTART_ON_FAILURE && text[10] == ':' &&
	    (parse_i64(text + 11, &policy->max_attempts) < 0 || policy->max_attempts < 0 ||
	     policy->max_attempts > 1000000))
		return fail_expected(reader, at, expected);
	if (policy->condition == SPEC_RESTART_ON_FAILURE && policy->max_attempts == 0)
		policy->max_attempts = -1; /* docker's 0: without limit */
	return 0;
}

static int read_condition(struct reader *reader, const struct at *at, void *slot,
			  const struct row *row)
{
	static const char *const words[] = { "none", "on-failure", "any", NULL };
	static const enum spec_restart values[] = { SPEC_RESTART_NO, SPEC_RESTART_ON_FAILURE,
						    SPEC_RESTART_ALWAYS };
	struct spec_restart_policy *policy = slot;
	int index;
	int r = read_word(reader, at, words, &index);

	(void)row;
	/* unless-stopped says more than any */
	if (r == 0 && !(index == 2 && policy->condition == SPEC_RESTART_UNLESS_STOPPED))
		policy->condition = values[index];
	return r;
}

static const struct row restart_rows[] = {
	ROW("condition", read_condition, 0),
	ROW("delay", read_time, offsetof(struct spec_restart_policy, delay_ms)),
	ROW("max_attempts", read_int, offsetof(struct spec_restart_policy, max_attempts), .min = 0,
	    .max = 1000000),
	ROW("window", read_time, offsetof(struct spec_restart_policy, window_ms)), ROWS_END
};

static int read_order(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	static const char *const words[] = { "stop-first", "start-first", NULL };
	int index;
	int r = read_word(reader, at, words, &index);

	(void)row;
	if (r == 0)
		*(enum spec_update_order *)slot = (enum spec_update_order)index;
	return r;
}

static int read_failure_action(struct reader *reader, const struct at *at, void *slot,
			       const struct row *row)
{
	static const char *const words[] = { "pause", "continue", "rollback", NULL };
	static const char *const rollback_words[] = { "pause", "continue", NULL };
	int index;
	int r = read_word(reader, at, row->min ? rollback_words : words, &index);

	if (r == 0)
		*(enum spec_failure_action *)slot = (enum spec_failure_action)index;
	return r;
}

#define UPDATE_ROWS(rollback)                                                         \
	ROW("parallelism", read_int, offsetof(struct spec_update, parallelism),       \
	    .max = COMPOSE_REPLICAS_MAX),                                             \
		ROW("delay", read_time, offsetof(struct spec_update, delay_ms)),      \
		ROW("monitor", read_time, offsetof(struct spec_update, monitor_ms)),  \
		ROW("max_failure_ratio", read_number,                                 \
		    offsetof(struct spec_update, max_failure_ratio), .max = 1),       \
		ROW("order", read_order, offsetof(struct spec_update, order)),        \
		ROW("failure_action", read_failure_action,                            \
		    offsetof(struct spec_update, failure_action), .min = (rollback)), \
		ROWS_END

static const struct row update_rows[] = { UPDATE_ROWS(0) };
static const struct row rollback_rows[] = { UPDATE_ROWS(1) };

static const char no_devices[] = "give devices to the service; there are no other resources";

static const struct row limit_rows[] = {
	ROW("cpus", read_cpus, offsetof(struct spec_resources, cpu_milli), .min = 0),
	ROW("memory", read_size, offsetof(struct spec_resources, memory), .min = 1),
	ROW("pids", read_int, offsetof(struct spec_resources, pids), .min = 1, .max = 4194304),
	ROWS_END
};
static const struct row reservation_rows[] = {
	ROW("cpus", read_cpus, offsetof(struct spec_resources, cpu_reserved_milli), .min = 0),
	ROW("memory", read_size, offsetof(struct spec_resources, memory_reserved), .min = 1),
	REFUSED("devices", no_devices), REFUSED("generic_resources", no_devices), ROWS_END
};
static const struct row resource_rows[] = {
	ROW("limits", read_rows, 0, .rows = limit_rows),
	ROW("reservations", read_rows, 0, .rows = reservation_rows), ROWS_END
};

static int read_deploy_mode(struct reader *reader, const struct at *at, void *slot,
			    const struct row *row)
{
	(void)slot;
	(void)row;
	if (at->node->kind == NODE_SCALAR && strcmp(at->node->text, "replicated") == 0)
		return 0;
	if (at->node->kind == NODE_SCALAR && strcmp(at->node->text, "global") == 0)
		return fail(reader, at,
			    "mode global is one replica on each host, and carte has "
			    "one host; use replicated");
	return fail_expected(reader, at, "replicated");
}

static const struct row deploy_rows[] = {
	ROW("mode", read_deploy_mode, 0),
	ROW("replicas", read_int, offsetof(struct spec_service, replicas), .min = 0,
	    .max = COMPOSE_REPLICAS_MAX),
	ROW("resources", read_rows, offsetof(struct spec_service, resources),
	    .rows = resource_rows),
	ROW("restart_policy", read_rows, offsetof(struct spec_service, restart),
	    .rows = restart_rows),
	ROW("update_config", read_rows, offsetof(struct spec_service, update), .rows = update_rows),
	ROW("rollback_config", read_rows, offsetof(struct spec_service, rollback),
	    .rows = rollback_rows),
	IGNORED("labels"), /* of a Swarm service; a replica's are the service's labels */
	IGNORED("endpoint_mode"),
	IGNORED("placement"), /* there is one host */
	ROWS_END
};

int read_deploy(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct spec_service *service = slot;
	const struct node *policy;
	int r;

	(void)row;
	if (at->node->kind == NODE_NULL)
		return 0;
	policy = node_get(at->node, "restart_policy");
	/* a policy without a condition means any, unless restart says one */
	if (policy && !node_get(policy, "condition") && at->up && at->up->node &&
	    !node_get(at->up->node, "restart"))
		service->restart.condition = SPEC_RESTART_ALWAYS;
	r = read_map(reader, at, deploy_rows, service);
	if (r == 0 && service->restart.max_attempts == 0)
		service->restart.max_attempts = -1; /* as Docker has it */
	return r;
}
