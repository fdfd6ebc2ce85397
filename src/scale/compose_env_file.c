/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_env_file.c - .env and env_file: NAME=VALUE lines, quotes, comments; variables but in single quotes.
 */
#include <fcntl.h>

#include "base/io.h"
#include "base/utf8.h"
#include "scale/compose-private.h"

#define VARIABLES_MAX 4096

struct env_reader {
	struct reader *reader;
	struct node place; /* of the line */
	struct at at;
	bool raw;
	const char *p;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* What a letter behind a backslash means; the others mean themselves. */
static char escaped(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return c;
	}
}

static char *cut(struct env_reader *e, const char *from, const char *end)
{
	while (end > from && is_blank(end[-1]))
		end--;
	return oci_arena_strndup(e->reader->arena, from, (size_t)(end - from));
}

/* In double quotes: \n \r \t \" \\ \$; a quoted value may be of several lines. */
static int take_quoted(struct env_reader *e, char **ret)
{
	char quote = *e->p++, *to = oci_arena_strdup(e->reader->arena, e->p);
	unsigned opened = e->place.line;

	if (!to)
		return fail_nomem(e->reader);
	*ret = to;
	for (; *e->p && *e->p != quote; e->p++) {
		char c = *e->p;

		e->place.line += c == '\n';
		if (quote == '"' && c == '\\' && e->p[1]) {
			c = *++e->p;
			e->place.line += c == '\n';
			if (c == '$')
				*to++ = '$'; /* substitute() makes one of two */
			else if (c != '"' && c != '\\')
				c = escaped(c);
		}
		*to++ = c;
	}
	*to = '\0';
	if (!*e->p) {
		e->place.line = opened;
		return fail(e->reader, &e->at, "a quote %c that is not closed", quote);
	}
	e->p++;
	while (is_blank(*e->p))
		e->p++;
	if (*e->p && *e->p != '\n' && *e->p != '#')
		return fail(e->reader, &e->at, "text behind the closing quote");
	e->p += strcspn(e->p, "\n");
	return 0;
}

static int take_value(struct env_reader *e, char **ret)
{
	bool literal = *e->p == '\'' || e->raw;
	const char *text;
	int r = 0;

	if (!e->raw && (*e->p == '"' || *e->p == '\'')) {
		r = take_quoted(e, ret);
	} else {
		const char *end = e->p + strcspn(e->p, "\n"), *hash = e->p;

		/* a comment begins behind a blank */
		while (!e->raw && hash < end &&
		       !(*hash == '#' && (hash == e->p || is_blank(hash[-1]))))
			hash++;
		*ret = cut(e, e->p, e->raw ? end : hash);
		e->p = end;
		if (!*ret)
			r = fail_nomem(e->reader);
	}
	if (r < 0 || literal)
		return r;
	r = substitute(e->reader, &e->at, *ret, &text);
	if (r == 0) {
		*ret = oci_arena_strdup(e->reader->arena, text);
		r = *ret ? 0 : fail_nomem(e->reader);
	}
	return r;
}

static int take_line(struct env_reader *e, struct spec_pairs *pairs)
{
	char buf[SHOWN_SIZE], *name, *value = NULL;
	const char *line = e->p, *end;
	int r;

	if (strncmp(line, "export", 6) == 0 && is_blank(line[6]))
		line += 7;
	while (is_blank(*line))
		line++;
	end = line + strcspn(line, "=\n");
	name = cut(e, line, end);
	if (!name)
		return fail_nomem(e->reader);
	if (!*name || strpbrk(name, " \t'\""))
		return fail(e->reader, &e->at, "expected NAME=VALUE, got '%s'", shown(buf, name));
	e->p = end;
	if (*end == '=') {
		e->p = end + 1;
		while (is_blank(*e->p))
			e->p++;
		r = take_value(e, &value);
		if (r < 0)
			return r;
	} else {
		const char *found = NULL;

		(void)variable_get(e->reader, name, strlen(name), &found);
		value = (char *)found;
		if (!found)
			return 0; /* not set: not there */
	}
	if (pairs->len >= VARIABLES_MAX)
		return fail(e->reader, &e->at, "more than %d variables", VARIABLES_MAX);
	return pairs_set(e->reader, pairs, name, value);
}

static int check_text(struct env_reader *e, const char *text, size_t length)
{
	if (strlen(text) != length)
		return fail(e->reader, &e->at, "a NUL character");
	for (const char *p = text; *p;) {
		size_t n = utf8_length(p, length - (size_t)(p - text));

		if (n == 0)
			return fail(e->reader, &e->at, "it is not UTF-8");
		e->place.line += *p == '\n';
		p += n;
	}
	e->place.line = 1;
	return 0;
}

int env_file_read(struct reader *reader, const struct at *at, const char *path, bool required,
		  bool raw, struct spec_pairs *pairs)
{
	struct env_reader e = { .reader = reader,
				.raw = raw,
				.place = { .file = path, .line = 1, .column = 1 } };
	char *text, buf[SHOWN_SIZE];
	size_t length;
	int r = io_read_at(AT_FDCWD, path, COMPOSE_TEXT_MAX, reader->arena, &text, &length);

	if (r == -ENOENT && !required)
		return 0;
	if (r < 0)
		return fail(reader, at, "%s: %s", shown(buf, path), strerror(-r));
	e.at.node = &e.place;
	r = check_text(&e, text, length);
	for (e.p = text; r == 0 && *e.p; e.p += *e.p == '\n', e.place.line++) {
		while (is_blank(*e.p))
			e.p++;
		if (*e.p == '#')
			e.p += strcspn(e.p, "\n");
		else if (*e.p && *e.p != '\n')
			r = take_line(&e, pairs);
		if (r < 0 || !*e.p)
			break;
	}
	return r;
}
