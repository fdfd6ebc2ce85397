/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout_resolve.c - from a name to a manifest, and from a manifest to an image's documents.
 *
 * An index may hold indexes; a hostile one may hold itself or very many, so depth and number are bounded.
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/layout-private.h"

#define DEPTH_MAX 8
#define CANDIDATES_MAX 1024
#define INDEXES_SIZE_MAX ((int64_t)16 << 20) /* of all that are read on the way */

static bool is_one_of(const char *text, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(text, list[i]) == 0)
			return true;
	return false;
}

bool is_index_type(const char *media_type)
{
	static const char *const types[] = { OCI_MEDIA_TYPE_INDEX, OCI_MEDIA_TYPE_DOCKER_INDEX };

	return is_one_of(media_type, types, ARRAY_LEN(types));
}

bool is_manifest_type(const char *media_type)
{
	static const char *const types[] = { OCI_MEDIA_TYPE_MANIFEST,
					     OCI_MEDIA_TYPE_DOCKER_MANIFEST };

	return is_one_of(media_type, types, ARRAY_LEN(types));
}

static bool is_config_type(const char *media_type)
{
	static const char *const types[] = { OCI_MEDIA_TYPE_CONFIG, OCI_MEDIA_TYPE_DOCKER_CONFIG };

	return is_one_of(media_type, types, ARRAY_LEN(types));
}

static bool is_layer_type(const char *media_type)
{
	static const char *const types[] = {
		OCI_MEDIA_TYPE_LAYER,
		OCI_MEDIA_TYPE_LAYER_GZIP,
		OCI_MEDIA_TYPE_LAYER_ZSTD,
		"application/vnd.oci.image.layer.nondistributable.v1.tar",
		"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
		"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
		OCI_MEDIA_TYPE_DOCKER_LAYER,
		OCI_MEDIA_TYPE_DOCKER_LAYER_GZIP,
		"application/vnd.docker.image.rootfs.diff.tar.zstd",
		"application/vnd.docker.image.rootfs.foreign.diff.tar",
		"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
	};

	return is_one_of(media_type, types, ARRAY_LEN(types));
}

/* ---- documents ------------------------------------------------------------------------------------------------------------------ */

/* A blob that is a document: its digest, its bytes, and what messages call it. */
static int read_document(const struct layout *layout, const struct oci_descriptor *descriptor,
			 struct oci_arena *arena, char **ret_name, char **ret_text,
			 size_t *ret_length, struct digest *ret_digest, struct oci_error *err)
{
	char path[BLOB_PATH_SIZE];
	int r = blob_digest(descriptor->digest, layout->name, "descriptor", ret_digest, err);

	if (r < 0)
		return r;
	*ret_name = oci_arena_printf(arena, "%s/%s", layout->name, blob_path(ret_digest, path));
	if (!*ret_name)
		return err_nomem(err);
	return layout_read_blob(layout, ret_digest, descriptor->size.value, arena, ret_text,
				ret_length, err);
}

/* What a document calls itself must be what its descriptor promised (CVE-2021-41190). */
static int check_type(const char *name, const char *own, const char *promised,
		      struct oci_error *err)
{
	int r;

	if (!own || strcmp(own, promised) == 0)
		return 0;
	r = err_set(err, EINVAL, "%s: mediaType: expected '%s' as in its descriptor, got '%s'",
		    name, promised, own);
	err_at(err, name, "mediaType");
	return r;
}

int layout_read_index(const struct layout *layout, const struct oci_descriptor *descriptor,
		      struct oci_arena *arena, struct oci_index **ret, struct oci_error *err)
{
	struct oci_index *index;
	struct digest digest;
	char *name, *text;
	size_t length;
	int r = read_document(layout, descriptor, arena, &name, &text, &length, &digest, err);

	if (r == 0)
		r = oci_index_parse(arena, name, text, length, &index, err);
	if (r == 0)
		r = check_type(name, index->media_type, descriptor->media_type, err);
	if (r == 0)
		*ret = index;
	return r;
}

