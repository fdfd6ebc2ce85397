/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_seccomp.c - the default profile, see bundle_seccomp.h.
 *
 * The tables are made from the kernel's list of system calls (syscalls(2)), by what a call can do to others than its
 * caller. In the list of what is allowed are the names of all architectures; a runtime passes over those that the
 * machine lacks. What is in none of the lists is newer than them and ENOSYS.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/bundle_seccomp.h"
#include "cartefile-to-oci/trace_calls.h"

#define NAMES(...)                \
	(const char *const[])     \
	{                         \
		__VA_ARGS__, NULL \
	}

/* clang-format off */
/* Files, memory, time, processes, sockets, signals of the caller's own. */
static const char *const allowed[] = {
	"_llseek", "_newselect", "accept", "accept4", "access", "adjtimex", "alarm", "arch_prctl", "arm_fadvise64_64",
	"arm_sync_file_range", "bind", "breakpoint", "brk", "cachestat", "cacheflush", "capget", "capset", "chdir", "chmod", "chown",
	"chown32", "clock_adjtime", "clock_adjtime64", "clock_getres", "clock_getres_time64", "clock_gettime",
	"clock_gettime64", "clock_nanosleep", "clock_nanosleep_time64", "close", "close_range", "connect",
	"copy_file_range", "creat", "dup", "dup2", "dup3", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old",
	"epoll_pwait", "epoll_pwait2", "epoll_wait", "epoll_wait_old", "eventfd", "eventfd2", "execve", "execveat",
	"exit", "exit_group", "faccessat", "faccessat2", "fadvise64", "fadvise64_64", "fallocate", "fanotify_mark",
	"fchdir", "fchmod", "fchmodat", "fchmodat2", "fchown", "fchown32", "fchownat", "fcntl", "fcntl64", "fdatasync",
	"fgetxattr", "flistxattr", "flock", "fork", "fremovexattr", "fsetxattr", "fstat", "fstat64", "fstatat64", "fstatfs",
	"fstatfs64", "fsync", "ftime", "ftruncate", "ftruncate64", "futex", "futex_requeue", "futex_time64",
	"futex_wait", "futex_waitv", "futex_wake", "futimesat", "get_robust_list", "get_thread_area", "getcpu",
	"getcwd", "getdents", "getdents64", "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32",
	"getgroups", "getgroups32", "getitimer", "getpeername", "getpgid", "getpgrp", "getpid", "getppid",
	"getpriority", "getrandom", "getresgid", "getresgid32", "getresuid", "getresuid32", "getrlimit", "getrusage",
	"getsockname", "getsockopt", "gettid", "gettimeofday", "getuid", "getuid32", "getxattr",
	"getxattrat", "inotify_add_watch", "inotify_init", "inotify_init1", "inotify_rm_watch", "io_cancel",
	"io_destroy", "io_getevents", "io_pgetevents", "io_pgetevents_time64", "io_setup", "io_submit", "ioctl",
	"ioprio_get", "ioprio_set", "ipc", "kill", "landlock_add_rule", "landlock_create_ruleset",
	"landlock_restrict_self", "lchown", "lchown32", "lgetxattr", "link", "linkat", "listen", "listmount",
	"listxattr", "listxattrat", "llistxattr", "lremovexattr", "lseek", "lsetxattr", "lstat", "lstat64", "madvise",
	"map_shadow_stack", "membarrier", "memfd_create", "memfd_secret", "mincore", "mkdir", "mkdirat", "mknod", "mknodat",
	"mlock", "mlock2", "mlockall", "mmap", "mmap2", "mprotect", "mq_getsetattr", "mq_notify", "mq_open",
	"mq_timedreceive", "mq_timedreceive_time64", "mq_timedsend", "mq_timedsend_time64", "mq_unlink", "mremap",
	"mseal", "msgctl", "msgget", "msgrcv", "msgsnd", "msync", "munlock", "munlockall", "munmap", "name_to_handle_at",
	"nanosleep", "newfstatat", "open", "openat", "openat2", "pause", "pidfd_open", "pidfd_send_signal", "pipe", "pipe2",
	"pkey_alloc", "pkey_free", "pkey_mprotect", "poll", "ppoll", "ppoll_time64", "prctl", "pread64", "preadv",
	"preadv2", "prlimit64", "process_mrelease", "pselect6", "pselect6_time64", "ptrace", "pwrite64", "pwritev",
	"pwritev2", "read", "readahead", "readlink", "readlinkat", "readv", "recv", "recvfrom", "recvmmsg",
	"recvmmsg_time64", "recvmsg", "remap_file_pages", "removexattr", "removexattrat", "rename", "renameat",
	"renameat2", "restart_syscall", "riscv_flush_icache", "riscv_hwprobe", "rmdir", "rseq", "rt_sigaction",
	"rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait",
	"rt_sigtimedwait_time64", "rt_tgsigqueueinfo", "s390_pci_mmio_read", "s390_pci_mmio_write",
	"s390_runtime_instr", "sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity",
	"sched_getattr", "sched_getparam", "sched_getscheduler", "sched_rr_get_interval",
	"sched_rr_get_interval_time64", "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler",
	"sched_yield", "seccomp", "select", "semctl", "semget", "semop", "semtimedop", "semtimedop_time64", "send",
	"sendfile", "sendfile64", "sendmmsg", "sendmsg", "sendto", "set_robust_list", "set_thread_area",
	"set_tid_address", "set_tls", "setfsgid", "setfsgid32", "setfsuid", "setfsuid32", "setgid", "setgid32", "setgroups",
	"setgroups32", "setitimer", "setpgid", "setpriority", "setregid", "setregid32", "setresgid", "setresgid32",
	"setresuid", "setresuid32", "setreuid", "setreuid32", "setrlimit", "setsid", "setsockopt", "setuid",
	"setuid32", "setxattr", "setxattrat", "shmat", "shmctl", "shmdt", "shmget", "shutdown", "sigaction", "sigaltstack",
	"signal", "signalfd", "signalfd4", "sigpending", "sigprocmask", "sigreturn", "sigsuspend", "socketpair",
	"splice", "stat", "stat64", "statfs", "statfs64", "statmount", "statx", "symlink", "symlinkat", "sync",
	"sync_file_range", "sync_file_range2", "syncfs", "sysinfo", "tee", "tgkill", "time", "timer_create",
	"timer_delete", "timer_getoverrun", "timer_gettime", "timer_gettime64", "timer_settime", "timer_settime64",
	"timerfd_create", "timerfd_gettime", "timerfd_gettime64", "timerfd_settime", "timerfd_settime64", "times",
	"tkill", "truncate", "truncate64", "ugetrlimit", "umask", "uname", "unlink", "unlinkat", "usr26", "usr32", "utime",
	"utimensat", "utimensat_time64", "utimes", "vfork", "vmsplice", "wait4", "waitid", "waitpid", "write",
	"writev",
};

