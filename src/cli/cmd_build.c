/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_build.c - build: the converter's, with the names of -t; images and rmi: as they are.
 */
#include <string.h>

#include "cli/build.h"
#include "cli/common.h"
#include "cli/start.h"

#define CONVERTER "cartefile-to-oci"

struct build_args {
	const char *file, *format;
	struct opt_list tags, outputs, keeps;
	const char *slim, *layers, *compress, *platform, *explain, *sysroot, *sbom, *probe,
		*exercise, *trace_seconds, *verify, *runtime;
	bool no_cache, quiet;
};

#define AT(member) offsetof(struct build_args, member)

static const struct opt build_opts[] = {
	{ "compress", 0, OPT_STRING, AT(compress), "HOW", "gzip (default), zstd or none" },
	{ "exercise", 0, OPT_STRING, AT(exercise), "CMD",
	  "--slim trace: run this on the host while the program runs" },
	{ "explain", 0, OPT_STRING, AT(explain), "FILE", "write why each file is in the image" },
	{ "file", 'f', OPT_STRING, AT(file), "CARTEFILE",
	  "default: CONTEXT/Cartefile; - is standard input" },
	{ "format", 0, OPT_STRING, AT(format), "FORMAT", "text (default) or json: the result" },
	{ "keep", 'k', OPT_LIST, AT(keeps), "SET", "whatever --slim says; repeatable" },
	{ "layers", 0, OPT_STRING, AT(layers), "N", "3 (default), 1 or auto" },
	{ "no-cache", 0, OPT_FLAG, AT(no_cache), NULL, "make everything anew" },
	{ "output", 'o', OPT_LIST, AT(outputs), "DEST",
	  "oci:DIR, oci-archive:FILE, docker-archive:FILE, bundle:DIR or store (default); "
	  "repeatable" },
	{ "platform", 0, OPT_STRING, AT(platform), "OS/ARCH",
	  "default: the base's or this machine's" },
	{ "probe", 0, OPT_STRING, AT(probe), "CMD",
	  "--slim trace: run this instead of the program" },
	{ "pull", 0, OPT_IGNORED_FLAG, 0, NULL, "accepted for compatibility" },
	{ "quiet", 'q', OPT_FLAG, AT(quiet), NULL, "print the digest and nothing else" },
	{ "runtime", 0, OPT_STRING, AT(runtime), "PROGRAM", "for --slim trace and --verify" },
	{ "sbom", 0, OPT_STRING, AT(sbom), "FILE", "write an SPDX document of the packages" },
	{ "slim", 0, OPT_STRING, AT(slim), "LEVEL", "none, prune, elf or trace" },
	{ "sysroot", 0, OPT_STRING, AT(sysroot), "DIR",
	  "FROM scratch: where a program's libraries are" },
	{ "tag", 't', OPT_LIST, AT(tags), "NAME",
	  "the image's name, instead of the Cartefile's; repeatable" },
	{ "trace-seconds", 0, OPT_STRING, AT(trace_seconds), "N",
	  "--slim trace: how long the program may run" },
	{ "verify", 0, OPT_STRING, AT(verify), "CMD",
	  "run this in the image and in the unslimmed one, and compare" },
	{ .name = NULL },
};

static void add_options(struct words *words, const struct build_args *args)
{
	words_add_option(words, "--slim", args->slim);
	words_add_option(words, "--layers", args->layers);
	words_add_option(words, "--compress", args->compress);
	words_add_option(words, "--platform", args->platform);
	words_add_option(words, "--explain", args->explain);
	words_add_option(words, "--sysroot", args->sysroot);
	words_add_option(words, "--sbom", args->sbom);
	words_add_option(words, "--probe", args->probe);
	words_add_option(words, "--exercise", args->exercise);
	words_add_option(words, "--trace-seconds", args->trace_seconds);
	words_add_option(words, "--verify", args->verify);
	words_add_option(words, "--runtime", args->runtime);
	words_add_option(words, "--format", args->format);
	for (size_t i = 0; i < args->keeps.len; i++)
		words_add_option(words, "--keep", args->keeps.items[i]);
	for (size_t i = 0; i < args->outputs.len; i++)
		words_add_option(words, "--output", args->outputs.items[i]);
	if (args->no_cache)
		words_add(words, "--no-cache");
	if (args->quiet)
		words_add(words, "--quiet");
}

