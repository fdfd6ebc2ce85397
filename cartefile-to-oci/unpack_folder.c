/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack_folder.c - the folders that entries go to: found beneath the root, made where they are missing, finished at the end.
 *
 * A path of a layer is looked up only here, by path_open_in_root: a link in it leads to where it would lead in a container, never out of
 * the root. All else is done by one name in an open folder, without following it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "cartefile-to-oci/unpack-private.h"

#define MADE_MAX 2000000u

static void forget_folder(struct unpack *unpack)
{
	fd_closep(&unpack->folder);
	unpack->folder_path[0] = unpack->folder_real[0] = '\0';
}

void unpack_folders_begin(struct unpack *unpack)
{
	char link[32];
	ssize_t n = readlink(path_fd_link(unpack->root, link), unpack->root_path,
			     sizeof(unpack->root_path) - 1);

	unpack->folder = -1;
	unpack->root_path[n > 0 ? n : 0] = '\0';
	if (strcmp(unpack->root_path, "/") == 0)
		unpack->root_path[0] = '\0';
}

/* Where an open folder is, as the kernel says; as its entry says where /proc is not there or the path is too long for it. */
static int find_real(const struct unpack *unpack, int fd, const char *path, char ret[PATH_MAX],
		     struct oci_error *err)
{
	size_t length = strlen(unpack->root_path);
	char link[32], real[PATH_MAX];
	ssize_t n = readlink(path_fd_link(fd, link), real, sizeof(real) - 1);

	if (n <= 0 || !unpack->root_path[0] || (size_t)n == sizeof(real) - 1) {
		(void)snprintf(ret, PATH_MAX, "%s", path);
		return 0;
	}
	real[n] = '\0';
	/* cannot be, path_open_in_root has seen to it; nothing is written where it is all the same */
	if (strncmp(real, unpack->root_path, length) != 0 || (real[length] && real[length] != '/'))
		return unpack_fail(unpack, path, EXDEV, err, "its folder is outside of the root");
	(void)snprintf(ret, PATH_MAX, "%s", real + length + (real[length] == '/'));
	return 0;
}

int unpack_real(const struct unpack *unpack, const char *name, char ret[PATH_MAX],
		struct oci_error *err)
{
	const char *slash = unpack->folder_real[0] ? "/" : "";

	if (snprintf(ret, PATH_MAX, "%s%s%s", unpack->folder_real, slash, name) < PATH_MAX)
		return 0;
	return unpack_fail(unpack, name, ENAMETOOLONG, err, "find its place");
}

/* Room for the nanoseconds of a node that is written nowhere: its device numbers are not used. */
int unpack_later(struct unpack *unpack, const char *path, uint16_t mode, int64_t mtime,
		 uint32_t mtime_ns, struct oci_error *err)
{
	struct tree_node *node;
	int r = tree_put(&unpack->seen, path, TREE_DIR, &node, err);

	if (r < 0)
		return r;
	node->in_base = true;
	node->mode = mode;
	node->mtime = mtime;
	node->rdev_minor = mtime_ns;
	return 0;
}

/* It is to be at the end as it was found, unless an entry says otherwise. */
static int note_as_is(struct unpack *unpack, const char *path, const struct stat *st,
		      struct oci_error *err)
{
	const struct tree_node *node = tree_find(&unpack->seen, path);

	if (node && node->in_base)
		return 0;
	return unpack_later(unpack, path, st->st_mode & 07777, st->st_mtim.tv_sec,
			    (uint32_t)st->st_mtim.tv_nsec, err);
}

/* An ordinary user may have to open what a layer below has closed. */
static int loosen(struct unpack *unpack, const char *path)
{
	char part[PATH_MAX], part_real[PATH_MAX], link[32];
	bool any = false;

	for (const char *end = path; end; end = *end ? strchrnul(end + 1, '/') : NULL) {
		CLEANUP_CLOSE int fd = -1;
		struct stat st;

		(void)snprintf(part, sizeof(part), "%.*s", (int)(end - path), path);
		fd = path_open_in_root(unpack->root, part[0] ? part : "/", O_PATH | O_DIRECTORY, 0);
		if (fd < 0)
			break;
		if (fstat(fd, &st) < 0 || (st.st_mode & 0700) == 0700)
			continue;
		/* the fd is the folder's, whatever its name has become (proc(5), /proc/self/fd) */
		if (chmod(path_fd_link(fd, link), (st.st_mode & 07777) | 0700) < 0)
			return -EACCES;
		if (find_real(unpack, fd, part, part_real, NULL) < 0 ||
		    note_as_is(unpack, part_real, &st, NULL) < 0)
			return -ENOMEM;
		any = true;
	}
	return any ? 0 : -EACCES;
}

int unpack_open_folder(struct unpack *unpack, const char *path)
{
	const char *name = path[0] ? path : "/";
	int fd = path_open_in_root(unpack->root, name, O_RDONLY | O_DIRECTORY, 0);

	if (fd == -EACCES && loosen(unpack, path) == 0)
		fd = path_open_in_root(unpack->root, name, O_RDONLY | O_DIRECTORY, 0);
	return fd;
}

