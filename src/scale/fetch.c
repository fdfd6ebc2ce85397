/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch.c - HTTP/1.0, so that a body ends with the connection; nothing is believed of what comes but a status and a length.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/fetch.h"
#include "scale/sampler.h"

#define HEAD_MAX 16384
#define PATH_LENGTH_MAX 2048

struct fetch {
	struct loop *loop;
	int fd;
	struct loop_watch watch;
	struct loop_timer limit;
	bool connect_only, head_only, connected;
	char *out; /* the request */
	size_t out_length, out_done;
	char *in;
	size_t in_length, in_size;
	size_t body;         /* where it begins; 0: the head is not complete */
	size_t expected;     /* of the body; SIZE_MAX: up to the end */
	int status, failure; /* failure: found before the loop could be told */
	void (*done)(void *ctx, int status, const char *body, size_t length);
	void *ctx;
};

/* ---- sockets of other namespaces -------------------------------------------------------------------------------------- */

struct visit {
	const char *netns;
	int result;
};

static int plain_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

/* A thread has its own network namespace, and takes it with it when it ends: nothing has to be set back. */
static void *visit_namespace(void *ctx)
{
	struct visit *visit = ctx;
	/* by name: the supervisor's own pinned namespace */
	CLEANUP_CLOSE int ns = open(visit->netns, O_RDONLY | O_CLOEXEC);

	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		visit->result = -errno;
	else
		visit->result = plain_socket();
	return NULL;
}

int fetch_socket(const char *netns)
{
	struct visit visit = { .netns = netns };
	pthread_t thread;
	int r;

	if (!netns)
		return plain_socket();
	r = pthread_create(&thread, NULL, visit_namespace, &visit);
	if (r == 0)
		r = pthread_join(thread, NULL);
	return r != 0 ? -r : visit.result;
}

/* ---- the end ---------------------------------------------------------------------------------------------------------- */

static void fetch_free(struct fetch *fetch)
{
	loop_watch_remove(&fetch->watch);
	loop_timer_cancel(&fetch->limit);
	fd_closep(&fetch->fd);
	free(fetch->out);
	free(fetch->in);
	free(fetch);
}

void fetch_cancel(struct fetch *fetch)
{
	if (fetch)
		fetch_free(fetch);
}

static void finish(struct fetch *fetch, int status)
{
	const char *body = fetch->in && fetch->body ? fetch->in + fetch->body : "";
	size_t length = fetch->body ? fetch->in_length - fetch->body : 0;

	loop_watch_remove(&fetch->watch);
	loop_timer_cancel(&fetch->limit);
	if (length > fetch->expected)
		length = fetch->expected;
	fetch->done(fetch->ctx, status, body, status < 0 ? 0 : length);
	fetch_free(fetch);
}

static void late(void *ctx)
{
	finish(ctx, -ETIMEDOUT);
}

static void failed_before(void *ctx)
{
	struct fetch *fetch = ctx;

	finish(fetch, fetch->failure);
}

/* ---- what comes ------------------------------------------------------------------------------------------------------- */

/* "HTTP/1.1 200 OK" */
static int read_status(const struct fetch *fetch)
{
	const char *in = fetch->in;

	if (fetch->in_length < 12 || strncmp(in, "HTTP/1.", 7) != 0 || in[8] != ' ' ||
	    !isdigit((unsigned char)in[9]) || !isdigit((unsigned char)in[10]) ||
	    !isdigit((unsigned char)in[11]))
		return -EPROTO;
	return (in[9] - '0') * 100 + (in[10] - '0') * 10 + (in[11] - '0');
}

static size_t read_length(const char *head, size_t length)
{
	static const char name[] = "content-length:";
	const char *end = head + length;

	for (const char *line = head; line && line < end;) {
		uintmax_t value;
		char *rest;

		if ((size_t)(end - line) > sizeof(name) &&
		    strncasecmp(line, name, sizeof(name) - 1) == 0) {
			value = strtoumax(line + sizeof(name) - 1, &rest, 10);
			return value > SIZE_MAX ? SIZE_MAX : (size_t)value;
		}
		line = memchr(line, '\n', (size_t)(end - line));
		line = line ? line + 1 : NULL;
	}
	return SIZE_MAX;
}

/* 1: complete, 0: more is to come, -errno */
static int take(struct fetch *fetch, bool at_end)
{
	if (!fetch->body) {
		const char *end = memmem(fetch->in, fetch->in_length, "\r\n\r\n", 4);
		size_t skip = 4;

		if (!end) {
			end = memmem(fetch->in, fetch->in_length, "\n\n", 2);
			skip = 2;
		}
		if (!end)
			return at_end || fetch->in_length > HEAD_MAX ? -EPROTO : 0;
		fetch->status = read_status(fetch);
		if (fetch->status < 0)
			return fetch->status;
		fetch->body = (size_t)(end - fetch->in) + skip;
		fetch->expected = read_length(fetch->in, (size_t)(end - fetch->in) + skip);
		if (fetch->expected != SIZE_MAX && fetch->expected > FETCH_BODY_MAX &&
		    !fetch->head_only)
			return -EFBIG;
	}
	if (fetch->head_only || fetch->in_length - fetch->body >= fetch->expected)
		return 1;
	if (fetch->in_length - fetch->body > FETCH_BODY_MAX)
		return -EFBIG;
	if (at_end)
		return fetch->expected == SIZE_MAX ? 1 : -EPROTO;
	return 0;
}

