/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_walk.c - all that the entries of index.json need: what gc keeps and fsck looks for.
 *
 * A document is read once, however many images share it; so the walk ends, and costs what the store holds.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/store-private.h"

/* ---- sets: open addressing; the digests are random already ---------------------------------------------------------------- */

static size_t slot_of(const struct digest_set *set, const struct digest *digest)
{
	size_t slot;

	memcpy(&slot, digest->bytes, sizeof(slot));
	slot &= set->size - 1;
	while (set->used[slot] && !digest_equal(&set->slots[slot], digest))
		slot = (slot + 1) & (set->size - 1);
	return slot;
}

static int grow(struct digest_set *set)
{
	struct digest_set larger = { .size = set->size ? set->size * 2 : 64 };

	larger.slots = calloc(larger.size, sizeof(*larger.slots));
	larger.used = calloc(larger.size, 1);
	if (!larger.slots || !larger.used) {
		digest_set_free(&larger);
		return -ENOMEM;
	}
	for (size_t i = 0; i < set->size; i++) {
		size_t slot;

		if (!set->used[i])
			continue;
		slot = slot_of(&larger, &set->slots[i]);
		larger.slots[slot] = set->slots[i];
		larger.used[slot] = 1;
	}
	larger.count = set->count;
	digest_set_free(set);
	*set = larger;
	return 0;
}

int digest_set_add(struct digest_set *set, const struct digest *digest)
{
	size_t slot;

	if (set->count * 2 >= set->size && grow(set) < 0)
		return -ENOMEM;
	slot = slot_of(set, digest);
	if (set->used[slot])
		return 0;
	set->used[slot] = 1;
	set->slots[slot] = *digest;
	set->count++;
	return 1;
}

bool digest_set_has(const struct digest_set *set, const struct digest *digest)
{
	return set->size > 0 && set->used[slot_of(set, digest)];
}

void digest_set_free(struct digest_set *set)
{
	free(set->slots);
	free(set->used);
	*set = (struct digest_set){ 0 };
}

/* ---- the walk ---------------------------------------------------------------------------------------------------------------- */

static int trouble(struct store_walk *walk, int code, const struct oci_error *words,
		   struct oci_error *err)
{
	int r = walk->trouble(walk->ctx, walk->image, code, words);

	return r < 0 ? err_copy(err, words) : 0;
}

/* Return: 1 new and there, 0 nothing to do with it, -errno. */
static int reach(struct store_walk *walk, const struct oci_descriptor *descriptor,
		 struct oci_error *err)
{
	struct oci_error words = OCI_ERROR_INIT;
	struct digest digest;
	int fd, r = digest_parse(descriptor->digest, &digest);

	/* of another algorithm: not where we look, so neither kept nor missed */
	if (r < 0)
		return 0;
	r = digest_set_add(&walk->blobs, &digest);
	if (r < 0)
		return err_nomem(err);
	if (r == 0)
		return 0;
	fd = layout_open_blob(walk->layout, &digest, descriptor->size.value, &words);
	if (fd < 0)
		return trouble(walk, fd, &words, err);
	fd_closep(&fd);
	return 1;
}

static int walk_config(struct store_walk *walk, const struct oci_descriptor *descriptor,
		       const struct oci_manifest *manifest, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error words = OCI_ERROR_INIT;
	struct image_docs image;
	int r;

	if (strcmp(manifest->config->media_type, OCI_MEDIA_TYPE_CONFIG) != 0 &&
	    strcmp(manifest->config->media_type, OCI_MEDIA_TYPE_DOCKER_CONFIG) != 0)
		return 0; /* an artifact */
	r = layout_read_image(walk->layout, descriptor, &arena, &image, &words);
	if (r == -EOPNOTSUPP)
		return 0; /* layers of a kind that we neither made nor unpacked */
	if (r < 0)
		return trouble(walk, r, &words, err);
	for (size_t i = 0; i < image.config->rootfs->diff_ids_len; i++) {
		struct digest digest;

		if (digest_parse(image.config->rootfs->diff_ids[i], &digest) == 0 &&
		    digest_set_add(&walk->diff_ids, &digest) < 0)
			return err_nomem(err);
	}
	return 0;
}

static bool is_there(const struct store_walk *walk, const struct oci_descriptor *descriptor)
{
	struct digest digest;

	return digest_parse(descriptor->digest, &digest) == 0 &&
	       layout_lists_blob(walk->layout, &digest, descriptor->size.value) == 1;
}

static int walk_manifest(struct store_walk *walk, const struct oci_descriptor *descriptor,
			 struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error words = OCI_ERROR_INIT;
	struct oci_manifest *manifest;
	struct digest digest;
	int r = layout_read_manifest(walk->layout, descriptor, &arena, &manifest, &digest, &words);

	if (r < 0)
		return trouble(walk, r, &words, err);
	r = reach(walk, manifest->config, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < manifest->layers_len; i++) {
		r = reach(walk, &manifest->layers[i], err);
		if (r < 0)
			return r;
	}
	/* a config that is missing was told, one that is shared may have been read for another image */
	return is_there(walk, manifest->config) ? walk_config(walk, descriptor, manifest, err) : 0;
}

static int walk_descriptor(struct store_walk *walk, const struct oci_descriptor *descriptor,
			   unsigned depth, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error words = OCI_ERROR_INIT;
	struct oci_index *index;
	int r = reach(walk, descriptor, err);

	if (r <= 0)
		return r;
	if (is_manifest_type(descriptor->media_type))
		return walk_manifest(walk, descriptor, err);
	if (!is_index_type(descriptor->media_type))
		return 0;
	if (depth == 32) {
		err_set(&words, EINVAL, "%s: indexes in indexes, more than 32 deep",
			walk->layout->name);
		return trouble(walk, -EINVAL, &words, err);
	}
	r = layout_read_index(walk->layout, descriptor, &arena, &index, &words);
	if (r < 0)
		return trouble(walk, r, &words, err);
	for (size_t i = 0; r == 0 && i < index->manifests_len; i++)
		r = walk_descriptor(walk, &index->manifests[i], depth + 1, err);
	return r;
}

int store_walk(struct store_walk *walk, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_index *index;
	int r = layout_index(walk->layout, &arena, &index, err);

	for (size_t i = 0; r == 0 && i < index->manifests_len; i++) {
		const char *name = descriptor_name(&index->manifests[i]);

		walk->image = name ? name : index->manifests[i].digest;
		r = walk_descriptor(walk, &index->manifests[i], 0, err);
	}
	return r;
}

void store_walk_free(struct store_walk *walk)
{
	digest_set_free(&walk->blobs);
	digest_set_free(&walk->diff_ids);
}
