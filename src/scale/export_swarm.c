/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export_swarm.c - a folder for Docker Swarm: the file as `docker stack deploy` takes it, the daemons' configuration, what to do.
 *
 * A stack file is Compose 3.9 as Docker 20.10 and later read it: the normalised service, without the keys that its schema refuses or
 * that a swarm passes over.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "base/fnv.h"
#include "scale/export-private.h"

/* ---- a service -------------------------------------------------------------------------------------------------------- */

/* @words NULL: another key says the same. */
static const struct loss left_out[] = {
	{ "build",
	  "a swarm builds nothing: build here and push the image where every node finds it" },
	{ "container_name", "tasks of a swarm have names of their own" },
	{ "restart", NULL },
	{ "networks", NULL },
	{ "volumes", NULL },
	{ "tmpfs", NULL },
	{ "healthcheck", NULL },
	{ "pids_limit", NULL },
	{ "network_mode", NULL },
	{ "annotations", "Docker's stack files have no annotations" },
	{ "group_add", "Docker's stack files have no further groups" },
	{ "runtime", "a swarm runs everything with the daemon's default-runtime, see daemon.json" },
	{ "memswap_limit", "a swarm limits memory only" },
	{ "cpu_shares", "a swarm has no cpu weights; reserve cpus in deploy.resources" },
	{ "cpuset", "a swarm places no task on certain cores" },
	{ "oom_score_adj", "a swarm sets none" },
	{ "oom_kill_disable", "a swarm sets none" },
	{ "security_opt", "a swarm passes it over: set it for all in the daemons' configuration" },
	{ "shm_size", "a swarm passes it over: /dev/shm has 64 MiB; mount a tmpfs there" },
	{ "devices", "a swarm passes it over: mount /dev/NAME and run an engine that allows it" },
	{ "ipc", "a swarm passes it over" },
	{ "pid", "a swarm passes it over" },
	{ "privileged", "a swarm passes it over" },
	{ "userns_mode", "a swarm passes it over" },
	{ "domainname", "a swarm passes it over" },
	{ NULL, NULL },
};

static const struct loss losses[] = {
	{ "depends_on", "a swarm starts everything at once: programs must try again" },
	{ "healthcheck.start_interval", "Docker 20.10 does not know it" },
	{ "x-carte.scale.metric|x-carte.scale.metrics|x-carte.scale.calendar",
	  "a swarm does not scale by itself: run carte-scale drive swarm, see README.md" },
	{ "x-carte.scale.drain", "a swarm sends the stop signal at once" },
	{ "x-carte.scale.priority", "a swarm knows none: tasks without room wait" },
	{ "x-carte.scale.balance", "a swarm balances in turn" },
	{ NULL, NULL },
};

static bool is_left_out(const char *key)
{
	for (const struct loss *row = left_out; row->keys; row++)
		if (strcmp(row->keys, key) == 0)
			return true;
	return false;
}

static void put_ports(struct export *x, struct node *map)
{
	struct maker *maker = &x->maker;
	struct node *list = make_node(maker, NODE_LIST);

	for (size_t i = 0; i < x->service->ports_len; i++) {
		const struct spec_port *port = &x->service->ports[i];
		struct node *one = make_node(maker, NODE_MAP);

		put_int(maker, one, "target", port->target);
		if (port->published)
			put_int(maker, one, "published", port->published);
		put_text(maker, one, "protocol", port->protocol == SPEC_UDP ? "udp" : "tcp");
		put_text(maker, one, "mode", x->request->host_ports ? "host" : "ingress");
		push(maker, list, one);
		if (port->host_ip)
			lose(x, "ports",
			     "a swarm publishes port %u on every address, not on %s alone",
			     port->published, port->host_ip);
		if (x->request->host_ports && port->published && export_largest(x->service) > 1)
			lose(x, "ports",
			     "port %u is each node's own: one replica on a node; leave the "
			     "published port away to let Docker choose",
			     port->published);
	}
	put_filled(maker, map, "ports", list);
}

