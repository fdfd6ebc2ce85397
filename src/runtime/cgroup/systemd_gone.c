/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_gone.c - wait until systemd has removed the folder of a scope.
 *
 * The kernel tells of the removal in the folder above. Asking systemd costs
 * more than this wait does, and is what is left when the time is up.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/cgroup/systemd.h"

#define NOTICE_MS 500

/* until something was removed above; false: time is up */
static bool await_removal(int fd, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	int64_t left = deadline - cgroup_now_ms();

	if (left <= 0)
		return false;
	if (poll(&p, 1, (int)left) < 0)
		return errno == EINTR;
	return !(p.revents & POLLIN) || read(fd, events, sizeof(events)) > 0;
}

bool systemd_await_gone(const struct cgroup_dir *dir)
{
	const int64_t deadline = cgroup_now_ms() + NOTICE_MS;
	char path[PATH_MAX], above[PATH_MAX];
	CLEANUP_CLOSE int fd = -EBADF;

	if (cgroup_dir_path(dir, NULL, path) < 0)
		return false;
	/* by name: folders of the host's cgroup file system, here and below */
	if (access(path, F_OK) < 0)
		return errno == ENOENT;
	strcpy(above, path);
	*strrchr(above, '/') = '\0';
	fd = inotify_init1(IN_CLOEXEC);
	if (fd < 0 || inotify_add_watch(fd, above, IN_DELETE | IN_ONLYDIR) < 0)
		return false;
	do {
		if (access(path, F_OK) < 0)
			return errno == ENOENT;
	} while (await_removal(fd, deadline));
	return false;
}
