/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_layers.c - the layers of a build: found again where nothing has changed, written where something has.
 *
 * Three records, each under a key of its own:
 *	layer	what stat(2) says of everything in it -> the blob: nothing is read
 *	shape	names, attributes and sizes only: a layer like this was made, so it pays to read it and
 *	blob	to look for its diff id and compressor -> the blob: nothing is compressed
 * A small layer is written anew in less time than its records take.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/build-private.h"
#include "cartefile-to-oci/listing.h"
#include "cartefile-to-oci/tar.h"

/* ---- keys -------------------------------------------------------------------------------------------------------- */

struct keys {
	struct digest_state layer, shape;
	const struct digest *base;
	int64_t newest;
	uint64_t bytes; /* of the tar, about */
};

#define SMALL ((uint64_t)128 << 10)

static void add_text(struct digest_state *state, const char *text)
{
	digest_add(state, text, strlen(text) + 1);
}

static void add_number(struct digest_state *state, int64_t number)
{
	digest_add(state, &number, sizeof(number));
}

static void both_text(struct keys *keys, const char *text)
{
	add_text(&keys->layer, text);
	add_text(&keys->shape, text);
}

static void both_number(struct keys *keys, int64_t number)
{
	add_number(&keys->layer, number);
	add_number(&keys->shape, number);
}

static void add_content(struct keys *keys, const struct tree_content *content)
{
	both_number(keys, (int64_t)content->size);
	keys->bytes += content->size;
	if (content->path) {
		add_number(&keys->layer, (int64_t)content->host_dev);
		add_number(&keys->layer, (int64_t)content->host_ino);
		add_number(&keys->layer, content->host_mtime);
		add_number(&keys->layer, content->host_ctime);
		if (content->host_ctime > keys->newest)
			keys->newest = content->host_ctime;
	} else {
		/* a piece of the base, which its key stands for */
		digest_add(&keys->layer, keys->base->bytes, sizeof(keys->base->bytes));
		add_number(&keys->layer, (int64_t)content->offset);
	}
}

static int add_node(void *ctx, const struct tree_node *node, const struct tree_node *first,
		    struct oci_error *err)
{
	struct keys *keys = ctx;
	char path[4096];

	(void)err;
	keys->bytes += TAR_BLOCK;
	both_text(keys, tree_path(node, path, sizeof(path)));
	both_number(keys, node->type | (int64_t)node->mode << 8);
	both_number(keys, (int64_t)node->uid << 32 | node->gid);
	both_number(keys, node->mtime);
	both_number(keys, (int64_t)node->rdev_major << 32 | node->rdev_minor);
	both_text(keys, node->target ? node->target : "");
	both_number(keys, (int64_t)node->xattrs_len);
	for (size_t i = 0; i < node->xattrs_len; i++) {
		both_text(keys, node->xattrs[i].name);
		both_number(keys, (int64_t)node->xattrs[i].length);
		digest_add(&keys->layer, node->xattrs[i].value, node->xattrs[i].length);
	}
	both_text(keys, first ? tree_path(first, path, sizeof(path)) : "");
	if (node->content && !first)
		add_content(keys, node->content);
	return 0;
}

struct layer_keys {
	struct digest layer, shape;
	bool is_settled, is_small;
};

static int make_keys(struct build *build, int layer, struct layer_keys *ret, struct oci_error *err)
{
	struct keys keys = { .base = &build->base.key };
	int r = digest_begin(&keys.layer, err);

	if (r == 0)
		r = digest_begin(&keys.shape, err);
	if (r == 0) {
		both_text(&keys, layer_compressor(build->options->compression));
		r = layer_walk(&build->tree, layer, add_node, &keys, NULL, err);
	}
	if (r == 0) {
		digest_end(&keys.layer, &ret->layer);
		digest_end(&keys.shape, &ret->shape);
		ret->is_settled = keys.newest < build->begun - BUILD_RACY_NS;
		ret->is_small = keys.bytes < SMALL;
	}
	if (keys.newest > build->newest)
		build->newest = keys.newest;
	digest_abandon(&keys.layer);
	digest_abandon(&keys.shape);
	return r;
}

bool build_is_settled(const struct build *build)
{
	return build->newest < build->begun - BUILD_RACY_NS;
}

static int blob_key(const struct build *build, const struct digest *diff_id, struct digest *ret,
		    struct oci_error *err)
{
	const char *compressor = layer_compressor(build->options->compression);
	struct digest_state state;
	int r = digest_begin(&state, err);

	if (r < 0)
		return r;
	digest_add(&state, diff_id->bytes, sizeof(diff_id->bytes));
	add_text(&state, compressor);
	digest_end(&state, ret);
	return 0;
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static void put_record(struct build *build, const char *kind, const struct digest *key,
		       const struct layer_result *layer)
{
	char diff_id[DIGEST_TEXT_SIZE], blob[DIGEST_TEXT_SIZE], text[320];
	struct oci_error ignored = OCI_ERROR_INIT;
	int length =
		snprintf(text, sizeof(text), "%s %s %ju %ju %zu\n",
			 digest_format(&layer->diff_id, diff_id), digest_format(&layer->blob, blob),
			 (uintmax_t)layer->size, (uintmax_t)layer->tar_size, layer->entries);

	/* a build without a record is slower next time, nothing else */
	(void)store_cache_put(build->options->store, kind, key, text, (size_t)length, &ignored);
}

static bool parse_record(const char *text, struct layer_result *ret)
{
	char diff_id[DIGEST_TEXT_SIZE], blob[DIGEST_TEXT_SIZE];
	uintmax_t size, tar_size;

	if (sscanf(text, "%71s %71s %ju %ju %zu", diff_id, blob, &size, &tar_size, &ret->entries) !=
	    5)
		return false;
	ret->size = size;
	ret->tar_size = tar_size;
	return digest_parse(diff_id, &ret->diff_id) == 0 && digest_parse(blob, &ret->blob) == 0;
}

/* 1 when there is a record and its blob is at hand. */
static int get_record(struct build *build, const char *kind, const struct digest *key,
		      struct layer_result *ret, struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL;
	struct layer_result result;
	size_t length;
	int r = store_cache_get(build->options->store, kind, key, &text, &length, err);

	if (r <= 0)
		return r;
	if (!parse_record(text, &result))
		return 0;
	r = build_have_blob(build, &result.blob, result.size, err);
	if (r == 1)
		*ret = result;
	return r;
}

int build_have_blob(struct build *build, const struct digest *digest, uint64_t size,
		    struct oci_error *err)
{
	const struct layout *store = &build->options->store->layout;
	int r = layout_has_blob(build->primary, digest, (int64_t)size);