/* Of the networks that a daemon has by itself a swarm knows this one. */
static bool is_of_host(const struct spec_service *service)
{
	return service->network_mode == SPEC_NET_HOST;
}

static void put_networks(struct export *x, struct node *map)
{
	struct maker *maker = &x->maker;
	struct node *networks = make_node(maker, NODE_MAP);

	if (is_of_host(x->service))
		put(maker, networks, "host", make_text(maker, NULL));
	else if (x->service->network_mode == SPEC_NET_NONE)
		lose(x, "network_mode", "a swarm knows no none; it is in the default network");
	else if (x->service->network_mode != SPEC_NET_BRIDGE)
		lose(x, "network_mode",
		     "a swarm's tasks share no namespace; they are in the default network");
	for (size_t i = 0; i < x->service->networks_len; i++) {
		const struct spec_network_use *use = &x->service->networks[i];
		struct node *one = make_node(maker, NODE_MAP);

		put_strings(maker, one, "aliases", &use->aliases);
		put(maker, networks, use->network,
		    !maker->failed && one->len ? one : make_text(maker, NULL));
		if (use->ipv4)
			lose(x, "networks", "%s: a swarm gives the addresses", use->network);
	}
	put_filled(maker, map, "networks", networks);
}

/* Of the health check what 20.10 reads; of mounts what the schema has. */
static struct node *without(struct export *x, const struct node *map, const char *key)
{
	struct node *rest = make_node(&x->maker, NODE_MAP);

	for (size_t i = 0; !x->maker.failed && i < map->len; i++)
		if (strcmp(map->entries[i].key->text, key) != 0)
			put(&x->maker, rest, map->entries[i].key->text, map->entries[i].value);
	return rest;
}

/* A stack's own key tmpfs is passed over by some: memory is a mount like others. */
static void push_memory(struct export *x, struct node *list)
{
	struct maker *maker = &x->maker;

	for (size_t i = 0; i < x->service->mounts_len; i++) {
		const struct spec_mount *mount = &x->service->mounts[i];
		struct node *one, *options;

		if (mount->type != SPEC_TMPFS)
			continue;
		one = make_node(maker, NODE_MAP);
		options = make_node(maker, NODE_MAP);
		put_text(maker, one, "type", "tmpfs");
		put_text(maker, one, "target", mount->target);
		put_true(maker, one, "read_only", mount->read_only);
		if (mount->size >= 0)
			put_int(maker, options, "size", mount->size);
		put_filled(maker, one, "tmpfs", options);
		push(maker, list, one);
		if (mount->mode)
			lose(x, "tmpfs|volumes", "%s: its mode is Docker's, 1777", mount->target);
	}
}

static struct node *stack_mounts(struct export *x, const struct node *from)
{
	struct node *list = make_node(&x->maker, NODE_LIST);

	for (size_t i = 0; from && !x->maker.failed && i < from->len; i++) {
		struct node *each = from->entries[i].value;

		push(&x->maker, list, each->kind == NODE_MAP ? without(x, each, "bind") : each);
	}
	push_memory(x, list);
	return list;
}

/* A node of the file again, with its dollars doubled. */
static struct node *copy(struct export *x, const struct node *from)
{
	struct node *to;

	if (from->kind != NODE_MAP && from->kind != NODE_LIST) {
		to = make_text(&x->maker, from->kind == NODE_NULL ? NULL : from->text);
		if (to)
			to->plain = from->plain;
		return to;
	}
	to = make_node(&x->maker, from->kind);
	for (size_t i = 0; !x->maker.failed && i < from->len; i++) {
		struct node *value = copy(x, from->entries[i].value);

		if (from->kind == NODE_MAP)
			put(&x->maker, to, from->entries[i].key->text, value);
		else
			push(&x->maker, to, value);
	}
	return to;
}

/* The file's own health check, which x-carte.probe stands before where there is somebody who can ask. */
static void put_health(struct export *x, struct node *map)
{
	const struct node *service =
		node_get(node_get(x->request->tree, "services"), x->service->name);
	const struct node *check = node_get(service, "healthcheck");

	if (check && check->kind == NODE_MAP)
		put_filled(&x->maker, map, "healthcheck",
			   without(x, copy(x, check), "start_interval"));
	else
		lose(x, "x-carte.probe",
		     "a swarm asks nothing over the network: write a healthcheck, which runs a "
		     "program in the container");
}

