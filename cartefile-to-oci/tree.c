/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.c - nodes, kept sorted, found by name; see tree.h.
 *
 * A folder's children are one sorted array: looking up is a binary search, walking needs no memory, and adding in order,
 * as every tar and every sorted folder does, appends.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"
#include "cartefile-to-oci/tree.h"

#define LINKS_MAX 40 /* path_resolution(7) */

int tree_init(struct tree *tree, struct oci_error *err)
{
	*tree = (struct tree){ .arena = OCI_ARENA_INIT };
	tree->root = oci_arena_alloc(&tree->arena, sizeof(*tree->root));
	if (!tree->root)
		return err_nomem(err);
	tree->root->name = "";
	tree->root->type = TREE_DIR;
	tree->root->mode = 0755;
	tree->root->layer = -1;
	return 0;
}

void tree_free(struct tree *tree)
{
	for (struct tree_source *source = tree->sources; source; source = source->next)
		fd_closep(&source->fd);
	oci_arena_free(&tree->arena);
	tree->root = NULL;
	tree->sources = NULL;
	tree->nodes = 0;
}

struct tree_source *tree_source_add(struct tree *tree, int fd, const char *name)
{
	struct tree_source *source = oci_arena_alloc(&tree->arena, sizeof(*source));

	if (source)
		source->name = oci_arena_strdup(&tree->arena, name);
	if (!source || !source->name) {
		fd_closep(&fd);
		return NULL;
	}
	source->fd = fd;
	source->next = tree->sources;
	tree->sources = source;
	return source;
}

/* strcmp of a name that ends in a NUL with one that has a length */
static int compare(const char *name, const char *word, size_t length)
{
	int c = strncmp(name, word, length);

	return c != 0 ? c : name[length] != '\0';
}