	if (r != 0 || build->primary == store)
		return r;
	r = layout_has_blob(store, digest, (int64_t)size);
	if (r == 1) {
		r = layout_copy_blob(store, build->primary, digest, (int64_t)size, err);
		if (r == 0)
			r = 1;
	}
	return r;
}

/* ---- a listing, so that an image over this one does not read the layer again --------------------------------------- */

#define LISTED_SIZE ((uint64_t)1 << 20) /* of a tar: reading less is faster than one more record */

static const char *relative(const struct tree_node *node, char path[4096])
{
	return tree_path(node, path, 4096) + 1;
}

static int list_node(void *ctx, const struct tree_node *node, const struct tree_node *first,
		     struct oci_error *err)
{
	char path[4096], link[4096];
	struct layer_entry entry = {
		.mark = LAYER_ENTRY,
		.path = relative(node, path),
		.type = (enum tree_type)node->type,
		.hardlink = first ? relative(first, link) : NULL,
		.target = node->target,
		.mode = node->mode,
		.uid = node->uid,
		.gid = node->gid,
		.mtime = node->mtime,
		.size = node->content && !first ? node->content->size : 0,
		.rdev_major = node->rdev_major,
		.rdev_minor = node->rdev_minor,
		.xattrs = node->xattrs,
		.xattrs_len = node->xattrs_len,
	};

	return listing_add(ctx, &entry, err);
}

static void put_listing(struct build *build, int layer, const struct layer_result *result)
{
	struct oci_error ignored = OCI_ERROR_INIT;
	struct listing listing = { 0 };

	if (result->tar_size < LISTED_SIZE)
		return;
	if (layer_walk(&build->tree, layer, list_node, &listing, NULL, &ignored) == 0 &&
	    listing_end(&listing, &ignored) == 0)
		(void)store_cache_put(build->options->store, LISTING_RECORD, &result->diff_id,
				      listing.data, listing.length, &ignored);
	listing_free(&listing);
}

/* ---- one layer --------------------------------------------------------------------------------------------------- */

static int recall_layer(struct build *build, int layer, const struct layer_keys *keys,
			struct layer_result *ret, struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL;
	struct digest diff_id, key;
	size_t length;
	int r = get_record(build, "layer", &keys->layer, ret, err);

	if (r != 0)
		return r;
	r = store_cache_get(build->options->store, "shape", &keys->shape, &text, &length, err);
	if (r <= 0)
		return r;
	r = layer_diff_id(&build->tree, layer, &diff_id, err);
	if (r == 0)
		r = blob_key(build, &diff_id, &key, err);
	if (r == 0)
		r = get_record(build, "blob", &key, ret, err);
	if (r == 1 && keys->is_settled)
		put_record(build, "layer", &keys->layer, ret);
	return r;
}

static void remember_layer(struct build *build, const struct layer_keys *keys,
			   const struct layer_result *result)
{
	struct oci_error ignored = OCI_ERROR_INIT;
	struct digest key;

	if (keys->is_settled)
		put_record(build, "layer", &keys->layer, result);
	put_record(build, "shape", &keys->shape, result);
	if (blob_key(build, &result->diff_id, &key, &ignored) == 0)
		put_record(build, "blob", &key, result);
}

static int make_layer(struct build *build, int layer, struct layer_result *ret, bool *ret_cached,
		      struct oci_error *err)
{
	struct layer_keys keys;
	int r = make_keys(build, layer, &keys, err);

	if (r == 0 && !build->options->no_cache && !keys.is_small)
		r = recall_layer(build, layer, &keys, ret, err);
	*ret_cached = r == 1;
	if (r != 0)
		return r < 0 ? r : 0;
	r = layer_write(&build->tree, layer, build->options->compression, build->primary, ret, err);
	if (r == 0 && !keys.is_small) {
		remember_layer(build, &keys, ret);
		put_listing(build, layer, ret);
	}
	return r;
}

int build_write_layers(struct build *build, struct build_result *ret, struct oci_error *err)
{
	struct layer_list *list = &build->plan.list;
	size_t count = 0;

	layers_assign(&build->tree, build->options->layers, build->exe, list);
	for (size_t i = 0; i < list->count; i++) {
		struct layer_result *layer = &build->plan.layers[count];
		int r;

		if (!list->used[i])
			continue;
		r = make_layer(build, (int)i, layer, &ret->layer_cached[count], err);
		if (r < 0)
			return r;
		build_tell(build, "layer '%s': %zu entries, %ju bytes%s", list->words[i],
			   layer->entries, (uintmax_t)layer->size,
			   ret->layer_cached[count] ? ", unchanged" : "");
		ret->layers[count] = *layer;
		ret->layer_words[count++] = list->words[i];
	}
	ret->layers_len = count;
	return 0;
}
