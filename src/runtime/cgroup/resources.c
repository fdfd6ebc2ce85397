/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resources.c - linux.resources: the one table that maps the spec's fields to files, and its reader.
 *
 * Every value either acts or is refused by name. What engines send for "leave
 * it" (0, -1, false) asks for nothing, so it is no error where the controller
 * is missing. Some files restrict each other (memory and memory+swap, quota
 * and burst, shares and idle), each order being right for some change, so a
 * value that is refused as invalid is tried again once others are written:
 * no reads and no second writes where the order happens to fit.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/internal.h"

enum value_kind {
	KIND_I64,
	KIND_U64,
	KIND_U32,
	KIND_BOOL,
	KIND_TEXT,
};

enum {
	ZERO_LEAVES = 1 << 0, /* 0 (false): nothing is asked */
	ZERO_DEFAULT =
		1 << 1, /* 0 (false) is what a new cgroup has; no error where the file is missing */
	MINUS_LEAVES = 1 << 2,   /* -1 (as unsigned: all ones): nothing is asked */
	MINUS_DEFAULT = 1 << 3,  /* negative is what a new cgroup has: no limit */
	MINUS_IS_MAX = 1 << 4,   /* the file calls it "max" */
	MINUS_ONE_ONLY = 1 << 5, /* other negative values are mistakes */
};

struct resource_row {
	const char *field; /* below linux.resources */
	const char *controller;
	const char *v1_file;
	const char *v1_other; /* the same in other kernels */
	size_t group;         /* of the pointer to the group in struct oci_resources */
	size_t member;        /* of the value in the group */
	enum value_kind kind;
	unsigned flags;
	uint64_t min; /* with max 0: no range but the kernel's */
	uint64_t max;
};

#define KIND_OF(type, name) \
	_Generic(((struct type *)0)->name, struct oci_i64: KIND_I64, struct oci_u64: KIND_U64, \
		 struct oci_u32: KIND_U32, struct oci_bool: KIND_BOOL, char *: KIND_TEXT)
#define ROW(word, ctl, file, other, grp, type, name, flag_bits, low, high)            \
	{                                                                             \
		.field = word, .controller = ctl, .v1_file = file, .v1_other = other, \
		.group = offsetof(struct oci_resources, grp),                         \
		.member = offsetof(struct type, name), .kind = KIND_OF(type, name),   \
		.flags = flag_bits, .min = low, .max = high                           \
	}
#define MEMORY(word, file, name, flag_bits, low, high)                                           \
	ROW("memory." word, "memory", "memory." file, NULL, memory, oci_memory, name, flag_bits, \
	    low, high)
#define CPU(word, file, name, flag_bits, low, high) \
	ROW("cpu." word, "cpu", "cpu." file, NULL, cpu, oci_cpu, name, flag_bits, low, high)

#define BYTES (ZERO_LEAVES | MINUS_DEFAULT | MINUS_ONE_ONLY)

/* useHierarchy first: it cannot change once a limit is there. Shares are refused while idle is 1. */
static const struct resource_row rows[] = {
	MEMORY("useHierarchy", "use_hierarchy", use_hierarchy, 0, 0, 0),
	MEMORY("limit", "limit_in_bytes", limit, BYTES, 0, 0),
	MEMORY("swap", "memsw.limit_in_bytes", swap, BYTES, 0, 0),
	MEMORY("reservation", "soft_limit_in_bytes", reservation, BYTES, 0, 0),
	MEMORY("kernel", "kmem.limit_in_bytes", kernel, BYTES, 0, 0),
	MEMORY("kernelTCP", "kmem.tcp.limit_in_bytes", kernel_tcp, BYTES, 0, 0),
	MEMORY("swappiness", "swappiness", swappiness, MINUS_LEAVES, 0, 100),
	MEMORY("disableOOMKiller", "oom_control", disable_oom_killer, ZERO_DEFAULT, 0, 0),
	CPU("shares", "shares", shares, ZERO_LEAVES, 2, 262144),
	CPU("idle", "idle", idle, ZERO_DEFAULT, 0, 1),
	/* kernel/sched/core.c: min_cfs_quota_period, max_cfs_quota_period */
	CPU("period", "cfs_period_us", period, ZERO_LEAVES, 1000, 1000000),
	CPU("quota", "cfs_quota_us", quota, ZERO_LEAVES | MINUS_DEFAULT, 0, 0),
	CPU("burst", "cfs_burst_us", burst, ZERO_DEFAULT, 0, 0),
	CPU("realtimePeriod", "rt_period_us", realtime_period, ZERO_LEAVES, 0, 0),
	CPU("realtimeRuntime", "rt_runtime_us", realtime_runtime, ZERO_LEAVES, 0, 0),
	ROW("cpu.cpus", "cpuset", "cpuset.cpus", NULL, cpu, oci_cpu, cpus, 0, 0, 0),
	ROW("cpu.mems", "cpuset", "cpuset.mems", NULL, cpu, oci_cpu, mems, 0, 0, 0),
	ROW("pids.limit", "pids", "pids.max", NULL, pids, oci_pids, limit,
	    ZERO_LEAVES | MINUS_DEFAULT | MINUS_IS_MAX, 0, 0),
	ROW("blockIO.weight", "blkio", "blkio.bfq.weight", "blkio.weight", block_io, oci_block_io,
	    weight, ZERO_LEAVES, 10, 1000),
	ROW("blockIO.leafWeight", "blkio", "blkio.leaf_weight", NULL, block_io, oci_block_io,
	    leaf_weight, ZERO_LEAVES, 10, 1000),
	ROW("network.classID", "net_cls", "net_cls.classid", NULL, network, oci_network, class_id,
	    ZERO_DEFAULT, 0, 0),
};

