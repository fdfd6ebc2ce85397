/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulate.h - what a service would do under a load: from its document, a trace and what was measured here to a run of devs/service_sim.h.
 */
#ifndef CARTE_SCALE_SIMULATE_H
#define CARTE_SCALE_SIMULATE_H

#include <stdio.h>

#include "devs/service_sim.h"
#include "scale/spec.h"
#include "scale/store.h"
#include "scale/trace.h"

/** struct measured - of a service, by the supervisor of this machine: seconds, by kind. */
struct measured {
	struct sim_times kinds[STORE_TIMINGS];
};

/** measured_read - of a state folder. -ENOENT with words: nothing, or not enough: a service must have become ready once. */
int measured_read(const char *state_dir, const char *project, const char *service,
		  struct oci_arena *arena, struct measured *ret, struct oci_error *err);

/** struct simulate_plan - what is asked for. */
struct simulate_plan {
	const struct spec_service *service;
	struct spec_scale scale; /* with the policy that is simulated; manual: a fixed number */
	unsigned replicas;       /* at the beginning */
	const struct trace *trace;
	double step;     /* seconds of a line of the trace */
	double horizon;  /* seconds */
	double capacity; /* what one replica carries in a step */
	unsigned slots;  /* requests that it serves at a time */
	bool share;      /* requests that it serves share its processor */
	bool regular;    /* requests come at equal distances, as those of a load generator */
	bool constant;   /* each request is as much work as the others */
	double patience, start_delay, mttf;
	double cores, memory; /* of the pool */
	int64_t begin;        /* CLOCK_REALTIME seconds, for the calendar */
	double weight;        /* a replica-hour of work that was violated costs so many */
	unsigned seed, replications;
	const struct measured *measured; /* NULL: @start_delay tells how long a start takes */
};

struct simulate_outcome {
	const struct simulate_plan *plan;
	struct sim_result first; /* with its rows, a minute each */
	struct sim_summary mean;
	double work; /* mean seconds of a request */
	double cost; /* replica-hours; of the first */
};

#define SIMULATE_ROW_S 60.0

/** simulate_check - a metric that cannot be simulated is told. 0 or -ENOTSUP with words. */
int simulate_check(const struct simulate_plan *plan, struct oci_error *err);
int simulate_run(const struct simulate_plan *plan, struct simulate_outcome *ret,
		 struct oci_error *err);
void simulate_outcome_free(struct simulate_outcome *outcome);

/* ---- the ways in which it is told ------------------------------------------------------------------------------------------ */

void simulate_print(const struct simulate_outcome *outcome, FILE *out);
void simulate_csv(const struct simulate_outcome *outcome, FILE *out);
void simulate_svg(const struct simulate_outcome *outcome, FILE *out);
int simulate_json(const struct simulate_outcome *outcome, FILE *out, struct oci_error *err);

/** struct spread - of durations, seconds. */
struct spread {
	size_t len;
	double mean, p50, p95, max;
};
/** spread_of - all 0 without values. 0 or -ENOMEM. */
int spread_of(const double *values, size_t len, struct spread *ret);

#endif
