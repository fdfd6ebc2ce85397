/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_admit.c - the host's pool, shared among all services once a turn.
 *
 * What reservations ask for is what decides: when the pool is short, services with a lower priority shrink. Memory that happens to be
 * short keeps new replicas from being made, and takes none away. What has ended needs nothing, and stopped services keep what they have.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "scale/supervisor-private.h"

#define POOL_AGE_MS 1000
#define RETRY_MS 2000 /* memory may have become free: nobody tells */

static void counts_of(const struct service *service, unsigned *ret_ended, unsigned *ret_held)
{
	*ret_ended = *ret_held = 0;
	FOR_EACH(replica, replica, service->replicas)
	{
		if (!replica->wanted)
			continue;
		if (replica_work(replica)->ended)
			(*ret_ended)++;
		else
			(*ret_held)++;
	}
}

static bool takes_part(const struct service *service)
{
	return !service->stopped && !service_work(service)->removed && !service->project->removing;
}

static void admit_all(struct service *service)
{
	service_work(service)->admitted = service->desired;
	service_work(service)->admission[0] = '\0';
}

static size_t wishes_collect(struct supervisor *sv, struct pool_wish *wishes, size_t size)
{
	size_t count = 0;

	FOR_EACH(project, project, sv->projects)
	FOR_EACH(service, service, project->services)
	{
		unsigned ended, held;

		admit_all(service);
		if (count == size || !takes_part(service))
			continue;
		counts_of(service, &ended, &held);
		wishes[count++] = (struct pool_wish){
			.service = service,
			.wanted = service->desired > ended ? service->desired - ended : 0,
			.held = held,
		};
	}
	return count;
}

static bool wish_answer(const struct pool_wish *wish)
{
	struct service_work *work = service_work(wish->service);

	if (wish->admitted >= wish->wanted)
		return true;
	work->admitted -= wish->wanted - wish->admitted;
	memcpy(work->admission, wish->reason, sizeof(work->admission));
	return false;
}

static bool is_measured(struct supervisor *sv)
{
	int64_t now = loop_now(sv->loop);

	if (sv->pool_at > 0 && now - sv->pool_at < POOL_AGE_MS)
		return true;
	if (pool_measure(&sv->pool, NULL) < 0)
		return false;
	sv->pool_at = now;
	return true;
}

static void admit_again(void *ctx)
{
	supervisor_turn_soon(ctx);
}

void admission_turn(struct supervisor *sv)
{
	size_t size = 0, count;
	CLEANUP_FREE struct pool_wish *wishes = NULL;
	bool all = true;

	FOR_EACH(project, project, sv->projects)
	FOR_EACH(service, service, project->services)
	size++;
	wishes = size ? calloc(size, sizeof(*wishes)) : NULL;
	/* what cannot be measured or counted refuses nobody */
	count = wishes_collect(sv, wishes, wishes ? size : 0);
	if (count == 0 || !is_measured(sv))
		return;
	pool_admit(&sv->pool, wishes, count);
	for (size_t i = 0; i < count; i++)
		all = wish_answer(&wishes[i]) && all;
	if (all)
		loop_timer_cancel(&sv->admit_timer);
	else if (sv->admit_timer.place == 0)
		(void)loop_timer_set(sv->loop, &sv->admit_timer, RETRY_MS, admit_again, sv);
}