enum asked {
	ASKED_NOTHING = 0,
	ASKED_DEFAULT, /* what a new cgroup has anyway */
	ASKED_VALUE,
};

/* A number of any kind: sign and magnitude, so that ranges need one comparison. */
struct number {
	bool present;
	bool negative;
	uint64_t magnitude;
	bool minus_one;
};

static struct number number_of(const struct resource_row *row, const void *member)
{
	const struct oci_i64 *i64 = member;
	const struct oci_u64 *u64 = member;
	const struct oci_u32 *u32 = member;
	const struct oci_bool *b = member;

	switch (row->kind) {
	case KIND_I64:
		return (struct number){ i64->present, i64->value < 0, (uint64_t)i64->value,
					i64->value == -1 };
	case KIND_U64:
		return (struct number){ u64->present, false, u64->value, u64->value == UINT64_MAX };
	case KIND_U32:
		return (struct number){ u32->present, false, u32->value, false };
	case KIND_BOOL:
		return (struct number){ b->present, false, b->value ? 1 : 0, false };
	case KIND_TEXT:
		break;
	}
	return (struct number){ false, false, 0, false };
}

static enum asked asked_number(const struct resource_row *row, const struct number *number)
{
	if (!number->present)
		return ASKED_NOTHING;
	if (!number->negative && number->magnitude == 0 && (row->flags & ZERO_LEAVES))
		return ASKED_NOTHING;
	if (number->minus_one && (row->flags & MINUS_LEAVES))
		return ASKED_NOTHING;
	if (!number->negative && number->magnitude == 0 && (row->flags & ZERO_DEFAULT))
		return ASKED_DEFAULT;
	if (number->negative && (row->flags & MINUS_DEFAULT))
		return ASKED_DEFAULT;
	return ASKED_VALUE;
}

/** row_value - what @resources asks of this row, and as text for the file. */
static enum asked row_value(const struct resource_row *row, const struct oci_resources *resources,
			    char buf[32], const char **ret_text)
{
	const char *group = *(const char *const *)((const char *)resources + row->group);
	struct number number;
	enum asked asked;

	if (!group)
		return ASKED_NOTHING;
	if (row->kind == KIND_TEXT) {
		const char *text = *(const char *const *)(group + row->member);

		*ret_text = text;
		return text && text[0] ? ASKED_VALUE : ASKED_NOTHING;
	}
	number = number_of(row, group + row->member);
	/* memory without a limit means swap without one as well, as everybody reads it */
	if (row->member == offsetof(struct oci_memory, swap) &&
	    row->group == offsetof(struct oci_resources, memory) && !number.present &&
	    resources->memory->limit.present && resources->memory->limit.value == -1)
		number = (struct number){ true, true, (uint64_t)-1, true };
	asked = asked_number(row, &number);
	if (asked == ASKED_NOTHING)
		return asked;
	if (number.negative)
		(void)snprintf(buf, 32, "%s", (row->flags & MINUS_IS_MAX) ? "max" : "-1");
	else
		(void)snprintf(buf, 32, "%" PRIu64, number.magnitude);
	*ret_text = buf;
	return asked;
}

