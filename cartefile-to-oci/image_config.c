/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_config.c - the two documents of a built image; see image_config.h.
 */
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/image_config.h"

/* what Docker's containers have; a program that runs others needs one (execvp(3)'s own lacks /usr/local) */
#define DEFAULT_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

char *image_time(int64_t seconds, struct oci_arena *arena)
{
	time_t time = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&time, &tm))
		return oci_arena_strdup(arena, "1970-01-01T00:00:00Z");
	/* strftime(3) would read the host's time zone, which does not matter here */
	return oci_arena_printf(arena, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
				tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* ---- what the container begins with ------------------------------------------------------------------------------ */

static bool same_variable(const char *a, const char *b)
{
	size_t length = strcspn(a, "=");

	return strncmp(a, b, length) == 0 && (b[length] == '=' || b[length] == '\0');
}

/* @env has room */
static void set_variable(char **env, size_t *len, char *variable)
{
	for (size_t i = 0; i < *len; i++)
		if (same_variable(env[i], variable)) {
			env[i] = variable;
			return;
		}
	env[(*len)++] = variable;
}

static int merge_env(struct oci_container_config *config, const struct cartefile *file,
		     struct oci_arena *arena, struct oci_error *err)
{
	static char default_path[] = DEFAULT_PATH;
	char **env = oci_arena_array(arena, config->env_len + file->env_len + 2, sizeof(*env));
	size_t len = 0;

	if (!env)
		return err_nomem(err);
	env[len++] = default_path;
	for (size_t i = 0; i < config->env_len; i++)
		set_variable(env, &len, config->env[i]);
	for (size_t i = 0; i < file->env_len; i++)
		set_variable(env, &len, file->env[i]);
	config->env = env;
	config->env_len = len;
	return 0;
}

static int merge_labels(struct oci_container_config *config, const struct cartefile *file,
			struct oci_arena *arena, struct oci_error *err)
{
	struct oci_pair *labels =
		oci_arena_array(arena, config->labels_len + file->labels_len, sizeof(*labels));
	size_t len = 0;

	if (config->labels_len + file->labels_len == 0)
		return 0;
	if (!labels)
		return err_nomem(err);
	for (size_t i = 0; i < config->labels_len; i++)
		labels[len++] = config->labels[i];
	for (size_t i = 0; i < file->labels_len; i++) {
		size_t at = 0;

		while (at < len && strcmp(labels[at].key, file->labels[i].key) != 0)
			at++;
		labels[at] = file->labels[i];
		len += at == len;
	}
	config->labels = labels;
	config->labels_len = len;
	return 0;
}

/*
 * The program is the Entrypoint and its arguments are Cmd, so that arguments given when the image is run take the place of
 * the latter, as users of Docker expect. The base's Cmd was for the base's program.
 */
static void set_program(struct oci_container_config *config, const struct cartefile *file)
{
	if (!file->has_exe)
		return;
	config->entrypoint = file->argv;
	config->entrypoint_len = 1;
	config->cmd = file->argv_len > 1 ? file->argv + 1 : NULL;
	config->cmd_len = file->argv_len - 1;
	config->args_escaped = (struct oci_bool){ 0 };
}

static int container_config(const struct image_plan *plan, struct oci_arena *arena,
			    struct oci_container_config **ret, struct oci_error *err)
{
	const struct cartefile *file = plan->file;
	struct oci_container_config *config = oci_arena_alloc(arena, sizeof(*config));
	int r;

	if (!config)
		return err_nomem(err);
	if (plan->base && plan->base->config->config)
		*config = *plan->base->config->config;
	r = merge_env(config, file, arena, err);
	if (r == 0)
		r = merge_labels(config, file, arena, err);
	if (file->user)
		config->user = file->user;
	set_program(config, file);
	if (r == 0)
		*ret = config;
	return r;
}

/* ---- history: entries without empty_layer are as many as layers (config.md#properties) --------------------------- */

struct steps {
	struct oci_history *items;
	size_t len;
	char *created;
	bool out_of_memory;
};

static void add_step(struct steps *steps, char *words, bool is_empty)
{
	struct oci_history *step = &steps->items[steps->len++];

	step->created = steps->created;
	step->created_by = words;
	steps->out_of_memory |= !words;
	if (is_empty)
		step->empty_layer = (struct oci_bool){ true, true };
}

static bool is_empty_step(const struct oci_history *step)
{
	return step->empty_layer.present && step->empty_layer.value;
}

static size_t base_layers(const struct image_plan *plan)
{
	return plan->base && !plan->flattened ? plan->base->manifest->layers_len : 0;
}

/* The base's own, unless it has none or it counts wrongly, which some builders do: then one step for each layer. */
static void add_base_steps(const struct image_plan *plan, struct steps *steps)
{
	static char words[] = "FROM";
	const struct oci_image_config *config = plan->base->config;
	size_t filled = 0;

	for (size_t i = 0; i < config->history_len; i++)
		filled += !is_empty_step(&config->history[i]);
	if (filled == base_layers(plan)) {
		for (size_t i = 0; i < config->history_len; i++)
			steps->items[steps->len++] = config->history[i];
		return;
	}
	for (size_t i = 0; i < base_layers(plan); i++)
		add_step(steps, words, false);
}

/* "cartefile-to-oci: files: PATH app /srv/app, PATH etc /etc": nothing of this host is in it */
static char *layer_words(const struct image_plan *plan, const char *words, struct oci_arena *arena)
{
	const struct cartefile *file = plan->file;
	char text[512];
	size_t length = (size_t)snprintf(text, sizeof(text), "cartefile-to-oci: %s", words);

	for (size_t i = 0; i < file->paths_len && length < sizeof(text); i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s PATH %s %s",
					   i == 0 ? ":" : ",", file->paths[i].source,
					   file->paths[i].destination);
	if (length >= sizeof(text))
		memcpy(text + sizeof(text) - 4, "...", 4);
	return oci_arena_strdup(arena, text);
}

static char *exe_words(const struct cartefile *file, struct oci_arena *arena)
{
	char text[512];
	size_t length = (size_t)snprintf(text, sizeof(text), "cartefile-to-oci: exe_PATH");

	for (size_t i = 0; i < file->argv_len && length < sizeof(text); i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, " %s",
					   file->argv[i]);
	if (length >= sizeof(text))
		memcpy(text + sizeof(text) - 4, "...", 4);
	return oci_arena_strdup(arena, text);
}

static int make_history(const struct image_plan *plan, struct oci_image_config *config,
			struct oci_arena *arena, struct oci_error *err)
{
	bool has_base = plan->base && !plan->flattened;
	size_t room = (has_base ? plan->base->config->history_len + base_layers(plan) : 0) +
		      plan->list.count + 1;
	struct steps steps = { .items = oci_arena_array(arena, room, sizeof(*steps.items)),
			       .created = config->created };

	if (!steps.items)
		return err_nomem(err);
	if (has_base)
		add_base_steps(plan, &steps);
	for (size_t i = 0; i < plan->list.count; i++)
		if (plan->list.used[i])
			add_step(&steps, layer_words(plan, plan->list.words[i], arena), false);
	if (plan->file->has_exe)
		add_step(&steps, exe_words(plan->file, arena), true);
	if (steps.out_of_memory)
		return err_nomem(err);
	config->history = steps.items;
	config->history_len = steps.len;
	return 0;
}

/* ---- layers ------------------------------------------------------------------------------------------------------ */

static size_t new_layers(const struct image_plan *plan)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->list.count; i++)
		count += plan->list.used[i];
	return count;
}

