/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_properties.c - linux.resources as properties of a unit.
 *
 * The files are written as well, and they are exact; but systemd writes its own
 * idea of a unit's limits whenever it looks at the unit again (daemon-reload, a
 * change of a sibling). So it is told all that it can express: systemd.resource-control(5).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/systemd.h"

#define INFINITE UINT64_MAX
#define USEC_PER_SEC 1000000ULL
#define PERIOD_DEFAULT 100000ULL /* of the kernel, and of systemd */
/*
 * systemd keeps a quota as whole percents of a CPU in the unit's file: what is less than one would be
 * none after a daemon-reload.
 */
#define QUOTA_STEP 10000ULL
#define CPUS_MAX 8192 /* the kernel's CONFIG_NR_CPUS goes that far */

/* ---- the list ---- */

static struct unit_property *grow(struct unit_properties *list)
{
	if (list->len == list->allocated && !list->failed) {
		size_t more = list->allocated ? 2 * list->allocated : 16;
		struct unit_property *bigger = oci_arena_array(list->arena, more, sizeof(*bigger));

		list->failed = !bigger;
		if (bigger && list->len > 0)
			memcpy(bigger, list->list, list->len * sizeof(*bigger));
		if (bigger) {
			list->list = bigger;
			list->allocated = more;
		}
	}
	return list->failed ? NULL : &list->list[list->len];
}

void unit_property_add(struct unit_properties *list, const char *name, const char *signature,
		       const char *const *values, size_t len, bool optional)
{
	const char **copy = oci_arena_array(list->arena, len + 1, sizeof(*copy));
	struct unit_property *p = grow(list);

	list->failed = list->failed || !copy;
	if (list->failed)
		return;
	if (len > 0)
		memcpy(copy, values, len * sizeof(*copy));
	*p = (struct unit_property){ name, signature, copy, len, optional };
	list->len++;
}

void unit_property_set(struct unit_properties *list, const char *name, const char *signature,
		       const char *text, bool optional)
{
	const char *copy = oci_arena_strdup(list->arena, text);

	if (!copy)
		list->failed = true;
	else
		unit_property_add(list, name, signature, &copy, 1, optional);
}

void unit_property_set_u64(struct unit_properties *list, const char *name, uint64_t value,
			   bool optional)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRIu64, value);
	unit_property_set(list, name, "t", text, optional);
}

const struct unit_property *unit_property_find(const struct unit_properties *list, const char *name)
{
	for (size_t i = list->len; i > 0; i--)
		if (strcmp(list->list[i - 1].name, name) == 0)
			return &list->list[i - 1];
	return NULL;
}

/* ---- memory, pids, io ---- */

/* 0 leaves it, -1 is none; as the files have it */
static void set_limit(struct unit_properties *list, const char *name, const struct oci_i64 *value)
{
	if (value->present && value->value != 0)
		unit_property_set_u64(list, name,
				      value->value < 0 ? INFINITE : (uint64_t)value->value, true);
}

static void memory_v2(const struct oci_memory *memory, struct unit_properties *list)
{
	struct oci_i64 swap = memory->swap;

	set_limit(list, "MemoryMax", &memory->limit);
	set_limit(list, "MemoryLow", &memory->reservation);
	/* v2 counts swap alone */
	if (!swap.present && memory->limit.present && memory->limit.value == -1)
		swap = (struct oci_i64){ true, -1 };
	if (!swap.present || swap.value == 0)
		return;
	if (swap.value < 0)
		unit_property_set_u64(list, "MemorySwapMax", INFINITE, true);
	else if (memory->limit.present && memory->limit.value > 0 &&
		 swap.value >= memory->limit.value)
		unit_property_set_u64(list, "MemorySwapMax",
				      (uint64_t)(swap.value - memory->limit.value), true);
}

static void set_block_io(const struct oci_block_io *io, bool v2, struct unit_properties *list)
{
	if (!io->weight.present || io->weight.value < 10 || io->weight.value > 1000)
		return;
	if (v2)
		unit_property_set_u64(list, "IOWeight", cgroup_io_weight_of_blkio(io->weight.value),
				      true);
	else
		unit_property_set_u64(list, "BlockIOWeight", io->weight.value, true);
}

/* ---- cpu ---- */

/* What an update leaves alone is what the files say. */
static void current_quota(const struct cgroup *cgroup, int64_t *quota, uint64_t *period)
{
	const struct cgroup_dir *dir = cgroup ? cgroup_dir_find(cgroup, "cpu") : NULL;
	char text[64], *end;

	if (dir) {
		if (cgroup_dir_read(dir, "cpu.cfs_quota_us", text, sizeof(text)) > 0)
			*quota = strtoll(text, NULL, 10);
		(void)cgroup_dir_read_u64(dir, "cpu.cfs_period_us", period);
		return;
	}
	dir = cgroup ? cgroup_dir_find(cgroup, "") : NULL;
	if (!dir || cgroup_dir_read(dir, "cpu.max", text, sizeof(text)) <= 0)
		return;
	*quota = strtoll(text, &end, 10);
	if (end == text) {
		*quota = -1;
		end = strchrnul(text, ' ');
	}
	if (*end == ' ')
		*period = strtoull(end + 1, NULL, 10);
}

