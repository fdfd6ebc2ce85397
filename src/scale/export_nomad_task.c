/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export_nomad_task.c - the task of a group: its docker driver's configuration, resources, files; and the group's scaling policy.
 */
#include <stdio.h>

#include "base/utf8.h"
#include "scale/export-private.h"

#define NS INT64_C(1000000) /* of a millisecond */
#define MIB (INT64_C(1) << 20)
#define KILL_MS 30000 /* a client's max_kill_timeout when nothing is said */
/* a template's content is not to be one: nothing in it is replaced */
#define LEFT "<<<carte<"
#define RIGHT ">carte>>>"

/* ---- the driver's configuration --------------------------------------------------------------------------------------- */

/* A map, as the list of one that a driver's attribute wants. */
static void put_block(struct export *x, struct node *map, const char *key, struct node *value)
{
	struct node *list;

	if (x->maker.failed || !value->len)
		return;
	list = make_node(&x->maker, NODE_LIST);
	push(&x->maker, list, value);
	put(&x->maker, map, key, list);
}

static void put_words(struct export *x, struct node *map, const char *key, bool given,
		      const struct strings *words)
{
	if (given)
		put_strings(&x->maker, map, key, words);
	for (size_t i = 0; given && i < words->len; i++)
		if (strstr(words->items[i], "${"))
			lose(x, strcmp(key, "args") == 0 ? "command" : "entrypoint",
			     "Nomad replaces ${NAME} when it knows the name");
}

static void put_mounts(struct export *x, struct node *config)
{
	struct maker *maker = &x->maker;
	struct node *list = make_node(maker, NODE_LIST);

	for (size_t i = 0; i < x->service->mounts_len; i++) {
		const struct spec_mount *mount = &x->service->mounts[i];
		struct node *one, *options;

		if (mount->type == SPEC_VOLUME && mount->source)
			continue;
		one = make_node(maker, NODE_MAP);
		options = make_node(maker, NODE_MAP);
		put_text(maker, one, "type",
			 mount->type == SPEC_BIND    ? "bind"
			 : mount->type == SPEC_TMPFS ? "tmpfs"
						     : "volume");
		put_text(maker, one, "source", mount->source);
		put_text(maker, one, "target", mount->target);
		put_true(maker, one, "readonly", mount->read_only);
		if (mount->type == SPEC_TMPFS && mount->size >= 0)
			put_int(maker, options, "size", mount->size);
		if (mount->type == SPEC_TMPFS && mount->mode)
			put_int(maker, options, "mode", mount->mode);
		put_block(x, one, "tmpfs_options", options);
		push(maker, list, one);
		if (mount->type == SPEC_BIND)
			lose(x, "volumes",
			     "%s must be on every node, whose docker plugin allows it: volumes { "
			     "enabled = true }",
			     mount->source);
	}
	for (size_t i = 0; i < x->service->files_len; i++) {
		const struct spec_file *file = &x->service->files[i];
		struct node *one = make_node(maker, NODE_MAP);

		put_text(maker, one, "type", "bind");
		put_text(maker, one, "source",
			 oci_arena_printf(x->arena, "%s/%s-%s", file->secret ? "secrets" : "local",
					  file->secret ? "secret" : "config",
					  label_name(x, file->name)));
		put_text(maker, one, "target", file->target);
		put_true(maker, one, "readonly", true);
		push(maker, list, one);
	}
	put_filled(maker, config, "mount", list);
}

static void put_port_labels(struct export *x, struct node *config, struct node *group)
{
	static const char *const kinds[] = { "ReservedPorts", "DynamicPorts" };
	struct node *list = make_node(&x->maker, NODE_LIST),
		    *networks = node_get(group, "Networks");

	for (size_t k = 0; networks && k < ARRAY_LEN(kinds); k++) {
		const struct node *ports = node_get(networks->entries[0].value, kinds[k]);

		for (size_t i = 0; ports && i < ports->len; i++)
			push(&x->maker, list, node_get(ports->entries[i].value, "Label"));
	}
	put_filled(&x->maker, config, "ports", list);
}

