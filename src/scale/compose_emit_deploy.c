/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_emit_deploy.c - deploy, the limits beside it, and x-carte, as trees.
 */
#include "scale/compose-private.h"

static void put_update(struct maker *maker, struct node *map, const char *key,
		       const struct spec_update *update)
{
	static const char *const orders[] = { "stop-first", "start-first" };
	static const char *const actions[] = { "pause", "continue", "rollback" };
	struct node *one = make_node(maker, NODE_MAP);

	put_int(maker, one, "parallelism", update->parallelism);
	put_time(maker, one, "delay", update->delay_ms);
	put_time(maker, one, "monitor", update->monitor_ms);
	put_number(maker, one, "max_failure_ratio", update->max_failure_ratio);
	put_text(maker, one, "order", orders[update->order]);
	put_text(maker, one, "failure_action", actions[update->failure_action]);
	put(maker, map, key, one);
}

static void put_restart_policy(struct maker *maker, struct node *map,
			       const struct spec_restart_policy *policy)
{
	static const char *const conditions[] = { "none", "any", "on-failure", "any" };
	struct node *one = make_node(maker, NODE_MAP);

	put_text(maker, one, "condition", conditions[policy->condition]);
	put_time(maker, one, "delay", policy->delay_ms);
	if (policy->max_attempts >= 0 && policy->condition != SPEC_RESTART_ON_FAILURE)
		put_int(maker, one, "max_attempts", policy->max_attempts);
	put_time(maker, one, "window", policy->window_ms);
	put(maker, map, "restart_policy", one);
}

static void put_resources(struct maker *maker, struct node *map, const struct spec_resources *from)
{
	struct node *resources = make_node(maker, NODE_MAP), *limits = make_node(maker, NODE_MAP);
	struct node *reservations = make_node(maker, NODE_MAP);

	put_cpus(maker, limits, "cpus", from->cpu_milli);
	put_bytes(maker, limits, "memory", from->memory);
	put_cpus(maker, reservations, "cpus", from->cpu_reserved_milli);
	put_bytes(maker, reservations, "memory", from->memory_reserved);
	put_filled(maker, resources, "limits", limits);
	put_filled(maker, resources, "reservations", reservations);
	put_filled(maker, map, "resources", resources);
}

/* The limits that Docker's older schemas know only beside deploy are put there. */
void put_deploy(struct maker *maker, struct node *map, const struct spec_service *service,
		bool for_revision)
{
	const struct spec_resources *from = &service->resources;
	struct node *deploy = make_node(maker, NODE_MAP);

	if (from->pids >= 0)
		put_int(maker, map, "pids_limit", from->pids);
	put_bytes(maker, map, "memswap_limit", from->memory_swap);
	if (from->cpu_shares >= 0)
		put_int(maker, map, "cpu_shares", from->cpu_shares);
	put_text(maker, map, "cpuset", from->cpuset);
	if (!for_revision)
		put_int(maker, deploy, "replicas", service->replicas);
	put_resources(maker, deploy, from);
	put_restart_policy(maker, deploy, &service->restart);
	put_update(maker, deploy, "update_config", &service->update);
	put_update(maker, deploy, "rollback_config", &service->rollback);
	put(maker, map, "deploy", deploy);
}

static void put_metrics(struct maker *maker, struct node *map, const struct spec_scale *scale)
{
	static const char *const words[] = { "",          "cpu", "memory", "cpu-pressure",
					     "throttled", "http" };
	struct node *list = make_node(maker, NODE_LIST);

	for (size_t i = 0; i < scale->metrics_len; i++) {
		const struct spec_metric *metric = &scale->metrics[i];
		struct node *one = make_node(maker, NODE_MAP);

		put_text(maker, one, "metric", words[metric->kind]);
		put_text(maker, one, "name", metric->name);
		if (metric->port)
			put_int(maker, one, "port", metric->port);
		put_text(maker, one, "path", metric->path);
		put_number(maker, one, "target", metric->target);
		push(maker, list, one);
	}
	put_filled(maker, map, "metrics", list);
}

