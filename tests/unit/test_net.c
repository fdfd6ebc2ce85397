/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_net.c - replicas' networks with Debian's CNI plugins, inside namespaces of the test's own.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "forked.h"
#include "scale/net.h"
#include "space.h"

#define CNI_PATH "/usr/lib/cni"
#define COUNT 50

static char top[] = "/tmp/carte-net-XXXXXX";
static const char *reason; /* to skip */
static int home;

struct outcome {
	unsigned waiting, failed;
	struct net_result result; /* of the last one */
	char message[1024];
};

struct host {
	struct loop *loop;
	struct net *net;
};

static int enter(void **state)
{
	(void)state;
	if (geteuid() != 0)
		reason = "needs root";
	else if (access(CNI_PATH "/bridge", X_OK) < 0)
		reason = "needs the CNI plugins in " CNI_PATH " (containernetworking-plugins)";
	else if (space_run("command -v ip nsenter >/dev/null"))
		reason = "needs ip and nsenter (iproute2, util-linux)";
	if (!mkdtemp(top))
		return -1;
	if (reason)
		return 0;
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("carte-net", top, "tmpfs", 0, NULL) < 0)
		reason = "may make no namespaces";
	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return reason || space_run("ip link set lo up") == 0 ? 0 : -1;
}

static int leave(void **state)
{
	(void)state;
	(void)umount2(top, MNT_DETACH);
	return rmdir(top);
}

static void need(void)
{
	if (!reason)
		return;
	print_message("skipped: %s\n", reason);
	if (getenv("CARTE_TEST_STRICT"))
		fail_msg("%s", reason);
	skip();
}

static void host_open(struct host *host)
{
	struct oci_error err = OCI_ERROR_INIT;
	char state[64], run[64];
	struct net_options options = { .state_dir = state, .run_dir = run, .cni_path = CNI_PATH };

	(void)snprintf(state, sizeof(state), "%s/state", top);
	(void)snprintf(run, sizeof(run), "%s/run", top);
	assert_int_equal(loop_new(&host->loop, &err), 0);
	if (net_new(host->loop, &options, &host->net, &err) < 0)
		fail_msg("%s", err.message);
}

static void host_close(struct host *host)
{
	net_free(host->net);
	loop_free(host->loop);
}

static void done(void *ctx, const struct net_result *result, const struct oci_error *err)
{
	struct outcome *outcome = ctx;

	outcome->waiting--;
	if (err) {
		outcome->failed++;
		(void)snprintf(outcome->message, sizeof(outcome->message), "%s", err->message);
	} else {
		outcome->result = *result;
	}
}

static void wait_for(struct host *host, struct outcome *outcome)
{
	while (outcome->waiting > 0)
		assert_int_equal(loop_once(host->loop, 10000), 0);
}

static int attach(struct host *host, const struct spec_project *project,
		  const struct spec_service *service, const char *id, struct outcome *outcome)
{
	struct oci_error err = OCI_ERROR_INIT;
	const struct net_request request = { .id = id, .project = project, .service = service };
	int r;

	outcome->waiting++;
	r = net_attach(host->net, &request, done, outcome, &err);
	if (r < 0)
		done(outcome, NULL, &err);
	return r;
}

static void detach(struct host *host, const char *id, struct outcome *outcome)
{
	struct oci_error err = OCI_ERROR_INIT;

	outcome->waiting++;
	assert_int_equal(net_detach(host->net, id, done, outcome, &err), 0);
}

/* entries of a folder below top, whose names begin with a digit or a letter */
static unsigned entries(const char *folder)
{
	char path[128];
	struct dirent *entry;
	unsigned n = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "%s/%s", top, folder);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.' && strcmp(entry->d_name, "lock") != 0 &&
		     strncmp(entry->d_name, "last_", 5) != 0;
	(void)closedir(dir);
	return n;
}

/* interfaces in the current namespace whose names begin so */
static unsigned interfaces(const char *prefix)
{
	char line[512];
	FILE *file = fopen("/proc/thread-self/net/dev", "re");
	unsigned n = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		n += strncmp(line + strspn(line, " "), prefix, strlen(prefix)) == 0;
	(void)fclose(file);
	return n;
}

/* The kernel takes down a namespace, and the other end of its veth, in its own time. */
static unsigned interfaces_settle(const char *prefix, unsigned expected)
{
	const struct timespec wait = { .tv_nsec = 20000000 };
	unsigned n = interfaces(prefix);

	for (int i = 0; i < 250 && n != expected; i++) {
		(void)nanosleep(&wait, NULL);
		n = interfaces(prefix);
	}
	return n;
}

static void expect_address(const struct net_place *place, const char *expected)
{
	char text[INET_ADDRSTRLEN];

	assert_string_equal(inet_ntop(AF_INET, &place->address, text, sizeof(text)), expected);
}

