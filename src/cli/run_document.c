/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_document.c - options become a Compose document. What an option's value may be is the reader's to say: it knows the place
 * and what was expected.
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/common.h"
#include "cli/json.h"
#include "cli/run.h"

static int bad(const char *option, const char *text, const char *words, struct oci_error *err)
{
	return err_set_as(err, ERR_USAGE, EINVAL, "invalid value \"%s\" for --%s: %s", text, option,
			  words);
}

static void put_list(yajl_gen gen, const char *key, const struct opt_list *list)
{
	if (!list->len)
		return;
	json_open_array(gen, key);
	for (size_t i = 0; i < list->len; i++)
		json_put_text(gen, NULL, list->items[i]);
	json_close_array(gen);
}

/* KEY=VALUE each; @separators: what ends a key. @valued: a key without a value is an error, else it is "". */
static int put_pairs(yajl_gen gen, const char *key, const char *option, const struct opt_list *list,
		     const char *separators, bool valued, struct oci_arena *arena,
		     struct oci_error *err)
{
	if (!list->len)
		return 0;
	json_open_map(gen, key);
	for (size_t i = 0; i < list->len; i++) {
		const char *text = list->items[i];
		size_t length = strcspn(text, separators);
		const char *name = oci_arena_strndup(arena, text, length);
		bool again = false;

		if (!name)
			return err_nomem(err);
		if (!length || (valued && !text[length]))
			return bad(option, text, "expected NAME=VALUE", err);
		for (size_t j = i + 1; j < list->len; j++) /* the last one wins */
			again |= strncmp(list->items[j], text, length) == 0 &&
				 strcspn(list->items[j], separators) == length;
		if (!again)
			json_put_text(gen, name, text[length] ? text + length + 1 : "");
	}
	json_close_map(gen);
	return 0;
}

/* ---- parts of a service --------------------------------------------------------------------------------------------- */

static void put_words(const struct run_args *args, char **command, int count, yajl_gen gen)
{
	const struct opt_list *entry = &args->entrypoint;

	json_put_text(gen, "image", command[0]);
	if (entry->len) {
		json_open_array(gen, "entrypoint");
		if (*entry->items[entry->len - 1])
			json_put_text(gen, NULL, entry->items[entry->len - 1]);
		json_close_array(gen);
	}
	if (count > 1) {
		json_open_array(gen, "command");
		for (int i = 1; i < count; i++)
			json_put_text(gen, NULL, command[i]);
		json_close_array(gen);
	}
}

static int put_environment(const struct run_args *args, yajl_gen gen, struct oci_arena *arena,
			   struct oci_error *err)
{
	struct run_env env;
	int r = run_env(args, arena, &env, err);

	if (r < 0 || !env.len)
		return r;
	json_open_map(gen, "environment");
	for (size_t i = 0; i < env.len; i++)
		json_put_text(gen, env.names[i], env.values[i]);
	json_close_map(gen);
	return 0;
}

static int put_mount(const struct run_mount *mount, yajl_gen gen, struct oci_error *err)
{
	static const char *const types[] = { "bind", "volume", "tmpfs" };
	char *end = "";
	long mode = mount->mode ? strtol(mount->mode, &end, 8) : -1;

	if (mount->mode && (*end || !*mount->mode || mode < 0 || mode > 07777))
		return bad("tmpfs", mount->mode, "the mode is octal digits", err);
	json_open_map(gen, NULL);
	json_put_text(gen, "type", types[mount->type]);
	json_put_text(gen, "source", mount->source);
	json_put_text(gen, "target", mount->target);
	if (mount->read_only)
		json_put_bool(gen, "read_only", true);
	if (mount->type == RUN_BIND) {
		json_open_map(gen, "bind");
		json_put_bool(gen, "create_host_path", mount->create_source);
		json_close_map(gen);
	}
	if (mount->type == RUN_TMPFS && (mount->size >= 0 || mode >= 0)) {
		json_open_map(gen, "tmpfs");
		if (mount->size >= 0)
			json_put_int(gen, "size", mount->size);
		if (mode >= 0)
			json_put_int(gen, "mode", mode);
		json_close_map(gen);
	}
	json_close_map(gen);
	return 0;
}