static int make_room(struct fetch *fetch)
{
	char *grown;

	if (fetch->in_size - fetch->in_length > 4096)
		return 0;
	grown = realloc(fetch->in, fetch->in_size * 2 + 8192);
	if (!grown)
		return -ENOMEM;
	fetch->in = grown;
	fetch->in_size = fetch->in_size * 2 + 8192;
	return 0;
}

static int receive(struct fetch *fetch)
{
	for (;;) {
		ssize_t n;
		int r = make_room(fetch);

		if (r < 0)
			return r;
		n = recv(fetch->fd, fetch->in + fetch->in_length,
			 fetch->in_size - fetch->in_length - 1, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		fetch->in_length += (size_t)n;
		fetch->in[fetch->in_length] = '\0';
		r = take(fetch, n == 0);
		if (r != 0)
			return r;
	}
}

/* ---- what goes -------------------------------------------------------------------------------------------------------- */

static int send_request(struct fetch *fetch)
{
	ssize_t n = send(fetch->fd, fetch->out + fetch->out_done,
			 fetch->out_length - fetch->out_done, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	fetch->out_done += (size_t)n;
	if (fetch->out_done < fetch->out_length)
		return 0;
	return loop_watch_change(&fetch->watch, EPOLLIN);
}

static int check_connected(struct fetch *fetch)
{
	socklen_t size = sizeof(int);
	int code = 0;

	if (getsockopt(fetch->fd, SOL_SOCKET, SO_ERROR, &code, &size) < 0)
		return -errno;
	fetch->connected = code == 0;
	return -code;
}

static void ready(void *ctx, uint32_t events)
{
	struct fetch *fetch = ctx;
	int r = fetch->connected ? 0 : check_connected(fetch);

	(void)events;
	if (r == 0 && fetch->connect_only) {
		finish(fetch, 0);
		return;
	}
	if (r == 0 && fetch->out_done < fetch->out_length)
		r = send_request(fetch);
	else if (r == 0)
		r = receive(fetch);
	if (r < 0)
		finish(fetch, r);
	else if (r > 0)
		finish(fetch, fetch->status);
}

static int write_request(struct fetch *fetch, const struct fetch_request *request,
			 struct in_addr address)
{
	char text[INET_ADDRSTRLEN];
	int n;

	if (!request->path)
		return 0;
	if (strlen(request->path) > PATH_LENGTH_MAX ||
	    request->path[strcspn(request->path, " \r\n")])
		return -EINVAL;
	n = asprintf(&fetch->out,
		     "GET %s%s HTTP/1.0\r\nHost: %s:%u\r\nUser-Agent: carte-scale/" PACKAGE_VERSION
		     "\r\nAccept: */*\r\nConnection: close\r\n\r\n",
		     *request->path == '/' ? "" : "/", request->path,
		     inet_ntop(AF_INET, &address, text, sizeof(text)), request->port);
	if (n < 0) {
		fetch->out = NULL;
		return -ENOMEM;
	}
	fetch->out_length = (size_t)n;
	return 0;
}

static int begin(struct fetch *fetch, const struct fetch_request *request)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(request->port),
				  .sin_addr = request->address };
	int r;

	if (to.sin_addr.s_addr == 0)
		to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r = write_request(fetch, request, to.sin_addr);
	if (r < 0)
		return r;
	fetch->fd = fetch_socket(request->netns);
	if (fetch->fd < 0)
		return fetch->fd;
	if (connect(fetch->fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS)
		return -errno;
	r = loop_watch_add(fetch->loop, &fetch->watch, fetch->fd, EPOLLOUT, ready, fetch);
	return r < 0 ? r
		     : loop_timer_set(fetch->loop, &fetch->limit, request->timeout_ms, late, fetch);
}

int fetch_open(struct loop *loop, const struct fetch_request *request,
	       void (*done)(void *ctx, int status, const char *body, size_t length), void *ctx,
	       struct fetch **ret, struct oci_error *err)
{
	struct fetch *fetch = calloc(1, sizeof(*fetch));

	if (!fetch)
		return err_nomem(err);
	*fetch = (struct fetch){ .loop = loop,
				 .fd = -EBADF,
				 .expected = SIZE_MAX,
				 .connect_only = !request->path,
				 .head_only = request->head_only,
				 .done = done,
				 .ctx = ctx };
	fetch->failure = begin(fetch, request);
	/* refused at once is an answer like any other: it comes from the loop */
	if (fetch->failure < 0) {
		loop_watch_remove(&fetch->watch);
		if (loop_timer_set(loop, &fetch->limit, 0, failed_before, fetch) < 0) {
			fetch_free(fetch);
			return err_nomem(err);
		}
	}
	*ret = fetch;
	return 0;
}

int fetch_start(struct loop *loop, struct in_addr address, uint16_t port, const char *path,
		int64_t timeout_ms,
		void (*done)(void *ctx, int status, const char *body, size_t length), void *ctx,
		struct fetch **ret, struct oci_error *err)
{
	const struct fetch_request request = {
		.address = address, .port = port, .path = path, .timeout_ms = timeout_ms
	};

	return fetch_open(loop, &request, done, ctx, ret, err);
}
