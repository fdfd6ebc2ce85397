/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_document.c - the documents of a project: the current one, and those that replicas of old revisions were made from.
 */
#include <string.h>

#include "base/mem.h"
#include "scale/supervisor-private.h"

void document_free(struct document *document)
{
	if (!document)
		return;
	oci_arena_free(&document->arena);
	free(document->text);
	free(document);
}

int document_load(struct supervisor *sv, const char *project, const char *text, size_t length,
		  struct document **ret, struct oci_error *err)
{
	struct compose_options options = { .directory = "/",
					   .project = project,
					   .normalised = true };
	struct document *document = calloc(1, sizeof(*document));
	int r;

	(void)sv;
	if (!document)
		return err_nomem(err);
	/* what is read points to both */
	document->text = strndup(text, length);
	document->length = length;
	options.project = project ? oci_arena_strdup(&document->arena, project) : NULL;
	r = document->text && (!project || options.project)
		    ? compose_load("document", text, length, &options, &document->arena,
				   &document->spec, err)
		    : err_nomem(err);
	if (r < 0) {
		document_free(document);
		return r;
	}
	*ret = document;
	return 0;
}

/* ---- digests ---------------------------------------------------------------------------------------------------------- */

struct digest {
	uint64_t a, b;
};

/* FNV-1a twice, from two beginnings: it tells changes apart, it keeps nobody out. */
static void digest_put(struct digest *digest, const char *data, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		digest->a = (digest->a ^ (unsigned char)data[i]) * 1099511628211u;
		digest->b = (digest->b ^ (unsigned char)data[i]) * 1099511628211u + 1;
	}
}

static void digest_text(struct digest *digest, const char *text)
{
	digest_put(digest, text ? text : "", text ? strlen(text) + 1 : 1);
}

static void digest_networks(struct digest *digest, const struct spec_project *project,
			    const struct spec_service *service)
{
	for (size_t i = 0; i < service->networks_len; i++) {
		const struct spec_network *network =
			spec_network_find(project, service->networks[i].network);

		if (!network)
			continue;
		digest_text(digest, network->name);
		digest_text(digest, network->driver);
		digest_text(digest, network->subnet);
		digest_text(digest, network->gateway);
		digest_text(digest, network->ip_range);
		for (size_t j = 0; j < network->options.len; j++) {
			digest_text(digest, network->options.items[j].key);
			digest_text(digest, network->options.items[j].value);
		}
	}
}

static void digest_files(struct digest *digest, const struct spec_project *project,
			 const struct spec_service *service)
{
	for (size_t i = 0; i < service->files_len; i++) {
		const struct spec_file_source *file =
			spec_file_find(project, service->files[i].name, service->files[i].secret);

		if (!file)
			continue;
		digest_text(digest, file->path);
		digest_text(digest, file->content);
	}
}

int service_digest(const struct spec_project *project, const struct spec_service *service,
		   char ret[DIGEST_SIZE], struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct digest digest = { 14695981039346656037u, 7809847782465536322u };
	size_t length;
	char *text;
	int r = compose_emit_service(service, true, &arena, &text, &length, err);

	if (r < 0)
		return r;
	digest_put(&digest, text, length);
	digest_networks(&digest, project, service);
	digest_files(&digest, project, service);
	(void)snprintf(ret, DIGEST_SIZE, "%016llx%016llx", (unsigned long long)digest.a,
		       (unsigned long long)digest.b);
	return 0;
}

/* ---- revisions -------------------------------------------------------------------------------------------------------- */

struct wanted_revision {
	struct supervisor *sv;
	struct service *service;
	struct revision *found;
	struct oci_error *err;
};

static int revision_row(void *ctx, const struct store_revision *row)
{
	struct wanted_revision *want = ctx;
	struct revision *revision = calloc(1, sizeof(*revision));
	struct project_work *project = project_work(want->service->project);
	struct document *document = NULL;

	if (!revision)
		return err_nomem(want->err);
	revision->number = row->number;
	(void)snprintf(revision->digest, sizeof(revision->digest), "%s", row->digest);
	/* a document that this version cannot read any more is no reason to lose the replicas */
	if (document_load(want->sv, row->project, row->document, strlen(row->document), &document,
			  NULL) == 0 &&
	    document) {
		document->next = project->documents;
		project->documents = document;
		revision->document = document;
	}
	want->found = revision;
	return 0;
}