/* What acts on the machine or on others: there, but not for a container. ENOSYS would make programs look for another way. */
static const char *const refused[] = {
	"_sysctl", "acct", "add_key", "bdflush", "bpf", "chroot", "clock_settime", "clock_settime64", "create_module", "delete_module",
	"fanotify_init", "finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "get_kernel_syms", "get_mempolicy",
	"init_module", "io_uring_enter", "io_uring_register", "io_uring_setup", "ioperm", "iopl", "kcmp",
	"kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie", "mbind", "migrate_pages", "mount",
	"mount_setattr", "move_mount", "move_pages", "nfsservctl", "open_by_handle_at", "open_tree",
	"perf_event_open", "personality", "pidfd_getfd", "pivot_root", "process_madvise", "process_vm_readv",
	"process_vm_writev", "query_module", "quotactl", "quotactl_fd", "reboot", "request_key", "set_mempolicy",
	"set_mempolicy_home_node", "setdomainname", "sethostname", "setns", "settimeofday", "stime", "swapoff",
	"swapon", "sysfs", "syslog", "umount", "umount2", "unshare", "uselib", "userfaultfd", "ustat", "vhangup",
	"vm86", "vm86old",
};

/* What a capability opens of those (capabilities(7)); the kernel still checks it. */
static const struct cap_calls {
	const char *cap;
	const char *const *names;
} cap_calls[] = {
	{ "CAP_BPF", NAMES("bpf") },
	{ "CAP_DAC_READ_SEARCH", NAMES("open_by_handle_at") },
	{ "CAP_PERFMON", NAMES("perf_event_open") },
	{ "CAP_SYS_ADMIN", NAMES("bpf", "clone", "clone3", "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick",
				 "lookup_dcookie", "mount", "mount_setattr", "move_mount", "open_tree",
				 "perf_event_open", "pivot_root", "quotactl", "quotactl_fd", "setdomainname",
				 "sethostname", "setns", "syslog", "umount", "umount2", "unshare") },
	{ "CAP_SYS_BOOT", NAMES("reboot") },
	{ "CAP_SYS_CHROOT", NAMES("chroot") },
	{ "CAP_SYS_MODULE", NAMES("delete_module", "finit_module", "init_module", "query_module") },
	{ "CAP_SYS_NICE", NAMES("get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node") },
	{ "CAP_SYS_PACCT", NAMES("acct") },
	{ "CAP_SYS_PTRACE", NAMES("kcmp", "pidfd_getfd", "process_madvise", "process_vm_readv", "process_vm_writev") },
	{ "CAP_SYS_RAWIO", NAMES("ioperm", "iopl") },
	{ "CAP_SYSLOG", NAMES("syslog") },
	{ "CAP_SYS_TIME", NAMES("clock_settime", "clock_settime64", "settimeofday", "stime") },
	{ "CAP_SYS_TTY_CONFIG", NAMES("vhangup") },
};
/* clang-format on */

