/* SPDX-License-Identifier: Apache-2.0 */
/* test_netdev.c - a veth end is moved between two network namespaces of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "runtime/netdev.h"
#include "unit/forked.h"

static void checks(void **state)
{
	static const struct {
		struct oci_net_device devices[2];
		const char *message;
	} cases[] = {
		{ { { "eth0", "a/b" }, { "x", NULL } },
		  "linux.netDevices.eth0.name: \"a/b\" is no name of a device" },
		{ { { "", NULL }, { "x", NULL } },
		  "linux.netDevices: \"\" is no name of a device" },
		{ { { "..", NULL }, { "x", NULL } },
		  "linux.netDevices: \"..\" is no name of a device" },
		{ { { "eth0:1", NULL }, { "x", NULL } },
		  "linux.netDevices: \"eth0:1\" is no name of a device" },
		{ { { "abcdefghijklmnop", NULL }, { "x", NULL } },
		  "linux.netDevices: \"abcdefghijklmnop\" is no name of a device" },
		{ { { "eth0", "net" }, { "eth1", "net" } },
		  "linux.netDevices.eth1: \"net\" is taken by eth0" },
		{ { { "eth0", "eth1" }, { "eth1", NULL } },
		  "linux.netDevices.eth1: \"eth1\" is taken by eth0" },
	};
	static const struct oci_net_device swap[] = { { "a", "b" },
						      { "b", "a" },
						      { "abcdefghijklmno", NULL } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct oci_error err = OCI_ERROR_INIT;

		assert_int_equal(netdev_check(cases[i].devices, 2, &err), -EINVAL);
		assert_string_equal(err.message, cases[i].message);
	}
	assert_int_equal(netdev_check(swap, 3, NULL), 0);
}

/* Is @text in what `ip ...` prints in the namespace? */
static int shows(int netns, const char *ip, const char *text)
{
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	char command[256];
	int r;

	REQUIRE(!setns(netns, CLONE_NEWNET));
	snprintf(command, sizeof(command), "ip %s 2>&1 | grep -Eq '%s'", ip, text);
	r = system(command);
	REQUIRE(!setns(own, CLONE_NEWNET));
	close(own);
	return r == 0;
}

static void move(void *arg)
{
	struct oci_net_device devices[] = { { "cta0", "eth0" }, { "ctb0", NULL } };
	struct oci_net_device missing = { "eth7", NULL }, taken = { "ctc0", "eth0" };
	struct oci_error err = OCI_ERROR_INIT;
	int outside, inside, probe;

	(void)arg;
	REQUIRE(!unshare(CLONE_NEWNET));
	inside = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	REQUIRE(!unshare(CLONE_NEWNET));
	outside = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	REQUIRE(inside >= 0 && outside >= 0);
	REQUIRE(!system(
		"ip link add cta0 type veth peer name cta1 && ip link add ctb0 type veth peer name "
		"ctb1 && ip link add ctc0 type veth peer name ctc1 &&"
		"ip addr add 10.9.8.7/24 brd 10.9.8.255 dev cta0 && ip addr add 10.9.8.6/24 dev "
		"cta0 "
		"&& ip addr add 10.1.1.1 peer 10.1.1.2/32 dev cta0 && ip addr add 169.254.1.1/16 "
		"scope "
		"link dev cta0 && ip link set cta0 up && ip link set cta1 up && "
		"ip -6 addr add fd00::7/64 dev cta0 nodad"));
	probe = dup(0);
	close(probe);
	REQUIRE(netdev_move(&missing, 1, inside, &err) == -ENODEV);
	REQUIRE_TEXT(err.message, "linux.netDevices.eth7: no such device");
	err = (struct oci_error)OCI_ERROR_INIT;
	if (netdev_move(devices, 2, inside, &err))
		REQUIRE_TEXT(err.message, "");
	REQUIRE(shows(inside, "link show eth0", "[<,]UP[,>]"));
	REQUIRE(shows(inside, "link show ctb0", "[<,]UP[,>]"));
	REQUIRE(shows(inside, "addr show eth0",
		      "inet 10.9.8.7/24 brd 10.9.8.255 scope global eth0"));
	REQUIRE(shows(inside, "addr show eth0", "inet 10.9.8.6/24 scope global secondary eth0"));
	REQUIRE(shows(inside, "addr show eth0",
		      "inet 10.1.1.1 peer 10.1.1.2/32 scope global eth0"));
	REQUIRE(shows(inside, "addr show eth0", "inet6 fd00::7/64 scope global"));
	REQUIRE(!shows(inside, "addr show eth0", "169.254.1.1"));
	REQUIRE(!shows(outside, "link show", "cta0|ctb0"));
	REQUIRE(netdev_move(&taken, 1, inside, &err) == -EEXIST);
	REQUIRE_TEXT(err.message,
		     "linux.netDevices.ctc0: the name \"eth0\" is taken in the container");
	REQUIRE(shows(outside, "link show", "ctc0"));
	/* an address that the new place refuses: the device comes back as it was */
	REQUIRE(!system(
		"ip -6 addr add fd00::8/64 dev ctc0 nodad; ip addr add 10.7.7.7/24 dev ctc0"));
	REQUIRE(!setns(inside, CLONE_NEWNET));
	REQUIRE(!system("echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6"));
	REQUIRE(!setns(outside, CLONE_NEWNET));
	taken.name = "eth1";
	err = (struct oci_error)OCI_ERROR_INIT;
	REQUIRE(netdev_move(&taken, 1, inside, &err) == -EACCES);
	REQUIRE_TEXT(err.message, "linux.netDevices.ctc0: add address: Permission denied");
	REQUIRE(shows(outside, "addr show ctc0", "inet 10.7.7.7/24"));
	REQUIRE(shows(outside, "addr show ctc0", "inet6 fd00::8/64"));
	REQUIRE(!shows(inside, "link show", "ctc0|eth1"));
	/* not a network namespace; the own one stays; no fd or child is left */
	err = (struct oci_error)OCI_ERROR_INIT;
	REQUIRE(netdev_move(&taken, 1, 0, &err) < 0);
	REQUIRE(!strncmp(err.message, "enter the container's network namespace: ", 41));
	REQUIRE(dup(0) == probe);
	REQUIRE(waitpid(-1, NULL, __WALL) == -1 && errno == ECHILD);
}

static void loopback(void *arg)
{
	struct oci_error err = OCI_ERROR_INIT;
	int own;

	(void)arg;
	REQUIRE(!unshare(CLONE_NEWNET));
	own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	REQUIRE(!shows(own, "link show lo", "[<,]UP[,>]"));
	REQUIRE(!netdev_loopback_up(&err));
	REQUIRE(shows(own, "link show lo", "[<,]UP[,>]"));
	REQUIRE(shows(own, "addr show lo", "127.0.0.1"));
}

static void need(void)
{
	if (geteuid() || system("ip link help >/dev/null 2>&1") == 127 << 8 ||
	    system("unshare -n ip link add cta0 type veth peer name cta1 2>/dev/null")) {
		print_message("SKIP: needs root, ip(8) and veth devices\n");
		skip();
	}
}

static void moves(void **state)
{
	(void)state;
	need();
	assert_int_equal(forked(move, NULL), 0);
}

static void loopbacks(void **state)
{
	(void)state;
	need();
	assert_int_equal(forked(loopback, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks),
		cmocka_unit_test(moves),
		cmocka_unit_test(loopbacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
