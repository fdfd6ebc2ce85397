/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootfs.c - the plan of a container's file system and the order in which it is carried out.
 *
 * Planning touches nothing. The child's part runs in three phases (mount,
 * enter, finish); everything in the root is reached by fds that were resolved
 * inside it, because its content is hostile.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/procfs.h"
#include "base/sys.h"
#include "runtime/rootfs-private.h"

/* So many fds may wait for execve to close them; a default container stays below it. */
#define IDLE_FDS_MAX 64

int rootfs_cd(struct rootfs *rf, int fd)
{
	if (rf->cwd_fd == fd)
		return 0;
	if (fchdir(fd) < 0)
		return -errno;
	rf->cwd_fd = fd;
	return 0;
}

void rootfs_drop(struct rootfs *rf, int fd)
{
	if (fd < 0)
		return;
	if (rf->idle_fds < IDLE_FDS_MAX) {
		rf->idle_fds++;
		return;
	}
	if (rf->cwd_fd == fd)
		rf->cwd_fd = -1;
	(void)close(fd);
}

static unsigned long propagation_of(enum oci_propagation p)
{
	switch (p) {
	case OCI_PROPAGATION_NONE:
		return 0;
	case OCI_PROPAGATION_PRIVATE:
		return MS_PRIVATE;
	case OCI_PROPAGATION_SHARED:
		return MS_SHARED;
	case OCI_PROPAGATION_SLAVE:
		return MS_SLAVE;
	case OCI_PROPAGATION_UNBINDABLE:
		return MS_UNBINDABLE;
	case OCI_PROPAGATION_RPRIVATE:
		return MS_PRIVATE | MS_REC;
	case OCI_PROPAGATION_RSHARED:
		return MS_SHARED | MS_REC;
	case OCI_PROPAGATION_RSLAVE:
		return MS_SLAVE | MS_REC;
	case OCI_PROPAGATION_RUNBINDABLE:
		return MS_UNBINDABLE | MS_REC;
	}
	return 0;
}

static int plan_root(struct oci_arena *arena, const struct oci_config *config, struct rootfs *rf,
		     struct oci_error *err)
{
	const char *path = config->root ? config->root->path : NULL;
	char *full;

	if (!path || !*path)
		return err_set(err, EINVAL, "root.path: required field is missing");
	full = *path == '/' ? oci_arena_strdup(arena, path)
			    : oci_arena_printf(arena, "%s/%s", rf->options.bundle, path);
	if (!full)
		return err_nomem(err);
	rf->config_path = path;
	rf->path = path_clean(full);
	rf->readonly = config->root->readonly.present && config->root->readonly.value;
	return 0;
}

static int plan_label(struct oci_arena *arena, const struct oci_config *config, struct rootfs *rf,
		      struct oci_error *err)
{
	const char *label = rf->options.selinux_mount_label;
	const char *kind = oci_annotation(config->annotations, config->annotations_len,
					  "run.oci.mount_context_type");

	if (!label || !*label)
		return 0;
	if (!kind)
		kind = "context";
	if (strcmp(kind, "context") != 0 && strcmp(kind, "fscontext") != 0 &&
	    strcmp(kind, "defcontext") != 0 && strcmp(kind, "rootcontext") != 0)
		return err_set(err, EINVAL,
			       "annotations.run.oci.mount_context_type: unknown type \"%s\"", kind);
	if (strchr(label, '"'))
		return err_set(err, EINVAL, "linux.mountLabel: a quote in \"%s\"", label);
	rf->label_data = oci_arena_printf(arena, "%s=\"%s\"", kind, label);
	return rf->label_data ? 0 : err_nomem(err);
}

/* Who joins a mount namespace takes it as it is; what would change it must not be asked for in vain. */
static int check_joined(const struct oci_config *config, struct oci_error *err)
{
	const struct oci_linux *l = config->linux_;
	const struct {
		const char *name;
		bool given;
	} members[] = {
		{ "mounts", config->mounts_len },
		{ "root.readonly", config->root && config->root->readonly.value },
		{ "linux.devices", l && l->devices_len },
		{ "linux.maskedPaths", l && l->masked_paths_len },
		{ "linux.readonlyPaths", l && l->readonly_paths_len },
		{ "linux.mountLabel", l && l->mount_label && *l->mount_label },
		{ "linux.rootfsPropagation", l && l->rootfs_propagation },
		{ "annotations.io.carte.rootfs.layers",
		  oci_annotation(config->annotations, config->annotations_len,
				 "io.carte.rootfs.layers") },
	};

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (members[i].given)
			return err_set(err, EINVAL,
				       "%s: not possible in a mount namespace that is joined by "
				       "path, it is left as it is",
				       members[i].name);
	return 0;
}

