/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_sysctl.c - which sysctls a container may have, how their names are read, and that they arrive.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/container.h"

#define NET_NS "{\"type\":\"network\"}"

static int begin(void **state)
{
	static struct container c;

	container_begin(&c);
	*state = &c;
	return 0;
}

static int end(void **state)
{
	container_end(*state);
	return 0;
}

static const char *config(const char *namespaces, const char *sysctl)
{
	static char json[4096];

	(void)snprintf(json, sizeof(json),
		       "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},\"mounts\":"
		       "[" CONTAINER_DEV
		       "],\"linux\":{\"namespaces\":[{\"type\":\"mount\"}%s%s],\"sysctl\":{%s}}}",
		       *namespaces ? "," : "", namespaces, sysctl);
	return json;
}

static void refused(void **state)
{
	static const struct {
		const char *namespaces, *sysctl, *message;
	} bad[] = {
		{ CONTAINER_NS, "\"kernel.hostname\":\"x\"",
		  "linux.sysctl: kernel.hostname: use hostname instead" },
		{ CONTAINER_NS, "\"vm.swappiness\":\"1\"",
		  "linux.sysctl: vm.swappiness: is not in a separate kernel namespace" },
		{ CONTAINER_NS, "\"kernel.core_pattern\":\"|/x\"",
		  "linux.sysctl: kernel.core_pattern: is not in a separate kernel namespace" },
		{ CONTAINER_NS, "\"kernel.shmmaxx\":\"1\"",
		  "linux.sysctl: kernel.shmmaxx: is not in a separate kernel namespace" },
		{ NET_NS, "\"kernel.shmmax\":\"1\"",
		  "linux.sysctl: kernel.shmmax: not allowed without an ipc namespace" },
		{ NET_NS, "\"fs.mqueue.msg_max\":\"1\"",
		  "linux.sysctl: fs.mqueue.msg_max: not allowed without an ipc namespace" },
		{ "", "\"net.ipv4.ip_forward\":\"1\"",
		  "linux.sysctl: net.ipv4.ip_forward: not allowed without a network namespace" },
		{ NET_NS, "\"kernel.domainname\":\"x\"",
		  "linux.sysctl: kernel.domainname: not allowed without a uts namespace" },
		{ CONTAINER_NS, "\"user.max_net_namespaces\":\"1\"",
		  "linux.sysctl: user.max_net_namespaces: not allowed without a user namespace" },
		{ CONTAINER_NS, "\"net.ipv4.ip_forward\":\"1\",\"net/ipv4/ip_forward\":\"0\"",
		  "linux.sysctl: net/ipv4/ip_forward: given twice" },
		/* names that are no names */
		{ CONTAINER_NS, "\"net/../kernel/core_pattern\":\"|/x\"",
		  "linux.sysctl: \"net/../kernel/core_pattern\": is no sysctl name" },
		{ CONTAINER_NS, "\"net...kernel.core_pattern\":\"|/x\"",
		  "linux.sysctl: \"net...kernel.core_pattern\": is no sysctl name" },
		{ CONTAINER_NS, "\"net.//.kernel.core_pattern\":\"|/x\"",
		  "linux.sysctl: \"net.//.kernel.core_pattern\": is no sysctl name" },
		{ CONTAINER_NS, "\"/net/ipv4\":\"1\"",
		  "linux.sysctl: \"/net/ipv4\": is no sysctl name" },
		{ CONTAINER_NS, "\"net.ipv4.\":\"1\"",
		  "linux.sysctl: \"net.ipv4.\": is no sysctl name" },
		{ CONTAINER_NS, "\"\":\"1\"", "linux.sysctl: \"\": is no sysctl name" },
		{ CONTAINER_NS, "\"net.ipv4.ip_forward=1\\nkernel\":\"1\"",
		  "linux.sysctl: \"net.ipv4.ip_forward=1 kernel\": is no sysctl name" },
	};
	struct container *c = *state;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ASSERT_PLAN_FAILS(c, config(bad[i].namespaces, bad[i].sysctl), bad[i].message);
}

