/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_write.h - the nodes of a tree as layers: which layer each goes to, and the same bytes for the same tree, always.
 *
 * Every layer repeats the folders above its entries with the same attributes, because some stores would invent them.
 * Compressed bytes are promised per compressor and version (layer_compressor), the tar inside and so the diff id for ever.
 */
#ifndef CARTEFILE_LAYER_WRITE_H
#define CARTEFILE_LAYER_WRITE_H

#include <stdint.h>

#include "cartefile-to-oci/digest.h"
#include "cartefile-to-oci/layout.h"
#include "cartefile-to-oci/tree.h"

enum layer_compression { LAYER_GZIP = 0, LAYER_ZSTD, LAYER_PLAIN };

enum layer_plan { LAYERS_THREE = 0, LAYERS_ONE, LAYERS_AUTO };

/** struct layer_list - the layers of one tree. @words: what each holds: "directories", "files", "executable" */
struct layer_list {
	const char *words[4];
	size_t count; /* of those planned; one that got no entry but ancestors has used[i] false and is not written */
	bool used[4];
};

/** layers_assign - set node->layer of everything that is in and not in_base. @exe: the node of the executable, or NULL. */
void layers_assign(struct tree *tree, enum layer_plan plan, const struct tree_node *exe,
		   struct layer_list *ret);

struct layer_result {
	struct digest diff_id, blob;
	uint64_t size;     /* of the blob */
	uint64_t tar_size; /* uncompressed */
	size_t entries;
};

/** layer_each - @first: NULL, or the node visited before that @node is a hard link to. */
typedef int (*layer_each)(void *ctx, const struct tree_node *node, const struct tree_node *first,
			  struct oci_error *err);

/** layer_walk - the entries of a layer as they are written: in order, with the folders above them. */
int layer_walk(const struct tree *tree, int layer, layer_each each, void *ctx, size_t *ret_entries,
	       struct oci_error *err);

/** layer_write - one layer to a blob. Two threads compress where there are two processors; memory does not grow with the layer. */
int layer_write(const struct tree *tree, int layer, enum layer_compression compression,
		const struct layout *to, struct layer_result *ret, struct oci_error *err);

/** layer_diff_id - only the digest of its tar, without compressing. */
int layer_diff_id(const struct tree *tree, int layer, struct digest *ret, struct oci_error *err);

/** layer_compressor - "libdeflate 1.14 level 1 or 2, 512 KiB members after two of 384": for the annotation. layer_media_type - of its descriptor. */
const char *layer_compressor(enum layer_compression compression);
const char *layer_media_type(enum layer_compression compression);

#endif
