/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootless.c - cgroups of an ordinary user: the place that was delegated to him, and doing without one.
 *
 * A process moves only within a part of the tree that its user may write to
 * (cgroups(7), "Cgroups delegation"), and a folder that holds processes has
 * no controllers for those below it. The runtime's own folder holds at least
 * the runtime, so a container goes beside it, or the folder is emptied first.
 * What must hold: a unit that systemd gave away (Delegate=yes) is not left.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/path.h"
#include "runtime/cgroup/internal.h"

/* Where the processes go that were in the delegated folder itself; systemd's documentation uses this name. */
#define SUPERVISOR "supervisor"
/* Each round moves what was forked in the one before. */
#define VACATE_ROUNDS 100

/* May we make folders there, and move a process from below it to below it? */
static bool is_ours(const struct cgroup_dir *dir)
{
	char path[PATH_MAX];

	return cgroup_dir_path(dir, NULL, path) == 0 && access(path, W_OK | X_OK) == 0 &&
	       cgroup_dir_path(dir, "cgroup.procs", path) == 0 && access(path, W_OK) == 0;
}

/* systemd marks what it has given away so (systemd.resource-control(5), Delegate=; systemd 251). */
static bool is_delegated_unit(const struct cgroup_dir *dir)
{
	char path[PATH_MAX], value[8];

	return cgroup_dir_path(dir, NULL, path) == 0 &&
	       getxattr(path, "user.delegate", value, sizeof(value)) == 1 && value[0] == '1';
}

/* How much of two paths is the same, in whole names. */
static size_t common_length(const char *a, const char *b)
{
	size_t n = 0, last = 0;

	for (; a[n] && a[n] == b[n]; n++)
		if (a[n] == '/')
			last = n;
	return (a[n] == '\0' || a[n] == '/') && (b[n] == '\0' || b[n] == '/') ? n : last;
}

/* Beside the runtime's own folder, in it, or where it was to be. */
static int choose(struct oci_arena *arena, const char *own_path, const char *name,
		  struct cgroup_dir *dir)
{
	struct cgroup_dir own = *dir, parent = *dir;

	own.path = (char *)own_path;
	dir->path = oci_arena_printf(arena, "%s/%s", own_path, name);
	if (!dir->path)
		return -ENOMEM;
	/* of a cgroup namespace that begins here nothing above can be seen */
	if (!*own_path || is_delegated_unit(&own))
		return 0;
	parent.path =
		oci_arena_strndup(arena, own_path, (size_t)(strrchr(own_path, '/') - own_path));
	if (!parent.path)
		return -ENOMEM;
	if (!*parent.path || !is_ours(&parent))
		return 0;
	dir->path = oci_arena_printf(arena, "%s/%s", parent.path, name);
	return dir->path ? 0 : -ENOMEM;
}

int cgroup_rootless_place(struct oci_arena *arena, const char *own, const char *name,
			  struct cgroup *cgroup, struct oci_error *err)
{
	struct cgroup_dir *dir = &cgroup->dirs[0], shared = *dir;
	char *clean;

	if (cgroup->mode != CGROUP_MODE_V2)
		return 0;
	if (name) {
		clean = oci_arena_strdup(arena, name);
		if (!clean || choose(arena, own, path_clean(clean), dir) < 0)
			return err_nomem(err);
	}
	shared.path = oci_arena_strndup(arena, own, common_length(own, dir->path));
	if (!shared.path)
		return err_nomem(err);
	cgroup->undelegated = !is_ours(&shared);
	return 0;
}

int cgroup_vacate(const struct cgroup_dir *dir)
{
	struct cgroup_dir below = *dir;
	char path[PATH_MAX], name[PATH_MAX], text[16], pids[4096];
	int r = 0;

	if (snprintf(name, sizeof(name), "%s/" SUPERVISOR, dir->path) >= (int)sizeof(name))
		return -ENAMETOOLONG;
	below.path = name;
	r = cgroup_dir_path(&below, NULL, path);
	if (r < 0)
		return r;
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return -errno;
	for (int round = 0; round < VACATE_ROUNDS; round++) {
		ssize_t n = cgroup_dir_read(dir, "cgroup.procs", pids, sizeof(pids));
		char *save = NULL;

		if (n <= 0)
			return (int)n;
		/* a number that was cut comes again in the next round */
		if ((size_t)n == sizeof(pids) - 1 && strrchr(pids, '\n'))
			*strrchr(pids, '\n') = '\0';
		for (char *pid = strtok_r(pids, "\n", &save); pid;
		     pid = strtok_r(NULL, "\n", &save)) {
			(void)snprintf(text, sizeof(text), "%.15s", pid);
			r = cgroup_dir_write(&below, "cgroup.procs", text);
			if (r < 0 && r != -ESRCH) /* ended */
				return r;
		}
	}
	return -EBUSY;
}

char *cgroup_own_v2_path(struct oci_arena *arena, const char *self_cgroup)
{
	const char *line =
		strncmp(self_cgroup, "0::/", 4) == 0 ? self_cgroup : strstr(self_cgroup, "\n0::/");
	size_t length;

	if (!line)
		return NULL;
	line = strchr(line, '/');
	length = strcspn(line, "\n");
	return oci_arena_strndup(arena, line, length == 1 ? 0 : length);
}

bool cgroup_holds_us(const struct cgroup_dir *dir)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char text[PATH_MAX + 8], *own;

	if (io_read_small(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)) <= 0)
		return false;
	own = cgroup_own_v2_path(&arena, text);
	return own && strcmp(own, dir->path) == 0;
}

int cgroup_do_without(struct cgroup *cgroup, const struct oci_resources *resources,
		      struct oci_error *err)
{
	struct oci_error why = OCI_ERROR_INIT;
	const char *path = cgroup->dirs[0].path, *place;
	int r;

	cgroup->dirs_len = 0;
	cgroup->mode = CGROUP_MODE_NONE;
	r = resources ? cgroup_resources_check(cgroup, resources, &why) : 0;
	if (r < 0 && r != -ENOTSUP)
		return err_set(err, -r, "%s", why.message);
	if (r == 0 && !cgroup->required)
		return 0;
	place = r == 0 ? "linux.cgroupsPath" : why.message;
	return err_set(err, EACCES,
		       "%.*s: %scgroup %s is not delegated to user %u: start the runtime by "
		       "`systemd-run --user --scope -p Delegate=yes`, or give it --systemd-cgroup",
		       (int)strcspn(place, ":"), place, r == 0 ? "" : "needs a cgroup, and ", path,
		       (unsigned)geteuid());
}
