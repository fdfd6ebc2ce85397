/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CARTE_RUNTIME_CREATE_PRIVATE_H
#define CARTE_RUNTIME_CREATE_PRIVATE_H

#include <sched.h>

#include "base/sys.h"
#include "runtime/create.h"

/** create_plan - the pure part of create_container; c->options, ctx and state.id are set. */
int create_plan(struct creation *c, struct oci_error *err);

/** create_plan_rootfs - a part of it that checkpoint needs alone: c->config, ns and state are set. */
int create_plan_rootfs(struct creation *c, struct oci_error *err);

/** create_run_hooks - prestart and createRuntime, with c->launch.pid; @creation: a struct creation. */
int create_run_hooks(void *creation, struct oci_error *err);

#endif
