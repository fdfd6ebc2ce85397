/* SPDX-License-Identifier: Apache-2.0 */
/* test_rdt.c - the rules of closID and schemata, on a folder that plays resctrl. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/rdt.h"

static char top[] = "/tmp/carte-test-rdt-XXXXXX";
static int dir = -1;
static struct oci_arena arena = OCI_ARENA_INIT;

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(top))
		return -1;
	dir = open(top, O_DIRECTORY | O_CLOEXEC);
	setenv("CARTE_RESCTRL_ROOT", top, 1);
	mkdirat(dir, "info", 0755);
	return io_replace_at(dir, "info/../schemata", "", 0, 0644) == -EINVAL ? 0 : -1;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	oci_arena_free(&arena);
	close(dir);
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

/* The files that the kernel makes in a group. */
static void group(const char *name, const char *schemata)
{
	int at;

	mkdirat(dir, name, 0755);
	at = openat(dir, name, O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(io_replace_at(at, "schemata", schemata, strlen(schemata), 0644), 0);
	assert_int_equal(io_replace_at(at, "tasks", "", 0, 0644), 0);
	mkdirat(at, "mon_groups", 0755);
	close(at);
}

static void checks(void **state)
{
	const struct {
		struct oci_intel_rdt rdt;
		const char *message;
	} cases[] = {
		{ { .clos_id = "a/b" }, "linux.intelRdt.closID: \"a/b\" is no name of a group" },
		{ { .clos_id = ".." }, "linux.intelRdt.closID: \"..\" is no name of a group" },
		{ { .clos_id = "" }, "linux.intelRdt.closID: \"\" is no name of a group" },
		{ { .clos_id = "info" }, "linux.intelRdt.closID: \"info\" is no name of a group" },
		{ { .l3_cache_schema = "junk" },
		  "linux.intelRdt.l3CacheSchema: expected RESOURCE:ID=VALUE, got \"junk\"" },
		{ { .mem_bw_schema = "L3:0=f" },
		  "linux.intelRdt.memBwSchema: expected one line that begins with MB:" },
		{ { .schemata = (char *[]){ "L3:0=f", "x", NULL }, .schemata_len = 2 },
		  "linux.intelRdt.schemata[1]: expected RESOURCE:ID=VALUE, got \"x\"" },
		{ { .schemata = (char *[]){ "L3:0=f\nMB:0=1", NULL }, .schemata_len = 1 },
		  "linux.intelRdt.schemata[0]: holds more than one line" },
	};
	struct oci_intel_rdt good = { .clos_id = "guaranteed", .l3_cache_schema = "L3:0=f" };
	struct oci_error err = OCI_ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		err = (struct oci_error)OCI_ERROR_INIT;
		assert_int_equal(rdt_check(&cases[i].rdt, "id", &err), -EINVAL);
		assert_string_equal(err.message, cases[i].message);
	}
	assert_int_equal(rdt_check(&good, "id", NULL), 0);
	setenv("CARTE_RESCTRL_ROOT", "/tmp/carte-test-none", 1);
	assert_false(rdt_available());
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(rdt_check(&good, "id", &err), -ENOTSUP);
	assert_string_equal(err.message,
			    "linux.intelRdt: resctrl is not mounted at /tmp/carte-test-none");
	setenv("CARTE_RESCTRL_ROOT", top, 1);
	assert_true(rdt_available());
}

