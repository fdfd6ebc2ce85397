/* SPDX-License-Identifier: Apache-2.0 */
/* test_logs.c - a log is rotated while it is written at full speed: nothing is lost, nothing comes twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/statfs.h>
#include <sys/wait.h>

#include "base/error.h"
#include "scale/logs.h"
#include "unit/scale.h"

#define LINES 120000
#define MAX_SIZE 65536
#define WRITERS 2

/* Lines of different lengths, each with the writer and a number, one write(2) each: as a program writes them. */
static void write_lines(const char *path, int writer)
{
	struct oci_error err = OCI_ERROR_INIT;
	int fd = logs_open(path, &err);
	char line[128];

	for (int i = 0; i < LINES / WRITERS; i++) {
		int n = snprintf(line, sizeof(line), "%d %d %.*s\n", writer, i, i % 61,
				 "............................................................"
				 "..");

		if (write(fd, line, (size_t)n) != n)
			_exit(1);
	}
	_exit(0);
}

/* All files, the oldest first, one behind the other. */
static FILE *read_all(const char *path, unsigned *ret_files)
{
	char name[PATH_MAX];
	static char all[16 << 20];
	size_t have = 0;

	*ret_files = 0;
	for (int i = 2000; i >= 0; i--) {
		CLEANUP_CLOSE int fd =
			open(i ? scale_path(name, "%s.%d", path, i) : scale_path(name, "%s", path),
			     O_RDONLY | O_CLOEXEC);
		ssize_t n;

		if (fd < 0)
			continue;
		++*ret_files;
		assert_true(lseek(fd, logs_begin(fd), SEEK_SET) >= 0);
		while ((n = read(fd, all + have, sizeof(all) - have)) > 0)
			have += (size_t)n;
	}
	return fmemopen(all, have, "r");
}

static void check_lines(const char *path, unsigned at_least)
{
	int next[WRITERS] = { 0 }, writer, number;
	unsigned files;
	CLEANUP_FCLOSE FILE *all = read_all(path, &files);
	char line[256];

	assert_non_null(all);
	while (fgets(line, sizeof(line), all)) {
		assert_int_equal(sscanf(line, "%d %d ", &writer, &number), 2);
		assert_in_range(writer, 0, WRITERS - 1);
		assert_int_equal(number, next[writer]++);
		assert_int_equal(strlen(strrchr(line, ' ') + 1), number % 61 + 1);
	}
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(next[i], LINES / WRITERS);
	assert_true(files >= at_least);
}

static void rotate_under_load(const char *folder)
{
	struct oci_error err = OCI_ERROR_INIT;
	char path[PATH_MAX];
	int left = WRITERS, rotated = 0, status, r;

	scale_path(path, "%s/log", folder);
	for (int i = 0; i < WRITERS; i++)
		if (fork() == 0)
			write_lines(path, i);
	while (left > 0) {
		r = logs_rotate(path, MAX_SIZE, 2000, &err);
		if (r < 0)
			fail_msg("%s", err.message);
		rotated += r;
		while (left > 0 && waitpid(-1, &status, WNOHANG) > 0) {
			assert_int_equal(status, 0);
			left--;
		}
	}
	assert_true(rotated > 5);
	check_lines(path, 6);
	assert_int_equal(logs_remove(path, &err), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void test_disk(void **state)
{
	(void)state;
	rotate_under_load(scale_folder());
}

/* tmpfs takes nothing out of a file: the log begins behind a hole */
static void test_tmpfs(void **state)
{
	char folder[] = "/dev/shm/carte-scale-XXXXXX";
	struct statfs fs;

	(void)state;
	if (statfs("/dev/shm", &fs) < 0 || fs.f_type != TMPFS_MAGIC || !mkdtemp(folder)) {
		print_message("skipped: /dev/shm is no tmpfs that can be written\n");
		skip();
	}
	rotate_under_load(folder);
}

static void put(const char *path, const char *text)
{
	struct oci_error err = OCI_ERROR_INIT;
	CLEANUP_CLOSE int fd = logs_open(path, &err);

	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, text, strlen(text)), 0);
}

static void test_count(void **state)
{
	const char *folder = scale_folder();
	struct oci_error err = OCI_ERROR_INIT;
	char path[PATH_MAX], name[PATH_MAX], text[8193];
	struct stat st;

	(void)state;
	scale_path(path, "%s/log", folder);
	assert_int_equal(logs_rotate(path, 100, 2, &err), 0);
	for (int i = 0; i < 5; i++) {
		memset(text, 'a' + i, 8192);
		text[8192] = '\0';
		put(path, text);
		assert_int_equal(logs_rotate(path, 8191, 2, &err), 1);
	}
	assert_int_equal(stat(scale_path(name, "%s.1", path), &st), 0);
	assert_int_equal(stat(scale_path(name, "%s.2", path), &st), 0);
	assert_int_equal(stat(scale_path(name, "%s.3", path), &st), -1);
	assert_int_equal(stat(scale_path(name, "%s.0", path), &st), -1);
	/* without old ones the front is forgotten */
	put(path, text);
	assert_int_equal(logs_rotate(path, 8191, 0, &err), 1);
	assert_int_equal(stat(scale_path(name, "%s.0", path), &st), -1);
	/* others of the folder stay */
	scale_write(folder, "log.1x", "");
	scale_write(folder, "logs", "");
	assert_int_equal(logs_remove(path, &err), 0);
	assert_int_equal(stat(scale_path(name, "%s", path), &st), -1);
	assert_int_equal(stat(scale_path(name, "%s.1", path), &st), -1);
	assert_int_equal(stat(scale_path(name, "%s.1x", path), &st), 0);
	assert_int_equal(stat(scale_path(name, "%ss", path), &st), 0);
	scale_folder_remove(folder);
}

/* Killed between the copy and the cut, or behind the cut: the next rotation makes it right. */
static void test_crash(void **state)
{
	const char *folder = scale_folder();
	struct oci_error err = OCI_ERROR_INIT;
	char path[PATH_MAX], text[12001];

	(void)state;
	scale_path(path, "%s/log", folder);
	for (int i = 0; i < 2000; i++)
		(void)sprintf(text + (size_t)i * 6, "%05d\n", i);
	put(path, text);
	/* copied, not cut */
	text[8192] = '\0';
	scale_write(folder, "log.0", text);
	assert_int_equal(logs_rotate(path, 1 << 20, 3, &err), 0);
	assert_null(scale_read(folder, "log.0"));
	assert_null(scale_read(folder, "log.1"));
	assert_int_equal(strlen(scale_read(folder, "log")), 12000);
	/* cut, not moved up */
	scale_write(folder, "log.0", "older\n");
	scale_write(folder, "log.1", "oldest\n");
	assert_int_equal(logs_rotate(path, 1 << 20, 3, &err), 0);
	assert_string_equal(scale_read(folder, "log.1"), "older\n");
	assert_string_equal(scale_read(folder, "log.2"), "oldest\n");
	scale_folder_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_disk),
		cmocka_unit_test(test_tmpfs),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_crash),
	};

	return cmocka_run_group_tests_name("logs", tests, NULL, NULL);
}
