/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_root.c - the root that criu restores into.
 *
 * criu wants it to be a mount. It is attached in a mount namespace that only
 * criu is in, so whatever happens, the host keeps nothing of it. Mount points
 * are made by the one resolver: the root's content is hostile, criu's own
 * lookups happen when nobody is in the root yet.
 */
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/path.h"
#include "runtime/checkpoint/restore.h"
#include "runtime/rootfs-private.h"

/* Below another mount the images bring the mount point along. */
static bool is_below_another(const struct rootfs *rf, const char *destination)
{
	for (size_t i = 0; i < rf->mounts_len; i++)
		if (strcmp(rf->mounts[i].destination, destination) != 0 &&
		    path_is_below(destination, rf->mounts[i].destination))
			return true;
	return false;
}

static int make_mount_point(struct rootfs *rf, const struct mount_plan *m, struct oci_error *err)
{
	struct mount_target target;
	bool is_dir = true;
	struct stat st;
	int r;

	if (m->kind == MOUNT_REMOUNT || is_below_another(rf, m->destination))
		return 0;
	if (m->kind == MOUNT_BIND) {
		/* by name: the host's own file */
		if (stat(m->source, &st) < 0)
			return err_sys(err, errno, "mounts[%zu].source: %s", m->index, m->source);
		is_dir = S_ISDIR(st.st_mode);
	}
	r = mount_target_find(rf, m->destination, m->real_dir, is_dir, &target, err);
	if (r < 0) {
		err_prefix(err, "mounts[%zu]: ", m->index);
		return r;
	}
	mount_target_done(rf, &target);
	return 0;
}

int restore_root(struct rootfs *rf, struct oci_error *err)
{
	int r;

	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(err, errno, "make a mount namespace for criu");
	/* by name: the namespace's own root */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_sys(err, errno, "cut the mount namespace off the host's");
	r = pivot_attach_root(rf, err);
	for (size_t i = 0; r >= 0 && i < rf->mounts_len; i++)
		r = make_mount_point(rf, &rf->mounts[i], err);
	return r < 0 ? r : 0;
}
