/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout_index.c - index.json: which manifests there are, and their names.
 *
 * Changing it is: lock the folder, read, flush the blobs, replace. Other tools' entries stay as they are.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cartefile-to-oci/layout-private.h"

#define HEX_DIGITS_MIN 6
#define LISTED_MAX 8

int layout_index(const struct layout *layout, struct oci_arena *arena, struct oci_index **ret,
		 struct oci_error *err)
{
	char *name = oci_arena_printf(arena, "%s/index.json", layout->name), *text;
	struct oci_index *index;
	size_t length;
	int r;

	if (!name)
		return err_nomem(err);
	r = io_read_at(layout->fd, "index.json", LAYOUT_DOCUMENT_MAX, arena, &text, &length);
	if (r == -EFBIG)
		return err_set(err, EFBIG, "%s: a document of more than 4 MiB", name);
	if (r < 0)
		return err_sys(err, -r, "%s", name);
	r = oci_index_parse(arena, name, text, length, &index, err);
	if (r < 0)
		return r;
	if (index->media_type && !is_index_type(index->media_type)) {
		r = err_set(err, EINVAL,
			    "%s: mediaType: expected " OCI_MEDIA_TYPE_INDEX ", got '%s'", name,
			    index->media_type);
		err_at(err, name, "mediaType");
		return r;
	}
	*ret = index;
	return 0;
}

/* ---- names --------------------------------------------------------------------------------------------------------------------- */

static const char *const name_keys[] = { OCI_ANNOTATION_CONTAINERD_NAME, OCI_ANNOTATION_REF_NAME };

static bool is_name_key(const char *key)
{
	return strcmp(key, name_keys[0]) == 0 || strcmp(key, name_keys[1]) == 0;
}

bool descriptor_has_name(const struct oci_descriptor *descriptor, const char *name)
{
	for (size_t i = 0; i < descriptor->annotations_len; i++)
		if (is_name_key(descriptor->annotations[i].key) &&
		    strcmp(descriptor->annotations[i].value, name) == 0)
			return true;
	return false;
}

const char *descriptor_name(const struct oci_descriptor *descriptor)
{
	for (size_t i = 0; i < ARRAY_LEN(name_keys); i++) {
		const char *name = oci_annotation(descriptor->annotations,
						  descriptor->annotations_len, name_keys[i]);

		if (name && name[0])
			return name;
	}
	return NULL;
}

static bool is_hex(const char *text)
{
	size_t length = strspn(text, "0123456789abcdef");

	return length >= HEX_DIGITS_MIN && !text[length];
}

bool descriptor_is_named_by(const struct oci_descriptor *descriptor, const char *ref)
{
	const char *hex = strchr(descriptor->digest, ':');

	if (descriptor_has_name(descriptor, ref) || strcmp(descriptor->digest, ref) == 0)
		return true;
	return hex && is_hex(ref) && strncmp(hex + 1, ref, strlen(ref)) == 0;
}

int layout_no_such(const struct layout *layout, const struct oci_index *index, const char *ref,
		   struct oci_error *err)
{
	char list[700] = "";
	size_t used = 0, names = 0;

	for (size_t i = 0; i < index->manifests_len; i++) {
		const char *name = descriptor_name(&index->manifests[i]);

		if (!name)
			name = index->manifests[i].digest;
		if (names++ < LISTED_MAX && used < sizeof(list) - 1)
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%.80s",
						 used ? ", " : "", name);
	}
	if (names == 0)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT, "%s: no image '%s': there is none",
				  layout->name, ref);
	if (names > LISTED_MAX)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT,
				  "%s: no image '%s': there are %s and %zu more", layout->name, ref,
				  list, names - LISTED_MAX);
	return err_set_as(err, ERR_NOT_FOUND, ENOENT, "%s: no image '%s': there %s %s",
			  layout->name, ref, names == 1 ? "is" : "are", list);
}

/* ---- changes --------------------------------------------------------------------------------------------------------------------- */

static int write_index(const struct layout *layout, const struct oci_index *index,
		       struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t length;
	int r = oci_index_emit(index, 0, &text, &length, err);

	if (r < 0)
		return r;
	r = file_replace(layout->fd, layout->fd, "index.json", text, length, layout->durable);
	if (r == 0 && layout->durable && fsync(layout->fd))
		r = -errno;
	return r < 0 ? err_sys(err, -r, "%s/index.json", layout->name) : 0;
}

static int compare_pairs(const void *a, const void *b)
{
	return strcmp(((const struct oci_pair *)a)->key, ((const struct oci_pair *)b)->key);
}

