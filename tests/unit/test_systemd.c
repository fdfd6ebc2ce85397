/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_systemd.c - the systemd manager without a systemd: names and folders, properties, annotations, the
 * request's form, and a helper's way of ending.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/cgroup/systemd.h"
#include "runtime/cgroup/systemd_wire.h"

/* ---- names ---- */

struct name_case {
	const char *path;
	bool user;
	const char *slice;
	const char *unit;
	const char *error;
};

static const struct name_case name_cases[] = {
	{ NULL, false, "system.slice", "carte-c1.scope", NULL },
	{ "", true, "user.slice", "carte-c1.scope", NULL },
	{ "machine.slice:libpod:abc", false, "machine.slice", "libpod-abc.scope", NULL },
	{ ":docker:abc", false, "system.slice", "docker-abc.scope", NULL },
	{ "a-b.slice:abc", false, "a-b.slice", "abc.scope", NULL },
	{ "abc", true, "user.slice", "abc.scope", NULL },
	{ "-.slice:p:abc", false, "-.slice", "p-abc.scope", NULL },
	{ "a.slice::abc", false, "a.slice", "-abc.scope", NULL },
	{ "a.slice:p:x-y.slice", false, "a.slice", "x-y.slice", NULL },
	{ "a.slice:p:a+b@c d", false, "a.slice", "p-a\\x2bb\\x40c\\x20d.scope", NULL },
	{ "/a/b", false, NULL, NULL,
	  "linux.cgroupsPath: expected slice:prefix:name for the systemd cgroup manager, got "
	  "'/a/b': "
	  "does the engine use the cgroupfs driver?" },
	{ "a.slice:p:../x", false, NULL, NULL,
	  "linux.cgroupsPath: expected slice:prefix:name for the systemd cgroup manager, got "
	  "'a.slice:p:../x': does the engine use the cgroupfs driver?" },
	{ "a.slice:p:", false, NULL, NULL,
	  "linux.cgroupsPath: expected slice:prefix:name for the systemd cgroup manager, got "
	  "'a.slice:p:': does the engine use the cgroupfs driver?" },
	{ "a.slice:p:n:m", false, NULL, NULL,
	  "linux.cgroupsPath: expected slice:prefix:name for the systemd cgroup manager, got "
	  "'a.slice:p:n:m': does the engine use the cgroupfs driver?" },
	{ "a:p:n", false, NULL, NULL,
	  "linux.cgroupsPath: invalid slice 'a': expected a name that ends with .slice" },
	{ ".slice:p:n", false, NULL, NULL,
	  "linux.cgroupsPath: invalid slice '.slice': it has no name" },
	{ "-a.slice:p:n", false, NULL, NULL,
	  "linux.cgroupsPath: invalid slice '-a.slice': a dash must be between two words" },
	{ "a--b.slice:p:n", false, NULL, NULL,
	  "linux.cgroupsPath: invalid slice 'a--b.slice': a dash must be between two words" },
	{ "a.slice:p:-.slice", false, NULL, NULL,
	  "linux.cgroupsPath: invalid slice '-.slice': the root slice is everybody's" },
	{ "a b.slice:p:n", false, NULL, NULL,
	  "linux.cgroupsPath: invalid slice 'a b.slice': it holds a character that no unit's name "
	  "may have" },
};

static void names_units(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(name_cases); i++) {
		CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
		const struct name_case *c = &name_cases[i];
		struct oci_error err = OCI_ERROR_INIT;
		char *slice = NULL, *unit = NULL;
		int r = systemd_plan_unit(&arena, c->path, "c1", c->user, &slice, &unit, &err);

		if (c->error) {
			assert_int_equal(r, -EINVAL);
			assert_string_equal(err.message, c->error);
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(slice, c->slice);
		assert_string_equal(unit, c->unit);
	}
}

