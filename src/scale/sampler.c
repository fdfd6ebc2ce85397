/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampler.c - a replica's numbers: which cgroups are its, and what two samples say.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/sampler-private.h"

#define ROOT "/sys/fs/cgroup"

static const char *const controllers[] = { "cpuacct", "cpu", "memory", "pids", "blkio" };

static bool is_v2(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* ---- where they are --------------------------------------------------------------------------------------------------- */

/* "4:memory:/a/b", "0::/a/b" of /proc/PID/cgroup; @controller "" is v2's */
static bool path_of(const char *text, const char *controller, char ret[PATH_MAX])
{
	size_t length = strlen(controller);

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		const char *list, *path;

		line += *line == '\n';
		list = strchr(line, ':');
		path = list ? strchr(list + 1, ':') : NULL;
		if (!path)
			return false;
		for (const char *word = list + 1; word <= path; word += strcspn(word, ",:") + 1) {
			if (strcspn(word, ",:") != length || strncmp(word, controller, length) != 0)
				continue;
			(void)snprintf(ret, PATH_MAX, "%.*s", (int)strcspn(path + 1, "\n"),
				       path + 1);
			return true;
		}
	}
	return false;
}

static int open_folder(const char *mount, const char *path)
{
	char whole[PATH_MAX];

	if ((size_t)snprintf(whole, sizeof(whole), "%s/%s", mount, path) >= sizeof(whole))
		return -ENAMETOOLONG;
	/* by name: sysfs of the host */
	return open(whole, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* The v2 side of a hybrid host: "/a/b" is "/a:b" there, unless "/a" is there (carte-runtime(8)) */
static int open_flat(const char *mount, const char *path)
{
	char flat[PATH_MAX];
	int fd = open_folder(mount, path);

	if (fd >= 0 || strlen(path) >= sizeof(flat))
		return fd;
	strcpy(flat, path + strspn(path, "/"));
	for (char *p = flat; (p = strchr(p, '/'));)
		*p = ':';
	return open_folder(mount, flat);
}

/*
 * "carte.slice:carte:ID", "carte/web/ID": where its runtime could give it no cgroup of its own, its process is where the supervisor is, and
 * those numbers are not its.
 */
static bool is_own(const char *own, const char *path)
{
	const char *id = path ? path + strlen(path) : NULL;

	while (id && id > path && id[-1] != '/' && id[-1] != ':')
		id--;
	return !id || *path == '/' || strstr(own, id);
}

/* By the path that it was given, else by where its first process is. */
static int find_folder(const char *mount, const char *path, const char *where,
		       const char *controller, bool flat)
{
	char own[PATH_MAX];
	int fd = -ENOENT;

	if (path && *path == '/')
		fd = flat ? open_flat(mount, path) : open_folder(mount, path);
	if (fd < 0 && path_of(where, controller, own) && strcmp(own, "/") != 0 && is_own(own, path))
		fd = open_folder(mount, own);
	return fd;
}

int cgroup_each(const char *path, pid_t pid, void (*visit)(void *ctx, int folder, bool v2),
		void *ctx)
{
	char name[64], where[8192] = "", mount[64];
	bool whole = is_v2(ROOT);

	(void)snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	if (pid > 0 && io_read_small(AT_FDCWD, name, where, sizeof(where)) < 0)
		where[0] = '\0';
	for (size_t i = 0; !whole && i < ARRAY_LEN(controllers); i++) {
		CLEANUP_CLOSE int fd = -EBADF;

		(void)snprintf(mount, sizeof(mount), ROOT "/%s", controllers[i]);
		fd = find_folder(mount, path, where, controllers[i], false);
		if (fd >= 0)
			visit(ctx, fd, false);
	}
	if (whole || is_v2(ROOT "/unified")) {
		CLEANUP_CLOSE int fd =
			find_folder(whole ? ROOT : ROOT "/unified", path, where, "", !whole);

		if (fd >= 0)
			visit(ctx, fd, true);
	}
	return 0;
}

/* ---- reading ---------------------------------------------------------------------------------------------------------- */

static void read_folder(void *ctx, int folder, bool v2)
{
	if (v2)
		sampler_v2(folder, ctx);
	else
		sampler_v1(folder, ctx);
}

/* The host's own interfaces are none of the replica's. */
static bool is_own_network(pid_t pid)
{
	char path[64];
	struct stat mine, its;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	return stat("/proc/self/ns/net", &mine) == 0 && stat(path, &its) == 0 &&
	       mine.st_ino != its.st_ino;
}

static void read_net(pid_t pid, struct sample *ret)
{
	char path[64], text[8192];

	(void)snprintf(path, sizeof(path), "/proc/%d/net/dev", (int)pid);
	if (is_own_network(pid) && io_read_small(AT_FDCWD, path, text, sizeof(text)) > 0)
		sampler_net(text, ret);
}

int sample_read(const struct replica *replica, struct sample *ret, struct oci_error *err)
{
	struct timespec now;
	char path[32];

	memset(ret, -1, sizeof(*ret)); /* every member is -1: not known */
	(void)snprintf(path, sizeof(path), "/proc/%d", (int)replica->pid);
	if (replica->pid <= 0 || access(path, F_OK) < 0)
		return err_set(err, ESRCH, "%s does not run", replica->name);
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	ret->at_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	(void)cgroup_each(replica->cgroup, replica->pid, read_folder, ret);
	read_net(replica->pid, ret);
	return 0;
}

/* ---- what two say ----------------------------------------------------------------------------------------------------- */

/* -1: not known; a counter that went back is another one's */
static double share(int64_t before, int64_t now, int64_t of)
{
	return before < 0 || now < before || of <= 0 ? -1
						     : (double)(now - before) * 100 / (double)of;
}

double sample_metric(enum spec_metric_kind kind, const struct sample *before,
		     const struct sample *now, int64_t limit_milli)
{
	int64_t window = now->at_us - before->at_us;
	double cpu;

	switch (kind) {
	case SPEC_METRIC_CPU:
		cpu = share(before->cpu_us, now->cpu_us, window);
		return cpu < 0 ? -1 : cpu * 1000 / (double)(limit_milli > 0 ? limit_milli : 1000);
	case SPEC_METRIC_MEMORY:
		return share(0, now->memory, now->memory_limit);
	case SPEC_METRIC_CPU_PRESSURE:
		return share(before->cpu_pressure_us, now->cpu_pressure_us, window);
	case SPEC_METRIC_THROTTLED:
		if (before->periods >= 0 && before->periods == now->periods)
			return 0;
		return share(before->throttled_periods, now->throttled_periods,
			     before->periods < 0 ? -1 : now->periods - before->periods);
	case SPEC_METRIC_HTTP:
		break;
	}
	return -1;
}
