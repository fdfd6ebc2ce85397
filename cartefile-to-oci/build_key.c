/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_key.c - was just this built before? The key is a hash of all that decides about the result: this program, the options,
 * the Cartefile, the base, what stat(2) says of every file that a PATH line names. Files of the host that the closure of a
 * program brought in are not known before it is computed: the record names them, and each must still be as it was.
 *
 * A record, one fact a line: "manifest DIGEST SIZE", "layer DIFF-ID BLOB SIZE TAR-SIZE ENTRIES WORDS", "base COUNT",
 * "slim KEPT LEFT-OUT BYTES BYTES", "suggest WORDS", "host DEV INO SIZE MTIME CTIME PATH".
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/build-private.h"

#define KIND "build"

/* ---- the key ----------------------------------------------------------------------------------------------------- */

static void add_text(struct digest_state *state, const char *text)
{
	/* NULL and "" differ */
	digest_add(state, text ? "+" : "-", 1);
	if (text)
		digest_add(state, text, strlen(text) + 1);
}

static void add_number(struct digest_state *state, int64_t number)
{
	digest_add(state, &number, sizeof(number));
}

static int64_t nanoseconds(const struct timespec *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

/* by name: the host's own files */
static void add_stat(struct digest_state *state, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		add_text(state, NULL);
		return;
	}
	add_number(state, (int64_t)st.st_dev);
	add_number(state, (int64_t)st.st_ino);
	add_number(state, (int64_t)st.st_size);
	add_number(state, nanoseconds(&st.st_mtim));
	add_number(state, nanoseconds(&st.st_ctim));
}

/* What decides where a dynamic program's libraries are found on the host. */
static void add_sysroot(struct digest_state *state, const char *sysroot)
{
	static const char *const names[] = {
		"etc/ld.so.conf", "etc/ld.so.conf.d", "lib", "lib64", "usr/lib", "usr/local/lib"
	};

	add_text(state, sysroot);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[4096];

		if ((size_t)snprintf(path, sizeof(path), "%s/%s", sysroot ? sysroot : "",
				     names[i]) < sizeof(path))
			add_stat(state, path);
	}
}

static void add_options(struct digest_state *state, const struct build_options *options)
{
	add_number(state, options->slim_given ? (int64_t)options->slim : -1);
	add_number(state, (int64_t)options->layers);
	add_text(state, layer_compressor(options->compression));
	add_text(state, options->platform);
	add_text(state, options->probe);
	add_text(state, options->exercise);
	add_number(state, options->trace_seconds);
	add_number(state, (int64_t)options->keep_len);
	for (size_t i = 0; i < options->keep_len; i++)
		add_text(state, options->keep[i]);
}

static int add_inputs(struct build *build, struct digest_state *state, struct oci_error *err)
{
	/* a new version of this program may decide otherwise */
	add_text(state, PACKAGE_VERSION);
	add_stat(state, "/proc/self/exe");
	add_options(state, build->options);
	add_number(state, build->epoch);
	digest_add(state, build->text, build->text_length);
	digest_add(state, build->base.key.bytes, sizeof(build->base.key.bytes));
	if (build->file->from == FROM_SCRATCH)
		add_sysroot(state, build->options->sysroot);
	for (size_t i = 0; i < build->file->paths_len; i++) {
		int r = source_key_path(&build->context, build->file, &build->file->paths[i], state,
					err);

		if (r < 0)
			return r;
	}
	return 0;
}

int build_make_key(struct build *build, struct oci_error *err)
{
	struct digest_state state;
	struct timespec now;
	int r = digest_begin(&state, err);

	if (r < 0)
		return r;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	build->begun = nanoseconds(&now);
	r = add_inputs(build, &state, err);
	if (r == 0)
		digest_end(&state, &build->key);
	digest_abandon(&state);
	return r;
}

/* ---- writing a record -------------------------------------------------------------------------------------------- */

static void write_layer(FILE *out, const struct layer_result *layer, const char *words)
{
	char diff_id[DIGEST_TEXT_SIZE], blob[DIGEST_TEXT_SIZE];

	(void)fprintf(out, "layer %s %s %ju %ju %zu %s\n", digest_format(&layer->diff_id, diff_id),
		      digest_format(&layer->blob, blob), (uintmax_t)layer->size,
		      (uintmax_t)layer->tar_size, layer->entries, words);
}

