/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export_kubernetes_pod.c - the pod of a service: its container, its limits, what is mounted in it.
 */
#include <stdio.h>
#include <strings.h>

#include "base/io.h"
#include "scale/export-private.h"

static const struct loss losses[] = {
	{ "build",
	  "the cluster builds nothing: build here, and push the image or import it on each node" },
	{ "container_name", "pods have names of their own" },
	{ "depends_on", "a cluster starts everything at once: programs must try again" },
	{ "logging", "the node's own: kubelet's containerLogMaxSize and containerLogMaxFiles" },
	{ "pids_limit|deploy.resources.limits.pids", "the node's own: kubelet's podPidsLimit" },
	{ "memswap_limit", "pods do not swap" },
	{ "cpu_shares", "they follow from the cpus that are reserved" },
	{ "cpuset", "the node's own: kubelet's cpuManagerPolicy" },
	{ "oom_score_adj", "it follows from what is reserved and limited" },
	{ "oom_kill_disable", "there is none" },
	{ "ulimits", "there are none: set them where containerd is started" },
	{ "devices", "they come from device plugins" },
	{ "init", "there is none: begin the image's entrypoint with tini or catatonit" },
	{ "stop_signal", "it is the image's: set it there" },
	{ "domainname", "there is none" },
	{ "userns_mode", "there is none" },
	{ "runtime", "runtimeClassName is " EXPORT_RUNTIME },
	{ "x-carte.scale.drain", "a pod that ends gets its signal at once, while others learn that "
				 "it is gone: add lifecycle.preStop.sleep "
				 "(Kubernetes 1.30)" },
	{ "healthcheck.start_interval|x-carte.probe.start_interval",
	  "the probe's period is its only one" },
	{ NULL, NULL },
};

/* Compose's entrypoint is Kubernetes' command, its command args. */
static void put_argv(struct export *x, struct node *container, const char *key, bool given,
		     const struct strings *argv)
{
	struct node *list = make_node(&x->maker, NODE_LIST);

	for (size_t i = 0; given && i < argv->len; i++)
		push(&x->maker, list, make_text(&x->maker, argv->items[i]));
	put_filled(&x->maker, container, key, list);
}

static void put_environment(struct export *x, struct node *container)
{
	const struct spec_pairs *pairs = &x->service->environment;
	struct node *list = make_node(&x->maker, NODE_LIST);

	for (size_t i = 0; i < pairs->len; i++) {
		struct node *one;

		if (!pairs->items[i].value) {
			lose(x, "environment", "%s has no value here", pairs->items[i].key);
			continue;
		}
		one = make_node(&x->maker, NODE_MAP);
		put_text(&x->maker, one, "name", pairs->items[i].key);
		put_text(&x->maker, one, "value", pairs->items[i].value);
		push(&x->maker, list, one);
	}
	put_filled(&x->maker, container, "env", list);
}

static void put_container_ports(struct export *x, struct node *container)
{
	const struct spec_service *service = x->service;
	struct node *list = make_node(&x->maker, NODE_LIST);

	for (size_t i = 0; i < service->ports_len; i++) {
		const struct spec_port *port = &service->ports[i];
		struct node *one;
		bool before = false;

		for (size_t j = 0; j < i; j++)
			before |= service->ports[j].target == port->target &&
				  service->ports[j].protocol == port->protocol;
		if (before)
			continue;
		one = make_node(&x->maker, NODE_MAP);
		put_int(&x->maker, one, "containerPort", port->target);
		put_text(&x->maker, one, "protocol", port->protocol == SPEC_UDP ? "UDP" : "TCP");
		push(&x->maker, list, one);
	}
	put_filled(&x->maker, container, "ports", list);
}

static void put_amounts(struct export *x, struct node *resources, const char *key, int64_t cpu,
			int64_t memory)
{
	struct node *map = make_node(&x->maker, NODE_MAP);

	if (cpu > 0)
		put_text(&x->maker, map, "cpu",
			 oci_arena_printf(x->arena, "%lldm", (long long)cpu));
	if (memory > 0)
		put_text(&x->maker, map, "memory",
			 oci_arena_printf(x->arena, "%lld", (long long)memory));
	put_filled(&x->maker, resources, key, map);
}

