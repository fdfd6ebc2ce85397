/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replica_mounts.c - the template's mounts, our own files in /etc, then the service's; what is mounted deeper comes later.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "scale/replica_config-private.h"

struct mounts {
	struct replica_plan *plan;
	struct oci_mount *items; /* of the service */
	size_t len;
	unsigned anonymous; /* volumes */
};

static char *keep(struct replica_plan *plan, const char *text)
{
	return oci_arena_strdup(&plan->arena, text);
}

static int set_options(struct replica_plan *plan, struct oci_mount *mount,
		       const char *const *options, size_t len, struct oci_error *err)
{
	mount->options = oci_arena_array(&plan->arena, len + 1, sizeof(char *));
	if (!mount->options)
		return err_nomem(err);
	/* emitted, never written to */
	for (size_t i = 0; i < len; i++)
		if (options[i])
			mount->options[mount->options_len++] = (char *)options[i];
	return 0;
}

/* A mount at @target: one of the service's own counts once, the later one wins. */
static int add(struct mounts *m, const char *type, const char *source, const char *target,
	       struct oci_mount **ret, struct oci_error *err)
{
	char *clean = keep(m->plan, target);
	size_t i = 0;

	if (!clean || !source)
		return err_nomem(err);
	if (*clean != '/')
		return err_set(err, EINVAL,
			       "volumes: '%s': the place in the container is no "
			       "absolute path",
			       target);
	if (strcmp(path_clean(clean), "/") == 0)
		return err_set(err, EINVAL, "volumes: the root itself is the image's");
	while (i < m->len && strcmp(m->items[i].destination, clean) != 0)
		i++;
	if (i == m->len)
		m->len++;
	/* emitted, never written to */
	m->items[i] = (struct oci_mount){ .destination = clean,
					  .type = (char *)type,
					  .source = (char *)source };
	*ret = &m->items[i];
	return 0;
}

static int add_bind(struct mounts *m, const char *source, const char *target, bool read_only,
		    struct oci_error *err)
{
	const char *options[] = { "rbind", read_only ? "ro" : "rw", "rprivate" };
	struct oci_mount *mount;
	int r = add(m, "bind", source, target, &mount, err);

	return r < 0 ? r : set_options(m->plan, mount, options, ARRAY_LEN(options), err);
}

static int bind_source(struct mounts *m, const struct spec_mount *wish, struct oci_error *err)
{
	/* by name: a path of the host, as the user wrote it */
	if (access(wish->source, F_OK) == 0)
		return 0;
	if (!wish->create_source || errno != ENOENT)
		return err_sys(err, errno, "volumes: %s (for %s)", wish->source, wish->target);
	m->plan->folders[m->plan->folders_len++] = (struct plan_folder){ .path = wish->source };
	return 0;
}

/* Anonymous ones are numbered: the same service has the same ones again. */
static int add_volume(struct mounts *m, const struct spec_mount *wish, struct oci_error *err)
{
	struct replica_plan *plan = m->plan;
	const struct spec_volume *volume = NULL;
	char *path;

	if (wish->source) {
		volume = spec_volume_find(plan->in->project, wish->source);
		if (!volume)
			return err_set(err, EINVAL, "volumes: the project has no volume '%s'",
				       wish->source);
	}
	path = volume ? oci_arena_printf(&plan->arena, "%s/%s", plan->in->volumes, volume->name)
		      : oci_arena_printf(&plan->arena, "%s/volumes/%u", plan->in->bundle,
					 m->anonymous++);
	if (!path)
		return err_nomem(err);
	if (volume && volume->external && access(path, F_OK) < 0)
		return err_sys(err, errno, "volumes: the external volume %s", path);
	plan->folders[plan->folders_len++] = (struct plan_folder){ path, wish->target };
	return add_bind(m, path, wish->target, wish->read_only, err);
}

