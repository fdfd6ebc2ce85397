/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_scaler.c - rounds of the autoscaler over a model in memory: replicas are this process and a server of this test; the supervisor
 * and the pool are told here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/error.h"
#include "scale/sampler.h"
#include "scale/scaler.h"
#include "unit/scale.h"

/* ---- the supervisor ---------------------------------------------------------------------------------------------------- */

struct supervisor {
	struct loop *loop;
	struct project project;
	struct spec_project spec;
	struct spec_service service_spec;
	struct service service;
	struct replica replicas[3];
	struct spec_metric metrics[3];
	struct server {
		int fd, client;
		uint16_t port;
		struct loop_watch listening, talking;
		const char *answer;
		unsigned asked;
	} server;
	unsigned decisions;
	char why[1024];
};

static unsigned pool_limit = 100;
static bool pool_short;

struct loop *supervisor_loop(struct supervisor *sv)
{
	return sv->loop;
}

struct project *supervisor_projects(struct supervisor *sv)
{
	return &sv->project;
}

struct service *supervisor_service(struct supervisor *sv, const char *project, const char *service)
{
	return strcmp(project, "shop") == 0 && strcmp(service, "web") == 0 ? &sv->service : NULL;
}

int supervisor_decide(struct supervisor *sv, struct service *service,
		      const struct scale_decision *decision, struct oci_error *err)
{
	(void)err;
	sv->decisions++;
	service->desired = decision->to;
	(void)snprintf(sv->why, sizeof(sv->why), "%s", decision->why);
	return 0;
}

int supervisor_learn(struct supervisor *sv, const struct service *service, const void *bytes,
		     size_t length, struct oci_error *err)
{
	(void)sv;
	(void)service;
	(void)bytes;
	(void)length;
	(void)err;
	return 0;
}

int supervisor_learned(struct supervisor *sv, const struct service *service, void **ret,
		       size_t *ret_length, struct oci_error *err)
{
	(void)sv;
	(void)service;
	(void)ret;
	(void)ret_length;
	(void)err;
	return -ENOENT;
}

int pool_measure(struct pool *pool, struct oci_error *err)
{
	(void)err;
	*pool = (struct pool){ .available = pool_short ? 1 : 100, .memory_reserve = 10 };
	return 0;
}

void pool_admit(const struct pool *pool, struct pool_wish *wishes, size_t count)
{
	(void)pool;
	for (size_t i = 0; i < count; i++)
		wishes[i].admitted = wishes[i].wanted < pool_limit ? wishes[i].wanted : pool_limit;
}

/* ---- what replicas serve ------------------------------------------------------------------------------------------------ */

static void talk(void *ctx, uint32_t events)
{
	struct server *server = ctx;
	char request[1024];

	(void)events;
	if (recv(server->client, request, sizeof(request), 0) > 0 && server->answer)
		(void)send(server->client, server->answer, strlen(server->answer), MSG_NOSIGNAL);
	loop_watch_remove(&server->talking);
	fd_closep(&server->client);
}

/* One connection at a time: the next waits in the queue. */
static void accept_one(void *ctx, uint32_t events)
{
	struct supervisor *sv = ctx;
	struct server *server = &sv->server;

	(void)events;
	if (server->client >= 0)
		return;
	server->client = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);
	server->asked++;
	assert_int_equal(
		loop_watch_add(sv->loop, &server->talking, server->client, EPOLLIN, talk, server),
		0);
}

static void serve(struct supervisor *sv)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	struct server *server = &sv->server;

	server->client = -EBADF;
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(server->fd, (struct sockaddr *)&at, size), 0);
	assert_int_equal(listen(server->fd, 8), 0);
	assert_int_equal(getsockname(server->fd, (struct sockaddr *)&at, &size), 0);
	server->port = ntohs(at.sin_port);
	assert_int_equal(
		loop_watch_add(sv->loop, &server->listening, server->fd, EPOLLIN, accept_one, sv),
		0);
}

static int setup(void **state)
{
	struct supervisor *sv = calloc(1, sizeof(*sv));
	struct oci_error err = OCI_ERROR_INIT;

	assert_non_null(sv);
	assert_int_equal(loop_new(&sv->loop, &err), 0);
	serve(sv);
	sv->metrics[0] = (struct spec_metric){
		.kind = SPEC_METRIC_HTTP, .name = "sessions", .port = sv->server.port, .target = 10
	};
	sv->service_spec = scale_service("web", "i");
	sv->service_spec.scale = (struct spec_scale){
		.given = true,
		.policy = SPEC_SCALE_TARGET,
		.min = 1,
		.max = 20,
		.tolerance = 0.1,
		.period_ms = 20,
		.metrics = sv->metrics,
		.metrics_len = 1,
		.up = { .replicas = -1, .percent = -1 },
		.down = { .replicas = -1, .percent = -1 },
	};
	sv->spec.name = "shop";
	sv->project.spec = &sv->spec;
	sv->project.services = &sv->service;
	sv->service = (struct service){ .project = &sv->project,
					.spec = &sv->service_spec,
					.desired = 2,
					.replicas = &sv->replicas[0] };
	for (unsigned i = 0; i < 3; i++) {
		sv->replicas[i] = (struct replica){ .service = &sv->service,
						    .wanted = true,
						    .pid = getpid(),
						    .state = REPLICA_READY };
		(void)snprintf(sv->replicas[i].id, REPLICA_ID_SIZE, "%u", i);
	}
	sv->replicas[0].next = &sv->replicas[1];
	pool_limit = 100;
	pool_short = false;
	*state = sv;
	return 0;
}

