/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export_kubernetes_scale.c - x-carte.scale as a HorizontalPodAutoscaler (autoscaling/v2), whose rule ours is.
 */
#include <stdio.h>

#include "scale/export-private.h"

#define WINDOW_MAX 3600 /* seconds, as the API has it */
#define PERIOD_MAX 1800

static bool has_counterpart(const struct spec_service *service, const struct spec_metric *metric)
{
	switch (metric->kind) {
	case SPEC_METRIC_CPU:
	case SPEC_METRIC_HTTP:
		return true;
	case SPEC_METRIC_MEMORY:
		return service->resources.memory > 0;
	default:
		return false;
	}
}

bool kubernetes_has_autoscaler(const struct export *x)
{
	const struct spec_scale *scale = &x->service->scale;

	for (size_t i = 0; scale->given && spec_scale_measures(scale) && i < scale->metrics_len;
	     i++)
		if (has_counterpart(x->service, &scale->metrics[i]))
			return true;
	return false;
}

static const char *quantity(struct export *x, double value, const char *unit)
{
	char *text = oci_arena_printf(x->arena, "%lld%s", (long long)(value + 0.5), unit);

	if (!text)
		x->maker.failed = true;
	return text;
}

/* Ours is of the limit and theirs of the request: as an average of each pod's own use it is the same number. */
static struct node *of_resource(struct export *x, const struct spec_metric *metric)
{
	struct maker *maker = &x->maker;
	struct node *one = make_node(maker, NODE_MAP), *resource = make_node(maker, NODE_MAP);
	struct node *target = make_node(maker, NODE_MAP);
	bool cpu = metric->kind == SPEC_METRIC_CPU;
	double whole =
		cpu ? (double)spec_whole_cpu(x->service) : (double)x->service->resources.memory;

	put_text(maker, one, "type", "Resource");
	put_text(maker, resource, "name", cpu ? "cpu" : "memory");
	put_text(maker, target, "type", "AverageValue");
	put_text(maker, target, "averageValue",
		 quantity(x, whole * metric->target / 100, cpu ? "m" : ""));
	put(maker, resource, "target", target);
	put(maker, one, "resource", resource);
	return one;
}

/* name{a="b",c="d"} of a Prometheus text is a name and matchLabels. */
static void put_labels(struct export *x, struct node *metric, const char *from)
{
	struct node *labels = make_node(&x->maker, NODE_MAP), *selector;

	while (*from && *from != '}') {
		size_t name = strcspn(from, "=}"), value;
		char *key, *text;

		if (from[name] != '=' || from[name + 1] != '"')
			break;
		value = strcspn(from + name + 2, "\"");
		key = oci_arena_strndup(x->arena, from, name);
		text = oci_arena_strndup(x->arena, from + name + 2, value);
		if (!key || !text || !from[name + 2 + value]) {
			x->maker.failed |= !key || !text;
			break;
		}
		put_literal(x, labels, key, text);
		from += name + 2 + value + 1;
		from += strspn(from, ", ");
	}
	if (x->maker.failed || !labels->len)
		return;
	selector = make_node(&x->maker, NODE_MAP);
	put(&x->maker, selector, "matchLabels", labels);
	put(&x->maker, metric, "selector", selector);
}

static struct node *of_pods(struct export *x, const struct spec_metric *from)
{
	struct maker *maker = &x->maker;
	struct node *one = make_node(maker, NODE_MAP), *pods = make_node(maker, NODE_MAP);
	struct node *metric = make_node(maker, NODE_MAP), *target = make_node(maker, NODE_MAP);
	size_t name = strcspn(from->name, "{");

	put_text(maker, one, "type", "Pods");
	put_text(maker, metric, "name", oci_arena_strndup(x->arena, from->name, name));
	if (from->name[name])
		put_labels(x, metric, from->name + name + 1);
	put(maker, pods, "metric", metric);
	put_text(maker, target, "type", "AverageValue");
	put_text(maker, target, "averageValue", quantity(x, from->target * 1000, "m"));
	put(maker, pods, "target", target);
	put(maker, one, "pods", pods);
	lose(x, "x-carte.scale.metrics",
	     "%s has to come from a metrics adapter (custom.metrics.k8s.io) that reads port %u, %s "
	     "of the pods",
	     from->name, from->port, from->path ? from->path : "/metrics");
	return one;
}

static struct node *metrics(struct export *x)
{
	static const char *const words[] = { [SPEC_METRIC_MEMORY] = "memory without a limit",
					     [SPEC_METRIC_CPU_PRESSURE] = "cpu-pressure",
					     [SPEC_METRIC_THROTTLED] = "throttled" };
	const struct spec_scale *scale = &x->service->scale;
	struct node *list = make_node(&x->maker, NODE_LIST);

