/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_process.h - raw system calls that change what a process is: capabilities, scheduling, memory policy, keyring.
 *
 * As in sys.h: 0 or a value on success, else -errno; nothing is cached and nothing is allocated.
 */
#ifndef CARTE_BASE_SYS_PROCESS_H
#define CARTE_BASE_SYS_PROCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** sys_capget, sys_capset - the calling thread's three sets as 64-bit masks (_LINUX_CAPABILITY_VERSION_3). */
int sys_capget(uint64_t *ret_permitted, uint64_t *ret_effective, uint64_t *ret_inheritable);
int sys_capset(uint64_t permitted, uint64_t effective, uint64_t inheritable);

/** sys_sched_setattr - @attr: struct sched_attr, its first 32 bits are its size; 3.14 */
int sys_sched_setattr(pid_t pid, const void *attr);
int sys_sched_getattr(pid_t pid, void *attr, unsigned size);

/** sys_ioprio_set - the calling process; class << 13 | priority. sys_ioprio_get - the same value. */
int sys_ioprio_set(int value);
int sys_ioprio_get(void);

/** sys_set_mempolicy - @nodes: @bits bits; 2.6.7. sys_get_mempolicy - of the calling thread. */
int sys_set_mempolicy(int mode, const unsigned long *nodes, size_t bits);
int sys_get_mempolicy(int *ret_mode, unsigned long *nodes, size_t bits);

/** sys_keyring_join - a new session keyring: its serial. */
int sys_keyring_join(const char *name);
int sys_keyring_setperm(int serial, uint32_t perm);

/**
 * sys_core_sched_create - a new cookie for the calling thread; sys_core_sched_share_from - take @pid's;
 * sys_core_sched_cookie - what it has, 0: none. -EINVAL: not built in, -ENODEV: no SMT; 5.14
 */
int sys_core_sched_create(void);
int sys_core_sched_share_from(pid_t pid);
int sys_core_sched_cookie(pid_t pid, uint64_t *ret);

/**
 * sys_pidfd_exit_status - the wait status of a process that has ended, a child of ours or not (PIDFD_GET_INFO with
 * PIDFD_INFO_EXIT; 6.15). The pidfd must have been opened before it ended.
 * -EAGAIN: its parent has not reaped it yet; -ENOTTY, -EINVAL: the kernel cannot say.
 */
int sys_pidfd_exit_status(int pidfd, int *ret);

/** sys_getcwd - as the kernel gives it, "(unreachable)" prefix included (libc hides that); length with NUL. */
int sys_getcwd(char *buf, size_t size);

#endif
