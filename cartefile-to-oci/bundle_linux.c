/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_linux.c - what podman gives a container that nobody asked anything special for: mounts, namespaces, limits, paths.
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "cartefile-to-oci/bundle_config.h"
#include "cartefile-to-oci/bundle_seccomp.h"

#define PIDS_DEFAULT 2048 /* containers.conf(5), pids_limit */

#define STRINGS(member, ...)                       \
	.member = (char *[]){ __VA_ARGS__, NULL }, \
	.member##_len = ARRAY_LEN(((char *[]){ __VA_ARGS__ }))

/* clang-format off */
static const struct oci_mount usual_mounts[] = {
	{ .destination = "/proc", .type = "proc", .source = "proc",
	  STRINGS(options, "nosuid", "noexec", "nodev") },
	{ .destination = "/dev", .type = "tmpfs", .source = "tmpfs",
	  STRINGS(options, "nosuid", "strictatime", "mode=755", "size=65536k") },
	{ .destination = "/dev/pts", .type = "devpts", .source = "devpts",
	  STRINGS(options, "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5") },
	{ .destination = "/dev/mqueue", .type = "mqueue", .source = "mqueue",
	  STRINGS(options, "nosuid", "noexec", "nodev") },
	{ .destination = "/dev/shm", .type = "tmpfs", .source = "shm",
	  STRINGS(options, "nosuid", "noexec", "nodev", "mode=1777", "size=65536k") },
	{ .destination = "/sys", .type = "sysfs", .source = "sysfs",
	  STRINGS(options, "nosuid", "noexec", "nodev", "ro") },
	{ .destination = "/sys/fs/cgroup", .type = "cgroup", .source = "cgroup",
	  STRINGS(options, "nosuid", "noexec", "nodev", "relatime", "ro") },
};

/* A namespace without group 5; and a network namespace that is another user namespace's: its sysfs can only be bound. */
static const struct oci_mount small_pts = {
	.destination = "/dev/pts", .type = "devpts", .source = "devpts",
	STRINGS(options, "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"),
};
static const struct oci_mount bound_sys = {
	.destination = "/sys", .type = "none", .source = "/sys",
	STRINGS(options, "rbind", "nosuid", "noexec", "nodev", "ro"),
};

static const struct oci_mount host_files[] = {
	{ .destination = "/etc/resolv.conf", .type = "bind", .source = "/etc/resolv.conf",
	  STRINGS(options, "bind", "ro", "rprivate") },
	{ .destination = "/etc/hosts", .type = "bind", .source = "/etc/hosts",
	  STRINGS(options, "bind", "ro", "rprivate") },
};

/* --read-only: programs still write their pid and temporary files */
static char *const scratch_folders[] = { "/run", "/tmp", "/var/tmp" };
static const struct oci_mount scratch = {
	.type = "tmpfs", .source = "tmpfs", STRINGS(options, "nosuid", "nodev", "mode=1777", "rprivate"),
};

static const struct oci_linux usual = {
	STRINGS(masked_paths, "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
		"/proc/latency_stats", "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats",
		"/sys/dev/block", "/sys/devices/virtual/powercap", "/sys/firmware", "/sys/fs/selinux"),
	STRINGS(readonly_paths, "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"),
};
/* clang-format on */

static bool is_rootless(const struct bundle_facts *facts)
{
	return facts->ids.uids_len > 0;
}

/* ---- mounts ------------------------------------------------------------------------------- */

struct mount_list {
	struct oci_mount *items;
	size_t len;
};

static bool has_destination(const struct mount_list *list, const char *path)
{
	for (size_t i = 0; i < list->len; i++)
		if (strcmp(list->items[i].destination, path) == 0)
			return true;
	return false;
}

/* One of our own, unless -v has something for its place. */
static void add_mount(struct mount_list *list, const struct mount_list *given,
		      const struct oci_mount *mount)
{
	if (!has_destination(given, mount->destination))
		list->items[list->len++] = *mount;
}

