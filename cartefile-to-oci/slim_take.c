/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slim_take.c - let nodes be in, made of the sysroot's files where the tree has none, and remember what was read of them.
 */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/slim-private.h"

const char slim_why_folder[] = "a folder of what is kept";
const char slim_why_link[] = "a link on the way";
const char slim_why_needed[] = "NEEDED";
const char slim_why_interpreter[] = "loader";
const char slim_why_script[] = "runs the script";
const char slim_why_dlopen[] = "opened by name";
const char slim_why_unneeded[] = "nothing that is kept needs it";

/* ---- objects ---- */

static size_t slot_of(const struct slim_object *objects, size_t room, const struct tree_node *node)
{
	size_t at = ((uintptr_t)node >> 4) * 0x9e3779b97f4a7c15ULL % room;

	while (objects[at].node && objects[at].node != node)
		at = (at + 1) % room;
	return at;
}

static bool grow_objects(struct slim *s)
{
	size_t room = s->objects_room ? s->objects_room * 2 : 128;
	struct slim_object *more = calloc(room, sizeof(*more));

	if (!more)
		return false;
	for (size_t i = 0; i < s->objects_room; i++)
		if (s->objects[i].node)
			more[slot_of(more, room, s->objects[i].node)] = s->objects[i];
	free(s->objects);
	s->objects = more;
	s->objects_room = room;
	return true;
}

struct slim_object *slim_object(struct slim *s, const struct tree_node *node)
{
	struct slim_object *object;

	if (s->objects_len * 2 >= s->objects_room && !grow_objects(s))
		return NULL;
	object = &s->objects[slot_of(s->objects, s->objects_room, node)];
	if (!object->node) {
		object->node = node;
		s->objects_len++;
	}
	return object;
}

int slim_elf(struct slim *s, const struct tree_node *node, struct elf **ret)
{
	struct slim_object *object = slim_object(s, node);
	struct elf *elf = NULL;
	int e;

	if (!object)
		return err_nomem(s->err);
	if (!object->looked) {
		e = elf_read(node, &s->scratch, &elf, s->err);
		if (e < 0)
			return e;
		object->looked = true;
		object->elf = elf;
	}
	*ret = object->elf;
	return 0;
}

/* ---- keeping ---- */

int slim_enqueue(struct slim *s, struct tree_node *node)
{
	if (s->queue_len == s->queue_room) {
		size_t room = s->queue_room ? s->queue_room * 2 : 256;
		struct tree_node **more = realloc(s->queue, room * sizeof(struct tree_node *));

		if (!more)
			return err_nomem(s->err);
		s->queue = more;
		s->queue_room = room;
	}
	s->queue[s->queue_len++] = node;
	return 0;
}

int slim_keep(struct slim *s, struct tree_node *node, const char *why,
	      const struct tree_node *because)
{
	if (!node->out)
		return 0;
	node->out = false;
	node->why = why;
	node->because = because;
	for (struct tree_node *up = node->parent; up && up->out; up = up->parent) {
		up->out = false;
		up->why = slim_why_folder;
		up->because = node;
	}
	return node->type == TREE_FILE ? slim_enqueue(s, node) : 0;
}

/* What the sysroot has becomes a node: root's, with plain modes. */
static int make_node(struct slim *s, const struct view_step *step, struct tree_node **ret)
{
	struct tree_node *node;
	int e;

	e = tree_put(s->tree, step->path, step->type, &node, s->err);
	if (e < 0)
		return e;
	node->origin = (uint8_t)s->origin;
	node->mtime = s->options->mtime;
	node->mode = step->type == TREE_LINK                      ? 0777
		     : step->type == TREE_DIR || step->executable ? 0755
								  : 0644;
	node->out = true;
	if (step->type == TREE_LINK) {
		node->target = oci_arena_strdup(&s->tree->arena, step->target);
		if (!node->target)
			return err_nomem(s->err);
	} else if (step->type == TREE_FILE) {
		node->content = tree_content_new(s->tree);
		if (!node->content)
			return err_nomem(s->err);
		node->content->source = s->view.sysroot;
		node->content->path = oci_arena_strdup(&s->tree->arena, step->host);
		if (!node->content->path)
			return err_nomem(s->err);
		node->content->size = step->size;
		node->content->host_dev = step->dev;
		node->content->host_ino = step->ino;
		node->content->host_mtime = step->mtime;
		node->content->host_ctime = step->ctime;
	}
	*ret = node;
	return 0;
}

