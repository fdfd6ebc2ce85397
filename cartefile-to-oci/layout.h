/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout.h - an OCI image layout in a folder (image-spec image-layout.md): its blobs, its index, its names.
 *
 * What must hold: a blob appears under its name complete or not at all; index.json is replaced by rename, under a lock of the
 * layout (flock of the folder), and only after the blobs that it names are there. What is read is checked: sizes before
 * digests, digests before parsing. Documents are at most 4 MiB.
 *
 * Durable: flushes cost milliseconds each, so blobs wait, without a name, until layout_flush puts them on the disk together;
 * this process sees them before. layout_set_name flushes first, so a name never names what a crash could take away.
 */
#ifndef CARTEFILE_LAYOUT_H
#define CARTEFILE_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include <ocispec-lite/image.h>

#include "cartefile-to-oci/digest.h"

struct layout {
	int fd;                       /* of the folder */
	bool durable;                 /* fsync what is published: the store */
	char *name;                   /* as messages call it; heap */
	struct blob_pending *pending; /* blobs that wait for layout_flush; NULL: not durable */
};

#define LAYOUT_INIT                   \
	{                             \
		-1, false, NULL, NULL \
	}

#define LAYOUT_DOCUMENT_MAX ((size_t)4 << 20)

#define LAYOUT_CREATE \
	1u /* make the folder, oci-layout, index.json and blobs/sha256 where they are missing */
#define LAYOUT_DURABLE 2u /* set @durable */

/**
 * layout_open - check oci-layout's version. -ENOENT, -EINVAL ("is no OCI image layout: ...") with words.
 * LAYOUT_CREATE makes folders above too; a folder that holds other things is not made a layout. It also sweeps what a
 * process that was killed has left on a file system without unnamed files.
 */
int layout_open(struct layout *layout, const char *path, unsigned flags, struct oci_error *err);

/** layout_close - safe on LAYOUT_INIT and twice. Blobs that were not flushed are gone. */
void layout_close(struct layout *layout);

/* ---- blobs ------------------------------------------------------------------------------------------------------ */

/**
 * struct blob_writer - a blob that is being written, hashed on the way. It has no name until blob_commit (O_TMPFILE, else a
 * temporary name in the layout, see layout_open). Several may be at work in one layout, by several threads.
 */
struct blob_writer;

int blob_begin(const struct layout *layout, struct blob_writer **ret, struct oci_error *err);
int blob_write(struct blob_writer *writer, const void *data, size_t length, struct oci_error *err);

/**
 * blob_commit - give it its name, in a durable layout when it is flushed; one that is there already (with this size) stays.
 * Frees the writer, also when it fails.
 */
int blob_commit(struct blob_writer *writer, struct digest *ret_digest, uint64_t *ret_size,
		struct oci_error *err);
void blob_abandon(struct blob_writer *writer); /* NULL is fine */

/** blob_put - the whole of a small one. */
int blob_put(const struct layout *layout, const void *data, size_t length,
	     struct digest *ret_digest, struct oci_error *err);

/** layout_flush - put the blobs that wait on the disk, then give them their names. Nothing to do when not durable. */
int layout_flush(const struct layout *layout, struct oci_error *err);

/**
 * layout_has_blob - 1 when it is there with this size (-1: any), 0 when not, -errno. Its bytes are read only in a durable layout
 * and only when it was written to since (blob_mark.c); one that is damaged is not there. layout_lists_blob - never read.
 */
int layout_lists_blob(const struct layout *layout, const struct digest *digest, int64_t size);
int layout_has_blob(const struct layout *layout, const struct digest *digest, int64_t size);

/** layout_open_blob - to read; its size is checked (size -1: not), its digest is the reader's to check. fd or -errno with words. */
int layout_open_blob(const struct layout *layout, const struct digest *digest, int64_t size,
		     struct oci_error *err);

/** layout_read_blob - a document: size and digest checked. */
int layout_read_blob(const struct layout *layout, const struct digest *digest, int64_t size,
		     struct oci_arena *arena, char **ret_text, size_t *ret_length,
		     struct oci_error *err);

/** layout_copy_blob - by reflink where that works; the digest is checked. Nothing to do when it is there. */
int layout_copy_blob(const struct layout *from, const struct layout *to,
		     const struct digest *digest, int64_t size, struct oci_error *err);

/* ---- names ------------------------------------------------------------------------------------------------------ */

/** layout_index - read index.json. */
int layout_index(const struct layout *layout, struct oci_arena *arena, struct oci_index **ret,
		 struct oci_error *err);

/**
 * layout_resolve - the manifest that @ref names: org.opencontainers.image.ref.name, the io.containerd.image.name, a digest
 * ("sha256:...", or at least 6 digits of its beginning if only one fits), NULL when the layout has only one; nested indexes
 * are followed, by platform ("linux/amd64"; NULL: of this machine, or the only one). -ENOENT lists what there is.
 */
int layout_resolve(const struct layout *layout, const char *ref, const char *platform,
		   struct oci_arena *arena, struct oci_descriptor **ret, struct oci_error *err);

/** layout_host_platform - "linux/amd64" of this machine, as images write it. */
const char *layout_host_platform(char buf[64]);

/** struct image_docs - an image's documents, read and checked. @layers of the manifest and diff_ids of the config are as many. */
struct image_docs {
	struct oci_descriptor *descriptor; /* of the manifest */
	struct oci_manifest *manifest;
	struct oci_image_config *config;
	struct digest manifest_digest, config_digest;
};

/**
 * layout_read_image - -EOPNOTSUPP: an artifact that is no image, layers that are encrypted, digests that are not sha256.
 */
int layout_read_image(const struct layout *layout, const struct oci_descriptor *descriptor,
		      struct oci_arena *arena, struct image_docs *ret, struct oci_error *err);

/**
 * layout_set_name - flush, then let @name name the manifest, and no other one; both annotations. NULL name: listed without
 * one. What else is in index.json stays; nothing is written when it would be the same.
 */
int layout_set_name(const struct layout *layout, const char *name,
		    const struct oci_descriptor *manifest, struct oci_error *err);

/** layout_remove_name - a name, or a digest as for layout_resolve when it has at most one name. 0, or -ENOENT with words. The blobs stay, see store_gc. */
int layout_remove_name(const struct layout *layout, const char *name, struct oci_error *err);

#endif