static void put_resources(struct export *x, struct node *container)
{
	static const char limit_is_request[] =
		"nothing is reserved, so the cluster reserves the whole limit for each pod: say "
		"deploy.resources.reservations.%s";
	const struct spec_resources *from = &x->service->resources;
	struct node *resources = make_node(&x->maker, NODE_MAP);

	if (from->cpu_milli > 0 && from->cpu_reserved_milli <= 0)
		lose(x, "deploy.resources.limits.cpus|cpus", limit_is_request, "cpus");
	if (from->memory > 0 && from->memory_reserved <= 0)
		lose(x, "deploy.resources.limits.memory|mem_limit", limit_is_request, "memory");
	put_amounts(x, resources, "limits", from->cpu_milli, from->memory);
	put_amounts(x, resources, "requests", from->cpu_reserved_milli, from->memory_reserved);
	put_filled(&x->maker, container, "resources", resources);
}

/* ---- probes ----------------------------------------------------------------------------------------------------------- */

static struct node *make_probe(struct export *x, int64_t interval_ms, int64_t failures)
{
	const struct spec_probe *probe = &x->service->probe;
	struct maker *maker = &x->maker;
	struct node *map = make_node(maker, NODE_MAP), *how = make_node(maker, NODE_MAP);

	if (probe->kind == SPEC_PROBE_EXEC) {
		put_argv(x, how, "command", true, &probe->command);
		put(maker, map, "exec", how);
	} else {
		if (probe->kind == SPEC_PROBE_HTTP)
			put_literal(x, how, "path", probe->path ? probe->path : "/");
		put_int(maker, how, "port", probe->port);
		put(maker, map, probe->kind == SPEC_PROBE_HTTP ? "httpGet" : "tcpSocket", how);
	}
	put_int(maker, map, "periodSeconds", interval_ms > 1000 ? seconds(interval_ms) : 1);
	put_int(maker, map, "timeoutSeconds",
		probe->timeout_ms > 1000 ? seconds(probe->timeout_ms) : 1);
	put_int(maker, map, "failureThreshold", failures > 0 ? failures : 1);
	return map;
}

/* Traffic by readiness, a restart by liveness; failures of the start period count for neither. */
void kubernetes_probes(struct export *x, struct node *container)
{
	const struct spec_probe *probe = &x->service->probe;
	int64_t interval = probe->interval_ms > 1000 ? probe->interval_ms : 1000;

	if (probe->kind == SPEC_PROBE_NONE || probe->kind == SPEC_PROBE_IMAGE)
		return;
	if (probe->start_period_ms > 0)
		put(&x->maker, container, "startupProbe",
		    make_probe(x, interval,
			       (probe->start_period_ms + interval - 1) / interval +
				       probe->retries));
	put(&x->maker, container, "readinessProbe", make_probe(x, interval, probe->retries));
	put(&x->maker, container, "livenessProbe", make_probe(x, interval, probe->retries));
}

/* ---- rights ----------------------------------------------------------------------------------------------------------- */

static bool put_id(struct export *x, struct node *map, const char *key, const char *text,
		   size_t length)
{
	char number[16];
	uint32_t id;

	if (length == 0 || length >= sizeof(number))
		return false;
	memcpy(number, text, length);
	number[length] = '\0';
	if (parse_u32(number, &id) < 0)
		return false;
	put_int(&x->maker, map, key, id);
	return true;
}

static void put_user(struct export *x, struct node *map)
{
	const char *user = x->service->user, *colon = user ? strchr(user, ':') : NULL;

	if (!user)
		return;
	if (!put_id(x, map, "runAsUser", user, colon ? (size_t)(colon - user) : strlen(user)) ||
	    (colon && !put_id(x, map, "runAsGroup", colon + 1, strlen(colon + 1))))
		lose(x, "user", "Kubernetes takes numbers only, a name is of the image");
}

/* CAP_NET_RAW is NET_RAW there: containerd puts CAP_ before it again, and would keep what is to be dropped. */
static void put_capability_list(struct export *x, struct node *map, const char *key,
				const struct strings *names)
{
	struct node *list = make_node(&x->maker, NODE_LIST);

	for (size_t i = 0; i < names->len; i++) {
		const char *name = names->items[i];

		push(&x->maker, list,
		     make_text(&x->maker, strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name));
	}
	put_filled(&x->maker, map, key, list);
}

