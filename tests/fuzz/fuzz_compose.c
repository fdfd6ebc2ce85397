/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_compose.c - a Compose file.
 *
 * Whatever is read is written so that it reads as the same, as JSON and as YAML; whatever is not leaves one line with its place.
 * env_file is read from a folder that is not there, so that no file is.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scale/autoscale.h"
#include "scale/compose.h"
#include "ocispec-fuzz.h"

static void check(const struct spec_project *project)
{
	EXPECT(*project->name && *project->directory == '/');
	for (size_t i = 0; i < project->services_len; i++) {
		const struct spec_service *service = &project->services[i];

		EXPECT(*service->name && *service->image);
		EXPECT(service->replicas >= 0 && service->replicas <= 1000);
		EXPECT(service->scale.min <= service->scale.max);
		EXPECT(service->replicas <= service->scale.max || !service->scale.given);
		for (size_t j = 0; j < service->ports_len; j++)
			EXPECT(service->ports[j].target);
		for (size_t j = 0; j < service->mounts_len; j++)
			EXPECT(service->mounts[j].target[0] == '/');
		for (size_t j = 0; j < service->networks_len; j++)
			EXPECT(spec_network_find(project, service->networks[j].network));
		for (size_t j = 0; j < service->depends_on_len; j++)
			EXPECT(spec_service_find(project, service->depends_on[j].service));
		for (size_t j = 0; j < service->scale.calendar_len; j++)
			EXPECT(calendar_check(service->scale.calendar[j].cron, NULL) == 0);
	}
}

static void check_again(const char *text, size_t length, const char *expected)
{
	const struct compose_options options = { .directory = "/elsewhere", .normalised = true };
	struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct spec_project *project;
	char *again;

	EXPECT(compose_load("normalised", text, length, &options, &arena, &project, &err) == 0);
	EXPECT(compose_emit(project, &arena, &again, &length, &err) == 0);
	EXPECT(strcmp(again, expected) == 0);
	oci_arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *environment[] = { (char *)"A=value", (char *)"EMPTY=", (char *)"HOME=/home",
				       NULL };
	const struct compose_options options = {
		.directory = "/nonexistent/of/fuzzing",
		.environment = environment,
		.profiles = (const char *const[]){ "a", NULL },
	};
	struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct spec_project *project = NULL;
	char *json, *yaml;
	size_t length, yaml_length;
	int r = compose_load("compose.yaml", (const char *)data, size, &options, &arena, &project,
			     &err);

	EXPECT(err.code == -r && !strchr(err.message, '\n') && !r == !err.message[0]);
	EXPECT(r == 0 || r == -EINVAL);
	EXPECT(r == 0 || strncmp(err.message, "compose.yaml:", strlen("compose.yaml:")) == 0);
	if (r == 0) {
		check(project);
		EXPECT(compose_emit(project, &arena, &json, &length, &err) == 0);
		EXPECT(compose_emit_yaml(project, &arena, &yaml, &yaml_length, &err) == 0);
		/* written out it may become larger than a file may be */
		if (length < 900000 && yaml_length < 900000) {
			check_again(json, length, json);
			check_again(yaml, yaml_length, json);
		}
	}
	oci_arena_free(&arena);
	return 0;
}
