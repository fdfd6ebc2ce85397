/* SPDX-License-Identifier: Apache-2.0 */
/*
 * v2.c - cgroupfs on the one hierarchy of v2: making the folder, switching controllers on, moving in.
 *
 * A controller acts in a folder when the parent's cgroup.subtree_control
 * names it, so it is switched on from the top down to the container's parent.
 * What must hold: nothing outside of the container's own folder is changed but
 * that, and missing parents; what a failing create made is gone when it returns.
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

static int v2_probe(const struct cgroup *cgroup, struct oci_error *err)
{
	const struct cgroup_dir *dir = &cgroup->dirs[0];
	char path[PATH_MAX];
	int r = cgroup_dir_path(dir, NULL, path);

	if (r < 0)
		return err_set(err, -r, "linux.cgroupsPath: %s is too long", dir->path);
	return access(path, F_OK) < 0 ? 0 : cgroup_dir_check_unused(dir, err);
}

/**
 * make_dir - @ret_fresh: it was made here, so it holds the kernel's defaults. A left-over that handed controllers
 * down takes no process, so that one is made anew.
 */
static int make_dir(const struct cgroup_dir *dir, size_t *made_from, bool *ret_fresh,
		    struct oci_error *err)
{
	char control[512];
	int r = cgroup_dir_make(dir, made_from, err);

	if (r == 0 && *made_from == 0 &&
	    cgroup_dir_read(dir, "cgroup.subtree_control", control, sizeof(control)) > 0) {
		r = cgroup_dir_rmtree(dir);
		if (r < 0)
			return err_sys(err, -r, "remove the left-over cgroup %s%s", dir->mount,
				       dir->path);
		r = cgroup_dir_make(dir, made_from, err);
	}
	*ret_fresh = *made_from != 0;
	return r;
}

/* systemd switches on what it knows; hugetlb, rdma, misc are left to us */
static int v2_adopt(struct cgroup *cgroup, const struct oci_resources *resources, int filter,
		    struct oci_error *err)
{
	int r;

	cgroup_v2_enable_all(&cgroup->dirs[0]);
	r = cgroup_v2_devices_apply(cgroup, resources, filter, err);
	return r == 0 && resources ? cgroup_resources_apply(cgroup, resources, false, err) : r;
}

static int v2_create(struct cgroup *cgroup, const struct oci_resources *resources,
		     struct oci_error *err)
{
	struct cgroup_dir *dir = &cgroup->dirs[0];
	struct oci_error why = OCI_ERROR_INIT;
	size_t made_from = 0;
	bool fresh = false;
	int r;

	if (cgroup->undelegated)
		return cgroup_do_without(cgroup, resources, err);
	r = make_dir(dir, &made_from, &fresh, &why);
	if (cgroup_is_denied(r) && made_from == 0 && cgroup_is_unprivileged())
		return cgroup_do_without(cgroup, resources, err);
	if (r < 0) {
		(void)err_set(err, -r, "%s", why.message);
	} else {
		cgroup_v2_enable_all(dir);
		r = cgroup_v2_devices_apply(cgroup, resources, -1, err);
	}
	if (r == 0 && resources)
		r = cgroup_resources_apply(cgroup, resources, fresh, err);
	if (r < 0) {
		dir->made = false;
		cgroup_dir_unmake(dir, made_from);
	}
	return r;
}

/* ---- entering ---- */

static int enter_dir(const struct cgroup_dir *dir, pid_t pid, struct oci_error *err)
{
	char text[16];
	int r;

	(void)snprintf(text, sizeof(text), "%d", (int)pid);
	r = cgroup_dir_write(dir, "cgroup.procs", text);
	switch (r) {
	case 0:
		return 0;
	case -EBUSY: /* cgroups-v2.rst, "no internal process constraint" */
		return err_set(
			err, EBUSY,
			"enter cgroup %s%s: it hands controllers down to cgroups below it, so"
			" it takes no process",
			dir->mount, dir->path);
	case -EOPNOTSUPP:
		return cgroup_v2_explain_type(dir, "enter the container's cgroup", err);
	default:
		return err_sys(err, -r, "enter cgroup %s%s", dir->mount, dir->path);
	}
}

