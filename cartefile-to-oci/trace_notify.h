/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_notify.h - what a container's processes ask the kernel about files, heard through seccomp and noted in a tree.
 */
#ifndef CARTEFILE_TRACE_NOTIFY_H
#define CARTEFILE_TRACE_NOTIFY_H

#include <stdbool.h>
#include <sys/types.h>

#include "cartefile-to-oci/tree.h"

struct seccomp_notif;
struct seccomp_notif_resp;

/** struct trace_use - a node and how: @asked: it is what a call named; else it was only passed on the way. */
struct trace_use {
	struct tree_node *node;
	bool asked;
};

/**
 * struct trace_watch - what was seen; trace_watch_init, trace_watch_free.
 * @program: what is run, absolute, or NULL: taken for the path of an execve that cannot be read, as the runtime's last one
 *	     when it is an ordinary user's: its memory is nobody's to look at
 * @executed: a program of the tree was to be started: what comes before is the runtime's own and not noted
 * @confirmed: one runs: an execve may fail, for want of a loader for example
 */
struct trace_watch {
	const struct tree *tree;
	struct trace_use *uses; /* a hash table of room slots */
	size_t len, room;
	const char *program;
	bool executed, confirmed;
	bool no_memory;
	pid_t fresh[64]; /* have called execve and were not heard since */
	size_t fresh_next;
	struct seccomp_notif *request;
	struct seccomp_notif_resp *response;
	size_t request_size, response_size;
};

int trace_watch_init(struct trace_watch *watch, const struct tree *tree, struct oci_error *err);
void trace_watch_free(struct trace_watch *watch);

/**
 * trace_notify - take one request from the listener, note it, let it go on: whatever happens here, the call is made as if
 * nobody had listened.
 * Return: 1, 0 when there was none, -errno when the listener is of no use any more.
 */
int trace_notify(struct trace_watch *watch, int listener);

/** trace_watch_look - is the process a program of the tree by now? */
void trace_watch_look(struct trace_watch *watch, pid_t pid);

/**
 * trace_watch_paths - sorted paths of the nodes, each once.
 * @missing: only those that a call named and that slimming has left out
 */
int trace_watch_paths(const struct trace_watch *watch, bool missing, struct oci_arena *arena,
		      char ***ret, size_t *ret_len, struct oci_error *err);

#endif
