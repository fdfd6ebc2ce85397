/* SPDX-License-Identifier: Apache-2.0 */
/* test_probe.c - probes against servers of this test; exec against a program that stands for the runtime; other namespaces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/error.h"
#include "scale/fetch.h"
#include "scale/probe.h"
#include "scale/sampler.h"
#include "unit/scale.h"

/* ---- a server in the loop --------------------------------------------------------------------------------------------- */

struct server {
	struct loop *loop;
	int fd, client;
	uint16_t port;
	struct loop_watch listening, talking;
	const char *answer; /* NULL: accepts and says nothing */
	bool stays;         /* does not close */
	char asked[1024];
	unsigned count;
};

static void server_talk(void *ctx, uint32_t events)
{
	struct server *server = ctx;
	ssize_t n = recv(server->client, server->asked, sizeof(server->asked) - 1, 0);

	(void)events;
	if (n > 0) {
		server->asked[n] = '\0';
		if (!server->answer)
			return;
		(void)send(server->client, server->answer, strlen(server->answer), MSG_NOSIGNAL);
		if (server->stays)
			return;
	}
	loop_watch_remove(&server->talking);
	fd_closep(&server->client);
}

static void server_accept(void *ctx, uint32_t events)
{
	struct server *server = ctx;

	(void)events;
	loop_watch_remove(&server->talking);
	fd_closep(&server->client);
	server->client = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);
	server->count++;
	assert_int_equal(loop_watch_add(server->loop, &server->talking, server->client, EPOLLIN,
					server_talk, server),
			 0);
}

static int listen_on(uint16_t *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(*port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 8) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &size) < 0) {
		fd_closep(&fd);
		return -1;
	}
	*port = ntohs(at.sin_port);
	return fd;
}

static void server_start(struct server *server, struct loop *loop)
{
	server->loop = loop;
	server->client = -EBADF;
	server->fd = listen_on(&server->port);
	assert_true(server->fd >= 0);
	assert_int_equal(loop_watch_add(loop, &server->listening, server->fd, EPOLLIN,
					server_accept, server),
			 0);
}

static void server_stop(struct server *server)
{
	loop_watch_remove(&server->listening);
	loop_watch_remove(&server->talking);
	fd_closep(&server->fd);
	fd_closep(&server->client);
}

/* ---- what is heard ---------------------------------------------------------------------------------------------------- */

struct heard {
	unsigned calls;
	enum probe_health health;
	char words[512];
	struct probe **stop; /* in the answer */
};

static void changed(void *ctx, enum probe_health health, const char *words)
{
	struct heard *heard = ctx;

	heard->calls++;
	heard->health = health;
	(void)snprintf(heard->words, sizeof(heard->words), "%s", words);
	if (heard->stop) {
		probe_stop(*heard->stop);
		*heard->stop = NULL;
	}
}

static void wait_for(struct loop *loop, const struct heard *heard, enum probe_health health)
{
	for (int i = 0; i < 400 && (heard->calls == 0 || heard->health != health); i++)
		assert_int_equal(loop_once(loop, 20), 0);
	assert_int_equal(heard->health, health);
}

static struct spec_probe http_probe(uint16_t port)
{
	return (struct spec_probe){ .kind = SPEC_PROBE_HTTP,
				    .port = port,
				    .path = "/healthz",
				    .interval_ms = 20,
				    .timeout_ms = 150,
				    .retries = 2,
				    .start_period_ms = -1,
				    .start_interval_ms = 10 };
}

static void test_http(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct server server = { .answer = "HTTP/1.1 503 no\r\n\r\n" };
	struct heard heard = { 0 };
	struct spec_probe spec;
	struct probe_target target = { .spec = &spec };
	struct probe *probe;
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop, &err), 0);
	server_start(&server, loop);
	spec = http_probe(server.port);
	assert_int_equal(probe_start(loop, &target, changed, &heard, &probe, &err), 0);
	wait_for(loop, &heard, PROBE_STARTING);
	assert_non_null(strstr(heard.words, "/healthz on port "));
	assert_non_null(strstr(heard.words, " answered with status 503"));
	wait_for(loop, &heard, PROBE_UNHEALTHY);
	assert_true(heard.calls >= 2);
	assert_non_null(strstr(server.asked, "GET /healthz HTTP/1.0\r\nHost: 127.0.0.1:"));
	assert_non_null(strstr(server.asked, "\r\nUser-Agent: carte-scale/"));
	server.answer = "HTTP/1.1 302 over there\r\n\r\n";
	wait_for(loop, &heard, PROBE_HEALTHY);
	assert_string_equal(heard.words, "");
	/* it stays healthy with one failure, not with two */
	server.answer = "SSH-2.0-x\r\n";
	heard.calls = 0;
	wait_for(loop, &heard, PROBE_UNHEALTHY);
	assert_int_equal(heard.calls, 2);
	assert_non_null(strstr(heard.words, " answered, but not as HTTP"));
	server.answer = NULL;
	heard.calls = 0;
	wait_for(loop, &heard, PROBE_UNHEALTHY);
	assert_non_null(strstr(heard.words, " did not answer in 150 ms"));
	probe_stop(probe);
	server_stop(&server);
	loop_free(loop);
}

