/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hint.c - one clause for errnos that mislead.
 *
 * Owns the table only. Each row must be true on every kernel that returns this
 * errno from this operation; a guess belongs into the manual, not here.
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

static const struct hint {
	const char *op;
	int code;
	const char *text;
} hints[] = {
	/* mount(2), user_namespaces(7), Documentation/admin-guide/sysctl/fs.rst */
	{ "mount", ENOSPC, "the mount namespace is full, see fs.mount-max" },
	{ "mount", EPERM,
	  "not allowed in this user namespace, or a flag of the source mount is locked" },
	{ "mount", ENODEV, "the kernel does not know this file system type" },
	{ "mount", ENOTBLK, "the source is not a block device" },
	{ "mount", EBUSY, "the source is in use, or already mounted here" },
	{ "mount", ELOOP, "the target leads through a symlink that is not allowed here" },
	/* Documentation/admin-guide/cgroup-v2.rst, cpusets.rst */
	{ "cgroup-write", ENOENT, "is the controller switched on in the parent cgroup?" },
	{ "cgroup-write", EACCES, "is the controller delegated and its file present?" },
	{ "cgroup-write", EBUSY,
	  "the cgroup holds processes, or its children or siblings use what is asked for" },
	{ "cgroup-write", ENOSPC, "cpuset.cpus or cpuset.mems of the cgroup is empty" },
	{ "cgroup-write", EOPNOTSUPP, "the cgroup is in an invalid or threaded domain" },
	{ "cgroup-write", ESRCH, "the process has ended" },
	{ "cgroup-write", ENODEV, "the cgroup was removed, or there is no such device" },
	{ "cgroup-write", EINVAL, "the kernel rejects the value, or the parent allows less" },
	{ "cgroup-mkdir", EAGAIN, "see cgroup.max.depth and cgroup.max.descendants above it" },
	{ "cgroup-mkdir", ENOSPC, "the hierarchy has no cgroup id left" },
	{ "cgroup-mkdir", EROFS, "the cgroup file system is mounted read-only" },
	{ "cgroup-mkdir", EACCES, "the parent cgroup is not delegated to this user" },
	/* clone(2) */
	{ "clone", ENOSPC, "a limit in /proc/sys/user/max_*_namespaces is reached" },
	{ "clone", EUSERS, "a limit in /proc/sys/user/max_*_namespaces is reached" },
	{ "clone", EAGAIN, "the limit of processes is reached: pids cgroup, RLIMIT_NPROC" },
	{ "clone", EINVAL, "the kernel lacks one of these namespaces" },
	{ "clone", EPERM, "are unprivileged user namespaces switched off?" },
	{ "clone", ENOMEM, "out of memory, or the pid namespace has lost its init" },
	{ "clone", EBUSY, "the cgroup has controllers switched on for its children" },
	{ "clone", EOPNOTSUPP, "the cgroup is in an invalid domain" },
	/* setrlimit(2), mknod(2), capset(2) */
	{ "setrlimit", EPERM, "raising a hard limit needs CAP_SYS_RESOURCE" },
	{ "setrlimit", EINVAL, "is the soft limit above the hard limit?" },
	{ "mknod", EPERM, "device nodes cannot be made in a user namespace" },
	{ "capset", EPERM, "the runtime itself lacks one of these capabilities" },
	/* user_namespaces(7) */
	{ "idmap", EPERM,
	  "an unprivileged user may map only itself; ranges need /etc/subuid and /etc/subgid" },
	{ "idmap", EINVAL, "the ranges overlap, or are not mapped in the parent namespace" },
	/* bpf(2); capabilities(7), CAP_BPF; Documentation/bpf: BPF_F_ALLOW_MULTI */
	{ "bpf-load", EPERM, "it needs CAP_SYS_ADMIN, or CAP_BPF and CAP_NET_ADMIN" },
	{ "bpf-load", EINVAL, "is the kernel built with CONFIG_CGROUP_BPF?" },
	{ "bpf-load", ENOSYS, "the kernel is built without CONFIG_BPF_SYSCALL" },
	{ "bpf-attach", EPERM, "it needs CAP_NET_ADMIN, and a cgroup above may forbid it" },
	{ "bpf-attach", E2BIG, "64 programs are attached to the cgroup already" },
	/* execve(2) */
	{ "exec", ENOEXEC, "another architecture, or a script without #!" },
	{ "exec", ENOENT, "does its interpreter or dynamic loader exist in the container?" },
	{ "exec", EACCES, "not executable, or on a mount with noexec" },
	{ "exec", E2BIG, "arguments and environment are too long" },
	{ "exec", ETXTBSY, "the file is open for writing" },
};

const char *sys_hint(const char *op, int code)
{
	for (size_t i = 0; i < ARRAY_LEN(hints); i++)
		if (hints[i].code == code && !strcmp(hints[i].op, op))
			return hints[i].text;
	return NULL;
}
