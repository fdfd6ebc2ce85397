/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_write.c - the entries of one layer in the order of the tree, each with the folders above it; see layer_write.h.
 */
#include <libdeflate.h>
#include <stdlib.h>
#include <zstd.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/compress.h"
#include "cartefile-to-oci/layer_write.h"

/* ---- hard links: the first node of a content in this layer ------------------------------------------------------- */

/* An open hash table of the contents that have more than one node; @room is a power of two, at most half of it is used. */
struct links {
	const struct tree_node **nodes;
	size_t used, room;
};

static const struct tree_node **links_slot(const struct links *links,
					   const struct tree_content *content)
{
	/* addresses of an arena differ from the fifth bit on */
	size_t i = (size_t)((uintptr_t)content >> 4) * (size_t)0x9e3779b97f4a7c15U >> 16;

	for (;; i++) {
		const struct tree_node **slot = &links->nodes[i & (links->room - 1)];

		if (!*slot || (*slot)->content == content)
			return slot;
	}
}

static int links_grow(struct links *links, struct oci_error *err)
{
	struct links grown = { .used = links->used, .room = links->room ? links->room * 2 : 64 };

	grown.nodes = calloc(grown.room, sizeof(struct tree_node *));
	if (!grown.nodes)
		return err_nomem(err);
	for (size_t i = 0; i < links->room; i++)
		if (links->nodes[i])
			*links_slot(&grown, links->nodes[i]->content) = links->nodes[i];
	free(links->nodes);
	*links = grown;
	return 0;
}

/* The node that @node is a hard link to, or NULL when it is the first. */
static int links_first(struct links *links, const struct tree_node *node,
		       const struct tree_node **ret, struct oci_error *err)
{
	const struct tree_node **slot;

	*ret = NULL;
	if (node->type != TREE_FILE || node->content->links < 2)
		return 0;
	if (links->used * 2 >= links->room) {
		int r = links_grow(links, err);

		if (r < 0)
			return r;
	}
	slot = links_slot(links, node->content);
	if (*slot) {
		*ret = *slot;
		return 0;
	}
	*slot = node;
	links->used++;
	return 0;
}

/* ---- one layer --------------------------------------------------------------------------------------------------- */

struct walk {
	layer_each each;
	void *ctx;
	const struct tree_node *last; /* what was visited last */
	struct links links;
	size_t entries;
};

static int visit(struct walk *walk, const struct tree_node *node, struct oci_error *err)
{
	const struct tree_node *first;
	int r = links_first(&walk->links, node, &first, err);

	if (r == 0)
		r = walk->each(walk->ctx, node, first, err);
	walk->last = node;
	walk->entries++;
	return r;
}

/* In the order of the walk a folder was visited if and only if what was visited last is it or is below it. */
static bool is_visited(const struct walk *walk, const struct tree_node *folder)
{
	for (const struct tree_node *node = walk->last; node; node = node->parent)
		if (node == folder)
			return true;
	return false;
}

static int visit_above(struct walk *walk, const struct tree_node *folder, struct oci_error *err)
{
	int r;

	if (!folder || is_visited(walk, folder))
		return 0;
	r = visit_above(walk, folder->parent, err);
	return r < 0 ? r : visit(walk, folder, err);
}

int layer_walk(const struct tree *tree, int layer, layer_each each, void *ctx, size_t *ret_entries,
	       struct oci_error *err)
{
	struct walk walk = { .each = each, .ctx = ctx };
	int r = 0;

	for (const struct tree_node *node = tree->root; node && r == 0; node = tree_next(node)) {
		if (node->layer != layer || node->out)
			continue;
		r = visit_above(&walk, node->parent, err);
		if (r == 0)
			r = visit(&walk, node, err);
	}
	free(walk.links.nodes);
	if (r == 0 && ret_entries)
		*ret_entries = walk.entries;
	return r;
}

static int write_node(void *ctx, const struct tree_node *node, const struct tree_node *first,
		      struct oci_error *err)
{
	return tar_entry(ctx, node, first, err);
}

static int run(const struct tree *tree, int layer, enum layer_compression compression,
	       const struct layout *to, struct layer_result *ret, struct oci_error *err)
{
	struct compress *compress;
	size_t entries;
	int r = compress_begin(compression, to, &compress, err);

	if (r < 0)
		return r;
	r = layer_walk(tree, layer, write_node, compress_input(compress), &entries, err);
	if (r == 0)
		r = tar_end(compress_input(compress), err);
	if (r < 0) {
		compress_abandon(compress);
		return r;
	}
	r = compress_end(compress, ret, err);
	if (r == 0)
		ret->entries = entries;
	return r;
}

int layer_write(const struct tree *tree, int layer, enum layer_compression compression,
		const struct layout *to, struct layer_result *ret, struct oci_error *err)
{
	return run(tree, layer, compression, to, ret, err);
}

int layer_diff_id(const struct tree *tree, int layer, struct digest *ret, struct oci_error *err)
{
	struct layer_result result;
	int r = run(tree, layer, LAYER_PLAIN, NULL, &result, err);

	if (r == 0)
		*ret = result.diff_id;
	return r;
}

const char *layer_compressor(enum layer_compression compression)
{
	switch (compression) {
	case LAYER_GZIP:
		return "libdeflate " LIBDEFLATE_VERSION_STRING
		       " level 1 or 2, 512 KiB members after two of 384";
	case LAYER_ZSTD:
		return "libzstd " ZSTD_VERSION_STRING " level 3";
	case LAYER_PLAIN:
		break;
	}
	return "none";
}

const char *layer_media_type(enum layer_compression compression)
{
	switch (compression) {
	case LAYER_GZIP:
		return "application/vnd.oci.image.layer.v1.tar+gzip";
	case LAYER_ZSTD:
		return "application/vnd.oci.image.layer.v1.tar+zstd";
	case LAYER_PLAIN:
		break;
	}
	return "application/vnd.oci.image.layer.v1.tar";
}