int cgroup_v2_enter_beside(const struct cgroup_dir *dir, pid_t init, pid_t pid)
{
	struct cgroup_dir beside = *dir;
	size_t len = strlen(dir->path);
	char file[32], text[PATH_MAX], number[16];
	char *line;
	ssize_t n;

	(void)snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)init);
	n = io_read_small(AT_FDCWD, file, text, sizeof(text));
	if (n < 0)
		return (int)n;
	/* the other lines, of named hierarchies, are not on v2's side; the path counts from our cgroup namespace */
	line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (!line)
		return -EBUSY;
	line += *line == '\n' ? 4 : 3;
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, dir->path, len) != 0 || line[len] != '/')
		return -EBUSY;
	beside.path = line;
	(void)snprintf(number, sizeof(number), "%d", (int)pid);
	return cgroup_dir_write(&beside, "cgroup.procs", number);
}

static int v2_enter(const struct cgroup *cgroup, pid_t pid, bool skip_v2, struct oci_error *err)
{
	return skip_v2 ? 0 : enter_dir(&cgroup->dirs[0], pid, err);
}

static int v2_enter_sub(const struct cgroup *cgroup, pid_t pid, const char *controllers,
			const char *sub, struct oci_error *err)
{
	struct cgroup_dir below = cgroup->dirs[0];
	struct oci_error why = OCI_ERROR_INIT;
	char path[PATH_MAX];
	int n;

	if (controllers)
		return err_set(err, EINVAL,
			       "--cgroup %s:%s: cgroup v2 has one hierarchy, give the path alone",
			       controllers, sub);
	if (cgroup_path_check(sub, &why) < 0)
		return err_set(err, EINVAL, "--cgroup %s: '..' is not allowed", sub);
	n = snprintf(path, sizeof(path), "%s/%s", below.path, sub);
	if (n < 0 || (size_t)n >= sizeof(path))
		return err_set(err, ENAMETOOLONG, "--cgroup %s: too long", sub);
	below.path = path;
	return enter_dir(&below, pid, err);
}

static int v2_update(const struct cgroup *cgroup, const struct oci_resources *resources,
		     struct oci_error *err)
{
	return cgroup_resources_apply(cgroup, resources, false, err);
}

/* ---- delegation ---- */

static int give(int dirfd, const char *file, uid_t uid, gid_t gid)
{
	if (fchownat(dirfd, file, uid, gid, *file ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH) == 0)
		return 0;
	return errno == ENOENT ? 0 : -errno; /* a controller that is off has no file */
}

int cgroup_delegate(const struct cgroup *cgroup, uid_t uid, gid_t gid, struct oci_error *err)
{
	const struct cgroup_dir *dir = cgroup_dir_find(cgroup, "");
	CLEANUP_CLOSE int fd = -EBADF;
	char path[PATH_MAX], list[1024];
	char *save = NULL;
	int r;

	if (cgroup->mode != CGROUP_MODE_V2 || !dir)
		return 0;
	r = cgroup_dir_path(dir, NULL, path);
	if (r == 0) {
		fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? -errno : give(fd, "", uid, gid);
	}
	/* 4.15; without it, the files that the kernel's documentation named before there was a list */
	if (r == 0 &&
	    io_read_small(AT_FDCWD, "/sys/kernel/cgroup/delegate", list, sizeof(list)) <= 0)
		strcpy(list, "cgroup.procs\ncgroup.threads\ncgroup.subtree_control");
	for (char *file = r < 0 ? NULL : strtok_r(list, "\n", &save); file && r == 0;
	     file = strtok_r(NULL, "\n", &save))
		r = give(fd, file, uid, gid);
	/* an ordinary user owns it already; to the other ids of his user namespace he cannot give it */
	if (r == -EPERM && cgroup_is_unprivileged())
		return 0;
	return r < 0 ? err_sys(err, -r, "give cgroup %s%s to user %u", dir->mount, dir->path,
			       (unsigned)uid)
		     : 0;
}

const struct cgroup_ops cgroup_v2_ops = {
	.probe = v2_probe,
	.create = v2_create,
	.adopt = v2_adopt,
	.enter = v2_enter,
	.enter_sub = v2_enter_sub,
	.check = cgroup_resources_check,
	.update = v2_update,
	.freeze = cgroup_fs_freeze,
	.is_frozen = cgroup_fs_is_frozen,
	.signal = cgroup_v2_signal,
	.destroy = cgroup_fs_destroy,
	.stats = cgroup_fs_stats,
	.oom_fd = cgroup_fs_oom_fd,
};
