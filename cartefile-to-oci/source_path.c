/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_path.c - a PATH line: files of the context go where it says, through the links of what is in the image already.
 *
 * A folder goes into a folder that is there, which keeps its mode and owner (/tmp stays 1777). Nothing else may become a
 * folder or cease to be one: what is lost that way is never meant.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/ignore.h"
#include "cartefile-to-oci/source-private.h"

struct copy {
	struct tree *tree;
	const struct context *context;
	const struct cartefile *file;
	const struct cartefile_path *path;
	struct links links;
	bool inside; /* of a folder that is copied */
};

#define FAIL(copy, err, ...) \
	cartefile_fail((copy)->file, (copy)->path->source_place, EINVAL, err, __VA_ARGS__)

/* The place of the SOURCE goes before words that have none. */
static int blame(const struct copy *copy, int r, struct oci_error *err)
{
	if (r < 0 && err && !err->file[0])
		cartefile_blame(copy->file, copy->path->source_place, err);
	return r;
}

/* ---- where it goes ---------------------------------------------------------------------------------------------- */

/* The folder that @node is or leads to; NULL: it is something else. */
static struct tree_node *as_folder(const struct tree *tree, struct tree_node *node)
{
	if (node && node->type == TREE_LINK)
		node = tree_resolve(tree, node->parent, node->name, true, NULL, NULL);
	return node && node->type == TREE_DIR ? node : NULL;
}

/* "/lib/x" is "/usr/lib/x" where /lib is a link to usr/lib. The last part is not looked at. */
static int resolve_parents(const struct copy *copy, const char *path, char out[PATH_MAX],
			   struct oci_error *err)
{
	struct tree_node *folder = copy->tree->root;
	char buf[PATH_MAX];
	const char *at = path + 1, *slash;
	int n;

	while (folder && (slash = strchr(at, '/'))) {
		struct tree_node *child = tree_child(folder, at, (size_t)(slash - at));

		if (!child)
			break;
		folder = as_folder(copy->tree, child);
		if (!folder)
			return FAIL(copy, err,
				    "PATH: '%s' in the image is %s, '%s' cannot be in it",
				    tree_path(child, buf, sizeof(buf)),
				    child->type == TREE_LINK ? "a link that leads to no folder"
							     : "no folder",
				    path);
		at = slash + 1;
	}
	tree_path(folder, buf, sizeof(buf));
	n = snprintf(out, PATH_MAX, "%s/%s", strcmp(buf, "/") == 0 ? "" : buf, at);
	if (n < 0 || n >= PATH_MAX)
		return FAIL(copy, err, "PATH: '%s': the path in the image is too long", path);
	return 0;
}

static int destination(const struct copy *copy, char out[PATH_MAX], struct oci_error *err)
{
	const struct cartefile_path *path = copy->path;
	const char *slash = strrchr(path->source, '/');
	char text[PATH_MAX];
	int n = snprintf(text, sizeof(text), "%s", path->destination);

	if (path->into)
		n = snprintf(text, sizeof(text), "%s/%s",
			     strcmp(path->destination, "/") == 0 ? "" : path->destination,
			     slash ? slash + 1 : path->source);
	if (n < 0 || (size_t)n >= sizeof(text))
		return FAIL(copy, err, "PATH: '%s': the path in the image is too long",
			    path->destination);
	return resolve_parents(copy, text, out, err);
}

/* ---- nodes ------------------------------------------------------------------------------------------------------ */

static void set_attributes(const struct copy *copy, const struct stat *st, struct tree_node *node)
{
	const struct cartefile_path *path = copy->path;
	bool is_folder = node->type == TREE_DIR;

	node->origin = TREE_PATH;
	node->line = path->place.line;
	node->mtime = copy->context->mtime;
	node->uid = path->uid;
	node->gid = path->gid;
	node->mode = is_folder || (st->st_mode & S_IXUSR) ? 0755 : 0644;
	if (path->has_mode) {
		node->mode = path->mode;
		if (is_folder) /* who may read a folder may enter it */
			node->mode |= (path->mode & 0444) >> 2;
	}
	if (node->type == TREE_LINK)
		node->mode = 0777;
}

/* A folder that is there: only what the line says changes. The root is never changed. Return: 1: as if it were not there. */
static int merge_folder(const struct copy *copy, struct tree_node *folder, struct tree_node **ret,
			struct oci_error *err)
{
	const struct cartefile_path *path = copy->path;
	struct tree_node before = *folder;
	char image[PATH_MAX];
	int r;

