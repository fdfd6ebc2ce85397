/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys_process.c - raw system calls of sys_process.h.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/keyctl.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/sys_process.h"

static int result(long r)
{
	return r < 0 ? -errno : (int)r;
}

int sys_capget(uint64_t *ret_permitted, uint64_t *ret_effective, uint64_t *ret_inheritable)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	int r;

	r = result(syscall(SYS_capget, &header, data));
	if (r < 0)
		return r;
	*ret_permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	*ret_effective = data[0].effective | (uint64_t)data[1].effective << 32;
	*ret_inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

int sys_capset(uint64_t permitted, uint64_t effective, uint64_t inheritable)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ (uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable },
		{ (uint32_t)(effective >> 32), (uint32_t)(permitted >> 32),
		  (uint32_t)(inheritable >> 32) },
	};

	return result(syscall(SYS_capset, &header, data));
}

int sys_sched_setattr(pid_t pid, const void *attr)
{
	return result(syscall(SYS_sched_setattr, pid, attr, 0));
}

int sys_sched_getattr(pid_t pid, void *attr, unsigned size)
{
	return result(syscall(SYS_sched_getattr, pid, attr, size, 0));
}

int sys_ioprio_set(int value)
{
	return result(syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, value));
}

int sys_ioprio_get(void)
{
	return result(syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0));
}

/* The kernel takes one bit less than it is told (mm/mempolicy.c, get_nodes). */
int sys_set_mempolicy(int mode, const unsigned long *nodes, size_t bits)
{
	return result(syscall(SYS_set_mempolicy, mode, nodes, nodes ? bits + 1 : 0));
}

int sys_get_mempolicy(int *ret_mode, unsigned long *nodes, size_t bits)
{
	return result(syscall(SYS_get_mempolicy, ret_mode, nodes, bits + 1, NULL, 0));
}

int sys_keyring_join(const char *name)
{
	return result(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name, 0, 0, 0));
}

int sys_keyring_setperm(int serial, uint32_t perm)
{
	return result(syscall(SYS_keyctl, KEYCTL_SETPERM, serial, perm, 0, 0));
}

#ifndef PR_SCHED_CORE
#define PR_SCHED_CORE 62
#define PR_SCHED_CORE_GET 0
#define PR_SCHED_CORE_CREATE 1
#define PR_SCHED_CORE_SHARE_FROM 3
#endif
#define SCOPE_THREAD 0UL /* PIDTYPE_PID */

int sys_core_sched_create(void)
{
	return result(prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 0, SCOPE_THREAD, 0));
}

int sys_core_sched_share_from(pid_t pid)
{
	return result(prctl(PR_SCHED_CORE, PR_SCHED_CORE_SHARE_FROM, pid, SCOPE_THREAD, 0));
}

int sys_core_sched_cookie(pid_t pid, uint64_t *ret)
{
	unsigned long cookie = 0;
	int r = result(prctl(PR_SCHED_CORE, PR_SCHED_CORE_GET, pid, SCOPE_THREAD, &cookie));

	if (r == 0)
		*ret = cookie;
	return r;
}

/* linux/pidfd.h of 6.15; Debian 12's is older. The kernel takes any size from the first version's 64 bytes on. */
struct pidfd_info_exit {
	uint64_t mask, cgroup_id;
	uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	int32_t exit_code;
};
#define PIDFD_GET_INFO_EXIT _IOWR(0xFF, 11, struct pidfd_info_exit)
#define PIDFD_INFO_EXIT_MASK 8

int sys_pidfd_exit_status(int pidfd, int *ret)
{
	struct pidfd_info_exit info = { .mask = PIDFD_INFO_EXIT_MASK };
	int r = result(ioctl(pidfd, PIDFD_GET_INFO_EXIT, &info));

	if (r < 0)
		return r;
	if (!(info.mask & PIDFD_INFO_EXIT_MASK))
		return -EAGAIN;
	*ret = info.exit_code;
	return 0;
}

int sys_getcwd(char *buf, size_t size)
{
	return result(syscall(SYS_getcwd, buf, size));
}
