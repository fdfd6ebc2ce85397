/* SPDX-License-Identifier: Apache-2.0 */
/*
 * namespaces.c - planning and joining namespaces (namespaces(7), config-linux.md#namespaces).
 */
#include "runtime/namespaces.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/idmap.h"

#define NANOSECS_MAX 999999999u

static const int ns_flags[] = {
	[OCI_NS_MOUNT] = CLONE_NEWNS,      [OCI_NS_PID] = CLONE_NEWPID,
	[OCI_NS_NETWORK] = CLONE_NEWNET,   [OCI_NS_UTS] = CLONE_NEWUTS,
	[OCI_NS_IPC] = CLONE_NEWIPC,       [OCI_NS_USER] = CLONE_NEWUSER,
	[OCI_NS_CGROUP] = CLONE_NEWCGROUP, [OCI_NS_TIME] = CLONE_NEWTIME,
};

int ns_flag(enum oci_namespace_type type)
{
	return (size_t)type < ARRAY_LEN(ns_flags) ? ns_flags[type] : 0;
}

const char *ns_name(int flag)
{
	for (size_t i = 1; i < ARRAY_LEN(ns_flags); i++)
		if (ns_flags[i] == flag)
			return oci_namespace_type_name((enum oci_namespace_type)i);
	return "unknown";
}

static int plan_list(const struct oci_linux *linux_, struct ns_plan *ret, struct oci_error *err)
{
	for (size_t i = 0; i < linux_->namespaces_len; i++) {
		const struct oci_namespace *ns = &linux_->namespaces[i];
		int flag = ns_flag(ns->type);

		if (ret->listed & (uint64_t)flag)
			return err_set(err, EINVAL, "linux.namespaces[%zu]: a second %s namespace",
				       i, ns_name(flag));
		ret->listed |= (uint64_t)flag;
		if (!ns->path || !*ns->path) {
			ret->made |= (uint64_t)flag;
			continue;
		}
		if (ns->path[0] != '/')
			return err_set(err, EINVAL,
				       "linux.namespaces[%zu].path: '%s' is not an absolute path",
				       i, ns->path);
		ret->joins[ret->joins_len++] = (struct ns_join){ flag, ns->path, -EBADF, i };
	}
	return 0;
}

static int plan_check(const struct oci_config *config, const struct ns_plan *plan,
		      struct oci_error *err)
{
	const struct oci_linux *l = config->linux_;
	bool user = plan->listed & CLONE_NEWUSER;
	int r;

	if (!user && (l->uid_mappings_len || l->gid_mappings_len))
		return err_set(
			err, EINVAL,
			"linux.uidMappings: mappings need a user namespace in linux.namespaces");
	if ((plan->made & CLONE_NEWUSER) && !(l->uid_mappings_len && l->gid_mappings_len))
		return err_set(err, EINVAL,
			       "linux.namespaces: a new user namespace needs linux.uidMappings and "
			       "linux.gidMappings");
	if (!(l->uid_mappings_len) != !(l->gid_mappings_len))
		return err_set(err, EINVAL, "linux.%s: required with linux.%s",
			       l->uid_mappings_len ? "gidMappings" : "uidMappings",
			       l->uid_mappings_len ? "uidMappings" : "gidMappings");
	r = idmap_check(l->uid_mappings, l->uid_mappings_len, "linux.uidMappings", err);
	if (r == 0)
		r = idmap_check(l->gid_mappings, l->gid_mappings_len, "linux.gidMappings", err);
	if (r < 0)
		return r;
	if (config->hostname && *config->hostname && !(plan->listed & CLONE_NEWUTS))
		return err_set(err, EINVAL, "hostname: needs a uts namespace in linux.namespaces");
	if (config->domainname && *config->domainname && !(plan->listed & CLONE_NEWUTS))
		return err_set(err, EINVAL,
			       "domainname: needs a uts namespace in linux.namespaces");
	if (config->hostname && strlen(config->hostname) > 64)
		return err_set(err, EINVAL, "hostname: longer than 64 bytes");
	if (config->domainname && strlen(config->domainname) > 64)
		return err_set(err, EINVAL, "domainname: longer than 64 bytes");
	if (plan->time_offsets && !(plan->made & CLONE_NEWTIME))
		return err_set(err, EINVAL,
			       "linux.timeOffsets: needs a new time namespace in linux.namespaces");
	if (l->net_devices_len && !(plan->listed & CLONE_NEWNET))
		return err_set(err, EINVAL,
			       "linux.netDevices: needs a network namespace in linux.namespaces");
	return 0;
}

/* podman writes this one beside a path, for a runtime of old that wanted some mapping */
static bool is_dummy(const struct oci_id_mapping *map, size_t count)
{
	return count == 1 && !map->container_id.value && !map->host_id.value &&
	       map->size.value == 1;
}

