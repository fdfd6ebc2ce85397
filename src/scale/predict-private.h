/* SPDX-License-Identifier: Apache-2.0 */
/*
 * predict-private.h - what is learned of a service, between predict.c (learning, the gate, the plan), predict_candidates.c (simulation)
 * and predict_save.c.
 */
#ifndef CARTE_SCALE_PREDICT_PRIVATE_H
#define CARTE_SCALE_PREDICT_PRIVATE_H

#include "scale/predict.h"

struct predict {
	uint32_t unit;                 /* what the load is counted in */
	struct forecaster *forecaster; /* NULL: nothing was measured yet */
	unsigned minute;               /* of the week, that is being gathered */
	bool begun;
	double sum;
	unsigned count;                /* of values of this minute */
	uint64_t minutes;              /* that have passed, measured or not */
	uint64_t learned;              /* that were measured */
	double load;                   /* last one that was; NaN: none */
	double recent[FORECAST_KINDS]; /* losses; NaN: not known */
	float delays[PREDICT_DELAYS];  /* a ring, seconds */
	unsigned delays_next, delays_len;
	int64_t ready_ms; /* of the newest of them */
	/* not kept over a restart */
	struct predict_past past[PREDICT_PAST]; /* a ring, by minute */
	float upper[FORECAST_HORIZON_MAX + 1];  /* a ring, by minute: said of it */
	struct predict_plan plan;
};

/** predict_simulate - fill the candidates of @plan, whose paths are there, from @low to @high. 0 or -ENOMEM. */
int predict_simulate(const struct predict *predict, const struct predict_now *now,
		     struct predict_plan *plan, unsigned low, unsigned high);
/** predict_start_delay - quantile @q of the measured ones, seconds. */
double predict_start_delay(const struct predict *predict, double q);

#endif
