/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_do.c - the planned mounts carried out: attributes, binds, remounts, and their order.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"
#include "runtime/rootfs-private.h"

#define PROC_ROOT_INO 1 /* fs/proc/root.c: the inode of every procfs root */

int mount_set_attributes(int tree, unsigned flags, uint64_t set, uint64_t clr,
			 unsigned long propagation)
{
	struct mount_attr attr = {
		.attr_set = set,
		.attr_clr = clr,
		.propagation = propagation & ~(unsigned long)MS_REC,
	};

	return sys_mount_setattr(tree, "", AT_EMPTY_PATH | flags, &attr);
}

int mount_attributes(const struct mount_plan *m, int tree, struct oci_error *err)
{
	const struct mount_options *o = &m->options;
	uint64_t set = m->kind == MOUNT_BIND ? o->attr_set : 0; /* else fsmount has set them */
	uint64_t clr = m->kind == MOUNT_BIND ? o->attr_clr : 0;
	int r = 0;

	if (set || clr)
		r = mount_set_attributes(tree, 0, set, clr, 0);
	/*
	 * In a user namespace the source's flags are locked. Engines say "rw"
	 * without having been asked, so only that may go unfulfilled; writes then
	 * fail as they would on the source.
	 */
	if (r == -EPERM && (clr & MOUNT_ATTR_RDONLY)) {
		clr &= ~(uint64_t)MOUNT_ATTR_RDONLY;
		r = set || clr ? mount_set_attributes(tree, 0, set, clr, 0) : 0;
	}
	if (r < 0)
		return err_sys(err, -r, "set mount attributes%s",
			       r == -EPERM ? " (the source's own are locked in this user namespace)"
					   : "");
	if (o->rec_set || o->rec_clr) {
		r = mount_set_attributes(tree, AT_RECURSIVE, o->rec_set, o->rec_clr, 0);
		if (r < 0)
			return err_sys(err, -r, "set recursive mount attributes%s",
				       mount_is_missing(r) ? " (needs Linux 5.12)" : "");
	}
	return 0;
}

/* After the mount is in its place: a shared one must not send its own mounting around. */
int mount_set_propagation(struct rootfs *rf, const struct mount_plan *m, int tree,
			  struct oci_error *err)
{
	for (size_t i = 0; i < m->options.propagation_len; i++) {
		unsigned long p = m->options.propagation[i];
		int r = mount_set_attributes(tree, p & MS_REC ? AT_RECURSIVE : 0, 0, 0, p);

		if (mount_is_missing(r))
			r = mount_change_here(rf, tree, p);
		if (r < 0)
			return err_sys(err, -r, "set the propagation");
	}
	return 0;
}

static int check_source_procfs(int tree, struct oci_error *err)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(tree, &fs) < 0 || fstat(tree, &st) < 0)
		return err_sys(err, errno, "look at the source");
	if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != PROC_ROOT_INO)
		return err_set(err, EINVAL,
			       "only the root of a procfs can be bind-mounted on /proc");
	return 0;
}

/* Open a source as a detached tree: fd or -errno, with words unless the interface is missing. */
static int open_source(const struct rootfs *rf, const struct mount_plan *m, struct oci_error *err)
{
	unsigned flags = OPEN_TREE_CLONE;
	int tree;

	if (rf->force_classic)
		return -ENOSYS;
	if (m->options.flags & MS_REC)
		flags |= AT_RECURSIVE;
	if (m->options.src_nofollow)
		flags |= AT_SYMLINK_NOFOLLOW;
	tree = sys_open_tree(AT_FDCWD, m->source, flags);
	if (tree >= 0 || mount_is_missing(tree))
		return tree;
	return err_sys(err, -tree, "source %s", m->source);
}

/* crun's copy-symlink: the link itself, made anew in the root. 1: done, 0: the source is no link. */
static int copy_symlink(struct rootfs *rf, const struct mount_plan *m, struct oci_error *err)
{
	CLEANUP_CLOSE int dir = -1;
	const char *name;
	char to[PATH_MAX];
	/* by name: the host's, as the config says */
	ssize_t n = readlink(m->source, to, sizeof(to) - 1);

	if (n < 0)
		return errno == EINVAL ? 0 : err_sys(err, errno, "source %s", m->source);
	to[n] = '\0';
	dir = path_open_parent_in_root(rf->root_fd, m->destination, true, &name);
	if (dir < 0)
		return err_sys(err, -dir, "%s: parent folder in the root", m->destination);
	if (symlinkat(to, dir, name) < 0) {
		char old[PATH_MAX];
		ssize_t k = readlinkat(dir, name, old, sizeof(old));

		if (k != n || memcmp(old, to, (size_t)n) != 0)
			return err_set(err, EEXIST, "%s exists and is not the same symlink",
				       m->destination);
	}
	return 1;
}

static int bind_target(struct rootfs *rf, const struct mount_plan *m, int tree,
		       struct mount_target *target, struct oci_error *err)
{
	struct stat st;
	int fd;

	fd = mount_open_plain(rf, m->destination, 0);
	if (fd >= 0) {
		*target = (struct mount_target){ .dirfd = fd, .name = "", .owned = true };
		return 0;
	}
	if (m->options.dest_nofollow && fd == -ELOOP) {
		fd = path_open_in_root(rf->root_fd, m->destination, O_PATH | O_NOFOLLOW, 0);
		if (fd < 0)
			return err_sys(err, -fd, "%s: mount point in the root", m->destination);
		*target = (struct mount_target){ .dirfd = fd, .name = "", .owned = true };
		return 0;
	}
	if (fstat(tree, &st) < 0)
		return err_sys(err, errno, "source %s", m->source);
	return mount_target_find(rf, m->destination, false, S_ISDIR(st.st_mode), target, err);
}

