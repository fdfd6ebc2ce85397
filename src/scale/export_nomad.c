/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export_nomad.c - a job for HashiCorp Nomad, as its HTTP API takes it: POST /v1/jobs, `nomad job run -json FILE`.
 *
 * A service becomes a group of one task, by the docker driver with carte-runtime. Times are nanoseconds there. A task's configuration
 * is HCL written as JSON: a block is a list of maps.
 */
#include <stdio.h>

#include "scale/export-private.h"

#define NS INT64_C(1000000) /* of a millisecond */
#define DEADLINE_MS INT64_C(300000)
#define MIB (INT64_C(1) << 20)
#define DISK_MB 300 /* what Nomad gives without being asked */

static const struct loss losses[] = {
	{ "build",
	  "Nomad builds nothing: build here and push the image where every node finds it" },
	{ "container_name", "allocations have names of their own" },
	{ "depends_on", "Nomad starts everything at once: programs must try again" },
	{ "networks",
	  "Nomad has no networks of names: a program finds others by the template functions "
	  "nomadService, or Consul" },
	{ "domainname", "the docker driver has none" },
	{ "memswap_limit", "the docker driver has none" },
	{ "cpu_shares", "they follow from the cpu that is reserved" },
	{ "oom_score_adj", "the docker driver has none" },
	{ "oom_kill_disable", "the docker driver has none" },
	{ "annotations", "Docker has none" },
	{ "runtime", "the task's runtime is " EXPORT_RUNTIME },
	{ "x-carte.scale.priority",
	  "priorities are of jobs: write services of another priority as another job" },
	{ "x-carte.scale.balance", "Nomad balances nothing: its catalogue lists the addresses" },
	{ "deploy.update_config.max_failure_ratio",
	  "a deployment fails at the first allocation that does" },
	{ "deploy.rollback_config", "Nomad goes back as it goes on" },
	{ "healthcheck.test", "Nomad's own checks ask over the network: write x-carte.probe" },
	{ NULL, NULL },
};

/* ---- ports ------------------------------------------------------------------------------------------------------------ */

const char *nomad_port_label(struct export *x, uint16_t target, uint16_t published)
{
	char *label = published ? oci_arena_printf(x->arena, "p%u_%u", published, target)
				: oci_arena_printf(x->arena, "p%u", target);

	if (!label)
		x->maker.failed = true;
	return label;
}

static struct node *make_port(struct export *x, uint16_t target, uint16_t published)
{
	struct maker *maker = &x->maker;
	struct node *one = make_node(maker, NODE_MAP);

	put_text(maker, one, "Label", nomad_port_label(x, target, published));
	if (published)
		put_int(maker, one, "Value", published);
	put_int(maker, one, "To", target);
	return one;
}

/* A port is of TCP and UDP at once there. */
static bool is_repeated(const struct spec_service *service, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (service->ports[i].target == service->ports[at].target &&
		    service->ports[i].published == service->ports[at].published)
			return true;
	return false;
}

/* The port of the probe, unless it is one of the service's. */
static uint16_t probe_port(const struct spec_service *service)
{
	const struct spec_probe *probe = &service->probe;

	if (probe->kind != SPEC_PROBE_HTTP && probe->kind != SPEC_PROBE_TCP)
		return 0;
	for (size_t i = 0; i < service->ports_len; i++)
		if (service->ports[i].target == probe->port)
			return 0;
	return probe->port;
}

static const char *probe_label(struct export *x)
{
	const struct spec_service *service = x->service;

	for (size_t i = 0; i < service->ports_len; i++)
		if (service->ports[i].target == service->probe.port)
			return nomad_port_label(x, service->probe.port,
						service->ports[i].published);
	return nomad_port_label(x, service->probe.port, 0);
}

