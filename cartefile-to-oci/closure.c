/* SPDX-License-Identifier: Apache-2.0 */
/*
 * closure.c - what the loader loads with a program: interpreter, libraries, variants of them, what notes say is opened by name.
 *
 * Each file is put together as the loader would do it, breadth first, so that the same name is the same library once it
 * is loaded. A library that no program needs, but is kept (a plugin), is put together as if the image's program opened it.
 * Symbols are not looked at.
 */
#include <elf.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cartefile-to-oci/closure.h"

static const char *folder_of(struct slim *s, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == path ? "/" : oci_arena_strndup(&s->scratch, path, (size_t)(slash - path));
}

static int add_loaded(struct slim *s, struct program *program, struct tree_node *node,
		      struct elf *elf, const char *name, const char *path, struct loaded *loader)
{
	struct loaded *l = oci_arena_alloc(&s->scratch, sizeof(*l));

	if (!l)
		return err_nomem(s->err);
	*l = (struct loaded){ node, elf, name, folder_of(s, path), loader, NULL };
	if (!l->origin)
		return err_nomem(s->err);
	if (program->last)
		program->last->next = l;
	else
		program->first = l;
	program->last = l;
	return 0;
}

/* musl is all these libraries itself (ldso/dynlink.c, load_library, "reserved") */
static bool is_of_musl(const char *name)
{
	static const char *const own[] = { "libc.",  "libpthread.", "librt.",  "libm.",
					   "libdl.", "libutil.",    "libxnet." };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strncmp(name, own[i], strlen(own[i])) == 0)
			return true;
	return false;
}

static bool is_named(const struct loaded *l, const char *name)
{
	return strcmp(l->name, name) == 0 || (l->elf->soname && strcmp(l->elf->soname, name) == 0);
}

static bool is_loaded(const struct program *program, const char *name)
{
	for (; program; program = program->host)
		for (const struct loaded *l = program->first; l; l = l->next)
			if (is_named(l, name))
				return true;
	return false;
}

/* ---- a library that was found ---- */

/* glibc takes the variant for the processor that it runs on, when there is one: all of them stay. */
static int keep_variants(struct slim *s, const struct candidate *c, const char *name,
			 struct tree_node *library)
{
	const char *folder = folder_of(s, c->path), *variants, **names;
	size_t count;
	int e;

	if (strchr(name, '/') || !folder)
		return folder ? 0 : err_nomem(s->err);
	variants = oci_arena_printf(&s->scratch, "%s/glibc-hwcaps", folder);
	if (!variants)
		return err_nomem(s->err);
	e = view_list(&s->view, variants, &names, &count, s->err);
	for (size_t i = 0; e == 0 && i < count; i++) {
		const char *path =
			oci_arena_printf(&s->scratch, "%s/%s/%s", variants, names[i], name);

		e = path ? slim_take_path(s, path, "for newer processors", library)
			 : err_nomem(s->err);
		e = e < 0 ? e : 0;
	}
	return e;
}

/*
 * A folder that only /etc/ld.so.conf names is known to the loader through /etc/ld.so.cache. The image's own cache stays; without one
 * the library gets a link in a folder that the loader knows by itself.
 */
static int make_findable(struct slim *s, const struct program *program, const char *name,
			 struct tree_node *library)
{
	struct tree_node *cache = tree_find(s->tree, "/etc/ld.so.cache"), *link;
	char target[PATH_MAX];
	struct view_hit hit;

