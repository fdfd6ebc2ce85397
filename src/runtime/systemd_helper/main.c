/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - carte-systemd: one operation on systemd's bus for carte-runtime.
 *
 * Request and answer: systemd_wire.h. It is started by the runtime only, never
 * enters a container, and ends by itself when its time is up: that is the one limit
 * of time, since libdbus's own do not cover the opening of a connection.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/systemd_wire.h"
#include "runtime/systemd_helper/helper.h"

/* the arguments */
static uint32_t seconds;
static bool user_bus;

/* ready before the signal can come: its handler may only write */
static char late_answer[256];
static size_t late_length;

static void too_late(int sig)
{
	(void)sig;
	(void)!write(STDOUT_FILENO, late_answer, late_length);
	_exit(0);
}

static void limit_time(const char *what)
{
	int n = snprintf(late_answer, sizeof(late_answer),
			 "%s%c%d%csystemd did not answer within %u seconds (%s bus, %s)%c",
			 WIRE_ERROR, 0, ETIMEDOUT, 0, seconds, user_bus ? "user" : "system", what,
			 0);

	late_length = n > 0 && (size_t)n < sizeof(late_answer) ? (size_t)n : 0;
	(void)signal(SIGALRM, too_late);
	(void)alarm(seconds);
}

__attribute__((noreturn)) static void answer(const char *first, const char *second,
					     const char *third)
{
	CLEANUP_FREE char *text = NULL;
	int n = third ? asprintf(&text, "%s%c%s%c%s%c", first, 0, second, 0, third, 0)
		      : asprintf(&text, "%s%c%s%c", first, 0, second, 0);

	(void)alarm(0);
	if (n > 0)
		(void)io_write_all(STDOUT_FILENO, text, (size_t)n);
	/* the runtime goes on while the kernel takes us down */
	(void)shutdown(STDOUT_FILENO, SHUT_WR);
	_exit(0);
}

/* How long that takes is the runtime's affair. */
static int await_pids(struct request *request, struct oci_error *err)
{
	int r;

	if (request->has_pids)
		return 0;
	(void)alarm(0);
	r = request_parse_pids(request, err);
	(void)alarm(seconds);
	return r;
}

/* What fails in the connection is said when there is something to say it about. */
static int work(char **ret_answer, struct oci_error *err)
{
	char *text = malloc(WIRE_REQUEST_MAX);
	struct request request = { .await = await_pids };
	struct oci_error no_bus = OCI_ERROR_INIT;
	struct bus bus = { .connection = NULL };
	int connected, r;

	if (!text)
		return err_nomem(err);
	request.words = (struct words){ text, text, text + WIRE_REQUEST_MAX, STDIN_FILENO, false };
	limit_time("connect");
	connected = bus_connect(user_bus, &bus, &no_bus);
	(void)alarm(0);
	r = request_parse(&request, err);
	if (request.words.end == text)
		_exit(1);
	if (r == 0 && (connected < 0 || strcmp(request.operation, WIRE_START) != 0))
		r = await_pids(&request, err);
	if (r == 0) {
		limit_time(request.operation);
		r = connected < 0 ? err_copy(err, &no_bus)
				  : operate(&bus, &request, ret_answer, err);
	}
	/* what is left goes with the process, and that is soon */
	return r;
}

/* carte-systemd system|user UID SECONDS */
int main(int argc, char **argv)
{
	char *text = NULL;
	struct oci_error err = OCI_ERROR_INIT;
	uint32_t uid;
	char code[16];

	if (argc != 4 || isatty(STDIN_FILENO) || parse_u32(argv[2], &uid) < 0 ||
	    parse_u32(argv[3], &seconds) < 0 || seconds == 0) {
		fputs("carte-systemd: carte-runtime starts this program; it is of no use by "
		      "itself\n",
		      stderr);
		return 2;
	}
	client_set_uid(uid);
	user_bus = strcmp(argv[1], WIRE_USER) == 0;
	if (work(&text, &err) == 0)
		answer(WIRE_OK, text ? text : "", NULL);
	(void)snprintf(code, sizeof(code), "%d", err.code);
	answer(WIRE_ERROR, code, err.message);
}
