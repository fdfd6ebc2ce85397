/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats.c - what the container uses, in the shape of runc's `events --stats`.
 *
 * Monitoring tools decode that shape, so names and units are runc's: bytes,
 * nanoseconds, "network_interfaces" with capitals. A file that this kernel
 * lacks counts as zero; a controller that is not mounted leaves zeros.
 */
#include <ctype.h>
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/internal.h"
#include "runtime/cgroup/json_text.h"

#define FILE_LIMIT (1 << 20)

struct stats {
	const struct cgroup *cgroup;
	struct oci_arena arena;
	struct json_text json;
};

/** read_text - a file of a controller, or "" . */
static const char *read_text(struct stats *s, const struct cgroup_dir *dir, const char *file)
{
	char path[PATH_MAX];
	char *text;
	size_t length;

	if (!dir || cgroup_dir_path(dir, file, path) < 0 ||
	    io_read_at(AT_FDCWD, path, FILE_LIMIT, &s->arena, &text, &length) < 0)
		return "";
	return text;
}

static uint64_t read_number(const struct cgroup_dir *dir, const char *file)
{
	uint64_t value = 0;

	if (!dir || cgroup_dir_read_u64(dir, file, &value) < 0)
		return 0;
	return value;
}

/** keyed - "KEY 123" in a flat keyed file. */
static uint64_t keyed(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = text; *line;) {
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return strtoull(line + len + 1, NULL, 10);
		line = strchrnul(line, '\n');
		line += *line == '\n';
	}
	return 0;
}

/* ---- pressure, from the v2 folder of a hybrid host ---- */

static void emit_pressure_line(struct json_text *json, const char *text, const char *kind)
{
	static const char *const keys[] = { "avg10", "avg60", "avg300", "total" };
	const char *line = strstr(text, kind);

	json_open(json, kind, '{');
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *at = line ? strstr(line, keys[i]) : NULL;
		size_t n;

		at = at ? at + strlen(keys[i]) + 1 : "0";
		n = strspn(at, "0123456789.");
		json_raw(json, keys[i], n > 0 ? at : "0", n > 0 ? n : 1);
	}
	json_close(json, '}');
}

static void emit_pressure(struct stats *s, const char *file)
{
	const char *text = read_text(s, cgroup_dir_find(s->cgroup, ""), file);

	if (!text[0])
		return;
	json_open(&s->json, "psi", '{');
	emit_pressure_line(&s->json, text, "some");
	emit_pressure_line(&s->json, text, "full");
	json_close(&s->json, '}');
}

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

static void emit_cpu(struct stats *s)
{
	const struct cgroup_dir *acct = cgroup_dir_find(s->cgroup, "cpuacct");
	const char *stat = read_text(s, acct, "cpuacct.stat");
	const char *all = read_text(s, acct, "cpuacct.usage_all");
	const char *throttling = read_text(s, cgroup_dir_find(s->cgroup, "cpu"), "cpu.stat");
	uint64_t tick_ns = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
	struct json_text *json = &s->json;

	json_open(json, "cpu", '{');
	json_open(json, "usage", '{');
	json_u64(json, "total", read_number(acct, "cpuacct.usage"));
	emit_list(json, "percpu", read_text(s, acct, "cpuacct.usage_percpu"));
	emit_column(json, "percpu_kernel", all, 2);
	emit_column(json, "percpu_user", all, 1);
	json_u64(json, "kernel", keyed(stat, "system") * tick_ns);
	json_u64(json, "user", keyed(stat, "user") * tick_ns);
	json_close(json, '}');
	json_open(json, "throttling", '{');
	json_u64(json, "periods", keyed(throttling, "nr_periods"));
	json_u64(json, "throttledPeriods", keyed(throttling, "nr_throttled"));
	json_u64(json, "throttledTime", keyed(throttling, "throttled_time"));
	json_close(json, '}');
	emit_pressure(s, "cpu.pressure");
	json_close(json, '}');
}

