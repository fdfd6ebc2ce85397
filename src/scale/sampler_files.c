/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampler_files.c - files of cgroups and of /proc: kernel's Documentation/admin-guide/cgroup-v1, cgroup-v2.rst, accounting/psi.rst.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "scale/sampler-private.h"

#define FILE_MAX 16384
#define NO_LIMIT (INT64_C(1) << 60) /* v1 writes the largest multiple of a page */

int64_t sampler_number(int folder, const char *name)
{
	char text[64];
	int64_t value;

	if (io_read_small(folder, name, text, sizeof(text)) < 0 || parse_i64(text, &value) < 0)
		return -1;
	return value;
}

/* "KEY 12", "KEY=12" somewhere in a line */
static int64_t find(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *at = text; (at = strstr(at, key)); at += length)
		if ((at == text || at[-1] == '\n' || at[-1] == ' ') &&
		    (at[length] == ' ' || at[length] == '='))
			return strtoll(at + length + 1, NULL, 10);
	return -1;
}

int64_t sampler_key(int folder, const char *name, const char *key)
{
	char text[FILE_MAX];

	return io_read_small(folder, name, text, sizeof(text)) < 0 ? -1 : find(text, key);
}

int64_t sampler_pressure(int folder, const char *name, const char *kind)
{
	char text[512], *line;

	if (io_read_small(folder, name, text, sizeof(text)) < 0)
		return -1;
	line = strstr(text, kind);
	return line ? find(line, "total") : -1;
}

static int64_t scaled(int64_t value, int64_t by)
{
	return value < 0 ? -1 : value / by;
}

static void set(int64_t *slot, int64_t value)
{
	if (value >= 0)
		*slot = value;
}

/* The page cache that nobody used lately is given back at once when memory is short. */
static void set_memory(struct sample *ret, int64_t usage, int64_t inactive, int64_t limit)
{
	if (usage >= 0)
		ret->memory = inactive > 0 && inactive < usage ? usage - inactive : usage;
	if (limit >= 0 && limit < NO_LIMIT)
		ret->memory_limit = limit;
}

static void set_pressures(int folder, struct sample *ret)
{
	set(&ret->cpu_pressure_us, sampler_pressure(folder, "cpu.pressure", "some"));
	set(&ret->memory_pressure_us, sampler_pressure(folder, "memory.pressure", "some"));
	set(&ret->io_pressure_us, sampler_pressure(folder, "io.pressure", "some"));
}

/* "8:0 rbytes=1 wbytes=2 ..." (v2), "8:0 Read 1" (v1): over all devices; -1: there is no such file */
static int64_t sum_words(const char *text, const char *word)
{
	size_t length = strlen(word);
	int64_t sum = 0;

	for (const char *at = text; (at = strstr(at, word)); at += length)
		sum += strtoll(at + length, NULL, 10);
	return sum;
}

static void set_blocks(int folder, const char *name, const char *read, const char *write,
		       struct sample *ret)
{
	char text[FILE_MAX];

	if (io_read_small(folder, name, text, sizeof(text)) < 0)
		return;
	ret->read_bytes = sum_words(text, read);
	ret->write_bytes = sum_words(text, write);
}

void sampler_v2(int folder, struct sample *ret)
{
	char text[2048];

	if (io_read_small(folder, "cpu.stat", text, sizeof(text)) >= 0) {
		/* the v2 side of a hybrid host has usage_usec too, but v1's controller is the one with limits */
		if (ret->cpu_us < 0)
			set(&ret->cpu_us, find(text, "usage_usec"));
		set(&ret->periods, find(text, "nr_periods"));
		set(&ret->throttled_periods, find(text, "nr_throttled"));
		set(&ret->throttled_us, find(text, "throttled_usec"));
	}
	set_memory(ret, sampler_number(folder, "memory.current"),
		   sampler_key(folder, "memory.stat", "inactive_file"),
		   sampler_number(folder, "memory.max"));
	set(&ret->oom_kills, sampler_key(folder, "memory.events", "oom_kill"));
	set(&ret->pids, sampler_number(folder, "pids.current"));
	set_blocks(folder, "io.stat", " rbytes=", " wbytes=", ret);
	set_pressures(folder, ret);
}

void sampler_v1(int folder, struct sample *ret)
{
	char text[512];

	set(&ret->cpu_us, scaled(sampler_number(folder, "cpuacct.usage"), 1000));
	if (io_read_small(folder, "cpu.stat", text, sizeof(text)) >= 0) {
		set(&ret->periods, find(text, "nr_periods"));
		set(&ret->throttled_periods, find(text, "nr_throttled"));
		set(&ret->throttled_us, scaled(find(text, "throttled_time"), 1000));
	}
	set_memory(ret, sampler_number(folder, "memory.usage_in_bytes"),
		   sampler_key(folder, "memory.stat", "total_inactive_file"),
		   sampler_number(folder, "memory.limit_in_bytes"));
	set(&ret->oom_kills, sampler_key(folder, "memory.oom_control", "oom_kill"));
	set(&ret->pids, sampler_number(folder, "pids.current"));
	set_blocks(folder, "blkio.throttle.io_service_bytes", " Read ", " Write ", ret);
}

void sampler_net(const char *text, struct sample *ret)
{
	int64_t rx, tx;
	char name[32];

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, " %31[^:\n]: %" SCNd64 " %*d %*d %*d %*d %*d %*d %*d %" SCNd64,
			   name, &rx, &tx) != 3)
			continue;
		/* an isolated namespace without another interface has sent nothing */
		if (ret->rx_bytes < 0)
			ret->rx_bytes = ret->tx_bytes = 0;
		if (strcmp(name, "lo") == 0)
			continue;
		ret->rx_bytes += rx;
		ret->tx_bytes += tx;
	}
}