static int parse_mount(const struct run_args *args, size_t i, struct oci_arena *arena,
		       struct run_mount *ret, struct oci_error *err)
{
	if (i < args->volume.len)
		return run_volume(args->volume.items[i], arena, ret, err);
	i -= args->volume.len;
	if (i < args->mount.len)
		return run_mount(args->mount.items[i], arena, ret, err);
	return run_tmpfs(args->tmpfs.items[i - args->mount.len], arena, ret, err);
}

/* @volumes: only the keys of named volumes, for the project; else the service's mounts. */
static int put_mounts(const struct run_args *args, bool volumes, yajl_gen gen,
		      struct oci_arena *arena, struct oci_error *err)
{
	size_t count = args->volume.len + args->mount.len + args->tmpfs.len;
	const char **seen = oci_arena_array(arena, count + 1, sizeof(*seen));
	size_t named = 0;

	if (!seen)
		return err_nomem(err);
	for (size_t i = 0; i < count; i++) {
		struct run_mount mount;
		bool again = false;
		int r = parse_mount(args, i, arena, &mount, err);

		if (r == 0 && !volumes)
			r = put_mount(&mount, gen, err);
		if (r < 0)
			return r;
		if (!volumes || mount.type != RUN_VOLUME || !mount.source)
			continue;
		for (size_t j = 0; j < named; j++)
			again |= strcmp(seen[j], mount.source) == 0;
		if (again)
			continue;
		seen[named++] = mount.source;
		json_open_map(gen, mount.source);
		json_put_text(gen, "name", mount.source);
		json_close_map(gen);
	}
	return 0;
}

/* "host", "none", "container:NAME", "ns:PATH": no network of ours. */
static bool is_mode(const char *network)
{
	return strcmp(network, "host") == 0 || strcmp(network, "none") == 0 ||
	       strncmp(network, "container:", 10) == 0 || strncmp(network, "ns:", 3) == 0;
}

static bool is_default(const char *network)
{
	return strcmp(network, "bridge") == 0 || strcmp(network, "default") == 0;
}

static int put_networks(const struct run_args *args, yajl_gen gen, struct oci_error *err)
{
	const struct opt_list *list = &args->network;
	const char *first = list->len ? list->items[0] : "default";

	if (is_mode(first)) {
		if (list->len > 1)
			return bad("network", list->items[1], "there is one already", err);
		if (args->ip)
			return bad("ip", args->ip, "only with a network of containers", err);
		json_put_text(gen, "network_mode", first);
		return 0;
	}
	json_open_map(gen, "networks");
	for (size_t i = 0; i < (list->len ? list->len : 1); i++) {
		const char *name = i ? list->items[i] : first;

		if (is_mode(name))
			return bad("network", name, "there is one already", err);
		json_open_map(gen, is_default(name) ? "default" : name);
		if (i == 0) {
			json_put_text(gen, "ipv4_address", args->ip);
			put_list(gen, "aliases", &args->network_alias);
		}
		json_close_map(gen);
	}
	json_close_map(gen);
	return 0;
}

static void put_project_networks(const struct run_args *args, yajl_gen gen)
{
	const struct opt_list *list = &args->network;

	if (list->len && is_mode(list->items[0]))
		return;
	json_open_map(gen, "networks");
	for (size_t i = 0; i < (list->len ? list->len : 1); i++) {
		const char *name = list->len ? list->items[i] : "default";

		json_open_map(gen, is_default(name) ? "default" : name);
		if (!is_default(name)) {
			json_put_text(gen, "name", name);
			json_put_bool(gen, "external", true);
		}
		json_close_map(gen);
	}
	json_close_map(gen);
}

static int put_health(const struct run_args *args, yajl_gen gen, struct oci_error *err)
{
	bool any = args->health_cmd || args->health_interval || args->health_timeout ||
		   args->health_retries || args->health_start_period || args->health_start_interval;
	int64_t retries;

	if (!any && !args->no_healthcheck)
		return 0;
	json_open_map(gen, "healthcheck");
	if (args->no_healthcheck)
		json_put_bool(gen, "disable", true);
	if (args->health_cmd) {
		json_open_array(gen, "test");
		json_put_text(gen, NULL, "CMD-SHELL");
		json_put_text(gen, NULL, args->health_cmd);
		json_close_array(gen);
	}
	json_put_text(gen, "interval", args->health_interval);
	json_put_text(gen, "timeout", args->health_timeout);
	json_put_text(gen, "start_period", args->health_start_period);
	json_put_text(gen, "start_interval", args->health_start_interval);
	if (args->health_retries) {
		if (common_bytes(args->health_retries, &retries) < 0)
			return bad("health-retries", args->health_retries, "expected a number",
				   err);
		json_put_int(gen, "retries", retries);
	}
	json_close_map(gen);
	return 0;
}

