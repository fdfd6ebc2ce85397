/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_layers.c - one file out of layers that are not mounted, see bundle_layers_open.
 *
 * What must hold: nothing outside the layers is opened. A path is walked one component after the other; what has been
 * walked is a plain folder in each layer that still counts, and is opened with no link allowed in it.
 */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "cartefile-to-oci/bundle_user.h"

#define LINKS_MAX 40 /* path_resolution(7) */

struct walk {
	const struct bundle_layers *layers;
	char done[PATH_MAX]; /* walked: cleaned, without links; "" is the root */
	char rest[PATH_MAX]; /* to be walked */
	unsigned links;
};

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

/* A folder that hides those of the same name below it; overlayfs of a user namespace has it under "user." */
static bool is_opaque(int fd)
{
	static const char *const names[] = { "trusted.overlay.opaque", "user.overlay.opaque" };
	char link[32], value[2];

	(void)path_fd_link(fd, link);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (getxattr(link, names[i], value, sizeof(value)) == 1 && value[0] == 'y')
			return true;
	return false;
}

/* The folder @path (a walked one) in one layer: O_PATH fd, or -ENOENT. */
static int folder_of(int layer, const char *path)
{
	return path_open_plain(layer, *path ? path + 1 : ".", O_DIRECTORY, false);
}

/* Does the layer say that nothing of the lower ones is seen of the walked folder or of one above it? */
static bool hides_lower(int layer, const char *path)
{
	char prefix[PATH_MAX];

	for (const char *end = path; *end;) {
		CLEANUP_CLOSE int fd = -EBADF;
		struct stat st;
		int parent;

		end += 1 + strcspn(end + 1, "/");
		memcpy(prefix, path, (size_t)(end - path));
		prefix[end - path] = '\0';
		fd = path_open_plain(layer, prefix + 1, 0, false);
		parent = fd < 0 ? fd : 0;
		if (parent == -ENOENT)
			return false;
		/* a file or a whiteout in the place of a folder */
		if (fd < 0 || fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode) || is_opaque(fd))
			return true;
	}
	return false;
}

/* The topmost @name in the walked folder: O_PATH fd of it and what it is. */
static int find_name(const struct walk *w, const char *name, struct stat *ret)
{
	for (size_t i = 0; i < w->layers->len; i++) {
		int layer = w->layers->fds[i];
		CLEANUP_CLOSE int folder = folder_of(layer, w->done);
		CLEANUP_CLOSE int fd = -EBADF;

		if (folder >= 0)
			fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd >= 0) {
			if (fstat(fd, ret) < 0)
				return -errno;
			return is_whiteout(ret) ? -ENOENT : TAKE_FD(fd);
		}
		if (folder >= 0 && errno != ENOENT)
			return -errno;
		if (hides_lower(layer, w->done))
			break;
	}
	return -ENOENT;
}

/* Put a link's target before what is still to be walked. */
static int follow(struct walk *w, int fd)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlinkat(fd, "", target, sizeof(target) - 1);
	size_t length = strlen(w->rest);

	if (n < 0)
		return -errno;
	if (++w->links > LINKS_MAX)
		return -ELOOP;
	if ((size_t)n + 1 + length >= sizeof(rest))
		return -ENAMETOOLONG;
	memcpy(rest, target, (size_t)n);
	rest[n] = '/';
	memcpy(rest + n + 1, w->rest, length + 1);
	memcpy(w->rest, rest, (size_t)n + 1 + length + 1);
	if (n > 0 && target[0] == '/')
		w->done[0] = '\0';
	return 0;
}

static bool take_component(struct walk *w, char name[NAME_MAX + 1], int *ret)
{
	const char *start = w->rest + strspn(w->rest, "/");
	size_t length = strcspn(start, "/");

	*ret = length > NAME_MAX ? -ENAMETOOLONG : 0;
	if (!length || *ret < 0)
		return false;
	memcpy(name, start, length);
	name[length] = '\0';
	memmove(w->rest, start + length, strlen(start + length) + 1);
	return true;
}

static int append(struct walk *w, const char *name)
{
	size_t length = strlen(w->done);

	if (length + 1 + strlen(name) >= sizeof(w->done))
		return -ENAMETOOLONG;
	w->done[length] = '/';
	strcpy(w->done + length + 1, name);
	return 0;
}

/* Reopen to read what an O_PATH fd is: it is regular, so nothing waits and nothing happens. */
static int reopen(int fd, const struct stat *st)
{
	char link[32];

	if (!S_ISREG(st->st_mode))
		return -EINVAL;
	fd = open(path_fd_link(fd, link), O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int bundle_layers_open(const struct bundle_layers *layers, const char *path)
{
	struct walk w = { .layers = layers };
	char name[NAME_MAX + 1];
	struct stat st = { 0 };
	int r;

	if (strlen(path) >= sizeof(w.rest))
		return -ENAMETOOLONG;
	strcpy(w.rest, path);
	while (take_component(&w, name, &r)) {
		CLEANUP_CLOSE int fd = -EBADF;

		if (strcmp(name, ".") == 0)
			continue;
		if (strcmp(name, "..") == 0) {
			char *slash = strrchr(w.done, '/');

			if (slash)
				*slash = '\0';
			continue;
		}
		fd = find_name(&w, name, &st);
		if (fd < 0)
			return fd;
		if (S_ISLNK(st.st_mode))
			r = follow(&w, fd);
		else if (S_ISDIR(st.st_mode))
			r = append(&w, name);
		else
			return w.rest[strspn(w.rest, "/")] ? -ENOTDIR : reopen(fd, &st);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : -EISDIR;
}
