/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_bpf.c - raw system calls of sys_bpf.h.
 *
 * The attribute is cleared as a whole and passed with its full size: a kernel
 * that knows less accepts the rest as long as it is zero (bpf(2), E2BIG).
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/sys_bpf.h"

static int call(enum bpf_cmd cmd, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

int sys_bpf_prog_load(enum bpf_prog_type type, enum bpf_attach_type attach, const char *name,
		      const struct bpf_insn *insns, size_t count)
{
	static const char license[] = ""; /* no helper that asks for one is called */
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = type;
	attr.expected_attach_type = attach;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = (uint32_t)count;
	attr.license = (uintptr_t)license;
	strncpy(attr.prog_name, name, sizeof(attr.prog_name) - 1);
	return call(BPF_PROG_LOAD, &attr);
}

int sys_bpf_prog_attach(int cgroup_fd, enum bpf_attach_type attach, int prog_fd, unsigned flags,
			int replace_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)prog_fd;
	attr.attach_type = attach;
	attr.attach_flags = flags;
	if (flags & BPF_F_REPLACE)
		attr.replace_bpf_fd = (uint32_t)replace_fd;
	return call(BPF_PROG_ATTACH, &attr);
}

int sys_bpf_prog_detach(int cgroup_fd, enum bpf_attach_type attach, int prog_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)prog_fd;
	attr.attach_type = attach;
	return call(BPF_PROG_DETACH, &attr);
}

int sys_bpf_prog_query(int cgroup_fd, enum bpf_attach_type attach, uint32_t *ids, uint32_t *count)
{
	union bpf_attr attr;
	int r;

	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)cgroup_fd;
	attr.query.attach_type = attach;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = *count;
	r = call(BPF_PROG_QUERY, &attr);
	if (r >= 0 || r == -ENOSPC)
		*count = attr.query.prog_cnt;
	return r;
}

int sys_bpf_prog_by_id(uint32_t id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_id = id;
	return call(BPF_PROG_GET_FD_BY_ID, &attr);
}
