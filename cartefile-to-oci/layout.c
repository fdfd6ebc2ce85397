/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout.c - a layout is opened or made, and its blobs are read.
 *
 * What others wrote may be hostile: a blob is a regular file by its own name, never a link, and never opened so that it could
 * block.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cartefile-to-oci/layout-private.h"

#define EMPTY_INDEX \
	"{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_TYPE_INDEX "\",\"manifests\":[]}"
#define LAYOUT_FILE "{\"imageLayoutVersion\":\"" OCI_IMAGE_LAYOUT_VERSION "\"}"

char *blob_path(const struct digest *digest, char buf[BLOB_PATH_SIZE])
{
	memcpy(buf, "blobs/sha256/", sizeof("blobs/sha256/"));
	digest_hex(digest, buf + sizeof("blobs/sha256/") - 1);
	return buf;
}

int blob_digest(const char *text, const char *where, const char *what, struct digest *ret,
		struct oci_error *err)
{
	int r = digest_parse(text, ret);

	if (r == -EOPNOTSUPP)
		return err_set(err, EOPNOTSUPP, "%s: %s: digest %s: only sha256 is supported",
			       where, what, text);
	return r < 0 ? err_set(err, -r, "%s: %s: '%s' is no digest", where, what, text) : 0;
}

/* ---- opening ---------------------------------------------------------------------------------------------------------------- */

/* by name: the user's own path, `mkdir -p` */
static int make_folders(const char *path, struct oci_error *err)
{
	CLEANUP_FREE char *copy = strdup(path);

	if (!copy)
		return err_nomem(err);
	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0755) && errno != EEXIST)
			return err_sys(err, errno, "make the folder %s", copy);
		*p = '/';
	}
	if (mkdir(copy, 0755) && errno != EEXIST)
		return err_sys(err, errno, "make the folder %s", copy);
	return 0;
}

static bool is_foreign(const char *name)
{
	return strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       strcmp(name, "lost+found") != 0 &&
	       strncmp(name, TEMP_PREFIX, strlen(TEMP_PREFIX)) != 0;
}

/* Only an empty folder becomes a layout: nobody wants theirs among other files by a slip. */
static int check_empty(const struct layout *layout, struct oci_error *err)
{
	CLEANUP_CLOSEDIR DIR *dir = NULL;
	struct dirent *entry;
	int fd = openat(layout->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!dir) {
		int r = err_sys(err, errno, "%s", layout->name);

		fd_closep(&fd);
		return r;
	}
	while ((entry = readdir(dir)))
		if (is_foreign(entry->d_name) && faccessat(layout->fd, "oci-layout", F_OK, 0))
			return err_set(err, EINVAL,
				       "%s: is no OCI image layout: it holds '%s' and no "
				       "oci-layout; name a new or empty folder",
				       layout->name, entry->d_name);
	return 0;
}

static int make_file(const struct layout *layout, const char *name, const char *text,
		     struct oci_error *err)
{
	char temp[TEMP_NAME_SIZE];
	CLEANUP_CLOSE int fd = -EBADF;
	int r;

	if (!faccessat(layout->fd, name, F_OK, AT_SYMLINK_NOFOLLOW))
		return 0;
	fd = temp_create(layout->fd, temp);
	r = fd < 0 ? fd : io_write_all(fd, text, strlen(text));
	if (r == 0 && layout->durable && fsync(fd))
		r = -errno;
	if (r == 0)
		r = temp_link(fd, temp, layout->fd, name);
	temp_remove(temp, layout->fd);
	/* another process made it meanwhile */
	return r < 0 && r != -EEXIST ? err_sys(err, -r, "%s/%s", layout->name, name) : 0;
}

