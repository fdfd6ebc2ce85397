/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model.c - words and counts of the model.
 */
#include "scale/model.h"

const char *replica_state_word(enum replica_state state)
{
	static const char *const words[] = {
		[REPLICA_PENDING] = "pending",   [REPLICA_CREATED] = "created",
		[REPLICA_STARTED] = "started",   [REPLICA_PROBING] = "probing",
		[REPLICA_READY] = "ready",       [REPLICA_UNHEALTHY] = "unhealthy",
		[REPLICA_DRAINING] = "draining", [REPLICA_EXITED] = "exited",
		[REPLICA_FAILED] = "failed",     [REPLICA_DELETED] = "deleted",
	};

	return state >= REPLICA_PENDING && state <= REPLICA_DELETED ? words[state] : "unknown";
}

unsigned service_count(const struct service *service, enum replica_state state)
{
	unsigned count = 0;

	for (const struct replica *replica = service->replicas; replica; replica = replica->next)
		count += state == 0 ? replica->wanted : replica->state == state;
	return count;
}
