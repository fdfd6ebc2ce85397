/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_node.c - nodes of a document's tree.
 */
#include "scale/compose-private.h"

struct node *node_new(struct oci_arena *arena, enum node_kind kind, const struct node *place)
{
	struct node *node = oci_arena_alloc(arena, sizeof(*node));

	if (!node)
		return NULL;
	node->kind = kind;
	node->weight = 1;
	if (place) {
		node->file = place->file;
		node->line = place->line;
		node->column = place->column;
	}
	return node;
}

int node_add(struct oci_arena *arena, struct node *node, struct node *key, struct node *value)
{
	if (node->len == node->room) {
		size_t room = node->room ? node->room * 2 : 4;
		struct node_entry *more = oci_arena_array(arena, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		if (node->len)
			memcpy(more, node->entries, node->len * sizeof(*more));
		node->entries = more;
		node->room = room;
	}
	node->entries[node->len++] = (struct node_entry){ .key = key, .value = value };
	return 0;
}

struct node *node_get(const struct node *map, const char *key)
{
	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (size_t i = 0; i < map->len; i++)
		if (strcmp(map->entries[i].key->text, key) == 0)
			return map->entries[i].value->tag == NODE_RESET ? NULL
									: map->entries[i].value;
	return NULL;
}

bool node_has(const struct node *map, const char *key)
{
	for (size_t i = 0; i < map->len; i++)
		if (strcmp(map->entries[i].key->text, key) == 0)
			return true;
	return false;
}

/* Room doubles at powers of two, so that no capacity has to be kept. */
void *array_more(struct oci_arena *arena, void *items, size_t *len, size_t size)
{
	if ((*len & (*len - 1)) == 0) {
		void *more = oci_arena_array(arena, *len ? *len * 2 : 1, size);

		if (!more)
			return NULL;
		if (*len)
			memcpy(more, items, *len * size);
		items = more;
	}
	(*len)++;
	return items;
}
