/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_update.c - `update`: new limits for a container that lives.
 *
 * The limits come from a document (a file, or stdin), from options, or from
 * both; an option wins over the document. Options that only cgroup v2 knows
 * become entries of linux.resources.unified, so that one path checks, writes and
 * takes back. Device rules in the document are accepted and left alone unless
 * --devices is given: engines send back the whole resources of the
 * container, and a GPU's hook may have extended its rules.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/cmds.h"
#include "runtime/duration.h"
#include "runtime/rdt.h"
#include "runtime/state.h"

#define DOCUMENT_LIMIT (16 << 20)

struct update_options {
	const char *resources;
	const char *blkio_weight;
	const char *cpu_period;
	const char *cpu_quota;
	const char *cpu_burst;
	const char *cpu_share;
	const char *cpu_rt_period;
	const char *cpu_rt_runtime;
	const char *cpu_idle;
	const char *cpuset_cpus;
	const char *cpuset_mems;
	const char *memory;
	const char *memory_reservation;
	const char *memory_swap;
	const char *pids_limit;
	const char *memory_high;
	const char *memory_min;
	const char *memory_oom_group;
	const char *psi;
	const char *l3_cache_schema;
	const char *mem_bw_schema;
	bool devices;
};

/* ---- options into the document's structs ---- */

static int bad_value(const char *option, const char *value, int code, struct oci_error *err)
{
	return err_set_as(err, ERR_USAGE, EINVAL, "invalid value \"%s\" for --%s: %s", value,
			  option, code == -ERANGE ? "out of range" : "expected a number");
}

static int set_u64(const char *option, const char *value, struct oci_u64 *ret,
		   struct oci_error *err)
{
	uint64_t number;
	int r;

	if (!value || !value[0])
		return 0;
	r = parse_u64(value, &number);
	if (r < 0)
		return bad_value(option, value, r, err);
	*ret = (struct oci_u64){ true, number };
	return 0;
}

static int set_i64(const char *option, const char *value, struct oci_i64 *ret,
		   struct oci_error *err)
{
	int64_t number;
	int r;

	if (!value || !value[0])
		return 0;
	r = parse_i64(value, &number);
	if (r < 0)
		return bad_value(option, value, r, err);
	*ret = (struct oci_i64){ true, number };
	return 0;
}

static int set_u32(const char *option, const char *value, struct oci_u32 *ret,
		   struct oci_error *err)
{
	uint32_t number;
	int r;

	if (!value || !value[0])
		return 0;
	r = parse_u32(value, &number);
	if (r < 0)
		return bad_value(option, value, r, err);
	*ret = (struct oci_u32){ true, number };
	return 0;
}

static int set_bytes(const char *option, const char *value, struct oci_i64 *ret,
		     struct oci_error *err)
{
	int64_t number;
	int r;

	if (!value || !value[0])
		return 0;
	r = bytes_parse(value, &number);
	if (r < 0)
		return err_set_as(err, ERR_USAGE, EINVAL, "invalid value \"%s\" for --%s: %s",
				  value, option,
				  r == -ERANGE ? "out of range"
					       : "expected bytes, a size such as 64m, or -1");
	*ret = (struct oci_i64){ true, number };
	return 0;
}

/* ---- options that only cgroup v2 has ---- */

enum unified_kind {
	UNIFIED_BYTES, /* -1: "max" */
	UNIFIED_SWITCH,
};

static const struct unified_option {
	const char *option;
	size_t member;
	const char *key;
	enum unified_kind kind;
} unified_options[] = {
	{ "memory-high", offsetof(struct update_options, memory_high), "memory.high",
	  UNIFIED_BYTES },
	{ "memory-min", offsetof(struct update_options, memory_min), "memory.min", UNIFIED_BYTES },
	{ "memory-oom-group", offsetof(struct update_options, memory_oom_group), "memory.oom.group",
	  UNIFIED_SWITCH },
	{ "psi", offsetof(struct update_options, psi), "cgroup.pressure", UNIFIED_SWITCH },
};

/** unified_text - what the file takes for an option's value; NULL with words when it is none. */
static const char *unified_text(const struct unified_option *o, const char *value, char buf[24],
				struct oci_error *err)
{
	struct oci_i64 bytes = { false, 0 };

	if (o->kind == UNIFIED_SWITCH) {
		if (strcmp(value, "0") == 0 || strcmp(value, "1") == 0)
			return value;
		(void)err_set_as(err, ERR_USAGE, EINVAL,
				 "invalid value \"%s\" for --%s: expected 0 or 1", value,
				 o->option);
		return NULL;
	}
	if (set_bytes(o->option, value, &bytes, err) < 0)
		return NULL;
	if (bytes.value < 0)
		return "max";
	(void)snprintf(buf, 24, "%" PRId64, bytes.value);
	return buf;
}

