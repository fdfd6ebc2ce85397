/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core_sched.h - who may share a physical core with a container's processes, by the annotation io.carte.core-scheduling
 * (Documentation/admin-guide/hw-vuln/core-scheduling.rst; 5.14).
 */
#ifndef CARTE_RUNTIME_CORE_SCHED_H
#define CARTE_RUNTIME_CORE_SCHED_H

#include <stdbool.h>

#include <ocispec-lite/runtime.h>

struct cmd_context;
struct state;

/** core_sched_asked - the annotation's value: "new", the ID of a container, or NULL. */
const char *core_sched_asked(const struct oci_config *config);

/** core_sched_check - its value. */
int core_sched_check(const struct oci_config *config, struct oci_error *err);

/** core_sched_new - a cookie of its own for the calling process; what it forks inherits it. */
int core_sched_new(struct oci_error *err);

/** core_sched_share - give the calling process the cookie of a container, before it makes a process that inherits it. */
int core_sched_share(const struct state *with, struct oci_error *err);

/** core_sched_share_id - the same by the ID. */
int core_sched_share_id(const struct cmd_context *ctx, const char *id, struct oci_error *err);

#endif
