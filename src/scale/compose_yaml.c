/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_yaml.c - YAML as a tree of nodes, by libyaml's events.
 *
 * What must hold: depth, keys of a map and the whole size after aliases are bounded; no key is there twice; no alias is inside
 * its own anchor. A node that was made is never changed, as aliases share it.
 */
#include <stdio.h>
#include <yaml.h>

#include "scale/compose-private.h"

struct anchor {
	const char *name;
	struct node *node;
};

struct builder {
	struct reader *reader;
	const char *file, *text;
	size_t length;
	yaml_parser_t parser;
	yaml_event_t event;
	struct anchor *anchors;
	size_t anchors_len;
};

static int build(struct builder *b, struct at *at, unsigned depth, bool is_key, struct node **ret);

static int fail_yaml(struct builder *b)
{
	struct node place = {
		.file = b->file,
		.line = (unsigned)b->parser.problem_mark.line + 1,
		.column = (unsigned)b->parser.problem_mark.column + 1,
	};
	struct at at = { .node = &place };

	if (b->parser.error == YAML_MEMORY_ERROR)
		return fail_nomem(b->reader);
	if (b->parser.error == YAML_READER_ERROR) {
		/* the reader is ahead of the marks */
		place.line = place.column = 1;
		for (size_t i = 0; i < b->parser.problem_offset && i < b->length; i++) {
			place.line += b->text[i] == '\n';
			place.column = b->text[i] == '\n'
					       ? 1
					       : place.column + ((b->text[i] & 0xc0) != 0x80);
		}
		return fail(b->reader, &at, "not YAML: %s", b->parser.problem);
	}
	return fail(b->reader, &at, "not YAML: %s%s%s", b->parser.problem,
		    b->parser.context ? " " : "", b->parser.context ? b->parser.context : "");
}

static int next_event(struct builder *b)
{
	yaml_event_delete(&b->event);
	return yaml_parser_parse(&b->parser, &b->event) ? 0 : fail_yaml(b);
}

static struct node *new_at_event(struct builder *b, enum node_kind kind)
{
	struct node place = {
		.file = b->file,
		.line = (unsigned)b->event.start_mark.line + 1,
		.column = (unsigned)b->event.start_mark.column + 1,
	};

	return node_new(b->reader->arena, kind, &place);
}

static int add_anchor(struct builder *b, const yaml_char_t *name, struct node *node)
{
	struct anchor *more;

	if (!name)
		return 0;
	more = array_more(b->reader->arena, b->anchors, &b->anchors_len, sizeof(*more));
	if (!more)
		return fail_nomem(b->reader);
	b->anchors = more;
	more[b->anchors_len - 1].node = node;
	more[b->anchors_len - 1].name = oci_arena_strdup(b->reader->arena, (const char *)name);
	return more[b->anchors_len - 1].name ? 0 : fail_nomem(b->reader);
}

static int take_alias(struct builder *b, const struct at *at, struct node **ret)
{
	const char *name = (const char *)b->event.data.alias.anchor;
	char buf[SHOWN_SIZE];

	for (size_t i = b->anchors_len; i-- > 0;)
		if (strcmp(b->anchors[i].name, name) == 0) {
			*ret = b->anchors[i].node;
			return 0;
		}
	return fail(b->reader, at, "alias *%s: there is no complete anchor &%s before it",
		    shown(buf, name), buf);
}

/* The tags of YAML's core, and Compose's two; more would mean something that is not done. */
static int take_tag(struct builder *b, const struct at *at, const yaml_char_t *tag,
		    struct node *node)
{
	static const char core[] = "tag:yaml.org,2002:";
	char buf[SHOWN_SIZE];

	if (!tag)
		return 0;
	if (strcmp((const char *)tag, "!reset") == 0) {
		node->tag = NODE_RESET;
	} else if (strcmp((const char *)tag, "!override") == 0) {
		node->tag = NODE_OVERRIDE;
	} else if (strncmp((const char *)tag, core, sizeof(core) - 1) == 0) {
		const char *word = (const char *)tag + sizeof(core) - 1;

		if (strcmp(word, "str") == 0)
			node->plain = false;
		else if (strcmp(word, "null") == 0 && node->kind == NODE_SCALAR)
			node->kind = NODE_NULL;
		else if (strcmp(word, "int") != 0 && strcmp(word, "float") != 0 &&
			 strcmp(word, "bool") != 0 && strcmp(word, "map") != 0 &&
			 strcmp(word, "seq") != 0 && strcmp(word, "null") != 0)
			return fail(b->reader, at, "the tag !!%s is not supported",
				    shown(buf, word));
	} else if (strcmp((const char *)tag, "!") != 0) {
		return fail(b->reader, at, "the tag %s is not supported",
			    shown(buf, (const char *)tag));
	}
	return 0;
}

