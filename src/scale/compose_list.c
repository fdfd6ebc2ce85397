/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_list.c - lists of words, pairs, and maps by their table.
 */
#include "scale/compose-private.h"

int need_map(struct reader *reader, const struct at *at)
{
	return at->node->kind == NODE_MAP ? 0 : fail_expected(reader, at, "a map");
}

int need_list(struct reader *reader, const struct at *at)
{
	return at->node->kind == NODE_LIST ? 0 : fail_expected(reader, at, "a list");
}

static const struct row *find_row(const struct row *rows, const char *name)
{
	for (; rows->name; rows++)
		if (strcmp(rows->name, name) == 0)
			return rows;
	return NULL;
}

static int read_entry(struct reader *reader, const struct at *at, const struct node_entry *entry,
		      const struct row *rows, void *base)
{
	const struct row *row = find_row(rows, entry->key->text);
	struct at place = at_key(at, entry);

	if (entry->value->tag == NODE_RESET)
		return 0;
	if (!row && strncmp(entry->key->text, "x-", 2) == 0)
		return 0;
	if (!row || !row->read)
		place.node = entry->key;
	if (!row)
		return fail_unknown(reader, &place, rows);
	if (!row->read)
		return fail(reader, &place, "not supported: %s", row->why);
	return row->read(reader, &place, (char *)base + row->offset, row);
}

/* In the order of the table, so that what one key means never depends on where another is. */
int read_map(struct reader *reader, const struct at *at, const struct row *rows, void *base)
{
	int r = need_map(reader, at);

	/* unknown ones first: they are often the reason of what else is wrong */
	for (size_t i = 0; r == 0 && i < at->node->len; i++)
		if (!find_row(rows, at->node->entries[i].key->text))
			r = read_entry(reader, at, &at->node->entries[i], rows, base);
	for (const struct row *row = rows; r == 0 && row->name; row++)
		for (size_t i = 0; r == 0 && i < at->node->len; i++)
			if (strcmp(at->node->entries[i].key->text, row->name) == 0)
				r = read_entry(reader, at, &at->node->entries[i], rows, base);
	return r;
}

int read_rows(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	return read_map(reader, at, row->rows, slot);
}

int strings_add(struct reader *reader, struct strings *strings, const char *text)
{
	const char **more = array_more(reader->arena, strings->items, &strings->len, sizeof(*more));

	if (!more)
		return fail_nomem(reader);
	strings->items = more;
	more[strings->len - 1] = text;
	return 0;
}

static int read_items(struct reader *reader, const struct at *at, struct strings *strings,
		      const struct row *row, bool unique)
{
	int r = need_list(reader, at);

	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct at item = at_index(at, i);
		const char *text;
		bool there = false;

		r = read_string(reader, &item, &text, row);
		for (size_t j = 0; r == 0 && unique && j < strings->len; j++)
			there |= strcmp(strings->items[j], text) == 0;
		if (r == 0 && !there)
			r = strings_add(reader, strings, text);
	}
	return r;
}

int read_strings(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	return read_items(reader, at, slot, row, false);
}

int read_unique(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	return read_items(reader, at, slot, row, true);
}

int read_string_or_strings(struct reader *reader, const struct at *at, void *slot,
			   const struct row *row)
{
	const char *text;
	int r;

	if (at->node->kind == NODE_LIST)
		return read_items(reader, at, slot, row, true);
	if (at->node->kind != NODE_SCALAR)
		return fail_expected(reader, at, "a text or a list");
	r = read_string(reader, at, &text, row);
	return r < 0 ? r : strings_add(reader, slot, text);
}

/* One word of a shell's, in place: what is in quotes is kept, a backslash takes the next character as it is. */
static int take_word(struct reader *reader, const struct at *at, char **text, struct strings *ret)
{
	char *word = *text, *to = word, *p = word, quote = '\0';

	for (; *p && (quote || !strchr(" \t\r\n", *p)); p++) {
		if (*p == quote) {
			quote = '\0';
		} else if (!quote && (*p == '\'' || *p == '"')) {
			quote = *p;
		} else if (*p == '\\' && quote != '\'' &&
			   (!quote || (p[1] && strchr("\"\\", p[1])))) {
			if (!*++p)
				return fail(reader, at, "a backslash with nothing behind it");
			*to++ = *p;
		} else {
			*to++ = *p;
		}
	}
	if (quote)
		return fail(reader, at, "a quote %c that is not closed", quote);
	*text = p + (*p != '\0');
	*to = '\0';
	return strings_add(reader, ret, word);
}

