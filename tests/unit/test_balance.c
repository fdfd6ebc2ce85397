/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_balance.c - published ports with real servers: three backends on a bridge and a client beyond the host, each in a network
 * namespace of its own, below one of the test's.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "forked.h"
#include "scale/balance.h"
#include "scale/nft.h"
#include "space.h"

#define BACKENDS 3
#define TABLE "carte-test"
#define GATE "192.168.77.1" /* the host, as the client sees it */

static const char *reason; /* to skip */
static pid_t children[BACKENDS + 1];
static int spaces[BACKENDS + 1]; /* namespaces of the backends, and of the client */
static int home;
static struct balance *balance;

#define CLIENT BACKENDS

/* ---- a backend: says its number to whoever connects, and for each byte and datagram it gets -------------------------- */

static void serve_datagram(int fd, char number)
{
	struct sockaddr_in from;
	socklen_t length = sizeof(from);
	char byte;

	if (recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&from, &length) >= 0)
		(void)sendto(fd, &number, 1, 0, (struct sockaddr *)&from, length);
}

static void serve(int which)
{
	const char number = (char)('0' + which);
	struct pollfd fds[256] = { { .fd = space_listen(SOCK_STREAM, 80), .events = POLLIN },
				   { .fd = space_listen(SOCK_DGRAM, 90), .events = POLLIN } };
	nfds_t n = 2;

	for (;;) {
		(void)poll(fds, n, -1);
		if (fds[1].revents)
			serve_datagram(fds[1].fd, number);
		for (nfds_t i = 2; i < n; i++) {
			char byte;

			if (!fds[i].revents)
				continue;
			if (read(fds[i].fd, &byte, 1) == 1) {
				(void)!write(fds[i].fd, &number, 1);
				continue;
			}
			(void)close(fds[i].fd);
			fds[i--] = fds[--n];
		}
		if (fds[0].revents && n < ARRAY_LEN(fds)) {
			int fd = accept(fds[0].fd, NULL, NULL);

			if (fd >= 0) {
				(void)!write(fd, &number, 1);
				fds[n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
			}
		}
	}
}

/* ---- the stage --------------------------------------------------------------------------------------------------- */

static int stage_build(void)
{
	if (space_run("ip link set lo up && ip link add br0 type bridge && ip addr add "
		      "10.123.0.1/24 dev br0 && "
		      "ip link set br0 up && echo 1 >/proc/sys/net/ipv4/ip_forward && "
		      "echo 1 >/proc/sys/net/ipv4/conf/br0/route_localnet"))
		return -1;
	for (int i = 0; i <= BACKENDS; i++) {
		children[i] = space_child(i == CLIENT ? NULL : serve, i + 1);
		if (children[i] < 0)
			return -1;
		spaces[i] = space_of(children[i]);
		if (spaces[i] < 0)
			return -1;
		if (space_run("ip link add v%d type veth peer name eth0 netns %d", i,
			      (int)children[i]))
			return -1;
		if (i == CLIENT) {
			if (space_run(
				    "ip addr add " GATE
				    "/24 dev v%d && ip link set v%d up && nsenter -t %d -n sh -c '"
				    "ip addr add 192.168.77.2/24 dev eth0 && ip link set eth0 up "
				    "&& "
				    "ip route add default via " GATE "'",
				    i, i, (int)children[i]))
				return -1;
		} else if (space_run(
				   "ip link set v%d master br0 up && ip link set v%d type "
				   "bridge_slave hairpin on && "
				   "nsenter -t %d -n sh -c 'ip addr add 10.123.0.%d/24 dev eth0 && "
				   "ip link set lo up && ip link set eth0 up && ip route add "
				   "default via 10.123.0.1'",
				   i, i, (int)children[i], i + 2)) {
			return -1;
		}
	}
	return 0;
}

static bool program(const char *name)
{
	return space_run("command -v %s >/dev/null", name) == 0;
}

static int enter(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;

	(void)state;
	if (geteuid() != 0)
		reason = "needs root";
	else if (!program("ip") || !program("nsenter"))
		reason = "needs ip and nsenter (iproute2, util-linux)";
	else if (unshare(CLONE_NEWNET) < 0)
		reason = "may make no network namespace";
	if (reason)
		return 0;
	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home < 0 || stage_build() < 0)
		return -1;
	if (balance_new(TABLE, &balance, &err) < 0)
		return -1;
	if (balance_apply(balance, NULL, 0, &err) == -EOPNOTSUPP)
		reason = "this kernel has no nf_tables with NAT";
	return 0;
}

