/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openload.c - an open-loop load generator: a request leaves when its time has come, whether earlier ones were answered or not, and
 * latency counts from that time. (A closed loop waits for the slow and so does not see them: coordinated omission.)
 *
 *   openload http ADDRESS:PORT PATH RATE SECONDS     RATE requests a second, each on a connection of its own
 *   openload udp ADDRESS:PORT FLOWS RATE SECONDS     FLOWS sockets, each RATE packets a second; who answers must say its name first
 *
 * Prints one JSON object. http: {"sent","ok","failed","refused","reset","timeout","status","p50_ms","p99_ms","max_ms","replicas":{NAME:N}}, the
 * name from the header X-Replica. udp: {"flows","sent","answered","lost","lost_flows","moved","longest_gap_ms"}: a flow is lost when a second
 * passed without an answer; moved counts flows that were answered by more than one replica. The status is 1 when something failed or was lost.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NS 1000000000LL
#define TIMEOUT_NS (5 * NS)
#define GAP_NS NS
#define REPLICAS_MAX 256
#define BUCKETS 4096 /* 0.05 ms each at first, see bucket() */

static int epoll;

static int64_t now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS + ts.tv_nsec;
}

/* ---- who answered ------------------------------------------------------------------------------------------------ */

static struct replica {
	char name[64];
	unsigned long count;
} replicas[REPLICAS_MAX];
static size_t replicas_len;

static size_t replica_of(const char *name, size_t length)
{
	if (length >= sizeof(replicas[0].name))
		length = sizeof(replicas[0].name) - 1;
	for (size_t i = 0; i < replicas_len; i++)
		if (strlen(replicas[i].name) == length &&
		    strncmp(replicas[i].name, name, length) == 0)
			return i;
	if (replicas_len == REPLICAS_MAX)
		return REPLICAS_MAX - 1;
	memcpy(replicas[replicas_len].name, name, length);
	return replicas_len++;
}

/* ---- latency: buckets within 1 per cent -------------------------------------------------------------------------- */

static unsigned long histogram[BUCKETS];
static double slowest_ms;

/* 64 linear buckets for each power of two of 1/64 ms */
static unsigned bucket(double ms)
{
	uint64_t units = (uint64_t)(ms * 64);
	unsigned shift = 0;

	while ((units >> shift) >= 128)
		shift++;
	return shift * 64 + (unsigned)(units >> shift);
}

static double bucket_ms(unsigned index)
{
	unsigned shift = index < 128 ? 0 : index / 64 - 1;

	return (double)((uint64_t)(index - shift * 64) << shift) / 64;
}

static void latency_add(int64_t ns)
{
	double ms = (double)ns / 1e6;
	unsigned index = bucket(ms);

	histogram[index < BUCKETS ? index : BUCKETS - 1]++;
	if (ms > slowest_ms)
		slowest_ms = ms;
}

static double latency_quantile(double q)
{
	unsigned long all = 0, seen = 0;

	for (unsigned i = 0; i < BUCKETS; i++)
		all += histogram[i];
	for (unsigned i = 0; i < BUCKETS; i++) {
		seen += histogram[i];
		if (all && (double)seen >= q * (double)all)
			return bucket_ms(i);
	}
	return 0;
}

/* ---- http -------------------------------------------------------------------------------------------------------- */

struct request {
	int fd;
	int64_t intended;
	bool sent;
	size_t have;
	char answer[2048];
	struct request *next, **link; /* open ones, oldest first */
};

static struct request *oldest, **newest = &oldest;
static unsigned long ok, refused, reset, timed_out, bad_status, other;

static void request_end(struct request *r, unsigned long *counter)
{
	(*counter)++;
	if (counter == &ok)
		latency_add(now_ns() - r->intended);
	*r->link = r->next;
	if (r->next)
		r->next->link = r->link;
	else
		newest = r->link;
	close(r->fd);
	free(r);
}

static unsigned long *failure(int code)
{
	return code == ECONNREFUSED                  ? &refused
	       : code == ECONNRESET || code == EPIPE ? &reset
	       : code == ETIMEDOUT                   ? &timed_out
						     : &other;
}