static struct node *names_of(struct export *x, const struct node *map)
{
	struct node *list = make_node(&x->maker, NODE_LIST);

	for (size_t i = 0; !x->maker.failed && i < map->len; i++)
		push(&x->maker, list, make_text(&x->maker, map->entries[i].key->text));
	return list;
}

static void add_limits(struct export *x, struct node *deploy)
{
	const struct spec_service *service = x->service;
	struct node *resources = node_get(deploy, "resources"), *limits;
	struct node *policy = node_get(deploy, "restart_policy");

	if (service->restart.condition == SPEC_RESTART_ON_FAILURE &&
	    service->restart.max_attempts > 0 && policy)
		put_int(&x->maker, policy, "max_attempts", service->restart.max_attempts);
	if (x->request->host_ports)
		put_text(&x->maker, deploy, "endpoint_mode", "dnsrr");
	if (service->resources.pids < 0)
		return;
	if (!resources) {
		resources = make_node(&x->maker, NODE_MAP);
		put(&x->maker, deploy, "resources", resources);
	}
	limits = node_get(resources, "limits");
	if (!limits) {
		limits = make_node(&x->maker, NODE_MAP);
		put(&x->maker, resources, "limits", limits);
	}
	put_int(&x->maker, limits, "pids", service->resources.pids);
}

static void lose_mounts(struct export *x)
{
	for (size_t i = 0; i < x->service->mounts_len; i++) {
		const struct spec_mount *mount = &x->service->mounts[i];

		if (mount->type == SPEC_BIND)
			lose(x, "volumes", "%s must be on every node: a swarm makes no folder",
			     mount->source);
		else if (mount->type == SPEC_VOLUME)
			lose(x, "volumes",
			     "%s is a volume of each node: what is written on one is not on "
			     "another",
			     mount->source ? mount->source : mount->target);
	}
}

static struct node *stack_value(struct export *x, const char *key, struct node *value)
{
	return strcmp(key, "depends_on") == 0 ? names_of(x, value) : value;
}

static struct node *stack_service(struct export *x)
{
	struct maker *maker = &x->maker;
	struct node *from = make_service(maker, x->service, false);
	struct node *map = make_node(maker, NODE_MAP);

	for (size_t i = 0; !maker->failed && i < from->len; i++) {
		const char *key = from->entries[i].key->text;
		struct node *value = from->entries[i].value;

		if (is_left_out(key))
			continue;
		if (strcmp(key, "ports") == 0) {
			put_ports(x, map);
			continue;
		}
		if (strcmp(key, "deploy") == 0)
			add_limits(x, value);
		put(maker, map, key, stack_value(x, key, value));
	}
	put_filled(maker, map, "volumes", stack_mounts(x, node_get(from, "volumes")));
	put_health(x, map);
	put_networks(x, map);
	for (const struct loss *row = left_out; row->keys; row++)
		if (row->words)
			lose(x, row->keys, "%s", row->words);
	lose_all(x, losses);
	lose_forecast(x, "carte-scale drive");
	lose_mounts(x);
	return map;
}

/* ---- the project ------------------------------------------------------------------------------------------------------ */

static void put_host_network(struct export *x, struct node *map)
{
	struct maker *maker = &x->maker;
	bool used = false;
	struct node *one;

	for (size_t i = 0; i < x->project->services_len; i++)
		used |= is_of_host(&x->project->services[i]);
	if (!used)
		return;
	one = make_node(maker, NODE_MAP);
	put_true(maker, one, "external", true);
	put_text(maker, one, "name", "host");
	put(maker, map, "host", one);
}

static struct node *stack_networks(struct export *x)
{
	struct maker *maker = &x->maker;
	struct node *map = make_node(maker, NODE_MAP);

