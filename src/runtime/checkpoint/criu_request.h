/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu_request.h - a plan in the words of criu's protocol.
 */
#ifndef CARTE_RUNTIME_CHECKPOINT_CRIU_REQUEST_H
#define CARTE_RUNTIME_CHECKPOINT_CRIU_REQUEST_H

#include <criu/rpc.pb-c.h>

#include "runtime/checkpoint/plan.h"

/** criu_request_build - memory is the arena's and the plan's. */
int criu_request_build(struct oci_arena *arena, const struct cr_plan *plan, CriuReq **ret,
		       struct oci_error *err);

#endif