static int make_blobs(const struct layout *layout, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = -EBADF;

	if (!faccessat(layout->fd, "blobs/sha256", F_OK, 0))
		return 0;
	if ((mkdirat(layout->fd, "blobs", 0755) && errno != EEXIST) ||
	    (mkdirat(layout->fd, "blobs/sha256", 0755) && errno != EEXIST))
		return err_sys(err, errno, "%s/blobs/sha256", layout->name);
	if (!layout->durable)
		return 0;
	fd = openat(layout->fd, "blobs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) || fsync(layout->fd))
		return err_sys(err, errno, "%s: flush", layout->name);
	return 0;
}

static int make(const struct layout *layout, struct oci_error *err)
{
	int r = 0;

	if (faccessat(layout->fd, "oci-layout", F_OK, 0))
		r = check_empty(layout, err);
	if (r == 0)
		r = make_file(layout, "oci-layout", LAYOUT_FILE, err);
	if (r == 0)
		r = make_file(layout, "index.json", EMPTY_INDEX, err);
	if (r == 0)
		r = make_blobs(layout, err);
	if (r == 0)
		(void)temp_sweep(layout->fd, false);
	return r;
}

static int check_version(const struct layout *layout, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_image_layout *document;
	char *text, *name;
	size_t length;
	int r = io_read_at(layout->fd, "oci-layout", LAYOUT_DOCUMENT_MAX, &arena, &text, &length);

	if (r == -ENOENT)
		return err_set(err, EINVAL, "%s: is no OCI image layout: it has no file oci-layout",
			       layout->name);
	if (r < 0)
		return err_sys(err, -r, "%s/oci-layout", layout->name);
	name = oci_arena_printf(&arena, "%s/oci-layout", layout->name);
	if (!name)
		return err_nomem(err);
	r = oci_image_layout_parse(&arena, name, text, length, &document, err);
	if (r < 0)
		return r;
	if (strcmp(document->image_layout_version, OCI_IMAGE_LAYOUT_VERSION) != 0)
		return err_set(err, EOPNOTSUPP,
			       "%s: imageLayoutVersion: expected " OCI_IMAGE_LAYOUT_VERSION
			       ", got '%s'",
			       name, document->image_layout_version);
	return 0;
}

static int open_folder(struct layout *layout, const char *path, struct oci_error *err)
{
	layout->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (layout->fd >= 0)
		return 0;
	if (errno == ENOTDIR)
		return err_set(err, ENOTDIR, "%s: is no OCI image layout: not a folder", path);
	return err_sys(err, errno, "%s", path);
}

int layout_open(struct layout *layout, const char *path, unsigned flags, struct oci_error *err)
{
	int r;

	*layout = (struct layout)LAYOUT_INIT;
	layout->durable = flags & LAYOUT_DURABLE;
	layout->name = strdup(path);
	r = layout->name ? 0 : err_nomem(err);
	if (r == 0 && (flags & LAYOUT_CREATE) && access(path, F_OK))
		r = make_folders(path, err);
	if (r == 0)
		r = open_folder(layout, path, err);
	if (r == 0 && (flags & LAYOUT_CREATE))
		r = make(layout, err);
	if (r == 0)
		r = check_version(layout, err);
	if (r == 0 && layout->durable)
		r = pending_create(layout, err);
	if (r < 0)
		layout_close(layout);
	return r;
}

void layout_close(struct layout *layout)
{
	pending_destroy(layout);
	fd_closep(&layout->fd);
	mem_freep(&layout->name);
}

int layout_lock(const struct layout *layout, struct oci_error *err)
{
	/* opened anew: a lock belongs to the open file, and threads share layout->fd */
	CLEANUP_CLOSE int fd = openat(layout->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || RETRY_EINTR(flock(fd, LOCK_EX)))
		return err_sys(err, errno, "%s: lock", layout->name);
	return TAKE_FD(fd);
}

/* ---- blobs -------------------------------------------------------------------------------------------------------------------- */

static int stat_blob(const struct layout *layout, const struct digest *digest, int64_t size,
		     struct stat *ret)
{
	char path[BLOB_PATH_SIZE];

	if (fstatat(layout->fd, blob_path(digest, path), ret, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	return S_ISREG(ret->st_mode) && (size < 0 || ret->st_size == size);
}

int layout_lists_blob(const struct layout *layout, const struct digest *digest, int64_t size)
{
	struct stat st;

	return stat_blob(layout, digest, size, &st);
}

int layout_has_named_blob(const struct layout *layout, const struct digest *digest, int64_t size)
{
	char path[BLOB_PATH_SIZE];
	struct stat st;
	int r = stat_blob(layout, digest, size, &st);

	if (r <= 0 || !layout->durable)
		return r;
	return blob_check(layout->fd, blob_path(digest, path), digest, &st);
}

int layout_has_blob(const struct layout *layout, const struct digest *digest, int64_t size)
{
	CLEANUP_CLOSE int fd = pending_open(layout, digest);
	struct stat st;

	if (fd < 0)
		return layout_has_named_blob(layout, digest, size);
	if (fstat(fd, &st))
		return -errno;
	return size < 0 || st.st_size == size;
}

int layout_open_blob(const struct layout *layout, const struct digest *digest, int64_t size,
		     struct oci_error *err)
{
	char path[BLOB_PATH_SIZE];
	CLEANUP_CLOSE int fd = pending_open(layout, digest);
	struct stat st;

	blob_path(digest, path);
	if (fd < 0)
		fd = openat(layout->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ELOOP)
		return err_set(err, EINVAL, "%s/%s: is no regular file", layout->name, path);
	if (fd < 0)
		return err_sys(err, errno, "%s/%s", layout->name, path);
	if (fstat(fd, &st))
		return err_sys(err, errno, "%s/%s", layout->name, path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "%s/%s: is no regular file", layout->name, path);
	if (size >= 0 && st.st_size != size)
		return err_set(err, EINVAL, "%s/%s: expected %lld bytes, there are %lld",
			       layout->name, path, (long long)size, (long long)st.st_size);
	return TAKE_FD(fd);
}

int layout_read_blob(const struct layout *layout, const struct digest *digest, int64_t size,
		     struct oci_arena *arena, char **ret_text, size_t *ret_length,
		     struct oci_error *err)
{
	char path[BLOB_PATH_SIZE];
	CLEANUP_CLOSE int fd = -EBADF;
	struct digest read;
	size_t length;
	char *text;
	int r;

	if (size > (int64_t)LAYOUT_DOCUMENT_MAX)
		return err_set(err, EFBIG, "%s/%s: a document of %lld bytes; at most 4 MiB",
			       layout->name, blob_path(digest, path), (long long)size);
	fd = layout_open_blob(layout, digest, size, err);
	if (fd < 0)
		return fd;
	blob_path(digest, path);
	r = io_read_fd(fd, LAYOUT_DOCUMENT_MAX, arena, &text, &length);
	if (r == -EFBIG)
		return err_set(err, EFBIG, "%s/%s: a document of more than 4 MiB", layout->name,
			       path);
	if (r < 0)
		return err_sys(err, -r, "%s/%s", layout->name, path);
	r = digest_of(text, length, &read, err);
	if (r < 0)
		return r;
	if (!digest_equal(&read, digest))
		return err_set(err, EINVAL, "%s/%s: the content has another digest", layout->name,
			       path);
	*ret_text = text;
	*ret_length = length;
	return 0;
}