/** set_unified - in place of the document's value for the same file, or behind the others. */
static int set_unified(struct oci_arena *arena, struct oci_resources *r, const char *key,
		       const char *text, struct oci_error *err)
{
	struct oci_pair *list;
	char *value = oci_arena_strdup(arena, text);
	size_t i = 0;

	while (i < r->unified_len && strcmp(r->unified[i].key, key) != 0)
		i++;
	list = i < r->unified_len ? r->unified : oci_arena_array(arena, i + 1, sizeof(*list));
	if (!value || !list)
		return err_nomem(err);
	if (i == r->unified_len) {
		if (i > 0)
			memcpy(list, r->unified, i * sizeof(*list));
		r->unified = list;
		r->unified_len++;
	}
	list[i] = (struct oci_pair){ (char *)key, value };
	return 0;
}

/** check_v2 - an option's file must be on the v2 side of this host: say so in the option's name. */
static int check_v2(const struct cgroup *cgroup, const struct unified_option *o,
		    struct oci_error *err)
{
	struct oci_pair pair = { (char *)o->key, (char *)"0" };
	const struct oci_resources one = { .unified = &pair, .unified_len = 1 };
	struct oci_error why = OCI_ERROR_INIT;

	if (cgroup_check(cgroup, &one, &why) == 0)
		return 0;
	return err_set(err, ENOTSUP, "--%s: needs cgroup v2%s", o->option,
		       o->kind == UNIFIED_BYTES || strncmp(o->key, "memory", 6) == 0
			       ? " with the memory controller"
			       : "");
}

static int apply_unified_options(struct oci_arena *arena, const struct update_options *options,
				 const struct cgroup *cgroup, struct oci_resources *r,
				 struct oci_error *err)
{
	for (size_t i = 0; i < ARRAY_LEN(unified_options); i++) {
		const struct unified_option *o = &unified_options[i];
		const char *value = *(const char *const *)((const char *)options + o->member);
		const char *text;
		char buf[24];
		int code;

		if (!value || !value[0])
			continue;
		text = unified_text(o, value, buf, err);
		if (!text)
			return -EINVAL;
		code = check_v2(cgroup, o, err);
		if (code == 0)
			code = set_unified(arena, r, o->key, text, err);
		if (code < 0)
			return code;
	}
	return 0;
}

/** make_groups - let every option have its place. */
static int make_groups(struct oci_arena *arena, struct oci_resources *r, struct oci_error *err)
{
	if (!r->memory)
		r->memory = oci_arena_alloc(arena, sizeof(*r->memory));
	if (!r->cpu)
		r->cpu = oci_arena_alloc(arena, sizeof(*r->cpu));
	if (!r->pids)
		r->pids = oci_arena_alloc(arena, sizeof(*r->pids));
	if (!r->block_io)
		r->block_io = oci_arena_alloc(arena, sizeof(*r->block_io));
	return r->memory && r->cpu && r->pids && r->block_io ? 0 : err_nomem(err);
}

static int apply_options(const struct update_options *o, struct oci_resources *t,
			 struct oci_error *err)
{
	int r = set_u32("blkio-weight", o->blkio_weight, &t->block_io->weight, err);

	if (r == 0)
		r = set_u64("cpu-period", o->cpu_period, &t->cpu->period, err);
	if (r == 0)
		r = set_i64("cpu-quota", o->cpu_quota, &t->cpu->quota, err);
	if (r == 0)
		r = set_u64("cpu-burst", o->cpu_burst, &t->cpu->burst, err);
	if (r == 0)
		r = set_u64("cpu-share", o->cpu_share, &t->cpu->shares, err);
	if (r == 0)
		r = set_u64("cpu-rt-period", o->cpu_rt_period, &t->cpu->realtime_period, err);
	if (r == 0)
		r = set_i64("cpu-rt-runtime", o->cpu_rt_runtime, &t->cpu->realtime_runtime, err);
	if (r == 0)
		r = set_i64("cpu-idle", o->cpu_idle, &t->cpu->idle, err);
	if (r == 0)
		r = set_bytes("memory", o->memory, &t->memory->limit, err);
	if (r == 0)
		r = set_bytes("memory-reservation", o->memory_reservation, &t->memory->reservation,
			      err);
	if (r == 0)
		r = set_bytes("memory-swap", o->memory_swap, &t->memory->swap, err);
	if (r == 0)
		r = set_i64("pids-limit", o->pids_limit, &t->pids->limit, err);
	if (r < 0)
		return r;
	if (o->cpuset_cpus && o->cpuset_cpus[0])
		t->cpu->cpus = (char *)o->cpuset_cpus;
	if (o->cpuset_mems && o->cpuset_mems[0])
		t->cpu->mems = (char *)o->cpuset_mems;
	return 0;
}

/** read_document - "-" is stdin. */
static int read_document(struct oci_arena *arena, const char *file, struct oci_resources **ret,
			 struct oci_error *err)
{
	bool is_stdin = strcmp(file, "-") == 0;
	const char *name = is_stdin ? "stdin" : file;
	size_t length;
	char *text;
	int r;

	if (is_stdin)
		r = io_read_fd(STDIN_FILENO, DOCUMENT_LIMIT, arena, &text, &length);
	else
		r = io_read_at(AT_FDCWD, file, DOCUMENT_LIMIT, arena, &text, &length);
	if (r < 0)
		return err_sys(err, -r, "read %s", name);
	return oci_resources_parse(arena, name, text, length, ret, err);
}

