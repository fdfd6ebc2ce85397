/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_do.c - the planned mounts carried out, in the child.
 *
 * A target is resolved once, inside the root, and then used by its fd: with
 * move_mount(2), or by mount(2) on "." after fchdir. What must hold: no path
 * string is ever used twice (CVE-2021-30465).
 *
 * A plain new file system is made by mount(2), which is one call where fsopen
 * needs six; only when it fails does fsopen try again, for the kernel's words.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
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
#define TARGET_MODE 0755

/* openat2(2) is missing: no component may be a link, so a walk with O_NOFOLLOW is as good */
static int open_plain_walk(int root_fd, const char *path, int flags)
{
	CLEANUP_CLOSE int fd = dup(root_fd);
	char name[NAME_MAX + 1];
	struct stat st;

	if (fd < 0)
		return -errno;
	for (;;) {
		const char *end;
		size_t n;
		int next;

		path += strspn(path, "/");
		if (!*path)
			return TAKE_FD(fd);
		end = strchrnul(path, '/');
		n = (size_t)(end - path);
		if (n >= sizeof(name))
			return -ENAMETOOLONG;
		memcpy(name, path, n);
		name[n] = '\0';
		if (!strcmp(name, ".."))
			return -EXDEV;
		next = openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return -errno;
		(void)close(fd);
		fd = next;
		if (fstat(fd, &st) < 0)
			return -errno;
		if (S_ISLNK(st.st_mode))
			return -ELOOP;
		if (!S_ISDIR(st.st_mode) && (*end || (flags & O_DIRECTORY)))
			return -ENOTDIR;
		path = end;
	}
}

