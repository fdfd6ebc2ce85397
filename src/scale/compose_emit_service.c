/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_emit_service.c - a service as a tree, its keys in one order; what is a default of Compose is left out.
 */
#include <stdio.h>

#include "scale/compose-private.h"

static void put_argv(struct maker *maker, struct node *map, const char *key, bool given,
		     const struct strings *argv)
{
	struct node *list;

	if (!given)
		return;
	list = make_node(maker, NODE_LIST);
	for (size_t i = 0; i < argv->len; i++)
		push(maker, list, make_text(maker, argv->items[i]));
	put(maker, map, key, list);
}

static void put_build(struct maker *maker, struct node *map, const struct spec_service *service)
{
	struct node *build = make_node(maker, NODE_MAP);

	put_text(maker, build, "context", service->build.context);
	put_text(maker, build, "dockerfile", service->build.cartefile);
	if (service->built)
		put(maker, map, "build", build);
}

/* The short form: Docker's older schemas know no host_ip in the long one. */
static void put_ports(struct maker *maker, struct node *map, const struct spec_service *service)
{
	struct node *list = make_node(maker, NODE_LIST);

	for (size_t i = 0; i < service->ports_len; i++) {
		const struct spec_port *port = &service->ports[i];
		char published[16] = "", text[96];

		if (port->published)
			snprintf(published, sizeof(published), "%u:", port->published);
		else if (port->host_ip)
			snprintf(published, sizeof(published), ":");
		snprintf(text, sizeof(text), "%s%s%s%u/%s", port->host_ip ? port->host_ip : "",
			 port->host_ip ? ":" : "", published, port->target,
			 port->protocol == SPEC_UDP ? "udp" : "tcp");
		push(maker, list, make_text(maker, text));
	}
	put_filled(maker, map, "ports", list);
}

static void put_network_mode(struct maker *maker, struct node *map,
			     const struct spec_service *service)
{
	const char *target = service->network_target, *text = NULL;

	if (service->network_mode == SPEC_NET_NONE)
		text = "none";
	else if (service->network_mode == SPEC_NET_HOST)
		text = "host";
	else if (service->network_mode == SPEC_NET_PATH)
		text = oci_arena_printf(maker->arena, "ns:%s", target);
	else if (service->network_mode == SPEC_NET_CONTAINER)
		text = strncmp(target, "service:", 8) == 0
			       ? target
			       : oci_arena_printf(maker->arena, "container:%s", target);
	if (!text && service->network_mode != SPEC_NET_BRIDGE)
		maker->failed = true;
	put_text(maker, map, "network_mode", text);
}

static void put_networks(struct maker *maker, struct node *map, const struct spec_service *service)
{
	struct node *networks = make_node(maker, NODE_MAP);

	for (size_t i = 0; i < service->networks_len; i++) {
		const struct spec_network_use *use = &service->networks[i];
		struct node *one = make_node(maker, NODE_MAP);

		put_text(maker, one, "ipv4_address", use->ipv4);
		put_strings(maker, one, "aliases", &use->aliases);
		if (!maker->failed && one->len == 0)
			one = make_text(maker, NULL);
		put(maker, networks, use->network, one);
	}
	put_filled(maker, map, "networks", networks);
}

static struct node *make_mount(struct maker *maker, const struct spec_mount *mount)
{
	struct node *one = make_node(maker, NODE_MAP), *bind;

	put_text(maker, one, "type", mount->type == SPEC_BIND ? "bind" : "volume");
	put_text(maker, one, "source", mount->source);
	put_text(maker, one, "target", mount->target);
	put_true(maker, one, "read_only", mount->read_only);
	if (mount->create_source) {
		bind = make_node(maker, NODE_MAP);
		put_true(maker, bind, "create_host_path", true);
		put(maker, one, "bind", bind);
	}
	return one;
}

/* A bind mount whose folder may be made is the short form, which means that with every version of Compose. */
static void put_mounts(struct maker *maker, struct node *map, const struct spec_service *service)
{
	struct node *list = make_node(maker, NODE_LIST), *tmpfs = make_node(maker, NODE_LIST);

	for (size_t i = 0; i < service->mounts_len; i++) {
		const struct spec_mount *mount = &service->mounts[i];
		char *text;

		if (mount->type == SPEC_TMPFS) {
			char size[40] = "", mode[24] = "";

			if (mount->size >= 0)
				snprintf(size, sizeof(size), ",size=%lld", (long long)mount->size);
			if (mount->mode)
				snprintf(mode, sizeof(mode), ",mode=%04o", mount->mode);
			text = oci_arena_printf(maker->arena, "%s:%s%s%s", mount->target,
						mount->read_only ? "ro" : "rw", size, mode);
			push(maker, tmpfs, make_text(maker, text));
		} else if (mount->type == SPEC_BIND && mount->create_source &&
			   !strchr(mount->source, ':') && !strchr(mount->target, ':')) {
			text = oci_arena_printf(maker->arena, "%s:%s:%s", mount->source,
						mount->target, mount->read_only ? "ro" : "rw");
			push(maker, list, make_text(maker, text));
		} else {
			push(maker, list, make_mount(maker, mount));
			continue;
		}
		if (!text)
			maker->failed = true;
	}
	put_filled(maker, map, "volumes", list);
	put_filled(maker, map, "tmpfs", tmpfs);
}

