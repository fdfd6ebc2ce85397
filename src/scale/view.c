/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view.c - what is shown of the model.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/io.h"
#include "base/mem.h"
#include "scale/view.h"

#define CONFIG_MAX (4u << 20)

int64_t view_clock_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

bool view_is_running(const struct replica *replica)
{
	switch (replica->state) {
	case REPLICA_STARTED:
	case REPLICA_PROBING:
	case REPLICA_READY:
	case REPLICA_UNHEALTHY:
	case REPLICA_DRAINING:
		return true;
	default:
		return replica->pid > 0;
	}
}

unsigned view_running(const struct service *service)
{
	unsigned count = 0;

	for (const struct replica *replica = service->replicas; replica; replica = replica->next)
		count += view_is_running(replica);
	return count;
}

/* Who decides on the number now. */
static const char *policy_word(const struct service *service)
{
	const struct spec_scale *scale = &service->spec->scale;

	if (service->manual || !scale->given || scale->policy == SPEC_SCALE_MANUAL)
		return spec_scale_policies[SPEC_SCALE_MANUAL];
	return spec_scale_policies[scale->policy];
}

static const char *health_word(const struct replica *replica)
{
	if (replica->service->spec->probe.kind == SPEC_PROBE_NONE)
		return "none";
	switch (replica->state) {
	case REPLICA_STARTED:
	case REPLICA_PROBING:
		return "starting";
	case REPLICA_READY:
		return replica->service->spec->probe.kind == SPEC_PROBE_IMAGE ? "none" : "healthy";
	case REPLICA_UNHEALTHY:
		return "unhealthy";
	default:
		return "none";
	}
}

void view_replica_names(struct json *json, const struct replica *replica)
{
	json_text(json, "id", replica->id);
	json_text(json, "name", replica->name);
	json_text(json, "project", replica->service->project->name);
	json_text(json, "service", replica->service->spec->name);
}

/* @replica: NULL: as the file says it */
static void view_ports(struct json *json, const struct spec_service *spec,
		       const struct replica *replica)
{
	char text[128];

	json_list(json, "ports");
	for (size_t i = 0; i < spec->ports_len; i++) {
		const struct spec_port *port = &spec->ports[i];
		unsigned published = port->published;
		const char *ip = port->host_ip ? port->host_ip : "0.0.0.0";
		bool v6 = strchr(ip, ':') != NULL;

		if (replica && i < ARRAY_LEN(replica->published) && replica->published[i])
			published = replica->published[i];
		(void)snprintf(text, sizeof(text), "%s%s%s:%u->%u/%s", v6 ? "[" : "", ip,
			       v6 ? "]" : "", published, port->target,
			       port->protocol == SPEC_UDP ? "udp" : "tcp");
		json_text(json, NULL, text);
	}
	json_list_end(json);
}

/* ---- commands ---------------------------------------------------------------------------------------------------- */

static void append_words(char *text, size_t size, const char *word)
{
	size_t length = strlen(text);

	(void)snprintf(text + length, size - length, "%s%s", length ? " " : "", word);
}

static int read_config(const struct replica *replica, struct oci_arena *arena, char **ret,
		       size_t *ret_length)
{
	char *path;

	if (!replica->bundle)
		return -ENOENT;
	path = oci_arena_printf(arena, "%s/config.json", replica->bundle);
	return path ? io_read_at(AT_FDCWD, path, CONFIG_MAX, arena, ret, ret_length) : -ENOMEM;
}

static void command_of_bundle(const struct replica *replica, char *text, size_t size)
{
	static const char *const path[] = { "process", "args", NULL };
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	size_t length = 0;
	char *config = NULL;
	CLEANUP_TREE yajl_val root = NULL;
	yajl_val args;

	if (read_config(replica, &arena, &config, &length) < 0 ||
	    json_read(config, length, &root, NULL) < 0)
		return;
	args = yajl_tree_get(root, (const char **)path, yajl_t_array);
	for (size_t i = 0; args && i < args->u.array.len; i++)
		if (YAJL_IS_STRING(args->u.array.values[i]))
			append_words(text, size, YAJL_GET_STRING(args->u.array.values[i]));
}

static void command_of_spec(const struct spec_service *spec, char *text, size_t size)
{
	for (size_t i = 0; i < spec->entrypoint.len; i++)
		append_words(text, size, spec->entrypoint.items[i]);
	for (size_t i = 0; i < spec->command.len; i++)
		append_words(text, size, spec->command.items[i]);
}