	if (cache)
		return slim_keep(s, cache, "the loader's index of libraries", library);
	for (size_t i = program->system_configured; i < program->system.len; i++) {
		const char *folder = program->system.folders[i], *path;
		int e = view_find(&s->view, folder, &hit, s->err);

		if (e < 0)
			return e;
		if (e == 0 || hit.type != TREE_DIR)
			continue;
		e = slim_take(s, &hit, slim_why_folder, library, NULL);
		path = oci_arena_printf(&s->scratch, "%s/%s", hit.path[1] ? hit.path : "", name);
		if (e == 0 && !path)
			e = err_nomem(s->err);
		if (e < 0 || tree_find(s->tree, path))
			return e;
		e = tree_put(s->tree, path, TREE_LINK, &link, s->err);
		if (e < 0)
			return e;
		link->origin = (uint8_t)s->origin;
		link->mode = 0777;
		link->mtime = s->options->mtime;
		link->target = oci_arena_strdup(&s->tree->arena,
						tree_path(library, target, sizeof(target)));
		link->why = "lets the loader find it without /etc/ld.so.cache";
		link->because = library;
		return link->target ? 0 : err_nomem(s->err);
	}
	return 0;
}

static int add_found(struct slim *s, struct program *program, struct loaded *by,
		     const struct candidate *c, const char *name, const char *why)
{
	struct slim_object *object;
	struct tree_node *node;
	int e;

	e = slim_take(s, &c->hit, why, by->node, &node);
	if (e < 0)
		return e;
	object = slim_object(s, node);
	if (!object)
		return err_nomem(s->err);
	object->looked = true;
	object->elf = c->elf;
	object->done = true;
	if (!program->musl) {
		e = keep_variants(s, c, name, node);
		if (e == 0 && c->configured)
			e = make_findable(s, program, name, node);
	}
	return e < 0 ? e : add_loaded(s, program, node, c->elf, name, c->path, by);
}

/* ---- what is missing ---- */

/* "/usr/bin/x needs liba.so, that needs libb.so, ..." is what a person can follow; the chain is cut at the program. */
static const char *chain_words(struct slim *s, const struct loaded *by)
{
	char path[PATH_MAX];
	const char *text = oci_arena_strdup(&s->scratch, tree_path(by->node, path, sizeof(path)));

	for (const struct loaded *l = by; text && l->loader; l = l->loader)
		text = oci_arena_printf(&s->scratch, "%s (needed by %s)", text,
					tree_path(l->loader->node, path, sizeof(path)));
	return text;
}

static int missing(struct slim *s, const struct program *program, const struct loaded *by,
		   const char *name, const char *searched)
{
	const char *chain = chain_words(s, by);
	const char *where =
		s->view.sysroot ? "neither in the image nor in the sysroot" : "not in the image";

	if (!chain)
		return err_nomem(s->err);
	if (program->strict)
		return err_set(s->err, ENOENT, "%s needs %s, which is %s; searched: %s", chain,
			       name, where, searched);
	return slim_suggest(s, "%s: needs %s, which is %s; it cannot be loaded", chain, name,
			    where);
}

/* ---- loading ---- */

static int load_needed(struct slim *s, struct program *program, struct loaded *by, const char *name)
{
	struct candidate c;
	const char *searched = "";
	int e;

	if (is_loaded(program, name) || (program->musl && is_of_musl(name)))
		return 0;
	e = closure_search(s, program, by, name, &c, &searched);
	if (e == 0)
		return missing(s, program, by, name, searched);
	return e < 0 ? e : add_found(s, program, by, &c, name, slim_why_needed);
}

static int load_by_name(struct slim *s, struct program *program, struct loaded *by,
			const char *name)
{
	struct candidate c;
	int e;

	if (is_loaded(program, name) || (program->musl && is_of_musl(name)))
		return 1;
	e = closure_search(s, program, by, name, &c, NULL);
	if (e <= 0)
		return e;
	e = add_found(s, program, by, &c, name, slim_why_dlopen);
	return e < 0 ? e : 1;
}

/* The first of the alternatives that is there; "suggested" ones are left to the user. */
static int load_dlopen(struct slim *s, struct program *program, struct loaded *by,
		       const struct elf_dlopen *note)
{
	char path[PATH_MAX];
	int e = 0;

	if (note->priority && strcmp(note->priority, "suggested") == 0)
		return 0;
	for (size_t i = 0; e == 0 && i < note->soname_len; i++)
		e = load_by_name(s, program, by, note->soname[i]);
	if (e == 0 && note->soname_len > 0 && note->priority &&
	    strcmp(note->priority, "required") == 0)
		e = slim_suggest(s, "%s: says that it must open %s, which is not there",
				 tree_path(by->node, path, sizeof(path)), note->soname[0]);
	return e < 0 ? e : 0;
}

