/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devices.c - device nodes and links in the container's /dev.
 *
 * /dev is opened once, inside the root, and everything is made relative to
 * that fd, so a symlink in its place cannot send us elsewhere
 * (CVE-2026-41579). In a user namespace mknod(2) is not allowed: there the
 * host's node is bound, by its fd.
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

#define MODE_DEFAULT 0666

static const struct {
	const char *path;
	unsigned major, minor;
} defaults[] = {
	{ "/dev/null", 1, 3 },   { "/dev/zero", 1, 5 },    { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
	{ "ptmx", "pts/ptmx" }, /* the container's own devpts, whatever the root had there */
};

/* ---- planning ----------------------------------------------------------------- */

static int plan_type(const struct oci_device *in, size_t i, mode_t *ret, struct oci_error *err)
{
	const char *type = in->type ? in->type : "";

	if (!strcmp(type, "c") || !strcmp(type, "u"))
		*ret = S_IFCHR;
	else if (!strcmp(type, "b"))
		*ret = S_IFBLK;
	else if (!strcmp(type, "p"))
		*ret = S_IFIFO;
	else
		return err_set(err, EINVAL, "linux.devices[%zu].type: \"%s\": must be b, c, u or p",
			       i, type);
	return 0;
}

static int plan_number(const struct oci_device *in, size_t i, mode_t type, dev_t *ret,
		       struct oci_error *err)
{
	if (type == S_IFIFO) {
		*ret = 0;
		return 0;
	}
	if (!in->major.present || !in->minor.present)
		return err_set(err, EINVAL, "linux.devices[%zu].%s: required for type \"%s\"", i,
			       in->major.present ? "minor" : "major", in->type);
	if (in->major.value < 0 ||
	    in->major.value > 0xfff) /* MINORBITS is 20 of 32 in the kernel */
		return err_set(err, EINVAL, "linux.devices[%zu].major: %lld: must be 0..4095", i,
			       (long long)in->major.value);
	if (in->minor.value < 0 || in->minor.value > 0xfffff)
		return err_set(err, EINVAL, "linux.devices[%zu].minor: %lld: must be 0..1048575", i,
			       (long long)in->minor.value);
	*ret = makedev((unsigned)in->major.value, (unsigned)in->minor.value);
	return 0;
}

static int plan_device(struct oci_arena *arena, const struct oci_device *in, size_t i,
		       struct device_plan *d, struct oci_error *err)
{
	char *path;
	int r;

	if (!in->path || in->path[0] != '/')
		return err_set(err, EINVAL,
			       "linux.devices[%zu].path: \"%s\": must be an absolute path", i,
			       in->path ? in->path : "");
	path = oci_arena_strdup(arena, in->path);
	if (!path)
		return err_nomem(err);
	d->path = path_clean(path);
	if (!strcmp(d->path, "/") || path_is_below(d->path, "/proc"))
		return err_set(err, EINVAL,
			       "linux.devices[%zu].path: %s: no device can be made there", i,
			       d->path);
	r = plan_type(in, i, &d->mode, err);
	if (r >= 0)
		r = plan_number(in, i, d->mode, &d->dev, err);
	if (r < 0)
		return r;
	/* some engines leave the type's bits in fileMode */
	d->mode |= in->file_mode.present ? in->file_mode.value & 07777 : MODE_DEFAULT;
	d->uid = in->uid.present ? in->uid.value : 0;
	d->gid = in->gid.present ? in->gid.value : 0;
	d->index = i;
	return 0;
}

static bool is_planned(const struct rootfs *rf, const char *path)
{
	for (size_t i = 0; i < rf->devices_len; i++)
		if (!strcmp(rf->devices[i].path, path))
			return true;
	return false;
}

int devices_plan(struct oci_arena *arena, const struct oci_config *config, struct rootfs *rf,
		 struct oci_error *err)
{
	size_t given = config->linux_ ? config->linux_->devices_len : 0;
	struct device_plan *out;
	int r;

	out = oci_arena_array(arena, given + ARRAY_LEN(defaults), sizeof(*out));
	if (!out)
		return err_nomem(err);
	rf->devices = out;
	for (size_t i = 0; i < given; i++) {
		struct device_plan *d = &out[rf->devices_len];

		d->source_fd = -1;
		r = plan_device(arena, &config->linux_->devices[i], i, d, err);
		if (r < 0)
			return r;
		/* ptmx is always the link into the container's devpts */
		if (!strcmp(d->path, "/dev/ptmx"))
			continue;
		if (is_planned(rf, d->path))
			return err_set(err, EINVAL, "linux.devices[%zu].path: %s: given twice", i,
				       d->path);
		rf->devices_len++;
	}
	for (size_t i = 0; i < ARRAY_LEN(defaults); i++) {
		if (is_planned(rf, defaults[i].path))
			continue;
		out[rf->devices_len++] = (struct device_plan){
			.path = defaults[i].path,
			.mode = S_IFCHR | MODE_DEFAULT,
			.dev = makedev(defaults[i].major, defaults[i].minor),
			.index = SIZE_MAX,
			.source_fd = -1,
		};
	}
	return 0;
}

/* ---- doing --------------------------------------------------------------------- */

static bool is_node(const struct stat *st, const struct device_plan *d)
{
	return (st->st_mode & S_IFMT) == (d->mode & S_IFMT) && st->st_rdev == d->dev;
}

/* The host's node as a detached tree, if it is the one that the config means. */
static int open_host_node(const struct device_plan *d, struct oci_error *err)
{
	CLEANUP_CLOSE int tree = sys_open_tree(AT_FDCWD, d->path, OPEN_TREE_CLONE);
	struct stat st;

	if (tree < 0)
		return mount_is_missing(tree) ? tree
					      : err_sys(err, -tree, "the host's %s", d->path);
	if (fstat(tree, &st) < 0)
		return err_sys(err, errno, "the host's %s", d->path);
	if (!is_node(&st, d))
		return err_set(err, ENODEV, "the host's %s is not the device %u:%u", d->path,
			       major(d->dev), minor(d->dev));
	return TAKE_FD(tree);
}

static void prefix(const struct device_plan *d, struct oci_error *err)
{
	if (d->index == SIZE_MAX)
		err_prefix(err, "device %s: ", d->path);
	else
		err_prefix(err, "linux.devices[%zu]: %s: ", d->index, d->path);
}

int devices_prepare(struct rootfs *rf, struct oci_error *err)
{
	if (!rf->options.new_user_ns || rf->dev_is_bind)
		return 0;
	for (size_t i = 0; i < rf->devices_len; i++) {
		struct device_plan *d = &rf->devices[i];

		if (S_ISFIFO(d->mode))
			continue;
		d->source_fd = open_host_node(d, err);
		if (mount_is_missing(
			    d->source_fd)) /* not the privilege: the child has it in its own namespaces */
			return 0;
		if (d->source_fd < 0) {
			prefix(d, err);
			return d->source_fd;
		}
	}
	return 0;
}

static int bind_classic(struct rootfs *rf, const struct device_plan *d, int dir, const char *name,
			struct oci_error *err)
{
	/* by name: the host's node */
	CLEANUP_CLOSE int from = open(d->path, O_PATH | O_CLOEXEC);
	CLEANUP_CLOSE int to = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r;

	if (from < 0 || fstat(from, &st) < 0)
		return err_sys(err, errno, "the host's node");
	if (!is_node(&st, d))
		return err_set(err, ENODEV, "the host's is not the device %u:%u", major(d->dev),
			       minor(d->dev));
	if (to < 0)
		return err_sys(err, errno, "mount point");
	r = mount_bind_fds_classic(rf, from, to);
	return r < 0 ? err_sys(err, -r, "bind the host's node") : 0;
}

static int bind_node(struct rootfs *rf, struct device_plan *d, int dir, const char *name,
		     struct oci_error *err)
{
	CLEANUP_CLOSE int tree = d->source_fd;
	int r;

	d->source_fd = -1;
	if (mknodat(dir, name, S_IFREG, 0) < 0 && errno != EEXIST)
		return err_sys(err, errno, "mount point");
	if (tree < 0)
		tree = rf->force_classic ? -ENOSYS : open_host_node(d, err);
	if (mount_is_missing(tree))
		return bind_classic(rf, d, dir, name, err);
	if (tree < 0)
		return tree;
	/* a symlink at the name is not followed: then this fails, as it should */
	r = sys_move_mount(tree, "", dir, name, MOVE_MOUNT_F_EMPTY_PATH);
	if (r < 0)
		return err_sys(err, -r, "bind the host's node");
	rootfs_drop(rf, TAKE_FD(tree));
	return 0;
}

/* An image may bring its nodes along, but nothing else in their place. 1: it is as planned, 0: it was removed. */
static int settle_existing(const struct device_plan *d, int dir, const char *name,
			   struct oci_error *err)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "look at what is there");
	if (!is_node(&st, d))
		return err_set(err, EEXIST, "exists in the root and is another kind of file");
	if (st.st_mode == d->mode && st.st_uid == d->uid && st.st_gid == d->gid)
		return 1;
	return unlinkat(dir, name, 0) < 0 ? err_sys(err, errno, "replace") : 0;
}