static bool is_null(const char *text)
{
	return !*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0 ||
	       strcmp(text, "Null") == 0 || strcmp(text, "NULL") == 0;
}

static int build_scalar(struct builder *b, struct at *at, bool is_key, struct node *node)
{
	const char *text = (const char *)b->event.data.scalar.value;
	size_t length = b->event.data.scalar.length;
	struct reader *reader = b->reader;
	int r;

	if (strlen(text) != length)
		return fail(reader, at, "a text with a NUL character");
	node->plain = b->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	if (!is_key && node->plain && is_null(text) && !b->event.data.scalar.tag)
		node->kind = NODE_NULL;
	node->text = oci_arena_strndup(reader->arena, text, length);
	if (!node->text)
		return fail_nomem(reader);
	if (!is_key) {
		r = substitute(reader, at, node->text, &node->text);
		if (r < 0)
			return r;
	}
	node->weight = 1 + strlen(node->text) / 32;
	return take_tag(b, at, b->event.data.scalar.tag, node);
}

static int add_weight(struct builder *b, const struct at *at, struct node *node,
		      const struct node *child)
{
	node->weight += child ? child->weight : 0;
	return node->weight > COMPOSE_WEIGHT_MAX
		       ? fail(b->reader, at, "the document is too large, with all aliases")
		       : 0;
}

static int build_list(struct builder *b, const struct at *at, unsigned depth, struct node *node)
{
	int r = next_event(b);

	while (r == 0 && b->event.type != YAML_SEQUENCE_END_EVENT) {
		struct at place = { .up = at, .index = node->len };
		struct node *value = NULL;

		r = build(b, &place, depth + 1, false, &value);
		if (r == 0 && node_add(b->reader->arena, node, NULL, value) < 0)
			r = fail_nomem(b->reader);
		if (r == 0)
			r = add_weight(b, at, node, value);
		if (r == 0)
			r = next_event(b);
	}
	return r;
}

