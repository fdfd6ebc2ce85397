/* SPDX-License-Identifier: Apache-2.0 */
/* test_path.c - the resolver, by openat2 and by the walk, must give the same and never leave the root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/sys.h"

static char top[] = "/tmp/carte-test-path-XXXXXX";
static int topfd = -1; /* holds "root" and, beside it, "outside" */
static int root = -1;

static void put(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static int setup(void **state)
{
	(void)state;
	umask(022);
	if (!mkdtemp(top))
		return -1;
	topfd = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	mkdirat(topfd, "root", 0755);
	mkdirat(topfd, "outside", 0755);
	root = openat(topfd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	put(topfd, "outside/secret", "outside");
	mkdirat(root, "etc", 0755);
	mkdirat(root, "a", 0755);
	mkdirat(root, "a/b", 0755);
	mkdirat(root, "outside", 0755);
	put(root, "outside/secret", "inside");
	put(root, "etc/passwd", "inside");
	symlinkat("/etc/passwd", root, "abs");
	symlinkat("../../../../etc/passwd", root, "up");
	symlinkat("../../outside/secret", root, "a/escape");
	symlinkat("abs", root, "chain");
	symlinkat("/a/b", root, "dirlink");
	symlinkat("loop2", root, "loop1");
	symlinkat("loop1", root, "loop2");
	symlinkat("/new/file", root, "dangling");
	symlinkat("/", root, "slash");
	symlinkat("..", root, "a/b/dotdot");
	return root < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	close(root);
	close(topfd);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static int open_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static const struct {
	const char *path;
	int flags;
	int error; /* 0: opens, and holds "inside" when it is a file */
} lookups[] = {
	{ "etc/passwd", O_RDONLY, 0 },
	{ "/etc/passwd", O_RDONLY, 0 },
	{ "//etc///./passwd", O_RDONLY, 0 },
	{ "../../../etc/passwd", O_RDONLY, 0 },
	{ "a/../etc/passwd", O_RDONLY, 0 },
	{ "abs", O_RDONLY, 0 },
	{ "up", O_RDONLY, 0 },
	{ "chain", O_RDONLY, 0 },
	{ "a/escape", O_RDONLY, 0 },
	{ "slash/slash/etc/passwd", O_RDONLY, 0 },
	{ "dirlink/../../abs", O_RDONLY, 0 },
	{ "dirlink/dotdot/../chain", O_RDONLY, 0 },
	{ "/", O_RDONLY | O_DIRECTORY, 0 },
	{ "..", O_RDONLY | O_DIRECTORY, 0 },
	{ ".", O_PATH, 0 },
	{ "slash", O_PATH | O_DIRECTORY, 0 },
	{ "dirlink/", O_RDONLY | O_NOFOLLOW, 0 },
	{ "dirlink/.", O_RDONLY | O_NOFOLLOW, 0 },
	{ "abs", O_PATH | O_NOFOLLOW, 0 },
	{ "abs", O_RDONLY | O_NOFOLLOW, -ELOOP },
	{ "loop1", O_RDONLY, -ELOOP },
	{ "loop1/x", O_RDONLY, -ELOOP },
	{ "none", O_RDONLY, -ENOENT },
	{ "none/x", O_RDONLY, -ENOENT },
	{ "dangling", O_RDONLY, -ENOENT },
	{ "etc/passwd/x", O_RDONLY, -ENOTDIR },
	{ "etc/passwd/", O_RDONLY, -ENOTDIR },
	{ "etc/passwd/..", O_RDONLY, -ENOTDIR },
	{ "etc/passwd", O_RDONLY | O_DIRECTORY, -ENOTDIR },
	{ "etc", O_WRONLY, -EISDIR },
	{ "", O_RDONLY, -ENOENT },
	{ "etc/passwd", O_WRONLY | O_CREAT | O_EXCL, -EEXIST },
	{ "dangling", O_WRONLY | O_CREAT | O_EXCL, -EEXIST },
};

static void lookup(void **state)
{
	int before = open_fds();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lookups); i++) {
		char buf[16] = "";
		struct stat st;
		int fd = path_open_in_root(root, lookups[i].path, lookups[i].flags, 0644);

		if (lookups[i].error) {
			if (fd != lookups[i].error)
				fail_msg("%s: %d", lookups[i].path, fd);
			continue;
		}
		if (fd < 0)
			fail_msg("%s: %d", lookups[i].path, fd);
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
		assert_int_equal(fstat(fd, &st), 0);
		if (S_ISREG(st.st_mode)) {
			assert_int_equal(read(fd, buf, sizeof(buf)), 6);
			assert_string_equal(buf, "inside");
		}
		close(fd);
	}
	assert_int_equal(open_fds(), before);
}

static void long_paths(void **state)
{
	static char path[PATH_MAX * 2];
	int fd;

	(void)state;
	fd = path_open_in_root(root, "a/../a/../a/../etc", O_PATH, 0);
	assert_true(fd >= 0);
	close(fd);
	memset(path, 'x', sizeof(path) - 1);
	assert_int_equal(path_open_in_root(root, path, O_PATH, 0), -ENAMETOOLONG);
	path[300] = '\0';
	assert_int_equal(path_open_in_root(root, path, O_PATH, 0), -ENAMETOOLONG);
}

static void create(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	fd = path_open_in_root(root, "/etc/made", O_WRONLY | O_CREAT | O_EXCL, 0640);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	close(fd);
	assert_int_equal(unlinkat(root, "etc/made", 0), 0);
}

static void mkdirs(void **state)
{
	struct stat st;
	int fd, before = open_fds();

	(void)state;
	fd = path_mkdirs_in_root(root, "/dirlink/one/two/../three/", 0700);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(fstatat(root, "a/b/one/two", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(fstatat(root, "a/b/one/three", &st, AT_SYMLINK_NOFOLLOW), 0);
	fd = path_mkdirs_in_root(root, "dirlink/one/four", 0755);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(path_mkdirs_in_root(root, "etc/passwd", 0755), -ENOTDIR);
	assert_int_equal(path_mkdirs_in_root(root, "etc/passwd/x", 0755), -ENOTDIR);
	assert_int_equal(path_mkdirs_in_root(root, "loop1/x", 0755), -ELOOP);
	/* a link that leads to nothing: made where it leads to, inside */
	symlinkat("/../../made/here", root, "todir");
	fd = path_mkdirs_in_root(root, "todir", 0755);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(fstatat(root, "made/here", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(fstatat(topfd, "made", &st, AT_SYMLINK_NOFOLLOW), -1);
	unlinkat(root, "made/here", AT_REMOVEDIR);
	unlinkat(root, "made", AT_REMOVEDIR);
	unlinkat(root, "todir", 0);
	unlinkat(root, "a/b/one/two", AT_REMOVEDIR);
	unlinkat(root, "a/b/one/three", AT_REMOVEDIR);
	unlinkat(root, "a/b/one/four", AT_REMOVEDIR);
	assert_int_equal(unlinkat(root, "a/b/one", AT_REMOVEDIR), 0);
	assert_int_equal(open_fds(), before);
}

static void create_file(void **state)
{
	struct stat st;
	int fd, before = open_fds();

	(void)state;
	fd = path_create_file_in_root(root, "/x/y/file", 0600);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_mode & 07777, 0600);
	close(fd);
	fd = path_create_file_in_root(root, "x/y/other", 0644);
	assert_true(fd >= 0);
	close(fd);
	/* something is there already: that, through links; a folder too */
	fd = path_create_file_in_root(root, "chain", 0600);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 6);
	close(fd);
	fd = path_create_file_in_root(root, "dangling", 0644);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	close(fd);
	assert_int_equal(unlinkat(root, "new/file", 0), 0);
	assert_int_equal(unlinkat(root, "new", AT_REMOVEDIR), 0);
	assert_int_equal(path_create_file_in_root(root, "etc/passwd/x", 0644), -ENOTDIR);
	assert_int_equal(path_create_file_in_root(root, "q/r/", 0644), -ENOENT);
	assert_int_equal(fstatat(root, "q", &st, 0), -1);
	unlinkat(root, "x/y/file", 0);
	unlinkat(root, "x/y/other", 0);
	unlinkat(root, "x/y", AT_REMOVEDIR);
	assert_int_equal(unlinkat(root, "x", AT_REMOVEDIR), 0);
	assert_int_equal(open_fds(), before);
}

static void parent(void **state)
{
	const char *name = NULL;
	struct stat st, want;
	int fd;

	(void)state;
	fd = path_open_parent_in_root(root, "/dirlink/new", false, &name);
	assert_true(fd >= 0);
	assert_string_equal(name, "new");
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(fstatat(root, "a/b", &want, 0), 0);
	assert_int_equal(st.st_ino, want.st_ino);
	close(fd);
	fd = path_open_parent_in_root(root, "name", false, &name);
	assert_true(fd >= 0);
	assert_string_equal(name, "name");
	close(fd);
	assert_int_equal(path_open_parent_in_root(root, "m/n", false, &name), -ENOENT);
	fd = path_open_parent_in_root(root, "m/n", true, &name);
	assert_true(fd >= 0);
	assert_string_equal(name, "n");
	close(fd);
	assert_int_equal(unlinkat(root, "m", AT_REMOVEDIR), 0);
	assert_int_equal(path_open_parent_in_root(root, "/", false, &name), -EINVAL);
	assert_int_equal(path_open_parent_in_root(root, "a/.", false, &name), -EINVAL);
	assert_int_equal(path_open_parent_in_root(root, "..", false, &name), -EINVAL);
	assert_int_equal(path_open_parent_in_root(root, "a/", false, &name), -EINVAL);
}

static void magic(void **state)
{
	static const char *const paths[] = {
		"self/root",   "self/root/etc",       "self/cwd", "self/exe", "self/fd/0",
		"self/ns/mnt", "thread-self/root/etc"
	};
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		fd = path_open_in_root(proc, paths[i], O_PATH, 0);
		if (fd != -ELOOP)
			fail_msg("%s: %d", paths[i], fd);
	}
	fd = path_open_in_root(proc, "mounts", O_RDONLY, 0);
	assert_true(fd >= 0);
	close(fd);
	fd = path_open_in_root(proc, "self/root", O_PATH | O_NOFOLLOW, 0);
	assert_true(fd >= 0);
	close(fd);
	close(proc);
}

/* Another process swaps a folder for a link out of the root, as fast as it can. */
static pid_t start_swapper(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	mkdirat(root, "swap", 0755);
	symlinkat("../outside", root, "swaplink");
	for (;;) {
		/* RENAME_EXCHANGE */
		if (renameat2(root, "swap", root, "swaplink", 2))
			_exit(1);
	}
}

static void race(void **state)
{
	int before = open_fds();
	struct stat st;
	pid_t swapper;

	(void)state;
	mkdirat(root, "swap", 0755);
	symlinkat("../outside", root, "swaplink");
	swapper = start_swapper();
	assert_true(swapper > 0);
	for (int i = 0; i < 3000; i++) {
		char name[64];
		int fd;

		snprintf(name, sizeof(name), "swap/d%d/e", i);
		fd = path_mkdirs_in_root(root, name, 0755);
		if (fd >= 0)
			close(fd);
		snprintf(name, sizeof(name), "swap/f%d", i);
		fd = path_create_file_in_root(root, name, 0644);
		if (fd >= 0)
			close(fd);
		fd = path_open_in_root(root, "swap/../swap/secret", O_RDONLY, 0);
		if (fd >= 0) {
			char buf[16] = "";

			assert_int_equal(read(fd, buf, sizeof(buf)), 6);
			assert_string_equal(buf, "inside");
			close(fd);
		}
	}
	kill(swapper, SIGKILL);
	waitpid(swapper, NULL, 0);
	assert_int_equal(fstatat(topfd, "outside", &st, 0), 0);
	assert_int_equal(st.st_nlink, 2); /* no folder was made there */
	for (int i = 0; i < 3000; i++) {
		char name[64];

		snprintf(name, sizeof(name), "outside/f%d", i);
		assert_int_equal(fstatat(topfd, name, &st, AT_SYMLINK_NOFOLLOW), -1);
	}
	assert_int_equal(open_fds(), before);
}

static int force_enosys(void **state)
{
	(void)state;
	path_force_fallback(ENOSYS);
	return 0;
}

static int force_eperm(void **state)
{
	(void)state;
	path_force_fallback(EPERM);
	return 0;
}

static int force_eagain(void **state)
{
	(void)state;
	path_force_fallback(EAGAIN);
	return 0;
}

static int unforce(void **state)
{
	(void)state;
	path_force_fallback(0);
	return 0;
}

static void clean(void **state)
{
	static const char *const cases[][2] = {
		{ "/", "/" },
		{ "//", "/" },
		{ "/a/../..", "/" },
		{ "/a//b/./c/", "/a/b/c" },
		{ "a/..", "." },
		{ "./", "." },
		{ "../a/../..", "../.." },
		{ "a/b/../../../c", "../c" },
		{ "/..a/.b", "/..a/.b" },
		{ "", "" },
		{ "/a/b/../../c", "/c" },
		{ "..", ".." },
		{ "a", "a" },
		{ "/../a", "/a" },
		{ "a../b..", "a../b.." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *copy = strdup(cases[i][0]);

		assert_string_equal(path_clean(copy), cases[i][1]);
		free(copy);
	}
	assert_true(path_is_below("/a/b", "/a"));
	assert_true(path_is_below("/a", "/a"));
	assert_true(path_is_below("/a", "/"));
	assert_false(path_is_below("/ab", "/a"));
	assert_false(path_is_below("/", "/a"));
}

/* No component may be a link; what is no link opens as itself, files too. */
static void plain(void **state)
{
	static const struct {
		const char *path;
		int flags, want;
	} cases[] = {
		{ "/", 0, 0 },
		{ "a/b", O_DIRECTORY, 0 },
		{ "/a//./b/", 0, 0 },
		{ "/etc/passwd", 0, 0 },
		{ "etc/passwd", O_DIRECTORY, -ENOTDIR },
		{ "etc/passwd/", 0, -ENOTDIR },
		{ "etc/passwd/x", 0, -ENOTDIR },
		{ "abs", 0, -ELOOP },
		{ "slash", 0, -ELOOP },
		{ "dirlink/c", 0, -ELOOP },
		{ "dirlink", O_DIRECTORY, -ELOOP },
		{ "a/none", 0, -ENOENT },
		{ "none/b", 0, -ENOENT },
		{ "", 0, -ENOENT },
	};
	struct stat st, is;
	char buf[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int fd = path_open_plain(root, cases[i].path, cases[i].flags, true);

		assert_int_equal(fd < 0 ? fd : 0, cases[i].want);
		if (fd >= 0)
			close(fd);
	}
	/* the host's own: from a folder, from "/", and back up */
	assert_int_equal(fstat(root, &st), 0);
	for (int i = 0; i < 3; i++) {
		int fd;

		snprintf(buf, sizeof(buf),
			 i == 0   ? "root"
			 : i == 1 ? "root/../root/."
				  : "%s/root",
			 top);
		fd = path_open_plain(topfd, buf, O_DIRECTORY, false);
		assert_true(fd >= 0);
		assert_int_equal(fstat(fd, &is), 0);
		assert_int_equal(is.st_ino, st.st_ino);
		close(fd);
	}
	assert_int_equal(path_open_plain(topfd, "root/slash/tmp", 0, false), -ELOOP);
	memset(buf, 'x', NAME_MAX + 1);
	buf[NAME_MAX + 1] = '\0';
	assert_int_equal(path_open_plain(root, buf, 0, true), -ENAMETOOLONG);
}

static void links(void **state)
{
	char buf[32];

	(void)state;
	assert_string_equal(path_fd_link(2147483647, buf), "/proc/self/fd/2147483647");
}

#define BOTH(test)                                                              \
	{ #test " (openat2)", test, NULL, NULL, NULL },                         \
		{ #test " (walk, ENOSYS)", test, force_enosys, unforce, NULL }, \
		{ #test " (walk, EPERM)", test, force_eperm, unforce, NULL },   \
	{                                                                       \
#test " (walk, EAGAIN)", test, force_eagain, unforce, NULL      \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(lookup),
		BOTH(long_paths),
		BOTH(create),
		BOTH(mkdirs),
		BOTH(create_file),
		BOTH(parent),
		BOTH(magic),
		BOTH(plain),
		BOTH(race),
		cmocka_unit_test(clean),
		cmocka_unit_test(links),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
