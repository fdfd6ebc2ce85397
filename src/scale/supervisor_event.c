/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_event.c - events: told to listeners at once, kept for the database until the flush.
 */
#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "scale/supervisor-private.h"

#define QUEUE_MAX 2000 /* while the database cannot be written */

void supervisor_listen(struct supervisor *sv, struct supervisor_listener *listener)
{
	listener->next = sv->listeners;
	sv->listeners = listener;
}

void supervisor_unlisten(struct supervisor *sv, struct supervisor_listener *listener)
{
	struct supervisor_listener **place = &sv->listeners;

	while (*place && *place != listener)
		place = &(*place)->next;
	if (*place)
		*place = listener->next;
}

static const char *keep(char **at, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = *at;

	memcpy(copy, text, size);
	*at += size;
	return copy;
}

static void enqueue(struct supervisor *sv, const struct supervisor_event *event)
{
	const char *const texts[] = { event->kind,    event->action, event->project, event->service,
				      event->replica, event->id,     event->words };
	struct queued_event *queued;
	size_t size = sizeof(*queued);
	char *at;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		size += strlen(texts[i]) + 1;
	queued = sv->queued < QUEUE_MAX ? malloc(size) : NULL;
	if (!queued)
		return;
	at = queued->text;
	queued->next = NULL;
	queued->event = *event;
	queued->event.kind = keep(&at, event->kind);
	queued->event.action = keep(&at, event->action);
	queued->event.project = keep(&at, event->project);
	queued->event.service = keep(&at, event->service);
	queued->event.replica = keep(&at, event->replica);
	queued->event.id = keep(&at, event->id);
	queued->event.words = keep(&at, event->words);
	*sv->queue_end = queued;
	sv->queue_end = &queued->next;
	sv->queued++;
}

void event_emit(struct supervisor *sv, const char *kind, const char *action,
		const struct project *project, const struct service *service,
		const struct replica *replica, int status, const char *format, ...)
{
	char words[512];
	struct supervisor_event event = { .serial = ++sv->serial,
					  .at_ms = supervisor_clock(sv),
					  .kind = kind,
					  .action = action,
					  .project = "",
					  .service = "",
					  .replica = "",
					  .id = "",
					  .words = words,
					  .status = status };
	struct supervisor_listener *next;
	va_list ap;

	if (replica)
		service = replica->service;
	if (service)
		project = service->project;
	if (project)
		event.project = project->name;
	if (service)
		event.service = service->spec->name;
	if (replica) {
		event.replica = replica->name;
		event.id = replica->id;
	}
	va_start(ap, format);
	(void)vsnprintf(words, sizeof(words), format, ap);
	va_end(ap);
	enqueue(sv, &event);
	for (struct supervisor_listener *l = sv->listeners; l; l = next) {
		next = l->next;
		l->event(l->ctx, &event);
	}
	supervisor_turn_soon(sv);
}

void supervisor_say(struct supervisor *sv, const char *action, const char *words)
{
	event_emit(sv, "service", action, NULL, NULL, NULL, -1, "%s", words);
}

void events_free(struct supervisor *sv)
{
	while (sv->queue) {
		struct queued_event *event = sv->queue;

		sv->queue = event->next;
		free(event);
	}
	sv->queue_end = &sv->queue;
	sv->queued = 0;
}

/* What waits for the flush is newer than all that the database has. */
int supervisor_events(struct supervisor *sv, uint64_t after, unsigned limit,
		      int (*each)(void *ctx, const struct supervisor_event *event), void *ctx,
		      struct oci_error *err)
{
	if (sv->queue)
		save_all(sv);
	return store_events(sv->store, after, limit, each, ctx, err);
}

int supervisor_decisions(struct supervisor *sv, const struct service *service, unsigned limit,
			 int (*each)(void *ctx, const struct scale_decision *decision), void *ctx,
			 struct oci_error *err)
{
	return store_decisions(sv->store, service->project->name, service->spec->name, limit, each,
			       ctx, err);
}

int supervisor_learn(struct supervisor *sv, const struct service *service, const void *bytes,
		     size_t length, struct oci_error *err)
{
	int r = store_begin(sv->store, false, err);

	if (r == 0)
		r = store_learned_put(sv->store, service->project->name, service->spec->name, bytes,
				      length, err);
	if (r == 0)
		r = store_commit(sv->store, err);
	if (r < 0)
		store_rollback(sv->store);
	return r;
}

int supervisor_learned(struct supervisor *sv, const struct service *service, void **ret,
		       size_t *ret_length, struct oci_error *err)
{
	return store_learned_get(sv->store, service->project->name, service->spec->name, ret,
				 ret_length, err);
}

struct revision_each {
	int (*each)(void *ctx, uint64_t revision, int64_t at_ms, const char *document,
		    const char *words);
	void *ctx;
};

static int each_revision(void *ctx, const struct store_revision *row)
{
	struct revision_each *outer = ctx;

	return outer->each(outer->ctx, row->number, row->at_ms, row->document, row->words);
}

int supervisor_revisions(struct supervisor *sv, const struct service *service,
			 int (*each)(void *ctx, uint64_t revision, int64_t at_ms,
				     const char *document, const char *words),
			 void *ctx, struct oci_error *err)
{
	struct revision_each outer = { .each = each, .ctx = ctx };

	return store_revisions(sv->store, service->project->name, service->spec->name, 0,
			       each_revision, &outer, err);
}
