/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_seal.c - this program seals itself, as the runtime does, and looks at what it then runs from.
 * With CARTE_SEAL_CHILD as argv[1] it is the sealed one: it prints what it sees.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <linux/magic.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/seal.h"
#include "base/sys.h"

static char self[512];

/* What the sealed program reports, one line. */
static int sealed_main(char **argv)
{
	struct oci_error err = OCI_ERROR_INIT;
	int r = seal_self(argv, &err);
	char comm[16] = "";
	struct statfs fs;
	int fd, writing, code, open_fds = 0;
	DIR *d;

	if (r < 0) {
		printf("error: %s\n", err.message);
		fflush(stdout);
		_exit(1); /* without /proc the sanitizers' exit checks fail */
	}
	prctl(PR_GET_NAME, comm);
	if (statfs("/proc/self/exe", &fs))
		return 2;
	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	writing = open("/proc/self/exe", O_WRONLY | O_CLOEXEC);
	code = errno;
	printf("%s write=%s seals=%s", fs.f_type == OVERLAYFS_SUPER_MAGIC ? "overlay" : "memfd",
	       writing >= 0 ? "yes" : strerrorname_np(code),
	       fcntl(fd, F_GET_SEALS) == 15 ? "all" : "no");
	close(fd);
	d = opendir("/proc/self/fd");
	while (readdir(d))
		open_fds++;
	closedir(d);
	printf(" fds=%d comm=%s argv0=%s", open_fds - 3, comm, argv[0]);
	for (int i = 2; argv[i]; i++)
		printf(" %s", argv[i]);
	printf(" env=%s\n", getenv("SEAL_ENV") ? getenv("SEAL_ENV") : "-");
	return 0;
}

/* The same without an exec: what was in memory is still there, and the old file is not. */
static int moved_main(char **argv)
{
	static int counter = 40;
	static char old[512];
	char *heap = strdup("heap");
	char line[1024];
	FILE *maps;

	if (readlink("/proc/self/exe", old, sizeof(old) - 1) < 0)
		return 2;
	counter += 2;
	if (seal_self(argv, NULL) < 0)
		return 1;
	/* an exec would have brought us here with the kernel's name for it */
	if (!strncmp((const char *)getauxval(AT_EXECFN), "/dev/fd/", 8))
		return 3;
	maps = fopen("/proc/self/maps", "re");
	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, old))
			return 4;
	if (!maps || fclose(maps) || counter != 42 || strcmp(heap, "heap"))
		return 5;
	free(heap);
	/* a child has it from us, and may be run again */
	if (open("/proc/self/exe", O_WRONLY | O_CLOEXEC) >= 0 || errno != EROFS)
		return 6;
	printf("moved\n");
	return 0;
}