static int leave(void **state)
{
	(void)state;
	balance_free(balance);
	for (int i = 0; i <= BACKENDS; i++) {
		if (children[i] > 0) {
			(void)kill(children[i], SIGKILL);
			(void)waitpid(children[i], NULL, 0);
		}
	}
	return 0;
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

/* ---- what clients do --------------------------------------------------------------------------------------------- */

static int connect_from(int space, int type, const char *address, uint16_t port)
{
	return space_connect(space, home, type, address, port, 3000);
}

/* the number that answers, or -errno */
static int answer(int fd)
{
	char byte = 0;
	ssize_t n = read(fd, &byte, 1);

	return n == 1 ? byte - '0' : n == 0 ? -EPIPE : -errno;
}

static int ask(int fd)
{
	if (send(fd, "?", 1, MSG_NOSIGNAL) != 1)
		return -errno;
	return answer(fd);
}

/* connects once, closes: the backend's number, or -errno */
static int visit(int space, const char *address, uint16_t port)
{
	int fd = connect_from(space, SOCK_STREAM, address, port);
	int number;

	if (fd < 0)
		return fd;
	number = answer(fd);
	(void)close(fd);
	return number;
}

static struct balance_backend backend(int number, unsigned weight)
{
	struct balance_backend made = { .weight = weight };

	made.address.s_addr = htonl(0x0a7b0001u + (unsigned)number);
	return made;
}

static const struct balance_backend *all(void)
{
	static struct balance_backend backends[BACKENDS];

	for (int i = 0; i < BACKENDS; i++)
		backends[i] = backend(i + 1, 1);
	return backends;
}

static void apply_ports(const struct balance_port *ports, size_t count)
{
	struct oci_error err = OCI_ERROR_INIT;

	if (balance_apply(balance, ports, count, &err) < 0)
		fail_msg("%s", err.message);
}

static void apply(enum spec_protocol protocol, const struct balance_backend *backends, size_t count)
{
	const struct balance_port port = { .protocol = protocol,
					   .published = protocol == SPEC_TCP ? 8080 : 9090,
					   .target = protocol == SPEC_TCP ? 80 : 90,
					   .backends = backends,
					   .count = count };

	apply_ports(&port, 1);
}

/* ---- the tests --------------------------------------------------------------------------------------------------- */

static void test_round_robin(void **state)
{
	unsigned counts[BACKENDS + 1] = { 0 };

	(void)state;
	need();
	apply(SPEC_TCP, all(), BACKENDS);
	for (int i = 0; i < 30; i++) {
		int number = visit(spaces[CLIENT], GATE, 8080);

		assert_in_range(number, 1, BACKENDS);
		counts[number]++;
	}
	for (int i = 1; i <= BACKENDS; i++)
		assert_int_equal(counts[i], 10);
}

static void test_weights(void **state)
{
	const struct balance_backend backends[] = { backend(1, 3), backend(2, 1), backend(3, 0) };
	unsigned counts[BACKENDS + 1] = { 0 };

	(void)state;
	need();
	apply(SPEC_TCP, backends, ARRAY_LEN(backends));
	for (int i = 0; i < 24; i++) {
		int number = visit(spaces[CLIENT], GATE, 8080);

		assert_in_range(number, 1, BACKENDS);
		counts[number]++;
	}
	assert_int_equal(counts[1], 18);
	assert_int_equal(counts[2], 6);
	assert_int_equal(counts[3], 0);
}

static void test_draining(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	int fds[2 * BACKENDS];
	int numbers[2 * BACKENDS];

	(void)state;
	need();
	apply(SPEC_TCP, all(), BACKENDS);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = connect_from(spaces[CLIENT], SOCK_STREAM, GATE, 8080);
		assert_true(fds[i] >= 0);
		numbers[i] = answer(fds[i]);
		assert_in_range(numbers[i], 1, BACKENDS);
	}
	apply(SPEC_TCP, all() + 1, BACKENDS - 1); /* without the first */
	for (int i = 0; i < 12; i++)
		assert_in_range(visit(spaces[CLIENT], GATE, 8080), 2, BACKENDS);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		assert_int_equal(ask(fds[i]), numbers[i]);
	apply(SPEC_TCP, NULL, 0); /* all of them drain */
	assert_int_equal(visit(spaces[CLIENT], GATE, 8080), -ECONNREFUSED);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		assert_int_equal(ask(fds[i]), numbers[i]);
	apply_ports(NULL, 0);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		assert_int_equal(ask(fds[i]), numbers[i]);
	{
		struct in_addr addresses[] = { backend(1, 1).address, backend(2, 1).address };
		unsigned counts[2];

		assert_int_equal(balance_connections(balance, addresses, counts, 2, &err), 0);
		assert_int_equal(counts[0], 2);
		assert_int_equal(counts[1], 2);
	}
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		(void)close(fds[i]);
}