static int update_run(struct cmd_context *ctx, void *opts, char **operands, int count,
		      struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	const struct update_options *options = opts;
	struct oci_resources *resources = NULL;
	struct state *state;
	int r;

	(void)count;
	r = state_load(&arena, ctx->root, operands[0], &state, err);
	if (r < 0)
		return r;
	if (options->resources && options->resources[0])
		r = read_document(&arena, options->resources, &resources, err);
	else if (!(resources = oci_arena_alloc(&arena, sizeof(*resources))))
		r = err_nomem(err);
	if (r == 0)
		r = make_groups(&arena, resources, err);
	if (r == 0)
		r = apply_options(options, resources, err);
	if (r == 0)
		r = apply_unified_options(&arena, options, &state->cgroup, resources, err);
	if (r < 0)
		return r;
	if (options->devices && resources->devices_len == 0)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "--devices: --resources gives no device rules");
	if (state->status == OCI_STATUS_STOPPED || !state->pid.present)
		return err_set(err, ESRCH, "container not running");
	if (options->devices) {
		r = cgroup_devices_replaceable(&state->cgroup, err);
		if (r < 0)
			return r;
	}
	r = cgroup_update(&state->cgroup, resources, err);
	if (r == 0 && options->devices)
		r = cgroup_devices_replace(&state->cgroup, resources, err);
	if (r < 0)
		err_in_document(err, NULL);
	if (r == 0 && (options->l3_cache_schema || options->mem_bw_schema))
		r = rdt_update(&state->rdt, options->l3_cache_schema, options->mem_bw_schema, err);
	return r;
}

#define TEXT(word, member, arg, help)                                                   \
	{                                                                               \
		word, 0, OPT_STRING, offsetof(struct update_options, member), arg, help \
	}

static const struct opt update_opts[] = {
	{ "resources", 'r', OPT_STRING, offsetof(struct update_options, resources), "FILE",
	  "linux.resources as JSON from a file, or - for stdin; options win over it" },
	TEXT("blkio-weight", blkio_weight, "WEIGHT", "block IO weight, 10 to 1000"),
	TEXT("cpu-period", cpu_period, "US", "length of a CPU period in microseconds"),
	TEXT("cpu-quota", cpu_quota, "US", "CPU time in each period in microseconds, -1: no limit"),
	TEXT("cpu-burst", cpu_burst, "US", "CPU time that may be saved up, in microseconds"),
	TEXT("cpu-share", cpu_share, "SHARES", "CPU weight against other containers, 2 to 262144"),
	TEXT("cpu-rt-period", cpu_rt_period, "US", "length of a realtime period in microseconds"),
	TEXT("cpu-rt-runtime", cpu_rt_runtime, "US",
	     "realtime CPU time in each period in microseconds"),
	TEXT("cpu-idle", cpu_idle, "0|1", "1: run only when nobody else wants the CPU"),
	TEXT("cpuset-cpus", cpuset_cpus, "LIST", "CPUs to use, such as 0-2,7"),
	TEXT("cpuset-mems", cpuset_mems, "LIST", "memory nodes to use"),
	TEXT("memory", memory, "BYTES", "memory limit, with a suffix such as 64m; -1: none"),
	TEXT("memory-reservation", memory_reservation, "BYTES", "soft memory limit"),
	TEXT("memory-high", memory_high, "BYTES",
	     "slow down and reclaim above this, -1: never (cgroup v2)"),
	TEXT("memory-min", memory_min, "BYTES", "memory that is never taken away (cgroup v2)"),
	TEXT("memory-oom-group", memory_oom_group, "0|1",
	     "1: out of memory ends all processes together (cgroup v2)"),
	TEXT("memory-swap", memory_swap, "BYTES", "limit of memory and swap together, -1: none"),
	TEXT("pids-limit", pids_limit, "COUNT", "number of processes, 0: leave, -1: no limit"),
	TEXT("psi", psi, "0|1", "measure pressure stalls, or not (cgroup v2, Linux 6.1)"),
	{ "devices", 0, OPT_FLAG, offsetof(struct update_options, devices), NULL,
	  "put the device rules of --resources in place as well (cgroup v2)" },
	TEXT("l3-cache-schema", l3_cache_schema, "SCHEMA", "Intel RDT L3 cache schema"),
	TEXT("mem-bw-schema", mem_bw_schema, "SCHEMA", "Intel RDT memory bandwidth schema"),
	/* gone from the kernel; callers still pass them */
	{ "kernel-memory", 0, OPT_IGNORED_STRING, 0, "BYTES", NULL },
	{ "kernel-memory-tcp", 0, OPT_IGNORED_STRING, 0, "BYTES", NULL },
	{ .name = NULL },
};

const struct cmd cmd_update = {
	.command = {
		.name = "update",
		.usage = "[OPTIONS] CONTAINER-ID",
		.summary = "change the resource limits of a container",
		.opts = update_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = 1,
	},
	.options_size = sizeof(struct update_options),
	.run = update_run,
};
