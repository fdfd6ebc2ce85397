/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_net.c - replicas' places in networks, with Debian's CNI plugins.
 */
#include <sys/resource.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net-stage.h"

#define COUNT 50

static double seconds(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double cpu_seconds(void)
{
	double sum = 0;

	for (int i = 0; i < 2; i++) {
		struct rusage use;

		(void)getrusage(i ? RUSAGE_CHILDREN : RUSAGE_SELF, &use);
		sum += (double)use.ru_utime.tv_sec + (double)use.ru_utime.tv_usec / 1e6 +
		       (double)use.ru_stime.tv_sec + (double)use.ru_stime.tv_usec / 1e6;
	}
	return sum;
}

static void test_attach(void **state)
{
	struct spec_network network = { .key = "default", .name = "one_default" };
	struct spec_service service = { .name = "web" };
	struct spec_project project = { .name = "one",
					.services = &service,
					.services_len = 1,
					.networks = &network,
					.networks_len = 1 };
	struct outcome outcome = { 0 };
	struct net_result first;
	struct host host;
	struct oci_error err = OCI_ERROR_INIT;
	double from, cpu;

	(void)state;
	need();
	host_open(&host);
	from = seconds();
	cpu = cpu_seconds();
	assert_int_equal(attach(&host, &project, &service, "a1", &outcome), 0);
	wait_for(&host, &outcome);
	print_message("one attach: %.1f ms, %.1f ms of CPU\n", (seconds() - from) * 1e3,
		      (cpu_seconds() - cpu) * 1e3);
	assert_string_equal(outcome.message, "");
	first = outcome.result;
	assert_int_equal(first.count, 1);
	assert_string_equal(first.places[0].network, "default");
	assert_string_equal(first.places[0].interface, "eth0");
	assert_int_equal(first.places[0].prefix, 22);
	assert_true(first.places[0].gateway.s_addr != 0);
	assert_string_equal(net_warning(host.net), "");

	/* again: the same place */
	assert_int_equal(attach(&host, &project, &service, "a1", &outcome), 0);
	wait_for(&host, &outcome);
	assert_memory_equal(&outcome.result.places[0], &first.places[0], sizeof(first.places[0]));

	assert_int_equal(attach(&host, &project, &service, "a2", &outcome), 0);
	wait_for(&host, &outcome);
	assert_string_equal(outcome.message, "");
	assert_int_not_equal(outcome.result.places[0].address.s_addr,
			     first.places[0].address.s_addr);
	assert_int_equal(reach(&host, "a1", address_of(&outcome.result.places[0]), 9),
			 -ECONNREFUSED);
	assert_int_equal(reach(&host, "a1", inet_ntoa(first.places[0].gateway), 9), -ECONNREFUSED);
	assert_int_equal(reach(&host, "a1", "127.0.0.1", 9), -ECONNREFUSED); /* lo is up */
	assert_int_equal(net_network_remove(host.net, &network, &err), -EBUSY);
	detach(&host, "a1", &outcome);
	detach(&host, "a2", &outcome);
	detach(&host, "a2", &outcome);
	detach(&host, "never-there", &outcome);
	wait_for(&host, &outcome);
	assert_int_equal(outcome.failed, 0);
	expect_nothing(&host, &network, 1);
	host_close(&host);
}

static void test_fixed(void **state)
{
	struct spec_network network = { .key = "lab",
					.name = "fix_lab",
					.subnet = "11.11.11.0/24" };
	struct spec_network_use uses[] = { { .network = "lab", .ipv4 = "11.11.11.2" },
					   { .network = "lab", .ipv4 = "11.11.11.3" },
					   { .network = "lab" },
					   { .network = "lab", .ipv4 = "11.11.12.3" },
					   { .network = "lab", .ipv4 = "11.11.11.1" } };
	struct spec_service services[5];
	struct spec_project project = { .name = "fix",
					.services = services,
					.services_len = 3,
					.networks = &network,
					.networks_len = 1 };
	struct outcome outcome = { 0 };
	struct host host;

	(void)state;
	need();
	memset(services, 0, sizeof(services));
	for (int i = 0; i < 5; i++) {
		services[i].name = "s";
		services[i].networks = &uses[i];
		services[i].networks_len = 1;
	}
	host_open(&host);
	/* the one without an address comes first, and leaves those of the others alone */
	assert_int_equal(attach(&host, &project, &services[2], "other", &outcome), 0);
	wait_for(&host, &outcome);
	assert_string_equal(outcome.message, "");
	expect_address(&outcome.result.places[0], "11.11.11.4");
	assert_int_equal(attach(&host, &project, &services[0], "red", &outcome), 0);
	wait_for(&host, &outcome);
	assert_string_equal(outcome.message, "");
	expect_address(&outcome.result.places[0], "11.11.11.2");
	assert_int_equal(attach(&host, &project, &services[1], "blue", &outcome), 0);
	wait_for(&host, &outcome);
	expect_address(&outcome.result.places[0], "11.11.11.3");
	assert_int_equal(reach(&host, "red", "11.11.11.3", 9), -ECONNREFUSED);
	assert_int_equal(reach(&host, "blue", "11.11.11.2", 9), -ECONNREFUSED);

	/* taken: an error, and nothing of it stays */
	assert_int_equal(attach(&host, &project, &services[0], "thief", &outcome), 0);
	wait_for(&host, &outcome);
	assert_int_equal(outcome.failed, 1);
	assert_non_null(strstr(outcome.message, "network 'lab': plugin bridge: "));
	assert_non_null(strstr(outcome.message, "11.11.11.2"));
	assert_int_equal(entries("run/netns"), 3);
	assert_int_equal(entries("state/cni/fix_lab"), 3);

	assert_int_equal(attach(&host, &project, &services[3], "far", &outcome), -EINVAL);
	assert_string_equal(outcome.message,
			    "network 'lab': address 11.11.12.3 is not in its subnet");
	assert_int_equal(attach(&host, &project, &services[4], "gate", &outcome), -EINVAL);
	assert_string_equal(outcome.message, "network 'lab': address 11.11.11.1 is its gateway's");

	detach(&host, "red", &outcome);
	detach(&host, "blue", &outcome);
	detach(&host, "other", &outcome);
	wait_for(&host, &outcome);
	expect_nothing(&host, &network, 1);
	host_close(&host);
}

static void default_route_body(void *ctx)
{
	const char *namespace = ctx;
	int fd = open(namespace, O_RDONLY | O_CLOEXEC);
	char line[256];
	unsigned found = 0, on_second = 0;
	FILE *file;

	REQUIRE(fd >= 0 && setns(fd, CLONE_NEWNET) == 0);
	file = fopen("/proc/thread-self/net/route", "re");
	REQUIRE(file != NULL);
	while (fgets(line, sizeof(line), file)) {
		found += strstr(line, "\t00000000\t") != NULL;
		on_second += strncmp(line, "eth1\t00000000\t", 14) == 0;
	}
	REQUIRE(found >= 1 && on_second == 1);
}

static void test_two_networks(void **state)
{
	struct spec_network networks[] = {
		{ .key = "back", .name = "two_back", .internal = true },
		{ .key = "front",
		  .name = "two_front",
		  .subnet = "10.250.7.0/24",
		  .gateway = "10.250.7.9",
		  .ip_range = "10.250.7.128/25" },
	};
	struct spec_network_use uses[] = { { .network = "back" }, { .network = "front" } };
	struct spec_service service = { .name = "web", .networks = uses, .networks_len = 2 };
	struct spec_project project = { .name = "two",
					.services = &service,
					.services_len = 1,
					.networks = networks,
					.networks_len = 2 };
	struct outcome outcome = { 0 };
	struct host host;
	char path[256];

	(void)state;
	need();
	host_open(&host);
	assert_int_equal(attach(&host, &project, &service, "t1", &outcome), 0);
	wait_for(&host, &outcome);
	assert_string_equal(outcome.message, "");
	assert_int_equal(outcome.result.count, 2);
	assert_string_equal(outcome.result.places[1].network, "front");
	assert_string_equal(outcome.result.places[1].interface, "eth1");
	expect_address(&outcome.result.places[1], "10.250.7.128");
	assert_int_equal(outcome.result.places[1].gateway.s_addr, inet_addr("10.250.7.9"));
	(void)net_namespace_path(host.net, "t1", path, sizeof(path));
	assert_int_equal(forked(default_route_body, path), 0);
	assert_int_equal(interfaces("carte-"), 2);
	detach(&host, "t1", &outcome);
	wait_for(&host, &outcome);
	expect_nothing(&host, networks, 2);
	host_close(&host);
}

static void test_bad_networks(void **state)
{
	static const struct {
		struct spec_network network;
		const char *message;
	} bad[] = {
		{ { .key = "n", .name = "x/y" },
		  "network name 'x/y': expected letters, digits, '_', '.', '-', and at most 127" },
		{ { .key = "n", .name = "gone", .external = true },
		  "network 'gone' is external, and there is none of this name" },
		{ { .key = "n", .name = "bad", .driver = "overlay" },
		  "network 'n': driver 'overlay': only bridge, macvlan and ipvlan are known" },
		{ { .key = "n", .name = "bad", .driver = "host" },
		  "network 'n': driver 'host' is no network to join: write network_mode: host" },
		{ { .key = "n", .name = "bad", .subnet = "10.1.2.0" },
		  "network 'n': subnet: expected IPv4 address/prefix, got '10.1.2.0'" },
		{ { .key = "n", .name = "bad", .subnet = "10.1.2.0/31" },
		  "network 'n': subnet: expected a prefix of 8 to 29 bits" },
		{ { .key = "n", .name = "bad", .subnet = "10.1.2.0/24", .gateway = "10.1.3.1" },
		  "network 'n': gateway: '10.1.3.1' is no IPv4 address of the subnet" },
		{ { .key = "n", .name = "bad", .subnet = "10.1.2.0/24", .ip_range = "10.1.0.0/16" },
		  "network 'n': ip_range: '10.1.0.0/16' is no part of the subnet" },
	};
	struct spec_network_use use = { .network = "n" };
	struct spec_service service = { .name = "web", .networks = &use, .networks_len = 1 };
	struct host host;

	(void)state;
	need();
	host_open(&host);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct spec_network network = bad[i].network;
		struct spec_project project = { .name = "bad",
						.services = &service,
						.services_len = 1,
						.networks = &network,
						.networks_len = 1 };
		struct outcome outcome = { 0 };

		assert_true(attach(&host, &project, &service, "b1", &outcome) < 0);
		assert_string_equal(outcome.message, bad[i].message);
		assert_int_equal(entries("run/netns"), 0);
	}
	expect_nothing(&host, NULL, 0);
	host_close(&host);
}

