/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blob.c - blobs are written.
 *
 * A durable layout's blobs wait for layout_flush with their data, but without their name: a name on the disk always has its
 * data there. Writing out begins at once (sync_file_range), so that the flush, one for all, finds little to do.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/path.h"
#include "cartefile-to-oci/layout-private.h"

#define PENDING_MAX 32 /* open files */
#define COPY_SIZE ((size_t)256 << 10)

/* A file that becomes, or is to become, a blob. */
struct blob_file {
	int fd;
	char temp[TEMP_NAME_SIZE];
	struct digest digest;
	uint64_t size;
};

struct blob_writer {
	const struct layout *layout;
	struct blob_file file;
	struct digest_state state;
};

struct blob_pending {
	pthread_mutex_t lock;
	struct blob_file files[PENDING_MAX];
	size_t count;
};

static void file_drop(const struct layout *layout, struct blob_file *file)
{
	temp_remove(file->temp, layout->fd);
	fd_closep(&file->fd);
}

int blob_begin(const struct layout *layout, struct blob_writer **ret, struct oci_error *err)
{
	struct blob_writer *writer = calloc(1, sizeof(*writer));
	int r;

	if (!writer)
		return err_nomem(err);
	writer->layout = layout;
	writer->file.fd = temp_create(layout->fd, writer->file.temp);
	if (writer->file.fd == -EACCES || writer->file.fd == -EPERM || writer->file.fd == -EROFS)
		r = err_sys(err, -writer->file.fd,
			    "%s is not writable; name another place with --store or -o, or set "
			    "CARTE_STORE",
			    layout->name);
	else if (writer->file.fd < 0)
		r = err_sys(err, -writer->file.fd, "%s: make a blob", layout->name);
	else
		r = digest_begin(&writer->state, err);
	if (r < 0) {
		blob_abandon(writer);
		return r;
	}
	*ret = writer;
	return 0;
}

int blob_write(struct blob_writer *writer, const void *data, size_t length, struct oci_error *err)
{
	int r = io_write_all(writer->file.fd, data, length);

	if (r < 0)
		return err_sys(err, -r, "%s: write a blob", writer->layout->name);
	digest_add(&writer->state, data, length);
	writer->file.size += length;
	return 0;
}

void blob_abandon(struct blob_writer *writer)
{
	if (!writer)
		return;
	digest_abandon(&writer->state);
	file_drop(writer->layout, &writer->file);
	free(writer);
}

/* Give it its name. One that is there is the same, or damaged. */
static int file_publish(const struct layout *layout, struct blob_file *file, struct oci_error *err)
{
	char path[BLOB_PATH_SIZE];
	int r = temp_link(file->fd, file->temp, layout->fd, blob_path(&file->digest, path));

	if (r == -EEXIST) {
		/* not layout_has_blob: this one waits itself, and the lock is ours */
		if (layout_has_named_blob(layout, &file->digest, (int64_t)file->size) == 1)
			return 0;
		r = temp_replace(file->fd, file->temp, layout->fd, layout->fd, path);
	}
	return r < 0 ? err_sys(err, -r, "%s/%s", layout->name, path) : 0;
}

/* ---- pending ---------------------------------------------------------------------------------------------------------- */

int pending_create(struct layout *layout, struct oci_error *err)
{
	layout->pending = calloc(1, sizeof(*layout->pending));
	if (!layout->pending)
		return err_nomem(err);
	pthread_mutex_init(&layout->pending->lock, NULL);
	return 0;
}

void pending_destroy(struct layout *layout)
{
	struct blob_pending *pending = layout->pending;

	if (!pending)
		return;
	for (size_t i = 0; i < pending->count; i++)
		file_drop(layout, &pending->files[i]);
	pthread_mutex_destroy(&pending->lock);
	free(pending);
	layout->pending = NULL;
}

static struct blob_file *pending_find(struct blob_pending *pending, const struct digest *digest)
{
	for (size_t i = 0; i < pending->count; i++)
		if (digest_equal(&pending->files[i].digest, digest))
			return &pending->files[i];
	return NULL;
}