/* "<<": the keys of a map, or of each of a list of maps, that are not there. Earlier ones win. */
static int merge_keys(struct builder *b, const struct at *at, struct node *node,
		      const struct node *from)
{
	if (from->kind == NODE_LIST) {
		for (size_t i = 0; i < from->len; i++) {
			int r = from->entries[i].value->kind != NODE_MAP
					? fail(b->reader, at, "<<: expected a list of maps")
					: merge_keys(b, at, node, from->entries[i].value);

			if (r < 0)
				return r;
		}
		return 0;
	}
	if (from->kind != NODE_MAP)
		return fail(b->reader, at, "<<: expected an alias of a map");
	for (size_t i = 0; i < from->len; i++) {
		const struct node_entry *entry = &from->entries[i];
		int r;

		if (node_has(node, entry->key->text))
			continue;
		if (node->len >= COMPOSE_KEYS_MAX)
			return fail(b->reader, at, "more than %d keys", COMPOSE_KEYS_MAX);
		if (node_add(b->reader->arena, node, entry->key, entry->value) < 0)
			return fail_nomem(b->reader);
		r = add_weight(b, at, node, entry->value);
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_key(struct builder *b, const struct at *at, const struct node *node,
		     const struct node *key)
{
	if (key->kind != NODE_SCALAR)
		return fail(b->reader, at, "a key that is no text");
	if (!*key->text)
		return fail(b->reader, at, "a key is missing before ':'");
	if (strlen(key->text) > COMPOSE_KEY_LENGTH_MAX)
		return fail(b->reader, at, "a key of more than %d bytes", COMPOSE_KEY_LENGTH_MAX);
	for (const char *p = key->text; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return fail(b->reader, at, "a key with a control character");
	for (size_t i = 0; i < node->len; i++)
		if (strcmp(node->entries[i].key->text, key->text) == 0)
			return fail(b->reader, at, "given twice, first in line %u",
				    node->entries[i].key->line);
	if (node->len >= COMPOSE_KEYS_MAX)
		return fail(b->reader, at, "more than %d keys", COMPOSE_KEYS_MAX);
	return 0;
}

static int build_entry(struct builder *b, const struct at *at, unsigned depth, struct node *node,
		       struct node **merged)
{
	struct at key_at = { .up = at };
	struct at place = { .up = at };
	struct node *key, *value = NULL;
	int r = build(b, &key_at, depth + 1, true, &key);

	if (r < 0)
		return r;
	key_at.node = key;
	if (key->kind == NODE_SCALAR)
		key_at.key = place.key = key->text;
	else
		key_at = (struct at){
			.up = at->up, .key = at->key, .index = at->index, .node = key
		};
	r = check_key(b, &key_at, node, key);
	if (r == 0)
		r = next_event(b);
	if (r == 0)
		r = build(b, &place, depth + 1, false, &value);
	if (r < 0)
		return r;
	if (key->plain && strcmp(key->text, "<<") == 0) {
		if (*merged)
			return fail(b->reader, &key_at, "given twice; it takes a list of aliases");
		*merged = value;
		return 0;
	}
	if (node_add(b->reader->arena, node, key, value) < 0)
		return fail_nomem(b->reader);
	return add_weight(b, at, node, value);
}

static int build_map(struct builder *b, const struct at *at, unsigned depth, struct node *node)
{
	struct node *merged = NULL;
	int r = next_event(b);

	while (r == 0 && b->event.type != YAML_MAPPING_END_EVENT) {
		r = build_entry(b, at, depth, node, &merged);
		if (r == 0)
			r = next_event(b);
	}
	return r == 0 && merged ? merge_keys(b, at, node, merged) : r;
}

static int build(struct builder *b, struct at *at, unsigned depth, bool is_key, struct node **ret)
{
	bool list = b->event.type == YAML_SEQUENCE_START_EVENT;
	const yaml_char_t *anchor_text;
	CLEANUP_FREE char *anchor = NULL;
	struct node *node;
	int r;

	node = new_at_event(b, list                                        ? NODE_LIST
			       : b->event.type == YAML_MAPPING_START_EVENT ? NODE_MAP
									   : NODE_SCALAR);
	if (!node)
		return fail_nomem(b->reader);
	at->node = node;
	if (b->event.type == YAML_ALIAS_EVENT)
		return take_alias(b, at, ret);
	if (depth > COMPOSE_DEPTH_MAX)
		return fail(b->reader, at, "nested more than %d deep", COMPOSE_DEPTH_MAX);
	/* the union's members begin alike, but that is libyaml's to change */
	anchor_text = node->kind == NODE_SCALAR ? b->event.data.scalar.anchor
		      : list                    ? b->event.data.sequence_start.anchor
						: b->event.data.mapping_start.anchor;
	if (anchor_text) {
		anchor = strdup((const char *)anchor_text);
		if (!anchor)
			return fail_nomem(b->reader);
	}
	if (node->kind == NODE_SCALAR) {
		r = build_scalar(b, at, is_key, node);
	} else {
		r = take_tag(b, at,
			     list ? b->event.data.sequence_start.tag
				  : b->event.data.mapping_start.tag,
			     node);
		if (r == 0)
			r = list ? build_list(b, at, depth, node) : build_map(b, at, depth, node);
	}
	if (r == 0)
		r = add_anchor(b, (yaml_char_t *)anchor, node);
	if (r == 0)
		*ret = node;
	return r;
}

static int build_document(struct builder *b, struct node **ret)
{
	struct node place = { .file = b->file, .line = 1, .column = 1 };
	struct at at = { .node = &place };
	int r = next_event(b); /* the stream's start */

	if (r == 0)
		r = next_event(b);
	if (r == 0 && b->event.type == YAML_STREAM_END_EVENT)
		r = fail(b->reader, &at, "the file is empty: expected services");
	if (r == 0)
		r = next_event(b);
	if (r == 0)
		r = build(b, &at, 0, false, ret);
	if (r == 0)
		r = next_event(b); /* the document's end */
	if (r == 0)
		r = next_event(b);
	if (r == 0 && b->event.type != YAML_STREAM_END_EVENT) {
		at.node = new_at_event(b, NODE_NULL);
		r = fail(b->reader, &at, "a second document; a file has one");
	}
	return r;
}

int yaml_read(struct reader *reader, const char *file, const char *text, size_t length,
	      struct node **ret)
{
	struct node place = { .file = file, .line = 1, .column = 1 };
	struct at at = { .node = &place };
	struct builder b = { .reader = reader, .file = file, .text = text, .length = length };
	int r;

	if (length > COMPOSE_TEXT_MAX)
		return fail(reader, &at, "the file is larger than %d bytes", COMPOSE_TEXT_MAX);
	if (!yaml_parser_initialize(&b.parser))
		return fail_nomem(reader);
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)text, length);
	r = build_document(&b, ret);
	yaml_event_delete(&b.event);
	yaml_parser_delete(&b.parser);
	return r;
}
