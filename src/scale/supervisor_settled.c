/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_settled.c - is all as wanted, under way, or as it cannot be?
 */
#include <stdio.h>
#include <string.h>

#include "scale/supervisor-private.h"

#define SETTLED_FAILURES \
	3 /* of the program itself: it may want another service that is not there yet */

/* 1: as wanted; 0: under way; -1: cannot be. */
static int replica_settled(const struct replica *replica)
{
	const struct replica_work *work = replica_work(replica);

	if (!replica->wanted)
		return 0;
	switch (replica_goal(replica)) {
	case GOAL_STOP:
		if (replica->pid > 0 || work->container)
			return 0;
		if (replica->state == REPLICA_FAILED)
			return -1;
		if (replica->state != REPLICA_EXITED)
			return 0;
		return work->ended && replica->exit_status != 0 && !replica->stopped_by_hand &&
				       !replica->foreground
			       ? -1
			       : 1;
	case GOAL_PREPARE:
		return replica->state == REPLICA_FAILED ? -1 : work->configured;
	default:
		if (replica->state == REPLICA_READY)
			return 1;
		if (replica->state == REPLICA_FAILED &&
		    (replica->started_ms == 0 || work->failures >= SETTLED_FAILURES ||
		     work->make_failures > 0))
			return -1;
		if (replica->state == REPLICA_PENDING && strstr(replica->reason, " has failed: "))
			return -1;
		return replica->state == REPLICA_UNHEALTHY &&
				       work->spec->restart.condition == SPEC_RESTART_NO
			       ? -1
			       : 0;
	}
}

static int service_settled(const struct service *service, char *words, size_t size)
{
	const struct service_work *work = service_work(service);
	unsigned there = 0;
	int all = 1;

	if (work->removed || service->project->removing)
		return 0;
	if (work->rollout == ROLLOUT_PAUSED) {
		(void)snprintf(words, size, "%.100s: update paused: %s", service->spec->name,
			       service->rollout);
		return -1;
	}
	FOR_EACH(replica, replica, service->replicas)
	{
		int one = replica_settled(replica);

		there += replica->wanted;
		if (one < 0 && all >= 0)
			(void)snprintf(words, size, "%s: %s", replica->name, replica->reason);
		if (one < 0 && !replica->reason[0])
			(void)snprintf(words, size, "%s: exited with status %d", replica->name,
				       replica->exit_status);
		/* what is under way is waited for, even when another cannot be */
		if (one == 0)
			return 0;
		if (one < 0)
			all = -1;
	}
	if (all > 0 && (there < work->admitted || work->rollout != ROLLOUT_NONE))
		return 0;
	if (work->admitted < service->desired && all > 0) {
		(void)snprintf(words, size, "%s: %u of %u replicas: %s", service->spec->name,
			       work->admitted, service->desired, service->reason);
		return -1;
	}
	return all;
}

bool supervisor_settled(struct supervisor *sv, const char *project_name, char *ret_words,
			size_t size)
{
	char words[640] = "";
	size_t length = 0;
	bool settled = !sv->adopting && sv->turn_timer.place == 0;

	if (size > 0)
		ret_words[0] = '\0';
	FOR_EACH(project, project, sv->projects)
	{
		if (project_name && strcmp(project->name, project_name) != 0)
			continue;
		settled = settled && !project->removing;
		for (struct service *s = project->services; s && settled; s = s->next) {
			int one = service_settled(s, words, sizeof(words));

			settled = one != 0;
			if (one < 0 && length < size)
				length += (size_t)snprintf(ret_words + length, size - length,
							   "%s%s", length ? "; " : "", words);
		}
	}
	if (!settled && size > 0)
		ret_words[0] = '\0';
	return settled;
}
