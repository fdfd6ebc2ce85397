/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pivot.c - the container's root: cut off from the host's mounts, attached, entered.
 *
 * What must hold: nothing that is mounted from here on reaches the host, and
 * after pivot_enter no mount of the host is left in the namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/rootfs-private.h"

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x00002000 /* 5.8 */
#endif

static bool wants_shared(const struct rootfs *rf)
{
	return rf->propagation & MS_SHARED;
}

/*
 * With a shared root the old tree must stay as it is, or bind mounts could not
 * send mounts back to the host. But the one mount that the root is attached to
 * must not pass that on: find its top and make it private.
 */
static int isolate_parent(const struct rootfs *rf, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = open(rf->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statx st;
	int up;

	if (fd < 0)
		return err_sys(err, errno, "root.path: %s", rf->path);
	for (;;) {
		if (statx(fd, "", AT_EMPTY_PATH, 0, &st) < 0)
			return err_sys(err, errno, "root.path: %s: statx", rf->path);
		if (!(st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT))
			return err_set(err, EOPNOTSUPP,
				       "linux.rootfsPropagation: shared needs Linux 5.8 or newer");
		if (st.stx_attributes & STATX_ATTR_MOUNT_ROOT)
			break;
		up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (up < 0)
			return err_sys(err, errno, "root.path: %s: parent folder", rf->path);
		(void)close(fd);
		fd = up;
	}
	if (fchdir(fd) < 0 || mount(NULL, ".", NULL, MS_PRIVATE, NULL) < 0)
		return err_sys(err, errno, "root.path: %s: make its mount private", rf->path);
	return 0;
}

static int cut_off(struct rootfs *rf, struct oci_error *err)
{
	unsigned long flags = rf->propagation & MS_PRIVATE ? MS_PRIVATE : MS_SLAVE;
	int r;

	if (!wants_shared(rf)) {
		if (mount(NULL, "/", NULL, MS_REC | flags, NULL) < 0)
			return err_sys(err, errno, "cut the mount namespace off the host's");
		return 0;
	}
	/* their trees must be taken before the parent mount is made private: it may hold the sources */
	r = mounts_prepare(rf, true, err);
	return r < 0 ? r : isolate_parent(rf, err);
}

/* mount(2) only: bind the folder on itself and open what is there then */
static int attach_classic(struct rootfs *rf, struct oci_error *err)
{
	if (mount(rf->path, rf->path, NULL, MS_BIND | MS_REC, NULL) < 0)
		return err_sys(err, errno, "root.path: bind %s", rf->path);
	rf->root_fd = open(rf->path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (rf->root_fd < 0)
		return err_sys(err, errno, "root.path: %s", rf->path);
	if (wants_shared(rf) &&
	    (fchdir(rf->root_fd) < 0 || mount(NULL, ".", NULL, MS_PRIVATE, NULL) < 0))
		return err_sys(err, errno, "root.path: make %s private", rf->path);
	return 0;
}

static int root_tree(struct rootfs *rf, bool *ret_attached, struct oci_error *err)
{
	struct mount_attr attr = { .propagation = MS_PRIVATE };
	int tree, r;

	if (rf->overlay && rf->root_tree >= 0) {
		tree = rf->root_tree;
		rf->root_tree = -1;
		return tree;
	}
	if (rf->overlay)
		return overlay_mount(rf->overlay, rf, ret_attached, err);
	if (rf->force_classic)
		return -ENOSYS;
	tree = sys_open_tree(AT_FDCWD, rf->path,
			     OPEN_TREE_CLONE | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW);
	if (tree == -EACCES && rf->root_tree >= 0) {
		tree = rf->root_tree;
		rf->root_tree = -1;
	}
	if (tree < 0)
		return mount_is_missing(tree)
			   ? tree
			   : err_sys(err, -tree, "root.path: open the tree %s", rf->path);
	/* pivot_root(2) refuses a shared root */
	if (wants_shared(rf)) {
		r = sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr);
		if (r < 0) {
			(void)close(tree);
			return err_sys(err, -r, "root.path: make %s private", rf->path);
		}
	}
	return tree;
}

int pivot_attach_root(struct rootfs *rf, struct oci_error *err)
{
	bool attached = false;
	int tree, r;

	r = cut_off(rf, err);
	if (r < 0)
		return r;
	tree = root_tree(rf, &attached, err);
	if (tree < 0)
		return mount_is_missing(tree) && !rf->overlay ? attach_classic(rf, err) : tree;
	r = attached ? 0 : sys_move_mount(tree, "", AT_FDCWD, rf->path, MOVE_MOUNT_F_EMPTY_PATH);
	/*
	 * The root of a user namespace may not reach that folder. "/" serves as
	 * well: lookups begin below what is mounted there, and pivot_root(2) only
	 * wants a mount that can be reached from the current root.
	 */
	if (r == -EACCES)
		r = sys_move_mount(tree, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
	if (r < 0) {
		(void)close(tree);
		return err_sys(err, -r, "root.path: attach the root at %s", rf->path);
	}
	rf->root_fd = tree;
	return 0;
}

/* For roots that pivot_root(2) cannot leave: an initramfs. */
static int enter_by_move(struct rootfs *rf, struct oci_error *err)
{
	(void)rf;
	/* The old root stays below; nothing that it does may reach us or we it. */
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return err_sys(err, errno, "move the root onto /");
	if (chroot(".") < 0)
		return err_sys(err, errno, "chroot into the new root");
	if (chdir("/") < 0)
		return err_sys(err, errno, "chdir to /");
	return 0;
}

int pivot_enter(struct rootfs *rf, struct oci_error *err)
{
	CLEANUP_CLOSE int old = -1;
	int r;

	if (wants_shared(rf)) {
		old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (old < 0)
			return err_sys(err, errno, "open the old root");
	}
	rf->cwd_fd = -1;
	r = rootfs_cd(rf, rf->root_fd);
	if (r < 0)
		return err_sys(err, -r, "enter the root folder");
	if (rf->options.no_pivot)
		return enter_by_move(rf, err);

	/* With both names ".", the old root comes to lie on top of the new one (pivot_root(2), NOTES). */
	r = sys_pivot_root(".", ".");
	if (r < 0)
		return err_sys(err, -r, "pivot_root%s",
			       r == -EINVAL ? " (on an initramfs, use --no-pivot)" : "");
	/* Its unmounting must not travel to the host: the rest of the tree is a slave since cut_off. */
	if (old >= 0 && (fchdir(old) < 0 || mount(NULL, ".", NULL, MS_SLAVE | MS_REC, NULL) < 0))
		return err_sys(err, errno, "cut the old root off the host's");
	if (umount2(".", MNT_DETACH) < 0)
		return err_sys(err, errno, "unmount the old root");
	if (old >= 0 && chdir("/") < 0)
		return err_sys(err, errno, "chdir to /");
	return 0;
}
