/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_timing.c - how long the steps of replicas took, kept until the flush.
 */
#include <string.h>

#include "base/mem.h"
#include "scale/supervisor-private.h"

#define QUEUE_MAX 2000 /* while the database cannot be written */

struct queued_timing {
	struct queued_timing *next;
	enum store_timing kind;
	int64_t ms;
	const char *service; /* in @text, behind the project */
	char text[];
};

void timing_note(struct supervisor *sv, const struct replica *replica, enum store_timing kind,
		 int64_t since)
{
	const char *project = replica->service->project->name,
		   *service = replica->service->spec->name;
	size_t first = strlen(project) + 1, second = strlen(service) + 1;
	struct queued_timing *timing;
	int64_t ms = loop_now(sv->loop) - since;

	if (since <= 0 || ms < 0 || sv->timings_len == QUEUE_MAX)
		return;
	timing = malloc(sizeof(*timing) + first + second);
	/* one measurement fewer is no failure */
	if (!timing)
		return;
	*timing = (struct queued_timing){ .kind = kind, .ms = ms, .service = timing->text + first };
	memcpy(timing->text, project, first);
	memcpy(timing->text + first, service, second);
	*sv->timings_end = timing;
	sv->timings_end = &timing->next;
	sv->timings_len++;
}

int timings_put(struct supervisor *sv, struct oci_error *err)
{
	int r = 0;

	FOR_EACH(queued_timing, timing, sv->timings)
	{
		/* what was measured of a service goes with it */
		if (!supervisor_service(sv, timing->text, timing->service))
			continue;
		r = store_timing_put(sv->store, timing->text, timing->service, timing->kind,
				     timing->ms, err);
		if (r < 0)
			break;
	}
	return r;
}

void timings_free(struct supervisor *sv)
{
	while (sv->timings) {
		struct queued_timing *timing = sv->timings;

		sv->timings = timing->next;
		free(timing);
	}
	sv->timings_end = &sv->timings;
	sv->timings_len = 0;
}
