/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_namespace.c - namespaces that are pinned to a file.
 *
 * A thread of its own leaves the host's namespace and ends: no copy of this process is made, and this process's other threads never
 * stand in the wrong one. Pins lie in a private mount, so that mount namespaces made elsewhere do not keep them alive.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/net_parts.h"

#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif

bool net_namespace_live(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == NSFS_MAGIC;
}

int net_namespace_prepare(const struct net *net, struct oci_error *err)
{
	CLEANUP_FREE char *folder = NULL;
	struct statx info;

	if (asprintf(&folder, "%s/netns", net->run_dir) < 0)
		return err_nomem(err);
	if (mkdir(folder, 0711) < 0 && errno != EEXIST)
		return err_sys(err, errno, "mkdir %s", folder);
	if (statx(AT_FDCWD, folder, AT_SYMLINK_NOFOLLOW, 0, &info) < 0)
		return err_sys(err, errno, "%s", folder);
	if (!(info.stx_attributes & STATX_ATTR_MOUNT_ROOT) && /* 5.8 */
	    mount(folder, folder, NULL, MS_BIND, NULL) < 0)
		return err_sys(err, errno, "mount %s on itself", folder);
	if (mount(NULL, folder, NULL, MS_PRIVATE, NULL) < 0)
		return err_sys(err, errno, "make the mount %s private", folder);
	return 0;
}

/* umount refuses while something is mounted below: pins keep it. */
void net_namespace_tidy(const struct net *net)
{
	CLEANUP_FREE char *folder = NULL;

	if (asprintf(&folder, "%s/netns", net->run_dir) < 0)
		return;
	if (umount2(folder, UMOUNT_NOFOLLOW) == 0)
		(void)rmdir(folder);
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

struct namespace_task {
	const char *path;
	const char *step; /* that failed */
	int code;
};

static void *namespace_enter_new(void *ctx)
{
	struct namespace_task *task = ctx;
	int r;

	task->step = "make a network namespace";
	if (unshare(CLONE_NEWNET) < 0) {
		task->code = errno;
		return NULL;
	}
	task->step = "set lo up";
	r = netlink_link_up("lo");
	if (r < 0) {
		task->code = -r;
		return NULL;
	}
	/*
	 * ping without CAP_NET_RAW, and low ports for everybody in there: as podman and Docker set them. An older kernel, or one whose
	 * /proc/sys cannot be written, has its own defaults.
	 */
	(void)io_write_at(AT_FDCWD, "/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
	(void)io_write_at(AT_FDCWD, "/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
	task->step = "pin the network namespace";
	if (mount("/proc/thread-self/ns/net", task->path, NULL, MS_BIND, NULL) < 0)
		task->code = errno;
	return NULL;
}

static int thread_run(void *(*body)(void *), void *ctx)
{
	pthread_attr_t attr;
	pthread_t thread;
	int r = pthread_attr_init(&attr);

	if (r != 0)
		return -r;
	(void)pthread_attr_setstacksize(&attr, (size_t)128 * 1024);
	r = pthread_create(&thread, &attr, body, ctx);
	if (r == 0)
		r = pthread_join(thread, NULL);
	(void)pthread_attr_destroy(&attr);
	return -r;
}

int net_namespace_make(const char *path, struct oci_error *err)
{
	struct namespace_task task = { .path = path, .step = "start a thread" };
	int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0444);
	int r;

	if (fd < 0)
		return err_sys(err, errno, "create %s", path);
	(void)close(fd);
	r = thread_run(namespace_enter_new, &task);
	if (r < 0)
		task.code = -r;
	if (task.code) {
		(void)unlink(path);
		return err_sys(err, task.code, "%s %s", task.step, path);
	}
	return 0;
}

/* ---- removing ---------------------------------------------------------------------------------------------------- */

static void *namespace_links_drop(void *ctx)
{
	struct namespace_task *task = ctx;
	CLEANUP_CLOSE int fd = open(task->path, O_RDONLY | O_CLOEXEC);
	char name[IFNAMSIZ];

	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		return NULL;
	for (unsigned i = 0; i < NET_MAX; i++) {
		(void)snprintf(name, sizeof(name), "eth%u", i);
		if (netlink_link_delete(name) == -ENODEV)
			break;
	}
	return NULL;
}

void net_namespace_drop(const char *path, bool links)
{
	struct namespace_task task = { .path = path };

	if (links && net_namespace_live(path))
		(void)thread_run(namespace_links_drop, &task);
	(void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
	(void)unlink(path);
}
