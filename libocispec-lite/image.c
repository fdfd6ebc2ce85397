/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.c - descriptors, indexes and manifests (descriptor.md, image-index.md, manifest.md), the layout's own file and
 * docker-archive's list.
 *
 * Order of the rows: that of the specification's Go types, which is what other tools write.
 */
#include <string.h>

#include <ocispec-lite/image.h>

#include "image-rules.h"
#include "tables.h"

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A restricted name: up to 127 characters (RFC 6838 section 4.2, which descriptor.md demands). */
static bool fits_type_name(const char *text, size_t length)
{
	if (length == 0 || length > 127 || !is_alnum(text[0]))
		return false;
	for (size_t i = 1; i < length; i++)
		if (!is_alnum(text[i]) && !strchr("!#$&-^_.+", text[i]))
			return false;
	return true;
}

static bool fits_media_type(const char *text, size_t length)
{
	const char *slash = memchr(text, '/', length);
	size_t type;

	if (!slash)
		return false;
	type = (size_t)(slash - text);
	return fits_type_name(text, type) && fits_type_name(slash + 1, length - type - 1);
}

static bool is_hex(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!(text[i] >= '0' && text[i] <= '9') && !(text[i] >= 'a' && text[i] <= 'f'))
			return false;
	return true;
}

/* component [+._- component]..., each of [a-z0-9]+ */
static bool fits_algorithm(const char *text, size_t length)
{
	bool before = false;

	for (size_t i = 0; i < length; i++) {
		bool word =
			(text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'z');

		if (!word && (!before || !strchr("+._-", text[i])))
			return false;
		before = word;
	}
	return before;
}

bool oci_fits_digest(const char *text, size_t length)
{
	const char *colon = memchr(text, ':', length);
	size_t algorithm, encoded;

	if (!colon)
		return false;
	algorithm = (size_t)(colon - text);
	encoded = length - algorithm - 1;
	colon++;
	/* descriptor.md#registered-algorithms */
	if (algorithm == 6 && memcmp(text, "sha256", 6) == 0)
		return encoded == 64 && is_hex(colon, encoded);
	if (algorithm == 6 && memcmp(text, "sha512", 6) == 0)
		return encoded == 128 && is_hex(colon, encoded);
	for (size_t i = 0; i < encoded; i++)
		if (!is_alnum(colon[i]) && !strchr("=_-", colon[i]))
			return false;
	return encoded > 0 && fits_algorithm(text, algorithm);
}

static const struct oci_rule media_type_rule = { "a media type", fits_media_type, 0, 0 };
const struct oci_rule oci_digest_rule = { "a digest", oci_fits_digest, 0, 0 };
static const struct oci_rule size_rule = { .min = 0, .max = INT64_MAX };
static const struct oci_rule schema_rule = { .min = OCI_SCHEMA_VERSION, .max = OCI_SCHEMA_VERSION };

/* ---- descriptor -------------------------------------------------------------- */

static const struct oci_row platform_rows[] = {
	OCI_ROW_STRING(struct oci_platform, architecture, "architecture", NEEDED),
	OCI_ROW_STRING(struct oci_platform, os, "os", NEEDED),
	OCI_ROW_STRING(struct oci_platform, os_version, "os.version", OR_EMPTY),
	OCI_ROW_STRINGS(struct oci_platform, os_features, "os.features"),
	OCI_ROW_STRING(struct oci_platform, variant, "variant", OR_EMPTY),
};
static const OCI_TABLE(platform_table, struct oci_platform, platform_rows);

static const struct oci_row descriptor_rows[] = {
	OCI_ROW_STRING(struct oci_descriptor, media_type, "mediaType", NEEDED,
		       .rule = &media_type_rule),
	OCI_ROW_STRING(struct oci_descriptor, digest, "digest", NEEDED, .rule = &oci_digest_rule),
	OCI_ROW_I64(struct oci_descriptor, size, "size", NEEDED, .rule = &size_rule),
	OCI_ROW_STRINGS(struct oci_descriptor, urls, "urls"),
	OCI_ROW_PAIRS(struct oci_descriptor, annotations, "annotations"),
	OCI_ROW_STRING(struct oci_descriptor, data, "data", OR_EMPTY),
	OCI_ROW_OBJECT(struct oci_descriptor, platform, "platform", platform_table),
	OCI_ROW_STRING(struct oci_descriptor, artifact_type, "artifactType", OR_EMPTY,
		       .rule = &media_type_rule),
};
const OCI_TABLE(oci_descriptor_table, struct oci_descriptor, descriptor_rows);

