/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_model.c - projects, services and replicas are made, and freed with all that is under way for them.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "scale/supervisor-private.h"

struct project *project_new(struct supervisor *sv, const char *name)
{
	struct project *project = calloc(1, sizeof(*project));
	struct project_work *work = calloc(1, sizeof(*work));
	struct project **place = &sv->projects;

	if (project)
		project->name = oci_arena_strdup(&project->arena, name);
	if (!project || !work || !project->name) {
		free(project);
		free(work);
		return NULL;
	}
	project->private = work;
	while (*place && strcmp((*place)->name, name) < 0)
		place = &(*place)->next;
	project->next = *place;
	*place = project;
	return project;
}

void project_free(struct supervisor *sv, struct project *project)
{
	struct project **place = &sv->projects;
	struct project_work *work = project_work(project);

	while (project->services)
		service_free(sv, project->services);
	while (*place != project)
		place = &(*place)->next;
	*place = project->next;
	while (work->documents) {
		struct document *document = work->documents;

		work->documents = document->next;
		document_free(document);
	}
	oci_arena_free(&project->arena);
	free(work);
	free(project);
}

struct service *service_new(struct project *project, const char *name)
{
	struct service *service = calloc(1, sizeof(*service));
	struct service_work *work = calloc(1, sizeof(*work));
	struct service **place = &project->services;
	struct spec_service *spec;

	if (!service || !work) {
		free(service);
		free(work);
		return NULL;
	}
	/* until a document is found for it */
	spec = oci_arena_alloc(&work->arena, sizeof(*spec));
	if (spec) {
		spec->name = oci_arena_strdup(&work->arena, name);
		spec->image = "";
		spec->stop_grace_ms = 10000;
		spec->restart.max_attempts = spec->restart.window_ms = -1;
		spec->scale.drain_ms = -1;
	}
	service->spec = spec;
	service->private = work;
	service->project = project;
	if (!spec || !spec->name) {
		oci_arena_free(&work->arena);
		free(work);
		free(service);
		return NULL;
	}
	while (*place)
		place = &(*place)->next;
	*place = service;
	return service;
}

void service_free(struct supervisor *sv, struct service *service)
{
	struct service **place = &service->project->services;
	struct service_work *work = service_work(service);

	while (service->replicas)
		replica_free(sv, service->replicas);
	while (*place != service)
		place = &(*place)->next;
	*place = service->next;
	while (work->revisions) {
		struct revision *revision = work->revisions;

		work->revisions = revision->next;
		free(revision);
	}
	oci_arena_free(&work->arena);
	free(work);
	free(service);
}

static int make_id(char id[REPLICA_ID_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char bytes[REPLICA_ID_SIZE / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return -EIO;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		id[2 * i] = digits[bytes[i] >> 4];
		id[2 * i + 1] = digits[bytes[i] & 15];
	}
	id[REPLICA_ID_SIZE - 1] = '\0';
	return 0;
}

struct replica *replica_new(struct supervisor *sv, struct service *service)
{
	struct replica *replica = calloc(1, sizeof(*replica));
	struct replica_work *work = calloc(1, sizeof(*work));
	struct replica **place = &service->replicas;

	if (!replica || !work || make_id(replica->id) < 0) {
		free(replica);
		free(work);
		return NULL;
	}
	work->sv = sv;
	work->grace_ms = -1;
	work->unsaved = true;
	work->spec = service->spec;
	work->document = service_work(service)->document;
	replica->private = work;
	replica->service = service;
	replica->state = REPLICA_PENDING;
	replica->wanted = true;
	replica->pidfd = -1;
	replica->exit_status = -1;
	while (*place)
		place = &(*place)->next;
	*place = replica;
	return replica;
}

void replica_free(struct supervisor *sv, struct replica *replica)
{
	struct replica_work *work = replica_work(replica);
	struct replica **place = &replica->service->replicas;

	if (work->busy != BUSY_NO)
		replica_idle(sv, replica);
	while (*place != replica)
		place = &(*place)->next;
	*place = replica->next;
	if (work->image_wait)
		work->image_wait->replica = NULL;
	if (work->job)
		job_cancel(work->job);
	probe_stop(work->probe);
	loop_timer_cancel(&work->timer);
	replica_unwatch(replica);
	oci_arena_free(&work->probe_arena);
	free(work->net);
	free(work);
	free(replica->bundle);
	free(replica->log_path);
	free(replica->cgroup);
	free(replica);
}