static void put_capabilities(struct export *x, struct node *map)
{
	struct node *both = make_node(&x->maker, NODE_MAP);

	put_capability_list(x, both, "add", &x->service->cap_add);
	put_capability_list(x, both, "drop", &x->service->cap_drop);
	put_filled(&x->maker, map, "capabilities", both);
}

static void put_pod_security(struct export *x, struct node *pod)
{
	const struct spec_service *service = x->service;
	struct maker *maker = &x->maker;
	struct node *map = make_node(maker, NODE_MAP), *groups = make_node(maker, NODE_LIST);
	struct node *sysctls = make_node(maker, NODE_LIST);

	for (size_t i = 0; i < service->group_add.len; i++) {
		uint32_t id;

		if (parse_u32(service->group_add.items[i], &id) < 0)
			lose(x, "group_add", "%s: Kubernetes takes numbers only",
			     service->group_add.items[i]);
		else
			push(maker, groups, make_int(maker, id));
	}
	for (size_t i = 0; i < service->sysctls.len; i++) {
		struct node *one = make_node(maker, NODE_MAP);

		put_literal(x, one, "name", service->sysctls.items[i].key);
		put_literal(x, one, "value", service->sysctls.items[i].value);
		push(maker, sysctls, one);
	}
	if (service->sysctls.len)
		lose(x, "sysctls",
		     "the node must allow what is not safe: kubelet's allowedUnsafeSysctls");
	put_filled(maker, map, "supplementalGroups", groups);
	put_filled(maker, map, "sysctls", sysctls);
	put_filled(maker, pod, "securityContext", map);
}

void kubernetes_security(struct export *x, struct node *pod, struct node *container)
{
	const struct spec_service *service = x->service;
	struct maker *maker = &x->maker;
	struct node *map = make_node(maker, NODE_MAP), *seccomp = make_node(maker, NODE_MAP);

	put_user(x, map);
	put_true(maker, map, "privileged", service->privileged);
	put_true(maker, map, "readOnlyRootFilesystem", service->read_only);
	if (service->no_new_privileges)
		put_false(maker, map, "allowPrivilegeEscalation");
	put_capabilities(x, map);
	if (service->seccomp_profile)
		lose(x, "security_opt",
		     "a seccomp profile must be on each node, below kubelet's seccomp folder; its "
		     "default is used");
	if (!service->privileged) {
		put_text(maker, seccomp, "type",
			 service->seccomp_unconfined ? "Unconfined" : "RuntimeDefault");
		put(maker, map, "seccompProfile", seccomp);
	}
	if (service->apparmor_profile || service->selinux_label)
		lose(x, "security_opt", "AppArmor and SELinux are the node's");
	put_filled(maker, container, "securityContext", map);
	put_pod_security(x, pod);
}

/* ---- the pod ---------------------------------------------------------------------------------------------------------- */

static void put_hosts(struct export *x, struct node *pod)
{
	const struct spec_service *service = x->service;
	struct maker *maker = &x->maker;
	struct node *list = make_node(maker, NODE_LIST), *dns = make_node(maker, NODE_MAP);

	for (size_t i = 0; i < service->extra_hosts.len; i++) {
		const struct spec_pair *pair = &service->extra_hosts.items[i];
		struct node *one, *names;

		if (strcmp(pair->value, "host-gateway") == 0) {
			lose(x, "extra_hosts", "%s: a pod has no host of its own", pair->key);
			continue;
		}
		one = make_node(maker, NODE_MAP);
		names = make_node(maker, NODE_LIST);
		put_text(maker, one, "ip", pair->value);
		push(maker, names, make_text(maker, pair->key));
		put(maker, one, "hostnames", names);
		push(maker, list, one);
	}
	put_filled(maker, pod, "hostAliases", list);
	put_strings(maker, dns, "nameservers", &service->dns);
	put_strings(maker, dns, "searches", &service->dns_search);
	put_filled(maker, pod, "dnsConfig", dns);
}