int ns_plan(const struct oci_config *config, struct ns_plan *ret, struct oci_error *err)
{
	const struct oci_time_offsets *offsets;
	int r;

	*ret = (struct ns_plan){ 0 };
	if (!config->linux_)
		return config->hostname && *config->hostname
			       ? err_set(err, EINVAL,
					 "hostname: needs a uts namespace in linux.namespaces")
			       : 0;
	offsets = config->linux_->time_offsets;
	if (offsets && offsets->monotonic && offsets->monotonic->nanosecs.value > NANOSECS_MAX)
		return err_set(err, EINVAL, "linux.timeOffsets.monotonic.nanosecs: above %u",
			       NANOSECS_MAX);
	if (offsets && offsets->boottime && offsets->boottime->nanosecs.value > NANOSECS_MAX)
		return err_set(err, EINVAL, "linux.timeOffsets.boottime.nanosecs: above %u",
			       NANOSECS_MAX);
	if (offsets && (offsets->boottime || offsets->monotonic))
		ret->time_offsets = offsets;
	r = plan_list(config->linux_, ret, err);
	if (r < 0)
		return r;
	if (ns_joins(ret, CLONE_NEWUSER) && config->linux_->uid_mappings_len &&
	    !(is_dummy(config->linux_->uid_mappings, config->linux_->uid_mappings_len) &&
	      is_dummy(config->linux_->gid_mappings, config->linux_->gid_mappings_len)))
		ret->mapped = config->linux_;
	return plan_check(config, ret, err);
}

bool ns_joins(const struct ns_plan *plan, uint64_t flags)
{
	for (size_t i = 0; i < plan->joins_len; i++)
		if ((uint64_t)plan->joins[i].flag & flags)
			return true;
	return false;
}

int ns_open(struct ns_plan *plan, struct oci_error *err)
{
	for (size_t i = 0; i < plan->joins_len; i++) {
		struct ns_join *join = &plan->joins[i];
		int type;

		/* by name: config.json is trusted; the type is checked */
		join->fd = open(join->path, O_RDONLY | O_CLOEXEC);
		if (join->fd < 0)
			return err_sys(err, errno,
				       "linux.namespaces[%zu].path: open %s for the %s namespace",
				       join->index, join->path, ns_name(join->flag));
		type = ioctl(join->fd, NS_GET_NSTYPE);
		if (type < 0)
			return err_set(err, EINVAL,
				       "linux.namespaces[%zu].path: %s is not a namespace",
				       join->index, join->path);
		if (type != join->flag)
			return err_set(
				err, EINVAL,
				"linux.namespaces[%zu].path: %s is a %s namespace, expected a "
				"%s one",
				join->index, join->path, ns_name(type), ns_name(join->flag));
		if (type == CLONE_NEWUSER && plan->mapped) {
			int r = idmap_compare(join->fd, plan->mapped, err);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

void ns_close(struct ns_plan *plan)
{
	for (size_t i = 0; i < plan->joins_len; i++)
		fd_closep(&plan->joins[i].fd);
}

static bool is_own_user_namespace(int fd)
{
	struct stat a, b;

	/* by name: our own /proc, still on the host */
	return fstat(fd, &a) == 0 && stat("/proc/self/ns/user", &b) == 0 && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

static int join_failed(const struct ns_join *join, struct oci_error *err)
{
	return err_sys(err, errno, "join the %s namespace %s", ns_name(join->flag), join->path);
}

int ns_enter(const struct ns_plan *plan, uint64_t flags, struct oci_error *err)
{
	bool user = (flags & CLONE_NEWUSER) && ns_joins(plan, CLONE_NEWUSER);
	bool late[NS_COUNT] = { false };

	for (size_t i = 0; i < plan->joins_len; i++) {
		const struct ns_join *join = &plan->joins[i];

		if (!((uint64_t)join->flag & flags) || join->flag == CLONE_NEWUSER)
			continue;
		if (setns(join->fd, join->flag) == 0)
			continue;
		if (errno != EPERM || !user)
			return join_failed(join, err);
		late[i] = true;
	}
	for (size_t i = 0; user && i < plan->joins_len; i++) {
		const struct ns_join *join = &plan->joins[i];

		/* EINVAL: the kernel's way of saying that we are in it already */
		if (join->flag == CLONE_NEWUSER && setns(join->fd, join->flag) < 0 &&
		    !(errno == EINVAL && is_own_user_namespace(join->fd)))
			return join_failed(join, err);
	}
	for (size_t i = 0; user && i < plan->joins_len; i++)
		if (late[i] && setns(plan->joins[i].fd, plan->joins[i].flag) < 0)
			return join_failed(&plan->joins[i], err);
	return 0;
}

int ns_set_time(const struct ns_plan *plan, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = -EBADF;
	const struct oci_time_offsets *o = plan->time_offsets;
	char line[128];
	int n = 0, r;

	if (!o)
		return 0;
	if (unshare(CLONE_NEWTIME) < 0)
		return err_sys(err, errno, "make the time namespace");
	if (o->monotonic)
		n += snprintf(line, sizeof(line), "monotonic %lld %u\n",
			      (long long)o->monotonic->secs.value, o->monotonic->nanosecs.value);
	if (o->boottime)
		n += snprintf(line + n, sizeof(line) - (size_t)n, "boottime %lld %u\n",
			      (long long)o->boottime->secs.value, o->boottime->nanosecs.value);
	r = io_write_at(AT_FDCWD, "/proc/self/timens_offsets", line);
	if (r == -ERANGE)
		return err_set(err, ERANGE,
			       "linux.timeOffsets: a clock of the container would be below 0, or "
			       "above 146 years (time_namespaces(7))");
	if (r < 0)
		return err_sys(err, -r, "linux.timeOffsets: set the clocks of the time namespace");
	/* by name: our own, still in the host's mounts */
	fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWTIME) < 0)
		return err_sys(err, errno, "enter the time namespace");
	return 0;
}