	*ret = folder;
	if (folder->origin == TREE_MADE && folder->parent)
		return 1;
	if (!folder->parent || (!path->has_mode && !path->has_owner))
		return 0;
	r = tree_put(copy->tree, tree_path(folder, image, sizeof(image)), TREE_DIR, ret, err);
	if (r < 0)
		return r;
	set_attributes(copy, &(struct stat){ .st_mode = S_IFDIR }, *ret);
	if (!path->has_mode)
		(*ret)->mode = before.mode;
	if (!path->has_owner) {
		(*ret)->uid = before.uid;
		(*ret)->gid = before.gid;
	}
	return 0;
}

static int put_folder(const struct copy *copy, const char *image, const struct stat *st,
		      struct tree_node **ret, struct oci_error *err)
{
	struct tree_node *there = tree_find(copy->tree, image);
	struct tree_node *folder = as_folder(copy->tree, there);
	char path[PATH_MAX];
	int r = 1;

	if (there && !folder)
		return FAIL(copy, err,
			    "PATH: '%s' in the image is %s, a folder cannot take its place", image,
			    there->type == TREE_LINK ? "a link that leads to no folder"
						     : "no folder");
	if (folder)
		r = merge_folder(copy, folder, ret, err);
	if (r <= 0)
		return r;
	r = tree_put(copy->tree, folder ? tree_path(folder, path, sizeof(path)) : image, TREE_DIR,
		     ret, err);
	if (r == 0)
		set_attributes(copy, st, *ret);
	return r;
}

static int put_other(const struct copy *copy, const char *image, enum tree_type type,
		     const struct stat *st, struct tree_node **ret, struct oci_error *err)
{
	const struct tree_node *there = tree_find(copy->tree, image);
	int r;

	if (there && there->type == TREE_DIR && copy->inside)
		return FAIL(
			copy, err,
			"PATH: '%s' in the image is a folder, what is none cannot take its place",
			image);
	if (there && there->type == TREE_DIR)
		return FAIL(
			copy, err,
			"PATH: '%s' in the image is a folder: write '%s/' to put something into it",
			image, image);
	r = tree_put(copy->tree, image, type, ret, err);
	if (r == 0)
		set_attributes(copy, st, *ret);
	return r;
}

/* One thing of the host at @image. @ret: the folder, to put more into it. */
static int add_node(struct walk *walk, const struct entry *entry, const char *image,
		    struct tree_node **ret, struct oci_error *err)
{
	struct copy *copy = walk->ctx;
	struct tree_node *node = NULL;
	int r;

	switch (entry->st.st_mode & S_IFMT) {
	case S_IFDIR:
		return put_folder(copy, image, &entry->st, ret, err);
	case S_IFLNK:
		r = put_other(copy, image, TREE_LINK, &entry->st, &node, err);
		return r < 0 ? r : source_readlink(copy->tree, walk, entry, &node->target, err);
	case S_IFREG:
		r = source_check_readable(walk, entry, err);
		if (r == 0)
			r = put_other(copy, image, TREE_FILE, &entry->st, &node, err);
		return r < 0 ? r
			     : source_content(copy->tree, walk->source, walk->path, &entry->st,
					      &copy->links, &node->content, err);
	default:
		return walk_fail(
			walk, EINVAL, err,
			"neither a file nor a folder nor a link: leave it out by .carteignore");
	}
}

/*
 * What describes the build is no part of the image, unless a pattern takes it in again or a line names it.
 */
static bool is_of_build(const struct walk *walk)
{
	if (strcmp(walk->path, "Cartefile") != 0 && strcmp(walk->path, ".carteignore") != 0)
		return false;
	return ignore_verdict(walk->ignore, walk->path, false) != IGNORE_IN;
}

static int check_name(const struct walk *walk, const char *name, struct oci_error *err)
{
	if (strncmp(name, ".wh.", strlen(".wh.")) != 0)
		return 0;
	return walk_fail(walk, EINVAL, err,
			 "a name that means a removed file in an image, because of its '.wh.'");
}

static int add_entry(struct walk *walk, const struct entry *entry, void *above, void **ret_inside,
		     struct oci_error *err)
{
	char image[PATH_MAX], folder[PATH_MAX];
	struct tree_node *node = NULL;
	int r, n;

