/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resources.c - linux.resources: the one table that maps the spec's fields to files, and its reader.
 *
 * The spec's values are those of v1; a row says what becomes of them on v2. A controller is used on the v2
 * side when it is not mounted on the v1 side, so hybrid hosts of any mixture work.
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
	MINUS_IS_MAX = 1 << 4,   /* the v1 file calls it "max" as well */
	MINUS_ONE_ONLY = 1 << 5, /* other negative values are mistakes */
	MINUS_ACTS_V2 = 1 << 6,  /* on v2 a new cgroup has 0, and no limit is something else */
};

enum v2_rule {
	V2_NONE = 0, /* v2 has nothing like it: an error when it is asked for */
	V2_SAME,     /* the same value; negative is "max" */
	V2_ALWAYS,   /* v2 is like that */
	V2_SWAP,     /* memory and swap together to swap alone */
	V2_SHARES,   /* to a weight */
	V2_QUOTA,    /* two values in one file, "QUOTA PERIOD" */
	V2_PERIOD,
	V2_IO_WEIGHT, /* v2_other has another scale */
};

struct resource_row {
	const char *field; /* below linux.resources */
	const char *controller;
	const char *v1_file;
	const char *v1_other; /* the same in other kernels */
	const char *v2_controller;
	const char *v2_file;
	const char *v2_other;
	enum v2_rule v2;
	size_t group;  /* of the pointer to the group in struct oci_resources */
	size_t member; /* of the value in the group */
	enum value_kind kind;
	unsigned flags;
	uint64_t min; /* with max 0: no range but the kernel's */
	uint64_t max;
};

#define KIND_OF(type, name) \
	_Generic(((struct type *)0)->name, struct oci_i64: KIND_I64, struct oci_u64: KIND_U64, \
		 struct oci_u32: KIND_U32, struct oci_bool: KIND_BOOL, char *: KIND_TEXT)
#define ROW(word, grp, type, name, flag_bits, low, high)                                        \
	.field = word, .group = offsetof(struct oci_resources, grp),                            \
	.member = offsetof(struct type, name), .kind = KIND_OF(type, name), .flags = flag_bits, \
	.min = low, .max = high
#define MEMORY(word, name, flag_bits, low, high) \
	ROW("memory." word, memory, oci_memory, name, flag_bits, low, high)
#define CPU(word, name, flag_bits, low, high) \
	ROW("cpu." word, cpu, oci_cpu, name, flag_bits, low, high)
#define V1(ctl, file) .controller = ctl, .v1_file = file
#define V2(ctl, file, rule) .v2_controller = ctl, .v2_file = file, .v2 = rule

#define BYTES (ZERO_LEAVES | MINUS_DEFAULT | MINUS_ONE_ONLY)

