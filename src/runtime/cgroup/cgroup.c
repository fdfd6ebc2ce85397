/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup.c - the functions of cgroup.h: which manager does it, and what holds for all of them.
 *
 * A container without a cgroup (manager "disabled", or a host without cgroup
 * file systems) is a plan with no folders; nothing here fails for it but what
 * needs one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <linux/magic.h>

#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/systemd.h"

/* 14 hierarchies with paths of PATH_MAX fit; mountinfo of a host with thousands of mounts as well */
#define SELF_CGROUP_LIMIT (128 << 10)
#define MOUNTINFO_LIMIT (16 << 20)

static const char *const manager_names[] = {
	[CGROUP_MANAGER_CGROUPFS] = "cgroupfs",
	[CGROUP_MANAGER_SYSTEMD] = "systemd",
	[CGROUP_MANAGER_DISABLED] = "disabled",
};

int cgroup_manager_parse(const char *name, enum cgroup_manager *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(manager_names); i++) {
		if (strcmp(name, manager_names[i]) != 0)
			continue;
		*ret = (enum cgroup_manager)i;
		return 0;
	}
	return -EINVAL;
}

const char *cgroup_manager_name(enum cgroup_manager manager)
{
	if ((size_t)manager >= ARRAY_LEN(manager_names))
		return "unknown";
	return manager_names[manager];
}

const struct cgroup_ops *cgroup_fs_ops(enum cgroup_mode mode)
{
	switch (mode) {
	case CGROUP_MODE_V1:
	case CGROUP_MODE_HYBRID:
		return &cgroup_v1_ops;
	case CGROUP_MODE_V2:
		return &cgroup_v2_ops;
	case CGROUP_MODE_NONE:
		break;
	}
	return NULL;
}

/** ops_of - NULL for a container without a cgroup. */
static const struct cgroup_ops *ops_of(const struct cgroup *cgroup)
{
	switch (cgroup->manager) {
	case CGROUP_MANAGER_CGROUPFS:
		return cgroup_fs_ops(cgroup->mode);
	case CGROUP_MANAGER_SYSTEMD:
		return cgroup->mode == CGROUP_MODE_NONE ? NULL : &cgroup_systemd_ops;
	case CGROUP_MANAGER_DISABLED:
		break;
	}
	return NULL;
}

static int no_cgroup(struct oci_error *err, const char *what)
{
	return err_set(err, ENOTSUP, "cannot %s: the container has no cgroup", what);
}

/* ---- plan ---- */

struct host_context {
	struct oci_arena *arena;
	int error; /* of a place that may have been a hierarchy */
};

static const char *host_mountinfo(void *context)
{
	struct host_context *host = context;
	char *text;
	size_t length;

	if (io_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_LIMIT, host->arena, &text,
		       &length) < 0)
		return NULL;
	return text;
}

static int host_fs_version(const char *path, void *context)
{
	struct host_context *host = context;
	struct statfs fs;

	if (statfs(path, &fs) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			host->error = errno;
		return 0;
	}
	if (fs.f_type == CGROUP_SUPER_MAGIC)
		return 1;
	return fs.f_type == CGROUP2_SUPER_MAGIC ? 2 : 0;
}

static bool host_exists(const char *path, void *context)
{
	(void)context;
	return access(path, F_OK) == 0;
}

static int plan_rootless(struct oci_arena *arena, const char *self_cgroup, const char *path,
			 struct cgroup *cgroup, struct oci_error *err)
{
	char *own = cgroup_own_v2_path(arena, self_cgroup);

	return own ? cgroup_rootless_place(arena, own, *path == '/' ? NULL : path, cgroup, err) : 0;
}

static int plan_cgroupfs(struct oci_arena *arena, const struct cgroup_host *host,
			 const struct cgroup_request *request, struct cgroup *cgroup,
			 struct oci_error *err)
{
	const char *path = request->cgroups_path;
	int r = systemd_check_foreign_path(path, err);

	if (r < 0)
		return r;
	/* an ordinary user has no place at the root */
	if (request->rootless && (!path || !*path))
		path = request->id;
	r = cgroup_discover(arena, host, path, request->id, cgroup, err);
	if (r == 0 && request->rootless)
		r = plan_rootless(arena, host->self_cgroup, path, cgroup, err);
	return r;
}

static int plan_systemd(struct oci_arena *arena, const struct cgroup_host *host,
			const struct cgroup_request *request, struct cgroup *cgroup,
			struct oci_error *err)
{
	char *path;
	int r = cgroup_systemd_plan(arena, request, cgroup, &path, err);