static void request_start(const struct sockaddr_in *to, int64_t intended)
{
	struct request *r = calloc(1, sizeof(*r));
	struct epoll_event event = { .events = EPOLLOUT, .data.ptr = r };

	if (!r || (r->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0) {
		perror("openload: socket");
		exit(2);
	}
	r->intended = intended;
	r->link = newest;
	*newest = r;
	newest = &r->next;
	if (connect(r->fd, (const struct sockaddr *)to, sizeof(*to)) < 0 && errno != EINPROGRESS)
		request_end(r, failure(errno));
	else if (epoll_ctl(epoll, EPOLL_CTL_ADD, r->fd, &event) < 0)
		request_end(r, &other);
}

/* whole when the connection ends (it is asked to); the name is in a header */
static void request_whole(struct request *r)
{
	char *name = strstr(r->answer, "X-Replica: ");

	if (r->have == 0) {
		request_end(r, &reset);
	} else if (strncmp(r->answer, "HTTP/1.1 200", 12) != 0 &&
		   strncmp(r->answer, "HTTP/1.0 200", 12) != 0) {
		request_end(r, &bad_status);
	} else {
		if (name)
			replicas[replica_of(name + 11, strcspn(name + 11, "\r\n"))].count++;
		request_end(r, &ok);
	}
}

static void request_ready(struct request *r, const char *text)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = r };
	int code = 0;
	socklen_t size = sizeof(code);
	ssize_t n;

	if (!r->sent) {
		(void)getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &code, &size);
		if (code == 0 && send(r->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
			code = errno;
		if (code != 0) {
			request_end(r, failure(code));
			return;
		}
		r->sent = true;
		(void)epoll_ctl(epoll, EPOLL_CTL_MOD, r->fd, &event);
		return;
	}
	n = read(r->fd, r->answer + r->have, sizeof(r->answer) - 1 - r->have);
	if (n > 0)
		r->have += (size_t)n;
	else if (n == 0)
		request_whole(r);
	else if (errno != EAGAIN)
		request_end(r, failure(errno));
}

static int wait_ms(int64_t until)
{
	int64_t left = until - now_ns();

	return left <= 0 ? 0 : (int)((left + 999999) / 1000000);
}

static int load_http(const struct sockaddr_in *to, const char *path, double rate, double seconds)
{
	int64_t begin = now_ns(), end = begin + (int64_t)(seconds * 1e9);
	unsigned long sent = 0;
	char text[512];

	(void)snprintf(text, sizeof(text),
		       "GET %s HTTP/1.1\r\nHost: load\r\nConnection: close\r\n\r\n", path);
	for (;;) {
		struct epoll_event events[256];
		int64_t next = begin + (int64_t)((double)sent * 1e9 / rate), now = now_ns();
		int n;

		for (; next <= now && next < end;
		     next = begin + (int64_t)((double)++sent * 1e9 / rate))
			request_start(to, next);
		while (oldest && now - oldest->intended > TIMEOUT_NS)
			request_end(oldest, &timed_out);
		if (next >= end && !oldest)
			break;
		n = epoll_wait(epoll, events, 256, next < end ? wait_ms(next) : 50);
		for (int i = 0; i < n; i++)
			request_ready(events[i].data.ptr, text);
	}
	printf("{\"sent\":%lu,\"ok\":%lu,\"failed\":%lu,\"refused\":%lu,\"reset\":%lu,\"timeout\":%"
	       "lu,\"status\":%lu,\"p50_ms\":%.2f,"
	       "\"p99_ms\":%.2f,\"max_ms\":%.2f,\"replicas\":{",
	       sent, ok, sent - ok, refused, reset, timed_out, bad_status, latency_quantile(0.5),
	       latency_quantile(0.99), slowest_ms);
	for (size_t i = 0; i < replicas_len; i++)
		printf("%s\"%s\":%lu", i ? "," : "", replicas[i].name, replicas[i].count);
	printf("}}\n");
	return ok == sent && sent > 0 ? 0 : 1;
}

/* ---- udp --------------------------------------------------------------------------------------------------------- */

struct flow {
	int fd;
	int64_t last;    /* when it was answered last */
	int64_t longest; /* gap */
	size_t replica;
	bool moved, begun;
	unsigned long sent, answered;
};

