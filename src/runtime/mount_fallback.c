/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_fallback.c - mount(2), alone and as safe: on "." after fchdir, and for files on the fd's link in a
 * procfs that was verified.
 *
 * After mount(2) there is no fd of what it made. Where one is needed the path
 * is looked up again, and the result counts only when it is what was mounted.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/procfs.h"
#include "base/sys.h"
#include "runtime/rootfs-private.h"

bool mount_is_missing(int code)
{
	/* EPERM: seccomp filters of older container engines answer so for calls that they do not know */
	return code == -ENOSYS || code == -EPERM;
}

int mount_change_here(struct rootfs *rf, int fd, unsigned long flags)
{
	rf->cwd_fd = -1;
	/* by name: "." is the fd's folder itself */
	return fchdir(fd) < 0 || mount(NULL, ".", NULL, flags, NULL) < 0 ? -errno : 0;
}

/* mount(2) on the object that @fd is. */
static int mount_on_fd(struct rootfs *rf, int fd, const char *source, const char *type,
		       unsigned long flags, const char *data)
{
	CLEANUP_CLOSE int procfd = -1;
	char path[32];
	int r;

	r = rootfs_cd(rf, fd);
	/* by name: "." is the fd's folder itself */
	if (r == 0)
		return mount(source, ".", type, flags, data) < 0 ? -errno : 0;
	if (r != -ENOTDIR)
		return r;
	procfd = procfs_open_root(NULL);
	if (procfd < 0)
		return procfd;
	rf->cwd_fd = -1;
	(void)snprintf(path, sizeof(path), "self/fd/%d", fd);
	/* by name: of an fd, in a procfs that was verified */
	if (fchdir(procfd) < 0 || mount(source, path, type, flags, data) < 0)
		return -errno;
	return 0;
}

int mount_classic_at(struct rootfs *rf, const struct mount_target *target, const char *source,
		     const char *type, unsigned long flags, const char *data)
{
	int r;

	if (!*target->name)
		return mount_on_fd(rf, target->dirfd, source, type, flags, data);
	r = rootfs_cd(rf, target->dirfd);
	if (r < 0)
		return r;
	/* by name: just made by us in a tmpfs that nobody else can reach */
	return mount(source, target->name, type, flags, data) < 0 ? -errno : 0;
}

int mount_bind_fds_classic(struct rootfs *rf, int from, int to)
{
	CLEANUP_CLOSE int procfd = procfs_open_root(NULL);
	char source[32], target[32];

	if (procfd < 0)
		return procfd;
	rf->cwd_fd = -1;
	(void)snprintf(source, sizeof(source), "self/fd/%d", from);
	(void)snprintf(target, sizeof(target), "self/fd/%d", to);
	/* by name: of fds, in a procfs that was verified */
	if (fchdir(procfd) < 0 || mount(source, target, NULL, MS_BIND | MS_REC, NULL) < 0)
		return -errno;
	return 0;
}

static unsigned long flags_of(const struct statvfs *st)
{
	static const struct {
		unsigned long st, ms;
	} map[] = {
		{ ST_RDONLY, MS_RDONLY },     { ST_NOSUID, MS_NOSUID },
		{ ST_NODEV, MS_NODEV },       { ST_NOEXEC, MS_NOEXEC },
		{ ST_NOATIME, MS_NOATIME },   { ST_NODIRATIME, MS_NODIRATIME },
		{ ST_RELATIME, MS_RELATIME }, { 0x2000 /* ST_NOSYMFOLLOW */, 256 },
	};
	unsigned long flags = 0;

	for (size_t i = 0; i < ARRAY_LEN(map); i++)
		if (st->f_flag & map[i].st)
			flags |= map[i].ms;
	if (!(flags & (MS_NOATIME | MS_RELATIME)))
		flags |= MS_STRICTATIME;
	return flags;
}

int mount_remount_classic(struct rootfs *rf, int fd, unsigned long set, unsigned long clr)
{
	const unsigned long atime = MS_NOATIME | MS_RELATIME | MS_STRICTATIME;
	struct statvfs st;
	unsigned long flags;
	int r;

	if (fstatvfs(fd, &st) < 0)
		return -errno;
	flags = flags_of(&st);
	if (set & atime)
		flags &= ~atime;
	flags = (flags & ~clr) | set;
	r = mount_on_fd(rf, fd, NULL, NULL, MS_REMOUNT | MS_BIND | flags, NULL);
	/* a locked "ro": see mount_attributes */
	if (r == -EPERM && (clr & MS_RDONLY) && (st.f_flag & ST_RDONLY))
		r = mount_on_fd(rf, fd, NULL, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL);
	return r;
}

