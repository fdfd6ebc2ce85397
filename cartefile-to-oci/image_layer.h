/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_layer.h - a layer of an image, ready to be read against all that its documents promise.
 */
#ifndef CARTEFILE_IMAGE_LAYER_H
#define CARTEFILE_IMAGE_LAYER_H

#include "cartefile-to-oci/layer_read.h"
#include "cartefile-to-oci/layout.h"

/** struct image_layer - @input points into it: do not copy. @input.fd: -1 until image_layer_open; the caller's to close */
struct image_layer {
	struct digest blob, diff_id;
	struct layer_input input;
	char name[DIGEST_TEXT_SIZE];
};

/** image_layer_find - the @i-th from below, from 0. */
int image_layer_find(const struct layout *layout, const struct image_docs *image, size_t i,
		     struct image_layer *ret, struct oci_error *err);

/** image_layer_open - its blob, in ret->input.fd. */
int image_layer_open(const struct layout *layout, struct image_layer *layer, struct oci_error *err);

#endif