/* Backends come and go all the time, and no connection fails. */
static void test_exchange_under_load(void **state)
{
	(void)state;
	need();
	for (int i = 0; i < 60; i++) {
		apply(SPEC_TCP, all() + i % 2, BACKENDS - 1);
		for (int j = 0; j < 4; j++)
			assert_in_range(visit(spaces[CLIENT], GATE, 8080), 1, BACKENDS);
	}
}

static void test_udp_sticky(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	unsigned counts[BACKENDS + 1] = { 0 };
	int fds[40];
	int numbers[ARRAY_LEN(fds)];

	(void)state;
	need();
	apply(SPEC_UDP, all(), BACKENDS);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = connect_from(spaces[CLIENT], SOCK_DGRAM, GATE, 9090);
		assert_true(fds[i] >= 0);
		numbers[i] = ask(fds[i]);
		assert_in_range(numbers[i], 1, BACKENDS);
		counts[numbers[i]]++;
		for (int j = 0; j < 4; j++)
			assert_int_equal(ask(fds[i]), numbers[i]);
	}
	for (int i = 1; i <= BACKENDS; i++)
		assert_true(counts[i] > 0); /* 40 sources on one or two of 3: once in millions */

	/* the last one drains: its flows stay. It is dead: its flows move, and no other's */
	apply(SPEC_UDP, all(), BACKENDS - 1);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		assert_int_equal(ask(fds[i]), numbers[i]);
	assert_int_equal(balance_forget(balance, backend(BACKENDS, 1).address, false, &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		if (numbers[i] == BACKENDS)
			assert_in_range(ask(fds[i]), 1, BACKENDS - 1);
		else
			assert_int_equal(ask(fds[i]), numbers[i]);
		(void)close(fds[i]);
	}
}

static void test_forget_tcp(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct in_addr address = backend(1, 1).address;
	unsigned count;
	int fd;

	(void)state;
	need();
	apply(SPEC_TCP, all(), 1);
	fd = connect_from(spaces[CLIENT], SOCK_STREAM, GATE, 8080);
	assert_int_equal(answer(fd), 1);
	assert_int_equal(balance_forget(balance, address, false, &err), 0);
	assert_int_equal(balance_connections(balance, &address, &count, 1, &err), 0);
	assert_int_equal(count, 1);
	assert_int_equal(balance_forget(balance, address, true, &err), 0);
	assert_int_equal(balance_connections(balance, &address, &count, 1, &err), 0);
	assert_int_equal(count, 0);
	(void)close(fd);
}

static void test_hairpin(void **state)
{
	(void)state;
	need();
	apply(SPEC_TCP, all(), 1);
	assert_int_equal(visit(spaces[0], GATE, 8080), 1); /* itself */
	assert_int_equal(visit(spaces[0], "10.123.0.1", 8080), 1);
	apply(SPEC_TCP, all(), BACKENDS);
	for (int i = 0; i < 6; i++)
		assert_in_range(visit(spaces[0], GATE, 8080), 1, BACKENDS);
}

static void test_local(void **state)
{
	int fd;

	(void)state;
	need();
	apply(SPEC_TCP, all(), BACKENDS);
	assert_in_range(visit(home, "127.0.0.1", 8080), 1, BACKENDS);
	assert_in_range(visit(home, GATE, 8080), 1, BACKENDS);
	apply(SPEC_UDP, all(), BACKENDS);
	fd = connect_from(home, SOCK_DGRAM, "127.0.0.1", 9090);
	assert_in_range(ask(fd), 1, BACKENDS);
	(void)close(fd);
}

