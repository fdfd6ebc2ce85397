/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base.h - FROM: what an image begins with.
 */
#ifndef CARTEFILE_BASE_H
#define CARTEFILE_BASE_H

#include "cartefile-to-oci/cartefile.h"
#include "cartefile-to-oci/layout.h"
#include "cartefile-to-oci/tree.h"

struct store;

/**
 * struct base - of an image: its documents and where its layers are; of dir: and tar: only nodes.
 * @layout: where the blobs of @image are: the user's layout, the store, or a temporary one in the store (archives, docker://)
 * @key: hash of what identifies it on this host, for the build cache: digests of an image, stat of a tar or of every file of a folder
 */
struct base {
	enum cartefile_from from;
	struct layout layout;
	struct image_docs image; /* config NULL: not an image */
	char *scratch;           /* temporary folder to be removed by base_close, or NULL; heap */
	int scratch_fd;
	const struct cartefile *file; /* of base_open, which outlives this: where errors are */
	int fd;                       /* of dir: */
	const char *name;             /* as FROM has it */
	const char *path;             /* of dir:, tar: and archives */
	struct digest key;
	struct oci_arena arena;
};

struct base_options {
	struct store *store;  /* for temporary files, and cached listings of layers */
	const char *platform; /* "linux/arm64"; NULL: this machine's */
	const char *context;  /* relative paths of FROM begin here */
	int64_t mtime; /* of dir:, and the latest of tar: when SOURCE_DATE_EPOCH is set (else INT64_MAX) */
	int64_t mtime_latest;
};

/** base_open - find it, check it, know its key; reads no layer. Errors, also base_read's, are at file->from_place. */
int base_open(const struct cartefile *file, const struct base_options *options, struct base *ret,
	      struct oci_error *err);

/**
 * base_read - put its nodes into the tree, origin TREE_BASE.
 * @contents: false: only names and attributes are needed, in_base is set, files have content without source (layers are kept
 *	      byte for byte; listings come from the store's cache when it has them); true: the files' bytes will be read (slimming): layers are unpacked
 *	      to an unnamed spool file of the store, in_base is false
 */
int base_read(struct base *base, bool contents, const struct base_options *options,
	      struct tree *tree, struct oci_error *err);

void base_close(struct base *base); /* safe on {0} and twice */

#endif