#define CLONE_NAMESPACES 0x7E020000u /* CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET: clone(2) */
#define SOCKET_ALG 38                /* AF_ALG: the kernel's crypto, whose bugs are the host's */
#define SOCKET_VSOCK 40 /* AF_VSOCK: the hypervisor, which no network namespace keeps away */

/* personality(2): PER_LINUX and PER_LINUX32, each with UNAME26; and the question what it is */
static const uint64_t personalities[] = { 0x0, 0x0008, 0x20000, 0x20008, 0xffffffff };

/* The calls of the other word sizes come along: a program of 32 bits runs on the same kernel. */
static const struct platform {
	const char *architecture;
	int archs[4];
} platforms[] = {
	{ "386", { OCI_SECCOMP_ARCH_X86 } },
	{ "amd64", { OCI_SECCOMP_ARCH_X86_64, OCI_SECCOMP_ARCH_X86, OCI_SECCOMP_ARCH_X32 } },
	{ "arm", { OCI_SECCOMP_ARCH_ARM } },
	{ "arm64", { OCI_SECCOMP_ARCH_AARCH64, OCI_SECCOMP_ARCH_ARM } },
	{ "loong64", { OCI_SECCOMP_ARCH_LOONGARCH64 } },
	{ "mips64le",
	  { OCI_SECCOMP_ARCH_MIPSEL64, OCI_SECCOMP_ARCH_MIPSEL, OCI_SECCOMP_ARCH_MIPSEL64N32 } },
	{ "mipsle", { OCI_SECCOMP_ARCH_MIPSEL } },
	{ "ppc64le", { OCI_SECCOMP_ARCH_PPC64LE } },
	{ "riscv64", { OCI_SECCOMP_ARCH_RISCV64 } },
	{ "s390x", { OCI_SECCOMP_ARCH_S390X, OCI_SECCOMP_ARCH_S390 } },
};

/* Rules are appended one by one; @full: memory ran out. */
struct profile {
	struct oci_arena *arena;
	struct oci_seccomp *seccomp;
	size_t room;
	bool full;
};