/** emit_ranges - "0-2,7" as [0,1,2,7]. */
static void emit_ranges(struct json_text *json, const char *key, const char *text)
{
	const char *p = text;

	if (!isdigit((unsigned char)*p))
		return;
	json_open(json, key, '[');
	while (isdigit((unsigned char)*p)) {
		char *end;
		unsigned long first = strtoul(p, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (unsigned long i = first; i <= last && i <= UINT16_MAX; i++)
			json_u64(json, NULL, i);
		p = end + (*end == ',');
	}
	json_close(json, ']');
}

static void emit_cpuset(struct stats *s)
{
	static const char *const numbers[] = {
		"cpu_exclusive",      "mem_hardwall",       "mem_exclusive",   "memory_migrate",
		"memory_spread_page", "memory_spread_slab", "memory_pressure", "sched_load_balance",
	};
	const struct cgroup_dir *dir = cgroup_dir_find(s->cgroup, "cpuset");
	char file[64], text[32] = "";
	int64_t level = 0;

	json_open(&s->json, "cpuset", '{');
	emit_ranges(&s->json, "cpus", read_text(s, dir, "cpuset.cpus"));
	emit_ranges(&s->json, "mems", read_text(s, dir, "cpuset.mems"));
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		(void)snprintf(file, sizeof(file), "cpuset.%s", numbers[i]);
		json_u64(&s->json, numbers[i], read_number(dir, file));
	}
	if (dir && cgroup_dir_read(dir, "cpuset.sched_relax_domain_level", text, sizeof(text)) > 0)
		(void)parse_i64(text, &level);
	json_i64(&s->json, "sched_relax_domain_level", level);
	json_close(&s->json, '}');
}

/* ---- memory ---- */

static void emit_memory_entry(struct stats *s, const struct cgroup_dir *dir, const char *key,
			      const char *prefix)
{
	static const struct {
		const char *key;
		const char *file;
	} files[] = {
		{ "limit", "limit_in_bytes" },
		{ "usage", "usage_in_bytes" },
		{ "max", "max_usage_in_bytes" },
		{ "failcnt", "failcnt" },
	};
	char file[64];

	json_open(&s->json, key, '{');
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		(void)snprintf(file, sizeof(file), "%s.%s", prefix, files[i].file);
		json_u64(&s->json, files[i].key, read_number(dir, file));
	}
	json_close(&s->json, '}');
}

static void emit_memory(struct stats *s)
{
	const struct cgroup_dir *dir = cgroup_dir_find(s->cgroup, "memory");
	const char *stat = read_text(s, dir, "memory.stat");
	struct json_text *json = &s->json;
	char key[64];

	json_open(json, "memory", '{');
	json_u64(json, "cache", keyed(stat, "cache"));
	emit_memory_entry(s, dir, "usage", "memory");
	emit_memory_entry(s, dir, "swap", "memory.memsw");
	emit_memory_entry(s, dir, "kernel", "memory.kmem");
	emit_memory_entry(s, dir, "kernelTCP", "memory.kmem.tcp");
	json_open(json, "raw", '{');
	for (const char *line = stat; *line;) {
		const char *end = strchrnul(line, '\n');
		size_t n = strcspn(line, " \n");

		if (line[n] == ' ' && n > 0 && n < sizeof(key)) {
			memcpy(key, line, n);
			key[n] = '\0';
			json_u64(json, key, strtoull(line + n + 1, NULL, 10));
		}
		line = end + (*end == '\n');
	}
	json_close(json, '}');
	emit_pressure(s, "memory.pressure");
	json_close(json, '}');
}

static void emit_pids(struct stats *s)
{
	const struct cgroup_dir *dir = cgroup_dir_find(s->cgroup, "pids");
	uint64_t limit = read_number(dir, "pids.max");

	json_open(&s->json, "pids", '{');
	json_u64(&s->json, "current", read_number(dir, "pids.current"));
	if (limit != UINT64_MAX)
		json_u64(&s->json, "limit", limit);
	json_close(&s->json, '}');
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

	for (const char *line = read_text(s, cgroup_dir_find(s->cgroup, "blkio"), file); *line;) {
		any = emit_blkio_line(&s->json, line, any, key);
		line = strchrnul(line, '\n');
		line += *line == '\n';
	}
	if (any)
		json_close(&s->json, ']');
	return any;
}

static void emit_blkio(struct stats *s)
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

	json_open(&s->json, "blkio", '{');
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t k = 0; rows[i].files[k]; k++)
			if (emit_blkio_file(s, rows[i].key, rows[i].files[k]))
				break;
	emit_pressure(s, "io.pressure");
	json_close(&s->json, '}');
}

/* ---- hugetlb ---- */

/** page_size_name - "hugepages-2048kB" is "2MB", as the controller's files have it. */
static bool page_size_name(const char *folder, char *buf, size_t size)
{
	unsigned long long kb;

	if (sscanf(folder, "hugepages-%llukB", &kb) != 1 || kb == 0)
		return false;
	if (kb >= 1 << 20)
		(void)snprintf(buf, size, "%lluGB", kb >> 20);
	else if (kb >= 1 << 10)
		(void)snprintf(buf, size, "%lluMB", kb >> 10);
	else
		(void)snprintf(buf, size, "%lluKB", kb);
	return true;
}