static void put_devices(struct export *x, struct node *config)
{
	struct node *list = make_node(&x->maker, NODE_LIST);

	for (size_t i = 0; i < x->service->devices.len; i++) {
		char *from = oci_arena_strdup(x->arena, x->service->devices.items[i]);
		char *to = from ? strchr(from, ':') : NULL, *rights;
		struct node *one = make_node(&x->maker, NODE_MAP);

		if (to)
			*to++ = '\0';
		rights = to ? strchr(to, ':') : NULL;
		if (rights)
			*rights++ = '\0';
		put_text(&x->maker, one, "host_path", from);
		put_text(&x->maker, one, "container_path", to ? to : from);
		put_text(&x->maker, one, "cgroup_permissions", rights);
		push(&x->maker, list, one);
	}
	put_filled(&x->maker, config, "devices", list);
}

static void put_limits(struct export *x, struct node *config)
{
	const struct spec_service *service = x->service;
	struct maker *maker = &x->maker;
	struct node *limits = make_node(maker, NODE_MAP), *sysctls = make_node(maker, NODE_MAP);
	struct node *labels = make_node(maker, NODE_MAP);

	for (size_t i = 0; i < service->ulimits_len; i++)
		put_text(maker, limits, service->ulimits[i].name,
			 oci_arena_printf(x->arena, "%lld:%lld",
					  (long long)service->ulimits[i].soft,
					  (long long)service->ulimits[i].hard));
	for (size_t i = 0; i < service->sysctls.len; i++)
		put_text(maker, sysctls, service->sysctls.items[i].key,
			 service->sysctls.items[i].value);
	for (size_t i = 0; i < service->labels.len; i++)
		put_text(maker, labels, service->labels.items[i].key,
			 service->labels.items[i].value ? service->labels.items[i].value : "");
	put_block(x, config, "ulimit", limits);
	put_block(x, config, "sysctl", sysctls);
	put_block(x, config, "labels", labels);
	if (service->resources.pids >= 0)
		put_int(maker, config, "pids_limit", service->resources.pids);
	put_text(maker, config, "cpuset_cpus", service->resources.cpuset);
	if (service->shm_size > 0)
		put_int(maker, config, "shm_size", service->shm_size);
}

static void put_rights(struct export *x, struct node *config)
{
	const struct spec_service *service = x->service;
	struct maker *maker = &x->maker;
	struct node *list = make_node(maker, NODE_LIST);

	put_strings(maker, config, "cap_add", &service->cap_add);
	put_strings(maker, config, "cap_drop", &service->cap_drop);
	put_true(maker, config, "privileged", service->privileged);
	put_true(maker, config, "readonly_rootfs", service->read_only);
	put_strings(maker, config, "group_add", &service->group_add);
	if (service->no_new_privileges)
		push(maker, list, make_text(maker, "no-new-privileges"));
	if (service->seccomp_unconfined)
		push(maker, list, make_text(maker, "seccomp=unconfined"));
	if (service->seccomp_profile)
		lose(x, "security_opt",
		     "a seccomp profile's file must be on every node: Docker's default is used");
	if (service->apparmor_profile)
		push(maker, list,
		     make_text(maker, oci_arena_printf(x->arena, "apparmor=%s",
						       service->apparmor_profile)));
	if (service->selinux_label)
		push(maker, list,
		     make_text(maker,
			       oci_arena_printf(x->arena, "label=%s", service->selinux_label)));
	put_filled(maker, config, "security_opt", list);
	if (service->privileged)
		lose(x, "privileged", "the docker plugin must allow it: allow_privileged = true");
	if (service->cap_add.len)
		lose(x, "cap_add", "the docker plugin must allow them: allow_caps");
}