static void names_too_long_units(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	char id[300], *slice, *unit;

	(void)state;
	memset(id, 'x', 250);
	id[250] = '\0';
	assert_int_equal(systemd_plan_unit(&arena, NULL, id, false, &slice, &unit, &err), -EINVAL);
	assert_non_null(strstr(err.message, "is longer than 255"));
	id[243] = '\0';
	assert_int_equal(systemd_plan_unit(&arena, NULL, id, false, &slice, &unit, NULL), 0);
	assert_int_equal(strlen(unit), 255);
}

static void places_units(void **state)
{
	static const struct {
		const char *manager, *slice, *unit, *path;
	} cases[] = {
		{ "", "system.slice", "c.scope", "/system.slice/c.scope" },
		{ "", "-.slice", "c.scope", "/c.scope" },
		{ "/m", "a-b-c.slice", "c.scope", "/m/a.slice/a-b.slice/a-b-c.slice/c.scope" },
		{ "", "a.slice", "x-y.slice", "/x.slice/x-y.slice" },
		{ "", "a.slice", "memory.scope", "/a.slice/_memory.scope" },
		{ "", "a.slice", "_x.scope", "/a.slice/__x.scope" },
	};
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char *path;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(systemd_unit_cgroup(&arena, cases[i].manager, cases[i].slice,
						     cases[i].unit, &path, NULL),
				 0);
		assert_string_equal(path, cases[i].path);
	}
}

static void finds_managers(void **state)
{
	static const struct {
		const char *text, *path;
	} system[] = {
		{ "0::/init.scope\n", "" },
		{ "0::/\n", "" },
		{ "2:memory:/\n1:name=systemd:/init.scope\n0::/init.scope\n", "" },
		{ "2:memory:/x\n1:name=systemd:/docker/abc/init.scope\n0::/\n", "/docker/abc" },
		{ "0::/lxc/a/init.scope\n", "/lxc/a" },
		{ "", "" },
	}, user[] = {
		{ "0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.service\n",
		  "/user.slice/user-1000.slice/user@1000.service" },
		{ "0::/user.slice/user-1000.slice/session-2.scope\n",
		  "/user.slice/user-1000.slice/user@1000.service" },
		{ "1:name=systemd:/nspawn/user.slice/user-1000.slice/user@1000.service/x\n0::/\n",
		  "/nspawn/user.slice/user-1000.slice/user@1000.service" },
		{ "0::/\n", "/user.slice/user-1000.slice/user@1000.service" },
	};
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char *path;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(system); i++) {
		assert_int_equal(systemd_manager_cgroup(&arena, system[i].text, &path, NULL), 0);
		assert_string_equal(path, system[i].path);
	}
	for (size_t i = 0; i < ARRAY_LEN(user); i++) {
		assert_int_equal(systemd_user_cgroup(&arena, user[i].text, 1000, &path, NULL), 0);
		assert_string_equal(path, user[i].path);
	}
}

static void knows_the_other_driver(void **state)
{
	static const char *const fine[] = {
		NULL, "", "/a:b", "a:b", "a.slice/b:c:d", "a:b:c", "a.slice:b", ".slice:b:c"
	};
	struct oci_error err = OCI_ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fine); i++)
		assert_int_equal(systemd_check_foreign_path(fine[i], NULL), 0);
	assert_int_equal(systemd_check_foreign_path("a.slice:b:c", &err), -EINVAL);
	assert_string_equal(
		err.message,
		"linux.cgroupsPath: 'a.slice:b:c' is for the systemd cgroup manager, this is "
		"cgroupfs: use --systemd-cgroup, or the cgroupfs driver in the engine");
}

/* ---- properties ---- */

/* "NAME:SIGNATURE=VALUE VALUE" */
static void check_property(const struct unit_properties *list, const char *expected)
{
	char name[64], text[512];
	const struct unit_property *p;
	size_t at;

	(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(expected, ":"), expected);
	p = unit_property_find(list, name);
	if (!p)
		fail_msg("no property %s", name);
	at = (size_t)snprintf(text, sizeof(text), "%s:%s=", p->name, p->signature);
	for (size_t i = 0; i < p->values_len && at < sizeof(text); i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", i ? " " : "",
				       p->values[i]);
	assert_string_equal(text, expected);
}

