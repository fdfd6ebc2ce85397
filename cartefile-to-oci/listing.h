/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing.h - the entries of a layer without their contents, in few bytes: what the store remembers of each layer, so that
 * building over a base does not decompress it again.
 */
#ifndef CARTEFILE_LISTING_H
#define CARTEFILE_LISTING_H

#include "cartefile-to-oci/layer_read.h"

/* the kind of the store's records, whose keys are diff ids */
#define LISTING_RECORD "listing"

/** struct listing - being written: begin with {0}; listing_free. */
struct listing {
	unsigned char *data;
	size_t length, room;
	char last[4096]; /* the path before, whose beginning is not repeated */
};

int listing_add(struct listing *listing, const struct layer_entry *entry, struct oci_error *err);
int listing_end(struct listing *listing, struct oci_error *err);
void listing_free(struct listing *listing);

/** struct listing_reader - begin with data and length set, the rest zero; listing_reader_free. */
struct listing_reader {
	const unsigned char *data;
	size_t length, at;
	struct layer_entry entry;
	struct tree_xattr xattrs[64];
	char path[4096], link[4096], target[4096];
	char *names; /* of xattrs, NUL-terminated */
	size_t names_room;
};

/** listing_next - 1 and an entry, 0 at the end, -EINVAL: damaged (no words: it is read again), -ENOMEM. */
int listing_next(struct listing_reader *reader, const struct layer_entry **ret);
void listing_reader_free(struct listing_reader *reader);

#endif