/* Those of the context are in the key. */
static void write_host_files(FILE *out, const struct tree *tree)
{
	for (const struct tree_node *node = tree->root; node; node = tree_next(node)) {
		const struct tree_content *content = node->content;

		if (node->out || !content || !content->path ||
		    (node->origin != TREE_HOST && node->origin != TREE_KEEP))
			continue;
		(void)fprintf(out, "host %ju %ju %ju %jd %jd %s/%s\n", (uintmax_t)content->host_dev,
			      (uintmax_t)content->host_ino, (uintmax_t)content->size,
			      (intmax_t)content->host_mtime, (intmax_t)content->host_ctime,
			      content->source->name, content->path);
	}
}

static void write_record(FILE *out, const struct build *build, const struct build_result *result)
{
	char manifest[DIGEST_TEXT_SIZE];

	(void)fprintf(out, "manifest %s %jd\nbase %zu\n",
		      digest_format(&result->manifest, manifest),
		      (intmax_t)result->descriptor->size.value, result->base_layers);
	for (size_t i = 0; i < result->layers_len; i++)
		write_layer(out, &result->layers[i], result->layer_words[i]);
	(void)fprintf(out, "slim %zu %zu %ju %ju\n", result->slim.kept, result->slim.left_out,
		      (uintmax_t)result->slim.kept_bytes, (uintmax_t)result->slim.left_out_bytes);
	for (size_t i = 0; i < result->slim.suggestions_len; i++)
		(void)fprintf(out, "suggest %s\n", result->slim.suggestions[i]);
	write_host_files(out, &build->tree);
}

void build_remember(struct build *build, const struct build_result *result)
{
	struct oci_error ignored = OCI_ERROR_INIT;
	CLEANUP_FREE char *text = NULL;
	size_t length = 0;
	FILE *out;

	if (!build_is_settled(build))
		return;
	out = open_memstream(&text, &length);
	if (!out)
		return;
	write_record(out, build, result);
	/* a build without a record is slower next time, nothing else */
	if (fclose(out) == 0)
		(void)store_cache_put(build->options->store, KIND, &build->key, text, length,
				      &ignored);
}

/* ---- reading one ------------------------------------------------------------------------------------------------- */

static bool read_manifest(const char *line, struct build_result *ret)
{
	struct oci_descriptor *descriptor = oci_arena_alloc(&ret->arena, sizeof(*descriptor));
	static char type[] = OCI_MEDIA_TYPE_MANIFEST;
	char digest[DIGEST_TEXT_SIZE];
	intmax_t size;

	if (!descriptor || sscanf(line, "manifest %71s %jd", digest, &size) != 2 ||
	    digest_parse(digest, &ret->manifest) < 0)
		return false;
	descriptor->media_type = type;
	descriptor->digest = oci_arena_strdup(&ret->arena, digest);
	descriptor->size = (struct oci_i64){ true, size };
	ret->descriptor = descriptor;
	return descriptor->digest != NULL;
}

static bool read_layer(const char *line, struct build_result *ret)
{
	char diff_id[DIGEST_TEXT_SIZE], blob[DIGEST_TEXT_SIZE];
	struct layer_result *layer = &ret->layers[ret->layers_len];
	uintmax_t size, tar_size;
	int words = 0;

	if (ret->layers_len == ARRAY_LEN(ret->layers) ||
	    sscanf(line, "layer %71s %71s %ju %ju %zu %n", diff_id, blob, &size, &tar_size,
		   &layer->entries, &words) != 5 ||
	    words == 0 || digest_parse(diff_id, &layer->diff_id) < 0 ||
	    digest_parse(blob, &layer->blob) < 0)
		return false;
	layer->size = size;
	layer->tar_size = tar_size;
	ret->layer_cached[ret->layers_len] = true;
	ret->layer_words[ret->layers_len] = oci_arena_strdup(&ret->arena, line + words);
	return ret->layer_words[ret->layers_len++] != NULL;
}

static bool read_slim(const char *line, struct build_result *ret)
{
	uintmax_t kept, left_out;

	if (sscanf(line, "slim %zu %zu %ju %ju", &ret->slim.kept, &ret->slim.left_out, &kept,
		   &left_out) != 4)
		return false;
	ret->slim.kept_bytes = kept;
	ret->slim.left_out_bytes = left_out;
	return true;
}

