/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_dir.c - FROM dir: a folder is the root of an image, with its modes and owners.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "cartefile-to-oci/source-private.h"

#define CAPABILITY "security.capability"
#define CAPABILITY_MAX 64 /* struct vfs_ns_cap_data has 24 bytes */
#define PYC_HEADER 16     /* PEP 552: magic, flags, time, size */

struct dir {
	struct tree *tree;
	struct links links;
	int64_t mtime;
	uint32_t uid, gid; /* who is root in the image; 0: who is root here */
};

/* File capabilities belong to what a program is; all other attributes belong to the host. */
static int add_capability(struct dir *dir, const struct entry *entry, struct tree_node *node,
			  struct oci_error *err)
{
	unsigned char value[CAPABILITY_MAX];
	char path[64 + NAME_MAX];
	struct tree_xattr *xattr;
	unsigned char *kept;
	ssize_t n;

	if (!(entry->st.st_mode & 0111))
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", entry->dirfd, entry->name);
	/* by name: there is no lgetxattrat before Linux 6.13; the folder is an fd, and the last part is not followed */
	n = lgetxattr(path, CAPABILITY, value, sizeof(value));
	if (n <= 0)
		return 0; /* without any, or on a file system that cannot have any */
	xattr = oci_arena_alloc(&dir->tree->arena, sizeof(*xattr));
	kept = oci_arena_alloc(&dir->tree->arena, (size_t)n);
	if (!xattr || !kept)
		return err_nomem(err);
	memcpy(kept, value, (size_t)n);
	*xattr = (struct tree_xattr){ CAPABILITY, kept, (size_t)n };
	node->xattrs = xattr;
	node->xattrs_len = 1;
	return 0;
}

/* ---- Python ----------------------------------------------------------------------------------------------------- */

static uint32_t little_endian(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* What a "X.cpython-311.pyc" says of the X.py that it was compiled from; a checked or hashed one says nothing (PEP 552). */
static bool compiled_for(int cachefd, const char *name, uint64_t size, int64_t *ret)
{
	CLEANUP_CLOSE int fd =
		openat(cachefd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	unsigned char header[PYC_HEADER];

	if (fd < 0 || pread(fd, header, sizeof(header), 0) != (ssize_t)sizeof(header))
		return false;
	if (header[2] != '\r' || header[3] != '\n' || little_endian(header + 4) != 0 ||
	    little_endian(header + 12) != (uint32_t)size)
		return false;
	*ret = little_endian(header + 8);
	return true;
}

/*
 * Python takes a compiled file only when the source has exactly the time that it was compiled for: with 0 it would compile
 * all of them again at each start. The time is in the compiled file, so that it is the same wherever the image is built.
 */
static void date_source(struct tree_node *cache, const struct tree_node *compiled, int cachefd)
{
	const char *dot = strstr(compiled->name, ".cpython-");
	char name[NAME_MAX + 1];
	struct tree_node *source;
	int64_t time;
	int n;

	if (!dot || compiled->type != TREE_FILE)
		return;
	n = snprintf(name, sizeof(name), "%.*s.py", (int)(dot - compiled->name), compiled->name);
	if (n < 0 || (size_t)n >= sizeof(name))
		return;
	source = tree_child(cache->parent, name, (size_t)n);
	if (source && source->type == TREE_FILE &&
	    compiled_for(cachefd, compiled->name, source->content->size, &time))
		source->mtime = time;
}

static void date_python(const struct tree *tree, const struct tree_source *source)
{
	for (struct tree_node *node = tree->root; node; node = tree_next(node)) {
		CLEANUP_CLOSE int fd = -1;
		char path[PATH_MAX];

		if (node->type != TREE_DIR || strcmp(node->name, "__pycache__") != 0)
			continue;
		fd = path_open_plain(source->fd, tree_path(node, path, sizeof(path)), O_DIRECTORY,
				     true);
		/* backwards: when they disagree, the first one by name holds */
		for (size_t i = node->children_len; fd >= 0 && i-- > 0;)
			date_source(node, node->children[i], fd);
	}
}

/* ---- nodes ------------------------------------------------------------------------------------------------------ */

static enum tree_type type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return TREE_DIR;
	case S_IFREG:
		return TREE_FILE;
	case S_IFLNK:
		return TREE_LINK;
	case S_IFIFO:
		return TREE_FIFO;
	default:
		return 0; /* a socket has no meaning in an image, a device is the runtime's to make */
	}
}

