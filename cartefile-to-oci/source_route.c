/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_route.c - where a path of the context leads. The kernel follows no link: each is read, and its text is walked, from
 * the folder that it is in; what is absolute or goes above the context leads out. What comes out is a path without links.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "cartefile-to-oci/source-private.h"

#define LINKS_MAX 40 /* path_resolution(7) */

/* @rest is what is still to be walked */
struct finder {
	int rootfd;
	struct route *route;
	unsigned links;
	char rest[PATH_MAX];
};

static int reopen(struct finder *finder)
{
	int fd = path_open_plain(finder->rootfd, finder->route->path[0] ? finder->route->path : ".",
				 O_DIRECTORY, true);

	if (fd < 0)
		return fd;
	fd_closep(&finder->route->fd);
	finder->route->fd = fd;
	return fstat(fd, &finder->route->st) < 0 ? -errno : 0;
}

static int go_up(struct finder *finder)
{
	char *slash = strrchr(finder->route->path, '/');

	if (!finder->route->path[0])
		return -EXDEV;
	if (slash)
		*slash = '\0';
	else
		finder->route->path[0] = '\0';
	return reopen(finder);
}

/* Put the text of a link before the rest. */
static int follow(struct finder *finder, const char *name)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlinkat(finder->route->fd, name, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (target[0] == '/')
		return -EXDEV;
	if (++finder->links > LINKS_MAX)
		return -ELOOP;
	memcpy(rest, finder->rest, sizeof(rest));
	if ((size_t)n + strlen(rest) + 2 > sizeof(finder->rest))
		return -ENAMETOOLONG;
	memcpy(finder->rest, target, (size_t)n);
	finder->rest[n] = '/';
	memcpy(finder->rest + n + 1, rest, strlen(rest) + 1);
	return 0;
}

static int go_down(struct finder *finder, const char *name)
{
	struct route *route = finder->route;
	size_t length = strlen(route->path), n = strlen(name);
	CLEANUP_CLOSE int fd = -1;
	struct stat st;

	if (!S_ISDIR(route->st.st_mode))
		return -ENOTDIR;
	fd = openat(route->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return follow(finder, name);
	if (length + n + 2 > sizeof(route->path))
		return -ENAMETOOLONG;
	if (length > 0)
		route->path[length++] = '/';
	memcpy(route->path + length, name, n + 1);
	fd_closep(&route->fd);
	route->fd = TAKE_FD(fd);
	route->st = st;
	return 0;
}

int route_find(int rootfd, const char *path, struct route *ret)
{
	struct route route = { .fd = -1 };
	struct finder finder = { .rootfd = rootfd, .route = &route };
	int r;

	if (strlen(path) >= sizeof(finder.rest))
		return -ENAMETOOLONG;
	memcpy(finder.rest, path, strlen(path) + 1);
	r = reopen(&finder);
	while (r == 0 && finder.rest[0]) {
		char name[NAME_MAX + 1];
		size_t n = strcspn(finder.rest, "/");
		size_t skip = n + strspn(finder.rest + n, "/");

		if (n >= sizeof(name)) {
			r = -ENAMETOOLONG;
			break;
		}
		memcpy(name, finder.rest, n);
		name[n] = '\0';
		memmove(finder.rest, finder.rest + skip, strlen(finder.rest + skip) + 1);
		if (n == 0 || strcmp(name, ".") == 0)
			continue;
		r = strcmp(name, "..") == 0 ? go_up(&finder) : go_down(&finder, name);
	}
	if (r < 0)
		fd_closep(&route.fd);
	else
		*ret = route;
	return r;
}
