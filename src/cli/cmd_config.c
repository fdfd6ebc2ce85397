/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_config.c - a Compose file, checked and normalised: carte-scale's config.
 */
#include "cli/common.h"
#include "cli/project.h"

struct config_args {
	struct project_args project;
	const char *format;
	bool quiet, services, images, volumes;
};

static const struct opt config_opts[] = {
	PROJECT_OPTIONS(struct config_args, project),
	{ "format", 0, OPT_STRING, offsetof(struct config_args, format), "FORMAT",
	  "yaml (default) or json" },
	{ "images", 0, OPT_FLAG, offsetof(struct config_args, images), NULL,
	  "only the names of the images" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct config_args, quiet), NULL,
	  "only check, print nothing" },
	{ "services", 0, OPT_FLAG, offsetof(struct config_args, services), NULL,
	  "only the names of the services" },
	{ "volumes", 0, OPT_FLAG, offsetof(struct config_args, volumes), NULL,
	  "only the names of the volumes" },
	{ .name = NULL },
};

/* Names are printed here, so that they are the same whatever reads the file. */
static int print_names(const struct config_args *args, struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_JSON yajl_val document = NULL;
	int r = project_read(&args->project, &text, &document, err);
	yajl_val map;

	if (r != 0)
		return r;
	map = json_get(document, args->volumes ? "volumes" : "services");
	for (size_t i = 0; YAJL_IS_OBJECT(map) && i < map->u.object.len; i++)
		printf("%s\n", args->images ? json_text(map->u.object.values[i], "image")
					    : map->u.object.keys[i]);
	return 0;
}

static int config(const struct config_args *args, struct oci_error *err)
{
	CLEANUP_WORDS struct words words = { 0 };
	char program[PATH_MAX];
	int r;

	if (args->services || args->images || args->volumes)
		return print_names(args, err);
	r = project_words(&args->project, &words, program, err);
	if (r < 0)
		return r;
	words_add_option(&words, "--format", args->format);
	if (args->quiet)
		words_add(&words, "--quiet");
	r = words_end(&words, err);
	return r < 0 ? r : start_instead(words.items, err);
}

static int config_run(void *options, char **operands, int count, struct oci_error *err)
{
	struct config_args *args = options;
	int r = config(args, err);

	(void)operands;
	(void)count;
	project_args_free(&args->project);
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
