/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tmpcopyup.c - a tmpfs that starts with what the image had at its mount point.
 *
 * Both trees are walked by fds and no link is followed: the image is hostile,
 * and nothing that it contains may make us read or write elsewhere.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "runtime/rootfs-private.h"

#define DEPTH_MAX 128
#define CHUNK (1 << 20)

static int copy_folder(int from, int to, int depth, struct oci_error *err);

/* tmpfs takes few namespaces of xattrs, and fewer from a user namespace: what it refuses is left out. */
static void copy_xattrs(int from, int to)
{
	CLEANUP_FREE char *value = NULL;
	char names[4096];
	ssize_t n = flistxattr(from, names, sizeof(names));

	for (char *name = names; n > 0 && name < names + n; name += strlen(name) + 1) {
		ssize_t size;

		if (!value) {
			value = malloc(XATTR_SIZE_MAX);
			if (!value)
				return;
		}
		size = fgetxattr(from, name, value, XATTR_SIZE_MAX);
		if (size >= 0)
			(void)fsetxattr(to, name, value, (size_t)size, 0);
	}
}

static int copy_meta(int to, const struct stat *st)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };

	/* chown first: it clears set-id bits */
	if (fchown(to, st->st_uid, st->st_gid) < 0 || fchmod(to, st->st_mode & 07777) < 0 ||
	    futimens(to, times) < 0)
		return -errno;
	return 0;
}

static int copy_file(int dir, int todir, const char *name, const struct stat *st)
{
	CLEANUP_CLOSE int from = -1;
	CLEANUP_CLOSE int to = -1;
	ssize_t n;

	/* O_NONBLOCK: should it have become a fifo meanwhile */
	from = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (from < 0)
		return -errno;
	to = openat(todir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return -errno;
	while ((n = RETRY_EINTR(sendfile(to, from, NULL, CHUNK))) > 0)
		;
	if (n < 0)
		return -errno;
	copy_xattrs(from, to);
	return copy_meta(to, st);
}

static int copy_link(int dir, int todir, const char *name, const struct stat *st)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (symlinkat(target, todir, name) < 0 ||
	    fchownat(todir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    utimensat(todir, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int copy_node(int todir, const char *name, const struct stat *st)
{
	if (mknodat(todir, name, st->st_mode & (S_IFMT | 07777), st->st_rdev) < 0)
		return errno == EPERM
			       ? 0
			       : -errno; /* a device in a user namespace: it would not work there */
	if (fchownat(todir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return 0;
}

static int copy_subfolder(int dir, int todir, const char *name, int depth, struct oci_error *err)
{
	CLEANUP_CLOSE int from = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	CLEANUP_CLOSE int to = -1;

	if (from < 0)
		return -errno;
	if (mkdirat(todir, name, 0700) < 0)
		return -errno;
	to = openat(todir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return -errno;
	return copy_folder(from, to, depth + 1, err);
}

static int copy_entry(int dir, int todir, const char *name, int depth, struct oci_error *err)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return copy_subfolder(dir, todir, name, depth, err);
	if (S_ISREG(st.st_mode))
		return copy_file(dir, todir, name, &st);
	if (S_ISLNK(st.st_mode))
		return copy_link(dir, todir, name, &st);
	return copy_node(todir, name, &st);
}

static int copy_folder(int from, int to, int depth, struct oci_error *err)
{
	CLEANUP_CLOSEDIR DIR *entries = NULL;
	struct dirent *entry;
	struct stat st;
	int fd, r;

	if (depth > DEPTH_MAX)
		return -ELOOP;
	if (fstat(from, &st) < 0)
		return -errno;
	fd = dup(from);
	if (fd < 0)
		return -errno;
	entries = fdopendir(fd);
	if (!entries) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	while ((errno = 0, entry = readdir(entries))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		r = copy_entry(from, to, entry->d_name, depth, err);
		if (r < 0)
			return err_sys(err, -r, "tmpcopyup: copy %s", entry->d_name);
	}
	if (errno)
		return -errno;
	copy_xattrs(from, to);
	/* the top keeps the mode and owner that mode=, uid= and gid= gave it */
	return depth ? copy_meta(to, &st) : 0;
}

int tmpcopyup(int from, int to, struct oci_error *err)
{
	CLEANUP_CLOSE int in = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP_CLOSE int out = openat(to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (in < 0 || out < 0)
		return err_sys(err, errno, "tmpcopyup: open the folder");
	r = copy_folder(in, out, 0, err);
	return r < 0 ? err_sys(err, -r, "tmpcopyup") : 0;
}