/* ---- check ---- */

int cgroup_no_controller(const struct cgroup *cgroup, const char *field, const char *controller,
			 struct oci_error *err)
{
	if (cgroup->manager == CGROUP_MANAGER_DISABLED)
		return err_set(err, ENOTSUP,
			       "linux.resources.%s: cannot be applied, cgroups are disabled",
			       field);
	return err_set(err, ENOTSUP, "linux.resources.%s: the %s cgroup controller is not mounted",
		       field, controller);
}

static int check_number(const struct resource_row *row, const struct oci_resources *resources,
			struct oci_error *err)
{
	const char *group = *(const char *const *)((const char *)resources + row->group);
	struct number number;

	if (!group || row->kind == KIND_TEXT)
		return 0;
	number = number_of(row, group + row->member);
	if (asked_number(row, &number) == ASKED_NOTHING)
		return 0;
	if (number.negative &&
	    ((row->flags & MINUS_ONE_ONLY) ? number.minus_one : (row->flags & MINUS_DEFAULT)))
		return 0;
	if (number.negative)
		return err_set(err, EINVAL, "linux.resources.%s: %" PRId64 " is negative",
			       row->field, (int64_t)number.magnitude);
	if (row->max > 0 && (number.magnitude < row->min || number.magnitude > row->max))
		return err_set(err, EINVAL,
			       "linux.resources.%s: %" PRIu64 " is not in the range from %" PRIu64
			       " to %" PRIu64,
			       row->field, number.magnitude, row->min, row->max);
	return 0;
}

static int check_memory(const struct oci_memory *memory, struct oci_error *err)
{
	if (memory && memory->limit.present && memory->swap.present && memory->limit.value > 0 &&
	    memory->swap.value > 0 && memory->swap.value < memory->limit.value)
		return err_set(err, EINVAL,
			       "linux.resources.memory.swap: %" PRId64
			       " is less than memory.limit %" PRId64
			       " (it counts memory and swap together)",
			       memory->swap.value, memory->limit.value);
	return 0;
}

/* What the kernel answers with a bare EINVAL. */
static int check_cpu(const struct oci_cpu *cpu, struct oci_error *err)
{
	if (!cpu)
		return 0;
	if (cpu->quota.present && cpu->quota.value > 0 && cpu->quota.value < 1000)
		return err_set(err, EINVAL,
			       "linux.resources.cpu.quota: %" PRId64
			       " is less than 1000 microseconds, the least that the kernel takes",
			       cpu->quota.value);
	if (cpu->burst.present && cpu->quota.present && cpu->quota.value > 0 &&
	    cpu->burst.value > (uint64_t)cpu->quota.value)
		return err_set(err, EINVAL,
			       "linux.resources.cpu.burst: %" PRIu64
			       " is more than cpu.quota %" PRId64,
			       cpu->burst.value, cpu->quota.value);
	if (cpu->realtime_runtime.present && cpu->realtime_period.present &&
	    cpu->realtime_period.value > 0 && cpu->realtime_runtime.value > 0 &&
	    (uint64_t)cpu->realtime_runtime.value > cpu->realtime_period.value)
		return err_set(err, EINVAL,
			       "linux.resources.cpu.realtimeRuntime: %" PRId64
			       " is more than cpu.realtimePeriod %" PRIu64,
			       cpu->realtime_runtime.value, cpu->realtime_period.value);
	return 0;
}

static int check_devices(const struct cgroup *cgroup, const struct oci_resources *resources,
			 struct oci_error *err)
{
	CLEANUP_FREE struct cgroup_device *list = NULL;
	struct cgroup_device_set set;
	int r;

	if (cgroup->mode == CGROUP_MODE_V2)
		return cgroup_v2_devices_check(resources, err);
	r = cgroup_devices_plan(resources, &set, err);
	if (r < 0)
		return r;
	list = set.list;
	/* every config.json has device rules: only a host with cgroups must be able to keep them */
	if (resources->devices_len > 0 && cgroup->mode != CGROUP_MODE_NONE &&
	    !cgroup_dir_find(cgroup, "devices"))
		return cgroup_no_controller(cgroup, "devices", "devices", err);
	return 0;
}

