/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf_scan.c - names of libraries among the constants of a program: what it may open by name.
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/elf-private.h"

#define CHUNK (128u << 10)
#define NAME_LENGTH_MAX 255

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_char(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       c == '-' || c == '+' || c == '.';
}

/* "lib", at least one character, ".so", and then nothing or ".N" a few times */
static bool is_library_name(const char *text)
{
	const char *so = NULL;

	if (strncmp(text, "lib", 3) != 0 || text[3] == '.')
		return false;
	for (const char *at = text; *at; at++) {
		if (!is_name_char(*at))
			return false;
		if (strncmp(at, ".so", 3) == 0 && (at[3] == '\0' || at[3] == '.'))
			so = at;
	}
	if (!so)
		return false;
	for (so += 3; *so; so++)
		if (*so != '.' && !is_digit(*so))
			return false;
	return so[-1] != '.';
}

static bool is_wanted(const char *text)
{
	return strcmp(text, "pthread_cancel") == 0 || strcmp(text, "pthread_exit") == 0 ||
	       strcmp(text, "backtrace") == 0 || is_library_name(text);
}

/* One NUL-terminated string of the file: the whole of it must be the name. */
static void consider(const char *begin, const char *end, void (*each)(void *ctx, const char *text),
		     void *ctx)
{
	char c = *begin;

	if (end - begin <= NAME_LENGTH_MAX && (c == 'l' || c == 'p' || c == 'b') &&
	    is_wanted(begin))
		each(ctx, begin);
}

static int scan_range(struct elf_reader *r, uint64_t offset, uint64_t length, char *buf,
		      void (*each)(void *ctx, const char *text), void *ctx)
{
	size_t have = 0; /* the beginning of a string that goes on in the next chunk */

	if (offset > r->size)
		return 0;
	if (length > r->size - offset)
		length = r->size - offset;
	while (length > 0) {
		size_t more = length < CHUNK - have ? (size_t)length : CHUNK - have;
		char *at = buf, *end;
		int e = elf_bytes(r, offset, buf + have, more, "a segment");

		if (e < 0)
			return e;
		have += more;
		offset += more;
		length -= more;
		for (;;) {
			while (at < buf + have && !*at)
				at++; /* much of a file is zeros: quicker than a call for each */
			end = memchr(at, '\0', (size_t)(buf + have - at));
			if (!end)
				break;
			consider(at, end, each, ctx);
			at = end + 1;
		}
		have = (size_t)(buf + have - at);
		if (have >
		    NAME_LENGTH_MAX + 1) { /* no name: keep just enough to see that it goes on */
			at += have - (NAME_LENGTH_MAX + 1);
			have = NAME_LENGTH_MAX + 1;
			*at = ' ';
		}
		memmove(buf, at, have);
	}
	return 0;
}

/* Constants are in a segment of their own (ld -z separate-code), or beside the code in older files. */
static bool is_constant(const struct elf_segment *s, bool with_code)
{
	return s->type == PT_LOAD && !(s->flags & PF_W) && (with_code || !(s->flags & PF_X));
}

int elf_scan_strings(const struct tree_node *file, void (*each)(void *ctx, const char *text),
		     void *ctx, struct oci_error *err)
{
	CLEANUP_FREE char *buf = malloc(CHUNK);
	struct elf_reader r;
	bool with_code = true;
	int e;

	if (!buf)
		return err_nomem(err);
	e = elf_open(&r, file, err);
	for (size_t i = 0; e > 0 && i < r.segments_len; i++)
		if (is_constant(&r.segments[i], false))
			with_code = false;
	for (size_t i = 0; e > 0 && i < r.segments_len; i++)
		if (is_constant(&r.segments[i], with_code)) {
			int s = scan_range(&r, r.segments[i].offset, r.segments[i].filesz, buf,
					   each, ctx);

			e = s < 0 ? s : e;
		}
	elf_close(&r);
	return e < 0 ? e : 0;
}
