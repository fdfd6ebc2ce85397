/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_publish.c - what comes out of a build: its two documents, then every destination. Names come last, when nothing else
 * can fail.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/archive_out.h"
#include "cartefile-to-oci/build-private.h"
#include "cartefile-to-oci/bundle.h"

const char *build_name(const struct build *build, const struct build_dest *dest)
{
	return dest->ref ? dest->ref : build->file->image_name;
}

/* ---- documents --------------------------------------------------------------------------------------------------- */

static int put_document(struct build *build, const char *text, size_t length, struct digest *ret,
			struct oci_error *err)
{
	int r = blob_put(build->primary, text, length, ret, err);

	if (r == 0 && build->documents_len < ARRAY_LEN(build->documents))
		build->documents[build->documents_len++] = *ret;
	return r;
}

static int put_config(struct build *build, struct digest *ret, size_t *ret_size,
		      struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL;
	struct oci_image_config *config;
	int r = image_config_make(&build->plan, &build->arena, &config, err);

	if (r == 0)
		r = oci_image_config_emit(config, 0, &text, ret_size, err);
	return r < 0 ? r : put_document(build, text, *ret_size, ret, err);
}

static int put_manifest(struct build *build, const struct digest *config, size_t config_size,
			struct oci_descriptor *ret, struct oci_error *err)
{
	static char type[] = OCI_MEDIA_TYPE_MANIFEST;
	CLEANUP_FREE char *text = NULL;
	char digest[DIGEST_TEXT_SIZE];
	struct oci_manifest *manifest;
	struct digest written;
	size_t length;
	int r = image_manifest_make(&build->plan, config, config_size, &build->arena, &manifest,
				    err);

	if (r == 0)
		r = oci_manifest_emit(manifest, 0, &text, &length, err);
	if (r == 0)
		r = put_document(build, text, length, &written, err);
	if (r < 0)
		return r;
	ret->media_type = type;
	ret->size = (struct oci_i64){ true, (int64_t)length };
	ret->digest = oci_arena_strdup(&build->arena, digest_format(&written, digest));
	return ret->digest ? 0 : err_nomem(err);
}

/* The layers of the base that are kept: into the primary layout. */
static int copy_base(struct build *build, struct oci_error *err)
{
	const struct image_docs *base = build->plan.base;

	if (!base || build->plan.flattened)
		return 0;
	for (size_t i = 0; i < base->manifest->layers_len; i++) {
		const struct oci_descriptor *layer = &base->manifest->layers[i];
		struct digest digest;
		int r = digest_parse(layer->digest, &digest);

		if (r < 0)
			return err_set(err, -r, "FROM: layer %s: only sha256 is supported",
				       layer->digest);
		r = layout_copy_blob(&build->base.layout, build->primary, &digest,
				     layer->size.value, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int build_write_documents(struct build *build, struct image_docs *ret, struct oci_error *err)
{
	struct oci_descriptor *descriptor = oci_arena_alloc(&build->arena, sizeof(*descriptor));
	struct digest config;
	size_t size;
	int r;

	if (!descriptor)
		return err_nomem(err);
	r = copy_base(build, err);
	if (r == 0)
		r = put_config(build, &config, &size, err);
	if (r == 0)
		r = put_manifest(build, &config, size, descriptor, err);
	/* read back: what is published is what others will be able to read */
	return r < 0 ? r : layout_read_image(build->primary, descriptor, &build->arena, ret, err);
}

/* ---- destinations ------------------------------------------------------------------------------------------------ */

static int copy_descriptor(const struct build *build, const struct layout *to,
			   const struct oci_descriptor *descriptor, struct oci_error *err)
{
	struct digest digest;
	int r = digest_parse(descriptor->digest, &digest);

	if (r < 0)
		return err_set(err, -r, "%s: no digest of sha256", descriptor->digest);
	return layout_copy_blob(build->primary, to, &digest, descriptor->size.value, err);
}

static int copy_image(const struct build *build, const struct layout *to,
		      const struct image_docs *image, struct oci_error *err)
{
	int r = 0;

	if (to == build->primary)
		return 0;
	for (size_t i = 0; i < image->manifest->layers_len && r == 0; i++)
		r = copy_descriptor(build, to, &image->manifest->layers[i], err);
	if (r == 0)
		r = copy_descriptor(build, to, image->manifest->config, err);
	return r < 0 ? r : copy_descriptor(build, to, image->descriptor, err);
}

static const struct layout *layout_of(const struct build *build, size_t i)
{
	switch (build->dests[i].kind) {
	case DEST_STORE:
		return &build->options->store->layout;
	case DEST_OCI:
		return &build->layouts[i];
	case DEST_OCI_ARCHIVE:
	case DEST_DOCKER_ARCHIVE:
	case DEST_BUNDLE:
		break;
	}
	return NULL;
}

static int write_dest(const struct build *build, const struct build_dest *dest,
		      const struct image_docs *image, struct oci_error *err)
{
	static const struct bundle_options defaults = { .copy = false };
	const char *name = build_name(build, dest);

	switch (dest->kind) {
	case DEST_OCI_ARCHIVE:
		return archive_write_oci(build->primary, image->descriptor, name, dest->path, err);
	case DEST_DOCKER_ARCHIVE:
		return archive_write_docker(build->primary, image->descriptor, name, dest->path,
					    err);
	case DEST_BUNDLE:
		return bundle_write(build->options->store, build->primary, image, dest->path,
				    &defaults, err);
	case DEST_STORE:
	case DEST_OCI:
		break;
	}
	return 0;
}

int build_publish(struct build *build, const struct image_docs *image, struct oci_error *err)
{
	struct oci_platform platform = {
		.architecture = image->config->architecture,
		.os = image->config->os,
		.variant = image->config->variant,
	};
	int r = 0;

	for (size_t i = 0; i < build->dests_len && r == 0; i++) {
		const struct layout *to = layout_of(build, i);

		r = to ? copy_image(build, to, image, err)
		       : write_dest(build, &build->dests[i], image, err);
	}
	/* what has no name there is in it for the next build */
	if (r == 0)
		r = layout_flush(build->primary, err);
	for (size_t i = 0; i < build->dests_len && r == 0; i++) {
		const struct layout *to = layout_of(build, i);
		struct oci_descriptor named = *image->descriptor;

		named.platform = &platform;
		named.annotations = NULL;
		named.annotations_len = 0;
		if (to)
			r = layout_set_name(to, build_name(build, &build->dests[i]), &named, err);
	}
	return r;
}