static int plan_namespaces(const struct oci_config *config, struct rootfs *rf,
			   struct oci_error *err)
{
	if (!rf->options.new_mount_ns && !rf->options.join_mount_ns)
		return err_set(err, EINVAL,
			       "linux.namespaces: a mount namespace is required: the root would be "
			       "mounted over the host's");
	if (rf->options.no_pivot && (rf->propagation & MS_PRIVATE))
		return err_set(err, EINVAL,
			       "linux.rootfsPropagation: private does not go with --no-pivot: the "
			       "host's mounts would stay");
	return rf->options.join_mount_ns ? check_joined(config, err) : 0;
}

int rootfs_plan(struct oci_arena *arena, const struct oci_config *config,
		const struct rootfs_options *options, struct rootfs **ret, struct oci_error *err)
{
	struct rootfs *rf = oci_arena_alloc(arena, sizeof(*rf));
	int r;

	if (!rf)
		return err_nomem(err);
	rf->options = *options;
	rf->root_tree = rf->root_fd = rf->dev_fd = rf->scratch_fd = rf->cwd_fd = -1;
	if (config->linux_)
		rf->propagation = propagation_of(config->linux_->rootfs_propagation);

	if ((r = plan_root(arena, config, rf, err)) < 0 ||
	    (r = plan_namespaces(config, rf, err)) < 0 ||
	    (r = plan_label(arena, config, rf, err)) < 0 ||
	    (r = mounts_plan(arena, config, rf, err)) < 0 ||
	    (r = devices_plan(arena, config, rf, err)) < 0 ||
	    (r = masks_plan(config, rf, err)) < 0 ||
	    (r = sysctl_plan(arena, config, rf, err)) < 0 ||
	    (r = overlay_plan(arena, config, rf, err)) < 0)
		return r;
	*ret = rf;
	return 0;
}

const char *rootfs_path(const struct rootfs *rootfs)
{
	return rootfs->path;
}

/*
 * A symlink on the way to the root could be turned while we look (as runc
 * does, it is refused); one on the way to the bundle was the caller's choice.
 */
static int check_root(const struct rootfs *rf, struct oci_error *err)
{
	CLEANUP_CLOSE int bundle_fd = -1;
	CLEANUP_CLOSE int fd = -1;

	/* by name: the host's own folders, as the config says */
	fd = path_open_plain(AT_FDCWD, rf->path, O_DIRECTORY, false);
	if (fd == -ELOOP && *rf->config_path != '/') {
		/* by name: as above */
		bundle_fd = open(rf->options.bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (bundle_fd < 0)
			return err_sys(err, errno, "bundle %s", rf->options.bundle);
		fd = path_open_plain(bundle_fd, rf->config_path, O_DIRECTORY, false);
	}
	if (fd == -ELOOP)
		return err_set(err, ELOOP, "root.path: %s: is a symlink or below one", rf->path);
	if (fd == -ENOTDIR)
		return err_set(err, ENOTDIR, "root.path: %s: is not a folder", rf->path);
	if (fd < 0)
		return err_sys(err, -fd, "root.path: %s", rf->path);
	return 0;
}

/* A folder above the root may be closed to the user namespace's root, so the parent takes the tree along. */
static int prepare_root_tree(struct rootfs *rf, struct oci_error *err)
{
	struct mount_attr attr = { .propagation = MS_SLAVE };
	int tree;

	if (rf->overlay) {
		tree = overlay_tree(rf->overlay, rf, err);
		if (tree < 0)
			return tree == -EOPNOTSUPP ? 0 : tree;
		rf->root_tree = tree;
		return 0;
	}
	tree = sys_open_tree(AT_FDCWD, rf->path, OPEN_TREE_CLONE | AT_RECURSIVE);
	if (tree < 0)
		return 0; /* without the privilege the child will try by itself */
	if (sys_mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr) < 0)
		(void)close(tree);
	else
		rf->root_tree = tree;
	return 0;
}

/* The mounts that have no mappings of their own take the container's. */
static int idmap_by_userns(struct rootfs *rf, const char *path, struct oci_error *err)
{
	CLEANUP_CLOSE int ns = -1;

	for (size_t i = 0; i < rf->mounts_len; i++) {
		const struct mount_plan *m = &rf->mounts[i];
		int r;

		if (m->options.idmap == MOUNT_IDMAP_NONE || m->uids_len || m->tree_fd < 0)
			continue;
		if (ns < 0) {
			/* by name: of a child of ours that is not reaped yet, or from config.json */
			ns = open(path, O_RDONLY | O_CLOEXEC);
			if (ns < 0)
				return err_sys(err, errno, "open %s", path);
		}
		r = idmount_apply_userns(m, ns, err);
		if (r < 0) {
			err_prefix(err, "mounts[%zu]: ", m->index);
			return r;
		}
	}
	return 0;
}

