/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replica_volume.c - a new volume begins as what the image has at its place.
 *
 * The image's layers are mounted as one overlay, read-only and nowhere: the mount is an fd, so that nothing can be left
 * behind and nobody else sees it. What the image holds is hostile: links in the way to the folder are followed inside
 * it (path.h), links in the folder are copied as links.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/folder.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"
#include "scale/replica_config-private.h"

#define DEPTH_MAX 64

/* ---- the image as one tree ------------------------------------------------------------------------------------------ */

/* "lowerdir+" (6.5) takes one layer each, of any name. */
static int name_layers(int fs, char *const *layers, size_t count)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = sys_fsconfig_string(fs, "lowerdir+", layers[i]);
	return r;
}

/* Before that, one string of 255 bytes: names by way of fds are short enough for a dozen layers. */
static int link_layers(int fs, const int *fds, size_t count)
{
	char text[256], link[32];
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		int n = snprintf(text + used, sizeof(text) - used, "%s%s", i ? ":" : "",
				 path_fd_link(fds[i], link));

		if (n < 0 || (size_t)n >= sizeof(text) - used)
			return -E2BIG;
		used += (size_t)n;
	}
	return sys_fsconfig_string(fs, "lowerdir", text);
}

static int mount_layers(char *const *layers, const int *fds, size_t count)
{
	CLEANUP_CLOSE int fs = sys_fsopen("overlay");
	int r;

	if (fs < 0)
		return fs;
	r = name_layers(fs, layers, count);
	if (r < 0)
		r = link_layers(fs, fds, count);
	if (r == 0)
		r = sys_fsconfig_create(fs);
	return r < 0 ? r : sys_fsmount(fs, MOUNT_ATTR_RDONLY);
}

/* An overlay has two layers or more: an image of one is that folder. */
static int open_image(const struct image *image, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	size_t count, opened = 0;
	char **layers;
	int *fds, r = image_layers(image, &arena, &layers, &count, err);

	if (r < 0 || !count)
		return r < 0 ? r : -ENOENT;
	fds = oci_arena_array(&arena, count, sizeof(*fds));
	if (!fds)
		return err_nomem(err);
	for (; r == 0 && opened < count; opened += r == 0) {
		/* by name: the store's own folders */
		fds[opened] = open(layers[opened], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fds[opened] < 0)
			r = -errno;
	}
	if (r == 0 && count == 1)
		return fds[0];
	if (r == 0)
		r = mount_layers(layers, fds, count);
	while (opened > 0)
		(void)close(fds[--opened]);
	return r;
}

/* ---- copying -------------------------------------------------------------------------------------------------------- */

struct copy {
	int to;
	unsigned depth;
};

static int copy_folder(int from, int to, unsigned depth, struct oci_error *err);

static int copy_owner(int to, const char *name, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISLNK(st->st_mode) && fchmodat(to, name, st->st_mode & 07777, 0) < 0)
		return -errno;
	return utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int copy_file(int from, int to, const char *name, const struct stat *st)
{
	CLEANUP_CLOSE int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	CLEANUP_CLOSE int out = -EBADF;
	off_t left = st->st_size;

	if (in < 0)
		return -errno;
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return -errno;
	while (left > 0) {
		ssize_t n = sendfile(out, in, NULL, (size_t)(left < (1 << 30) ? left : 1 << 30));

		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		left -= n;
	}
	return 0;
}

static int copy_link(int from, int to, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	return symlinkat(target, to, name) < 0 ? -errno : 0;
}

static int copy_below(int from, int to, const char *name, unsigned depth, struct oci_error *err)
{
	CLEANUP_CLOSE int in = -EBADF;
	CLEANUP_CLOSE int out = -EBADF;

	if (depth >= DEPTH_MAX)
		return -ELOOP;
	if (mkdirat(to, name, 0700) < 0)
		return -errno;
	in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (in < 0 || out < 0)
		return -errno;
	return copy_folder(in, out, depth + 1, err);
}

static int copy_entry(void *ctx, int from, const char *name, struct oci_error *err)
{
	const struct copy *copy = ctx;
	struct stat st;
	int r;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		r = copy_below(from, copy->to, name, copy->depth, err);
		break;
	case S_IFREG:
		r = copy_file(from, copy->to, name, &st);
		break;
	case S_IFLNK:
		r = copy_link(from, copy->to, name);
		break;
	default: /* devices, sockets and pipes are nothing to begin with */
		return 0;
	}
	return r < 0 ? r : copy_owner(copy->to, name, &st);
}

static int copy_folder(int from, int to, unsigned depth, struct oci_error *err)
{
	struct copy copy = { to, depth };

	return folder_each(from, copy_entry, &copy, err);
}

int replica_volume_fill(const struct image *image, const char *target, int folder,
			struct oci_error *err)
{
	CLEANUP_CLOSE int root = open_image(image, err);
	CLEANUP_CLOSE int from = -EBADF;
	struct stat st;
	int r;

	if (root == -ENOENT && (!err || !err->code))
		return 0;
	if (root < 0)
		return err_sys(err, -root, "volumes: read the image to fill %s", target);
	from = path_open_in_root(root, target, O_RDONLY | O_DIRECTORY, 0);
	if (from == -ENOENT || from == -ENOTDIR)
		return 0;
	r = from < 0 ? from : copy_folder(from, folder, 0, err);
	if (r == 0 && (fstat(from, &st) < 0 || fchown(folder, st.st_uid, st.st_gid) < 0 ||
		       fchmod(folder, st.st_mode & 07777) < 0))
		r = -errno;
	return r < 0 ? err_sys(err, -r, "volumes: fill %s from the image", target) : 0;
}