static int add_tmpfs(struct mounts *m, const struct spec_mount *wish, struct oci_error *err)
{
	struct oci_arena *arena = &m->plan->arena;
	const char *options[] = {
		"nosuid",
		"nodev",
		"noexec",
		oci_arena_printf(arena, "mode=%o", wish->mode ? wish->mode & 07777 : 01777),
		wish->read_only ? "ro" : "rw",
		wish->size > 0 ? oci_arena_printf(arena, "size=%lld", (long long)wish->size) : NULL,
	};
	struct oci_mount *mount;
	int r = add(m, "tmpfs", "tmpfs", wish->target, &mount, err);

	if (r < 0)
		return r;
	if (!options[3] || (wish->size > 0 && !options[5]))
		return err_nomem(err);
	return set_options(m->plan, mount, options, ARRAY_LEN(options), err);
}

static int add_wish(struct mounts *m, const struct spec_mount *wish, struct oci_error *err)
{
	int r;

	switch (wish->type) {
	case SPEC_BIND:
		r = bind_source(m, wish, err);
		return r < 0 ? r : add_bind(m, wish->source, wish->target, wish->read_only, err);
	case SPEC_VOLUME:
		return add_volume(m, wish, err);
	case SPEC_TMPFS:
		return add_tmpfs(m, wish, err);
	}
	return err_set(err, EINVAL, "volumes: unknown kind of mount");
}

static bool has_target(const struct mounts *m, const char *target)
{
	for (size_t i = 0; i < m->len; i++)
		if (strcmp(m->items[i].destination, target) == 0)
			return true;
	return false;
}

/* The image's VOLUME: anonymous ones, unless the service has something for the place. */
static int add_image_volumes(struct mounts *m, struct oci_error *err)
{
	const struct oci_container_config *image = m->plan->image;
	int r = 0;

	for (size_t i = 0; r == 0 && i < image->volumes_len; i++) {
		const struct spec_mount wish = { .type = SPEC_VOLUME, .target = image->volumes[i] };

		if (!has_target(m, wish.target))
			r = add_volume(m, &wish, err);
	}
	return r;
}

/* hosts, hostname, resolv.conf: written in place while the container runs, so bound as files */
static int add_own(struct mounts *m, struct oci_error *err)
{
	static const char *const names[] = { "hosts", "hostname", "resolv.conf" };
	struct replica_plan *plan = m->plan;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(names); i++) {
		bool shared = plan->in->hosts && strcmp(names[i], "hosts") == 0;

		r = add_bind(m,
			     shared ? plan->in->hosts
				    : oci_arena_printf(&plan->arena, "%s/%s", plan->in->bundle,
						       names[i]),
			     oci_arena_printf(&plan->arena, "/etc/%s", names[i]), shared, err);
	}
	if (r == 0 && plan->init)
		r = add_bind(m, plan->init, REPLICA_INIT_PATH, true, err);
	for (size_t i = 0; r == 0 && i < plan->service->files_len; i++) {
		bool secret = plan->service->files[i].secret && plan->in->secrets;

		r = add_bind(m,
			     oci_arena_printf(&plan->arena, "%s/%s%zu",
					      secret ? plan->in->secrets : plan->in->bundle,
					      secret ? "" : "files/", i),
			     plan->service->files[i].target, true, err);
	}
	return r;
}

/* ---- the template's ------------------------------------------------------------------------------------------------- */

static int bind_of_host(struct mounts *m, struct oci_mount *mount, const char *path,
			const char *access_word, struct oci_error *err)
{
	const char *options[] = { "rbind", "nosuid", "noexec", "nodev", access_word };

	mount->type = (char *)"bind";
	mount->source = (char *)path; /* emitted, never written to */
	mount->options = NULL;
	mount->options_len = 0;
	return set_options(m->plan, mount, options, ARRAY_LEN(options), err);
}

static int size_shm(struct mounts *m, struct oci_mount *mount, struct oci_error *err)
{
	char *size = oci_arena_printf(&m->plan->arena, "size=%lld",
				      (long long)m->plan->service->shm_size);
	const char *options[] = { "nosuid", "noexec", "nodev", "mode=1777", size };

	if (!size)
		return err_nomem(err);
	mount->options_len = 0;
	return set_options(m->plan, mount, options, ARRAY_LEN(options), err);
}