int split_words(struct reader *reader, const struct at *at, const char *text, struct strings *ret)
{
	char *copy = oci_arena_strdup(reader->arena, text);
	int r = 0;

	if (!copy)
		return fail_nomem(reader);
	while (r == 0) {
		copy += strspn(copy, " \t\r\n");
		if (!*copy)
			break;
		r = take_word(reader, at, &copy, ret);
	}
	return r;
}

/* command, entrypoint: a text of shell words, or a list. The flag that it is given is in the row's @min, as an offset. */
int read_argv(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct strings *argv = slot;
	int r = 0;

	if (at->node->kind == NODE_NULL)
		return 0; /* Compose: null is the image's */
	*((bool *)((char *)slot - row->offset + row->min)) = true;
	if (at->node->kind == NODE_SCALAR)
		return split_words(reader, at, at->node->text, argv);
	if (at->node->kind != NODE_LIST)
		return fail_expected(reader, at, "a text or a list");
	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		struct at item = at_index(at, i);
		const char *text;

		r = read_text(reader, &item, &text, NULL);
		if (r == 0)
			r = strings_add(reader, argv, text);
	}
	return r;
}

int pairs_set(struct reader *reader, struct spec_pairs *pairs, const char *key, const char *value)
{
	struct spec_pair *more;

	for (size_t i = 0; i < pairs->len; i++)
		if (strcmp(pairs->items[i].key, key) == 0) {
			pairs->items[i].value = value;
			return 0;
		}
	more = array_more(reader->arena, pairs->items, &pairs->len, sizeof(*more));
	if (!more)
		return fail_nomem(reader);
	pairs->items = more;
	more[pairs->len - 1] = (struct spec_pair){ .key = key, .value = value };
	return 0;
}

static int read_pair(struct reader *reader, const struct at *item, struct spec_pairs *pairs)
{
	const char *text, *equals;
	char *key;
	int r = read_text(reader, item, &text, NULL);

	if (r < 0)
		return r;
	equals = strchr(text, '=');
	key = oci_arena_strndup(reader->arena, text,
				equals ? (size_t)(equals - text) : strlen(text));
	if (!key)
		return fail_nomem(reader);
	if (!*key)
		return fail_expected(reader, item, "KEY=VALUE");
	if (strlen(key) > COMPOSE_KEY_LENGTH_MAX)
		return fail(reader, item, "a key of more than %d bytes", COMPOSE_KEY_LENGTH_MAX);
	for (const char *p = key; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return fail(reader, item, "a key with a control character");
	if (pairs->len >= COMPOSE_KEYS_MAX)
		return fail(reader, item, "more than %d keys", COMPOSE_KEYS_MAX);
	return pairs_set(reader, pairs, key, equals ? equals + 1 : NULL);
}

/* A map, or a list of KEY=VALUE. A value that is not given is NULL. */
int read_pairs(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct spec_pairs *pairs = slot;
	int r = 0;

	(void)row;
	if (at->node->kind == NODE_NULL)
		return 0;
	if (at->node->kind != NODE_LIST && at->node->kind != NODE_MAP)
		return fail_expected(reader, at, "a map or a list of KEY=VALUE");
	for (size_t i = 0; r == 0 && i < at->node->len; i++) {
		if (at->node->kind == NODE_LIST) {
			struct at item = at_index(at, i);

			r = read_pair(reader, &item, pairs);
		} else {
			struct at item = at_key(at, &at->node->entries[i]);
			const char *value = NULL;

			if (item.node->kind != NODE_NULL)
				r = read_text(reader, &item, &value, NULL);
			if (r == 0 && strchr(item.key, '='))
				r = fail(reader, &item, "a key with '='");
			if (r == 0 && pairs->len >= COMPOSE_KEYS_MAX)
				r = fail(reader, &item, "more than %d keys", COMPOSE_KEYS_MAX);
			if (r == 0)
				r = pairs_set(reader, pairs, item.key, value);
		}
	}
	return r;
}

/* The same, where what has no value is empty. */
int read_labels(struct reader *reader, const struct at *at, void *slot, const struct row *row)
{
	struct spec_pairs *pairs = slot;
	int r = read_pairs(reader, at, slot, row);

	for (size_t i = 0; r == 0 && i < pairs->len; i++)
		if (!pairs->items[i].value)
			pairs->items[i].value = "";
	return r;
}