static void test_refused(void **state)
{
	const struct balance_port ports[] = {
		{ .protocol = SPEC_TCP, .published = 8080, .target = 80 },
		{ .protocol = SPEC_UDP, .published = 9090, .target = 90 },
	};
	int fd;

	(void)state;
	need();
	apply_ports(ports, ARRAY_LEN(ports));
	assert_int_equal(visit(spaces[CLIENT], GATE, 8080), -ECONNREFUSED);
	assert_int_equal(visit(home, "127.0.0.1", 8080), -ECONNREFUSED);
	fd = connect_from(spaces[CLIENT], SOCK_DGRAM, GATE, 9090);
	assert_int_equal(ask(fd), -ECONNREFUSED);
	(void)close(fd);
}

static void test_host_address(void **state)
{
	struct balance_port port = {
		.protocol = SPEC_TCP, .published = 8080, .target = 80, .backends = all(), .count = 1
	};

	(void)state;
	need();
	assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &port.host), 1);
	apply_ports(&port, 1);
	assert_int_equal(visit(home, "127.0.0.1", 8080), 1);
	assert_int_equal(visit(spaces[CLIENT], GATE, 8080), -ECONNREFUSED);
	assert_int_equal(inet_pton(AF_INET, GATE, &port.host), 1);
	apply_ports(&port, 1);
	assert_int_equal(visit(spaces[CLIENT], GATE, 8080), 1);
	assert_int_equal(visit(home, "127.0.0.1", 8080), -ECONNREFUSED);
}

static void test_other_tables_stay(void **state)
{
	__attribute__((cleanup(nft_closep))) struct nft_ctx *nft = NULL;
	struct oci_error err = OCI_ERROR_INIT, exists = OCI_ERROR_INIT, gone = OCI_ERROR_INIT;

	(void)state;
	need();
	assert_int_equal(nft_open(&nft, &err), 0);
	assert_int_equal(nft_run(nft, "create table ip other\n", &err), 0);
	apply(SPEC_TCP, all(), 2);
	assert_int_equal(balance_remove(balance, &err), 0);
	assert_int_equal(balance_remove(balance, &err), 0); /* what is not there is no failure */
	assert_int_equal(nft_run(nft, "create table ip other\n", &exists), -EINVAL);
	assert_non_null(strstr(exists.message, "File exists"));
	assert_int_equal(nft_run(nft, "list table ip " TABLE "\n", &gone), -EOPNOTSUPP);
	assert_int_equal(nft_run(nft, "delete table ip other\n", &err), 0);
	assert_int_equal(visit(spaces[CLIENT], GATE, 8080), -ECONNREFUSED);
}

/* "nft flush ruleset", as a firewall's restart does */
static void test_flushed(void **state)
{
	__attribute__((cleanup(nft_closep))) struct nft_ctx *nft = NULL;
	struct oci_error err = OCI_ERROR_INIT;

	(void)state;
	need();
	assert_int_equal(nft_open(&nft, &err), 0);
	apply(SPEC_TCP, all(), BACKENDS);
	assert_int_equal(balance_verify(balance, &err), 0);
	assert_int_equal(nft_run(nft, "flush ruleset\n", &err), 0);
	assert_int_equal(nft_run(nft, "add table ip " TABLE "-not\n", &err), 0);
	assert_int_equal(visit(spaces[CLIENT], GATE, 8080), -ECONNREFUSED);
	assert_int_equal(balance_verify(balance, &err), 0);
	assert_in_range(visit(spaces[CLIENT], GATE, 8080), 1, BACKENDS);
	assert_int_equal(nft_run(nft, "delete table ip " TABLE "-not\n", &err), 0);
}

static void test_ports_of_the_host(void **state)
{
	struct oci_error err = OCI_ERROR_INIT, none = OCI_ERROR_INIT, far = OCI_ERROR_INIT;
	struct in_addr any = { .s_addr = INADDR_ANY }, elsewhere = { .s_addr = htonl(0x01020304) };
	struct sockaddr_in address = { .sin_family = AF_INET };
	char expected[128];
	uint16_t port;
	int fd;

	(void)state;
	need();
	assert_int_equal(balance_port_choose(SPEC_TCP, any, &port, &err), 0);
	assert_true(port >= 1024);
	assert_int_equal(balance_port_check(SPEC_TCP, any, port, &err), 0);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	address.sin_port = htons(port);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(balance_port_check(SPEC_TCP, any, port, &err), -EADDRINUSE);
	(void)snprintf(expected, sizeof(expected),
		       "port 0.0.0.0:%u/tcp is in use by a program of the host", port);
	assert_string_equal(err.message, expected);
	assert_int_equal(balance_port_check(SPEC_UDP, any, port, &none), 0);
	(void)close(fd);
	assert_int_equal(balance_port_check(SPEC_TCP, any, port, &none), 0);
	assert_int_equal(balance_port_check(SPEC_TCP, elsewhere, 81, &far), -EADDRNOTAVAIL);
	assert_string_equal(far.message, "port 1.2.3.4:81/tcp: the host has no such address");
}

