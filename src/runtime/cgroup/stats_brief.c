/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stats_brief.c - the few figures that a person looks at first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/cgroup/stats-private.h"

/** pressure - "some avg10=1.23 ...": the percentage of the last ten seconds in which somebody waited; "" for none. */
static void pressure(const struct cgroup_dir *v2, const char *file, char buf[8])
{
	static const char start[] = "some avg10=";
	char text[256];

	buf[0] = '\0';
	if (v2 && cgroup_dir_read(v2, file, text, sizeof(text)) > 0 &&
	    strncmp(text, start, sizeof(start) - 1) == 0)
		(void)snprintf(buf, 8, "%.*s", (int)strspn(text + sizeof(start) - 1, "0123456789."),
			       text + sizeof(start) - 1);
}

static uint64_t cpu_v2(const struct cgroup_dir *v2)
{
	char text[4096];

	if (!v2 || cgroup_dir_read(v2, "cpu.stat", text, sizeof(text)) < 0)
		return 0;
	return stats_keyed(text, "usage_usec") * 1000;
}

void cgroup_stats_brief(const struct cgroup *cgroup, struct cgroup_brief *ret)
{
	const struct cgroup_dir *v2 = cgroup_dir_find(cgroup, "");
	const struct cgroup_dir *acct = cgroup_dir_find(cgroup, "cpuacct");
	const struct cgroup_dir *memory = cgroup_dir_find(cgroup, "memory");
	const struct cgroup_dir *pids = cgroup_dir_find(cgroup, "pids");

	*ret = (struct cgroup_brief){
		.cpu_ns = acct ? stats_number(acct, "cpuacct.usage") : cpu_v2(v2),
		.memory = memory ? stats_number(memory, "memory.usage_in_bytes")
				 : stats_number(v2, "memory.current"),
		.memory_limit = UINT64_MAX,
		.pids = stats_number(pids ? pids : v2, "pids.current"),
		.pids_limit = UINT64_MAX,
	};
	if (memory)
		(void)cgroup_dir_read_u64(memory, "memory.limit_in_bytes", &ret->memory_limit);
	else if (v2)
		(void)cgroup_dir_read_u64(v2, "memory.max", &ret->memory_limit);
	if (pids || v2)
		(void)cgroup_dir_read_u64(pids ? pids : v2, "pids.max", &ret->pids_limit);
	pressure(v2, "cpu.pressure", ret->cpu_pressure);
	pressure(v2, "memory.pressure", ret->memory_pressure);
	pressure(v2, "io.pressure", ret->io_pressure);
}
