/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys.c - raw system calls as 0, fd or -errno.
 *
 * Nothing is cached: whether a call exists can change within a process (a
 * seccomp filter may be installed), so every caller sees the true errno.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/sys.h"

/*
 * RESOLVE_IN_ROOT with ".." gives EAGAIN when any rename or mount anywhere
 * raced with it (openat2(2)); a bound keeps a hostile renamer from holding us.
 */
#define OPENAT2_TRIES 64

static int result(long r)
{
	return r < 0 ? -errno : (int)r;
}

int sys_clone3(struct clone_args *args)
{
	return result(syscall(SYS_clone3, args, sizeof(*args)));
}

int sys_pidfd_open(pid_t pid, unsigned flags)
{
	return result(syscall(SYS_pidfd_open, pid, flags));
}

int sys_pidfd_send_signal(int pidfd, int sig)
{
	return result(syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0));
}

int sys_pidfd_getfd(int pidfd, int targetfd)
{
	return result(syscall(SYS_pidfd_getfd, pidfd, targetfd, 0));
}

int sys_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.mode = mode,
		.resolve = resolve,
	};
	int r;

	for (int tries = 0; tries < OPENAT2_TRIES; tries++) {
		r = result(syscall(SYS_openat2, dirfd, path, &how, sizeof(how)));
		if (r != -EAGAIN || !resolve)
			return r;
	}
	return -EAGAIN;
}

int sys_open_tree(int dirfd, const char *path, unsigned flags)
{
	return result(syscall(SYS_open_tree, dirfd, path, flags | OPEN_TREE_CLOEXEC));
}

int sys_move_mount(int from_dirfd, const char *from, int to_dirfd, const char *to, unsigned flags)
{
	return result(syscall(SYS_move_mount, from_dirfd, from, to_dirfd, to, flags));
}

int sys_fsopen(const char *fstype)
{
	return result(syscall(SYS_fsopen, fstype, FSOPEN_CLOEXEC));
}

int sys_fsconfig_flag(int fsfd, const char *key)
{
	return result(syscall(SYS_fsconfig, fsfd, FSCONFIG_SET_FLAG, key, NULL, 0));
}

int sys_fsconfig_string(int fsfd, const char *key, const char *value)
{
	return result(syscall(SYS_fsconfig, fsfd, FSCONFIG_SET_STRING, key, value, 0));
}

int sys_fsconfig_fd(int fsfd, const char *key, int fd)
{
	return result(syscall(SYS_fsconfig, fsfd, FSCONFIG_SET_FD, key, NULL, fd));
}

int sys_fsconfig_create(int fsfd)
{
	return result(syscall(SYS_fsconfig, fsfd, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
}

int sys_fsmount(int fsfd, unsigned attr_flags)
{
	return result(syscall(SYS_fsmount, fsfd, FSMOUNT_CLOEXEC, attr_flags));
}

int sys_mount_setattr(int dirfd, const char *path, unsigned flags, struct mount_attr *attr)
{
	return result(syscall(SYS_mount_setattr, dirfd, path, flags, attr, sizeof(*attr)));
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return result(syscall(SYS_pivot_root, new_root, put_old));
}

int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return result(syscall(SYS_close_range, first, last, flags));
}

int sys_execveat(int dirfd, const char *path, char *const argv[], char *const envp[], int flags)
{
	return result(syscall(SYS_execveat, dirfd, path, argv, envp, flags));
}

int sys_seccomp(unsigned op, unsigned flags, void *arg)
{
	return result(syscall(SYS_seccomp, op, flags, arg));
}

void sys_fs_message(int fsfd, char *buf, size_t size)
{
	char line[512];
	size_t length = 0;
	ssize_t n;
	int saved = errno;

	if (!size)
		return;
	/* each read(2) gives one message "e TEXT", "w TEXT" or "i TEXT"; ENODATA ends */
	while ((n = read(fsfd, line, sizeof(line))) > 0) {
		const char *text = line;
		size_t room;

		while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\0'))
			n--;
		if (n < 2 || text[1] != ' ' || (text[0] != 'e' && text[0] != 'w'))
			continue;
		text += 2;
		n -= 2;
		/* some parameters are parsed twice, and complained about as often */
		if (length == (size_t)n && memcmp(buf, text, (size_t)n) == 0)
			continue;
		if (length && length + 2 < size) {
			memcpy(buf + length, "; ", 2);
			length += 2;
		}
		room = size - 1 - length;
		if ((size_t)n > room)
			n = (ssize_t)room;
		memcpy(buf + length, text, (size_t)n);
		length += (size_t)n;
	}
	buf[length] = '\0';
	errno = saved;
}
