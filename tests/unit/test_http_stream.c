/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_http_stream.c - what is answered later, or goes on: waits and events, and their end.
 */
#include "http-stage.h"

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

	client_ask(&waiter, connect_local(), "GET /v1/containers/one/wait HTTP/1.0\r\n\r\n");
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

static void follow(struct client *c)
{
	client_ask(c, connect_local(), "GET /v1/events?follow=1 HTTP/1.0\r\n\r\n");
	assert_true(client_until(c, "\r\n\r\n", PATIENCE_MS));
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

	follow(&follower);
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
	client_ask(&follower, connect_local(), "GET /v1/events?follow=1&after=0 HTTP/1.0\r\n\r\n");
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
	follow(&follower);
	turn(30);
	for (int i = 0; i < 4900; i++) {
		fake_emit(sv, "service", "test", NULL, NULL, -1, words);
		if (i % 100 == 0)
			loop_once(loop, 0);
	}
	assert_int_equal(ask("GET", "/healthz", NULL), 200);
	assert_true(client_until(&follower, NULL, 2000)); /* its end comes before the rest */
	client_close(&follower);
	turn(30);
	assert_int_equal(http_busy(http), 0);
}

static void notices_who_hangs_up(void **state)
{
	static struct client waiter;

	(void)state;
	assert_int_equal(ask("POST", "/v1/containers?wait=1", ONE), 201);
	client_ask(&waiter, connect_local(), "GET /v1/containers/one/wait HTTP/1.0\r\n\r\n");
	turn(30);
	assert_int_equal(http_busy(http), 1);
	client_close(&waiter);
	turn(30);
	assert_int_equal(http_busy(http), 0);

	client_ask(&waiter, connect_tcp(),
		   "GET /v1/events?follow=1 HTTP/1.1\r\nHost: localhost\r\n" BEARER "\r\n");
	turn(30);
	assert_int_equal(http_busy(http), 1);
	client_close(&waiter);
	turn(30);
	assert_int_equal(http_busy(http), 0);

	/* one that half closes on the unix socket still waits for its answer */
	client_ask(&waiter, connect_local(), "GET /v1/containers/one/wait HTTP/1.0\r\n\r\n");
	turn(30);
	assert_int_equal(shutdown(waiter.fd, SHUT_WR), 0);
	turn(30);
	assert_int_equal(http_busy(http), 1);
	/* and one that still waits does not hinder the end */
}

static void is_quiet_when_idle(void **state)
{
	static struct client follower;
	int64_t until;
	unsigned turns = 0;

	(void)state;
	follow(&follower);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(waits_no_longer_than_asked),
		TEST(runs_in_the_foreground),
		TEST(streams_events),
		TEST(drops_who_does_not_read),
		TEST(notices_who_hangs_up),
		TEST(is_quiet_when_idle),
		TEST(ends_on_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
