/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replica_linux.c - namespaces, limits, sysctls, annotations.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/replica_config-private.h"

#define CPU_PERIOD 100000  /* us, the kernel's own */
#define CPU_QUOTA_MIN 1000 /* us: the kernel takes none under 1 ms */

static bool is_host(const char *mode)
{
	return mode && strcmp(mode, "host") == 0;
}

static bool is_dropped(const struct replica_plan *plan, enum oci_namespace_type type)
{
	const struct replica_config *in = plan->in;

	switch (type) {
	case OCI_NS_PID:
		return is_host(plan->service->pid_mode);
	case OCI_NS_IPC:
		return is_host(plan->service->ipc_mode);
	case OCI_NS_NETWORK:
		return !in->netns && plan->service->network_mode != SPEC_NET_NONE;
	default:
		return false;
	}
}

static int add_namespaces(struct replica_plan *plan, struct oci_error *err)
{
	const struct oci_linux *from = plan->in->image->bundle->linux_;
	struct oci_linux *l = &plan->linux_;

	l->namespaces =
		oci_arena_array(&plan->arena, from->namespaces_len + 1, sizeof(*from->namespaces));
	l->namespaces_len = 0;
	if (!l->namespaces)
		return err_nomem(err);
	for (size_t i = 0; i < from->namespaces_len; i++) {
		struct oci_namespace ns = from->namespaces[i];

		if (is_dropped(plan, ns.type))
			continue;
		if (ns.type == OCI_NS_NETWORK)
			ns.path = (char *)plan->in->netns; /* emitted, never written to */
		l->namespaces[l->namespaces_len++] = ns;
	}
	return 0;
}

/* ---- limits --------------------------------------------------------------------------------------------------------- */

static void set_i64(struct oci_i64 *slot, int64_t value)
{
	*slot = (struct oci_i64){ true, value };
}

static int set_memory(struct replica_plan *plan, struct oci_error *err)
{
	const struct spec_resources *want = &plan->service->resources;
	struct oci_memory *memory = &plan->memory;

	if (want->memory > 0) {
		/* memory and swap together; not said: as much swap as memory, as Docker has it */
		set_i64(&memory->limit, want->memory);
		set_i64(&memory->swap, want->memory_swap > 0          ? want->memory_swap
				       : want->memory > INT64_MAX / 2 ? want->memory
								      : want->memory * 2);
		if (memory->swap.value < want->memory)
			return err_set(err, EINVAL,
				       "the limit of memory and swap together (%lld bytes) is "
				       "below that of memory (%lld)",
				       (long long)want->memory_swap, (long long)want->memory);
	}
	if (want->memory_reserved > 0)
		set_i64(&memory->reservation, want->memory_reserved);
	if (plan->service->oom_kill_disable)
		memory->disable_oom_killer = (struct oci_bool){ true, true };
	if (memory->limit.present || memory->reservation.present ||
	    memory->disable_oom_killer.present)
		plan->resources.memory = memory;
	return 0;
}

static void set_cpu(struct replica_plan *plan)
{
	const struct spec_resources *want = &plan->service->resources;
	struct oci_cpu *cpu = &plan->cpu;

	if (want->cpu_milli > 0) {
		int64_t quota = want->cpu_milli * (CPU_PERIOD / 1000);

		set_i64(&cpu->quota, quota < CPU_QUOTA_MIN ? CPU_QUOTA_MIN : quota);
		cpu->period = (struct oci_u64){ true, CPU_PERIOD };
	}
	if (want->cpu_shares > 0)
		cpu->shares = (struct oci_u64){ true, (uint64_t)want->cpu_shares };
	if (want->cpuset && *want->cpuset)
		cpu->cpus = (char *)want->cpuset; /* emitted, never written to */
	if (cpu->quota.present || cpu->shares.present || cpu->cpus)
		plan->resources.cpu = cpu;
}