int rootfs_prepare(struct rootfs *rf, struct oci_error *err)
{
	int r;

	r = check_root(rf, err);
	if (r < 0 || rf->options.join_mount_ns)
		return r;
	/* by name: the host's selinuxfs */
	if (rf->label_data && access("/sys/fs/selinux/enforce", F_OK) < 0)
		return err_set(err, EOPNOTSUPP,
			       "linux.mountLabel: SELinux is not enabled on this host");
	if (rf->overlay)
		r = overlay_prepare(rf->overlay, err);
	if (r >= 0 && rf->options.new_user_ns)
		r = prepare_root_tree(rf, err);
	if (r < 0)
		return r;
	r = mounts_prepare(rf, false, err);
	if (r >= 0 && rf->options.user_ns_path)
		r = idmap_by_userns(rf, rf->options.user_ns_path, err);
	if (r >= 0)
		r = devices_prepare(rf, err);
	if (r < 0)
		rootfs_release(rf);
	return r;
}

void rootfs_undo(struct rootfs *rf)
{
	if (rf->overlay)
		overlay_undo(rf->overlay);
}

void rootfs_release(struct rootfs *rf)
{
	fd_closep(&rf->root_tree);
	for (size_t i = 0; i < rf->mounts_len; i++)
		fd_closep(&rf->mounts[i].tree_fd);
	for (size_t i = 0; i < rf->devices_len; i++)
		fd_closep(&rf->devices[i].source_fd);
}

int rootfs_set_userns(struct rootfs *rf, pid_t pid, struct oci_error *err)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	return idmap_by_userns(rf, path, err);
}

int rootfs_mount(struct rootfs *rf, struct oci_error *err)
{
	mode_t mask;
	int r;

	if (rf->options.join_mount_ns)
		return 0;
	mask = umask(0); /* modes of nodes and folders are meant as given */
	r = pivot_attach_root(rf, err);
	if (r >= 0)
		r = mounts_do(rf, err);
	if (r >= 0)
		r = devices_do(rf, err);
	(void)umask(mask);
	if (r < 0)
		return r;
	/* createContainer hooks run next, and start here as they do elsewhere, not in the last mount point */
	r = rootfs_cd(rf, rf->root_fd);
	return r < 0 ? err_sys(err, -r, "enter the root folder") : 0;
}

int rootfs_enter(struct rootfs *rf, struct oci_error *err)
{
	return rf->options.join_mount_ns ? 0 : pivot_enter(rf, err);
}

bool rootfs_needs_procfs(const struct rootfs *rf)
{
	return rf->sysctl_len > 0;
}

static int finish_root(struct rootfs *rf, struct oci_error *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	int r;

	if (rf->readonly) {
		r = rf->force_classic ? -ENOSYS
				      : sys_mount_setattr(rf->root_fd, "", AT_EMPTY_PATH, &attr);
		if (mount_is_missing(r))
			r = mount_remount_classic(rf, rf->root_fd, MS_RDONLY, 0);
		if (r < 0)
			return err_sys(err, -r, "root.readonly: make / read-only");
	}
	if (!rf->propagation)
		return 0;
	/* by name: the container's root is "/" now; before pivot_root(2) it would have touched, or reached, the host's mounts */
	if (mount(NULL, "/", NULL, rf->propagation, NULL) < 0)
		return err_sys(err, errno, "linux.rootfsPropagation: change the propagation of /");
	return 0;
}

int rootfs_finish(struct rootfs *rf, int procfd, struct oci_error *err)
{
	CLEANUP_CLOSE int own = -1;
	int r;

	rf->cwd_fd = -1; /* others may have moved since rootfs_enter */
	if (rf->sysctl_len) {
		if (procfd < 0) {
			procfd = own = procfs_open_root(err);
			if (own < 0)
				return own;
		}
		r = sysctl_do(rf, procfd, err);
		if (r < 0)
			return r;
	}
	if (rf->options.join_mount_ns)
		return 0;
	r = masks_do(rf, err);
	if (r >= 0)
		r = mounts_finish(rf, err);
	if (r < 0)
		return r;
	return finish_root(rf, err);
}
