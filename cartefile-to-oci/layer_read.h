/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_read.h - the entries of a layer or of any tar, one after the other (libarchive): gzip, zstd, xz, bzip2 or none; ustar, pax, GNU, old.
 *
 * A tar from elsewhere is hostile: names are cleaned and must stay inside, sizes and counts are bounded, the digests are
 * those that were promised, or it is an error before the caller's work is published.
 */
#ifndef CARTEFILE_LAYER_READ_H
#define CARTEFILE_LAYER_READ_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cartefile-to-oci/digest.h"
#include "cartefile-to-oci/tree.h"

struct oci_error;
struct layer_reader;

enum layer_mark {
	LAYER_ENTRY = 0,
	LAYER_WHITEOUT, /* @path is what is removed (".wh.NAME"; image-spec layer.md#whiteouts) */
	LAYER_OPAQUE,   /* @path is the folder whose lower content is hidden (".wh..wh..opq") */
};

/** struct layer_entry - valid until the next one is read. */
struct layer_entry {
	enum layer_mark mark;
	const char *path; /* relative, cleaned, no "..", "" is the root */
	enum tree_type type;
	const char *hardlink; /* cleaned likewise; non-NULL: the entry is one, type TREE_FILE */
	const char *target;   /* TREE_LINK, as written */
	uint16_t mode;
	uint32_t uid, gid;
	int64_t mtime;
	uint32_t mtime_ns;
	uint64_t size;
	uint32_t rdev_major, rdev_minor;
	const struct tree_xattr *xattrs; /* sorted; which there may be: see layer_xattr.c */
	size_t xattrs_len;
};

/**
 * struct layer_input - what is read and what was promised about it.
 * @fd: from its current position; stays the caller's
 * @name: for messages: the blob's digest or the file
 * @blob: digest and size of the bytes of @fd, NULL: not promised
 * @diff_id: of the uncompressed tar, NULL: not promised
 * @jump: digests are not computed and contents that nobody reads are jumped over where @fd is a plain tar; @blob and @diff_id are NULL
 * @is_layer: marks (.wh.) have their meaning; false: a plain tar, where a name that starts with ".wh." is an error
 */
struct layer_input {
	int fd;
	const char *name;
	const struct digest *blob;
	int64_t blob_size;
	const struct digest *diff_id;
	bool is_layer, jump;
};

int layer_open(const struct layer_input *input, struct layer_reader **ret, struct oci_error *err);

/** layer_next - 1 and an entry, 0 at the end (digests have been checked then), -errno with words ("NAME: entry 'PATH': ..."). */
int layer_next(struct layer_reader *reader, const struct layer_entry **ret, struct oci_error *err);

/**
 * layer_data - the next bytes of the entry's content; holes come as zeros.
 * @ret_data: valid until the next call
 * Return: length, 0 at the end, -errno.
 */
ssize_t layer_data(struct layer_reader *reader, const void **ret_data, struct oci_error *err);

/**
 * layer_offset - where the current entry's content is in @fd, from where it was at layer_open; before layer_data.
 * Return: false when it is not there in one piece: compressed, or sparse.
 */
bool layer_offset(const struct layer_reader *reader, uint64_t *ret);

/** layer_digests - after the end: what was read; not with @jump. */
void layer_digests(const struct layer_reader *reader, struct digest *ret_blob,
		   struct digest *ret_diff_id);
void layer_close(struct layer_reader *reader); /* NULL is fine */

#endif
