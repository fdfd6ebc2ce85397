/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idmount.c - mounts whose owners are shown shifted (config.md#mounts, uidMappings; mount_setattr(2), 5.12).
 *
 * The mapping is put onto the detached tree by the parent: it takes
 * privileges over the file system that a container's root does not have.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/idmap.h"
#include "runtime/rootfs-private.h"

static int check_maps(const struct mount_plan *m, struct oci_error *err)
{
	char where[64];
	int r;

	(void)snprintf(where, sizeof(where), "mounts[%zu].uidMappings", m->index);
	r = idmap_check(m->uids, m->uids_len, where, err);
	if (r < 0)
		return r;
	(void)snprintf(where, sizeof(where), "mounts[%zu].gidMappings", m->index);
	return idmap_check(m->gids, m->gids_len, where, err);
}

int idmount_check(struct mount_plan *m, const struct rootfs *rf, struct oci_error *err)
{
	struct mount_options *o = &m->options;
	bool own = m->uids_len || m->gids_len;

	if (o->idmap == MOUNT_IDMAP_NONE && !own)
		return 0;
	/* mappings alone ask for it too (config.md#mounts) */
	if (o->idmap == MOUNT_IDMAP_NONE)
		o->idmap = MOUNT_IDMAP_TOP;
	if (m->kind != MOUNT_BIND)
		return err_set(err, EINVAL, "mounts[%zu]: only bind mounts can be id-mapped", m->index);
	if (own && (!m->uids_len || !m->gids_len))
		return err_set(err, EINVAL, "mounts[%zu].%s: required with %s", m->index,
			       m->uids_len ? "gidMappings" : "uidMappings",
			       m->uids_len ? "uidMappings" : "gidMappings");
	if (!own && !rf->options.new_user_ns)
		return err_set(err, EINVAL,
			       "mounts[%zu].options: idmap needs uidMappings and gidMappings, or a user namespace to take them from",
			       m->index);
	return own ? check_maps(m, err) : 0;
}

int idmount_apply_userns(const struct mount_plan *m, int userns_fd, struct oci_error *err)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = (uint64_t)userns_fd,
	};
	unsigned flags = AT_EMPTY_PATH;
	int r;

	if (m->options.idmap == MOUNT_IDMAP_RECURSIVE)
		flags |= AT_RECURSIVE;
	r = sys_mount_setattr(m->tree_fd, "", flags, &attr);
	if (r == -EINVAL)
		return err_set(err, EINVAL, "the file system of source %s has no id-mapped mounts",
			       m->source);
	if (r < 0)
		return err_sys(err, -r, "id-map source %s", m->source);
	return 0;
}

int idmount_apply_own(const struct mount_plan *m, struct oci_error *err)
{
	CLEANUP_CLOSE int ns = idmap_userns_fd(m->uids, m->uids_len, m->gids, m->gids_len, err);

	if (ns < 0)
		return ns;
	return idmount_apply_userns(m, ns, err);
}