/* Where in the array it is, or where it belongs. */
static bool child_index(const struct tree_node *folder, const char *name, size_t length,
			size_t *ret)
{
	size_t low = 0, high = folder->children_len;

	/* the usual case: behind the last one */
	if (high > 0 && compare(folder->children[high - 1]->name, name, length) < 0) {
		*ret = high;
		return false;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int c = compare(folder->children[middle]->name, name, length);

		if (c == 0) {
			*ret = middle;
			return true;
		}
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret = low;
	return false;
}

struct tree_node *tree_child(const struct tree_node *folder, const char *name, size_t length)
{
	size_t i;

	return child_index(folder, name, length, &i) ? folder->children[i] : NULL;
}

static bool is_dot(const char *name, size_t length)
{
	return length == 0 || (length == 1 && name[0] == '.');
}

static bool is_dot_dot(const char *name, size_t length)
{
	return length == 2 && name[0] == '.' && name[1] == '.';
}

/* The next component; "." and empty ones are passed over. NULL at the end. */
static const char *component(const char **path, size_t *ret_length)
{
	const char *at = *path;

	for (;;) {
		size_t length;

		while (*at == '/')
			at++;
		if (!*at)
			return NULL;
		length = strcspn(at, "/");
		*path = at + length;
		if (!is_dot(at, length)) {
			*ret_length = length;
			return at;
		}
		at += length;
	}
}

struct tree_node *tree_find(const struct tree *tree, const char *path)
{
	struct tree_node *node = tree->root;
	const char *name;
	size_t length;

	while (node && (name = component(&path, &length)))
		node = node->type == TREE_DIR && !is_dot_dot(name, length)
			       ? tree_child(node, name, length)
			       : NULL;
	return node;
}

struct resolve {
	const struct tree *tree;
	unsigned links;
	void (*each)(void *ctx, struct tree_node *node);
	void *ctx;
};

static struct tree_node *walk(struct resolve *r, struct tree_node *from, const char *path,
			      bool follow_last)
{
	struct tree_node *node = path[0] == '/' ? r->tree->root : from;
	const char *name;
	size_t length;

	while ((name = component(&path, &length))) {
		struct tree_node *child;
		const char *rest = path;
		size_t unused;

		if (node->type != TREE_DIR)
			return NULL;
		if (is_dot_dot(name, length)) {
			node = node->parent ? node->parent : node;
			continue;
		}
		child = tree_child(node, name, length);
		if (!child)
			return NULL;
		if (r->each)
			r->each(r->ctx, child);
		/* a slash behind it makes a link be followed as well (path_resolution(7)) */
		if (child->type == TREE_LINK &&
		    (follow_last || *path || component(&rest, &unused))) {
			if (++r->links > LINKS_MAX)
				return NULL;
			child = walk(r, node, child->target, true);
			if (!child)
				return NULL;
		}
		node = child;
	}
	return node;
}

struct tree_node *tree_resolve(const struct tree *tree, const struct tree_node *from,
			       const char *path, bool follow_last,
			       void (*each)(void *ctx, struct tree_node *node), void *ctx)
{
	struct resolve r = { .tree = tree, .each = each, .ctx = ctx };

	return walk(&r, from ? (struct tree_node *)from : tree->root, path, follow_last);
}

static int insert(struct tree *tree, struct tree_node *folder, size_t at, struct tree_node *node,
		  struct oci_error *err)
{
	if (folder->children_len == folder->children_room) {
		size_t room = folder->children_room ? folder->children_room * 2 : 4;
		struct tree_node **children =
			oci_arena_array(&tree->arena, room, sizeof(*children));

		if (!children)
			return err_nomem(err);
		if (folder->children_len > 0)
			memcpy(children, folder->children,
			       folder->children_len * sizeof(*children));
		folder->children = children;
		folder->children_room = room;
	}
	memmove(folder->children + at + 1, folder->children + at,
		(folder->children_len - at) * sizeof(*folder->children));
	folder->children[at] = node;
	folder->children_len++;
	tree->nodes++;
	return 0;
}

static int add_child(struct tree *tree, struct tree_node *folder, size_t at, const char *name,
		     size_t length, struct tree_node **ret, struct oci_error *err)
{
	struct tree_node *node = oci_arena_alloc(&tree->arena, sizeof(*node));
	int r;

	if (node)
		node->name = oci_arena_strndup(&tree->arena, name, length);
	if (!node || !node->name)
		return err_nomem(err);
	node->parent = folder;
	node->layer = -1;
	r = insert(tree, folder, at, node, err);
	if (r == 0)
		*ret = node;
	return r;
}

struct tree_content *tree_content_new(struct tree *tree)
{
	struct tree_content *content = oci_arena_alloc(&tree->arena, sizeof(*content));

	if (content)
		content->links = 1;
	return content;
}

static void forget_content(struct tree_node *node)
{
	if (node->content && node->content->links > 0)
		node->content->links--;
	node->content = NULL;
}

/* As a new one, but for its place and, of a folder that stays one, what is in it. */
static void reset(struct tree *tree, struct tree_node *node, enum tree_type type)
{
	struct tree_node fresh = {
		.parent = node->parent, .name = node->name, .type = (uint8_t)type, .layer = -1
	};

	if (node->type == TREE_DIR && type != TREE_DIR)
		tree_clear(tree, node);
	forget_content(node);
	fresh.children = node->children;
	fresh.children_len = node->children_len;
	fresh.children_room = node->children_room;
	*node = fresh;
}

static int check_component(const char *path, const char *name, size_t length, struct oci_error *err)
{
	if (is_dot_dot(name, length))
		return err_set(err, EINVAL, "'%s': '..' is no part of a path in an image", path);
	if (length > NAME_MAX)
		return err_set(err, EINVAL,
			       "'%.40s...': a name of %zu bytes, at most %d are possible", path,
			       length, NAME_MAX);
	return 0;
}

int tree_put(struct tree *tree, const char *path, enum tree_type type, struct tree_node **ret,
	     struct oci_error *err)
{
	struct tree_node *node = tree->root;
	const char *rest = path, *name = component(&rest, &(size_t){ 0 });
	size_t length, at;
	int r;

	if (strlen(path) >= PATH_MAX)
		return err_set(err, EINVAL,
			       "'%.40s...': a path of %zu bytes, at most %d are possible", path,
			       strlen(path), PATH_MAX - 1);
	if (!name && type != TREE_DIR)
		return err_set(err, EINVAL, "'/' is a folder and stays one");
	rest = path;
	while ((name = component(&rest, &length))) {
		struct tree_node *folder = node;

		if (folder->type != TREE_DIR) {
			char buf[PATH_MAX];

			return err_set(err, EINVAL, "'%s': '%s' is no folder", path,
				       tree_path(folder, buf, sizeof(buf)));
		}
		r = check_component(path, name, length, err);
		if (r < 0)
			return r;
		if (child_index(folder, name, length, &at)) {
			node = folder->children[at];
			continue;
		}
		r = add_child(tree, folder, at, name, length, &node, err);
		if (r < 0)
			return r;
		node->type = TREE_DIR;
		node->mode = 0755;
	}
	reset(tree, node, type);
	*ret = node;
	return 0;
}

static size_t drop(struct tree_node *node)
{
	size_t count = 1;

	forget_content(node);
	for (size_t i = 0; i < node->children_len; i++)
		count += drop(node->children[i]);
	node->children_len = 0;
	return count;
}

void tree_clear(struct tree *tree, struct tree_node *folder)
{
	for (size_t i = 0; i < folder->children_len; i++)
		tree->nodes -= drop(folder->children[i]);
	folder->children_len = 0;
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
	struct tree_node *folder = node->parent;
	size_t at;

	if (!folder) {
		tree_clear(tree, node);
		return;
	}
	if (!child_index(folder, node->name, strlen(node->name), &at))
		return;
	tree->nodes -= drop(node);
	folder->children_len--;
	memmove(folder->children + at, folder->children + at + 1,
		(folder->children_len - at) * sizeof(*folder->children));
}

char *tree_path(const struct tree_node *node, char *buf, size_t size)
{
	char *at = buf + size - 1;

	*at = '\0';
	if (!node->parent && size >= 2)
		*--at = '/';
	for (; node->parent; node = node->parent) {
		size_t length = strlen(node->name);

		if ((size_t)(at - buf) < length + 1)
			break; /* cannot be: tree_put bounds paths */
		at -= length;
		memcpy(at, node->name, length);
		*--at = '/';
	}
	memmove(buf, at, (size_t)(buf + size - at));
	return buf;
}

struct tree_node *tree_skip(const struct tree_node *node)
{
	for (; node->parent; node = node->parent) {
		const struct tree_node *folder = node->parent;
		size_t at;

		if (child_index(folder, node->name, strlen(node->name), &at) &&
		    at + 1 < folder->children_len)
			return folder->children[at + 1];
	}
	return NULL;
}

struct tree_node *tree_next(const struct tree_node *node)
{
	return node->children_len > 0 ? node->children[0] : tree_skip(node);
}

bool tree_keep(struct tree_node *node, const char *why, const struct tree_node *because)
{
	bool was_out = node->out;

	if (was_out || !node->why) {
		node->why = why;
		node->because = because;
	}
	for (; node; node = node->parent)
		node->out = false;
	return was_out;
}

static int open_host_file(const struct tree_node *node, struct oci_error *err)
{
	const struct tree_content *content = node->content;
	int64_t mtime;
	struct stat st;
	CLEANUP_CLOSE int fd = sys_openat2(
		content->source->fd, content->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);

	if (fd == -ENOSYS)
		fd = path_open_in_root(content->source->fd, content->path,
				       O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(err, -fd, "open %s/%s", content->source->name, content->path);
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat %s/%s", content->source->name, content->path);
	mtime = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	if (st.st_ino != content->host_ino || st.st_dev != content->host_dev ||
	    mtime != content->host_mtime || (uint64_t)st.st_size != content->size)
		return err_set(err, ESTALE, "%s/%s: has changed while it was read",
			       content->source->name, content->path);
	return TAKE_FD(fd);
}

int tree_open(const struct tree_node *node, int *ret_fd, bool *ret_owned, uint64_t *ret_offset,
	      struct oci_error *err)
{
	const struct tree_content *content = node->content;
	char buf[PATH_MAX];
	int fd;

	if (!content->source) {
		if (content->size > 0)
			return err_set(err, ENODATA, "%s: its bytes are not at hand",
				       tree_path(node, buf, sizeof(buf)));
		*ret_fd = -1;
		*ret_owned = false;
		*ret_offset = 0;
		return 0;
	}
	fd = content->source->fd;
	if (content->path)
		fd = open_host_file(node, err);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	*ret_owned = content->path != NULL;
	*ret_offset = content->path ? 0 : content->offset;
	return 0;
}

ssize_t tree_pread(const struct tree_node *node, void *buf, size_t size, uint64_t offset,
		   struct oci_error *err)
{
	const struct tree_content *content = node->content;
	CLEANUP_CLOSE int owned = -1;
	uint64_t begin;
	size_t done = 0;
	bool is_owned;
	int fd, r;

	if (offset >= content->size)
		return 0;
	if (size > content->size - offset)
		size = (size_t)(content->size - offset);
	r = tree_open(node, &fd, &is_owned, &begin, err);
	if (r < 0)
		return r;
	if (is_owned)
		owned = fd;
	while (done < size) {
		ssize_t n = RETRY_EINTR(
			pread(fd, (char *)buf + done, size - done, (off_t)(begin + offset + done)));

		if (n < 0)
			return err_sys(err, errno, "read %s",
				       content->path ? content->path : content->source->name);
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}
