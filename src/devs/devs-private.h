/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devs-private.h - the flat network, between devs.c (simulation) and coupled.c (construction).
 */
#ifndef CARTE_DEVS_PRIVATE_H
#define CARTE_DEVS_PRIVATE_H

#include "devs/devs.h"

struct devs_route {
	uint32_t out_port;
	uint32_t to;
	uint32_t in_port;
};

struct devs_model {
	double next, last;
	const struct devs_class *class;
	void *state;
	uint32_t place; /* in the heap */
	bool active, imminent;
	uint32_t routes_len;
	struct devs_route *routes;
	struct devs_event *bag;
	size_t bag_len, bag_size;
};

struct devs {
	double now;
	uint64_t transitions;
	struct devs_model *models; /* in Select order */
	size_t len;
	uint32_t *heap;
	uint32_t *active; /* of the step that is being done */
	size_t active_len;
	struct devs_route *inputs; /* out_port: of the root's inputs */
	size_t inputs_len;
	struct devs_trace trace;
	int failure;
};

struct devs_output {
	struct devs *devs;
	uint32_t model;
};

/** devs_start - first times of all models; 0 or -EINVAL. */
int devs_start(struct devs *devs, double start);

#endif
