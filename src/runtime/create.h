/* SPDX-License-Identifier: Apache-2.0 */
/*
 * create.h - from a bundle to a process that stands before its program.
 */
#ifndef CARTE_RUNTIME_CREATE_H
#define CARTE_RUNTIME_CREATE_H

#include <signal.h>
#include <stdbool.h>

#include <ocispec-lite/arena.h>

#include "runtime/child.h"
#include "runtime/cmds.h"
#include "runtime/inherit_fds.h"
#include "runtime/launch.h"
#include "runtime/notify_socket.h"
#include "runtime/state.h"

/** struct create_options - what the command line of create and run says. */
struct create_options {
	const char *bundle; /* NULL: the current folder */
	const char *config; /* NULL: config.json */
	bool no_pivot;
	bool no_new_keyring;
	bool start; /* run: no start.sock, the caller starts it */
	struct process_io io;
};

/** struct creation - everything about a container while it is made; create_begin fills it. */
struct creation {
	struct oci_arena arena;
	struct cmd_context *ctx;
	const struct create_options *options;
	struct oci_config *config;
	struct ns_plan ns;
	struct systemd_helper *systemd; /* cgroup_expect */
	struct cgroup *cgroup;
	struct rootfs *rootfs;
	struct inherit_fds inherited;
	struct notify_socket *notify;
	struct state state;
	struct state_dir dir;
	struct child child;
	struct launch launch;
	bool cgroup_made;
	struct oci_error
		no_ranges; /* why the user namespace of an ordinary user has a single id; code 0: it has more */
};

/**
 * create_container - read, plan, make; on success the child waits for its start and the state file says so.
 * On failure nothing of it is left, and @c is empty.
 * @mask: the signal mask of the program
 */
int create_container(struct creation *c, struct cmd_context *ctx, const char *id,
		     const struct create_options *options, const sigset_t *mask,
		     struct oci_error *err);

/** create_undo - take back a created container whose start has failed; create_free - memory and fds only. */
void create_undo(struct creation *c);
void create_free(struct creation *c);

#endif
