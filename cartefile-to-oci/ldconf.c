/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ldconf.c - search folders of glibc and musl, see ldconf.h.
 *
 * The loader itself reads /etc/ld.so.cache, which ldconfig made of these files; in a tree that is being put together the
 * files say what the cache would.
 */
#include <elf.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cartefile-to-oci/ldconf.h"

#define CONF_MAX (1u << 20)
#define DEPTH_MAX 8 /* includes within includes; glibc has no limit, and no use for one */
#define FOLDERS_MAX 4096

bool folder_has(const struct folder_list *list, const char *folder)
{
	for (size_t i = 0; i < list->len; i++)
		if (strcmp(list->folders[i], folder) == 0)
			return true;
	return false;
}

int folder_add(struct folder_list *list, struct oci_arena *arena, const char *folder, size_t length,
	       struct oci_error *err)
{
	const char *copy;

	while (length > 1 && folder[length - 1] == '/')
		length--;
	if (length == 0 || folder[0] != '/' || length >= PATH_MAX || list->len >= FOLDERS_MAX)
		return 0;
	copy = oci_arena_strndup(arena, folder, length);
	if (!copy)
		return err_nomem(err);
	if (folder_has(list, copy))
		return 0;
	if (list->len == list->room) {
		size_t room = list->room ? list->room * 2 : 16;
		const char **more = oci_arena_array(arena, room, sizeof(*more));

		if (!more)
			return err_nomem(err);
		if (list->len > 0)
			memcpy(more, list->folders, list->len * sizeof(*more));
		list->folders = more;
		list->room = room;
	}
	list->folders[list->len++] = copy;
	return 0;
}

int view_text(const struct view *view, const char *path, size_t limit, char **ret, size_t *ret_len,
	      struct oci_error *err)
{
	struct view_hit hit;
	size_t size;
	ssize_t n;
	char *text;
	int e;

	e = view_find(view, path, &hit, err);
	if (e <= 0 || hit.type != TREE_FILE)
		return e < 0 ? e : 0;
	size = (size_t)hit.file->content->size;
	if (hit.file->content->size > limit)
		return err_set(err, EFBIG, "%s: has %llu bytes, at most %zu are read", path,
			       (unsigned long long)hit.file->content->size, limit);
	text = oci_arena_alloc(view->scratch, size + 1);
	if (!text)
		return err_nomem(err);
	n = tree_pread(hit.file, text, size, 0, err);
	if (n < 0)
		return (int)n;
	*ret = text;
	*ret_len = (size_t)n;
	return 1;
}

struct conf {
	const struct view *view;
	struct folder_list *list;
	unsigned depth;
	struct oci_error *err;
};

static int parse(struct conf *conf, const char *text, size_t length);

static int include_file(struct conf *conf, const char *path)
{
	size_t length;
	char *text;
	int e;

	e = view_text(conf->view, path, CONF_MAX, &text, &length, conf->err);
	if (e <= 0)
		return e;
	conf->depth++;
	e = parse(conf, text, length);
	conf->depth--;
	return e;
}

