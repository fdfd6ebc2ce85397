/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oom.c - being told that a container ran out of memory.
 *
 * v1 signals an eventfd when the OOM killer is asked. v2 has counts in
 * memory.events and a notice when any of them changes, so there the count of
 * killed processes decides, which also grows when a cgroup above or the whole
 * machine ran out.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/internal.h"

static int watch_v1(const struct cgroup_dir *dir, struct oci_error *err)
{
	CLEANUP_CLOSE int event = -EBADF;
	CLEANUP_CLOSE int control = -EBADF;
	char path[PATH_MAX], text[32];
	int r;

	r = cgroup_dir_path(dir, "memory.oom_control", path);
	if (r < 0)
		return err_sys(err, -r, "out-of-memory events");
	control = open(path, O_RDONLY | O_CLOEXEC);
	if (control < 0)
		return err_sys(err, errno, "open %s", path);
	event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event < 0)
		return err_sys(err, errno, "eventfd");
	(void)snprintf(text, sizeof(text), "%d %d", event, control);
	r = cgroup_dir_write(dir, "cgroup.event_control", text);
	if (r < 0)
		return err_sys(err, -r, "watch %s", path);
	return TAKE_FD(event);
}

static int watch_v2(const struct cgroup_dir *dir, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[PATH_MAX];
	int r = cgroup_dir_path(dir, "memory.events", path);

	if (r < 0 || fd < 0)
		return err_sys(err, r < 0 ? -r : errno, "out-of-memory events");
	/* by name: below the host's cgroup mount */
	if (inotify_add_watch(fd, path, IN_MODIFY) >= 0)
		return TAKE_FD(fd);
	if (errno == ENOENT)
		return err_set(err, ENOTSUP,
			       "out-of-memory events: the memory controller is off in %s%s",
			       dir->mount, dir->path);
	return err_sys(err, errno, "watch %s", path);
}

int cgroup_fs_oom_fd(const struct cgroup *cgroup, struct oci_error *err)
{
	const struct cgroup_dir *v1 = cgroup_dir_find(cgroup, "memory");
	const struct cgroup_dir *v2 = cgroup_dir_find(cgroup, "");

	if (v1)
		return watch_v1(v1, err);
	if (v2)
		return watch_v2(v2, err);
	return err_set(err, ENOTSUP,
		       "out-of-memory events: the memory cgroup controller is not mounted");
}

/** kills_of - oom_kill (4.13) of memory.events, sub-cgroups included. */
static bool kills_of(const struct cgroup_dir *dir, uint64_t *ret)
{
	static const char key[] = "\noom_kill ";
	char text[512];
	const char *at;

	if (cgroup_dir_read(dir, "memory.events", text, sizeof(text)) < 0)
		return false;
	at = strstr(text, key);
	if (at)
		*ret = strtoull(at + sizeof(key) - 1, NULL, 10);
	return at != NULL;
}

bool cgroup_oom_happened(const struct cgroup *cgroup, int fd, uint64_t *seen)
{
	const struct cgroup_dir *v2 = cgroup_dir_find(cgroup, "");
	char buf[4096]; /* whole inotify events only; an eventfd's 8 bytes fit as well */
	uint64_t before = *seen;
	bool told = false;

	while (RETRY_EINTR(read(fd, buf, sizeof(buf))) > 0)
		told = true;
	if (cgroup_dir_find(cgroup,
			    "memory")) /* the eventfd is also signalled when the cgroup goes */
		return told && cgroup_exists(cgroup);
	return v2 && kills_of(v2, seen) && *seen > before;
}
