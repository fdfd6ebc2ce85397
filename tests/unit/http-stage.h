/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http-stage.h - the API over its sockets, with a supervisor that has no containers. One thread: the client turns the loop itself.
 */
#ifndef CARTE_TESTS_HTTP_STAGE_H
#define CARTE_TESTS_HTTP_STAGE_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "fake_supervisor.h"
#include "scale/http.h"

#define TOKEN "0123456789abcdef0123456789abcdef"
#define BEARER "Authorization: Bearer " TOKEN "\r\n"
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
static struct scaler *scaler; /* of begin_scaler */
static bool is_scaler_asked;
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

static inline int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static inline int connect_local(void)
{
	int fd = io_connect_unix(SOCK_STREAM, socket_path);

	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static inline int connect_tcp(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_port = htons((uint16_t)atoi(strrchr(http_listen(http), ':') + 1));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

static inline void client_read(struct client *c)
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

static inline void client_open(struct client *c, int fd)
{
	c->fd = fd;
	c->ended = false;
	c->length = 0;
	c->text[0] = '\0';
}

static inline void client_send(struct client *c, const char *data, size_t length)
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

/* Ask, and do not wait for the answer. */
static inline void client_ask(struct client *c, int fd, const char *text)
{
	client_open(c, fd);
	client_send(c, text, strlen(text));
}

/* Until the connection ends, or @words are there. */
static inline bool client_until(struct client *c, const char *words, int64_t ms)
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

static inline void client_close(struct client *c)
{
	fd_closep(&c->fd);
}

static inline void turn(int64_t ms)
{
	int64_t until = now_ms() + ms;

	while (now_ms() < until)
		loop_once(loop, 5);
}

/* Status of a whole exchange; the body is client_body(). */
static inline int exchange(int fd, const char *method, const char *uri, const char *headers,
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

static inline int ask(const char *method, const char *uri, const char *body)
{
	return exchange(connect_local(), method, uri, "", body);
}

static inline int ask_tcp(const char *method, const char *uri, const char *headers)
{
	return exchange(connect_tcp(), method, uri, headers, NULL);
}

static inline const char *client_body(void)
{
	const char *body = strstr(client.text, "\r\n\r\n");

	return body ? body + 4 : "";
}

static inline void assert_has(const char *words)
{
	if (!strstr(client.text, words))
		fail_msg("expected %s in: %s", words, client.text);
}

static inline void assert_not(const char *words)
{
	if (strstr(client.text, words))
		fail_msg("did not expect %s in: %s", words, client.text);
}

/* ---- one supervisor for each test -------------------------------------------------------------------------------- */

static inline int listen_local(void)
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

static inline void end_asked(void *ctx)
{
	*(bool *)ctx = true;
	loop_stop(loop);
}

static inline int begin_with(int64_t request_ms)
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
	if (is_scaler_asked)
		assert_int_equal(scaler_new(sv, &scaler, &err), 0);
	options.scaler = scaler;
	if (http_new(sv, &options, &http, &err) < 0)
		fail_msg("%s", err.message);
	return 0;
}

static inline int begin(void **state)
{
	(void)state;
	return begin_with(0);
}

static inline int begin_hasty(void **state)
{
	(void)state;
	return begin_with(400);
}

static inline int end(void **state)
{
	char command[128];

	(void)state;
	http_free(http);
	scaler_free(scaler);
	scaler = NULL;
	is_scaler_asked = false;
	supervisor_free(sv);
	loop_free(loop);
	http = NULL;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static inline void shop_up(void)
{
	assert_int_equal(ask("PUT", "/v1/projects/shop", WEB), 200);
	assert_int_equal(ask("GET", "/v1/projects/shop/wait?timeout=10", NULL), 200);
	assert_has("\"settled\":true");
}

static inline void write_file(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
