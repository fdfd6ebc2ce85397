/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_bpf.h - bpf(2), as far as programs attached to a cgroup need it.
 *
 * All return 0 (or a new fd, which the kernel makes close-on-exec) or -errno.
 */
#ifndef CARTE_BASE_SYS_BPF_H
#define CARTE_BASE_SYS_BPF_H

#include <linux/bpf.h>
#include <stddef.h>
#include <stdint.h>

/** sys_bpf_prog_load - @name: at most 15 letters, digits, '_' and '.', what bpftool shows; 4.15 */
int sys_bpf_prog_load(enum bpf_prog_type type, enum bpf_attach_type attach, const char *name,
		      const struct bpf_insn *insns, size_t count);

/** sys_bpf_prog_attach - @flags: BPF_F_ALLOW_MULTI, BPF_F_REPLACE (5.6) with @replace_fd, else -1; 4.10 */
int sys_bpf_prog_attach(int cgroup_fd, enum bpf_attach_type attach, int prog_fd, unsigned flags,
			int replace_fd);

int sys_bpf_prog_detach(int cgroup_fd, enum bpf_attach_type attach, int prog_fd); /* 4.15 */

/**
 * sys_bpf_prog_query - ids of the programs attached to this very cgroup.
 * @count: in: room in @ids, out: how many there are
 * Return: 0, -ENOSPC when there are more than fit. 4.15
 */
int sys_bpf_prog_query(int cgroup_fd, enum bpf_attach_type attach, uint32_t *ids, uint32_t *count);

int sys_bpf_prog_by_id(uint32_t id); /* 4.13; -ENOENT when it is gone */

#endif
