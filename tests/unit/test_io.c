/* SPDX-License-Identifier: Apache-2.0 */
/* test_io.c - whole files, replaced files, fds over sockets, numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/io.h"
#include "base/mem.h"

static char folder[] = "/tmp/carte-test-io-XXXXXX";
static int dir = -1;

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	dir = open(folder, O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	close(dir);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static size_t entries(void)
{
	DIR *d = opendir(folder);
	size_t n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void read_sizes(void **state)
{
	static char big[100000];

	(void)state;
	memset(big, 'x', sizeof(big));
	for (size_t size = 0; size <= sizeof(big); size = size ? size * 10 : 1) {
		CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
		size_t length = 99;
		char *text = NULL;

		assert_int_equal(io_replace_at(dir, "f", big, size, 0644), 0);
		assert_int_equal(io_read_at(dir, "f", size, &arena, &text, &length), 0);
		assert_int_equal(length, size);
		assert_memory_equal(text, big, size);
		assert_int_equal(text[length], 0);
		if (size)
			assert_int_equal(io_read_at(dir, "f", size - 1, &arena, &text, &length),
					 -EFBIG);
	}
	unlinkat(dir, "f", 0);
}

static void read_pipe_and_proc(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	static char big[20001];
	size_t length;
	char *text;
	int p[2];

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	memset(big, 'y', sizeof(big));
	assert_int_equal(io_write_all(p[1], big, sizeof(big)), 0);
	close(p[1]);
	assert_int_equal(io_read_fd(p[0], 1 << 20, &arena, &text, &length), 0);
	assert_int_equal(length, sizeof(big));
	close(p[0]);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(io_write_all(p[1], big, sizeof(big)), 0);
	close(p[1]);
	assert_int_equal(io_read_fd(p[0], sizeof(big) - 1, &arena, &text, &length), -EFBIG);
	close(p[0]);
	assert_int_equal(io_read_at(AT_FDCWD, "/proc/self/status", 1 << 20, &arena, &text, &length),
			 0);
	assert_int_equal(length, strlen(text));
	assert_non_null(strstr(text, "Threads:"));
	assert_int_equal(io_read_at(dir, "none", 10, &arena, &text, &length), -ENOENT);
}

static void small(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(io_replace_at(dir, "s", "12345678\n", 9, 0644), 0);
	assert_int_equal(io_read_small(dir, "s", buf, sizeof(buf)), 7);
	assert_string_equal(buf, "1234567");
	assert_int_equal(io_replace_at(dir, "s", "max\n", 4, 0644), 0);
	assert_int_equal(io_read_small(dir, "s", buf, sizeof(buf)), 3);
	assert_string_equal(buf, "max");
	assert_int_equal(io_replace_at(dir, "s", "1\n2\n", 4, 0644), 0);
	assert_int_equal(io_read_small(dir, "s", buf, sizeof(buf)), 3);
	assert_string_equal(buf, "1\n2");
	assert_int_equal(io_replace_at(dir, "s", "", 0, 0644), 0);
	assert_int_equal(io_read_small(dir, "s", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
	assert_int_equal(io_read_small(dir, "none", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(io_write_at(dir, "s", "7"), 0);
	assert_int_equal(io_read_small(dir, "s", buf, sizeof(buf)), 1);
	assert_int_equal(io_write_at(dir, "none", "7"), -ENOENT);
	unlinkat(dir, "s", 0);
}

static void same(void **state)
{
	static char big[10000];

	(void)state;
	memset(big, 'z', sizeof(big));
	assert_int_equal(io_replace_at(dir, "b", big, sizeof(big), 0644), 0);
	assert_true(io_same_at(dir, "b", big, sizeof(big)));
	assert_false(io_same_at(dir, "b", big, sizeof(big) - 1));
	big[sizeof(big) - 1] = 'y';
	assert_false(io_same_at(dir, "b", big, sizeof(big)));
	assert_int_equal(io_replace_at(dir, "b", "", 0, 0644), 0);
	assert_true(io_same_at(dir, "b", "", 0));
	assert_false(io_same_at(dir, "none", "", 0));
	assert_false(io_same_at(dir, ".", "", 0));
	assert_int_equal(symlinkat("b", dir, "l"), 0);
	assert_false(io_same_at(dir, "l", "", 0));
	unlinkat(dir, "l", 0);
	unlinkat(dir, "b", 0);
}

static void replace(void **state)
{
	char buf[16];
	struct stat st;
	int fd;

	(void)state;
	umask(022);
	assert_int_equal(io_replace_at(dir, "r", "one", 3, 0600), 0);
	assert_int_equal(fstatat(dir, "r", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(entries(), 1);
	/* an open reader keeps the old content; a stale temporary file does not matter */
	fd = openat(dir, "r", O_RDONLY);
	assert_true(fd >= 0);
	close(openat(dir, ".r.tmp", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(io_replace_at(dir, "r", "second", 6, 0644), 0);
	assert_int_equal(read(fd, buf, sizeof(buf)), 3);
	close(fd);
	assert_int_equal(io_read_small(dir, "r", buf, sizeof(buf)), 6);
	assert_string_equal(buf, "second");
	assert_int_equal(entries(), 1);
	/* a symlink is replaced, not followed */
	unlinkat(dir, "r", 0);
	assert_int_equal(symlinkat("/tmp/carte-test-io-nowhere", dir, "r"), 0);
	assert_int_equal(io_replace_at(dir, "r", "third", 5, 0644), 0);
	assert_int_equal(fstatat(dir, "r", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISREG(st.st_mode));
	unlinkat(dir, "r", 0);
	/* failures leave nothing */
	assert_int_equal(mkdirat(dir, "d", 0755), 0);
	assert_int_equal(io_replace_at(dir, "d", "x", 1, 0644), -EISDIR);
	assert_int_equal(entries(), 1);
	unlinkat(dir, "d", AT_REMOVEDIR);
	assert_int_equal(io_replace_at(dir, "a/b", "x", 1, 0644), -EINVAL);
	assert_int_equal(io_replace_at(dir, "", "x", 1, 0644), -EINVAL);
	assert_int_equal(entries(), 0);
}

static void replace_in_parallel(void **state)
{
	char one[5000], two[5000];
	pid_t child;
	int status;

	(void)state;
	memset(one, '1', sizeof(one));
	memset(two, '2', sizeof(two));
	child = fork();
	if (!child) {
		int bad = 0;

		for (int i = 0; i < 300; i++)
			bad |= io_replace_at(dir, "p", one, sizeof(one), 0644);
		_exit(bad ? 1 : 0);
	}
	for (int i = 0; i < 300; i++) {
		CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
		size_t length;
		char *text;

		assert_int_equal(io_replace_at(dir, "p", two, sizeof(two), 0644), 0);
		assert_int_equal(io_read_at(dir, "p", 9999, &arena, &text, &length), 0);
		assert_int_equal(length, sizeof(two));
		assert_memory_equal(text, text[0] == '1' ? one : two, length);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(entries(), 1);
	unlinkat(dir, "p", 0);
}

static void fds(void **state)
{
	int s[2], p[2], got[4];
	char buf[16];
	size_t count;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(io_send_fds(s[0], "name", 4, p, 2), 0);
	assert_int_equal(io_recv_fds(s[1], buf, sizeof(buf), got, 4, &count), 4);
	assert_int_equal(count, 2);
	assert_memory_equal(buf, "name", 4);
	assert_int_equal(fcntl(got[0], F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(got[1], "z", 1), 1);
	assert_int_equal(read(p[0], buf, 1), 1);
	close(got[0]);
	close(got[1]);
	/* more fds than wanted: none is kept */
	assert_int_equal(io_send_fds(s[0], "x", 1, p, 2), 0);
	got[0] = dup(0);
	close(got[0]);
	assert_int_equal(io_recv_fds(s[1], buf, sizeof(buf), &got[1], 1, &count), -EMSGSIZE);
	got[2] = dup(0);
	assert_int_equal(got[2], got[0]);
	close(got[2]);
	assert_int_equal(io_send_fds(s[0], "y", 1, NULL, 0), 0);
	assert_int_equal(io_recv_fds(s[1], buf, sizeof(buf), got, 4, &count), 1);
	assert_int_equal(count, 0);
	assert_int_equal(io_send_fds(s[0], "", 0, p, 1), -EINVAL);
	assert_int_equal(io_send_fds(s[0], "x", 1, p, 17), -EINVAL);
	close(s[0]);
	assert_int_equal(io_recv_fds(s[1], buf, sizeof(buf), got, 4, &count), 0);
	assert_int_equal(io_send_fds(s[1], "x", 1, p, 1), -EPIPE);
	close(s[1]);
	close(p[0]);
	close(p[1]);
}

static void connect_lengths(void **state)
{
	static const size_t lengths[] = { 1, 60, 200 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		struct sockaddr_un addr = { .sun_family = AF_UNIX };
		char deep[256], path[512];
		int at, fd, listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		memset(deep, 'd', lengths[i]);
		deep[lengths[i]] = '\0';
		assert_int_equal(mkdirat(dir, deep, 0755), 0);
		at = openat(dir, deep, O_PATH | O_CLOEXEC);
		snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/sock", at);
		assert_int_equal(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
		assert_int_equal(listen(listener, 1), 0);
		snprintf(path, sizeof(path), "%s/%s/sock", folder, deep);
		fd = io_connect_unix(SOCK_STREAM, path);
		assert_true(fd >= 0);
		close(fd);
		close(listener);
		assert_int_equal(io_connect_unix(SOCK_STREAM, path), -ECONNREFUSED);
		unlinkat(at, "sock", 0);
		assert_int_equal(io_connect_unix(SOCK_STREAM, path), -ENOENT);
		close(at);
		unlinkat(dir, deep, AT_REMOVEDIR);
	}
	assert_int_equal(io_connect_unix(SOCK_STREAM, ""), -ENOENT);
}

static void pump(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	int from[2], to[2];
	size_t length;
	char *text;

	(void)state;
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(io_write_all(from[1], "hello", 5), 0);
	close(from[1]);
	assert_int_equal(io_pump(from[0], to[1]), 0);
	close(from[0]);
	close(to[1]);
	assert_int_equal(io_read_fd(to[0], 100, &arena, &text, &length), 0);
	assert_string_equal(text, "hello");
	close(to[0]);
}

static void numbers(void **state)
{
	static const char *const bad[] = {
		"",    " 1", "1 ",  "+1",  "0x1", "1x",
		"--1", "-",  "1.0", "1e3", "\n",  "99999999999999999999x"
	};
	uint64_t u = 5;
	int64_t i = 5;
	uint32_t w = 5;

	(void)state;
	for (size_t k = 0; k < ARRAY_LEN(bad); k++) {
		assert_int_equal(parse_u64(bad[k], &u), -EINVAL);
		assert_int_equal(parse_i64(bad[k], &i), -EINVAL);
		assert_int_equal(parse_u32(bad[k], &w), -EINVAL);
	}
	assert_int_equal(parse_u64("-1", &u), -EINVAL);
	assert_int_equal(parse_u32("-0", &w), -EINVAL);
	assert_int_equal(parse_u64("18446744073709551616", &u), -ERANGE);
	assert_int_equal(parse_u32("4294967296", &w), -ERANGE);
	assert_int_equal(parse_i64("9223372036854775808", &i), -ERANGE);
	assert_int_equal(parse_i64("-9223372036854775809", &i), -ERANGE);
	assert_int_equal(u, 5);
	assert_int_equal(i, 5);
	assert_int_equal(w, 5);
	assert_int_equal(parse_u64("18446744073709551615", &u), 0);
	assert_true(u == UINT64_MAX);
	assert_int_equal(parse_u32("4294967295", &w), 0);
	assert_true(w == UINT32_MAX);
	assert_int_equal(parse_i64("-9223372036854775808", &i), 0);
	assert_true(i == INT64_MIN);
	assert_int_equal(parse_i64("9223372036854775807", &i), 0);
	assert_true(i == INT64_MAX);
	assert_int_equal(parse_u64("007", &u), 0);
	assert_int_equal(u, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_sizes), cmocka_unit_test(read_pipe_and_proc),
		cmocka_unit_test(small),      cmocka_unit_test(same),
		cmocka_unit_test(replace),    cmocka_unit_test(replace_in_parallel),
		cmocka_unit_test(fds),        cmocka_unit_test(connect_lengths),
		cmocka_unit_test(pump),       cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
