/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process_sched.c - scheduler, I/O priority, CPU affinity, memory policy and personality.
 *
 * The rules that the kernel answers with a bare EINVAL are checked here first, with words.
 */
#include <ctype.h>
#include <errno.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <string.h>
#include <sys/personality.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/sys_process.h"
#include "runtime/process-private.h"

#define CPUS_MAX 8192 /* CONFIG_NR_CPUS of the largest kernels */
#define NODES_MAX (sizeof(((struct process_mempolicy *)0)->nodes) * 8)
#define NICE_MIN (-20)
#define NICE_MAX 19
#define RUNTIME_MIN_NS 1024 /* kernel/sched/deadline.c, DL_SCALE */
#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE 6 /* 3.14 */
#endif
#define MPOL_WEIGHTED_INTERLEAVE_ 6 /* 6.9; headers of Debian 12 lack it */

static const struct {
	const char *name;
	uint32_t policy;
} policies[] = {
	[OCI_SCHED_OTHER] = { "SCHED_OTHER", SCHED_OTHER },
	[OCI_SCHED_FIFO] = { "SCHED_FIFO", SCHED_FIFO },
	[OCI_SCHED_RR] = { "SCHED_RR", SCHED_RR },
	[OCI_SCHED_BATCH] = { "SCHED_BATCH", SCHED_BATCH },
	[OCI_SCHED_ISO] = { "SCHED_ISO", UINT32_MAX },
	[OCI_SCHED_IDLE] = { "SCHED_IDLE", SCHED_IDLE },
	[OCI_SCHED_DEADLINE] = { "SCHED_DEADLINE", SCHED_DEADLINE },
};

/* include/uapi/linux/sched.h, SCHED_FLAG_* */
static const uint64_t sched_flags[] = {
	[OCI_SCHED_FLAG_RESET_ON_FORK] = 0x01,  [OCI_SCHED_FLAG_RECLAIM] = 0x02,
	[OCI_SCHED_FLAG_DL_OVERRUN] = 0x04,     [OCI_SCHED_FLAG_KEEP_POLICY] = 0x08,
	[OCI_SCHED_FLAG_KEEP_PARAMS] = 0x10,    [OCI_SCHED_FLAG_UTIL_CLAMP_MIN] = 0x20,
	[OCI_SCHED_FLAG_UTIL_CLAMP_MAX] = 0x40,
};

static const char *sched_name(const struct process_sched *sched)
{
	for (size_t i = OCI_SCHED_OTHER; i < ARRAY_LEN(policies); i++)
		if (policies[i].policy == sched->policy)
			return policies[i].name;
	return "";
}

static int check_fair(const struct oci_scheduler *from, const char *where, struct oci_error *err)
{
	bool fair = from->policy == OCI_SCHED_OTHER || from->policy == OCI_SCHED_BATCH ||
		    from->policy == OCI_SCHED_IDLE;

	if (from->nice.value < NICE_MIN || from->nice.value > NICE_MAX)
		return err_set(err, EINVAL, "%s%sscheduler.nice: must be -20 to 19, got %lld",
			       AT(where), (long long)from->nice.value);
	if (from->nice.value && !fair)
		return err_set(err, EINVAL, "%s%sscheduler.nice: not for policy %s", AT(where),
			       policies[from->policy].name);
	return 0;
}

static int check_realtime(const struct oci_scheduler *from, const char *where,
			  struct oci_error *err)
{
	if (from->policy != OCI_SCHED_FIFO && from->policy != OCI_SCHED_RR) {
		if (from->priority.value)
			return err_set(err, EINVAL,
				       "%s%sscheduler.priority: only for SCHED_FIFO and SCHED_RR",
				       AT(where));
		return 0;
	}
	if (from->priority.value < 1 || from->priority.value > 99)
		return err_set(err, EINVAL, "%s%sscheduler.priority: must be 1 to 99, got %lld",
			       AT(where), (long long)from->priority.value);
	return 0;
}

static int check_deadline(const struct oci_scheduler *from, const char *where,
			  struct oci_error *err)
{
	uint64_t period = from->period.value ? from->period.value : from->deadline.value;
	const char *given = from->runtime.value    ? "runtime"
			    : from->deadline.value ? "deadline"
			    : from->period.value   ? "period"
						   : NULL;

