/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slim.c - which files stay, see slim.h: mark what goes, keep what is asked for, then follow what the kept files need until
 * nothing is added.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/slim-private.h"

/* ---- the work ---- */

/* A damaged file among data harms nobody; one that a program is or loads was refused before. */
static int look_at(struct slim *s, struct tree_node *node)
{
	struct oci_error *err = s->err, quiet = OCI_ERROR_INIT;
	struct slim_object *object = slim_object(s, node);
	struct elf *elf = NULL;
	int e;

	if (!object)
		return err_nomem(s->err);
	if (object->done)
		return 0;
	object->done = true;
	if (node != s->exe)
		s->err = &quiet;
	e = slim_elf(s, node, &elf);
	s->err = err;
	if (e == -EINVAL && node != s->exe)
		return slim_suggest(s, "%s; it is kept as data", quiet.message);
	if (e < 0)
		return node != s->exe ? oci_error_copy(err, &quiet) : e;
	return elf ? closure_program(s, node, elf) : script_interpreter(s, node);
}

static int follow_all(struct slim *s)
{
	int e = 0;

	while (e == 0 && s->queue_at < s->queue_len)
		e = look_at(s, s->queue[s->queue_at++]);
	return e;
}

/* A base's own program may be named without a folder, as execvp(3) takes it. */
static int find_exe(struct slim *s, struct view_hit *hit)
{
	const struct view own = { s->tree, NULL, &s->scratch };
	const char *at = s->options->search_path ? s->options->search_path : SLIM_USUAL_PATH;
	int e = 0;

	if (strchr(s->options->exe, '/'))
		return view_find(&own, s->options->exe, hit, s->err);
	while (e == 0 && *at) {
		size_t length = strcspn(at, ":");
		const char *path =
			oci_arena_printf(&s->scratch, "%.*s/%s", (int)length, at, s->options->exe);

		if (!path)
			return err_nomem(s->err);
		if (length > 0)
			e = view_find(&own, path, hit, s->err);
		at += length + (at[length] == ':');
	}
	return e;
}

static int keep_exe(struct slim *s)
{
	struct view_hit hit;
	int e;

	if (!s->options->exe)
		return 0;
	e = find_exe(s, &hit);
	if (e < 0)
		return e;
	if (e == 0 || hit.type != TREE_FILE)
		return err_set(s->err, ENOENT, "exe_PATH: %s is %s", s->options->exe,
			       e ? "no file" : "not in the image");
	e = slim_take(s, &hit, "exe_PATH", NULL, &s->exe);
	if (e == 0 && !s->exe->why)
		s->exe->why = "exe_PATH";
	return e < 0 ? e : look_at(s, s->exe);
}

/* Everything of the base is out until something asks for it; PATH lines asked already. */
static int mark_unneeded(struct slim *s)
{
	int e = 0;

	for (struct tree_node *node = tree_next(s->tree->root); e == 0 && node;
	     node = tree_next(node)) {
		if (node->origin == TREE_BASE || node->origin == TREE_MADE) {
			node->why = node->out ? node->why : slim_why_unneeded;
			node->out = true;
		} else if (!node->out) {
			for (struct tree_node *up = node->parent; up && up->out; up = up->parent) {
				up->out = false;
				up->why = slim_why_folder;
				up->because = node;
			}
			if (node->type == TREE_FILE)
				e = slim_enqueue(s, node);
		}
	}
	return e;
}

static int keep_traced(struct slim *s)
{
	int e = 0;

	for (size_t i = 0; e >= 0 && i < s->options->traced_len; i++)
		e = slim_take_path(s, s->options->traced[i], "used when it ran", NULL);
	return e < 0 ? e : 0;
}

static int apply_closure(struct slim *s)
{
	int e;

	e = prune_mark(s);
	if (e == 0)
		e = mark_unneeded(s);
	if (e == 0)
		e = keep_exe(s);
	if (e == 0)
		e = keep_basics(s);
	if (e == 0 && s->options->level == SLIM_TRACE)
		e = keep_traced(s);
	if (e == 0)
		e = keep_sets(s);
	if (e == 0)
		e = follow_all(s);
	if (e == 0)
		e = slim_packages(s);
	return e == 0 ? closure_finish(s) : e;
}

static int apply(struct slim *s)
{
	int e;

	switch (s->options->level) {
	case SLIM_NONE:
		return 0;
	case SLIM_PRUNE:
		e = prune_mark(s);
		if (e == 0)
			e = keep_sets(s);
		return e;
	case SLIM_ELF:
	case SLIM_TRACE:
	default:
		return apply_closure(s);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Bytes of hard links count once, as they are stored. */
static int fill_report(struct slim *s, struct slim_report *ret)
{
	struct slim_report report = { 0 };

	for (struct tree_node *node = tree_next(s->tree->root); node; node = tree_next(node)) {
		uint64_t size = node->content ? node->content->size : 0;

		if (node->type == TREE_DIR)
			continue;
		*(node->out ? &report.left_out : &report.kept) += 1;
		if (node->content && node->content->links > 1)
			size /= node->content->links;
		*(node->out ? &report.left_out_bytes : &report.kept_bytes) += size;
	}
	if (s->suggestions_len > 0) {
		qsort(s->suggestions, s->suggestions_len, sizeof(*s->suggestions), by_text);
		report.suggestions = oci_arena_array(&s->tree->arena, s->suggestions_len,
						     sizeof(*report.suggestions));
		if (!report.suggestions)
			return err_nomem(s->err);
		memcpy(report.suggestions, s->suggestions,
		       s->suggestions_len * sizeof(*report.suggestions));
		report.suggestions_len = s->suggestions_len;
	}
	*ret = report;
	return 0;
}

int slim_apply(struct tree *tree, const struct slim_options *options, struct slim_report *ret,
	       struct oci_error *err)
{
	struct slim s = { .tree = tree,
			  .options = options,
			  .scratch = OCI_ARENA_INIT,
			  .origin = TREE_HOST,
			  .err = err };
	int e;

	s.view = (struct view){ tree, options->sysroot, &s.scratch };
	e = apply(&s);
	if (e == 0)
		e = fill_report(&s, ret);
	free(s.objects);
	free(s.queue);
	free(s.suggestions);
	oci_arena_free(&s.scratch);
	return e;
}

bool slim_is_os_tree(const struct tree *tree)
{
	const char *const marks[] = { "/etc/os-release", "/usr/lib/os-release" };

	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (tree_find(tree, marks[i]))
			return true;
	return tree_find(tree, "/usr/bin") && tree_find(tree, "/etc");
}
