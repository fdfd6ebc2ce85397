/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_service.c - a service's turn: how many replicas, which are made, which go, and how a rolling update gets on.
 */
#include <string.h>

#include "base/mem.h"
#include "scale/supervisor-private.h"

static const struct spec_update *update_of(const struct service *service)
{
	return service_work(service)->rollout == ROLLOUT_BACK ? &service->spec->rollback
							      : &service->spec->update;
}

/* Two of them cannot be at a time: they would want the same name or address. */
static bool must_stop_first(const struct service *service)
{
	const struct spec_service *spec = service->spec;

	if (spec->container_name || spec->network_mode == SPEC_NET_HOST)
		return true;
	for (size_t i = 0; i < spec->networks_len; i++)
		if (spec->networks[i].ipv4)
			return true;
	return false;
}

/* ---- a rolling update ---------------------------------------------------------------------------------------------------- */

static void rollout_set(struct supervisor *sv, struct service *service, enum rollout_phase phase,
			const char *action, const char *words)
{
	struct service_work *work = service_work(service);

	if (work->rollout == phase && strcmp(service->rollout, words) == 0)
		return;
	work->rollout = phase;
	work->unsaved = true;
	(void)snprintf(service->rollout, sizeof(service->rollout), "%s", words);
	if (action)
		event_emit(sv, "rollout", action, NULL, service, NULL, -1, "%s",
			   words[0] ? words : "complete");
}

/* The delay between two batches counts from when the last one serves. */
void service_gained(struct supervisor *sv, struct replica *replica)
{
	struct service_work *work = service_work(replica->service);

	if (work->rollout != ROLLOUT_NONE)
		work->next_batch = loop_now(sv->loop) + update_of(replica->service)->delay_ms;
}

static void rollout_progress(struct supervisor *sv, struct service *service, bool updating)
{
	struct service_work *work = service_work(service);
	unsigned fresh = 0, old = 0;
	char words[128];

	FOR_EACH(replica, replica, service->replicas)
	{
		if (!replica->wanted)
			continue;
		if (!replica_is_current(replica))
			old++;
		else if (replica->state == REPLICA_READY || replica_done(replica))
			fresh++;
	}
	if (work->rollout == ROLLOUT_NONE) {
		if (!updating)
			return;
		work->rollout_failures = 0;
		work->next_batch = 0;
		(void)snprintf(words, sizeof(words), "updating to revision %llu",
			       (unsigned long long)service->revision);
		rollout_set(sv, service, ROLLOUT_UPDATING, "start", words);
		return;
	}
	if (!updating && old == 0 && fresh >= work->admitted) {
		rollout_set(sv, service, ROLLOUT_NONE, "complete", "");
		return;
	}
	if (work->rollout == ROLLOUT_PAUSED)
		return;
	(void)snprintf(words, sizeof(words), "%s revision %llu: %u new, %u old",
		       work->rollout == ROLLOUT_BACK ? "going back to what is now" : "updating to",
		       (unsigned long long)service->revision, fresh, old);
	rollout_set(sv, service, work->rollout, NULL, words);
}

static uint64_t revision_before(const struct service *service)
{
	uint64_t best = 0;

	/* the newest of those that still run, which it was before; the database has the rest */
	FOR_EACH(replica, replica, service->replicas)
	if (replica->wanted && replica->revision < service->revision && replica->revision > best)
		best = replica->revision;
	return best;
}

void service_failed(struct supervisor *sv, struct replica *replica)
{
	struct service *service = replica->service;
	struct service_work *work = service_work(service);
	struct replica_work *own = replica_work(replica);
	const struct spec_update *update = update_of(service);
	struct oci_error err = OCI_ERROR_INIT;
	char words[256];

	if (work->rollout == ROLLOUT_NONE || work->rollout == ROLLOUT_PAUSED ||
	    own->failed_counted || !replica_is_current(replica))
		return;
	if (own->ready_at > 0 && loop_now(sv->loop) - own->ready_at > update->monitor_ms)
		return;
	own->failed_counted = true;
	work->rollout_failures++;
	if (update->failure_action == SPEC_ON_FAILURE_CONTINUE ||
	    !decide_failed(update, work->rollout_failures, service->desired))
		return;
	(void)snprintf(words, sizeof(words), "%u of %u new replicas failed (%.80s: %.100s)",
		       work->rollout_failures, service->desired, replica->name, replica->reason);
	if (update->failure_action == SPEC_ON_FAILURE_ROLLBACK && work->rollout != ROLLOUT_BACK) {
		event_emit(sv, "rollout", "fail", NULL, service, NULL, -1, "%s", words);
		if (supervisor_rollback(sv, service, revision_before(service), &err) == 0) {
			rollout_set(sv, service, ROLLOUT_BACK, "rollback", words);
			return;
		}
		(void)snprintf(words, sizeof(words), "cannot go back: %.200s", err.message);
	}
	rollout_set(sv, service, ROLLOUT_PAUSED, "pause", words);
}