int layout_read_manifest(const struct layout *layout, const struct oci_descriptor *descriptor,
			 struct oci_arena *arena, struct oci_manifest **ret,
			 struct digest *ret_digest, struct oci_error *err)
{
	struct oci_manifest *manifest;
	struct digest digest;
	char *name, *text;
	size_t length;
	int r;

	if (!is_manifest_type(descriptor->media_type))
		return err_set(err, EOPNOTSUPP, "%s: %s is no image manifest but %s", layout->name,
			       descriptor->digest, descriptor->media_type);
	r = read_document(layout, descriptor, arena, &name, &text, &length, &digest, err);
	if (r == 0)
		r = oci_manifest_parse(arena, name, text, length, &manifest, err);
	if (r == 0)
		r = check_type(name, manifest->media_type, descriptor->media_type, err);
	if (r < 0)
		return r;
	*ret = manifest;
	*ret_digest = digest;
	return 0;
}

static int check_layers(const struct layout *layout, const struct image_docs *image,
			struct oci_error *err)
{
	const struct oci_manifest *manifest = image->manifest;
	const struct oci_rootfs *rootfs = image->config->rootfs;
	char where[DIGEST_TEXT_SIZE], what[48];
	struct digest digest;
	int r = 0;

	digest_format(&image->manifest_digest, where);
	if (manifest->layers_len != rootfs->diff_ids_len)
		return err_set(
			err, EINVAL,
			"%s: image %s: %zu layers in the manifest, %zu in the config's rootfs",
			layout->name, where, manifest->layers_len, rootfs->diff_ids_len);
	for (size_t i = 0; i < manifest->layers_len && r == 0; i++) {
		if (!is_layer_type(manifest->layers[i].media_type))
			return err_set(err, EOPNOTSUPP,
				       "%s: image %s: layers[%zu]: unsupported media type %s",
				       layout->name, where, i, manifest->layers[i].media_type);
		snprintf(what, sizeof(what), "layers[%zu]", i);
		r = blob_digest(manifest->layers[i].digest, layout->name, what, &digest, err);
		snprintf(what, sizeof(what), "rootfs.diff_ids[%zu]", i);
		if (r == 0)
			r = blob_digest(rootfs->diff_ids[i], layout->name, what, &digest, err);
	}
	return r;
}

int layout_read_image(const struct layout *layout, const struct oci_descriptor *descriptor,
		      struct oci_arena *arena, struct image_docs *ret, struct oci_error *err)
{
	struct image_docs image = { 0 };
	char *name, *text;
	size_t length;
	int r;

	image.descriptor = oci_arena_alloc(arena, sizeof(*image.descriptor));
	if (!image.descriptor)
		return err_nomem(err);
	*image.descriptor = *descriptor;
	r = layout_read_manifest(layout, descriptor, arena, &image.manifest, &image.manifest_digest,
				 err);
	if (r < 0)
		return r;
	if (!is_config_type(image.manifest->config->media_type))
		return err_set(err, EOPNOTSUPP, "%s: %s is no image: its config is of type %s",
			       layout->name, descriptor->digest,
			       image.manifest->config->media_type);
	r = read_document(layout, image.manifest->config, arena, &name, &text, &length,
			  &image.config_digest, err);
	if (r == 0)
		r = oci_image_config_parse(arena, name, text, length, &image.config, err);
	if (r == 0)
		r = check_layers(layout, &image, err);
	if (r == 0)
		*ret = image;
	return r;
}

/* ---- platforms -------------------------------------------------------------------------------------------------------------------- */