/* A size in bytes under @key. @unlimited: -1 is one too. */
static int put_size(yajl_gen gen, const char *key, const char *option, const char *text,
		    bool unlimited, struct oci_error *err)
{
	int64_t bytes = -1;

	if (!text)
		return 0;
	if (!(unlimited && strcmp(text, "-1") == 0) && common_bytes(text, &bytes) < 0)
		return bad(option, text, "expected a size such as 512m", err);
	json_put_int(gen, key, bytes);
	return 0;
}

static int put_resources(const struct run_args *args, yajl_gen gen, struct oci_error *err)
{
	int r;

	json_open_map(gen, "deploy");
	json_open_map(gen, "resources");
	json_open_map(gen, "limits");
	json_put_text(gen, "cpus", args->cpus);
	r = put_size(gen, "memory", "memory", args->memory, false, err);
	json_close_map(gen);
	if (r == 0 && args->memory_reservation) {
		json_open_map(gen, "reservations");
		r = put_size(gen, "memory", "memory-reservation", args->memory_reservation, false,
			     err);
		json_close_map(gen);
	}
	json_close_map(gen);
	json_close_map(gen);
	if (r == 0)
		r = put_size(gen, "memswap_limit", "memory-swap", args->memory_swap, true, err);
	if (r == 0)
		r = put_size(gen, "pids_limit", "pids-limit", args->pids_limit, true, err);
	if (r == 0)
		r = put_size(gen, "shm_size", "shm-size", args->shm_size, false, err);
	if (r == 0)
		r = put_size(gen, "cpu_shares", "cpu-shares", args->cpu_shares, false, err);
	json_put_text(gen, "cpuset", args->cpuset);
	return r;
}

static int put_ulimits(const struct run_args *args, yajl_gen gen, struct oci_arena *arena,
		       struct oci_error *err)
{
	if (!args->ulimit.len)
		return 0;
	json_open_map(gen, "ulimits");
	for (size_t i = 0; i < args->ulimit.len; i++) {
		const char *text = args->ulimit.items[i];
		char *name = oci_arena_strdup(arena, text), *soft = name ? strchr(name, '=') : NULL;
		char *hard = soft ? strchr(soft, ':') : NULL;

		if (!name)
			return err_nomem(err);
		if (!soft || soft == name)
			return bad("ulimit", text, "expected NAME=SOFT[:HARD]", err);
		*soft++ = '\0';
		if (hard)
			*hard++ = '\0';
		json_open_map(gen, name);
		if (put_size(gen, "soft", "ulimit", soft, true, err) < 0 ||
		    put_size(gen, "hard", "ulimit", hard ? hard : soft, true, err) < 0)
			return -EINVAL;
		json_close_map(gen);
	}
	json_close_map(gen);
	return 0;
}

static int put_logging(const struct run_args *args, yajl_gen gen, struct oci_arena *arena,
		       struct oci_error *err)
{
	int r;

	if (!args->log_driver && !args->log_opt.len)
		return 0;
	json_open_map(gen, "logging");
	json_put_text(gen, "driver", args->log_driver);
	r = put_pairs(gen, "options", "log-opt", &args->log_opt, "=", true, arena, err);
	json_close_map(gen);
	return r;
}

/* ---- the service ------------------------------------------------------------------------------------------------------ */