static void maps_v2(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct unit_properties list = { .arena = &arena };
	struct oci_memory memory = { .limit = { true, 4096000 },
				     .swap = { true, 5096000 },
				     .reservation = { true, 1000 } };
	struct oci_cpu cpu = { .shares = { true, 1024 },
			       .quota = { true, 12345 },
			       .period = { true, 50000 },
			       .cpus = (char *)"0-2,9,17",
			       .mems = (char *)"0" };
	struct oci_pids pids = { { true, -1 } };
	struct oci_block_io io = { .weight = { true, 1000 } };
	struct oci_pair unified[] = { { (char *)"memory.high", (char *)"max" },
				      { (char *)"memory.oom.group", (char *)"1" },
				      { (char *)"io.weight", (char *)"default 50" },
				      { (char *)"hugetlb.2MB.max", (char *)"5" } };
	struct oci_resources resources = { .memory = &memory,
					   .cpu = &cpu,
					   .pids = &pids,
					   .block_io = &io,
					   .unified = unified,
					   .unified_len = ARRAY_LEN(unified) };

	(void)state;
	assert_int_equal(systemd_resource_properties(NULL, CGROUP_MODE_V2, true, &resources, true,
						     &list, NULL),
			 0);
	check_property(&list, "MemoryMax:t=4096000");
	check_property(&list, "MemoryLow:t=1000");
	check_property(&list, "MemorySwapMax:t=1000000");
	check_property(&list, "MemoryHigh:t=18446744073709551615");
	check_property(&list, "CPUWeight:t=100");
	/* 24.69 % */
	check_property(&list, "CPUQuotaPerSecUSec:t=250000");
	check_property(&list, "CPUQuotaPeriodUSec:t=50000");
	check_property(&list, "AllowedCPUs:ay=7 2 2");
	check_property(&list, "AllowedMemoryNodes:ay=1");
	check_property(&list, "TasksMax:t=18446744073709551615");
	check_property(&list, "IOWeight:t=50");
	check_property(&list, "OOMPolicy:s=kill");
	/* a user's manager loads no programs */
	assert_null(unit_property_find(&list, "DeviceAllow"));
	for (size_t i = 0; i < list.len; i++)
		assert_true(list.list[i].optional);
}

static void maps_v1(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct unit_properties list = { .arena = &arena };
	struct oci_memory memory = { .limit = { true, 4096000 }, .swap = { true, 5096000 } };
	struct oci_cpu cpu = { .shares = { true, 1024 },
			       .quota = { true, -1 },
			       .cpus = (char *)"0" };
	struct oci_pids pids = { { true, 7 } };
	struct oci_block_io io = { .weight = { true, 500 } };
	struct oci_resources resources = {
		.memory = &memory, .cpu = &cpu, .pids = &pids, .block_io = &io
	};

	(void)state;
	assert_int_equal(systemd_resource_properties(NULL, CGROUP_MODE_V1, false, &resources, true,
						     &list, NULL),
			 0);
	check_property(&list, "MemoryLimit:t=4096000");
	check_property(&list, "CPUShares:t=1024");
	check_property(&list, "CPUQuotaPerSecUSec:t=18446744073709551615");
	check_property(&list, "TasksMax:t=7");
	check_property(&list, "BlockIOWeight:t=500");
	check_property(&list, "DevicePolicy:s=strict");
	assert_null(unit_property_find(&list, "AllowedCPUs"));
	assert_null(unit_property_find(&list, "MemorySwapMax"));
}

