/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount_fs.c - new file systems.
 *
 * A plain one is made by mount(2), which is one call where fsopen needs six;
 * only when it fails does fsopen try again, for the kernel's words. Where the
 * mount's own fd is needed, or something that mount(2) cannot say, fsopen
 * comes first.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/rootfs-private.h"

static const struct {
	unsigned long flag;
	const char *key;
} superblock_flags[] = {
	{ MS_RDONLY, "ro" },     { MS_SYNCHRONOUS, "sync" }, { MS_DIRSYNC, "dirsync" },
	{ MS_MANDLOCK, "mand" }, { 1UL << 25, "lazytime" },  { MS_I_VERSION, "iversion" },
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
	if (!hint)
		return err_set(err, code, "%s", strerror(code));
	(void)err_set(err, code, "%s (%s)", strerror(code), hint);
	err_hint(err, "%s", hint);
	return -code;
}

int mount_new_fs(struct rootfs *rf, const char *type, const char *source, unsigned long flags,
		 uint64_t attr, const char *data, const char *label, struct oci_error *err)
{
	int fs = sys_fsopen(type);
	int r, tree = -1;

	if (mount_is_missing(fs))
		return fs;
	if (fs == -ENODEV) {
		(void)err_set_as(err, ERR_UNSUPPORTED, ENODEV,
				 "this kernel has no file system of type \"%s\"", type);
		err_hint(err, "/proc/filesystems lists them; a module may be missing");
		return -ENODEV;
	}
	if (fs < 0)
		return err_set(err, -fs, "%s", strerror(-fs));
	r = configure_all(fs, source, flags, data, label);
	if (r >= 0)
		r = tree = sys_fsmount(fs, (unsigned)attr);
	if (r < 0)
		r = fs_error(fs, -r, err);
	rootfs_drop(rf, fs);
	return r < 0 ? r : tree;
}

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
				 : mount_new_fs(rf, m->type, m->source, sb, attr, o->data,
						label_for(rf, m), err);
	if (tree < 0)
		return tree;
	if (o->tmpcopyup && !*target->name) { /* a name was made just now: it has nothing to copy */
		r = tmpcopyup(target->dirfd, tree, err);
		if (r < 0)
			return r;
	}
	if (attr != o->attr_set) {
		r = mount_set_attributes(tree, 0, MOUNT_ATTR_RDONLY, 0, 0);
		if (r < 0)
			return err_sys(err, -r, "make it read-only");
	}
	r = mount_attributes(m, tree, err);
	if (r < 0)
		return r;
	r = mount_attach(rf, tree, target);
	if (r == -EINVAL || r == -ENOTDIR)
		return err_set(err, ENOTDIR, "the mount point in the root is not a folder");
	if (r < 0)
		return err_sys(err, -r, "attach");
	r = mount_set_propagation(rf, m, tree, err);
	if (r < 0)
		return r;
	if (m->needs_handle)
		scratch_take(rf, m, TAKE_FD(tree));
	else if (m->late_readonly)
		m->handle_fd = TAKE_FD(tree);
	else
		rootfs_drop(rf, TAKE_FD(tree));
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
		if (asprintf(&joined, "%s%s%s", data ? data : "", data ? "," : "", rf->label_data) <
		    0)
			return err_nomem(err);
		data = joined;
	}
	r = mount_classic_at(rf, target, m->source, m->type,
			     m->options.flags & ~(unsigned long)MS_REC, data);
	free(joined);
	return r;
}

int mount_fs(struct rootfs *rf, struct mount_plan *m, struct oci_error *err)
{
	const struct mount_options *o = &m->options;
	bool handle = m->needs_handle || m->late_readonly || o->tmpcopyup || o->rec_set ||
		      o->rec_clr || !propagation_is_trivial(rf, m);
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
