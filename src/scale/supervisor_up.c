/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_up.c - a document becomes what is wanted; a project goes.
 *
 * All that can be refused is refused before anything changes. Then memory changes and the database after it; what the database
 * does not take (a full disk) is undone in memory.
 */
#include <string.h>

#include "base/mem.h"
#include "scale/supervisor-private.h"

/* One service of an up: what it will be. */
struct change {
	const struct spec_service *spec;
	struct service *service;   /* NULL: a new one */
	struct revision *revision; /* NULL: it stays */
	unsigned desired;
	bool manual;
};

/* A service as it was, to be put back. */
struct before {
	struct service *service;
	struct service copy;
	struct service_work work;
};

struct up {
	struct supervisor *sv;
	struct project *project;
	struct document *document;
	struct change *changes;
	size_t len;
	struct before *before;
	size_t before_len;
	bool force, project_is_new;
	const char *words; /* of new revisions */
};

/* ---- what changes ------------------------------------------------------------------------------------------------------------------ */

static int newest_number(void *ctx, const struct store_revision *row)
{
	*(uint64_t *)ctx = row->number;
	return 1;
}

/* Also of one that was removed and comes again: its old revisions are gone with it, its numbers begin anew. */
static uint64_t next_revision(struct supervisor *sv, const char *project,
			      const struct service *service)
{
	uint64_t newest = service ? service->revision : 0;
	uint64_t stored = 0;

	if (service &&
	    store_revisions(sv->store, project, service->spec->name, 0, newest_number, &stored,
			    NULL) == 1 &&
	    stored > newest)
		newest = stored;
	return newest + 1;
}

static unsigned clamp(const struct spec_service *spec, int64_t count)
{
	if (spec->scale.given) {
		if (count < spec->scale.min)
			count = spec->scale.min;
		if (count > spec->scale.max)
			count = spec->scale.max;
	}
	return count > 0 ? (unsigned)count : 0;
}

/* A number that somebody or the autoscaler has set stays, unless the document says another one than before. */
static void desired_of(const struct spec_service *spec, const struct service *service,
		       struct change *change)
{
	bool automatic = spec->scale.given && spec->scale.policy != SPEC_SCALE_MANUAL;

	change->manual = service && service->manual;
	if (!service || service_work(service)->removed ||
	    spec->replicas != service->spec->replicas || (!automatic && !service->manual)) {
		change->manual = false;
		change->desired = automatic ? clamp(spec, spec->replicas)
					    : (unsigned)(spec->replicas > 0 ? spec->replicas : 0);
		return;
	}
	change->desired = change->manual ? service->desired : clamp(spec, service->desired);
}

static int change_of(struct up *up, const struct spec_service *spec, struct change *change,
		     struct oci_error *err)
{
	struct service *service =
		up->project_is_new ? NULL
				   : supervisor_service(up->sv, up->project->name, spec->name);
	struct revision *current = service ? revision_current(service) : NULL;
	char digest[DIGEST_SIZE];
	int r = service_digest(up->document->spec, spec, digest, err);

	if (r < 0)
		return r;
	change->spec = spec;
	change->service = service;
	desired_of(spec, service, change);
	if (current && !up->force && strncmp(current->digest, digest, DIGEST_LENGTH) == 0)
		return 0;
	change->revision = calloc(1, sizeof(*change->revision));
	if (!change->revision)
		return err_nomem(err);
	change->revision->number = next_revision(up->sv, up->document->spec->name, service);
	change->revision->document = up->document;
	/* asked for again although nothing has changed: it is not the same as the one before */
	if (up->force)
		(void)snprintf(change->revision->digest, DIGEST_SIZE, "%.32s+%llu", digest,
			       (unsigned long long)change->revision->number);
	else
		memcpy(change->revision->digest, digest, sizeof(digest));
	return 0;
}

static int name_is_free(struct supervisor *sv, const struct spec_service *spec, const char *project,
			struct oci_error *err)
{
	if (!spec->container_name)
		return 0;
	FOR_EACH(project, other, sv->projects)
	FOR_EACH(service, service, other->services)
	FOR_EACH(replica, replica, service->replicas)
	if (replica->wanted && strcmp(replica->name, spec->container_name) == 0 &&
	    (strcmp(other->name, project) != 0 || strcmp(service->spec->name, spec->name) != 0))
		return err_set_as(err, ERR_EXISTS, EEXIST,
				  "container '%s' exists already (service %s"
				  " of project %s)",
				  spec->container_name, service->spec->name, other->name);
	return 0;
}

