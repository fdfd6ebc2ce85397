/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_merge.c - a second file over a first one: maps are merged, lists appended, what else is there is replaced.
 *
 * What a later value of a list replaces (a volume of the same target) is found when the lists are read. What has a short and a
 * long form is brought into one form first. Nodes may be shared by aliases, so that every merged one is new.
 */
#include "scale/compose-private.h"

enum rule {
	RULE_PLAIN,
	RULE_REPLACE, /* command: the later one */
	RULE_PAIRS,   /* KEY=VALUE or a map: as maps */
	RULE_HOSTS,   /* NAME:ADDRESS or a map: as lists */
	RULE_NAMES,   /* names or a map of them: as maps */
	RULE_LIST,    /* a text or a list: as lists */
	RULE_BUILD,   /* a text is the context */
	RULE_LOGGING, /* of another driver: the later one */
};

/* How deep a key is: services.NAME.KEY is 2. A variable, a label or a service of the same name is elsewhere. */
static const struct {
	const char *key;
	unsigned level;
	enum rule rule;
} rules[] = {
	{ "annotations", 2, RULE_PAIRS },  { "build", 2, RULE_BUILD },
	{ "command", 2, RULE_REPLACE },    { "config", 3, RULE_REPLACE }, /* of ipam */
	{ "depends_on", 2, RULE_NAMES },   { "dns", 2, RULE_LIST },
	{ "dns_search", 2, RULE_LIST },    { "driver_opts", 2, RULE_PAIRS },
	{ "entrypoint", 2, RULE_REPLACE }, { "env_file", 2, RULE_LIST },
	{ "environment", 2, RULE_PAIRS },  { "extra_hosts", 2, RULE_HOSTS },
	{ "labels", 2, RULE_PAIRS },       { "logging", 2, RULE_LOGGING },
	{ "networks", 2, RULE_NAMES },     { "sysctls", 2, RULE_PAIRS },
	{ "test", 3, RULE_REPLACE },       { "tmpfs", 2, RULE_LIST },
};

static int merge(struct reader *reader, struct node *base, struct node *over, enum rule rule,
		 unsigned level, struct node **ret);

static enum rule rule_of(const char *key, unsigned level)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (rules[i].level == level && strcmp(rules[i].key, key) == 0)
			return rules[i].rule;
	return RULE_PLAIN;
}

static struct node *copy_text(struct reader *reader, const struct node *from, size_t length,
			      const char *text)
{
	struct node *node = node_new(reader->arena, NODE_SCALAR, from);

	if (node)
		node->text = oci_arena_strndup(reader->arena, text, length);
	return node && node->text ? node : NULL;
}

/* A list of texts as a map; @mark parts key and value, 0: there is only the key. NULL: out of memory. */
static struct node *list_to_map(struct reader *reader, struct node *list, char mark)
{
	struct node *map = node_new(reader->arena, NODE_MAP, list);

	for (size_t i = 0; map && i < list->len; i++) {
		struct node *item = list->entries[i].value, *key, *value;
		const char *at;

		if (item->kind != NODE_SCALAR || !*item->text)
			return list; /* refused when it is read */
		at = mark ? strchr(item->text, mark) : NULL;
		key = copy_text(reader, item, at ? (size_t)(at - item->text) : strlen(item->text),
				item->text);
		value = at ? copy_text(reader, item, strlen(at + 1), at + 1)
			   : node_new(reader->arena, NODE_NULL, item);
		if (!key || !value)
			return NULL;
		if (!*key->text || strlen(key->text) > COMPOSE_KEY_LENGTH_MAX)
			return list;
		for (size_t j = 0; j < map->len; j++)
			if (strcmp(map->entries[j].key->text, key->text) == 0) {
				map->entries[j].value = value;
				key = NULL;
				break;
			}
		if (map->len >= COMPOSE_KEYS_MAX)
			return list;
		if (key && node_add(reader->arena, map, key, value) < 0)
			return NULL;
	}
	return map;
}

static struct node *map_to_list(struct reader *reader, struct node *map)
{
	struct node *list = node_new(reader->arena, NODE_LIST, map);

	for (size_t i = 0; list && i < map->len; i++) {
		struct node *item = map->entries[i].value;
		char *text;

		if (item->kind != NODE_SCALAR)
			return map;
		text = oci_arena_printf(reader->arena, "%s:%s", map->entries[i].key->text,
					item->text);
		if (!text)
			return NULL;
		item = copy_text(reader, item, strlen(text), text);
		if (!item || node_add(reader->arena, list, NULL, item) < 0)
			return NULL;
	}
	return list;
}

