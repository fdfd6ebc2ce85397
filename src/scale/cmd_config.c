/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_config.c - check Compose files and print them normalised, or a part of what they say.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "scale/cmds.h"
#include "scale/compose.h"

extern char **environ;

struct config_args {
	struct opt_list files, profiles;
	const char *project, *env_file, *format, *service;
	bool services, images, volumes, quiet;
};

#define ARG(member) offsetof(struct config_args, member)

static const struct opt config_opts[] = {
	{ "file", 'f', OPT_LIST, ARG(files), "FILE",
	  "a Compose file, - for standard input; later ones are merged over it" },
	{ "project-name", 'p', OPT_STRING, ARG(project), "NAME", "the project's name" },
	{ "env-file", 0, OPT_STRING, ARG(env_file), "FILE", "variables instead of .env" },
	{ "profile", 0, OPT_LIST, ARG(profiles), "NAME",
	  "services of this profile too; * for all" },
	{ "format", 0, OPT_STRING, ARG(format), "FORMAT", "yaml (the default) or json" },
	{ "services", 0, OPT_FLAG, ARG(services), NULL, "print only the services' names" },
	{ "images", 0, OPT_FLAG, ARG(images), NULL, "print only the images" },
	{ "volumes", 0, OPT_FLAG, ARG(volumes), NULL, "print only the volumes' names" },
	{ "service", 0, OPT_STRING, ARG(service), "NAME",
	  "print one service: what a change of needs new replicas" },
	{ "quiet", 'q', OPT_FLAG, ARG(quiet), NULL, "only check" },
	{ .name = NULL },
};

static int print_document(const struct spec_project *project, const struct config_args *args,
			  struct oci_arena *arena, struct oci_error *err)
{
	bool json = args->format && strcmp(args->format, "json") == 0;
	char *text;
	size_t length;
	int r = json ? compose_emit(project, arena, &text, &length, err)
		     : compose_emit_yaml(project, arena, &text, &length, err);

	if (r < 0)
		return r;
	(void)fwrite(text, 1, length, stdout);
	if (json)
		putchar('\n');
	return 0;
}

static int print_service(const struct spec_project *project, const char *name,
			 struct oci_arena *arena, struct oci_error *err)
{
	const struct spec_service *service = spec_service_find(project, name);
	char *text;
	size_t length;
	int r;

	if (!service)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT, "there is no service %s", name);
	r = compose_emit_service(service, true, arena, &text, &length, err);
	if (r == 0)
		printf("%s\n", text);
	return r;
}

static int print(const struct spec_project *project, const struct config_args *args,
		 struct oci_arena *arena, struct oci_error *err)
{
	if (args->quiet)
		return 0;
	if (args->service)
		return print_service(project, args->service, arena, err);
	for (size_t i = 0; args->services && i < project->services_len; i++)
		printf("%s\n", project->services[i].name);
	for (size_t i = 0; args->images && i < project->services_len; i++) {
		bool before = false;

		for (size_t j = 0; j < i; j++)
			before |=
				strcmp(project->services[i].image, project->services[j].image) == 0;
		if (!before)
			printf("%s\n", project->services[i].image);
	}
	for (size_t i = 0; args->volumes && i < project->volumes_len; i++)
		printf("%s\n", project->volumes[i].key);
	if (args->services || args->images || args->volumes)
		return 0;
	return print_document(project, args, arena, err);
}

static int load(const struct config_args *args, struct oci_arena *arena, struct spec_project **ret,
		struct oci_error *err)
{
	struct compose_options options = { .project = args->project,
					   .environment = environ,
					   .env_file = args->env_file };
	const char **profiles = oci_arena_array(arena, args->profiles.len + 1, sizeof(*profiles));
	const char *const *files = args->files.items;

	if (!profiles)
		return err_nomem(err);
	if (args->profiles.len)
		memcpy(profiles, args->profiles.items, args->profiles.len * sizeof(*profiles));
	options.profiles = profiles;
	return compose_load_here(files, args->files.len, &options, arena, ret, err);
}

static int config_run(void *options, char **operands, int count, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct config_args *args = options;
	struct spec_project *project = NULL;
	int r = 0;

	(void)operands;
	(void)count;
	if (args->format && strcmp(args->format, "yaml") != 0 && strcmp(args->format, "json") != 0)
		r = err_set_as(err, ERR_USAGE, EINVAL, "--format %s: expected yaml or json",
			       args->format);
	if (r == 0)
		r = load(args, &arena, &project, err);
	if (r == 0 && project)
		r = print(project, args, &arena, err);
	opt_list_free(&args->files);
	opt_list_free(&args->profiles);
	return r;
}

const struct cmd cmd_config = {
	.command = {
		.name = "config",
		.usage = "[OPTIONS]",
		.summary = "check a Compose file and print it normalised",
		.opts = config_opts,
		.positional_after = -1,
	},
	.options_size = sizeof(struct config_args),
	.run = config_run,
};
