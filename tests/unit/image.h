/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - layouts and small images for tests.
 */
#ifndef CARTE_TESTS_IMAGE_H
#define CARTE_TESTS_IMAGE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cartefile-to-oci/layout.h"

#define IMAGE_OK(call)                                                                             \
	do {                                                                                       \
		struct oci_error image_err_ = OCI_ERROR_INIT, *err = &image_err_;                  \
		int image_r_ = (call);                                                             \
		if (image_r_ < 0) {                                                                \
			fprintf(stderr, "%s:%d: %s: %d %s\n", __FILE__, __LINE__, #call, image_r_, \
				err->message);                                                     \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* an image that is put together by format strings, so that it can be a bad one */
struct image {
	struct digest layer, config, manifest;
	struct oci_descriptor descriptor;
	char digest[DIGEST_TEXT_SIZE];
	char type[80];
};

static inline void image_describe(struct image *image, const char *type, size_t size)
{
	digest_format(&image->manifest, image->digest);
	snprintf(image->type, sizeof(image->type), "%s", type);
	image->descriptor = (struct oci_descriptor){ .media_type = image->type,
						     .digest = image->digest,
						     .size = { true, (int64_t)size } };
}

/* a document of any kind, as a blob */
static inline void image_put(const struct layout *layout, const char *type, const char *text,
			     struct image *ret)
{
	IMAGE_OK(blob_put(layout, text, strlen(text), &ret->manifest, err));
	image_describe(ret, type, strlen(text));
}

/* one layer whose content is @content, for @architecture */
static inline int image_try(const struct layout *layout, const char *content,
			    const char *architecture, struct image *ret, struct oci_error *err)
{
	char config[1024], manifest[2048], layer[DIGEST_TEXT_SIZE], digest[DIGEST_TEXT_SIZE];
	int r = blob_put(layout, content, strlen(content), &ret->layer, err);

	if (r < 0)
		return r;
	digest_format(&ret->layer, layer);
	snprintf(config, sizeof(config),
		 "{\"architecture\":\"%s\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
		 "\"diff_ids\":[\"%s\"]}}",
		 architecture, layer);
	r = blob_put(layout, config, strlen(config), &ret->config, err);
	if (r < 0)
		return r;
	snprintf(manifest, sizeof(manifest),
		 "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_TYPE_MANIFEST "\","
		 "\"config\":{\"mediaType\":\"" OCI_MEDIA_TYPE_CONFIG
		 "\",\"digest\":\"%s\",\"size\":%zu},\"layers\":[{\"mediaType\":"
		 "\"" OCI_MEDIA_TYPE_LAYER "\",\"digest\":\"%s\",\"size\":%zu}]}",
		 digest_format(&ret->config, digest), strlen(config), layer, strlen(content));
	r = blob_put(layout, manifest, strlen(manifest), &ret->manifest, err);
	if (r == 0)
		image_describe(ret, OCI_MEDIA_TYPE_MANIFEST, strlen(manifest));
	return r;
}

static inline void image_make(const struct layout *layout, const char *content,
			      const char *architecture, struct image *ret)
{
	IMAGE_OK(image_try(layout, content, architecture, ret, err));
}

static inline void image_write_file(const char *folder, const char *name, const char *text)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "we");
	if (!file || fputs(text, file) < 0 || fclose(file))
		abort();
}

static inline char *image_read_file(const char *folder, const char *name, struct oci_arena *arena)
{
	char path[4096], *text;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (io_read_at(AT_FDCWD, path, 1 << 20, arena, &text, NULL) < 0)
		abort();
	return text;
}

static inline char *image_blob_file(const struct digest *digest)
{
	static char path[128];
	char hex[DIGEST_HEX_LENGTH + 1];

	snprintf(path, sizeof(path), "blobs/sha256/%s", digest_hex(digest, hex));
	return path;
}

#endif
