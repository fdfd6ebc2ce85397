/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image_archive.c - the tars that images travel in become temporary layouts: oci-archive (a layout in a tar) and
 * docker-archive (what `docker save` writes).
 *
 * The archive is a tree of files first, so what it names is found in it and nowhere else; links among its members are followed
 * within it (docker save makes some). A member is copied when the image needs it, and hashed on the way.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cartefile-to-oci/base_tar.h"
#include "cartefile-to-oci/image_source-private.h"

#define COPY_SIZE (256u * 1024)
#define LAYERS_MAX 4096u

static void tree_cleanup(struct tree *tree)
{
	tree_free(tree);
}
#define CLEANUP_TREE __attribute__((cleanup(tree_cleanup)))

static int open_archive(const struct image_want *want, struct tree *tree, struct oci_error *err)
{
	int r = tree_init(tree, err);

	return r < 0 ? r : base_tar_read(want->text, want->name, want->store, INT64_MAX, tree, err);
}

/* The file that a name in the archive means. */
static struct tree_node *member(const struct tree *tree, const char *path)
{
	struct tree_node *node = tree_resolve(tree, NULL, path, true, NULL, NULL);

	return node && node->type == TREE_FILE ? node : NULL;
}

/* A document, at most as large as any may be. */
static int read_document(const struct image_want *want, const struct tree *tree, const char *path,
			 char **ret, size_t *ret_length, struct oci_error *err)
{
	const struct tree_node *node = member(tree, path);
	ssize_t n;
	char *text;

	if (!node)
		return err_set_as(err, ERR_DOCUMENT, EINVAL, "%s: has no %s", want->name, path);
	if (node->content->size > LAYOUT_DOCUMENT_MAX)
		return err_set_as(err, ERR_DOCUMENT, EFBIG,
				  "%s: %s has %llu bytes, a document has at most %zu", want->name,
				  path, (unsigned long long)node->content->size,
				  LAYOUT_DOCUMENT_MAX);
	text = oci_arena_alloc(want->arena, (size_t)node->content->size + 1);
	if (!text)
		return err_nomem(err);
	n = tree_pread(node, text, (size_t)node->content->size, 0, err);
	if (n < 0)
		return (int)n;
	*ret = text;
	*ret_length = (size_t)n;
	return 0;
}

/* ---- members become blobs ------------------------------------------------------------------------------------------- */
static int write_member(const struct tree_node *node, struct blob_writer *writer,
			struct oci_error *err)
{
	CLEANUP_FREE char *buf = malloc(COPY_SIZE);
	uint64_t at = 0;

	if (!buf)
		return err_nomem(err);
	while (at < node->content->size) {
		ssize_t n = tree_pread(node, buf, COPY_SIZE, at, err);
		int r;

		if (n < 0)
			return (int)n;
		if (n == 0)
			return err_set(err, EIO, "%s: has become shorter while it was read",
				       node->content->source->name);
		r = blob_write(writer, buf, (size_t)n, err);
		if (r < 0)
			return r;
		at += (uint64_t)n;
	}
	return 0;
}

static int copy_member(const struct tree_node *node, const struct layout *layout,
		       struct digest *ret, uint64_t *ret_size, struct oci_error *err)
{
	struct blob_writer *writer;
	int r = blob_begin(layout, &writer, err);

	if (r < 0)
		return r;
	r = write_member(node, writer, err);
	if (r < 0) {
		blob_abandon(writer);
		return r;
	}
	return blob_commit(writer, ret, ret_size, err);
}

/* ---- oci-archive ---------------------------------------------------------------------------------------------------- */
static int copy_blob(const struct image_want *want, const struct tree_node *node,
		     const struct layout *layout, struct oci_error *err)
{
	char have[DIGEST_HEX_LENGTH + 1];
	struct digest digest;
	uint64_t size;
	int r = copy_member(node, layout, &digest, &size, err);

	if (r == 0 && strcmp(digest_hex(&digest, have), node->name) != 0)
		return err_set_as(err, ERR_DOCUMENT, EINVAL,
				  "%s: blobs/sha256/%.70s: its digest is sha256:%s", want->name,
				  node->name, have);
	return r;
}

static int write_document(const struct image_want *want, const struct tree *tree, int dirfd,
			  const char *name, struct oci_error *err)
{
	size_t length;
	char *text;
	int r = read_document(want, tree, name, &text, &length, err);

	if (r < 0)
		return r;
	r = io_replace_at(dirfd, name, text, length, 0644);
	return r < 0 ? err_sys(err, -r, "write %s of a temporary layout", name) : 0;
}