void nomad_ports(struct export *x, struct node *group)
{
	const struct spec_service *service = x->service;
	struct maker *maker = &x->maker;
	struct node *network = make_node(maker, NODE_MAP), *list = make_node(maker, NODE_LIST);
	struct node *reserved = make_node(maker, NODE_LIST), *free = make_node(maker, NODE_LIST);

	for (size_t i = 0; i < service->ports_len; i++) {
		const struct spec_port *port = &service->ports[i];

		if (port->host_ip)
			lose(x, "ports", "%s: an address of a node is a host_network of its client",
			     port->host_ip);
		if (is_repeated(service, i))
			continue;
		push(maker, port->published ? reserved : free,
		     make_port(x, port->target, port->published));
		if (port->published && export_largest(service) > 1)
			lose(x, "ports",
			     "port %u is each node's own: one replica on a node, and a load "
			     "balancer before them",
			     port->published);
	}
	if (probe_port(service))
		push(maker, free, make_port(x, probe_port(service), 0));
	if (service->network_mode == SPEC_NET_HOST)
		put_text(maker, network, "Mode", "host");
	else if (service->network_mode != SPEC_NET_BRIDGE)
		lose(x, "network_mode", "the task is in Docker's default network");
	put_filled(maker, network, "ReservedPorts", reserved);
	put_filled(maker, network, "DynamicPorts", free);
	if (maker->failed || !network->len)
		return;
	push(maker, list, network);
	put(maker, group, "Networks", list);
}

/* ---- the catalogue ---------------------------------------------------------------------------------------------------- */

static struct node *make_checks(struct export *x)
{
	const struct spec_probe *probe = &x->service->probe;
	struct maker *maker = &x->maker;
	struct node *list = make_node(maker, NODE_LIST), *one = make_node(maker, NODE_MAP);
	struct node *restart = make_node(maker, NODE_MAP);
	bool http = probe->kind == SPEC_PROBE_HTTP;

	if (!http && probe->kind != SPEC_PROBE_TCP)
		return list;
	put_text(maker, one, "Name", "ready");
	put_text(maker, one, "Type", http ? "http" : "tcp");
	if (http)
		put_literal(x, one, "Path", probe->path ? probe->path : "/");
	put_text(maker, one, "PortLabel", probe_label(x));
	/* less is refused */
	put_int(maker, one, "Interval",
		(probe->interval_ms > 1000 ? probe->interval_ms : 1000) * NS);
	put_int(maker, one, "Timeout", (probe->timeout_ms > 1000 ? probe->timeout_ms : 1000) * NS);
	put_int(maker, restart, "Limit", probe->retries);
	put_int(maker, restart, "Grace",
		(probe->start_period_ms > 0 ? probe->start_period_ms : 0) * NS);
	put(maker, one, "CheckRestart", restart);
	push(maker, list, one);
	return list;
}

static void push_service(struct export *x, struct node *list, const char *label, bool first)
{
	struct maker *maker = &x->maker;
	struct node *one = make_node(maker, NODE_MAP);
	char *name = oci_arena_printf(x->arena, first ? "%s-%s" : "%s-%s-%s", x->project->name,
				      x->service->name, label);

	put_text(maker, one, "Name", name ? label_name(x, name) : NULL);
	put_text(maker, one, "Provider", "nomad");
	put_text(maker, one, "PortLabel", label);
	if (first)
		put_filled(maker, one, "Checks", make_checks(x));
	push(maker, list, one);
	maker->failed |= !name;
}

static void put_services(struct export *x, struct node *group)
{
	const struct spec_service *service = x->service;
	struct node *list = make_node(&x->maker, NODE_LIST);
	bool first = true;

	for (size_t i = 0; i < service->ports_len; i++) {
		if (is_repeated(service, i))
			continue;
		push_service(
			x, list,
			nomad_port_label(x, service->ports[i].target, service->ports[i].published),
			first);
		first = false;
	}
	if (probe_port(service))
		push_service(x, list, probe_label(x), first);
	put_filled(&x->maker, group, "Services", list);
}

/* ---- life ------------------------------------------------------------------------------------------------------------- */