/* Every attach of 50 at once has its own address; and how long it takes. */
static void test_many(void **state)
{
	struct spec_network network = { .key = "default", .name = "many_default" };
	struct spec_service service = { .name = "web" };
	struct spec_project project = { .name = "many",
					.services = &service,
					.services_len = 1,
					.networks = &network,
					.networks_len = 1 };
	unsigned count =
		getenv("CARTE_NET_COUNT") ? (unsigned)atoi(getenv("CARTE_NET_COUNT")) : COUNT;
	struct outcome outcome = { 0 };
	struct host host;
	double from, cpu;
	char id[32];

	(void)state;
	need();
	host_open(&host);
	from = seconds();
	cpu = cpu_seconds();
	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(id, sizeof(id), "m%u", i);
		assert_int_equal(attach(&host, &project, &service, id, &outcome), 0);
	}
	wait_for(&host, &outcome);
	print_message("%u attaches: %.0f ms, %.1f ms of CPU each\n", count,
		      (seconds() - from) * 1e3, (cpu_seconds() - cpu) * 1e3 / count);
	assert_string_equal(outcome.message, "");
	assert_int_equal(entries("state/cni/many_default"), count);
	assert_int_equal(entries("run/netns"), count);
	from = seconds();
	cpu = cpu_seconds();
	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(id, sizeof(id), "m%u", i);
		detach(&host, id, &outcome);
	}
	wait_for(&host, &outcome);
	print_message("%u detaches: %.0f ms, %.1f ms of CPU each\n", count,
		      (seconds() - from) * 1e3, (cpu_seconds() - cpu) * 1e3 / count);
	assert_int_equal(outcome.failed, 0);
	expect_nothing(&host, &network, 1);
	host_close(&host);
}

