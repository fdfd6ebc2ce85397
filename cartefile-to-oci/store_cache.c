/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_cache.c - what can be made again: records, unpacked layers, explanations.
 *
 * A record is a line with the digest of its kind, key and text, and the text. It is not flushed: after a crash it is whole or
 * it is none. Nor does one go over another: ext4 would flush it (auto_da_alloc), which takes longer than a small image.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cartefile-to-oci/store-private.h"

#define HEADER_LENGTH (DIGEST_HEX_LENGTH + 1)
#define DAY ((time_t)86400)

static bool is_kind(const char *kind)
{
	return kind[0] && !kind[strspn(kind, "abcdefghijklmnopqrstuvwxyz-")];
}

static int record_digest(const char *kind, const struct digest *key, const void *data,
			 size_t length, struct digest *ret, struct oci_error *err)
{
	struct digest_state state;
	int r = digest_begin(&state, err);

	if (r < 0)
		return r;
	digest_add(&state, kind, strlen(kind) + 1);
	digest_add(&state, key->bytes, sizeof(key->bytes));
	digest_add(&state, data, length);
	digest_end(&state, ret);
	return 0;
}

static int store_file_replace(const struct store *store, int folder, const char *name,
			      const void *data, size_t length, bool durable)
{
	CLEANUP_CLOSE int temp =
		openat(store->layout.fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return temp < 0 ? -errno : file_replace(temp, folder, name, data, length, durable);
}

bool hex_parse(const char *name, const char *rest, struct digest *ret)
{
	char text[DIGEST_TEXT_SIZE];
	size_t length = strlen(name);

	if (length < DIGEST_HEX_LENGTH || strcmp(name + DIGEST_HEX_LENGTH, rest) != 0)
		return false;
	snprintf(text, sizeof(text), "sha256:%.*s", DIGEST_HEX_LENGTH, name);
	return digest_parse(text, ret) == 0;
}

int record_check(int dirfd, const char *kind, const struct digest *key, char **ret_text,
		 size_t *ret_length)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char hex[DIGEST_HEX_LENGTH + 1], *text;
	CLEANUP_CLOSE int fd =
		openat(dirfd, digest_hex(key, hex), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct digest promised, found;
	struct stat st;
	size_t length;
	int r;

	if (fd < 0)
		return -errno;
	r = io_read_fd(fd, RECORD_MAX, &arena, &text, &length);
	if (r < 0)
		return r == -EISDIR || r == -EFBIG ? -EINVAL : r;
	if (length < HEADER_LENGTH || text[DIGEST_HEX_LENGTH] != '\n')
		return -EINVAL;
	text[DIGEST_HEX_LENGTH] = '\0';
	if (!hex_parse(text, "", &promised))
		return -EINVAL;
	text += HEADER_LENGTH;
	length -= HEADER_LENGTH;
	r = record_digest(kind, key, text, length, &found, NULL);
	if (r < 0)
		return r;
	if (!digest_equal(&promised, &found))
		return -EINVAL;
	if (!ret_text)
		return 0;
	*ret_text = malloc(length + 1);
	if (!*ret_text)
		return -ENOMEM;
	memcpy(*ret_text, text, length + 1);
	*ret_length = length;
	/* when it was used last, by the day: for gc */
	if (!fstat(fd, &st) && st.st_mtime < time(NULL) - DAY)
		(void)futimens(fd, NULL);
	return 0;
}

int store_cache_get(const struct store *store, const char *kind, const struct digest *key,
		    char **ret, size_t *ret_length, struct oci_error *err)
{
	char path[64];
	CLEANUP_CLOSE int folder = -EBADF;
	int r;

	if (!is_kind(kind))
		return err_set(err, EINVAL, "'%s' is no kind of record", kind);
	snprintf(path, sizeof(path), "cache/%.50s", kind);
	folder = openat(store->layout.fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "%s/%s", store->path, path);
	r = record_check(folder, kind, key, ret, ret_length);
	if (r == -ENOENT || r == -EINVAL || r == -ELOOP)
		return 0;
	return r < 0 ? err_sys(err, -r, "%s/%s: read a record", store->path, path) : 1;
}

static int put_record(const struct store *store, int folder, const char *name, const char *text,
		      size_t length)
{
	if (io_same_at(folder, name, text, length) && utimensat(folder, name, NULL, 0) == 0)
		return 0;
	if (unlinkat(folder, name, 0) && errno != ENOENT)
		return -errno;
	return store_file_replace(store, folder, name, text, length, false);
}

int store_cache_put(const struct store *store, const char *kind, const struct digest *key,
		    const void *data, size_t length, struct oci_error *err)
{
	char path[64], hex[DIGEST_HEX_LENGTH + 1];
	CLEANUP_CLOSE int folder = -EBADF;
	CLEANUP_FREE char *text = NULL;
	struct digest digest;
	int r;

	if (!is_kind(kind))
		return err_set(err, EINVAL, "'%s' is no kind of record", kind);
	if (length > RECORD_MAX - HEADER_LENGTH)
		return err_set(err, EFBIG, "a record of %zu bytes", length);
	r = record_digest(kind, key, data, length, &digest, err);
	if (r < 0)
		return r;
	text = malloc(length + HEADER_LENGTH);
	if (!text)
		return err_nomem(err);
	digest_hex(&digest, text);
	text[DIGEST_HEX_LENGTH] = '\n';
	memcpy(text + HEADER_LENGTH, data, length);
	snprintf(path, sizeof(path), "cache/%.50s", kind);
	if (mkdirat(store->layout.fd, path, 0755) && errno != EEXIST)
		return err_sys(err, errno, "%s/%s", store->path, path);
	folder = store_folder(store, path, err);
	if (folder < 0)
		return folder;
	r = put_record(store, folder, digest_hex(key, hex), text, length + HEADER_LENGTH);
	return r < 0 ? err_sys(err, -r, "%s/%s/%s", store->path, path, hex) : 0;
}

/* ---- unpacked layers ---------------------------------------------------------------------------------------------------------- */

static void layer_path(const struct digest *diff_id, char path[BLOB_PATH_SIZE])
{
	memcpy(path, "layers/", sizeof("layers/"));
	digest_hex(diff_id, path + sizeof("layers/") - 1);
}

int store_layer(const struct store *store, const struct digest *diff_id)
{
	char path[BLOB_PATH_SIZE];
	int fd;

	layer_path(diff_id, path);
	fd = openat(store->layout.fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int store_layer_publish(const struct store *store, const char *folder, const struct digest *diff_id,
			struct oci_error *err)
{
	CLEANUP_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_CLOSE int layers = -EBADF;
	char path[BLOB_PATH_SIZE];

	/* thousands of files: one flush of the file system, not one of each */
	if (fd < 0 || syncfs(fd))
		return err_sys(err, errno, "%s", folder);
	layer_path(diff_id, path);
	if (renameat(AT_FDCWD, folder, store->layout.fd, path)) {
		if (errno == ENOTEMPTY || errno == EEXIST)
			return 0;
		return err_sys(err, errno, "%s/%s", store->path, path);
	}
	layers = store_folder(store, "layers", err);
	if (layers < 0)
		return layers;
	return fsync(layers) ? err_sys(err, errno, "%s/layers: flush", store->path) : 0;
}

/* ---- explanations --------------------------------------------------------------------------------------------------------------- */

static void explain_name(const struct digest *manifest, char name[BLOB_PATH_SIZE])
{
	digest_hex(manifest, name);
	memcpy(name + DIGEST_HEX_LENGTH, ".json", sizeof(".json"));
}

int store_explain_put(const struct store *store, const struct digest *manifest, const void *text,
		      size_t length, struct oci_error *err)
{
	CLEANUP_CLOSE int folder = store_folder(store, "explain", err);
	char name[BLOB_PATH_SIZE];
	int r;

	if (folder < 0)
		return folder;
	explain_name(manifest, name);
	r = store_file_replace(store, folder, name, text, length, true);
	return r < 0 ? err_sys(err, -r, "%s/explain/%s", store->path, name) : 0;
}

int store_explain_get(const struct store *store, const struct digest *manifest,
		      struct oci_arena *arena, char **ret_text, size_t *ret_length,
		      struct oci_error *err)
{
	CLEANUP_CLOSE int folder = store_folder(store, "explain", err);
	char name[BLOB_PATH_SIZE];
	int r;

	if (folder < 0)
		return folder;
	explain_name(manifest, name);
	r = io_read_at(folder, name, RECORD_MAX, arena, ret_text, ret_length);
	return r < 0 ? err_sys(err, -r, "%s/explain/%s", store->path, name) : 0;
}
