/* SPDX-License-Identifier: Apache-2.0 */
/*
 * closure_search.c - the order in which glibc (ld.so(8)) and musl (ldso/dynlink.c, load_library) look for a library.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cartefile-to-oci/closure.h"

#define SEARCHED_MAX 40 /* folders that a message names */

struct search {
	struct slim *s;
	const struct program *program;
	const char *name;
	struct candidate *found;
	struct folder_list searched;
};

/* glibc-hwcaps: the same library for newer processors is in folders below (ld.so(8), "Hardware capabilities"). */
static int try_path(struct search *q, const char *path)
{
	struct candidate c = { .path = path };
	int e;

	e = view_find(&q->s->view, path, &c.hit, q->s->err);
	if (e <= 0 || c.hit.type != TREE_FILE)
		return e < 0 ? e : 0;
	if (c.hit.last->node)
		e = slim_elf(q->s, c.hit.last->node, &c.elf);
	else
		e = elf_read(c.hit.file, &q->s->scratch, &c.elf, q->s->err);
	if (e < 0)
		return e;
	/* one of another machine is passed over, as the loader does (elf/dl-load.c, open_verify) */
	if (!c.elf || !elf_fits(q->program->elf, c.elf))
		return 0;
	*q->found = c;
	return 1;
}

static int try_folder(struct search *q, const char *folder, size_t length)
{
	const char *path;
	int e;

	if (length == 0 || folder[0] != '/')
		return 0;
	while (length > 1 && folder[length - 1] == '/')
		length--;
	e = folder_add(&q->searched, &q->s->scratch, folder, length, q->s->err);
	if (e < 0)
		return e;
	path = oci_arena_printf(&q->s->scratch, "%.*s/%s", (int)(length > 1 ? length : 0), folder,
				q->name);
	return path ? try_path(q, path) : err_nomem(q->s->err);
}

/* ---- dynamic string tokens ---- */

struct token {
	const char *name;
	const char *value;
};

static size_t token_length(const char *at, const char *name)
{
	size_t length = strlen(name);

	if (at[1] == '{' && strncmp(at + 2, name, length) == 0 && at[2 + length] == '}')
		return length + 3;
	return strncmp(at + 1, name, length) == 0 ? length + 1 : 0;
}

/* "$ORIGIN/../$LIB"; false: too long, or a token without a value */
static bool expand(const char *text, size_t length, const struct token *tokens, char *buf,
		   size_t size)
{
	size_t done = 0;

	for (const char *at = text; at < text + length;) {
		const char *value = NULL;
		size_t taken = 0;

		for (const struct token *t = tokens; *at == '$' && !taken && t->name; t++) {
			taken = token_length(at, t->name);
			value = t->value;
		}
		if (taken && !value)
			return false;
		if (!taken) {
			taken = 1;
			if (done + 2 > size)
				return false;
			buf[done++] = *at;
		} else {
			size_t n = strlen(value);

			if (done + n + 1 > size)
				return false;
			memcpy(buf + done, value, n);
			done += n;
		}
		at += taken;
	}
	buf[done] = '\0';
	return true;
}

/* $LIB is what the loader was built with: Debian's and Fedora's words are both tried. */
static int each_expansion(struct search *q, const struct loaded *by, const char *text,
			  size_t length,
			  int (*each)(struct search *q, const char *text, size_t length))
{
	const char *triplet = elf_triplet(q->program->elf);
	const char *libs[3] = { NULL, q->program->elf->elf_class == 2 ? "lib64" : "lib", "lib" };
	char multiarch[128], buf[PATH_MAX];
	bool has_lib = memmem(text, length, "LIB", 3) != NULL;
	int e = 0;

	if (triplet) {
		(void)snprintf(multiarch, sizeof(multiarch), "lib/%s", triplet);
		libs[0] = multiarch;
	}
	for (size_t i = 0; e == 0 && i < (has_lib ? 3 : 1); i++) {
		const struct token tokens[] = {
			{ "ORIGIN", by->origin },
			{ "LIB", libs[i] },
			{ "PLATFORM", elf_machine_word(q->program->elf) },
			{ NULL, NULL },
		};

		if (expand(text, length, tokens, buf, sizeof(buf)))
			e = each(q, buf, strlen(buf));
	}
	return e;
}

