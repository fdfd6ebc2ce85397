/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_replica.c - one replica: what is wanted of it, what is, and the step between.
 */
#include <malloc.h>
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "scale/supervisor-private.h"

void replica_reason(struct replica *replica, const char *format, ...)
{
	char words[sizeof(replica->reason)];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(words, sizeof(words), format, ap);
	va_end(ap);
	if (strcmp(words, replica->reason) == 0)
		return;
	memcpy(replica->reason, words, sizeof(words));
	replica_work(replica)->unsaved = true;
}

void replica_set_state(struct supervisor *sv, struct replica *replica, enum replica_state state)
{
	bool served = replica->state == REPLICA_READY;

	if (replica->state == state)
		return;
	replica->state = state;
	if (served || state == REPLICA_READY) {
		sv->ports_stale = true;
		hosts_stale(sv, replica->service->project);
	}
	replica_work(replica)->unsaved = true;
	supervisor_turn_soon(sv);
}

static void woken(void *ctx)
{
	struct replica *replica = ctx;

	supervisor_turn_soon(replica_work(replica)->sv);
}

void replica_wake(struct supervisor *sv, struct replica *replica, int64_t delay_ms)
{
	(void)loop_timer_set(sv->loop, &replica_work(replica)->timer, delay_ms, woken, replica);
}

void replica_busy(struct supervisor *sv, struct replica *replica, enum busy busy)
{
	replica_work(replica)->busy = busy;
	sv->busy++;
}

/* What a hundred starts at a time have taken, an idle supervisor does not keep. */
void supervisor_trim(void *ctx)
{
	struct supervisor *sv = ctx;

	if (sv->balance)
		balance_idle(sv->balance);
	(void)malloc_trim(0);
}

void replica_idle(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);

	if (work->busy == BUSY_NO)
		return;
	if (work->busy == BUSY_DELETE)
		sv->deleting--;
	work->busy = BUSY_NO;
	work->job = NULL;
	sv->busy--;
	if (sv->busy == 0)
		(void)loop_timer_set(sv->loop, &sv->trim_timer, SUPERVISOR_TRIM_MS, supervisor_trim,
				     sv);
	supervisor_turn_soon(sv);
}

bool replica_done(const struct replica *replica)
{
	const struct replica_work *work = replica_work(replica);

	return work->ended && replica->state == REPLICA_EXITED && replica->exit_status == 0;
}

void replica_is_ready(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);

	if (replica->state == REPLICA_READY)
		return;
	/* not one that is healthy again */
	if (work->ready_at == 0) {
		timing_note(sv, replica, STORE_TIMING_READY, work->measured ? work->run_at : 0);
		timing_note(sv, replica, STORE_TIMING_ALL, work->asked_at);
	}
	replica->recovered = work->ready_at > 0;
	replica->again = work->asked_at == 0;
	work->asked_at = 0;
	work->ready_at = loop_now(sv->loop);
	work->unhealthy = false;
	replica->ready_ms = supervisor_clock(sv);
	replica_reason(replica, "%s", "");
	replica_set_state(sv, replica, REPLICA_READY);
	service_gained(sv, replica);
	event_emit(sv, "replica", "ready", NULL, NULL, replica, -1, "ready after %lld ms",
		   (long long)(replica->ready_ms - replica->started_ms));
}

/* ---- what is wanted ------------------------------------------------------------------------------------------------------ */

enum replica_goal replica_goal(const struct replica *replica)
{
	const struct replica_work *work = replica_work(replica);

	if (!replica->wanted)
		return GOAL_GONE;
	if (replica->service->stopped || replica->stopped_by_hand || work->ended)
		return GOAL_STOP;
	return replica->foreground ? GOAL_PREPARE : GOAL_RUN;
}

/* ---- what it waits for ------------------------------------------------------------------------------------------------------ */

/* 1: met; 0: not yet; -1: it never will be. */
static int dependency_met(const struct service *target, enum spec_condition condition,
			  const struct replica **ret_why)
{
	unsigned all = 0, met = 0;

	FOR_EACH(replica, replica, target->replicas)
	{
		const struct replica_work *work = replica_work(replica);
		bool done = work->ended && replica->state == REPLICA_EXITED;

		if (!replica->wanted)
			continue;
		all++;
		*ret_why = replica;
		if (condition == SPEC_COMPLETED) {
			if (done && replica->exit_status != 0)
				return -1;
			met += done;
		} else if (condition == SPEC_HEALTHY) {
			if (work->ended)
				return -1;
			met += replica->state == REPLICA_READY;
		} else {
			met += replica->pid > 0 || done;
		}
	}
	return target->desired == 0 || (all > 0 && met == all);
}

static bool dependencies_met(struct supervisor *sv, struct replica *replica)
{
	static const char *const what[] = { [SPEC_STARTED] = "to start",
					    [SPEC_HEALTHY] = "to be healthy",
					    [SPEC_COMPLETED] = "to complete" };
	struct replica_work *work = replica_work(replica);

	for (size_t i = 0; i < work->spec->depends_on_len && !work->deps_met; i++) {
		const struct spec_dependency *d = &work->spec->depends_on[i];
		struct service *target =
			supervisor_service(sv, replica->service->project->name, d->service);
		const struct replica *why = NULL;
		int met = target ? dependency_met(target, d->condition, &why) : d->optional;

		if (met == 1 || (met < 0 && d->optional))
			continue;
		if (met < 0)
			replica_reason(replica,
				       "service %s has failed: %.64s exited with status %d",
				       d->service, why->name, why->exit_status);
		else
			replica_reason(replica, "waits for service %s %s", d->service,
				       what[d->condition]);
		return false;
	}
	if (!work->deps_met) {
		work->deps_met = true;
		work->unsaved = true;
	}
	return true;
}