	for (size_t i = 0; i < scale->metrics_len; i++) {
		const struct spec_metric *metric = &scale->metrics[i];

		if (!has_counterpart(x->service, metric))
			lose(x, "x-carte.scale.metric|x-carte.scale.metrics",
			     "%s: the metrics server has no such number", words[metric->kind]);
		else if (metric->kind == SPEC_METRIC_HTTP)
			push(&x->maker, list, of_pods(x, metric));
		else
			push(&x->maker, list, of_resource(x, metric));
	}
	return list;
}

static int64_t at_most(struct export *x, const char *key, int64_t value, int64_t most)
{
	if (value > most)
		lose(x, key, "the API takes at most %lld s", (long long)most);
	return value > most ? most : value;
}

static struct node *rules(struct export *x, const struct spec_rate *rate, int64_t window_ms,
			  bool up)
{
	struct maker *maker = &x->maker;
	struct node *map = make_node(maker, NODE_MAP), *policies = make_node(maker, NODE_LIST);
	int64_t period =
		at_most(x, up ? "x-carte.scale.rates.up.period" : "x-carte.scale.rates.down.period",
			seconds(rate->period_ms), PERIOD_MAX);
	struct node *one;

	put_int(maker, map, "stabilizationWindowSeconds",
		at_most(x, up ? "x-carte.scale.windows.up" : "x-carte.scale.windows.down",
			seconds(window_ms), WINDOW_MAX));
	put_text(maker, map, "selectPolicy", "Max");
	if (rate->replicas >= 0) {
		one = make_node(maker, NODE_MAP);
		put_text(maker, one, "type", "Pods");
		put_int(maker, one, "value", rate->replicas);
		put_int(maker, one, "periodSeconds", period);
		push(maker, policies, one);
	}
	if (rate->percent >= 0) {
		one = make_node(maker, NODE_MAP);
		put_text(maker, one, "type", "Percent");
		put_int(maker, one, "value", (int64_t)(rate->percent + 0.5));
		put_int(maker, one, "periodSeconds", period);
		push(maker, policies, one);
	}
	put_filled(maker, map, "policies", policies);
	return map;
}

static void lose_scale(struct export *x)
{
	static const struct loss losses[] = {
		{ "x-carte.scale.tolerance", "the autoscaler's tolerance is the cluster's: 0.1" },
		{ "x-carte.scale.period",
		  "the autoscaler looks when the cluster says: every 15 s" },
		{ "x-carte.scale.priority", "write a PriorityClass" },
		{ "x-carte.scale.balance", "a Service chooses at random (iptables); in IPVS mode "
					   "the cluster chooses the way" },
		{ NULL, NULL },
	};
	const struct spec_scale *scale = &x->service->scale;

	lose_all(x, losses);
	lose_forecast(x, "the autoscaler");
	for (size_t i = 0; i < scale->calendar_len; i++)
		lose(x, "x-carte.scale.calendar",
		     "Kubernetes has no calendar: at least %lld from '%s' on for %lld s needs "
		     "KEDA's cron "
		     "scaler, or somebody who changes minReplicas",
		     (long long)scale->calendar[i].min, scale->calendar[i].cron,
		     (long long)seconds(scale->calendar[i].duration_ms));
}

int kubernetes_autoscaler(struct export *x, FILE *out)
{
	const struct spec_scale *scale = &x->service->scale;
	struct maker *maker = &x->maker;
	struct node *map, *spec, *target, *behavior, *list;

	lose_scale(x);
	if (!scale->given || !spec_scale_measures(scale))
		return 0;
	list = metrics(x);
	if (!kubernetes_has_autoscaler(x))
		return 0;
	map = kubernetes_document(x, "autoscaling/v2", "HorizontalPodAutoscaler",
				  label_name(x, x->service->name));
	spec = make_node(maker, NODE_MAP);
	target = make_node(maker, NODE_MAP);
	behavior = make_node(maker, NODE_MAP);
	put_text(maker, target, "apiVersion", "apps/v1");
	put_text(maker, target, "kind", "Deployment");
	put_text(maker, target, "name", label_name(x, x->service->name));
	put(maker, spec, "scaleTargetRef", target);
	if (scale->min < 1)
		lose(x, "x-carte.scale.min",
		     "1: none at all needs the feature gate HPAScaleToZero");
	put_int(maker, spec, "minReplicas", scale->min < 1 ? 1 : scale->min);
	put_int(maker, spec, "maxReplicas", scale->max);
	put(maker, spec, "metrics", list);
	put(maker, behavior, "scaleUp", rules(x, &scale->up, scale->window_up_ms, true));
	put(maker, behavior, "scaleDown", rules(x, &scale->down, scale->window_down_ms, false));
	put(maker, spec, "behavior", behavior);
	put(maker, map, "spec", spec);
	return kubernetes_add(x, out, map);
}
