/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.c - what the host can carry, and who gets how much of it.
 *
 * Cores can be shared and are given out whole; of memory a sixteenth is kept free for the host. Where the supervisor's own
 * cgroup, or one above it, has a limit that is lower, that is the pool.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/pool-private.h"
#include "scale/sampler-private.h"

#define ROOT "/sys/fs/cgroup"
#define MIB ((int64_t)1 << 20)
#define GIB ((int64_t)1 << 30)

/* ---- the host --------------------------------------------------------------------------------------------------------- */

int64_t pool_meminfo(const char *text, const char *key)
{
	const char *line = strstr(text, key);
	int64_t value;

	if (!line || (line != text && line[-1] != '\n') || line[strlen(key)] != ':')
		return -1;
	value = strtoll(line + strlen(key) + 1, NULL, 10);
	return value < 0 || value > INT64_MAX / 1024 ? -1 : value * 1024;
}

int64_t pool_reserve(int64_t memory)
{
	int64_t reserve = memory / 16;

	if (reserve < 64 * MIB)
		reserve = 64 * MIB;
	if (reserve > 1024 * MIB)
		reserve = 1024 * MIB;
	return reserve > memory ? memory : reserve;
}

static int64_t count_cores(void)
{
	cpu_set_t set;
	long online = sysconf(_SC_NPROCESSORS_ONLN);

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		return CPU_COUNT(&set);
	return online > 0 ? online : 1;
}

static int measure_host(struct pool *pool, struct oci_error *err)
{
	char text[8192];
	ssize_t n = io_read_small(AT_FDCWD, "/proc/meminfo", text, sizeof(text));
	int64_t total = n < 0 ? -1 : pool_meminfo(text, "MemTotal");

	if (total < 0)
		return err_sys(err, n < 0 ? (int)-n : EINVAL, "read /proc/meminfo");
	pool->cpu_milli = count_cores() * 1000;
	pool->memory = total;
	pool->available = pool_meminfo(text, "MemAvailable");
	if (pool->available < 0)
		pool->available = pool_meminfo(text, "MemFree");
	(void)snprintf(pool->limited_by, sizeof(pool->limited_by), "host");
	return 0;
}

/* The share of the time since the last measurement in which nothing could go on for want of memory. */
static void measure_pressure(struct pool *pool)
{
	int64_t total = sampler_pressure(AT_FDCWD, "/proc/pressure/memory", "full"), now;
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	if (total < 0) {
		pool->memory_pressure = 0;
		return;
	}
	/* a window that is too short says nothing */
	if (pool->psi_at_ms && now - pool->psi_at_ms < 100)
		return;
	pool->memory_pressure = pool->psi_at_ms && total > pool->psi_total_us
					? (double)(total - pool->psi_total_us) / 1000 /
						  (double)(now - pool->psi_at_ms)
					: 0;
	if (pool->memory_pressure > 1)
		pool->memory_pressure = 1;
	pool->psi_total_us = total;
	pool->psi_at_ms = now;
}

/* ---- the own cgroups -------------------------------------------------------------------------------------------------- */

int64_t pool_cpu_limit(int folder, bool v2)
{
	int64_t quota = -1, period = 0;
	char text[64];

	if (v2) {
		if (io_read_small(folder, "cpu.max", text, sizeof(text)) < 0 ||
		    sscanf(text, "%" SCNd64 " %" SCNd64, &quota, &period) != 2)
			return -1;
	} else {
		quota = sampler_number(folder, "cpu.cfs_quota_us");
		period = sampler_number(folder, "cpu.cfs_period_us");
	}
	return quota <= 0 || period <= 0 ? -1 : quota * 1000 / period;
}

int64_t pool_memory_limit(int folder, bool v2)
{
	int64_t limit = sampler_number(folder, v2 ? "memory.max" : "memory.limit_in_bytes");

	/* v1 without a limit: the largest multiple of a page */
	return limit < 0 || limit >= (INT64_C(1) << 60) ? -1 : limit;
}

static void limit_by(struct pool *pool, int folder, bool v2, const char *path)
{
	int64_t cpu = pool_cpu_limit(folder, v2), memory = pool_memory_limit(folder, v2);
	int64_t used = sampler_number(folder, v2 ? "memory.current" : "memory.usage_in_bytes");

	if (cpu > 0 && cpu < pool->cpu_milli) {
		pool->cpu_milli = cpu;
		(void)snprintf(pool->limited_by, sizeof(pool->limited_by), "cgroup %.48s", path);
	}
	if (memory < 0)
		return;
	if (memory < pool->memory) {
		pool->memory = memory;
		(void)snprintf(pool->limited_by, sizeof(pool->limited_by), "cgroup %.48s", path);
	}
	if (used >= 0 && memory - used < pool->available)
		pool->available = memory > used ? memory - used : 0;
}

