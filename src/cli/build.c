/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build.c - a Cartefile says its image's name; who asks for another one gets the same file with that name in it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cli/build.h"
#include "cli/start.h"

#define CARTEFILE_MAX (1u << 20)

/* ---- another NAME ------------------------------------------------------------------------------------------------------ */

/* Behind blanks and line ends that continue. */
static const char *skip_blanks(const char *p)
{
	for (;;) {
		p += strspn(p, " \t");
		if (p[0] == '\\' && p[1] == '\n')
			p += 2;
		else if (p[0] == '\\' && p[1] == '\r' && p[2] == '\n')
			p += 3;
		else
			return p;
	}
}

/* The end of a word, which may be quoted in parts. */
static const char *skip_word(const char *p)
{
	unsigned char quote = 0;

	for (; *p && *p != '\n'; p++) {
		if (quote) {
			quote = (unsigned char)*p == quote ? 0 : quote;
		} else if (*p == '\'' || *p == '"') {
			quote = (unsigned char)*p;
		} else if (*p == ' ' || *p == '\t' || *p == '\r' ||
			   (*p == '\\' && (p[1] == '\n' || p[1] == '\r'))) {
			break;
		}
	}
	return p;
}

/* The next line that is no continuation of this one. */
static const char *next_instruction(const char *p)
{
	bool comment = *skip_blanks(p) == '#';

	for (;;) {
		const char *end = p + strcspn(p, "\n");
		const char *last = end;

		if (last > p && last[-1] == '\r')
			last--;
		if (!*end)
			return end;
		if (comment || last == p || last[-1] != '\\')
			return end + 1;
		p = end + 1;
	}
}

char *build_renamed(const char *text, const char *name, struct oci_arena *arena)
{
	const char *p = text;

	/* a byte order mark */
	if (strncmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	for (; *p; p = next_instruction(p)) {
		const char *word = skip_blanks(p), *start, *end;

		if (strncasecmp(word, "NAME", 4) != 0 || !strchr(" \t\\", word[4]) || !word[4])
			continue;
		start = skip_blanks(word + 4);
		end = skip_word(start);
		return oci_arena_printf(arena, "%.*s%s%s", (int)(start - text), text, name, end);
	}
	return oci_arena_printf(arena, "%s%sNAME %s\n", text,
				*text && text[strlen(text) - 1] != '\n' ? "\n" : "", name);
}

static int read_cartefile(const char *file, const char *context, struct oci_arena *arena,
			  char **ret, struct oci_error *err)
{
	const char *path = file ? file : oci_arena_printf(arena, "%s/Cartefile", context);
	size_t length;
	int r;

	if (!path)
		return err_nomem(err);
	if (strcmp(path, "-") == 0)
		r = io_read_fd(STDIN_FILENO, CARTEFILE_MAX, arena, ret, &length);
	else
		r = io_read_at(AT_FDCWD, path, CARTEFILE_MAX, arena, ret, &length);
	return r < 0 ? err_sys(err, -r, "read %s", path) : 0;
}

static int check_name(const char *name, struct oci_error *err)
{
	/* it becomes a line of a Cartefile, whose reader says what else is wrong with it */
	if (!*name || strpbrk(name, " \t\r\n\\'\"#") || name[0] == '-')
		return err_set_as(err, ERR_USAGE, EINVAL, "'%s' is no name of an image", name);
	return 0;
}

int build_named(const char *const *argv, const char *file, const char *context, const char *name,
		struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char *text = NULL, *renamed;
	int r = check_name(name, err);

	if (r == 0)
		r = read_cartefile(file, context, &arena, &text, err);
	if (r < 0)
		return r;
	renamed = text ? build_renamed(text, name, &arena) : NULL;
	return renamed ? start_feed(argv, renamed, false, err) : err_nomem(err);
}

/* ---- without a Cartefile ------------------------------------------------------------------------------------------------ */

static const char *quoted(const char *text, struct oci_arena *arena)
{
	return strchr(text, '\'') ? NULL : oci_arena_printf(arena, "'%s'", text);
}

/* "docker-archive:/a b:c:NAME" -> docker-archive:'/a b:c':NAME. A name of the store is asked for as such. */
static const char *from_words(const char *from, struct oci_arena *arena)
{
	static const char *const archives[] = { "docker-archive:", "oci-archive:" };

	for (size_t i = 0; i < ARRAY_LEN(archives); i++) {
		size_t length = strlen(archives[i]);
		const char *file;

		if (strncmp(from, archives[i], length) != 0)
			continue;
		file = quoted(from + length, arena);
		return file ? oci_arena_printf(arena, "%s%s", archives[i], file) : NULL;
	}
	return oci_arena_printf(arena, "store:%s", from);
}

int build_alias(const char *from, const char *name, const char *output, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char program[PATH_MAX];
	const char *base = from_words(from, &arena), *text;
	int r = check_name(name, err);

	if (r == 0)
		r = start_find("cartefile-to-oci", program, err);
	if (r < 0)
		return r;
	text = base ? oci_arena_printf(&arena, "FROM %s\nNAME %s\n", base, name) : NULL;
	if (!text)
		return err_set_as(err, ERR_USAGE, EINVAL, "'%s' has a quote in it", from);
	return start_feed((const char *const[]){ program, "build", "--quiet", "--slim", "none",
						 "--file", "-", "--output",
						 output ? output : "store", "--", "/", NULL },
			  text, true, err);
}

int build_service(const char *context, const char *cartefile, const char *image,
		  struct oci_error *err)
{
	char program[PATH_MAX];
	int r = start_find("cartefile-to-oci", program, err);

	if (r < 0)
		return r;
	return build_named(
		(const char *const[]){ program, "build", "--file", "-", "--", context, NULL },
		*cartefile ? cartefile : NULL, context, image, err);
}
