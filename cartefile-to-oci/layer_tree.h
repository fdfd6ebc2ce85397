/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_tree.h - layers become nodes of a tree, one over the other (image-spec layer.md#applying-changesets).
 */
#ifndef CARTEFILE_LAYER_TREE_H
#define CARTEFILE_LAYER_TREE_H

#include "cartefile-to-oci/layer_read.h"

/**
 * struct layer_tree - what layers are put into. Begin with the first four set, call layer_tree_begin before each layer
 * and layer_tree_end after the last.
 * @in_base: nodes are of layers that are kept as they are: contents have sizes only, nothing is left out or clamped
 * @spool: else: where bytes that are not in one piece in @input->fd go; owned by the tree; NULL: an error (-ENODATA)
 * @plain: else: source for bytes that are in one piece in the input's own file
 * @digests: else: bytes go nowhere: content->path is their digest, "sha256:..."
 * @mtime_latest: else: later times become this one
 */
struct layer_tree {
	struct tree *tree;
	bool in_base, digests;
	int64_t mtime_latest;
	struct tree_source *spool;
	const struct tree_source *plain;
	const char *name; /* of the layer, for messages */
	uint64_t spooled;
	unsigned layer; /* from 1 */
};

void layer_tree_begin(struct layer_tree *to, const char *name);

/** layer_tree_put - one entry. @reader: for its content; NULL: only with @in_base */
int layer_tree_put(struct layer_tree *to, const struct layer_entry *entry,
		   struct layer_reader *reader, struct oci_error *err);
void layer_tree_end(struct layer_tree *to);

/** layer_tree_read - a whole layer, begun here. */
int layer_tree_read(struct layer_tree *to, const struct layer_input *input, struct oci_error *err);

#endif