static struct oci_seccomp_rule *add_rule(struct profile *p, enum oci_seccomp_action action,
					 uint32_t code, const char *const *names, size_t count)
{
	static struct oci_seccomp_rule nowhere;
	struct oci_seccomp_rule *rule;

	if (p->full || p->seccomp->syscalls_len == p->room) {
		p->full = true;
		return &nowhere;
	}
	rule = &p->seccomp->syscalls[p->seccomp->syscalls_len++];
	rule->action = action;
	if (action == OCI_SECCOMP_ACT_ERRNO)
		rule->errno_ret = (struct oci_u32){ true, code };
	rule->names = oci_arena_array(p->arena, count + 1, sizeof(*rule->names));
	if (!rule->names) {
		p->full = true;
		return &nowhere;
	}
	/* emitted, never written to */
	for (size_t i = 0; i < count; i++)
		rule->names[i] = (char *)names[i];
	rule->names_len = count;
	return rule;
}

static void add_arg(struct profile *p, const char *name, enum oci_seccomp_action action,
		    uint32_t code, struct oci_seccomp_arg arg)
{
	struct oci_seccomp_rule *rule = add_rule(p, action, code, &name, 1);

	if (p->full)
		return;
	rule->args = oci_arena_alloc(p->arena, sizeof(arg));
	p->full = !rule->args;
	if (p->full)
		return;
	rule->args[0] = arg;
	rule->args_len = 1;
}

static int begin(struct profile *p, const char *architecture, enum oci_seccomp_action action,
		 struct oci_error *err)
{
	p->room = 64;
	p->seccomp = oci_arena_alloc(p->arena, sizeof(*p->seccomp));
	if (!p->seccomp)
		return err_nomem(err);
	p->seccomp->default_action = action;
	p->seccomp->syscalls = oci_arena_array(p->arena, p->room, sizeof(*p->seccomp->syscalls));
	if (!p->seccomp->syscalls)
		return err_nomem(err);
	for (size_t i = 0; i < ARRAY_LEN(platforms); i++) {
		if (strcmp(platforms[i].architecture, architecture) != 0)
			continue;
		p->seccomp->architectures = (int *)platforms[i].archs;
		while (platforms[i].archs[p->seccomp->architectures_len])
			p->seccomp->architectures_len++;
	}
	return 0;
}

static bool has_cap(char *const *caps, const char *cap)
{
	for (; *caps; caps++)
		if (strcmp(*caps, cap) == 0)
			return true;
	return false;
}

static bool is_opened(char *const *caps, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(cap_calls); i++) {
		if (!has_cap(caps, cap_calls[i].cap))
			continue;
		for (const char *const *n = cap_calls[i].names; *n; n++)
			if (strcmp(*n, name) == 0)
				return true;
	}
	return false;
}

/* clone may make processes, not namespaces; of clone3 a filter cannot see the flags, so C libraries are sent to clone. */
static void add_clone(struct profile *p, const char *architecture, char *const *caps)
{
	static const char *const both[] = { "clone", "clone3" };
	/* CONFIG_CLONE_BACKWARDS2: clone(2), "C library/kernel differences" */
	uint32_t flags = strcmp(architecture, "s390x") == 0 ? 1 : 0;

	if (has_cap(caps, "CAP_SYS_ADMIN")) {
		(void)add_rule(p, OCI_SECCOMP_ACT_ALLOW, 0, both, 2);
		return;
	}
	add_arg(p, "clone", OCI_SECCOMP_ACT_ALLOW, 0,
		(struct oci_seccomp_arg){ .index = { true, flags },
					  .value = { true, CLONE_NAMESPACES },
					  .value_two = { true, 0 },
					  .op = OCI_SECCOMP_CMP_MASKED_EQ });
	for (uint64_t bit = 1; bit <= CLONE_NAMESPACES; bit <<= 1)
		if (bit & CLONE_NAMESPACES)
			add_arg(p, "clone", OCI_SECCOMP_ACT_ERRNO, EPERM,
				(struct oci_seccomp_arg){ .index = { true, flags },
							  .value = { true, bit },
							  .value_two = { true, bit },
							  .op = OCI_SECCOMP_CMP_MASKED_EQ });
	(void)add_rule(p, OCI_SECCOMP_ACT_ERRNO, ENOSYS, both + 1, 1);
}