static int check_rollout(const struct service *service, bool pause, struct oci_error *err)
{
	enum rollout_phase phase = service_work(service)->rollout;
	const char *name = service->spec->name;

	if (phase == (pause ? ROLLOUT_UPDATING : ROLLOUT_PAUSED))
		return 0;
	if (phase == ROLLOUT_NONE)
		return err_set_as(err, ERR_STATE, ESRCH, "service %s is not being updated", name);
	if (phase == ROLLOUT_BACK)
		return err_set_as(err, ERR_STATE, EBUSY,
				  "service %s goes back to what it was: that is not paused", name);
	return err_set_as(err, ERR_STATE, EALREADY, "the update of service %s is %s", name,
			  pause ? "paused already" : "not paused");
}

int supervisor_rollout_pause(struct supervisor *sv, struct service *service, bool pause,
			     struct oci_error *err)
{
	struct service_work *work = service_work(service);
	enum rollout_phase before = work->rollout;
	char words[sizeof(service->rollout)];
	int r = check_rollout(service, pause, err);

	if (r < 0)
		return r;
	memcpy(words, service->rollout, sizeof(words));
	work->rollout = pause ? ROLLOUT_PAUSED : ROLLOUT_UPDATING;
	work->unsaved = true;
	(void)snprintf(service->rollout, sizeof(service->rollout),
		       pause ? "paused by hand at revision %llu" : "updating to revision %llu",
		       (unsigned long long)service->revision);
	r = save_command(sv, err);
	if (r < 0) {
		work->rollout = before;
		memcpy(service->rollout, words, sizeof(words));
		return r;
	}
	/* what failed before counts no more: somebody has looked at it */
	work->rollout_failures = 0;
	FOR_EACH(replica, replica, service->replicas)
	replica_work(replica)->failed_counted = false;
	event_emit(sv, "rollout", pause ? "pause" : "resume", NULL, service, NULL, -1, "by hand");
	return 0;
}

/* ---- the turn ---------------------------------------------------------------------------------------------------------------- */

static void view_of(const struct replica *replica, struct decide_replica *ret)
{
	const struct replica_work *work = replica_work(replica);
	const struct spec_update *update = update_of(replica->service);
	const struct service_work *service = service_work(replica->service);
	bool rolling = service->rollout != ROLLOUT_NONE;

	*ret = (struct decide_replica){
		.wanted = replica->wanted,
		.current = replica_is_current(replica),
		.ready = replica->state == REPLICA_READY || replica_done(replica),
		.slot = replica->slot,
		.made_ms = replica->made_ms,
	};
	if (!rolling || !ret->current)
		return;
	if (work->failed_counted && update->failure_action == SPEC_ON_FAILURE_CONTINUE)
		ret->ready = true;
}

static void replica_name(char *buf, size_t size, const struct service *service, unsigned slot)
{
	const struct spec_service *spec = service->spec;

	if (spec->container_name)
		(void)snprintf(buf, size, "%s", spec->container_name);
	else
		(void)snprintf(buf, size, "%s-%s-%u", service->project->name, spec->name, slot);
}

static void make_replica(struct supervisor *sv, struct service *service, unsigned slot)
{
	struct replica *replica = replica_new(sv, service);
	struct service_work *work = service_work(service);

	if (!replica)
		return;
	replica->slot = slot;
	replica->revision = service->revision;
	replica->made_ms = supervisor_clock(sv);
	replica_work(replica)->asked_at = loop_now(sv->loop);
	replica_work(replica)->revision = revision_current(service);
	memcpy(replica->published, work->published, sizeof(replica->published));
	replica_name(replica->name, sizeof(replica->name), service, slot);
	event_emit(sv, "replica", "create", NULL, NULL, replica, -1, "revision %llu",
		   (unsigned long long)replica->revision);
}

static void drop_replica(struct replica *replica)
{
	replica->wanted = false;
	replica_work(replica)->unsaved = true;
}

