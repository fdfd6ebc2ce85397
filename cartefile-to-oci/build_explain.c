/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_explain.c - what is told about the image besides: the explanation, always into the store and to the file that --explain
 * names, and the bill of materials of --sbom.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cartefile-to-oci/build-private.h"
#include "cartefile-to-oci/explain.h"
#include "cartefile-to-oci/sbom.h"

/* "-" is printed by the command, which finds it in the store */
static bool wants_file(const struct build *build)
{
	const char *file = build->options->explain;

	return file && strcmp(file, "-") != 0;
}

/* by name: the user's own file; it is there complete or not at all */
static int write_file(const char *option, const char *file, const char *text, size_t length,
		      struct oci_error *err)
{
	const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
	CLEANUP_FREE char *above = slash ? strndup(file, (size_t)(slash - file) + 1) : strdup(".");
	CLEANUP_CLOSE int folder = -1;
	int r;

	if (!above)
		return err_nomem(err);
	folder = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = folder < 0 ? -errno : io_replace_at(folder, name, text, length, 0666);
	return r < 0 ? err_sys(err, -r, "%s %s", option, file) : 0;
}

static int write_explanation(const struct build *build, const char *text, size_t length,
			     struct oci_error *err)
{
	return wants_file(build)
		       ? write_file("--explain", build->options->explain, text, length, err)
		       : 0;
}

int build_explain(struct build *build, const struct build_result *result, struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL;
	struct explain_image image = {
		.name = result->name,
		.manifest = result->manifest,
		.level = build->level,
		.layer_words = build->plan.list.words,
		.layer_words_len = build->plan.list.count,
		.report = &result->slim,
	};
	size_t length;
	int r = explain_write(&build->tree, &image, &text, &length, err);

	if (r == 0)
		r = explain_save(build->options->store->path, &result->manifest, text, length, err);
	return r < 0 ? r : write_explanation(build, text, length, err);
}

/* An image that was found again: 1 when its explanation, if it is asked for, was found too. */
int build_explain_again(struct build *build, const struct build_result *result,
			struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	size_t length;
	char *text;
	int r;

	if (!build->options->explain)
		return 1;
	r = explain_load(build->options->store->path, &result->manifest, &arena, &text, &length,
			 NULL);
	if (r < 0)
		return 0;
	r = write_explanation(build, text, length, err);
	return r < 0 ? r : 1;
}

int build_list_materials(struct build *build, const struct build_result *result,
			 struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL;
	struct sbom_image image = {
		.name = result->name,
		.manifest = result->manifest,
		.created = build->context.mtime,
		.sysroot = build->sysroot,
	};
	size_t length;
	int r;

	if (!build->options->sbom)
		return 0;
	r = sbom_write(&build->tree, &image, &text, &length, err);
	return r < 0 ? r : write_file("--sbom", build->options->sbom, text, length, err);
}