static void set_quota(struct unit_properties *list, int64_t quota, uint64_t period)
{
	uint64_t per_second = INFINITE;

	if (period == 0)
		period = PERIOD_DEFAULT;
	if (quota > 0) {
		per_second = (uint64_t)((__uint128_t)quota * USEC_PER_SEC / period);
		per_second = (per_second + QUOTA_STEP - 1) / QUOTA_STEP * QUOTA_STEP;
	}
	unit_property_set_u64(list, "CPUQuotaPerSecUSec", per_second, true);
	unit_property_set_u64(list, "CPUQuotaPeriodUSec", period, true);
}

/* "0-3,7" as the bits of an array of bytes, the lowest first */
static void set_cpus(struct unit_properties *list, const char *name, const char *text)
{
	unsigned char bits[CPUS_MAX / 8] = { 0 };
	const char *values[CPUS_MAX / 8];
	size_t len = 0;

	for (const char *p = text; *p;) {
		char *end;
		unsigned long first = strtoul(p, &end, 10), last = first;

		if (end == p)
			return; /* the kernel will say what is wrong with it */
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (; first <= last && first < CPUS_MAX; first++) {
			bits[first / 8] |= (unsigned char)(1U << first % 8);
			len = first / 8 + 1 > len ? first / 8 + 1 : len;
		}
		p = end;
		if (*p == ',')
			p++;
		else if (*p)
			return;
	}
	for (size_t i = 0; i < len; i++) {
		values[i] = oci_arena_printf(list->arena, "%u", bits[i]);
		list->failed = list->failed || !values[i];
	}
	if (len > 0)
		unit_property_add(list, name, "ay", values, len, true);
}

static void set_cpu(const struct cgroup *cgroup, const struct oci_cpu *cpu, bool v2, bool starting,
		    struct unit_properties *list)
{
	int64_t quota = -1;
	uint64_t period = 0;

	if (cpu->shares.present && cpu->shares.value != 0 && v2)
		unit_property_set_u64(list, "CPUWeight", cgroup_weight_of_shares(cpu->shares.value),
				      true);
	else if (cpu->shares.present && cpu->shares.value != 0)
		unit_property_set_u64(list, "CPUShares", cpu->shares.value, true);
	/* 252; idle is a weight of 0 */
	if (v2 && cpu->idle.present && cpu->idle.value == 1)
		unit_property_set_u64(list, "CPUWeight", 0, true);
	if ((cpu->quota.present && cpu->quota.value != 0) ||
	    (cpu->period.present && cpu->period.value != 0)) {
		if (!starting)
			current_quota(cgroup, &quota, &period);
		if (cpu->quota.present && cpu->quota.value != 0)
			quota = cpu->quota.value;
		if (cpu->period.present && cpu->period.value != 0)
			period = cpu->period.value;
		set_quota(list, quota, period);
	}
	if (v2 && cpu->cpus && *cpu->cpus)
		set_cpus(list, "AllowedCPUs", cpu->cpus);
	if (v2 && cpu->mems && *cpu->mems)
		set_cpus(list, "AllowedMemoryNodes", cpu->mems);
}

/* ---- unified: keys that systemd has a word for ---- */

static bool parse_max(const char *text, uint64_t *ret)
{
	if (strcmp(text, "max") == 0) {
		*ret = INFINITE;
		return true;
	}
	return parse_u64(text, ret) == 0;
}

static void set_unified_quota(const char *text, struct unit_properties *list)
{
	char *end;
	int64_t quota = strncmp(text, "max", 3) == 0 ? -1 : strtoll(text, NULL, 10);
	const char *blank = strchr(text, ' ');
	uint64_t period = blank ? strtoull(blank + 1, &end, 10) : 0;

	if (quota != 0)
		set_quota(list, quota, period);
}

