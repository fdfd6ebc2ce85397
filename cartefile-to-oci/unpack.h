/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack.h - layers become files.
 *
 * A layer is hostile: every entry is reached from the target's fd by path_open_in_root and friends or without following any link, acted upon through
 * fds; what a layer says may only ever change what is below the target (the classes of CVEs of tar extraction, each with a case in tests/data/bad-image).
 */
#ifndef CARTEFILE_UNPACK_H
#define CARTEFILE_UNPACK_H

#include "cartefile-to-oci/layer_read.h"
#include "cartefile-to-oci/store.h"

enum unpack_form {
	UNPACK_MERGED = 0, /* apply over what the layers before left: whiteouts remove */
	UNPACK_OVERLAY, /* one layer alone, for overlayfs: whiteouts become 0:0 devices, opaque folders xattrs */
};

/**
 * unpack_layer - @folder: writable fd. Without root (or in a user namespace) owners that cannot be given are not (@ret_lost counts), devices are left out.
 */
int unpack_layer(const struct layer_input *input, int folder, enum unpack_form form,
		 size_t *ret_lost, struct oci_error *err);

/** unpack_image - all layers of an image, merged, into an empty or new folder; on failure what was made is removed. */
int unpack_image(const struct layout *layout, const struct image_docs *image, const char *folder,
		 size_t *ret_lost, struct oci_error *err);

/** unpack_store_layers - see that every layer of the image is in the store unpacked; two at a time. @ret_paths: heap array of heap paths, top first. */
int unpack_store_layers(const struct store *store, const struct layout *layout,
			const struct image_docs *image, char ***ret_paths, size_t *ret_length,
			struct oci_error *err);

#endif