static int plan_changes(struct up *up, struct oci_error *err)
{
	const struct spec_project *spec = up->document->spec;
	int r = rights_check(up->sv, spec, err);

	if (r == 0)
		r = ports_check(up->sv, spec->name, spec, err);
	up->changes = calloc(spec->services_len + 1, sizeof(*up->changes));
	if (!up->changes)
		return err_nomem(err);
	for (size_t i = 0; i < spec->services_len && r == 0; i++) {
		r = name_is_free(up->sv, &spec->services[i], spec->name, err);
		if (r == 0)
			r = change_of(up, &spec->services[i], &up->changes[i], err);
		up->len = i + 1;
	}
	return r;
}

/* ---- carrying it out ------------------------------------------------------------------------------------------------------------------ */

static int apply_change(struct up *up, struct change *change, struct oci_error *err)
{
	struct service *service = change->service;
	struct service_work *work;

	if (!service)
		service = change->service = service_new(up->project, change->spec->name);
	if (!service)
		return err_nomem(err);
	work = service_work(service);
	service->spec = change->spec;
	work->document = up->document;
	work->removed = false;
	work->unsaved = true;
	service->desired = change->desired;
	service->manual = change->manual;
	/* `up` starts what was stopped */
	service->stopped = false;
	if (change->revision) {
		change->revision->next = work->revisions;
		work->revisions = change->revision;
		service->revision = change->revision->number;
		work->rollout = ROLLOUT_NONE;
		work->rollout_failures = 0;
		service->rollout[0] = '\0';
	}
	return ports_choose(up->sv, service, err);
}

static const struct change *change_for(const struct up *up, const struct service *service)
{
	for (size_t i = 0; i < up->len; i++)
		if (up->changes[i].service == service)
			return &up->changes[i];
	return NULL;
}

static int put_revision(const struct up *up, const struct change *change, struct oci_error *err)
{
	struct store_revision row = {
		.project = up->project->name,
		.service = change->spec->name,
		.number = change->revision->number,
		.at_ms = supervisor_clock(up->sv),
		.digest = change->revision->digest,
		.document = up->document->text,
		.words = up->words ? up->words : "",
	};
	uint64_t oldest = row.number;
	int r = store_revision_put(up->sv->store, &row, err);

	FOR_EACH(replica, replica, change->service->replicas)
	if (replica->revision < oldest)
		oldest = replica->revision;
	return r < 0 ? r
		     : store_revisions_prune(up->sv->store, row.project, row.service, oldest, err);
}

static int put_up(void *ctx, struct oci_error *err)
{
	const struct up *up = ctx;
	struct store_project row = { .name = up->project->name,
				     .document = up->document->text,
				     .length = up->document->length };
	int r = store_project_put(up->sv->store, &row, err);

	for (size_t i = 0; i < up->len && r == 0; i++)
		if (up->changes[i].revision)
			r = put_revision(up, &up->changes[i], err);
	return r;
}

/* Once it is in the database. */
static void after_change(const struct change *change)
{
	FOR_EACH(replica, replica, change->service->replicas)
	{
		struct replica_work *own = replica_work(replica);

		/* replicas of what was keep what they were made from */
		if (!change->revision && replica_is_current(replica) && !own->probe) {
			own->spec = change->spec;
			own->document = service_work(change->service)->document;
		}
		/* what could not be made is tried again at once, and `up` starts what was stopped; a program that has done its work is left as it is */
		if (!replica->stopped_by_hand && own->make_failures == 0 &&
		    (!own->ended || replica->exit_status == 0))
			continue;
		replica->stopped_by_hand = own->ended = false;
		own->failures = own->make_failures = 0;
		own->retry_at = 0;
		own->unsaved = true;
	}
}

static void say_changes(const struct up *up)
{
	for (size_t i = 0; i < up->len; i++) {
		const struct change *change = &up->changes[i];

		if (change->revision)
			event_emit(up->sv, "service",
				   change->revision->number == 1 ? "create" : "update", NULL,
				   change->service, NULL, -1, "revision %llu",
				   (unsigned long long)change->revision->number);
	}
}