	if (is_of_build(walk))
		return 1;
	r = check_name(walk, entry->name, err);
	if (r < 0)
		return r;
	tree_path(above, folder, sizeof(folder));
	n = snprintf(image, sizeof(image), "%s/%s", strcmp(folder, "/") == 0 ? "" : folder,
		     entry->name);
	if (n < 0 || (size_t)n >= sizeof(image))
		return walk_fail(walk, ENAMETOOLONG, err, "a path that is too long in the image");
	r = add_node(walk, entry, image, &node, err);
	*ret_inside = node;
	return r;
}

/* ---- the SOURCE ------------------------------------------------------------------------------------------------- */

static int find_source(const struct context *context, const struct cartefile *file,
		       const struct cartefile_path *path, struct route *route,
		       struct oci_error *err)
{
	int r = route_find(context->source->fd, path->source, route);

	if (r == -EXDEV)
		return cartefile_fail(
			file, path->source_place, EINVAL, err,
			"PATH: '%s' is a link, or passes one, that leads out of the context",
			path->source);
	if (r == -ENOENT)
		return cartefile_fail(file, path->source_place, ENOENT, err,
				      "PATH: '%s' is not in the context '%s'", path->source,
				      context->source->name);
	if (r < 0) {
		err_sys(err, -r, "PATH: '%s'", path->source);
		cartefile_blame(file, path->source_place, err);
		return r;
	}
	if (path->is_folder && !S_ISDIR(route->st.st_mode))
		r = cartefile_fail(file, path->source_place, ENOTDIR, err,
				   "PATH: '%s' is no folder: write it without '/' at the end",
				   path->source);
	else if (ignore_matches(context->ignore, path->source, S_ISDIR(route->st.st_mode)) ||
		 (strcmp(path->source, route->path) != 0 && route->path[0] &&
		  ignore_matches(context->ignore, route->path, S_ISDIR(route->st.st_mode))))
		r = cartefile_fail(file, path->source_place, EINVAL, err,
				   "PATH: '%s' is left out by .carteignore", path->source);
	if (r < 0)
		fd_closep(&route->fd);
	return r;
}

/* As if it had been met in the folder that it is in. */
static void begin(struct walk *walk, const struct context *context, const struct route *route)
{
	walk->source = context->source;
	walk->ignore = context->ignore;
	walk->length = strlen(route->path);
	memcpy(walk->path, route->path, walk->length + 1);
}

static int add_source(struct copy *copy, struct walk *walk, const struct route *route,
		      struct oci_error *err)
{
	const char *slash = strrchr(copy->path->source, '/');
	/* the path has no links in it, and the last part is no link */
	struct entry entry = { copy->context->source->fd, route->path, route->st };
	struct tree_node *folder = NULL;
	char image[PATH_MAX];
	int r = destination(copy, image, err);

	if (r == 0)
		r = check_name(walk, slash ? slash + 1 : copy->path->source, err);
	if (r == 0)
		r = add_node(walk, &entry, image, &folder, err);
	copy->inside = true;
	if (r == 0 && folder)
		r = walk_folder(walk, route->fd, folder, err);
	return r;
}

int source_add_path(struct tree *tree, const struct context *context, const struct cartefile *file,
		    const struct cartefile_path *path, struct oci_error *err)
{
	struct copy copy = { .tree = tree, .context = context, .file = file, .path = path };
	struct walk walk = { .each = add_entry, .ctx = &copy };
	struct route route = { .fd = -1 };
	int r = find_source(context, file, path, &route, err);

	if (r < 0)
		return r;
	begin(&walk, context, &route);
	r = blame(&copy, add_source(&copy, &walk, &route, err), err);
	links_free(&copy.links);
	fd_closep(&route.fd);
	return r;
}

int source_key_path(const struct context *context, const struct cartefile *file,
		    const struct cartefile_path *path, struct digest_state *state,
		    struct oci_error *err)
{
	struct walk walk = { 0 };
	struct route route = { .fd = -1 };
	int r = find_source(context, file, path, &route, err);

	if (r < 0)
		return r;
	begin(&walk, context, &route);
	source_hash(state, route.path, &route.st);
	if (S_ISDIR(route.st.st_mode))
		r = walk_hash(&walk, route.fd, state, err);
	if (r < 0)
		cartefile_blame(file, path->source_place, err);
	fd_closep(&route.fd);
	return r;
}
