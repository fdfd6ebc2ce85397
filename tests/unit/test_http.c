/* SPDX-License-Identifier: Apache-2.0 */
/* test_http.c - the API over its sockets, with a supervisor that has no containers. One thread: the client turns the loop itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/api.h"
#include "scale/embed.h"
#include "scale/http.h"
#include "unit/fake_supervisor.h"
#include "unit/forked.h"

#define TOKEN "0123456789abcdef0123456789abcdef"
#define PATIENCE_MS 10000
#define WEB                                                                             \
	"{\"name\":\"shop\",\"services\":{\"web\":{\"image\":\"web:1\",\"replicas\":2," \
	"\"port\":8080,\"limits\":{\"cpu_milli\":500,\"memory\":67108864},"             \
	"\"scale\":{\"min\":1,\"max\":8}},\"db\":{\"image\":\"db:1\"}}}"
#define ONE                                                                                  \
	"{\"name\":\"default\",\"services\":{\"one\":{\"image\":\"one\",\"container_name\":" \
	"\"one\"}}}"

static struct loop *loop;
static struct supervisor *sv;
static struct http *http;
static bool is_end_asked;
static char folder[64];
static char socket_path[108];

/* ---- a client ---------------------------------------------------------------------------------------------------- */

struct client {
	int fd;
	bool ended;
	size_t length;
	char text[512 * 1024];
};