static int remember(struct up *up, struct oci_error *err)
{
	size_t len = 0;

	FOR_EACH(service, service, up->project->services)
	len++;
	up->before = calloc(len + 1, sizeof(*up->before));
	if (!up->before)
		return err_nomem(err);
	FOR_EACH(service, service, up->project->services)
	up->before[up->before_len++] = (struct before){ service, *service, *service_work(service) };
	return 0;
}

static void put_back(struct up *up, struct document *current, const struct spec_project *spec)
{
	struct project_work *work = project_work(up->project);

	for (size_t i = 0; i < up->before_len; i++) {
		struct service *service = up->before[i].service;

		up->before[i].copy.next = service->next;
		*service = up->before[i].copy;
		*service_work(service) = up->before[i].work;
	}
	for (size_t i = 0; i < up->len; i++) {
		struct change *change = &up->changes[i];

		free(change->revision);
		for (size_t j = 0; change->service && j < up->before_len; j++)
			if (up->before[j].service == change->service)
				change->service = NULL;
		if (change->service) {
			service_work(change->service)->revisions = NULL;
			service_free(up->sv, change->service);
		}
	}
	work->documents = up->document->next;
	work->current = current;
	up->project->spec = (struct spec_project *)(uintptr_t)spec;
	document_free(up->document);
	if (up->project_is_new)
		project_free(up->sv, up->project);
}

static int carry_out(struct up *up, struct oci_error *err)
{
	struct project_work *work = project_work(up->project);
	struct document *current = work->current;
	const struct spec_project *spec = up->project->spec;
	int r = 0;

	up->document->next = work->documents;
	work->documents = work->current = up->document;
	up->project->spec = up->document->spec;
	for (size_t i = 0; i < up->len && r == 0; i++)
		r = apply_change(up, &up->changes[i], err);
	FOR_EACH(service, service, up->project->services)
	if (!change_for(up, service)) {
		service_work(service)->removed = true;
		service_work(service)->unsaved = true;
	}
	if (r == 0)
		r = save_durably(up->sv, put_up, up, err);
	if (r < 0) {
		put_back(up, current, spec);
		return r;
	}
	for (size_t i = 0; i < up->len; i++)
		after_change(&up->changes[i]);
	say_changes(up);
	return 0;
}

static int up_document(struct supervisor *sv, struct document *document, bool force,
		       const char *words, struct oci_error *err)
{
	struct up up = { .sv = sv, .document = document, .force = force, .words = words };
	int r;

	up.project = supervisor_project(sv, document->spec->name);
	if (up.project && up.project->removing) {
		document_free(document);
		return err_set_as(err, ERR_STATE, EBUSY, "project %s is being removed",
				  up.project->name);
	}
	up.project_is_new = !up.project;
	r = plan_changes(&up, err);
	if (r == 0 && !up.project) {
		up.project = project_new(sv, document->spec->name);
		r = up.project ? 0 : err_nomem(err);
	}
	if (r == 0)
		r = remember(&up, err);
	if (r < 0) {
		if (up.project_is_new && up.project)
			project_free(sv, up.project);
		for (size_t i = 0; i < up.len; i++)
			free(up.changes[i].revision);
		free(up.changes);
		document_free(document);
		return r;
	}
	r = carry_out(&up, err);
	free(up.changes);
	free(up.before);
	supervisor_turn_soon(sv);
	return r;
}

int supervisor_up(struct supervisor *sv, const char *text, size_t length, bool force_recreate,
		  struct oci_error *err)
{
	struct document *document;
	int r = document_load(sv, NULL, text, length, &document, err);

	return r < 0 ? r : up_document(sv, document, force_recreate, NULL, err);
}

/* ---- back to an earlier one -------------------------------------------------------------------------------------------------------- */

struct earlier {
	struct supervisor *sv;
	struct service *service;
	uint64_t number; /* 0: the newest before the current one */
	struct document *document;
	uint64_t found;
	struct oci_error *err;
};