static void put_surroundings(struct export *x, struct node *config)
{
	const struct spec_service *service = x->service;
	struct maker *maker = &x->maker;
	struct node *hosts = make_node(maker, NODE_LIST), *logging = make_node(maker, NODE_MAP);

	for (size_t i = 0; i < service->extra_hosts.len; i++)
		push(maker, hosts,
		     make_text(maker, oci_arena_printf(x->arena, "%s:%s",
						       service->extra_hosts.items[i].key,
						       service->extra_hosts.items[i].value)));
	put_filled(maker, config, "extra_hosts", hosts);
	put_strings(maker, config, "dns_servers", &service->dns);
	put_strings(maker, config, "dns_search_domains", &service->dns_search);
	put_text(maker, config, "hostname", service->hostname);
	put_text(maker, config, "work_dir", service->working_dir);
	put_text(maker, config, "pid_mode", service->pid_mode);
	put_text(maker, config, "ipc_mode", service->ipc_mode);
	put_text(maker, config, "userns_mode", service->userns_mode);
	if (service->network_mode == SPEC_NET_HOST)
		put_text(maker, config, "network_mode", "host");
	else if (service->network_mode == SPEC_NET_NONE)
		put_text(maker, config, "network_mode", "none");
	put_true(maker, config, "init", service->init);
	put_true(maker, config, "tty", service->tty);
	put_true(maker, config, "interactive", service->stdin_open);
	/* Nomad reads and turns over the logs itself */
	if (service->log_none)
		put_text(maker, logging, "type", "none");
	put_block(x, config, "logging", logging);
}

static struct node *make_config(struct export *x, struct node *group)
{
	const struct spec_service *service = x->service;
	struct node *config = make_node(&x->maker, NODE_MAP);

	put_text(&x->maker, config, "image", service->image);
	put_text(&x->maker, config, "runtime", EXPORT_RUNTIME);
	put_words(x, config, "entrypoint", service->entrypoint_given, &service->entrypoint);
	put_words(x, config, "args", service->command_given, &service->command);
	put_port_labels(x, config, group);
	put_surroundings(x, config);
	put_rights(x, config);
	put_limits(x, config);
	put_devices(x, config);
	put_mounts(x, config);
	if (service->resources.cpu_milli > 0 && service->resources.cpu_reserved_milli <= 0)
		put_true(&x->maker, config, "cpu_hard_limit", true);
	return config;
}

/* ---- beside the driver ------------------------------------------------------------------------------------------------ */

static int64_t mebibytes(int64_t bytes)
{
	int64_t most = (bytes + MIB - 1) / MIB;

	return most < 10 ? 10 : most; /* less is refused */
}

static void put_resources(struct export *x, struct node *task)
{
	const struct spec_resources *from = &x->service->resources;
	struct maker *maker = &x->maker;
	struct node *map = make_node(maker, NODE_MAP);
	int64_t cpu = from->cpu_reserved_milli > 0 ? from->cpu_reserved_milli : from->cpu_milli;
	int64_t memory = from->memory_reserved > 0 ? from->memory_reserved : from->memory;

	if (cpu > 0) {
		put_int(maker, map, "CPU", cpu);
		lose(x, "deploy.resources.reservations.cpus|deploy.resources.limits.cpus|cpus",
		     "Nomad counts MHz: a core is taken for 1000 of them");
	}
	if (memory > 0)
		put_int(maker, map, "MemoryMB", mebibytes(memory));
	if (from->memory > memory) {
		put_int(maker, map, "MemoryMaxMB", mebibytes(from->memory));
		lose(x, "deploy.resources.limits.memory|mem_limit",
		     "above what is reserved it needs Nomad's memory oversubscription");
	}
	if (from->cpu_milli > 0 && from->cpu_reserved_milli > 0)
		lose(x, "deploy.resources.limits.cpus|cpus",
		     "Nomad can limit to what is reserved only: there is no limit of cpus");
	put_filled(maker, task, "Resources", map);
}

/* A job is JSON: bytes that are no characters would arrive as others. */
static bool is_template(const char *text, size_t length)
{
	size_t n;

	for (size_t i = 0; i < length; i += n) {
		n = utf8_length(text + i, length - i);
		if (n == 0)
			return false;
	}
	return !strstr(text, LEFT);
}

