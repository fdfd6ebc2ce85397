/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootfs.h - everything a container sees as its file system.
 *
 * rootfs_plan turns config.json into a list of actions without touching
 * anything; the other functions carry it out, in this order, in the child
 * (but for rootfs_prepare), each by fds resolved inside the root.
 */
#ifndef CARTE_RUNTIME_ROOTFS_H
#define CARTE_RUNTIME_ROOTFS_H

#include <stdbool.h>
#include <sys/types.h>

#include <ocispec-lite/runtime.h>

struct cgroup;
struct rootfs; /* private to rootfs.c, mounts.c, devices.c, overlay.c: rootfs-private.h */

/** struct rootfs_options - what the plan must know besides config.json. */
struct rootfs_options {
	const char *bundle; /* absolute path of the bundle */
	const char *id;
	bool no_pivot;
	bool new_mount_ns;
	bool join_mount_ns; /* a mount namespace joined by path: nothing is mounted, no pivot */
	const char *user_ns_path; /* of a joined one: where "idmap" takes its mappings from; NULL */
	bool new_user_ns; /* or joined: devices are bind-mounted, sources opened by the parent */
	bool new_net_ns;  /* this and the next: new or joined by path, not the host's */
	bool new_ipc_ns;
	bool new_uts_ns;
	bool new_cgroup_ns;
	bool new_pid_ns;
	bool lent_user_ns;               /* new_user_ns, but not because the config says so */
	bool rootless;                   /* the caller is not root, or root of a user namespace */
	const struct cgroup *cgroup;     /* for cgroup mounts; may be NULL */
	const char *selinux_mount_label; /* linux.mountLabel */
	/* Called in the child before the first cgroup mount: returns when it is inside its cgroups and cgroup namespace. */
	int (*await_cgroup)(void *arg, struct oci_error *err);
	void *await_arg;
};

/** rootfs_plan - pure: checks every mount, option, device, sysctl, mask and overlay annotation. */
int rootfs_plan(struct oci_arena *arena, const struct oci_config *config,
		const struct rootfs_options *options, struct rootfs **ret, struct oci_error *err);

/**
 * rootfs_path - the absolute path of the root folder on the host, for the state file: the bundle's path and root.path,
 * cleaned. Valid after rootfs_plan.
 */
const char *rootfs_path(const struct rootfs *rootfs);

/**
 * rootfs_prepare - in the parent, before the clone: check that the root is a folder, and with a user
 * namespace open_tree() the bind sources that its root may not reach, make idmapped trees.
 */
int rootfs_prepare(struct rootfs *rootfs, struct oci_error *err);

/** rootfs_undo - remove from the bundle what prepare made there, once no process of the container is left. */
void rootfs_undo(struct rootfs *rootfs);

/** rootfs_release - in the parent, after the clone: close what prepare opened. */
void rootfs_release(struct rootfs *rootfs);

/**
 * rootfs_set_userns - in the parent, once the child's id maps are written and before it goes on: give
 * idmapped mounts without own mappings the child's user namespace. No-op without such mounts.
 * @pid: the child, not reaped yet
 */
int rootfs_set_userns(struct rootfs *rootfs, pid_t pid, struct oci_error *err);

/** rootfs_mount - in the child: propagation of the old root, root (overlay) mount, all mounts, devices, /dev links. */
int rootfs_mount(struct rootfs *rootfs, struct oci_error *err);

/** rootfs_enter - in the child: pivot_root (or MS_MOVE and chroot with no_pivot); afterwards cwd is "/". */
int rootfs_enter(struct rootfs *rootfs, struct oci_error *err);

/**
 * rootfs_finish - in the child, after rootfs_enter and the console: sysctl, read-only paths, masked paths, read-only root,
 * rootfsPropagation. @procfd: private procfs of the container, or -1: opened when needed.
 */
int rootfs_finish(struct rootfs *rootfs, int procfd, struct oci_error *err);

/** rootfs_needs_procfs - does rootfs_finish write sysctls? */
bool rootfs_needs_procfs(const struct rootfs *rootfs);

/** rootfs_mount_option_names - every mount option that acts, for `features`; NULL-terminated, sorted. */
const char *const *rootfs_mount_option_names(void);

#endif
