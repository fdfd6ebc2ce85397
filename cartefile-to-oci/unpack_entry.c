/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack_entry.c - one entry of a layer becomes one name in an open folder; see unpack_folder.c for how that was found.
 *
 * What must hold: nothing follows the name itself (O_NOFOLLOW, AT_SYMLINK_NOFOLLOW, O_EXCL), so what a layer has put there
 * before cannot lead elsewhere (CVE-2014-6407, CVE-2014-9356 and CVE-2018-15664 of Docker, CVE-2021-29136 of umoci).
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cartefile-to-oci/store-private.h"
#include "cartefile-to-oci/unpack-private.h"

int unpack_fail(const struct unpack *unpack, const char *path, int code, struct oci_error *err,
		const char *format, ...)
{
	char words[512];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(words, sizeof(words), format, ap);
	va_end(ap);
	if (code == 0)
		return err_set_as(err, ERR_DOCUMENT, EINVAL, "%s: entry '%.300s': %s", unpack->name,
				  path, words);
	return err_sys(err, code, "%s: entry '%.300s': %s", unpack->name, path, words);
}

/* ---- attributes ------------------------------------------------------------------------------------------------------ */
int unpack_give(struct unpack *unpack, const char *name, int fd, const struct layer_entry *entry,
		struct oci_error *err)
{
	int r;

	if (entry->uid == unpack->uid && entry->gid == unpack->gid && !unpack->folder_gid_sticks)
		return 0;
	r = fd >= 0 ? fchown(fd, entry->uid, entry->gid)
		    : fchownat(unpack->folder, name, entry->uid, entry->gid, AT_SYMLINK_NOFOLLOW);
	if (r == 0)
		return 0;
	/* no right to, or no such owner in this user namespace (chown(2)) */
	if (errno != EPERM && errno != EINVAL)
		return unpack_fail(unpack, entry->path, errno, err, "set its owner");
	unpack->lost++;
	return 0;
}

int unpack_set_xattrs(struct unpack *unpack, int fd, const struct layer_entry *entry,
		      struct oci_error *err)
{
	for (size_t i = 0; i < entry->xattrs_len; i++) {
		const struct tree_xattr *x = &entry->xattrs[i];

		if (fsetxattr(fd, x->name, x->value, x->length, 0) == 0)
			continue;
		if (errno != EPERM && errno != EOPNOTSUPP)
			return unpack_fail(unpack, entry->path, errno, err,
					   "set its extended attribute %s", x->name);
		unpack->lost++;
	}
	return 0;
}

void unpack_clear_xattrs(int fd)
{
	char names[4096];
	ssize_t n = flistxattr(fd, names, sizeof(names));

	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(names + at) + 1)
		if (strncmp(names + at, "user.", 5) == 0 ||
		    strcmp(names + at, "security.capability") == 0)
			(void)fremovexattr(fd, names + at);
}

int unpack_set_opaque(struct unpack *unpack, int fd, const char *path, struct oci_error *err)
{
	/* trusted.* is for root of the host; a mount in a user namespace reads user.* (overlayfs.rst, "userxattr") */
	if (fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) == 0)
		return 0;
	if (errno == EPERM && fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) == 0)
		return 0;
	return unpack_fail(unpack, path, errno, err, "mark the folder as opaque");
}

static void times_of(const struct layer_entry *entry, struct timespec times[2])
{
	times[0] = (struct timespec){ .tv_nsec = UTIME_OMIT };
	times[1] = (struct timespec){ .tv_sec = (time_t)entry->mtime,
				      .tv_nsec = (long)entry->mtime_ns };
}

/* ---- names ----------------------------------------------------------------------------------------------------------- */
/* Something is in the way and goes (layer.md#modifications: replaced, not merged). */
static int clear_way(struct unpack *unpack, const char *path, const char *name,
		     struct oci_error *err)
{
	int r;

	if (unlinkat(unpack->folder, name, 0) == 0)
		return 0;
	r = folder_remove(unpack->folder, name);
	return r < 0 ? unpack_fail(unpack, path, -r, err, "remove what is in its place") : 0;
}

/* Remember that it is this layer's; a folder also what it is to be like at the end. */
static int note(struct unpack *unpack, const struct layer_entry *entry, const char *name,
		struct oci_error *err)
{
	struct tree_node *node;
	char path[PATH_MAX];
	int r = unpack_real(unpack, name, path, err);

	if (r < 0)
		return r;
	if (entry->type == TREE_DIR)
		return unpack_later(unpack, path, entry->mode, entry->mtime, entry->mtime_ns, err);
	return tree_put(&unpack->seen, path, entry->type, &node, err);
}