static void put_plain(const struct run_args *args, const char *name, yajl_gen gen)
{
	const struct {
		const char *key, *value;
	} texts[] = {
		{ "container_name", name },
		{ "hostname", args->hostname },
		{ "domainname", args->domainname },
		{ "user", args->user },
		{ "working_dir", args->workdir },
		{ "restart", args->restart },
		{ "stop_signal", args->stop_signal },
		{ "pid", args->pid },
		{ "ipc", args->ipc },
		{ "userns_mode", args->userns },
		{ "runtime", args->runtime },
	};
	const struct {
		const char *key;
		bool value;
	} flags[] = {
		{ "read_only", args->read_only },    { "init", args->init },
		{ "privileged", args->privileged },  { "tty", args->tty },
		{ "stdin_open", args->interactive }, { "oom_kill_disable", args->oom_kill_disable },
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		json_put_text(gen, texts[i].key, texts[i].value);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (flags[i].value)
			json_put_bool(gen, flags[i].key, true);
	put_list(gen, "cap_add", &args->cap_add);
	put_list(gen, "cap_drop", &args->cap_drop);
	put_list(gen, "security_opt", &args->security_opt);
	put_list(gen, "devices", &args->device);
	put_list(gen, "dns", &args->dns);
	put_list(gen, "dns_search", &args->dns_search);
	put_list(gen, "group_add", &args->group_add);
}

static int put_numbers(const struct run_args *args, yajl_gen gen, struct oci_arena *arena,
		       struct oci_error *err)
{
	char *end = "";
	long adjust = args->oom_score_adj ? strtol(args->oom_score_adj, &end, 10) : 0;
	int64_t seconds;

	if (args->stop_timeout) {
		if (common_bytes(args->stop_timeout, &seconds) < 0)
			return bad("stop-timeout", args->stop_timeout, "expected seconds", err);
		json_put_text(gen, "stop_grace_period",
			      oci_arena_printf(arena, "%llds", (long long)seconds));
	}
	if (args->oom_score_adj) {
		if (*end || adjust < -1000 || adjust > 1000)
			return bad("oom-score-adj", args->oom_score_adj,
				   "expected a number from -1000 to 1000", err);
		json_put_int(gen, "oom_score_adj", adjust);
	}
	if (args->remove) {
		json_open_map(gen, "x-carte");
		json_put_bool(gen, "remove", true);
		json_close_map(gen);
	}
	return 0;
}

static int put_maps(const struct run_args *args, yajl_gen gen, struct oci_arena *arena,
		    struct oci_error *err)
{
	int r = put_pairs(gen, "sysctls", "sysctl", &args->sysctl, "=", true, arena, err);

	if (r == 0)
		r = put_pairs(gen, "labels", "label", &args->label, "=", false, arena, err);
	if (r == 0)
		r = put_pairs(gen, "annotations", "annotation", &args->annotation, "=", false,
			      arena, err);
	if (r == 0)
		r = put_pairs(gen, "extra_hosts", "add-host", &args->add_host, "=:", true, arena,
			      err);
	return r;
}

static int put_service(const struct run_args *args, const char *name, char **command, int count,
		       yajl_gen gen, struct oci_arena *arena, struct oci_error *err)
{
	int r;

	put_words(args, command, count, gen);
	put_plain(args, name, gen);
	r = put_environment(args, gen, arena, err);
	if (r == 0)
		r = run_put_ports(args, command[0], gen, arena, err);
	json_open_array(gen, "volumes");
	if (r == 0)
		r = put_mounts(args, false, gen, arena, err);
	json_close_array(gen);
	if (r == 0)
		r = put_networks(args, gen, err);
	if (r == 0)
		r = put_health(args, gen, err);
	if (r == 0)
		r = put_resources(args, gen, err);
	if (r == 0)
		r = put_ulimits(args, gen, arena, err);
	if (r == 0)
		r = put_maps(args, gen, arena, err);
	if (r == 0)
		r = put_logging(args, gen, arena, err);
	return r < 0 ? r : put_numbers(args, gen, arena, err);
}

int run_document(const struct run_args *args, const char *name, char **command, int count,
		 yajl_gen gen, struct oci_arena *arena, const char **ret_text, size_t *ret_length,
		 struct oci_error *err)
{
	int r;

	json_open_map(gen, NULL);
	json_put_text(gen, "name", RUN_PROJECT);
	json_open_map(gen, "services");
	json_open_map(gen, name);
	r = put_service(args, name, command, count, gen, arena, err);
	if (r < 0)
		return r;
	json_close_map(gen);
	json_close_map(gen);
	put_project_networks(args, gen);
	json_open_map(gen, "volumes");
	r = put_mounts(args, true, gen, arena, err);
	json_close_map(gen);
	json_close_map(gen);
	return r < 0 ? r : json_finish(gen, ret_text, ret_length, err);
}
