/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing.c - entries as bytes and back; see listing.h.
 *
 * "carte-listing-1\n", then for each entry: a byte of mark and type and what follows, numbers in 7-bit groups (low first), texts
 * as length and bytes, the path as the number of bytes shared with the one before and the rest. At the end a zero
 * byte. The store keeps a digest of a record; a reader still believes no number in it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/listing.h"

static const char magic[] = "carte-listing-1\n";
#define MAGIC_LENGTH (sizeof(magic) - 1)

/* the first byte: type in the low three bits, mark in the next two; 0 is the end */
#define MARK_SHIFT 3
#define HAS_LINK 0x20u
#define HAS_XATTRS 0x40u

/* ---- writing ------------------------------------------------------------------------------------------------------- */
static int put(struct listing *l, const void *data, size_t length, struct oci_error *err)
{
	if (l->room - l->length < length) {
		size_t room = l->room ? l->room * 2 : 4096;
		unsigned char *grown;

		while (room - l->length < length)
			room *= 2;
		grown = realloc(l->data, room);
		if (!grown)
			return err_nomem(err);
		l->data = grown;
		l->room = room;
	}
	if (length > 0)
		memcpy(l->data + l->length, data, length);
	l->length += length;
	return 0;
}

static int put_number(struct listing *l, uint64_t value, struct oci_error *err)
{
	unsigned char bytes[10];
	size_t n = 0;

	do {
		bytes[n] = value & 0x7f;
		value >>= 7;
		if (value)
			bytes[n] |= 0x80;
		n++;
	} while (value);
	return put(l, bytes, n, err);
}

static int put_text(struct listing *l, const void *text, size_t length, struct oci_error *err)
{
	int r = put_number(l, length, err);

	return r < 0 ? r : put(l, text, length, err);
}

static int put_path(struct listing *l, const char *path, struct oci_error *err)
{
	size_t shared = 0, length = strlen(path);
	int r;

	while (path[shared] && path[shared] == l->last[shared])
		shared++;
	r = put_number(l, shared, err);
	if (r == 0)
		r = put_text(l, path + shared, length - shared, err);
	memcpy(l->last, path, length + 1);
	return r;
}

static uint64_t zigzag(int64_t value)
{
	return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

static int put_attributes(struct listing *l, const struct layer_entry *entry, struct oci_error *err)
{
	const uint64_t numbers[] = { entry->mode,          entry->uid,  entry->gid,
				     zigzag(entry->mtime), entry->size, entry->rdev_major,
				     entry->rdev_minor };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(numbers); i++)
		r = put_number(l, numbers[i], err);
	if (r == 0 && entry->type == TREE_LINK)
		r = put_text(l, entry->target, strlen(entry->target), err);
	if (r < 0 || entry->xattrs_len == 0)
		return r;
	r = put_number(l, entry->xattrs_len, err);
	for (size_t i = 0; r == 0 && i < entry->xattrs_len; i++) {
		const struct tree_xattr *x = &entry->xattrs[i];

		r = put_text(l, x->name, strlen(x->name), err);
		if (r == 0)
			r = put_text(l, x->value, x->length, err);
	}
	return r;
}

int listing_add(struct listing *l, const struct layer_entry *entry, struct oci_error *err)
{
	unsigned char first = (unsigned char)(entry->type | entry->mark << MARK_SHIFT |
					      (entry->hardlink ? HAS_LINK : 0) |
					      (entry->xattrs_len > 0 ? HAS_XATTRS : 0));
	int r = l->length == 0 ? put(l, magic, MAGIC_LENGTH, err) : 0;

	if (r == 0)
		r = put(l, &first, 1, err);
	if (r == 0)
		r = put_path(l, entry->path, err);
	if (r < 0 || entry->mark != LAYER_ENTRY)
		return r;
	if (entry->hardlink)
		return put_text(l, entry->hardlink, strlen(entry->hardlink), err);
	return put_attributes(l, entry, err);
}

int listing_end(struct listing *l, struct oci_error *err)
{
	static const unsigned char end = 0;
	int r = l->length == 0 ? put(l, magic, MAGIC_LENGTH, err) : 0;

	return r < 0 ? r : put(l, &end, 1, err);
}

void listing_free(struct listing *l)
{
	mem_freep(&l->data);
	l->length = l->room = 0;
}

/* ---- reading ------------------------------------------------------------------------------------------------------- */
static bool get_number(struct listing_reader *r, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && r->at < r->length; shift += 7) {
		unsigned char byte = r->data[r->at++];

		if (shift == 63 && byte > 1)
			return false;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = value;
			return value <= max;
		}
	}
	return false;
}

