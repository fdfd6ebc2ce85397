/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_mount.c - what a container sees of its control groups (mounts of type cgroup and cgroup2).
 *
 * With a cgroup namespace the hierarchies are mounted for real, and the
 * kernel shows each from the container's place down. Without one, the
 * container's own folders are bound. What must hold: a user namespace without
 * a cgroup namespace gets nothing writable (CVE-2023-25809).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/rootfs-private.h"

#define CGROUP_FLAGS (MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RELATIME)
#define CGROUP_ATTR (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
/* what a config may ask of it beside read-only */
#define CGROUP_OPTIONS (MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME | MOUNT_ATTR_NOSYMFOLLOW)

static int await(struct rootfs *rf, struct oci_error *err)
{
	if (rf->cgroup_awaited || !rf->options.await_cgroup)
		return 0;
	rf->cgroup_awaited = true;
	rf->cwd_fd = -1;
	return rf->options.await_cgroup(rf->options.await_arg, err);
}

static bool wants_readonly(const struct rootfs *rf, const struct mount_plan *m)
{
	const struct cgroup *cg = rf->options.cgroup;

	return (m->options.flags & MS_RDONLY) || (m->options.rec_set & MOUNT_ATTR_RDONLY) ||
	       (rf->options.new_user_ns && !rf->options.new_cgroup_ns) ||
	       /* without a cgroup of its own it is in its maker's, who is the same user */
	       !cg || !cg->dirs_len;
}