static void put_files(struct maker *maker, struct node *map, const struct spec_service *service,
		      bool secret)
{
	struct node *list = make_node(maker, NODE_LIST);

	for (size_t i = 0; i < service->files_len; i++) {
		const struct spec_file *file = &service->files[i];
		struct node *one;

		if (file->secret != secret)
			continue;
		one = make_node(maker, NODE_MAP);
		put_text(maker, one, "source", file->name);
		put_text(maker, one, "target", file->target);
		if (file->owned) {
			put_bytes(maker, one, "uid", file->uid);
			put_bytes(maker, one, "gid", file->gid);
		}
		put_int(maker, one, "mode", file->mode);
		push(maker, list, one);
	}
	put_filled(maker, map, secret ? "secrets" : "configs", list);
}

static void put_security(struct maker *maker, struct node *map, const struct spec_service *service)
{
	const struct {
		const char *word, *value;
	} options[] = { { "seccomp",
			  service->seccomp_unconfined ? "unconfined" : service->seccomp_profile },
			{ "apparmor", service->apparmor_profile },
			{ "label", service->selinux_label } };
	struct node *list = make_node(maker, NODE_LIST);

	if (service->no_new_privileges)
		push(maker, list, make_text(maker, "no-new-privileges:true"));
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		char *text;

		if (!options[i].value)
			continue;
		text = oci_arena_printf(maker->arena, "%s=%s", options[i].word, options[i].value);
		if (!text)
			maker->failed = true;
		push(maker, list, make_text(maker, text));
	}
	put_filled(maker, map, "security_opt", list);
}

static void put_hosts(struct maker *maker, struct node *map, const struct spec_pairs *hosts)
{
	struct node *list = make_node(maker, NODE_LIST);

	for (size_t i = 0; i < hosts->len; i++) {
		char *text = oci_arena_printf(maker->arena, "%s:%s", hosts->items[i].key,
					      hosts->items[i].value);

		if (!text)
			maker->failed = true;
		push(maker, list, make_text(maker, text));
	}
	put_filled(maker, map, "extra_hosts", list);
}

static void put_ulimits(struct maker *maker, struct node *map, const struct spec_service *service)
{
	struct node *limits = make_node(maker, NODE_MAP);

	for (size_t i = 0; i < service->ulimits_len; i++) {
		struct node *one = make_node(maker, NODE_MAP);

		put_int(maker, one, "soft", service->ulimits[i].soft);
		put_int(maker, one, "hard", service->ulimits[i].hard);
		put(maker, limits, service->ulimits[i].name, one);
	}
	put_filled(maker, map, "ulimits", limits);
}

static void put_logging(struct maker *maker, struct node *map, const struct spec_service *service)
{
	struct node *logging = make_node(maker, NODE_MAP), *options = make_node(maker, NODE_MAP);

	put_text(maker, logging, "driver", service->log_none ? "none" : "json-file");
	put_bytes(maker, options, "max-size", service->log_max_size);
	put_bytes(maker, options, "max-file", service->log_max_files);
	put(maker, logging, "options", options);
	put(maker, map, "logging", logging);
}

static void put_depends_on(struct maker *maker, struct node *map,
			   const struct spec_service *service)
{
	static const char *const words[] = { "", "service_started", "service_healthy",
					     "service_completed_successfully" };
	struct node *list = make_node(maker, NODE_MAP), *no;

	for (size_t i = 0; i < service->depends_on_len; i++) {
		const struct spec_dependency *to = &service->depends_on[i];
		struct node *one = make_node(maker, NODE_MAP);

		put_text(maker, one, "condition", words[to->condition]);
		put_true(maker, one, "restart", to->restart);
		if (to->optional) {
			no = make_text(maker, "false");
			if (no)
				no->plain = true;
			put(maker, one, "required", no);
		}
		put(maker, list, to->service, one);
	}
	put_filled(maker, map, "depends_on", list);
}

