/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layer_tree.c - apply entries to a tree; see layer_tree.h.
 *
 * Whiteouts hide what lower layers brought, never what their own layer did, wherever in it they stand. So while layers are put,
 * node->line is the number of the layer that wrote the node last; it is 0 again at the end.
 */
#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cartefile-to-oci/layer_tree.h"

void layer_tree_begin(struct layer_tree *to, const char *name)
{
	to->name = name;
	to->layer++;
}

void layer_tree_end(struct layer_tree *to)
{
	for (struct tree_node *node = to->tree->root; node; node = tree_next(node))
		node->line = 0;
}

static int bad(const struct layer_tree *to, const char *path, const char *what,
	       struct oci_error *err)
{
	return err_set_as(err, ERR_DOCUMENT, EINVAL, "%s: entry '%.300s': %s", to->name, path,
			  what);
}

/*
 * The path with the links among its folders followed, as programs that unpack do: "lib/x" over a link lib -> usr/lib is
 * usr/lib/x.
 */
static int real_path(const struct layer_tree *to, const char *path, char out[PATH_MAX],
		     struct oci_error *err)
{
	const char *rest = strrchr(path, '/');
	const struct tree_node *folder = NULL;
	char above[PATH_MAX];
	size_t length;

	(void)snprintf(above, sizeof(above), "%s", path);
	while (rest) {
		above[rest - path] = '\0';
		folder = tree_resolve(to->tree, NULL, above, true, NULL, NULL);
		if (folder)
			break;
		/* what is not there will be made, but not behind a link */
		if (tree_find(to->tree, above))
			return bad(to, path, "a folder of its path is a link to nothing", err);
		rest = memrchr(path, '/', (size_t)(rest - path));
	}
	if (!folder) {
		(void)snprintf(out, PATH_MAX, "%s", path);
		return 0;
	}
	if (folder->type != TREE_DIR)
		return bad(to, path, "what it is in is no folder", err);
	if (!folder->parent)
		rest++;
	tree_path(folder, out, PATH_MAX);
	length = strlen(out);
	if (length + strlen(rest) >= PATH_MAX)
		return bad(to, path, "its path is too long", err);
	memcpy(out + length, rest, strlen(rest) + 1);
	return 0;
}

/* Remove what lower layers have below @folder. Return: whether something of this layer stays. */
static bool clear_lower(struct layer_tree *to, struct tree_node *folder)
{
	bool stays = false;

	for (size_t i = folder->children_len; i-- > 0;) {
		struct tree_node *child = folder->children[i];
		bool below = clear_lower(to, child);

		if (child->line == to->layer || below)
			stays = true;
		else
			tree_remove(to->tree, child);
	}
	return stays;
}

static int put_mark(struct layer_tree *to, const struct layer_entry *entry, const char *path)
{
	struct tree_node *node = tree_find(to->tree, path);

	if (!node)
		return 0;
	if (entry->mark == LAYER_OPAQUE && node->type == TREE_LINK)
		node = tree_resolve(to->tree, NULL, path, true, NULL, NULL);
	if (node && !clear_lower(to, node) && entry->mark == LAYER_WHITEOUT &&
	    node->line != to->layer)
		tree_remove(to->tree, node);
	return 0;
}

static int copy_xattrs(struct tree *tree, const struct layer_entry *entry, struct tree_node *node,
		       struct oci_error *err)
{
	if (entry->xattrs_len == 0)
		return 0;
	node->xattrs = oci_arena_array(&tree->arena, entry->xattrs_len, sizeof(*node->xattrs));
	if (!node->xattrs)
		return err_nomem(err);
	for (size_t i = 0; i < entry->xattrs_len; i++) {
		const struct tree_xattr *from = &entry->xattrs[i];
		unsigned char *value = oci_arena_alloc(&tree->arena, from->length + 1);
		char *name = oci_arena_strdup(&tree->arena, from->name);

		if (!value || !name)
			return err_nomem(err);
		if (from->length > 0)
			memcpy(value, from->value, from->length);
		node->xattrs[i] = (struct tree_xattr){ name, value, from->length };
	}
	node->xattrs_len = entry->xattrs_len;
	return 0;
}

static int spool(struct layer_tree *to, struct layer_reader *reader, struct tree_content *content,
		 struct oci_error *err)
{
	const void *data;
	ssize_t n;
	int r;

	if (!to->spool)
		return err_set(err, ENODATA, "%s: there is no file for its contents", to->name);
	content->source = to->spool;
	content->offset = to->spooled;
	while ((n = layer_data(reader, &data, err)) > 0) {
		r = io_write_all(to->spool->fd, data, (size_t)n);
		if (r < 0)
			return err_sys(err, -r, "write %s", to->spool->name);
		to->spooled += (uint64_t)n;
	}
	return (int)n;
}

static int hash(struct layer_tree *to, struct layer_reader *reader, struct tree_content *content,
		struct oci_error *err)
{
	char text[DIGEST_TEXT_SIZE];
	struct digest_state state;
	struct digest digest;
	const void *data;
	ssize_t n;
	int r = digest_begin(&state, err);