static int earlier_row(void *ctx, const struct store_revision *row)
{
	struct earlier *earlier = ctx;
	const struct revision *current = revision_current(earlier->service);
	int r;

	if (earlier->number ? row->number != earlier->number
			    : row->number >= earlier->service->revision ||
				      (current &&
				       strncmp(current->digest, row->digest, DIGEST_LENGTH) == 0))
		return 0;
	r = document_load(earlier->sv, row->project, row->document, strlen(row->document),
			  &earlier->document, earlier->err);
	earlier->found = row->number;
	return r < 0 ? r : 1;
}

/* The project as it is, but for this one service. */
static int with_service(struct project *project, const struct spec_service *spec,
			const struct spec_service *now, struct oci_arena *arena, char **ret_text,
			size_t *ret_length, struct oci_error *err)
{
	struct spec_project copy = *project->spec;

	copy.services = oci_arena_array(arena, copy.services_len, sizeof(*copy.services));
	if (!copy.services)
		return err_nomem(err);
	for (size_t i = 0; i < copy.services_len; i++) {
		copy.services[i] = project->spec->services[i];
		if (strcmp(copy.services[i].name, spec->name) != 0)
			continue;
		copy.services[i] = *spec;
		/* how many, and how they are scaled, is no part of a revision */
		copy.services[i].replicas = now->replicas;
		copy.services[i].scale = now->scale;
	}
	return compose_emit(&copy, arena, ret_text, ret_length, err);
}

static int roll_back(struct earlier *earlier, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct service *service = earlier->service;
	const struct spec_service *spec =
		spec_service_find(earlier->document->spec, service->spec->name);
	struct document *document;
	char words[64], *text;
	size_t length;
	int r;

	if (!spec)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT, "revision %llu has no service %s",
				  (unsigned long long)earlier->found, service->spec->name);
	r = with_service(service->project, spec, service->spec, &arena, &text, &length, err);
	if (r == 0)
		r = document_load(earlier->sv, service->project->name, text, length, &document,
				  err);
	if (r < 0)
		return r;
	(void)snprintf(words, sizeof(words), "back to revision %llu",
		       (unsigned long long)earlier->found);
	return up_document(earlier->sv, document, false, words, err);
}

int supervisor_rollback(struct supervisor *sv, struct service *service, uint64_t revision,
			struct oci_error *err)
{
	struct earlier earlier = { .sv = sv, .service = service, .number = revision, .err = err };
	int r = store_revisions(sv->store, service->project->name, service->spec->name, 0,
				earlier_row, &earlier, err);

	if (r < 0)
		return r;
	if (!earlier.document) {
		if (revision)
			return err_set_as(err, ERR_NOT_FOUND, ENOENT,
					  "service %s has no revision %llu", service->spec->name,
					  (unsigned long long)revision);
		return err_set_as(err, ERR_STATE, ENOENT, "service %s has no revision before %llu",
				  service->spec->name, (unsigned long long)service->revision);
	}
	r = roll_back(&earlier, err);
	document_free(earlier.document);
	return r;
}

/* ---- down ------------------------------------------------------------------------------------------------------------------------------ */

struct down {
	struct store *store;
	const struct project *project;
};

static int put_down(void *ctx, struct oci_error *err)
{
	const struct down *down = ctx;
	const struct project *project = down->project;
	const struct project_work *work = project_work(project);
	struct store_project row = { .name = project->name,
				     .document = work->current ? work->current->text : "{}",
				     .length = work->current ? work->current->length : 2,
				     .removing = work->volumes ? 2 : 1 };

	return store_project_put(down->store, &row, err);
}

int supervisor_down(struct supervisor *sv, const char *name, bool volumes, struct oci_error *err)
{
	struct project *project = supervisor_project(sv, name);
	struct down down = { sv->store, project };
	bool removing, with_volumes;
	int r;

	if (!project)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT, "no project '%s'", name);
	removing = project->removing;
	with_volumes = project_work(project)->volumes;
	project->removing = true;
	project_work(project)->volumes = with_volumes || volumes;
	r = save_durably(sv, put_down, &down, err);
	if (r < 0) {
		project->removing = removing;
		project_work(project)->volumes = with_volumes;
		return r;
	}
	event_emit(sv, "project", "down", project, NULL, NULL, -1, volumes ? "with volumes" : "");
	return 0;
}
