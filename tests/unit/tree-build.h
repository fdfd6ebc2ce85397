/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree-build.h - trees of images for tests: bytes from memory, or a folder of the host as it is.
 */
#ifndef TESTS_UNIT_TREE_BUILD_H
#define TESTS_UNIT_TREE_BUILD_H

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "cartefile-to-oci/tree.h"

static struct tree tree;
static struct tree_source *memory; /* a file with the bytes of all nodes made from memory */
static struct oci_error err;

static inline void tree_begin(void)
{
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(tree_init(&tree, &err), 0);
	memory = tree_source_add(&tree, memfd_create("tree", MFD_CLOEXEC), "memory");
	assert_non_null(memory);
}

static inline struct tree_node *add_node(const char *path, enum tree_type type,
					 enum tree_origin origin)
{
	struct tree_node *node = NULL;

	assert_int_equal(tree_put(&tree, path, type, &node, &err), 0);
	node->origin = (uint8_t)origin;
	node->mode = type == TREE_DIR ? 0755 : 0644;
	return node;
}

static inline struct tree_node *add_bytes(const char *path, enum tree_origin origin, uint16_t mode,
					  const void *data, size_t length)
{
	struct tree_node *node = add_node(path, TREE_FILE, origin);
	off_t end = lseek(memory->fd, 0, SEEK_END);

	assert_int_equal(write(memory->fd, data, length), length);
	node->mode = mode;
	node->content = tree_content_new(&tree);
	assert_non_null(node->content);
	node->content->source = memory;
	node->content->offset = (uint64_t)end;
	node->content->size = length;
	return node;
}

static inline struct tree_node *add_text(const char *path, enum tree_origin origin, uint16_t mode,
					 const char *text)
{
	return add_bytes(path, origin, mode, text, strlen(text));
}

static inline struct tree_node *add_link(const char *path, enum tree_origin origin,
					 const char *target)
{
	struct tree_node *node = add_node(path, TREE_LINK, origin);

	node->target = oci_arena_strdup(&tree.arena, target);
	return node;
}

/** add_host - one file of the host at @path of the image. */
static inline struct tree_node *add_host(const struct tree_source *source, const char *name,
					 const char *path, enum tree_origin origin)
{
	struct tree_node *node = add_node(path, TREE_FILE, origin);
	struct stat st;

	assert_int_equal(fstatat(source->fd, name, &st, 0), 0);
	node->mode = (uint16_t)(st.st_mode & 07777);
	node->content = tree_content_new(&tree);
	node->content->source = source;
	node->content->path = oci_arena_strdup(&tree.arena, name);
	node->content->size = (uint64_t)st.st_size;
	node->content->host_dev = st.st_dev;
	node->content->host_ino = st.st_ino;
	node->content->host_mtime = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	return node;
}

static inline bool is_kept(const char *path)
{
	const struct tree_node *node = tree_find(&tree, path);

	return node && !node->out;
}

#define assert_kept(path)                                                                  \
	do {                                                                               \
		if (!is_kept(path))                                                        \
			fail_msg("%s is %s", path,                                         \
				 tree_find(&tree, path) ? "left out" : "not in the tree"); \
	} while (0)
#define assert_out(path)                                                  \
	do {                                                              \
		if (!tree_find(&tree, path) || is_kept(path))             \
			fail_msg("%s is kept, or not in the tree", path); \
	} while (0)
#define assert_absent(path) assert_null(tree_find(&tree, path))

#endif
