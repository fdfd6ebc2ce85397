/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_service.c - a service: its keys, one row each, in the order in which they are read.
 */
#include "scale/compose-private.h"

/* What is read besides the service itself. */
struct wide {
	struct spec_service service; /* first, so that a reader of the service takes either */
	struct strings profiles;
	struct spec_pairs env_file;
	int64_t scale, pids_limit;
};

#define OWN(member) offsetof(struct wide, service.member)

static const char links[] = "services of a network find each other by name";
static const char hardware[] = "use cpus, cpu_shares and cpuset";

static int read_name(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	const char *text;
	int r = read_string(reader, at, &text, row);

	if (r < 0)
		return r;
	if (strlen(text) > 128 ||
	    !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", *text) ||
	    text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")])
		return fail_expected(reader, at, "a name of letters, digits, '_', '.' and '-'");
	*(const char **)slot = text;
	return 0;
}

static int read_host_name(struct reader *reader, const struct at *at, void *slot,
			  const struct row *row)
{
	const char *text;
	int r = read_string(reader, at, &text, row);

	if (r < 0)
		return r;
	if (strlen(text) > 64 ||
	    text[strspn(text,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")] ||
	    *text == '-' || *text == '.')
		return fail_expected(reader, at,
				     "a host name of at most 64 letters, digits, '.' and '-'");
	*(const char **)slot = text;
	return 0;
}

static int read_absolute(struct reader *reader, const struct at *at, void *slot,
			 const struct row *row)
{
	int r = read_string(reader, at, slot, row);

	return r == 0 && *at->node->text != '/' ? fail_expected(reader, at, "an absolute path") : r;
}

/* "host" is passed on, Docker's defaults are as not given. */
static int read_namespace(struct reader *reader, const struct at *at, void *slot,
			  const struct row *row)
{
	static const char *const only_host[] = { "host", NULL };
	static const char *const ipc[] = { "host", "shareable", "private", "none", NULL };
	const char *const *words = row->min ? ipc : only_host;
	int index;
	int r = read_word(reader, at, words, &index);

	if (r == 0)
		*(const char **)slot = words[index];
	return r;
}

static int read_pids(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	if (at->node->kind == NODE_SCALAR &&
	    (strcmp(at->node->text, "-1") == 0 || strcmp(at->node->text, "0") == 0)) {
		*(int64_t *)slot = -1;
		return 0;
	}
	return read_int(reader, at, slot, row);
}

static int read_capabilities(struct reader *reader, const struct at *at, void *slot,
			     const struct row *row)
{
	struct strings *list = slot;
	int r = read_unique(reader, at, slot, row);

	for (size_t i = 0; r == 0 && i < list->len; i++)
		if (list->items[i][strspn(list->items[i],
					  "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")])
			return fail(reader, at, "'%s': expected a capability such as NET_ADMIN",
				    shown((char[SHOWN_SIZE]){ 0 }, list->items[i]));
	return r;
}

static int read_pull_policy(struct reader *reader, const struct at *at, void *slot,
			    const struct row *row)
{
	static const char *const words[] = { "missing", "always", "never",  "if_not_present",
					     "build",   "daily",  "weekly", NULL };
	int index;

	(void)slot;
	(void)row;
	if (at->node->kind == NODE_SCALAR && strncmp(at->node->text, "every_", 6) == 0)
		return 0;
	return read_word(reader, at, words, &index);
}

static const struct row carte_rows[] = { ROW("scale", read_carte_scale, OWN(scale)),
					 ROW("probe", read_carte_probe, OWN(probe)),
					 ROW("remove", read_bool, OWN(remove)), ROWS_END };

static const struct row service_rows[] = {
	ROW("image", read_string, OWN(image)),
	ROW("build", read_build, 0),
	ROW("container_name", read_name, OWN(container_name)),
	ROW("profiles", read_unique, offsetof(struct wide, profiles)),
	ROW("command", read_argv, OWN(command), .min = OWN(command_given)),
	ROW("entrypoint", read_argv, OWN(entrypoint), .min = OWN(entrypoint_given)),
	ROW("env_file", read_env_file, offsetof(struct wide, env_file)),
	ROW("environment", read_environment, OWN(environment)),
	ROW("ports", read_ports, 0),
	ROW("expose", read_expose, 0),
	ROW("network_mode", read_network_mode, 0),
	ROW("networks", read_service_networks, 0),
	ROW("volumes", read_volumes, 0),
	ROW("tmpfs", read_tmpfs, 0),
	ROW("configs", read_service_configs, 0),
	ROW("secrets", read_service_secrets, 0),
	ROW("user", read_string, OWN(user), .why = "USER[:GROUP]"),
	ROW("group_add", read_unique, OWN(group_add)),
	ROW("working_dir", read_absolute, OWN(working_dir)),
	ROW("hostname", read_host_name, OWN(hostname)),
	ROW("domainname", read_host_name, OWN(domainname)),
	ROW("extra_hosts", read_extra_hosts, OWN(extra_hosts)),
	ROW("dns", read_dns, OWN(dns)),
	ROW("dns_search", read_string_or_strings, OWN(dns_search)),
	ROW("read_only", read_bool, OWN(read_only)),
	ROW("init", read_bool, OWN(init)),
	ROW("tty", read_bool, OWN(tty)),
	ROW("stdin_open", read_bool, OWN(stdin_open)),
	ROW("privileged", read_bool, OWN(privileged)),
	ROW("security_opt", read_security_opt, 0),
	ROW("cap_add", read_capabilities, OWN(cap_add)),
	ROW("cap_drop", read_capabilities, OWN(cap_drop)),
	ROW("devices", read_devices, OWN(devices)),
	ROW("pid", read_namespace, OWN(pid_mode)),
	ROW("ipc", read_namespace, OWN(ipc_mode), .min = 1),
	ROW("userns_mode", read_namespace, OWN(userns_mode)),
	ROW("runtime", read_string, OWN(runtime)),
	ROW("ulimits", read_ulimits, 0),
	ROW("sysctls", read_sysctls, OWN(sysctls)),
	ROW("labels", read_labels, OWN(labels)),
	ROW("annotations", read_labels, OWN(annotations)),
	ROW("healthcheck", read_healthcheck, OWN(probe)),
	ROW("depends_on", read_depends_on, 0),
	ROW("restart", read_restart, OWN(restart)),
	ROW("stop_signal", read_signal, OWN(stop_signal)),
	ROW("stop_grace_period", read_time, OWN(stop_grace_ms)),
	ROW("logging", read_logging, 0),
	ROW("shm_size", read_size, OWN(shm_size), .min = 1),
	ROW("oom_score_adj", read_int, OWN(oom_score_adj), .min = -1000, .max = 1000),
	ROW("oom_kill_disable", read_bool, OWN(oom_kill_disable)),
	ROW("mem_limit", read_size, OWN(resources.memory), .min = 1),
	ROW("mem_reservation", read_size, OWN(resources.memory_reserved), .min = 1),
	ROW("memswap_limit", read_size, OWN(resources.memory_swap), .min = -1),
	ROW("cpus", read_cpus, OWN(resources.cpu_milli), .min = 0),
	ROW("cpu_shares", read_int, OWN(resources.cpu_shares), .min = 2, .max = 262144),
	ROW("cpuset", read_cpuset, OWN(resources.cpuset), .why = "cores such as 0-3,5"),
	ROW("pids_limit", read_pids, OWN(resources.pids), .min = 1, .max = 4194304),
	ROW("scale", read_int, offsetof(struct wide, scale), .min = 0, .max = COMPOSE_REPLICAS_MAX),
	ROW("pull_policy", read_pull_policy, 0),
	IGNORED("attach"),
	REFUSED("stdin", "the key is stdin_open"),
	IGNORED("platform"),
	ROW("deploy", read_deploy, 0),
	ROW("x-carte", read_rows, 0, .rows = carte_rows),
	REFUSED("blkio_config", "there are limits of cpus, memory and pids"),
	REFUSED("cgroup", "a replica has a cgroup of its own"),
	REFUSED("cgroup_parent", "the supervisor places the cgroups"),
	REFUSED("cpu_count", hardware),
	REFUSED("cpu_percent", hardware),
	REFUSED("cpu_period", hardware),
	REFUSED("cpu_quota", hardware),
	REFUSED("cpu_rt_period", hardware),
	REFUSED("cpu_rt_runtime", hardware),
	REFUSED("credential_spec", "it is of Windows"),
	REFUSED("develop", "run carte up again after a change"),
	REFUSED("device_cgroup_rules", "name the devices in devices"),
	REFUSED("dns_opt", "mount a resolv.conf"),
	REFUSED("extends", "use an anchor and <<, or a second file with -f"),
	REFUSED("external_links", links),
	REFUSED("gpus", "name the devices in devices"),
	REFUSED("isolation", "it is of Windows"),
	REFUSED("label_file", "write labels"),
	REFUSED("links", links),
	REFUSED("mac_address", "the network chooses it"),
	REFUSED("mem_swappiness", "use memswap_limit"),
	REFUSED("models", "run a model as a service"),
	REFUSED("post_start", "do it in the entrypoint"),
	REFUSED("pre_stop", "do it on stop_signal"),
	REFUSED("provider", "a service has an image"),
	REFUSED("secrets_from", "name them in secrets"),
	REFUSED("storage_opt", "a replica's files are limited by the disk"),
	REFUSED("use_api_socket", "mount the socket that is needed"),
	REFUSED("uts", "a replica has a host name of its own"),
	REFUSED("volumes_from", "name the volumes in both services"),
	ROWS_END
};

static const struct wide not_given = {
	.service = {
		.probe = { .kind = SPEC_PROBE_IMAGE, .interval_ms = -1, .timeout_ms = -1,
			   .start_period_ms = -1, .start_interval_ms = -1, .retries = -1 },
		.restart = { .max_attempts = -1, .delay_ms = 1000, .window_ms = -1 },
		.stop_grace_ms = 10000,
		.shm_size = -1,
		.oom_score_adj = INT64_MIN,
		.log_max_size = 10 << 20,
		.log_max_files = 3,
		.replicas = -1,
		.resources = { .cpu_milli = -1, .memory = -1, .memory_swap = -1, .pids = -1,
			       .cpu_reserved_milli = -1, .memory_reserved = -1, .cpu_shares = -1 },
		.update = { .parallelism = 1, .monitor_ms = 5000 },
		.rollback = { .parallelism = 1, .monitor_ms = 5000 },
	},
	.scale = -1,
};

static bool is_enabled(const struct reader *reader, const struct strings *profiles)
{
	const char *const *wanted = reader->options->profiles;

	for (size_t i = 0; wanted && i < profiles->len; i++)
		for (size_t j = 0; wanted[j]; j++)
			if (strcmp(wanted[j], profiles->items[i]) == 0 ||
			    strcmp(wanted[j], "*") == 0)
				return true;
	return profiles->len == 0;
}

/* What env_file says, and over it what environment says. */
static int join_environment(struct reader *reader, struct wide *wide)
{
	struct spec_pairs *over = &wide->service.environment;
	int r = 0;

	for (size_t i = 0; r == 0 && i < over->len; i++)
		r = pairs_set(reader, &wide->env_file, over->items[i].key, over->items[i].value);
	*over = wide->env_file;
	return r;
}

/* A number of replicas that is asked for is kept, as Swarm does, unless something is said of restarts. */
static void keep_replicas(const struct at *at, struct spec_service *service)
{
	const struct node *deploy = node_get(at->node, "deploy");

	if (node_get(at->node, "restart") || (deploy && node_get(deploy, "restart_policy")))
		return;
	if (service->scale.given || (deploy && node_get(deploy, "replicas")))
		service->restart.condition = SPEC_RESTART_ALWAYS;
}

static int set_replicas(struct reader *reader, const struct at *at, struct wide *wide)
{
	struct spec_service *service = &wide->service;
	bool given = service->replicas >= 0 || wide->scale >= 0;

	if (service->replicas >= 0 && wide->scale >= 0 && service->replicas != wide->scale)
		return fail(reader, at, "scale %lld and deploy.replicas %lld: expected the same",
			    (long long)wide->scale, (long long)service->replicas);
	if (service->replicas < 0)
		service->replicas = wide->scale >= 0 ? wide->scale : 1;
	keep_replicas(at, service);
	return scale_defaults(reader, at, service, given);
}

static int check_service(struct reader *reader, const struct at *at, struct spec_service *service)
{
	const struct spec_resources *limit = &service->resources;

	if (!service->image && !service->built)
		return fail(reader, at, "image is missing, or build");
	if (service->network_mode != SPEC_NET_BRIDGE && service->networks_len)
		return fail(reader, at, "network_mode and networks: expected one of them");
	if (service->network_mode != SPEC_NET_BRIDGE && service->ports_len)
		return fail(reader, at,
			    "ports are published from a network of carte's; take away "
			    "ports or network_mode");
	if (service->container_name && service->scale.max > 1 &&
	    (service->replicas > 1 || service->scale.given))
		return fail(reader, at, "container_name is one name: it needs one replica");
	for (size_t i = 0; i < service->networks_len; i++)
		if (service->networks[i].ipv4 &&
		    (service->replicas > 1 || (service->scale.given && service->scale.max > 1)))
			return fail(reader, at,
				    "networks.%s.ipv4_address is one address: it needs one replica",
				    service->networks[i].network);
	if (limit->memory >= 0 && limit->memory_reserved > limit->memory)
		return fail(reader, at, "the memory that is reserved is more than its limit");
	if (limit->cpu_milli >= 0 && limit->cpu_reserved_milli > limit->cpu_milli)
		return fail(reader, at, "the cpus that are reserved are more than their limit");
	if (limit->memory_swap >= 0 && limit->memory < 0)
		return fail(reader, at, "memswap_limit needs a limit of memory");
	if (limit->memory_swap >= 0 && limit->memory_swap < limit->memory)
		return fail(reader, at,
			    "memswap_limit is memory and swap together: it cannot be "
			    "less than the limit of memory");
	return 0;
}

static int check_name(struct reader *reader, const struct at *at, const struct node *key)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	struct at place = { .up = at->up, .key = at->key, .node = key };

	if (strlen(at->key) <= 63 && !at->key[strspn(at->key, letters)] && !strchr("_.-", *at->key))
		return 0;
	return fail(reader, &place,
		    "a service's name is of at most 63 letters, digits, '_', '.' and '-'");
}

static int read_service(struct reader *reader, const struct at *at)
{
	struct spec_project *project = reader->project;
	struct wide wide = not_given;
	struct spec_service *more;
	int r = read_map(reader, at, service_rows, &wide);

	if (r < 0)
		return r;
	if (!is_enabled(reader, &wide.profiles))
		return 0;
	wide.service.name = at->key;
	r = join_environment(reader, &wide);
	if (r == 0)
		r = set_replicas(reader, at, &wide);
	probe_defaults(&wide.service.probe);
	if (r == 0)
		r = check_service(reader, at, &wide.service);
	if (r == 0 && !wide.service.image) {
		wide.service.image = oci_arena_printf(reader->arena, "localhost/%s-%s:latest",
						      project->name, at->key);
		if (!wide.service.image)
			r = fail_nomem(reader);
	}
	if (r < 0)
		return r;
	more = array_more(reader->arena, project->services, &project->services_len, sizeof(*more));
	if (!more)
		return fail_nomem(reader);
	project->services = more;
	more[project->services_len - 1] = wide.service;
	return 0;
}

int read_services(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	int r = need_map(reader, at);

	(void)slot;
	(void)row;
	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct at item = at_key(at, &at->node->entries[i]);

		if (strncmp(item.key, "x-", 2) == 0)
			continue;
		r = check_name(reader, &item, at->node->entries[i].key);
		if (r == 0)
			r = read_service(reader, &item);
	}
	return r;
}