/* useHierarchy first: it cannot change once a limit is there. Shares are refused while idle is 1. */
static const struct resource_row rows[] = {
	{ MEMORY("useHierarchy", use_hierarchy, 0, 0, 0), V1("memory", "memory.use_hierarchy"),
	  .v2 = V2_ALWAYS },
	{ MEMORY("limit", limit, BYTES, 0, 0), V1("memory", "memory.limit_in_bytes"),
	  V2("memory", "memory.max", V2_SAME) },
	{ MEMORY("swap", swap, BYTES, 0, 0), V1("memory", "memory.memsw.limit_in_bytes"),
	  V2("memory", "memory.swap.max", V2_SWAP) },
	{ MEMORY("reservation", reservation, BYTES | MINUS_ACTS_V2, 0, 0),
	  V1("memory", "memory.soft_limit_in_bytes"), V2("memory", "memory.low", V2_SAME) },
	{ MEMORY("kernel", kernel, BYTES, 0, 0), V1("memory", "memory.kmem.limit_in_bytes") },
	{ MEMORY("kernelTCP", kernel_tcp, BYTES, 0, 0),
	  V1("memory", "memory.kmem.tcp.limit_in_bytes") },
	{ MEMORY("swappiness", swappiness, MINUS_LEAVES, 0, 100),
	  V1("memory", "memory.swappiness") },
	{ MEMORY("disableOOMKiller", disable_oom_killer, ZERO_DEFAULT, 0, 0),
	  V1("memory", "memory.oom_control") },
	{ CPU("shares", shares, ZERO_LEAVES, 2, 262144), V1("cpu", "cpu.shares"),
	  V2("cpu", "cpu.weight", V2_SHARES) },
	{ CPU("idle", idle, ZERO_DEFAULT, 0, 1), V1("cpu", "cpu.idle"),
	  V2("cpu", "cpu.idle", V2_SAME) },
	/* kernel/sched/core.c: min_cfs_quota_period, max_cfs_quota_period */
	{ CPU("period", period, ZERO_LEAVES, 1000, 1000000), V1("cpu", "cpu.cfs_period_us"),
	  V2("cpu", "cpu.max", V2_PERIOD) },
	{ CPU("quota", quota, ZERO_LEAVES | MINUS_DEFAULT, 0, 0), V1("cpu", "cpu.cfs_quota_us"),
	  V2("cpu", "cpu.max", V2_QUOTA) },
	{ CPU("burst", burst, ZERO_DEFAULT, 0, 0), V1("cpu", "cpu.cfs_burst_us"),
	  V2("cpu", "cpu.max.burst", V2_SAME) },
	{ CPU("realtimePeriod", realtime_period, ZERO_LEAVES, 0, 0),
	  V1("cpu", "cpu.rt_period_us") },
	{ CPU("realtimeRuntime", realtime_runtime, ZERO_LEAVES, 0, 0),
	  V1("cpu", "cpu.rt_runtime_us") },
	{ CPU("cpus", cpus, 0, 0, 0), V1("cpuset", "cpuset.cpus"),
	  V2("cpuset", "cpuset.cpus", V2_SAME) },
	{ CPU("mems", mems, 0, 0, 0), V1("cpuset", "cpuset.mems"),
	  V2("cpuset", "cpuset.mems", V2_SAME) },
	{ ROW("pids.limit", pids, oci_pids, limit, ZERO_LEAVES | MINUS_DEFAULT | MINUS_IS_MAX, 0,
	      0),
	  V1("pids", "pids.max"), V2("pids", "pids.max", V2_SAME) },
	{ ROW("blockIO.weight", block_io, oci_block_io, weight, ZERO_LEAVES, 10, 1000),
	  V1("blkio", "blkio.bfq.weight"), .v1_other = "blkio.weight",
	  V2("io", "io.bfq.weight", V2_IO_WEIGHT), .v2_other = "io.weight" },
	{ ROW("blockIO.leafWeight", block_io, oci_block_io, leaf_weight, ZERO_LEAVES, 10, 1000),
	  V1("blkio", "blkio.leaf_weight") },
	{ ROW("network.classID", network, oci_network, class_id, ZERO_DEFAULT, 0, 0),
	  V1("net_cls", "net_cls.classid") },
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

static const char *group_of(const struct resource_row *row, const struct oci_resources *resources)
{
	return *(const char *const *)((const char *)resources + row->group);
}

static bool is_row(const struct resource_row *row, size_t group, size_t member)
{
	return row->group == group && row->member == member;
}

#define IS_MEMORY(row, name) \
	is_row(row, offsetof(struct oci_resources, memory), offsetof(struct oci_memory, name))

/** row_number - the value of a row that is no text. */
static struct number row_number(const struct resource_row *row,
				const struct oci_resources *resources)
{
	const char *group = group_of(row, resources);
	struct number number;

	if (!group || row->kind == KIND_TEXT)
		return (struct number){ false, false, 0, false };
	number = number_of(row, group + row->member);
	/* memory without a limit means swap without one as well, as everybody reads it */
	if (IS_MEMORY(row, swap) && !number.present && resources->memory->limit.present &&
	    resources->memory->limit.value == -1)
		number = (struct number){ true, true, (uint64_t)-1, true };
	return number;
}

/** row_asked - what @resources asks of this row. */
static enum asked row_asked(const struct resource_row *row, const struct oci_resources *resources)
{
	const char *group = group_of(row, resources);
	struct number number;

	if (!group)
		return ASKED_NOTHING;
	if (row->kind == KIND_TEXT) {
		const char *text = *(const char *const *)(group + row->member);

		return text && text[0] ? ASKED_VALUE : ASKED_NOTHING;
	}
	number = row_number(row, resources);
	return asked_number(row, &number);
}

/* ---- check ---- */

int cgroup_no_controller(const struct cgroup *cgroup, const char *field, const char *controller,
			 struct oci_error *err)
{
	if (cgroup->manager == CGROUP_MANAGER_DISABLED)
		return err_set(err, ENOTSUP,
			       "linux.resources.%s: cannot be applied, cgroups are disabled",
			       field);
	if (cgroup->mode == CGROUP_MODE_V2)
		return err_set(err, ENOTSUP,
			       "linux.resources.%s: this host has no %s cgroup controller", field,
			       controller);
	return err_set(err, ENOTSUP, "linux.resources.%s: the %s cgroup controller is not mounted",
		       field, controller);
}

int cgroup_not_on_v2(const char *field, struct oci_error *err)
{
	return err_set(err, ENOTSUP, "linux.resources.%s: cgroup v2 has no such setting", field);
}

/** check_controller - is there a hierarchy that can do what @row asks? */
static int check_controller(const struct cgroup *cgroup, const struct resource_row *row,
			    struct oci_error *err)
{
	if (cgroup_dir_find(cgroup, row->controller))
		return 0;
	if (cgroup->mode == CGROUP_MODE_V2 && row->v2 == V2_NONE)
		return cgroup_not_on_v2(row->field, err);
	if (row->v2 == V2_ALWAYS && cgroup->mode == CGROUP_MODE_V2)
		return 0;
	if (row->v2_file && cgroup_v2_dir_with(cgroup, row->v2_controller))
		return 0;
	return cgroup_no_controller(
		cgroup, row->field,
		cgroup->mode == CGROUP_MODE_V2 ? row->v2_controller : row->controller, err);
}

static int check_number(const struct resource_row *row, const struct oci_resources *resources,
			struct oci_error *err)
{
	struct number number = row_number(row, resources);

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
	int r;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		r = check_number(&rows[i], resources, err);
		if (r == 0 && row_asked(&rows[i], resources) == ASKED_VALUE)
			r = check_controller(cgroup, &rows[i], err);
		if (r < 0)
			return r;
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
		r = cgroup_dir_write(value->dir, value->other_file,
				     value->other_text ? value->other_text : value->text);
	return r;
}

/* swap as v1 and the spec count it, when there is less than the memory limit */
static int swap_is_less(const char *field, const char *text, struct oci_error *err)
{
	return err_set(err, EINVAL,
		       "linux.resources.%s: %s is less than the memory limit (it counts memory and"
		       " swap together); set memory.limit too",
		       field, text);
}

int cgroup_value_failed(const struct cgroup_value *value, int code, struct oci_error *err)
{
	bool v2 = cgroup_dir_is_v2(value->dir);
	char what[320];
	uint64_t usage;

	switch (code) {
	case ENOENT: /* engines take strerror's words for a missing program, so not those */
		return err_set(err, ENOTSUP, "linux.resources.%s: this kernel has no %s in %s%s",
			       value->field, value->file, value->dir->mount, value->dir->path);
	case EOPNOTSUPP:
		(void)snprintf(what, sizeof(what), "linux.resources.%s", value->field);
		if (v2 && cgroup_v2_is_threaded(value->dir))
			return cgroup_v2_explain_type(value->dir, what, err);
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
			return swap_is_less(value->field, value->text, err);
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

/** struct application - one call of cgroup_resources_apply. */
struct application {
	const struct cgroup *cgroup;
	const struct oci_resources *resources;
	bool fresh;
	struct cgroup_undo *undo;
};

/** struct row_text - the texts of one row for its files. */
struct row_text {
	const char *text; /* NULL: nothing to write */
	const char *other;
	char buf[64];
	char other_buf[32];
};

static const char *number_text(const struct number *number, const char *minus, char *buf,
			       size_t size)
{
	if (number->negative)
		return minus;
	(void)snprintf(buf, size, "%" PRIu64, number->magnitude);
	return buf;
}

/**
 * swap_text - v2 limits swap apart from memory. Swap alone counts from the limit that is there; it is left
 * as it is when memory is explicitly without one.
 */
static int swap_text(const struct application *a, const struct cgroup_dir *dir,
		     const struct number *swap, struct row_text *ret, struct oci_error *err)
{
	const struct oci_i64 *limit = &a->resources->memory->limit;
	uint64_t bytes = limit->present && limit->value > 0 ? (uint64_t)limit->value : 0;

	ret->text = number_text(swap, "max", ret->buf, sizeof(ret->buf));
	if (swap->negative || (limit->present && limit->value < 0))
		return 0;
	if (bytes == 0 && (a->fresh || cgroup_dir_read_u64(dir, "memory.max", &bytes) < 0))
		bytes = UINT64_MAX;
	if (bytes > swap->magnitude)
		return swap_is_less("memory.swap", ret->text, err);
	(void)snprintf(ret->buf, sizeof(ret->buf), "%" PRIu64, swap->magnitude - bytes);
	return 0;
}

/** period_text - when the quota's row does not write both: the quota that is there with a new period. */
static void period_text(const struct application *a, const struct cgroup_dir *dir,
			const struct number *period, struct row_text *ret)
{
	const struct oci_i64 *quota = &a->resources->cpu->quota;
	char now[24]; /* the first word, of at most 20 digits, is whole */

	if (quota->present && quota->value != 0 && !(a->fresh && quota->value < 0))
		return;
	if (a->fresh || cgroup_dir_read(dir, "cpu.max", now, sizeof(now)) <= 0)
		strcpy(now, "max");
	now[strcspn(now, " ")] = '\0';
	(void)snprintf(ret->buf, sizeof(ret->buf), "%s %" PRIu64, now, period->magnitude);
	ret->text = ret->buf;
}

/** quota_text - a quota alone leaves the period as it is. */
static void quota_text(const struct application *a, const struct number *quota,
		       struct row_text *ret)
{
	const struct oci_u64 *period = &a->resources->cpu->period;
	char number[24];
	const char *text = number_text(quota, "max", number, sizeof(number));

	if (period->present && period->value > 0)
		(void)snprintf(ret->buf, sizeof(ret->buf), "%s %" PRIu64, text, period->value);
	else
		(void)snprintf(ret->buf, sizeof(ret->buf), "%s", text);
	ret->text = ret->buf;
}

static int v2_text(const struct application *a, const struct resource_row *row,
		   const struct cgroup_dir *dir, struct row_text *ret, struct oci_error *err)
{
	struct number number = row_number(row, a->resources);

	switch (row->v2) {
	case V2_SAME:
		ret->text = number_text(&number, "max", ret->buf, sizeof(ret->buf));
		break;
	case V2_SWAP:
		return swap_text(a, dir, &number, ret, err);
	case V2_SHARES:
		number.magnitude = cgroup_weight_of_shares(number.magnitude);
		ret->text = number_text(&number, "", ret->buf, sizeof(ret->buf));
		break;
	case V2_QUOTA:
		quota_text(a, &number, ret);
		break;
	case V2_PERIOD:
		period_text(a, dir, &number, ret);
		break;
	case V2_IO_WEIGHT:
		ret->text = number_text(&number, "", ret->buf, sizeof(ret->buf));
		number.magnitude = cgroup_io_weight_of_blkio(number.magnitude);
		ret->other = number_text(&number, "", ret->other_buf, sizeof(ret->other_buf));
		break;
	case V2_NONE:
	case V2_ALWAYS:
		break;
	}
	return 0;
}

static int row_text(const struct application *a, const struct resource_row *row,
		    const struct cgroup_dir *dir, struct row_text *ret, struct oci_error *err)
{
	struct number number;

	*ret = (struct row_text){ .text = NULL };
	if (row->kind == KIND_TEXT) {
		ret->text = *(const char *const *)(group_of(row, a->resources) + row->member);
		return 0;
	}
	if (cgroup_dir_is_v2(dir))
		return v2_text(a, row, dir, ret, err);
	number = row_number(row, a->resources);
	ret->text = number_text(&number, (row->flags & MINUS_IS_MAX) ? "max" : "-1", ret->buf,
				sizeof(ret->buf));
	return 0;
}

/** row_dir - where the row acts; NULL: nowhere. */
static const struct cgroup_dir *row_dir(const struct cgroup *cgroup, const struct resource_row *row)
{
	const struct cgroup_dir *dir = cgroup_dir_find(cgroup, row->controller);

	if (dir || !row->v2_file)
		return dir;
	/* on a v2 host what is missing is told when its file is; elsewhere it may be nobody's */
	return cgroup->mode == CGROUP_MODE_V2 ? cgroup_dir_find(cgroup, "")
					      : cgroup_v2_dir_with(cgroup, row->v2_controller);
}

/* no swap to be limited: the kernel has no file for it, and nobody misses that */
static bool is_nothing(const struct resource_row *row, enum asked asked, const char *text)
{
	return asked == ASKED_DEFAULT ||
	       (row->v2 == V2_SWAP && (strcmp(text, "0") == 0 || strcmp(text, "max") == 0));
}

static int write_value(const struct resource_row *row, const struct cgroup_value *value,
		       enum asked asked, struct oci_error *err)
{
	int r;

	if (cgroup_dir_is_v2(value->dir)) {
		r = cgroup_value_write(value);
		if (r == -ENOENT && !is_nothing(row, asked, value->text))
			r = cgroup_v2_value_write(value, row->v2_controller, err);
		return r == -ENOENT && is_nothing(row, asked, value->text) ? 0 : r;
	}
	r = cgroup_value_write(value);
	if (r == 0 && asked == ASKED_VALUE && IS_MEMORY(row, kernel))
		r = check_kernel_memory(value);
	return r == -ENOENT && asked == ASKED_DEFAULT ? 0 : r;
}

/**
 * write_row - Return: 0 written or nothing to write, 1 refused as invalid: try again later, or
 * -errno with words when it failed for good.
 */
static int write_row(const struct application *a, const struct resource_row *row, bool last,
		     struct oci_error *err)
{
	enum asked asked = row_asked(row, a->resources);
	struct cgroup_value value = { .field = row->field };
	struct row_text text;
	int r;

	if (asked == ASKED_NOTHING)
		return 0;
	value.dir = row_dir(a->cgroup, row);
	if (asked == ASKED_DEFAULT && value.dir && cgroup_dir_is_v2(value.dir) &&
	    (row->flags & MINUS_ACTS_V2))
		asked = ASKED_VALUE;
	if (asked == ASKED_DEFAULT && (a->fresh || !value.dir))
		return 0;
	if (!value.dir)
		return check_controller(a->cgroup, row, err);
	value.file = cgroup_dir_is_v2(value.dir) ? row->v2_file : row->v1_file;
	value.other_file = cgroup_dir_is_v2(value.dir) ? row->v2_other : row->v1_other;
	r = row_text(a, row, value.dir, &text, err);
	if (r < 0 || !text.text)
		return r;
	value.text = text.text;
	value.other_text = text.other;
	cgroup_undo_remember(a->undo, &value);
	r = write_value(row, &value, asked, err);
	if (r == -EINVAL && !last)
		return 1;
	return r < 0 ? cgroup_value_failed(&value, -r, err) : 0;
}

static int apply_rows(const struct application *a, struct oci_error *err)
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
			r = write_row(a, &rows[i], false, err);
			if (r < 0)
				return r;
			if (r == 0)
				pending &= ~(UINT64_C(1) << i);
		}
	} while (pending && pending != before);

	for (size_t i = 0; i < ARRAY_LEN(rows) && pending; i++) {
		if (!(pending & UINT64_C(1) << i))
			continue;
		r = write_row(a, &rows[i], true, err);
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
	const char *file = dir ? "memory.usage_in_bytes" : "memory.current";
	uint64_t usage;

	if (!memory || !memory->check_before_update.value)
		return 0;
	if (!dir)
		dir = cgroup_v2_dir_with(cgroup, "memory");
	if (!dir)
		return 0;
	if (memory->limit.present && memory->limit.value > 0 &&
	    cgroup_dir_read_u64(dir, file, &usage) == 0 && usage > (uint64_t)memory->limit.value)
		return err_set(err, EBUSY,
			       "linux.resources.memory.limit: unable to set limit to %" PRId64
			       " (current usage: %" PRIu64 ")",
			       memory->limit.value, usage);
	if (memory->swap.present && memory->swap.value > 0 && !cgroup_dir_is_v2(dir) &&
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
	CLEANUP_UNDO struct cgroup_undo undo = CGROUP_UNDO_INIT;
	struct application a = { cgroup, resources, fresh, fresh ? NULL : &undo };
	int r = fresh ? 0 : check_usage(cgroup, resources->memory, err);

	if (r < 0)
		return r;
	r = apply_rows(&a, err);
	if (r == 0)
		r = cgroup_lists_apply(cgroup, resources, a.undo, err);
	if (r < 0)
		cgroup_undo_apply(&undo);
	return r;
}