/* The small blobs, documents among them; nobody knows yet which are needed. */
static int copy_small_blobs(const struct image_want *want, const struct tree *tree,
			    const struct layout *layout, struct oci_error *err)
{
	const struct tree_node *folder = tree_find(tree, "blobs/sha256");
	int r = 0;

	for (size_t i = 0; r == 0 && folder && i < folder->children_len; i++) {
		const struct tree_node *node = folder->children[i];

		if (node->type == TREE_FILE && strlen(node->name) == DIGEST_HEX_LENGTH &&
		    node->content->size <= LAYOUT_DOCUMENT_MAX)
			r = copy_blob(want, node, layout, err);
	}
	return r;
}

static int copy_layers(const struct image_want *want, const struct tree *tree,
		       const struct image_source *image, struct oci_error *err)
{
	const struct oci_manifest *manifest = image->docs.manifest;

	for (size_t i = 0; i < manifest->layers_len; i++) {
		const struct oci_descriptor *layer = &manifest->layers[i];
		char hex[DIGEST_HEX_LENGTH + 1], path[100];
		const struct tree_node *node;
		struct digest digest;
		int r = digest_parse(layer->digest, &digest);

		if (r < 0)
			return err_sys(err, -r, "%s: layer %s", want->name, layer->digest);
		if (layout_has_blob(&image->layout, &digest, -1) > 0)
			continue;
		(void)snprintf(path, sizeof(path), "blobs/sha256/%s", digest_hex(&digest, hex));
		node = member(tree, path);
		if (!node)
			return err_set_as(err, ERR_DOCUMENT, ENOENT,
					  "%s: has no %s, a layer of the image", want->name, path);
		r = copy_blob(want, node, &image->layout, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int make_folder(int dirfd, const char *name, struct oci_error *err)
{
	return mkdirat(dirfd, name, 0700) < 0
		       ? err_sys(err, errno, "make folder %s of a temporary layout", name)
		       : 0;
}

static int make_layout(const struct image_want *want, const struct tree *tree, const char *path,
		       struct oci_error *err)
{
	CLEANUP_CLOSE int fd = -1;
	int r = make_folder(AT_FDCWD, path, err);

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open %s", path);
	r = write_document(want, tree, fd, "oci-layout", err);
	if (r == 0)
		r = write_document(want, tree, fd, "index.json", err);
	if (r == 0)
		r = make_folder(fd, "blobs", err);
	return r < 0 ? r : make_folder(fd, "blobs/sha256", err);
}

int image_oci_archive(const struct image_want *want, const char *folder, struct image_source *ret,
		      struct oci_error *err)
{
	CLEANUP_TREE struct tree tree = { 0 };
	struct layout blobs = LAYOUT_INIT;
	char path[PATH_MAX];
	int r = open_archive(want, &tree, err);

	(void)snprintf(path, sizeof(path), "%s/layout", folder);
	if (r == 0)
		r = make_layout(want, &tree, path, err);
	if (r == 0)
		r = layout_open(&blobs, path, 0, err);
	if (r == 0)
		r = copy_small_blobs(want, &tree, &blobs, err);
	layout_close(&blobs);
	if (r == 0)
		r = image_open_layout(want, path, want->ref, ret, err);
	return r < 0 ? r : copy_layers(want, &tree, ret, err);
}

/* ---- docker-archive ------------------------------------------------------------------------------------------------- */
static const char *layer_type(const struct tree_node *node, struct oci_error *err)
{
	unsigned char magic[4] = { 0 };

	if (tree_pread(node, magic, sizeof(magic), 0, err) < 0)
		return NULL;
	if (magic[0] == 0x1f && magic[1] == 0x8b)
		return OCI_MEDIA_TYPE_LAYER_GZIP;
	if (memcmp(magic, "\x28\xb5\x2f\xfd", 4) == 0)
		return OCI_MEDIA_TYPE_LAYER_ZSTD;
	return OCI_MEDIA_TYPE_LAYER;
}

static int member_to_descriptor(const struct image_want *want, const struct tree *tree,
				const char *path, const char *media_type,
				const struct layout *layout, struct oci_descriptor *ret,
				struct oci_error *err)
{
	const struct tree_node *node = path ? member(tree, path) : NULL;
	char text[DIGEST_TEXT_SIZE];
	struct digest digest;
	uint64_t size;
	int r;

	if (!node)
		return err_set_as(err, ERR_DOCUMENT, EINVAL,
				  "%s: manifest.json names %.200s, which is not there", want->name,
				  path ? path : "nothing");
	if (!media_type)
		media_type = layer_type(node, err);
	if (!media_type)
		return -EIO;
	r = copy_member(node, layout, &digest, &size, err);
	if (r < 0)
		return r;
	ret->media_type = (char *)media_type;
	ret->digest = oci_arena_strdup(want->arena, digest_format(&digest, text));
	ret->size = (struct oci_i64){ true, (int64_t)size };
	return ret->digest ? 0 : err_nomem(err);
}

static bool has_tag(const struct oci_docker_image *image, const char *ref)
{
	for (size_t i = 0; i < image->repo_tags_len; i++)
		if (strcmp(image->repo_tags[i], ref) == 0)
			return true;
	return false;
}

/* "one:1, two:1 and an image without a name" */
static void list_tags(const struct oci_docker_image *images, size_t count, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		const char *tag =
			images[i].repo_tags_len > 0 ? images[i].repo_tags[0] : "one without a name";

		if (used + strlen(tag) + 3 > size)
			return;
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used > 0 ? ", " : "",
					 tag);
	}
}

static int choose(const struct image_want *want, const struct oci_docker_image *images,
		  size_t count, const struct oci_docker_image **ret, struct oci_error *err)
{
	char tags[512];

	if (count == 0)
		return err_set_as(err, ERR_DOCUMENT, EINVAL, "%s: manifest.json lists no image",
				  want->name);
	if (!want->ref && count == 1) {
		*ret = &images[0];
		return 0;
	}
	for (size_t i = 0; want->ref && i < count; i++) {
		if (has_tag(&images[i], want->ref)) {
			*ret = &images[i];
			return 0;
		}
	}
	list_tags(images, count, tags, sizeof(tags));
	if (want->ref)
		return err_set(err, ENOENT, "%s: has no image '%s'; there is: %s", want->name,
			       want->ref, tags);
	return err_set_as(err, ERR_DOCUMENT, EINVAL, "%s: has %zu images, name one of them: %s",
			  want->name, count, tags);
}

static int put_manifest(const struct layout *layout, const struct oci_manifest *manifest,
			struct oci_error *err)
{
	struct oci_descriptor descriptor = { .media_type = (char *)OCI_MEDIA_TYPE_MANIFEST };
	CLEANUP_FREE char *text = NULL;
	char digest_text[DIGEST_TEXT_SIZE];
	struct digest digest;
	size_t length;
	int r = oci_manifest_emit(manifest, 0, &text, &length, err);

	if (r == 0)
		r = blob_put(layout, text, length, &digest, err);
	if (r < 0)
		return r;
	descriptor.digest = digest_format(&digest, digest_text);
	descriptor.size = (struct oci_i64){ true, (int64_t)length };
	return layout_set_name(layout, NULL, &descriptor, err);
}

static int convert(const struct image_want *want, const struct tree *tree,
		   const struct oci_docker_image *image, const struct layout *layout,
		   struct oci_error *err)
{
	struct oci_descriptor config = { 0 };
	struct oci_manifest manifest = {
		.schema_version = { true, OCI_SCHEMA_VERSION },
		.media_type = (char *)OCI_MEDIA_TYPE_MANIFEST,
		.config = &config,
		.layers_len = image->layers_len,
	};
	int r;

	if (image->layers_len > LAYERS_MAX)
		return err_set_as(err, ERR_DOCUMENT, EFBIG, "%s: has more than %u layers",
				  want->name, LAYERS_MAX);
	manifest.layers =
		oci_arena_array(want->arena, image->layers_len + 1, sizeof(*manifest.layers));
	if (!manifest.layers)
		return err_nomem(err);
	r = member_to_descriptor(want, tree, image->config, OCI_MEDIA_TYPE_CONFIG, layout, &config,
				 err);
	for (size_t i = 0; r == 0 && i < image->layers_len; i++)
		r = member_to_descriptor(want, tree, image->layers[i], NULL, layout,
					 &manifest.layers[i], err);
	return r < 0 ? r : put_manifest(layout, &manifest, err);
}

int image_docker_archive(const struct image_want *want, const char *folder,
			 struct image_source *ret, struct oci_error *err)
{
	CLEANUP_TREE struct tree tree = { 0 };
	const struct oci_docker_image *image = NULL;
	struct oci_docker_image *images;
	struct layout blobs = LAYOUT_INIT;
	char path[PATH_MAX], *text;
	size_t length, count;
	int r = open_archive(want, &tree, err);

	if (r == 0)
		r = read_document(want, &tree, "manifest.json", &text, &length, err);
	if (r < 0)
		return r;
	r = oci_docker_images_parse(want->arena, "manifest.json", text, length, &images, &count,
				    err);
	if (r < 0) {
		err_prefix(err, "%s: ", want->name);
		return r;
	}
	r = choose(want, images, count, &image, err);
	if (r < 0)
		return r;
	(void)snprintf(path, sizeof(path), "%s/layout", folder);
	r = layout_open(&blobs, path, LAYOUT_CREATE, err);
	if (r == 0)
		r = convert(want, &tree, image, &blobs, err);
	layout_close(&blobs);
	return r < 0 ? r : image_open_layout(want, path, NULL, ret, err);
}
