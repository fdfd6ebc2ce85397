/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.h - /metrics in the text format of Prometheus.
 */
#ifndef CARTE_SCALE_METRICS_H
#define CARTE_SCALE_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "scale/pool.h"
#include "scale/stats.h"
#include "scale/supervisor.h"

#define METRICS_BUCKETS 12

/** struct metrics_service - what has been counted since this process began. */
struct metrics_service {
	char *project, *service;
	uint64_t starts[METRICS_BUCKETS + 1]; /* by bucket; the last: above them all */
	double starts_sum;                    /* seconds */
	uint64_t restarts, ooms, decisions, failures;
};

/** struct metrics - zeroed at first. */
struct metrics {
	struct metrics_service *items;
	size_t len, size;
	struct pool pool;
	uint64_t events, requests, refused;
};

void metrics_free(struct metrics *metrics);
void metrics_event(struct metrics *metrics, struct supervisor *sv,
		   const struct supervisor_event *event);

struct scaler;

/** metrics_render - all of it, on the heap. @scaler: NULL: nothing is forecast. */
int metrics_render(struct metrics *metrics, struct stats *stats, struct supervisor *sv,
		   const struct scaler *scaler, char **ret_text, size_t *ret_length,
		   struct oci_error *err);

#endif