static void maps_devices(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct unit_properties list = { .arena = &arena };
	struct oci_device_rule rules[] = {
		{ .allow = { true, false }, .access = (char *)"rwm" },
		{ .allow = { true, true },
		  .type = (char *)"b",
		  .major = { true, 8 },
		  .minor = { true, 1 },
		  .access = (char *)"r" },
		{ .allow = { true, true },
		  .type = (char *)"c",
		  .minor = { true, 77 },
		  .access = (char *)"rw" },
	};
	struct oci_resources resources = { .devices = rules, .devices_len = ARRAY_LEN(rules) };
	const struct unit_property *p;
	bool seen = false, wide = false;

	(void)state;
	assert_int_equal(systemd_resource_properties(NULL, CGROUP_MODE_V2, false, &resources, true,
						     &list, NULL),
			 0);
	p = unit_property_find(&list, "DeviceAllow");
	assert_non_null(p);
	assert_string_equal(p->signature, "a(ss)");
	assert_int_equal(p->values_len % 2, 0);
	for (size_t i = 0; i < p->values_len; i += 2) {
		seen |= strcmp(p->values[i], "/dev/block/8:1") == 0 &&
			strcmp(p->values[i + 1], "r") == 0;
		/* a minor of any major: the whole type, where a program of ours is beside */
		wide |= strcmp(p->values[i], "char-*") == 0 && strcmp(p->values[i + 1], "rw") == 0;
	}
	assert_true(seen);
	assert_true(wide);
	/* an update leaves the rules */
	list.len = 0;
	assert_int_equal(systemd_resource_properties(NULL, CGROUP_MODE_V2, false, &resources, false,
						     &list, NULL),
			 0);
	assert_int_equal(list.len, 0);
}

static void leaves_what_is_not_asked(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct unit_properties list = { .arena = &arena };
	struct oci_memory memory = { .limit = { true, 0 } };
	struct oci_cpu cpu = { .shares = { true, 0 }, .quota = { true, 0 }, .period = { true, 0 } };
	struct oci_pids pids = { { true, 0 } };
	struct oci_block_io io = { .weight = { true, 0 } };
	struct oci_resources resources = {
		.memory = &memory, .cpu = &cpu, .pids = &pids, .block_io = &io
	};

	(void)state;
	assert_int_equal(systemd_resource_properties(NULL, CGROUP_MODE_V2, true, &resources, true,
						     &list, NULL),
			 0);
	assert_int_equal(list.len, 0);
}

/* ---- annotations ---- */