struct revision *revision_find(struct supervisor *sv, struct service *service, uint64_t number,
			       struct oci_error *err)
{
	struct service_work *work = service_work(service);
	struct wanted_revision want = { .sv = sv, .service = service, .err = err };
	int r;

	FOR_EACH(revision, revision, work->revisions)
	if (revision->number == number)
		return revision;
	r = store_revisions(sv->store, service->project->name, service->spec->name, number,
			    revision_row, &want, err);
	if (r < 0 || !want.found) {
		if (r == 0)
			(void)err_set_as(err, ERR_NOT_FOUND, ENOENT,
					 "service %s has no revision %llu", service->spec->name,
					 (unsigned long long)number);
		return NULL;
	}
	want.found->next = work->revisions;
	work->revisions = want.found;
	return want.found;
}

struct revision *revision_current(const struct service *service)
{
	FOR_EACH(revision, revision, service_work(service)->revisions)
	if (revision->number == service->revision)
		return revision;
	return NULL;
}

bool replica_is_current(const struct replica *replica)
{
	const struct revision *current = revision_current(replica->service);
	const struct revision *own = replica_work(replica)->revision;

	if (replica->revision == replica->service->revision || !current || !own)
		return true;
	return strcmp(current->digest, own->digest) == 0;
}

/* ---- what is not needed any more ---------------------------------------------------------------------------------------- */

static void mark(struct document *document)
{
	if (document)
		document->used = true;
}

/* Steps under way have pointers into their documents. */
static bool mark_used(struct project *project)
{
	mark(project_work(project)->current);
	FOR_EACH(service, service, project->services)
	{
		mark(service_work(service)->document);
		FOR_EACH(replica, replica, service->replicas)
		{
			struct replica_work *work = replica_work(replica);

			if (work->busy != BUSY_NO || work->probe)
				return false;
			/* an adopted one has read its revision's document and the project's, both of the same words */
			mark(work->document);
			if (work->revision)
				mark(work->revision->document);
		}
	}
	return true;
}

static bool network_is_in(const struct spec_project *spec, const char *name)
{
	for (size_t i = 0; spec && i < spec->networks_len; i++)
		if (strcmp(spec->networks[i].name, name) == 0)
			return true;
	return false;
}

static void networks_leave(struct supervisor *sv, struct project *project,
			   const struct document *document)
{
	const struct spec_project *spec = document->spec;
	struct oci_error err = OCI_ERROR_INIT;

	for (size_t i = 0; i < spec->networks_len; i++) {
		bool kept = spec->networks[i].external;

		FOR_EACH(document, other, project_work(project)->documents)
		kept = kept || network_is_in(other->spec, spec->networks[i].name);
		if (!kept && net_network_remove(sv->net, &spec->networks[i], &err) < 0) {
			event_emit(sv, "network", "fail", project, NULL, NULL, -1, "%s",
				   err.message);
			err = (struct oci_error)OCI_ERROR_INIT;
		}
	}
}

static void revisions_forget(struct project *project, const struct document *document)
{
	FOR_EACH(service, service, project->services)
	{
		struct revision **place = &service_work(service)->revisions;

		while (*place) {
			struct revision *revision = *place;

			if (revision->document != document) {
				place = &revision->next;
				continue;
			}
			revision->document = NULL;
			/* the digest of the current one is still asked for */
			if (revision->number == service->revision) {
				place = &revision->next;
				continue;
			}
			*place = revision->next;
			free(revision);
		}
	}
}

void documents_collect(struct supervisor *sv, struct project *project)
{
	struct project_work *work = project_work(project);
	struct document **place = &work->documents;

	if (!work->documents || !work->documents->next)
		return;
	FOR_EACH(document, document, work->documents)
	document->used = false;
	if (!mark_used(project))
		return;
	while (*place) {
		struct document *document = *place;

		if (document->used) {
			place = &document->next;
			continue;
		}
		*place = document->next;
		revisions_forget(project, document);
		networks_leave(sv, project, document);
		document_free(document);
	}
}