int descriptor_set_name(struct oci_arena *arena, const struct oci_descriptor *from,
			const char *name, struct oci_descriptor *ret, struct oci_error *err)
{
	struct oci_pair *pairs = oci_arena_array(
		arena, from->annotations_len + ARRAY_LEN(name_keys), sizeof(*pairs));
	char *copy = oci_arena_strdup(arena, name ? name : "");
	size_t count = 0;

	if (!pairs || !copy)
		return err_nomem(err);
	for (size_t i = 0; i < from->annotations_len; i++)
		if (!is_name_key(from->annotations[i].key))
			pairs[count++] = from->annotations[i];
	for (size_t i = 0; name && i < ARRAY_LEN(name_keys); i++) {
		pairs[count].key = oci_arena_strdup(arena, name_keys[i]);
		if (!pairs[count].key)
			return err_nomem(err);
		pairs[count++].value = copy;
	}
	qsort(pairs, count, sizeof(*pairs), compare_pairs);
	*ret = *from;
	ret->annotations = count > 0 ? pairs : NULL;
	ret->annotations_len = count;
	return 0;
}

static bool same_descriptor(const struct oci_descriptor *a, const struct oci_descriptor *b)
{
	CLEANUP_FREE char *one = NULL, *other = NULL;

	return oci_descriptor_emit(a, 0, &one, NULL, NULL) == 0 &&
	       oci_descriptor_emit(b, 0, &other, NULL, NULL) == 0 && strcmp(one, other) == 0;
}

/* Does the entry give way to @entry, which has @name? */
static bool is_replaced(const struct oci_descriptor *old, const struct oci_descriptor *entry,
			const char *name)
{
	if (name)
		return descriptor_has_name(old, name);
	return !descriptor_name(old) && strcmp(old->digest, entry->digest) == 0;
}

int layout_set_name(const struct layout *layout, const char *name,
		    const struct oci_descriptor *manifest, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_CLOSE int lock = -EBADF;
	struct oci_descriptor entry, *list;
	size_t count = 0, at = SIZE_MAX, replaced = 0;
	struct oci_index *index;
	bool same = false;
	int r = layout_flush(layout, err);

	if (r < 0)
		return r;
	lock = layout_lock(layout, err);
	r = lock < 0 ? lock : layout_index(layout, &arena, &index, err);
	if (r == 0)
		r = descriptor_set_name(&arena, manifest, name, &entry, err);
	if (r < 0)
		return r;
	list = oci_arena_array(&arena, index->manifests_len + 1, sizeof(*list));
	if (!list)
		return err_nomem(err);
	for (size_t i = 0; i < index->manifests_len; i++) {
		const struct oci_descriptor *old = &index->manifests[i];

		if (!is_replaced(old, &entry, name)) {
			list[count++] = *old;
			continue;
		}
		if (replaced++ == 0) {
			at = count;
			same = same_descriptor(old, &entry);
			list[count++] = entry;
		}
	}
	if (at == SIZE_MAX)
		list[count++] = entry;
	else if (same && replaced == 1)
		return 0;
	index->manifests = list;
	index->manifests_len = count;
	return write_index(layout, index, err);
}

/* A digest may stand for an entry; with more than one that would take names that nobody said. */
static int check_removal(const struct layout *layout, const struct oci_index *index,
			 const char *name, struct oci_error *err)
{
	size_t by_name = 0, by_digest = 0;

	for (size_t i = 0; i < index->manifests_len; i++) {
		if (descriptor_has_name(&index->manifests[i], name))
			by_name++;
		else if (descriptor_is_named_by(&index->manifests[i], name))
			by_digest++;
	}
	if (by_name + by_digest == 0)
		return layout_no_such(layout, index, name, err);
	if (by_name == 0 && by_digest > 1)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "%s: '%s' stands for %zu entries; remove them by their names",
				  layout->name, name, by_digest);
	return by_name > 0 ? 1 : 0;
}

int layout_remove_name(const struct layout *layout, const char *name, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_CLOSE int lock = layout_lock(layout, err);
	struct oci_index *index;
	size_t count = 0;
	int r, by_name;

	if (lock < 0)
		return lock;
	r = layout_index(layout, &arena, &index, err);
	if (r < 0)
		return r;
	by_name = check_removal(layout, index, name, err);
	if (by_name < 0)
		return by_name;
	for (size_t i = 0; i < index->manifests_len; i++) {
		struct oci_descriptor *entry = &index->manifests[i];

		if (by_name ? !descriptor_has_name(entry, name)
			    : !descriptor_is_named_by(entry, name))
			index->manifests[count++] = *entry;
	}
	index->manifests_len = count;
	return write_index(layout, index, err);
}