static void put_namespaces(struct export *x, struct node *pod)
{
	const struct spec_service *service = x->service;

	put_true(&x->maker, pod, "hostNetwork", service->network_mode == SPEC_NET_HOST);
	if (service->network_mode != SPEC_NET_HOST && service->network_mode != SPEC_NET_BRIDGE)
		lose(x, "network_mode", "every pod has a network of its own");
	put_true(&x->maker, pod, "hostPID", service->pid_mode != NULL);
	put_true(&x->maker, pod, "hostIPC",
		 service->ipc_mode && strcmp(service->ipc_mode, "host") == 0);
	for (size_t i = 0; i < service->networks_len; i++) {
		if (service->networks[i].aliases.len)
			lose(x, "networks", "%s: aliases are further Services, which select %s",
			     service->networks[i].network, service->name);
		if (service->networks[i].ipv4)
			lose(x, "networks", "%s: the cluster gives the addresses",
			     service->networks[i].network);
	}
}

static struct node *make_container(struct export *x, struct node *pod)
{
	const struct spec_service *service = x->service;
	struct maker *maker = &x->maker;
	struct node *container = make_node(maker, NODE_MAP);

	put_text(maker, container, "name", label_name(x, service->name));
	put_literal(x, container, "image", service->image);
	put_text(maker, container, "imagePullPolicy", "IfNotPresent");
	put_argv(x, container, "command", service->entrypoint_given, &service->entrypoint);
	put_argv(x, container, "args", service->command_given, &service->command);
	if (service->entrypoint_given && !service->entrypoint.len)
		lose(x, "entrypoint", "none is the image's own there");
	put_literal(x, container, "workingDir", service->working_dir);
	put_environment(x, container);
	put_container_ports(x, container);
	put_resources(x, container);
	kubernetes_probes(x, container);
	kubernetes_security(x, pod, container);
	put_true(maker, container, "stdin", service->stdin_open);
	put_true(maker, container, "tty", service->tty);
	return container;
}

static bool is_annotation(const char *key)
{
	const char *slash = strrchr(key, '/'), *name = slash ? slash + 1 : key;

	return *name && strlen(name) <= 63 && strchr(key, '/') == slash &&
	       !key[strspn(key,
			   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-")] &&
	       !strchr("_.-", *name) && !strchr("_.-", name[strlen(name) - 1]);
}

/* Labels of Compose may be any text: annotations may too, labels of Kubernetes may not. */
static void put_annotations(struct export *x, struct node *metadata)
{
	const struct spec_pairs *from[] = { &x->service->labels, &x->service->annotations };
	static const char *const keys[] = { "labels", "annotations" };
	struct node *map = make_node(&x->maker, NODE_MAP);

	for (size_t i = 0; i < ARRAY_LEN(from); i++)
		for (size_t j = 0; j < from[i]->len; j++) {
			const struct spec_pair *pair = &from[i]->items[j];

			if (!is_annotation(pair->key))
				lose(x, keys[i], "'%s' is no name of an annotation", pair->key);
			else if (x->maker.failed || !node_has(map, pair->key))
				put_literal(x, map, pair->key, pair->value ? pair->value : "");
		}
	put_filled(&x->maker, metadata, "annotations", map);
}

struct node *kubernetes_pod(struct export *x)
{
	const struct spec_service *service = x->service;
	struct maker *maker = &x->maker;
	struct node *template = make_node(maker, NODE_MAP), *metadata = make_node(maker, NODE_MAP);
	struct node *pod = make_node(maker, NODE_MAP), *list = make_node(maker, NODE_LIST);
	struct node *container;

	put(maker, metadata, "labels", kubernetes_selector(x));
	put_annotations(x, metadata);
	put(maker, template, "metadata", metadata);
	put_text(maker, pod, "runtimeClassName", EXPORT_RUNTIME);
	put_literal(x, pod, "hostname", service->hostname);
	put_int(maker, pod, "terminationGracePeriodSeconds", seconds(service->stop_grace_ms));
	put_namespaces(x, pod);
	put_hosts(x, pod);
	container = make_container(x, pod);
	kubernetes_mounts(x, pod, container);
	push(maker, list, container);
	put(maker, pod, "containers", list);
	put(maker, template, "spec", pod);
	lose_all(x, losses);
	return template;
}