	for (size_t i = 0; i < x->project->networks_len; i++) {
		const struct spec_network *network = &x->project->networks[i];
		struct node *one = make_node(maker, NODE_MAP), *ipam, *list, *pool;

		put_text(maker, one, "name", network->name);
		put_true(maker, one, "external", network->external);
		if (!network->external) {
			/* an overlay, which is what a stack's network is when nothing is said */
			put_true(maker, one, "attachable", true);
			put_true(maker, one, "internal", network->internal);
		}
		if (network->subnet && !network->external) {
			pool = make_node(maker, NODE_MAP);
			put_text(maker, pool, "subnet", network->subnet);
			list = make_node(maker, NODE_LIST);
			push(maker, list, pool);
			ipam = make_node(maker, NODE_MAP);
			put(maker, ipam, "config", list);
			put(maker, one, "ipam", ipam);
		}
		put(maker, map, network->key, one);
		if ((network->driver && strcmp(network->driver, "bridge") != 0) ||
		    network->options.len)
			lose(x, "networks", "%s: a network of many nodes is an overlay",
			     network->key);
		if (network->gateway || network->ip_range)
			lose(x, "networks",
			     "%s: of its addresses a stack file takes the subnet only",
			     network->key);
	}
	put_host_network(x, map);
	return map;
}

static struct node *stack_volumes(struct export *x)
{
	struct maker *maker = &x->maker;
	struct node *map = make_node(maker, NODE_MAP);

	for (size_t i = 0; i < x->project->volumes_len; i++) {
		struct node *one = make_node(maker, NODE_MAP);

		put_text(maker, one, "name", x->project->volumes[i].name);
		put_true(maker, one, "external", x->project->volumes[i].external);
		put(maker, map, x->project->volumes[i].key, one);
	}
	return map;
}

/*
 * Docker changes no config and no secret, only services from one to another: so what differs has another name. A config's is of its
 * content. A secret's is of when its file was written: names are no secret, and a digest would help whoever guesses.
 */
static const char *object_name(struct export *x, const struct spec_file_source *source,
			       const char *text, size_t length)
{
	const char *name = oci_arena_printf(x->arena, "%s_%s", label_name(x, x->project->name),
					    label_name(x, source->name));
	uint32_t hash = FNV_BEGIN;
	struct stat st;

	if (!source->secret) {
		hash = fnv_add(hash, text, length);
	} else if (source->path && stat(source->path, &st) == 0) {
		hash = fnv_add(hash, &st.st_mtim.tv_sec, sizeof(st.st_mtim.tv_sec));
		hash = fnv_add(hash, &st.st_mtim.tv_nsec, sizeof(st.st_mtim.tv_nsec));
	} else {
		lose(x, "secrets",
		     "%s: Docker changes no secret: before the next deploy of another content give "
		     "it another key",
		     source->name);
		return NULL;
	}
	/* Docker's names have at most 64 characters */
	name = name ? oci_arena_printf(x->arena, "%.55s-%08x", name, hash) : NULL;
	x->maker.failed |= !name;
	return name;
}

/* A copy of each lies beside the stack file, so that the folder is all that has to be carried. */
static int put_sources(struct export *x, struct node *map, bool secret)
{
	struct node *all = make_node(&x->maker, NODE_MAP);

	for (size_t i = 0; i < x->project->files_len; i++) {
		const struct spec_file_source *source = &x->project->files[i];
		struct node *one;
		const char *text;
		char *name;
		size_t length;
		int r;

		if (source->secret != secret)
			continue;
		name = oci_arena_printf(x->arena, "%s-%s", secret ? "secret" : "config",
					label_name(x, source->name));
		if (!name)
			return err_nomem(x->err);
		r = file_content(x, source, &text, &length);
		if (r == 0)
			r = add_file(x, name, text, length, secret);
		if (r < 0)
			return r;
		one = make_node(&x->maker, NODE_MAP);
		put_text(&x->maker, one, "file", oci_arena_printf(x->arena, "./%s", name));
		put_text(&x->maker, one, "name", object_name(x, source, text, length));
		put(&x->maker, all, source->name, one);
	}
	put_filled(&x->maker, map, secret ? "secrets" : "configs", all);
	return 0;
}