static void push_template(struct export *x, struct node *list, const struct spec_file *file)
{
	const struct spec_file_source *source =
		spec_file_find(x->project, file->name, file->secret);
	struct maker *maker = &x->maker;
	struct node *one;
	const char *text;
	size_t length;

	if (!source || x->maker.failed)
		return;
	if (file_content(x, source, &text, &length) < 0) {
		x->unreadable = true;
		return;
	}
	if (!is_template(text, length)) {
		lose(x, file->secret ? "secrets" : "configs",
		     "%s: a template is a text, this is not", file->name);
		return;
	}
	one = make_node(maker, NODE_MAP);
	put_text(maker, one, "EmbeddedTmpl", text);
	put_text(maker, one, "LeftDelim", LEFT);
	put_text(maker, one, "RightDelim", RIGHT);
	put_text(maker, one, "DestPath",
		 oci_arena_printf(x->arena, "%s/%s-%s", file->secret ? "secrets" : "local",
				  file->secret ? "secret" : "config", label_name(x, file->name)));
	put_text(maker, one, "Perms", oci_arena_printf(x->arena, "%04o", file->mode));
	put_text(maker, one, "ChangeMode", "restart");
	if (file->uid || file->gid) {
		put_int(maker, one, "Uid", file->uid);
		put_int(maker, one, "Gid", file->gid);
	}
	push(maker, list, one);
	if (file->secret)
		lose(x, "secrets",
		     "%s is in the job, for all who may read it: put it into a Nomad variable or "
		     "Vault",
		     file->name);
}

static void put_environment(struct export *x, struct node *task)
{
	const struct spec_pairs *pairs = &x->service->environment;
	struct node *map = make_node(&x->maker, NODE_MAP);

	for (size_t i = 0; i < pairs->len; i++) {
		if (!pairs->items[i].value) {
			lose(x, "environment", "%s has no value here", pairs->items[i].key);
			continue;
		}
		put_text(&x->maker, map, pairs->items[i].key, pairs->items[i].value);
		if (strstr(pairs->items[i].value, "${"))
			lose(x, "environment", "%s: Nomad replaces ${NAME} when it knows the name",
			     pairs->items[i].key);
	}
	put_filled(&x->maker, task, "Env", map);
}

static void put_volume_mounts(struct export *x, struct node *task)
{
	struct maker *maker = &x->maker;
	struct node *list = make_node(maker, NODE_LIST);

	for (size_t i = 0; i < x->service->mounts_len; i++) {
		const struct spec_mount *mount = &x->service->mounts[i];
		struct node *one;

		if (mount->type != SPEC_VOLUME || !mount->source)
			continue;
		one = make_node(maker, NODE_MAP);
		put_text(maker, one, "Volume", mount->source);
		put_text(maker, one, "Destination", mount->target);
		put_boolean(maker, one, "ReadOnly", mount->read_only);
		push(maker, list, one);
	}
	put_filled(maker, task, "VolumeMounts", list);
}

struct node *nomad_task(struct export *x, struct node *group)
{
	const struct spec_service *service = x->service;
	struct maker *maker = &x->maker;
	struct node *task = make_node(maker, NODE_MAP), *templates = make_node(maker, NODE_LIST);
	struct node *logs = make_node(maker, NODE_MAP);
	int64_t size = service->log_max_size / MIB;

	put_text(maker, task, "Name", service->name);
	put_text(maker, task, "Driver", "docker");
	put_text(maker, task, "User", service->user);
	put(maker, task, "Config", make_config(x, group));
	put_environment(x, task);
	put_resources(x, task);
	put_text(maker, task, "KillSignal", service->stop_signal);
	put_int(maker, task, "KillTimeout", service->stop_grace_ms * NS);
	if (service->stop_grace_ms > KILL_MS)
		lose(x, "stop_grace_period",
		     "a client kills after its max_kill_timeout at the latest: 30 s, unless it is "
		     "configured");
	put_int(maker, logs, "MaxFiles", service->log_max_files > 0 ? service->log_max_files : 1);
	put_int(maker, logs, "MaxFileSizeMB", size > 0 ? size : 1);
	put(maker, task, "LogConfig", logs);
	put_volume_mounts(x, task);
	for (size_t i = 0; i < service->files_len; i++)
		push_template(x, templates, &service->files[i]);
	put_filled(maker, task, "Templates", templates);
	return task;
}

/* ---- scaling ---------------------------------------------------------------------------------------------------------- */

