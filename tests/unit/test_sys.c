/* SPDX-License-Identifier: Apache-2.0 */
/* test_sys.c - the raw calls give 0, fds that are O_CLOEXEC, or -errno. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "base/sys.h"

static void assert_cloexec(int fd)
{
	if (fd < 0)
		fail_msg("no fd: %s", strerror(-fd));
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

static void need_root(void)
{
	if (geteuid()) {
		print_message("SKIP: needs root for mounts\n");
		skip();
	}
}

static void clone3(void **state)
{
	int pidfd = -1, status, pid;
	struct clone_args args = { .flags = CLONE_PIDFD,
				   .pidfd = (uint64_t)(uintptr_t)&pidfd,
				   .exit_signal = SIGCHLD };

	(void)state;
	pid = sys_clone3(&args);
	if (!pid)
		_exit(7);
	assert_true(pid > 0);
	assert_cloexec(pidfd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 7);
	assert_int_equal(sys_pidfd_send_signal(pidfd, 0), -ESRCH);
	assert_int_equal(sys_pidfd_open(pid, 0), -ESRCH);
	close(pidfd);
	args.flags = CLONE_THREAD;
	assert_int_equal(sys_clone3(&args), -EINVAL);
}

static void pidfd(void **state)
{
	CLEANUP_CLOSE int self = sys_pidfd_open(getpid(), 0);
	CLEANUP_CLOSE int copy = -EBADF;

	(void)state;
	assert_cloexec(self);
	assert_int_equal(sys_pidfd_send_signal(self, 0), 0);
	copy = sys_pidfd_getfd(self, 0);
	assert_cloexec(copy);
	assert_int_equal(sys_pidfd_getfd(self, 9999), -EBADF);
}

static void openat2(void **state)
{
	CLEANUP_CLOSE int root = open("/", O_PATH | O_CLOEXEC);
	CLEANUP_CLOSE int fd = sys_openat2(root, "etc", O_PATH, 0, RESOLVE_IN_ROOT);

	(void)state;
	assert_cloexec(fd);
	assert_int_equal(sys_openat2(root, "etc", O_RDONLY, 0644, 0), -EINVAL);
	assert_int_equal(sys_openat2(fd, "../etc", O_RDONLY, 0, RESOLVE_BENEATH), -EXDEV);
}

static void mounts(void **state)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	CLEANUP_CLOSE int fs = -EBADF;
	CLEANUP_CLOSE int mount = -EBADF;
	CLEANUP_CLOSE int tree = -EBADF;
	char words[128];

	(void)state;
	need_root();
	fs = sys_fsopen("tmpfs");
	assert_cloexec(fs);
	assert_int_equal(sys_fsconfig_string(fs, "size", "64k"), 0);
	assert_int_equal(sys_fsconfig_string(fs, "mode", "junk"), -EINVAL);
	sys_fs_message(fs, words, sizeof(words));
	assert_string_equal(words, "tmpfs: Bad value for 'mode'");
	sys_fs_message(fs, words, sizeof(words));
	assert_string_equal(words, "");
	assert_int_equal(sys_fsconfig_flag(fs, "nonsense"), -EINVAL);
	assert_int_equal(sys_fsconfig_fd(fs, "nonsense", 0), -EINVAL);
	sys_fs_message(fs, words, 10);
	assert_int_equal(strlen(words), 9);
	assert_int_equal(sys_fsconfig_create(fs), 0);
	mount = sys_fsmount(fs, MOUNT_ATTR_NODEV);
	assert_cloexec(mount);
	assert_int_equal(mkdirat(mount, "d", 0755), 0);
	assert_int_equal(sys_mount_setattr(mount, "", AT_EMPTY_PATH, &attr), 0);
	assert_int_equal(mkdirat(mount, "e", 0755), -1);
	assert_int_equal(errno, EROFS);
	assert_int_equal(sys_move_mount(mount, "none", AT_FDCWD, "/none", 0), -ENOENT);
	tree = sys_open_tree(AT_FDCWD, "/dev", OPEN_TREE_CLONE);
	assert_cloexec(tree);
	assert_int_equal(sys_fsopen("nonsense"), -ENODEV);
	assert_int_equal(sys_pivot_root("/none", "/none"), -ENOENT);
}

static void fds_and_exec(void **state)
{
	char *argv[] = { "x", NULL };
	int fd = dup(0), top = fd + 100, status;
	pid_t pid;

	(void)state;
	assert_int_equal(dup2(0, top), top);
	assert_int_equal(sys_close_range((unsigned)top, ~0u, CLOSE_RANGE_CLOEXEC), 0);
	assert_int_equal(fcntl(top, F_GETFD), FD_CLOEXEC);
	assert_int_equal(sys_close_range((unsigned)top, (unsigned)top, 0), 0);
	assert_int_equal(fcntl(top, F_GETFD), -1);
	close(fd);
	assert_int_equal(sys_close_range(5, 4, 0), -EINVAL);
	assert_int_equal(sys_execveat(AT_FDCWD, "/none", argv, environ, 0), -ENOENT);
	pid = fork();
	if (!pid) {
		int exe = open("/bin/true", O_RDONLY | O_CLOEXEC);

		sys_execveat(exe, "", argv, environ, AT_EMPTY_PATH);
		_exit(9);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clone3), cmocka_unit_test(pidfd),        cmocka_unit_test(openat2),
		cmocka_unit_test(mounts), cmocka_unit_test(fds_and_exec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