	if (from->policy != OCI_SCHED_DEADLINE) {
		if (given)
			return err_set(err, EINVAL, "%s%sscheduler.%s: only for SCHED_DEADLINE",
				       AT(where), given);
		return 0;
	}
	if (from->runtime.value < RUNTIME_MIN_NS)
		return err_set(err, EINVAL,
			       "%s%sscheduler.runtime: must be at least 1024 ns, got %llu",
			       AT(where), (unsigned long long)from->runtime.value);
	if (from->runtime.value > from->deadline.value || from->deadline.value > period)
		return err_set(
			err, EINVAL,
			"%s%sscheduler: runtime <= deadline <= period must hold (%llu, %llu, %llu)",
			AT(where), (unsigned long long)from->runtime.value,
			(unsigned long long)from->deadline.value, (unsigned long long)period);
	return 0;
}

static int plan_scheduler(struct oci_arena *arena, const struct oci_scheduler *from,
			  struct process_plan *plan, struct oci_error *err)
{
	struct process_sched *sched;
	int r;

	if (from->policy == OCI_SCHED_NONE || from->policy >= ARRAY_LEN(policies))
		return err_set(err, EINVAL, "%s%sscheduler.policy: required field is missing",
			       AT(plan->where));
	if (from->policy == OCI_SCHED_ISO)
		return err_set(err, EINVAL,
			       "%s%sscheduler.policy: SCHED_ISO is not implemented by Linux",
			       AT(plan->where));
	r = check_fair(from, plan->where, err);
	if (r == 0)
		r = check_realtime(from, plan->where, err);
	if (r == 0)
		r = check_deadline(from, plan->where, err);
	if (r < 0)
		return r;

	sched = oci_arena_alloc(arena, sizeof(*sched));
	if (!sched)
		return err_nomem(err);
	sched->size = sizeof(*sched);
	sched->policy = policies[from->policy].policy;
	sched->nice = (int32_t)from->nice.value;
	sched->priority = (uint32_t)from->priority.value;
	sched->runtime = from->runtime.value;
	sched->deadline = from->deadline.value;
	sched->period = from->period.value;
	for (size_t i = 0; i < from->flags_len; i++)
		if (from->flags[i] > 0 && (size_t)from->flags[i] < ARRAY_LEN(sched_flags))
			sched->flags |= sched_flags[from->flags[i]];
	plan->sched = sched;
	return 0;
}

static int plan_ioprio(const struct oci_io_priority *from, struct process_plan *plan,
		       struct oci_error *err)
{
	static const int classes[] = {
		[OCI_IOPRIO_CLASS_RT] = IOPRIO_CLASS_RT,
		[OCI_IOPRIO_CLASS_BE] = IOPRIO_CLASS_BE,
		[OCI_IOPRIO_CLASS_IDLE] = IOPRIO_CLASS_IDLE,
	};

	if (from->class_ == OCI_IOPRIO_CLASS_NONE || from->class_ >= ARRAY_LEN(classes))
		return err_set(err, EINVAL, "%s%sioPriority.class: required field is missing",
			       AT(plan->where));
	if (from->priority.value < 0 || from->priority.value > 7)
		return err_set(err, EINVAL, "%s%sioPriority.priority: must be 0 to 7, got %lld",
			       AT(plan->where), (long long)from->priority.value);
	plan->ioprio = classes[from->class_] << IOPRIO_CLASS_SHIFT | (int)from->priority.value;
	return 0;
}

static const char *skip_blanks(const char *p)
{
	while (*p == ' ')
		p++;
	return p;
}

/* A decimal number below @limit; NULL when there is none. */
static const char *list_number(const char *p, size_t limit, size_t *ret)
{
	size_t value = 0;

	p = skip_blanks(p);
	if (!isdigit((unsigned char)*p))
		return NULL;
	for (; isdigit((unsigned char)*p); p++) {
		value = value * 10 + (size_t)(*p - '0');
		if (value >= limit)
			return NULL;
	}
	*ret = value;
	return skip_blanks(p);
}

/*
 * "0-3, 7" (cpuset(7), list format); blanks and empty elements are let through, as runc does.
 * @bits: zeroed, at least @limit bits; @ret_top: highest bit set
 */
static int list_parse(const char *text, size_t limit, unsigned long *bits, size_t *ret_top)
{
	const size_t width = 8 * sizeof(*bits);
	bool any = false;
	size_t top = 0;

	for (const char *p = text;; p++) {
		size_t first, last;

		p = skip_blanks(p);
		if (*p && *p != ',') {
			p = list_number(p, limit, &first);
			if (!p)
				return -EINVAL;
			last = first;
			if (*p == '-')
				p = list_number(p + 1, limit, &last);
			if (!p || last < first)
				return -EINVAL;
			for (size_t i = first; i <= last; i++)
				bits[i / width] |= 1UL << i % width;
			top = last > top ? last : top;
			any = true;
		}
		if (!*p)
			break;
		if (*p != ',')
			return -EINVAL;
	}
	if (!any)
		return -EINVAL;
	*ret_top = top;
	return 0;
}

