/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create_plan.c - config.json checked and planned as a whole; nothing is made here.
 */
#include <limits.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/subid.h"
#include "runtime/bundle.h"
#include "runtime/core_sched.h"
#include "runtime/create-private.h"
#include "runtime/hooks.h"
#include "runtime/landlock.h"
#include "runtime/netdev.h"
#include "runtime/process.h"
#include "runtime/rootfs.h"
#include "runtime/seccomp.h"

static const char *joined_user_ns(const struct ns_plan *ns)
{
	for (size_t i = 0; i < ns->joins_len; i++)
		if (ns->joins[i].flag == CLONE_NEWUSER)
			return ns->joins[i].path;
	return NULL;
}

/* One of the two maps of an ordinary user: itself as root, and what @file lends to it. */
static int lend_ids(struct creation *c, const char *file, uint32_t own, struct oci_id_mapping **ret,
		    size_t *ret_len, struct oci_error *err)
{
	struct oci_id_mapping *map;
	struct subid_mapping *lent;
	struct subid_range *ranges;
	size_t len;
	int r;

	r = subid_load(&c->arena, file, getuid(), &ranges, &len, err);
	if (r < 0)
		return r;
	if (!len)
		(void)err_set(&c->no_ranges, ENOENT, "%s has no range for user %u", file,
			      (unsigned)getuid());
	r = subid_map(&c->arena, own, ranges, len, &lent, &len, err);
	if (r < 0)
		return r;
	map = oci_arena_array(&c->arena, len, sizeof(*map));
	if (!map)
		return err_nomem(err);
	for (size_t i = 0; i < len; i++)
		map[i] = (struct oci_id_mapping){ { true, lent[i].inside },
						  { true, lent[i].outside },
						  { true, lent[i].count } };
	*ret = map;
	*ret_len = len;
	return 0;
}

/* An ordinary user makes no namespace but within a user namespace, so one is made where config.json has none. */
static int lend_user_ns(struct creation *c, struct oci_error *err)
{
	struct oci_linux *l = c->config->linux_;
	struct oci_namespace *all;
	int r;

	if (getauxval(AT_EUID) == 0 || !l || l->uid_mappings_len || l->gid_mappings_len)
		return 0;
	for (size_t i = 0; i < l->namespaces_len; i++)
		if (l->namespaces[i].type == OCI_NS_USER)
			return 0;
	all = oci_arena_array(&c->arena, l->namespaces_len + 1, sizeof(*all));
	if (!all)
		return err_nomem(err);
	if (l->namespaces_len)
		memcpy(all, l->namespaces, l->namespaces_len * sizeof(*all));
	all[l->namespaces_len++] = (struct oci_namespace){ .type = OCI_NS_USER };
	l->namespaces = all;
	c->state.lent_user_ns = (struct oci_bool){ true, true };
	r = lend_ids(c, SUBID_UIDS, geteuid(), &l->uid_mappings, &l->uid_mappings_len, err);
	if (r == 0)
		r = lend_ids(c, SUBID_GIDS, getegid(), &l->gid_mappings, &l->gid_mappings_len, err);
	return r;
}

int create_plan_rootfs(struct creation *c, struct oci_error *err)
{
	const struct ns_plan *ns = &c->ns;
	struct rootfs_options options = {
		.bundle = c->state.bundle,
		.id = c->state.id,
		.no_pivot = c->options->no_pivot,
		.new_mount_ns = ns->made & CLONE_NEWNS,
		.join_mount_ns = ns_joins(ns, CLONE_NEWNS),
		.user_ns_path = joined_user_ns(ns),
		.new_user_ns = ns->listed & CLONE_NEWUSER,
		.new_net_ns = ns->listed & CLONE_NEWNET,
		.new_ipc_ns = ns->listed & CLONE_NEWIPC,
		.new_uts_ns = ns->listed & CLONE_NEWUTS,
		.new_cgroup_ns = ns->listed & CLONE_NEWCGROUP,
		.new_pid_ns = ns->listed & CLONE_NEWPID,
		.lent_user_ns = c->state.lent_user_ns.value,
		.rootless = c->ctx->rootless,
		.cgroup =
			&c->state.cgroup, /* as cgroup_create leaves it: it may do without some folders */
		.selinux_mount_label = c->config->linux_ ? c->config->linux_->mount_label : NULL,
		.await_cgroup = child_await_cgroup_ns,
		.await_arg = &c->child,
	};

	return rootfs_plan(&c->arena, c->config, &options, &c->rootfs, err);
}

