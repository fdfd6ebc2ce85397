/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_drive.c - scale the services of a swarm by the policies of a Compose file.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/program.h"
#include "scale/cmds.h"
#include "scale/compose-private.h"
#include "scale/drive-private.h"

#define INTERVAL_MS 10000
#define INTERVAL_LEAST_MS 1000

extern char **environ;

struct drive_args {
	struct opt_list files, hosts;
	const char *project, *env_file, *stack, *interval, *docker;
	bool once;
};

#define ARG(member) offsetof(struct drive_args, member)

static const struct opt drive_opts[] = {
	{ "file", 'f', OPT_LIST, ARG(files), "FILE",
	  "the Compose file with the policies; later ones are merged over it" },
	{ "project-name", 'p', OPT_STRING, ARG(project), "NAME", "the project's name" },
	{ "env-file", 0, OPT_STRING, ARG(env_file), "FILE", "variables instead of .env" },
	{ "stack", 0, OPT_STRING, ARG(stack), "NAME",
	  "the stack's name at docker stack deploy (default: the project's)" },
	{ "interval", 0, OPT_STRING, ARG(interval), "TIME", "between two looks (default: 10s)" },
	{ "once", 0, OPT_FLAG, ARG(once), NULL, "look once, tell every decision, and end" },
	{ "host", 'H', OPT_LIST, ARG(hosts), "HOST",
	  "the Docker daemon of a node, to ask for the use of its replicas; repeatable" },
	{ "docker", 0, OPT_STRING, ARG(docker), "PROGRAM", "the docker program (default: docker)" },
	{ .name = NULL },
};

static int read_interval(const char *text, int64_t *ret, struct oci_error *err)
{
	*ret = INTERVAL_MS;
	if (!text)
		return 0;
	if (value_time(text, ret) < 0 || *ret < INTERVAL_LEAST_MS)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "--interval %s: expected a time such as 10s, at least 1s", text);
	return 0;
}

static int add_services(struct drive *drive, const struct spec_project *project, const char *stack,
			struct oci_arena *arena, struct oci_error *err)
{
	drive->services =
		oci_arena_array(arena, project->services_len + 1, sizeof(*drive->services));
	if (!drive->services)
		return err_nomem(err);
	for (size_t i = 0; i < project->services_len; i++) {
		const struct spec_service *spec = &project->services[i];
		struct drive_service *service = &drive->services[drive->services_len];

		if (!spec->scale.given || spec->scale.policy == SPEC_SCALE_MANUAL)
			continue;
		memset(service, 0, sizeof(*service));
		service->spec = spec;
		service->name = oci_arena_printf(arena, "%s_%s", stack, spec->name);
		if (!service->name)
			return err_nomem(err);
		drive->services_len++;
	}
	if (!drive->services_len)
		return err_set_as(
			err, ERR_DOCUMENT, EINVAL,
			"no service has a policy in x-carte.scale: there is nothing to drive");
	return 0;
}

static int find_docker(const char *name, struct drive *drive, struct oci_arena *arena,
		       struct oci_error *err)
{
	char path[PATH_MAX];

	if (strchr(name, '/')) {
		drive->docker = name;
		return 0;
	}
	if (program_find(name, path) < 0)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT,
				  "no program %s in $PATH: a swarm is driven by it", name);
	drive->docker = oci_arena_strdup(arena, path);
	return drive->docker ? 0 : err_nomem(err);
}

static int set_up(const struct drive_args *args, struct drive *drive, struct oci_arena *arena,
		  struct oci_error *err)
{
	const struct compose_options options = { .project = args->project,
						 .environment = environ,
						 .env_file = args->env_file };
	struct spec_project *project;
	int r = compose_load_here(args->files.items, args->files.len, &options, arena, &project,
				  err);

	if (r < 0)
		return r;
	r = find_docker(args->docker ? args->docker : "docker", drive, arena, err);
	if (r < 0)
		return r;
	drive->hosts = args->hosts.items;
	drive->hosts_len = args->hosts.len;
	drive->once = args->once;
	return add_services(drive, project, args->stack ? args->stack : project->name, arena, err);
}

static void due(void *ctx)
{
	loop_stop(ctx);
}

/* A round that fails is told, and the next one tries again: managers and networks come back. */
static int go_on(struct drive *drive, int64_t interval_ms, struct oci_error *err)
{
	struct log_target log = { .program = "carte-scale" };
	struct loop_timer timer = { 0 };
	int r = 0;

	while (r == 0) {
		struct oci_error why = OCI_ERROR_INIT;

		if (drive_round(drive, &why) < 0) {
			err_prefix(&why, "drive: ");
			log_failure(&log, &why);
		}
		r = loop_timer_set(drive->loop, &timer, interval_ms, due, drive->loop);
		if (r < 0)
			return err_nomem(err);
		r = loop_run(drive->loop, err);
	}
	return r;
}

static int drive_swarm(const struct drive_args *args, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct drive drive = { 0 };
	int64_t interval_ms;
	int r = read_interval(args->interval, &interval_ms, err);

	if (r == 0)
		r = set_up(args, &drive, &arena, err);
	if (r == 0)
		r = loop_new(&drive.loop, err);
	if (r < 0)
		return r;
	r = args->once ? drive_round(&drive, err) : go_on(&drive, interval_ms, err);
	loop_free(drive.loop);
	return r;
}

static int drive_run(void *options, char **operands, int count, struct oci_error *err)
{
	struct drive_args *args = options;
	int r;

	(void)count;
	if (strcmp(operands[0], "swarm") != 0)
		r = err_set_as(err, ERR_USAGE, EINVAL,
			       "drive %s: expected swarm; the others scale by themselves",
			       operands[0]);
	else
		r = drive_swarm(args, err);
	opt_list_free(&args->files);
	opt_list_free(&args->hosts);
	return r;
}

const struct cmd cmd_drive = {
	.command = {
		.name = "drive",
		.usage = "swarm [OPTIONS]",
		.summary = "scale a Docker Swarm's services by a Compose file's policies",
		.opts = drive_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = 1,
	},
	.options_size = sizeof(struct drive_args),
	.run = drive_run,
};