const char *layout_host_platform(char buf[64])
{
	/* uname's machine, GOARCH (image-index.md: architecture) and variant */
	static const char *const names[][2] = {
		{ "x86_64", "amd64" },    { "aarch64", "arm64" },       { "armv7l", "arm/v7" },
		{ "armv6l", "arm/v6" },   { "armv8l", "arm/v7" },       { "i686", "386" },
		{ "i386", "386" },        { "ppc64le", "ppc64le" },     { "s390x", "s390x" },
		{ "riscv64", "riscv64" }, { "loongarch64", "loong64" },
	};
	struct utsname uts;
	const char *name;

	(void)uname(&uts); /* fails for bad pointers only */
	name = uts.machine;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(uts.machine, names[i][0]) == 0)
			name = names[i][1];
	snprintf(buf, 64, "linux/%.50s", name);
	return buf;
}

struct search {
	const struct layout *layout;
	struct oci_arena *arena;
	const char *platform; /* NULL: any */
	struct oci_descriptor **found;
	size_t count;
	size_t seen;
	int64_t bytes;
};

/* "linux/arm64" fits arm64 of every variant, "linux/arm/v7" only that one */
static bool platform_fits(const char *wanted, const struct oci_platform *platform)
{
	char text[256];
	size_t length = strlen(wanted);
	int n = snprintf(text, sizeof(text), "%s/%s%s%s", platform->os, platform->architecture,
			 platform->variant ? "/" : "", platform->variant ? platform->variant : "");

	if (n < 0 || (size_t)n >= sizeof(text))
		return false;
	if (strncmp(text, wanted, length) == 0 && (!text[length] || text[length] == '/'))
		return true;
	/* a descriptor that names no variant may be of any */
	return !platform->variant && strncmp(text, wanted, (size_t)n) == 0 && wanted[n] == '/';
}

/* Most descriptors say their platform; else the config does. */
static int find_platform(const struct search *search, const struct oci_descriptor *descriptor,
			 struct oci_platform *ret, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct image_docs image;
	int r;

	if (descriptor->platform) {
		*ret = *descriptor->platform;
		return 0;
	}
	/* an arena of its own: there may be many, and they may be large */
	r = layout_read_image(search->layout, descriptor, &arena, &image, err);
	if (r < 0)
		return r;
	ret->architecture = oci_arena_strdup(search->arena, image.config->architecture);
	ret->os = oci_arena_strdup(search->arena, image.config->os);
	ret->variant = image.config->variant
			       ? oci_arena_strdup(search->arena, image.config->variant)
			       : NULL;
	return ret->architecture && ret->os ? 0 : err_nomem(err);
}

static bool is_attestation(const struct oci_descriptor *descriptor)
{
	/* BuildKit lists what it attests beside what it is about */
	return oci_annotation(descriptor->annotations, descriptor->annotations_len,
			      "vnd.docker.reference.type") != NULL;
}

static bool is_found(const struct search *search, const struct oci_descriptor *descriptor)
{
	for (size_t i = 0; i < search->count; i++)
		if (strcmp(search->found[i]->digest, descriptor->digest) == 0)
			return true;
	return false;
}

static int collect(struct search *search, struct oci_descriptor *descriptor, unsigned depth,
		   struct oci_error *err)
{
	struct oci_index *index;
	int r;

	if (++search->seen > CANDIDATES_MAX)
		return err_set(err, EINVAL, "%s: more than %d manifests to choose from",
			       search->layout->name, CANDIDATES_MAX);
	if (!is_index_type(descriptor->media_type)) {
		if (!is_attestation(descriptor) && !is_found(search, descriptor))
			search->found[search->count++] = descriptor;
		return 0;
	}
	if (depth == DEPTH_MAX)
		return err_set(err, EINVAL, "%s: indexes in indexes, more than %d deep",
			       search->layout->name, DEPTH_MAX);
	if (descriptor->size.value > INDEXES_SIZE_MAX - search->bytes)
		return err_set(err, EFBIG, "%s: more than 16 MiB of indexes in indexes",
			       search->layout->name);
	search->bytes += descriptor->size.value;
	r = layout_read_index(search->layout, descriptor, search->arena, &index, err);
	for (size_t i = 0; r == 0 && i < index->manifests_len; i++)
		r = collect(search, &index->manifests[i], depth + 1, err);
	return r;
}