static void put_restart(struct export *x, struct node *group)
{
	const struct spec_restart_policy *policy = &x->service->restart;
	struct maker *maker = &x->maker;
	struct node *map = make_node(maker, NODE_MAP);
	bool limited = policy->max_attempts >= 0;
	int64_t attempts = policy->condition == SPEC_RESTART_NO ? 0
			   : limited                            ? policy->max_attempts
								: 10;
	int64_t delay = policy->delay_ms > 0 ? policy->delay_ms : 1000, interval = 600000;

	/* what does not fit into the interval is refused */
	if (interval < 2 * attempts * delay)
		interval = 2 * attempts * delay;
	put_int(maker, map, "Attempts", attempts);
	put_int(maker, map, "Delay", delay * NS);
	put_int(maker, map, "Interval", interval * NS);
	put_text(maker, map, "Mode",
		 policy->condition == SPEC_RESTART_NO || limited ? "fail" : "delay");
	put(maker, group, "RestartPolicy", map);
	if (policy->condition == SPEC_RESTART_NO) {
		/* or it is begun anew on this node or another, again and again */
		map = make_node(maker, NODE_MAP);
		put_int(maker, map, "Attempts", 0);
		put_false(maker, map, "Unlimited");
		put(maker, group, "ReschedulePolicy", map);
	}
	if (policy->condition == SPEC_RESTART_ON_FAILURE)
		lose(x, "restart|deploy.restart_policy.condition",
		     "a task of a service job is restarted whatever its status was");
	lose(x, "deploy.restart_policy.window", "a restart counts when ten minutes are over");
}

static void put_update(struct export *x, struct node *group)
{
	const struct spec_update *update = &x->service->update;
	struct maker *maker = &x->maker;
	struct node *map = make_node(maker, NODE_MAP);
	int64_t most = export_largest(x->service) > 0 ? export_largest(x->service) : 1;
	int64_t parallel = update->parallelism > 0 ? update->parallelism : most;
	bool probed = x->service->probe.kind == SPEC_PROBE_HTTP ||
		      x->service->probe.kind == SPEC_PROBE_TCP;

	put_int(maker, map, "MaxParallel", parallel);
	put_text(maker, map, "HealthCheck", probed ? "checks" : "task_states");
	put_int(maker, map, "MinHealthyTime", update->monitor_ms * NS);
	put_int(maker, map, "HealthyDeadline", (update->monitor_ms + DEADLINE_MS) * NS);
	put_int(maker, map, "ProgressDeadline", (update->monitor_ms + 2 * DEADLINE_MS) * NS);
	put_boolean(maker, map, "AutoRevert", update->failure_action == SPEC_ON_FAILURE_ROLLBACK);
	/* the new ones beside the old ones, then without them */
	put_int(maker, map, "Canary", update->order == SPEC_START_FIRST ? parallel : 0);
	put_boolean(maker, map, "AutoPromote", update->order == SPEC_START_FIRST);
	put(maker, group, "Update", map);
	lose(x, "deploy.update_config.delay", "Nomad waits for health only");
}

static void put_volumes(struct export *x, struct node *group)
{
	struct maker *maker = &x->maker;
	struct node *map = make_node(maker, NODE_MAP);

	for (size_t i = 0; i < x->service->mounts_len; i++) {
		const struct spec_mount *mount = &x->service->mounts[i];
		const struct spec_volume *volume =
			mount->type == SPEC_VOLUME && mount->source
				? spec_volume_find(x->project, mount->source)
				: NULL;
		struct node *one;

		if (!volume || maker->failed || node_has(map, volume->key))
			continue;
		one = make_node(maker, NODE_MAP);
		put_text(maker, one, "Name", volume->key);
		put_text(maker, one, "Type", "host");
		put_text(maker, one, "Source", volume->name);
		put_boolean(maker, one, "ReadOnly", mount->read_only);
		put(maker, map, volume->key, one);
		lose(x, "volumes",
		     "a node that may run it needs host_volume \"%s\" in its client's "
		     "configuration",
		     volume->name);
	}
	put_filled(maker, group, "Volumes", map);
}

/* A job whose logs may fill its disk is refused. */
static void put_disk(struct export *x, struct node *group)
{
	int64_t size = x->service->log_max_size / MIB, files = x->service->log_max_files;
	int64_t logs = (size > 0 ? size : 1) * (files > 0 ? files : 1);
	struct node *map = make_node(&x->maker, NODE_MAP);

	if (logs < DISK_MB)
		return;
	put_int(&x->maker, map, "SizeMB", logs + DISK_MB);
	put(&x->maker, group, "EphemeralDisk", map);
}

static struct node *make_group(struct export *x)
{
	const struct spec_service *service = x->service;
	struct maker *maker = &x->maker;
	struct node *group = make_node(maker, NODE_MAP), *tasks = make_node(maker, NODE_LIST);