static struct client client;

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int connect_local(void)
{
	int fd = io_connect_unix(SOCK_STREAM, socket_path);

	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static int connect_tcp(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_port = htons((uint16_t)atoi(strrchr(http_listen(http), ':') + 1));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static void client_read(struct client *c)
{
	ssize_t n;

	while (!c->ended && c->length < sizeof(c->text) - 1) {
		n = read(c->fd, c->text + c->length, sizeof(c->text) - 1 - c->length);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			c->ended = true;
		else
			c->length += (size_t)n;
	}
	c->text[c->length] = '\0';
}

static void client_open(struct client *c, int fd)
{
	c->fd = fd;
	c->ended = false;
	c->length = 0;
	c->text[0] = '\0';
}

static void client_send(struct client *c, const char *data, size_t length)
{
	int64_t until = now_ms() + PATIENCE_MS;

	while (length > 0 && now_ms() < until) {
		ssize_t n = send(c->fd, data, length, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			return; /* the other end does not want it */
		if (n > 0) {
			data += n;
			length -= (size_t)n;
		}
		loop_once(loop, 0);
	}
}

/* Until the connection ends, or @words are there. */
static bool client_until(struct client *c, const char *words, int64_t ms)
{
	int64_t until = now_ms() + ms;

	for (;;) {
		client_read(c);
		if (words ? strstr(c->text, words) != NULL : c->ended)
			return true;
		if (c->ended || now_ms() >= until)
			return false;
		loop_once(loop, 5);
	}
}

static void client_close(struct client *c)
{
	fd_closep(&c->fd);
}

static void turn(int64_t ms)
{
	int64_t until = now_ms() + ms;

	while (now_ms() < until)
		loop_once(loop, 5);
}

/* Status of a whole exchange; the body is client_body(). */
static int exchange(int fd, const char *method, const char *uri, const char *headers,
		    const char *body)
{
	char head[8192];
	int status = 0;

	client_open(&client, fd);
	snprintf(head, sizeof(head), "%s %s HTTP/1.0\r\n%sContent-Length: %zu\r\n\r\n", method, uri,
		 headers, body ? strlen(body) : 0);
	client_send(&client, head, strlen(head));
	if (body)
		client_send(&client, body, strlen(body));
	assert_true(client_until(&client, NULL, PATIENCE_MS));
	client_close(&client);
	sscanf(client.text, "HTTP/1.%*d %d", &status);
	return status;
}

static int ask(const char *method, const char *uri, const char *body)
{
	return exchange(connect_local(), method, uri, "", body);
}

static const char *client_body(void)
{
	const char *body = strstr(client.text, "\r\n\r\n");

	return body ? body + 4 : "";
}

static void assert_has(const char *words)
{
	if (!strstr(client.text, words))
		fail_msg("expected %s in: %s", words, client.text);
}

static void assert_not(const char *words)
{
	if (strstr(client.text, words))
		fail_msg("did not expect %s in: %s", words, client.text);
}

/* ---- one supervisor for each test -------------------------------------------------------------------------------- */

static int listen_local(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	/* so that it is the credentials that keep others out */
	assert_int_equal(chmod(socket_path, 0666), 0);
	assert_int_equal(listen(fd, 128), 0);
	return fd;
}

static void end_asked(void *ctx)
{
	*(bool *)ctx = true;
	loop_stop(loop);
}

static int begin_with(int64_t request_ms)
{
	struct http_options options = { .listen = "127.0.0.1:0",
					.token = TOKEN,
					.shutdown = end_asked,
					.ctx = &is_end_asked,
					.request_ms = request_ms };
	struct oci_error err = OCI_ERROR_INIT;

	snprintf(folder, sizeof(folder), "/tmp/carte-http-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chmod(folder, 0755), 0);
	snprintf(socket_path, sizeof(socket_path), "%s/carte.sock", folder);
	options.socket = listen_local();
	assert_int_equal(loop_new(&loop, &err), 0);
	assert_int_equal(fake_new(loop, folder, &sv), 0);
	if (http_new(sv, &options, &http, &err) < 0)
		fail_msg("%s", err.message);
	return 0;
}

static int begin(void **state)
{
	(void)state;
	return begin_with(0);
}

static int begin_hasty(void **state)
{
	(void)state;
	return begin_with(400);
}

static int end(void **state)
{
	char command[128];

	(void)state;
	http_free(http);
	supervisor_free(sv);
	loop_free(loop);
	http = NULL;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void shop_up(void)
{
	assert_int_equal(ask("PUT", "/v1/projects/shop", WEB), 200);
	assert_int_equal(ask("GET", "/v1/projects/shop/wait?timeout=10", NULL), 200);
	assert_has("\"settled\":true");
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

static void answers_about_itself(void **state)
{
	(void)state;
	assert_int_equal(ask("GET", "/v1/info", NULL), 200);
	assert_has("\"runtime\":\"/usr/bin/carte-runtime\"");
	assert_has("\"cpuMilli\":2000");
	assert_has("\"limitedBy\":\"host\"");
	assert_has("?token=" TOKEN); /* over the unix socket only */
	assert_int_equal(ask("GET", "/healthz", NULL), 200);
	assert_string_equal(client_body(), "ok\n");
	assert_int_equal(ask("HEAD", "/healthz", NULL), 200);
	assert_string_equal(client_body(), "");
	assert_int_equal(ask("GET", "/", NULL), 200);
	assert_has("text/html");
	assert_has("Content-Security-Policy: default-src 'none'");
	assert_has("X-Content-Type-Options: nosniff");
	assert_int_equal(ask("GET", "/page.js", NULL), 200);
	assert_has("text/javascript");
}

static void keeps_projects(void **state)
{
	(void)state;
	assert_int_equal(ask("PUT", "/v1/projects/shop", WEB), 200);
	assert_string_equal(client_body(),
			    "{\"project\":\"shop\",\"services\":["
			    "{\"name\":\"web\",\"revision\":1,\"change\":\"created\"},"
			    "{\"name\":\"db\",\"revision\":1,\"change\":\"created\"}]}\n");
	shop_up();
	assert_int_equal(ask("PUT", "/v1/projects/shop",
			     "{\"name\":\"shop\",\"services\":{\"web\":{\"image\":\"web:2\"},"
			     "\"db\":{\"image\":\"db:1\"}}}"),
			 200);
	assert_has("{\"name\":\"web\",\"revision\":2,\"change\":\"updated\"}");
	assert_has("{\"name\":\"db\",\"revision\":1,\"change\":\"unchanged\"}");
	assert_int_equal(ask("PUT", "/v1/projects/shop?forceRecreate=1", WEB), 200);
	assert_string_equal(fake_last(sv), "up shop force");
	assert_int_equal(ask("GET", "/v1/projects", NULL), 200);
	assert_has("{\"name\":\"shop\",\"services\":2,");
	assert_int_equal(ask("GET", "/v1/projects/shop", NULL), 200);
	assert_string_equal(
		client_body(),
		"{\"name\":\"shop\",\"document\":{\"name\":\"shop\",\"services\":{}}}\n");
	assert_int_equal(ask("DELETE", "/v1/projects/shop?volumes=1", NULL), 202);
	assert_string_equal(fake_last(sv), "down shop volumes");
	assert_int_equal(ask("GET", "/v1/projects/shop/wait", NULL), 200);
	assert_has("\"settled\":true");
	assert_int_equal(ask("GET", "/v1/projects/shop", NULL), 404);
}

static void waits_no_longer_than_asked(void **state)
{
	int64_t before = now_ms();

	(void)state;
	fake_slow(sv, 60000);
	assert_int_equal(ask("PUT", "/v1/projects/shop", WEB), 200);
	assert_int_equal(ask("GET", "/v1/projects/shop/wait?timeout=1", NULL), 200);
	assert_has("\"settled\":false");
	assert_in_range(now_ms() - before, 900, 5000);
}

static void shows_services(void **state)
{
	(void)state;
	shop_up();
	assert_int_equal(ask("GET", "/v1/services?project=shop", NULL), 200);
	assert_has("{\"project\":\"shop\",\"name\":\"web\",\"image\":\"web:1\",\"revision\":1,"
		   "\"desired\":2,\"ready\":2,\"running\":2,\"replicas\":2,\"stopped\":false,"
		   "\"policy\":\"target\",\"manual\":false,\"min\":1,\"max\":8,"
		   "\"ports\":[\"0.0.0.0:8080->80/tcp\"],\"rollout\":\"\",\"reason\":\"\"");
	assert_int_equal(ask("GET", "/v1/services?project=other", NULL), 200);
	assert_string_equal(client_body(), "[]\n");
	assert_int_equal(ask("GET", "/v1/services/shop/web", NULL), 200);
	assert_has("\"replicas\":[{\"id\":");
	assert_has("\"name\":\"shop-web-2\"");
	assert_has("\"address\":\"10.88.0.4\"");
	assert_int_equal(ask("GET", "/v1/containers", NULL), 200);
	assert_has("\"name\":\"shop-db-1\"");
	assert_has("\"state\":\"ready\"");
}

static void scales(void **state)
{
	(void)state;
	shop_up();
	assert_int_equal(ask("POST", "/v1/services/shop/web/scale", "{\"replicas\":5}"), 200);
	assert_string_equal(client_body(), "{\"desired\":5,\"admitted\":5,\"reason\":\"\"}\n");
	assert_string_equal(fake_last(sv), "scale web 5 by cli");
	assert_int_equal(ask("POST", "/v1/services/shop/web/scale", "{\"replicas\":500}"), 200);
	assert_has("\"admitted\":20,\"reason\":\"the pool carries 20 replicas\"");
	assert_int_equal(ask("GET", "/v1/services/shop/web", NULL), 200);
	assert_has("\"policy\":\"manual\",\"manual\":true");
	assert_int_equal(ask("POST", "/v1/services/shop/web/scale", "{\"auto\":true}"), 200);
	assert_string_equal(fake_last(sv), "scale web -1 by cli");
	assert_int_equal(ask("GET", "/v1/services/shop/web/decisions?limit=1", NULL), 200);
	assert_has("\"from\":5,\"to\":500,\"why\":\"asked for\",\"inputs\":{\"who\":\"test\"}}]");
	assert_not("\"from\":2");
	assert_int_equal(ask("GET", "/v1/services/shop/web/revisions", NULL), 200);
	assert_has("\"words\":\"up\",\"document\":{\"image\":\"web\"}}]");
}

static void commands_services(void **state)
{
	(void)state;
	shop_up();
	assert_int_equal(ask("POST", "/v1/services/shop/web/stop", "{}"), 202);
	assert_string_equal(fake_last(sv), "stop web");
	assert_int_equal(ask("POST", "/v1/services/shop/web/start", NULL), 202);
	assert_string_equal(fake_last(sv), "start web");
	assert_int_equal(ask("POST", "/v1/services/shop/web/restart", "{}"), 202);
	assert_int_equal(ask("POST", "/v1/services/shop/web/rollback", "{}"), 409);
	assert_has("\"kind\":\"state\"");
}

/* The whole life of a container that is run in a terminal. */
static void runs_in_the_foreground(void **state)
{
	struct replica *replica;
	static struct client waiter;

	(void)state;
	assert_int_equal(ask("POST", "/v1/containers?foreground=1", ONE), 201);
	assert_has("\"name\":\"one\"");
	assert_has("\"state\":\"created\"");
	assert_has("\"runtimeRoot\":\"/tmp/");
	assert_int_equal(supervisor_replica(sv, "one", &replica, NULL), 0);

	client_open(&waiter, connect_local());
	client_send(&waiter, "GET /v1/containers/one/wait HTTP/1.0\r\n\r\n",
		    strlen("GET /v1/containers/one/wait HTTP/1.0\r\n\r\n"));
	turn(50);
	client_read(&waiter);
	assert_int_equal(waiter.length, 0);
	assert_int_equal(http_busy(http), 1);
	assert_int_equal(ask("POST", "/v1/containers/one/finished", "{\"status\":7}"), 200);
	assert_true(client_until(&waiter, "{\"exitStatus\":7}", PATIENCE_MS));
	client_close(&waiter);

	assert_int_equal(ask("GET", "/v1/containers/one/wait", NULL), 200);
	assert_has("{\"exitStatus\":7}");
	assert_int_equal(ask("DELETE", "/v1/containers/one", NULL), 200);
	assert_int_equal(ask("GET", "/v1/containers/one", NULL), 404);
}

static void runs_in_the_background(void **state)
{
	(void)state;
	assert_int_equal(ask("POST", "/v1/containers?wait=1", ONE), 201);
	assert_int_equal(ask("GET", "/v1/containers/one", NULL), 200);
	assert_has("\"logPath\":\"/tmp/");
	assert_has("\"config\":null");
	assert_int_equal(ask("POST", "/v1/containers/one/start", "{}"), 409);
	assert_int_equal(ask("POST", "/v1/containers/on/stop?wait=1", "{\"grace\":3}"), 200);
	assert_string_equal(fake_last(sv), "stop one 3000");
	assert_int_equal(ask("GET", "/v1/containers", NULL), 200);
	assert_string_equal(client_body(), "[]\n");
	assert_int_equal(ask("GET", "/v1/containers?all=1", NULL), 200);
	assert_has("\"state\":\"exited\"");
	assert_has("\"exitStatus\":143");
	assert_int_equal(ask("POST", "/v1/containers/one/start?wait=1", "{}"), 200);
	assert_int_equal(ask("POST", "/v1/containers/one/restart?wait=1", "{}"), 200);
	assert_int_equal(ask("POST", "/v1/containers/one/pause", "{}"), 202);
	assert_int_equal(ask("POST", "/v1/containers/one/pause", "{}"), 409);
	assert_int_equal(ask("POST", "/v1/containers/one/unpause", "{}"), 202);
	assert_int_equal(ask("POST", "/v1/containers/one/kill", "{\"signal\":\"hup\"}"), 200);
	assert_string_equal(fake_last(sv), "kill one 1");
	assert_int_equal(ask("POST", "/v1/containers/one/kill", "{\"signal\":\"SIGRTMIN+2\"}"),
			 200);
	assert_int_equal(ask("POST", "/v1/containers/one/kill", "{}"), 200);
	assert_string_equal(fake_last(sv), "kill one 9");
	assert_int_equal(ask("DELETE", "/v1/containers/one", NULL), 409);
	assert_int_equal(ask("DELETE", "/v1/containers/one?force=1", NULL), 200);
}

static void tells_what_could_not_start(void **state)
{
	(void)state;
	assert_int_equal(
		ask("POST", "/v1/containers?wait=1",
		    "{\"name\":\"default\",\"services\":{\"bad\":{\"image\":\"missing\"}}}"),
		500);
	assert_has("{\"error\":\"default-bad-1 could not be started: no image missing\","
		   "\"kind\":\"failed\"}");
}

static void refuses_with_words(void **state)
{
	static const struct {
		const char *method, *uri, *body;
		int status;
		const char *kind, *words;
	} cases[] = {
		{ "GET", "/nothing", NULL, 404, "not-found", "GET /nothing: no such route" },
		{ "GET", "/v1/services/shop", NULL, 404, "not-found", "no such route" },
		{ "GET", "/v1/services/a/b/c/d", NULL, 404, "not-found", "no such route" },
		{ "GET", "/v1/services/shop/", NULL, 404, "not-found", "no such route" },
		{ "POST", "/v1/info", NULL, 405, "usage", "POST is not allowed for /v1/info" },
		{ "PATCH", "/v1/projects/shop", NULL, 405, "usage", "PATCH is not allowed" },
		{ "GET", "/v1/services/shop/none", NULL, 404, "not-found",
		  "no service none in project shop" },
		{ "GET", "/v1/containers/none", NULL, 404, "not-found", "no container none" },
		{ "GET", "/v1/containers/shop-web", NULL, 400, "usage", "fits 2 containers" },
		{ "GET", "/v1/%zz", NULL, 400, "usage", "not well formed" },
		{ "GET", "/v1/%00", NULL, 400, "usage", "not well formed" },
		{ "GET", "/v1/%ff", NULL, 400, "usage", "not well formed" },
		{ "GET", "/v1/info?a=%", NULL, 400, "usage", "not well escaped" },
		{ "GET", "/v1/info?1&2&3&4&5&6&7&8&9&10&11&12&13&14&15&16&17", NULL, 400, "usage",
		  "more than 16 parameters" },
		{ "GET", "/v1/containers?all=yes", NULL, 400, "usage", "all: expected 1 or 0" },
		{ "GET", "/v1/events?after=-1", NULL, 400, "usage", "after: expected a whole" },
		{ "GET", "/v1/projects/shop/wait?timeout=x", NULL, 400, "usage", "timeout: " },
		{ "POST", "/v1/services/shop/web/scale", "{", 422, "document", "no JSON" },
		{ "POST", "/v1/services/shop/web/scale", "[1]", 400, "usage",
		  "expected an object" },
		{ "POST", "/v1/services/shop/web/scale", "{}", 400, "usage",
		  "expected either \\\"replicas\\\" or \\\"auto\\\": true" },
		{ "POST", "/v1/services/shop/web/scale", "{\"replicas\":1,\"auto\":true}", 400,
		  "usage", "expected either" },
		{ "POST", "/v1/services/shop/web/scale", "{\"replicas\":-1}", 400, "usage",
		  "replicas: expected a whole number from 0 to 10000" },
		{ "POST", "/v1/services/shop/web/scale", "{\"replicas\":1.5}", 400, "usage",
		  "replicas: expected a whole number" },
		{ "POST", "/v1/services/shop/web/scale", "{\"replica\":1}", 400, "usage",
		  "replica: no such member" },
		{ "POST", "/v1/services/shop/web/scale", "{\"auto\":1}", 400, "usage",
		  "auto: expected true or false" },
		{ "POST", "/v1/services/shop/web/stop", "{\"x\":1}", 400, "usage",
		  "x: no such member" },
		{ "POST", "/v1/services/shop/web/rollback", "{\"revision\":9}", 409, "state", "" },
		{ "POST", "/v1/containers/shop-db-1/kill", "{\"signal\":\"SIGNOPE\"}", 400, "usage",
		  "signal: no signal is called SIGNOPE" },
		{ "POST", "/v1/containers/shop-db-1/kill", "{\"signal\":\"99\"}", 400, "usage",
		  "no signal is called 99" },
		{ "POST", "/v1/containers/shop-db-1/kill", "{\"signal\":9}", 400, "usage",
		  "signal: expected a string" },
		{ "POST", "/v1/containers/shop-db-1/finished", "{}", 400, "usage",
		  "status: required" },
		{ "POST", "/v1/containers/shop-db-1/stop", "{\"grace\":\"1\"}", 400, "usage",
		  "grace: expected a whole number" },
		{ "POST", "/v1/containers", "", 422, "document", "services: required" },
		{ "PUT", "/v1/projects/other", WEB, 422, "document",
		  "name: expected other, got shop" },
		{ "PUT", "/v1/projects/other", "{}", 422, "document",
		  "x-carte.name: expected other, got none" },
		{ "PUT", "/v1/projects/other", "[]", 422, "document", "got none" },
		{ "PUT", "/v1/projects/other", "{\"x-carte\":{\"name\":\"b\"}}", 422, "document",
		  "x-carte.name: expected other, got b" },
		{ "PUT", "/v1/projects/shop", "{\"name\":\"shop\",\"x-carte\":{\"name\":\"b\"}}",
		  422, "document", "x-carte.name: expected shop, got b" },
		{ "PUT", "/v1/projects/x", "{\"name\":\"x\",\"services\":{\"a\":{}}}", 422,
		  "document", "document:1:1: services.a.image: required" },
		{ "HEAD", "/v1/events?follow=1", NULL, 400, "", "" },
	};

	(void)state;
	shop_up();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char kind[64];
		int status = ask(cases[i].method, cases[i].uri, cases[i].body);

		if (status != cases[i].status)
			fail_msg("%s %s: expected %d: %s", cases[i].method, cases[i].uri,
				 cases[i].status, client.text);
		snprintf(kind, sizeof(kind), "\"kind\":\"%s", cases[i].kind);
		if (cases[i].kind[0])
			assert_has(kind);
		assert_has(cases[i].words);
	}
	assert_int_equal(ask("POST", "/v1/info", NULL), 405);
	assert_has("Allow: GET\r\n");
}

static void refuses_what_is_too_large(void **state)
{
	static const char chunked[] = "PUT /v1/projects/shop HTTP/1.1\r\nHost: x\r\n"
				      "Transfer-Encoding: chunked\r\n\r\n";
	size_t size = API_BODY_MAX + 1;
	CLEANUP_FREE char *body = malloc(size + 1);
	char chunk[64];

	(void)state;
	memset(body, ' ', size);
	body[size] = '\0';
	assert_int_equal(ask("PUT", "/v1/projects/shop", body), 413);
	assert_has("the body is larger than 4 MiB");
	body[size - 1] = '\0';
	assert_int_equal(ask("PUT", "/v1/projects/shop", body), 422);

	/* without a length beforehand the connection just ends */
	client_open(&client, connect_local());
	client_send(&client, chunked, sizeof(chunked) - 1);
	snprintf(chunk, sizeof(chunk), "%zx\r\n", size);
	body[size - 1] = ' ';
	client_send(&client, chunk, strlen(chunk));
	client_send(&client, body, size);
	client_send(&client, "\r\n0\r\n\r\n", strlen("\r\n0\r\n\r\n"));
	assert_true(client_until(&client, NULL, PATIENCE_MS));
	assert_null(strstr(client.text, " 200 "));
	client_close(&client);

	/* deep nesting is refused before anything recurses over it */
	memset(body, '[', size);
	body[size - 2] = '\0';
	assert_int_equal(ask("PUT", "/v1/projects/shop", body), 422);
	assert_has("nested deeper than 64 levels");
	assert_int_equal(http_busy(http), 0);
}

static void gives_stats(void **state)
{
	(void)state;
	shop_up();
	assert_int_equal(ask("GET", "/v1/containers/shop-web-1/stats", NULL), 200);
	assert_has("\"name\":\"shop-web-1\"");
	assert_has("\"cpuPercent\":20"); /* 200 thousandths */
	assert_has("\"cpuPressure\":5");
	assert_has("\"memory\":25165824,\"memoryLimit\":67108864");
	assert_has("\"rxBytes\":null");
	assert_int_equal(ask("GET", "/v1/stats", NULL), 200);
	assert_has("\"name\":\"shop-web-2\"");
	assert_has("\"cpuPercent\":10,");
	assert_int_equal(ask("POST", "/v1/containers/shop-web-1/stop?wait=1", "{}"), 200);
	assert_int_equal(ask("GET", "/v1/containers/shop-web-1/stats", NULL), 409);
	assert_has("shop-web-1 does not run");
}

static void write_file(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void tails_logs(void **state)
{
	(void)state;
	shop_up();
	assert_int_equal(ask("GET", "/v1/containers/shop-db-1/logs", NULL), 200);
	assert_string_equal(client_body(), "");
	write_file("shop-db-1.log.1", "one\ntwo\nthree\n");
	write_file("shop-db-1.log", "four\nfive\n");
	assert_int_equal(ask("GET", "/v1/containers/shop-db-1/logs?tail=1", NULL), 200);
	assert_string_equal(client_body(), "five\n");
	assert_has("text/plain");
	assert_int_equal(ask("GET", "/v1/containers/shop-db-1/logs?tail=2", NULL), 200);
	assert_string_equal(client_body(), "four\nfive\n");
	assert_int_equal(ask("GET", "/v1/containers/shop-db-1/logs?tail=3", NULL), 200);
	assert_string_equal(client_body(), "three\nfour\nfive\n");
	assert_int_equal(ask("GET", "/v1/containers/shop-db-1/logs?tail=99", NULL), 200);
	assert_string_equal(client_body(), "one\ntwo\nthree\nfour\nfive\n");
	assert_int_equal(ask("GET", "/v1/containers/shop-db-1/logs?tail=0", NULL), 200);
	assert_string_equal(client_body(), "");
}

static void streams_events(void **state)
{
	static struct client follower;

	(void)state;
	shop_up();
	assert_int_equal(ask("GET", "/v1/events?limit=2", NULL), 200);
	assert_has("{\"serial\":1,");
	assert_has("{\"serial\":2,");
	assert_not("{\"serial\":3,");
	assert_int_equal(ask("GET", "/v1/events?last=0", NULL), 200);
	assert_string_equal(client_body(), "");

	client_open(&follower, connect_local());
	client_send(&follower, "GET /v1/events?follow=1 HTTP/1.0\r\n\r\n",
		    strlen("GET /v1/events?follow=1 HTTP/1.0\r\n\r\n"));
	assert_true(client_until(&follower, "\r\n\r\n", PATIENCE_MS));
	turn(30);
	client_read(&follower);
	assert_null(strstr(follower.text, "serial"));
	for (int i = 0; i < 3; i++) {
		char words[32];

		snprintf(words, sizeof(words), "words %d", i);
		fake_emit(sv, "service", "test", supervisor_service(sv, "shop", "web"), NULL, -1,
			  words);
		assert_true(client_until(&follower, words, PATIENCE_MS));
	}
	client_close(&follower);
	turn(30);
	assert_int_equal(http_busy(http), 0);

	/* from the kept ones on to the new ones, none twice */
	client_open(&follower, connect_local());
	client_send(&follower, "GET /v1/events?follow=1&after=0 HTTP/1.0\r\n\r\n",
		    strlen("GET /v1/events?follow=1&after=0 HTTP/1.0\r\n\r\n"));
	assert_true(client_until(&follower, "words 2", PATIENCE_MS));
	fake_emit(sv, "service", "test", NULL, NULL, -1, "the newest");
	assert_true(client_until(&follower, "the newest", PATIENCE_MS));
	{
		const char *at = follower.text;
		unsigned long serial = 0;

		while ((at = strstr(at, "{\"serial\":")))
			assert_int_equal(strtoul(at += 10, NULL, 10), ++serial);
		assert_true(serial > 10);
	}
	client_close(&follower);
}

/* A client that reads nothing holds at most a bounded backlog, and nobody else up. */
static void drops_who_does_not_read(void **state)
{
	static struct client follower;
	static char words[201];

	(void)state;
	memset(words, 'x', 200);
	client_open(&follower, connect_local());
	client_send(&follower, "GET /v1/events?follow=1 HTTP/1.0\r\n\r\n",
		    strlen("GET /v1/events?follow=1 HTTP/1.0\r\n\r\n"));
	assert_true(client_until(&follower, "\r\n\r\n", PATIENCE_MS));
	turn(30);
	for (int i = 0; i < 4900; i++) {
		fake_emit(sv, "service", "test", NULL, NULL, -1, words);
		if (i % 100 == 0)
			loop_once(loop, 0);
	}
	assert_int_equal(ask("GET", "/healthz", NULL), 200);
	client_until(&follower, NULL, 2000);
	client_close(&follower);
	turn(30);
	assert_int_equal(http_busy(http), 0);
}

static void notices_who_hangs_up(void **state)
{
	static struct client waiter;
	char head[512];

	(void)state;
	assert_int_equal(ask("POST", "/v1/containers?wait=1", ONE), 201);
	client_open(&waiter, connect_local());
	client_send(&waiter, "GET /v1/containers/one/wait HTTP/1.0\r\n\r\n",
		    strlen("GET /v1/containers/one/wait HTTP/1.0\r\n\r\n"));
	turn(30);
	assert_int_equal(http_busy(http), 1);
	client_close(&waiter);
	turn(30);
	assert_int_equal(http_busy(http), 0);

	client_open(&waiter, connect_tcp());
	snprintf(head, sizeof(head),
		 "GET /v1/events?follow=1 HTTP/1.1\r\nHost: localhost\r\n"
		 "Authorization: Bearer " TOKEN "\r\n\r\n");
	client_send(&waiter, head, strlen(head));
	turn(30);
	assert_int_equal(http_busy(http), 1);
	client_close(&waiter);
	turn(30);
	assert_int_equal(http_busy(http), 0);

	/* one that half closes on the unix socket still waits for its answer */
	client_open(&waiter, connect_local());
	client_send(&waiter, "GET /v1/containers/one/wait HTTP/1.0\r\n\r\n",
		    strlen("GET /v1/containers/one/wait HTTP/1.0\r\n\r\n"));
	turn(30);
	assert_int_equal(shutdown(waiter.fd, SHUT_WR), 0);
	turn(30);
	assert_int_equal(http_busy(http), 1);
	/* and one that still waits does not hinder the end */
}

/* ---- who may ----------------------------------------------------------------------------------------------------- */

static int ask_tcp(const char *method, const char *uri, const char *headers)
{
	return exchange(connect_tcp(), method, uri, headers, NULL);
}

#define BEARER "Authorization: Bearer " TOKEN "\r\n"

static void wants_the_token(void **state)
{
	static const char *const uris[] = {
		"/",        "/page.js",     "/openapi.json",       "/metrics",
		"/v1/info", "/v1/services", "/v1/events?follow=1", "/v1/shutdown",
		"/nothing"
	};
	char cookie[256];
	const char *at;

	(void)state;
	assert_int_equal(ask_tcp("GET", "/healthz", ""), 200);
	for (size_t i = 0; i < ARRAY_LEN(uris); i++) {
		assert_int_equal(ask_tcp("GET", uris[i], ""), 401);
		assert_has("WWW-Authenticate: Bearer");
		assert_has("\"kind\":\"permission\"");
	}
	assert_int_equal(ask_tcp("POST", "/v1/shutdown", ""), 401);
	assert_int_equal(ask_tcp("POST", "/healthz", ""), 401);
	assert_int_equal(ask_tcp("GET", "/v1/info", "Authorization: Bearer x\r\n"), 401);
	assert_int_equal(ask_tcp("GET", "/v1/info", "Authorization: Bearer\r\n"), 401);
	assert_int_equal(ask_tcp("GET", "/v1/info", "Authorization: Bearer " TOKEN "0\r\n"), 401);
	assert_int_equal(ask_tcp("GET", "/v1/info", "Authorization: Basic " TOKEN "\r\n"), 401);
	assert_int_equal(ask_tcp("GET", "/v1/info?token=" TOKEN, ""), 401);
	assert_int_equal(ask_tcp("GET", "/?token=" TOKEN "0", ""), 401);
	assert_int_equal(ask_tcp("GET", "/v1/info", BEARER), 200);
	assert_not(TOKEN);

	assert_int_equal(ask_tcp("GET", "/?token=" TOKEN, ""), 303);
	assert_has("Location: /#token=" TOKEN "\r\n");
	assert_has("; Path=/; HttpOnly; SameSite=Strict\r\n");
	at = strstr(client.text, "Set-Cookie: ");
	assert_non_null(at);
	snprintf(cookie, sizeof(cookie), "Cookie: a=b; %.*s\r\n", (int)strcspn(at + 12, ";"),
		 at + 12);
	/* the cookie is not the token, and opens the page's files alone */
	assert_null(strstr(cookie, TOKEN));
	assert_int_equal(ask_tcp("GET", "/", cookie), 200);
	assert_int_equal(ask_tcp("GET", "/page.css", cookie), 200);
	assert_int_equal(ask_tcp("GET", "/v1/services", cookie), 401);
	assert_int_equal(ask_tcp("GET", "/metrics", cookie), 401);
	assert_int_equal(ask_tcp("POST", "/v1/shutdown", cookie), 401);
	assert_int_equal(ask_tcp("GET", "/", "Cookie: carte_page=0\r\n"), 401);
}

static void knows_its_own_name(void **state)
{
	static const struct {
		const char *header;
		int status;
	} cases[] = {
		{ "Host: localhost:9700\r\n", 200 },
		{ "Host: 127.0.0.1\r\n", 200 },
		{ "Host: 127.9.9.9:1\r\n", 200 },
		{ "Host: [::1]:9700\r\n", 200 },
		{ "Host: evil.example\r\n", 403 },
		{ "Host: localhost.evil.example\r\n", 403 },
		{ "Host: 127.0.0.1.evil.example\r\n", 403 },
		{ "Host: 10.0.0.1\r\n", 403 },
		{ "Host: [::1\r\n", 403 },
		{ "Host: [::1]x\r\n", 403 },
		{ "Host: localhost\r\nSec-Fetch-Site: same-origin\r\n", 200 },
		{ "Host: localhost\r\nSec-Fetch-Site: none\r\n", 200 },
		{ "Host: localhost\r\nSec-Fetch-Site: cross-site\r\n", 403 },
		{ "Host: localhost\r\nSec-Fetch-Site: same-site\r\n", 403 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char headers[512];

		snprintf(headers, sizeof(headers), BEARER "%s", cases[i].header);
		if (ask_tcp("GET", "/v1/info", headers) != cases[i].status)
			fail_msg("%s: expected %d: %s", cases[i].header, cases[i].status,
				 client.text);
	}
}

static void other_user(void *arg)
{
	static const char request[] = "GET /v1/info HTTP/1.0\r\n\r\n";
	int fd;
	char answer[256];
	ssize_t n;

	(void)arg;
	REQUIRE(setgid(65534) == 0);
	REQUIRE(setuid(65534) == 0);
	fd = io_connect_unix(SOCK_STREAM, socket_path);
	REQUIRE(fd >= 0);
	(void)send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
	n = read(fd, answer, sizeof(answer));
	REQUIRE(n == 0 || (n < 0 && errno == ECONNRESET));
	_exit(0);
}

static void keeps_other_users_out(void **state)
{
	int64_t until = now_ms() + PATIENCE_MS;
	int status = -1;
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		print_message("SKIP: only root can become another user\n");
		skip();
	}
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		other_user(NULL);
	while (waitpid(pid, &status, WNOHANG) == 0 && now_ms() < until)
		loop_once(loop, 5);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(ask("GET", "/metrics", NULL), 200);
	assert_has("\ncarte_http_refused_total 1\n");
}

/* ---- crowds ------------------------------------------------------------------------------------------------------ */

static void serves_a_crowd(void **state)
{
	static int fds[400];
	static const char request[] = "GET /v1/info HTTP/1.1\r\nHost: x\r\n\r\n";
	char answer[4096];
	unsigned good = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = io_connect_unix(SOCK_STREAM, socket_path);
		assert_true(fds[i] >= 0);
		if (i % 50 == 0)
			turn(5);
		(void)send(fds[i], request, sizeof(request) - 1, MSG_NOSIGNAL);
	}
	turn(200);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		ssize_t n = recv(fds[i], answer, sizeof(answer), MSG_DONTWAIT);

		good += n > 12 && memcmp(answer, "HTTP/1.1 200", 12) == 0;
	}
	/* they stay open, so no more than the limit are answered */
	assert_int_equal(good, 256);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	turn(50);
	assert_int_equal(ask("GET", "/healthz", NULL), 200);
}

static void keeps_strangers_from_the_places_of_others(void **state)
{
	static int fds[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = connect_tcp();
		loop_once(loop, 0);
	}
	turn(50);
	assert_int_equal(ask("GET", "/v1/info", NULL), 200);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	turn(50);
	assert_int_equal(ask_tcp("GET", "/healthz", ""), 200);
}

/* Each byte comes in time, the request never does. */
static void ends_what_trickles(void **state)
{
	static const char head[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
	int64_t before = now_ms();

	(void)state;
	client_open(&client, connect_tcp());
	client_send(&client, head, sizeof(head) - 1);
	while (!client.ended && now_ms() - before < PATIENCE_MS) {
		client_send(&client, "x", strlen("x"));
		turn(20);
		client_read(&client);
	}
	assert_true(client.ended);
	assert_in_range(now_ms() - before, 300, 5000);
	client_close(&client);
}

static void is_quiet_when_idle(void **state)
{
	static struct client follower;
	int64_t until;
	unsigned turns = 0;

	(void)state;
	client_open(&follower, connect_local());
	client_send(&follower, "GET /v1/events?follow=1 HTTP/1.0\r\n\r\n",
		    strlen("GET /v1/events?follow=1 HTTP/1.0\r\n\r\n"));
	assert_true(client_until(&follower, "\r\n\r\n", PATIENCE_MS));
	turn(50);
	until = now_ms() + 1000;
	while (now_ms() < until) {
		loop_once(loop, (int)(until - now_ms()));
		turns++;
	}
	client_close(&follower);
	assert_in_range(turns, 1, 10);
}

static void ends_on_request(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;

	(void)state;
	assert_int_equal(ask("POST", "/v1/shutdown", "{}"), 202);
	assert_false(is_end_asked); /* the answer comes first */
	assert_int_equal(loop_run(loop, &err), 0);
	assert_true(is_end_asked);
}

/* ---- documents --------------------------------------------------------------------------------------------------- */

/* Every sample belongs to the family that was announced last, and no family comes twice. */
static void writes_metrics(void **state)
{
	static char seen[64 * 1024];
	char family[128] = "";
	char *line;
	char *rest;
	unsigned samples = 0;

	(void)state;
	shop_up();
	assert_int_equal(ask("POST", "/v1/services/shop/web/scale", "{\"replicas\":3}"), 200);
	assert_int_equal(ask("GET", "/v1/projects/shop/wait", NULL), 200);
	assert_int_equal(ask("GET", "/metrics", NULL), 200);
	assert_has("text/plain; version=0.0.4");
	assert_has("\ncarte_replicas{project=\"shop\",service=\"web\",state=\"ready\"} 3\n");
	assert_has("\ncarte_replicas_desired{project=\"shop\",service=\"web\"} 3\n");
	assert_has("\ncarte_replica_start_seconds_bucket{project=\"shop\",service=\"web\",le=\"+"
		   "Inf\"} 3\n");
	assert_has("\ncarte_replica_start_seconds_count{project=\"shop\",service=\"web\"} 3\n");
	assert_has("\ncarte_scale_decisions_total{project=\"shop\",service=\"web\"} 1\n");
	assert_has("\ncarte_replica_memory_bytes{project=\"shop\",service=\"web\",replica=\"shop-"
		   "web-2\"} 12582912\n");
	assert_has("\ncarte_pool_cpu_cores 2\n");
	assert_has("\nprocess_resident_memory_bytes ");
	rest = strstr(client.text, "\r\n\r\n") + 4;
	seen[0] = '\0';
	while ((line = strsep(&rest, "\n")) && *line) {
		char name[128];

		if (sscanf(line, "# HELP %127s", name) == 1) {
			char mark[140];

			snprintf(mark, sizeof(mark), " %s ", name);
			assert_null(strstr(seen, mark));
			strcat(seen, mark);
			continue;
		}
		if (sscanf(line, "# TYPE %127s", family) == 1)
			continue;
		assert_memory_equal(line, family, strlen(family));
		assert_non_null(strchr(line, ' '));
		samples++;
	}
	assert_true(samples > 60);
}

static bool has_route(const char *method, const char *pattern)
{
	for (const struct api_route *route = api_routes; route->method; route++)
		if (strcasecmp(route->method, method) == 0 && strcmp(route->pattern, pattern) == 0)
			return true;
	return false;
}

static void describes_every_route(void **state)
{
	yajl_val root = NULL;
	struct oci_error err = OCI_ERROR_INIT;
	yajl_val paths;
	unsigned operations = 0;
	unsigned routes = 0;

	(void)state;
	if (json_read((const char *)embed_openapi_json, embed_openapi_json_length, &root, &err) < 0)
		fail_msg("openapi.json: %s", err.message);
	assert_string_equal(YAJL_GET_STRING(json_member(root, "openapi")), "3.0.3");
	paths = json_member(root, "paths");
	assert_true(YAJL_IS_OBJECT(paths));
	for (const struct api_route *route = api_routes; route->method; route++)
		routes++;
	for (size_t i = 0; i < paths->u.object.len; i++) {
		yajl_val path = paths->u.object.values[i];

		for (size_t k = 0; k < path->u.object.len; k++) {
			const char *method = path->u.object.keys[k];

			if (strcmp(method, "parameters") == 0)
				continue;
			if (!has_route(method, paths->u.object.keys[i]))
				fail_msg("openapi.json: no route %s %s", method,
					 paths->u.object.keys[i]);
			assert_non_null(json_member(path->u.object.values[k], "responses"));
			assert_non_null(json_member(path->u.object.values[k], "summary"));
			operations++;
		}
	}
	/* each route is there, as there are as many of both and each operation is a route */
	assert_int_equal(operations, routes);
	yajl_tree_free(root);
}

static void makes_a_token_once(void **state)
{
	char first[HTTP_TOKEN_SIZE], second[HTTP_TOKEN_SIZE], path[128];
	struct oci_error err = OCI_ERROR_INIT;
	struct stat st;

	(void)state;
	assert_int_equal(http_token(folder, first, &err), 0);
	assert_int_equal(strlen(first), 64);
	snprintf(path, sizeof(path), "%s/token", folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(http_token(folder, second, &err), 0);
	assert_string_equal(first, second);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(http_token(folder, second, &err), -EPERM);
	assert_non_null(strstr(err.message, "others can read or change it"));
	assert_int_equal(unlink(path), 0);
	write_file("token", "short\n");
	assert_int_equal(chmod(path, 0600), 0);
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(http_token(folder, second, &err), -EINVAL);
	assert_non_null(strstr(err.message, "expected 64 hexadecimal digits"));
}

static void says_why_it_cannot_listen(void **state)
{
	static const char *const bad[] = { "127.0.0.1",   "host.example:80",
					   "127.0.0.1:x", "127.0.0.1:70000",
					   ":80",         "[::1:80" };
	struct http_options options = { .token = TOKEN };
	struct oci_error err = OCI_ERROR_INIT;
	struct http *other = NULL;

	(void)state;
	options.socket = dup(0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		options.listen = bad[i];
		err = (struct oci_error)OCI_ERROR_INIT;
		assert_int_equal(http_new(sv, &options, &other, &err), -EINVAL);
		assert_memory_equal(err.message, "listen: ", 8);
	}
	options.listen = http_listen(http);
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(http_new(sv, &options, &other, &err), -EADDRINUSE);
	options.token = "short";
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(http_new(sv, &options, &other, &err), -EINVAL);
	close(options.socket);
	assert_int_equal(ask("GET", "/healthz", NULL), 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_about_itself),
		TEST(keeps_projects),
		TEST(waits_no_longer_than_asked),
		TEST(shows_services),
		TEST(scales),
		TEST(commands_services),
		TEST(runs_in_the_foreground),
		TEST(runs_in_the_background),
		TEST(tells_what_could_not_start),
		TEST(refuses_with_words),
		TEST(refuses_what_is_too_large),
		TEST(gives_stats),
		TEST(tails_logs),
		TEST(streams_events),
		TEST(drops_who_does_not_read),
		TEST(notices_who_hangs_up),
		TEST(wants_the_token),
		TEST(knows_its_own_name),
		TEST(keeps_other_users_out),
		TEST(serves_a_crowd),
		TEST(keeps_strangers_from_the_places_of_others),
		cmocka_unit_test_setup_teardown(ends_what_trickles, begin_hasty, end),
		TEST(is_quiet_when_idle),
		TEST(ends_on_request),
		TEST(writes_metrics),
		TEST(describes_every_route),
		TEST(makes_a_token_once),
		TEST(says_why_it_cannot_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