/* ---- index, manifest ---------------------------------------------------------- */

static const struct oci_row index_rows[] = {
	OCI_ROW_I64(struct oci_index, schema_version, "schemaVersion", NEEDED,
		    .rule = &schema_rule),
	OCI_ROW_STRING(struct oci_index, media_type, "mediaType", OR_EMPTY,
		       .rule = &media_type_rule),
	OCI_ROW_STRING(struct oci_index, artifact_type, "artifactType", OR_EMPTY,
		       .rule = &media_type_rule),
	OCI_ROW_OBJECTS(struct oci_index, manifests, "manifests", oci_descriptor_table, NEEDED),
	OCI_ROW_OBJECT(struct oci_index, subject, "subject", oci_descriptor_table),
	OCI_ROW_PAIRS(struct oci_index, annotations, "annotations"),
	OCI_ROW_REFUSED("config"),
	OCI_ROW_REFUSED("layers"),
};
const OCI_TABLE(oci_index_table, struct oci_index, index_rows);

static const struct oci_row manifest_rows[] = {
	OCI_ROW_I64(struct oci_manifest, schema_version, "schemaVersion", NEEDED,
		    .rule = &schema_rule),
	OCI_ROW_STRING(struct oci_manifest, media_type, "mediaType", OR_EMPTY,
		       .rule = &media_type_rule),
	OCI_ROW_STRING(struct oci_manifest, artifact_type, "artifactType", OR_EMPTY,
		       .rule = &media_type_rule),
	OCI_ROW_OBJECT(struct oci_manifest, config, "config", oci_descriptor_table, NEEDED),
	OCI_ROW_OBJECTS(struct oci_manifest, layers, "layers", oci_descriptor_table, NEEDED),
	OCI_ROW_OBJECT(struct oci_manifest, subject, "subject", oci_descriptor_table),
	OCI_ROW_PAIRS(struct oci_manifest, annotations, "annotations"),
	OCI_ROW_REFUSED("manifests"),
};
const OCI_TABLE(oci_manifest_table, struct oci_manifest, manifest_rows);

/* ---- layout, archive ------------------------------------------------------------ */

static const struct oci_row layout_rows[] = {
	OCI_ROW_STRING(struct oci_image_layout, image_layout_version, "imageLayoutVersion", NEEDED),
};
const OCI_TABLE(oci_image_layout_table, struct oci_image_layout, layout_rows);

static const struct oci_row docker_rows[] = {
	OCI_ROW_STRING(struct oci_docker_image, config, "Config", NEEDED),
	OCI_ROW_STRINGS(struct oci_docker_image, repo_tags, "RepoTags"),
	OCI_ROW_STRINGS(struct oci_docker_image, layers, "Layers", NEEDED),
};
const OCI_TABLE(oci_docker_image_table, struct oci_docker_image, docker_rows);

DOCUMENT(descriptor)
DOCUMENT(index)
DOCUMENT(manifest)
DOCUMENT(image_layout)

int oci_docker_images_parse(struct oci_arena *arena, const char *name, const char *text,
			    size_t length, struct oci_docker_image **ret, size_t *ret_length,
			    struct oci_error *err)
{
	void *list;
	int r = oci_table_parse_list(&oci_docker_image_table, arena, name, text, length, &list,
				     ret_length, err);

	if (r == 0)
		*ret = list;
	return r;
}

int oci_docker_image_emit(const struct oci_docker_image *image, unsigned flags, char **ret_text,
			  size_t *ret_length, struct oci_error *err)
{
	return oci_table_emit(&oci_docker_image_table, image, flags, ret_text, ret_length, err);
}
