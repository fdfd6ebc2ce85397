/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats.c - what the container uses, in the shape of runc's `events --stats`.
 *
 * Monitoring tools decode that shape, so names and units are runc's: bytes,
 * nanoseconds, "network_interfaces" with capitals; what is more than that has names
 * that runc does not use. A file that this kernel lacks counts as zero; a
 * controller that is nowhere leaves zeros. Each is looked for on v1 first and
 * on v2 then, so the same code serves v1, hybrid and v2 hosts.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/stats-private.h"

#define FILE_LIMIT (1 << 20)

/* ---- reading ---- */

const char *stats_text(struct stats *s, const struct cgroup_dir *dir, const char *file)
{
	char path[PATH_MAX];
	char *text;
	size_t length;

	if (!dir || cgroup_dir_path(dir, file, path) < 0 ||
	    io_read_at(AT_FDCWD, path, FILE_LIMIT, &s->arena, &text, &length) < 0)
		return "";
	return text;
}

uint64_t stats_number(const struct cgroup_dir *dir, const char *file)
{
	uint64_t value = 0;

	if (!dir || cgroup_dir_read_u64(dir, file, &value) < 0)
		return 0;
	return value;
}

uint64_t stats_keyed(const char *text, const char *key)
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

/* ---- writing ---- */

void stats_emit_ranges(struct json_text *json, const char *key, const char *text)
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

void stats_emit_raw(struct json_text *json, const char *stat)
{
	char key[64];

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
}

void stats_emit_entry(struct json_text *json, const char *key, const struct stats_entry *entry)
{
	json_open(json, key, '{');
	json_u64(json, "limit", entry->limit);
	json_u64(json, "usage", entry->usage);
	json_u64(json, "max", entry->max);
	json_u64(json, "failcnt", entry->failcnt);
	json_close(json, '}');
}

/* ---- pressure: only v2 measures it ---- */

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

/** emit_pressure - nothing where PSI is switched off: the file is missing, or reading it fails. */
static void emit_pressure(struct stats *s, const char *file)
{
	const char *text = stats_text(s, cgroup_dir_find(s->cgroup, ""), file);

	if (!text[0])
		return;
	json_open(&s->json, "psi", '{');
	emit_pressure_line(&s->json, text, "some");
	emit_pressure_line(&s->json, text, "full");
	json_close(&s->json, '}');
}

/* ---- controllers ---- */

static void emit_cpu(struct stats *s)
{
	const struct cgroup_dir *v1 = cgroup_dir_find(s->cgroup, "cpuacct");

	json_open(&s->json, "cpu", '{');
	if (v1)
		stats_v1_cpu(s, v1);
	else
		stats_v2_cpu(s, cgroup_dir_find(s->cgroup, ""));
	emit_pressure(s, "cpu.pressure");
	json_close(&s->json, '}');
}

static void emit_cpuset(struct stats *s)
{
	const struct cgroup_dir *v1 = cgroup_dir_find(s->cgroup, "cpuset");

	json_open(&s->json, "cpuset", '{');
	if (v1)
		stats_v1_cpuset(s, v1);
	else
		stats_v2_cpuset(s, cgroup_dir_find(s->cgroup, ""));
	json_close(&s->json, '}');
}

static void emit_memory(struct stats *s)
{
	const struct cgroup_dir *v1 = cgroup_dir_find(s->cgroup, "memory");

	json_open(&s->json, "memory", '{');
	if (v1)
		stats_v1_memory(s, v1);
	else
		stats_v2_memory(s, cgroup_dir_find(s->cgroup, ""));
	emit_pressure(s, "memory.pressure");
	json_close(&s->json, '}');
}

/** emit_pids - the files have the same names everywhere. */
static void emit_pids(struct stats *s)
{
	const struct cgroup_dir *v1 = cgroup_dir_find(s->cgroup, "pids");
	const struct cgroup_dir *dir = v1 ? v1 : cgroup_dir_find(s->cgroup, "");
	uint64_t limit = stats_number(dir, "pids.max");

	json_open(&s->json, "pids", '{');
	json_u64(&s->json, "current", stats_number(dir, "pids.current"));
	if (limit != UINT64_MAX)
		json_u64(&s->json, "limit", limit);
	json_close(&s->json, '}');
}

static void emit_blkio(struct stats *s)
{
	const struct cgroup_dir *v1 = cgroup_dir_find(s->cgroup, "blkio");

	json_open(&s->json, "blkio", '{');
	if (v1)
		stats_v1_blkio(s);
	else
		stats_v2_blkio(s, cgroup_dir_find(s->cgroup, ""));
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

/**
 * emit_page_size - what is reserved where the kernel counts that (5.7), as runc does: a limit is kept against
 * reservations.
 */
static void emit_page_size(struct stats *s, const char *name)
{
	const struct cgroup_dir *v1 = cgroup_dir_find(s->cgroup, "hugetlb");
	const struct cgroup_dir *dir = v1 ? v1 : cgroup_dir_find(s->cgroup, "");
	const char *rsvd = ".rsvd";
	uint64_t usage = 0;
	char file[96];

	for (;; rsvd = "") {
		(void)snprintf(file, sizeof(file), "hugetlb.%s%s.%s", name, rsvd,
			       v1 ? "usage_in_bytes" : "current");
		if (dir && cgroup_dir_read_u64(dir, file, &usage) == 0)
			break;
		if (!*rsvd)
			return;
	}
	json_open(&s->json, name, '{');
	json_u64(&s->json, "usage", usage);
	if (v1) {
		(void)snprintf(file, sizeof(file), "hugetlb.%s%s.max_usage_in_bytes", name, rsvd);
		json_u64(&s->json, "max", stats_number(dir, file));
		(void)snprintf(file, sizeof(file), "hugetlb.%s%s.failcnt", name, rsvd);
		json_u64(&s->json, "failcnt", stats_number(dir, file));
	} else {
		(void)snprintf(file, sizeof(file), "hugetlb.%s.events", name);
		json_u64(&s->json, "failcnt", stats_keyed(stats_text(s, dir, file), "max"));
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

/* ---- all ---- */

int cgroup_fs_stats(const struct cgroup *cgroup, pid_t pid, char **ret_text, size_t *ret_length,
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
