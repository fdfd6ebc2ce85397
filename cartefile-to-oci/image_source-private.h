/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_source-private.h - between image_source.c and the files that fill a temporary layout: image_archive.c, image_skopeo.c.
 */
#ifndef CARTEFILE_IMAGE_SOURCE_PRIVATE_H
#define CARTEFILE_IMAGE_SOURCE_PRIVATE_H

#include "cartefile-to-oci/image_source.h"
#include "cartefile-to-oci/store.h"

/** struct image_want - what is looked for. */
struct image_want {
	const char *text; /* file or registry's name */
	const char *ref;  /* in an archive; NULL: the only one */
	const char *platform;
	const char *name; /* for messages: "oci-archive:x.tar" */
	const struct store *store;
	struct oci_arena *arena;
};

/**
 * image_oci_archive, image_docker_archive, image_skopeo - make the layout @folder "/layout", open it, read the image's documents.
 * All blobs of the image are there then.
 */
int image_oci_archive(const struct image_want *want, const char *folder, struct image_source *ret,
		      struct oci_error *err);
int image_docker_archive(const struct image_want *want, const char *folder,
			 struct image_source *ret, struct oci_error *err);
int image_skopeo(const struct image_want *want, const char *folder, struct image_source *ret,
		 struct oci_error *err);

/** image_open_layout - open the layout at @path, called @want->name in messages, and read the documents of @ref. */
int image_open_layout(const struct image_want *want, const char *path, const char *ref,
		      struct image_source *ret, struct oci_error *err);

#endif
