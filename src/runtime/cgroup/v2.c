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

/* What a container has when the host has it: engines read statistics of these, limits or not. */
static const char *const wanted[] = { "cpuset",  "cpu",  "io",   "memory",
				      "hugetlb", "pids", "rdma", "misc" };

/** has_word - is @word in a list whose words are separated by blanks? */
static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; (p = strstr(p, word)) != NULL; p += len)
		if ((p == list || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
			return true;
	return false;
}

/** missing_words - "+cpu +memory": of wanted[], what @has offers and @done lacks. Return: how many. */
static size_t missing_words(const char *has, const char *done, char *buf, size_t size)
{
	size_t at = 0, n = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		if (!has_word(has, wanted[i]) || has_word(done, wanted[i]))
			continue;
		at += (size_t)snprintf(buf + at, size - at, "%s+%s", n > 0 ? " " : "", wanted[i]);
		n++;
	}
	return n;
}

/**
 * enable_in - every controller that @dir has, for the folders below it. All in one write; when the kernel
 * refuses that, each by itself, so that one which cannot be had (cpu, while realtime processes are outside of
 * the root) does not take the others with it. Return: 0 or the last -errno.
 */
static int enable_in(const struct cgroup_dir *dir)
{
	char has[512], done[512], text[256], one[32];
	int r;

	if (cgroup_dir_read(dir, "cgroup.controllers", has, sizeof(has)) < 0 ||
	    cgroup_dir_read(dir, "cgroup.subtree_control", done, sizeof(done)) < 0 ||
	    missing_words(has, done, text, sizeof(text)) == 0)
		return 0;
	r = cgroup_dir_write(dir, "cgroup.subtree_control", text);
	if (r == 0 || cgroup_is_denied(r))
		return r;
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
		int k;

		if (!has_word(has, wanted[i]) || has_word(done, wanted[i]))
			continue;
		(void)snprintf(one, sizeof(one), "+%s", wanted[i]);
		k = cgroup_dir_write(dir, "cgroup.subtree_control", one);
		r = k < 0 ? k : r;
	}
	return r;
}

/** enable_above - from the root down to the parent of @dir. */
static void enable_above(const struct cgroup_dir *dir)
{
	struct cgroup_dir at = *dir;
	char path[PATH_MAX];

	at.path = path;
	for (size_t end = 0; dir->path[end]; end += strcspn(dir->path + end + 1, "/") + 1) {
		memcpy(path, dir->path, end);
		path[end] = '\0';
		/* an ordinary user's own part may have to be emptied for that; root's is somebody else's affair */
		if (enable_in(&at) == -EBUSY && cgroup_is_unprivileged() && cgroup_holds_us(&at) &&
		    cgroup_vacate(&at) == 0)
			(void)enable_in(&at);
	}
}

static int v2_probe(const struct cgroup *cgroup, struct oci_error *err)
{
	const struct cgroup_dir *dir = &cgroup->dirs[0];
	char path[PATH_MAX];
	int r = cgroup_dir_path(dir, NULL, path);

	if (r < 0)
		return err_set(err, -r, "linux.cgroupsPath: %s is too long", dir->path);
	return access(path, F_OK) < 0 ? 0 : cgroup_dir_check_unused(dir, err);
}

static int v2_create(struct cgroup *cgroup, const struct oci_resources *resources,
		     struct oci_error *err)
{
	struct cgroup_dir *dir = &cgroup->dirs[0];
	struct oci_error why = OCI_ERROR_INIT;
	size_t made_from = 0;
	int r;

	if (cgroup->undelegated)
		return cgroup_do_without(cgroup, resources, err);
	r = cgroup_dir_make(dir, &made_from, &why);
	if (cgroup_is_denied(r) && made_from == 0 && cgroup_is_unprivileged())
		return cgroup_do_without(cgroup, resources, err);
	if (r < 0)
		return err_set(err, -r, "%s", why.message);
	enable_above(dir);
	r = cgroup_v2_devices_apply(cgroup, resources, true, err);
	if (r == 0 && resources)
		r = cgroup_resources_apply(cgroup, resources, true, err);
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
	return r < 0 ? err_sys(err, -r, "enter cgroup %s%s", dir->mount, dir->path) : 0;
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
	return r < 0 ? err_sys(err, -r, "give cgroup %s%s to user %u", dir->mount, dir->path,
			       (unsigned)uid)
		     : 0;
}

const struct cgroup_ops cgroup_v2_ops = {
	.probe = v2_probe,
	.create = v2_create,
	.enter = v2_enter,
	.enter_sub = v2_enter_sub,
	.check = cgroup_resources_check,
	.update = v2_update,
	.freeze = cgroup_v1_freeze,
	.is_frozen = cgroup_v1_is_frozen,
	.signal = cgroup_v1_signal,
	.destroy = cgroup_v1_destroy,
	.stats = cgroup_v2_stats,
	.oom_fd = cgroup_v2_oom_fd,
};
