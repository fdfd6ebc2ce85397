/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_stats.c - statistics of cgroup v2 from files as the kernel writes them, in a folder of the test's own: what
 * runc's readers are told, and the few figures of the table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/cgroup/internal.h"

static const struct {
	const char *name;
	const char *text;
} files[] = {
	{ "cpu.stat", "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\nnr_periods 4\n"
		      "nr_throttled 2\nthrottled_usec 7\n" },
	{ "cpu.pressure", "some avg10=1.25 avg60=0.50 avg300=0.00 total=99\n"
			  "full avg10=0.00 avg60=0.00 avg300=0.00 total=9\n" },
	{ "cpuset.cpus.effective", "0-2,5\n" },
	{ "cpuset.mems.effective", "0\n" },
	{ "memory.stat", "anon 10\nfile 4096\nkernel 30\nsock 5\nfile_mapped 1\n" },
	{ "memory.events", "low 0\nhigh 1\nmax 2\noom 3\noom_kill 4\noom_group_kill 5\n" },
	{ "memory.max", "1000000\n" },
	{ "memory.current", "5000\n" },
	{ "memory.peak", "6000\n" },
	{ "memory.swap.max", "500\n" },
	{ "memory.swap.current", "20\n" },
	{ "memory.swap.events", "high 0\nmax 6\nfail 0\n" },
	{ "pids.current", "3\n" },
	{ "pids.max", "max\n" },
	{ "io.stat", "8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n"
		     "8:0 rbytes=7 wbytes=8 rios=9 wios=10 dbytes=11 dios=12\n" },
};

static char folder[] = "/tmp/carte-unit-stats-XXXXXX";
static struct cgroup_dir v2 = { (char *)"", folder, (char *)"/c", true };
static struct cgroup cgroup = { .mode = CGROUP_MODE_V2, .dirs = &v2, .dirs_len = 1 };

static void path_of(const char *name, char buf[PATH_MAX])
{
	assert_int_equal(cgroup_dir_path(&v2, name, buf), 0);
}

static int setup(void **state)
{
	char path[PATH_MAX];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	path_of(NULL, path);
	if (mkdir(path, 0700) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		FILE *file;

		path_of(files[i].name, path);
		file = fopen(path, "we");
		if (!file || fputs(files[i].text, file) < 0 || fclose(file) != 0)
			return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	char path[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		path_of(files[i].name, path);
		(void)unlink(path);
	}
	path_of(NULL, path);
	return rmdir(path) + rmdir(folder);
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in %s", part, text);
}

static void converts_names_and_units(void **state)
{
	CLEANUP_FREE char *text = NULL;
	struct oci_error err = OCI_ERROR_INIT;
	size_t length = 0;

	(void)state;
	assert_int_equal(cgroup_fs_stats(&cgroup, 0, &text, &length, &err), 0);
	assert_int_equal(length, strlen(text));
	has(text, "{\"cpu\":{\"usage\":{\"total\":1500000,\"kernel\":500000,\"user\":1000000},"
		  "\"throttling\":{\"periods\":4,\"throttledPeriods\":2,\"throttledTime\":7000},"
		  "\"psi\":{\"some\":{\"avg10\":1.25,\"avg60\":0.50,\"avg300\":0.00,\"total\":99},"
		  "\"full\":{\"avg10\":0.00,\"avg60\":0.00,\"avg300\":0.00,\"total\":9}}}");
	has(text, "\"cpuset\":{\"cpus\":[0,1,2,5],\"mems\":[0],\"cpu_exclusive\":0,");
	/* "swap" is memory and swap together, as on v1 */
	has(text, "\"memory\":{\"cache\":4096,"
		  "\"usage\":{\"limit\":1000000,\"usage\":5000,\"max\":6000,\"failcnt\":2},"
		  "\"swap\":{\"limit\":1000500,\"usage\":5020,\"max\":0,\"failcnt\":6},"
		  "\"kernel\":{\"limit\":0,\"usage\":30,\"max\":0,\"failcnt\":0},"
		  "\"kernelTCP\":{\"limit\":0,\"usage\":5,\"max\":0,\"failcnt\":0},"
		  "\"raw\":{\"anon\":10,\"file\":4096,\"kernel\":30,\"sock\":5,\"file_mapped\":1},"
		  "\"events\":{\"low\":0,\"high\":1,\"max\":2,\"oom\":3,\"oom_kill\":4,"
		  "\"oom_group_kill\":5}}");
	has(text, "\"pids\":{\"current\":3}");
	has(text, "\"ioServiceBytesRecursive\":["
		  "{\"major\":8,\"minor\":16,\"op\":\"Read\",\"value\":1},"
		  "{\"major\":8,\"minor\":16,\"op\":\"Write\",\"value\":2},"
		  "{\"major\":8,\"minor\":16,\"op\":\"Discard\",\"value\":5},"
		  "{\"major\":8,\"minor\":0,\"op\":\"Read\",\"value\":7},");
	has(text,
	    "\"ioServicedRecursive\":[{\"major\":8,\"minor\":16,\"op\":\"Read\",\"value\":3},");
	has(text, "\"intel_rdt\":{},\"network_interfaces\":[]}");
}

static void is_brief(void **state)
{
	struct cgroup_brief brief;

	(void)state;
	cgroup_stats_brief(&cgroup, &brief);
	assert_int_equal(brief.cpu_ns, 1500000);
	assert_int_equal(brief.memory, 5000);
	assert_int_equal(brief.memory_limit, 1000000);
	assert_int_equal(brief.pids, 3);
	assert_true(brief.pids_limit == UINT64_MAX);
	assert_string_equal(brief.cpu_pressure, "1.25");
	assert_string_equal(brief.memory_pressure, "");
}

/** Without any file: zeros, no limit, and the same members. */
static void does_without_controllers(void **state)
{
	struct cgroup_dir nowhere = { (char *)"", folder, (char *)"/nowhere", true };
	struct cgroup none = { .mode = CGROUP_MODE_V2, .dirs = &nowhere, .dirs_len = 1 };
	CLEANUP_FREE char *text = NULL;
	struct oci_error err = OCI_ERROR_INIT;
	struct cgroup_brief brief;
	size_t length = 0;

	(void)state;
	assert_int_equal(cgroup_fs_stats(&none, 0, &text, &length, &err), 0);
	has(text, "\"usage\":{\"total\":0,\"kernel\":0,\"user\":0}");
	has(text, "\"raw\":{}},\"pids\":{\"current\":0,\"limit\":0},\"blkio\":{},\"hugetlb\":{}");
	assert_null(strstr(text, "psi"));
	cgroup_stats_brief(&none, &brief);
	assert_int_equal(brief.memory, 0);
	assert_true(brief.memory_limit == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(converts_names_and_units),
		cmocka_unit_test(is_brief),
		cmocka_unit_test(does_without_controllers),
	};

	return cmocka_run_group_tests_name("stats", tests, setup, teardown);
}
