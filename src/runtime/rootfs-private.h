/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootfs-private.h - the plan that rootfs.c, mounts.c, devices.c, overlay.c, masks.c, sysctl.c and pivot.c share.
 *
 * Everything in the plan lives in the arena given to rootfs_plan. After the
 * clone, parent and child have a copy each; the fds of detached trees are
 * the same mounts in both.
 */
#ifndef CARTE_RUNTIME_ROOTFS_PRIVATE_H
#define CARTE_RUNTIME_ROOTFS_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "runtime/devices.h"
#include "runtime/mount_options.h"
#include "runtime/rootfs.h"

enum mount_kind {
	MOUNT_FS, /* a new file system */
	MOUNT_BIND,
	MOUNT_CGROUP, /* type cgroup or cgroup2 */
	MOUNT_REMOUNT,
};

struct mount_plan {
	size_t index; /* in mounts[] */
	enum mount_kind kind;
	const char *destination; /* absolute, cleaned */
	const char *type;
	const char *source; /* of a bind: absolute, on the host */
	struct mount_options options;
	char *mode_digits; /* in options.data of a tmpfs without mode=: the mount point's mode goes there */
	bool needs_handle; /* later steps work inside it: they need its very fd */
	bool late_readonly; /* "ro", but others are still to be made inside: rootfs_finish sees to it */
	bool real_dir;      /* no symlink may lie on the way to the destination (CVE-2023-27561) */
	bool source_procfs; /* a bind on /proc: its source must be the root of a procfs */
	const struct oci_id_mapping *uids;
	size_t uids_len;
	const struct oci_id_mapping *gids;
	size_t gids_len;
	int tree_fd;   /* opened by rootfs_prepare, else -1 */
	int handle_fd; /* of a late_readonly mount, else -1 */
};

struct overlay_plan;

struct rootfs {
	struct rootfs_options options;
	const char *path;        /* of the root folder on the host */
	const char *config_path; /* root.path as given */
	bool readonly;
	unsigned long propagation; /* MS_* of linux.rootfsPropagation, 0: unset */
	struct mount_plan *mounts;
	size_t mounts_len;
	struct device_plan *devices;
	size_t devices_len;
	bool dev_is_bind; /* /dev is the host's or someone else's: we make nothing in it */
	const struct oci_pair *sysctl; /* keys as paths below /proc/sys */
	size_t sysctl_len;
	char *const *masked;
	size_t masked_len;
	char *const *readonly_paths;
	size_t readonly_paths_len;
	struct overlay_plan *overlay; /* NULL: root.path itself is the root */
	const char *label_data;       /* context="..." for new file systems; NULL: none */

	/* while mounting; only the child uses them, but for root_tree */
	int root_tree;  /* of the root folder, from the parent; -1: none */
	int root_fd;    /* of the container's root, once mounted; -1 */
	int dev_fd;     /* of its /dev; -1: not opened */
	int scratch_fd; /* a tmpfs that we have just made and that nobody else can reach; -1 */
	const char *scratch_path; /* its destination */
	int cwd_fd;               /* the fd that fchdir went to last; -1: unknown */
	bool cgroup_awaited;
	unsigned idle_fds; /* fds left open for execve to close */
	int force_classic; /* tests: 1: pretend that the new mount interface is missing */
};

/* ---- mounts.c: planning; mount_do.c, mount_fs.c, mount_target.c: carrying out ---- */

int mounts_plan(struct oci_arena *arena, const struct oci_config *config, struct rootfs *rf,
		struct oci_error *err);
/**
 * mounts_prepare - take detached trees of bind sources: in the parent (@child false) those that the child may not
 * reach or map, in the child, with a shared root, all that are left.
 */
int mounts_prepare(struct rootfs *rf, bool child, struct oci_error *err);
int mounts_do(struct rootfs *rf, struct oci_error *err);
int mount_do(struct rootfs *rf, struct mount_plan *m, struct oci_error *err);
/** mounts_finish - read-only what had to be writable until now. */
int mounts_finish(struct rootfs *rf, struct oci_error *err);

/** struct mount_target - a place to mount on: @name in @dirfd, or @dirfd itself when @name is "". */
struct mount_target {
	int dirfd;
	const char *name;
	bool owned; /* dirfd is to be closed */
};

/** mount_target_find - a folder (or file) in the root, made when it is missing. */
int mount_target_find(struct rootfs *rf, const char *destination, bool real_dir, bool is_dir,
		      struct mount_target *ret, struct oci_error *err);
void mount_target_done(struct rootfs *rf, struct mount_target *target);

/** mount_attach - move a detached tree there. -errno without words. */
int mount_attach(struct rootfs *rf, int tree, const struct mount_target *target);

/** mount_attributes - what the options ask of a mount that has been made. */
int mount_attributes(const struct mount_plan *m, int tree, struct oci_error *err);

/** mount_set_attributes - mount_setattr(2) on a tree; @propagation: MS_SHARED, ... or 0. -errno without words. */
int mount_set_attributes(int tree, unsigned flags, uint64_t set, uint64_t clr,
			 unsigned long propagation);
