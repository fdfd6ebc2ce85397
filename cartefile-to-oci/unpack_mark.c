/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack_mark.c - whiteouts and opaque folders: removed from the tree of the layers before, or as overlayfs wants them.
 *
 * A mark is about lower layers only (image-spec layer.md#whiteouts): what its own layer has written stays, wherever in the
 * layer the mark stands.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/store-private.h"
#include "cartefile-to-oci/unpack-private.h"

static int remove_lower(int dirfd, const char *name, const struct tree_node *node);

static int visit(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	const struct tree_node *folder = ctx;

	(void)err;
	return remove_lower(dirfd, name, folder ? tree_child(folder, name, strlen(name)) : NULL);
}

/* @node: what of it is this layer's */
static int remove_lower(int dirfd, const char *name, const struct tree_node *node)
{
	CLEANUP_CLOSE int fd = -1;

	if (!node) {
		if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
			return 0;
		return folder_remove(dirfd, name);
	}
	if (node->type != TREE_DIR)
		return 0;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	return folder_each(fd, visit, (void *)node, NULL);
}

static int mark_merged(struct unpack *unpack, const struct layer_entry *entry, const char *name,
		       const struct tree_node *node, struct oci_error *err)
{
	int r = entry->mark == LAYER_OPAQUE ? folder_each(unpack->folder, visit, (void *)node, NULL)
					    : remove_lower(unpack->folder, name, node);

	return r < 0 ? unpack_fail(unpack, entry->path, -r, err, "remove it") : 0;
}

static int mark_overlay(struct unpack *unpack, const struct layer_entry *entry, const char *name,
			const struct tree_node *node, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = -1;

	if (entry->mark == LAYER_OPAQUE)
		return unpack_set_opaque(unpack, unpack->folder, entry->path, err);
	if (!node) {
		/* any user may make this one (Linux 5.8) */
		if (mknodat(unpack->folder, name, S_IFCHR, 0) < 0 && errno != EEXIST)
			return unpack_fail(unpack, entry->path, errno, err, "make a whiteout");
		return 0;
	}
	/* a file of this layer hides the lower one anyway */
	if (node->type != TREE_DIR)
		return 0;
	fd = openat(unpack->folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return unpack_fail(unpack, entry->path, errno, err, "open the folder");
	return unpack_set_opaque(unpack, fd, entry->path, err);
}

int unpack_mark(struct unpack *unpack, const struct layer_entry *entry, struct oci_error *err)
{
	bool overlay = unpack->form == UNPACK_OVERLAY;
	const struct tree_node *node;
	char path[PATH_MAX], real[PATH_MAX];
	const char *name;
	int r;

	/* of an opaque folder: the folder itself is the one to open */
	(void)snprintf(path, sizeof(path), "%s%s", entry->path,
		       entry->mark == LAYER_WHITEOUT ? ""
		       : entry->path[0]              ? "/."
						     : ".");
	r = unpack_folder(unpack, path, overlay, &name, err);
	if (r == -ENOENT && !overlay)
		return 0; /* there is nothing to hide */
	if (r < 0)
		return r;
	r = unpack_real(unpack, entry->mark == LAYER_OPAQUE ? "" : name, real, err);
	if (r < 0)
		return r;
	node = tree_find(&unpack->seen, real);
	return overlay ? mark_overlay(unpack, entry, name, node, err)
		       : mark_merged(unpack, entry, name, node, err);
}