/* Only the last component is a pattern, as in every such file there is. */
static int include(struct conf *conf, const char *pattern, size_t length)
{
	char path[PATH_MAX], folder[PATH_MAX], *slash;
	const char **names;
	size_t count;
	int e, n;

	n = snprintf(path, sizeof(path), "%s%.*s", pattern[0] == '/' ? "" : "/etc/", (int)length,
		     pattern);
	if (n < 0 || (size_t)n >= sizeof(path) || conf->depth >= DEPTH_MAX)
		return 0;
	if (!strpbrk(path, "*?["))
		return include_file(conf, path);
	slash = strrchr(path, '/');
	*slash = '\0';
	(void)strcpy(folder, path);
	e = view_list(conf->view, folder, &names, &count, conf->err);
	for (size_t i = 0; e == 0 && i < count; i++) {
		char file[PATH_MAX + NAME_MAX + 2];

		if (fnmatch(slash + 1, names[i], FNM_PERIOD) != 0)
			continue;
		(void)snprintf(file, sizeof(file), "%s/%s", folder, names[i]);
		e = include_file(conf, file);
	}
	return e;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static int parse_line(struct conf *conf, const char *line, size_t length)
{
	const char *comment = memchr(line, '#', length), *equals;

	if (comment)
		length = (size_t)(comment - line);
	while (length > 0 && is_blank(*line)) {
		line++;
		length--;
	}
	while (length > 0 && is_blank(line[length - 1]))
		length--;
	if (length > 8 && memcmp(line, "include", 7) == 0 && is_blank(line[7])) {
		const char *at = line + 8, *end = line + length;

		while (at < end) {
			const char *word = at;
			int e = 0;

			while (at < end && !is_blank(*at))
				at++;
			if (at > word)
				e = include(conf, word, (size_t)(at - word));
			if (e < 0)
				return e;
			at++;
		}
		return 0;
	}
	if (length > 5 && memcmp(line, "hwcap", 5) == 0 && is_blank(line[5]))
		return 0;                   /* ignored by glibc itself since 2.33 */
	equals = memchr(line, '=', length); /* "FOLDER=TYPE", of libc5's days */
	if (equals)
		length = (size_t)(equals - line);
	return folder_add(conf->list, conf->view->scratch, line, length, conf->err);
}

static int parse(struct conf *conf, const char *text, size_t length)
{
	const char *end = text + length;
	int e = 0;

	while (e == 0 && text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline ? newline : end;

		e = parse_line(conf, text, (size_t)(stop - text));
		text = stop + 1;
	}
	return e;
}

int ldconf_parse(const struct view *view, const char *text, size_t length, struct folder_list *list,
		 struct oci_error *err)
{
	struct conf conf = { view, list, 0, err };

	return parse(&conf, text, length);
}

int ldconf_read(const struct view *view, struct folder_list *list, struct oci_error *err)
{
	struct conf conf = { view, list, 0, err };

	return include_file(&conf, "/etc/ld.so.conf");
}

int ldconf_defaults(const struct elf *program, struct oci_arena *arena, struct folder_list *list,
		    struct oci_error *err)
{
	const char *triplet = elf_triplet(program);
	bool is64 = program->elf_class == ELFCLASS64;
	char words[6][128] = { "", "", "", "", "/lib", "/usr/lib" };
	int e = 0;

	if (triplet) {
		(void)snprintf(words[0], sizeof(words[0]), "/lib/%s", triplet);
		(void)snprintf(words[1], sizeof(words[1]), "/usr/lib/%s", triplet);
	}
	if (program->machine == EM_X86_64 && !is64) {
		(void)strcpy(words[2], "/libx32");
		(void)strcpy(words[3], "/usr/libx32");
	} else {
		(void)strcpy(words[2], is64 ? "/lib64" : "/lib32");
		(void)strcpy(words[3], is64 ? "/usr/lib64" : "/usr/lib32");
	}
	for (size_t i = 0; e == 0 && i < 6; i++)
		e = folder_add(list, arena, words[i], strlen(words[i]), err);
	return e;
}

int ldconf_musl(const struct view *view, const char *interpreter, struct folder_list *list,
		struct oci_error *err)
{
	static const char builtin[] = "/lib:/usr/local/lib:/usr/lib";
	const char *name = strrchr(interpreter, '/'), *text = builtin;
	size_t length = sizeof(builtin) - 1;
	char path[PATH_MAX], *own;
	int e = 0, n;

	name = name ? name + 1 : interpreter;
	/* "ld-musl-x86_64.so.1": the file is named for what is before ".so" (musl ldso/dynlink.c: "/etc/ld-musl-ARCH.path") */
	n = snprintf(path, sizeof(path), "/etc/%.*s.path", (int)strcspn(name, "."), name);
	if (n > 0 && (size_t)n < sizeof(path))
		e = view_text(view, path, CONF_MAX, &own, &length, err);
	if (e < 0)
		return e;
	if (e > 0)
		text = own;
	else
		length = sizeof(builtin) - 1;
	for (const char *end = text + length; text < end;) {
		const char *at = text;

		while (at < end && *at != ':' && *at != '\n')
			at++;
		e = folder_add(list, view->scratch, text, (size_t)(at - text), err);
		if (e < 0)
			return e;
		text = at + 1;
	}
	return 0;
}