static int read_given(const struct bundle_options *options, const struct bundle_facts *facts,
		      struct oci_arena *arena, struct mount_list *ret, struct oci_error *err)
{
	ret->items = oci_arena_array(arena, options->mounts_len + 1, sizeof(*ret->items));
	if (!ret->items)
		return err_nomem(err);
	for (size_t i = 0; i < options->mounts_len; i++) {
		struct oci_mount *mount = &ret->items[ret->len];
		int r = bundle_flag_mount(options->mounts[i], facts->folder, arena, mount, err);

		if (r < 0)
			return r;
		if (has_destination(ret, mount->destination))
			return err_set(err, EINVAL, "-v '%s': %s is mounted twice",
				       options->mounts[i], mount->destination);
		ret->len++;
	}
	return 0;
}

static bool has_group_5(const struct rootless *ids)
{
	for (size_t i = 0; i < ids->gids_len; i++)
		if (ids->gids[i].inside <= 5 && 5 - ids->gids[i].inside < ids->gids[i].count)
			return true;
	return ids->gids_len == 0;
}

static void add_usual(struct mount_list *list, const struct mount_list *given,
		      const struct bundle_facts *facts, enum bundle_net net)
{
	for (size_t i = 0; i < ARRAY_LEN(usual_mounts); i++) {
		const struct oci_mount *mount = &usual_mounts[i];

		if (strcmp(mount->destination, "/dev/pts") == 0 && !has_group_5(&facts->ids))
			mount = &small_pts;
		if (strcmp(mount->destination, "/sys") == 0 && is_rootless(facts) &&
		    net != BUNDLE_NET_NONE)
			mount = &bound_sys;
		add_mount(list, given, mount);
	}
	if (net == BUNDLE_NET_HOST && facts->resolv_conf)
		add_mount(list, given, &host_files[0]);
	if (net == BUNDLE_NET_HOST && facts->hosts)
		add_mount(list, given, &host_files[1]);
}

int bundle_mounts(const struct bundle_options *options, const struct bundle_facts *facts,
		  struct oci_arena *arena, struct oci_config *config, struct oci_error *err)
{
	struct mount_list given = { 0 }, list = { 0 };
	enum bundle_net net;
	const char *path;
	int r = bundle_flag_net(options->net, &net, &path, err);

	if (r == 0)
		r = read_given(options, facts, arena, &given, err);
	if (r < 0)
		return r;
	list.items = oci_arena_array(arena,
				     given.len + ARRAY_LEN(usual_mounts) + ARRAY_LEN(host_files) +
					     ARRAY_LEN(scratch_folders),
				     sizeof(*list.items));
	if (!list.items)
		return err_nomem(err);
	add_usual(&list, &given, facts, net);
	for (size_t i = 0; options->read_only && i < ARRAY_LEN(scratch_folders); i++) {
		struct oci_mount mount = scratch;

		mount.destination = scratch_folders[i];
		add_mount(&list, &given, &mount);
	}
	for (size_t i = 0; i < given.len; i++)
		list.items[list.len++] = given.items[i];
	config->mounts = list.items;
	config->mounts_len = list.len;
	return 0;
}

/* ---- namespaces, resources, seccomp -------------------------------------------------------- */

static int add_namespaces(const struct bundle_options *options, const struct bundle_facts *facts,
			  struct oci_arena *arena, struct oci_linux *l, struct oci_error *err)
{
	static const enum oci_namespace_type always[] = { OCI_NS_PID, OCI_NS_IPC, OCI_NS_UTS,
							  OCI_NS_MOUNT, OCI_NS_CGROUP };
	struct oci_namespace *list = oci_arena_array(arena, ARRAY_LEN(always) + 2, sizeof(*list));
	enum bundle_net net;
	const char *path;
	int r = bundle_flag_net(options->net, &net, &path, err);

	if (r < 0)
		return r;
	if (!list)
		return err_nomem(err);
	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		list[l->namespaces_len++].type = always[i];
	if (net != BUNDLE_NET_HOST)
		list[l->namespaces_len++] = (struct oci_namespace){ OCI_NS_NETWORK, (char *)path };
	if (is_rootless(facts))
		list[l->namespaces_len++].type = OCI_NS_USER;
	l->namespaces = list;
	return 0;
}