/* A folder that no entry described yet: as the others make it, but for the time, which is the same each time. */
static int make_folder(struct unpack *unpack, int above, const char *path, const char *name,
		       struct oci_error *err)
{
	if (++unpack->made > MADE_MAX)
		return err_set(err, EFBIG, "%s: its names need more than %u folders", unpack->name,
			       MADE_MAX);
	if (mkdirat(above, name, 0700) < 0)
		return errno == EEXIST ? unpack_fail(unpack, path, 0, err,
						     "it is a link to nothing, and a folder of "
						     "another entry's path")
				       : unpack_fail(unpack, path, errno, err, "make the folder");
	return 0;
}

/* The folder @path, which is not there, and what is missing above it. */
static int make_folders(struct unpack *unpack, const char *path, struct oci_error *err)
{
	CLEANUP_CLOSE int above = unpack_open_folder(unpack, "");
	char part[PATH_MAX], real[PATH_MAX];

	for (const char *at = path, *end; above >= 0 && *at; at = *end ? end + 1 : end) {
		char name[NAME_MAX + 1];
		int fd, r;

		end = strchrnul(at, '/');
		(void)snprintf(part, sizeof(part), "%.*s", (int)(end - path), path);
		(void)snprintf(name, sizeof(name), "%.*s", (int)(end - at), at);
		fd = unpack_open_folder(unpack, part);
		if (fd == -ENOENT) {
			r = make_folder(unpack, above, part, name, err);
			if (r < 0)
				return r;
			fd = unpack_open_folder(unpack, part);
			r = fd < 0 ? fd : find_real(unpack, fd, part, real, err);
			if (r == 0)
				r = unpack_later(unpack, real, 0755, 0, 0, err);
			if (r < 0)
				return r;
		}
		fd_closep(&above);
		above = fd;
	}
	return above < 0 ? above : TAKE_FD(above);
}

int unpack_folder(struct unpack *unpack, const char *path, bool make, const char **ret_name,
		  struct oci_error *err)
{
	const char *last = strrchr(path, '/');
	size_t length = last ? (size_t)(last - path) : 0;
	struct stat st;
	int fd, r;

	*ret_name = last ? last + 1 : path;
	if (unpack->folder >= 0 && strncmp(unpack->folder_path, path, length) == 0 &&
	    unpack->folder_path[length] == '\0')
		return 0;
	forget_folder(unpack);
	memcpy(unpack->folder_path, path, length);
	unpack->folder_path[length] = '\0';
	fd = unpack_open_folder(unpack, unpack->folder_path);
	if (fd == -ENOENT && !make)
		return fd;
	if (fd == -ENOENT)
		fd = make_folders(unpack, unpack->folder_path, err);
	if (fd == -ENOTDIR && !make)
		return -ENOENT;
	if (fd == -ENOTDIR)
		return unpack_fail(unpack, path, 0, err, "what it is in is no folder");
	if (fd < 0)
		return unpack_fail(unpack, path, -fd, err, "open its folder");
	unpack->folder = fd;
	r = fstat(fd, &st) < 0 ? unpack_fail(unpack, path, errno, err, "stat its folder") : 0;
	unpack->folder_gid_sticks = r == 0 && (st.st_mode & S_ISGID) != 0;
	if (r == 0)
		r = find_real(unpack, fd, unpack->folder_path, unpack->folder_real, err);
	if (r == 0)
		r = note_as_is(unpack, unpack->folder_real, &st, err);
	if (r < 0)
		forget_folder(unpack);
	return r;
}

static int finish_folder(struct unpack *unpack, const struct tree_node *node, struct oci_error *err)
{
	struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = (time_t)node->mtime, .tv_nsec = (long)node->rdev_minor },
	};
	char path[PATH_MAX];
	CLEANUP_CLOSE int fd = unpack_open_folder(unpack, tree_path(node, path, sizeof(path)) + 1);

	if (fd < 0)
		return unpack_fail(unpack, path, -fd, err, "open the folder again");
	if (fchmod(fd, node->mode) < 0 || futimens(fd, times) < 0)
		return unpack_fail(unpack, path, errno, err, "set its mode and time");
	return 0;
}

int unpack_folders_end(struct unpack *unpack, struct oci_error *err)
{
	struct tree_node **folders, *node;
	size_t count = 0;
	int r = 0;

	forget_folder(unpack);
	for (node = unpack->seen.root; node; node = tree_next(node))
		count += node->in_base;
	folders = oci_arena_array(&unpack->seen.arena, count + 1, sizeof(*folders));
	if (!folders)
		return err_nomem(err);
	count = 0;
	for (node = unpack->seen.root; node; node = tree_next(node))
		if (node->in_base)
			folders[count++] = node;
	while (r == 0 && count > 0)
		r = finish_folder(unpack, folders[--count], err);
	return r;
}
