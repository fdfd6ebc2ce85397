/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_layer.c - see image_layer.h.
 */
#include "base/error.h"
#include "cartefile-to-oci/image_layer.h"

int image_layer_find(const struct layout *layout, const struct image_docs *image, size_t i,
		     struct image_layer *ret, struct oci_error *err)
{
	const struct oci_descriptor *descriptor = &image->manifest->layers[i];
	int r = digest_parse(descriptor->digest, &ret->blob);

	if (r == 0)
		r = digest_parse(image->config->rootfs->diff_ids[i], &ret->diff_id);
	if (r < 0)
		return err_sys(err, -r, "%s: layer %zu", layout->name, i + 1);
	digest_format(&ret->blob, ret->name);
	ret->input = (struct layer_input){ .fd = -1,
					   .name = ret->name,
					   .blob = &ret->blob,
					   .blob_size = descriptor->size.value,
					   .diff_id = &ret->diff_id,
					   .is_layer = true };
	return 0;
}

int image_layer_open(const struct layout *layout, struct image_layer *layer, struct oci_error *err)
{
	layer->input.fd = layout_open_blob(layout, &layer->blob, layer->input.blob_size, err);
	return layer->input.fd < 0 ? layer->input.fd : 0;
}