struct names {
	struct slim *s;
	const char **list;
	size_t len, room;
	bool unwinds, failed;
};

static void note_name(void *ctx, const char *text)
{
	struct names *names = ctx;

	if (strncmp(text, "lib", 3) != 0) {
		names->unwinds = true;
		return;
	}
	for (size_t i = 0; i < names->len; i++)
		if (strcmp(names->list[i], text) == 0)
			return;
	if (names->len + 1 >= names->room) {
		size_t room = names->room ? names->room * 2 : 8;
		const char **more = oci_arena_array(&names->s->scratch, room, sizeof(*more));

		if (!more || room > 4096) {
			names->failed = !more;
			return;
		}
		if (names->len > 0)
			memcpy(more, names->list, names->len * sizeof(*more));
		names->list = more;
		names->room = room;
	}
	names->list[names->len] = oci_arena_strdup(&names->s->scratch, text);
	if (names->list[names->len])
		names->len++;
	else
		names->failed = true;
}

static int scan_names(struct slim *s, const struct tree_node *node, bool *ret_unwinds)
{
	struct slim_object *object = slim_object(s, node);
	struct names names = { .s = s };
	int e;

	if (!object)
		return err_nomem(s->err);
	if (!object->names_known) {
		e = elf_scan_strings(node, note_name, &names, s->err);
		if (e < 0 || names.failed)
			return e < 0 ? e : err_nomem(s->err);
		object->names_known = true;
		object->unwinds = names.unwinds;
		object->names = names.list;
	}
	*ret_unwinds = object->unwinds;
	return 0;
}

/* glibc opens libgcc_s.so.1 for these and ends the process when it is not there (nptl, "must be installed for pthread_cancel to work") */
static int load_unwinder(struct slim *s, struct program *program, struct loaded *by)
{
	const char *soname = by->elf->soname ? by->elf->soname : "";
	bool unwinds = false;
	int e;

	e = scan_names(s, by->node, &unwinds);
	if (e < 0 || !unwinds || program->musl || strncmp(soname, "libc.so.", 8) == 0 ||
	    strncmp(soname, "libpthread.so.", 14) == 0)
		return e;
	e = load_by_name(s, program, by, "libgcc_s.so.1");
	return e < 0 ? e : 0;
}

static int load_all(struct slim *s, struct program *program)
{
	int e = 0;

	for (struct loaded *l = program->first; e == 0 && l; l = l->next) {
		for (size_t i = 0; e == 0 && i < l->elf->needed_len; i++)
			e = load_needed(s, program, l, l->elf->needed[i]);
		for (size_t i = 0; e == 0 && i < l->elf->dlopens_len; i++)
			e = load_dlopen(s, program, l, &l->elf->dlopens[i]);
		if (e == 0 && (l->elf->needed_len > 0 || l->elf->interpreter))
			e = load_unwinder(s, program, l);
	}
	return e;
}

/* ---- a program ---- */

static int load_interpreter(struct slim *s, struct program *program, struct loaded *by)
{
	const char *path = program->interpreter, *name = strrchr(path, '/');
	struct candidate c = { .path = path };
	int e;

	e = path[0] == '/' ? view_find(&s->view, path, &c.hit, s->err) : 0;
	if (e < 0)
		return e;
	if (e == 0 || c.hit.type != TREE_FILE)
		return missing(s, program, by, path, "the path itself");
	e = c.hit.last->node ? slim_elf(s, c.hit.last->node, &c.elf)
			     : elf_read(c.hit.file, &s->scratch, &c.elf, s->err);
	if (e < 0)
		return e;
	if (!c.elf || !elf_fits(program->elf, c.elf))
		return missing(s, program, by, path,
			       "the path itself, which is for another machine");
	/* no variants and no cache: it is opened by its path */
	program->musl = strncmp(name + 1, "ld-musl-", 8) == 0;
	e = add_found(s, program, by, &c, path, slim_why_interpreter);
	if (e == 0)
		program->interpreter_node = program->last->node;
	return e;
}

