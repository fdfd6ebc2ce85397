/* SPDX-License-Identifier: Apache-2.0 */
/*
 * namespaces.h - linux.namespaces: which are made, which are joined, in what order.
 */
#ifndef CARTE_RUNTIME_NAMESPACES_H
#define CARTE_RUNTIME_NAMESPACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ocispec-lite/runtime.h>

#define NS_COUNT 8

/** struct ns_join - a namespace joined by path. */
struct ns_join {
	int flag; /* CLONE_NEW* */
	const char *path;
	int fd;       /* opened by ns_open; -EBADF before */
	size_t index; /* in linux.namespaces */
};

struct ns_plan {
	uint64_t listed; /* CLONE_NEW* of every namespace in the config */
	uint64_t made;   /* those without a path */
	struct ns_join joins[NS_COUNT];
	size_t joins_len;
	const struct oci_time_offsets *time_offsets;
	const struct oci_linux
		*mapped; /* its mappings must be those of the joined user namespace; NULL */
};

/** ns_plan - check linux.namespaces and what depends on it (mappings, hostname, timeOffsets). */
int ns_plan(const struct oci_config *config, struct ns_plan *ret, struct oci_error *err);

/** ns_open - open the paths and check that each is what it is said to be; ns_close undoes it. */
int ns_open(struct ns_plan *plan, struct oci_error *err);
void ns_close(struct ns_plan *plan);

/** ns_joins - is a namespace of this kind joined by path? */
bool ns_joins(const struct ns_plan *plan, uint64_t flags);

/**
 * ns_enter - in a child: setns into those joined namespaces whose flag is in @flags.
 *
 * With a user namespace among them the others are tried first, with the
 * caller's privileges (podman makes the network namespace of a container
 * outside its user namespace), and those that refuse again behind it (as an
 * ordinary user).
 */
int ns_enter(const struct ns_plan *plan, uint64_t flags, struct oci_error *err);

/**
 * ns_set_time - in the child: a new time namespace with offsets. Its clocks can be set only as long as nobody is
 * inside, so it is made apart, set, and then entered (time_namespaces(7)).
 */
int ns_set_time(const struct ns_plan *plan, struct oci_error *err);

/** ns_flag, ns_name - CLONE_NEW* of a type of the spec; the spec's name of a flag. */
int ns_flag(enum oci_namespace_type type);
const char *ns_name(int flag);

#endif