static int teardown(void **state)
{
	struct supervisor *sv = *state;

	loop_watch_remove(&sv->server.listening);
	loop_watch_remove(&sv->server.talking);
	fd_closep(&sv->server.fd);
	fd_closep(&sv->server.client);
	loop_free(sv->loop);
	free(sv);
	return 0;
}

static void turn(struct supervisor *sv, int64_t ms)
{
	int64_t end = loop_now(sv->loop) + ms;

	while (loop_now(sv->loop) < end)
		assert_int_equal(loop_once(sv->loop, 5), 0);
}

static void until_desired(struct supervisor *sv, unsigned desired)
{
	for (int i = 0; i < 400 && sv->service.desired != desired; i++)
		assert_int_equal(loop_once(sv->loop, 10), 0);
	assert_int_equal(sv->service.desired, desired);
}

static struct scaler *begin(struct supervisor *sv)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct scaler *scaler;

	assert_int_equal(scaler_new(sv, &scaler, &err), 0);
	return scaler;
}

static void test_grows_and_shrinks(void **state)
{
	struct supervisor *sv = *state;
	struct scaler *scaler;

	sv->server.answer = "HTTP/1.0 200 OK\r\n\r\nsessions 30\n";
	scaler = begin(sv);
	until_desired(sv, 6);
	assert_non_null(strstr(sv->why, "sessions is 30 on average of 2, target 10: 3.00 times "
					"that needs 6"));
	assert_int_equal(scaler_last(scaler, &sv->service)->to, 6);
	sv->server.answer = "HTTP/1.0 200 OK\r\n\r\nsessions 1\n";
	until_desired(sv, 1);
	/* a service that answers nothing of use stays as it is, and that is told once */
	sv->server.answer = "HTTP/1.0 500 no\r\n\r\nsessions 900\n";
	sv->service.desired = 3;
	turn(sv, 100);
	sv->decisions = 0;
	turn(sv, 200);
	assert_int_equal(sv->service.desired, 3);
	assert_int_equal(sv->decisions, 0);
	assert_string_equal(scaler_last(scaler, &sv->service)->why,
			    "sessions could not be measured");
	scaler_free(scaler);
}

static void test_host(void **state)
{
	struct supervisor *sv = *state;
	struct scaler *scaler;

	sv->server.answer = "HTTP/1.0 200 OK\r\n\r\nsessions 50\n";
	pool_short = true;
	scaler = begin(sv);
	turn(sv, 150);
	assert_int_equal(sv->service.desired, 2);
	assert_non_null(strstr(scaler_last(scaler, &sv->service)->why,
			       "no growth while the host is short of memory"));
	pool_short = false;
	pool_limit = 4;
	until_desired(sv, 4);
	scaler_free(scaler);
}

/* The number was set by hand, the service is stopped, or has another document: nothing is asked, nothing is decided. */
static void test_hands_off(void **state)
{
	struct supervisor *sv = *state;
	struct scaler *scaler;
	unsigned asked;

	sv->server.answer = "HTTP/1.0 200 OK\r\n\r\nsessions 50\n";
	sv->service.manual = true;
	scaler = begin(sv);
	turn(sv, 100);
	assert_int_equal(sv->server.asked, 0);
	assert_null(scaler_last(scaler, &sv->service));
	sv->service.manual = false;
	until_desired(sv, 10);
	sv->service.stopped = true;
	turn(sv, 60);
	asked = sv->server.asked;
	turn(sv, 100);
	assert_int_equal(sv->server.asked, asked);
	scaler_free(scaler);
}

/* A document that goes while replicas are asked is not touched any more. */
static void test_new_document(void **state)
{
	struct supervisor *sv = *state;
	struct spec_service *fresh = malloc(sizeof(*fresh));
	struct scaler *scaler;

	assert_non_null(fresh);
	*fresh = sv->service_spec;
	sv->service.spec = fresh;
	sv->server.answer = NULL;
	scaler = begin(sv);
	for (int i = 0; i < 200 && !sv->server.asked; i++)
		assert_int_equal(loop_once(sv->loop, 5), 0);
	assert_true(sv->server.asked > 0);
	sv->service.spec = &sv->service_spec;
	free(fresh);
	sv->server.answer = "HTTP/1.0 200 OK\r\n\r\nsessions 40\n";
	until_desired(sv, 8);
	scaler_free(scaler);
}

/* Of this process' own use of the processor a cpu metric is made: it has one core and uses more than 1 per cent of it. */
static void test_cpu(void **state)
{
	struct supervisor *sv = *state;
	struct sample sample;
	struct scaler *scaler;
	volatile unsigned work = 0;

	if (sample_read(&sv->replicas[0], &sample, NULL) < 0 || sample.cpu_us < 0) {
		print_message("skipped: the tests are in no cgroup that counts processor time\n");
		skip();
	}
	sv->metrics[0] = (struct spec_metric){ .kind = SPEC_METRIC_CPU, .target = 1 };
	scaler = begin(sv);
	for (int i = 0; i < 100 && sv->service.desired == 2; i++) {
		for (int k = 0; k < 2000000; k++)
			work += (unsigned)k;
		assert_int_equal(loop_once(sv->loop, 0), 0);
	}
	assert_true(sv->service.desired > 2);
	assert_non_null(strstr(sv->why, "cpu is "));
	scaler_free(scaler);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_grows_and_shrinks), TEST(test_host), TEST(test_hands_off),
		TEST(test_new_document),      TEST(test_cpu),
	};

	return cmocka_run_group_tests_name("scaler", tests, NULL, NULL);
}