static bool read_suggestion(const char *words, struct build_result *ret)
{
	size_t length = ret->slim.suggestions_len;
	const char **grown = oci_arena_array(&ret->arena, length + 1, sizeof(*grown));

	if (!grown)
		return false;
	if (length > 0)
		memcpy(grown, ret->slim.suggestions, length * sizeof(*grown));
	grown[length] = oci_arena_strdup(&ret->arena, words);
	ret->slim.suggestions = grown;
	ret->slim.suggestions_len = length + 1;
	return grown[length] != NULL;
}

/* by name: the host's own files */
static bool host_file_is_same(const char *line)
{
	uintmax_t dev, ino, size;
	intmax_t mtime, ctime;
	struct stat st;
	int path = 0;

	return sscanf(line, "host %ju %ju %ju %jd %jd %n", &dev, &ino, &size, &mtime, &ctime,
		      &path) == 5 &&
	       path > 0 && lstat(line + path, &st) == 0 && st.st_dev == dev && st.st_ino == ino &&
	       (uintmax_t)st.st_size == size && nanoseconds(&st.st_mtim) == mtime &&
	       nanoseconds(&st.st_ctim) == ctime;
}

static bool read_line(const char *line, struct build_result *ret)
{
	switch (line[0]) {
	case 'm':
		return read_manifest(line, ret);
	case 'b':
		return sscanf(line, "base %zu", &ret->base_layers) == 1;
	case 'l':
		return read_layer(line, ret);
	case 'h':
		return host_file_is_same(line);
	default:
		return strncmp(line, "suggest ", 8) == 0 ? read_suggestion(line + 8, ret)
							 : read_slim(line, ret);
	}
}

static bool read_record(char *text, struct build_result *ret)
{
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (!read_line(line, ret))
			return false;
	return ret->descriptor != NULL;
}

/* 1 when every blob of the image is at hand. */
static int have_image(struct build *build, struct build_result *ret, struct image_docs *image,
		      struct oci_error *err)
{
	int r = build_have_blob(build, &ret->manifest, (uint64_t)ret->descriptor->size.value, err);

	if (r <= 0)
		return r;
	/* the manifest tells where the configuration is, so it is asked for twice */
	r = layout_read_image(build->primary, ret->descriptor, &ret->arena, image, NULL);
	if (r < 0) {
		struct oci_manifest *manifest;
		size_t length;
		char *text;

		if (layout_read_blob(build->primary, &ret->manifest, ret->descriptor->size.value,
				     &ret->arena, &text, &length, NULL) < 0 ||
		    oci_manifest_parse(&ret->arena, "manifest", text, length, &manifest, NULL) < 0)
			return 0;
		if (digest_parse(manifest->config->digest, &image->config_digest) < 0 ||
		    build_have_blob(build, &image->config_digest,
				    (uint64_t)manifest->config->size.value, err) != 1 ||
		    layout_read_image(build->primary, ret->descriptor, &ret->arena, image, NULL) <
			    0)
			return 0;
	}
	for (size_t i = 0; i < image->manifest->layers_len; i++) {
		const struct oci_descriptor *layer = &image->manifest->layers[i];
		struct digest digest;

		if (digest_parse(layer->digest, &digest) < 0)
			return 0;
		r = build_have_blob(build, &digest, (uint64_t)layer->size.value, err);
		if (r <= 0)
			return r;
	}
	return 1;
}

int build_recall(struct build *build, struct build_result *ret, struct image_docs *ret_image,
		 struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL;
	struct build_result result = { .arena = OCI_ARENA_INIT };
	struct image_docs image = { .config = NULL };
	size_t length;
	int r = store_cache_get(build->options->store, KIND, &build->key, &text, &length, err);

	if (r == 1)
		r = read_record(text, &result) ? have_image(build, &result, &image, err) : 0;
	if (r == 1)
		r = build_explain_again(build, &result, err);
	if (r != 1) {
		oci_arena_free(&result.arena);
		return r;
	}
	result.cached = true;
	*ret = result;
	*ret_image = image;
	return 1;
}