/* A list "a:b", of @by */
static int try_list(struct search *q, const struct loaded *by, const char *list)
{
	int e = 0;

	while (e == 0 && list && *list) {
		size_t length = strcspn(list, ":;");

		e = each_expansion(q, by, list, length, try_folder);
		list += length + (list[length] != '\0');
	}
	return e;
}

static const struct loaded *loader_of(const struct program *program, const struct loaded *by)
{
	if (by->loader)
		return by->loader;
	return by == program->first && program->host ? program->host->first : NULL;
}

static int try_system(struct search *q, bool configured_only)
{
	const struct folder_list *list = &q->program->system;
	int e = 0;

	for (size_t i = 0; e == 0 && i < list->len; i++) {
		bool configured = i < q->program->system_configured;

		if (!configured && configured_only)
			break;
		e = try_folder(q, list->folders[i], strlen(list->folders[i]));
		if (e > 0)
			q->found->configured = configured;
	}
	return e;
}

/* DT_RPATH only counts in a file without DT_RUNPATH, and is inherited by what it loads; DT_RUNPATH is not (ld.so(8)). */
static int search_glibc(struct search *q, const struct loaded *by)
{
	int e = 0;

	if (!by->elf->runpath)
		for (const struct loaded *l = by; e == 0 && l; l = loader_of(q->program, l))
			if (!l->elf->runpath)
				e = try_list(q, l, l->elf->rpath);
	if (e == 0)
		e = try_list(q, by, q->s->options->library_path);
	if (e == 0)
		e = try_list(q, by, by->elf->runpath);
	return e == 0 ? try_system(q, by->elf->no_default_lib) : e;
}

static int search_musl(struct search *q, const struct loaded *by)
{
	int e = try_list(q, by, q->s->options->library_path);

	for (const struct loaded *l = by; e == 0 && l; l = loader_of(q->program, l))
		e = try_list(q, l, l->elf->runpath ? l->elf->runpath : l->elf->rpath);
	return e == 0 ? try_system(q, false) : e;
}

static int try_as_path(struct search *q, const char *text, size_t length)
{
	const char *path = oci_arena_printf(&q->s->scratch, "%s%.*s", text[0] == '/' ? "" : "/",
					    (int)length, text);

	return path ? try_path(q, path) : err_nomem(q->s->err);
}

static int join_searched(struct search *q, const char **ret)
{
	const char *text = "";

	for (size_t i = 0; i < q->searched.len && i < SEARCHED_MAX; i++) {
		text = oci_arena_printf(&q->s->scratch, "%s%s%s", text, *text ? ":" : "",
					q->searched.folders[i]);
		if (!text)
			return err_nomem(q->s->err);
	}
	*ret = text;
	return 0;
}

int closure_search(struct slim *s, const struct program *program, const struct loaded *by,
		   const char *name, struct candidate *ret, const char **ret_searched)
{
	struct search q = { .s = s, .program = program, .name = name, .found = ret };
	int e;

	if (strchr(name, '/'))
		e = each_expansion(&q, by, name, strlen(name), try_as_path);
	else
		e = program->musl ? search_musl(&q, by) : search_glibc(&q, by);
	if (e == 0 && ret_searched) {
		int j = join_searched(&q, ret_searched);

		return j < 0 ? j : 0;
	}
	return e;
}

/* The cache wins over the built-in folders, and has them as well, behind those that the files name. */
int closure_system(struct slim *s, struct program *program)
{
	struct folder_list builtin = { 0 };
	int e = 0;

	if (program->musl)
		return ldconf_musl(&s->view, program->interpreter, &program->system, s->err);
	if (!s->conf_known) {
		e = ldconf_read(&s->view, &s->conf, s->err);
		s->conf_known = true;
	}
	if (e == 0)
		e = ldconf_defaults(program->elf, &s->scratch, &builtin, s->err);
	for (size_t i = 0; e == 0 && i < s->conf.len; i++)
		if (!folder_has(&builtin, s->conf.folders[i]))
			e = folder_add(&program->system, &s->scratch, s->conf.folders[i],
				       strlen(s->conf.folders[i]), s->err);
	program->system_configured = program->system.len;
	for (size_t i = 0; e == 0 && i < builtin.len; i++)
		e = folder_add(&program->system, &s->scratch, builtin.folders[i],
			       strlen(builtin.folders[i]), s->err);
	return e;
}