int pending_open(const struct layout *layout, const struct digest *digest)
{
	struct blob_file *file;
	char proc[32];
	int fd = -ENOENT;

	if (!layout->pending)
		return -ENOENT;
	pthread_mutex_lock(&layout->pending->lock);
	file = pending_find(layout->pending, digest);
	if (file) {
		/* not dup(2): the reader needs a position of its own */
		fd = open(path_fd_link(file->fd, proc), O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			fd = -errno;
	}
	pthread_mutex_unlock(&layout->pending->lock);
	return fd;
}

/* All data first: one commit of the file system's journal then does for all of them. */
static int pending_flush(const struct layout *layout, struct blob_pending *pending,
			 struct oci_error *err)
{
	CLEANUP_CLOSE int folder = -EBADF;
	int r = 0;

	if (pending->count == 0)
		return 0;
	for (size_t i = 0; i < pending->count && r == 0; i++)
		if (fsync(pending->files[i].fd))
			r = err_sys(err, errno, "%s: flush a blob", layout->name);
	for (size_t i = 0; i < pending->count && r == 0; i++)
		r = file_publish(layout, &pending->files[i], err);
	if (r < 0)
		return r;
	folder = openat(layout->fd, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || fsync(folder))
		return err_sys(err, errno, "%s/blobs/sha256: flush", layout->name);
	while (pending->count > 0)
		file_drop(layout, &pending->files[--pending->count]);
	return 0;
}

int layout_flush(const struct layout *layout, struct oci_error *err)
{
	int r;

	if (!layout->pending)
		return 0;
	pthread_mutex_lock(&layout->pending->lock);
	r = pending_flush(layout, layout->pending, err);
	pthread_mutex_unlock(&layout->pending->lock);
	return r;
}

/* Takes the file over when it returns 0. */
static int pending_add(const struct layout *layout, struct blob_file *file, struct oci_error *err)
{
	struct blob_pending *pending = layout->pending;
	int r = 0;

	blob_mark(file->fd, &file->digest);
	(void)sync_file_range(file->fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* early, not for sure */
	pthread_mutex_lock(&pending->lock);
	if (pending->count == PENDING_MAX)
		r = pending_flush(layout, pending, err);
	if (r == 0) {
		pending->files[pending->count++] = *file;
		file->fd = -EBADF;
		file->temp[0] = '\0';
	}
	pthread_mutex_unlock(&pending->lock);
	return r;
}

/* ---- whole blobs --------------------------------------------------------------------------------------------------------- */

/* @file->digest is known, the blob is not there. */
static int file_commit(const struct layout *layout, struct blob_file *file, struct oci_error *err)
{
	if (layout_has_blob(layout, &file->digest, (int64_t)file->size) == 1)
		return 0;
	return layout->pending ? pending_add(layout, file, err) : file_publish(layout, file, err);
}

int blob_commit(struct blob_writer *writer, struct digest *ret_digest, uint64_t *ret_size,
		struct oci_error *err)
{
	int r;

	digest_end(&writer->state, &writer->file.digest);
	r = file_commit(writer->layout, &writer->file, err);
	if (r == 0) {
		*ret_digest = writer->file.digest;
		if (ret_size)
			*ret_size = writer->file.size;
	}
	blob_abandon(writer);
	return r;
}

int blob_put(const struct layout *layout, const void *data, size_t length,
	     struct digest *ret_digest, struct oci_error *err)
{
	struct blob_writer *writer;
	struct digest digest;
	int r = digest_of(data, length, &digest, err);

	if (r < 0)
		return r;
	if (layout_has_blob(layout, &digest, (int64_t)length) == 1) {
		*ret_digest = digest;
		return 0;
	}
	r = blob_begin(layout, &writer, err);
	if (r < 0)
		return r;
	r = blob_write(writer, data, length, err);
	if (r < 0) {
		blob_abandon(writer);
		return r;
	}
	return blob_commit(writer, ret_digest, NULL, err);
}

static int copy_bytes(int from, struct blob_writer *writer, struct oci_error *err)
{
	bool cloned = ioctl(writer->file.fd, FICLONE, from) == 0;
	CLEANUP_FREE char *buffer = malloc(COPY_SIZE);
	ssize_t n;

	if (!buffer)
		return err_nomem(err);
	while ((n = RETRY_EINTR(read(from, buffer, COPY_SIZE))) > 0) {
		int r = 0;

		if (!cloned) {
			r = blob_write(writer, buffer, (size_t)n, err);
			if (r < 0)
				return r;
			continue;
		}
		digest_add(&writer->state, buffer, (size_t)n);
		writer->file.size += (size_t)n;
	}
	return n < 0 ? err_sys(err, errno, "read") : 0;
}

int layout_copy_blob(const struct layout *from, const struct layout *to,
		     const struct digest *digest, int64_t size, struct oci_error *err)
{
	char path[BLOB_PATH_SIZE];
	CLEANUP_CLOSE int fd = -EBADF;
	struct blob_writer *writer;
	int r = layout_has_blob(to, digest, size);

	if (r != 0)
		return r < 0 ? err_sys(err, -r, "%s/%s", to->name, blob_path(digest, path)) : 0;
	fd = layout_open_blob(from, digest, size, err);
	if (fd < 0)
		return fd;
	r = blob_begin(to, &writer, err);
	if (r < 0)
		return r;
	r = copy_bytes(fd, writer, err);
	if (r < 0) {
		err_prefix(err, "%s/%s: ", from->name, blob_path(digest, path));
	} else {
		digest_end(&writer->state, &writer->file.digest);
		if (!digest_equal(&writer->file.digest, digest))
			r = err_set(err, EINVAL, "%s/%s: the content has another digest",
				    from->name, blob_path(digest, path));
		else
			r = file_commit(to, &writer->file, err);
	}
	blob_abandon(writer);
	return r;
}
