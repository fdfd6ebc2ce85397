/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats-private.h - between stats.c, which makes the document, and the files that read one kind of hierarchy each.
 *
 * Each emit function writes the members of one object, which is open already.
 */
#ifndef CARTE_RUNTIME_CGROUP_STATS_PRIVATE_H
#define CARTE_RUNTIME_CGROUP_STATS_PRIVATE_H

#include "runtime/cgroup/internal.h"
#include "runtime/cgroup/json_text.h"

struct stats {
	const struct cgroup *cgroup;
	struct oci_arena arena;
	struct json_text json;
};

/** stats_text - a file, or "" where there is none. */
const char *stats_text(struct stats *s, const struct cgroup_dir *dir, const char *file);

/** stats_number - a file with one number, or 0; "max" is UINT64_MAX. */
uint64_t stats_number(const struct cgroup_dir *dir, const char *file);

/** stats_keyed - the number behind @key in a file of "KEY 123" lines, or 0. */
uint64_t stats_keyed(const char *text, const char *key);

/** stats_emit_ranges - "0-2,7" as [0,1,2,7]; nothing for an empty list. */
void stats_emit_ranges(struct json_text *json, const char *key, const char *text);

/** stats_emit_raw - "raw": every line of memory.stat. */
void stats_emit_raw(struct json_text *json, const char *stat);

/** stats_emit_entry - {"limit","usage","max","failcnt"}. */
struct stats_entry {
	uint64_t limit;
	uint64_t usage;
	uint64_t max;
	uint64_t failcnt;
};
void stats_emit_entry(struct json_text *json, const char *key, const struct stats_entry *entry);

void stats_v1_cpu(struct stats *s, const struct cgroup_dir *acct);
void stats_v1_cpuset(struct stats *s, const struct cgroup_dir *dir);
void stats_v1_memory(struct stats *s, const struct cgroup_dir *dir);
void stats_v1_blkio(struct stats *s);

void stats_v2_cpu(struct stats *s, const struct cgroup_dir *dir);
void stats_v2_cpuset(struct stats *s, const struct cgroup_dir *dir);
void stats_v2_memory(struct stats *s, const struct cgroup_dir *dir);
void stats_v2_blkio(struct stats *s, const struct cgroup_dir *dir);

#endif