static void existing(void **state)
{
	struct oci_intel_rdt same = { .clos_id = "shared",
				      .l3_cache_schema = "L3:0=f;1=0c",
				      .mem_bw_schema = "MB:0=50" };
	struct oci_intel_rdt other = { .clos_id = "shared",
				       .schemata = (char *[]){ "L3:1=c", "MB:0=60", NULL },
				       .schemata_len = 2 };
	struct oci_intel_rdt none = { .clos_id = "shared" };
	struct oci_error err = OCI_ERROR_INIT;
	struct rdt_group got;
	char want[256], buf[64];

	(void)state;
	group("shared", "    MB:0=50;1=100\n    L3:0=000f;1=c\n");
	assert_int_equal(rdt_create(&arena, &same, "id", &got, &err), 0);
	assert_false(got.made);
	assert_null(got.monitor_path);
	assert_int_equal(rdt_create(&arena, &none, "id", &got, &err), 0);
	assert_int_equal(rdt_enter(&got, 4242, &err), 0);
	assert_int_equal(io_read_small(dir, "shared/tasks", buf, sizeof(buf)), 4);
	assert_string_equal(buf, "4242");
	assert_int_equal(rdt_create(&arena, &other, "id", &got, &err), -EINVAL);
	snprintf(want, sizeof(want),
		 "linux.intelRdt.closID: group %s/shared exists with other values than MB:0=60",
		 top);
	assert_string_equal(err.message, want);
	assert_int_equal(rdt_destroy(&got, NULL), 0); /* not ours */
	assert_int_equal(faccessat(dir, "shared", F_OK, 0), 0);
	none.clos_id = "missing";
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(rdt_create(&arena, &none, "id", &got, &err), -ENOENT);
	snprintf(want, sizeof(want),
		 "linux.intelRdt.closID: group %s/missing: No such file or directory", top);
	assert_string_equal(err.message, want);
}

static void monitored(void **state)
{
	struct oci_intel_rdt rdt = { .clos_id = "shared", .enable_monitoring = { true, true } };
	struct oci_error err = OCI_ERROR_INIT;
	struct rdt_group got;
	int at;

	(void)state;
	assert_int_equal(rdt_create(&arena, &rdt, "web1", &got, &err), 0);
	assert_non_null(strstr(got.monitor_path, "/shared/mon_groups/web1"));
	at = open(got.monitor_path, O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(io_replace_at(at, "tasks", "", 0, 0644), 0);
	assert_int_equal(rdt_enter(&got, 7, &err), 0);
	assert_int_equal(unlinkat(at, "tasks", 0), 0);
	close(at);
	assert_int_equal(rdt_create(&arena, &rdt, "web1", &(struct rdt_group){ 0 }, &err), -EEXIST);
	assert_int_equal(rdt_destroy(&got, &err), 0);
	assert_int_equal(access(got.monitor_path, F_OK), -1);
	assert_int_equal(faccessat(dir, "shared", F_OK, 0), 0);
	assert_int_equal(rdt_destroy(&got, &err), 0); /* a second delete */
}

/* A plain folder has no schemata file, so making one fails there; and nothing may be left. */
static void made_and_undone(void **state)
{
	struct oci_intel_rdt rdt = { .l3_cache_schema = "L3:0=f" }, plain = { 0 };
	struct oci_error err = OCI_ERROR_INIT;
	struct rdt_group got;

	(void)state;
	assert_int_equal(rdt_create(&arena, &rdt, "fresh", &got, &err), -ENOENT);
	assert_non_null(strstr(err.message, "/fresh/schemata: No such file or directory"));
	assert_int_equal(faccessat(dir, "fresh", F_OK, 0), -1);
	assert_int_equal(rdt_create(&arena, &plain, "fresh", &got, NULL), 0);
	assert_true(got.made);
	assert_int_equal(rdt_destroy(&got, NULL), 0);
	assert_int_equal(faccessat(dir, "fresh", F_OK, 0), -1);
}

static void update(void **state)
{
	struct rdt_group got = { NULL, false, NULL };
	struct oci_error err = OCI_ERROR_INIT;
	char path[64], buf[128];

	(void)state;
	assert_int_equal(rdt_update(&got, "L3:0=1", NULL, &err), -EINVAL);
	assert_string_equal(err.message, "the container has no linux.intelRdt");
	group("upd", "");
	snprintf(path, sizeof(path), "%s/upd", top);
	got.path = path;
	assert_int_equal(rdt_update(&got, " L3:0=1\nMB:0=20\n\nL3:1=2", "MB:0=70", NULL), 0);
	assert_true(io_read_small(dir, "upd/schemata", buf, sizeof(buf)) > 0);
	assert_string_equal(buf, "L3:0=1\nL3:1=2\nMB:0=70");
	assert_int_equal(rdt_update(&got, NULL, NULL, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks),    cmocka_unit_test(existing),
		cmocka_unit_test(monitored), cmocka_unit_test(made_and_undone),
		cmocka_unit_test(update),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
