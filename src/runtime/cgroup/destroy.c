/* SPDX-License-Identifier: Apache-2.0 */
/*
 * destroy.c - remove the container's folders, when its processes are dying or dead.
 *
 * Usually everybody is dead and each folder costs one rmdir. Otherwise the
 * end of the processes is waited for, by the v2 folder's cgroup.events or by
 * pidfds, before anything below a folder is touched: folders with living
 * processes in them keep all they have.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sys.h"
#include "runtime/cgroup/internal.h"

#define PIDFDS_MAX 128
/*
 * Between the end of a process, which a pidfd tells, and the moment when its
 * cgroup counts as empty, newer kernels need one more context switch; on v1
 * nothing tells when that is done.
 */
#define SETTLE_MIN_NS 50000L
#define SETTLE_MAX_NS 5000000L

int cgroup_destroy_ms = 10000;

/** wait_pidfds - until each of these processes has ended, or the deadline. */
static int wait_pidfds(const struct cgroup_pidset *set, int64_t deadline)
{
	struct pollfd polls[PIDFDS_MAX];
	size_t len = 0;
	int r = 0;

	for (size_t i = 0; i < set->len && len < PIDFDS_MAX; i++) {
		int fd = sys_pidfd_open(set->pids[i], 0);

		if (fd >= 0)
			polls[len++] = (struct pollfd){ fd, POLLIN, 0 };
	}
	for (size_t i = 0; i < len; i++) {
		while (r == 0) {
			int64_t left = deadline - cgroup_now_ms();
			int n = left > 0 ? poll(&polls[i], 1, (int)left) : 0;

			if (n > 0)
				break;
			if (n == 0)
				r = -ETIMEDOUT;
			else if (errno != EINTR)
				r = -errno;
		}
	}
	for (size_t i = 0; i < len; i++)
		fd_closep(&polls[i].fd);
	return r;
}

/** in_use - the error when the time is up. */
static int in_use(const struct cgroup_dir *dir, const struct cgroup_pidset *set,
		  struct oci_error *err)
{
	char list[256] = "";
	size_t at = 0;

	for (size_t i = 0; i < set->len && at + 16 < sizeof(list); i++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%d", i > 0 ? ", " : "",
				       (int)set->pids[i]);
	if (set->len == 0)
		return err_set(err, EBUSY, "unable to remove cgroup %s%s: device or resource busy",
			       dir->mount, dir->path);
	return err_set(err, EBUSY, "unable to remove cgroup %s%s: it still has process(es) %s%s",
		       dir->mount, dir->path, list, set->len > 8 ? ", ..." : "");
}

/** remove_dir - wait as long as there is somebody inside, then remove. */
static int remove_dir(const struct cgroup_dir *dir, int64_t deadline, struct oci_error *err)
{
	long settle = SETTLE_MIN_NS;

	for (;;) {
		CLEANUP_PIDSET struct cgroup_pidset set = { NULL, 0, 0 };
		struct timespec ts = { 0, settle };
		int r = cgroup_dir_pids(dir, &set);

		if (r == 0 && set.len == 0) {
			r = cgroup_dir_rmtree(dir);
			if (r == 0)
				return 0;
		}
		if (r < 0 && r != -EBUSY)
			return err_sys(err, -r, "remove cgroup %s%s", dir->mount, dir->path);
		if (cgroup_now_ms() >= deadline)
			return in_use(dir, &set, err);
		if (set.len > 0) {
			r = wait_pidfds(&set, deadline);
			if (r < 0 && r != -ETIMEDOUT)
				return err_sys(err, -r, "wait for the processes of cgroup %s%s",
					       dir->mount, dir->path);
			continue;
		}
		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
		if (settle < SETTLE_MAX_NS)
			settle *= 2;
	}
}

int cgroup_fs_destroy(const struct cgroup *cgroup, struct oci_error *err)
{
	const struct cgroup_dir *v2 = cgroup_dir_find(cgroup, "");
	int64_t deadline = 0;
	char path[PATH_MAX];
	int first = 0;

	for (size_t i = 0; i < cgroup->dirs_len; i++) {
		const struct cgroup_dir *dir = &cgroup->dirs[i];
		int r;

		if (!dir->made || cgroup_dir_path(dir, NULL, path) < 0)
			continue;
		if (rmdir(path) == 0 || errno == ENOENT)
			continue;
		if (errno != EBUSY && errno != ENOTEMPTY) {
			r = err_sys(err, errno, "remove cgroup %s", path);
		} else {
			if (deadline == 0) {
				deadline = cgroup_now_ms() + cgroup_destroy_ms;
				if (v2) /* failing: each folder waits by itself */
					(void)cgroup_dir_wait_event(v2, "populated 0", deadline);
			}
			r = remove_dir(dir, deadline, err);
		}
		if (r < 0 && first == 0)
			first = r; /* the others go all the same */
	}
	return first;
}