static unsigned long attr_flags(uint64_t attr)
{
	static const struct {
		uint64_t attr;
		unsigned long ms;
	} map[] = {
		{ MOUNT_ATTR_RDONLY, MS_RDONLY },
		{ MOUNT_ATTR_NOSUID, MS_NOSUID },
		{ MOUNT_ATTR_NODEV, MS_NODEV },
		{ MOUNT_ATTR_NOEXEC, MS_NOEXEC },
		{ MOUNT_ATTR_NOATIME, MS_NOATIME },
		{ MOUNT_ATTR_STRICTATIME, MS_STRICTATIME },
		{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME },
		{ MOUNT_ATTR_NOSYMFOLLOW, 256 },
	};
	unsigned long flags = 0;

	for (size_t i = 0; i < ARRAY_LEN(map); i++)
		if (attr & map[i].attr)
			flags |= map[i].ms;
	return flags;
}

/* What lies at the destination now, if it is the mount just made. */
static int reopen(struct rootfs *rf, const struct mount_plan *m, const struct stat *expect,
		  long fs_type, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = mount_open_plain(rf, m->destination, 0);
	struct statfs fs;
	struct stat st;

	if (fd < 0)
		return err_sys(err, -fd, "open what was mounted");
	if (fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return err_sys(err, errno, "look at what was mounted");
	if ((expect && (st.st_dev != expect->st_dev || st.st_ino != expect->st_ino)) ||
	    (fs_type && fs.f_type != fs_type))
		return err_set(err, ESTALE, "the mount point was exchanged while mounting");
	return TAKE_FD(fd);
}

static int late_options(struct rootfs *rf, const struct mount_plan *m, int fd,
			struct oci_error *err)
{
	const struct mount_options *o = &m->options;
	int r;

	if (o->rec_set || o->rec_clr)
		return err_set(err, ENOSYS, "recursive mount options need Linux 5.12");
	for (size_t i = 0; i < o->propagation_len; i++) {
		r = mount_on_fd(rf, fd, NULL, NULL, o->propagation[i], NULL);
		if (r < 0)
			return err_sys(err, -r, "set the propagation");
	}
	return 0;
}

int mount_bind_classic(struct rootfs *rf, struct mount_plan *m, struct oci_error *err)
{
	const struct mount_options *o = &m->options;
	CLEANUP_CLOSE int source = -1;
	CLEANUP_CLOSE int fd = -1;
	struct mount_target target;
	struct stat st;
	int r;

	if (o->idmap != MOUNT_IDMAP_NONE || o->src_nofollow)
		return err_set(err, ENOSYS, "idmap and src-nofollow need Linux 5.12");
	/* by name: the host's, as the config says */
	source = open(m->source, O_PATH | O_CLOEXEC);
	if (source < 0 || fstat(source, &st) < 0)
		return err_sys(err, errno, "source %s", m->source);
	if (m->source_procfs) {
		struct statfs fs;

		if (fstatfs(source, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC || st.st_ino != 1)
			return err_set(err, EINVAL,
				       "only the root of a procfs can be bind-mounted on /proc");
	}
	r = mount_target_find(rf, m->destination, false, S_ISDIR(st.st_mode), &target, err);
	if (r < 0)
		return r;
	r = mount_classic_at(rf, &target, m->source, NULL, MS_BIND | (o->flags & MS_REC), NULL);
	mount_target_done(rf, &target);
	if (r == -ENOTDIR)
		return err_set(err, ENOTDIR,
			       "one of source %s and mount point %s is a folder, the other is not",
			       m->source, m->destination);
	if (r < 0)
		return err_sys(err, -r, "bind mount");
	if (!o->attr_set && !o->attr_clr && !o->rec_set && !o->rec_clr && !o->propagation_len)
		return 0;
	fd = reopen(rf, m, &st, 0, err);
	if (fd < 0)
		return fd;
	if (o->attr_set || o->attr_clr) {
		r = mount_remount_classic(rf, fd, attr_flags(o->attr_set), attr_flags(o->attr_clr));
		if (r < 0)
			return err_sys(err, -r, "set mount attributes");
	}
	r = late_options(rf, m, fd, err);
	if (rf->cwd_fd == fd)
		rf->cwd_fd = -1;
	return r;
}

int mount_fs_late(struct rootfs *rf, struct mount_plan *m, const struct mount_target *target,
		  struct oci_error *err)
{
	const struct mount_options *o = &m->options;
	unsigned long flags = o->flags & ~(unsigned long)MS_REC;
	CLEANUP_CLOSE int fd = -1;
	bool copy = o->tmpcopyup && !*target->name;
	int r;

	if (copy)
		flags &= ~(unsigned long)MS_RDONLY;
	r = mount_classic_at(rf, target, m->source, m->type, flags, o->data);
	if (r < 0)
		return err_set(err, -r, "%s", strerror(-r));
	if (!copy && !o->propagation_len && !o->rec_set && !o->rec_clr)
		return 0;
	fd = reopen(rf, m, NULL, copy ? TMPFS_MAGIC : 0, err);
	if (fd < 0)
		return fd;
	if (copy) {
		r = tmpcopyup(target->dirfd, fd, err);
		if (r >= 0 && (o->flags & MS_RDONLY))
			r = mount_remount_classic(rf, fd, MS_RDONLY, 0);
		if (r < 0)
			return err_sys(err, -r, "fill it");
	}
	r = late_options(rf, m, fd, err);
	if (rf->cwd_fd == fd)
		rf->cwd_fd = -1;
	return r;
}