/** mount_set_propagation - what the options ask, once the mount is in its place: it must not send its own mounting around. */
int mount_set_propagation(struct rootfs *rf, const struct mount_plan *m, int tree,
			  struct oci_error *err);
/** mount_bind - the source, attached as planned. */
int mount_bind(struct rootfs *rf, struct mount_plan *m, struct oci_error *err);
/** mount_fs_or_host - mount_fs, and what stands for a file system that a user namespace may not have. mount_userns.c */
int mount_fs_or_host(struct rootfs *rf, struct mount_plan *m, struct oci_error *err);
/** mount_fs - a new file system, as planned. */
int mount_fs(struct rootfs *rf, struct mount_plan *m, struct oci_error *err);

/** mount_new_fs - fsopen, configure, fsmount: a detached mount. @data: "key=value,flag". fd or -errno with words. */
int mount_new_fs(struct rootfs *rf, const char *type, const char *source, unsigned long flags,
		 uint64_t attr, const char *data, const char *label, struct oci_error *err);

/** mount_open_plain - O_PATH in the root with no symlink on the way at all. */
int mount_open_plain(const struct rootfs *rf, const char *path, int flags);

/* mount_fallback.c: mount(2) where the fd interface is missing */
int mount_bind_classic(struct rootfs *rf, struct mount_plan *m, struct oci_error *err);
/** mount_classic_at - mount(2) on a target of any kind, "self/fd/N" of a verified procfs for files. */
int mount_classic_at(struct rootfs *rf, const struct mount_target *target, const char *source,
		     const char *type, unsigned long flags, const char *data);
/**
 * mount_fs_late - a new file system by mount(2) alone, with the attributes and the handle that need a look at what is
 * there then.
 */
int mount_fs_late(struct rootfs *rf, struct mount_plan *m, const struct mount_target *target,
		  struct oci_error *err);
/** mount_is_missing - is this errno what a kernel or a seccomp filter without the interface says? */
bool mount_is_missing(int code);
/** mount_change_here - propagation, by mount(2), of the mount that @fd is the root of; afterwards cwd is there. */
int mount_change_here(struct rootfs *rf, int fd, unsigned long flags);
/** mount_bind_fds_classic - bind what @from is, with all below it, on what @to is. */
int mount_bind_fds_classic(struct rootfs *rf, int from, int to);
/** mount_remount_classic - mount(2) bind remount of the mount that @fd is the root of, its other flags kept. */
int mount_remount_classic(struct rootfs *rf, int fd, unsigned long set, unsigned long clr);

/* idmount.c */
/** idmount_plan - the mappings of an option idmap=..., into the plan. */
int idmount_plan(struct oci_arena *arena, const struct oci_config *config, struct mount_plan *m,
		 struct oci_error *err);
int idmount_check(struct mount_plan *m, const struct rootfs *rf, struct oci_error *err);
/** idmount_apply_own - a mount's own mappings onto its detached tree. */
int idmount_apply_own(const struct mount_plan *m, struct oci_error *err);
int idmount_apply_userns(const struct mount_plan *m, int userns_fd, struct oci_error *err);

/* tmpcopyup.c */
/** tmpcopyup - copy what is in @from into @to: folders, files, links, nodes; owners, modes, times, xattrs. */
int tmpcopyup(int from, int to, struct oci_error *err);

/* cgroup_mount.c */
int cgroup_mount(struct rootfs *rf, struct mount_plan *m, struct oci_error *err);

/* overlay.c */
int overlay_plan(struct oci_arena *arena, const struct oci_config *config, struct rootfs *rf,
		 struct oci_error *err);
int overlay_prepare(struct overlay_plan *overlay, struct oci_error *err);
void overlay_undo(struct overlay_plan *overlay);
/**
 * overlay_tree - in the parent, for a user namespace whose root could not mount it: a detached overlay.
 * fd; -EOPNOTSUPP without words where the child must do it; else -errno.
 */
int overlay_tree(const struct overlay_plan *overlay, struct rootfs *rf, struct oci_error *err);
/**
 * overlay_mount - in the child: fd of the overlay or -errno.
 * @ret_attached: is it on the root folder already?
 */
int overlay_mount(const struct overlay_plan *overlay, struct rootfs *rf, bool *ret_attached,
		  struct oci_error *err);

/* masks.c */
int masks_plan(const struct oci_config *config, struct rootfs *rf, struct oci_error *err);
int masks_do(struct rootfs *rf, struct oci_error *err);

/* sysctl.c */
int sysctl_plan(struct oci_arena *arena, const struct oci_config *config, struct rootfs *rf,
		struct oci_error *err);
int sysctl_do(const struct rootfs *rf, int procfd, struct oci_error *err);

/* pivot.c */
int pivot_attach_root(struct rootfs *rf, struct oci_error *err);
int pivot_enter(struct rootfs *rf, struct oci_error *err);

/** rootfs_cd - fchdir, remembered for fds that stay open. */
int rootfs_cd(struct rootfs *rf, int fd);
/** rootfs_drop - close an fd, or leave it to execve: a close each is a system call each. */
void rootfs_drop(struct rootfs *rf, int fd);

#endif