static const char *command_text(const struct replica *replica, struct view_command *last)
{
	if (last->service == replica->service && last->revision == replica->revision)
		return last->text;
	last->service = replica->service;
	last->revision = replica->revision;
	last->text[0] = '\0';
	command_of_bundle(replica, last->text, sizeof(last->text));
	if (last->text[0] == '\0') {
		last->service = NULL; /* the next replica may have its bundle already */
		command_of_spec(replica->service->spec, last->text, sizeof(last->text));
	}
	return last->text;
}

/* ---- containers and services ------------------------------------------------------------------------------------- */

void view_replica(struct json *json, const struct replica *replica, struct view_command *command)
{
	const struct spec_service *spec = replica->service->spec;
	char address[INET_ADDRSTRLEN] = "";

	if (replica->address.s_addr != 0)
		(void)inet_ntop(AF_INET, &replica->address, address, sizeof(address));
	view_replica_names(json, replica);
	json_int(json, "slot", replica->slot);
	json_text(json, "image", spec->image);
	json_text(json, "command", command_text(replica, command));
	json_text(json, "state", replica_state_word(replica->state));
	json_text(json, "health", health_word(replica));
	json_bool(json, "paused", replica->paused);
	json_bool(json, "foreground", replica->foreground);
	json_int(json, "revision", (int64_t)replica->revision);
	json_int(json, "pid", replica->pid);
	json_time(json, "created", replica->made_ms);
	json_time(json, "started", replica->started_ms);
	json_time(json, "ready", replica->ready_ms);
	json_time(json, "exited", replica->exited_ms);
	json_int(json, "exitStatus", replica->exit_status);
	json_bool(json, "oomKilled", replica->oom_killed);
	json_int(json, "restarts", replica->restarts);
	json_text(json, "address", address);
	view_ports(json, spec, replica);
	json_text(json, "reason", replica->reason);
}

void view_service(struct json *json, const struct service *service, bool with_count)
{
	const struct spec_service *spec = service->spec;

	json_text(json, "project", service->project->name);
	json_text(json, "name", spec->name);
	json_text(json, "image", spec->image);
	json_int(json, "revision", (int64_t)service->revision);
	json_int(json, "desired", service->desired);
	json_int(json, "ready", service_count(service, REPLICA_READY));
	json_int(json, "running", view_running(service));
	if (with_count)
		json_int(json, "replicas", service_count(service, 0));
	json_bool(json, "stopped", service->stopped);
	json_text(json, "policy", policy_word(service));
	json_bool(json, "manual", service->manual);
	json_count(json, "min", spec->scale.given ? spec->scale.min : -1);
	json_count(json, "max", spec->scale.given ? spec->scale.max : -1);
	view_ports(json, spec, service->replicas);
	json_text(json, "rollout", service->rollout);
	json_text(json, "reason", service->reason);
	json_bool(json, "removing", service->project->removing);
}

static void view_mounts(struct json *json, const struct spec_service *spec)
{
	static const char *const types[] = {
		[SPEC_BIND] = "bind", [SPEC_VOLUME] = "volume", [SPEC_TMPFS] = "tmpfs"
	};

	json_list(json, "mounts");
	for (size_t i = 0; i < spec->mounts_len; i++) {
		const struct spec_mount *mount = &spec->mounts[i];

		json_map(json, NULL);
		json_text(json, "type", types[mount->type]);
		json_text(json, "source", mount->source);
		json_text(json, "target", mount->target);
		json_bool(json, "readOnly", mount->read_only);
		json_map_end(json);
	}
	json_list_end(json);
}

static void view_env(struct json *json, const char *config, size_t length)
{
	static const char *const path[] = { "process", "env", NULL };
	CLEANUP_TREE yajl_val root = NULL;
	yajl_val env = NULL;

	if (config && json_read(config, length, &root, NULL) == 0)
		env = yajl_tree_get(root, (const char **)path, yajl_t_array);
	json_list(json, "env");
	for (size_t i = 0; env && i < env->u.array.len; i++)
		if (YAJL_IS_STRING(env->u.array.values[i]))
			json_text(json, NULL, YAJL_GET_STRING(env->u.array.values[i]));
	json_list_end(json);
}

void view_bundle(struct json *json, const struct replica *replica)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	size_t length = 0;
	char *config = NULL;

	if (read_config(replica, &arena, &config, &length) < 0)
		config = NULL;
	view_mounts(json, replica->service->spec);
	view_env(json, config, length);
	if (config)
		json_raw(json, "config", config, length);
	else
		json_null(json, "config");
}
