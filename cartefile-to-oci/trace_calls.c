/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_calls.c - see trace_calls.h. Sorted by name, so that the profile is the same each time.
 */
#include <string.h>
#include <sys/syscall.h>

#include "cartefile-to-oci/trace_calls.h"

/* numbers that Debian 12's headers lack (include/uapi/asm-generic/unistd.h: one for all architectures) */
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452 /* 6.6 */
#endif
#ifndef SYS_getxattrat
#define SYS_getxattrat 464 /* 6.13 */
#endif
#ifndef SYS_listxattrat
#define SYS_listxattrat 465 /* 6.13 */
#endif

/* calls that newer architectures never had */
#ifndef SYS_access
#define SYS_access -1
#endif
#ifndef SYS_chmod
#define SYS_chmod -1
#endif
#ifndef SYS_chown
#define SYS_chown -1
#endif
#ifndef SYS_creat
#define SYS_creat -1
#endif
#ifndef SYS_futimesat
#define SYS_futimesat -1
#endif
#ifndef SYS_lchown
#define SYS_lchown -1
#endif
#ifndef SYS_link
#define SYS_link -1
#endif
#ifndef SYS_lstat
#define SYS_lstat -1
#endif
#ifndef SYS_mkdir
#define SYS_mkdir -1
#endif
#ifndef SYS_mknod
#define SYS_mknod -1
#endif
#ifndef SYS_newfstatat
#define SYS_newfstatat -1
#endif
#ifndef SYS_open
#define SYS_open -1
#endif
#ifndef SYS_readlink
#define SYS_readlink -1
#endif
#ifndef SYS_rename
#define SYS_rename -1
#endif
#ifndef SYS_renameat
#define SYS_renameat -1
#endif
#ifndef SYS_rmdir
#define SYS_rmdir -1
#endif
#ifndef SYS_stat
#define SYS_stat -1
#endif
#ifndef SYS_symlink
#define SYS_symlink -1
#endif
#ifndef SYS_unlink
#define SYS_unlink -1
#endif
#ifndef SYS_uselib
#define SYS_uselib -1
#endif
#ifndef SYS_utime
#define SYS_utime -1
#endif
#ifndef SYS_utimes
#define SYS_utimes -1
#endif

