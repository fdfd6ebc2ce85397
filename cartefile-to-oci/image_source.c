/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_source.c - which kind of name it is, and what to do for it; see image_source.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/image_source-private.h"

int image_open_layout(const struct image_want *want, const char *path, const char *ref,
		      struct image_source *ret, struct oci_error *err)
{
	struct oci_descriptor *descriptor;
	char *name;
	int r = layout_open(&ret->layout, path, 0, err);

	if (r < 0)
		return r;
	name = strdup(want->name);
	if (!name)
		return err_nomem(err);
	free(ret->layout.name);
	ret->layout.name = name;
	r = layout_resolve(&ret->layout, ref, want->platform, want->arena, &descriptor, err);
	if (r == 0)
		r = layout_read_image(&ret->layout, descriptor, want->arena, &ret->docs, err);
	return r;
}

static int open_with_scratch(const struct image_want *want,
			     int (*fill)(const struct image_want *want, const char *folder,
					 struct image_source *ret, struct oci_error *err),
			     struct image_source *ret, struct oci_error *err)
{
	int r = store_temp_folder(want->store, &ret->scratch_fd, &ret->scratch, err);

	return r < 0 ? r : fill(want, ret->scratch, ret, err);
}

static const struct kind {
	const char *scheme;
	enum cartefile_from from;
	bool has_ref;
} kinds[] = {
	{ "oci:", FROM_OCI, true },
	{ "oci-archive:", FROM_OCI_ARCHIVE, true },
	{ "docker-archive:", FROM_DOCKER_ARCHIVE, true },
	{ "docker://", FROM_DOCKER, false },
	{ "store:", FROM_STORE, false },
};

static const char *scheme_of(enum cartefile_from from)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].from == from)
			return kinds[i].scheme;
	return NULL;
}

int image_open_from(enum cartefile_from from, const char *text, const char *ref,
		    const struct store *store, const char *platform, struct oci_arena *arena,
		    struct image_source *ret, struct oci_error *err)
{
	struct image_source image = IMAGE_SOURCE_INIT;
	struct image_want want = {
		.text = text, .ref = ref, .platform = platform, .store = store, .arena = arena
	};
	const char *scheme = scheme_of(from);
	int r = -EINVAL;

	if (!scheme)
		return err_set(err, EINVAL, "'%s' is no image", text);
	want.name = oci_arena_printf(arena, "%s%s", scheme, text);
	if (!want.name)
		return err_nomem(err);
	if (from == FROM_OCI) {
		r = image_open_layout(&want, text, ref, &image, err);
	} else if (from == FROM_STORE) {
		want.name = store->layout.name;
		r = image_open_layout(&want, store->path, text, &image, err);
	} else if (from == FROM_OCI_ARCHIVE) {
		r = open_with_scratch(&want, image_oci_archive, &image, err);
	} else if (from == FROM_DOCKER_ARCHIVE) {
		r = open_with_scratch(&want, image_docker_archive, &image, err);
	} else {
		r = open_with_scratch(&want, image_skopeo, &image, err);
	}
	if (r < 0) {
		image_close(&image);
		return r;
	}
	*ret = image;
	return 0;
}

int image_open(const char *text, const struct store *store, const char *platform,
	       struct oci_arena *arena, struct image_source *ret, struct oci_error *err)
{
	const struct kind *kind = NULL;
	char *rest, *ref = NULL;

	for (size_t i = 0; !kind && i < ARRAY_LEN(kinds); i++)
		if (strncmp(text, kinds[i].scheme, strlen(kinds[i].scheme)) == 0)
			kind = &kinds[i];
	if (!kind)
		return image_open_from(FROM_STORE, text, NULL, store, platform, arena, ret, err);
	rest = oci_arena_strdup(arena, text + strlen(kind->scheme));
	if (!rest)
		return err_nomem(err);
	if (kind->has_ref)
		ref = strchr(rest, ':');
	if (ref)
		*ref++ = '\0';
	if (!*rest || (ref && !*ref))
		return err_set_as(err, ERR_USAGE, EINVAL, "'%s': expected %s%s", text, kind->scheme,
				  kind->has_ref ? "PATH[:REF]" : "NAME");
	return image_open_from(kind->from, rest, ref, store, platform, arena, ret, err);
}

void image_close(struct image_source *image)
{
	layout_close(&image->layout);
	if (image->scratch)
		store_temp_remove(image->scratch_fd, image->scratch);
	image->scratch = NULL;
	image->scratch_fd = -1;
}