static int make_node(struct rootfs *rf, struct device_plan *d, int dir, const char *name,
		     struct oci_error *err)
{
	int r;

	if (rf->options.new_user_ns && !S_ISFIFO(d->mode))
		return bind_node(rf, d, dir, name, err);
	r = mknodat(dir, name, d->mode, d->dev) < 0 ? -errno : 0;
	if (r == -EEXIST) {
		r = settle_existing(d, dir, name, err);
		if (r)
			return r < 0 ? r : 0;
		r = mknodat(dir, name, d->mode, d->dev) < 0 ? -errno : 0;
	}
	if (r == -EPERM && !S_ISFIFO(d->mode))
		return bind_node(rf, d, dir, name, err);
	if (r < 0)
		return err_sys(err, -r, "mknod");
	if ((d->uid || d->gid) && fchownat(dir, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, errno, "chown to %u:%u", d->uid, d->gid);
	return 0;
}

static int open_dev(struct rootfs *rf, struct oci_error *err)
{
	int fd;

	if (rf->dev_fd >= 0)
		return 0;
	fd = mount_open_plain(rf, "/dev", O_DIRECTORY);
	if (fd < 0)
		fd = path_mkdirs_in_root(rf->root_fd, "/dev", 0755);
	if (fd < 0)
		return err_sys(err, -fd, "/dev in the root");
	rf->dev_fd = fd;
	return 0;
}

static int device_do(struct rootfs *rf, struct device_plan *d, struct oci_error *err)
{
	static const char dev[] = "/dev/";
	const char *name;
	int dir, r;

	if (!strncmp(d->path, dev, strlen(dev)) && !strchr(d->path + strlen(dev), '/'))
		return make_node(rf, d, rf->dev_fd, d->path + strlen(dev), err);
	dir = path_open_parent_in_root(rf->root_fd, d->path, true, &name);
	if (dir < 0)
		return err_sys(err, -dir, "folder in the root");
	r = make_node(rf, d, dir, name, err);
	rootfs_drop(rf, dir);
	return r;
}

static int link_do(const struct rootfs *rf, const char *name, const char *target,
		   struct oci_error *err)
{
	bool own = !strcmp(name, "ptmx");