/* Of one that shares another's. */
static bool network_there(struct supervisor *sv, struct replica *replica)
{
	char path[PATH_MAX];
	const char *netns;

	if (replica_netns(sv, replica, path, sizeof(path), &netns) != -EAGAIN)
		return true;
	replica_reason(replica, "waits for %.200s, whose network it shares",
		       replica_work(replica)->spec->network_target);
	return false;
}

/* Programs at a time: the machine has no more to give, and each waits for the others otherwise. */
static bool place_free(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);

	if (!work->building) {
		if (sv->building >= sv->parallel)
			return false;
		work->building = true;
		sv->building++;
		work->turn_at = work->configured ? 0 : loop_now(sv->loop);
	}
	return true;
}

static void place_leave(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);

	if (!work->building)
		return;
	work->building = false;
	sv->building--;
	supervisor_turn_soon(sv);
}

static bool blocked(struct supervisor *sv, struct replica *replica, enum replica_goal goal)
{
	struct replica_work *work = replica_work(replica);
	int64_t left = work->retry_at - loop_now(sv->loop);

	if (goal != GOAL_RUN && goal != GOAL_PREPARE)
		return false;
	if (work->retry_at > 0 && left > 0) {
		if (work->timer.place == 0)
			replica_wake(sv, replica, left);
		return true;
	}
	work->retry_at = 0;
	return !dependencies_met(sv, replica) || !network_there(sv, replica);
}

/* ---- the step ------------------------------------------------------------------------------------------------------------------ */

static void at_rest(struct supervisor *sv, struct replica *replica, enum replica_goal goal)
{
	struct replica_work *work = replica_work(replica);

	place_leave(sv, replica);
	if (goal == GOAL_STOP) {
		/* what could not be made has failed, and says why */
		bool failed = work->ended && replica->started_ms == 0 && replica->reason[0];

		replica_set_state(sv, replica, failed ? REPLICA_FAILED : REPLICA_EXITED);
	} else if (goal == GOAL_PREPARE && replica->pid == 0) {
		replica_set_state(sv, replica, REPLICA_CREATED);
		foreground_look(sv, replica);
	}
}

static void facts_of(struct supervisor *sv, struct replica *replica, struct replica_facts *ret)
{
	const struct replica_work *work = replica_work(replica);
	enum replica_goal goal = replica_goal(replica);

	*ret = (struct replica_facts){
		.goal = goal,
		.alive = replica->pid > 0,
		.restarting = work->restarting,
		.container = work->container,
		.needs_net = replica_needs_net(replica),
		/* on the way down what may be there is removed; on the way up it is kept */
		.attached = work->attached || (work->maybe_attached && goal != GOAL_RUN &&
					       goal != GOAL_PREPARE && replica_needs_net(replica)),
		.image = work->image != NULL,
		.configured = work->configured,
		.blocked = replica->pid == 0 && blocked(sv, replica, goal),
	};
}

static void act(struct supervisor *sv, struct replica *replica, enum replica_action action,
		enum replica_goal goal)
{
	switch (action) {
	case ACT_NONE:
		at_rest(sv, replica, goal);
		break;
	case ACT_WAIT:
		place_leave(sv, replica);
		if (replica->state != REPLICA_FAILED)
			replica_set_state(sv, replica, REPLICA_PENDING);
		break;
	case ACT_IMAGE:
		make_image(sv, replica);
		break;
	case ACT_ATTACH:
		if (place_free(sv, replica))
			make_network(sv, replica);
		break;
	case ACT_CONFIGURE:
		if (place_free(sv, replica))
			make_config(sv, replica);
		break;
	case ACT_RUN:
		if (place_free(sv, replica))
			make_run(sv, replica);
		break;
	case ACT_TAKE_DOWN:
		place_leave(sv, replica);
		take_down(sv, replica);
		break;
	case ACT_DELETE:
		take_container(sv, replica);
		break;
	case ACT_DETACH:
		place_leave(sv, replica);
		take_network(sv, replica);
		break;
	case ACT_FORGET:
		place_leave(sv, replica);
		take_all(sv, replica);
		break;
	}
}

/* Nobody can do anything about an image that is being fetched: it is left alone, and the replica goes its way. */
static void leave_image(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);
	enum replica_goal goal = replica_goal(replica);

	if (work->busy != BUSY_IMAGE || goal == GOAL_RUN || goal == GOAL_PREPARE)
		return;
	work->image_wait->replica = NULL;
	work->image_wait = NULL;
	replica_idle(sv, replica);
}

void replica_step(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);

	leave_image(sv, replica);
	/* steps that need no program follow one another at once */
	for (unsigned i = 0; i < 8 && work->busy == BUSY_NO && !work->forgotten; i++) {
		struct replica_facts facts;
		enum replica_action action;
		bool configured = work->configured;

		facts_of(sv, replica, &facts);
		action = decide_action(&facts);
		act(sv, replica, action, facts.goal);
		if (action != ACT_CONFIGURE || work->configured == configured)
			break;
	}
	if (replica->pid > 0 && work->probe_wanted && work->busy == BUSY_NO)
		replica_probe(sv, replica);
	if (replica->pid > 0 && work->image_wanted && work->busy == BUSY_NO)
		make_image(sv, replica);
}