static char *digest_text(const struct digest *digest, struct oci_arena *arena)
{
	char text[DIGEST_TEXT_SIZE];

	return oci_arena_strdup(arena, digest_format(digest, text));
}

static int make_rootfs(const struct image_plan *plan, struct oci_image_config *config,
		       struct oci_arena *arena, struct oci_error *err)
{
	size_t kept = base_layers(plan), count = new_layers(plan);
	struct oci_rootfs *rootfs = oci_arena_alloc(arena, sizeof(*rootfs));

	if (rootfs)
		rootfs->diff_ids = oci_arena_array(arena, kept + count + 1, sizeof(char *));
	if (!rootfs || !rootfs->diff_ids)
		return err_nomem(err);
	rootfs->type = OCI_ROOTFS_LAYERS;
	for (size_t i = 0; i < kept; i++)
		rootfs->diff_ids[i] = plan->base->config->rootfs->diff_ids[i];
	for (size_t i = 0; i < count; i++) {
		rootfs->diff_ids[kept + i] = digest_text(&plan->layers[i].diff_id, arena);
		if (!rootfs->diff_ids[kept + i])
			return err_nomem(err);
	}
	rootfs->diff_ids_len = kept + count;
	config->rootfs = rootfs;
	return 0;
}

int image_config_make(const struct image_plan *plan, struct oci_arena *arena,
		      struct oci_image_config **ret, struct oci_error *err)
{
	struct oci_image_config *config = oci_arena_alloc(arena, sizeof(*config));
	int r;