static char *query_of(struct export *x, const struct spec_metric *metric)
{
	if (metric->kind == SPEC_METRIC_CPU)
		return oci_arena_strdup(x->arena, "avg_cpu-allocated");
	if (metric->kind == SPEC_METRIC_MEMORY)
		return oci_arena_strdup(x->arena, "avg_memory-allocated");
	/* what a replica serves is the sum over its labels; the target is the average of the replicas */
	return oci_arena_printf(x->arena, "avg(sum by (instance) (%s))", metric->name);
}

static void push_check(struct export *x, struct node *checks, const struct spec_metric *metric,
		       size_t number)
{
	const struct spec_scale *scale = &x->service->scale;
	struct maker *maker = &x->maker;
	struct node *check = make_node(maker, NODE_MAP), *named = make_node(maker, NODE_MAP);
	struct node *values = make_node(maker, NODE_MAP), *strategy = make_node(maker, NODE_MAP);
	char *name = oci_arena_printf(x->arena, "metric_%zu", number + 1);

	put_text(maker, check, "source",
		 metric->kind == SPEC_METRIC_HTTP ? "prometheus" : "nomad-apm");
	put_text(maker, check, "query", query_of(x, metric));
	put_number(maker, values, "target", metric->target);
	put_number(maker, values, "threshold", scale->tolerance);
	if (scale->up.percent < 0 && scale->up.replicas > 0)
		put_int(maker, values, "max_scale_up", scale->up.replicas);
	if (scale->down.percent < 0 && scale->down.replicas > 0)
		put_int(maker, values, "max_scale_down", scale->down.replicas);
	put_block(x, strategy, "target-value", values);
	put_block(x, check, "strategy", strategy);
	if (!name) {
		maker->failed = true;
		return;
	}
	put_block(x, named, name, check);
	push(maker, checks, named);
}

struct node *nomad_scaling(struct export *x)
{
	const struct spec_scale *scale = &x->service->scale;
	struct maker *maker = &x->maker;
	struct node *map = make_node(maker, NODE_MAP), *policy = make_node(maker, NODE_MAP);
	struct node *checks = make_node(maker, NODE_LIST);

	put_int(maker, map, "Min", scale->min);
	put_int(maker, map, "Max", scale->max);
	/* without a check there is nothing that nomad-autoscaler could go by */
	put_boolean(maker, map, "Enabled", spec_scale_measures(scale));
	for (size_t i = 0; i < scale->metrics_len; i++) {
		const struct spec_metric *metric = &scale->metrics[i];

		if (metric->kind == SPEC_METRIC_CPU_PRESSURE ||
		    metric->kind == SPEC_METRIC_THROTTLED)
			lose(x, "x-carte.scale.metric|x-carte.scale.metrics",
			     "%s: Nomad has no such number",
			     metric->kind == SPEC_METRIC_THROTTLED ? "throttled" : "cpu-pressure");
		else
			push_check(x, checks, metric, i);
		if (metric->kind == SPEC_METRIC_HTTP)
			lose(x, "x-carte.scale.metrics",
			     "%s has to come from a Prometheus that asks port %u, %s of the "
			     "replicas",
			     metric->name, metric->port, metric->path ? metric->path : "/metrics");
	}
	put_time(maker, policy, "evaluation_interval", scale->period_ms);
	put_time(maker, policy, "cooldown", scale->window_down_ms);
	put_time(maker, policy, "cooldown_on_scale_up", scale->window_up_ms);
	put_filled(maker, policy, "check", checks);
	put(maker, map, "Policy", policy);
	if (scale->up.percent >= 0 || scale->down.percent >= 0)
		lose(x, "x-carte.scale.rates", "a step has no bound in per cent there");
	lose_forecast(x, "nomad-autoscaler");
	lose(x, "x-carte.scale.windows",
	     "nomad-autoscaler waits so long after a step, whatever was wanted before it");
	for (size_t i = 0; i < scale->calendar_len; i++)
		lose(x, "x-carte.scale.calendar",
		     "Nomad has no calendar: at least %lld from '%s' on needs a job that calls "
		     "nomad job scale",
		     (long long)scale->calendar[i].min, scale->calendar[i].cron);
	return map;
}
