/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootless.h - as root of a user namespace: what an ordinary user does with files of several owners.
 */
#ifndef CARTEFILE_ROOTLESS_H
#define CARTEFILE_ROOTLESS_H

#include <stddef.h>

#include "base/subid.h"

/**
 * struct rootless - the ids of the namespace: the caller is 0, what /etc/subuid and /etc/subgid lend follows from 1.
 * For root itself all is empty: it needs no namespace.
 */
struct rootless {
	struct subid_mapping *uids;
	size_t uids_len;
	struct subid_mapping *gids;
	size_t gids_len;
};

typedef int rootless_fn(void *ctx, const struct rootless *ids, struct oci_error *err);

/**
 * rootless_run - call @run in a process that is root of a user namespace, and wait for it; root: call it here.
 * Its words arrive in @err; memory that it changes does not. Without newuidmap(1) or ranges the namespace has one id,
 * the caller's as 0.
 * Return: what @run returned, at most 0 counts as success.
 */
int rootless_run(rootless_fn *run, void *ctx, struct oci_error *err);

#endif
