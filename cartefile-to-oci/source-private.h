/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source-private.h - walking through a folder of the host: what making nodes and hashing stat(2) have in common.
 */
#ifndef CARTEFILE_SOURCE_PRIVATE_H
#define CARTEFILE_SOURCE_PRIVATE_H

#include <limits.h>
#include <sys/stat.h>

#include "cartefile-to-oci/source.h"

/**
 * struct entry - one thing in a folder.
 * @dirfd, @name: the folder, and its name there
 * @st: not of what a link leads to
 */
struct entry {
	int dirfd;
	const char *name;
	struct stat st;
};

/**
 * struct walk - depth first, names by strcmp.
 * @path: of the entry, below the source; @length bytes
 * @each: @above is what @each returned of the folder, in @ret_inside. Return: 0, 1 not to enter a folder, -errno.
 * @done: behind the last entry of a folder; may be NULL
 * @dev: the file system that is not left; 0: any
 */
struct walk {
	const struct tree_source *source;
	const struct ignore *ignore;
	int (*each)(struct walk *walk, const struct entry *entry, void *above, void **ret_inside,
		    struct oci_error *err);
	void (*done)(struct walk *walk);
	void *ctx;
	uint64_t dev;
	size_t length;
	char path[PATH_MAX];
};

/** walk_folder - what is in the folder @dirfd (O_PATH or readable), whose path is walk->path. */
int walk_folder(struct walk *walk, int dirfd, void *above, struct oci_error *err);

/** walk_fail - of what is at walk->path. */
int walk_fail(const struct walk *walk, int code, struct oci_error *err, const char *words);

/** struct route - where a path of the context leads, all links followed. @fd: O_PATH, the caller's */
struct route {
	int fd;
	struct stat st;
	char path[PATH_MAX]; /* below the source, without links; "" is the source itself */
};

/**
 * route_find - -EXDEV when it leads out, also by an absolute link; -ELOOP, -ENOENT, ...; no words.
 * Nothing outside of the folder is looked at, and no name twice: links are read, never followed by the kernel.
 */
int route_find(int rootfd, const char *path, struct route *ret);

/** struct links - files with several names, by device and inode. Heap; links_free. */
struct links {
	struct link {
		uint64_t dev, ino;
		struct tree_content *content;
	} * table;
	size_t room, len;
};

/**
 * source_content - of a regular file: that of another name of it, or a new one; @links may be NULL: never shared.
 */
int source_content(struct tree *tree, const struct tree_source *source, const char *path,
		   const struct stat *st, struct links *links, struct tree_content **ret,
		   struct oci_error *err);
void links_free(struct links *links);

/** source_readlink - the target, in the tree's arena. */
int source_readlink(struct tree *tree, const struct walk *walk, const struct entry *entry,
		    const char **ret, struct oci_error *err);

/** source_check_readable - can the file be read by who builds? */
int source_check_readable(const struct walk *walk, const struct entry *entry,
			  struct oci_error *err);

/** source_hash - what stat(2) says. */
void source_hash(struct digest_state *state, const char *name, const struct stat *st);

/** walk_hash - walk_folder, hashing all of it. */
int walk_hash(struct walk *walk, int dirfd, struct digest_state *state, struct oci_error *err);

#endif