static void names(void **state)
{
	static const struct {
		const char *key, *path;
	} good[] = {
		{ "net.ipv4.ip_forward", "sys/net/ipv4/ip_forward" },
		{ "net/ipv4/ip_forward", "sys/net/ipv4/ip_forward" },
		{ "net/ipv4/conf/eth0.100/forwarding", "sys/net/ipv4/conf/eth0.100/forwarding" },
		{ "net.ipv4.conf.eth0/100.forwarding", "sys/net/ipv4/conf/eth0.100/forwarding" },
		{ "kernel.shm_rmid_forced", "sys/kernel/shm_rmid_forced" },
		{ "fs.mqueue.msg_max", "sys/fs/mqueue/msg_max" },
		{ "kernel.domainname", "sys/kernel/domainname" },
	};
	struct container *c = *state;
	char sysctl[256];

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		(void)snprintf(sysctl, sizeof(sysctl), "\"%s\":\"1\"", good[i].key);
		assert_int_equal(container_plan(c, config(CONTAINER_NS, sysctl)), 0);
		assert_int_equal(c->rf->sysctl_len, 1);
		assert_string_equal(c->rf->sysctl[0].key, good[i].path);
		assert_true(rootfs_needs_procfs(c->rf));
	}
}

static void body_written(void *arg)
{
	(void)arg;
	REQUIRE(container_file_is("/proc/sys/kernel/msgmax", "4242\n"));
	REQUIRE(container_file_is("/proc/sys/net/ipv4/ip_forward", "1\n"));
	REQUIRE(container_file_is("/proc/sys/fs/mqueue/msg_max", "17\n"));
	REQUIRE(container_file_is("/proc/sys/kernel/domainname", "example.org\n"));
	REQUIRE(container_file_is("/proc/sys/kernel/sem", "32000\t1024000000\t500\t31999\n"));
}

static void written(void **state)
{
	struct container *c = *state;

	if (container_unable()) {
		print_message("skipped: %s\n", container_unable());
		skip();
	}
	ASSERT_RUN(c,
		   config(CONTAINER_NS, "\"kernel.msgmax\":\"4242\",\"net/ipv4/"
					"ip_forward\":\"1\",\"fs.mqueue.msg_max\":\"17\","
					"\"kernel.domainname\":\"example.org\",\"kernel.sem\":"
					"\"32000 1024000000 500 31999\""),
		   body_written);
}

/* CVE-2022-0811: a value stays a value; the kernel refuses it or stores it, and no second key is touched */
static void value_with_more(void **state)
{
	struct container *c = *state;
	int status;

	if (container_unable()) {
		print_message("skipped: %s\n", container_unable());
		skip();
	}
	assert_true(container_run(c,
				  config(CONTAINER_NS,
					 "\"kernel.shm_rmid_forced\":\"1+kernel.msgmax=9\""),
				  container_nothing, NULL, &status) < 0);
	assert_int_equal(strncmp(c->err.message, "linux.sysctl: ", 14), 0);
	assert_non_null(strstr(c->err.message, "Invalid argument"));
}

static void unknown_key(void **state)
{
	struct container *c = *state;
	int status;

	if (container_unable()) {
		print_message("skipped: %s\n", container_unable());
		skip();
	}
	assert_true(container_run(c, config(CONTAINER_NS, "\"net.ipv4.no_such\":\"1\""),
				  container_nothing, NULL, &status) < 0);
	assert_non_null(strstr(c->err.message, "sys/net/ipv4/no_such"));
	assert_non_null(strstr(c->err.message, "No such file or directory"));
}

#define LIVE(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIVE(refused), LIVE(names), LIVE(written), LIVE(value_with_more), LIVE(unknown_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
