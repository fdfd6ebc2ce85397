/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CARTE_RUNTIME_CREATE_PRIVATE_H
#define CARTE_RUNTIME_CREATE_PRIVATE_H

#include <sched.h>

#include "base/sys.h"
#include "runtime/create.h"

/** create_plan - the pure part of create_container; c->options, ctx and state.id are set. */
int create_plan(struct creation *c, struct oci_error *err);

#endif
