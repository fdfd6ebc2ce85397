/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.c - signals arrive at a descriptor, in the thread that asks for them, and nowhere else.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "common/metrics.h"
#include "common/server.h"

static int from_environment(const struct server_variable *v, struct oci_error *err)
{
	const char *text = getenv(v->name);

	if (!text || !*text)
		return 0;
	if (parse_u32(text, v->value) < 0)
		return err_set(err, EINVAL, "%s=%s: a number is needed", v->name, text);
	return 0;
}

static int read_options(const struct opt_command *command, void *target,
			struct server_options *options, const struct server_variable *more,
			int argc, char **argv, struct oci_error *err)
{
	const struct server_variable own[] = {
		{ "PORT", &options->port },
		{ "STARTUP_DELAY_MS", &options->startup_delay },
		{ "DRAIN_SECONDS", &options->drain },
	};
	char **operands = NULL;
	int count = 0, r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(own); i++)
		r = from_environment(&own[i], err);
	for (; r == 0 && more && more->name; more++)
		r = from_environment(more, err);
	if (r == 0)
		r = opt_parse(command, argc, argv, target, &operands, &count, err);
	if (r == 0 && options->port > UINT16_MAX)
		return err_set(err, EINVAL, "port %u: the largest is 65535", options->port);
	return r;
}

int server_init(struct server *server, const struct opt_command *command, void *target,
		struct server_options *options, const struct server_variable *more, int argc,
		char **argv, struct oci_error *err)
{
	sigset_t ends;
	int r;

	memset(server, 0, sizeof(*server));
	server->name = command->name;
	server->signals = -1;
	atomic_store(&server->state, SERVER_STARTING);
	r = read_options(command, target, options, more, argc, argv, err);
	if (r > 0)
		opt_print_help(command, command->name, stdout);
	if (r != 0)
		return r;
	if (gethostname(server->replica, sizeof(server->replica) - 1) < 0)
		return err_sys(err, errno, "gethostname");
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGINT);
	r = pthread_sigmask(SIG_BLOCK, &ends, NULL);
	if (r != 0)
		return err_sys(err, r, "pthread_sigmask");
	server->signals = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
	return server->signals < 0 ? err_sys(err, errno, "signalfd") : 0;
}

bool server_wait(struct server *server, int64_t ms)
{
	double until = clock_seconds() + (double)ms / 1e3;
	struct pollfd watched = { .fd = server->signals, .events = POLLIN };
	struct signalfd_siginfo info;

	for (;;) {
		double left = ms < 0 ? 0 : (until - clock_seconds()) * 1e3;
		int timeout = ms < 0               ? -1
			      : left <= 0          ? 0
			      : left > INT_MAX - 1 ? INT_MAX - 1
						   : (int)left + 1;
		int n = poll(&watched, 1, timeout);

		if (n > 0 && read(server->signals, &info, sizeof(info)) == sizeof(info)) {
			atomic_store(&server->state, SERVER_DRAINING);
			return true;
		}
		if (n == 0 && timeout < INT_MAX - 1)
			return false;
	}
}

void server_set_ready(struct server *server)
{
	int expected = SERVER_STARTING;

	(void)atomic_compare_exchange_strong(&server->state, &expected, SERVER_READY);
}

const char *server_health(const struct server *server, unsigned *ret_status)
{
	switch (server_state(server)) {
	case SERVER_STARTING:
		*ret_status = 503;
		return "starting\n";
	case SERVER_READY:
		*ret_status = 200;
		return "ok\n";
	default:
		*ret_status = 503;
		return "draining\n";
	}
}

void server_say(const struct server *server, const char *format, ...)
{
	char line[2048];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	(void)fprintf(stderr, "%s: %s\n", server->name, line);
}

/* cpu.max of cgroup v2: "max 100000" or "50000 100000" */
static unsigned quota_of_v2(void)
{
	char text[64], *end = NULL;
	unsigned long long quota, period;

	if (io_read_small(AT_FDCWD, "/sys/fs/cgroup/cpu.max", text, sizeof(text)) <= 0)
		return 0;
	quota = strtoull(text, &end, 10);
	period = end > text ? strtoull(end, NULL, 10) : 0;
	return period > 0 ? (unsigned)((quota + period - 1) / period) : 0;
}

static unsigned quota_of_v1(void)
{
	char quota[32], period[32];
	uint64_t q, p;

	if (io_read_small(AT_FDCWD, "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", quota, sizeof(quota)) <=
		    0 ||
	    io_read_small(AT_FDCWD, "/sys/fs/cgroup/cpu/cpu.cfs_period_us", period,
			  sizeof(period)) <= 0 ||
	    parse_u64(quota, &q) < 0 || parse_u64(period, &p) < 0 || p == 0)
		return 0;
	return (unsigned)((q + p - 1) / p);
}

unsigned server_processors(void)
{
	cpu_set_t set;
	unsigned n = 1, quota = quota_of_v2();

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = (unsigned)CPU_COUNT(&set);
	if (quota == 0)
		quota = quota_of_v1();
	if (quota > 0 && quota < n)
		n = quota;
	return n > 0 ? n : 1;
}