	if (symlinkat(target, rf->dev_fd, name) == 0)
		return 0;
	if (errno == EEXIST && !own)
		return 0; /* the image's own */
	if (errno == EEXIST && unlinkat(rf->dev_fd, name, 0) == 0 &&
	    symlinkat(target, rf->dev_fd, name) == 0)
		return 0;
	return err_sys(err, errno, "/dev/%s: symlink", name);
}

/*
 * A /dev that is bound is somebody else's: nothing is made there. Engines bind the host's and list its nodes too, so
 * what is listed only has to be there.
 */
static int look_at_bound(struct rootfs *rf, const struct device_plan *d, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = path_open_in_root(rf->root_fd, d->path, O_PATH | O_NOFOLLOW, 0);
	struct stat st;

	if (fd < 0)
		return err_sys(err, -fd, "in the /dev that is bound");
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "in the /dev that is bound");
	if (!is_node(&st, d))
		return err_set(err, EEXIST, "in the /dev that is bound it is another file");
	return 0;
}

static int devices_with_bound_dev(struct rootfs *rf, struct oci_error *err)
{
	for (size_t i = 0; i < rf->devices_len; i++) {
		struct device_plan *d = &rf->devices[i];
		int r;

		if (d->index == SIZE_MAX) /* none of the config's */
			continue;
		r = path_is_below(d->path, "/dev") ? look_at_bound(rf, d, err)
						   : device_do(rf, d, err);
		if (r < 0) {
			prefix(d, err);
			return r;
		}
	}
	return 0;
}

int devices_do(struct rootfs *rf, struct oci_error *err)
{
	int r;

	if (rf->dev_is_bind)
		return devices_with_bound_dev(rf, err);
	r = open_dev(rf, err);
	for (size_t i = 0; r >= 0 && i < rf->devices_len; i++) {
		r = device_do(rf, &rf->devices[i], err);
		if (r < 0)
			prefix(&rf->devices[i], err);
	}
	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(links); i++)
		r = link_do(rf, links[i].name, links[i].target, err);
	/* a kernel without /proc/kcore has no core to show */
	if (r >= 0 && faccessat(rf->root_fd, "proc/kcore", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		r = link_do(rf, "core", "/proc/kcore", err);
	return r;
}
