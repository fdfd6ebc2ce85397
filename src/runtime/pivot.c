/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pivot.c - the container's root: cut off from the host's mounts, attached, entered.
 *
 * What must hold: nothing that is mounted from here on reaches the host, and
 * after pivot_enter no mount of the host is left in the namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/procfs.h"
#include "base/sys.h"
#include "runtime/rootfs-private.h"

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x00002000 /* 5.8 */
#endif

#define MOUNTINFO_MAX (16UL << 20)

static bool wants_shared(const struct rootfs *rf)
{
	return rf->propagation & MS_SHARED;
}

/*
 * With a shared root the old tree must stay as it is, or bind mounts could not
 * send mounts back to the host. But the one mount that the root is attached to
 * must not pass that on: find its top and make it private.
 */
static int isolate_parent(struct rootfs *rf, struct oci_error *err)
{
	/* by name: the host's own folder */
	CLEANUP_CLOSE int fd = open(rf->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statx st;
	int up, r;

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
	r = mount_change_here(rf, fd, MS_PRIVATE);
	return r < 0 ? err_sys(err, -r, "root.path: %s: make its mount private", rf->path) : 0;
}

static int cut_off(struct rootfs *rf, struct oci_error *err)
{
	unsigned long flags = rf->propagation & MS_PRIVATE ? MS_PRIVATE : MS_SLAVE;
	int r;

	if (!wants_shared(rf)) {
		/* by name: the namespace's own root */
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
	/* a lookup of "/" does not see what is mounted there, so that root is bound on another folder */
	const char *at = rf->path[1] ? rf->path : rf->options.bundle;
	int r;

	/* by name: the host's own folder, before anything of the container runs */
	if (mount(rf->path, at, NULL, MS_BIND | MS_REC, NULL) < 0)
		return err_sys(err, errno, "root.path: bind %s", rf->path);
	/* by name: the same */
	rf->root_fd = open(at, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (rf->root_fd < 0)
		return err_sys(err, errno, "root.path: %s", rf->path);
	r = wants_shared(rf) ? mount_change_here(rf, rf->root_fd, MS_PRIVATE) : 0;
	return r < 0 ? err_sys(err, -r, "root.path: make %s private", rf->path) : 0;
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

/* mountinfo(5) writes blanks and backslashes as \ooo */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] && text[3]) {
			*to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 +
				       (text[3] - '0'));
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* One line of mountinfo(5): the mount point of a procfs or sysfs that is not the container's, else NULL. */
static char *host_mount_of(const struct rootfs *rf, char *line)
{
	char *dash = strstr(line, " - "), *point = line, *end;

	if (!dash || (strncmp(dash + 3, "proc ", 5) != 0 && strncmp(dash + 3, "sysfs ", 6) != 0))
		return NULL;
	for (int i = 0; i < 4 && point; i++) {
		point = strchr(point, ' ');
		point += point != NULL;
	}
	end = point ? strchr(point, ' ') : NULL;
	if (!end)
		return NULL;
	*end = '\0';
	unescape(point);
	return rf->path[1] && path_is_below(point, rf->path) ? NULL : point;
}

/*
 * Without pivot_root(2) the old root stays in the namespace. A process that
 * gets out of the chroot must not find the host's whole procfs and sysfs
 * there, nor may their presence allow new unmasked ones in a user namespace.
 */
static int hide_host_filesystems(const struct rootfs *rf, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_CLOSE int procfd = procfs_open_root(err);
	CLEANUP_CLOSE int fd = -1;
	char *text, *save = NULL;
	size_t length;
	int r;

	if (procfd < 0)
		return procfd;
	fd = procfs_open(procfd, "self/mountinfo", O_RDONLY, err);
	if (fd < 0)
		return fd;
	r = io_read_fd(fd, MOUNTINFO_MAX, &arena, &text, &length);
	if (r < 0)
		return err_sys(err, -r, "read mountinfo");
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *point = host_mount_of(rf, line);

		/* by name: the host's own mounts, before anything of the container runs; it may be gone with its parent */
		if (!point || umount2(point, MNT_DETACH) == 0 || errno == ENOENT)
			continue;
		/* by name: as above; it is locked by a user namespace, so cover it */
		if (mount("tmpfs", point, "tmpfs", MS_RDONLY, "mode=755,nr_blocks=1,nr_inodes=1") <
			    0 &&
		    errno != ENOENT)
			return err_sys(err, errno, "hide the host's %s", point);
	}
	return 0;
}

/* For roots that pivot_root(2) cannot leave: an initramfs. */
static int enter_by_move(struct rootfs *rf, struct oci_error *err)
{
	int r = hide_host_filesystems(rf, err);

	if (r < 0)
		return r;
	/* by name: "." is the root that was attached */
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0)
		return err_sys(err, errno, "move the root onto /");
	/* by name: "." is the same root, now at "/" */
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
		/* by name: the root of the moment, the old one */
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
	/* by name: "." is what is on top of cwd. Its unmounting must not travel to the host: the rest of the tree is a slave since cut_off. */
	r = old >= 0 ? mount_change_here(rf, old, MS_SLAVE | MS_REC) : 0;
	if (r < 0)
		return err_sys(err, -r, "cut the old root off the host's");
	if (umount2(".", MNT_DETACH) < 0)
		return err_sys(err, errno, "unmount the old root");
	if (old >= 0 && chdir("/") < 0)
		return err_sys(err, errno, "chdir to /");
	return 0;
}