static int fail_platform(const struct search *search, const char *platform, struct oci_error *err)
{
	char list[600] = "";
	size_t used = 0;

	for (size_t i = 0; i < search->count && used < sizeof(list) - 1; i++) {
		struct oci_platform p;

		if (find_platform(search, search->found[i], &p, NULL) == 0)
			used += (size_t)snprintf(list + used, sizeof(list) - used,
						 "%s%.40s/%.40s%s%.20s", used ? ", " : "", p.os,
						 p.architecture, p.variant ? "/" : "",
						 p.variant ? p.variant : "");
	}
	return err_set_as(err, ERR_NOT_FOUND, ENOENT,
			  "%s: no image for the platform %s: there %s %s", search->layout->name,
			  platform, search->count == 1 ? "is" : "are", used ? list : "none");
}

/* Keep those of the platform. */
static int narrow(struct search *search, const char *platform, struct oci_error *err)
{
	struct oci_descriptor *one = NULL, **fitting;
	size_t count = 0;

	fitting = oci_arena_array(search->arena, search->count + 1, sizeof(*fitting));
	if (!fitting)
		return err_nomem(err);
	for (size_t i = 0; i < search->count; i++) {
		struct oci_platform p;
		int r;

		one = search->found[i];
		r = find_platform(search, one, &p, err);
		if (r < 0)
			return r;
		if (platform_fits(platform, &p))
			fitting[count++] = one;
	}
	if (count == 0)
		return fail_platform(search, platform, err);
	search->found = fitting;
	search->count = count;
	return 0;
}

static int pick(struct search *search, const char *ref, struct oci_descriptor **ret,
		struct oci_error *err)
{
	char host[64];
	int r = 0;

	if (search->platform)
		r = narrow(search, search->platform, err);
	else if (search->count > 1)
		r = narrow(search, layout_host_platform(host), err);
	if (r < 0)
		return r;
	if (search->count > 1)
		return ref ? err_set_as(err, ERR_USAGE, EINVAL, "%s: '%s' stands for %zu images",
					search->layout->name, ref, search->count)
			   : err_set_as(err, ERR_USAGE, EINVAL,
					"%s: there are %zu images; say which by its name or digest",
					search->layout->name, search->count);
	*ret = search->found[0];
	return 0;
}

/* A digest may be that of a manifest in an index of the layout. */
static int find_nested(struct search *search, const struct oci_index *index, const char *ref,
		       struct oci_error *err)
{
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; i < index->manifests_len && r == 0; i++)
		if (is_index_type(index->manifests[i].media_type))
			r = collect(search, &index->manifests[i], 0, err);
	for (size_t i = 0; i < search->count; i++)
		if (descriptor_is_named_by(search->found[i], ref))
			search->found[count++] = search->found[i];
	search->count = count;
	return r;
}

int layout_resolve(const struct layout *layout, const char *ref, const char *platform,
		   struct oci_arena *arena, struct oci_descriptor **ret, struct oci_error *err)
{
	struct search search = { .layout = layout, .arena = arena, .platform = platform };
	struct oci_descriptor *found[CANDIDATES_MAX];
	struct oci_index *index;
	int r = layout_index(layout, arena, &index, err);

	if (r < 0)
		return r;
	search.found = found;
	for (size_t i = 0; i < index->manifests_len && r == 0; i++)
		if (!ref || descriptor_is_named_by(&index->manifests[i], ref))
			r = collect(&search, &index->manifests[i], 0, err);
	if (r == 0 && ref && search.count == 0)
		r = find_nested(&search, index, ref, err);
	if (r < 0)
		return r;
	if (search.count > 0)
		return pick(&search, ref, ret, err);
	if (ref)
		return layout_no_such(layout, index, ref, err);
	return err_set_as(err, ERR_NOT_FOUND, ENOENT, "%s: there is no image", layout->name);
}
