/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_net_reach.c - who reaches whom: replicas, networks, the host, the outside.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net-stage.h"
#include "scale/nft.h"

static void serve_outside(int port)
{
	int fd = space_listen(SOCK_STREAM, (uint16_t)port);

	for (;;)
		(void)close(accept(fd, NULL, NULL));
}

static pid_t outside_start(void)
{
	pid_t pid = space_child(serve_outside, 7);

	assert_true(pid > 0);
	assert_int_equal(space_run("ip link add ext type veth peer name eth0 netns %d && "
				   "ip addr add 192.168.78.1/24 dev ext && ip link set ext up && "
				   "nsenter -t %d -n sh -c 'ip addr add 192.168.78.2/24 dev eth0 "
				   "&& ip link set eth0 up'",
				   (int)pid, (int)pid),
			 0);
	return pid;
}

/* The outside has no way back to a replica's address: an answer proves the masquerade. */
static void test_reach(void **state)
{
	struct spec_network networks[] = { { .key = "a", .name = "rea_a" },
					   { .key = "b", .name = "rea_b" },
					   { .key = "in", .name = "rea_in", .internal = true } };
	struct spec_network_use uses[] = { { .network = "a" },
					   { .network = "b" },
					   { .network = "in" } };
	struct spec_service services[3];
	struct spec_project project = { .name = "rea",
					.services = services,
					.services_len = 3,
					.networks = networks,
					.networks_len = 3 };
	static const char *const ids[] = { "ra", "rb", "ri" };
	__attribute__((cleanup(nft_closep))) struct nft_ctx *nft = NULL;
	struct oci_error err = OCI_ERROR_INIT;
	struct net_place places[3];
	struct outcome outcome = { 0 };
	struct host host;
	char path[256];
	pid_t outside;
	int local;

	(void)state;
	need();
	memset(services, 0, sizeof(services));
	host_open(&host);
	outside = outside_start();
	for (int i = 0; i < 3; i++) {
		services[i].name = ids[i];
		services[i].networks = &uses[i];
		services[i].networks_len = 1;
		attach(&host, &project, &services[i], ids[i], &outcome);
		wait_for(&host, &outcome);
		assert_string_equal(outcome.message, "");
		places[i] = outcome.result.places[0];
	}
	assert_int_equal(reach(&host, "ra", "192.168.78.2", 7), 0);
	assert_int_equal(reach(&host, "rb", "192.168.78.2", 7), 0);
	assert_int_equal(reach(&host, "ri", "192.168.78.2", 7), -ENETUNREACH);
	assert_int_equal(nft_open(&nft, &err), 0);
	assert_int_equal(nft_run(nft, "flush ruleset\n", &err), 0);
	assert_int_not_equal(reach(&host, "ra", "192.168.78.2", 7), 0);
	net_verify(host.net);
	assert_int_equal(reach(&host, "ra", "192.168.78.2", 7), 0);
	/* the host, for probes, reaches all; networks do not reach each other */
	for (int i = 0; i < 3; i++)
		assert_int_equal(
			space_connect(home, home, SOCK_STREAM, address_of(&places[i]), 9, 400),
			-ECONNREFUSED);
	assert_int_not_equal(reach(&host, "ra", address_of(&places[1]), 9), -ECONNREFUSED);
	assert_int_not_equal(reach(&host, "ra", address_of(&places[2]), 9), -ECONNREFUSED);

	/* 127.0.0.1 of the host is not to be had, even by a replica that sends it there on purpose */
	local = space_listen(SOCK_STREAM, 4711);
	(void)net_namespace_path(host.net, "ra", path, sizeof(path));
	assert_int_equal(
		space_run(
			"nsenter --net=%s sh -c 'echo 1 "
			">/proc/sys/net/ipv4/conf/all/route_localnet && "
			"ip addr del 127.0.0.1/8 dev lo && ip route flush table local 127.0.0.0/8; "
			"ip route add 127.0.0.1 via %s'",
			path, inet_ntoa(places[0].gateway)),
		0);
	assert_int_not_equal(reach(&host, "ra", "127.0.0.1", 4711), 0);
	assert_int_equal(reach(&host, "ra", inet_ntoa(places[0].gateway), 4711), 0);
	(void)close(local);

	for (int i = 0; i < 3; i++)
		detach(&host, ids[i], &outcome);
	wait_for(&host, &outcome);
	(void)kill(outside, SIGKILL);
	(void)waitpid(outside, NULL, 0);
	expect_nothing(&host, networks, 3);
	host_close(&host);
}

