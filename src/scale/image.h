/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - an image's bundle in the state directory, made once per image by `cartefile-to-oci bundle` and shared by all replicas.
 */
#ifndef CARTE_SCALE_IMAGE_H
#define CARTE_SCALE_IMAGE_H

#include <ocispec-lite/image.h>

#include "scale/loop.h"
#include "scale/spec.h"

struct oci_error;
struct images;

struct images_options {
	const char
		*state_dir; /* images/ID in it; bundles/: of replicas, which the store is told of */
	const char *converter; /* cartefile-to-oci */
	const char *store;     /* NULL: its default */
};

/** struct image_cap - a capability, and the system calls that it opens in the default profile. */
struct image_cap {
	char *cap;
	char **calls;
	size_t calls_len;
};

/** struct image - valid until images_free. */
struct image {
	const char *id;     /* digest of the manifest, "sha256:..." */
	const char *config; /* text of the bundle's config.json */
	size_t config_length;
	const char *health;      /* JSON text of the image's Healthcheck, or NULL */
	const char *stop_signal; /* or NULL */
	const char *folder;      /* absolute: passwd and group of the image, if it has them */
	/* @config as structs, the image's own configuration, and caps.json; NULL in tests: @config is read then */
	const struct oci_config *bundle;
	const struct oci_image_config *document;
	const struct image_cap *caps;
	size_t caps_len;
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

/**
 * image_probe - what SPEC_PROBE_IMAGE means for this image: SPEC_PROBE_EXEC with the image's check, or SPEC_PROBE_NONE.
 * Times and retries that the image does not tell are Docker's: every 30 s, 30 s, at once, 3. Memory comes from @arena.
 */
int image_probe(const struct image *image, struct oci_arena *arena, struct spec_probe *ret,
		struct oci_error *err);

/** image_layers - the folders that the image's bundle shares, top first; -ENOENT with words when one is gone from the store. */
int image_layers(const struct image *image, struct oci_arena *arena, char ***ret, size_t *ret_len,
		 struct oci_error *err);

/** images_sweep - forget prepared bundles that none of @ids use. */
int images_sweep(struct images *images, const char *const *ids, size_t count,
		 struct oci_error *err);

#endif
