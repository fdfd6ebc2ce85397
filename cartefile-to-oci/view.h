/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view.h - an image's tree over a folder of the host: what a program in the image would find if all of the host's files were
 * below those of the tree. Looking changes nothing; slim_take makes nodes of what was found.
 */
#ifndef CARTEFILE_VIEW_H
#define CARTEFILE_VIEW_H

#include "cartefile-to-oci/tree.h"

/** @sysroot: NULL: only the tree. @scratch: owns what is found. */
struct view {
	const struct tree *tree;
	const struct tree_source *sysroot;
	struct oci_arena *scratch;
};

/** struct view_step - a folder or link passed on the way, or what was found. @node NULL: of the host, not in the tree (yet). */
struct view_step {
	struct tree_node *node;
	const char *path; /* in the image, without links but a last one */
	const char *host; /* below the sysroot */
	uint8_t type;
	bool executable; /* by its owner */
	const char *target;
	uint64_t size, dev, ino;
	int64_t mtime, ctime; /* ns */
	struct view_step *next;
};

struct view_hit {
	struct view_step *first, *last;
	uint8_t type;     /* of what was found */
	const char *path; /* in the image, without links */
	const struct tree_node
		*file; /* to read it: in the tree, or outside of any when it is the host's */
};

/** view_find - follow links, also the last one, as a program in the image does. 1, 0: nothing is there, -errno. */
int view_find(const struct view *view, const char *path, struct view_hit *ret,
	      struct oci_error *err);

/** view_find_link - the same, but a link that is the last component is what is found. */
int view_find_link(const struct view *view, const char *path, struct view_hit *ret,
		   struct oci_error *err);

/** view_list - names in a folder, sorted, each once; none when there is no such folder. */
int view_list(const struct view *view, const char *path, const char ***ret, size_t *ret_len,
	      struct oci_error *err);

#endif