	if (!config)
		return err_nomem(err);
	if (plan->base)
		*config = *plan->base->config;
	config->architecture = plan->platform.architecture;
	config->os = plan->platform.os;
	config->variant = plan->platform.variant;
	config->created = image_time(plan->created, arena);
	if (!config->created)
		return err_nomem(err);
	r = container_config(plan, arena, &config->config, err);
	if (r == 0)
		r = make_rootfs(plan, config, arena, err);
	if (r == 0)
		r = make_history(plan, config, arena, err);
	if (r == 0)
		*ret = config;
	return r;
}

/* ---- the manifest ------------------------------------------------------------------------------------------------ */

/* The blobs are the same, only their names differ (image-spec media-types.md#compatibility-matrix). */
static char *oci_media_type(char *type)
{
	static char tar[] = OCI_MEDIA_TYPE_LAYER, gzip[] = OCI_MEDIA_TYPE_LAYER_GZIP,
		    zstd[] = OCI_MEDIA_TYPE_LAYER_ZSTD;

	if (strcmp(type, OCI_MEDIA_TYPE_DOCKER_LAYER_GZIP) == 0)
		return gzip;
	if (strcmp(type, OCI_MEDIA_TYPE_DOCKER_LAYER) == 0)
		return tar;
	return strcmp(type, OCI_MEDIA_TYPE_DOCKER_LAYER ".zstd") == 0 ? zstd : type;
}

static int make_layers(const struct image_plan *plan, struct oci_manifest *manifest,
		       struct oci_arena *arena, struct oci_error *err)
{
	size_t kept = base_layers(plan), count = new_layers(plan);
	struct oci_descriptor *layers = oci_arena_array(arena, kept + count + 1, sizeof(*layers));

	if (!layers)
		return err_nomem(err);
	for (size_t i = 0; i < kept; i++) {
		layers[i] = plan->base->manifest->layers[i];
		layers[i].media_type = oci_media_type(layers[i].media_type);
	}
	for (size_t i = 0; i < count; i++) {
		struct oci_descriptor *layer = &layers[kept + i];

		layer->media_type = (char *)layer_media_type(plan->compression);
		layer->digest = digest_text(&plan->layers[i].blob, arena);
		layer->size = (struct oci_i64){ true, (int64_t)plan->layers[i].size };
		if (!layer->digest)
			return err_nomem(err);
	}
	manifest->layers = layers;
	manifest->layers_len = kept + count;
	return 0;
}

static void annotate(struct oci_manifest *manifest, const char *key, char *value)
{
	manifest->annotations[manifest->annotations_len++] =
		(struct oci_pair){ (char *)key, value };
}

/* In the order of the keys. The base's name only where it means the same on every host. */
static int make_annotations(const struct image_plan *plan, struct oci_manifest *manifest,
			    struct oci_arena *arena, struct oci_error *err)
{
	enum cartefile_from from = plan->file->from;

	manifest->annotations = oci_arena_array(arena, 3, sizeof(*manifest->annotations));
	if (!manifest->annotations)
		return err_nomem(err);
	if (new_layers(plan) > 0)
		annotate(manifest, IMAGE_ANNOTATION_COMPRESSOR,
			 (char *)layer_compressor(plan->compression));
	if (!plan->base)
		return 0;
	annotate(manifest, "org.opencontainers.image.base.digest",
		 digest_text(&plan->base->manifest_digest, arena));
	if (from == FROM_DOCKER || from == FROM_STORE)
		annotate(manifest, "org.opencontainers.image.base.name", plan->file->from_text);
	return manifest->annotations[manifest->annotations_len - 1].value ? 0 : err_nomem(err);
}

int image_manifest_make(const struct image_plan *plan, const struct digest *config,
			size_t config_size, struct oci_arena *arena, struct oci_manifest **ret,
			struct oci_error *err)
{
	static char manifest_type[] = OCI_MEDIA_TYPE_MANIFEST,
		    config_type[] = OCI_MEDIA_TYPE_CONFIG;
	struct oci_manifest *manifest = oci_arena_alloc(arena, sizeof(*manifest));
	int r;

	if (manifest)
		manifest->config = oci_arena_alloc(arena, sizeof(*manifest->config));
	if (!manifest || !manifest->config)
		return err_nomem(err);
	manifest->schema_version = (struct oci_i64){ true, OCI_SCHEMA_VERSION };
	manifest->media_type = manifest_type;
	manifest->config->media_type = config_type;
	manifest->config->digest = digest_text(config, arena);
	manifest->config->size = (struct oci_i64){ true, (int64_t)config_size };
	if (!manifest->config->digest)
		return err_nomem(err);
	r = make_layers(plan, manifest, arena, err);
	if (r == 0)
		r = make_annotations(plan, manifest, arena, err);
	if (r == 0)
		*ret = manifest;
	return r;
}