static void flow_ready(struct flow *flow)
{
	char buf[256];
	ssize_t n;

	while ((n = recv(flow->fd, buf, sizeof(buf) - 1, MSG_DONTWAIT)) > 0) {
		size_t who = replica_of(buf, strcspn((buf[n] = '\0', buf), " \n"));
		int64_t now = now_ns();

		if (flow->begun && flow->replica != who)
			flow->moved = true;
		if (now - flow->last > flow->longest)
			flow->longest = now - flow->last;
		flow->begun = true;
		flow->replica = who;
		flow->last = now;
		flow->answered++;
		replicas[who].count++;
	}
}

static void flows_open(struct flow *flows, unsigned count, const struct sockaddr_in *to)
{
	for (unsigned i = 0; i < count; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = &flows[i] };

		flows[i].fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (flows[i].fd < 0 ||
		    connect(flows[i].fd, (const struct sockaddr *)to, sizeof(*to)) < 0 ||
		    epoll_ctl(epoll, EPOLL_CTL_ADD, flows[i].fd, &event) < 0) {
			perror("openload: udp");
			exit(2);
		}
		flows[i].last = now_ns();
	}
}

static void flows_pump(int64_t until)
{
	int left;

	do {
		struct epoll_event events[256];
		int n;

		left = wait_ms(until);
		n = epoll_wait(epoll, events, 256, left);
		for (int i = 0; i < n; i++)
			flow_ready(events[i].data.ptr);
	} while (left > 0);
}

static int load_udp(const struct sockaddr_in *to, unsigned count, double rate, double seconds)
{
	struct flow *flows = calloc(count, sizeof(*flows));
	int64_t begin = now_ns();
	unsigned long rounds = (unsigned long)(rate * seconds), sent = 0, answered = 0;
	unsigned lost_flows = 0, moved = 0;
	int64_t longest = 0;

	if (!flows)
		return 2;
	flows_open(flows, count, to);
	for (unsigned long round = 0; round < rounds; round++) {
		flows_pump(begin + (int64_t)((double)round * 1e9 / rate));
		for (unsigned i = 0; i < count; i++) {
			char text[32];
			int n = snprintf(text, sizeof(text), "%lu", round);

			if (send(flows[i].fd, text, (size_t)n, 0) == n)
				flows[i].sent++;
		}
	}
	flows_pump(now_ns() + NS / 2);
	for (unsigned i = 0; i < count; i++) {
		int64_t quiet = begin + (int64_t)(seconds * 1e9) - flows[i].last;

		if (quiet > flows[i].longest)
			flows[i].longest = quiet;
		sent += flows[i].sent;
		answered += flows[i].answered;
		lost_flows += flows[i].longest > GAP_NS;
		moved += flows[i].moved;
		if (flows[i].longest > longest)
			longest = flows[i].longest;
	}
	printf("{\"flows\":%u,\"sent\":%lu,\"answered\":%lu,\"lost\":%lu,\"lost_flows\":%u,"
	       "\"moved\":%u,\"longest_gap_ms\":%.1f,\"replicas\":{",
	       count, sent, answered, sent - answered, lost_flows, moved, (double)longest / 1e6);
	for (size_t i = 0; i < replicas_len; i++)
		printf("%s\"%s\":%lu", i ? "," : "", replicas[i].name, replicas[i].count);
	printf("}}\n");
	return lost_flows == 0 && answered > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct rlimit files;
	char *colon;

	if (argc != 6 || !(colon = strchr(argv[2], ':'))) {
		fprintf(stderr, "usage: openload http ADDRESS:PORT PATH RATE SECONDS\n       "
				"openload udp ADDRESS:PORT FLOWS RATE SECONDS\n");
		return 2;
	}
	*colon = '\0';
	to.sin_port = htons((uint16_t)atoi(colon + 1));
	if (inet_pton(AF_INET, argv[2], &to.sin_addr) != 1) {
		fprintf(stderr, "openload: no address: %s\n", argv[2]);
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	return strcmp(argv[1], "udp") == 0
		       ? load_udp(&to, (unsigned)atoi(argv[3]), atof(argv[4]), atof(argv[5]))
		       : load_http(&to, argv[3], atof(argv[4]), atof(argv[5]));
}
