/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn.h - one clone3 with everything in it.
 */
#ifndef CARTE_RUNTIME_SPAWN_H
#define CARTE_RUNTIME_SPAWN_H

#include <stdint.h>
#include <sys/types.h>

#include "runtime/namespaces.h"

/** struct spawn - where the child is to be. */
struct spawn {
	uint64_t made;            /* CLONE_NEW* for clone3 */
	const struct ns_plan *ns; /* for the joins before the clone; NULL: none */
	uint64_t early_joins; /* CLONE_NEW*: joined first, by a short-lived process in between */
	int cgroup_fd;        /* CLONE_INTO_CGROUP; -1 */
	/*
	 * exec: the process in between runs this with the child's argument, on the host but in @cgroup_fd already, and
	 * the child inherits what it did. NULL: none
	 */
	int (*before)(void *arg, struct oci_error *err);
};

/**
 * spawn_early_joins - the joins that must be done before the clone: a pid namespace is entered only by
 * children, and what is made belongs to the user namespace of its maker, so a joined user namespace comes
 * first; and before a *new* user namespace the others are joined with the caller's privileges.
 */
uint64_t spawn_early_joins(const struct ns_plan *ns);

/**
 * spawn_child - clone a child of the calling process that runs @main(@arg).
 * @ret_in_cgroup: clone3 has put it into @cgroup_fd; set before the clone, so that the child sees it
 */
int spawn_child(const struct spawn *spawn, void (*main)(void *), void *arg, pid_t *ret_pid,
		int *ret_pidfd, bool *ret_in_cgroup, struct oci_error *err);

#endif