static void test_forward_dropped(void **state)
{
	__attribute__((cleanup(nft_closep))) struct nft_ctx *nft = NULL;
	struct spec_network network = { .key = "default", .name = "fwd_default" };
	struct spec_service service = { .name = "web" };
	struct spec_project project = { .name = "fwd", .services = &service, .services_len = 1 };
	struct oci_error err = OCI_ERROR_INIT;
	struct outcome outcome = { 0 };
	struct host host;

	(void)state;
	need();
	assert_int_equal(nft_open(&nft, &err), 0);
	assert_int_equal(
		nft_run(nft,
			"table ip filter { chain FORWARD { type filter hook forward priority 0; "
			"policy drop; }; chain DOCKER-USER { }; }\n",
			&err),
		0);
	host_open(&host);
	attach(&host, &project, &service, "f1", &outcome);
	assert_non_null(strstr(net_warning(host.net), "the host's FORWARD chain drops"));
	detach(&host, "f1", &outcome);
	wait_for(&host, &outcome);
	expect_nothing(&host, &network, 1);
	assert_int_equal(
		nft_run(nft, "add rule ip filter DOCKER-USER iifname \"carte-*\" accept\n", &err),
		0);
	attach(&host, &project, &service, "f1", &outcome);
	assert_string_equal(net_warning(host.net), "");
	detach(&host, "f1", &outcome);
	wait_for(&host, &outcome);
	expect_nothing(&host, &network, 1);
	host_close(&host);
	assert_int_equal(nft_run(nft, "delete table ip filter\n", &err), 0);
}

/* Other drivers of the same plugins: replicas are on the parent's network, beside the host. */
static void test_macvlan(void **state)
{
	struct spec_pair pairs[] = { { "parent", "lan" } };
	struct spec_network network = { .key = "lan",
					.name = "mac_lan",
					.driver = "macvlan",
					.subnet = "10.252.0.0/24",
					.gateway = "10.252.0.254",
					.options = { pairs, 1 } };
	struct spec_network_use use = { .network = "lan" };
	struct spec_service service = { .name = "web", .networks = &use, .networks_len = 1 };
	struct spec_project project = { .name = "mac",
					.services = &service,
					.services_len = 1,
					.networks = &network,
					.networks_len = 1 };
	struct outcome outcome = { 0 };
	struct host host;

	(void)state;
	need();
	if (space_run("ip link add lan type veth peer name other && ip link set lan up && ip link "
		      "set other up && "
		      "ip link add probe link lan type macvlan && ip link del probe")) {
		(void)space_run("ip link del lan 2>/dev/null");
		print_message("skipped: this kernel has no macvlan\n");
		skip();
	}
	host_open(&host);
	attach(&host, &project, &service, "v1", &outcome);
	wait_for(&host, &outcome);
	assert_string_equal(outcome.message, "");
	expect_address(&outcome.result.places[0], "10.252.0.1");
	attach(&host, &project, &service, "v2", &outcome);
	wait_for(&host, &outcome);
	assert_string_equal(outcome.message, "");
	assert_int_equal(interfaces("carte-"), 0);
	assert_int_equal(reach(&host, "v2", "10.252.0.1", 9), -ECONNREFUSED);
	detach(&host, "v1", &outcome);
	detach(&host, "v2", &outcome);
	wait_for(&host, &outcome);
	assert_int_equal(outcome.failed, 0);
	expect_nothing(&host, &network, 1);
	host_close(&host);
	assert_int_equal(space_run("ip link del lan"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_forward_dropped),
		cmocka_unit_test(test_macvlan),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
