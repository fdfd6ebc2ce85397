/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff.c - the differences of two images, and those of their files; see diff.h.
 */
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/diff.h"
#include "cartefile-to-oci/image_layer.h"
#include "cartefile-to-oci/layer_tree.h"

int diff_add(struct diff_list *list, enum diff_where where, const char *name, const char *what,
	     const char *a, const char *b, struct oci_error *err)
{
	if ((!a && !b) || (a && b && strcmp(a, b) == 0))
		return 0;
	if (list->len == list->room) {
		size_t room = list->room ? list->room * 2 : 32;
		struct difference *items = oci_arena_array(list->arena, room, sizeof(*list->items));

		if (!items)
			return err_nomem(err);
		if (list->len > 0)
			memcpy(items, list->items, list->len * sizeof(*items));
		list->items = items;
		list->room = room;
	}
	list->items[list->len++] = (struct difference){ where, name, what, a, b };
	return 0;
}

/* ---- files ----------------------------------------------------------------------------------------------------------- */
static int read_tree(const struct image_source *image, struct tree *tree, struct oci_error *err)
{
	struct layer_tree to = { .tree = tree, .digests = true, .mtime_latest = INT64_MAX };
	int r = tree_init(tree, err);

	for (size_t i = 0; r == 0 && i < image->docs.manifest->layers_len; i++) {
		struct image_layer layer;

		r = image_layer_find(&image->layout, &image->docs, i, &layer, err);
		if (r == 0)
			r = image_layer_open(&image->layout, &layer, err);
		if (r < 0)
			break;
		r = layer_tree_read(&to, &layer.input, err);
		if (r < 0)
			err_prefix(err, "%s: layer ", image->layout.name);
		fd_closep(&layer.input.fd);
	}
	layer_tree_end(&to);
	return r;
}

/* "file, 12 bytes" */
static const char *describe(const struct tree_node *node, struct oci_arena *arena)
{
	static const char *const types[] = {
		[TREE_DIR] = "folder",
		[TREE_FILE] = "file",
		[TREE_LINK] = "link",
		[TREE_FIFO] = "FIFO",
		[TREE_CHAR] = "character device",
		[TREE_BLOCK] = "block device",
	};

	if (node->type == TREE_FILE)
		return oci_arena_printf(arena, "file, %" PRIu64 " bytes", node->content->size);
	return types[node->type];
}

/* One attribute in words; NULL: it has none. */
static const char *attribute(const struct tree_node *node, const char *what,
			     struct oci_arena *arena)
{
	const struct tree_content *content = node->content;

	switch (what[0]) {
	case 'm':
		return oci_arena_printf(arena, "%04o", node->mode);
	case 'o':
		return oci_arena_printf(arena, "%u:%u", node->uid, node->gid);
	case 't':
		return oci_arena_printf(arena, "%" PRId64, node->mtime);
	case 'l':
		return node->target;
	case 's':
		return content ? oci_arena_printf(arena, "%" PRIu64, content->size) : NULL;
	case 'c':
		return content ? content->path : NULL;
	case 'n':
		return content ? oci_arena_printf(arena, "%u", content->links) : NULL;
	default:
		return node->type == TREE_CHAR || node->type == TREE_BLOCK
			       ? oci_arena_printf(arena, "%u:%u", node->rdev_major,
						  node->rdev_minor)
			       : NULL;
	}
}

static const char *hex(const struct tree_xattr *xattr, struct oci_arena *arena)
{
	char *text = oci_arena_alloc(arena, xattr->length * 2 + 3), *at = text;

	if (!text)
		return NULL;
	at += sprintf(at, "0x");
	for (size_t i = 0; i < xattr->length; i++)
		at += sprintf(at, "%02x", xattr->value[i]);
	return text;
}

/* Both lists are sorted by name. */
static int diff_xattrs(const struct tree_node *a, const struct tree_node *b, const char *path,
		       struct diff_list *list, struct oci_error *err)
{
	size_t i = 0, j = 0;
	int r = 0;

	while (r == 0 && (i < a->xattrs_len || j < b->xattrs_len)) {
		int c = i == a->xattrs_len   ? 1
			: j == b->xattrs_len ? -1
					     : strcmp(a->xattrs[i].name, b->xattrs[j].name);
		const struct tree_xattr *x = c <= 0 ? &a->xattrs[i++] : NULL;
		const struct tree_xattr *y = c >= 0 ? &b->xattrs[j++] : NULL;
		const char *name = oci_arena_strdup(list->arena, x ? x->name : y->name);

		r = !name ? err_nomem(err)
			  : diff_add(list, DIFF_FILE, path, name, x ? hex(x, list->arena) : NULL,
				     y ? hex(y, list->arena) : NULL, err);
	}
	return r;
}