/* Run @program (fds 0, 1, 2 and @extra only) and give back its line. */
static const char *run(const char *program, char *const argv[], int (*before)(void))
{
	static char line[1024];
	int p[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		dup2(p[1], 1);
		sys_close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
		if (before && before())
			_exit(99);
		execv(program, argv);
		_exit(98);
	}
	close(p[1]);
	n = read(p[0], line, sizeof(line) - 1);
	line[n > 0 ? n : 0] = '\0';
	close(p[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!*line)
		snprintf(line, sizeof(line), "status %d", status);
	return line;
}

static const char *name_of(const char *path)
{
	static char comm[16]; /* cut as the kernel does */

	snprintf(comm, sizeof(comm), "%s", strrchr(path, '/') + 1);
	return comm;
}

static void need_root(void)
{
	if (geteuid()) {
		print_message("SKIP: needs root\n");
		skip();
	}
}

static void overlay(void **state)
{
	char *argv[] = { "./some/name", "CARTE_SEAL_CHILD", "a b", "--", "-x", NULL };
	const char *line;
	char want[256];

	(void)state;
	need_root();
	setenv("SEAL_ENV", "kept", 1);
	line = run(self, argv, NULL);
	unsetenv("SEAL_ENV");
	snprintf(
		want, sizeof(want),
		"overlay write=EROFS seals=no fds=3 comm=%s argv0=./some/name a b -- -x env=kept\n",
		name_of(self));
	assert_string_equal(line, want);
}

static void in_place(void **state)
{
	char *argv[] = { "x", "CARTE_SEAL_MOVE", NULL };

	(void)state;
	need_root();
#ifdef CARTE_SANITIZERS
	print_message("SKIP: the sanitizers' memory cannot be moved\n");
	skip();
#endif
	assert_string_equal(run(self, argv, NULL), "moved\n");
}

static int become_nobody(void)
{
	return setgid(65534) || setuid(65534);
}

static int keep_more_fds(void)
{
	return dup2(0, 3) != 3 || dup2(0, 7) != 7;
}

static int relative(void)
{
	char folder[512];

	snprintf(folder, sizeof(folder), "%s", self);
	*strrchr(folder, '/') = '\0';
	return chdir(folder);
}

static void memfd(void **state)
{
	char *argv[] = { "/usr/bin/carte-runtime", "CARTE_SEAL_CHILD", "x", NULL };

	(void)state;
	need_root();
	assert_string_equal(run(self, argv, become_nobody),
			    "memfd write=ETXTBSY seals=all fds=3 comm=carte-runtime "
			    "argv0=/usr/bin/carte-runtime x env=-\n");
}

static void inherited_fds(void **state)
{
	char *argv[] = { "n", "CARTE_SEAL_CHILD", NULL };

	(void)state;
	need_root();
	assert_non_null(
		strstr(run(self, argv, keep_more_fds), "overlay write=EROFS seals=no fds=5 "));
}

static void by_relative_path(void **state)
{
	char *argv[] = { "n", "CARTE_SEAL_CHILD", NULL };
	char path[600];

	(void)state;
	need_root();
	snprintf(path, sizeof(path), ".%s", strrchr(self, '/'));
	assert_non_null(strstr(run(path, argv, relative), "overlay write=EROFS"));
}

/* A runtime that lives on an overlay root, read-only mounted with the very flags that we use. */
static int enter_overlay_root(void)
{
	int in, out, n;
	char buf[65536];

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("t", "/mnt", "tmpfs", 0, NULL) || mkdir("/mnt/l", 0755) ||
	    mkdir("/mnt/u", 0755) || mkdir("/mnt/w", 0755) || mkdir("/mnt/m", 0755) ||
	    mount("o", "/mnt/m", "overlay", 0, "lowerdir=/mnt/l,upperdir=/mnt/u,workdir=/mnt/w"))
		return 1;
	in = open(self, O_RDONLY | O_CLOEXEC);
	out = open("/mnt/m/prog", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	while ((n = (int)read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n)
			return 2;
	close(in);
	close(out);
	return mount(NULL, "/mnt/m", NULL,
		     MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV | MS_NOATIME | MS_NODIRATIME,
		     NULL);
}

/* ... and started through an fd, so that AT_EXECFN looks like ours */
static int exec_fd_on_overlay(void)
{
	char *argv[] = { "n", "CARTE_SEAL_CHILD", NULL };
	int fd;

	if (enter_overlay_root())
		return 1;
	fd = open("/mnt/m/prog", O_PATH | O_CLOEXEC);
	return sys_execveat(fd, "", argv, environ, AT_EMPTY_PATH);
}

static void on_overlay_root(void **state)
{
	char *argv[] = { "n", "CARTE_SEAL_CHILD", NULL };

	(void)state;
	need_root();
	assert_non_null(
		strstr(run("/mnt/m/prog", argv, enter_overlay_root), "overlay write=EROFS"));
	assert_non_null(strstr(run("/none", argv, exec_fd_on_overlay), "overlay write=EROFS"));
}

static int exec_unlinked(void)
{
	char *argv[] = { "n", "CARTE_SEAL_CHILD", NULL };
	int fd;

	if (enter_overlay_root() || mount(NULL, "/mnt/m", NULL, MS_REMOUNT | MS_BIND, NULL))
		return 1;
	fd = open("/mnt/m/prog", O_PATH | O_CLOEXEC);
	return unlink("/mnt/m/prog") || sys_execveat(fd, "", argv, environ, AT_EMPTY_PATH);
}

/* Its file is gone or replaced by another: what runs is copied. */
static void unlinked(void **state)
{
	char *argv[] = { "n", "CARTE_SEAL_CHILD", NULL };

	(void)state;
	need_root();
	assert_non_null(
		strstr(run("/none", argv, exec_unlinked), "memfd write=ETXTBSY seals=all fds=3"));
}

static int hide_proc(void)
{
	return unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	       mount("t", "/proc", "tmpfs", 0, NULL);
}

static void no_proc(void **state)
{
	char *argv[] = { "n", "CARTE_SEAL_CHILD", NULL };

	(void)state;
	need_root();
	assert_string_equal(run(self, argv, hide_proc),
			    "error: open /proc/self/exe (is /proc mounted?): "
			    "No such file or directory\n");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overlay),         cmocka_unit_test(memfd),
		cmocka_unit_test(inherited_fds),   cmocka_unit_test(by_relative_path),
		cmocka_unit_test(on_overlay_root), cmocka_unit_test(unlinked),
		cmocka_unit_test(no_proc),         cmocka_unit_test(in_place),
	};

	if (argc > 1 && !strcmp(argv[1], "CARTE_SEAL_CHILD"))
		return sealed_main(argv);
	if (argc > 1 && !strcmp(argv[1], "CARTE_SEAL_MOVE"))
		return moved_main(argv);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
