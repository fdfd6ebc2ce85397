/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_cartefile.c - a Cartefile.
 *
 * Whatever parses keeps the promises of cartefile.h, and means the same when it is written anew with all words quoted;
 * whatever does not leaves one line with its place.
 */
#include <stdio.h>

#include "cartefile-to-oci/cartefile.h"
#include "ocispec-fuzz.h"

static void put_quoted(FILE *out, const char *text)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else
			fputc(*text, out);
	}
	fputc('\'', out);
}

static bool has_dot_dot(const char *path)
{
	size_t n = strlen(path);

	return strcmp(path, "..") == 0 || strncmp(path, "../", 3) == 0 || strstr(path, "/../") ||
	       (n >= 3 && strcmp(path + n - 3, "/..") == 0);
}

static void check(const struct cartefile *file)
{
	EXPECT(file->from >= FROM_SCRATCH && file->from <= FROM_STORE && file->from_place.line > 0);
	EXPECT(!file->from_text == (file->from == FROM_SCRATCH));
	EXPECT(!file->from_text || *file->from_text);
	EXPECT(!file->from_ref || (file->from == FROM_OCI && *file->from_ref));
	if (file->image_name) {
		const char *slash = strchr(file->image_name, '/');

		EXPECT(slash && strchr(slash, ':') && !strchr(file->image_name, '@'));
	}
	for (size_t i = 0; i < file->labels_len; i++)
		EXPECT(*file->labels[i].key && !strchr(file->labels[i].key, '='));
	for (size_t i = 0; i < file->paths_len; i++) {
		const struct cartefile_path *path = &file->paths[i];

		EXPECT(*path->source && *path->source != '/' && !has_dot_dot(path->source));
		EXPECT(*path->destination == '/' && !has_dot_dot(path->destination));
		EXPECT(!strstr(path->destination, "//") && path->mode <= 07777);
		EXPECT(!(path->into && path->is_folder) && path->place.line > 0);
	}
	EXPECT(file->has_exe == (file->argv_len > 0));
	if (file->has_exe)
		EXPECT(*file->argv[0] == '/' && !has_dot_dot(file->argv[0]) &&
		       !file->argv[file->argv_len]);
	for (size_t i = 0; i < file->env_len; i++)
		EXPECT(strchr(file->env[i], '=') > file->env[i]);
}

static void put_from(FILE *out, const struct cartefile *file)
{
	static const char *const schemes[] = {
		[FROM_DIR] = "dir:",
		[FROM_TAR] = "tar:",
		[FROM_OCI] = "oci:",
		[FROM_OCI_ARCHIVE] = "oci-archive:",
		[FROM_DOCKER_ARCHIVE] = "docker-archive:",
		[FROM_DOCKER] = "docker://",
		[FROM_STORE] = "store:",
	};

	fputs("FROM ", out);
	if (file->from == FROM_SCRATCH) {
		fputs("scratch\n", out);
		return;
	}
	fputs(schemes[file->from], out);
	put_quoted(out, file->from_text);
	if (file->from_ref) {
		fputc(':', out);
		put_quoted(out, file->from_ref);
	}
	fputc('\n', out);
}

static void put_paths(FILE *out, const struct cartefile *file)
{
	for (size_t i = 0; i < file->paths_len; i++) {
		const struct cartefile_path *path = &file->paths[i];

		fputs("PATH \\\n ", out);
		put_quoted(out, path->source);
		fputs(path->is_folder ? "'/' " : " ", out);
		put_quoted(out, path->destination);
		if (path->into)
			fputc('/', out);
		if (path->has_mode)
			fprintf(out, ":%04o", path->mode);
		if (path->has_owner)
			fprintf(out, ":%u:%u", path->uid, path->gid);
		fputs("\r\n", out);
	}
}

static void put_rest(FILE *out, const struct cartefile *file)
{
	if (file->image_name) {
		fprintf(out, "NAME %s", file->image_name);
		for (size_t i = 0; i < file->labels_len; i++) {
			fputc(' ', out);
			put_quoted(out, file->labels[i].key);
			fputc('=', out);
			put_quoted(out, file->labels[i].value);
		}
		fputc('\n', out);
	}
	if (!file->has_exe)
		return;
	fputs("exe_PATH", out);
	for (size_t i = 0; i < file->env_len; i++) {
		fputc(' ', out);
		put_quoted(out, file->env[i]);
	}
	if (file->user)
		fprintf(out, " @%s", file->user);
	for (size_t i = 0; i < file->argv_len; i++) {
		fputc(' ', out);
		put_quoted(out, file->argv[i]);
	}
}

static void write_anew(const struct cartefile *file, char **text, size_t *length)
{
	FILE *out = open_memstream(text, length);

	EXPECT(out);
	put_from(out, file);
	put_paths(out, file);
	put_rest(out, file);
	fclose(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct cartefile *first = NULL, *second = NULL;
	char *text, *again;
	size_t length, again_length;
	int r = cartefile_parse("Cartefile", (const char *)data, size, &arena, &first, &err);

	EXPECT(err.code == -r && !strchr(err.message, '\n') && !r == !err.message[0]);
	EXPECT(r == 0 || strncmp(err.message, "Cartefile:", strlen("Cartefile:")) == 0);
	/* quoted it may become larger than a Cartefile may be */
	if (r == 0 && size < 100000) {
		check(first);
		write_anew(first, &text, &length);
		EXPECT(cartefile_parse("Cartefile", text, length, &arena, &second, &err) == 0);
		write_anew(second, &again, &again_length);
		EXPECT(length == again_length && memcmp(text, again, length) == 0);
		free(text);
		free(again);
	}
	oci_arena_free(&arena);
	return 0;
}