/* clang-format off */
const struct trace_call trace_calls[] = {
	{ "access", SYS_access, -1, 0, -1, TRACE_FOLLOW, false },
	{ "chdir", SYS_chdir, -1, 0, -1, TRACE_FOLLOW, false },
	{ "chmod", SYS_chmod, -1, 0, -1, TRACE_FOLLOW, false },
	{ "chown", SYS_chown, -1, 0, -1, TRACE_FOLLOW, false },
	{ "chroot", SYS_chroot, -1, 0, -1, TRACE_FOLLOW, false },
	{ "creat", SYS_creat, -1, 0, -1, TRACE_FOLLOW, false },
	{ "execve", SYS_execve, -1, 0, -1, TRACE_FOLLOW, true },
	{ "execveat", SYS_execveat, 0, 1, 4, TRACE_AT, true },
	{ "faccessat", SYS_faccessat, 0, 1, -1, TRACE_FOLLOW, false },
	{ "faccessat2", SYS_faccessat2, 0, 1, 3, TRACE_AT, false },
	{ "fchmodat", SYS_fchmodat, 0, 1, -1, TRACE_FOLLOW, false },
	{ "fchmodat2", SYS_fchmodat2, 0, 1, 3, TRACE_AT, false },
	{ "fchownat", SYS_fchownat, 0, 1, 4, TRACE_AT, false },
	{ "futimesat", SYS_futimesat, 0, 1, -1, TRACE_FOLLOW, false },
	{ "getxattr", SYS_getxattr, -1, 0, -1, TRACE_FOLLOW, false },
	{ "getxattrat", SYS_getxattrat, 0, 1, 2, TRACE_AT, false },
	{ "inotify_add_watch", SYS_inotify_add_watch, -1, 1, -1, TRACE_FOLLOW, false },
	{ "lchown", SYS_lchown, -1, 0, -1, TRACE_NOFOLLOW, false },
	{ "lgetxattr", SYS_lgetxattr, -1, 0, -1, TRACE_NOFOLLOW, false },
	{ "link", SYS_link, -1, 0, -1, TRACE_NOFOLLOW, false },
	{ "link", SYS_link, -1, 1, -1, TRACE_PARENT, false },
	{ "linkat", SYS_linkat, 0, 1, 4, TRACE_AT_FOLLOW, false },
	{ "linkat", SYS_linkat, 2, 3, -1, TRACE_PARENT, false },
	{ "listxattr", SYS_listxattr, -1, 0, -1, TRACE_FOLLOW, false },
	{ "listxattrat", SYS_listxattrat, 0, 1, 2, TRACE_AT, false },
	{ "llistxattr", SYS_llistxattr, -1, 0, -1, TRACE_NOFOLLOW, false },
	{ "lremovexattr", SYS_lremovexattr, -1, 0, -1, TRACE_NOFOLLOW, false },
	{ "lsetxattr", SYS_lsetxattr, -1, 0, -1, TRACE_NOFOLLOW, false },
	{ "lstat", SYS_lstat, -1, 0, -1, TRACE_NOFOLLOW, false },
	{ "mkdir", SYS_mkdir, -1, 0, -1, TRACE_PARENT, false },
	{ "mkdirat", SYS_mkdirat, 0, 1, -1, TRACE_PARENT, false },
	{ "mknod", SYS_mknod, -1, 0, -1, TRACE_PARENT, false },
	{ "mknodat", SYS_mknodat, 0, 1, -1, TRACE_PARENT, false },
	{ "name_to_handle_at", SYS_name_to_handle_at, 0, 1, 4, TRACE_AT_FOLLOW, false },
	{ "newfstatat", SYS_newfstatat, 0, 1, 3, TRACE_AT, false },
	{ "open", SYS_open, -1, 0, 1, TRACE_OPEN, false },
	{ "openat", SYS_openat, 0, 1, 2, TRACE_OPEN, false },
	{ "openat2", SYS_openat2, 0, 1, 2, TRACE_HOW, false },
	{ "open_tree", SYS_open_tree, 0, 1, 2, TRACE_AT, false },
	{ "readlink", SYS_readlink, -1, 0, -1, TRACE_NOFOLLOW, false },
	{ "readlinkat", SYS_readlinkat, 0, 1, -1, TRACE_NOFOLLOW, false },
	{ "removexattr", SYS_removexattr, -1, 0, -1, TRACE_FOLLOW, false },
	{ "rename", SYS_rename, -1, 0, -1, TRACE_NOFOLLOW, false },
	{ "rename", SYS_rename, -1, 1, -1, TRACE_PARENT, false },
	{ "renameat", SYS_renameat, 0, 1, -1, TRACE_NOFOLLOW, false },
	{ "renameat", SYS_renameat, 2, 3, -1, TRACE_PARENT, false },
	{ "renameat2", SYS_renameat2, 0, 1, -1, TRACE_NOFOLLOW, false },
	{ "renameat2", SYS_renameat2, 2, 3, -1, TRACE_PARENT, false },
	{ "rmdir", SYS_rmdir, -1, 0, -1, TRACE_NOFOLLOW, false },
	{ "setxattr", SYS_setxattr, -1, 0, -1, TRACE_FOLLOW, false },
	{ "stat", SYS_stat, -1, 0, -1, TRACE_FOLLOW, false },
	{ "statfs", SYS_statfs, -1, 0, -1, TRACE_FOLLOW, false },
	{ "statx", SYS_statx, 0, 1, 2, TRACE_AT, false },
	{ "symlink", SYS_symlink, -1, 1, -1, TRACE_PARENT, false },
	{ "symlinkat", SYS_symlinkat, 1, 2, -1, TRACE_PARENT, false },
	{ "truncate", SYS_truncate, -1, 0, -1, TRACE_FOLLOW, false },
	{ "unlink", SYS_unlink, -1, 0, -1, TRACE_NOFOLLOW, false },
	{ "unlinkat", SYS_unlinkat, 0, 1, -1, TRACE_NOFOLLOW, false },
	{ "uselib", SYS_uselib, -1, 0, -1, TRACE_FOLLOW, false },
	{ "utime", SYS_utime, -1, 0, -1, TRACE_FOLLOW, false },
	{ "utimensat", SYS_utimensat, 0, 1, 3, TRACE_AT, false },
	{ "utimes", SYS_utimes, -1, 0, -1, TRACE_FOLLOW, false },
};
/* clang-format on */

const size_t trace_calls_len = sizeof(trace_calls) / sizeof(trace_calls[0]);
_Static_assert(sizeof(trace_calls) / sizeof(trace_calls[0]) <= TRACE_CALLS_MAX, "names");

size_t trace_call_names(const char *ret[TRACE_CALLS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < trace_calls_len; i++)
		if (!n || strcmp(ret[n - 1], trace_calls[i].name) != 0)
			ret[n++] = trace_calls[i].name;
	return n;
}