int mount_open_plain(int root_fd, const char *path, int flags)
{
	int fd = sys_openat2(root_fd, path, (uint64_t)(O_PATH | flags), 0,
			     RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS);

	return mount_is_missing(fd) ? open_plain_walk(root_fd, path, flags) : fd;
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
	return fs.f_type == PROC_SUPER_MAGIC ? -ELOOP : 0;
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
	fd = mount_open_plain(rf->root_fd, destination, 0);
	if (fd == -ENOENT && real_dir) {
		/* made through links, but then looked at without */
		fd = path_mkdirs_in_root(rf->root_fd, destination, TARGET_MODE);
		if (fd >= 0) {
			(void)close(fd);
			fd = mount_open_plain(rf->root_fd, destination, 0);
		}
	}
	if ((fd == -ELOOP || fd == -ENOTDIR || fd == -ENOENT) && !real_dir)
		fd = target_through_links(rf, destination, is_dir);
	if (fd == -ELOOP && real_dir)
		return err_set(err, ELOOP, "%s must be a real folder in the root, not a symlink or below one",
			       destination);
	if (fd == -ELOOP)
		return err_set(err, ELOOP, "%s: a symlink in the root leads into /proc", destination);
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

/* ---- attributes ------------------------------------------------------------- */

static int set_attributes(int tree, unsigned flags, uint64_t set, uint64_t clr,
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
		r = set_attributes(tree, 0, set, clr, 0);
	/*
	 * In a user namespace the source's flags are locked. Engines say "rw"
	 * without having been asked, so only that may go unfulfilled; writes then
	 * fail as they would on the source.
	 */
	if (r == -EPERM && (clr & MOUNT_ATTR_RDONLY)) {
		clr &= ~(uint64_t)MOUNT_ATTR_RDONLY;
		r = set || clr ? set_attributes(tree, 0, set, clr, 0) : 0;
	}
	if (r < 0)
		return err_sys(err, -r, "set mount attributes%s",
			       r == -EPERM ? " (the source's own are locked in this user namespace)" : "");
	if (o->rec_set || o->rec_clr) {
		r = set_attributes(tree, AT_RECURSIVE, o->rec_set, o->rec_clr, 0);
		if (r < 0)
			return err_sys(err, -r, "set recursive mount attributes%s",
				       mount_is_missing(r) ? " (needs Linux 5.12)" : "");
	}
	return 0;
}

/* After the mount is in its place: a shared one must not send its own mounting around. */
static int set_propagation(struct rootfs *rf, const struct mount_plan *m, int tree,
			   struct oci_error *err)
{
	for (size_t i = 0; i < m->options.propagation_len; i++) {
		unsigned long p = m->options.propagation[i];
		int r = set_attributes(tree, p & MS_REC ? AT_RECURSIVE : 0, 0, 0, p);

		if (mount_is_missing(r))
			r = mount_change_here(rf, tree, p);
		if (r < 0)
			return err_sys(err, -r, "set the propagation");
	}
	return 0;
}

/* ---- new file systems ------------------------------------------------------- */

static const struct {
	unsigned long flag;
	const char *key;
} superblock_flags[] = {
	{ MS_RDONLY, "ro" },	    { MS_SYNCHRONOUS, "sync" },	 { MS_DIRSYNC, "dirsync" },
	{ MS_MANDLOCK, "mand" },    { 1UL << 25, "lazytime" },	 { MS_I_VERSION, "iversion" },
};

static int configure_word(int fs, char *word)
{
	char *value = strchr(word, '=');
	size_t n;

	if (!value)
		return sys_fsconfig_flag(fs, word);
	*value++ = '\0';
	n = strlen(value);
	/* quotes protect commas from mount(2)'s parser (SELinux labels); fsconfig(2) has no need of them */
	if (n >= 2 && value[0] == '"' && value[n - 1] == '"') {
		value[n - 1] = '\0';
		value++;
	}
	return sys_fsconfig_string(fs, word, value);
}

/* "mode=755,size=1m,context="a,b"" one by one */
static int configure_data(int fs, const char *data, char *word, size_t size)
{
	while (data && *data) {
		bool quoted = false;
		size_t n = 0;
		int r;

		for (; *data && (*data != ',' || quoted); data++) {
			if (*data == '"')
				quoted = !quoted;
			if (n + 1 >= size)
				return -E2BIG;
			word[n++] = *data;
		}
		word[n] = '\0';
		data += *data == ',';
		if (!n)
			continue;
		r = configure_word(fs, word);
		if (r < 0)
			return r;
	}
	return 0;
}

static int configure_all(int fs, const char *source, unsigned long flags, const char *data,
			 const char *label)
{
	char word[4096];
	int r;

	if (source) {
		r = sys_fsconfig_string(fs, "source", source);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < ARRAY_LEN(superblock_flags); i++)
		if (flags & superblock_flags[i].flag) {
			r = sys_fsconfig_flag(fs, superblock_flags[i].key);
			if (r < 0)
				return r;
		}
	r = configure_data(fs, data, word, sizeof(word));
	if (r >= 0)
		r = configure_data(fs, label, word, sizeof(word));
	return r < 0 ? r : sys_fsconfig_create(fs);
}

/* The kernel writes "tmpfs: Unknown parameter 'foo'": enough by itself; else the errno's words. */
static int fs_error(int fs, int code, struct oci_error *err)
{
	char message[512] = "";
	const char *hint = sys_hint("mount", code);

	sys_fs_message(fs, message, sizeof(message));
	if (*message)
		return err_set(err, code, "%s", message);
	if (hint)
		return err_set(err, code, "%s (%s)", strerror(code), hint);
	return err_set(err, code, "%s", strerror(code));
}

int mount_new_fs(const char *type, const char *source, unsigned long flags, uint64_t attr,
		 const char *data, const char *label, struct oci_error *err)
{
	CLEANUP_CLOSE int fs = sys_fsopen(type);
	int r, tree;

	if (mount_is_missing(fs))
		return fs;
	if (fs == -ENODEV)
		return err_set(err, ENODEV, "this kernel has no file system of type \"%s\"", type);
	if (fs < 0)
		return err_set(err, -fs, "%s", strerror(-fs));
	r = configure_all(fs, source, flags, data, label);
	if (r < 0)
		return fs_error(fs, -r, err);
	tree = sys_fsmount(fs, (unsigned)attr);
	if (tree < 0)
		return fs_error(fs, -tree, err);
	return tree;
}

/* ---- one mount each --------------------------------------------------------- */

static bool propagation_is_trivial(const struct rootfs *rf, const struct mount_plan *m)
{
	/* a new file system on a mount that is not shared is private already */
	if (rf->propagation & MS_SHARED)
		return !m->options.propagation_len;
	for (size_t i = 0; i < rf->mounts_len && i < m->index; i++)
		for (size_t j = 0; j < rf->mounts[i].options.propagation_len; j++)
			if (rf->mounts[i].options.propagation[j] & MS_SHARED)
				return !m->options.propagation_len;
	for (size_t i = 0; i < m->options.propagation_len; i++)
		if (!(m->options.propagation[i] & MS_PRIVATE))
			return false;
	return true;
}

static void scratch_take(struct rootfs *rf, struct mount_plan *m, int fd)
{
	rf->scratch_fd = fd; /* the one before is left to execve */
	if (m->late_readonly)
		m->handle_fd = fd;
	rf->scratch_path = m->destination;
	if (!strcmp(m->destination, "/dev"))
		rf->dev_fd = fd;
}

/* These label their files themselves and refuse a context option. */
static const char *label_for(const struct rootfs *rf, const struct mount_plan *m)
{
	if (!strcmp(m->type, "proc") || !strcmp(m->type, "sysfs") || !strcmp(m->type, "mqueue"))
		return NULL;
	return rf->label_data;
}

/* By handle: everything is set on the detached mount, then it is attached. */
static int mount_fs_handle(struct rootfs *rf, struct mount_plan *m,
			   const struct mount_target *target, struct oci_error *err)
{
	const struct mount_options *o = &m->options;
	unsigned long sb = o->flags;
	CLEANUP_CLOSE int tree = -1;
	uint64_t attr = o->attr_set;
	int r;

	if (o->tmpcopyup) {
		sb &= ~(unsigned long)MS_RDONLY; /* it must be filled first */
		attr &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	}
	tree = rf->force_classic ? -ENOSYS
				 : mount_new_fs(m->type, m->source, sb, attr, o->data,
						label_for(rf, m), err);
	if (tree < 0)
		return tree;
	if (o->tmpcopyup && !*target->name) { /* a name was made just now: it has nothing to copy */
		r = tmpcopyup(target->dirfd, tree, err);
		if (r < 0)
			return r;
	}
	if (attr != o->attr_set) {
		r = set_attributes(tree, 0, MOUNT_ATTR_RDONLY, 0, 0);
		if (r < 0)
			return err_sys(err, -r, "make it read-only");
	}
	r = mount_attributes(m, tree, err);
	if (r < 0)
		return r;
	r = mount_attach(rf, tree, target);
	if (r < 0)
		return err_sys(err, -r, "attach");
	r = set_propagation(rf, m, tree, err);
	if (r < 0)
		return r;
	if (!m->needs_handle)
		rootfs_drop(rf, TAKE_FD(tree));
	else
		scratch_take(rf, m, TAKE_FD(tree));
	return 0;
}

/* By mount(2) on the target's own fd. */
static int mount_fs_classic(struct rootfs *rf, const struct mount_plan *m,
			    const struct mount_target *target, struct oci_error *err)
{
	const char *data = m->options.data;
	char *joined = NULL;
	int r;

	if (label_for(rf, m)) {
		if (asprintf(&joined, "%s%s%s", data ? data : "", data ? "," : "", rf->label_data) < 0)
			return err_nomem(err);
		data = joined;
	}
	r = mount_classic_at(rf, target, m->source, m->type, m->options.flags & ~(unsigned long)MS_REC,
			     data);
	free(joined);
	return r;
}

static int mount_fs(struct rootfs *rf, struct mount_plan *m, struct oci_error *err)
{
	const struct mount_options *o = &m->options;
	bool handle = m->needs_handle || o->tmpcopyup || o->rec_set || o->rec_clr ||
		      !propagation_is_trivial(rf, m);
	struct mount_target target;
	int r, first = 0;

	r = mount_target_find(rf, m->destination, m->real_dir, true, &target, err);
	if (r < 0)
		return r;
	if (m->mode_digits && !*target.name) {
		struct stat st;

		if (fstat(target.dirfd, &st) < 0)
			return err_sys(err, errno, "mount point in the root");
		(void)snprintf(m->mode_digits, 5, "%04o", st.st_mode & 07777u);
	}
	if (!handle) {
		r = first = mount_fs_classic(rf, m, &target, err);
		if (r >= 0)
			goto out;
	}
	r = mount_fs_handle(rf, m, &target, err);
	if (mount_is_missing(r)) {
		if (err)
			err->code = 0; /* the words of an attempt that does not count */
		r = first < 0 ? err_set(err, -first, "%s", strerror(-first))
			      : mount_fs_late(rf, m, &target, err);
	}
out:
	mount_target_done(rf, &target);
	return r;
}

static int check_source_procfs(int tree, struct oci_error *err)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(tree, &fs) < 0 || fstat(tree, &st) < 0)
		return err_sys(err, errno, "look at the source");
	if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != PROC_ROOT_INO)
		return err_set(err, EINVAL, "only the root of a procfs can be bind-mounted on /proc");
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

	fd = mount_open_plain(rf->root_fd, m->destination, 0);
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