static void set_unified(const struct oci_pair *pair, bool starting, struct unit_properties *list)
{
	static const struct {
		const char *key;
		const char *property;
	} numbers[] = {
		{ "memory.max", "MemoryMax" },
		{ "memory.high", "MemoryHigh" },
		{ "memory.low", "MemoryLow" },
		{ "memory.min", "MemoryMin" },
		{ "memory.swap.max", "MemorySwapMax" },
		{ "memory.zswap.max", "MemoryZSwapMax" },
		{ "pids.max", "TasksMax" },
		{ "cpu.weight", "CPUWeight" },
		{ "io.weight", "IOWeight" },
	};
	const char *text = pair->value;
	uint64_t number;

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (strcmp(pair->key, numbers[i].key) != 0)
			continue;
		if (strncmp(text, "default ", 8) == 0)
			text += 8;
		if (parse_max(text, &number))
			unit_property_set_u64(list, numbers[i].property, number, true);
		return;
	}
	if (strcmp(pair->key, "cpu.max") == 0)
		set_unified_quota(text, list);
	else if (strcmp(pair->key, "cpu.idle") == 0 && strcmp(text, "1") == 0)
		unit_property_set_u64(list, "CPUWeight", 0, true);
	else if (strcmp(pair->key, "cpuset.cpus") == 0)
		set_cpus(list, "AllowedCPUs", text);
	else if (strcmp(pair->key, "cpuset.mems") == 0)
		set_cpus(list, "AllowedMemoryNodes", text);
	/* 253, and not for a unit that runs */
	else if (strcmp(pair->key, "memory.oom.group") == 0 && starting)
		unit_property_set(list, "OOMPolicy", "s",
				  strcmp(text, "1") == 0 ? "kill" : "continue", true);
}

/* ---- devices ---- */

/**
 * device_node - systemd's name for a rule (systemd.resource-control(5), DeviceAllow=), or NULL when it has none.
 * A minor of any major is one: on v2 all are let through here, our own program beside systemd's is exact.
 */
static const char *device_node(struct oci_arena *arena, const struct cgroup_device *device, bool v2)
{
	const char *word = device->type == 'b' ? "block" : "char";

	if (device->major < 0 && (device->minor < 0 || v2))
		return oci_arena_printf(arena, "%s-*", word);
	if (device->major < 0)
		return NULL;
	if (device->minor < 0)
		return oci_arena_printf(arena, "%s-%" PRId64, word, device->major);
	return oci_arena_printf(arena, "/dev/%s/%" PRId64 ":%" PRId64, word, device->major,
				device->minor);
}

static int set_devices(const struct oci_resources *resources, bool v2, struct unit_properties *list,
		       struct oci_error *err)
{
	CLEANUP_FREE struct cgroup_device *devices = NULL;
	struct cgroup_device_set set;
	const char **values;
	size_t len = 0;
	struct oci_error why = OCI_ERROR_INIT;
	int r = cgroup_devices_plan(resources, &set, &why);

	if (r < 0 && !v2)
		return err_set(err, -r, "%s", why.message);
	if (r == -ENOMEM)
		return err_nomem(err);
	/* exceptions from a wildcard, which our program can have and neither v1 nor systemd */
	if (r < 0)
		set = (struct cgroup_device_set){ .allow_all = true };
	devices = set.list;
	/* empty first: what an earlier unit of the name had in its drop-ins goes */
	unit_property_add(list, "DeviceAllow", "a(ss)", NULL, 0, false);
	if (set.allow_all) {
		unit_property_set(list, "DevicePolicy", "s", "auto", false);
		return 0;
	}
	unit_property_set(list, "DevicePolicy", "s", "strict", false);
	values = oci_arena_array(list->arena, 2 * set.len + 1, sizeof(*values));
	if (!values)
		return err_nomem(err);
	for (size_t i = 0; i < set.len; i++) {
		const char *node = device_node(list->arena, &set.list[i], v2);

		if (!node)
			continue;
		values[len++] = node;
		values[len++] = oci_arena_printf(list->arena, "%s%s%s",
						 set.list[i].access & CGROUP_DEVICE_R ? "r" : "",
						 set.list[i].access & CGROUP_DEVICE_W ? "w" : "",
						 set.list[i].access & CGROUP_DEVICE_M ? "m" : "");
		if (!values[len - 1])
			return err_nomem(err);
	}
	unit_property_add(list, "DeviceAllow", "a(ss)", values, len, false);
	return 0;
}

int systemd_resource_properties(const struct cgroup *cgroup, enum cgroup_mode mode, bool user_bus,
				const struct oci_resources *resources, bool starting,
				struct unit_properties *list, struct oci_error *err)
{
	bool v2 = mode == CGROUP_MODE_V2;
	int r = 0;

	/* a user's manager may not load programs; rules of a container that runs are left alone */
	if (starting && !user_bus)
		r = set_devices(resources, v2, list, err);
	if (r < 0)
		return r;
	if (resources->memory && v2)
		memory_v2(resources->memory, list);
	else if (resources->memory)
		set_limit(list, "MemoryLimit", &resources->memory->limit);
	if (resources->cpu)
		set_cpu(cgroup, resources->cpu, v2, starting, list);
	if (resources->pids)
		set_limit(list, "TasksMax", &resources->pids->limit);
	if (resources->block_io)
		set_block_io(resources->block_io, v2, list);
	for (size_t i = 0; v2 && i < resources->unified_len; i++)
		set_unified(&resources->unified[i], starting, list);
	return list->failed ? err_nomem(err) : 0;
}
