/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose_substitute.c - $NAME, ${NAME}, and the forms with a default, a replacement or an error; $$ is a dollar.
 *
 * It is done on values as the tree is built, so that what a variable holds is never read as YAML.
 */
#include <stdio.h>

#include "base/utf8.h"
#include "scale/compose-private.h"

#define NESTED_MAX 8

struct output {
	FILE *file;
	struct reader *reader;
	const struct at *at;
};

static int expand(struct output *out, const char *text, const char *end, unsigned depth);

static bool is_name(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (!first && c >= '0' && c <= '9');
}

static size_t name_length(const char *text, const char *end)
{
	size_t n = 0;

	while (text + n < end && is_name(text[n], n == 0))
		n++;
	return n;
}

/* Of whoever calls first, then of .env. */
int variable_get(const struct reader *reader, const char *name, size_t length, const char **ret)
{
	char *const *environment = reader->options->environment;

	for (size_t i = 0; environment && environment[i]; i++)
		if (strncmp(environment[i], name, length) == 0 && environment[i][length] == '=') {
			*ret = environment[i] + length + 1;
			return 0;
		}
	for (size_t i = reader->variables.len; i-- > 0;) {
		const struct spec_pair *pair = &reader->variables.items[i];

		if (strlen(pair->key) == length && memcmp(pair->key, name, length) == 0) {
			*ret = pair->value;
			return 0;
		}
	}
	return -ENOENT;
}

static int put_bytes_of(struct output *out, const char *text, size_t length)
{
	if (length > out->reader->text_budget)
		return fail(out->reader, out->at, "variables make the document too large");
	out->reader->text_budget -= length;
	(void)fwrite(text, 1, length, out->file);
	return 0;
}

static int put_variable(struct output *out, const char *name, size_t length, const char *value)
{
	for (const char *p = value; *p;) {
		size_t n = utf8_length(p, 4);

		if (n == 0)
			return fail(out->reader, out->at, "variable %.*s: it is not UTF-8",
				    (int)length, name);
		p += n;
	}
	return put_bytes_of(out, value, strlen(value));
}

/* The "}" that closes what begins at @text, NULL without one. */
static const char *closing(const char *text, const char *end)
{
	unsigned open = 1;

	for (; text < end; text++) {
		if (*text == '$' && text + 1 < end && (text[1] == '{' || text[1] == '$')) {
			open += text[1] == '{';
			text++;
		} else if (*text == '}' && --open == 0) {
			return text;
		}
	}
	return NULL;
}

static int fail_required(struct output *out, const char *name, size_t length, const char *value,
			 const char *words, const char *end)
{
	char buf[SHOWN_SIZE], *copy;

	copy = oci_arena_strndup(out->reader->arena, words, (size_t)(end - words));
	if (!copy)
		return fail_nomem(out->reader);
	return fail(out->reader, out->at, "variable %.*s is %s%s%s", (int)length, name,
		    value ? "empty" : "not set", *copy ? ": " : "", shown(buf, copy));
}

/* What is behind the name in braces: @op is at [:]-, [:]+, [:]? or at the end. */
static int expand_form(struct output *out, const char *name, size_t length, const char *op,
		       const char *end, unsigned depth)
{
	bool colon = op < end && *op == ':';
	const char *value = NULL;
	bool missing;
	char kind = '\0';

	(void)variable_get(out->reader, name, length, &value);
	if (op == end)
		return value ? put_variable(out, name, length, value) : 0;
	op += colon;
	if (op < end)
		kind = *op;
	missing = !value || (colon && !*value);
	if (kind != '-' && kind != '+' && kind != '?')
		return fail(out->reader, out->at,
			    "${%.*s: expected '}', or -, +, ? with or without ':' before it",
			    (int)length, name);
	if (kind == '?' && missing)
		return fail_required(out, name, length, value, op + 1, end);
	if ((kind == '-' && missing) || (kind == '+' && !missing))
		return expand(out, op + 1, end, depth + 1);
	return kind == '+' ? 0 : put_variable(out, name, length, value);
}

static int expand_braces(struct output *out, const char **text, const char *end, unsigned depth)
{
	const char *name = *text + 2, *close = closing(name, end);
	size_t length;

	if (!close)
		return fail(out->reader, out->at, "'${' without '}'; a dollar is written $$");
	length = name_length(name, close);
	if (length == 0)
		return fail(out->reader, out->at,
			    "'${' without a variable's name; a dollar is written $$");
	*text = close + 1;
	return expand_form(out, name, length, name + length, close, depth);
}

static int expand(struct output *out, const char *text, const char *end, unsigned depth)
{
	int r = 0;

	if (depth > NESTED_MAX)
		return fail(out->reader, out->at, "variables nested more than %d deep", NESTED_MAX);
	while (r == 0 && text < end) {
		const char *dollar = memchr(text, '$', (size_t)(end - text));
		size_t plain = (size_t)((dollar ? dollar : end) - text), length;

		r = put_bytes_of(out, text, plain);
		text += plain;
		if (r < 0 || !dollar)
			break;
		length = name_length(text + 1, end);
		if (text + 1 < end && text[1] == '$') {
			r = put_bytes_of(out, "$", 1);
			text += 2;
		} else if (text + 1 < end && text[1] == '{') {
			r = expand_braces(out, &text, end, depth);
		} else if (length) {
			r = expand_form(out, text + 1, length, end, end, depth);
			text += 1 + length;
		} else {
			r = fail(out->reader, out->at,
				 "'$' without a variable's name; a dollar is written $$");
		}
	}
	return r;
}

/* A normalised document holds no variables, only doubled dollars. */
static int undouble(struct reader *reader, const char *text, const char **ret)
{
	char *copy = oci_arena_strdup(reader->arena, text), *to = copy;

	if (!copy)
		return fail_nomem(reader);
	for (const char *from = copy; *from; from++) {
		*to++ = *from;
		if (from[0] == '$' && from[1] == '$')
			from++;
	}
	*to = '\0';
	*ret = copy;
	return 0;
}

int substitute(struct reader *reader, const struct at *at, const char *text, const char **ret)
{
	struct output out = { .reader = reader, .at = at };
	CLEANUP_FREE char *made = NULL;
	size_t size = 0;
	int r;

	*ret = text;
	if (!strchr(text, '$'))
		return 0;
	if (reader->options->normalised)
		return undouble(reader, text, ret);
	if (!reader->options->environment)
		return 0;
	out.file = open_memstream(&made, &size);
	if (!out.file)
		return fail_nomem(reader);
	r = expand(&out, text, text + strlen(text), 0);
	if (fclose(out.file) != 0 && r == 0)
		r = fail_nomem(reader);
	if (r < 0)
		return r;
	*ret = oci_arena_strdup(reader->arena, made);
	return *ret ? 0 : fail_nomem(reader);
}
