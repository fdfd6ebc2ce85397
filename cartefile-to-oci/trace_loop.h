/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_loop.h - what happens while a traced container runs.
 */
#ifndef CARTEFILE_TRACE_LOOP_H
#define CARTEFILE_TRACE_LOOP_H

#include <signal.h>

#include "cartefile-to-oci/trace_run.h"

/**
 * struct trace_loop - the descriptors are the caller's but for those that come in while it runs.
 * @socket: that the runtime sends the listener to
 * @signals: signalfd of those that end us
 * @runtime, @runtime_fd: the process that runs the container, and its pidfd
 * @out, @err: read ends of its pipes, -1: none
 * @spawn_mask: the signal mask that processes are started with
 */
struct trace_loop {
	const struct trace_plan *plan;
	struct trace_watch *watch;
	struct trace_outcome *outcome;
	int socket, signals;
	pid_t runtime;
	int runtime_fd;
	int out, err;
	sigset_t spawn_mask;
};

/** trace_loop_run - until the runtime has ended and was waited for; the container is stopped when it is time. */
int trace_loop_run(struct trace_loop *loop, struct oci_error *err);

/** trace_spawn - @out, @err: for its stdout and stderr; stdin is empty, its process group its own. */
int trace_spawn(char *const *argv, int out, int err_fd, const sigset_t *mask, pid_t *ret_pid);

#endif
