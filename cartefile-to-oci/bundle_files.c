/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_files.c - see bundle_files.h.
 *
 * What is removed may be an unpacked image, so hostile: every step is by a folder's fd and one name, and links are
 * removed, never followed. An image is at most PATH_MAX deep, and so is this.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cartefile-to-oci/bundle_files.h"

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static DIR *open_dir(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !dir)
		fd_closep(&fd);
	return dir;
}

int bundle_files_empty(int folder)
{
	CLEANUP_CLOSEDIR DIR *dir = open_dir(folder, ".");
	const struct dirent *entry;

	if (!dir)
		return -errno;
	while (errno = 0, (entry = readdir(dir)))
		if (!is_dots(entry->d_name))
			return 0;
	return errno ? -errno : 1;
}

/* 1: removed; 0: it is a folder with something in it */
static int remove_one(int folder, const char *name)
{
	if (unlinkat(folder, name, 0) == 0)
		return 1;
	/* EPERM: unlink(2) of a folder by POSIX; Linux says EISDIR */
	if (errno != EISDIR && errno != EPERM)
		return errno == ENOENT ? 1 : -errno;
	if (unlinkat(folder, name, AT_REMOVEDIR) == 0)
		return 1;
	return errno == ENOTEMPTY || errno == EEXIST ? 0 : -errno;
}

/* Everything in the folder; folders with something in them one level deeper. */
static int empty_folder(int folder, const char *name)
{
	CLEANUP_CLOSEDIR DIR *dir = open_dir(folder, name);
	const struct dirent *entry;
	int r = 0;

	/* a folder that its owner may not read: it is ours, so we may change that */
	if (!dir && errno == EACCES && fchmodat(folder, name, 0700, 0) == 0)
		dir = open_dir(folder, name);
	if (!dir)
		return -errno;
	while (r >= 0 && (errno = 0, entry = readdir(dir))) {
		if (is_dots(entry->d_name))
			continue;
		r = remove_one(dirfd(dir), entry->d_name);
		if (r == -EACCES && fchmod(dirfd(dir), 0700) == 0)
			r = remove_one(dirfd(dir), entry->d_name);
		if (r == 0)
			r = bundle_files_remove(dirfd(dir), entry->d_name);
	}
	return r < 0 ? r : -errno;
}

int bundle_files_remove(int folder, const char *name)
{
	int r = remove_one(folder, name);

	if (r != 0)
		return r < 0 ? r : 0;
	r = empty_folder(folder, name);
	if (r < 0)
		return r;
	return unlinkat(folder, name, AT_REMOVEDIR) == 0 ? 0 : -errno;
}