int slim_take(struct slim *s, const struct view_hit *hit, const char *why,
	      const struct tree_node *because, struct tree_node **ret)
{
	struct tree_node *node = s->tree->root;
	int e = 0;

	for (struct view_step *step = hit->first; e == 0 && step; step = step->next) {
		node = step->node ? step->node : tree_find(s->tree, step->path);
		if (!node)
			e = make_node(s, step, &node);
		if (e == 0)
			e = slim_keep(s, node,
				      !step->next               ? why
				      : step->type == TREE_LINK ? slim_why_link
								: slim_why_folder,
				      because);
	}
	if (e == 0 && ret)
		*ret = node;
	return e;
}

int slim_take_path(struct slim *s, const char *path, const char *why,
		   const struct tree_node *because)
{
	struct view_hit hit;
	int e;

	e = view_find(&s->view, path, &hit, s->err);
	if (e > 0)
		e = slim_take(s, &hit, why, because, NULL);
	else
		return e;
	return e < 0 ? e : 1;
}

#define DEPTH_MAX 256

/* A link to "/" or "/usr/lib" in a kept folder does not mean all of that. */
static bool is_wide(const char *path)
{
	size_t depth = 0;

	for (const char *at = path; *at; at++)
		depth += *at == '/' && at[1];
	return depth < 2 || (depth == 2 && strncmp(path, "/usr/", 5) == 0);
}

/* One walk; each folder is walked once in it, so that links that go round end. */
struct walk {
	unsigned number; /* not 0 */
	const char *why;
	const struct tree_node *because;
};

static int take_below(struct slim *s, const char *path, const struct walk *walk, unsigned depth);

static int take_children(struct slim *s, const struct tree_node *folder, const struct walk *walk,
			 unsigned depth)
{
	struct slim_object *object = slim_object(s, folder);
	char path[PATH_MAX];
	const char **names;
	size_t count;
	int e;

	if (!object)
		return err_nomem(s->err);
	if (object->walked == walk->number || depth > DEPTH_MAX)
		return 0;
	object->walked = walk->number;
	tree_path(folder, path, sizeof(path));
	e = view_list(&s->view, path, &names, &count, s->err);
	for (size_t i = 0; e >= 0 && i < count; i++) {
		const char *below =
			oci_arena_printf(&s->scratch, "%s/%s", path[1] ? path : "", names[i]);

		e = below ? take_below(s, below, walk, depth + 1) : err_nomem(s->err);
	}
	return e < 0 ? e : 0;
}

static int take_below(struct slim *s, const char *path, const struct walk *walk, unsigned depth)
{
	struct tree_node *node;
	struct view_hit hit;
	int e;

	e = view_find(&s->view, path, &hit, s->err);
	if (e == 0 && depth > 0) { /* a link to nowhere is a file like others */
		e = view_find_link(&s->view, path, &hit, s->err);
		return e > 0 ? slim_take(s, &hit, walk->why, walk->because, NULL) : e;
	}
	if (e <= 0)
		return e;
	e = slim_take(s, &hit, walk->why, walk->because, &node);
	if (e == 0 && hit.type == TREE_DIR &&
	    (depth == 0 || strcmp(hit.path, path) == 0 || !is_wide(hit.path)))
		e = take_children(s, node, walk, depth);
	return e < 0 ? e : 1;
}

int slim_take_all(struct slim *s, const char *path, const char *why,
		  const struct tree_node *because)
{
	const struct walk walk = { ++s->walks, why, because };

	return take_below(s, path, &walk, 0);
}

/* ---- suggestions ---- */

int slim_suggest(struct slim *s, const char *format, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, format);
	text = oci_arena_vprintf(&s->tree->arena, format, ap);
	va_end(ap);
	if (!text)
		return err_nomem(s->err);
	for (size_t i = 0; i < s->suggestions_len; i++)
		if (strcmp(s->suggestions[i], text) == 0)
			return 0;
	if (s->suggestions_len == s->suggestions_room) {
		size_t room = s->suggestions_room ? s->suggestions_room * 2 : 16;
		const char **more = realloc(s->suggestions, room * sizeof(char *));

		if (!more)
			return err_nomem(s->err);
		s->suggestions = more;
		s->suggestions_room = room;
	}
	s->suggestions[s->suggestions_len++] = text;
	return 0;
}
