/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_explain.c - `explain`: why each file is in an image of the store, and what was left out.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "cartefile-to-oci/cmds.h"
#include "cartefile-to-oci/explain_print.h"
#include "cartefile-to-oci/store.h"

struct explain_args {
	const char *store;
	const char *format;
	const char *why;
	bool files, left_out;
};

static const struct opt explain_opts[] = {
	{ "files", 0, OPT_FLAG, offsetof(struct explain_args, files), NULL,
	  "every file: size, layer, path, why" },
	{ "format", 0, OPT_STRING, offsetof(struct explain_args, format), "FORMAT",
	  "table (default) or json: the whole document" },
	{ "left-out", 0, OPT_FLAG, offsetof(struct explain_args, left_out), NULL,
	  "every file that was left out: size, path, why" },
	CMD_STORE_OPTION(explain_args),
	{ "why", 0, OPT_STRING, offsetof(struct explain_args, why), "PATH",
	  "what asked for this file, up to the program" },
	{ .name = NULL },
};

static int find_image(const struct store *store, const char *name, struct digest *ret,
		      struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_descriptor *descriptor;
	int e;

	e = layout_resolve(&store->layout, name, NULL, &arena, &descriptor, err);
	if (e < 0)
		return e;
	e = digest_parse(descriptor->digest, ret);
	return e < 0 ? err_set(err, -e, "%s: '%s' is no digest", name, descriptor->digest) : 0;
}

static int print(const struct explain_args *args, const char *name, const char *text, size_t length,
		 struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct explain *explain;
	int e;

	if (args->format && strcmp(args->format, "json") == 0) {
		(void)fwrite(text, 1, length, stdout);
		return 0;
	}
	e = explain_parse(name, text, length, &arena, &explain, err);
	if (e < 0)
		return e;
	if (args->why)
		return explain_print_why(explain, args->why, stdout, err);
	if (args->files)
		explain_print_files(explain, stdout);
	if (args->left_out)
		explain_print_left_out(explain, stdout);
	return args->files || args->left_out ? 0 : explain_print(explain, stdout, err);
}

static int run_explain(void *options, char **operands, int count, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	const struct explain_args *args = options;
	struct store store = STORE_INIT;
	struct digest manifest;
	size_t length;
	char *text;
	int e;

	(void)count;
	if (args->format && strcmp(args->format, "json") != 0 && strcmp(args->format, "table") != 0)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "--format: expected 'table' or 'json', got '%s'", args->format);
	e = store_open(args->store, &store, err);
	if (e == 0)
		e = find_image(&store, operands[0], &manifest, err);
	if (e == 0)
		e = explain_load(store.path, &manifest, &arena, &text, &length, err);
	if (e == 0)
		e = print(args, operands[0], text, length, err);
	store_close(&store);
	return e;
}

const struct cmd cmd_explain = {
	.command = { .name = "explain",
		     .usage = "[OPTIONS] IMAGE",
		     .summary = "why each file is in an image, and what was left out",
		     .opts = explain_opts,
		     .positional_after = -1,
		     .min_operands = 1,
		     .max_operands = 1 },
	.options_size = sizeof(struct explain_args),
	.run = run_explain,
};
