/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device_bpf_attach.c - the device filter of a container's v2 folder: loaded, attached, replaced.
 *
 * What must hold: while filters change, nothing is allowed that both the old
 * and the new one deny, and a failure leaves the old one. All programs of a cgroup and
 * of those above it are asked, and each must allow (BPF_F_ALLOW_MULTI), so a
 * new one is attached before old ones are detached.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "base/sys_bpf.h"
#include "runtime/cgroup/internal.h"

/* The kernel's own bound for one cgroup: BPF_CGROUP_MAX_PROGS */
#define ATTACHED_MAX 64

struct attached {
	uint32_t ids[ATTACHED_MAX];
	uint32_t len;
};

/* A signal that comes while the kernel looks a program through, such as that a child ended, makes it give up with EAGAIN. */
#define LOAD_TRIES 10

static int load(const struct bpf_insn *insns, size_t len)
{
	int fd = -EAGAIN;

	for (int i = 0; i < LOAD_TRIES && fd == -EAGAIN; i++)
		fd = sys_bpf_prog_load(BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE,
				       "carte_devices", insns, len);
	return fd;
}

/**
 * load_program - before 5.11 programs were charged to RLIMIT_MEMLOCK, and EPERM was the answer when it
 * ran out. The limit is the container's as well, so it is raised only then and put back.
 */
static int load_program(const struct bpf_insn *insns, size_t len)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit before;
	int fd = load(insns, len);

	if (fd != -EPERM || getrlimit(RLIMIT_MEMLOCK, &before) < 0 ||
	    setrlimit(RLIMIT_MEMLOCK, &unlimited) < 0)
		return fd;
	fd = load(insns, len);
	(void)setrlimit(RLIMIT_MEMLOCK, &before);
	return fd;
}

/**
 * swap_one - our program in the place of the only one there, in one step (5.6). Return: -errno where that cannot
 * be: an old kernel, or a program that was attached otherwise.
 */
static int swap_one(int dirfd, int program, uint32_t id)
{
	CLEANUP_CLOSE int old = sys_bpf_prog_by_id(id);

	if (old < 0)
		return old;
	return sys_bpf_prog_attach(dirfd, BPF_CGROUP_DEVICE, program,
				   BPF_F_ALLOW_MULTI | BPF_F_REPLACE, old);
}

/** detach_old - one that is gone, or that a bpf_link holds (ENOENT), is not ours to detach. */
static int detach_old(int dirfd, const struct attached *attached)
{
	for (uint32_t i = 0; i < attached->len; i++) {
		CLEANUP_CLOSE int old = sys_bpf_prog_by_id(attached->ids[i]);
		int r = old < 0 ? old : sys_bpf_prog_detach(dirfd, BPF_CGROUP_DEVICE, old);

		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

static int attach_program(int dirfd, int program, const struct attached *attached)
{
	int r;

	if (attached->len == 1 && swap_one(dirfd, program, attached->ids[0]) == 0)
		return 0;
	r = sys_bpf_prog_attach(dirfd, BPF_CGROUP_DEVICE, program, BPF_F_ALLOW_MULTI, -1);
	return r < 0 ? r : detach_old(dirfd, attached);
}

/** failed - @op: "bpf-load", "bpf-attach". Without rights there are no device nodes to guard: mknod is refused, mounts are nodev. */
static int failed(const struct cgroup_dir *dir, const char *op, const char *what, int code,
		  struct oci_error *err)
{
	const char *hint = sys_hint(op, code);

	if ((code == EPERM || code == EACCES) && cgroup_is_unprivileged())
		return 0;
	return err_set(err, code, "linux.resources.devices: %s of cgroup %s%s: %s%s%s%s", what,
		       dir->mount, dir->path, strerror(code), hint ? " (" : "", hint ? hint : "",
		       hint ? ")" : "");
}

static int open_dir(const struct cgroup_dir *dir)
{
	char path[PATH_MAX];
	int fd, r = cgroup_dir_path(dir, NULL, path);

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int make_program(const struct cgroup_device_rules *rules)
{
	CLEANUP_FREE struct bpf_insn *insns =
		reallocarray(NULL, CGROUP_DEVICE_BPF_MAX(rules->len), sizeof(*insns));

	return insns ? load_program(insns, cgroup_device_bpf_emit(rules, insns)) : -ENOMEM;
}

int cgroup_v2_devices_check(const struct oci_resources *resources, struct oci_error *err)
{
	struct cgroup_device_rules rules;
	int r = cgroup_device_rules_plan(resources, &rules, err);

	if (r == 0)
		free(rules.list);
	return r;
}

static bool allows_everything(const struct cgroup_device_rules *rules)
{
	return rules->allow_all && rules->len == 0;
}

int cgroup_v2_devices_load(const struct oci_resources *resources)
{
	CLEANUP_FREE struct cgroup_device_rule *list = NULL;
	struct cgroup_device_rules rules;
	int r = cgroup_is_unprivileged() ? -EPERM
					 : cgroup_device_rules_plan(resources, &rules, NULL);

	if (r < 0)
		return r;
	list = rules.list;
	return allows_everything(&rules) ? -ENODATA : make_program(&rules);
}

static int replace(const struct cgroup_dir *dir, const struct cgroup_device_rules *rules,
		   int filter, struct oci_error *err)
{
	struct attached attached = { .len = ATTACHED_MAX };
	CLEANUP_CLOSE int loaded = -EBADF;
	CLEANUP_CLOSE int dirfd = open_dir(dir);
	int r;

	if (dirfd < 0)
		return err_sys(err, -dirfd, "open cgroup %s%s", dir->mount, dir->path);
	r = sys_bpf_prog_query(dirfd, BPF_CGROUP_DEVICE, attached.ids, &attached.len);
	if (r < 0)
		return failed(dir, "bpf-attach", "list the device filters", -r, err);
	if (attached.len == 0 && allows_everything(rules))
		return 0;
	if (filter < 0)
		filter = loaded = make_program(rules);
	if (filter < 0)
		return failed(dir, "bpf-load", "load the device filter", -filter, err);
	r = attach_program(dirfd, filter, &attached);
	return r < 0 ? failed(dir, "bpf-attach", "attach the device filter", -r, err) : 0;
}

int cgroup_v2_devices_apply(const struct cgroup *cgroup, const struct oci_resources *resources,
			    int filter, struct oci_error *err)
{
	CLEANUP_FREE struct cgroup_device_rule *list = NULL;
	const struct cgroup_dir *dir = cgroup_dir_find(cgroup, "");
	struct cgroup_device_rules rules;
	int r = cgroup_device_rules_plan(resources, &rules, err);

	if (r < 0)
		return r;
	list = rules.list;
	return dir ? replace(dir, &rules, filter, err) : 0;
}
