/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_source.h - an image that is named on a command line or by FROM, wherever it is, as a layout.
 */
#ifndef CARTEFILE_IMAGE_SOURCE_H
#define CARTEFILE_IMAGE_SOURCE_H

#include "cartefile-to-oci/cartefile.h"
#include "cartefile-to-oci/layout.h"

struct store;

/**
 * struct image_source - an image that is open. Its documents are of the arena that was given.
 * @layout: where its blobs are; of archives and registries a temporary one in the store. Digests of layers are their
 *	    readers' to check.
 * @scratch, @scratch_fd: its temporary folder, or NULL
 */
struct image_source {
	struct layout layout;
	struct image_docs docs;
	char *scratch;
	int scratch_fd;
};

#define IMAGE_SOURCE_INIT                    \
	{                                    \
		LAYOUT_INIT, { 0 }, NULL, -1 \
	}

/**
 * image_open - @text is one of "oci:LAYOUT[:REF]", "oci-archive:FILE[:REF]", "docker-archive:FILE[:REF]", "docker://IMAGE",
 * "store:NAME", and NAME, an image of the store.
 * @platform: "linux/arm64"; NULL: this machine's
 */
int image_open(const char *text, const struct store *store, const char *platform,
	       struct oci_arena *arena, struct image_source *ret, struct oci_error *err);

/** image_open_from - the same, as FROM has it. @from: FROM_OCI, _OCI_ARCHIVE, _DOCKER_ARCHIVE, _DOCKER or _STORE */
int image_open_from(enum cartefile_from from, const char *text, const char *ref,
		    const struct store *store, const char *platform, struct oci_arena *arena,
		    struct image_source *ret, struct oci_error *err);

void image_close(struct image_source *image); /* safe on IMAGE_SOURCE_INIT and twice */

#endif
