/* SPDX-License-Identifier: Apache-2.0 */
/*
 * procfs.c - a private procfs, and files of it that are what they seem.
 *
 * The fd from procfs_open_root is the root of a procfs: of a mount that only
 * we have, or of the visible one after its magic and root inode were checked.
 * Every file is then opened below it without crossing a mount or following a
 * link, so nothing mounted over /proc can be what we read or write.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/procfs.h"
#include "base/sys.h"

#define PROC_ROOT_INO 1 /* the kernel's name and number; fixed since 2.6.12 */
#define RESOLVE_PROC \
	(RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS)

/* A new mount, in no mount namespace: nobody else has a path to mount over. 5.2 */
static int open_private(void)
{
	CLEANUP_CLOSE int fs = sys_fsopen("proc");
	int r;

	if (fs < 0)
		return fs;
	r = sys_fsconfig_create(fs);
	if (r < 0)
		return r;
	/* EPERM in a user namespace when the visible /proc is masked ("mount too revealing") */
	return sys_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

static int check_root(int fd)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) || fstat(fd, &st))
		return -errno;
	return fs.f_type == PROC_SUPER_MAGIC && st.st_ino == PROC_ROOT_INO ? 0 : -EXDEV;
}

int procfs_open_root(struct oci_error *err)
{
	CLEANUP_CLOSE int fd = open_private();
	int r;

	if (fd >= 0)
		return TAKE_FD(fd);
	/* a clone without submounts drops what lies over it; forbidden where those are locked */
	fd = sys_open_tree(AT_FDCWD, "/proc", OPEN_TREE_CLONE);
	if (fd < 0)
		fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open /proc");
	r = check_root(fd);
	if (r == -EXDEV)
		return err_set(err, EXDEV, "/proc is not a proc file system");
	if (r < 0)
		return err_sys(err, -r, "check /proc");
	return TAKE_FD(fd);
}

/*
 * "self/x" becomes "PID/x" as this procfs numbers us; reading the link is
 * safe, because the root was verified and its "self" cannot be mounted over
 * (mount(2) follows links, and NO_XDEV would notice PID).
 */
static int expand_self(int procfd, const char *path, char buf[PATH_MAX])
{
	static const char *const names[] = { "self", "thread-self" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t length = strlen(names[i]);
		char pid[64];
		ssize_t n;

		if (strncmp(path, names[i], length) != 0 || (path[length] && path[length] != '/'))
			continue;
		n = readlinkat(procfd, names[i], pid, sizeof(pid) - 1);
		if (n < 0) /* ENOENT: a procfs of a pid namespace that does not have us */
			return -errno;
		pid[n] = '\0';
		if (pid[0] < '1' || pid[0] > '9')
			return -EXDEV;
		return snprintf(buf, PATH_MAX, "%s%s", pid, path + length) < PATH_MAX
			       ? 0
			       : -ENAMETOOLONG;
	}
	return snprintf(buf, PATH_MAX, "%s", path) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Same super block and, where the kernel tells (5.8), same mount. */
static bool is_same_mount(int a, int b)
{
	struct statx x, y;
	unsigned mask = STATX_BASIC_STATS | STATX_MNT_ID;

	if (statx(a, "", AT_EMPTY_PATH, mask, &x) || statx(b, "", AT_EMPTY_PATH, mask, &y))
		return false;
	if (x.stx_dev_major != y.stx_dev_major || x.stx_dev_minor != y.stx_dev_minor)
		return false;
	return !(x.stx_mask & y.stx_mask & STATX_MNT_ID) || x.stx_mnt_id == y.stx_mnt_id;
}

/* With O_DIRECTORY and O_NOFOLLOW a link is merely no folder; openat2 says ELOOP. */
static bool is_link(int dirfd, const char *name)
{
	struct stat st;

	return !fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode);
}

/* Without openat2: name by name, no links, no mounts. */
static int open_walk(int procfd, const char *path, int flags)
{
	CLEANUP_CLOSE int held = -EBADF;
	int here = procfd;

	while (*(path += strspn(path, "/"))) {
		char name[NAME_MAX + 1];
		size_t length = strcspn(path, "/");
		bool last = !path[length + strspn(path + length, "/")];
		int fd;

		if (length > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, path, length);
		name[length] = '\0';
		if (!strcmp(name, ".."))
			return -EXDEV;
		fd = openat(here, name,
			    (last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && errno == ENOTDIR && is_link(here, name))
			return -ELOOP;
		if (fd < 0)
			return -errno;
		fd_closep(&held);
		held = here = fd;
		if (!is_same_mount(procfd, fd))
			return -EXDEV;
		path += length;
	}
	return held < 0 ? -EINVAL : TAKE_FD(held);
}

int procfs_open(int procfd, const char *path, int flags, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = -EBADF;
	char buf[PATH_MAX];
	struct statfs fs;
	int r;

	r = expand_self(procfd, path, buf);
	if (r < 0)
		return err_sys(err, -r, "open /proc/%s", path);
	fd = sys_openat2(procfd, buf, (uint64_t)(unsigned)flags, 0, RESOLVE_PROC);
	if (fd == -ENOSYS || fd == -EPERM || fd == -EAGAIN)
		fd = open_walk(procfd, buf, flags);
	if (fd == -EXDEV)
		return err_set(err, EXDEV, "open /proc/%s: something is mounted over it", path);
	if (fd < 0)
		return err_sys(err, -fd, "open /proc/%s", path);
	if (fstatfs(fd, &fs))
		return err_sys(err, errno, "check /proc/%s", path);
	if (fs.f_type != PROC_SUPER_MAGIC)
		return err_set(err, EXDEV, "open /proc/%s: not on a proc file system", path);
	return TAKE_FD(fd);
}

int procfs_write(int procfd, const char *path, const char *text, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = procfs_open(procfd, path, O_WRONLY, err);
	size_t length = strlen(text);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = RETRY_EINTR(write(fd, text, length));
	if (n < 0)
		return err_sys(err, errno, "write /proc/%s", path);
	if ((size_t)n != length)
		return err_set(err, EIO, "write /proc/%s: only %zd of %zu bytes were taken", path,
			       n, length);
	return 0;
}
