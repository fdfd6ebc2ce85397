/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view.h - projects, services and replicas as the API's JSON.
 */
#ifndef CARTE_SCALE_VIEW_H
#define CARTE_SCALE_VIEW_H

#include "scale/json.h"
#include "scale/model.h"

/** view_clock_ms - CLOCK_REALTIME. */
int64_t view_clock_ms(void);

/** view_is_running - its program runs, healthy or not. */
bool view_is_running(const struct replica *replica);
unsigned view_running(const struct service *service);

/** view_replica_names - members id, name, project, service. */
void view_replica_names(struct json *json, const struct replica *replica);

/** struct view_command - the last command that was read from a bundle: replicas of one revision share theirs. Zeroed at first. */
struct view_command {
	const struct service *service;
	uint64_t revision;
	char text[256];
};

/* The members of CONTAINER and SERVICE; the object is the caller's. @with_count: "replicas" is their number, not a list to come. */
void view_replica(struct json *json, const struct replica *replica, struct view_command *command);
void view_service(struct json *json, const struct service *service, bool with_count);

/** view_bundle - the members mounts (of the service), env and config (of config.json in the bundle: empty and null without it). */
void view_bundle(struct json *json, const struct replica *replica);

#endif