int mount_bind(struct rootfs *rf, struct mount_plan *m, struct oci_error *err)
{
	CLEANUP_CLOSE int tree = m->tree_fd;
	struct mount_target target;
	int r;

	m->tree_fd = -1;
	if (m->options.copy_symlink) {
		r = copy_symlink(rf, m, err);
		if (r)
			return r < 0 ? r : 0;
	}
	if (tree < 0)
		tree = open_source(rf, m, err);
	if (mount_is_missing(tree))
		return mount_bind_classic(rf, m, err);
	if (tree < 0)
		return tree;
	if (m->source_procfs) {
		r = check_source_procfs(tree, err);
		if (r < 0)
			return r;
	}
	r = mount_attributes(m, tree, err);
	if (r < 0)
		return r;
	r = bind_target(rf, m, tree, &target, err);
	if (r < 0)
		return r;
	r = mount_attach(rf, tree, &target);
	mount_target_done(rf, &target);
	if (r == -EINVAL || r == -ENOTDIR)
		return err_set(err, ENOTDIR,
			       "one of source %s and mount point %s is a folder, the other is not",
			       m->source, m->destination);
	if (r < 0)
		return err_sys(err, -r, "attach");
	r = mount_set_propagation(rf, m, tree, err);
	rootfs_drop(rf, TAKE_FD(tree));
	return r;
}

static int mount_remount(struct rootfs *rf, const struct mount_plan *m, struct oci_error *err)
{
	struct mount_target target;
	int r;

	r = mount_target_find(rf, m->destination, false, true, &target, err);
	if (r < 0)
		return r;
	r = mount_classic_at(rf, &target, m->source, m->type, m->options.flags, m->options.data);
	mount_target_done(rf, &target);
	return r < 0 ? err_sys(err, -r, "remount") : 0;
}

int mounts_prepare(struct rootfs *rf, bool child, struct oci_error *err)
{
	for (size_t i = 0; i < rf->mounts_len; i++) {
		struct mount_plan *m = &rf->mounts[i];
		struct mount_attr slave = { .propagation = MS_SLAVE };
		bool idmap = m->options.idmap != MOUNT_IDMAP_NONE;
		int r;

		if (m->kind != MOUNT_BIND || m->tree_fd >= 0 ||
		    (!child && !rf->options.new_user_ns && !idmap))
			continue;
		if (m->options.copy_symlink)
			continue;
		m->tree_fd = open_source(rf, m, err);
		if (mount_is_missing(m->tree_fd) && !idmap)
			continue; /* the child has more rights in its own namespaces */
		if (m->tree_fd < 0) {
			if (mount_is_missing(m->tree_fd))
				(void)err_sys(err, -m->tree_fd, "id-mapped mounts: open_tree");
			err_prefix(err, "mounts[%zu]: ", m->index);
			return m->tree_fd;
		}
		/* outside the child's namespace it is still a peer of the host's mount */
		r = child || (rf->propagation & MS_SHARED)
			    ? 0
			    : sys_mount_setattr(m->tree_fd, "", AT_EMPTY_PATH | AT_RECURSIVE,
						&slave);
		if (r < 0)
			r = err_sys(err, -r, "cut the source off the host's mounts");
		if (r >= 0 && idmap && m->uids_len)
			r = idmount_apply_own(m, err);
		if (r < 0) {
			err_prefix(err, "mounts[%zu]: ", m->index);
			return r;
		}
	}
	return 0;
}

int mount_do(struct rootfs *rf, struct mount_plan *m, struct oci_error *err)
{
	static const char *const what[] = {
		[MOUNT_FS] = "mount",
		[MOUNT_BIND] = "bind",
		[MOUNT_CGROUP] = "mount",
		[MOUNT_REMOUNT] = "remount",
	};
	int r = -EINVAL;

	switch (m->kind) {
	case MOUNT_FS:
		r = mount_fs_or_host(rf, m, err);
		break;
	case MOUNT_BIND:
		r = mount_bind(rf, m, err);
		break;
	case MOUNT_CGROUP:
		r = cgroup_mount(rf, m, err);
		break;
	case MOUNT_REMOUNT:
		r = mount_remount(rf, m, err);
		break;
	}
	if (r < 0)
		err_prefix(err, "mounts[%zu]: %s %s on %s: ", m->index, what[m->kind],
			   m->kind == MOUNT_BIND ? m->source : m->type, m->destination);
	return r;
}

int mounts_do(struct rootfs *rf, struct oci_error *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < rf->mounts_len; i++)
		r = mount_do(rf, &rf->mounts[i], err);
	return r < 0 ? r : 0;
}

int mounts_finish(struct rootfs *rf, struct oci_error *err)
{
	for (size_t i = 0; i < rf->mounts_len; i++) {
		const struct mount_plan *m = &rf->mounts[i];
		CLEANUP_CLOSE int own = -1;
		int fd = m->handle_fd, r;

		if (!m->late_readonly)
			continue;
		if (fd < 0)
			fd = own = mount_open_plain(rf, m->destination, O_DIRECTORY);
		r = fd < 0              ? fd
		    : rf->force_classic ? -ENOSYS
					: mount_set_attributes(fd, 0, MOUNT_ATTR_RDONLY, 0, 0);
		if (fd >= 0 && mount_is_missing(r))
			r = mount_remount_classic(rf, fd, MS_RDONLY, 0);
		if (own >= 0)
			rf->cwd_fd = -1;
		if (r < 0)
			return err_sys(err, -r, "mounts[%zu]: make %s read-only", m->index,
				       m->destination);
	}
	return 0;
}