static void without_rights_body(void *ctx)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct balance *mine;

	(void)ctx;
	REQUIRE(setuid(65534) == 0);
	REQUIRE(balance_new(TABLE, &mine, &err) == 0);
	REQUIRE(balance_apply(mine, NULL, 0, &err) == -EPERM);
	REQUIRE_TEXT(err.message,
		     "publish ports: nftables: not permitted: CAP_NET_ADMIN is needed");
	balance_free(mine);
}

static void test_without_rights(void **state)
{
	(void)state;
	need();
	assert_int_equal(forked(without_rights_body, NULL), 0);
}

static double milliseconds(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static long resident_kib(void)
{
	char text[256];
	long pages = 0;

	assert_true(io_read_small(AT_FDCWD, "/proc/self/statm", text, sizeof(text)) > 0);
	assert_int_equal(sscanf(text, "%*d %ld", &pages), 1);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

/* Says what an exchange costs; nothing of ours may grow with their number. */
static void test_cost(void **state)
{
	enum { PORTS = 10, EACH = 100, TURNS = 20 };
	struct balance_backend backends[EACH];
	struct balance_port ports[PORTS];
	double wall, cpu;
	long before;

	(void)state;
	need();
	for (int i = 0; i < EACH; i++)
		backends[i] = backend(i + 1, 1);
	for (int i = 0; i < PORTS; i++)
		ports[i] = (struct balance_port){ .protocol = i % 2 ? SPEC_UDP : SPEC_TCP,
						  .published = (uint16_t)(8080 + i),
						  .target = 80,
						  .backends = backends,
						  .count = EACH };
	for (int i = 0; i < 4; i++) {
		ports[0].count = EACH - (size_t)i % 2;
		apply_ports(ports, PORTS);
	}
	before = resident_kib();
	wall = milliseconds(CLOCK_MONOTONIC);
	cpu = milliseconds(CLOCK_PROCESS_CPUTIME_ID);
	for (int i = 0; i < TURNS; i++) {
		ports[0].count = EACH - (size_t)i % 2;
		apply_ports(ports, PORTS);
	}
	print_message(
		"exchange of %d ports with %d backends: %.1f ms, %.1f ms of CPU; resident %ld KiB, "
		"grown by %ld KiB in %d\n",
		PORTS, EACH, (milliseconds(CLOCK_MONOTONIC) - wall) / TURNS,
		(milliseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / TURNS, resident_kib(),
		resident_kib() - before, TURNS);
#ifndef __SANITIZE_ADDRESS__ /* keeps what is freed for a while */
	assert_true(resident_kib() - before < 2048);
#endif
	wall = milliseconds(CLOCK_MONOTONIC);
	for (int i = 0; i < TURNS; i++) {
		const struct balance_port port = { .protocol = SPEC_TCP,
						   .published = 8080,
						   .target = 80,
						   .backends = backends,
						   .count = 2 + (size_t)i % 2 };

		apply_ports(&port, 1);
	}
	print_message("exchange of 1 port with 3 backends: %.1f ms\n",
		      (milliseconds(CLOCK_MONOTONIC) - wall) / TURNS);
	wall = milliseconds(CLOCK_MONOTONIC);
	for (int i = 0; i < TURNS; i++)
		assert_int_equal(balance_verify(balance, NULL), 0);
	print_message("a look whether the table is there: %.2f ms\n",
		      (milliseconds(CLOCK_MONOTONIC) - wall) / TURNS);
	apply_ports(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_robin),
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_draining),
		cmocka_unit_test(test_exchange_under_load),
		cmocka_unit_test(test_udp_sticky),
		cmocka_unit_test(test_forget_tcp),
		cmocka_unit_test(test_hairpin),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_host_address),
		cmocka_unit_test(test_other_tables_stay),
		cmocka_unit_test(test_flushed),
		cmocka_unit_test(test_ports_of_the_host),
		cmocka_unit_test(test_without_rights),
		cmocka_unit_test(test_cost),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