/* Privileged: /sys and the cgroups may be written. */
static int open_up(struct mounts *m, struct oci_mount *mount, struct oci_error *err)
{
	const char *options[16];
	size_t len = 0;

	for (size_t i = 0; i < mount->options_len && len < ARRAY_LEN(options); i++)
		if (strcmp(mount->options[i], "ro") != 0)
			options[len++] = mount->options[i];
	mount->options_len = 0;
	return set_options(m->plan, mount, options, len, err);
}

static int adapt(struct mounts *m, struct oci_mount *mount, struct oci_error *err)
{
	const struct replica_config *in = m->plan->in;
	const struct spec_service *service = m->plan->service;
	bool host_ipc = service->ipc_mode && strcmp(service->ipc_mode, "host") == 0;
	bool is_shm = strcmp(mount->destination, "/dev/shm") == 0;
	bool is_sys = strcmp(mount->destination, "/sys") == 0;

	if (host_ipc && (is_shm || strcmp(mount->destination, "/dev/mqueue") == 0))
		return bind_of_host(m, mount, is_shm ? "/dev/shm" : "/dev/mqueue", "rw", err);
	if (is_shm && service->shm_size > 0)
		return size_shm(m, mount, err);
	/* a network namespace that is another user namespace's: its sysfs can only be bound */
	if (is_sys && in->rootless && (in->netns || service->network_mode != SPEC_NET_NONE))
		return bind_of_host(m, mount, "/sys", "ro", err);
	if (service->privileged && (is_sys || strcmp(mount->destination, "/sys/fs/cgroup") == 0))
		return open_up(m, mount, err);
	return 0;
}

static unsigned depth(const char *path)
{
	unsigned count = 0;

	for (; *path; path++)
		count += *path == '/';
	return count;
}

/* Stable, and short lists. */
static void sort_by_depth(struct mounts *m)
{
	for (size_t i = 1; i < m->len; i++) {
		struct oci_mount mount = m->items[i];
		size_t k = i;

		for (; k > 0 && depth(m->items[k - 1].destination) > depth(mount.destination); k--)
			m->items[k] = m->items[k - 1];
		m->items[k] = mount;
	}
}

static int merge(struct mounts *m, struct oci_error *err)
{
	const struct oci_config *from = m->plan->in->image->bundle;
	struct oci_config *config = &m->plan->config;
	struct oci_mount *all =
		oci_arena_array(&m->plan->arena, from->mounts_len + m->len + 1, sizeof(*all));
	size_t len = 0;
	int r = 0;

	if (!all)
		return err_nomem(err);
	for (size_t i = 0; r == 0 && i < from->mounts_len; i++) {
		if (has_target(m, from->mounts[i].destination))
			continue;
		all[len] = from->mounts[i];
		r = adapt(m, &all[len++], err);
	}
	sort_by_depth(m);
	if (m->len)
		memcpy(all + len, m->items, m->len * sizeof(*all));
	config->mounts = all;
	config->mounts_len = len + m->len;
	return r;
}

int replica_mounts(struct replica_plan *plan, struct oci_error *err)
{
	const struct spec_service *service = plan->service;
	size_t room = service->mounts_len + plan->image->volumes_len;
	struct mounts m = { .plan = plan };
	int r;

	m.items = oci_arena_array(&plan->arena, room + service->files_len + 8, sizeof(*m.items));
	plan->folders = oci_arena_array(&plan->arena, room + 1, sizeof(*plan->folders));
	if (!m.items || !plan->folders)
		return err_nomem(err);
	/* ours first: what the service mounts in their place wins */
	r = add_own(&m, err);
	for (size_t i = 0; r == 0 && i < service->mounts_len; i++)
		r = add_wish(&m, &service->mounts[i], err);
	if (r == 0)
		r = add_image_volumes(&m, err);
	return r < 0 ? r : merge(&m, err);
}
