/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_http_guard.c - who may ask, and how much: peers, the token, names, sizes and places.
 */
#include "forked.h"
#include "http-stage.h"
#include "scale/api.h"

/* ---- sizes ------------------------------------------------------------------------------------------------------- */

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
	client_ask(&client, connect_local(), chunked);
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

/* ---- who may ----------------------------------------------------------------------------------------------------- */

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

static void other_user(void)
{
	static const char request[] = "GET /v1/info HTTP/1.0\r\n\r\n";
	int fd;
	char answer[256];
	ssize_t n;

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
		other_user();
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
		/* connecting waits when too many have not been accepted, and nobody else would accept them */
		loop_once(loop, 0);
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
	client_ask(&client, connect_tcp(), head);
	while (!client.ended && now_ms() - before < PATIENCE_MS) {
		client_send(&client, "x", strlen("x"));
		turn(20);
		client_read(&client);
	}
	assert_true(client.ended);
	assert_in_range(now_ms() - before, 300, 5000);
	client_close(&client);
}

/* ---- tokens and addresses ---------------------------------------------------------------------------------------- */

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
	static const char *const bad[][2] = {
		{ "127.0.0.1", "listen: expected ADDRESS:PORT, got 127.0.0.1" },
		{ "host.example:80", "listen: host.example is not an address" },
		{ "127.0.0.1:x", "listen: expected ADDRESS:PORT, got 127.0.0.1:x" },
		{ "127.0.0.1:70000", "listen: expected ADDRESS:PORT, got 127.0.0.1:70000" },
		{ ":80", "listen: expected ADDRESS:PORT, got :80" },
		{ "[::1:80", "listen: [::1 is not an address" },
		{ "[::1]:x", "listen: expected ADDRESS:PORT, got [::1]:x" },
	};
	struct http_options options = { .token = TOKEN };
	struct oci_error err = OCI_ERROR_INIT;
	struct http *other = NULL;

	(void)state;
	options.socket = dup(0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		options.listen = bad[i][0];
		err = (struct oci_error)OCI_ERROR_INIT;
		assert_int_equal(http_new(sv, &options, &other, &err), -EINVAL);
		assert_string_equal(err.message, bad[i][1]);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(refuses_what_is_too_large),
		TEST(wants_the_token),
		TEST(knows_its_own_name),
		TEST(keeps_other_users_out),
		TEST(serves_a_crowd),
		TEST(keeps_strangers_from_the_places_of_others),
		cmocka_unit_test_setup_teardown(ends_what_trickles, begin_hasty, end),
		TEST(makes_a_token_once),
		TEST(says_why_it_cannot_listen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