static void put_calendar(struct maker *maker, struct node *map, const struct spec_scale *scale)
{
	struct node *list = make_node(maker, NODE_LIST);

	for (size_t i = 0; i < scale->calendar_len; i++) {
		const struct spec_calendar *entry = &scale->calendar[i];
		struct node *one = make_node(maker, NODE_MAP);

		put_text(maker, one, "cron", entry->cron);
		put_time(maker, one, "duration", entry->duration_ms);
		put_int(maker, one, "min", entry->min);
		push(maker, list, one);
	}
	put_filled(maker, map, "calendar", list);
}

static struct node *make_rate(struct maker *maker, const struct spec_rate *rate)
{
	struct node *one = make_node(maker, NODE_MAP);

	if (rate->replicas >= 0)
		put_int(maker, one, "replicas", rate->replicas);
	if (rate->percent >= 0)
		put_number(maker, one, "percent", rate->percent);
	put_time(maker, one, "period", rate->period_ms);
	return one;
}

static struct node *make_predict(struct maker *maker, const struct spec_predict *predict)
{
	struct node *map = make_node(maker, NODE_MAP);

	put_text(maker, map, "mode", predict->act ? "act" : "forecast-only");
	put_number(maker, map, "quantile", predict->quantile);
	put_time(maker, map, "horizon", predict->horizon_ms);
	put_number(maker, map, "weight", predict->weight);
	put_time(maker, map, "churn", predict->churn_ms);
	if (predict->capacity >= 0)
		put_number(maker, map, "capacity", predict->capacity);
	return map;
}

static struct node *make_scale(struct maker *maker, const struct spec_scale *scale)
{
	struct node *map = make_node(maker, NODE_MAP), *windows = make_node(maker, NODE_MAP);
	struct node *rates = make_node(maker, NODE_MAP);

	put_int(maker, map, "min", scale->min);
	put_int(maker, map, "max", scale->max);
	put_text(maker, map, "policy", spec_scale_policies[scale->policy]);
	if (scale->policy == SPEC_SCALE_PREDICT)
		put(maker, map, "predict", make_predict(maker, &scale->predict));
	put_metrics(maker, map, scale);
	put_number(maker, map, "tolerance", scale->tolerance);
	put_time(maker, map, "period", scale->period_ms);
	put_time(maker, windows, "up", scale->window_up_ms);
	put_time(maker, windows, "down", scale->window_down_ms);
	put(maker, map, "windows", windows);
	put(maker, rates, "up", make_rate(maker, &scale->up));
	put(maker, rates, "down", make_rate(maker, &scale->down));
	put(maker, map, "rates", rates);
	put_calendar(maker, map, scale);
	put_time(maker, map, "drain", scale->drain_ms);
	put_int(maker, map, "priority", scale->priority);
	put_text(maker, map, "balance",
		 scale->least_connections ? "least-connections" : "round-robin");
	return map;
}

static struct node *make_probe(struct maker *maker, const struct spec_probe *probe)
{
	struct node *map = make_node(maker, NODE_MAP), *to = make_node(maker, NODE_MAP);
	bool http = probe->kind == SPEC_PROBE_HTTP;

	put_int(maker, to, "port", probe->port);
	if (http)
		put_text(maker, to, "path", probe->path);
	put(maker, map, http ? "http" : "tcp", to);
	put_time(maker, map, "interval", probe->interval_ms);
	put_time(maker, map, "timeout", probe->timeout_ms);
	put_time(maker, map, "start_period", probe->start_period_ms);
	put_time(maker, map, "start_interval", probe->start_interval_ms);
	put_int(maker, map, "retries", probe->retries);
	return map;
}

void put_carte(struct maker *maker, struct node *map, const struct spec_service *service,
	       bool for_revision)
{
	struct node *carte = make_node(maker, NODE_MAP);
	enum spec_probe_kind kind = service->probe.kind;

	if (service->scale.given && !for_revision)
		put(maker, carte, "scale", make_scale(maker, &service->scale));
	if (kind == SPEC_PROBE_HTTP || kind == SPEC_PROBE_TCP)
		put(maker, carte, "probe", make_probe(maker, &service->probe));
	put_true(maker, carte, "remove", service->remove);
	put_filled(maker, map, "x-carte", carte);
}