/* ---- the other files -------------------------------------------------------------------------------------------------- */

static const char daemon_json[] =
	"{\n"
	"  \"default-runtime\": \"" EXPORT_RUNTIME "\",\n"
	"  \"runtimes\": {\n"
	"    \"" EXPORT_RUNTIME "\": { \"path\": \"" EXPORT_RUNTIME_PATH "\" }\n"
	"  }\n"
	"}\n";

static const char readme[] =
	"# %s on Docker Swarm\n\n"
	"1. On every node: install carte-runtime as " EXPORT_RUNTIME_PATH
	", merge `daemon.json` of this\n"
	"   folder into `/etc/docker/daemon.json`, restart Docker. `docker info -f "
	"'{{.DefaultRuntime}}'`\n"
	"   says " EXPORT_RUNTIME
	". A swarm has no runtime of a service's own, so it is the daemon's default.\n"
	"2. On the first node: `docker swarm init`. On the others the command that it prints.\n"
	"3. Give every node the images: push them to a registry that all reach, or on each node\n"
	"   `docker load`. Those of this stack:\n%s"
	"4. On a manager, in this folder: `docker stack deploy -c stack.yaml %s`\n"
	"   (`--resolve-image never` for images that were loaded by hand).\n"
	"   After a change export and deploy again: a config or secret that is another has "
	"another\n"
	"   name, as Docker changes none. Those of before stay until `docker config rm` and\n"
	"   `docker secret rm`.\n"
	"5. A swarm keeps a number of replicas, it does not choose it. The policies of the Compose "
	"file go on\n"
	"   working when this runs on a manager: `carte-scale drive swarm -f stack.yaml --stack "
	"%s`,\n"
	"   with `-H HOST` for the daemon of each node when they go by cpu or memory.\n\n"
	"Names of services and published ports need IPVS in the kernel (`modprobe ip_vs`). Without "
	"it:\n"
	"`carte-scale export --to swarm --host-ports`, which publishes on each replica's own "
	"node.\n";

static char *image_lines(struct export *x)
{
	char *lines = oci_arena_strdup(x->arena, "");

	for (size_t i = 0; lines && i < x->project->services_len; i++)
		lines = oci_arena_printf(x->arena, "%s   - %s\n", lines,
					 x->project->services[i].image);
	return lines;
}

static int add_others(struct export *x)
{
	const char *name = x->project->name, *lines = image_lines(x);
	char *text = lines ? oci_arena_printf(x->arena, readme, name, lines, name, name) : NULL;
	int r;

	if (!text)
		return err_nomem(x->err);
	r = add_file(x, "daemon.json", daemon_json, sizeof(daemon_json) - 1, false);
	return r < 0 ? r : add_file(x, "README.md", text, strlen(text), false);
}

int export_swarm(struct export *x)
{
	struct maker *maker = &x->maker;
	struct node *map = make_node(maker, NODE_MAP), *services = make_node(maker, NODE_MAP);
	char *text = NULL;
	size_t length = 0;
	int r;

	r = check_file_names(x, "the folder");
	/* the main document is the first, whatever else there is */
	if (r == 0)
		r = add_file(x, "stack.yaml", "", 0, false);
	if (r < 0)
		return r;
	put_text(maker, map, "version", "3.9");
	for (size_t i = 0; i < x->project->services_len; i++) {
		x->service = &x->project->services[i];
		put(maker, services, x->service->name, stack_service(x));
	}
	x->service = NULL;
	put(maker, map, "services", services);
	put_filled(maker, map, "networks", stack_networks(x));
	put_filled(maker, map, "volumes", stack_volumes(x));
	r = put_sources(x, map, false);
	if (r == 0)
		r = put_sources(x, map, true);
	if (r == 0 && maker->failed)
		r = err_nomem(x->err);
	if (r == 0)
		r = write_yaml(map, x->arena, &text, &length, x->err);
	if (r < 0)
		return r;
	x->files[0].text = text;
	x->files[0].length = length;
	return add_others(x);
}
