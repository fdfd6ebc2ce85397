/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.h - what all of the servers have: options and their environment, a name, a state, and an orderly end.
 *
 * A server's main: server_init; start to listen (healthz says "starting"); server_wait(s, options.startup_delay);
 * load what it needs; server_set_ready; server_wait(s, -1), after which the state is SERVER_DRAINING; let what is open
 * end, for at most options.drain seconds; exit with 0.
 */
#ifndef METAVERSE_SERVER_H
#define METAVERSE_SERVER_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/opts.h"

struct oci_error;

enum server_state { SERVER_STARTING, SERVER_READY, SERVER_DRAINING };

/** struct server_options - set defaults before server_init. */
struct server_options {
	uint32_t port;          /* --port, PORT; 0: any that is free, which the server tells */
	uint32_t startup_delay; /* --startup-delay, STARTUP_DELAY_MS: milliseconds */
	uint32_t drain;         /* --drain, DRAIN_SECONDS: seconds */
};

/** SERVER_OPTS - rows for a server's table; @m: the struct server_options that is a member of @T. */
#define SERVER_OPTS(T, m)                                                               \
	{ "port",  0,                                                                   \
	  OPT_U32, offsetof(T, m.port),                                                 \
	  "N",     "listen on this port; 0: on any that is free (environment: PORT)" }, \
		{ "startup-delay",                                                      \
		  0,                                                                    \
		  OPT_U32,                                                              \
		  offsetof(T, m.startup_delay),                                         \
		  "MS",                                                                 \
		  "be ready this much later (STARTUP_DELAY_MS; default: 0)" },          \
	{                                                                               \
		"drain", 0, OPT_U32, offsetof(T, m.drain), "SECONDS",                   \
			"let what is open end for so long (DRAIN_SECONDS; default: 10)" \
	}

/** struct server - one process; @state may be read by any thread. */
struct server {
	const char *name;
	char replica[HOST_NAME_MAX + 1];
	atomic_int state; /* enum server_state */
	int signals; /* signalfd(2) of SIGTERM and SIGINT; an event loop may watch it, and then call server_wait(s, 0) */
};

/** struct server_variable - an option's number may come from the environment. */
struct server_variable {
	const char *name;
	uint32_t *value;
};

/**
 * server_init - environment, then options. SIGTERM and SIGINT are blocked from here on, also in threads that are started
 * later, and SIGPIPE is ignored.
 * @target: what the rows of @command point into
 * @options: in it
 * @more: other variables, up to a NULL name; may be NULL
 * Return: 0; 1: it was asked for --help, which is printed; -errno with words.
 */
int server_init(struct server *server, const struct opt_command *command, void *target,
		struct server_options *options, const struct server_variable *more, int argc,
		char **argv, struct oci_error *err);

/** server_wait - for @ms milliseconds (-1: for ever) or a signal. Return: true when it must end; it is draining then. */
bool server_wait(struct server *server, int64_t ms);

/** server_set_ready - unless it is draining already. */
void server_set_ready(struct server *server);

static inline enum server_state server_state(const struct server *server)
{
	return (enum server_state)atomic_load(&server->state);
}

/** server_health - the answer to GET /healthz. @ret_status: 200 or 503 */
const char *server_health(const struct server *server, unsigned *ret_status);

/** server_say - one line to standard error, with the server's name before it. */
void server_say(const struct server *server, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** server_processors - how many this process may use, by its affinity and its cgroup's quota; at least 1. */
unsigned server_processors(void);

#endif