static void test_tcp(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct server server = { 0 };
	struct heard heard = { 0 };
	struct spec_probe spec = { .kind = SPEC_PROBE_TCP,
				   .interval_ms = 20,
				   .timeout_ms = 200,
				   .retries = 1,
				   .start_interval_ms = 10 };
	struct probe_target target = { .spec = &spec };
	struct probe *probe;
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop, &err), 0);
	server_start(&server, loop);
	spec.port = server.port;
	heard.stop = &probe;
	assert_int_equal(probe_start(loop, &target, changed, &heard, &probe, &err), 0);
	wait_for(loop, &heard, PROBE_HEALTHY);
	assert_null(probe);
	server_stop(&server);
	heard = (struct heard){ 0 };
	assert_int_equal(probe_start(loop, &target, changed, &heard, &probe, &err), 0);
	wait_for(loop, &heard, PROBE_UNHEALTHY);
	assert_non_null(strstr(heard.words, ": Connection refused"));
	probe_stop(probe);
	loop_free(loop);
}

/* While it starts it is asked often, and its failures count once per interval and not before the start period is over. */
static void test_start(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct server server = { .answer = "HTTP/1.1 500 no\r\n\r\n" };
	struct heard heard = { 0 };
	struct spec_probe spec;
	struct probe_target target = { .spec = &spec };
	struct probe *probe;
	struct loop *loop;
	int64_t begin, end;

	(void)state;
	assert_int_equal(loop_new(&loop, &err), 0);
	server_start(&server, loop);
	spec = http_probe(server.port);
	spec.start_period_ms = 150;
	spec.interval_ms = 60;
	begin = loop_now(loop);
	assert_int_equal(probe_start(loop, &target, changed, &heard, &probe, &err), 0);
	wait_for(loop, &heard, PROBE_UNHEALTHY);
	end = loop_now(loop);
	assert_true(end - begin >= 150 + 2 * 60);
	assert_true(heard.calls >= 8);
	probe_stop(probe);
	server_stop(&server);
	loop_free(loop);
}

static void test_exec(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	const char *folder = scale_folder();
	char runtime[PATH_MAX];
	struct heard heard = { 0 };
	struct spec_probe spec = { .kind = SPEC_PROBE_EXEC,
				   .interval_ms = 20,
				   .timeout_ms = 5000,
				   .retries = 1,
				   .start_interval_ms = 5,
				   .command = { (const char *[]){ "check", "a b" }, 2 } };
	struct probe_target target = {
		.spec = &spec, .runtime = runtime, .runtime_root = folder, .id = "x"
	};
	struct probe *probe;
	struct loop *loop;
	const char *inside;

	(void)state;
	scale_path(runtime, "%s/runtime", folder);
	scale_write(
		folder, "runtime",
		"#!/bin/sh\n[ \"$1 $3 $4 $5 $6\" = '--root exec x check a b' ] || exit 9\n"
		"[ -e $2/good ] || { echo first; echo 'no \033[1mgood'; exit 3; }\n"
		"[ -e $2/slow ] && setsid -w sh -c 'echo $$ >$0/pid; exec sleep 30' $2\nexit 0\n");
	assert_int_equal(chmod(runtime, 0755), 0);
	assert_int_equal(loop_new(&loop, &err), 0);
	assert_int_equal(probe_start(loop, &target, changed, &heard, &probe, &err), 0);
	wait_for(loop, &heard, PROBE_UNHEALTHY);
	assert_string_equal(heard.words, "the health check ended with status 3: no ?[1mgood");
	scale_write(folder, "good", "");
	wait_for(loop, &heard, PROBE_HEALTHY);
	probe_stop(probe);
	scale_write(folder, "slow", "");
	spec.timeout_ms = 60;
	assert_int_equal(probe_start(loop, &target, changed, &heard, &probe, &err), 0);
	wait_for(loop, &heard, PROBE_UNHEALTHY);
	assert_string_equal(heard.words, "the health check did not end in 60 ms");
	/* what it ran has a session of its own, as in a container: it is gone too */
	inside = scale_read(folder, "pid");
	assert_non_null(inside);
	assert_true(kill((pid_t)atoi(inside), 0) < 0 && errno == ESRCH);
	probe_stop(probe);
	loop_free(loop);
	scale_folder_remove(folder);
}

