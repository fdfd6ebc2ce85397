/* SPDX-License-Identifier: Apache-2.0 */
/*
 * v1.c - cgroupfs on v1 and hybrid hosts: making the folders and moving processes into them.
 *
 * What must hold: nothing outside of the container's own folders is changed,
 * but that missing parents are made and that an empty cpuset parent is filled
 * in, without which no process could enter. What a failing create made is gone
 * when it returns.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/internal.h"

/* How many hierarchies a kernel can have: 14 controllers, systemd's and v2, with room */
#define DIRS_MAX 64

/** struct undo - what create has made so far: the shortest path made in each hierarchy. */
struct undo {
	size_t made_from[DIRS_MAX]; /* length of the first folder made; 0: none */
};

/** first_parent_end - the end of the next component of @path at or behind @at. */
static char *component_end(char *at)
{
	while (*at == '/')
		at++;
	return strchrnul(at, '/');
}

/** make_parents - mkdir -p below the mount, the last component excepted. */
static int make_parents(char *path, size_t mount_len, size_t *made_from)
{
	for (char *end = component_end(path + mount_len); *end; end = component_end(end)) {
		int r;

		*end = '\0';
		r = mkdir(path, 0755);
		if (r == 0 && *made_from == 0)
			*made_from = strlen(path);
		*end = '/';
		if (r < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

/* a folder that is there already may be a left-over, but nobody's */
int cgroup_dir_check_unused(const struct cgroup_dir *dir, struct oci_error *err)
{
	CLEANUP_PIDSET struct cgroup_pidset set = { NULL, 0, 0 };
	char state[32];
	int r;

	r = cgroup_dir_pids(dir, &set);
	if (r < 0)
		return err_sys(err, -r, "list the processes of cgroup %s%s", dir->mount, dir->path);
	if (set.len > 0)
		return err_set(
			err, EBUSY,
			"container's cgroup is not empty: %s%s has %zu process(es), such as %d",
			dir->mount, dir->path, set.len, (int)set.pids[0]);
	if (cgroup_dir_read(dir, cgroup_dir_is_v2(dir) ? "cgroup.freeze" : "freezer.state", state,
			    sizeof(state)) > 0 &&
	    strcmp(state, "THAWED") != 0 && strcmp(state, "0") != 0)
		return err_set(err, EBUSY, "container's cgroup unexpectedly frozen: %s%s",
			       dir->mount, dir->path);
	return 0;
}

int cgroup_dir_make(const struct cgroup_dir *dir, size_t *made_from, struct oci_error *err)
{
	char path[PATH_MAX];
	int r = cgroup_dir_path(dir, NULL, path);

	if (r < 0)
		return err_set(err, -r, "linux.cgroupsPath: %s is too long", dir->path);
	r = mkdir(path, 0755);
	if (r < 0 && errno == ENOENT) {
		r = make_parents(path, strlen(dir->mount), made_from);
		if (r < 0)
			return err_sys(err, -r, "make the parents of cgroup %s", path);
		r = mkdir(path, 0755);
	}
	if (r == 0) {
		if (*made_from == 0)
			*made_from = strlen(path);
		return 0;
	}
	if (errno == EEXIST)
		return cgroup_dir_check_unused(dir, err);
	return err_sys(err, errno, "make cgroup %s", path);
}

void cgroup_dir_unmake(const struct cgroup_dir *dir, size_t made_from)
{
	char path[PATH_MAX];

	if (made_from == 0 || cgroup_dir_path(dir, NULL, path) < 0)
		return;
	while (strlen(path) >= made_from && rmdir(path) == 0)
		*strrchr(path, '/') = '\0';
}

/** undo_dirs - remove what was made, from the leaf up to the first parent made. */
static void undo_dirs(struct cgroup *cgroup, const struct undo *undo)
{
	for (size_t i = 0; i < cgroup->dirs_len; i++) {
		cgroup->dirs[i].made = false;
		cgroup_dir_unmake(&cgroup->dirs[i], undo->made_from[i]);
	}
}

/* ---- cpuset: an empty one takes no process (cpuset(7)) ---- */

/**
 * inherit_cpuset - copy a value from the nearest ancestor that has one into the empty folders between,
 * and into the container's unless @leaf is false.
 */
static int inherit_cpuset(const struct cgroup_dir *dir, const char *file, bool leaf)
{
	struct cgroup_dir at = *dir;
	char path[PATH_MAX], value[4096];
	char *end;
	ssize_t n;
	int r;

	if (strlen(dir->path) >= sizeof(path))
		return -ENAMETOOLONG;
	strcpy(path, dir->path);
	at.path = path;
	end = path + strlen(path);
	do {
		end = memrchr(path, '/', (size_t)(end - path));
		*end = '\0';
		n = cgroup_dir_read(&at, file, value, sizeof(value));
		if (n < 0)
			return (int)n;
	} while (n == 0 && end > path);

	/* now down again: each '\0' put above becomes a slash */
	for (;;) {
		path[strlen(path)] = '/';
		if (strlen(path) == strlen(dir->path))
			break;
		r = cgroup_dir_write(&at, file, value);
		if (r < 0)
			return r;
	}
	return leaf ? cgroup_dir_write(dir, file, value) : 0;
}

static int prepare_cpuset(const struct cgroup_dir *dir, const struct oci_resources *resources,
			  struct oci_error *err)
{
	const struct oci_cpu *cpu = resources ? resources->cpu : NULL;
	bool has_cpus = cpu && cpu->cpus && cpu->cpus[0];
	bool has_mems = cpu && cpu->mems && cpu->mems[0];
	int r = inherit_cpuset(dir, "cpuset.cpus", !has_cpus);

	if (r == 0)
		r = inherit_cpuset(dir, "cpuset.mems", !has_mems);
	if (r < 0)
		return err_sys(err, -r, "inherit cpuset.cpus and cpuset.mems in cgroup %s%s",
			       dir->mount, dir->path);
	return 0;
}

/**
 * v1_probe - refuse somebody else's cgroup before it is in a state file: when the runtime is killed
 * right after writing that, `delete --force` must not kill what is in there. create looks at all folders.
 */
static int v1_probe(const struct cgroup *cgroup, struct oci_error *err)
{
	const struct cgroup_dir *dirs[2];
	size_t len = cgroup_v1_kill_dirs(cgroup, dirs);
	char path[PATH_MAX];

	for (size_t i = 0; i < len; i++) {
		int r = cgroup_dir_path(dirs[i], NULL, path);

		if (r < 0)
			return err_set(err, -r, "linux.cgroupsPath: %s is too long", dirs[i]->path);
		if (access(path, F_OK) < 0)
			continue;
		r = cgroup_dir_check_unused(dirs[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- without privileges ---- */

bool cgroup_is_unprivileged(void)
{
	unsigned long inside, outside, count;
	char map[128];

	if (geteuid() != 0)
		return true;
	return io_read_small(AT_FDCWD, "/proc/self/uid_map", map, sizeof(map)) > 0 &&
	       sscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3 &&
	       !(inside == 0 && outside == 0 && count >= UINT32_MAX);
}

bool cgroup_is_denied(int code)
{
	return code == -EACCES || code == -EPERM || code == -EROFS;
}

static void drop_dir(struct cgroup *cgroup, size_t i)
{
	memmove(&cgroup->dirs[i], &cgroup->dirs[i + 1],
		(cgroup->dirs_len - i - 1) * sizeof(cgroup->dirs[0]));
	if (--cgroup->dirs_len == 0)
		cgroup->mode = CGROUP_MODE_NONE;
}

/**
 * make_dirs - all folders. An ordinary user has no right to most hierarchies and does without those, but
 * not without a limit that the config asks for.
 */
static int make_dirs(struct cgroup *cgroup, const struct oci_resources *resources,
		     struct undo *undo, struct oci_error *err)
{
	bool dropped = false;

	for (size_t i = 0; i < cgroup->dirs_len;) {
		struct oci_error why = OCI_ERROR_INIT;
		int r = cgroup_dir_make(&cgroup->dirs[i], &undo->made_from[i], &why);

		if (r == 0) {
			i++;
		} else if (cgroup_is_denied(r) && undo->made_from[i] == 0 &&
			   cgroup_is_unprivileged()) {
			drop_dir(cgroup, i);
			dropped = true;
		} else {
			return err_set(err, -r, "%s", why.message);
		}
	}
	if (dropped && resources) {
		struct oci_error why = OCI_ERROR_INIT;
		int r = cgroup_resources_check(cgroup, resources, &why);

		if (r < 0)
			return err_set(err, -r, "%s, or not for an unprivileged user", why.message);
	}
	return 0;
}

/** fill - what folders need before a process is inside, and the limits. */
static int fill(struct cgroup *cgroup, const struct oci_resources *resources, struct oci_error *err)
{
	const struct cgroup_dir *cpuset = cgroup_dir_find(cgroup, "cpuset");
	int r = cpuset ? prepare_cpuset(cpuset, resources, err) : 0;

	if (r == 0)
		r = cgroup_devices_apply(cgroup, resources, err);
	if (r == 0 && resources)
		r = cgroup_resources_apply(cgroup, resources, true, err);
	return r;
}

/* systemd has made some of the folders, around the process */
static int v1_adopt(struct cgroup *cgroup, const struct oci_resources *resources, int filter,
		    struct oci_error *err)
{
	char path[PATH_MAX];

	(void)filter; /* v1 has a controller for that */
	for (size_t i = 0; i < cgroup->dirs_len; i++) {
		size_t made_from = 0;
		int r = cgroup_dir_path(&cgroup->dirs[i], NULL, path);

		if (r == 0 && access(path, F_OK) == 0)
			continue;
		r = cgroup_dir_make(&cgroup->dirs[i], &made_from, err);
		if (r < 0)
			return r;
	}
	return fill(cgroup, resources, err);
}

static int v1_create(struct cgroup *cgroup, const struct oci_resources *resources,
		     struct oci_error *err)
{
	struct undo undo = { { 0 } };
	int r;

	if (cgroup->dirs_len > DIRS_MAX)
		return err_set(err, E2BIG, "more than %d cgroup hierarchies", DIRS_MAX);
	r = make_dirs(cgroup, resources, &undo, err);
	if (r == 0)
		r = fill(cgroup, resources, err);
	if (r < 0)
		undo_dirs(cgroup, &undo);
	return r;
}

/* ---- entering ---- */

/**
 * enter_dir - @pid 0 is the calling thread itself, through "tasks" on v1: the kernel then skips the global
 * lock whose taking costs an RCU grace period, 10 ms and more when no process was moved lately.
 */
static int enter_dir(const struct cgroup_dir *dir, pid_t pid, struct oci_error *err)
{
	const char *file = pid == 0 && !cgroup_dir_is_v2(dir) ? "tasks" : "cgroup.procs";
	char text[16];
	int r;

	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	r = cgroup_dir_write(dir, file, text);
	if (r == -ENOSPC)
		return err_set(err, -r,
			       "enter cgroup %s%s: its cpuset.cpus or cpuset.mems is empty",
			       dir->mount, dir->path);
	if (r < 0)
		return err_sys(err, -r, "enter cgroup %s%s", dir->mount, dir->path);
	return 0;
}

static int v1_enter(const struct cgroup *cgroup, pid_t pid, bool skip_v2, struct oci_error *err)
{
	for (size_t i = 0; i < cgroup->dirs_len; i++) {
		int r;

		if (skip_v2 && cgroup_dir_is_v2(&cgroup->dirs[i]))
			continue;
		r = enter_dir(&cgroup->dirs[i], pid, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int enter_sub_dir(const struct cgroup_dir *dir, pid_t pid, const char *sub,
			 struct oci_error *err)
{
	struct cgroup_dir below = *dir;
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/%s", dir->path, sub);

	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(err, ENAMETOOLONG, "--cgroup %s: too long", sub);
	below.path = path;
	return enter_dir(&below, pid, err);
}

static int v1_enter_sub(const struct cgroup *cgroup, pid_t pid, const char *controllers,
			const char *sub, struct oci_error *err)
{
	struct oci_error why = OCI_ERROR_INIT;
	char word[64];
	int r;

	if (cgroup_path_check(sub, &why) < 0)
		return err_set(err, EINVAL, "--cgroup %s: '..' is not allowed", sub);
	if (!controllers) {
		for (size_t i = 0; i < cgroup->dirs_len; i++) {
			r = enter_sub_dir(&cgroup->dirs[i], pid, sub, err);
			if (r < 0)
				return r;
		}
		return 0;
	}
	for (const char *p = controllers; *p;) {
		size_t n = strcspn(p, ",");
		const struct cgroup_dir *dir;

		if (n >= sizeof(word))
			return err_set(err, EINVAL, "--cgroup %s: unknown controller", controllers);
		memcpy(word, p, n);
		word[n] = '\0';
		dir = n > 0 ? cgroup_dir_find(cgroup, word) : NULL;
		if (!dir)
			return err_set(err, EINVAL, "--cgroup %s: no controller '%s' is mounted",
				       controllers, word);
		r = enter_sub_dir(dir, pid, sub, err);
		if (r < 0)
			return r;
		p += n + (p[n] == ',');
	}
	return 0;
}

static int v1_update(const struct cgroup *cgroup, const struct oci_resources *resources,
		     struct oci_error *err)
{
	return cgroup_resources_apply(cgroup, resources, false, err);
}

const struct cgroup_ops cgroup_v1_ops = {
	.probe = v1_probe,
	.create = v1_create,
	.adopt = v1_adopt,
	.enter = v1_enter,
	.enter_sub = v1_enter_sub,
	.check = cgroup_resources_check,
	.update = v1_update,
	.freeze = cgroup_fs_freeze,
	.is_frozen = cgroup_fs_is_frozen,
	.signal = cgroup_v1_signal,
	.destroy = cgroup_fs_destroy,
	.stats = cgroup_fs_stats,
	.oom_fd = cgroup_fs_oom_fd,
};
