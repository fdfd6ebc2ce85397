/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats_v2.c - statistics from the v2 hierarchy, under the names that v1 gave them.
 *
 * Units differ from v1 (microseconds) and are converted. Memory and swap,
 * which v2 counts apart, are added up again: "swap" means both.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/cgroup/stats-private.h"

/** stats_v2_cpu - cpu.stat has the usage even where the cpu controller is off. */
void stats_v2_cpu(struct stats *s, const struct cgroup_dir *dir)
{
	const char *stat = stats_text(s, dir, "cpu.stat");
	struct json_text *json = &s->json;

	json_open(json, "usage", '{');
	json_u64(json, "total", stats_keyed(stat, "usage_usec") * 1000);
	json_u64(json, "kernel", stats_keyed(stat, "system_usec") * 1000);
	json_u64(json, "user", stats_keyed(stat, "user_usec") * 1000);
	json_close(json, '}');
	json_open(json, "throttling", '{');
	json_u64(json, "periods", stats_keyed(stat, "nr_periods"));
	json_u64(json, "throttledPeriods", stats_keyed(stat, "nr_throttled"));
	json_u64(json, "throttledTime", stats_keyed(stat, "throttled_usec") * 1000);
	json_close(json, '}');
}

/** stats_v2_cpuset - the flags of v1 are gone and stay 0, as in runc; the lists are the effective ones. */
void stats_v2_cpuset(struct stats *s, const struct cgroup_dir *dir)
{
	static const char *const gone[] = {
		"cpu_exclusive",      "mem_hardwall",       "mem_exclusive",   "memory_migrate",
		"memory_spread_page", "memory_spread_slab", "memory_pressure", "sched_load_balance",
	};

	stats_emit_ranges(&s->json, "cpus", stats_text(s, dir, "cpuset.cpus.effective"));
	stats_emit_ranges(&s->json, "mems", stats_text(s, dir, "cpuset.mems.effective"));
	for (size_t i = 0; i < ARRAY_LEN(gone); i++)
		json_u64(&s->json, gone[i], 0);
	json_i64(&s->json, "sched_relax_domain_level", 0);
}

/* ---- memory ---- */

/** add_limits - "max" stays what it is. */
static uint64_t add_limits(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/** emit_events - memory.events: how often each boundary was met, and processes killed for want of memory. */
static void emit_events(struct json_text *json, const char *events)
{
	static const char *const keys[] = { "low", "high",     "max",
					    "oom", "oom_kill", "oom_group_kill" };

	if (!events[0])
		return;
	json_open(json, "events", '{');
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		json_u64(json, keys[i], stats_keyed(events, keys[i]));
	json_close(json, '}');
}

void stats_v2_memory(struct stats *s, const struct cgroup_dir *dir)
{
	const char *stat = stats_text(s, dir, "memory.stat");
	const char *events = stats_text(s, dir, "memory.events");
	const char *swap_events = stats_text(s, dir, "memory.swap.events");
	struct json_text *json = &s->json;
	struct stats_entry usage = {
		.limit = stats_number(dir, "memory.max"),
		.usage = stats_number(dir, "memory.current"),
		.max = stats_number(dir, "memory.peak"), /* 5.19 */
		.failcnt = stats_keyed(events, "max"),
	};
	struct stats_entry swap = {
		.limit = add_limits(usage.limit, stats_number(dir, "memory.swap.max")),
		.usage = usage.usage + stats_number(dir, "memory.swap.current"),
		.max = 0, /* the two peaks are not of one moment */
		.failcnt = stats_keyed(swap_events, "max"),
	};
	/* v2 has no limit for either: 0, as runc has it. "kernel" is of 5.18 */
	struct stats_entry kernel = { .usage = stats_keyed(stat, "kernel") };
	struct stats_entry tcp = { .usage = stats_keyed(stat, "sock") };

	json_u64(json, "cache", stats_keyed(stat, "file"));
	stats_emit_entry(json, "usage", &usage);
	stats_emit_entry(json, "swap", &swap);
	stats_emit_entry(json, "kernel", &kernel);
	stats_emit_entry(json, "kernelTCP", &tcp);
	stats_emit_raw(json, stat);
	emit_events(json, events);
}

/* ---- io ---- */

static void emit_io_value(struct json_text *json, const char *line, const char *name,
			  const char *op)
{
	const char *end = strchrnul(line, '\n');
	const char *at = strstr(line, name);
	char *rest;

	if (!at || at >= end)
		return;
	json_open(json, NULL, '{');
	json_u64(json, "major", strtoull(line, &rest, 10));
	json_u64(json, "minor", *rest == ':' ? strtoull(rest + 1, NULL, 10) : 0);
	json_string(json, "op", op, strlen(op));
	json_u64(json, "value", strtoull(at + strlen(name), NULL, 10));
	json_close(json, '}');
}

/** emit_io - "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6" lines as one of v1's lists. */
static void emit_io(struct json_text *json, const char *stat, const char *key,
		    const char *const names[3])
{
	static const char *const ops[] = { "Read", "Write", "Discard" };

	if (!isdigit((unsigned char)*stat))
		return;
	json_open(json, key, '[');
	for (const char *line = stat; isdigit((unsigned char)*line); line += *line == '\n') {
		for (size_t i = 0; i < ARRAY_LEN(ops); i++)
			emit_io_value(json, line, names[i], ops[i]);
		line = strchrnul(line, '\n');
	}
	json_close(json, ']');
}

void stats_v2_blkio(struct stats *s, const struct cgroup_dir *dir)
{
	static const char *const bytes[] = { " rbytes=", " wbytes=", " dbytes=" };
	static const char *const ios[] = { " rios=", " wios=", " dios=" };
	const char *stat = stats_text(s, dir, "io.stat");

	emit_io(&s->json, stat, "ioServiceBytesRecursive", bytes);
	emit_io(&s->json, stat, "ioServicedRecursive", ios);
}