/* A server on lo of a namespace of its own, which this process is not in. */
static pid_t serve_elsewhere(int ready, uint16_t *port)
{
	pid_t pid = fork();
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (pid != 0)
		return pid;
	fd = unshare(CLONE_NEWNET) < 0 ? -1 : socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0 || listen_on(port) < 0 ||
	    write(ready, "y", 1) != 1)
		_exit(1);
	(void)pause();
	_exit(0);
}

static void test_namespace(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct heard heard = { 0 };
	struct spec_probe spec = { .kind = SPEC_PROBE_TCP,
				   .port = 7,
				   .interval_ms = 20,
				   .timeout_ms = 500,
				   .retries = 1 };
	char netns[64], byte;
	struct probe_target target = { .spec = &spec, .netns = netns };
	uint16_t port = 7;
	struct probe *probe;
	struct loop *loop;
	int fds[2];
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root makes network namespaces\n");
		skip();
	}
	assert_int_equal(pipe(fds), 0);
	pid = serve_elsewhere(fds[1], &port);
	(void)close(fds[1]);
	if (read(fds[0], &byte, 1) != 1) {
		print_message("skipped: no network namespace can be made here\n");
		(void)waitpid(pid, NULL, 0);
		(void)close(fds[0]);
		skip();
	}
	(void)close(fds[0]);
	(void)snprintf(netns, sizeof(netns), "/proc/%d/ns/net", (int)pid);
	assert_int_equal(loop_new(&loop, &err), 0);
	assert_int_equal(probe_start(loop, &target, changed, &heard, &probe, &err), 0);
	wait_for(loop, &heard, PROBE_HEALTHY);
	probe_stop(probe);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	assert_true(fetch_socket("/no/such") == -ENOENT);
	loop_free(loop);
}

/* ---- fetch ------------------------------------------------------------------------------------------------------------ */

struct got {
	bool done;
	int status;
	char body[256];
	size_t length;
};

static void fetched(void *ctx, int status, const char *body, size_t length)
{
	struct got *got = ctx;

	got->done = true;
	got->status = status;
	got->length = length;
	(void)snprintf(got->body, sizeof(got->body), "%.*s", (int)length, body);
}

static void test_fetch(void **state)
{
	static const struct {
		const char *answer, *body;
		int status;
		bool stays;
	} rows[] = {
		{ "HTTP/1.0 200 OK\r\n\r\nup to the end", "up to the end", 200, false },
		{ "HTTP/1.1 200 OK\r\ncontent-LENGTH: 3\r\n\r\nabcdef", "abc", 200, true },
		{ "HTTP/1.1 404 no\n\nnone", "none", 404, false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "", -EPROTO, false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "", -EFBIG, true },
		{ "HTTP/1.1 2x0 OK\r\n\r\n", "", -EPROTO, false },
		{ "220 ftp\r\n", "", -EPROTO, false },
		{ "HTTP/1.1 200 OK\r\n\r\nno end", "", -ETIMEDOUT, true },
	};
	struct oci_error err = OCI_ERROR_INIT;
	struct in_addr here = { 0 };
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop, &err), 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct server server = { .answer = rows[i].answer, .stays = rows[i].stays };
		struct got got = { 0 };
		struct fetch *fetch;

		server_start(&server, loop);
		assert_int_equal(fetch_start(loop, here, server.port, "metrics", 150, fetched, &got,
					     &fetch, &err),
				 0);
		while (!got.done)
			assert_int_equal(loop_once(loop, 50), 0);
		assert_int_equal(got.status, rows[i].status);
		assert_string_equal(got.body, rows[i].body);
		server_stop(&server);
	}
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http),      cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_start),     cmocka_unit_test(test_exec),
		cmocka_unit_test(test_namespace), cmocka_unit_test(test_fetch),
	};

	return cmocka_run_group_tests_name("probe", tests, NULL, NULL);
}