/* the namespace of a replica, as an fd */
static int space(struct host *host, const char *id)
{
	char path[256];
	int fd;

	assert_int_equal(net_namespace_path(host->net, id, path, sizeof(path)), 0);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* 0 or -errno. ECONNREFUSED: nobody listens there, an answer of the other's kernel. */
static int reach(struct host *host, const char *id, const char *address, uint16_t port)
{
	int from = space(host, id);
	int fd = space_connect(from, home, SOCK_STREAM, address, port, 400);

	(void)close(from);
	if (fd < 0)
		return fd;
	(void)close(fd);
	return 0;
}

static const char *address_of(const struct net_place *place)
{
	return inet_ntoa(place->address);
}

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

/* ---- the tests --------------------------------------------------------------------------------------------------- */

static void expect_nothing(struct host *host, const struct spec_network *networks, size_t count)
{
	struct oci_error err = OCI_ERROR_INIT;
	char path[128];

	for (size_t i = 0; i < count; i++) {
		if (net_network_remove(host->net, &networks[i], &err) < 0)
			fail_msg("%s", err.message);
		(void)snprintf(path, sizeof(path), "state/cni/%s", networks[i].name);
		assert_int_equal(entries(path), 0);
	}
	assert_int_equal(entries("run/netns"), 0);
	assert_int_equal(entries("run/places"), 0);
	assert_int_equal(entries("state/networks"), 0);
	assert_int_equal(entries("state/cni"), 0);
	assert_int_equal(interfaces_settle("carte-", 0), 0);
	assert_int_equal(interfaces_settle("veth", 0), 0);
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

/* ---- after an end of the supervisor ---------------------------------------------------------------------------------- */

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
	for (long life = 0; life <= 120; life += 10) {
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

/* ---- who reaches whom -------------------------------------------------------------------------------------------- */

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

/* ---- hosts ------------------------------------------------------------------------------------------------------- */

static void expect_file(const char *path, const char *expected)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	(void)close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	assert_string_equal(text, expected);
}

#define HOSTS_HEAD "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"

/* Ends with 1 if it ever sees less than the head, or half a line. */
static void hosts_reader(const char *path)
{
	for (;;) {
		char text[4096];
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = read(fd, text, sizeof(text));

		(void)close(fd);
		if (n < (ssize_t)strlen(HOSTS_HEAD) || text[n - 1] != '\n' ||
		    memcmp(text, HOSTS_HEAD, strlen(HOSTS_HEAD)) != 0)
			_exit(1);
	}
}

static void test_hosts(void **state)
{
	struct spec_pair pairs[] = { { "elsewhere", "192.0.2.9" } };
	const struct spec_pairs extra = { pairs, 1 };
	const struct net_host hosts[] = { { { htonl(0x0a590002) }, "web web-1" },
					  { { htonl(0x0a590003) }, "db" } };
	const struct in_addr own = { htonl(0x0a590004) }, none = { 0 };
	struct oci_error err = OCI_ERROR_INIT;
	struct stat before, after;
	char path[] = "/tmp/carte-hosts-XXXXXX";
	int status;
	pid_t reader;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(net_hosts_write(path, "me", own, hosts, 2, &extra, &err), 0);
	expect_file(path, HOSTS_HEAD "10.89.0.4\tme\n10.89.0.2\tweb web-1\n10.89.0.3\tdb\n"
				     "192.0.2.9\telsewhere\n");
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(net_hosts_write(path, "me", own, hosts, 2, &extra, &err), 0);
	assert_int_equal(stat(path, &after), 0); /* nothing new: not written */
	assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
	assert_int_equal(net_hosts_write(path, "me", none, NULL, 0, NULL, &err), 0);
	expect_file(path, HOSTS_HEAD "127.0.1.1\tme\n");
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(after.st_ino, before.st_ino);

	reader = fork();
	if (reader == 0)
		hosts_reader(path);
	for (int i = 0; i < 2000; i++)
		assert_int_equal(net_hosts_write(path, "me", own, hosts, i % 3, NULL, &err), 0);
	(void)kill(reader, SIGKILL);
	assert_int_equal(waitpid(reader, &status, 0), reader);
	assert_true(WIFSIGNALED(status));

	pairs[0].value = "nowhere";
	assert_int_equal(net_hosts_write(path, "me", own, hosts, 2, &extra, &err), -EINVAL);
	assert_string_equal(err.message, "extra_hosts: elsewhere: 'nowhere' is no address");
	(void)unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attach),
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_two_networks),
		cmocka_unit_test(test_bad_networks),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_adopted),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_reboot),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_without_rights),
		cmocka_unit_test(test_without_plugins),
		cmocka_unit_test(test_hosts),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
