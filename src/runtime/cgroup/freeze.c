/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freeze.c - stop and continue all processes of the container at once.
 *
 * The v1 freezer tells nobody when it has frozen everything: the kernel works
 * that out only while freezer.state is read. So reads are repeated, with
 * pauses that grow from 50 us to 5 ms; usually the second read says FROZEN. A
 * process that forks, or waits in vfork, while it is being frozen can keep
 * the state at FREEZING; writing FROZEN again catches the newcomers, and a
 * short thaw lets the waiting ones get on.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "runtime/cgroup/internal.h"

#define FREEZE_SECONDS 10
#define PAUSE_MIN_NS 50000L
#define PAUSE_MAX_NS 5000000L
#define ROUNDS_PER_THAW 30

static void pause_ns(long ns)
{
	struct timespec ts = { 0, ns };

	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

static int freezer_error(const struct cgroup_dir *dir, bool frozen, int code, struct oci_error *err)
{
	if (code == ENOENT)
		return err_set(err, ENOENT, "unable to %s: cgroup %s%s does not exist",
			       frozen ? "freeze" : "thaw", dir->mount, dir->path);
	return err_sys(err, code, "unable to %s cgroup %s%s", frozen ? "freeze" : "thaw",
		       dir->mount, dir->path);
}

static int v1_freeze(const struct cgroup_dir *dir, struct oci_error *err)
{
	int64_t deadline = cgroup_now_ms() + FREEZE_SECONDS * 1000;
	long pause = PAUSE_MIN_NS;
	char state[32];
	int r = 0;

	for (int round = 1;; round++) {
		ssize_t n;

		r = cgroup_dir_write(dir, "freezer.state", "FROZEN");
		if (r < 0)
			break;
		n = cgroup_dir_read(dir, "freezer.state", state, sizeof(state));
		if (n < 0) {
			r = (int)n;
			break;
		}
		if (strcmp(state, "FROZEN") == 0)
			return 0;
		if (cgroup_now_ms() >= deadline) {
			r = -ETIMEDOUT;
			break;
		}
		if (round % ROUNDS_PER_THAW == 0)
			(void)cgroup_dir_write(dir, "freezer.state", "THAWED");
		pause_ns(pause);
		if (pause < PAUSE_MAX_NS)
			pause *= 2;
	}
	(void)cgroup_dir_write(dir, "freezer.state", "THAWED");
	return freezer_error(dir, true, -r, err);
}

static int v2_freeze(const struct cgroup_dir *dir, bool frozen, struct oci_error *err)
{
	int r = cgroup_dir_write(dir, "cgroup.freeze", frozen ? "1" : "0");

	if (r == 0)
		r = cgroup_dir_wait_event(dir, frozen ? "frozen 1" : "frozen 0",
					  cgroup_now_ms() + FREEZE_SECONDS * 1000);
	if (r == 0)
		return 0;
	if (frozen)
		(void)cgroup_dir_write(dir, "cgroup.freeze", "0");
	return freezer_error(dir, frozen, -r, err);
}

int cgroup_fs_freeze(const struct cgroup *cgroup, bool frozen, struct oci_error *err)
{
	const struct cgroup_dir *dir = cgroup_dir_find(cgroup, "freezer");
	int r;

	if (dir && frozen)
		return v1_freeze(dir, err);
	if (dir) {
		r = cgroup_dir_write(dir, "freezer.state", "THAWED");
		return r < 0 ? freezer_error(dir, false, -r, err) : 0;
	}
	dir = cgroup_dir_find(cgroup, "");
	if (!dir)
		return err_set(err, ENOTSUP,
			       "unable to %s: the freezer cgroup controller is not mounted",
			       frozen ? "freeze" : "thaw");
	return v2_freeze(dir, frozen, err);
}

/* As far as a user is concerned a container that is on its way to FROZEN is paused */
bool cgroup_fs_is_frozen(const struct cgroup *cgroup)
{
	const struct cgroup_dir *dir = cgroup_dir_find(cgroup, "freezer");
	char state[32];

	if (dir)
		return cgroup_dir_read(dir, "freezer.state", state, sizeof(state)) > 0 &&
		       strcmp(state, "THAWED") != 0;
	dir = cgroup_dir_find(cgroup, "");
	return dir && cgroup_dir_read(dir, "cgroup.freeze", state, sizeof(state)) > 0 &&
	       strcmp(state, "1") == 0;
}