	if (r == 0)
		r = cgroup_discover(arena, host, path, request->id, cgroup, err);
	return r == 0 ? cgroup_systemd_place(cgroup, path, err) : r;
}

int cgroup_plan(struct oci_arena *arena, const struct cgroup_request *request, struct cgroup **ret,
		struct oci_error *err)
{
	struct host_context context = { arena, 0 };
	struct cgroup_host host = {
		.mountinfo = host_mountinfo,
		.fs_version = host_fs_version,
		.exists = host_exists,
		.context = &context,
	};
	struct cgroup *cgroup = oci_arena_alloc(arena, sizeof(*cgroup));
	char *text;
	size_t length;
	int r;

	if (!cgroup)
		return err_nomem(err);
	cgroup->manager = request->manager;
	if (request->cgroups_path) {
		cgroup->cgroups_path = oci_arena_strdup(arena, request->cgroups_path);
		if (!cgroup->cgroups_path)
			return err_nomem(err);
	}
	if (request->manager == CGROUP_MANAGER_DISABLED) {
		*ret = cgroup;
		return 0;
	}

	r = io_read_at(AT_FDCWD, "/proc/self/cgroup", SELF_CGROUP_LIMIT, arena, &text, &length);
	if (r < 0)
		return err_sys(err, -r, "read /proc/self/cgroup");
	host.self_cgroup = text;
	r = request->manager == CGROUP_MANAGER_SYSTEMD
		    ? plan_systemd(arena, &host, request, cgroup, err)
		    : plan_cgroupfs(arena, &host, request, cgroup, err);
	if (r < 0)
		return r;
	cgroup->required = request->required;
	/* to do without would be a container that is not limited as its config says */
	if (context.error)
		return err_sys(err, context.error, "look for the cgroup file systems");
	r = ops_of(cgroup) ? ops_of(cgroup)->probe(cgroup, err) : 0;
	if (r == 0)
		*ret = cgroup;
	return r;
}

/* ---- dispatch ---- */

int cgroup_check(const struct cgroup *cgroup, const struct oci_resources *resources,
		 struct oci_error *err)
{
	const struct cgroup_ops *ops = ops_of(cgroup);

	if (!resources)
		return 0;
	if (!ops)
		return cgroup_resources_check(cgroup, resources, err);
	return ops->check(cgroup, resources, err);
}

int cgroup_create(struct cgroup *cgroup, const struct oci_resources *resources,
		  struct oci_error *err)
{
	const struct cgroup_ops *ops = ops_of(cgroup);
	int r = cgroup_check(cgroup, resources, err);

	if (r < 0 || !ops)
		return r;
	return ops->create(cgroup, resources, err);
}

bool cgroup_needs_process(const struct cgroup *cgroup)
{
	const struct cgroup_ops *ops = ops_of(cgroup);

	return ops && ops->start;
}

int cgroup_start(struct cgroup *cgroup, const struct oci_resources *resources, pid_t pid,
		 struct oci_error *err)
{
	return cgroup_needs_process(cgroup) ? ops_of(cgroup)->start(cgroup, resources, pid, err)
					    : 0;
}

void cgroup_settle(const struct cgroup *cgroup)
{
	if (cgroup_needs_process(cgroup))
		ops_of(cgroup)->settle(cgroup);
}

int cgroup_v2_fd(const struct cgroup *cgroup)
{
	const struct cgroup_dir *dir = cgroup_dir_find(cgroup, "");
	char path[PATH_MAX];
	int fd;

	if (!dir || cgroup_dir_path(dir, NULL, path) < 0)
		return -1;
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -1 : fd;
}

int cgroup_enter(const struct cgroup *cgroup, pid_t pid, bool skip_v2, struct oci_error *err)
{
	const struct cgroup_ops *ops = ops_of(cgroup);

	return ops ? ops->enter(cgroup, pid, skip_v2, err) : 0;
}

int cgroup_join(const struct cgroup *cgroup, pid_t init, pid_t pid, bool skip_v2,
		struct oci_error *err)
{
	struct oci_error why = OCI_ERROR_INIT;
	int r = cgroup_enter(cgroup, pid, skip_v2, &why);

	if (r == -EBUSY && cgroup->mode == CGROUP_MODE_V2)
		r = cgroup_v2_enter_beside(&cgroup->dirs[0], init, pid);
	return r < 0 ? err_set(err, -r, "%s", why.message) : 0;
}

int cgroup_enter_sub(const struct cgroup *cgroup, pid_t pid, const char *controllers,
		     const char *sub, struct oci_error *err)
{
	const struct cgroup_ops *ops = ops_of(cgroup);

	if (!ops)
		return no_cgroup(err, "enter a cgroup");
	return ops->enter_sub(cgroup, pid, controllers, sub, err);
}

