/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layers_assign.c - which new layer every node goes to; see layer_write.h.
 *
 * What changes seldom lies below what changes often, so that an update ships little. The root is written into every layer as
 * the folder above all; it is an entry of its own only of an image that has nothing else.
 */
#include "cartefile-to-oci/layer_write.h"

#define SMALL (UINT64_C(64) << 10) /* of files' bytes: not worth a layer of its own */

/* Also its other names: one file in two layers would be two files. */
static bool is_exe(const struct tree_node *node, const struct tree_node *exe)
{
	return node == exe || (exe && node->type == TREE_FILE && exe->type == TREE_FILE &&
			       node->content == exe->content);
}

static int layer_of(const struct tree_node *node, enum layer_plan plan, const struct tree_node *exe)
{
	if (plan == LAYERS_ONE)
		return 0;
	if (is_exe(node, exe))
		return 2;
	if (plan == LAYERS_THREE)
		return node->type == TREE_DIR ? 0 : 1;
	return node->origin == TREE_PATH || node->origin == TREE_MADE ? 1 : 0;
}

static void move_all(int16_t to[3], int16_t from, int16_t target)
{
	for (size_t i = 0; i < 3; i++)
		if (to[i] == from)
			to[i] = target;
}

/* A small layer goes into the next one; the last one, into the one before. */
static void merge_small(const uint64_t sizes[3], const struct layer_list *list, int16_t to[3])
{
	uint64_t all[3] = { sizes[0], sizes[1], sizes[2] };
	int16_t last = -1;

	for (int16_t i = 0; i < 3; i++) {
		if (!list->used[i])
			continue;
		if (last >= 0 && all[last] < SMALL) {
			all[i] += all[last];
			move_all(to, last, i);
		}
		last = i;
	}
	for (int16_t i = 2; i >= 0 && last >= 0 && all[last] < SMALL; i--)
		if (list->used[i] && to[i] != last) {
			move_all(to, last, to[i]);
			return;
		}
}

static void assign_auto(struct tree *tree, struct layer_list *list)
{
	int16_t to[3] = { 0, 1, 2 };
	uint64_t sizes[3] = { 0, 0, 0 };

	for (struct tree_node *node = tree->root; node; node = tree_next(node))
		if (node->layer >= 0 && node->type == TREE_FILE)
			sizes[node->layer] += node->content->size;
	merge_small(sizes, list, to);
	list->used[0] = list->used[1] = list->used[2] = false;
	for (struct tree_node *node = tree->root; node; node = tree_next(node))
		if (node->layer >= 0) {
			node->layer = to[node->layer];
			list->used[node->layer] = true;
		}
}

void layers_assign(struct tree *tree, enum layer_plan plan, const struct tree_node *exe,
		   struct layer_list *ret)
{
	static const struct layer_list plans[] = {
		[LAYERS_THREE] = { .words = { "directories", "files", "executable" }, .count = 3 },
		[LAYERS_ONE] = { .words = { "all files" }, .count = 1 },
		[LAYERS_AUTO] = { .words = { "base files", "files", "executable" }, .count = 3 },
	};
	struct layer_list list = plans[plan];
	bool is_empty = true;

	tree->root->layer = -1;
	for (struct tree_node *node = tree_next(tree->root); node; node = tree_next(node)) {
		node->layer = -1;
		is_empty = is_empty && !tree_is_in(node);
		if (!tree_is_in(node) || node->in_base)
			continue;
		node->layer = (int16_t)layer_of(node, plan, exe);
		list.used[node->layer] = true;
	}
	if (plan == LAYERS_AUTO)
		assign_auto(tree, &list);
	if (is_empty) {
		/* "SHOULD have at least 1 entry" (image-spec manifest.md#image-manifest-property-descriptions) */
		tree->root->layer = 0;
		list.used[0] = true;
	}
	*ret = list;
}
