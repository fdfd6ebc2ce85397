/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.h - the documents of the OCI image specification 1.1 as C structs, and docker-archive's list.
 *
 * Conventions as in runtime.h. Docker's manifests and manifest lists (image manifest version 2, schema 2) have the same
 * members and are read as the same structs; media types tell which it was. Members come out in a fixed order and maps in
 * the order of their arrays, so the same structs are the same bytes.
 */
#ifndef OCISPEC_LITE_IMAGE_H
#define OCISPEC_LITE_IMAGE_H

#include <ocispec-lite/arena.h>
#include <ocispec-lite/error.h>
#include <ocispec-lite/runtime.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OCI_IMAGE_LAYOUT_VERSION "1.0.0"
#define OCI_SCHEMA_VERSION 2 /* of indexes and manifests */

/* media types (media-types.md), and Docker's that mean the same */
#define OCI_MEDIA_TYPE_INDEX "application/vnd.oci.image.index.v1+json"
#define OCI_MEDIA_TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define OCI_MEDIA_TYPE_CONFIG "application/vnd.oci.image.config.v1+json"
#define OCI_MEDIA_TYPE_LAYER "application/vnd.oci.image.layer.v1.tar"
#define OCI_MEDIA_TYPE_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define OCI_MEDIA_TYPE_LAYER_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"
#define OCI_MEDIA_TYPE_EMPTY "application/vnd.oci.empty.v1+json"
#define OCI_MEDIA_TYPE_DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"
#define OCI_MEDIA_TYPE_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define OCI_MEDIA_TYPE_DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define OCI_MEDIA_TYPE_DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar"
#define OCI_MEDIA_TYPE_DOCKER_LAYER_GZIP "application/vnd.docker.image.rootfs.diff.tar.gzip"

/* annotations.md#pre-defined-annotation-keys, and the one that containerd looks at first */
#define OCI_ANNOTATION_REF_NAME "org.opencontainers.image.ref.name"
#define OCI_ANNOTATION_CONTAINERD_NAME "io.containerd.image.name"

/* ---- descriptors (descriptor.md) ----------------------------------------- */

/** struct oci_platform - image-index.md#image-index-property-descriptions */
struct oci_platform {
	char *architecture; /* GOARCH: "amd64" */
	char *os;
	char *os_version;
	char **os_features;
	size_t os_features_len;
	char *variant; /* "v8" */
};

/**
 * struct oci_descriptor - what a blob is and how to know it.
 * @digest: ALGORITHM:ENCODED; of sha256 and sha512 the length is checked when it is read
 * @data: the blob itself in base64, or NULL
 */
struct oci_descriptor {
	char *media_type;
	char *digest;
	struct oci_i64 size; /* bytes, never negative */
	char **urls;
	size_t urls_len;
	struct oci_pair *annotations;
	size_t annotations_len;
	char *data;
	char *artifact_type;
	struct oci_platform *platform;
};

/* ---- index and manifest (image-index.md, manifest.md) --------------------- */

struct oci_index {
	struct oci_i64 schema_version; /* OCI_SCHEMA_VERSION */
	char *media_type;
	char *artifact_type;
	struct oci_descriptor *manifests;
	size_t manifests_len;
	struct oci_descriptor *subject;
	struct oci_pair *annotations;
	size_t annotations_len;
};

struct oci_manifest {
	struct oci_i64 schema_version; /* OCI_SCHEMA_VERSION */
	char *media_type;
	char *artifact_type;
	struct oci_descriptor *config;
	struct oci_descriptor *layers;
	size_t layers_len;
	struct oci_descriptor *subject;
	struct oci_pair *annotations;
	size_t annotations_len;
};

/* ---- configuration (config.md) --------------------------------------------- */

/** struct oci_healthcheck - Docker's; kept for those who run the image. Durations in ns. */
struct oci_healthcheck {
	char **test; /* "CMD", argument ... */
	size_t test_len;
	struct oci_i64 interval;
	struct oci_i64 timeout;
	struct oci_i64 start_period;
	struct oci_i64 start_interval;
	struct oci_i64 retries;
};