static void reads_annotations(void **state)
{
	static const struct {
		const char *name, *value, *expected;
	} good[] = {
		{ "A", "true", "A:b=true" },
		{ "A", " false ", "A:b=false" },
		{ "A", "5", "A:i=5" },
		{ "A", "-5", "A:i=-5" },
		{ "A", "0x10", "A:i=16" },
		{ "A", "1.5", "A:d=1.5" },
		{ "A", "uint64 18446744073709551615", "A:t=18446744073709551615" },
		{ "A", "@t 5", "A:t=5" },
		{ "A", "byte 255", "A:y=255" },
		{ "A", "int64 -9223372036854775808", "A:x=-9223372036854775808" },
		{ "A", "'it\\'s'", "A:s=it's" },
		{ "A", "\"x y\"", "A:s=x y" },
		{ "A", "['a', \"b\"]", "A:as=a b" },
		{ "A", "[]", "A:as=" },
		{ "A", "[uint64 1, uint64 2]", "A:at=1 2" },
		{ "TimeoutStopSec", "5", "TimeoutStopUSec:t=5000000" },
		{ "TimeoutStopSec", "uint64 5", "TimeoutStopUSec:t=5000000" },
		{ "TimeoutStopSec", "0.25", "TimeoutStopUSec:t=250000" },
		{ "TimeoutStopUSec", "uint64 5", "TimeoutStopUSec:t=5" },
		{ "Sec", "5", "Sec:i=5" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
		struct unit_properties list = { .arena = &arena };
		struct oci_error err = OCI_ERROR_INIT;
		char key[64];
		struct oci_pair pairs[] = { { (char *)"other", (char *)"???" },
					    { key, (char *)good[i].value } };

		(void)snprintf(key, sizeof(key), "org.systemd.property.%s", good[i].name);
		if (systemd_annotation_properties(pairs, 2, &list, &err) < 0)
			fail_msg("%s", err.message);
		assert_int_equal(list.len, 1);
		assert_false(list.list[0].optional);
		check_property(&list, good[i].expected);
	}
}

static void refuses_annotations(void **state)
{
	static const char value[] =
		"expected true, false, a number, a quoted string, or an array of them";
	static const struct {
		const char *name, *value, *words;
	} bad[] = {
		{ "A", "", value },
		{ "A", "soon", value },
		{ "A", "trueish", value },
		{ "A", "-", value },
		{ "A", "uint64", value },
		{ "A", "['a'", "expected ',' or ']' in the array" },
		{ "A", "[", value },
		{ "A", "['a',]", value },
		{ "A", "['a', 5]", "an array's elements must be of one type" },
		{ "A", "'a", "the string has no closing quote" },
		{ "A", "'a\\", "the string has no closing quote" },
		{ "A", "'a\\q'", "unknown escape in the string" },
		{ "A", "5 6", "there is more behind the value" },
		{ "A", "byte 256", "the number does not fit its type" },
		{ "A", "uint32 -1", "the number does not fit its type" },
		{ "A", "3000000000", "the number does not fit its type" },
		{ "A", "99999999999999999999", "the number does not fit its type" },
		{ "A", "1.2.3", "the number does not fit its type" },
		{ "A-B", "5", "a property's name is made of letters only" },
		{ "", "5", "the property has no name" },
		{ "TimeoutSec", "'5'", "expected a number of seconds" },
		{ "TimeoutSec", "-1.0", "seconds cannot be negative" },
		{ "TimeoutSec", "uint64 18446744073709551615", "too many seconds" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
		struct unit_properties list = { .arena = &arena };
		struct oci_error err = OCI_ERROR_INIT;
		char key[64], words[256];
		struct oci_pair pair = { key, (char *)bad[i].value };

		(void)snprintf(key, sizeof(key), "org.systemd.property.%s", bad[i].name);
		(void)snprintf(words, sizeof(words), "annotations[\"%s\"]: %s", key, bad[i].words);
		assert_int_equal(systemd_annotation_properties(&pair, 1, &list, &err), -EINVAL);
		assert_string_equal(err.message, words);
	}
}

/* ---- the request ---- */

static void writes_requests(void **state)
{
	static const char expected[] = WIRE_MAGIC "\0start\0c.scope\0"
						  "2\0"
						  "PIDs\0au\0"
						  "0\0"
						  "2\0"
						  "7\0"
						  "8\0"
						  "TasksMax\0t\0"
						  "1\0"
						  "1\0"
						  "5";
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct unit_properties list = { .arena = &arena };
	struct systemd_call call = {
		.operation = WIRE_START, .unit = "c.scope", .user_bus = true, .properties = &list
	};
	const char *pids[] = { "7", "8" };
	char *text;
	size_t length;

	(void)state;
	unit_property_add(&list, "PIDs", "au", pids, 2, false);
	unit_property_set_u64(&list, "TasksMax", 5, true);
	assert_int_equal(systemd_request_text(&arena, &call, &text, &length), 0);
	assert_int_equal(length, sizeof(expected));
	assert_memory_equal(text, expected, length);
	call = (struct systemd_call){ .operation = WIRE_ATTACH, .unit = "c.scope" };
	assert_int_equal(systemd_request_text(&arena, &call, &text, &length), 0);
	assert_memory_equal(text,
			    WIRE_MAGIC "\0attach\0c.scope\0"
				       "0",
			    length);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_units),
		cmocka_unit_test(names_too_long_units),
		cmocka_unit_test(places_units),
		cmocka_unit_test(finds_managers),
		cmocka_unit_test(knows_the_other_driver),
		cmocka_unit_test(maps_v2),
		cmocka_unit_test(maps_v1),
		cmocka_unit_test(maps_devices),
		cmocka_unit_test(leaves_what_is_not_asked),
		cmocka_unit_test(reads_annotations),
		cmocka_unit_test(refuses_annotations),
		cmocka_unit_test(writes_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
