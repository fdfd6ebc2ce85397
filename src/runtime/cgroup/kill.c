/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill.c - a signal to every process of the container.
 *
 * No signal may hit a stranger that got a dead process's number: a pidfd is
 * opened for each number listed, then the list is read again, and only who is
 * in both gets it. Whatever had the number when the pidfd was opened is then
 * known to be in the cgroup.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sys.h"
#include "runtime/cgroup/internal.h"

/* Pidfds held at once: below the usual RLIMIT_NOFILE of 1024 */
#define BATCH 128
/* A process that was sent SIGKILL cannot fork any more, so a few rounds end all but a fork bomb */
#define ROUNDS_UNFROZEN 8
#define ROUNDS_MAX 64

static const struct cgroup_dir *list_dir(const struct cgroup *cgroup)
{
	static const char *const preferred[] = { "freezer", "pids" };

	for (size_t i = 0; i < ARRAY_LEN(preferred); i++) {
		const struct cgroup_dir *dir = cgroup_dir_find(cgroup, preferred[i]);

		if (dir)
			return dir;
	}
	return cgroup->dirs_len > 0 ? &cgroup->dirs[0] : NULL;
}

size_t cgroup_v1_kill_dirs(const struct cgroup *cgroup, const struct cgroup_dir *ret[2])
{
	size_t n = 0;

	ret[n] = list_dir(cgroup);
	n += ret[n] != NULL;
	ret[n] = cgroup_dir_find(cgroup, "");
	if (ret[n] && (n == 0 || ret[n] != ret[0]))
		n++;
	return n;
}

/** signal_batch - up to BATCH processes of @list from @at on. */
static int signal_batch(const struct cgroup_dir *dir, const struct cgroup_pidset *list, size_t at,
			int sig, struct cgroup_pidset *done)
{
	CLEANUP_PIDSET struct cgroup_pidset again = { NULL, 0, 0 };
	int fds[BATCH];
	size_t len = list->len - at < BATCH ? list->len - at : BATCH;
	int r;

	for (size_t i = 0; i < len; i++)
		fds[i] = cgroup_pidset_has(done, list->pids[at + i])
				 ? -ESRCH
				 : sys_pidfd_open(list->pids[at + i], 0);
	r = cgroup_dir_pids(dir, &again);
	for (size_t i = 0; i < len; i++) {
		pid_t pid = list->pids[at + i];

		if (r == 0 && fds[i] >= 0 && cgroup_pidset_has(&again, pid)) {
			(void)sys_pidfd_send_signal(fds[i], sig);
			r = cgroup_pidset_add(done, pid);
		} else if (r == 0 && fds[i] < 0 && fds[i] != -ESRCH && fds[i] != -EINVAL) {
			r = fds[i];
		}
		fd_closep(&fds[i]);
	}
	return r;
}

/** signal_round - everybody who has not had it yet. Return: how many, or -errno. */
static int signal_round(const struct cgroup_dir *dir, int sig, struct cgroup_pidset *done)
{
	CLEANUP_PIDSET struct cgroup_pidset list = { NULL, 0, 0 };
	size_t before = done->len;
	int r = cgroup_dir_pids(dir, &list);

	for (size_t at = 0; at < list.len && r == 0; at += BATCH)
		r = signal_batch(dir, &list, at, sig, done);
	return r < 0 ? r : (int)(done->len - before);
}

static int signal_rounds(const struct cgroup *cgroup, const struct cgroup_dir *dir, int sig,
			 struct cgroup_pidset *done)
{
	const struct cgroup_dir *freezer = cgroup_dir_find(cgroup, "freezer");
	int n = 1;

	for (int round = 0; round < ROUNDS_MAX && n > 0; round++) {
		/* a fork bomb outruns a list: hold it for the time of one */
		if (round >= ROUNDS_UNFROZEN && freezer && sig == SIGKILL)
			(void)cgroup_fs_freeze(cgroup, true, NULL);
		n = signal_round(dir, sig, done);
		if (round >= ROUNDS_UNFROZEN && freezer && sig == SIGKILL)
			(void)cgroup_fs_freeze(cgroup, false, NULL);
	}
	return n < 0 ? n : 0;
}

int cgroup_v1_signal(const struct cgroup *cgroup, int sig, struct oci_error *err)
{
	CLEANUP_PIDSET struct cgroup_pidset done = { NULL, 0, 0 };
	const struct cgroup_dir *dir = list_dir(cgroup);
	const struct cgroup_dir *v2 = cgroup_dir_find(cgroup, "");
	const struct cgroup_dir *freezer = cgroup_dir_find(cgroup, "freezer");
	bool killed = false;
	int r;

	if (!dir || !dir->made)
		return -ESRCH;
	if (sig == SIGKILL && v2 && v2->made) {
		CLEANUP_PIDSET struct cgroup_pidset list = { NULL, 0, 0 };

		killed = cgroup_dir_pids(v2, &list) == 0 && list.len > 0 &&
			 cgroup_dir_write(v2, "cgroup.kill", "1") == 0;
	}
	/* also after cgroup.kill: a process may have left the v2 folder, but not all of the others */
	r = signal_rounds(cgroup, dir, sig, &done);
	if (sig == SIGKILL && (killed || done.len > 0)) {
		/* a frozen process does not even die; SIGKILL is pending, so nothing of it runs again */
		if (freezer)
			(void)cgroup_dir_write(freezer, "freezer.state", "THAWED");
		if (v2)
			(void)cgroup_dir_write(v2, "cgroup.freeze", "0");
	}
	if (r < 0)
		return err_sys(err, -r, "signal the processes of cgroup %s%s", dir->mount,
			       dir->path);
	return killed || done.len > 0 ? 0 : -ESRCH;
}

/**
 * cgroup_v2_signal - SIGKILL is one write, which reaches frozen processes and those that are being forked as
 * well (5.14).
 */
int cgroup_v2_signal(const struct cgroup *cgroup, int sig, struct oci_error *err)
{
	CLEANUP_PIDSET struct cgroup_pidset done = { NULL, 0, 0 };
	const struct cgroup_dir *dir = &cgroup->dirs[0];
	char events[256];
	int r;

	if (!dir->made)
		return -ESRCH;
	if (sig == SIGKILL) {
		if (cgroup_dir_read(dir, "cgroup.events", events, sizeof(events)) < 0 ||
		    !strstr(events, "populated 1"))
			return -ESRCH;
		r = cgroup_dir_write(dir, "cgroup.kill", "1");
		if (r != -ENOENT)
			return r < 0 ? err_sys(err, -r, "kill the processes of cgroup %s%s",
					       dir->mount, dir->path)
				     : 0;
	}
	r = signal_rounds(cgroup, dir, sig, &done);
	if (sig == SIGKILL && done.len > 0)
		(void)cgroup_dir_write(dir, "cgroup.freeze", "0");
	if (r < 0)
		return err_sys(err, -r, "signal the processes of cgroup %s%s", dir->mount,
			       dir->path);
	return done.len > 0 ? 0 : -ESRCH;
}