int cgroup_resources_check(const struct cgroup *cgroup, const struct oci_resources *resources,
			   struct oci_error *err)
{
	const char *text;
	char buf[32];
	int r;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		r = check_number(&rows[i], resources, err);
		if (r < 0)
			return r;
		if (row_value(&rows[i], resources, buf, &text) == ASKED_VALUE &&
		    !cgroup_dir_find(cgroup, rows[i].controller))
			return cgroup_no_controller(cgroup, rows[i].field, rows[i].controller, err);
	}
	r = check_memory(resources->memory, err);
	if (r == 0)
		r = check_cpu(resources->cpu, err);
	if (r == 0)
		r = check_devices(cgroup, resources, err);
	if (r == 0)
		r = cgroup_lists_check(cgroup, resources, err);
	return r;
}

/* ---- apply ---- */

int cgroup_value_write(const struct cgroup_value *value)
{
	int r = cgroup_dir_write(value->dir, value->file, value->text);

	if (r == -ENOENT && value->other_file)
		r = cgroup_dir_write(value->dir, value->other_file, value->text);
	return r;
}

int cgroup_value_failed(const struct cgroup_value *value, int code, struct oci_error *err)
{
	uint64_t usage;

	switch (code) {
	case ENOENT: /* engines take strerror's words for a missing program, so not those */
		return err_set(err, ENOTSUP, "linux.resources.%s: this kernel has no %s in %s%s",
			       value->field, value->file, value->dir->mount, value->dir->path);
	case EOPNOTSUPP:
		return err_set(err, ENOTSUP, "linux.resources.%s: this kernel refuses %s",
			       value->field, value->file);
	case EBUSY:
		if (strcmp(value->file, "memory.limit_in_bytes") == 0 &&
		    cgroup_dir_read_u64(value->dir, "memory.usage_in_bytes", &usage) == 0)
			return err_set(err, EBUSY,
				       "linux.resources.%s: unable to set limit to %s (current "
				       "usage: %" PRIu64 ")",
				       value->field, value->text, usage);
		break;
	case EINVAL:
		if (strcmp(value->file, "memory.memsw.limit_in_bytes") == 0)
			return err_set(err, EINVAL,
				       "linux.resources.%s: %s is less than the memory limit (it "
				       "counts memory and swap together); set memory.limit too",
				       value->field, value->text);
		break;
	default:
		break;
	}
	return err_sys(err, code, "linux.resources.%s: write '%s' to %s%s/%s", value->field,
		       value->text, value->dir->mount, value->dir->path, value->file);
}

/* Since 5.16 the kernel takes any limit of its own memory and forgets it. */
static int check_kernel_memory(const struct cgroup_value *value)
{
	uint64_t now;
	int r = cgroup_dir_read_u64(value->dir, value->file, &now);

	/* it rounds down to pages; without a limit it says the largest number of them */
	return r == 0 && now > INT64_MAX / 2 ? -EOPNOTSUPP : 0;
}

/**
 * write_row - Return: 0 written or nothing to write, 1 refused as invalid: try again later, or
 * -errno with words when it failed for good.
 */
static int write_row(const struct cgroup *cgroup, const struct resource_row *row,
		     const struct oci_resources *resources, bool fresh, bool last,
		     struct oci_error *err)
{
	char buf[32];
	struct cgroup_value value = {
		.dir = cgroup_dir_find(cgroup, row->controller),
		.file = row->v1_file,
		.other_file = row->v1_other,
		.field = row->field,
	};
	enum asked asked = row_value(row, resources, buf, &value.text);
	int r;

	if (asked == ASKED_NOTHING || (asked == ASKED_DEFAULT && (fresh || !value.dir)))
		return 0;
	if (!value.dir)
		return cgroup_no_controller(cgroup, row->field, row->controller, err);
	r = cgroup_value_write(&value);
	if (r == 0 && asked == ASKED_VALUE && row->member == offsetof(struct oci_memory, kernel) &&
	    row->group == offsetof(struct oci_resources, memory))
		r = check_kernel_memory(&value);
	if (r == 0 || (r == -ENOENT && asked == ASKED_DEFAULT))
		return 0;
	if (r == -EINVAL && !last)
		return 1;
	return cgroup_value_failed(&value, -r, err);
}

/** struct previous - what the files said before an update, to go back when it fails half-way. */
struct previous {
	char *text[ARRAY_LEN(rows)]; /* NULL: not touched */
};

