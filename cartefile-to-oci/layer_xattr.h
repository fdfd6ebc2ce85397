/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_xattr.h - which extended attributes of a tar's entry an image may have. Private to layer_read.c.
 */
#ifndef CARTEFILE_LAYER_XATTR_H
#define CARTEFILE_LAYER_XATTR_H

#include "cartefile-to-oci/tree.h"

struct archive_entry;

/** struct layer_xattrs - of one entry, sorted by name; values are libarchive's. */
struct layer_xattrs {
	struct tree_xattr *items;
	size_t len, room;
};

/** layer_xattrs_take - in place of what was in it. */
int layer_xattrs_take(struct layer_xattrs *xattrs, struct archive_entry *from, const char *name,
		      struct oci_error *err);
void layer_xattrs_free(struct layer_xattrs *xattrs);

#endif
