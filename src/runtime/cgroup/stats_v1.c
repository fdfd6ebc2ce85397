/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats_v1.c - statistics from the controllers of cgroup v1.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/stats-private.h"

/* ---- cpu ---- */

static void emit_list(struct json_text *json, const char *key, const char *text)
{
	const char *p = text;

	if (!isdigit((unsigned char)*p))
		return;
	json_open(json, key, '[');
	while (isdigit((unsigned char)*p)) {
		size_t n = strspn(p, "0123456789");

		json_raw(json, NULL, p, n);
		p += n;
		p += strspn(p, " \n");
	}
	json_close(json, ']');
}

/** emit_column - a column of cpuacct.usage_all: a heading, then "cpu user system" lines. */
static void emit_column(struct json_text *json, const char *key, const char *text, int column)
{
	const char *line = strchr(text, '\n');

	if (!line)
		return;
	json_open(json, key, '[');
	for (line++; isdigit((unsigned char)*line); line += *line == '\n') {
		const char *p = line;

		for (int i = 0; i < column; i++) {
			p += strcspn(p, " \n");
			p += *p == ' ';
		}
		json_u64(json, NULL, strtoull(p, NULL, 10));
		line = strchrnul(line, '\n');
	}
	json_close(json, ']');
}

void stats_v1_cpu(struct stats *s, const struct cgroup_dir *acct)
{
	const char *stat = stats_text(s, acct, "cpuacct.stat");
	const char *all = stats_text(s, acct, "cpuacct.usage_all");
	const char *throttling = stats_text(s, cgroup_dir_find(s->cgroup, "cpu"), "cpu.stat");
	uint64_t tick_ns = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
	struct json_text *json = &s->json;

	json_open(json, "usage", '{');
	json_u64(json, "total", stats_number(acct, "cpuacct.usage"));
	emit_list(json, "percpu", stats_text(s, acct, "cpuacct.usage_percpu"));
	emit_column(json, "percpu_kernel", all, 2);
	emit_column(json, "percpu_user", all, 1);
	json_u64(json, "kernel", stats_keyed(stat, "system") * tick_ns);
	json_u64(json, "user", stats_keyed(stat, "user") * tick_ns);
	json_close(json, '}');
	json_open(json, "throttling", '{');
	json_u64(json, "periods", stats_keyed(throttling, "nr_periods"));
	json_u64(json, "throttledPeriods", stats_keyed(throttling, "nr_throttled"));
	json_u64(json, "throttledTime", stats_keyed(throttling, "throttled_time"));
	json_close(json, '}');
}

void stats_v1_cpuset(struct stats *s, const struct cgroup_dir *dir)
{
	static const char *const numbers[] = {
		"cpu_exclusive",      "mem_hardwall",       "mem_exclusive",   "memory_migrate",
		"memory_spread_page", "memory_spread_slab", "memory_pressure", "sched_load_balance",
	};
	char file[64], text[32] = "";
	int64_t level = 0;

	stats_emit_ranges(&s->json, "cpus", stats_text(s, dir, "cpuset.cpus"));
	stats_emit_ranges(&s->json, "mems", stats_text(s, dir, "cpuset.mems"));
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		(void)snprintf(file, sizeof(file), "cpuset.%s", numbers[i]);
		json_u64(&s->json, numbers[i], stats_number(dir, file));
	}
	if (cgroup_dir_read(dir, "cpuset.sched_relax_domain_level", text, sizeof(text)) > 0)
		(void)parse_i64(text, &level);
	json_i64(&s->json, "sched_relax_domain_level", level);
}

/* ---- memory ---- */

