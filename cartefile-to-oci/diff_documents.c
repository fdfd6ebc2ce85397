/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff_documents.c - differences of manifests and configurations, member by member.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/diff.h"

/* ---- lists ------------------------------------------------------------------------------------------------------------ */
static bool has(char *const *list, size_t length, const char *text)
{
	for (size_t i = 0; i < length; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

/* "a" "b" */
static const char *join(char *const *list, size_t length, struct oci_arena *arena)
{
	size_t size = 1;
	char *text, *at;

	for (size_t i = 0; i < length; i++)
		size += strlen(list[i]) + 3;
	at = text = oci_arena_alloc(arena, size);
	for (size_t i = 0; text && i < length; i++)
		at += sprintf(at, "%s\"%s\"", i > 0 ? " " : "", list[i]);
	return text;
}

/* Where the order has no meaning: what is in one only. */
static int diff_set(struct diff_list *list, const char *name, char *const *a, size_t a_len,
		    char *const *b, size_t b_len, struct oci_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < a_len; i++)
		if (!has(b, b_len, a[i]))
			r = diff_add(list, DIFF_CONFIG, name, NULL, a[i], NULL, err);
	for (size_t i = 0; r == 0 && i < b_len; i++)
		if (!has(a, a_len, b[i]))
			r = diff_add(list, DIFF_CONFIG, name, NULL, NULL, b[i], err);
	return r;
}

static int diff_list(struct diff_list *list, const char *name, char *const *a, size_t a_len,
		     char *const *b, size_t b_len, struct oci_error *err)
{
	const char *x = a_len > 0 ? join(a, a_len, list->arena) : NULL;
	const char *y = b_len > 0 ? join(b, b_len, list->arena) : NULL;

	if ((a_len > 0 && !x) || (b_len > 0 && !y))
		return err_nomem(err);
	return diff_add(list, DIFF_CONFIG, name, NULL, x, y, err);
}

static const char *value_of(const struct oci_pair *pairs, size_t length, const char *key)
{
	for (size_t i = 0; i < length; i++)
		if (strcmp(pairs[i].key, key) == 0)
			return pairs[i].value;
	return NULL;
}

/* @name with the key behind it: "Labels.org.example" */
static int diff_pairs(struct diff_list *list, enum diff_where where, const char *name,
		      const struct oci_pair *a, size_t a_len, const struct oci_pair *b,
		      size_t b_len, struct oci_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < a_len + b_len; i++) {
		const struct oci_pair *pair = i < a_len ? &a[i] : &b[i - a_len];
		const char *words;

		if (i >= a_len && value_of(a, a_len, pair->key))
			continue;
		words = oci_arena_printf(list->arena, "%s.%s", name, pair->key);
		if (!words)
			return err_nomem(err);
		r = diff_add(list, where, words, NULL, value_of(a, a_len, pair->key),
			     value_of(b, b_len, pair->key), err);
	}
	return r;
}

/* ---- configuration ---------------------------------------------------------------------------------------------------- */
static const struct text_member {
	const char *name;
	size_t offset;
} image_texts[] = {
	{ "created", offsetof(struct oci_image_config, created) },
	{ "author", offsetof(struct oci_image_config, author) },
	{ "architecture", offsetof(struct oci_image_config, architecture) },
	{ "os", offsetof(struct oci_image_config, os) },
	{ "os.version", offsetof(struct oci_image_config, os_version) },
	{ "variant", offsetof(struct oci_image_config, variant) },
}, container_texts[] = {
	{ "User", offsetof(struct oci_container_config, user) },
	{ "WorkingDir", offsetof(struct oci_container_config, working_dir) },
	{ "StopSignal", offsetof(struct oci_container_config, stop_signal) },
};

static const struct list_member {
	const char *name;
	size_t offset, length;
	bool ordered;
} lists[] = {
	{ "Env", offsetof(struct oci_container_config, env),
	  offsetof(struct oci_container_config, env_len), false },
	{ "Entrypoint", offsetof(struct oci_container_config, entrypoint),
	  offsetof(struct oci_container_config, entrypoint_len), true },
	{ "Cmd", offsetof(struct oci_container_config, cmd),
	  offsetof(struct oci_container_config, cmd_len), true },
	{ "Shell", offsetof(struct oci_container_config, shell),
	  offsetof(struct oci_container_config, shell_len), true },
	{ "ExposedPorts", offsetof(struct oci_container_config, exposed_ports),
	  offsetof(struct oci_container_config, exposed_ports_len), false },
	{ "Volumes", offsetof(struct oci_container_config, volumes),
	  offsetof(struct oci_container_config, volumes_len), false },
	{ "OnBuild", offsetof(struct oci_container_config, on_build),
	  offsetof(struct oci_container_config, on_build_len), true },
};

static int diff_texts(struct diff_list *list, const struct text_member *members, size_t count,
		      const void *a, const void *b, struct oci_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = diff_add(list, DIFF_CONFIG, members[i].name, NULL,
			     *(char *const *)((const char *)a + members[i].offset),
			     *(char *const *)((const char *)b + members[i].offset), err);
	return r;
}

