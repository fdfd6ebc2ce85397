/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_project.c - /v1/projects.
 */
#include <string.h>

#include "scale/api.h"
#include "scale/compose.h"
#include "scale/view.h"

static struct project *find_project(const struct api_call *call, struct oci_error *err)
{
	struct project *project = supervisor_project(call->api->sv, call->args[0]);

	if (!project)
		(void)err_set_as(err, ERR_NOT_FOUND, ENOENT, "no project %.200s", call->args[0]);
	return project;
}

/* ---- up ---------------------------------------------------------------------------------------------------------- */

struct old_revision {
	const char *service;
	uint64_t revision;
};

struct old_revisions {
	struct old_revision *items;
	size_t len;
};

static int note_revisions(struct api_call *call, struct old_revisions *old, struct oci_error *err)
{
	struct project *project = supervisor_project(call->api->sv, call->args[0]);
	size_t count = 0;

	if (!project)
		return 0;
	for (struct service *service = project->services; service; service = service->next)
		count++;
	old->items = oci_arena_array(&call->arena, count, sizeof(*old->items));
	if (!old->items)
		return err_nomem(err);
	for (struct service *service = project->services; service; service = service->next) {
		struct old_revision *item = &old->items[old->len];

		item->service = oci_arena_strdup(&call->arena, service->spec->name);
		item->revision = service->revision;
		if (!item->service)
			return err_nomem(err);
		old->len++;
	}
	return 0;
}

static const char *change_word(const struct old_revisions *old, const struct service *service)
{
	for (size_t i = 0; i < old->len; i++)
		if (strcmp(old->items[i].service, service->spec->name) == 0)
			return old->items[i].revision == service->revision ? "unchanged"
									   : "updated";
	return "created";
}

static int is_named(yajl_val object, const char *expected, const char *where, bool *ret_named,
		    struct oci_error *err)
{
	const char *name = NULL;
	int r = YAJL_IS_OBJECT(object) ? json_get_text(object, "name", &name, err) : 0;

	if (r < 1)
		return r;
	*ret_named = true;
	if (strcmp(name, expected) != 0)
		return err_set_as(err, ERR_DOCUMENT, EINVAL, "%sname: expected %.100s, got %.100s",
				  where, expected, name);
	return 0;
}

/*
 * The address names the project; a document with another name would change that one. The normalised form has the name in x-carte, because
 * older schemas of docker's have none at the top.
 */
static int check_name(struct api_call *call, struct oci_error *err)
{
	CLEANUP_TREE yajl_val root = NULL;
	bool named = false;
	int r = json_read(call->body, call->length, &root, err);

	if (r == 0)
		r = is_named(root, call->args[0], "", &named, err);
	if (r == 0)
		r = is_named(YAJL_IS_OBJECT(root) ? json_member(root, "x-carte") : NULL,
			     call->args[0], "x-carte.", &named, err);
	if (r == 0 && !named)
		r = err_set_as(err, ERR_DOCUMENT, EINVAL, "x-carte.name: expected %.100s, got none",
			       call->args[0]);
	return r < 0 ? r : 0;
}

static int answer_changes(struct api_call *call, const struct old_revisions *old,
			  struct oci_error *err)
{
	struct project *project = supervisor_project(call->api->sv, call->args[0]);
	struct json json CLEANUP_JSON = { 0 };
	int r = json_begin(&json, err);

	if (r < 0)
		return r;
	json_map(&json, NULL);
	json_text(&json, "project", call->args[0]);
	json_list(&json, "services");
	for (struct service *s = project ? project->services : NULL; s; s = s->next) {
		json_map(&json, NULL);
		json_text(&json, "name", s->spec->name);
		json_int(&json, "revision", (int64_t)s->revision);
		json_text(&json, "change", change_word(old, s));
		json_map_end(&json);
	}
	json_list_end(&json);
	json_map_end(&json);
	return api_json(call, 200, &json, err);
}

int project_put(struct api_call *call, struct oci_error *err)
{
	struct old_revisions old = { 0 };
	bool force = false;
	int r = api_flag(call, "forceRecreate", &force, err);

	if (r == 0)
		r = check_name(call, err);
	if (r == 0)
		r = note_revisions(call, &old, err);
	if (r == 0)
		r = supervisor_up(call->api->sv, call->body, call->length, force, err);
	return r < 0 ? r : answer_changes(call, &old, err);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

int project_list(struct api_call *call, struct oci_error *err)
{
	struct json json CLEANUP_JSON = { 0 };
	int r = json_begin(&json, err);

	if (r < 0)
		return r;
	json_list(&json, NULL);
	for (struct project *p = supervisor_projects(call->api->sv); p; p = p->next) {
		unsigned services = 0;
		unsigned running = 0;

		for (struct service *s = p->services; s; s = s->next) {
			services++;
			running += view_running(s);
		}
		json_map(&json, NULL);
		json_text(&json, "name", p->name);
		json_int(&json, "services", services);
		json_int(&json, "running", running);
		json_bool(&json, "removing", p->removing);
		json_map_end(&json);
	}
	json_list_end(&json);
	return api_json(call, 200, &json, err);
}

int project_get(struct api_call *call, struct oci_error *err)
{
	struct json json CLEANUP_JSON = { 0 };
	struct project *project = find_project(call, err);
	char *text = NULL;
	size_t length = 0;
	int r;

	if (!project)
		return -ENOENT;
	r = compose_emit(project->spec, &call->arena, &text, &length, err);
	if (r == 0)
		r = json_begin(&json, err);
	if (r < 0)
		return r;
	json_map(&json, NULL);
	json_text(&json, "name", project->name);
	json_raw(&json, "document", text, length);
	json_map_end(&json);
	return api_json(call, 200, &json, err);
}

int project_delete(struct api_call *call, struct oci_error *err)
{
	bool volumes = false;
	int r = api_flag(call, "volumes", &volumes, err);

	if (r < 0)
		return r;
	if (!find_project(call, err))
		return -ENOENT;
	r = supervisor_down(call->api->sv, call->args[0], volumes, err);
	return r < 0 ? r : api_empty(call, 202, err);
}

/* ---- wait -------------------------------------------------------------------------------------------------------- */

static int settled(struct api_call *call, struct oci_error *err)
{
	char words[1024] = "";
	struct project *project = supervisor_project(call->api->sv, call->args[0]);
	bool done =
		!project || supervisor_settled(call->api->sv, call->args[0], words, sizeof(words));
	struct json json CLEANUP_JSON = { 0 };
	int r;

	/* one that is on its way out is settled when it is gone, or has a reason for not going */
	if (project && project->removing && !*words)
		done = false;
	if (!done && !call->late)
		return 1;
	r = json_begin(&json, err);
	if (r < 0)
		return r;
	json_map(&json, NULL);
	json_bool(&json, "settled", done);
	json_text(&json, "words", words);
	json_map_end(&json);
	return api_json(call, 200, &json, err);
}

int project_wait(struct api_call *call, struct oci_error *err)
{
	uint64_t timeout = 60;
	int r = api_number(call, "timeout", 3600, &timeout, err);

	if (r == 0)
		r = settled(call, err);
	return r == 1 ? api_wait(call, settled, (int64_t)timeout * 1000) : r;
}
