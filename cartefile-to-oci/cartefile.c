/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cartefile.c - the instructions of a Cartefile, in any order: FROM once, NAME and exe_PATH at most once, PATH as often as
 * is wanted; see cartefile(5).
 */
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/cartefile-private.h"

#define TEXT_MAX ((size_t)1024 * 1024)

void cartefile_blame(const struct cartefile *file, struct cartefile_place place,
		     struct oci_error *err)
{
	char text[32];

	if (!err)
		return;
	snprintf(text, sizeof(text), "%u:%u", place.line, place.column);
	err_at(err, file->name, text);
	err_prefix(err, "%s:%s: ", file->name, text);
}

int cartefile_fail(const struct cartefile *file, struct cartefile_place place, int code,
		   struct oci_error *err, const char *format, ...)
{
	va_list ap;

	if (err && err->code)
		return -code;
	va_start(ap, format);
	oci_error_vset(err, code, format, ap);
	va_end(ap);
	cartefile_blame(file, place, err);
	return -code;
}

/* What an instruction is called, how often it may be there, and who reads it. */
static const struct row {
	const char *name;
	bool once;
	int (*parse)(struct parse *parse, const struct instruction *in, struct oci_error *err);
} rows[] = {
	{ "FROM", true, parse_from },
	{ "NAME", true, parse_name },
	{ "PATH", false, parse_path },
	{ "exe_PATH", true, parse_exe },
};

static int parse_instruction(struct parse *parse, const struct instruction *in,
			     unsigned first_line[ARRAY_LEN(rows)], struct oci_error *err)
{
	const struct word *word = &in->words[0];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcasecmp(word->text, rows[i].name) != 0)
			continue;
		if (rows[i].once && first_line[i] > 0)
			return cartefile_fail(parse->file, word->place, EINVAL, err,
					      "%s is on line %u already: it is written once",
					      rows[i].name, first_line[i]);
		first_line[i] = word->place.line;
		return rows[i].parse(parse, in, err);
	}
	return fail_unknown(parse->file, word, err);
}

int cartefile_parse(const char *name, const char *text, size_t length, struct oci_arena *arena,
		    struct cartefile **ret, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena words = OCI_ARENA_INIT;
	struct cartefile *file = oci_arena_alloc(arena, sizeof(*file));
	struct parse parse = { .file = file, .arena = arena };
	unsigned first_line[ARRAY_LEN(rows)] = { 0 };
	struct instruction in;
	struct lexer lexer;
	int r;

	if (!file)
		return err_nomem(err);
	file->name = oci_arena_strdup(arena, name);
	if (!file->name)
		return err_nomem(err);
	if (length > TEXT_MAX)
		return cartefile_fail(file, (struct cartefile_place){ 1, 1 }, EFBIG, err,
				      "%zu bytes: a Cartefile has at most 1 MiB", length);
	r = lexer_init(&lexer, file, text, length, &words, err);
	if (r < 0)
		return r;
	while ((r = lexer_next(&lexer, &in, err)) > 0) {
		r = parse_instruction(&parse, &in, first_line, err);
		if (r < 0)
			return r;
		oci_arena_free(&words);
	}
	if (r < 0)
		return r;
	if (!file->from)
		return cartefile_fail(file, lexer.place, EINVAL, err,
				      "there is no FROM: expected what the image begins with, such "
				      "as 'FROM scratch'");
	*ret = file;
	return 0;
}