/* ---- what is missing --------------------------------------------------------------------------------------------- */

static void without_rights_body(void *ctx)
{
	struct spec_service service = { .name = "web" };
	struct spec_project project = { .name = "poor", .services = &service, .services_len = 1 };
	const struct net_request request = { .id = "p1", .project = &project, .service = &service };
	struct net_options options = { .state_dir = "/nowhere",
				       .run_dir = "/nowhere",
				       .cni_path = CNI_PATH };
	struct oci_error err = OCI_ERROR_INIT;
	struct loop *loop;
	struct net *net;

	(void)ctx;
	REQUIRE(setuid(65534) == 0);
	REQUIRE(loop_new(&loop, &err) == 0);
	REQUIRE(net_new(loop, &options, &net, &err) == 0);
	REQUIRE(net_clean(net, NULL, 0, &err) == 0);
	REQUIRE(net_attach(net, &request, done, NULL, &err) == -EPERM);
	REQUIRE_TEXT(err.message,
		     "networks need CAP_NET_ADMIN and CAP_SYS_ADMIN, which carte-scale has not got "
		     "here: use --network none or --network host (network_mode)");
	net_free(net);
	loop_free(loop);
}

static void test_without_rights(void **state)
{
	(void)state;
	need();
	assert_int_equal(forked(without_rights_body, NULL), 0);
}

static void test_without_plugins(void **state)
{
	struct spec_service service = { .name = "web" };
	struct spec_project project = { .name = "bare", .services = &service, .services_len = 1 };
	struct spec_network network = { .key = "default", .name = "bare_default" };
	struct net_options options = { .cni_path = "/nowhere" };
	struct oci_error err = OCI_ERROR_INIT;
	struct outcome outcome = { 0 };
	char state_dir[64], run_dir[64];
	struct host host;

	(void)state;
	need();
	(void)snprintf(state_dir, sizeof(state_dir), "%s/state", top);
	(void)snprintf(run_dir, sizeof(run_dir), "%s/run", top);
	options.state_dir = state_dir;
	options.run_dir = run_dir;
	assert_int_equal(loop_new(&host.loop, &err), 0);
	assert_int_equal(net_new(host.loop, &options, &host.net, &err), 0);
	assert_int_equal(attach(&host, &project, &service, "b1", &outcome), -ENOENT);
	assert_string_equal(
		outcome.message,
		"CNI plugin /nowhere/bridge is missing: install containernetworking-plugins, or "
		"name its folder with --cni-path");
	expect_nothing(&host, &network, 1);
	host_close(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attach),
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_two_networks),
		cmocka_unit_test(test_bad_networks),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_without_rights),
		cmocka_unit_test(test_without_plugins),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
