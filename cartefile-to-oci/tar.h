/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tar.h - nodes as tar entries, the same bytes for the same node, always.
 *
 * ustar (POSIX.1-1988), with a pax header (POSIX.1-2001) before an entry only where ustar cannot say it. Names have no "./"
 * before them, folders a slash behind, the root is "./". No user or group names, no atime, no ctime.
 */
#ifndef CARTEFILE_TAR_H
#define CARTEFILE_TAR_H

#include <stddef.h>

#include "cartefile-to-oci/tree.h"

struct oci_error;

#define TAR_BLOCK 512

/**
 * struct tar_out - where the bytes go: a buffer, and who empties it.
 * @size: at least TAR_BLOCK
 * @flush: takes the first @used bytes away: afterwards @used is less than @size; it may give another buffer
 */
struct tar_out {
	unsigned char *buffer;
	size_t size, used;
	int (*flush)(struct tar_out *out, struct oci_error *err);
};

/** tar_bytes - any bytes. tar_end - the two blocks of zeros, and the last flush. */
int tar_bytes(struct tar_out *out, const void *data, size_t length, struct oci_error *err);
int tar_end(struct tar_out *out, struct oci_error *err);

/**
 * tar_header - what stands before a node's bytes.
 * @first: NULL, or the node written before that this one is a hard link to
 */
int tar_header(struct tar_out *out, const struct tree_node *node, const struct tree_node *first,
	       struct oci_error *err);

/**
 * tar_entry - the header and the bytes of a file. A file that is shorter than it was, or has been changed when its last byte has
 * been read, is -ESTALE: the tar is then worth nothing.
 */
int tar_entry(struct tar_out *out, const struct tree_node *node, const struct tree_node *first,
	      struct oci_error *err);

#endif
