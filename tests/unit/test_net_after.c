/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_net_after.c - what is found and what is left after a supervisor's end, a crash at any moment, a reboot.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net-stage.h"

static void test_adopted(void **state)
{
	struct spec_network network = { .key = "default", .name = "ado_default" };
	struct spec_service service = { .name = "web" };
	struct spec_project project = { .name = "ado",
					.services = &service,
					.services_len = 1,
					.networks = &network,
					.networks_len = 1 };
	const char *const live[] = { "k1" };
	struct oci_error err = OCI_ERROR_INIT;
	struct outcome outcome = { 0 };
	struct net_result first;
	struct host host;

	(void)state;
	need();
	host_open(&host);
	attach(&host, &project, &service, "k1", &outcome);
	wait_for(&host, &outcome);
	first = outcome.result;
	attach(&host, &project, &service, "k2", &outcome);
	wait_for(&host, &outcome);
	assert_string_equal(outcome.message, "");
	host_close(&host);

	host_open(&host);
	assert_int_equal(net_clean(host.net, live, 1, &err), 0);
	assert_int_equal(entries("run/netns"), 1);
	assert_int_equal(entries("run/places"), 1);
	assert_int_equal(entries("state/cni/ado_default"), 1);
	assert_int_equal(interfaces_settle("veth", 1), 1);
	attach(&host, &project, &service, "k1", &outcome);
	wait_for(&host, &outcome);
	assert_memory_equal(&outcome.result, &first, sizeof(first));
	detach(&host, "k1", &outcome);
	wait_for(&host, &outcome);
	assert_int_equal(outcome.failed, 0);
	expect_nothing(&host, &network, 1);
	host_close(&host);
}

static void crash_body(void *ctx)
{
	struct spec_network networks[] = { { .key = "a", .name = "cra_a" },
					   { .key = "b", .name = "cra_b" } };
	struct spec_network_use uses[] = { { .network = "a" }, { .network = "b" } };
	struct spec_service service = { .name = "web", .networks = uses, .networks_len = 2 };
	struct spec_project project = { .name = "cra",
					.services = &service,
					.services_len = 1,
					.networks = networks,
					.networks_len = 2 };
	const struct timespec life = { .tv_nsec = *(long *)ctx };
	struct outcome outcome = { 0 };
	struct host host;
	char id[16];

	host_open(&host);
	/* half of them are on their way out when the end comes */
	for (int i = 0; i < 4; i++) {
		(void)snprintf(id, sizeof(id), "c%d", i);
		attach(&host, &project, &service, id, &outcome);
		if (i % 2)
			detach(&host, id, &outcome);
	}
	if (fork() == 0) {
		(void)nanosleep(&life, NULL);
		(void)kill(getppid(), SIGKILL);
		_exit(0);
	}
	wait_for(&host, &outcome);
	for (;;)
		(void)pause();
}

/* kill -9 at any moment: the next one waits for the plugins that still run, and removes all. */
static void test_crash(void **state)
{
	struct spec_network networks[] = { { .key = "a", .name = "cra_a" },
					   { .key = "b", .name = "cra_b" } };

	(void)state;
	need();
	for (long life = 0; life <= 120; life += 15) {
		long nanoseconds = life * 1000000;
		struct oci_error err = OCI_ERROR_INIT;
		struct host host;

		assert_int_equal(forked(crash_body, &nanoseconds), 128 + SIGKILL);
		host_open(&host);
		if (net_clean(host.net, NULL, 0, &err) < 0)
			fail_msg("%s", err.message);
		expect_nothing(&host, networks, 2);
		host_close(&host);
		assert_int_equal(entries("run/netns"), 0);
	}
}

/* Addresses are kept on disk over a reboot, namespaces are not: the same replica can be attached again. */
static void test_reboot(void **state)
{
	struct spec_network network = { .key = "lab",
					.name = "reb_lab",
					.subnet = "10.251.0.0/24" };
	struct spec_network_use use = { .network = "lab", .ipv4 = "10.251.0.5" };
	struct spec_service service = { .name = "web", .networks = &use, .networks_len = 1 };
	struct spec_project project = { .name = "reb",
					.services = &service,
					.services_len = 1,
					.networks = &network,
					.networks_len = 1 };
	const char *const live[] = { "r1" };
	struct oci_error err = OCI_ERROR_INIT;
	struct outcome outcome = { 0 };
	struct host host;

	(void)state;
	need();
	host_open(&host);
	attach(&host, &project, &service, "r1", &outcome);
	wait_for(&host, &outcome);
	assert_string_equal(outcome.message, "");
	host_close(&host);
	assert_int_equal(space_run("umount %s/run/netns/r1 && umount %s/run/netns && rm -r %s/run",
				   top, top, top),
			 0);
	host_open(&host);
	assert_int_equal(entries("state/cni/reb_lab"), 1);
	assert_int_equal(net_clean(host.net, live, 1, &err), 0);
	assert_int_equal(entries("state/cni/reb_lab"), 0);
	attach(&host, &project, &service, "r1", &outcome);
	wait_for(&host, &outcome);
	assert_string_equal(outcome.message, "");
	expect_address(&outcome.result.places[0], "10.251.0.5");
	detach(&host, "r1", &outcome);
	wait_for(&host, &outcome);
	expect_nothing(&host, &network, 1);
	host_close(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_adopted),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_reboot),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
