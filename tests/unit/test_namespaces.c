/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_namespaces.c - planning namespaces from config.json: what is made, what is joined, what is refused.
 */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/namespaces.h"
#include "runtime/spawn.h"

#define HEAD "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},"
#define NS(list) "\"linux\":{\"namespaces\":[" list "]"
#define MAPS                                                             \
	",\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]" \
	",\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]"

static int plan(struct oci_arena *arena, const char *text, struct ns_plan *ret,
		struct oci_error *err)
{
	struct oci_config *config;

	assert_int_equal(oci_config_parse(arena, "config.json", text, strlen(text), &config, err),
			 0);
	return ns_plan(config, ret, err);
}

static void test_messages(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ HEAD NS("{\"type\":\"pid\"},{\"type\":\"pid\"}") "}}",
		  "linux.namespaces[1]: a second pid namespace" },
		{ HEAD NS("{\"type\":\"uts\",\"path\":\"proc/1/ns/uts\"}") "}}",
		  "linux.namespaces[0].path: 'proc/1/ns/uts' is not an absolute path" },
		{ HEAD "\"hostname\":\"h\"," NS("{\"type\":\"pid\"}") "}}",
		  "hostname: needs a uts namespace in linux.namespaces" },
		{ HEAD "\"domainname\":\"h\"," NS("{\"type\":\"pid\"}") "}}",
		  "domainname: needs a uts namespace in linux.namespaces" },
		{ HEAD NS("{\"type\":\"user\"}") "}}",
		  "linux.namespaces: a new user namespace needs linux.uidMappings and "
		  "linux.gidMappings" },
		{ HEAD NS("{\"type\":\"pid\"}") MAPS "}}",
		  "linux.uidMappings: mappings need a user namespace in linux.namespaces" },
		{ HEAD NS("{\"type\":\"pid\"}") ",\"timeOffsets\":{\"monotonic\":{\"secs\":1}}}}",
		  "linux.timeOffsets: needs a new time namespace in linux.namespaces" },
		{ HEAD NS("{\"type\":\"pid\"}") ",\"netDevices\":{\"eth7\":{}}}}",
		  "linux.netDevices: needs a network namespace in linux.namespaces" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
		struct oci_error err = OCI_ERROR_INIT;
		struct ns_plan ns;

		assert_int_equal(plan(&arena, cases[i].text, &ns, &err), -EINVAL);
		assert_string_equal(err.message, cases[i].message);
	}
}

static void test_joins_and_order(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct ns_plan ns;

	(void)state;
	assert_int_equal(plan(&arena,
			      HEAD NS("{\"type\":\"mount\"},{\"type\":\"pid\",\"path\":\"\"},"
				      "{\"type\":\"network\",\"path\":\"/proc/self/ns/net\"}") "}}",
			      &ns, &err),
			 0);
	assert_int_equal(ns.made, CLONE_NEWNS | CLONE_NEWPID);
	assert_int_equal(ns.listed, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET);
	assert_true(ns_joins(&ns, CLONE_NEWNET));
	assert_false(ns_joins(&ns, CLONE_NEWPID));
	/* a network namespace is joined by the child itself */
	assert_int_equal(spawn_early_joins(&ns), 0);

	assert_int_equal(plan(&arena,
			      HEAD NS("{\"type\":\"pid\",\"path\":\"/proc/self/ns/pid\"},"
				      "{\"type\":\"network\",\"path\":\"/proc/self/ns/net\"}") "}}",
			      &ns, &err),
			 0);
	/* a pid namespace is entered by children only */
	assert_int_equal(spawn_early_joins(&ns), CLONE_NEWPID | CLONE_NEWNET);

	assert_int_equal(plan(&arena,
			      HEAD NS("{\"type\":\"user\"},"
				      "{\"type\":\"network\",\"path\":\"/proc/self/ns/net\"}") MAPS
			      "}}",
			      &ns, &err),
			 0);
	/* joined with the rights that the new user namespace takes away */
	assert_int_equal(spawn_early_joins(&ns), CLONE_NEWNET);
}

static void test_open(void **state)
{
	static const struct {
		const char *path;
		int code;
		const char *message;
	} cases[] = {
		{ "/proc/self/ns/net", 0, "" },
		{ "/proc/self/ns/uts", -EINVAL,
		  "linux.namespaces[3].path: /proc/self/ns/uts is a uts namespace, expected a "
		  "network one" },
		{ "/dev/null", -EINVAL, "linux.namespaces[3].path: /dev/null is not a namespace" },
		{ "/nonexistent", -ENOENT,
		  "linux.namespaces[3].path: open /nonexistent for the network namespace: No such "
		  "file or directory" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ns_plan ns = { .joins = { { CLONE_NEWNET, cases[i].path, -EBADF, 3 } },
				      .joins_len = 1 };
		struct oci_error err = OCI_ERROR_INIT;

		assert_int_equal(ns_open(&ns, &err), cases[i].code);
		assert_string_equal(err.message, cases[i].message);
		ns_close(&ns);
		assert_true(ns.joins[0].fd < 0);
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(ns_name(CLONE_NEWTIME), "time");
	assert_string_equal(ns_name(CLONE_NEWNS), "mount");
	assert_string_equal(ns_name(1), "unknown");
	assert_int_equal(ns_flag(OCI_NS_CGROUP), CLONE_NEWCGROUP);
	assert_int_equal(ns_flag(OCI_NS_NONE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_joins_and_order),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