static int plan_process(struct creation *c, struct oci_error *err)
{
	struct process_plan *plan;
	int r;

	if (!c->config->process)
		return err_set(err, EINVAL, "process: required field is missing");
	r = process_plan(&c->arena, c->config->process, c->config->linux_, "process", &plan, err);
	for (size_t i = 0; r == 0 && i < c->inherited.env_len; i++)
		r = process_env_set(plan, c->inherited.env[i], err);
	if (r == 0 && c->notify)
		r = process_env_set(plan, c->notify->env, err);
	if (r == 0)
		r = launch_check_terminal(&c->options->io, plan->terminal, err);
	if (r == 0)
		r = landlock_plan(&c->arena, c->config, &c->child.landlock, err);
	/* landlock_restrict_self(2) asks for it where CAP_SYS_ADMIN has gone */
	if (r == 0 && c->child.landlock)
		plan->no_new_privileges = true;
	if (r == 0)
		r = core_sched_check(c->config, err);
	c->child.process = plan;
	return r;
}

/* behind the config's own mounts, so that it lies on whatever they put on /run */
static int add_mount(struct creation *c, const struct oci_mount *mount, struct oci_error *err)
{
	struct oci_mount *mounts =
		oci_arena_array(&c->arena, c->config->mounts_len + 1, sizeof(*mounts));

	if (!mounts)
		return err_nomem(err);
	if (c->config->mounts_len > 0)
		memcpy(mounts, c->config->mounts, c->config->mounts_len * sizeof(*mounts));
	mounts[c->config->mounts_len++] = *mount;
	c->config->mounts = mounts;
	return 0;
}

static int plan_notify(struct creation *c, struct oci_error *err)
{
	char *dir = oci_arena_printf(&c->arena, "%s/%s", c->ctx->root, c->state.id);
	int r;

	if (!dir)
		return err_nomem(err);
	r = notify_socket_plan(&c->arena, dir, &c->notify, err);
	return r == 0 && c->notify ? add_mount(c, &c->notify->mount, err) : r;
}

static int plan_linux(struct creation *c, struct oci_error *err)
{
	const struct oci_linux *l = c->config->linux_;
	struct cgroup_request request = {
		.manager = c->ctx->cgroup_manager,
		.id = c->state.id,
		.rootless = c->ctx->rootless,
		.required = c->ctx->cgroup_required,
		.annotations = c->config->annotations,
		.annotations_len = c->config->annotations_len,
		.helper = c->systemd,
	};
	int r = 0;

	if (!l)
		return err_set(err, EINVAL, "linux: required field is missing");
	request.cgroups_path = l->cgroups_path;
	if (l->seccomp)
		r = seccomp_check(l->seccomp, err);
	if (l->net_devices_len && getauxval(AT_EUID) != 0)
		return err_set(err, EPERM,
			       "linux.netDevices: only root moves the host's network devices");
	if (r == 0 && l->net_devices_len)
		r = netdev_check(l->net_devices, l->net_devices_len, err);
	if (r == 0 && l->intel_rdt)
		r = rdt_check(l->intel_rdt, c->state.id, err);
	if (r == 0)
		r = cgroup_plan(&c->arena, &request, &c->cgroup, err);
	if (r == 0)
		r = cgroup_check(c->cgroup, l->resources, err);
	return r;
}

/* SemVer; within a major version documents stay readable (config.md#specification-version, version.md) */
static int check_version(const char *version, struct oci_error *err)
{
	size_t major = strspn(version, "0123456789");

	if (!major || version[major] != '.' || version[major + 1] < '0' || version[major + 1] > '9')
		return err_set(err, EINVAL, "ociVersion: expected a version such as %s, got '%s'",
			       OCI_RUNTIME_SPEC_VERSION, version);
	if (major != 1 || *version != '1')
		return err_set(err, EINVAL, "ociVersion: %s is not supported, 1.0.0 to %s are",
			       version, OCI_RUNTIME_SPEC_VERSION);
	return 0;
}