static void set_attributes(const struct dir *dir, const struct stat *st, struct tree_node *node)
{
	node->origin = TREE_BASE;
	node->mode = S_ISLNK(st->st_mode) ? 0777 : (uint16_t)(st->st_mode & 07777);
	node->uid = st->st_uid == dir->uid ? 0 : st->st_uid;
	node->gid = st->st_gid == dir->gid ? 0 : st->st_gid;
	node->mtime = dir->mtime;
}

static int fill(struct walk *walk, const struct entry *entry, struct tree_node *node,
		struct oci_error *err)
{
	struct dir *dir = walk->ctx;
	int r = 0;

	if (node->type == TREE_LINK)
		return source_readlink(dir->tree, walk, entry, &node->target, err);
	if (node->type != TREE_FILE)
		return 0;
	r = source_check_readable(walk, entry, err);
	if (r == 0)
		r = source_content(dir->tree, walk->source, walk->path, &entry->st, &dir->links,
				   &node->content, err);
	return r < 0 ? r : add_capability(dir, entry, node, err);
}

static int add_entry(struct walk *walk, const struct entry *entry, void *above, void **ret_inside,
		     struct oci_error *err)
{
	struct dir *dir = walk->ctx;
	enum tree_type type = type_of(entry->st.st_mode);
	struct tree_node *node;
	int r;

	(void)above;
	(void)ret_inside;
	if (!type)
		return 0;
	if (strncmp(entry->name, ".wh.", strlen(".wh.")) == 0)
		return walk_fail(
			walk, EINVAL, err,
			"a name that means a removed file in an image, because of its '.wh.'");
	r = tree_put(dir->tree, walk->path, type, &node, err);
	if (r < 0)
		return r;
	set_attributes(dir, &entry->st, node);
	r = fill(walk, entry, node, err);
	if (r == 0 && type == TREE_DIR && entry->st.st_dev != walk->dev) {
		node->why = "mount point of the host, what is mounted there is left out";
		return 1;
	}
	return r;
}

static int begin(struct walk *walk, const struct tree_source *source, struct stat *ret_st,
		 struct oci_error *err)
{
	walk->source = source;
	if (fstat(source->fd, ret_st) < 0)
		return err_sys(err, errno, "stat '%s'", source->name);
	if (!S_ISDIR(ret_st->st_mode))
		return err_set(err, ENOTDIR, "'%s' is no folder", source->name);
	walk->dev = ret_st->st_dev;
	return 0;
}

int source_add_dir(struct tree *tree, struct tree_source *source, int64_t mtime,
		   struct oci_error *err)
{
	struct dir dir = { .tree = tree, .mtime = mtime };
	struct walk walk = { .each = add_entry, .ctx = &dir };
	struct tree_node *root;
	struct stat st;
	int r = begin(&walk, source, &st, err);

	if (r < 0)
		return r;
	/* an ordinary user's folder: what is his there would be root's, had root made it */
	if (st.st_uid != 0) {
		dir.uid = st.st_uid;
		dir.gid = st.st_gid;
	}
	r = tree_put(tree, "/", TREE_DIR, &root, err);
	if (r < 0)
		return r;
	set_attributes(&dir, &st, root);
	r = walk_folder(&walk, source->fd, NULL, err);
	links_free(&dir.links);
	if (r == 0)
		date_python(tree, source);
	return r;
}

int source_key_dir(const struct tree_source *source, struct digest_state *state,
		   struct oci_error *err)
{
	struct walk walk = { 0 };
	struct stat st;
	int r = begin(&walk, source, &st, err);

	if (r < 0)
		return r;
	source_hash(state, ".", &st);
	return walk_hash(&walk, source->fd, state, err);
}
