/* SPDX-License-Identifier: Apache-2.0 */
/*
 * launch.h - the runtime's side of making a process: create and exec alike.
 */
#ifndef CARTE_RUNTIME_LAUNCH_H
#define CARTE_RUNTIME_LAUNCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <ocispec-lite/runtime.h>

struct child;
struct spawn;

/** struct launch - a child being led to its program. */
struct launch {
	struct child *child;
	int sync_fd; /* our end */
	pid_t pid;
	int pidfd;
	int master; /* pty, when the child has sent it to us; -1 */
};

/** struct process_io - the options of create, run and exec that say where things go. */
struct process_io {
	const char *pid_file;
	const char *console_socket;
	const char *pidfd_socket;
	uint32_t preserve_fds;
	bool detach; /* nobody stays to relay a terminal */
};

/** launch_check_terminal - does what the config wants fit the options? */
int launch_check_terminal(const struct process_io *io, bool terminal, struct oci_error *err);

/** launch_spawn - sync socket and clone; on success launch->pid and pidfd are the child's. */
int launch_spawn(struct launch *launch, const struct spawn *spawn, void (*main)(void *),
		 struct oci_error *err);

/** launch_limit - what a process in a user namespace may not give to itself: hard rlimits, oom_score_adj. */
int launch_limit(struct launch *launch, bool rootless, struct oci_error *err);

/**
 * launch_send_in_cgroup - tell the child that all is done that is done from outside. A child that has failed meanwhile
 * says why better than the socket that it closed.
 */
int launch_send_in_cgroup(struct launch *launch, struct oci_error *err);

/**
 * launch_await_ready - until the child stands before its program.
 * @on_mounted: called when the child has its mounts; NULL: it will not ask
 */
int launch_await_ready(struct launch *launch, int (*on_mounted)(void *, struct oci_error *),
		       void *arg, struct oci_error *err);

/** launch_publish - pid file and pidfd socket: the last acts of a command that has succeeded so far. */
int launch_publish(const struct launch *launch, const struct process_io *io, struct oci_error *err);

/** launch_start - let it execute, and wait until it has. */
int launch_start(struct launch *launch, struct oci_error *err);

/**
 * start_and_confirm - the same over any connection to the child, @fd.
 * Return: 0 when the program runs (or has run), the child's error, -EPIPE without words when it
 * never answered.
 */
int start_and_confirm(int fd, struct oci_error *err);

/** launch_abort - kill and reap it; launch_close - close what is open. */
void launch_abort(struct launch *launch);
void launch_close(struct launch *launch);

#endif