static int mount_bind(struct rootfs *rf, struct mount_plan *m, struct oci_error *err)
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
	r = set_propagation(rf, m, tree, err);
	rootfs_drop(rf, TAKE_FD(tree));
	return r;
}

/*
 * A user namespace may not have a new sysfs without its own network
 * namespace, nor a new mqueue without its own ipc namespace. Then what the
 * host shows there is the right one.
 */
static int mount_fs_or_host(struct rootfs *rf, struct mount_plan *m, struct oci_error *err)
{
	const bool sysfs = !strcmp(m->type, "sysfs") && !rf->options.new_net_ns;
	const bool mqueue = !strcmp(m->type, "mqueue") && !rf->options.new_ipc_ns;
	int r = mount_fs(rf, m, err);

	if (r != -EPERM || !rf->options.new_user_ns || (!sysfs && !mqueue))
		return r;
	if (err)
		err->code = 0;
	m->kind = MOUNT_BIND;
	m->source = sysfs ? "/sys" : "/dev/mqueue";
	m->options.flags |= MS_BIND | MS_REC;
	m->options.data = NULL;
	if (m->options.attr_set & MOUNT_ATTR_RDONLY) /* CVE-2023-25809: the cgroups below it too */
		m->options.rec_set |= MOUNT_ATTR_RDONLY;
	return mount_bind(rf, m, err);
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
			: sys_mount_setattr(m->tree_fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &slave);
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

int mounts_do(struct rootfs *rf, struct oci_error *err)
{
	static const char *const what[] = {
		[MOUNT_FS] = "mount", [MOUNT_BIND] = "bind", [MOUNT_CGROUP] = "mount",
		[MOUNT_REMOUNT] = "remount",
	};

	for (size_t i = 0; i < rf->mounts_len; i++) {
		struct mount_plan *m = &rf->mounts[i];
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
		if (r < 0) {
			err_prefix(err, "mounts[%zu]: %s %s on %s: ", m->index, what[m->kind],
				   m->kind == MOUNT_BIND ? m->source : m->type, m->destination);
			return r;
		}
	}
	return 0;
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
			fd = own = mount_open_plain(rf->root_fd, m->destination, O_DIRECTORY);
		r = fd < 0 ? fd : rf->force_classic ? -ENOSYS
						    : set_attributes(fd, 0, MOUNT_ATTR_RDONLY, 0, 0);
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