static void emit_page_size(struct stats *s, const char *name)
{
	const struct cgroup_dir *v1 = cgroup_dir_find(s->cgroup, "hugetlb");
	const struct cgroup_dir *dir = v1 ? v1 : cgroup_dir_find(s->cgroup, "");
	uint64_t usage;
	char file[96];

	(void)snprintf(file, sizeof(file), "hugetlb.%s.%s", name,
		       v1 ? "usage_in_bytes" : "current");
	if (!dir || cgroup_dir_read_u64(dir, file, &usage) < 0)
		return;
	json_open(&s->json, name, '{');
	json_u64(&s->json, "usage", usage);
	if (v1) {
		(void)snprintf(file, sizeof(file), "hugetlb.%s.max_usage_in_bytes", name);
		json_u64(&s->json, "max", read_number(dir, file));
		(void)snprintf(file, sizeof(file), "hugetlb.%s.failcnt", name);
		json_u64(&s->json, "failcnt", read_number(dir, file));
	} else {
		(void)snprintf(file, sizeof(file), "hugetlb.%s.events", name);
		json_u64(&s->json, "failcnt", keyed(read_text(s, dir, file), "max"));
	}
	json_close(&s->json, '}');
}

static void emit_hugetlb(struct stats *s)
{
	CLEANUP_CLOSEDIR DIR *folder = opendir("/sys/kernel/mm/hugepages");
	struct dirent *entry;
	char name[32];

	json_open(&s->json, "hugetlb", '{');
	while (folder && (entry = readdir(folder)) != NULL)
		if (page_size_name(entry->d_name, name, sizeof(name)))
			emit_page_size(s, name);
	json_close(&s->json, '}');
}

/* ---- network: the container's own view ---- */

static void emit_interface(struct json_text *json, const char *name, size_t name_len,
			   const char *numbers)
{
	static const char *const keys[] = { "RxBytes", "RxPackets", "RxErrors", "RxDropped",
					    "TxBytes", "TxPackets", "TxErrors", "TxDropped" };
	/* columns of /proc/net/dev: eight received, then eight sent; bytes packets errs drop ... */
	static const int columns[] = { 0, 1, 2, 3, 8, 9, 10, 11 };
	uint64_t values[16] = { 0 };
	const char *p = numbers;

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		char *end;

		values[i] = strtoull(p, &end, 10);
		p = end;
	}
	json_open(json, NULL, '{');
	json_string(json, "Name", name, name_len);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		json_u64(json, keys[i], values[columns[i]]);
	json_close(json, '}');
}

static void emit_network(struct stats *s, pid_t pid)
{
	char path[64];
	char *text = NULL;
	size_t length;

	(void)snprintf(path, sizeof(path), "/proc/%d/net/dev", (int)pid);
	json_open(&s->json, "network_interfaces", '[');
	if (pid > 0 && io_read_at(AT_FDCWD, path, FILE_LIMIT, &s->arena, &text, &length) < 0)
		text = NULL;
	for (const char *line = text ? text : ""; *line;) {
		const char *end = strchrnul(line, '\n');
		const char *name = line + strspn(line, " ");
		const char *colon = memchr(name, ':', (size_t)(end - name));
		size_t n = colon ? (size_t)(colon - name) : 0;

		if (n > 0 && !(n == 2 && memcmp(name, "lo", 2) == 0))
			emit_interface(&s->json, name, n, colon + 1);
		line = end + (*end == '\n');
	}
	json_close(&s->json, ']');
}

int cgroup_v1_stats(const struct cgroup *cgroup, pid_t pid, char **ret_text, size_t *ret_length,
		    struct oci_error *err)
{
	struct stats s = { cgroup, OCI_ARENA_INIT, JSON_TEXT_INIT };
	int r;

	json_open(&s.json, NULL, '{');
	emit_cpu(&s);
	emit_cpuset(&s);
	emit_memory(&s);
	emit_pids(&s);
	emit_blkio(&s);
	emit_hugetlb(&s);
	json_open(&s.json, "intel_rdt", '{');
	json_close(&s.json, '}');
	emit_network(&s, pid);
	json_close(&s.json, '}');
	r = json_take(&s.json, ret_text, ret_length);
	json_freep(&s.json);
	oci_arena_free(&s.arena);
	return r < 0 ? err_nomem(err) : 0;
}

int cgroup_v1_oom_fd(const struct cgroup *cgroup, struct oci_error *err)
{
	const struct cgroup_dir *dir = cgroup_dir_find(cgroup, "memory");
	CLEANUP_CLOSE int event = -EBADF;
	CLEANUP_CLOSE int control = -EBADF;
	char path[PATH_MAX], text[32];
	int r;

	if (!dir)
		return err_set(err, ENOTSUP,
			       "out-of-memory events: the memory cgroup controller is not mounted");
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
