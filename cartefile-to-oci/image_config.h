/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_config.h - the two documents of a built image: its configuration and its manifest (image-spec config.md, manifest.md).
 *
 * Pure: the same plan gives the same bytes. What the base says is kept unless the Cartefile says otherwise.
 */
#ifndef CARTEFILE_IMAGE_CONFIG_H
#define CARTEFILE_IMAGE_CONFIG_H

#include "cartefile-to-oci/cartefile.h"
#include "cartefile-to-oci/layer_write.h"

#define IMAGE_LAYERS_MAX 4
#define IMAGE_ANNOTATION_COMPRESSOR "io.carte.compressor"

struct image_plan {
	const struct cartefile *file;
	const struct image_docs *base; /* NULL: not an image */
	bool flattened; /* the base's layers are not kept: its files are in the new ones */
	struct oci_platform platform;
	int64_t created; /* SOURCE_DATE_EPOCH, or 0 */
	struct layer_list list;
	struct layer_result layers[IMAGE_LAYERS_MAX]; /* of those that are used, in order */
	enum layer_compression compression;
};

/** image_config_make, image_manifest_make - memory is the arena's, or the base's, the Cartefile's and the plan's. */
int image_config_make(const struct image_plan *plan, struct oci_arena *arena,
		      struct oci_image_config **ret, struct oci_error *err);
int image_manifest_make(const struct image_plan *plan, const struct digest *config,
			size_t config_size, struct oci_arena *arena, struct oci_manifest **ret,
			struct oci_error *err);

/** image_platform_parse - "linux/arm/v7"; -EINVAL with words. */
int image_platform_parse(const char *text, struct oci_arena *arena, struct oci_platform *ret,
			 struct oci_error *err);

/** image_platform_host - of this machine, in GOARCH's words. */
void image_platform_host(struct oci_platform *ret);

/** image_time - RFC 3339 in UTC. */
char *image_time(int64_t seconds, struct oci_arena *arena);

#endif