static int plan_cpus(struct oci_arena *arena, const char *text, const char *name,
		     struct process_plan *plan, cpu_set_t **ret, struct oci_error *err)
{
	unsigned long bits[CPUS_MAX / (8 * sizeof(unsigned long))];
	size_t top, size;

	if (!text || !*text)
		return 0;
	memset(bits, 0, sizeof(bits));
	if (list_parse(text, CPUS_MAX, bits, &top) < 0)
		return err_set(err, EINVAL,
			       "%s%sexecCPUAffinity.%s: \"%s\" is not a list of CPUs below %d",
			       AT(plan->where), name, text, CPUS_MAX);
	*ret = oci_arena_alloc(arena, sizeof(bits));
	if (!*ret)
		return err_nomem(err);
	memcpy(*ret, bits, sizeof(bits));
	size = (top / (8 * sizeof(*bits)) + 1) * sizeof(*bits);
	if (plan->affinity_size < size)
		plan->affinity_size = size;
	return 0;
}

int process_plan_sched(struct oci_arena *arena, const struct oci_process *process,
		       struct process_plan *plan, struct oci_error *err)
{
	const struct oci_exec_cpu_affinity *cpus = process->exec_cpu_affinity;
	int r = 0;

	if (process->scheduler)
		r = plan_scheduler(arena, process->scheduler, plan, err);
	if (r == 0 && process->io_priority)
		r = plan_ioprio(process->io_priority, plan, err);
	if (r == 0 && cpus)
		r = plan_cpus(arena, cpus->initial, "initial", plan, &plan->affinity_initial, err);
	if (r == 0 && cpus)
		r = plan_cpus(arena, cpus->final_, "final", plan, &plan->affinity_final, err);
	return r;
}

