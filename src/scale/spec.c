/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spec.c - lookups in a project, and words.
 */
#include <string.h>

#include "scale/spec.h"

const char *const spec_scale_policies[] = {
	[SPEC_SCALE_MANUAL] = "manual",     [SPEC_SCALE_TARGET] = "target",
	[SPEC_SCALE_CALENDAR] = "calendar", [SPEC_SCALE_PREDICT] = "predict",
	[SPEC_SCALE_PREDICT + 1] = NULL,
};

bool spec_scale_measures(const struct spec_scale *scale)
{
	return scale->policy == SPEC_SCALE_TARGET || scale->policy == SPEC_SCALE_PREDICT;
}

const struct spec_service *spec_service_find(const struct spec_project *project, const char *name)
{
	for (size_t i = 0; i < project->services_len; i++)
		if (strcmp(project->services[i].name, name) == 0)
			return &project->services[i];
	return NULL;
}

const struct spec_network *spec_network_find(const struct spec_project *project, const char *key)
{
	for (size_t i = 0; i < project->networks_len; i++)
		if (strcmp(project->networks[i].key, key) == 0)
			return &project->networks[i];
	return NULL;
}

const struct spec_volume *spec_volume_find(const struct spec_project *project, const char *key)
{
	for (size_t i = 0; i < project->volumes_len; i++)
		if (strcmp(project->volumes[i].key, key) == 0)
			return &project->volumes[i];
	return NULL;
}

const struct spec_file_source *spec_file_find(const struct spec_project *project, const char *name,
					      bool secret)
{
	for (size_t i = 0; i < project->files_len; i++)
		if (project->files[i].secret == secret && strcmp(project->files[i].name, name) == 0)
			return &project->files[i];
	return NULL;
}

int64_t spec_whole_cpu(const struct spec_service *service)
{
	const struct spec_resources *needs = &service->resources;

	if (needs->cpu_milli > 0)
		return needs->cpu_milli;
	return needs->cpu_reserved_milli > 0 ? needs->cpu_reserved_milli : 1000;
}

unsigned spec_first_number(const struct spec_service *spec, unsigned calendar)
{
	int64_t wanted = spec->replicas, least = spec->scale.min;

	if (!spec->scale.given || spec->scale.policy == SPEC_SCALE_MANUAL)
		return (unsigned)wanted;
	if (least < calendar)
		least = calendar;
	if (wanted < least)
		wanted = least;
	return (unsigned)(wanted > spec->scale.max ? spec->scale.max : wanted);
}
