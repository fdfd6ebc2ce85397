/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder.c - see folder.h.
 *
 * What a folder holds comes from images and containers: modes that forbid, and folders deeper than any stack or path. So a
 * folder that is not empty moves up to the top before its turn comes, and two open folders are enough.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/mem.h"

int folder_each(int dirfd,
		int (*visit)(void *ctx, int dirfd, const char *name, struct oci_error *err),
		void *ctx, struct oci_error *err)
{
	CLEANUP_CLOSEDIR DIR *dir = NULL;
	struct dirent *entry;
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!dir) {
		r = err_sys(err, errno, "read a folder");
		fd_closep(&fd);
		return r;
	}
	while (r >= 0 && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = visit(ctx, dirfd, entry->d_name, err);
	return r < 0 ? r : 0;
}

static int open_folder(int dirfd, const char *name)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dirfd, name, flags);

	if (fd < 0 && errno == EACCES && !fchmodat(dirfd, name, 0700, 0))
		fd = openat(dirfd, name, flags);
	if (fd < 0)
		return -errno;
	(void)fchmod(fd,
		     0700); /* to write in it; when that is not ours to do, the unlink says so */
	return fd;
}

struct removal {
	int top;
	unsigned count;
	size_t left; /* entries that are there still */
};

/* Move a folder to the top, under a name that is free there. */
static int move_up(struct removal *removal, int dirfd, const char *name)
{
	bool opened = false;

	while (removal->count < UINT_MAX) {
		char fresh[32];

		snprintf(fresh, sizeof(fresh), ".r-%u", removal->count++);
		if (!renameat2(dirfd, name, removal->top, fresh, RENAME_NOREPLACE))
			return 0;
		/* a file system without the flag; to replace an empty folder is fine */
		if (errno == EINVAL && !renameat(dirfd, name, removal->top, fresh))
			return 0;
		if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR)
			continue;
		/* a folder that moves gets another "..", for which it must be writable */
		if (errno != EACCES || opened || fchmodat(dirfd, name, 0700, 0))
			return -errno;
		opened = true;
	}
	return -EEXIST;
}

static int remove_below(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	(void)err;
	if (!unlinkat(dirfd, name, 0))
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (!unlinkat(dirfd, name, AT_REMOVEDIR))
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -errno;
	return move_up(ctx, dirfd, name);
}

static int remove_at_top(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = -EBADF;
	struct removal *removal = ctx;
	int r;

	removal->left++;
	if (!unlinkat(dirfd, name, 0) || !unlinkat(dirfd, name, AT_REMOVEDIR))
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -errno;
	fd = open_folder(dirfd, name);
	if (fd < 0)
		return fd;
	r = folder_each(fd, remove_below, removal, err);
	if (r == 0 && unlinkat(dirfd, name, AT_REMOVEDIR) && errno != ENOTEMPTY)
		r = -errno;
	return r;
}

int folder_remove(int dirfd, const char *name)
{
	CLEANUP_CLOSE int fd = -EBADF;
	struct removal removal = { .left = 1 };
	int r = 0;

	if (!unlinkat(dirfd, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	fd = open_folder(dirfd, name);
	if (fd < 0)
		return fd;
	removal.top = fd;
	/* what moved up while the folder was read may or may not have been seen */
	while (r == 0 && removal.left > 0) {
		removal.left = 0;
		r = folder_each(fd, remove_at_top, &removal, NULL);
	}
	if (r == 0 && unlinkat(dirfd, name, AT_REMOVEDIR))
		r = -errno;
	return r;
}

int folder_make_parents(const char *path, struct oci_error *err)
{
	char part[PATH_MAX];
	size_t length = strlen(path);

	if (length >= sizeof(part))
		return err_set(err, ENAMETOOLONG, "%s: the path is too long", path);
	memcpy(part, path, length + 1);
	for (char *at = strchr(part + 1, '/'); at; at = strchr(at + 1, '/')) {
		*at = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return err_sys(err, errno, "make folder %s", part);
		*at = '/';
	}
	return 0;
}

int folder_make(const char *path, mode_t mode, struct oci_error *err)
{
	int r = folder_make_parents(path, err);

	if (r < 0)
		return r;
	return mkdir(path, mode) < 0 && errno != EEXIST
		       ? err_sys(err, errno, "make folder %s", path)
		       : 0;
}