	if (r < 0)
		return r;
	while ((n = layer_data(reader, &data, err)) > 0)
		digest_add(&state, data, (size_t)n);
	digest_end(&state, &digest);
	if (n < 0)
		return (int)n;
	content->path = oci_arena_strdup(&to->tree->arena, digest_format(&digest, text));
	return content->path ? 0 : err_nomem(err);
}

static int put_content(struct layer_tree *to, const struct layer_entry *entry,
		       struct layer_reader *reader, struct tree_node *node, struct oci_error *err)
{
	struct tree_content *content = tree_content_new(to->tree);

	if (!content)
		return err_nomem(err);
	node->content = content;
	content->size = entry->size;
	if (to->in_base || entry->size == 0)
		return 0;
	if (to->digests)
		return hash(to, reader, content, err);
	if (to->plain && layer_offset(reader, &content->offset)) {
		content->source = to->plain;
		return 0;
	}
	return spool(to, reader, content, err);
}

/* A hard link is another name of what is there, of a file or (GNU tar writes such) of a link. */
static int put_hardlink(struct layer_tree *to, const struct layer_entry *entry, const char *path,
			struct oci_error *err)
{
	struct tree_node *target, *node;
	char from[PATH_MAX];
	struct tree_node was;
	int r = real_path(to, entry->hardlink, from, err);

	if (r < 0)
		return r;
	target = tree_find(to->tree, from);
	if (!target || target->type == TREE_DIR)
		return err_set_as(err, ERR_DOCUMENT, EINVAL,
				  "%s: entry '%.300s': hard link to '%.300s', which %s", to->name,
				  entry->path, entry->hardlink,
				  target ? "is a folder" : "is not there");
	if (target == tree_find(to->tree, path))
		return 0;
	was = *target;
	/* before the old content of @path, which may be the same, is let go */
	if (was.content)
		was.content->links++;
	r = tree_put(to->tree, path, was.type, &node, err);
	if (r < 0)
		return r;
	was.parent = node->parent;
	was.name = node->name;
	was.line = to->layer;
	*node = was;
	return 0;
}

static int put_node(struct layer_tree *to, const struct layer_entry *entry, const char *path,
		    struct layer_reader *reader, struct oci_error *err)
{
	struct tree_node *node;
	int r = tree_put(to->tree, path, entry->type, &node, err);

	if (r < 0) {
		err_prefix(err, "%s: ", to->name);
		return r;
	}
	node->origin = TREE_BASE;
	node->in_base = to->in_base;
	node->mode = entry->mode;
	node->uid = entry->uid;
	node->gid = entry->gid;
	node->mtime = entry->mtime;
	if (!to->in_base && node->mtime > to->mtime_latest)
		node->mtime = to->mtime_latest;
	node->rdev_major = entry->rdev_major;
	node->rdev_minor = entry->rdev_minor;
	node->line = to->layer;
	if (entry->target) {
		node->target = oci_arena_strdup(&to->tree->arena, entry->target);
		if (!node->target)
			return err_nomem(err);
	}
	r = copy_xattrs(to->tree, entry, node, err);
	if (r == 0 && entry->type == TREE_FILE)
		r = put_content(to, entry, reader, node, err);
	return r;
}

/* The folders that no entry described are the base's all the same. */
static void mark_ancestors(const struct layer_tree *to, const char *path)
{
	struct tree_node *node = tree_find(to->tree, path);

	for (node = node ? node->parent : NULL; node && node->origin == TREE_MADE;
	     node = node->parent) {
		node->origin = TREE_BASE;
		node->in_base = to->in_base;
	}
}

int layer_tree_put(struct layer_tree *to, const struct layer_entry *entry,
		   struct layer_reader *reader, struct oci_error *err)
{
	bool device = entry->type == TREE_CHAR || entry->type == TREE_BLOCK;
	struct tree_node *old;
	char path[PATH_MAX];
	int r = real_path(to, entry->path, path, err);

	if (r < 0)
		return r;
	if (entry->mark != LAYER_ENTRY)
		return put_mark(to, entry, path);
	/* no image of ours has any; but it may be in the place of something */
	if (device && !to->in_base && !to->digests) {
		old = tree_find(to->tree, path);
		if (old)
			tree_remove(to->tree, old);
		return 0;
	}
	if (entry->hardlink)
		r = put_hardlink(to, entry, path, err);
	else
		r = put_node(to, entry, path, reader, err);
	if (r == 0)
		mark_ancestors(to, path);
	return r;
}

int layer_tree_read(struct layer_tree *to, const struct layer_input *input, struct oci_error *err)
{
	const struct layer_entry *entry;
	struct layer_reader *reader;
	int r = layer_open(input, &reader, err);

	if (r < 0)
		return r;
	layer_tree_begin(to, input->name);
	while ((r = layer_next(reader, &entry, err)) > 0) {
		r = layer_tree_put(to, entry, reader, err);
		if (r < 0)
			break;
	}
	layer_close(reader);
	return r;
}
