/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy.c - by file descriptors: a folder is opened O_NOFOLLOW and only names without a slash are looked up in it, so that nothing a
 * container does to its tree in the meantime leads out of it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cli/copy.h"

#define DEPTH_MAX 200

struct copy {
	const struct copy_options *options;
	unsigned depth;
};

static int copy_entry(struct copy *copy, int from, const char *name, int to, const char *to_name,
		      const char *place, struct oci_error *err);

static int set_owner(const struct copy *copy, int folder, const char *name, const struct stat *st)
{
	uid_t uid = copy->options->owners ? st->st_uid : copy->options->uid;
	gid_t gid = copy->options->owners ? st->st_gid : copy->options->gid;

	/* an ordinary user's files stay its own */
	if (geteuid() != 0 && !copy->options->owners)
		return 0;
	return fchownat(folder, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* What stands in a new entry's way is taken away, if it is no folder. */
static int make_room(int to, const char *name)
{
	if (unlinkat(to, name, 0) == 0 || errno == ENOENT)
		return 0;
	return -errno;
}

/* ---- files ----------------------------------------------------------------------------------------------------------- */

static int copy_bytes(int from, int to)
{
	ssize_t n;

	do
		n = RETRY_EINTR(copy_file_range(from, NULL, to, NULL, 1 << 30, 0));
	while (n > 0);
	/* between some file systems only this way; both go on where the other stopped */
	if (n < 0)
		return io_pump(from, to);
	return 0;
}

static int copy_file(struct copy *copy, int from, const char *name, int to, const char *to_name,
		     const char *place, struct oci_error *err)
{
	CLEANUP_CLOSE int in =
		openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	CLEANUP_CLOSE int out = -1;
	struct stat st = { 0 };
	int r;

	if (in < 0 || fstat(in, &st) < 0)
		return err_sys(err, errno, "read %s", place);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "%s: is no file any more", place);
	r = make_room(to, to_name);
	if (r == 0) {
		out = openat(to, to_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			     0600);
		r = out < 0 ? -errno : copy_bytes(in, out);
	}
	if (r == 0)
		r = set_owner(copy, to, to_name, &st);
	/* last, for a new owner takes set-id bits away */
	if (r == 0 && fchmod(out, st.st_mode & 07777) < 0)
		r = -errno;
	if (r == 0)
		(void)futimens(out, (struct timespec[]){ st.st_atim, st.st_mtim });
	return r < 0 ? err_sys(err, -r, "copy %s", place) : 0;
}

static int copy_link(struct copy *copy, int from, const char *name, int to, const char *to_name,
		     const char *place, struct oci_error *err)
{
	char target[4096];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);
	struct stat st = { 0 };
	int r = n < 0 ? -errno : make_room(to, to_name);

	if (r == 0) {
		target[n] = '\0';
		if (symlinkat(target, to, to_name) < 0 ||
		    fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			r = -errno;
	}
	if (r == 0)
		r = set_owner(copy, to, to_name, &st);
	return r < 0 ? err_sys(err, -r, "copy %s", place) : 0;
}

/* ---- folders --------------------------------------------------------------------------------------------------------- */

static int open_folder(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int copy_entries(struct copy *copy, int from, int to, const char *place,
			struct oci_error *err)
{
	int again = open_folder(from, ".");
	CLEANUP_CLOSEDIR DIR *dir = again < 0 ? NULL : fdopendir(again);
	const struct dirent *entry;
	int r = 0;

	if (!dir) {
		fd_closep(&again);
		return err_sys(err, errno, "read %s", place);
	}
	while (r == 0 && (entry = readdir(dir)) != NULL) {
		CLEANUP_FREE char *inner = NULL;

		if (is_dots(entry->d_name))
			continue;
		if (asprintf(&inner, "%s/%s", place, entry->d_name) < 0) {
			inner = NULL;
			return err_nomem(err);
		}
		r = copy_entry(copy, from, entry->d_name, to, entry->d_name, inner, err);
	}
	return r;
}

static int copy_folder(struct copy *copy, int from, const char *name, int to, const char *to_name,
		       const char *place, struct oci_error *err)
{
	CLEANUP_CLOSE int in = open_folder(from, name);
	CLEANUP_CLOSE int out = -1;
	struct stat st = { 0 };
	bool made;
	int r;

	if (in < 0 || fstat(in, &st) < 0)
		return err_sys(err, in < 0 ? -in : errno, "read %s", place);
	if (++copy->depth > DEPTH_MAX)
		return err_set(err, ELOOP, "%s: folders are more than %d deep", place, DEPTH_MAX);
	made = mkdirat(to, to_name, 0700) == 0;
	if (!made && errno != EEXIST)
		return err_sys(err, errno, "make a folder for %s", place);
	out = open_folder(to, to_name);
	if (out < 0)
		return err_sys(err, -out, "copy the folder %s", place);
	r = copy_entries(copy, in, out, place, err);
	copy->depth--;
	if (r < 0 || !made)
		return r;
	r = set_owner(copy, to, to_name, &st);
	if (r == 0 && fchmod(out, st.st_mode & 07777) < 0)
		r = -errno;
	(void)futimens(out, (struct timespec[]){ st.st_atim, st.st_mtim });
	return r < 0 ? err_sys(err, -r, "copy %s", place) : 0;
}

static int copy_entry(struct copy *copy, int from, const char *name, int to, const char *to_name,
		      const char *place, struct oci_error *err)
{
	struct stat st = { 0 };

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "read %s", place);
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		return copy_folder(copy, from, name, to, to_name, place, err);
	case S_IFREG:
		return copy_file(copy, from, name, to, to_name, place, err);
	case S_IFLNK:
		return copy_link(copy, from, name, to, to_name, place, err);
	default:
		return err_set(err, EOPNOTSUPP,
			       "%s: is a device, a pipe or a socket, which is not copied", place);
	}
}

int copy_tree(int from, const char *from_name, int to, const char *to_name, const char *place,
	      const struct copy_options *options, struct oci_error *err)
{
	struct copy copy = { options, 0 };

	return copy_entry(&copy, from, from_name, to, to_name, place, err);
}

int copy_inside(int from, int to, const char *place, const struct copy_options *options,
		struct oci_error *err)
{
	struct copy copy = { options, 0 };

	return copy_entries(&copy, from, to, place, err);
}
