/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys.h - raw system calls, constants that Debian 12's headers may lack, and
 * whether this kernel has them. Nothing else in the tree calls syscall(2).
 *
 * All return 0 (or a new fd, always O_CLOEXEC) or -errno.
 */
#ifndef CARTE_BASE_SYS_H
#define CARTE_BASE_SYS_H

#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/types.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080 /* 5.6 */
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL /* 5.7 */
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000 /* 5.14 */
#endif
#ifndef MOVE_MOUNT_BENEATH
#define MOVE_MOUNT_BENEATH 0x00000200 /* 6.5 */
#endif

int sys_clone3(struct clone_args *args);       /* pid in the parent, 0 in the child; 5.3 */
int sys_pidfd_open(pid_t pid, unsigned flags); /* 5.3 */
int sys_pidfd_send_signal(int pidfd, int sig); /* 5.1 */
int sys_pidfd_getfd(int pidfd, int targetfd);  /* 5.6 */
int sys_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode,
		uint64_t resolve); /* 5.6; EAGAIN is retried */
int sys_open_tree(int dirfd, const char *path,
		  unsigned flags); /* 5.2; OPEN_TREE_CLOEXEC is added */
int sys_move_mount(int from_dirfd, const char *from, int to_dirfd, const char *to,
		   unsigned flags); /* 5.2 */
int sys_fsopen(const char *fstype); /* 5.2 */
int sys_fsconfig_flag(int fsfd, const char *key);
int sys_fsconfig_string(int fsfd, const char *key, const char *value);
int sys_fsconfig_fd(int fsfd, const char *key, int fd);
int sys_fsconfig_create(int fsfd);
int sys_fsmount(int fsfd, unsigned attr_flags);
int sys_mount_setattr(int dirfd, const char *path, unsigned flags,
		      struct mount_attr *attr); /* 5.12 */
int sys_pivot_root(const char *new_root, const char *put_old);
int sys_close_range(unsigned first, unsigned last, unsigned flags); /* 5.9 */
int sys_execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags);
int sys_seccomp(unsigned op, unsigned flags,
		void *arg); /* 3.17; an fd (close-on-exec) with NEW_LISTENER */

/** sys_fs_message - the kernel's own words about the last failure on an fsopen fd ("" when none). */
void sys_fs_message(int fsfd, char *buf, size_t size);

#endif
