/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sbom.h - a bill of materials: SPDX 2.3 in JSON, of the packages from which files are in an image.
 */
#ifndef CARTEFILE_SBOM_H
#define CARTEFILE_SBOM_H

#include "cartefile-to-oci/digest.h"
#include "cartefile-to-oci/tree.h"

/**
 * struct sbom_image
 * @created: seconds; of SOURCE_DATE_EPOCH, or 0
 * @sysroot: where libraries of an image from scratch are from, so that its packages' records are used; or NULL
 */
struct sbom_image {
	const char *name;
	struct digest manifest;
	int64_t created;
	const struct tree_source *sysroot;
};

/** sbom_write - by dpkg's and apk's records in the tree, also those that slimming leaves out. @ret_text: malloc'ed, indented. */
int sbom_write(const struct tree *tree, const struct sbom_image *image, char **ret_text,
	       size_t *ret_length, struct oci_error *err);

#endif