static int write_content(struct unpack *unpack, int fd, const struct layer_entry *entry,
			 struct layer_reader *reader, struct oci_error *err)
{
	const void *data;
	ssize_t n;

	while ((n = layer_data(reader, &data, err)) > 0) {
		int r = io_write_all(fd, data, (size_t)n);

		if (r < 0)
			return unpack_fail(unpack, entry->path, -r, err, "write");
	}
	return (int)n;
}

static int create(int folder, const char *name)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

static int put_file(struct unpack *unpack, const struct layer_entry *entry, const char *name,
		    struct layer_reader *reader, struct oci_error *err)
{
	struct timespec times[2];
	CLEANUP_CLOSE int fd = create(unpack->folder, name);
	int r;

	if (fd == -EEXIST) {
		r = clear_way(unpack, entry->path, name, err);
		if (r < 0)
			return r;
		fd = create(unpack->folder, name);
	}
	if (fd < 0)
		return unpack_fail(unpack, entry->path, -fd, err, "create");
	r = write_content(unpack, fd, entry, reader, err);
	/* the owner first: it takes away set-id bits and capabilities (chown(2)) */
	if (r == 0)
		r = unpack_give(unpack, name, fd, entry, err);
	if (r == 0 && fchmod(fd, entry->mode) < 0)
		r = unpack_fail(unpack, entry->path, errno, err, "set its mode");
	if (r == 0)
		r = unpack_set_xattrs(unpack, fd, entry, err);
	times_of(entry, times);
	if (r == 0 && futimens(fd, times) < 0)
		r = unpack_fail(unpack, entry->path, errno, err, "set its time");
	return r;
}

/* Links and what else has no bytes; 0 or -errno. */
static int make_special(struct unpack *unpack, const struct layer_entry *entry, const char *name)
{
	mode_t type = entry->type == TREE_FIFO   ? S_IFIFO
		      : entry->type == TREE_CHAR ? S_IFCHR
						 : S_IFBLK;
	int r;

	if (entry->type == TREE_LINK)
		r = symlinkat(entry->target, unpack->folder, name);
	else
		r = mknodat(unpack->folder, name, type | 0600,
			    entry->type == TREE_FIFO
				    ? 0
				    : makedev(entry->rdev_major, entry->rdev_minor));
	return r < 0 ? -errno : 0;
}

static int put_special(struct unpack *unpack, const struct layer_entry *entry, const char *name,
		       struct oci_error *err)
{
	struct timespec times[2];
	int r = make_special(unpack, entry, name);