static struct node *wrap(struct reader *reader, struct node *node, const char *key)
{
	struct node *outer = node_new(reader->arena, key ? NODE_MAP : NODE_LIST, node),
		    *name = NULL;

	if (key)
		name = copy_text(reader, node, strlen(key), key);
	if (!outer || (key && !name) || node_add(reader->arena, outer, name, node) < 0)
		return NULL;
	return outer;
}

static struct node *in_long_form(struct reader *reader, struct node *node, enum rule rule)
{
	if (rule == RULE_PAIRS && node->kind == NODE_LIST)
		return list_to_map(reader, node, '=');
	if (rule == RULE_NAMES && node->kind == NODE_LIST)
		return list_to_map(reader, node, 0);
	if (rule == RULE_HOSTS && node->kind == NODE_MAP)
		return map_to_list(reader, node);
	if (rule == RULE_LIST && node->kind == NODE_SCALAR)
		return wrap(reader, node, NULL);
	if (rule == RULE_BUILD && node->kind == NODE_SCALAR)
		return wrap(reader, node, "context");
	return node;
}

static int merge_maps(struct reader *reader, struct node *base, struct node *over, unsigned level,
		      struct node **ret)
{
	struct node *made = node_new(reader->arena, NODE_MAP, base);
	int r = 0;

	if (!made)
		return fail_nomem(reader);
	for (size_t i = 0; r == 0 && i < base->len; i++)
		if (node_add(reader->arena, made, base->entries[i].key, base->entries[i].value) < 0)
			r = fail_nomem(reader);
	for (size_t i = 0; r == 0 && i < over->len; i++) {
		const struct node_entry *entry = &over->entries[i];
		size_t j = 0;

		while (j < base->len && strcmp(made->entries[j].key->text, entry->key->text) != 0)
			j++;
		if (j == base->len)
			r = node_add(reader->arena, made, entry->key, entry->value) < 0
				    ? fail_nomem(reader)
				    : 0;
		else
			r = merge(reader, made->entries[j].value, entry->value,
				  rule_of(entry->key->text, level), level + 1,
				  &made->entries[j].value);
	}
	*ret = made;
	return r;
}

static int merge_lists(struct reader *reader, const struct node *base, const struct node *over,
		       struct node **ret)
{
	const struct node *const lists[] = { base, over };
	struct node *made = node_new(reader->arena, NODE_LIST, base);

	if (!made)
		return fail_nomem(reader);
	for (size_t n = 0; n < ARRAY_LEN(lists); n++)
		for (size_t i = 0; i < lists[n]->len; i++)
			if (node_add(reader->arena, made, NULL, lists[n]->entries[i].value) < 0)
				return fail_nomem(reader);
	*ret = made;
	return 0;
}

static bool is_other_driver(const struct node *base, const struct node *over)
{
	const struct node *a = node_get(base, "driver"), *b = node_get(over, "driver");

	return a && b && a->kind == NODE_SCALAR && b->kind == NODE_SCALAR &&
	       strcmp(a->text, b->text) != 0;
}

static int merge(struct reader *reader, struct node *base, struct node *over, enum rule rule,
		 unsigned level, struct node **ret)
{
	*ret = over;
	if (over->tag != NODE_PLAIN_MERGE || base->tag == NODE_RESET || rule == RULE_REPLACE)
		return 0;
	if (over->kind == NODE_NULL) {
		*ret = base; /* nothing says nothing */
		return 0;
	}
	if (rule == RULE_LOGGING && is_other_driver(base, over))
		return 0;
	base = in_long_form(reader, base, rule);
	over = in_long_form(reader, over, rule);
	if (!base || !over)
		return fail_nomem(reader);
	*ret = over;
	if (base->kind == NODE_MAP && over->kind == NODE_MAP)
		return merge_maps(reader, base, over, level, ret);
	if (base->kind == NODE_LIST && over->kind == NODE_LIST)
		return merge_lists(reader, base, over, ret);
	return 0;
}

int merge_trees(struct reader *reader, struct node *base, struct node *over, struct node **ret)
{
	return merge(reader, base, over, RULE_PLAIN, 0, ret);
}