static int add_resources(struct replica_plan *plan, struct oci_error *err)
{
	const struct oci_linux *from = plan->in->image->bundle->linux_;
	const struct spec_resources *want = &plan->service->resources;
	int r;

	if (from->resources)
		plan->resources = *from->resources;
	r = set_memory(plan, err);
	if (r < 0)
		return r;
	set_cpu(plan);
	if (want->pids != -1) {
		/* 0 is no limit at Docker */
		set_i64(&plan->pids.limit, want->pids > 0 ? want->pids : -1);
		plan->resources.pids = &plan->pids;
	}
	plan->linux_.resources = &plan->resources;
	return 0;
}

static int add_sysctls(struct replica_plan *plan, struct oci_error *err)
{
	const struct spec_pairs *given = &plan->service->sysctls;
	struct oci_linux *l = &plan->linux_;

	if (!given->len)
		return 0;
	l->sysctl = oci_arena_array(&plan->arena, given->len, sizeof(*l->sysctl));
	if (!l->sysctl)
		return err_nomem(err);
	/* emitted, never written to */
	for (size_t i = 0; i < given->len; i++)
		l->sysctl[l->sysctl_len++] = (struct oci_pair){
			(char *)given->items[i].key,
			(char *)(given->items[i].value ? given->items[i].value : "")
		};
	return 0;
}

int replica_linux(struct replica_plan *plan, struct oci_error *err)
{
	struct oci_linux *l = &plan->linux_;
	int r = add_namespaces(plan, err);

	if (r == 0)
		r = add_resources(plan, err);
	if (r == 0)
		r = replica_devices(plan, err);
	if (r == 0)
		r = add_sysctls(plan, err);
	if (r == 0)
		r = replica_seccomp(plan, err);
	l->cgroups_path = (char *)plan->in->cgroups_path; /* emitted, never written to */
	if (plan->service->privileged) {
		l->masked_paths = l->readonly_paths = NULL;
		l->masked_paths_len = l->readonly_paths_len = 0;
	}
	return r;
}

/* ---- annotations ---------------------------------------------------------------------------------------------------- */

static int put_pair(struct replica_plan *plan, const char *key, const char *value,
		    struct oci_error *err)
{
	struct oci_config *config = &plan->config;
	size_t i = 0;

	if (!value)
		value = "";
	while (i < config->annotations_len && strcmp(config->annotations[i].key, key) != 0)
		i++;
	if (!*key)
		return err_set(err, EINVAL, "labels: a name is empty");
	/* emitted, never written to */
	config->annotations[i] = (struct oci_pair){ (char *)key, (char *)value };
	if (i == config->annotations_len)
		config->annotations_len++;
	return 0;
}

/* A label only tells; what gives a runtime orders is written as annotation. */
static bool is_order(const char *key)
{
	static const char *const prefixes[] = { "io.carte.",  "io.katacontainers.",
						"run.oci.",   "org.systemd.property.",
						"org.criu.",  "io.kubernetes.cri",
						"io.podman.", "module.wasm.image/" };

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (strncmp(key, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

int replica_annotations(struct replica_plan *plan, struct oci_error *err)
{
	const struct oci_config *from = plan->in->image->bundle;
	const struct spec_service *service = plan->service;
	struct oci_config *config = &plan->config;
	int r;

	config->annotations = oci_arena_array(&plan->arena,
					      from->annotations_len + service->labels.len +
						      service->annotations.len + 4,
					      sizeof(*config->annotations));
	if (!config->annotations)
		return err_nomem(err);
	if (from->annotations_len)
		memcpy(config->annotations, from->annotations,
		       from->annotations_len * sizeof(*config->annotations));
	r = put_pair(plan, "io.carte.project", plan->in->project->name, err);
	if (r == 0)
		r = put_pair(plan, "io.carte.service", service->name, err);
	if (r == 0)
		r = put_pair(plan, "io.carte.name", plan->in->name, err);
	for (size_t i = 0; r == 0 && i < service->labels.len; i++)
		if (!is_order(service->labels.items[i].key))
			r = put_pair(plan, service->labels.items[i].key,
				     service->labels.items[i].value, err);
	for (size_t i = 0; r == 0 && i < service->annotations.len; i++)
		r = put_pair(plan, service->annotations.items[i].key,
			     service->annotations.items[i].value, err);
	return r;
}