/* A program of a PATH line must run; what a base or a kept folder brings along need not. */
static bool is_strict(const struct slim *s, const struct tree_node *node, const struct elf *elf)
{
	const struct program *exe = s->exe_program;

	if (node == s->exe)
		return true;
	return node->origin == TREE_PATH && elf->interpreter && (node->mode & 0111) &&
	       (!exe || elf_fits(exe->elf, elf));
}

int closure_program(struct slim *s, struct tree_node *node, struct elf *elf)
{
	struct program *program;
	char path[PATH_MAX];
	int e;

	if (elf->type != ET_EXEC && elf->type != ET_DYN)
		return 0;
	if (!elf->interpreter && elf->needed_len == 0 && elf->dlopens_len == 0)
		return 0;
	program = oci_arena_alloc(&s->scratch, sizeof(*program));
	if (!program)
		return err_nomem(s->err);
	program->elf = elf;
	program->interpreter = elf->interpreter;
	program->strict = is_strict(s, node, elf);
	if (!elf->interpreter && s->exe_program && elf_fits(s->exe_program->elf, elf)) {
		program->host = s->exe_program;
		program->musl = program->host->musl;
		program->interpreter = program->host->interpreter;
	}
	e = add_loaded(s, program, node, elf, node->name, tree_path(node, path, sizeof(path)),
		       NULL);
	if (e == 0 && elf->interpreter)
		e = load_interpreter(s, program, program->first);
	if (e == 0)
		e = closure_system(s, program);
	if (e == 0 && !s->exe_program && node == s->exe)
		s->exe_program = program;
	return e == 0 ? load_all(s, program) : e;
}

/* ---- what follows ---- */

static int suggest_name(struct slim *s, const struct tree_node *by, struct elf *elf,
			const char *name)
{
	struct program program = { .elf = elf };
	struct loaded l = { .node = (struct tree_node *)by, .elf = elf, .name = "", .origin = "/" };
	char path[PATH_MAX], found[PATH_MAX];
	const struct tree_node *node;
	struct candidate c;
	int e;

	if (s->exe_program) {
		program.musl = s->exe_program->musl;
		program.system = s->exe_program->system;
		program.system_configured = s->exe_program->system_configured;
	} else {
		e = closure_system(s, &program);
		if (e < 0)
			return e;
	}
	if ((program.musl && is_of_musl(name)) ||
	    (elf->soname && strncmp(elf->soname, "libc.so.", 8) == 0))
		return 0; /* what libc itself opens: see the keep-sets nss and gconv */
	e = closure_search(s, &program, &l, name, &c, NULL);
	if (e <= 0)
		return e == -EINVAL ? 0 : e;
	node = c.hit.last->node;
	if (node && !node->out)
		return 0;
	(void)snprintf(found, sizeof(found), "%s", c.path);
	return slim_suggest(s, "%s: may be opened by name (dlopen) by %s; --keep %s", name,
			    tree_path(by, path, sizeof(path)), found);
}

int closure_finish(struct slim *s)
{
	int e = 0;

	for (struct tree_node *node = tree_next(s->tree->root); e == 0 && node;
	     node = tree_next(node)) {
		const struct slim_object *object;
		const char **names;
		struct elf *elf;

		if (node->out || node->type != TREE_FILE)
			continue;
		object = slim_object(s, node);
		if (!object)
			return err_nomem(s->err);
		names = object->names;
		elf = object->elf;
		if (!elf || (s->exe_program && !elf_fits(s->exe_program->elf, elf)))
			continue;
		for (size_t i = 0; e == 0 && names && names[i]; i++)
			e = suggest_name(s, node, elf, names[i]);
	}
	return e;
}
