/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide.c - the tables of decide.h.
 */
#include "scale/decide.h"

static enum replica_action way_up(const struct replica_facts *f)
{
	if (f->alive)
		return f->restarting ? ACT_TAKE_DOWN : ACT_NONE;
	if (f->container)
		return ACT_DELETE;
	if (f->blocked)
		return ACT_WAIT;
	if (!f->configured && !f->image)
		return ACT_IMAGE;
	if (f->needs_net && !f->attached)
		return ACT_ATTACH;
	if (!f->configured)
		return ACT_CONFIGURE;
	return f->goal == GOAL_RUN ? ACT_RUN : ACT_NONE;
}

enum replica_action decide_action(const struct replica_facts *f)
{
	if (f->goal == GOAL_RUN || f->goal == GOAL_PREPARE)
		return way_up(f);
	if (f->alive)
		return ACT_TAKE_DOWN;
	if (f->container)
		return ACT_DELETE;
	if (f->attached)
		return ACT_DETACH;
	return f->goal == GOAL_GONE ? ACT_FORGET : ACT_NONE;
}

/* ---- after an end ------------------------------------------------------------------------------------------------- */

static bool policy_wants(const struct restart_input *in)
{
	switch (in->policy->condition) {
	case SPEC_RESTART_NO:
		return false;
	case SPEC_RESTART_ON_FAILURE:
		return in->exit_status != 0 || !in->made;
	default:
		return true;
	}
}

static int64_t delay_of(const struct restart_input *in, unsigned failures)
{
	int64_t first = in->policy->delay_ms;
	int64_t delay = first > 0 ? first : RESTART_DELAY_FIRST_MS;

	if (failures == 1 && in->healthy_ms >= 0)
		return first > RESTART_DELAY_FIRST_MS ? first : 0;
	for (unsigned i = in->healthy_ms >= 0 ? 2 : 1; i < failures && delay < RESTART_DELAY_MAX_MS;
	     i++)
		delay *= 2;
	/* a longer one than our longest was asked for */
	if (delay > RESTART_DELAY_MAX_MS && first < RESTART_DELAY_MAX_MS)
		return RESTART_DELAY_MAX_MS;
	return delay > first ? delay : first;
}

void decide_restart(const struct restart_input *in, struct restart_output *ret)
{
	const struct spec_restart_policy *policy = in->policy;
	int64_t well = policy->window_ms > 0 ? policy->window_ms : RESTART_HEALTHY_MS;
	bool forgiven = in->healthy_ms >= RESTART_HEALTHY_MS || in->healthy_ms >= well;

	ret->failures = (forgiven ? 0 : in->failures) + 1;
	ret->exhausted = policy->max_attempts >= 0 && ret->failures > policy->max_attempts;
	ret->restart = policy_wants(in) && !ret->exhausted;
	ret->delay_ms = delay_of(in, ret->failures);
}

/* ---- a service's replicas ------------------------------------------------------------------------------------------- */

struct counts {
	unsigned wanted, leaving;
	unsigned old, fresh; /* wanted, of old revisions and of the current one */
	unsigned ready;      /* fresh ones that serve */
	unsigned unproven;   /* fresh ones that do not yet */
};

static struct counts count(const struct decide_input *in, const bool *stop)
{
	struct counts c = { 0 };

	for (size_t i = 0; i < in->count; i++) {
		const struct decide_replica *r = &in->replicas[i];

		if (!r->wanted || stop[i]) {
			c.leaving++;
			continue;
		}
		c.wanted++;
		if (!r->current) {
			c.old++;
			continue;
		}
		c.fresh++;
		c.ready += r->ready;
		c.unproven += !r->ready;
	}
	return c;
}

/* Is @a to go before @b? What does not serve first, then what is old, then the newest. */
static bool goes_before(const struct decide_replica *a, const struct decide_replica *b)
{
	if (a->ready != b->ready)
		return !a->ready;
	if (a->current != b->current)
		return !a->current;
	if (a->made_ms != b->made_ms)
		return a->made_ms > b->made_ms;
	return a->slot > b->slot;
}

