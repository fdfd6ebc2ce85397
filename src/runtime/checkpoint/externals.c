/* SPDX-License-Identifier: Apache-2.0 */
/*
 * externals.c - which of a container's mounts are made of something of the host's.
 *
 * criu dumps what a container has mounted by itself and must be told of
 * everything else, by mount point, under an identifier that restore uses to
 * say what to put there. The identifier of a bind mount is its destination in
 * config.json, of a mask "/dev/null": runc's choice, so images can be
 * exchanged. What is not mounted (any more) is left out when dumping; when
 * restoring, identifiers that no image asks for do no harm.
 */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "runtime/checkpoint/plan.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/rootfs-private.h"

struct externals {
	struct oci_arena *arena;
	const struct cr_place *place;
	struct cr_plan *plan;
	struct oci_error *err;
	char prefix[PATH_MAX]; /* of the root as our own links to it say; "" for "/" */
};

static const struct cr_mount *find_mount(const struct cr_mounts *mounts, const char *point)
{
	/* the last one lies on top */
	for (size_t i = mounts->len; i > 0; i--)
		if (strcmp(mounts->items[i - 1].point, point) == 0)
			return &mounts->items[i - 1];
	return NULL;
}

static int link_of(int fd, char buf[PATH_MAX])
{
	char name[32];
	/* by name: of our own descriptor */
	ssize_t n = readlink(path_fd_link(fd, name), buf, PATH_MAX - 1);

	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

/* Where @path leads to in the root; @path itself when there is nothing. */
static const char *resolve(struct externals *e, const char *path)
{
	CLEANUP_CLOSE int fd = path_open_in_root(e->place->root_fd, path, O_PATH, 0);
	size_t n = strlen(e->prefix);
	char real[PATH_MAX];
	const char *kept;

	if (fd < 0 || link_of(fd, real) < 0 || strncmp(real, e->prefix, n) != 0 || real[n] != '/')
		return path;
	kept = oci_arena_strdup(e->arena, real + n);
	return kept ? kept : path;
}

/* One mount at @destination with the host's @source. */
static int add(struct externals *e, const char *destination, const char *id, const char *source)
{
	const char *real = resolve(e, destination);
	int r = 0;

	if (e->place->inside)
		return find_mount(e->place->inside, real)
			       ? cr_pairs_add(e->arena, &e->plan->mounts, real, id, e->err)
			       : 0;
	r = cr_pairs_add(e->arena, &e->plan->mounts, id, source, e->err);
	/* the identifier that others give it */
	if (r == 0 && strcmp(id, destination) == 0 && strcmp(real, destination) != 0)
		r = cr_pairs_add(e->arena, &e->plan->mounts, real, source, e->err);
	return r;
}

/* A recursive bind brought what the host has below its source. */
static int add_below(struct externals *e, const struct mount_plan *m)
{
	const struct cr_mounts *outside = e->place->outside;
	size_t n = strcmp(m->source, "/") == 0 ? 0 : strlen(m->source);
	int r = 0;

	for (size_t i = 0; r == 0 && i < outside->len; i++) {
		const char *point = outside->items[i].point;
		char *id;

		if (strcmp(point, m->source) == 0 || !path_is_below(point, m->source))
			continue;
		id = oci_arena_printf(e->arena, "%s%s", m->destination, point + n);
		if (!id)
			return err_nomem(e->err);
		r = add(e, id, id, point);
	}
	return r;
}

static int add_bind(struct externals *e, const struct mount_plan *m)
{
	char *source = oci_arena_strdup(e->arena, m->source);
	struct mount_plan clean = *m;
	int r;

	if (!source)
		return err_nomem(e->err);
	if (!e->place->inside && (m->options.idmap || m->uids_len || m->gids_len))
		return err_set(e->err, ENOTSUP,
			       "mounts[%zu]: criu cannot restore an id-mapped mount", m->index);
	clean.source = path_clean(source);
	r = add(e, m->destination, m->destination, clean.source);
	return r == 0 && (m->options.flags & MS_REC) ? add_below(e, &clean) : r;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Without a cgroup namespace the container's folders are bound from the host's hierarchies: cgroup_mount.c. */
static int add_cgroups(struct externals *e, const struct mount_plan *m)
{
	const struct cgroup *cg = e->place->cgroup;
	int r = 0;

	if (!cg || e->place->rootfs->options.new_cgroup_ns)
		return 0;
	for (size_t i = 0; r == 0 && i < cg->dirs_len; i++) {
		const struct cgroup_dir *dir = &cg->dirs[i];
		bool v2 = cg->mode == CGROUP_MODE_V2;
		char *source = oci_arena_printf(e->arena, "%s%s", dir->mount, dir->path);
		char *id = oci_arena_printf(e->arena, "%s/%s", m->destination,
					    v2 ? "" : base_name(dir->mount));
		const struct cr_mount *found;

		if (!source || !id)
			return err_nomem(e->err);
		path_clean(id);
		/* a whole hierarchy is criu's own affair */
		found = e->place->inside ? find_mount(e->place->inside, id) : NULL;
		if (v2 && e->place->inside && (!found || strcmp(found->root, "/") == 0))
			continue;
		r = add(e, id, id, source);
	}
	return r;
}

/* Masked folders are a tmpfs of the container's own. */
static int add_masks(struct externals *e)
{
	const struct rootfs *rf = e->place->rootfs;
	struct stat st;
	int r = 0;

	if (!e->place->inside)
		return rf->masked_len ? cr_pairs_add(e->arena, &e->plan->mounts, "/dev/null",
						     "/dev/null", e->err)
				      : 0;
	for (size_t i = 0; r == 0 && i < rf->masked_len; i++) {
		CLEANUP_CLOSE int fd =
			path_open_in_root(e->place->root_fd, rf->masked[i], O_PATH, 0);

		if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
			r = add(e, rf->masked[i], "/dev/null", "/dev/null");
	}
	return r;
}

int cr_plan_mounts(struct oci_arena *arena, const struct cr_place *place, struct cr_plan *plan,
		   struct oci_error *err)
{
	struct externals e = { arena, place, plan, err, "" };
	const struct rootfs *rf = place->rootfs;
	int r;

	r = link_of(place->root_fd, e.prefix);
	if (r < 0)
		return err_sys(err, -r, "root.path: %s", rf->path);
	if (strcmp(e.prefix, "/") == 0)
		*e.prefix = '\0';
	for (size_t i = 0; r == 0 && i < rf->mounts_len; i++) {
		if (rf->mounts[i].kind == MOUNT_BIND)
			r = add_bind(&e, &rf->mounts[i]);
		else if (rf->mounts[i].kind == MOUNT_CGROUP)
			r = add_cgroups(&e, &rf->mounts[i]);
	}
	/* nodes are bound where they cannot be made */
	for (size_t i = 0; r == 0 && rf->options.new_user_ns && i < rf->devices_len; i++)
		r = add(&e, rf->devices[i].path, rf->devices[i].path, rf->devices[i].path);
	return r == 0 ? add_masks(&e) : r;
}