static int diff_healthchecks(struct diff_list *list, const struct oci_healthcheck *a,
			     const struct oci_healthcheck *b, struct oci_error *err)
{
	static const struct oci_healthcheck none;
	const struct oci_healthcheck *x = a ? a : &none, *y = b ? b : &none;
	const struct {
		const char *name;
		struct oci_i64 a, b;
	} numbers[] = {
		{ "Healthcheck.Interval", x->interval, y->interval },
		{ "Healthcheck.Timeout", x->timeout, y->timeout },
		{ "Healthcheck.StartPeriod", x->start_period, y->start_period },
		{ "Healthcheck.StartInterval", x->start_interval, y->start_interval },
		{ "Healthcheck.Retries", x->retries, y->retries },
	};
	int r = diff_list(list, "Healthcheck.Test", x->test, x->test_len, y->test, y->test_len,
			  err);

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(numbers); i++)
		r = diff_add(list, DIFF_CONFIG, numbers[i].name, NULL,
			     numbers[i].a.present
				     ? oci_arena_printf(list->arena, "%" PRId64, numbers[i].a.value)
				     : NULL,
			     numbers[i].b.present
				     ? oci_arena_printf(list->arena, "%" PRId64, numbers[i].b.value)
				     : NULL,
			     err);
	return r;
}

static int diff_containers(struct diff_list *list, const struct oci_container_config *a,
			   const struct oci_container_config *b, struct oci_error *err)
{
	static const struct oci_container_config none;
	int r;

	a = a ? a : &none;
	b = b ? b : &none;
	r = diff_texts(list, container_texts, ARRAY_LEN(container_texts), a, b, err);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(lists); i++) {
		const char *x = (const char *)a, *y = (const char *)b;
		char **x_list = *(char **const *)(x + lists[i].offset);
		char **y_list = *(char **const *)(y + lists[i].offset);
		size_t x_len = *(const size_t *)(x + lists[i].length);
		size_t y_len = *(const size_t *)(y + lists[i].length);

		r = (lists[i].ordered ? diff_list : diff_set)(list, lists[i].name, x_list, x_len,
							      y_list, y_len, err);
	}
	if (r == 0)
		r = diff_pairs(list, DIFF_CONFIG, "Labels", a->labels, a->labels_len, b->labels,
			       b->labels_len, err);
	return r < 0 ? r : diff_healthchecks(list, a->healthcheck, b->healthcheck, err);
}

static const char *history_line(const struct oci_image_config *config, size_t i,
				struct oci_arena *arena)
{
	const struct oci_history *h = i < config->history_len ? &config->history[i] : NULL;

	if (!h)
		return NULL;
	return oci_arena_printf(arena, "%s%s%s%s%s", h->created ? h->created : "",
				h->created_by ? " " : "", h->created_by ? h->created_by : "",
				h->comment ? " # " : "", h->comment ? h->comment : "");
}

static int diff_numbered(struct diff_list *list, enum diff_where where, const char *word, size_t i,
			 const char *a, const char *b, struct oci_error *err)
{
	const char *name = oci_arena_printf(list->arena, "%s %zu", word, i + 1);

	return name ? diff_add(list, where, name, NULL, a, b, err) : err_nomem(err);
}

static int diff_configs(struct diff_list *list, const struct oci_image_config *a,
			const struct oci_image_config *b, struct oci_error *err)
{
	int r = diff_texts(list, image_texts, ARRAY_LEN(image_texts), a, b, err);

	if (r == 0)
		r = diff_containers(list, a->config, b->config, err);
	for (size_t i = 0; r == 0 && (i < a->rootfs->diff_ids_len || i < b->rootfs->diff_ids_len);
	     i++)
		r = diff_numbered(list, DIFF_CONFIG, "diff id", i,
				  i < a->rootfs->diff_ids_len ? a->rootfs->diff_ids[i] : NULL,
				  i < b->rootfs->diff_ids_len ? b->rootfs->diff_ids[i] : NULL, err);
	for (size_t i = 0; r == 0 && (i < a->history_len || i < b->history_len); i++)
		r = diff_numbered(list, DIFF_CONFIG, "history", i, history_line(a, i, list->arena),
				  history_line(b, i, list->arena), err);
	return r;
}

/* ---- manifest --------------------------------------------------------------------------------------------------------- */
static const char *layer_line(const struct oci_manifest *manifest, size_t i,
			      struct oci_arena *arena)
{
	const struct oci_descriptor *layer = i < manifest->layers_len ? &manifest->layers[i] : NULL;

	return layer ? oci_arena_printf(arena, "%s, %" PRId64 " bytes, %s", layer->digest,
					layer->size.value, layer->media_type)
		     : NULL;
}

int diff_documents(const struct image_docs *a, const struct image_docs *b, struct diff_list *list,
		   struct oci_error *err)
{
	const struct oci_manifest *x = a->manifest, *y = b->manifest;
	int r = diff_add(list, DIFF_MANIFEST, "mediaType", NULL, x->media_type, y->media_type, err);

	if (r == 0)
		r = diff_add(list, DIFF_MANIFEST, "config", NULL, x->config->digest,
			     y->config->digest, err);
	for (size_t i = 0; r == 0 && (i < x->layers_len || i < y->layers_len); i++)
		r = diff_numbered(list, DIFF_MANIFEST, "layer", i, layer_line(x, i, list->arena),
				  layer_line(y, i, list->arena), err);
	if (r == 0)
		r = diff_pairs(list, DIFF_MANIFEST, "annotations", x->annotations,
			       x->annotations_len, y->annotations, y->annotations_len, err);
	return r < 0 ? r : diff_configs(list, a->config, b->config, err);
}