	if (r == -EEXIST) {
		r = clear_way(unpack, entry->path, name, err);
		if (r < 0)
			return r;
		r = make_special(unpack, entry, name);
	}
	if (r == -EPERM && (entry->type == TREE_CHAR || entry->type == TREE_BLOCK)) {
		unpack->lost++;
		return 0;
	}
	if (r < 0)
		return unpack_fail(unpack, entry->path, -r, err, "create");
	r = unpack_give(unpack, name, -1, entry, err);
	/* not followed: it is no link, and was made just now in a folder that nobody else writes to */
	if (r == 0 && entry->type != TREE_LINK &&
	    fchmodat(unpack->folder, name, entry->mode, 0) < 0)
		r = unpack_fail(unpack, entry->path, errno, err, "set its mode");
	times_of(entry, times);
	if (r == 0 && utimensat(unpack->folder, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		r = unpack_fail(unpack, entry->path, errno, err, "set its time");
	return r;
}

/* Make it, or see that it is one: 1 when it was there, 2 when a whiteout was. */
static int make_or_keep(struct unpack *unpack, const struct layer_entry *entry, const char *name,
			struct oci_error *err)
{
	struct stat st;
	int r;

	if (mkdirat(unpack->folder, name, 0700) == 0)
		return 0;
	if (errno != EEXIST)
		return unpack_fail(unpack, entry->path, errno, err, "make the folder");
	if (fstatat(unpack->folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return unpack_fail(unpack, entry->path, errno, err, "stat");
	if (S_ISDIR(st.st_mode))
		return 1;
	r = clear_way(unpack, entry->path, name, err);
	if (r < 0)
		return r;
	if (mkdirat(unpack->folder, name, 0700) < 0)
		return unpack_fail(unpack, entry->path, errno, err, "make the folder");
	return S_ISCHR(st.st_mode) && st.st_rdev == 0 ? 2 : 0;
}

static int dress_folder(struct unpack *unpack, const struct layer_entry *entry, const char *name,
			int was, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = -1;
	int r;

	if (was == 0 && entry->xattrs_len == 0)
		return unpack_give(unpack, name, -1, entry, err);
	fd = openat(unpack->folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* an ordinary user's, closed by a layer below; its mode comes at the end */
	if (fd < 0 && errno == EACCES && fchmodat(unpack->folder, name, 0700, 0) == 0)
		fd = openat(unpack->folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return unpack_fail(unpack, entry->path, errno, err, "open the folder");
	if (was == 1)
		unpack_clear_xattrs(fd);
	/* one that was there has the owner of before, not ours */
	if (was == 1 && fchown(fd, entry->uid, entry->gid) < 0) {
		if (errno != EPERM && errno != EINVAL)
			return unpack_fail(unpack, entry->path, errno, err, "set its owner");
		unpack->lost++;
	}
	r = was == 1 ? 0 : unpack_give(unpack, name, fd, entry, err);
	if (r == 0)
		r = unpack_set_xattrs(unpack, fd, entry, err);
	if (r == 0 && was == 2 && unpack->form == UNPACK_OVERLAY)
		r = unpack_set_opaque(unpack, fd, entry->path, err);
	return r;
}

static int put_folder(struct unpack *unpack, const struct layer_entry *entry, const char *name,
		      struct oci_error *err)
{
	int was;

	if (!entry->path[0]) { /* the root itself, by a name that is always its own */
		name = ".";
		was = 1;
	} else {
		was = make_or_keep(unpack, entry, name, err);
	}
	return was < 0 ? was : dress_folder(unpack, entry, name, was, err);
}

/* ---- hard links ------------------------------------------------------------------------------------------------------ */
static int open_target(struct unpack *unpack, const struct layer_entry *entry, struct stat *ret,
		       const char **ret_name, struct oci_error *err)
{
	const char *last = strrchr(entry->hardlink, '/');
	char above[PATH_MAX] = "";
	CLEANUP_CLOSE int fd = -1;

	if (last)
		(void)snprintf(above, sizeof(above), "%.*s", (int)(last - entry->hardlink),
			       entry->hardlink);
	*ret_name = last ? last + 1 : entry->hardlink;
	fd = unpack_open_folder(unpack, above);
	if (fd < 0 || fstatat(fd, *ret_name, ret, AT_SYMLINK_NOFOLLOW) < 0)
		return unpack_fail(unpack, entry->path, 0, err, "hard link to '%.200s', which %s",
				   entry->hardlink,
				   unpack->form == UNPACK_OVERLAY ? "is not there in this layer"
								  : "is not there");
	if (S_ISDIR(ret->st_mode))
		return unpack_fail(unpack, entry->path, 0, err,
				   "hard link to '%.200s', which is a folder", entry->hardlink);
	return TAKE_FD(fd);
}

static int put_hardlink(struct unpack *unpack, const struct layer_entry *entry, const char *name,
			struct oci_error *err)
{
	struct stat target, st;
	const char *target_name;
	CLEANUP_CLOSE int fd = open_target(unpack, entry, &target, &target_name, err);
	int r;

	if (fd < 0)
		return fd;
	/* without AT_SYMLINK_FOLLOW: a link is linked, not what it points to (CVE-2014-6407) */
	if (linkat(fd, target_name, unpack->folder, name, 0) == 0)
		return 0;
	if (errno != EEXIST)
		return unpack_fail(unpack, entry->path, errno, err, "hard link to '%.200s'",
				   entry->hardlink);
	if (fstatat(unpack->folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_dev == target.st_dev && st.st_ino == target.st_ino)
		return 0; /* it is its name already */
	r = clear_way(unpack, entry->path, name, err);
	if (r == 0 && linkat(fd, target_name, unpack->folder, name, 0) < 0)
		r = unpack_fail(unpack, entry->path, errno, err, "hard link to '%.200s'",
				entry->hardlink);
	return r;
}

/* ---- any ------------------------------------------------------------------------------------------------------------- */
int unpack_entry(struct unpack *unpack, const struct layer_entry *entry,
		 struct layer_reader *reader, struct oci_error *err)
{
	const char *name;
	int r;

	if (entry->mark != LAYER_ENTRY)
		return unpack_mark(unpack, entry, err);
	/* for overlayfs a 0:0 device is a whiteout: only marks make those */
	if (unpack->form == UNPACK_OVERLAY && entry->type == TREE_CHAR && entry->rdev_major == 0 &&
	    entry->rdev_minor == 0) {
		unpack->lost++;
		return 0;
	}
	r = unpack_folder(unpack, entry->path, true, &name, err);
	if (r < 0)
		return r;
	if (entry->hardlink)
		r = put_hardlink(unpack, entry, name, err);
	else if (entry->type == TREE_DIR)
		r = put_folder(unpack, entry, name, err);
	else if (entry->type == TREE_FILE)
		r = put_file(unpack, entry, name, reader, err);
	else
		r = put_special(unpack, entry, name, err);
	return r < 0 ? r : note(unpack, entry, name, err);
}
