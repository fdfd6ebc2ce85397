/* SPDX-License-Identifier: Apache-2.0 */
/*
 * masks.c - linux.readonlyPaths and linux.maskedPaths, in the container's own root.
 *
 * What must hold: the source of a mask is the real null device, verified by
 * its fd (CVE-2025-31133), and the place masked is the one that was opened.
 * All masked folders share one empty read-only tmpfs: a superblock each would
 * weigh on hosts where every cpu has a folder to hide.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"
#include "runtime/rootfs-private.h"

#define EMPTY_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC)
#define EMPTY_ATTR (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define EMPTY_DATA "mode=755,nr_blocks=1,nr_inodes=1"

struct masks {
	int null_fd;   /* verified; -1: not needed yet */
	int null_tree; /* a clone of it, ready to be attached; -1 */
	int empty_fd;  /* the shared tmpfs, attached; -1: none yet */
};

static int check_paths(char *const *paths, size_t len, const char *where, struct oci_error *err)
{
	for (size_t i = 0; i < len; i++) {
		if (paths[i][0] != '/')
			return err_set(err, EINVAL,
				       "linux.%s[%zu]: \"%s\": must be an absolute path", where, i,
				       paths[i]);
		/* mounted on the root, it would be seen by nobody who is in it already */
		if (!paths[i][strspn(paths[i], "/.")])
			return err_set(err, EINVAL,
				       "linux.%s[%zu]: \"%s\": does not work for the root%s", where,
				       i, paths[i], *where == 'r' ? "; use root.readonly" : "");
	}
	return 0;
}

int masks_plan(const struct oci_config *config, struct rootfs *rf, struct oci_error *err)
{
	const struct oci_linux *l = config->linux_;
	int r;

	if (!l)
		return 0;
	r = check_paths(l->masked_paths, l->masked_paths_len, "maskedPaths", err);
	if (r >= 0)
		r = check_paths(l->readonly_paths, l->readonly_paths_len, "readonlyPaths", err);
	if (r < 0)
		return r;
	rf->masked = l->masked_paths;
	rf->masked_len = l->masked_paths_len;
	rf->readonly_paths = l->readonly_paths;
	rf->readonly_paths_len = l->readonly_paths_len;
	return 0;
}

/* fd, -ENOENT for "there is nothing to protect", or another -errno. */
static int open_place(struct rootfs *rf, const char *path)
{
	int fd = path_open_in_root(rf->root_fd, path, O_PATH, 0);

	return fd == -ENOTDIR ? -ENOENT : fd;
}

/* ---- read-only ---------------------------------------------------------------- */

static int readonly_classic(struct rootfs *rf, const char *path, int fd, struct oci_error *err)
{
	CLEANUP_CLOSE int again = -1;
	struct stat before, after;
	int r;

	if (fstat(fd, &before) < 0)
		return err_sys(err, errno, "look at it");
	r = mount_bind_fds_classic(rf, fd, fd);
	if (r < 0)
		return err_sys(err, -r, "bind mount");
	again = open_place(rf, path);
	if (again < 0 || fstat(again, &after) < 0 || after.st_ino != before.st_ino ||
	    after.st_dev != before.st_dev)
		return err_set(err, ESTALE, "exchanged while mounting");
	r = mount_remount_classic(rf, again, MS_RDONLY, 0);
	if (rf->cwd_fd == again)
		rf->cwd_fd = -1;
	return r < 0 ? err_sys(err, -r, "make it read-only") : 0;
}

static int readonly_one(struct rootfs *rf, const char *path, struct oci_error *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	int fd, tree, r;

	fd = open_place(rf, path);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, -fd, "open");
	tree = rf->force_classic
		       ? -ENOSYS
		       : sys_open_tree(fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | AT_RECURSIVE);
	if (mount_is_missing(tree)) {
		r = readonly_classic(rf, path, fd, err);
	} else if (tree < 0) {
		r = err_sys(err, -tree, "open_tree");
	} else {
		r = sys_mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr);
		if (r >= 0)
			r = sys_move_mount(tree, "", fd, "",
					   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
		if (r < 0)
			r = err_sys(err, -r, "make it read-only");
		rootfs_drop(rf, tree);
	}
	rootfs_drop(rf, fd);
	return r;
}

/* ---- masks -------------------------------------------------------------------- */