static int diff_nodes(const struct tree_node *a, const struct tree_node *b, const char *path,
		      struct diff_list *list, struct oci_error *err)
{
	static const char *const whats[] = { "mode", "owner",   "time",  "link target",
					     "size", "content", "names", "device" };
	int r = 0;

	if (a->type != b->type)
		return diff_add(list, DIFF_FILE, path, "type", describe(a, list->arena),
				describe(b, list->arena), err);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(whats); i++)
		r = diff_add(list, DIFF_FILE, path, whats[i], attribute(a, whats[i], list->arena),
			     attribute(b, whats[i], list->arena), err);
	return r < 0 ? r : diff_xattrs(a, b, path, list, err);
}

/* In which order the walk meets them: component by component. */
static int path_order(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	if (*a == *b)
		return 0;
	/* a slash is the end of a name, before any other byte */
	if (!*a || !*b)
		return *a ? 1 : -1;
	if (*a == '/' || *b == '/')
		return *a == '/' ? -1 : 1;
	return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

static int diff_trees(const struct tree *a, const struct tree *b, struct diff_list *list,
		      struct oci_error *err)
{
	const struct tree_node *x = a->root, *y = b->root;
	char path_x[PATH_MAX], path_y[PATH_MAX];
	int r = 0;

	while (r == 0 && (x || y)) {
		int c = !x   ? 1
			: !y ? -1
			     : path_order(tree_path(x, path_x, sizeof(path_x)),
					  tree_path(y, path_y, sizeof(path_y)));
		const struct tree_node *one = c <= 0 ? x : y;
		char buf[PATH_MAX];
		const char *path = oci_arena_strdup(list->arena, tree_path(one, buf, sizeof(buf)));

		if (!path)
			return err_nomem(err);
		if (c == 0)
			r = diff_nodes(x, y, path, list, err);
		else
			r = diff_add(list, DIFF_FILE, path, NULL,
				     c < 0 ? describe(x, list->arena) : NULL,
				     c > 0 ? describe(y, list->arena) : NULL, err);
		x = c <= 0 ? tree_next(x) : x;
		y = c >= 0 ? tree_next(y) : y;
	}
	return r;
}

static bool same_layers(const struct image_docs *a, const struct image_docs *b)
{
	const struct oci_rootfs *x = a->config->rootfs, *y = b->config->rootfs;

	if (x->diff_ids_len != y->diff_ids_len)
		return false;
	for (size_t i = 0; i < x->diff_ids_len; i++)
		if (strcmp(x->diff_ids[i], y->diff_ids[i]) != 0)
			return false;
	return true;
}

int diff_files(const struct image_source *a, const struct image_source *b, struct diff_list *list,
	       struct oci_error *err)
{
	struct tree x = { 0 }, y = { 0 };
	int r;

	if (same_layers(&a->docs, &b->docs))
		return 0;
	r = read_tree(a, &x, err);
	if (r == 0)
		r = read_tree(b, &y, err);
	if (r == 0)
		r = diff_trees(&x, &y, list, err);
	/* link targets are shown, not copied: copy what the list keeps */
	for (size_t i = 0; r == 0 && i < list->len; i++) {
		struct difference *d = &list->items[i];

		d->a = d->a ? oci_arena_strdup(list->arena, d->a) : NULL;
		d->b = d->b ? oci_arena_strdup(list->arena, d->b) : NULL;
	}
	tree_free(&x);
	tree_free(&y);
	return r;
}

int diff_images(const struct image_source *a, const struct image_source *b, struct diff_list *list,
		struct oci_error *err)
{
	int r;

	if (digest_equal(&a->docs.manifest_digest, &b->docs.manifest_digest))
		return 0;
	r = diff_documents(&a->docs, &b->docs, list, err);
	if (r == 0)
		r = diff_files(a, b, list, err);
	/* other bytes that say the same */
	if (r == 0 && list->len == 0)
		r = diff_add(list, DIFF_MANIFEST, "digest", NULL, a->docs.descriptor->digest,
			     b->docs.descriptor->digest, err);
	return r;
}
