/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - an image's bundle in the state directory, made once per image by `cartefile-to-oci bundle` and shared by all replicas.
 */
#ifndef CARTE_SCALE_IMAGE_H
#define CARTE_SCALE_IMAGE_H

#include "scale/loop.h"

struct oci_error;
struct images;

struct images_options {
	const char *state_dir; /* images/ID in it */
	const char *converter; /* cartefile-to-oci */
	const char *store;     /* NULL: its default */
};

/** struct image - valid until images_free. */
struct image {
	const char *id;     /* digest of the manifest, "sha256:..." */
	const char *config; /* text of the bundle's config.json */
	size_t config_length;
	const char *health;      /* JSON text of the image's Healthcheck, or NULL */
	const char *stop_signal; /* or NULL */
};

int images_new(struct loop *loop, const struct images_options *options, struct images **ret,
	       struct oci_error *err);
void images_free(struct images *images);

/**
 * images_find - @done is called from the loop; two who ask for the same name wait for one program. Names are those of the converter's
 * manual ("web:1", "docker://...", "oci:..."); an image that is known, and unchanged in the store, costs no program.
 */
int images_find(struct images *images, const char *name,
		void (*done)(void *ctx, const struct image *image, const struct oci_error *err),
		void *ctx, struct oci_error *err);

/** images_sweep - forget prepared bundles that none of @ids use. */
int images_sweep(struct images *images, const char *const *ids, size_t count,
		 struct oci_error *err);

#endif
