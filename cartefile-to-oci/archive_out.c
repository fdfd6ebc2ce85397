/* SPDX-License-Identifier: Apache-2.0 */
/*
 * archive_out.c - an image as a tar file.
 *
 * ustar headers with short fixed names, owner 0, time 0. A header is written behind its content, because how much a layer is
 * without its compression is known only then.
 */
#include <archive.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cartefile-to-oci/archive_out.h"
#include "cartefile-to-oci/layout-private.h"

#define BLOCK 512
#define READ_SIZE ((size_t)256 << 10)
#define OCTAL_SIZE_MAX (((uint64_t)1 << 33) - 1) /* 11 octal digits */

struct out {
	const char *file; /* as the user named it */
	int folder;
	char *name; /* in @folder */
	int fd;
	char temp[TEMP_NAME_SIZE];
	char *buffer;
	/* of the entry at hand */
	off_t header_at;
	uint64_t size;
	struct digest_state state;
};

/* ---- the file ------------------------------------------------------------------------------------------------------------------ */

static int open_out(struct out *out, const char *file, struct oci_error *err)
{
	CLEANUP_FREE char *real = realpath(file, NULL), *parent = NULL;
	struct stat st;

	out->file = file;
	/* a link is followed, what is no file is nothing to be replaced: /dev/null */
	if (real && (stat(real, &st) || !S_ISREG(st.st_mode)))
		return err_set(err, EINVAL, "%s: is no regular file", file);
	parent = strdup(real ? real : file);
	out->name = strdup(real ? real : file);
	out->buffer = malloc(READ_SIZE);
	if (!parent || !out->name || !out->buffer)
		return err_nomem(err);
	memmove(out->name, basename(out->name), strlen(basename(out->name)) + 1);
	out->folder = open(dirname(parent), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (out->folder < 0)
		return err_sys(err, errno, "%s", file);
	out->fd = temp_create(out->folder, out->temp);
	return out->fd < 0 ? err_sys(err, -out->fd, "%s", file) : 0;
}

static void close_out(struct out *out)
{
	digest_abandon(&out->state);
	if (out->folder >= 0)
		temp_remove(out->temp, out->folder);
	fd_closep(&out->fd);
	fd_closep(&out->folder);
	free(out->name);
	free(out->buffer);
}

static int put(struct out *out, const void *data, size_t length, struct oci_error *err)
{
	int r = io_write_all(out->fd, data, length);

	return r < 0 ? err_sys(err, -r, "%s: write", out->file) : 0;
}

/* Two empty blocks end a tar. */
static int finish(struct out *out, struct oci_error *err)
{
	static const char zeros[2 * BLOCK];
	int r = put(out, zeros, sizeof(zeros), err);

	if (r < 0)
		return r;
	r = temp_replace(out->fd, out->temp, out->folder, out->folder, out->name);
	return r < 0 ? err_sys(err, -r, "%s", out->file) : 0;
}

/* ---- entries ------------------------------------------------------------------------------------------------------------------- */

static void put_size(char field[12], uint64_t size)
{
	char octal[16];

	if (size <= OCTAL_SIZE_MAX) {
		snprintf(octal, sizeof(octal), "%011llo", (unsigned long long)size);
		memcpy(field, octal, 12);
		return;
	}
	/* base 256, as GNU tar, Go and libarchive have it */
	field[0] = (char)0x80;
	for (int i = 11; i > 0; i--, size >>= 8)
		field[i] = (char)(size & 0xff);
}

static void make_header(char block[BLOCK], const char *name, char type, uint64_t size)
{
	unsigned sum = 0;
	char octal[8];

	memset(block, 0, BLOCK);
	memcpy(block, name, strlen(name));
	memcpy(block + 100, type == '5' ? "0000755" : "0000644", 8);
	memcpy(block + 108, "0000000", 8);
	memcpy(block + 116, "0000000", 8);
	put_size(block + 124, size);
	memcpy(block + 136, "00000000000", 12);
	memset(block + 148, ' ', 8);
	block[156] = type;
	memcpy(block + 257, "ustar\00000", 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += (unsigned char)block[i];
	snprintf(octal, sizeof(octal), "%06o", sum);
	memcpy(block + 148, octal, 7);
}

static int begin_entry(struct out *out, struct oci_error *err)
{
	static const char zeros[BLOCK];
	int r;

	out->header_at = lseek(out->fd, 0, SEEK_CUR);
	if (out->header_at < 0)
		return err_sys(err, errno, "%s", out->file);
	out->size = 0;
	digest_abandon(&out->state);
	r = digest_begin(&out->state, err);
	return r < 0 ? r : put(out, zeros, sizeof(zeros), err);
}

static int add(struct out *out, const void *data, size_t length, struct oci_error *err)
{
	digest_add(&out->state, data, length);
	out->size += length;
	return put(out, data, length, err);
}

static int end_entry(struct out *out, const char *name, struct digest *ret_digest,
		     struct oci_error *err)
{
	static const char zeros[BLOCK];
	char header[BLOCK];
	size_t rest = out->size % BLOCK;
	int r = rest ? put(out, zeros, BLOCK - rest, err) : 0;

	if (r < 0)
		return r;
	make_header(header, name, '0', out->size);
	if (pwrite(out->fd, header, BLOCK, out->header_at) != BLOCK)
		return err_sys(err, errno, "%s: write", out->file);
	digest_end(&out->state, ret_digest);
	return 0;
}

static int put_folder(struct out *out, const char *name, struct oci_error *err)
{
	char header[BLOCK];

	make_header(header, name, '5', 0);
	return put(out, header, BLOCK, err);
}

static int put_text(struct out *out, const char *name, const char *text, struct oci_error *err)
{
	struct digest digest;
	int r = begin_entry(out, err);

	if (r == 0)
		r = add(out, text, strlen(text), err);
	return r < 0 ? r : end_entry(out, name, &digest, err);
}

/* A blob as it is. */
static int put_blob(struct out *out, const struct layout *layout, const char *name,
		    const struct digest *digest, int64_t size, struct oci_error *err)
{
	char path[BLOB_PATH_SIZE];
	CLEANUP_CLOSE int fd = layout_open_blob(layout, digest, size, err);
	struct digest found;
	ssize_t n;
	int r;

	if (fd < 0)
		return fd;
	r = begin_entry(out, err);
	while (r == 0 && (n = RETRY_EINTR(read(fd, out->buffer, READ_SIZE))) != 0)
		r = n < 0 ? err_sys(err, errno, "%s/%s", layout->name, blob_path(digest, path))
			  : add(out, out->buffer, (size_t)n, err);
	if (r == 0)
		r = end_entry(out, name, &found, err);
	if (r == 0 && !digest_equal(&found, digest))
		r = err_set(err, EINVAL, "%s/%s: the content has another digest", layout->name,
			    blob_path(digest, path));
	return r;
}

/* ---- oci-archive ------------------------------------------------------------------------------------------------------------------ */

struct member {
	struct digest digest;
	int64_t size;
};

static int compare_members(const void *a, const void *b)
{
	return memcmp(((const struct member *)a)->digest.bytes,
		      ((const struct member *)b)->digest.bytes, sizeof(struct digest));
}

static int put_blobs(struct out *out, const struct layout *layout, const struct image_docs *image,
		     struct oci_arena *arena, struct oci_error *err)
{
	const struct oci_manifest *manifest = image->manifest;
	size_t count = manifest->layers_len + 2;
	struct member *members = oci_arena_array(arena, count, sizeof(*members));
	int r = 0;

	if (!members)
		return err_nomem(err);
	members[0] = (struct member){ image->manifest_digest, image->descriptor->size.value };
	members[1] = (struct member){ image->config_digest, manifest->config->size.value };
	for (size_t i = 2; i < count && r == 0; i++) {
		members[i].size = manifest->layers[i - 2].size.value;
		r = blob_digest(manifest->layers[i - 2].digest, layout->name, "layers",
				&members[i].digest, err);
	}
	qsort(members, count, sizeof(*members), compare_members);
	for (size_t i = 0; i < count && r == 0; i++) {
		char path[BLOB_PATH_SIZE];

		/* an image may have a layer twice, a tar should not */
		if (i == 0 || !digest_equal(&members[i].digest, &members[i - 1].digest))
			r = put_blob(out, layout, blob_path(&members[i].digest, path),
				     &members[i].digest, members[i].size, err);
	}
	return r;
}

static int put_index(struct out *out, const struct oci_descriptor *manifest, const char *name,
		     struct oci_arena *arena, struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL;
	struct oci_descriptor entry = { 0 };
	struct oci_index index = { .schema_version = { true, OCI_SCHEMA_VERSION },
				   .manifests = &entry,
				   .manifests_len = 1 };
	char type[] = OCI_MEDIA_TYPE_INDEX;
	int r = descriptor_set_name(arena, manifest, name, &entry, err);

	index.media_type = type;
	if (r == 0)
		r = oci_index_emit(&index, 0, &text, NULL, err);
	return r < 0 ? r : put_text(out, "index.json", text, err);
}

static int write_oci(struct out *out, const struct layout *layout,
		     const struct oci_descriptor *manifest, const char *name, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct image_docs image;
	int r = layout_read_image(layout, manifest, &arena, &image, err);

	if (r == 0)
		r = put_folder(out, "blobs/", err);
	if (r == 0)
		r = put_folder(out, "blobs/sha256/", err);
	if (r == 0)
		r = put_blobs(out, layout, &image, &arena, err);
	if (r == 0)
		r = put_index(out, manifest, name, &arena, err);
	if (r == 0)
		r = put_text(out, "oci-layout",
			     "{\"imageLayoutVersion\":\"" OCI_IMAGE_LAYOUT_VERSION "\"}", err);
	return r < 0 ? r : finish(out, err);
}

/* ---- docker-archive ------------------------------------------------------------------------------------------------------------------ */

static int fail_reader(struct archive *reader, const char *where, struct oci_error *err)
{
	const char *words = archive_error_string(reader);

	return err_set(err, EINVAL, "%s: %s", where, words ? words : "cannot be decompressed");
}

/* The filters of layer_read.c; below them no tar is looked for. */
static int open_reader(struct archive *reader, int fd)
{
	struct archive_entry *entry;

	if (archive_read_support_filter_gzip(reader) != ARCHIVE_OK ||
	    archive_read_support_filter_bzip2(reader) != ARCHIVE_OK ||
	    archive_read_support_filter_xz(reader) != ARCHIVE_OK ||
	    archive_read_support_filter_zstd(reader) != ARCHIVE_OK ||
	    archive_read_support_format_raw(reader) != ARCHIVE_OK)
		return -1;
	if (archive_read_open_fd(reader, fd, READ_SIZE) != ARCHIVE_OK)
		return -1;
	return archive_read_next_header(reader, &entry) == ARCHIVE_OK ? 0 : -1;
}

static int put_plain(struct out *out, struct archive *reader, const char *where,
		     struct oci_error *err)
{
	la_ssize_t n;
	int r = begin_entry(out, err);

	while (r == 0 && (n = archive_read_data(reader, out->buffer, READ_SIZE)) != 0)
		r = n < 0 ? fail_reader(reader, where, err) : add(out, out->buffer, (size_t)n, err);
	return r;
}

/* A layer without its compression, under the name of its diff id. */
static int put_layer(struct out *out, const struct layout *layout,
		     const struct oci_descriptor *layer, const struct digest *diff_id,
		     const char *name, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = -EBADF;
	struct digest blob, found;
	struct archive *reader;
	int r = blob_digest(layer->digest, layout->name, "layers", &blob, err);

	if (r < 0)
		return r;
	fd = layout_open_blob(layout, &blob, layer->size.value, err);
	if (fd < 0)
		return fd;
	reader = archive_read_new();
	if (!reader)
		return err_nomem(err);
	r = open_reader(reader, fd) < 0 ? fail_reader(reader, layer->digest, err)
					: put_plain(out, reader, layer->digest, err);
	archive_read_free(reader);
	if (r == 0)
		r = end_entry(out, name, &found, err);
	if (r == 0 && !digest_equal(&found, diff_id))
		r = err_set(
			err, EINVAL,
			"%s: %s: the uncompressed layer has another diff id than the config says",
			layout->name, layer->digest);
	return r;
}

static int put_list(struct out *out, struct oci_docker_image *list, struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL, *whole = NULL;
	int r = oci_docker_image_emit(list, 0, &text, NULL, err);

	if (r < 0)
		return r;
	if (asprintf(&whole, "[%s]", text) < 0) {
		whole = NULL;
		return err_nomem(err);
	}
	return put_text(out, "manifest.json", whole, err);
}

static int put_layers(struct out *out, const struct layout *layout, const struct image_docs *image,
		      struct oci_docker_image *list, struct oci_arena *arena, struct oci_error *err)
{
	size_t count = image->manifest->layers_len;
	char hex[DIGEST_HEX_LENGTH + 1];
	int r = 0;

	list->layers = oci_arena_array(arena, count + 1, sizeof(*list->layers));
	if (!list->layers)
		return err_nomem(err);
	for (size_t i = 0; i < count && r == 0; i++) {
		struct digest diff_id;
		bool twice = false;

		r = blob_digest(image->config->rootfs->diff_ids[i], layout->name, "diff_ids",
				&diff_id, err);
		if (r < 0)
			return r;
		list->layers[i] = oci_arena_printf(arena, "%s.tar", digest_hex(&diff_id, hex));
		if (!list->layers[i])
			return err_nomem(err);
		for (size_t j = 0; j < i; j++)
			twice |= strcmp(list->layers[i], list->layers[j]) == 0;
		if (!twice)
			r = put_layer(out, layout, &image->manifest->layers[i], &diff_id,
				      list->layers[i], err);
	}
	list->layers_len = count;
	return r;
}

static int write_docker(struct out *out, const struct layout *layout,
			const struct oci_descriptor *manifest, const char *name,
			struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char hex[DIGEST_HEX_LENGTH + 1], *tags[2] = { NULL, NULL };
	struct oci_docker_image list = { .repo_tags = tags };
	struct image_docs image;
	int r = layout_read_image(layout, manifest, &arena, &image, err);

	if (r < 0)
		return r;
	list.config = oci_arena_printf(&arena, "%s.json", digest_hex(&image.config_digest, hex));
	tags[0] = oci_arena_strdup(&arena, name ? name : "");
	list.repo_tags_len = name ? 1 : 0;
	if (!list.config || !tags[0])
		return err_nomem(err);
	r = put_blob(out, layout, list.config, &image.config_digest,
		     image.manifest->config->size.value, err);
	if (r == 0)
		r = put_layers(out, layout, &image, &list, &arena, err);
	if (r == 0)
		r = put_list(out, &list, err);
	return r < 0 ? r : finish(out, err);
}

static int write_archive(int (*write)(struct out *out, const struct layout *layout,
				      const struct oci_descriptor *manifest, const char *name,
				      struct oci_error *err),
			 const struct layout *layout, const struct oci_descriptor *manifest,
			 const char *name, const char *file, struct oci_error *err)
{
	struct out out = { .folder = -EBADF, .fd = -EBADF };
	int r = open_out(&out, file, err);

	if (r == 0)
		r = write(&out, layout, manifest, name, err);
	close_out(&out);
	return r;
}

int archive_write_oci(const struct layout *layout, const struct oci_descriptor *manifest,
		      const char *name, const char *file, struct oci_error *err)
{
	return write_archive(write_oci, layout, manifest, name, file, err);
}

int archive_write_docker(const struct layout *layout, const struct oci_descriptor *manifest,
			 const char *name, const char *file, struct oci_error *err)
{
	return write_archive(write_docker, layout, manifest, name, file, err);
}