/* From the own cgroup up: each may have a limit. */
static void limit_upwards(struct pool *pool, const char *mount, char *path, bool v2)
{
	for (;;) {
		char whole[PATH_MAX], *slash = strrchr(path, '/');
		CLEANUP_CLOSE int fd = -EBADF;

		if ((size_t)snprintf(whole, sizeof(whole), "%s%s", mount, path) < sizeof(whole))
			fd = open(whole, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			limit_by(pool, fd, v2, path);
		if (!slash || !path[1])
			return;
		slash[slash == path] = '\0';
	}
}

static void limit_by_cgroups(struct pool *pool)
{
	char text[8192], *rest = text, *line;
	struct statfs fs;
	bool whole = statfs(ROOT, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;

	if (io_read_small(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text)) < 0)
		return;
	while ((line = strsep(&rest, "\n"))) {
		char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;
		char mount[256];

		if (!path)
			continue;
		*list++ = *path++ = '\0';
		if (whole && !*list)
			limit_upwards(pool, ROOT, path, true);
		if (whole || (strncmp(list, "cpu", 3) != 0 && strcmp(list, "memory") != 0))
			continue;
		(void)snprintf(mount, sizeof(mount), ROOT "/%.200s", list);
		limit_upwards(pool, mount, path, false);
	}
}

int pool_measure(struct pool *pool, struct oci_error *err)
{
	int r = measure_host(pool, err);

	if (r < 0)
		return r;
	limit_by_cgroups(pool);
	pool->memory_reserve = pool_reserve(pool->memory);
	pool->memory -= pool->memory_reserve;
	measure_pressure(pool);
	return 0;
}

/* ---- admission -------------------------------------------------------------------------------------------------------- */

struct left {
	int64_t cpu_milli, memory; /* that can still be reserved */
	int64_t available; /* memory that is really free, for replicas that do not run yet */
};

static int64_t reserved(int64_t value)
{
	return value > 0 ? value : 0;
}

/* Those that have taken their memory already, or are to have it again. */
static unsigned there(const struct pool_wish *wish)
{
	unsigned count = 0;

	for (const struct replica *r = wish->service->replicas; r; r = r->next)
		count += r->pid > 0;
	return count > wish->held ? count : wish->held;
}

static const char *size_words(int64_t bytes, char buf[32])
{
	if (bytes < 0)
		bytes = 0;
	if (bytes >= 10 * GIB)
		(void)snprintf(buf, 32, "%.1f GiB", (double)bytes / (double)GIB);
	else
		(void)snprintf(buf, 32, "%lld MiB", (long long)(bytes / MIB));
	return buf;
}

static bool admit_one(const struct pool *pool, struct left *left, struct pool_wish *wish)
{
	const struct spec_resources *needs = &wish->service->spec->resources;
	int64_t cpu = reserved(needs->cpu_reserved_milli),
		memory = reserved(needs->memory_reserved);
	bool is_new = wish->admitted >= there(wish);
	unsigned number = wish->admitted + 1;
	char a[32], b[32];

	if (cpu > left->cpu_milli) {
		(void)snprintf(wish->reason, sizeof(wish->reason),
			       "replica %u needs %.2f cores, %.2f of %.2f are left to reserve",
			       number, (double)cpu / 1000, (double)left->cpu_milli / 1000,
			       (double)pool->cpu_milli / 1000);
		return false;
	}
	if (memory > left->memory) {
		(void)snprintf(wish->reason, sizeof(wish->reason),
			       "replica %u needs %s of memory, %s are left to reserve", number,
			       size_words(memory, a), size_words(left->memory, b));
		return false;
	}
	if (is_new && (left->available <= 0 || memory > left->available)) {
		(void)snprintf(wish->reason, sizeof(wish->reason),
			       "memory is short: %s are available, and %s of them are kept free",
			       size_words(pool->available, a), size_words(pool->memory_reserve, b));
		return false;
	}
	left->cpu_milli -= cpu;
	left->memory -= memory;
	if (is_new)
		left->available -= memory;
	wish->admitted++;
	return true;
}

/* One replica each in turn, until all have theirs or none can have more. */
static void admit_priority(const struct pool *pool, struct left *left, struct pool_wish *wishes,
			   size_t count, int64_t priority)
{
	bool went_on = true;

	while (went_on) {
		went_on = false;
		for (size_t i = 0; i < count; i++)
			if (wishes[i].service->spec->scale.priority == priority &&
			    wishes[i].admitted < wishes[i].wanted && !wishes[i].reason[0])
				went_on |= admit_one(pool, left, &wishes[i]);
	}
}

void pool_admit(const struct pool *pool, struct pool_wish *wishes, size_t count)
{
	struct left left = { pool->cpu_milli, pool->memory,
			     pool->available - pool->memory_reserve };
	int64_t below = INT64_MAX;
	bool last = false;

	for (size_t i = 0; i < count; i++) {
		wishes[i].admitted = 0;
		wishes[i].reason[0] = '\0';
	}
	while (!last) {
		int64_t next = INT64_MIN;

		last = true;
		for (size_t i = 0; i < count; i++) {
			int64_t priority = wishes[i].service->spec->scale.priority;

			if (priority < below && priority >= next) {
				next = priority;
				last = false;
			}
		}
		if (!last)
			admit_priority(pool, &left, wishes, count, next);
		below = next;
	}
}