static void emit_memory_entry(struct stats *s, const struct cgroup_dir *dir, const char *key,
			      const char *prefix)
{
	struct stats_entry entry = { 0 };
	const struct {
		const char *file;
		uint64_t *value;
	} files[] = {
		{ "limit_in_bytes", &entry.limit },
		{ "usage_in_bytes", &entry.usage },
		{ "max_usage_in_bytes", &entry.max },
		{ "failcnt", &entry.failcnt },
	};
	char file[64];

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		(void)snprintf(file, sizeof(file), "%s.%s", prefix, files[i].file);
		*files[i].value = stats_number(dir, file);
	}
	stats_emit_entry(&s->json, key, &entry);
}

void stats_v1_memory(struct stats *s, const struct cgroup_dir *dir)
{
	const char *stat = stats_text(s, dir, "memory.stat");

	json_u64(&s->json, "cache", stats_keyed(stat, "cache"));
	emit_memory_entry(s, dir, "usage", "memory");
	emit_memory_entry(s, dir, "swap", "memory.memsw");
	emit_memory_entry(s, dir, "kernel", "memory.kmem");
	emit_memory_entry(s, dir, "kernelTCP", "memory.kmem.tcp");
	stats_emit_raw(&s->json, stat);
}

/* ---- blkio ---- */

/** emit_blkio_line - "254:0 Read 123" or, for sectors and time, "254:0 123"; totals are skipped. */
static bool emit_blkio_line(struct json_text *json, const char *line, bool any, const char *key)
{
	unsigned long long value;
	unsigned major, minor;
	char op[32] = "";

	if (sscanf(line, "%u:%u %31[A-Za-z] %llu", &major, &minor, op, &value) != 4) {
		op[0] = '\0';
		if (sscanf(line, "%u:%u %llu", &major, &minor, &value) != 3)
			return any;
	}
	if (!any)
		json_open(json, key, '[');
	json_open(json, NULL, '{');
	json_u64(json, "major", major);
	json_u64(json, "minor", minor);
	if (op[0])
		json_string(json, "op", op, strlen(op));
	json_u64(json, "value", value);
	json_close(json, '}');
	return true;
}

static bool emit_blkio_file(struct stats *s, const char *key, const char *file)
{
	bool any = false;

	for (const char *line = stats_text(s, cgroup_dir_find(s->cgroup, "blkio"), file); *line;) {
		any = emit_blkio_line(&s->json, line, any, key);
		line = strchrnul(line, '\n');
		line += *line == '\n';
	}
	if (any)
		json_close(&s->json, ']');
	return any;
}

void stats_v1_blkio(struct stats *s)
{
	/* the schedulers' own counts where they have any, else what the throttling layer counts */
	static const struct {
		const char *key;
		const char *files[5];
	} rows[] = {
		{ "ioServiceBytesRecursive",
		  { "blkio.bfq.io_service_bytes_recursive", "blkio.io_service_bytes_recursive",
		    "blkio.throttle.io_service_bytes_recursive",
		    "blkio.throttle.io_service_bytes" } },
		{ "ioServicedRecursive",
		  { "blkio.bfq.io_serviced_recursive", "blkio.io_serviced_recursive",
		    "blkio.throttle.io_serviced_recursive", "blkio.throttle.io_serviced" } },
		{ "ioQueueRecursive",
		  { "blkio.bfq.io_queued_recursive", "blkio.io_queued_recursive" } },
		{ "ioServiceTimeRecursive",
		  { "blkio.bfq.io_service_time_recursive", "blkio.io_service_time_recursive" } },
		{ "ioWaitTimeRecursive",
		  { "blkio.bfq.io_wait_time_recursive", "blkio.io_wait_time_recursive" } },
		{ "ioMergedRecursive",
		  { "blkio.bfq.io_merged_recursive", "blkio.io_merged_recursive" } },
		{ "ioTimeRecursive", { "blkio.bfq.time_recursive", "blkio.time_recursive" } },
		{ "sectorsRecursive",
		  { "blkio.bfq.sectors_recursive", "blkio.sectors_recursive" } },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t k = 0; rows[i].files[k]; k++)
			if (emit_blkio_file(s, rows[i].key, rows[i].files[k]))
				break;
}
