/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build.c - from a Cartefile to images; see build.h. The order: read what goes in, find the result of before or make the tree,
 * leave out what is not needed, write layers and documents, publish.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/build-private.h"
#include "cartefile-to-oci/trace.h"

void build_tell(struct build *build, const char *format, ...)
{
	char line[256];
	va_list ap;

	if (!build->progress)
		return;
	va_start(ap, format);
	(void)vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	build->progress(build->progress_ctx, line);
}

/* ---- the tree ---------------------------------------------------------------------------------------------------- */

static bool is_image(const struct build *build)
{
	return build->base.image.config != NULL;
}

/* An image's layers are kept byte for byte, unless it was asked to leave something out of them. */
static bool is_flattened(const struct build *build)
{
	return is_image(build) && build->options->slim_given && build->options->slim != SLIM_NONE;
}

static int read_tree(struct build *build, struct oci_error *err)
{
	int r;

	build->plan.base = is_image(build) ? &build->base.image : NULL;
	build->plan.flattened = is_flattened(build);
	build_tell(build, "FROM: reading the base");
	r = base_read(&build->base, !is_image(build) || build->plan.flattened, &build->base_options,
		      &build->tree, err);
	for (size_t i = 0; i < build->file->paths_len && r == 0; i++) {
		build_tell(build, "PATH: %s", build->file->paths[i].source);
		r = source_add_path(&build->tree, &build->context, build->file,
				    &build->file->paths[i], err);
	}
	return r;
}

/* ---- slimming ---------------------------------------------------------------------------------------------------- */

static enum slim_level choose_level(const struct build *build, bool is_dynamic)
{
	if (build->options->slim_given)
		return build->options->slim;
	if (is_image(build))
		return SLIM_NONE;
	if (build->file->from == FROM_SCRATCH)
		return is_dynamic || build->options->keep_len > 0 ? SLIM_ELF : SLIM_NONE;
	return slim_is_os_tree(&build->tree) ? SLIM_PRUNE : SLIM_NONE;
}

/* VAR of the image's environment: the Cartefile's, else the base's. */
static const char *variable(const struct build *build, const char *name)
{
	const struct image_docs *base = build->plan.base;
	size_t length = strlen(name);

	for (size_t i = build->file->env_len; i-- > 0;)
		if (strncmp(build->file->env[i], name, length) == 0 &&
		    build->file->env[i][length] == '=')
			return build->file->env[i] + length + 1;
	for (size_t i = 0; base && base->config->config && i < base->config->config->env_len; i++)
		if (strncmp(base->config->config->env[i], name, length) == 0 &&
		    base->config->config->env[i][length] == '=')
			return base->config->config->env[i] + length + 1;
	return NULL;
}

/* Of a FROM scratch image only: other bases bring what their programs need. */
static int open_sysroot(struct build *build, struct oci_error *err)
{
	const char *path = build->options->sysroot ? build->options->sysroot : "/";
	int fd;

	if (build->file->from != FROM_SCRATCH)
		return 0;
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "--sysroot %s", path);
	/* messages and records put a slash behind it */
	build->sysroot = tree_source_add(&build->tree, fd, strcmp(path, "/") == 0 ? "" : path);
	return build->sysroot ? 0 : err_nomem(err);
}

/* What is missing is missing for the program: where it is written is said too. */
static void blame_exe(const struct build *build, struct oci_error *err)
{
	char path[4096];

	if (build->exe && err && strncmp(err->message, "--", 2) != 0 &&
	    strstr(err->message, tree_path(build->exe, path, sizeof(path))))
		cartefile_blame(build->file, build->file->exe_path_place, err);
}

static int slim(struct build *build, enum slim_level level, const struct trace_result *traced,
		struct slim_report *ret, struct oci_error *err)
{
	const struct build_options *options = build->options;
	struct slim_options how = {
		.level = level,
		.keep = options->keep,
		.keep_len = options->keep_len,
		.traced = traced->paths,
		.traced_len = traced->paths_len,
		.exe = build->file->has_exe ? build->file->argv[0] : NULL,
		.search_path = variable(build, "PATH"),
		.library_path = variable(build, "LD_LIBRARY_PATH"),
		.mtime = build->context.mtime,
	};
	int r;

	if (level == SLIM_NONE)
		return 0;
	r = build->sysroot ? 0 : open_sysroot(build, err);
	how.sysroot = build->sysroot;
	if (r == 0)
		r = slim_apply(&build->tree, &how, ret, err);
	if (r == -ENOENT)
		blame_exe(build, err);
	if (r == 0)
		build_tell(build, "slim: %zu files kept, %zu left out (%ju bytes)", ret->kept,
			   ret->left_out, (uintmax_t)ret->left_out_bytes);
	return r;
}

/* ---- making it ---------------------------------------------------------------------------------------------------- */

static int make_image(struct build *build, struct build_result *ret, struct image_docs *ret_image,
		      struct oci_error *err)
{
	int r = build_write_layers(build, ret, err);

	return r < 0 ? r : build_write_documents(build, ret_image, err);
}

/* A program of a FROM scratch image runs only with its libraries, which are no part of the context. */
static int add_libraries(struct build *build, struct oci_error *err)
{
	struct trace_result nothing = { .paths_len = 0 };
	struct slim_report unused;

	if (build->file->from != FROM_SCRATCH || build->level < SLIM_ELF)
		return 0;
	return slim(build, SLIM_ELF, &nothing, &unused, err);
}

