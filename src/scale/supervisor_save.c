/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_save.c - rows of services and replicas; one transaction at the end of a turn that has changed something.
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/mem.h"
#include "scale/supervisor-private.h"

#define SAVE_AGAIN_MS 2000

static int save_service(struct supervisor *sv, const struct service *service, struct oci_error *err)
{
	const struct service_work *work = service_work(service);
	char ports[64 * 6 + 1] = "";
	struct store_service row = {
		.project = service->project->name,
		.name = service->spec->name,
		.desired = service->desired,
		.stopped = service->stopped,
		.manual = service->manual,
		.removed = work->removed,
		.revision = service->revision,
		.rollout = (int)work->rollout,
		.words = service->rollout,
		.ports = ports,
	};
	size_t count = service->spec->ports_len;
	size_t length = 0;

	for (size_t i = 0; i < count && i < ARRAY_LEN(work->published); i++)
		length += (size_t)snprintf(ports + length, sizeof(ports) - length, "%u ",
					   work->published[i]);
	return store_service_put(sv->store, &row, err);
}

static unsigned flags_of(const struct replica *replica)
{
	const struct replica_work *work = replica_work(replica);

	return (replica->wanted ? STORE_WANTED : 0) |
	       (replica->stopped_by_hand ? STORE_STOPPED : 0) | (work->ended ? STORE_ENDED : 0) |
	       (replica->foreground ? STORE_FOREGROUND : 0) | (replica->paused ? STORE_PAUSED : 0) |
	       (replica->oom_killed ? STORE_OOM : 0) | (work->attached ? STORE_ATTACHED : 0) |
	       (work->configured ? STORE_CONFIGURED : 0) | (work->deps_met ? STORE_DEPS_MET : 0);
}

static void places_of(const struct net_result *net, char *buf, size_t size)
{
	size_t length = 0;

	buf[0] = '\0';
	for (size_t i = 0; net && i < net->count && length < size; i++) {
		char address[INET_ADDRSTRLEN];

		(void)inet_ntop(AF_INET, &net->places[i].address, address, sizeof(address));
		length += (size_t)snprintf(buf + length, size - length, "%s%s=%s", i ? " " : "",
					   net->places[i].network, address);
	}
}

static int save_replica(struct supervisor *sv, const struct replica *replica, struct oci_error *err)
{
	const struct replica_work *work = replica_work(replica);
	char places[NET_MAX * (64 + INET_ADDRSTRLEN + 2)];
	struct store_replica row = {
		.id = replica->id,
		.project = replica->service->project->name,
		.service = replica->service->spec->name,
		.name = replica->name,
		.slot = replica->slot,
		.revision = replica->revision,
		.flags = flags_of(replica),
		.pid = replica->pid,
		.start_ticks = replica->start_ticks,
		.restarts = replica->restarts,
		.failures = work->failures,
		.exit_status = replica->exit_status,
		.made_ms = replica->made_ms,
		.started_ms = replica->started_ms,
		.ready_ms = replica->ready_ms,
		.exited_ms = replica->exited_ms,
		.places = places,
		.image = work->image ? work->image->id : work->image_id,
		.reason = replica->reason,
	};

	places_of(work->net, places, sizeof(places));
	return store_replica_put(sv->store, &row, err);
}

/* ---- the flush ---------------------------------------------------------------------------------------------------------- */

static bool anything(const struct supervisor *sv)
{
	if (sv->queue || sv->timings)
		return true;
	FOR_EACH(project, project, sv->projects)
	FOR_EACH(service, service, project->services)
	{
		if (service_work(service)->unsaved)
			return true;
		FOR_EACH(replica, replica, service->replicas)
		if (replica_work(replica)->unsaved)
			return true;
	}
	return false;
}

static int put_rows(struct supervisor *sv, struct oci_error *err)
{
	int r = 0;

	FOR_EACH(project, project, sv->projects)
	FOR_EACH(service, service, project->services)
	{
		if (service_work(service)->unsaved)
			r = save_service(sv, service, err);
		FOR_EACH(replica, replica, service->replicas)
		if (r == 0 && replica_work(replica)->unsaved)
			r = save_replica(sv, replica, err);
		if (r < 0)
			return r;
	}
	for (struct queued_event *event = sv->queue; event && r == 0; event = event->next)
		r = store_event_put(sv->store, &event->event, err);
	return r == 0 ? timings_put(sv, err) : r;
}

static void mark_saved(struct supervisor *sv)
{
	FOR_EACH(project, project, sv->projects)
	FOR_EACH(service, service, project->services)
	{
		service_work(service)->unsaved = false;
		FOR_EACH(replica, replica, service->replicas)
		replica_work(replica)->unsaved = false;
	}
	events_free(sv);
	timings_free(sv);
}

int save_durably(struct supervisor *sv, int (*also)(void *ctx, struct oci_error *err), void *ctx,
		 struct oci_error *err)
{
	int r = store_begin(sv->store, also != NULL, err);

	if (r == 0)
		r = put_rows(sv, err);
	if (r == 0 && also)
		r = also(ctx, err);
	if (r == 0)
		r = store_commit(sv->store, err);
	if (r < 0)
		store_rollback(sv->store);
	else
		mark_saved(sv);
	return r;
}

static void save_again(void *ctx)
{
	save_all(ctx);
}

void save_all(struct supervisor *sv)
{
	struct oci_error err = OCI_ERROR_INIT;
	int r;

	if (!anything(sv))
		return;
	r = save_durably(sv, NULL, NULL, &err);
	if (r < 0) {
		(void)loop_timer_set(sv->loop, &sv->save_timer, SAVE_AGAIN_MS, save_again, sv);
		/* once, and to listeners: the database does not take it now */
		if (!sv->save_failed)
			event_emit(sv, "service", "fail", NULL, NULL, NULL, -1, "%s", err.message);
		sv->save_failed = true;
		return;
	}
	loop_timer_cancel(&sv->save_timer);
	sv->save_failed = false;
}