/* Without -t this process becomes the converter; with one the Cartefile goes in with another NAME. */
static int build(const struct build_args *args, const char *context, struct oci_error *err)
{
	CLEANUP_WORDS struct words words = { 0 };
	char program[PATH_MAX];
	int r = start_find(CONVERTER, program, err);

	if (r < 0)
		return r;
	words_add(&words, program);
	words_add(&words, "build");
	if (!args->tags.len)
		words_add_option(&words, "--file", args->file);
	add_options(&words, args);
	if (args->tags.len)
		words_add_option(&words, "--file", "-");
	words_add(&words, "--");
	words_add(&words, context);
	r = words_end(&words, err);
	if (r < 0)
		return r;
	if (!args->tags.len)
		return start_instead(words.items, err);
	r = build_named(words.items, args->file, context, args->tags.items[0], err);
	for (size_t i = 1; r == 0 && i < args->tags.len; i++)
		r = build_alias(args->tags.items[0], args->tags.items[i], NULL, err);
	return r;
}

static int build_run(void *options, char **operands, int count, struct oci_error *err)
{
	struct build_args *args = options;
	int r = build(args, count ? operands[0] : ".", err);

	opt_list_free(&args->tags);
	opt_list_free(&args->outputs);
	opt_list_free(&args->keeps);
	return r;
}

const struct cmd cmd_build = {
	.command = {
		.name = "build",
		.usage = "[OPTIONS] [CONTEXT]",
		.summary = "make an image from a Cartefile",
		.opts = build_opts,
		.positional_after = -1,
		.max_operands = 1,
	},
	.options_size = sizeof(struct build_args),
	.run = build_run,
};

/* ---- images, rmi ------------------------------------------------------------------------------------------------------ */

struct images_args {
	const char *format;
	bool quiet;
};

static const struct opt images_opts[] = {
	FORMAT_OPTION(struct images_args),
	{ "quiet", 'q', OPT_FLAG, offsetof(struct images_args, quiet), NULL,
	  "print only the names, of those without one the digest" },
	{ .name = NULL },
};

static int converter_instead(struct words *words, char **operands, int count, struct oci_error *err)
{
	char program[PATH_MAX];
	int r = start_find(CONVERTER, program, err);

	if (r < 0)
		return r;
	words->items[0] = program;
	words_add_list(words, (const char *const *)operands, (size_t)count);
	r = words_end(words, err);
	return r < 0 ? r : start_instead(words->items, err);
}

static int images_run(void *options, char **operands, int count, struct oci_error *err)
{
	const struct images_args *args = options;
	CLEANUP_WORDS struct words words = { 0 };

	words_add(&words, CONVERTER);
	words_add(&words, "images");
	words_add_option(&words, "--format", args->format);
	if (args->quiet)
		words_add(&words, "--quiet");
	if (words_end(&words, err) < 0)
		return -ENOMEM;
	return converter_instead(&words, operands, count, err);
}

const struct cmd cmd_images = {
	.command = {
		.name = "images",
		.usage = "[OPTIONS]",
		.summary = "list the images of the store",
		.opts = images_opts,
		.positional_after = -1,
	},
	.options_size = sizeof(struct images_args),
	.run = images_run,
};

static const struct opt rmi_opts[] = {
	{ "force", 'f', OPT_IGNORED_FLAG, 0, NULL, "accepted for compatibility" },
	{ .name = NULL },
};

static int rmi_run(void *options, char **operands, int count, struct oci_error *err)
{
	CLEANUP_WORDS struct words words = { 0 };

	(void)options;
	words_add(&words, CONVERTER);
	words_add(&words, "rmi");
	words_add(&words, "--");
	if (words_end(&words, err) < 0)
		return -ENOMEM;
	return converter_instead(&words, operands, count, err);
}

const struct cmd cmd_rmi = {
	.command = {
		.name = "rmi",
		.usage = "NAME|DIGEST...",
		.summary = "take names from the store; 'system prune' removes what nothing needs",
		.opts = rmi_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = -1,
	},
	.run = rmi_run,
};