static struct oci_id_mapping *copy_map(const struct subid_mapping *map, size_t len,
				       struct oci_arena *arena)
{
	struct oci_id_mapping *list = oci_arena_array(arena, len, sizeof(*list));

	for (size_t i = 0; list && i < len; i++)
		list[i] = (struct oci_id_mapping){ { true, map[i].inside },
						   { true, map[i].outside },
						   { true, map[i].count } };
	return list;
}

static int add_mappings(const struct rootless *ids, struct oci_arena *arena, struct oci_linux *l,
			struct oci_error *err)
{
	if (!ids->uids_len)
		return 0;
	l->uid_mappings = copy_map(ids->uids, ids->uids_len, arena);
	l->uid_mappings_len = ids->uids_len;
	l->gid_mappings = copy_map(ids->gids, ids->gids_len, arena);
	l->gid_mappings_len = ids->gids_len;
	return l->uid_mappings && l->gid_mappings ? 0 : err_nomem(err);
}

struct resources {
	struct oci_resources top;
	struct oci_memory memory;
	struct oci_cpu cpu;
	struct oci_pids pids;
};

static int read_limits(const struct bundle_options *options, struct resources *res,
		       struct oci_error *err)
{
	int r = 0;

	if (options->memory) {
		res->top.memory = &res->memory;
		res->memory.limit.present = res->memory.swap.present = true;
		r = bundle_flag_memory(options->memory, &res->memory.limit.value, err);
		res->memory.swap.value = res->memory.limit.value; /* memory and swap: no swap */
	}
	if (r == 0 && options->cpus) {
		res->top.cpu = &res->cpu;
		res->cpu.quota.present = res->cpu.period.present = true;
		r = bundle_flag_cpus(options->cpus, &res->cpu.quota.value, &res->cpu.period.value,
				     err);
	}
	if (r == 0 && options->pids) {
		res->top.pids = &res->pids;
		res->pids.limit.present = true;
		r = bundle_flag_pids(options->pids, &res->pids.limit.value, err);
	}
	return r;
}

/*
 * An ordinary user has a cgroup only where one is delegated, and no say over devices: only what was asked for is in the
 * document then, and whether it can be had the runtime knows.
 */
static int add_resources(const struct bundle_options *options, const struct bundle_facts *facts,
			 struct oci_arena *arena, struct oci_linux *l, struct oci_error *err)
{
	static struct oci_device_rule deny = { .allow = { true, false }, .access = "rwm" };
	struct resources *res = oci_arena_alloc(arena, sizeof(*res));
	int r;

	if (!res)
		return err_nomem(err);
	r = read_limits(options, res, err);
	if (r < 0)
		return r;
	if (!is_rootless(facts)) {
		res->top.devices = &deny;
		res->top.devices_len = 1;
		if (!options->pids) {
			res->top.pids = &res->pids;
			res->pids.limit = (struct oci_i64){ true, PIDS_DEFAULT };
		}
	}
	if (res->top.devices || res->top.memory || res->top.cpu || res->top.pids)
		l->resources = &res->top;
	return 0;
}

int bundle_linux(const struct oci_image_config *image, const struct bundle_options *options,
		 const struct bundle_facts *facts, struct oci_arena *arena,
		 struct oci_config *config, struct oci_error *err)
{
	struct oci_linux *l = oci_arena_alloc(arena, sizeof(*l));
	int r;

	if (!l)
		return err_nomem(err);
	*l = usual;
	r = add_namespaces(options, facts, arena, l, err);
	if (r == 0)
		r = add_mappings(&facts->ids, arena, l, err);
	if (r == 0)
		r = add_resources(options, facts, arena, l, err);
	if (r == 0 && options->seccomp_listener)
		r = bundle_seccomp_trace(image->architecture, options->seccomp_listener, arena,
					 &l->seccomp, err);
	else if (r == 0 && !options->no_seccomp)
		r = bundle_seccomp(image->architecture, config->process->capabilities->bounding,
				   arena, &l->seccomp, err);
	if (r < 0)
		return r;
	config->linux_ = l;
	return 0;
}