static bool get_text(struct listing_reader *r, size_t max, const unsigned char **ret,
		     size_t *ret_length)
{
	uint64_t length;

	if (!get_number(r, max, &length) || length > r->length - r->at)
		return false;
	*ret = r->data + r->at;
	*ret_length = (size_t)length;
	r->at += (size_t)length;
	return true;
}

/* A name into @out from @at; no NUL in it. */
static bool get_name(struct listing_reader *r, char *out, size_t at, size_t size)
{
	const unsigned char *text;
	size_t length;

	if (!get_text(r, size - 1 - at, &text, &length) || memchr(text, '\0', length))
		return false;
	memcpy(out + at, text, length);
	out[at + length] = '\0';
	return true;
}

static bool get_path(struct listing_reader *r)
{
	uint64_t shared;

	return get_number(r, strlen(r->path), &shared) &&
	       get_name(r, r->path, (size_t)shared, sizeof(r->path));
}

static bool get_numbers(struct listing_reader *r)
{
	static const uint64_t max[] = { 07777,     UINT32_MAX, UINT32_MAX, UINT64_MAX,
					INT64_MAX, UINT32_MAX, UINT32_MAX };
	uint64_t n[ARRAY_LEN(max)];

	for (size_t i = 0; i < ARRAY_LEN(max); i++)
		if (!get_number(r, max[i], &n[i]))
			return false;
	r->entry.mode = (uint16_t)n[0];
	r->entry.uid = (uint32_t)n[1];
	r->entry.gid = (uint32_t)n[2];
	r->entry.mtime = (int64_t)(n[3] >> 1) ^ -(int64_t)(n[3] & 1);
	r->entry.size = n[4];
	r->entry.rdev_major = (uint32_t)n[5];
	r->entry.rdev_minor = (uint32_t)n[6];
	return true;
}

/* Names lie in the record without a NUL: they are copied, all into one piece of memory. */
static int get_xattrs(struct listing_reader *r)
{
	uint64_t count;
	size_t used = 0;

	if (!get_number(r, ARRAY_LEN(r->xattrs), &count))
		return -EINVAL;
	if (!r->names) {
		r->names_room = ARRAY_LEN(r->xattrs) * 256;
		r->names = malloc(r->names_room);
		if (!r->names)
			return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		char *name = r->names + used;

		if (!get_name(r, name, 0, 256) ||
		    !get_text(r, 65536, &r->xattrs[i].value, &r->xattrs[i].length))
			return -EINVAL;
		r->xattrs[i].name = name;
		used += strlen(name) + 1;
	}
	r->entry.xattrs = r->xattrs;
	r->entry.xattrs_len = (size_t)count;
	return 0;
}

static int get_attributes(struct listing_reader *r, unsigned first)
{
	if (!get_numbers(r))
		return -EINVAL;
	if (r->entry.type == TREE_LINK) {
		if (!get_name(r, r->target, 0, sizeof(r->target)) || !r->target[0])
			return -EINVAL;
		r->entry.target = r->target;
	}
	return first & HAS_XATTRS ? get_xattrs(r) : 0;
}

int listing_next(struct listing_reader *r, const struct layer_entry **ret)
{
	unsigned first;
	int status;

	if (r->at == 0) {
		if (r->length < MAGIC_LENGTH || memcmp(r->data, magic, MAGIC_LENGTH) != 0)
			return -EINVAL;
		r->at = MAGIC_LENGTH;
	}
	if (r->at == r->length)
		return -EINVAL;
	first = r->data[r->at++];
	if (first == 0)
		return r->at == r->length ? 0 : -EINVAL;
	r->entry = (struct layer_entry){ .type = first & 7, .path = r->path };
	r->entry.mark = first >> MARK_SHIFT & 3;
	if (r->entry.type < TREE_DIR || r->entry.type > TREE_BLOCK ||
	    r->entry.mark > LAYER_OPAQUE || first > 0x7f || !get_path(r))
		return -EINVAL;
	*ret = &r->entry;
	if (r->entry.mark != LAYER_ENTRY)
		return 1;
	if (first & HAS_LINK) {
		r->entry.hardlink = r->link;
		return get_name(r, r->link, 0, sizeof(r->link)) ? 1 : -EINVAL;
	}
	status = get_attributes(r, first);
	return status < 0 ? status : 1;
}

void listing_reader_free(struct listing_reader *r)
{
	mem_freep(&r->names);
}