static void stop_some(const struct decide_input *in, bool *stop, unsigned number, bool only_old)
{
	while (number-- > 0) {
		size_t best = in->count;

		for (size_t i = 0; i < in->count; i++) {
			const struct decide_replica *r = &in->replicas[i];

			if (!r->wanted || stop[i] || (only_old && r->current))
				continue;
			if (best == in->count || goes_before(r, &in->replicas[best]))
				best = i;
		}
		if (best == in->count)
			return;
		stop[best] = true;
	}
}

static bool slot_taken(const struct decide_input *in, const struct decide_plan *plan, unsigned slot)
{
	for (size_t i = 0; i < in->count; i++)
		if (in->replicas[i].slot == slot)
			return true;
	for (size_t i = 0; i < plan->make; i++)
		if (plan->slots[i] == slot)
			return true;
	return false;
}

static void make_some(const struct decide_input *in, struct decide_plan *plan, unsigned number)
{
	unsigned slot = 1;

	while (number-- > 0) {
		while (slot_taken(in, plan, slot))
			slot++;
		plan->slots[plan->make++] = slot;
	}
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* New ones first: as many more than wanted as are replaced at a time. An old one goes for each new one that serves. */
static void update_start_first(const struct decide_input *in, struct decide_plan *plan,
			       const struct counts *c, unsigned parallel)
{
	unsigned keep = in->desired > c->ready ? in->desired - c->ready : 0;
	unsigned room = parallel > c->unproven ? parallel - c->unproven : 0;

	if (c->old > keep)
		stop_some(in, plan->stop, c->old - keep, true);
	if (c->fresh < in->desired && !in->delayed)
		make_some(in, plan, least(room, in->desired - c->fresh));
}

/* Old ones first; their places are filled once they are gone. */
static void update_stop_first(const struct decide_input *in, struct decide_plan *plan,
			      const struct counts *c, unsigned parallel)
{
	unsigned vacant = in->desired > c->wanted ? in->desired - c->wanted : 0;
	unsigned under_way = vacant + c->unproven;

	if (vacant > c->leaving)
		make_some(in, plan, vacant - c->leaving);
	if (under_way < parallel && !in->delayed)
		stop_some(in, plan->stop, parallel - under_way, true);
}

void decide_service(const struct decide_input *in, struct decide_plan *plan)
{
	struct counts c;
	unsigned parallel, most = in->desired;
	bool stop_first = in->stop_first || in->update->order == SPEC_STOP_FIRST;

	for (size_t i = 0; i < in->count; i++)
		plan->stop[i] = false;
	plan->make = 0;
	c = count(in, plan->stop);
	plan->updating = c.old > 0;
	parallel = in->update->parallelism > 0
			   ? least((unsigned)in->update->parallelism, in->desired)
			   : in->desired;
	if (c.old > 0 && in->desired > 0 && !in->paused && !in->at_once) {
		/* a smaller number is wanted than there are, surge and all: first that */
		most += stop_first ? 0 : parallel;
		if (c.wanted > most) {
			stop_some(in, plan->stop, c.wanted - most, false);
			c = count(in, plan->stop);
		}
		if (stop_first)
			update_stop_first(in, plan, &c, parallel);
		else
			update_start_first(in, plan, &c, parallel);
		return;
	}
	if (in->paused && in->held && c.old > 0 && !in->at_once && !stop_first)
		most += parallel;
	if (in->at_once && c.old > 0) {
		stop_some(in, plan->stop, c.old, true);
		c = count(in, plan->stop);
	}
	if (c.wanted > most) {
		stop_some(in, plan->stop, c.wanted - most, false);
	} else if (c.wanted < in->desired) {
		/* the last old ones of an update are still on their way out */
		unsigned wait = in->stop_first || (in->rolling && stop_first) ? c.leaving : 0;
		unsigned lacking = in->desired - c.wanted;

		if (lacking > wait)
			make_some(in, plan, lacking - wait);
	}
}

bool decide_failed(const struct spec_update *update, unsigned failures, unsigned desired)
{
	if (failures == 0)
		return false;
	return desired == 0 || (double)failures / (double)desired > update->max_failure_ratio;
}
