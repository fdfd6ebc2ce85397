/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logs.c - rotation of a file that others append to at this moment, see logs.h.
 *
 * Whoever writes has opened the file with O_APPEND, so what is in front of its end never changes and can be copied at leisure.
 * The cut is then one system call that the kernel orders against writes: FALLOC_FL_COLLAPSE_RANGE (ext4, xfs, overlay over
 * those) takes whole blocks out of the file, so its end moves and the next write goes to the new one. Where there is only
 * FALLOC_FL_PUNCH_HOLE (tmpfs, btrfs) the blocks become a hole: the log then begins where lseek(SEEK_DATA) says. Lines may
 * begin in FILE.1 and end in FILE; one behind the other they are what was written.
 *
 * The copy is FILE.0 until the cut is done. A FILE.0 that a crash left is what FILE still begins with (then the cut was not
 * done, and it goes), or it is not (then it becomes FILE.1).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/mem.h"
#include "scale/logs.h"

#define CHUNK 65536

struct rotation {
	const char *path;
	int fd;      /* of the log */
	off_t begin; /* where it begins: behind a hole */
	off_t end;   /* up to where it is cut: a multiple of the block's size */
};

int logs_open(const char *path, struct oci_error *err)
{
	/* by name: the supervisor's own folder */
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? err_sys(err, errno, "open the log %s", path) : fd;
}

off_t logs_begin(int fd)
{
	off_t begin = lseek(fd, 0, SEEK_DATA);

	/* ENXIO: nothing but a hole, or empty */
	if (begin < 0)
		begin = errno == ENXIO ? lseek(fd, 0, SEEK_END) : 0;
	return begin < 0 ? 0 : begin;
}

static char *numbered(const char *path, int64_t number)
{
	char *name = NULL;

	return asprintf(&name, "%s.%lld", path, (long long)number) < 0 ? NULL : name;
}

static int move(const char *path, int64_t from, int64_t to)
{
	CLEANUP_FREE char *old = numbered(path, from);
	CLEANUP_FREE char *new = numbered(path, to);

	if (!old || !new)
		return -ENOMEM;
	return rename(old, new) < 0 && errno != ENOENT ? -errno : 0;
}

static int drop(const char *path, int64_t number)
{
	CLEANUP_FREE char *name = numbered(path, number);

	if (!name)
		return -ENOMEM;
	return unlink(name) < 0 && errno != ENOENT ? -errno : 0;
}

/* FILE.0 becomes FILE.1, the others move up. */
static int shift(const char *path, int64_t max_files)
{
	int r = drop(path, max_files > 0 ? max_files : 0);

	for (int64_t i = max_files - 1; r == 0 && i >= 0; i--)
		r = move(path, i, i + 1);
	return r;
}

static int copy_front(const struct rotation *rotation, int to)
{
	off_t from = rotation->begin;

	while (from < rotation->end) {
		ssize_t n = sendfile(to, rotation->fd, &from, (size_t)(rotation->end - from));

		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
	}
	return 0;
}

static int make_copy(const struct rotation *rotation)
{
	CLEANUP_FREE char *name = numbered(rotation->path, 0);
	CLEANUP_CLOSE int to = -EBADF;
	int r;

	if (!name)
		return -ENOMEM;
	to = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (to < 0)
		return -errno;
	r = copy_front(rotation, to);
	if (r < 0)
		(void)unlink(name);
	return r;
}

static int cut(const struct rotation *rotation)
{
	if (rotation->begin == 0 &&
	    fallocate(rotation->fd, FALLOC_FL_COLLAPSE_RANGE, 0, rotation->end) == 0)
		return 0;
	if (rotation->begin == 0 && errno != EOPNOTSUPP && errno != EINVAL)
		return -errno;
	return fallocate(rotation->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			 rotation->end) < 0
		       ? -errno
		       : 0;
}

/* Does the log begin with what is in @copy? */
static int begins_with(int log, int copy)
{
	CLEANUP_FREE char *mine = malloc(CHUNK);
	CLEANUP_FREE char *theirs = malloc(CHUNK);
	off_t at = logs_begin(log), done = 0;

	if (!mine || !theirs)
		return -ENOMEM;
	for (;;) {
		ssize_t n = pread(copy, theirs, CHUNK, done);

		if (n <= 0)
			return n < 0 ? -errno : 1;
		if (pread(log, mine, (size_t)n, at + done) != n ||
		    memcmp(mine, theirs, (size_t)n) != 0)
			return 0;
		done += n;
	}
}

/* What a rotation that did not come to its end left. */
static int finish_left(const struct rotation *rotation, int64_t max_files)
{
	CLEANUP_FREE char *name = numbered(rotation->path, 0);
	CLEANUP_CLOSE int copy = -EBADF;
	int r;

	if (!name)
		return -ENOMEM;
	copy = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (copy < 0)
		return errno == ENOENT ? 0 : -errno;
	r = begins_with(rotation->fd, copy);
	if (r < 0)
		return r;
	return r ? drop(rotation->path, 0) : shift(rotation->path, max_files);
}

static int rotate(struct rotation *rotation, int64_t max_size, int64_t max_files)
{
	struct stat st;
	int r = finish_left(rotation, max_files);

	if (r < 0)
		return r;
	if (fstat(rotation->fd, &st) < 0)
		return -errno;
	rotation->begin = logs_begin(rotation->fd);
	if (st.st_size - rotation->begin <= max_size)
		return 0;
	/* not all of it: a range that reaches the end cannot be taken out, fallocate(2) */
	rotation->end = (st.st_size - 1) / st.st_blksize * st.st_blksize;
	if (rotation->end <= rotation->begin)
		return 0;
	r = max_files > 0 ? make_copy(rotation) : 0;
	if (r == 0) {
		r = cut(rotation);
		if (r < 0)
			(void)drop(rotation->path, 0);
	}
	if (r == 0 && max_files > 0)
		r = shift(rotation->path, max_files);
	return r < 0 ? r : 1;
}

int logs_rotate(const char *path, int64_t max_size, int64_t max_files, struct oci_error *err)
{
	struct rotation rotation = { .path = path };
	int r;

	/* by name: the supervisor's own folder */
	rotation.fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (rotation.fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "open the log %s", path);
	r = rotate(&rotation, max_size, max_files);
	fd_closep(&rotation.fd);
	if (r == -EOPNOTSUPP)
		return err_set_as(err, ERR_UNSUPPORTED, EOPNOTSUPP,
				  "rotate the log %s: its file system can cut nothing out of a "
				  "file (ext4, xfs, btrfs and tmpfs can)",
				  path);
	return r < 0 ? err_sys(err, -r, "rotate the log %s", path) : r;
}

static int remove_one(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	const char *base = ctx;
	size_t length = strlen(base);

	if (strncmp(name, base, length) != 0 ||
	    (name[length] && (name[length] != '.' || !name[length + 1] ||
			      name[length + 1 + strspn(name + length + 1, "0123456789")])))
		return 0;
	if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
		return err_sys(err, errno, "remove the log %s", name);
	return 0;
}

int logs_remove(const char *path, struct oci_error *err)
{
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
	CLEANUP_FREE char *folder =
		slash ? strndup(path, (size_t)(slash - path + (slash == path))) : strdup(".");
	CLEANUP_CLOSE int fd = -EBADF;

	if (!folder)
		return err_nomem(err);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, errno, "open %s", folder);
	return folder_each(fd, remove_one, (void *)base, err);
}