/* The image as it is without slimming: to be run and looked at. It gets no name. */
static int make_full(struct build *build, struct image_docs *ret_full,
		     struct trace_result *ret_traced, struct oci_error *err)
{
	struct build_result unused = { .layers_len = 0 };
	int r = 0;

	if (build->level != SLIM_TRACE && !build->options->verify)
		return 0;
	build_tell(build, "the whole image, to be run");
	r = add_libraries(build, err);
	if (r == 0)
		r = make_image(build, &unused, ret_full, err);
	if (r < 0 || build->level != SLIM_TRACE)
		return r;
	build_tell(build, "trace: running the program");
	return trace_run(build->options, build->primary, ret_full, &build->tree, &build->arena,
			 ret_traced, err);
}

static int make(struct build *build, struct build_result *ret, struct image_docs *ret_image,
		struct oci_error *err)
{
	struct trace_result traced = { .paths_len = 0 };
	struct image_docs full = { .config = NULL };
	bool is_dynamic;
	int r = read_tree(build, err);

	if (r == 0)
		r = build_find_exe(build, err);
	if (r == 0)
		r = build_choose_platform(build, &is_dynamic, err);
	if (r < 0)
		return r;
	build->level = choose_level(build, is_dynamic);
	if (build->level == SLIM_TRACE && !build->file->has_exe && !build->options->probe)
		return err_set_as(
			err, ERR_USAGE, EINVAL,
			"--slim trace: there is no exe_PATH to run; name a command with --probe");
	r = make_full(build, &full, &traced, err);
	if (r == 0)
		r = slim(build, build->level, &traced, &ret->slim, err);
	if (r == 0)
		r = make_image(build, ret, ret_image, err);
	if (r == 0 && build->options->verify) {
		build_tell(build, "verify: %s", build->options->verify);
		r = verify_run(build->options, build->primary, &full, &build->tree, ret_image, err);
	}
	return r;
}

/* ---- the result --------------------------------------------------------------------------------------------------- */

static int fill_result(const struct build *build, const struct image_docs *image,
		       struct build_result *ret, struct oci_error *err)
{
	const char *name = build_name(build, &build->dests[0]);
	struct oci_descriptor *descriptor = oci_arena_alloc(&ret->arena, sizeof(*descriptor));

	if (!descriptor)
		return err_nomem(err);
	*descriptor = *image->descriptor;
	descriptor->digest = oci_arena_strdup(&ret->arena, image->descriptor->digest);
	ret->descriptor = descriptor;
	ret->name = name ? oci_arena_strdup(&ret->arena, name) : NULL;
	if (!descriptor->digest || (name && !ret->name))
		return err_nomem(err);
	ret->manifest = image->manifest_digest;
	ret->config = image->config_digest;
	ret->base_layers = image->manifest->layers_len - ret->layers_len;
	ret->total_size =
		(uint64_t)descriptor->size.value + (uint64_t)image->manifest->config->size.value;
	for (size_t i = 0; i < image->manifest->layers_len; i++)
		ret->total_size += (uint64_t)image->manifest->layers[i].size.value;
	return 0;
}

/* The report's words are the tree's, which is about to go. */
static int keep_report(struct build_result *result, struct oci_error *err)
{
	size_t count = result->slim.suggestions_len;
	const char **kept = oci_arena_array(&result->arena, count + 1, sizeof(*kept));

	if (!kept)
		return err_nomem(err);
	for (size_t i = 0; i < count; i++) {
		kept[i] = oci_arena_strdup(&result->arena, result->slim.suggestions[i]);
		if (!kept[i])
			return err_nomem(err);
	}
	result->slim.suggestions = kept;
	return 0;
}

/* What needs the tree cannot be answered from a record. */
static bool may_recall(const struct build_options *options)
{
	return !options->no_cache && !options->verify && !options->sbom;
}

static int run(struct build *build, struct build_result *ret, struct oci_error *err)
{
	struct image_docs image = { .config = NULL };
	int r = build_open_inputs(build, err);

	if (r == 0)
		r = build_make_key(build, err);
	if (r == 0)
		r = build_open_layouts(build, err);
	if (r == 0 && may_recall(build->options))
		r = build_recall(build, ret, &image, err);
	if (r == 0)
		r = make(build, ret, &image, err);
	if (r >= 0)
		r = fill_result(build, &image, ret, err);
	if (r == 0 && !ret->cached)
		r = keep_report(ret, err);
	if (r == 0 && !ret->cached)
		r = build_explain(build, ret, err);
	if (r == 0 && !ret->cached)
		r = build_list_materials(build, ret, err);
	if (r == 0)
		r = build_publish(build, &image, err);
	if (r == 0 && !ret->cached)
		build_remember(build, ret);
	return r;
}

int build(const struct build_options *options, void (*progress)(void *ctx, const char *line),
	  void *ctx, struct build_result *ret, struct oci_error *err)
{
	struct build build = { .options = options, .progress = progress, .progress_ctx = ctx };
	struct build_result result = { .arena = OCI_ARENA_INIT };
	int r = run(&build, &result, err);

	if (r < 0) {
		build_discard_layouts(&build);
		build_result_free(&result);
	}
	build_close(&build);
	if (r == 0)
		*ret = result;
	return r;
}

void build_result_free(struct build_result *result)
{
	oci_arena_free(&result->arena);
	*result = (struct build_result){ .arena = OCI_ARENA_INIT };
}