int cgroup_update(const struct cgroup *cgroup, const struct oci_resources *resources,
		  struct oci_error *err)
{
	const struct cgroup_ops *ops = ops_of(cgroup);
	int r = cgroup_check(cgroup, resources, err);

	if (r < 0 || !ops)
		return r;
	return ops->update(cgroup, resources, err);
}

int cgroup_devices_replaceable(const struct cgroup *cgroup, struct oci_error *err)
{
	if (cgroup->mode != CGROUP_MODE_V2)
		return err_set(err, ENOTSUP,
			       "device rules of a live container: only cgroup v2 can"
			       " replace them in one step");
	if (cgroup->manager == CGROUP_MANAGER_SYSTEMD)
		return err_set(
			err, ENOTSUP,
			"device rules of a live container: systemd keeps those of its units");
	if (cgroup_is_unprivileged())
		return err_set(err, EPERM,
			       "device rules of a live container: an ordinary user has no right to"
			       " load a device filter");
	return 0;
}

int cgroup_devices_replace(const struct cgroup *cgroup, const struct oci_resources *resources,
			   struct oci_error *err)
{
	int r = cgroup_devices_replaceable(cgroup, err);

	return r < 0 ? r : cgroup_v2_devices_apply(cgroup, resources, -1, err);
}

int cgroup_freeze(const struct cgroup *cgroup, bool frozen, struct oci_error *err)
{
	const struct cgroup_ops *ops = ops_of(cgroup);

	if (!ops)
		return no_cgroup(err, frozen ? "pause" : "resume");
	return ops->freeze(cgroup, frozen, err);
}

bool cgroup_is_frozen(const struct cgroup *cgroup)
{
	const struct cgroup_ops *ops = ops_of(cgroup);

	return ops && ops->is_frozen(cgroup);
}

/* One hierarchy knows them all: a process of the container is below its folder in each. */
static const struct cgroup_dir *dir_for_pids(const struct cgroup *cgroup)
{
	static const char *const preferred[] = { "pids", "freezer", "memory", "" };
	const struct cgroup_dir *dir = NULL;

	for (size_t i = 0; i < ARRAY_LEN(preferred) && !dir; i++)
		dir = cgroup_dir_find(cgroup, preferred[i]);
	if (!dir && cgroup->dirs_len > 0)
		dir = &cgroup->dirs[0];
	return dir;
}

int cgroup_pids(const struct cgroup *cgroup, struct oci_arena *arena, pid_t **ret, size_t *ret_len,
		struct oci_error *err)
{
	CLEANUP_PIDSET struct cgroup_pidset set = { NULL, 0, 0 };
	const struct cgroup_dir *dir = dir_for_pids(cgroup);
	pid_t *pids;
	int r;

	if (dir) {
		r = cgroup_dir_pids(dir, &set);
		if (r < 0)
			return err_sys(err, -r, "list the processes of cgroup %s%s", dir->mount,
				       dir->path);
	}
	pids = oci_arena_array(arena, set.len + 1, sizeof(*pids));
	if (!pids)
		return err_nomem(err);
	if (set.len > 0)
		memcpy(pids, set.pids, set.len * sizeof(*pids));
	*ret = pids;
	*ret_len = set.len;
	return 0;
}

int cgroup_signal(const struct cgroup *cgroup, int sig, struct oci_error *err)
{
	const struct cgroup_ops *ops = ops_of(cgroup);

	return ops ? ops->signal(cgroup, sig, err) : -ESRCH;
}

int cgroup_destroy(const struct cgroup *cgroup, struct oci_error *err)
{
	const struct cgroup_ops *ops = ops_of(cgroup);

	return ops ? ops->destroy(cgroup, err) : 0;
}

bool cgroup_exists(const struct cgroup *cgroup)
{
	char path[PATH_MAX];

	return cgroup->dirs_len > 0 && cgroup_dir_path(&cgroup->dirs[0], NULL, path) == 0 &&
	       access(path, F_OK) == 0;
}

int cgroup_stats_emit(const struct cgroup *cgroup, pid_t pid, char **ret_text, size_t *ret_length,
		      struct oci_error *err)
{
	const struct cgroup_ops *ops = ops_of(cgroup);

	if (!ops)
		return no_cgroup(err, "read statistics");
	return ops->stats(cgroup, pid, ret_text, ret_length, err);
}

int cgroup_oom_fd(const struct cgroup *cgroup, struct oci_error *err)
{
	const struct cgroup_ops *ops = ops_of(cgroup);

	if (!ops)
		return no_cgroup(err, "watch for out-of-memory events");
	return ops->oom_fd(cgroup, err);
}