	put_text(maker, group, "Name", service->name);
	put_int(maker, group, "Count", service->replicas);
	if (service->scale.given)
		put(maker, group, "Scaling", nomad_scaling(x));
	put_restart(x, group);
	put_update(x, group);
	if (service->scale.drain_ms > 0)
		put_int(maker, group, "ShutdownDelay", service->scale.drain_ms * NS);
	nomad_ports(x, group);
	put_services(x, group);
	put_volumes(x, group);
	put_disk(x, group);
	push(maker, tasks, nomad_task(x, group));
	put(maker, group, "Tasks", tasks);
	lose_all(x, losses);
	return group;
}

/* ---- the whole -------------------------------------------------------------------------------------------------------- */

static const char readme[] =
	"# %s on Nomad\n\n"
	"1. On every client: install Docker and carte-runtime, name it in "
	"`/etc/docker/daemon.json`:\n"
	"   `{\"runtimes\": {\"" EXPORT_RUNTIME "\": {\"path\": \"" EXPORT_RUNTIME_PATH "\"}}}`\n"
	"   and let the driver use it, in the client's configuration:\n\n"
	"       plugin \"docker\" {\n"
	"         config {\n"
	"           allow_runtimes = [\"runc\", \"" EXPORT_RUNTIME "\"]\n"
	"         }\n"
	"       }\n\n"
	"2. Give every client the images: push them to a registry that all reach, or `docker load` "
	"on each.\n"
	"3. `nomad job run -json job.json`\n"
	"4. Groups with a scaling policy are scaled by nomad-autoscaler, an agent of its own.\n\n"
	"## What is not as it was\n\n%s";

/* JSON has no comments: beside it lies a text. */
static int add_readme(struct export *x, const char *comments)
{
	char *text = oci_arena_printf(x->arena, readme, x->project->name,
				      *comments ? comments : "Nothing.\n");

	return text ? add_file(x, "README.md", text, strlen(text), false) : err_nomem(x->err);
}

static int write_job(struct export *x, const char **ret_text, size_t *ret_length)
{
	struct maker *maker = &x->maker;
	struct node *map = make_node(maker, NODE_MAP), *job = make_node(maker, NODE_MAP);
	struct node *groups = make_node(maker, NODE_LIST), *where = make_node(maker, NODE_LIST);
	char *text = NULL;
	int r;

	put_text(maker, job, "ID", x->project->name);
	put_text(maker, job, "Name", x->project->name);
	put_text(maker, job, "Type", "service");
	push(maker, where, make_text(maker, "*"));
	put(maker, job, "Datacenters", where);
	for (size_t i = 0; i < x->project->services_len; i++) {
		x->service = &x->project->services[i];
		fprintf(x->comments, "# ---- %s\n", x->service->name);
		push(maker, groups, make_group(x));
	}
	x->service = NULL;
	put(maker, job, "TaskGroups", groups);
	put(maker, map, "Job", job);
	if (x->unreadable)
		return -EINVAL;
	r = maker->failed ? err_nomem(x->err)
			  : write_json(map, x->arena, &text, ret_length, x->err);
	if (r < 0)
		return r;
	/* a file ends with a newline */
	*ret_text = oci_arena_printf(x->arena, "%s\n", text);
	*ret_length += 1;
	return *ret_text ? 0 : err_nomem(x->err);
}

int export_nomad(struct export *x)
{
	CLEANUP_FREE char *comments = NULL;
	const char *text = NULL;
	size_t length = 0, comments_length = 0;
	bool secret = false;
	int r;

	x->comments = open_memstream(&comments, &comments_length);
	if (!x->comments)
		return err_nomem(x->err);
	/* what it replaces in texts is ${NAME} only: dollars are not doubled */
	x->maker.dollars_as_they_are = true;
	r = check_file_names(x, "Nomad's files");
	if (r == 0)
		r = write_job(x, &text, &length);
	if (fclose(x->comments) != 0 && r == 0)
		r = err_nomem(x->err);
	x->comments = NULL;
	for (size_t i = 0; i < x->project->files_len; i++)
		secret |= x->project->files[i].secret;
	if (r == 0)
		r = add_file(x, "job.json", text, length, secret);
	return r < 0 ? r : add_readme(x, comments ? comments : "");
}
