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
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/idmap.h"
#include "runtime/rootfs-private.h"

/* "FROM-TO-SIZE", or "@FROM-TO-SIZE": TO is an id of the container. Moves *@p behind it. */
static bool read_triple(const char **p, const struct oci_id_mapping *container,
			size_t container_len, struct oci_id_mapping *ret)
{
	struct oci_u32 *const fields[] = { &ret->container_id, &ret->host_id, &ret->size };
	bool relative = **p == '@';
	int64_t host;

	*p += relative;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		char digits[11];
		size_t n = strspn(*p, "0123456789");

		if (!n || n >= sizeof(digits))
			return false;
		memcpy(digits, *p, n);
		digits[n] = '\0';
		if (parse_u32(digits, &fields[i]->value) < 0)
			return false;
		fields[i]->present = true;
		*p += n;
		if (i + 1 < ARRAY_LEN(fields) && *(*p)++ != '-')
			return false;
	}
	if (relative) {
		host = idmap_host_id(container, container_len, ret->host_id.value);
		if (host < 0)
			return false;
		ret->host_id.value = (uint32_t)host;
	}
	return true;
}

/* "uids=TRIPLE#TRIPLE...", up to ";" or the end */
static bool read_list(struct oci_arena *arena, const char **p,
		      const struct oci_id_mapping *container, size_t container_len,
		      const struct oci_id_mapping **ret, size_t *ret_len)
{
	struct oci_id_mapping *maps;
	size_t room = 1, n = 0;

	for (const char *q = *p; *q && *q != ';'; q++)
		room += *q == '#';
	maps = oci_arena_array(arena, room, sizeof(*maps));
	if (!maps)
		return false;
	do {
		if (!read_triple(p, container, container_len, &maps[n++]))
			return false;
	} while (*(*p) == '#' && (*p)++);
	*ret = maps;
	*ret_len = n;
	return true;
}

int idmount_plan(struct oci_arena *arena, const struct oci_config *config, struct mount_plan *m,
		 struct oci_error *err)
{
	const struct oci_linux *l = config->linux_;
	const char *p = m->options.idmap_spec;
	bool ok = true;

	if (!p)
		return 0;
	if (m->uids_len || m->gids_len)
		return err_set(err, EINVAL,
			       "mounts[%zu].options[%zu]: mappings are given by uidMappings and "
			       "gidMappings already",
			       m->index, m->options.idmap_index);
	while (ok && *p) {
		if (!strncmp(p, "uids=", 5) && !m->uids_len) {
			p += 5;
			ok = read_list(arena, &p, l ? l->uid_mappings : NULL,
				       l ? l->uid_mappings_len : 0, &m->uids, &m->uids_len);
		} else if (!strncmp(p, "gids=", 5) && !m->gids_len) {
			p += 5;
			ok = read_list(arena, &p, l ? l->gid_mappings : NULL,
				       l ? l->gid_mappings_len : 0, &m->gids, &m->gids_len);
		} else {
			ok = false;
		}
		ok = ok && (!*p || *p++ == ';');
	}
	if (!ok || !m->uids_len || !m->gids_len)
		return err_set(err, EINVAL,
			       "mounts[%zu].options[%zu]: idmap must be like "
			       "uids=0-1000-10;gids=0-1000-10",
			       m->index, m->options.idmap_index);
	return 0;
}

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
		return err_set(err, EINVAL, "mounts[%zu]: only bind mounts can be id-mapped",
			       m->index);
	if (own && (!m->uids_len || !m->gids_len))
		return err_set(err, EINVAL, "mounts[%zu].%s: required with %s", m->index,
			       m->uids_len ? "gidMappings" : "uidMappings",
			       m->uids_len ? "uidMappings" : "gidMappings");
	if (!own && !rf->options.new_user_ns)
		return err_set(err, EINVAL,
			       "mounts[%zu].options: idmap needs uidMappings and gidMappings, or a "
			       "user namespace to take them from",
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
