/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_target.c - places to mount on.
 *
 * A target is resolved once, inside the root, and then used by its fd: with
 * move_mount(2), or by mount(2) on "." after fchdir. What must hold: no path
 * string is ever used twice (CVE-2021-30465).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"
#include "runtime/rootfs-private.h"

#define TARGET_MODE 0755

int mount_open_plain(const struct rootfs *rf, const char *path, int flags)
{
	return path_open_plain(rf->root_fd, path, flags, true);
}

/* Inside a tmpfs of our own nobody can put anything in the way of a name. */
static int target_in_scratch(struct rootfs *rf, const char *destination, bool is_dir,
			     struct mount_target *ret)
{
	const char *slash = strrchr(destination, '/');
	size_t n = (size_t)(slash - destination);
	int r;

	if (rf->scratch_fd < 0 || strlen(rf->scratch_path) != n ||
	    strncmp(destination, rf->scratch_path, n) != 0)
		return -ENOENT;
	r = is_dir ? mkdirat(rf->scratch_fd, slash + 1, TARGET_MODE)
		   : mknodat(rf->scratch_fd, slash + 1, S_IFREG, 0);
	if (r < 0)
		return -errno;
	*ret = (struct mount_target){ .dirfd = rf->scratch_fd, .name = slash + 1, .owned = false };
	return 0;
}

/* A symlink in the root led here: it must not have led into a procfs. */
static int check_not_procfs(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return -errno;
	return fs.f_type == PROC_SUPER_MAGIC ? -EXDEV : 0;
}

static int target_through_links(struct rootfs *rf, const char *destination, bool is_dir)
{
	int fd = path_open_in_root(rf->root_fd, destination, O_PATH, 0);
	int r;

	if (fd == -ENOENT)
		fd = is_dir ? path_mkdirs_in_root(rf->root_fd, destination, TARGET_MODE)
			    : path_create_file_in_root(rf->root_fd, destination, 0644);
	if (fd < 0)
		return fd;
	r = check_not_procfs(fd);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	return fd;
}

int mount_target_find(struct rootfs *rf, const char *destination, bool real_dir, bool is_dir,
		      struct mount_target *ret, struct oci_error *err)
{
	int fd;

	if (target_in_scratch(rf, destination, is_dir, ret) == 0)
		return 0;
	fd = mount_open_plain(rf, destination, 0);
	if (fd == -ENOENT && real_dir) {
		/* made through links, but then looked at without */
		fd = path_mkdirs_in_root(rf->root_fd, destination, TARGET_MODE);
		if (fd >= 0) {
			(void)close(fd);
			fd = mount_open_plain(rf, destination, 0);
		}
	}
	if ((fd == -ELOOP || fd == -ENOTDIR || fd == -ENOENT) && !real_dir)
		fd = target_through_links(rf, destination, is_dir);
	if (fd == -ELOOP && real_dir)
		return err_set(err, ELOOP,
			       "%s must be a real folder in the root, not a symlink or below one",
			       destination);
	if (fd == -EXDEV)
		return err_set(err, ELOOP, "%s: a symlink in the root leads into /proc",
			       destination);
	if (fd < 0)
		return err_sys(err, -fd, "%s: mount point in the root", destination);
	*ret = (struct mount_target){ .dirfd = fd, .name = "", .owned = true };
	return 0;
}

void mount_target_done(struct rootfs *rf, struct mount_target *target)
{
	if (target->owned)
		rootfs_drop(rf, target->dirfd);
	*target = (struct mount_target){ .dirfd = -1, .name = "" };
}

int mount_attach(struct rootfs *rf, int tree, const struct mount_target *target)
{
	unsigned flags = MOVE_MOUNT_F_EMPTY_PATH;

	(void)rf;
	if (!*target->name)
		flags |= MOVE_MOUNT_T_EMPTY_PATH;
	return sys_move_mount(tree, "", target->dirfd, target->name, flags);
}
