/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_make.c - makes a tree to be written. What is not given puts nothing.
 */
#include <stdio.h>

#include "scale/compose-private.h"

static struct node *failed(struct maker *maker)
{
	maker->failed = true;
	return NULL;
}

struct node *make_node(struct maker *maker, enum node_kind kind)
{
	struct node *node = maker->failed ? NULL : node_new(maker->arena, kind, NULL);

	return node ?: failed(maker);
}

/* Dollars are doubled: the reader, Docker's and Kubernetes', make variables of single ones. */
struct node *make_text(struct maker *maker, const char *text)
{
	struct node *node = make_node(maker, text ? NODE_SCALAR : NODE_NULL);
	size_t dollars = 0;
	char *to;

	if (!node || !text)
		return node;
	for (const char *p = text; *p && !maker->dollars_as_they_are; p++)
		dollars += *p == '$';
	to = oci_arena_alloc(maker->arena, strlen(text) + dollars + 1);
	if (!to)
		return failed(maker);
	node->text = to;
	for (; *text; text++) {
		*to++ = *text;
		if (*text == '$' && dollars)
			*to++ = '$';
	}
	return node;
}

static struct node *make_plain(struct maker *maker, const char *text)
{
	struct node *node = make_node(maker, NODE_SCALAR);

	if (!node)
		return NULL;
	node->plain = true;
	node->text = oci_arena_strdup(maker->arena, text);
	return node->text ? node : failed(maker);
}

struct node *make_int(struct maker *maker, int64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return make_plain(maker, text);
}

void push(struct maker *maker, struct node *list, struct node *value)
{
	if (maker->failed || node_add(maker->arena, list, NULL, value) < 0)
		maker->failed = true;
}

void put(struct maker *maker, struct node *map, const char *key, struct node *value)
{
	struct node *name = make_node(maker, NODE_SCALAR);

	if (maker->failed)
		return;
	name->text = key;
	if (node_add(maker->arena, map, name, value) < 0)
		maker->failed = true;
}

void put_filled(struct maker *maker, struct node *map, const char *key, struct node *value)
{
	if (!maker->failed && value->len)
		put(maker, map, key, value);
}

void put_text(struct maker *maker, struct node *map, const char *key, const char *text)
{
	if (text)
		put(maker, map, key, make_text(maker, text));
}

void put_int(struct maker *maker, struct node *map, const char *key, int64_t value)
{
	put(maker, map, key, make_int(maker, value));
}

/* Six decimals are what is read. */
void put_number(struct maker *maker, struct node *map, const char *key, double value)
{
	char text[64];
	size_t n;

	n = (size_t)snprintf(text, sizeof(text), "%.6f", value);
	while (text[n - 1] == '0')
		text[--n] = '\0';
	if (text[n - 1] == '.')
		text[--n] = '\0';
	put(maker, map, key, make_plain(maker, text));
}

void put_true(struct maker *maker, struct node *map, const char *key, bool value)
{
	if (value)
		put(maker, map, key, make_plain(maker, "true"));
}

void put_time(struct maker *maker, struct node *map, const char *key, int64_t ms)
{
	char text[48];

	if (ms < 0)
		return;
	if (ms % 1000)
		snprintf(text, sizeof(text), "%lldms", (long long)ms);
	else
		snprintf(text, sizeof(text), "%llds", (long long)ms / 1000);
	put_text(maker, map, key, text);
}

/* As a text: so are they in Docker's schema. */
void put_bytes(struct maker *maker, struct node *map, const char *key, int64_t bytes)
{
	char text[32];

	if (bytes < 0)
		return;
	snprintf(text, sizeof(text), "%lld", (long long)bytes);
	put_text(maker, map, key, text);
}

void put_cpus(struct maker *maker, struct node *map, const char *key, int64_t milli)
{
	char text[48];
	size_t n;

	if (milli < 0)
		return;
	n = (size_t)snprintf(text, sizeof(text), "%lld.%03lld", (long long)milli / 1000,
			     (long long)milli % 1000);
	while (text[n - 1] == '0')
		text[--n] = '\0';
	if (text[n - 1] == '.')
		text[--n] = '\0';
	put_text(maker, map, key, text);
}

void put_strings(struct maker *maker, struct node *map, const char *key, const struct strings *s)
{
	struct node *list = make_node(maker, NODE_LIST);

	for (size_t i = 0; i < s->len; i++)
		push(maker, list, make_text(maker, s->items[i]));
	put_filled(maker, map, key, list);
}

void put_pairs(struct maker *maker, struct node *map, const char *key, const struct spec_pairs *p)
{
	struct node *values = make_node(maker, NODE_MAP);

	for (size_t i = 0; i < p->len; i++)
		put(maker, values, p->items[i].key, make_text(maker, p->items[i].value));
	put_filled(maker, map, key, values);
}
