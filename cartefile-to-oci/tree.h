/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.h - the files of an image, before they are written and after they were read: names, owners, modes, where the bytes
 * are, why each is there and in which layer it goes. Bytes themselves are never in memory.
 *
 * Paths are of the image: absolute in words ("/etc/passwd"), cleaned; a link's target is as written. The folder "/" always
 * exists. All memory is the tree's arena's. No function follows links but tree_resolve.
 */
#ifndef CARTEFILE_TREE_H
#define CARTEFILE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <ocispec-lite/arena.h>

struct oci_error;

enum tree_type {
	TREE_DIR = 1,
	TREE_FILE, /* regular; hard links are nodes with one content */
	TREE_LINK,
	TREE_FIFO,
	TREE_CHAR,
	TREE_BLOCK,
};

/**
 * struct tree_source - where bytes can be read again: a folder of the host, or one file (a tar, a spool file).
 * @fd: O_PATH or readable folder, or a file to pread; owned by the tree
 * @name: for messages
 */
struct tree_source {
	int fd;
	const char *name;
	struct tree_source *next;
};

/**
 * struct tree_content - the bytes of a regular file.
 * @source: NULL: empty, or known by size and digest only (a base's layer that is kept as it is)
 * @path: below a source that is a folder; NULL: @offset in a source that is a file
 * @links: how many nodes share it; more than one: hard links
 * @host_dev, @host_ino, @host_mtime, @host_ctime (ns): of a file of the host, for cache keys and to notice changes; 0: not one
 */
struct tree_content {
	const struct tree_source *source;
	const char *path;
	uint64_t offset;
	uint64_t size;
	unsigned links;
	uint64_t host_dev, host_ino;
	int64_t host_mtime, host_ctime;
};

struct tree_xattr {
	const char *name; /* "security.capability" */
	const unsigned char *value;
	size_t length;
};

/** enum tree_origin - what brought a node in; decides its layer. */
enum tree_origin {
	TREE_MADE = 0, /* a folder above something, that nobody described: root's, 0755 */
	TREE_BASE,     /* FROM */
	TREE_PATH,     /* a PATH line, see @line */
	TREE_HOST,     /* needed by a dynamic program, from the host or --sysroot */
	TREE_KEEP,     /* a keep-set, from the host */
};

struct tree_node {
	struct tree_node *parent; /* NULL: the root */
	const char *name;         /* "" for the root */
	uint8_t type;             /* enum tree_type */
	uint8_t origin;           /* enum tree_origin */
	bool in_base; /* is in a layer of the base that is kept byte for byte: not written again but as an ancestor */
	bool out;      /* left out by slimming; its children may still be in, then it is, too */
	uint16_t mode; /* 07777 */
	int16_t layer; /* number of the new layer it is written to, from 0; -1: none; set by layers_assign */
	uint32_t uid, gid;
	int64_t mtime; /* seconds */
	unsigned line; /* of the Cartefile, for TREE_PATH */
	uint32_t rdev_major, rdev_minor;
	const char *target;           /* TREE_LINK */
	struct tree_content *content; /* TREE_FILE; never NULL for one */
	struct tree_xattr *xattrs;    /* sorted by name */
	size_t xattrs_len;
	const char *
		why; /* a short clause for --explain: "NEEDED", "PATH", "documentation"; NULL: by origin */
	const struct tree_node *because; /* the node that asked for it, or NULL */
	struct tree_node **children;     /* of a folder; sorted by strcmp of names */
	size_t children_len, children_room;
};

struct tree {
	struct oci_arena arena;
	struct tree_node *root;
	struct tree_source *sources;
	size_t nodes; /* without the root */
};

int tree_init(struct tree *tree, struct oci_error *err);
void tree_free(struct tree *tree); /* closes the sources too; safe on {0} and twice */

/** tree_source_add - takes @fd in every case. @name is copied. NULL: out of memory. */
struct tree_source *tree_source_add(struct tree *tree, int fd, const char *name);

/**
 * tree_find - the node at a path, exactly: no link is followed; NULL when there is none. Slashes at the ends, "." and empty
 * components are ignored; ".." is not found.
 */
struct tree_node *tree_find(const struct tree *tree, const char *path);

/** tree_child - of a folder, by name of @length bytes, or NULL. */
struct tree_node *tree_child(const struct tree_node *folder, const char *name, size_t length);

/**
 * tree_resolve - the node that a program in the image gets when it opens @path: links are followed within the image, also in
 * the middle, ".." as after chroot.
 * @follow_last: false: of a link itself
 * @each: called for every link and folder passed and for the result, so that all of them can be kept; may be NULL
 * Return: NULL when it does not exist, or after 40 links (path_resolution(7)).
 */
struct tree_node *tree_resolve(const struct tree *tree, const struct tree_node *from,
			       const char *path, bool follow_last,
			       void (*each)(void *ctx, struct tree_node *node), void *ctx);

/**
 * tree_put - make a node at @path, with its ancestors (TREE_MADE folders, 0755 root, mtime 0). What is there is replaced, as
 * image-spec layer.md#changesets has it: a folder over a folder keeps its children and takes the new attributes.
 * A ".." component, a name over 255 bytes, a path over 4095 or below something that is no folder is -EINVAL with words.
 * @ret: a zeroed node but for name, parent, type, layer -1 (and children of a folder that was one); the caller fills the rest
 */
int tree_put(struct tree *tree, const char *path, enum tree_type type, struct tree_node **ret,
	     struct oci_error *err);

/** tree_content_new - for a file whose bytes are not shared with another's; links is 1. */
struct tree_content *tree_content_new(struct tree *tree);

/** tree_remove - the node and what is below it. tree_clear - only what is below. */
void tree_remove(struct tree *tree, struct tree_node *node);
void tree_clear(struct tree *tree, struct tree_node *folder);

/** tree_path - "/usr/bin/x" into @buf of @size bytes (4096 always suffice). Return: @buf. */
char *tree_path(const struct tree_node *node, char *buf, size_t size);

/**
 * tree_next - walk all nodes in the order in which they are written: a folder before what is below it, names by strcmp.
 * Begin with tree->root; NULL at the end. tree_skip - the next one that is not below @node.
 */
struct tree_node *tree_next(const struct tree_node *node);
struct tree_node *tree_skip(const struct tree_node *node);

/**
 * tree_keep - undo @out for the node and its ancestors; the first reason stays.
 * Return: true when it was out.
 */
bool tree_keep(struct tree_node *node, const char *why, const struct tree_node *because);

/** tree_is_in - is in the image: not left out. */
static inline bool tree_is_in(const struct tree_node *node)
{
	return !node->out;
}

/**
 * tree_open - a file's bytes, to be read from @ret_offset for content->size bytes by pread.
 * @ret_fd: the caller's when @ret_owned, else the source's
 * A file of the host is opened beneath its folder without following links, and must still be the file that was seen
 * (-ESTALE with words when it has changed). -ENODATA for content without a source and a size.
 */
int tree_open(const struct tree_node *node, int *ret_fd, bool *ret_owned, uint64_t *ret_offset,
	      struct oci_error *err);

/** tree_pread - the first bytes of a file: up to @size from @offset. Length or -errno. */
ssize_t tree_pread(const struct tree_node *node, void *buf, size_t size, uint64_t offset,
		   struct oci_error *err);

#endif
