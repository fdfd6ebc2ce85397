/* SPDX-License-Identifier: Apache-2.0 */
/* test_procfs.c - a procfs that others cannot fake: each fake is tried, with and without fsopen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/procfs.h"

static int as_child(int (*run)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(run());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void need_root(void)
{
	if (geteuid()) {
		print_message("SKIP: needs root for a mount namespace\n");
		skip();
	}
}

static void reads(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	CLEANUP_CLOSE int proc = procfs_open_root(&err);
	CLEANUP_CLOSE int fd = -EBADF;
	char buf[64], want[32];

	(void)state;
	assert_true(proc >= 0);
	assert_int_equal(fcntl(proc, F_GETFD), FD_CLOEXEC);
	fd = procfs_open(proc, "self/stat", O_RDONLY, &err);
	assert_true(fd >= 0);
	assert_true(read(fd, buf, sizeof(buf) - 1) > 8);
	snprintf(want, sizeof(want), "%d (", (int)getpid());
	assert_memory_equal(buf, want, strlen(want));
	fd_closep(&fd);
	fd = procfs_open(proc, "thread-self/comm", O_RDONLY, &err);
	assert_true(fd >= 0);
	fd_closep(&fd);
	fd = procfs_open(proc, "sys/kernel/ostype", O_RDONLY, &err);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, buf, sizeof(buf)), 6);
	assert_memory_equal(buf, "Linux\n", 6);
	assert_int_equal(err.code, 0);
}

static void refusals(void **state)
{
	static const struct {
		const char *path;
		int code;
		const char *message;
	} cases[] = {
		{ "self/none", ENOENT, "open /proc/self/none: No such file or directory" },
		{ "self/root/etc/passwd", ELOOP,
		  "open /proc/self/root/etc/passwd: Too many levels of symbolic links" },
		{ "self/exe", ELOOP, "open /proc/self/exe: Too many levels of symbolic links" },
		{ "mounts", ELOOP, "open /proc/mounts: Too many levels of symbolic links" },
		{ "../etc/passwd", EXDEV,
		  "open /proc/../etc/passwd: something is mounted over it" },
	};
	struct oci_error err = OCI_ERROR_INIT;
	CLEANUP_CLOSE int proc = procfs_open_root(&err);

	(void)state;
	assert_true(proc >= 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		err = (struct oci_error)OCI_ERROR_INIT;
		assert_int_equal(procfs_open(proc, cases[i].path, O_RDONLY, &err), -cases[i].code);
		assert_string_equal(err.message, cases[i].message);
	}
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(procfs_write(proc, "self/oom_score_adj", "junk", &err), -EINVAL);
	assert_string_equal(err.message, "write /proc/self/oom_score_adj: Invalid argument");
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(procfs_write(proc, "self/comm", "renamed", &err), 0);
}

static int own_mounts(void)
{
	return unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

/* /proc replaced by a tmpfs: with fsopen that does not matter */
static int faked_root_child(void)
{
	struct oci_error err = OCI_ERROR_INIT;
	char buf[8] = "";
	int proc, fd;

	if (own_mounts() || mount("t", "/proc", "tmpfs", 0, NULL))
		return 1;
	proc = procfs_open_root(&err);
	if (proc < 0)
		return 2;
	fd = procfs_open(proc, "sys/kernel/ostype", O_RDONLY, &err);
	return fd >= 0 && read(fd, buf, 5) == 5 && !strcmp(buf, "Linux") ? 0 : 3;
}

/* a file over a file of the procfs that is used */
static int faked_file_child(void)
{
	struct oci_error err = OCI_ERROR_INIT;
	int proc;

	if (own_mounts() || mount("/dev/null", "/proc/sys/kernel/ostype", NULL, MS_BIND, NULL))
		return 1;
	proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (procfs_open(proc, "sys/kernel/ostype", O_RDONLY, &err) != -EXDEV)
		return 2;
	if (strcmp(err.message, "open /proc/sys/kernel/ostype: something is mounted over it"))
		return 3;
	err.code = 0;
	err.message[0] = '\0';
	/* one procfs file over another one: still another mount */
	if (mount("/proc/self/sched", "/proc/sys/kernel/osrelease", NULL, MS_BIND, NULL))
		return 4;
	if (procfs_open(proc, "sys/kernel/osrelease", O_WRONLY, &err) != -EXDEV)
		return 5;
	/* the private one is not concerned */
	close(proc);
	proc = procfs_open_root(&err);
	return procfs_open(proc, "sys/kernel/ostype", O_RDONLY, &err) >= 0 ? 0 : 6;
}