static const struct {
	const char *name;
	int mode;
	bool needs_nodes;
	bool takes_nodes;
} mempolicies[] = {
	[OCI_MPOL_DEFAULT] = { "MPOL_DEFAULT", MPOL_DEFAULT, false, false },
	[OCI_MPOL_BIND] = { "MPOL_BIND", MPOL_BIND, true, true },
	[OCI_MPOL_INTERLEAVE] = { "MPOL_INTERLEAVE", MPOL_INTERLEAVE, true, true },
	[OCI_MPOL_WEIGHTED_INTERLEAVE] = { "MPOL_WEIGHTED_INTERLEAVE", MPOL_WEIGHTED_INTERLEAVE_,
					   true, true },
	[OCI_MPOL_PREFERRED] = { "MPOL_PREFERRED", MPOL_PREFERRED, false, true },
	[OCI_MPOL_PREFERRED_MANY] = { "MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY, true, true },
	[OCI_MPOL_LOCAL] = { "MPOL_LOCAL", MPOL_LOCAL, false, false },
};

static const int mempolicy_flags[] = {
	[OCI_MPOL_F_NUMA_BALANCING] = MPOL_F_NUMA_BALANCING,
	[OCI_MPOL_F_RELATIVE_NODES] = MPOL_F_RELATIVE_NODES,
	[OCI_MPOL_F_STATIC_NODES] = MPOL_F_STATIC_NODES,
};

/* set_mempolicy(2), DESCRIPTION: which flag goes with which mode */
static int plan_mempolicy_flags(const struct oci_memory_policy *from, bool has_nodes, int *ret,
				struct oci_error *err)
{
	int flags = 0;

	for (size_t i = 0; i < from->flags_len; i++)
		if (from->flags[i] > 0 && (size_t)from->flags[i] < ARRAY_LEN(mempolicy_flags))
			flags |= mempolicy_flags[from->flags[i]];
	if (flags && !has_nodes)
		return err_set(err, EINVAL, "linux.memoryPolicy.flags: not for %s without nodes",
			       mempolicies[from->mode].name);
	if ((flags & MPOL_F_STATIC_NODES) && (flags & MPOL_F_RELATIVE_NODES))
		return err_set(err, EINVAL,
			       "linux.memoryPolicy.flags: MPOL_F_STATIC_NODES and "
			       "MPOL_F_RELATIVE_NODES exclude each other");
	if ((flags & MPOL_F_NUMA_BALANCING) && from->mode != OCI_MPOL_BIND &&
	    from->mode != OCI_MPOL_PREFERRED_MANY)
		return err_set(err, EINVAL,
			       "linux.memoryPolicy.flags: MPOL_F_NUMA_BALANCING is "
			       "only for MPOL_BIND and MPOL_PREFERRED_MANY");
	*ret = flags;
	return 0;
}

static int plan_mempolicy(struct oci_arena *arena, const struct oci_memory_policy *from,
			  struct process_plan *plan, struct oci_error *err)
{
	bool has_nodes = from->nodes && *skip_blanks(from->nodes);
	struct process_mempolicy *policy;
	size_t top;
	int flags = 0, r;

	if (from->mode == OCI_MPOL_NONE || from->mode >= ARRAY_LEN(mempolicies))
		return err_set(err, EINVAL, "linux.memoryPolicy.mode: required field is missing");
	if (has_nodes && !mempolicies[from->mode].takes_nodes)
		return err_set(err, EINVAL, "linux.memoryPolicy.nodes: must be empty for %s",
			       mempolicies[from->mode].name);
	if (!has_nodes && mempolicies[from->mode].needs_nodes)
		return err_set(err, EINVAL, "linux.memoryPolicy.nodes: must not be empty for %s",
			       mempolicies[from->mode].name);
	r = plan_mempolicy_flags(from, has_nodes, &flags, err);
	if (r < 0)
		return r;
	policy = oci_arena_alloc(arena, sizeof(*policy));
	if (!policy)
		return err_nomem(err);
	policy->mode = mempolicies[from->mode].mode | flags;
	if (has_nodes && list_parse(from->nodes, NODES_MAX, policy->nodes, &top) < 0)
		return err_set(err, EINVAL,
			       "linux.memoryPolicy.nodes: \"%s\" is not a list of nodes below %zu",
			       from->nodes, NODES_MAX);
	plan->mempolicy = policy;
	return 0;
}

int process_plan_linux(struct oci_arena *arena, const struct oci_linux *linux_,
		       struct process_plan *plan, struct oci_error *err)
{
	const struct oci_personality *personality = linux_->personality;

	if (personality) {
		if (personality->domain == OCI_PERSONALITY_NONE)
			return err_set(err, EINVAL,
				       "linux.personality.domain: required field is missing");
		/* config-linux.md#personality: no flag is defined so far */
		if (personality->flags_len)
			return err_set(err, EINVAL,
				       "linux.personality.flags[0]: \"%s\" is not supported",
				       personality->flags[0]);
		plan->personality =
			personality->domain == OCI_PERSONALITY_LINUX32 ? PER_LINUX32 : PER_LINUX;
	}
	if (linux_->memory_policy)
		return plan_mempolicy(arena, linux_->memory_policy, plan, err);
	return 0;
}

int process_set_affinity(const struct process_plan *plan, bool final, struct oci_error *err)
{
	const cpu_set_t *set = final ? plan->affinity_final : plan->affinity_initial;

	if (!set)
		return 0;
	if (sched_setaffinity(0, plan->affinity_size, set) < 0)
		return err_sys(err, errno, "%s%sexecCPUAffinity.%s: sched_setaffinity",
			       AT(plan->where), final ? "final" : "initial");
	return 0;
}

int process_set_scheduler(const struct process_plan *plan, struct oci_error *err)
{
	int r;

	if (!plan->sched)
		return 0;
	r = sys_sched_setattr(0, plan->sched);
	if (r == -EPERM)
		return err_set(err, EPERM,
			       "%s%sscheduler: sched_setattr %s: Operation not permitted (needs "
			       "CAP_SYS_NICE, and for real time a budget in the cgroup)",
			       AT(plan->where), sched_name(plan->sched));
	if (r < 0)
		return err_sys(err, -r, "%s%sscheduler: sched_setattr %s", AT(plan->where),
			       sched_name(plan->sched));
	return 0;
}

int process_set_ioprio(const struct process_plan *plan, struct oci_error *err)
{
	int r;

	if (plan->ioprio < 0)
		return 0;
	r = sys_ioprio_set(plan->ioprio);
	if (r < 0)
		return err_sys(err, -r, "%s%sioPriority: ioprio_set", AT(plan->where));
	return 0;
}

int process_set_mempolicy(const struct process_plan *plan, struct oci_error *err)
{
	const struct process_mempolicy *policy = plan->mempolicy;
	bool any = false;
	int r;

	if (!policy)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(policy->nodes); i++)
		any |= policy->nodes[i] != 0;
	r = sys_set_mempolicy(policy->mode, any ? policy->nodes : NULL, NODES_MAX);
	if (r == -EINVAL)
		return err_set(err, EINVAL,
			       "linux.memoryPolicy: set_mempolicy: Invalid argument (is a node in "
			       "nodes that the container may use?)");
	if (r < 0)
		return err_sys(err, -r, "linux.memoryPolicy: set_mempolicy");
	return 0;
}

int process_set_personality(const struct process_plan *plan, struct oci_error *err)
{
	if (plan->personality < 0)
		return 0;
	if (personality((unsigned long)plan->personality) < 0)
		return err_sys(err, errno, "linux.personality: personality");
	return 0;
}
