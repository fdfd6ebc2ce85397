/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - the converter's store, read as the OCI image layout that it is.
 */
#ifndef CARTE_CLI_STORE_H
#define CARTE_CLI_STORE_H

#include <stdbool.h>

#include "cli/json.h"

struct oci_arena;
struct oci_error;

/** store_path - $CARTE_STORE, /var/lib/carte, or the user's. */
int store_path(struct oci_arena *arena, const char **ret, struct oci_error *err);

/** struct store_image - its documents. */
struct store_image {
	const char *name, *digest;
	yajl_val manifest, config;
};

/** store_find - by name (with or without localhost/ and :latest) or by the beginning of a digest. ERR_NOT_FOUND. */
int store_find(const char *name, struct oci_arena *arena, struct store_image *ret,
	       struct oci_error *err);
void store_image_freep(struct store_image *image);
#define CLEANUP_STORE_IMAGE __attribute__((cleanup(store_image_freep)))

/** store_has - is there such an image? */
bool store_has(const char *name);

#endif