static void put_health(struct maker *maker, struct node *map, const struct spec_service *service)
{
	const struct spec_probe *probe = &service->probe;
	struct node *health = make_node(maker, NODE_MAP), *test = make_node(maker, NODE_LIST);
	const struct strings *words = &probe->command;
	bool shell = words->len == 3 && strcmp(words->items[0], "/bin/sh") == 0 &&
		     strcmp(words->items[1], "-c") == 0 && *words->items[2];

	if (probe->kind == SPEC_PROBE_HTTP || probe->kind == SPEC_PROBE_TCP)
		return;
	put_true(maker, health, "disable", probe->kind == SPEC_PROBE_NONE);
	if (probe->kind == SPEC_PROBE_EXEC) {
		push(maker, test, make_text(maker, shell ? "CMD-SHELL" : "CMD"));
		for (size_t i = shell ? 2 : 0; i < words->len; i++)
			push(maker, test, make_text(maker, words->items[i]));
		put(maker, health, "test", test);
	}
	put_time(maker, health, "interval", probe->interval_ms);
	put_time(maker, health, "timeout", probe->timeout_ms);
	put_time(maker, health, "start_period", probe->start_period_ms);
	put_time(maker, health, "start_interval", probe->start_interval_ms);
	if (probe->retries >= 0)
		put_int(maker, health, "retries", probe->retries);
	put_filled(maker, map, "healthcheck", health);
}

static void put_restart(struct maker *maker, struct node *map, const struct spec_service *service)
{
	static const char *const words[] = { "no", "always", "on-failure", "unless-stopped" };
	const struct spec_restart_policy *policy = &service->restart;
	char text[48];

	snprintf(text, sizeof(text), "%s", words[policy->condition]);
	if (policy->condition == SPEC_RESTART_ON_FAILURE && policy->max_attempts > 0)
		snprintf(text, sizeof(text), "on-failure:%lld", (long long)policy->max_attempts);
	put_text(maker, map, "restart", text);
}

static void put_process(struct maker *maker, struct node *map, const struct spec_service *service)
{
	put_text(maker, map, "user", service->user);
	put_strings(maker, map, "group_add", &service->group_add);
	put_text(maker, map, "working_dir", service->working_dir);
	put_text(maker, map, "hostname", service->hostname);
	put_text(maker, map, "domainname", service->domainname);
	put_hosts(maker, map, &service->extra_hosts);
	put_strings(maker, map, "dns", &service->dns);
	put_strings(maker, map, "dns_search", &service->dns_search);
	put_true(maker, map, "read_only", service->read_only);
	put_true(maker, map, "init", service->init);
	put_true(maker, map, "tty", service->tty);
	put_true(maker, map, "stdin_open", service->stdin_open);
	put_true(maker, map, "privileged", service->privileged);
	put_security(maker, map, service);
	put_strings(maker, map, "cap_add", &service->cap_add);
	put_strings(maker, map, "cap_drop", &service->cap_drop);
	put_strings(maker, map, "devices", &service->devices);
	put_text(maker, map, "pid", service->pid_mode);
	put_text(maker, map, "ipc", service->ipc_mode);
	put_text(maker, map, "userns_mode", service->userns_mode);
	put_text(maker, map, "runtime", service->runtime);
	put_ulimits(maker, map, service);
	put_pairs(maker, map, "sysctls", &service->sysctls);
	put_pairs(maker, map, "labels", &service->labels);
	put_pairs(maker, map, "annotations", &service->annotations);
}

struct node *make_service(struct maker *maker, const struct spec_service *service,
			  bool for_revision)
{
	struct node *map = make_node(maker, NODE_MAP);

	put_text(maker, map, "image", service->image);
	put_build(maker, map, service);
	put_text(maker, map, "container_name", service->container_name);
	put_argv(maker, map, "entrypoint", service->entrypoint_given, &service->entrypoint);
	put_argv(maker, map, "command", service->command_given, &service->command);
	put_pairs(maker, map, "environment", &service->environment);
	put_ports(maker, map, service);
	put_network_mode(maker, map, service);
	put_networks(maker, map, service);
	put_mounts(maker, map, service);
	put_files(maker, map, service, false);
	put_files(maker, map, service, true);
	put_process(maker, map, service);
	put_health(maker, map, service);
	put_depends_on(maker, map, service);
	put_restart(maker, map, service);
	put_text(maker, map, "stop_signal", service->stop_signal);
	put_time(maker, map, "stop_grace_period", service->stop_grace_ms);
	put_logging(maker, map, service);
	put_bytes(maker, map, "shm_size", service->shm_size);
	if (service->oom_score_adj != INT64_MIN)
		put_int(maker, map, "oom_score_adj", service->oom_score_adj);
	put_true(maker, map, "oom_kill_disable", service->oom_kill_disable);
	put_deploy(maker, map, service, for_revision);
	put_carte(maker, map, service, for_revision);
	return map;
}