/** struct oci_container_config - what a container of the image begins with. */
struct oci_container_config {
	char *user;           /* "USER[:GROUP]", names or numbers */
	char **exposed_ports; /* "80/tcp" */
	size_t exposed_ports_len;
	char **env; /* "NAME=value" */
	size_t env_len;
	char **entrypoint;
	size_t entrypoint_len;
	char **cmd;
	size_t cmd_len;
	char **volumes; /* paths */
	size_t volumes_len;
	char *working_dir;
	struct oci_pair *labels;
	size_t labels_len;
	char *stop_signal; /* "SIGTERM" */
	struct oci_bool args_escaped;
	struct oci_healthcheck *healthcheck;
	char **shell;
	size_t shell_len;
	char **on_build;
	size_t on_build_len;
};

enum oci_rootfs_type { OCI_ROOTFS_LAYERS = 1 };

struct oci_rootfs {
	enum oci_rootfs_type type;
	char **diff_ids; /* digests of the uncompressed layers, the base first */
	size_t diff_ids_len;
};

/** struct oci_history - one step of the making; those without @empty_layer are as many as layers. */
struct oci_history {
	char *created;
	char *created_by;
	char *author;
	char *comment;
	struct oci_bool empty_layer;
};

struct oci_image_config {
	char *created; /* RFC 3339 */
	char *author;
	char *architecture;
	char *os;
	char *os_version;
	char **os_features;
	size_t os_features_len;
	char *variant;
	struct oci_container_config *config;
	struct oci_rootfs *rootfs;
	struct oci_history *history;
	size_t history_len;
};

/** struct oci_image_layout - the file oci-layout (image-layout.md#oci-layout-file). */
struct oci_image_layout {
	char *image_layout_version;
};

/** struct oci_docker_image - an element of the list manifest.json of a docker-archive. */
struct oci_docker_image {
	char *config; /* names of files in the archive */
	char **repo_tags;
	size_t repo_tags_len;
	char **layers; /* the base first */
	size_t layers_len;
};

/* ---- reading and writing ------------------------------------------------- */

/**
 * oci_descriptor_parse, oci_index_parse, oci_manifest_parse, oci_image_config_parse, oci_image_layout_parse - read one
 * JSON document, as oci_config_parse does.
 *
 * An index with layers and a manifest with manifests are errors: such a document would be one thing to one reader
 * and another to the next (CVE-2021-41190).
 */
int oci_descriptor_parse(struct oci_arena *arena, const char *name, const char *text, size_t length,
			 struct oci_descriptor **ret, struct oci_error *err);
int oci_index_parse(struct oci_arena *arena, const char *name, const char *text, size_t length,
		    struct oci_index **ret, struct oci_error *err);
int oci_manifest_parse(struct oci_arena *arena, const char *name, const char *text, size_t length,
		       struct oci_manifest **ret, struct oci_error *err);
int oci_image_config_parse(struct oci_arena *arena, const char *name, const char *text,
			   size_t length, struct oci_image_config **ret, struct oci_error *err);
int oci_image_layout_parse(struct oci_arena *arena, const char *name, const char *text,
			   size_t length, struct oci_image_layout **ret, struct oci_error *err);

/** oci_docker_images_parse - manifest.json of a docker-archive, a list. */
int oci_docker_images_parse(struct oci_arena *arena, const char *name, const char *text,
			    size_t length, struct oci_docker_image **ret, size_t *ret_length,
			    struct oci_error *err);

/** oci_descriptor_emit, ... - write a document as JSON, as oci_config_emit does. oci_docker_image_emit: one element. */
int oci_descriptor_emit(const struct oci_descriptor *descriptor, unsigned flags, char **ret_text,
			size_t *ret_length, struct oci_error *err);
int oci_index_emit(const struct oci_index *index, unsigned flags, char **ret_text,
		   size_t *ret_length, struct oci_error *err);
int oci_manifest_emit(const struct oci_manifest *manifest, unsigned flags, char **ret_text,
		      size_t *ret_length, struct oci_error *err);
int oci_image_config_emit(const struct oci_image_config *config, unsigned flags, char **ret_text,
			  size_t *ret_length, struct oci_error *err);
int oci_image_layout_emit(const struct oci_image_layout *layout, unsigned flags, char **ret_text,
			  size_t *ret_length, struct oci_error *err);
int oci_docker_image_emit(const struct oci_docker_image *image, unsigned flags, char **ret_text,
			  size_t *ret_length, struct oci_error *err);

#ifdef __cplusplus
}
#endif
#endif
