/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.h - health checks of one replica: exec in the container, http and tcp from the host.
 */
#ifndef CARTE_SCALE_PROBE_H
#define CARTE_SCALE_PROBE_H

#include <netinet/in.h>

#include "scale/loop.h"
#include "scale/spec.h"

struct oci_error;
struct probe;

enum probe_health { PROBE_STARTING = 1, PROBE_HEALTHY, PROBE_UNHEALTHY };

struct probe_target {
	const struct spec_probe *spec;
	const char *runtime, *runtime_root, *id; /* exec */
	struct in_addr address;                  /* http, tcp; 0: 127.0.0.1 */
	const char *netns; /* http, tcp: probe from in there; NULL: from here */
};

/**
 * probe_start - first probe at once; while it is starting every start_interval (default 250 ms, so that a replica is ready soon after
 * it answers), afterwards every interval. @changed is told of each change of health, and of each failure in @words.
 */
int probe_start(struct loop *loop, const struct probe_target *target,
		void (*changed)(void *ctx, enum probe_health health, const char *words), void *ctx,
		struct probe **ret, struct oci_error *err);
void probe_stop(struct probe *probe); /* NULL is fine */

#endif