/* Is the time to watch new replicas over? While it is not, a wake-up is set for its end. */
static bool still_watched(struct supervisor *sv, struct service *service)
{
	int64_t monitor = update_of(service)->monitor_ms;
	int64_t now = loop_now(sv->loop);
	bool watched = false;

	if (service_work(service)->rollout == ROLLOUT_NONE)
		return false;
	FOR_EACH(replica, replica, service->replicas)
	{
		struct replica_work *work = replica_work(replica);

		if (!replica->wanted || work->ready_at == 0 || work->failed_counted ||
		    now - work->ready_at >= monitor)
			continue;
		watched = true;
		if (work->timer.place == 0 && work->busy == BUSY_NO)
			replica_wake(sv, replica, monitor - (now - work->ready_at));
	}
	return watched;
}

static void service_words(struct service *service, const char *admission)
{
	char words[256] = "";

	if (admission[0])
		(void)snprintf(words, sizeof(words), "%s", admission);
	FOR_EACH(replica, replica, service->replicas)
	if (!words[0] && replica->wanted && replica->reason[0] &&
	    (replica->state == REPLICA_FAILED || replica->state == REPLICA_PENDING ||
	     replica->state == REPLICA_UNHEALTHY))
		(void)snprintf(words, sizeof(words), "%.60s: %.180s", replica->name,
			       replica->reason);
	memcpy(service->reason, words, sizeof(words));
}

static void drop_all(struct service *service)
{
	FOR_EACH(replica, replica, service->replicas)
	if (replica->wanted)
		drop_replica(replica);
}

static bool delay_runs(struct supervisor *sv, struct service *service)
{
	struct service_work *work = service_work(service);
	int64_t left = work->next_batch - loop_now(sv->loop);

	if (work->rollout == ROLLOUT_NONE || work->next_batch == 0 || left <= 0)
		return false;
	/* any replica's timer brings the turn; the first that has none takes it */
	FOR_EACH(replica, replica, service->replicas)
	if (replica_work(replica)->timer.place == 0 && replica_work(replica)->busy == BUSY_NO) {
		replica_wake(sv, replica, left);
		break;
	}
	return true;
}

static void carry_out(struct supervisor *sv, struct service *service,
		      const struct decide_plan *plan)
{
	struct replica *replica = service->replicas;
	size_t count = 0;

	for (struct replica *r = replica; r; r = r->next)
		count++;
	for (size_t i = 0; i < count; i++, replica = replica->next)
		if (plan->stop[i])
			drop_replica(replica);
	for (size_t i = 0; i < plan->make; i++)
		make_replica(sv, service, plan->slots[i]);
}

static void decide_and_act(struct supervisor *sv, struct service *service, size_t count)
{
	struct service_work *work = service_work(service);
	CLEANUP_FREE struct decide_replica *views = calloc(count + 1, sizeof(*views));
	CLEANUP_FREE bool *stop = calloc(count + 1, sizeof(*stop));
	CLEANUP_FREE unsigned *slots = calloc(2 * (size_t)work->admitted + 1, sizeof(*slots));
	struct decide_input input = {
		.replicas = views,
		.count = count,
		.desired = work->admitted,
		.update = update_of(service),
		.stop_first = must_stop_first(service),
		.rolling = work->rollout != ROLLOUT_NONE,
		.paused = work->rollout == ROLLOUT_PAUSED,
		/* one that failures have paused keeps the number: what does not serve goes */
		.held = work->rollout_failures == 0,
		.at_once = service->stopped,
		.delayed = delay_runs(sv, service),
	};
	struct decide_plan plan = { .stop = stop, .slots = slots };
	size_t i = 0;

	if (!views || !stop || !slots)
		return;
	FOR_EACH(replica, replica, service->replicas)
	view_of(replica, &views[i++]);
	decide_service(&input, &plan);
	rollout_progress(sv, service, plan.updating || still_watched(sv, service));
	carry_out(sv, service, &plan);
}

/* A program that has run once and is to be forgotten. */
static void remove_ended(struct service *service)
{
	struct replica *replica = service->replicas;

	if (!service->spec->remove || !replica || replica->state != REPLICA_EXITED)
		return;
	service_work(service)->removed = true;
	service_work(service)->unsaved = true;
	drop_all(service);
}

void service_turn(struct supervisor *sv, struct service *service)
{
	struct service_work *work = service_work(service);
	size_t count = 0;

	remove_ended(service);
	if (work->removed || service->project->removing) {
		drop_all(service);
		return;
	}
	FOR_EACH(replica, replica, service->replicas)
	count++;
	decide_and_act(sv, service, count);
	service_words(service, work->admission);
}