static bool wants_later_hooks(const struct oci_hooks *hooks)
{
	return hooks && (hooks->poststart_len || hooks->poststop_len);
}

/*
 * RFC 3339 in UTC. gmtime(3) would read the zone files of the host for it. Days since 0000-03-01, in eras of 400
 * years, so that the leap day is the last of its year.
 */
static char *utc_now(struct oci_arena *arena)
{
	struct timespec now;
	long days, seconds, era_day, era_year, year_day, month, year;

	clock_gettime(CLOCK_REALTIME, &now);
	days = now.tv_sec / 86400 + 719468;
	seconds = now.tv_sec % 86400;
	era_day = days % 146097;
	era_year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
	year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
	month = (5 * year_day + 2) / 153; /* from March */
	year = days / 146097 * 400 + era_year + (month >= 10);
	return oci_arena_printf(arena, "%04ld-%02ld-%02ldT%02ld:%02ld:%02ld.%09ldZ", year,
				month < 10 ? month + 3 : month - 9,
				year_day - (153 * month + 2) / 5 + 1, seconds / 3600,
				seconds / 60 % 60, seconds % 60, now.tv_nsec);
}

static int plan_state(struct creation *c, struct oci_error *err)
{
	struct state *s = &c->state;
	pid_t pid = getpid();
	uid_t euid = geteuid();
	struct proc_stat self;
	int r;

	r = proc_stat_read(pid, &self);
	if (r < 0)
		return err_sys(err, -r, "read /proc/self/stat");
	s->oci_version = c->config->oci_version;
	s->rootfs = oci_arena_strdup(&c->arena, rootfs_path(c->rootfs));
	s->created = utc_now(&c->arena);
	s->owner = euid == 0 ? oci_arena_strdup(&c->arena, "root")
			     : oci_arena_printf(&c->arena, "%u", (unsigned)euid);
	if (!s->rootfs || !s->created || !s->owner)
		return err_nomem(err);
	s->creator_pid = (struct oci_i64){ true, pid };
	s->creator_start_time = (struct oci_u64){ true, self.start_time };
	c->child.ignored = self.ignored;
	s->cgroup = *c->cgroup;
	s->private_pid_ns.present = s->private_pid_ns.value = c->ns.made & CLONE_NEWPID;
	s->new_keyring.present = s->new_keyring.value = c->child.keyring;
	s->hooks.present = s->hooks.value = wants_later_hooks(c->config->hooks);
	s->annotations = c->config->annotations;
	s->annotations_len = c->config->annotations_len;
	return 0;
}

int create_plan(struct creation *c, struct oci_error *err)
{
	int r;

	r = inherit_fds_plan(&c->arena, c->options->io.preserve_fds, &c->inherited, err);
	if (r < 0)
		return r;
	/* behind what looks at our descriptors, before all that takes time */
	cgroup_expect(&c->arena, c->ctx->cgroup_manager, &c->systemd);
	r = bundle_load(&c->arena, c->options->bundle, c->options->config, &c->state.bundle,
			&c->config, err);
	if (r < 0)
		return r;
	r = check_version(c->config->oci_version, err);
	if (r == 0)
		r = lend_user_ns(c, err);
	if (r == 0)
		r = ns_plan(c->config, &c->ns, err);
	if (r == 0)
		r = plan_notify(c, err);
	if (r == 0)
		r = plan_process(c, err);
	if (r == 0)
		r = plan_linux(c, err);
	if (r == 0 && c->config->hooks)
		r = hooks_check(c->config->hooks, err);
	if (r == 0)
		r = create_plan_rootfs(c, err);
	if (r == 0)
		r = plan_state(c, err);
	/* a manager or a host that this build does not know is no fault of the document */
	if (r < 0 && !(r == -ENOTSUP && err && strncmp(err->message, "cgroup ", 7) == 0))
		err_in_document(err, c->options->config ? c->options->config : "config.json");
	return r;
}