/* The kernel refuses a hierarchy to user namespaces that do not own the cgroup namespace. */
static bool may_be_left_out(const struct rootfs *rf, int code)
{
	return rf->options.new_user_ns &&
	       (code == ENOENT || code == EPERM || code == EACCES || code == EBUSY);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int mount_hierarchy(struct rootfs *rf, const struct cgroup_dir *dir, int top,
			   struct oci_error *err)
{
	const struct mount_target target = { .dirfd = top, .name = base_name(dir->mount) };
	bool v2 = !*dir->controllers;
	char path[PATH_MAX];
	int r;

	if (mkdirat(top, target.name, 0755) < 0) {
		/* two hierarchies whose mount points end alike: the first one has the name */
		return errno == EEXIST ? 0 : err_sys(err, errno, "mkdir %s", target.name);
	}
	if (rf->options.new_cgroup_ns) {
		r = mount_classic_at(rf, &target, "cgroup", v2 ? "cgroup2" : "cgroup", CGROUP_FLAGS,
				     v2 ? NULL : dir->controllers);
	} else {
		if (snprintf(path, sizeof(path), "%s%s", dir->mount, dir->path) >=
		    (int)sizeof(path))
			return err_set(err, ENAMETOOLONG, "%s%s", dir->mount, dir->path);
		r = mount_classic_at(rf, &target, path, NULL, MS_BIND, NULL);
	}
	if (r < 0 && !may_be_left_out(rf, -r))
		return err_sys(err, -r, "hierarchy \"%s\"", v2 ? "unified" : dir->controllers);
	return 0;
}

/* "cpu,cpuacct" is one hierarchy with a name for each of its controllers. */
static int link_controllers(const struct cgroup_dir *dir, int top, struct oci_error *err)
{
	const char *name = base_name(dir->mount), *p = dir->controllers;
	char link[NAME_MAX + 1];

	if (!strchr(p, ','))
		return 0;
	while (*p) {
		size_t n = strcspn(p, ",");

		if (n && n < sizeof(link)) {
			memcpy(link, p, n);
			link[n] = '\0';
			if (symlinkat(name, top, link) < 0 && errno != EEXIST)
				return err_sys(err, errno, "symlink %s", link);
		}
		p += n;
		p += *p == ',';
	}
	return 0;
}

/* A read-only empty tmpfs, or the one that hierarchies are mounted in. */
static int new_top(struct rootfs *rf, const struct mount_plan *m, struct oci_error *err)
{
	struct mount_target target;
	int top, r;

	top = rf->force_classic ? -ENOSYS
				: mount_new_fs(rf, "tmpfs", "tmpfs", 0, CGROUP_ATTR, "mode=755",
					       rf->label_data, err);
	if (mount_is_missing(top))
		top = -ENOSYS;
	else if (top < 0)
		return top;
	r = mount_target_find(rf, m->destination, false, true, &target, err);
	if (r < 0)
		goto out;
	if (top >= 0) {
		r = mount_attach(rf, top, &target);
	} else {
		r = mount_classic_at(rf, &target, "tmpfs", "tmpfs", CGROUP_FLAGS, "mode=755");
		if (r >= 0)
			r = top = mount_open_plain(rf, m->destination, O_DIRECTORY);
	}
	mount_target_done(rf, &target);
	if (r < 0)
		r = err_sys(err, -r, "tmpfs");
out:
	if (r < 0 && top >= 0)
		(void)close(top);
	return r < 0 ? r : top;
}

static int seal_top(struct rootfs *rf, int top, const struct mount_plan *m, bool readonly,
		    struct oci_error *err)
{
	const uint64_t asked = (m->options.attr_set | m->options.rec_set) & CGROUP_OPTIONS;
	const struct cgroup *cg = rf->options.cgroup;
	struct mount_attr attr = { .attr_set = CGROUP_ATTR | asked };
	int r;

	if (asked & MOUNT_ATTR__ATIME)
		attr.attr_clr = MOUNT_ATTR__ATIME;
	if (readonly)
		attr.attr_set |= MOUNT_ATTR_RDONLY;
	else if (rf->options.new_cgroup_ns && !asked)
		return 0; /* each was mounted with its flags */
	r = rf->force_classic ? -ENOSYS
			      : sys_mount_setattr(top, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr);
	for (size_t i = 0; mount_is_missing(r) && cg && i < cg->dirs_len; i++) {
		CLEANUP_CLOSE int fd = openat(top, base_name(cg->dirs[i].mount),
					      O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int one = fd < 0 ? -errno
				 : mount_remount_classic(
					   rf, fd, CGROUP_FLAGS | (readonly ? MS_RDONLY : 0), 0);

		rf->cwd_fd = -1;
		/* EINVAL: a folder that was left empty is no mount */
		if (one < 0 && one != -EINVAL)
			return err_sys(err, -one, "hierarchy %s", cg->dirs[i].mount);
	}
	if (mount_is_missing(r) && readonly)
		r = mount_remount_classic(rf, top, MS_RDONLY, 0);
	else if (mount_is_missing(r))
		r = 0;
	return r < 0 ? err_sys(err, -r, "make it read-only") : 0;
}

static int mount_v1(struct rootfs *rf, const struct mount_plan *m, struct oci_error *err)
{
	const struct cgroup *cg = rf->options.cgroup;
	int top = new_top(rf, m, err);
	int r = 0;

	if (top < 0)
		return top;
	for (size_t i = 0; r >= 0 && cg && i < cg->dirs_len; i++) {
		r = mount_hierarchy(rf, &cg->dirs[i], top, err);
		if (r >= 0)
			r = link_controllers(&cg->dirs[i], top, err);
	}
	/* with no cgroups of its own it gets an empty folder, and not to fill it */
	if (r >= 0)
		r = seal_top(rf, top, m, wants_readonly(rf, m), err);
	if (r >= 0)
		r = mount_set_propagation(rf, m, top, err);
	rootfs_drop(rf, top);
	return r;
}

/* Refused by the kernel in a user namespace: the container's own folder stands for it, read-only. */
static int bind_v2(struct rootfs *rf, const struct mount_plan *m, const struct mount_target *target,
		   struct oci_error *err)
{
	const struct cgroup *cg = rf->options.cgroup;
	struct mount_attr attr = { .attr_set = CGROUP_ATTR };
	char path[PATH_MAX];
	int tree, r;

	for (size_t i = 0; cg && i < cg->dirs_len; i++) {
		if (*cg->dirs[i].controllers)
			continue;
		if (snprintf(path, sizeof(path), "%s%s", cg->dirs[i].mount, cg->dirs[i].path) >=
		    (int)sizeof(path))
			continue;
		tree = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE);
		if (tree < 0)
			break;
		if (wants_readonly(rf, m))
			attr.attr_set |= MOUNT_ATTR_RDONLY;
		r = sys_mount_setattr(tree, "", AT_EMPTY_PATH, &attr);
		if (r >= 0)
			r = mount_attach(rf, tree, target);
		rootfs_drop(rf, tree);
		return r < 0 ? err_sys(err, -r, "bind %s", path) : 0;
	}
	/* its folder cannot be told: hide what is there */
	r = mount_classic_at(rf, target, "tmpfs", "tmpfs", CGROUP_FLAGS | MS_RDONLY,
			     "mode=755,nr_blocks=1,nr_inodes=1");
	return r < 0 ? err_sys(err, -r, "cover with an empty folder") : 0;
}

static int mount_v2(struct rootfs *rf, const struct mount_plan *m, struct oci_error *err)
{
	const unsigned long asked = MS_RDONLY | MS_NOATIME | MS_STRICTATIME | MS_NODIRATIME |
				    (unsigned long)MS_NOSYMFOLLOW;
	unsigned long flags =
		CGROUP_FLAGS | (m->options.flags & asked) | (wants_readonly(rf, m) ? MS_RDONLY : 0);
	struct mount_target target;
	int r;

	r = mount_target_find(rf, m->destination, false, true, &target, err);
	if (r < 0)
		return r;
	r = rf->options.new_user_ns && !rf->options.new_cgroup_ns
		    ? -EPERM
		    : mount_classic_at(rf, &target, "cgroup2", "cgroup2", flags, m->options.data);
	if (r == -EPERM || r == -EBUSY)
		r = bind_v2(rf, m, &target, err);
	else if (r < 0)
		r = err_sys(err, -r, "cgroup2");
	mount_target_done(rf, &target);
	if (r >= 0 && m->options.propagation_len) {
		CLEANUP_CLOSE int fd = mount_open_plain(rf, m->destination, O_DIRECTORY);

		r = fd < 0 ? err_sys(err, -fd, "cgroup2") : mount_set_propagation(rf, m, fd, err);
		rf->cwd_fd = -1;
	}
	return r;
}

static bool is_v2_host(const struct cgroup *cg)
{
	struct statfs fs;

	if (cg && cg->mode != CGROUP_MODE_NONE)
		return cg->mode == CGROUP_MODE_V2;
	return statfs("/sys/fs/cgroup", &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

int cgroup_mount(struct rootfs *rf, struct mount_plan *m, struct oci_error *err)
{
	int r = await(rf, err);

	if (r < 0)
		return r;
	if (!strcmp(m->type, "cgroup2") || is_v2_host(rf->options.cgroup))
		return mount_v2(rf, m, err);
	return mount_v1(rf, m, err);
}
