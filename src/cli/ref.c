/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ref.c - what a word on the command line means.
 */
#include <string.h>

#include "cli/common.h"

int refs_load(struct refs *refs, struct oci_error *err)
{
	int r = client_get(&refs->containers, err, "/v1/containers?all=1");

	return r < 0 ? r : client_get(&refs->services, err, "/v1/services");
}

void refs_freep(struct refs *refs)
{
	json_freep(&refs->containers);
	json_freep(&refs->services);
	oci_arena_free(&refs->arena);
}

static void of_container(yajl_val container, struct ref *ret)
{
	*ret = (struct ref){ .container = container,
			     .id = json_text(container, "id"),
			     .name = json_text(container, "name"),
			     .project = json_text(container, "project"),
			     .service_name = json_text(container, "service") };
}

static int of_service(struct refs *refs, yajl_val service, struct ref *ret, struct oci_error *err)
{
	const char *project = json_text(service, "project"), *name = json_text(service, "name");

	*ret = (struct ref){ .service = service,
			     .id = "",
			     .name = oci_arena_printf(&refs->arena, "%s/%s", project, name),
			     .project = project,
			     .service_name = name };
	return ret->name ? 0 : err_nomem(err);
}

/* One whose @key is @text, or begins with it. More than one: *ret_more. */
static yajl_val find_container(const struct refs *refs, const char *key, const char *text,
			       bool whole, yajl_val *ret_more)
{
	size_t length = strlen(text);
	yajl_val found = NULL;

	for (size_t i = 0; i < json_count(refs->containers); i++) {
		yajl_val container = json_at(refs->containers, i);
		const char *value = json_text(container, key);

		if (whole ? strcmp(value, text) != 0 : strncmp(value, text, length) != 0)
			continue;
		if (found)
			*ret_more = container;
		else
			found = container;
	}
	return found;
}

static bool is_service(yajl_val service, const char *text)
{
	const char *project = json_text(service, "project"), *name = json_text(service, "name");
	size_t length = strlen(project);

	return strcmp(name, text) == 0 ||
	       (strncmp(text, project, length) == 0 && text[length] == '/' &&
		strcmp(text + length + 1, name) == 0);
}

/* 1: found, 0: not */
static int find_service(struct refs *refs, const char *text, struct ref *ret, struct oci_error *err)
{
	yajl_val found = NULL;

	for (size_t i = 0; i < json_count(refs->services); i++) {
		yajl_val service = json_at(refs->services, i);

		if (!is_service(service, text))
			continue;
		if (found)
			return err_set_as(err, ERR_USAGE, ENOTUNIQ,
					  "'%s' is a service of '%s' and of '%s': write PROJECT/%s",
					  text, json_text(found, "project"),
					  json_text(service, "project"), text);
		found = service;
	}
	if (!found)
		return 0;
	return of_service(refs, found, ret, err) < 0 ? -ENOMEM : 1;
}

int refs_find(struct refs *refs, const char *text, struct ref *ret, struct oci_error *err)
{
	static const char *const keys[] = { "name", "id" };
	yajl_val found = NULL, more = NULL;
	int r;

	for (size_t i = 0; !found && *text && i < ARRAY_LEN(keys); i++)
		found = find_container(refs, keys[i], text, true, &more);
	if (!found) {
		r = find_service(refs, text, ret, err);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	for (size_t i = 0; !found && *text && i < ARRAY_LEN(keys); i++)
		found = find_container(refs, keys[i], text, false, &more);
	if (!found)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT, "no container or service '%s'", text);
	if (more)
		return err_set_as(err, ERR_USAGE, ENOTUNIQ,
				  "'%s' is the beginning of '%s' and of '%s'", text,
				  json_text(found, "name"), json_text(more, "name"));
	of_container(found, ret);
	return 0;
}

bool container_runs(yajl_val container)
{
	return json_int(container, "pid", 0) > 0;
}

bool ref_means(const struct ref *ref, yajl_val container)
{
	if (!ref->service)
		return strcmp(json_text(container, "id"), ref->id) == 0;
	return strcmp(json_text(container, "project"), ref->project) == 0 &&
	       strcmp(json_text(container, "service"), ref->service_name) == 0;
}

int refs_container(struct refs *refs, const char *text, struct ref *ret, struct oci_error *err)
{
	struct ref ref = { 0 };
	int r = refs_find(refs, text, &ref, err);

	if (r < 0)
		return r;
	for (size_t i = 0; ref.service && i < json_count(refs->containers); i++) {
		yajl_val container = json_at(refs->containers, i);

		if (ref_means(&ref, container) && container_runs(container))
			of_container(container, &ref);
	}
	if (ref.service)
		return err_set_as(err, ERR_STATE, ESRCH, "no replica of '%s' runs", text);
	*ret = ref;
	return 0;
}

int refs_service(struct refs *refs, const char *text, struct ref *ret, struct oci_error *err)
{
	int r = find_service(refs, text, ret, err);

	if (r == 0)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT, "no service '%s'", text);
	return r < 0 ? r : 0;
}

int refs_service_path(struct refs *refs, const char *text, struct ref *ret, const char **ret_path,
		      struct oci_error *err)
{
	int r = refs_service(refs, text, ret, err);

	if (r < 0)
		return r;
	*ret_path = oci_arena_printf(&refs->arena, "/v1/services/%s/%s",
				     client_escape(&refs->arena, ret->project),
				     client_escape(&refs->arena, ret->service_name));
	return *ret_path ? 0 : err_nomem(err);
}

int common_container(const char *text, yajl_val *ret, struct oci_error *err)
{
	CLEANUP_REFS struct refs refs = { 0 };
	struct ref ref = { 0 };
	int r = refs_load(&refs, err);

	if (r == 0)
		r = refs_container(&refs, text, &ref, err);
	return r < 0 ? r : client_get(ret, err, "/v1/containers/%s", ref.id);
}