/*
 * A user namespace whose /proc is masked: no fsopen there ("mount too
 * revealing"), so the visible one is used, as far as it is genuine.
 */
static int masked_child(void)
{
	struct oci_error err = OCI_ERROR_INIT;
	int proc;

	if (own_mounts() || mount("t", "/proc/sys", "tmpfs", 0, NULL) ||
	    unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return 1;
	proc = procfs_open_root(&err);
	if (proc < 0)
		return 2;
	if (procfs_open(proc, "self/status", O_RDONLY, &err) < 0)
		return 3;
	if (procfs_open(proc, "sys/x", O_RDONLY, &err) != -EXDEV)
		return 4;
	/* and when /proc is something else altogether, it is refused */
	if (own_mounts() || mount("t", "/proc", "tmpfs", 0, NULL))
		return 5;
	err.code = 0;
	err.message[0] = '\0';
	if (procfs_open_root(&err) != -EXDEV)
		return 6;
	return strcmp(err.message, "/proc is not a proc file system") ? 7 : 0;
}

/* a procfs of another pid namespace has no "self" for us */
static int foreign_child(void)
{
	struct oci_error err = OCI_ERROR_INIT;
	int proc = procfs_open_root(&err), status;
	pid_t pid;

	if (unshare(CLONE_NEWPID))
		return 1;
	pid = fork();
	if (!pid) {
		char buf[8];
		int own = procfs_open_root(&err);
		int fd = procfs_open(own, "self/stat", O_RDONLY, &err);

		if (fd < 0 || read(fd, buf, 3) != 3 || memcmp(buf, "1 (", 3))
			_exit(2);
		_exit(procfs_open(proc, "self/stat", O_RDONLY, &err) >= 0 ? 0 : 3);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

/* From now on openat2 fails like on an old kernel, or in a container whose filter does not know it. */
static int filter_openat2(int code)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_LEN(filter), filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int without_openat2_child(void)
{
	struct oci_error err = OCI_ERROR_INIT;
	int proc = procfs_open_root(&err), fd;
	char buf[8] = "";

	/* the same process saw openat2 work before: nothing may be remembered */
	if (procfs_open(proc, "self/stat", O_RDONLY, &err) < 0 || filter_openat2(EPERM))
		return 10;
	fd = procfs_open(proc, "sys//kernel/ostype", O_RDONLY, &err);
	if (fd < 0 || read(fd, buf, 5) != 5 || strcmp(buf, "Linux"))
		return 11;
	if (procfs_open(proc, "self/root/etc", O_RDONLY, &err) >= 0 ||
	    procfs_open(proc, "sys/../version", O_RDONLY, &err) != -EXDEV ||
	    procfs_open(proc, "self/exe", O_RDONLY, &err) != -ELOOP)
		return 12;
	return faked_file_child();
}

static void without_openat2(void **state)
{
	(void)state;
	need_root();
	assert_int_equal(as_child(without_openat2_child), 0);
}

static void faked_root(void **state)
{
	(void)state;
	need_root();
	assert_int_equal(as_child(faked_root_child), 0);
}

static void faked_file(void **state)
{
	(void)state;
	need_root();
	assert_int_equal(as_child(faked_file_child), 0);
}

static void masked(void **state)
{
	(void)state;
	need_root();
	assert_int_equal(as_child(masked_child), 0);
}

static void foreign(void **state)
{
	(void)state;
	need_root();
	assert_int_equal(as_child(foreign_child), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),           cmocka_unit_test(refusals),
		cmocka_unit_test(faked_root),      cmocka_unit_test(faked_file),
		cmocka_unit_test(masked),          cmocka_unit_test(foreign),
		cmocka_unit_test(without_openat2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
