/* SPDX-License-Identifier: Apache-2.0 */
/*
 * web.c - a small HTTP/1.1 server with something to scale: one thread per connection.
 *
 *   /            "hello from HOSTNAME"
 *   /work?ms=N   the same after N milliseconds of computing (at most 1000)
 *   /count       counts in the store (redis at STORE, "store:6379"), and says how far
 *   /healthz     ok
 *   /metrics     web_connections, web_requests_total in Prometheus text
 *
 * SIGTERM: no new connections; those that are open get their answers, then it ends.
 */
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MAX 8192

static atomic_uint connections, requests;
static atomic_bool ending;
static int server = -1;
static char host[64];

static void end(int sig)
{
	(void)sig;
	ending = true;
	(void)shutdown(server, SHUT_RDWR); /* wakes accept */
}

static void compute(long ms)
{
	struct timespec now;
	long long until;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	until = now.tv_sec * 1000000000LL + now.tv_nsec + ms * 1000000LL;
	do
		(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	while (now.tv_sec * 1000000000LL + now.tv_nsec < until);
}

static int store_connect(void)
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *found = NULL;
	const char *name = getenv("STORE");
	int fd = -1;

	if (getaddrinfo(name ? name : "store", "6379", &hints, &found) != 0)
		return -1;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) < 0) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

/* INCR answers ":N\r\n" (the redis protocol) */
static long count_in_store(void)
{
	static const char command[] = "INCR visits\r\n";
	char answer[64] = "";
	int fd = store_connect();
	long count = -1;

	if (fd < 0)
		return -1;
	if (write(fd, command, sizeof(command) - 1) > 0 && read(fd, answer, sizeof(answer) - 1) > 0 && answer[0] == ':')
		count = atol(answer + 1);
	close(fd);
	return count;
}

static int respond(char *out, size_t size, const char *status, const char *body, bool keep)
{
	return snprintf(out, size,
			"HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: %zu\r\nX-Replica: "
			"%s\r\nConnection: %s\r\n\r\n%s",
			status, strlen(body), host, keep ? "keep-alive" : "close", body);
}

static int answer(const char *path, char *out, size_t size, bool keep)
{
	char body[512];
	const char *status = "200 OK";
	long ms = 0;

	if (sscanf(path, "/work?ms=%ld", &ms) == 1) {
		compute(ms < 0 ? 0 : ms > 1000 ? 1000 : ms);
		(void)snprintf(body, sizeof(body), "worked %ld ms at %s\n", ms, host);
	} else if (strcmp(path, "/count") == 0) {
		long count = count_in_store();

		if (count < 0)
			status = "503 Service Unavailable";
		(void)snprintf(body, sizeof(body), "visit %ld, answered by %s\n", count, host);
	} else if (strcmp(path, "/healthz") == 0) {
		(void)snprintf(body, sizeof(body), "ok\n");
	} else if (strcmp(path, "/metrics") == 0) {
		(void)snprintf(body, sizeof(body),
			       "# TYPE web_connections gauge\nweb_connections %u\n"
			       "# TYPE web_requests_total counter\nweb_requests_total %u\n",
			       connections, requests);
	} else if (strcmp(path, "/") == 0) {
		(void)snprintf(body, sizeof(body), "hello from %s\n", host);
	} else {
		status = "404 Not Found";
		(void)snprintf(body, sizeof(body), "nothing here\n");
	}
	return respond(out, size, status, body, keep);
}

/* one request; false: the connection is over */
static bool serve(int fd)
{
	char request[REQUEST_MAX + 1], path[1024], out[2048];
	size_t have = 0;
	bool keep;
	int n;

	do {
		ssize_t got = read(fd, request + have, REQUEST_MAX - have);

		if (got <= 0)
			return false;
		have += (size_t)got;
		request[have] = '\0';
	} while (!strstr(request, "\r\n\r\n") && have < REQUEST_MAX);
	if (sscanf(request, "GET %1023s", path) != 1)
		return false;
	requests++;
	keep = !ending && !strstr(request, "HTTP/1.0") && !strstr(request, "onnection: close");
	n = answer(path, out, sizeof(out), keep);
	return send(fd, out, (size_t)n, MSG_NOSIGNAL) == n && keep;
}

static void *connection(void *arg)
{
	int fd = (int)(long)arg;

	while (serve(fd))
		;
	close(fd);
	connections--;
	return NULL;
}

static int listen_on(const char *port)
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE }, *found = NULL;
	int fd, one = 1;

	if (getaddrinfo(NULL, port, &hints, &found) != 0)
		return -1;
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, 512) < 0) {
		perror("web");
		close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

int main(int argc, char **argv)
{
	struct timeval idle = { .tv_sec = 5 };
	pthread_attr_t attr;

	server = listen_on(argc > 1 ? argv[1] : "80");
	if (server < 0)
		return 1;
	(void)gethostname(host, sizeof(host) - 1);
	(void)signal(SIGTERM, end);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, 64 * 1024);
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	printf("web: listening at %s\n", host);
	(void)fflush(stdout);
	while (!ending) {
		pthread_t thread;
		int fd = accept(server, NULL, NULL);

		if (fd < 0)
			continue;
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof(idle));
		connections++;
		if (pthread_create(&thread, &attr, connection, (void *)(long)fd) != 0) {
			close(fd);
			connections--;
		}
	}
	for (int i = 0; i < 500 && connections > 0; i++)
		(void)usleep(10000);
	printf("web: ended after %u requests\n", requests);
	return 0;
}
