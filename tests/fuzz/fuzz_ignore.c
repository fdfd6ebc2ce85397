/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_ignore.c - the first line is a path, the others are a .carteignore.
 *
 * What is below something that is out is out; a last pattern that fits everything decides everything.
 */
#include <stdio.h>

#include "cartefile-to-oci/ignore.h"
#include "ocispec-fuzz.h"

#define PATH_LENGTH_MAX 200

static void check(const struct ignore *ignore, const char *path)
{
	char above[PATH_LENGTH_MAX + 1];
	bool out = ignore_matches(ignore, path, false);

	snprintf(above, sizeof(above), "%s", path);
	EXPECT(out || ignore_verdict(ignore, path, false) != IGNORE_OUT);
	for (char *slash; (slash = strrchr(above, '/'));) {
		*slash = '\0';
		if (ignore_matches(ignore, above, true))
			EXPECT(out);
	}
}

/* @text with one more pattern */
static void check_with(struct oci_arena *arena, const char *text, size_t length, const char *last,
		       const char *path, bool expect)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct ignore *ignore = NULL;
	char *all;
	size_t size;
	FILE *out = open_memstream(&all, &size);

	EXPECT(out);
	fwrite(text, 1, length, out);
	fprintf(out, "\n%s\n", last);
	fclose(out);
	if (ignore_parse("f", all, size, arena, &ignore, &err) == 0)
		EXPECT(ignore_matches(ignore, path, false) == expect);
	free(all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct ignore *ignore = NULL;
	const char *text = (const char *)data;
	const char *newline = memchr(text, '\n', size);
	size_t length = newline ? (size_t)(newline - text) : size;
	char *path;
	int r;

	if (length == 0 || length > PATH_LENGTH_MAX || memchr(text, '\0', length) ||
	    text[0] == '/' || text[length - 1] == '/' || memmem(text, length, "//", 2))
		return 0;
	path = oci_arena_strndup(&arena, text, length);
	EXPECT(path);
	if (newline)
		length++;
	text += length;
	size -= length;
	r = ignore_parse("f", text, size, &arena, &ignore, &err);
	EXPECT(err.code == -r && !strchr(err.message, '\n') && !r == !err.message[0]);
	if (r == 0) {
		check(ignore, path);
		check_with(&arena, text, size, "**", path, true);
		check_with(&arena, text, size, "!*", path, false);
	}
	oci_arena_free(&arena);
	return 0;
}
