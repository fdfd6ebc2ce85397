/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_fail.c - one line with file, line, column and place; the key that was meant.
 */
#include <stdio.h>
#include <strings.h>

#include "scale/compose-private.h"

#define PLACE_SIZE 256
#define NEAR_LENGTH 32

/* What a message may carry: a part of it that is on one line. */
const char *shown(char buf[SHOWN_SIZE], const char *text)
{
	size_t n = 0;

	for (; n < SHOWN_SIZE - 4 && text[n]; n++) {
		buf[n] = text[n];
		if ((unsigned char)text[n] < ' ' || text[n] == 0x7f)
			buf[n] = '?';
	}
	if (text[n]) {
		/* not in the middle of a character */
		while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--;
		memcpy(buf + n, "...", 3);
		n += 3;
	}
	buf[n] = '\0';
	return buf;
}

static void put_place(const struct at *at, char *buf, size_t size)
{
	char part[SHOWN_SIZE];
	size_t n;

	if (!at)
		return;
	put_place(at->up, buf, size);
	n = strlen(buf);
	if (at->key)
		snprintf(buf + n, size - n, "%s%s", n ? "." : "", shown(part, at->key));
	else if (at->up)
		snprintf(buf + n, size - n, "[%zu]", at->index);
}

int fail(const struct reader *reader, const struct at *at, const char *format, ...)
{
	char words[512], place[PLACE_SIZE] = "";
	const struct node *node = at->node;
	va_list ap;
	int r;

	for (const struct at *up = at; !node && up; up = up->up)
		node = up->node;
	va_start(ap, format);
	vsnprintf(words, sizeof(words), format, ap);
	va_end(ap);
	put_place(at, place, sizeof(place));
	r = err_set_as(reader->err, ERR_DOCUMENT, EINVAL, "%s:%u:%u: %s%s%s",
		       node ? node->file : "", node ? node->line : 1, node ? node->column : 1,
		       place, *place ? ": " : "", words);
	if (reader->err)
		err_at(reader->err, node ? node->file : NULL, *place ? place : NULL);
	return r;
}

int fail_nomem(const struct reader *reader)
{
	return err_nomem(reader->err);
}

int fail_expected(const struct reader *reader, const struct at *at, const char *what)
{
	char buf[SHOWN_SIZE];

	switch (at->node->kind) {
	case NODE_NULL:
		return fail(reader, at, "expected %s, got nothing", what);
	case NODE_LIST:
		return fail(reader, at, "expected %s, got a list", what);
	case NODE_MAP:
		return fail(reader, at, "expected %s, got a map", what);
	case NODE_SCALAR:
		break;
	}
	return fail(reader, at, "expected %s, got '%s'", what, shown(buf, at->node->text));
}

/* How many letters must be put, taken or changed, or exchanged with their neighbour (Damerau, optimal string alignment). */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][NEAR_LENGTH + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];
	size_t m = strlen(a), n = strlen(b);

	if (m > NEAR_LENGTH || n > NEAR_LENGTH)
		return UINT32_MAX;
	memset(rows, 0, sizeof(rows));
	for (size_t j = 0; j <= n; j++)
		above[j] = (unsigned)j;
	for (size_t i = 1; i <= m; i++) {
		unsigned *spare = before;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= n; j++) {
			unsigned least = above[j - 1] + (a[i - 1] != b[j - 1]);

			if (above[j] + 1 < least)
				least = above[j] + 1;
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < least)
				least = before[j - 2] + 1;
			row[j] = least;
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[n];
}

static const char *nearest(const char *text, const struct row *rows)
{
	unsigned least = strlen(text) < 4 ? 2 : 3;
	const char *best = NULL;

	for (; rows->name; rows++) {
		unsigned d;

		if (strcasecmp(text, rows->name) == 0)
			return rows->name;
		d = distance(text, rows->name);
		if (rows->read && d < least) {
			least = d;
			best = rows->name;
		}
	}
	return best;
}

int fail_unknown(const struct reader *reader, const struct at *at, const struct row *rows)
{
	const char *best = nearest(at->key, rows);
	char list[300] = "";
	size_t n = 0;

	if (best)
		return fail(reader, at, "unknown key; did you mean %s?", best);
	for (const struct row *row = rows; row->name && n < sizeof(list); row++)
		if (row->read)
			n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "",
					      row->name);
	if (n >= sizeof(list))
		return fail(reader, at, "unknown key; carte-compose(5) lists them");
	return fail(reader, at, "unknown key; expected %s", list);
}

int fail_words(const struct reader *reader, const struct at *at, const char *const *words)
{
	char list[300] = "";
	size_t n = 0;

	for (size_t i = 0; words[i] && n < sizeof(list); i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s",
				      i == 0         ? ""
				      : words[i + 1] ? ", "
						     : " or ",
				      *words[i] ? words[i] : "''");
	return fail_expected(reader, at, list);
}