/*
 * One argument can be compared once per rule, so the families around the two refused ones are three rules; these are ENOSYS
 * by default. A rule with another action would meet these in socketcall(2) of 32 bits, where no argument can be compared.
 */
static void add_socket(struct profile *p)
{
	static const struct {
		enum oci_seccomp_op op;
		uint64_t family;
	} rows[] = {
		{ OCI_SECCOMP_CMP_LT, SOCKET_ALG },
		{ OCI_SECCOMP_CMP_EQ, SOCKET_ALG + 1 },
		{ OCI_SECCOMP_CMP_GT, SOCKET_VSOCK },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		add_arg(p, "socket", OCI_SECCOMP_ACT_ALLOW, 0,
			(struct oci_seccomp_arg){ .index = { true, 0 },
						  .value = { true, rows[i].family },
						  .op = rows[i].op });
}

int bundle_seccomp(const char *architecture, char *const *caps, struct oci_arena *arena,
		   struct oci_seccomp **ret, struct oci_error *err)
{
	const char *names[ARRAY_LEN(refused)];
	struct profile p = { .arena = arena };
	size_t opened = 0, closed = 0;
	int r = begin(&p, architecture, OCI_SECCOMP_ACT_ERRNO, err);

	if (r < 0)
		return r;
	p.seccomp->default_errno_ret = (struct oci_u32){ true, ENOSYS };
	(void)add_rule(&p, OCI_SECCOMP_ACT_ALLOW, 0, allowed, ARRAY_LEN(allowed));
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		if (is_opened(caps, refused[i]))
			names[opened++] = refused[i];
	if (opened)
		(void)add_rule(&p, OCI_SECCOMP_ACT_ALLOW, 0, names, opened);
	/* personality has rules by its argument */
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		if (!is_opened(caps, refused[i]) && strcmp(refused[i], "personality") != 0)
			names[closed++] = refused[i];
	(void)add_rule(&p, OCI_SECCOMP_ACT_ERRNO, EPERM, names, closed);
	for (size_t i = 0; i < ARRAY_LEN(personalities); i++)
		add_arg(&p, "personality", OCI_SECCOMP_ACT_ALLOW, 0,
			(struct oci_seccomp_arg){ .index = { true, 0 },
						  .value = { true, personalities[i] },
						  .op = OCI_SECCOMP_CMP_EQ });
	add_clone(&p, architecture, caps);
	add_socket(&p);
	if (p.full)
		return err_nomem(err);
	*ret = p.seccomp;
	return 0;
}

char *bundle_seccomp_caps(struct oci_arena *arena)
{
	char *text = oci_arena_strdup(arena, "[");

	for (size_t i = 0; text && i < ARRAY_LEN(cap_calls); i++) {
		text = oci_arena_printf(arena, "%s%s\n{\"cap\":\"%s\",\"calls\":[", text,
					i ? "," : "", cap_calls[i].cap);
		for (size_t k = 0; text && cap_calls[i].names[k]; k++)
			text = oci_arena_printf(arena, "%s%s\"%s\"", text, k ? "," : "",
						cap_calls[i].names[k]);
		text = text ? oci_arena_printf(arena, "%s]}", text) : NULL;
	}
	return text ? oci_arena_printf(arena, "%s\n]\n", text) : NULL;
}

int bundle_seccomp_trace(const char *architecture, const char *listener, struct oci_arena *arena,
			 struct oci_seccomp **ret, struct oci_error *err)
{
	const char *names[TRACE_CALLS_MAX];
	struct profile p = { .arena = arena };
	int r = begin(&p, architecture, OCI_SECCOMP_ACT_ALLOW, err);

	if (r < 0)
		return r;
	(void)add_rule(&p, OCI_SECCOMP_ACT_NOTIFY, 0, names, trace_call_names(names));
	p.seccomp->listener_path = oci_arena_strdup(arena, listener);
	if (p.full || !p.seccomp->listener_path)
		return err_nomem(err);
	*ret = p.seccomp;
	return 0;
}