static void remember(const struct cgroup *cgroup, const struct oci_resources *resources, size_t i,
		     struct previous *previous)
{
	const struct cgroup_dir *dir = cgroup_dir_find(cgroup, rows[i].controller);
	char value[32], text[4096];
	const char *asked;

	if (previous->text[i] || !dir ||
	    row_value(&rows[i], resources, value, &asked) == ASKED_NOTHING)
		return;
	if (cgroup_dir_read(dir, rows[i].v1_file, text, sizeof(text)) < 0 &&
	    (!rows[i].v1_other || cgroup_dir_read(dir, rows[i].v1_other, text, sizeof(text)) < 0))
		return;
	if (strcmp(rows[i].v1_file, "memory.oom_control") ==
	    0) /* three lines; one digit is written */
		(void)snprintf(text, sizeof(text), "%d",
			       strstr(text, "oom_kill_disable 1") ? 1 : 0);
	previous->text[i] = strdup(text);
}

/** go_back - as far as the kernel lets us; twice, since values restrict each other. */
static void go_back(const struct cgroup *cgroup, const struct previous *previous)
{
	for (size_t k = 0; k < 2 * ARRAY_LEN(rows); k++) {
		const struct resource_row *row = &rows[k % ARRAY_LEN(rows)];
		struct cgroup_value value = {
			.dir = cgroup_dir_find(cgroup, row->controller),
			.file = row->v1_file,
			.other_file = row->v1_other,
			.text = previous->text[k % ARRAY_LEN(rows)],
		};

		if (value.text && value.dir)
			(void)cgroup_value_write(&value);
	}
}

static int apply_rows(const struct cgroup *cgroup, const struct oci_resources *resources,
		      struct previous *previous, struct oci_error *err)
{
	uint64_t pending = 0, before;
	int r;

	_Static_assert(ARRAY_LEN(rows) < 64, "one bit for each row");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		pending |= UINT64_C(1) << i;
	do {
		before = pending;
		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			if (!(pending & UINT64_C(1) << i))
				continue;
			if (previous)
				remember(cgroup, resources, i, previous);
			r = write_row(cgroup, &rows[i], resources, !previous, false, err);
			if (r < 0)
				return r;
			if (r == 0)
				pending &= ~(UINT64_C(1) << i);
		}
	} while (pending && pending != before);

	for (size_t i = 0; i < ARRAY_LEN(rows) && pending; i++) {
		if (!(pending & UINT64_C(1) << i))
			continue;
		r = write_row(cgroup, &rows[i], resources, !previous, true, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/** check_usage - memory.checkBeforeUpdate: refuse a limit that would start the OOM killer at once. */
static int check_usage(const struct cgroup *cgroup, const struct oci_memory *memory,
		       struct oci_error *err)
{
	const struct cgroup_dir *dir = cgroup_dir_find(cgroup, "memory");
	uint64_t usage;

	if (!dir || !memory || !memory->check_before_update.value)
		return 0;
	if (memory->limit.present && memory->limit.value > 0 &&
	    cgroup_dir_read_u64(dir, "memory.usage_in_bytes", &usage) == 0 &&
	    usage > (uint64_t)memory->limit.value)
		return err_set(err, EBUSY,
			       "linux.resources.memory.limit: unable to set limit to %" PRId64
			       " (current usage: %" PRIu64 ")",
			       memory->limit.value, usage);
	if (memory->swap.present && memory->swap.value > 0 &&
	    cgroup_dir_read_u64(dir, "memory.memsw.usage_in_bytes", &usage) == 0 &&
	    usage > (uint64_t)memory->swap.value)
		return err_set(err, EBUSY,
			       "linux.resources.memory.swap: unable to set limit to %" PRId64
			       " (current usage: %" PRIu64 ")",
			       memory->swap.value, usage);
	return 0;
}

int cgroup_resources_apply(const struct cgroup *cgroup, const struct oci_resources *resources,
			   bool fresh, struct oci_error *err)
{
	struct previous previous = { { NULL } };
	int r = fresh ? 0 : check_usage(cgroup, resources->memory, err);

	if (r < 0)
		return r;
	r = apply_rows(cgroup, resources, fresh ? NULL : &previous, err);
	if (r == 0)
		r = cgroup_lists_apply(cgroup, resources, err);
	if (r < 0 && !fresh)
		go_back(cgroup, &previous);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		free(previous.text[i]);
	return r;
}
