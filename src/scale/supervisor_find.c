/* SPDX-License-Identifier: Apache-2.0 */
/*
 * supervisor_find.c - projects, services and replicas by what people call them.
 */
#include <string.h>

#include "scale/supervisor-private.h"

struct project *supervisor_projects(struct supervisor *sv)
{
	return sv->projects;
}

struct project *supervisor_project(struct supervisor *sv, const char *name)
{
	FOR_EACH(project, project, sv->projects)
	if (strcmp(project->name, name) == 0)
		return project;
	return NULL;
}

struct service *supervisor_service(struct supervisor *sv, const char *project_name,
				   const char *service_name)
{
	struct project *project = supervisor_project(sv, project_name);

	if (!project)
		return NULL;
	FOR_EACH(service, service, project->services)
	if (strcmp(service->spec->name, service_name) == 0)
		return service;
	return NULL;
}

/* 3: its name or whole ID, 2: one it can be by, 0: no. */
static int match(const struct replica *replica, const char *ref, size_t length)
{
	if (strcmp(replica->name, ref) == 0 || strcmp(replica->id, ref) == 0)
		return 3;
	return strncmp(replica->name, ref, length) == 0 || strncmp(replica->id, ref, length) == 0
		       ? 2
		       : 0;
}

int supervisor_replica(struct supervisor *sv, const char *ref, struct replica **ret,
		       struct oci_error *err)
{
	size_t length = strlen(ref);
	struct replica *found = NULL;
	unsigned many = 0;

	if (length == 0)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT, "a container's name is missing");
	FOR_EACH(project, project, sv->projects)
	FOR_EACH(service, service, project->services)
	FOR_EACH(replica, replica, service->replicas)
	{
		int how = match(replica, ref, length);

		/* a name can be that of one that goes and of its successor */
		if (how == 3 && replica->wanted) {
			*ret = replica;
			return 0;
		}
		if (how == 0 || (!replica->wanted && found))
			continue;
		if (found && found->wanted)
			many++;
		found = replica;
	}
	if (!found)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT, "no container '%s'", ref);
	if (many > 0)
		return err_set_as(err, ERR_NOT_FOUND, ENOTUNIQ,
				  "'%s' is the beginning of the name or ID of %u containers", ref,
				  many + 1);
	*ret = found;
	return 0;
}

const char *supervisor_runtime(const struct supervisor *sv, const struct replica *replica)
{
	const char *runtime = replica_work(replica)->spec->runtime;

	return runtime && runtime[0] == '/' ? runtime : sv->options.runtime;
}

const char *supervisor_runtime_root(const struct supervisor *sv, const struct replica *replica)
{
	(void)replica;
	return sv->runtime_root;
}