static int open_null(struct rootfs *rf, struct masks *masks, struct oci_error *err)
{
	struct stat st;

	if (masks->null_fd >= 0)
		return 0;
	masks->null_fd =
		rf->dev_fd >= 0
			? openat(rf->dev_fd, "null", O_PATH | O_NOFOLLOW | O_CLOEXEC)
			: path_open_in_root(rf->root_fd, "/dev/null", O_PATH | O_NOFOLLOW, 0);
	if (masks->null_fd < 0)
		return err_sys(err, rf->dev_fd >= 0 ? errno : -masks->null_fd,
			       "/dev/null of the container");
	if (fstat(masks->null_fd, &st) < 0)
		return err_sys(err, errno, "/dev/null of the container");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_set(err, EINVAL, "/dev/null of the container is not the null device");
	return 0;
}

/* 0, 1 when @fd is a folder, or -errno with words */
static int mask_as_file(struct rootfs *rf, struct masks *masks, int fd, struct oci_error *err)
{
	struct mount_target target = { .dirfd = fd, .name = "" };
	struct stat st;
	int r;

	r = open_null(rf, masks, err);
	if (r < 0)
		return r;
	if (masks->null_tree < 0)
		masks->null_tree = rf->force_classic
					   ? -ENOSYS
					   : sys_open_tree(masks->null_fd, "",
							   AT_EMPTY_PATH | OPEN_TREE_CLONE);
	if (mount_is_missing(masks->null_tree)) {
		if (fstat(fd, &st) < 0)
			return err_sys(err, errno, "look at it");
		if (S_ISDIR(st.st_mode))
			return 1;
		r = mount_bind_fds_classic(rf, masks->null_fd, fd);
		return r < 0 ? err_sys(err, -r, "cover with /dev/null") : 0;
	}
	if (masks->null_tree < 0)
		return err_sys(err, -masks->null_tree, "clone /dev/null");
	r = mount_attach(rf, masks->null_tree, &target);
	if (r == -EINVAL || r == -ENOTDIR)
		return 1; /* the kernel itself says that it is a folder; the clone serves the next one */
	if (r < 0)
		return err_sys(err, -r, "cover with /dev/null");
	rootfs_drop(rf, masks->null_tree);
	masks->null_tree = -1;
	return 0;
}

static int mask_as_folder(struct rootfs *rf, struct masks *masks, int fd, struct oci_error *err)
{
	struct mount_target target = { .dirfd = fd, .name = "" };
	int tree, r;

	if (rf->force_classic)
		tree = -ENOSYS;
	else if (masks->empty_fd < 0)
		tree = mount_new_fs(rf, "tmpfs", NULL, MS_RDONLY, EMPTY_ATTR, EMPTY_DATA,
				    rf->label_data, err);
	else
		tree = sys_open_tree(masks->empty_fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE);
	if (mount_is_missing(tree)) {
		r = mount_classic_at(rf, &target, "tmpfs", "tmpfs", EMPTY_FLAGS, EMPTY_DATA);
		return r < 0 ? err_sys(err, -r, "cover with an empty folder") : 0;
	}
	if (tree < 0)
		return err_sys(err, -tree, "an empty folder");
	r = mount_attach(rf, tree, &target);
	if (r < 0) {
		(void)close(tree);
		return err_sys(err, -r, "cover with an empty folder");
	}
	if (masks->empty_fd < 0)
		masks->empty_fd = tree; /* only what is attached can be cloned */
	else
		rootfs_drop(rf, tree);
	return 0;
}

static int mask_one(struct rootfs *rf, struct masks *masks, const char *path, struct oci_error *err)
{
	int fd = open_place(rf, path);
	int r;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, -fd, "open");
	r = mask_as_file(rf, masks, fd, err);
	if (r == 1)
		r = mask_as_folder(rf, masks, fd, err);
	rootfs_drop(rf, fd);
	return r;
}

int masks_do(struct rootfs *rf, struct oci_error *err)
{
	struct masks masks = { .null_fd = -1, .null_tree = -1, .empty_fd = -1 };
	int r;

	for (size_t i = 0; i < rf->readonly_paths_len; i++) {
		r = readonly_one(rf, rf->readonly_paths[i], err);
		if (r < 0) {
			err_prefix(err, "linux.readonlyPaths[%zu]: %s: ", i, rf->readonly_paths[i]);
			return r;
		}
	}
	for (size_t i = 0; i < rf->masked_len; i++) {
		r = mask_one(rf, &masks, rf->masked[i], err);
		if (r < 0) {
			err_prefix(err, "linux.maskedPaths[%zu]: %s: ", i, rf->masked[i]);
			return r;
		}
	}
	rootfs_drop(rf, masks.null_fd);
	rootfs_drop(rf, masks.null_tree);
	rootfs_drop(rf, masks.empty_fd);
	return 0;
}
