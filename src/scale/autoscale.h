/* SPDX-License-Identifier: Apache-2.0 */
/*
 * autoscale.h - the decision: one pure function of metrics, history and limits. No clock, no I/O: the simulator calls the same one.
 */
#ifndef CARTE_SCALE_AUTOSCALE_H
#define CARTE_SCALE_AUTOSCALE_H

#include "scale/spec.h"

struct oci_arena;
struct oci_error;

/** struct autoscale_metric - what was measured for spec_scale.metrics[i]. */
struct autoscale_metric {
	bool failed;        /* nothing could be measured at all */
	double average;     /* over the ready replicas that have a value */
	unsigned known;     /* ready replicas with a value */
	unsigned missing;   /* ready replicas without one */
	unsigned not_ready; /* replicas that are still starting */
};

#define AUTOSCALE_HISTORY 256

/** struct autoscale_history - past recommendations and changes; zeroed at first, kept by the caller. */
struct autoscale_history {
	struct autoscale_past {
		int64_t at_ms;
		unsigned recommended, before, after; /* of the step that was taken then */
	} past[AUTOSCALE_HISTORY];                   /* a ring */
	unsigned next, count;
};

/** struct autoscale_forecast - of policy predict. It only raises; minimum, maximum and the host win. */
struct autoscale_forecast {
	unsigned floor;    /* replicas that it asks for at least; 0: for nothing */
	bool act;          /* false: it is only told */
	const char *why;   /* where from, for people */
	const char *facts; /* JSON object for the inputs; NULL: none */
};

struct autoscale_input {
	const struct spec_scale *scale;
	int64_t now_ms;   /* monotonic, for windows and rates */
	int64_t clock_s;  /* CLOCK_REALTIME seconds, for the calendar (local time) */
	unsigned current; /* wanted now */
	const struct autoscale_metric *metrics;    /* as many as scale->metrics */
	unsigned admissible;                       /* how many the pool can carry */
	bool veto_growth;                          /* the host is short of memory */
	bool crash_looping;                        /* replicas keep failing: no growth */
	const struct autoscale_forecast *forecast; /* NULL: none */
};

struct autoscale_decision {
	unsigned wanted;      /* the decision */
	unsigned recommended; /* before windows, rates, limits */
	unsigned would;       /* what it would be if the forecast acted */
	const char *why;      /* one line: which metric, ratio, what held it back */
	const char *inputs;   /* JSON object */
};

/** autoscale_decide - @history is read, and the step recorded in it. Text comes from @arena. 0 or -ENOMEM. */
int autoscale_decide(const struct autoscale_input *input, struct autoscale_history *history,
		     struct oci_arena *arena, struct autoscale_decision *ret);

/** calendar_minimum - the largest minimum whose window is open at @clock_s; 0: none. *ret_next: when it changes next, or 0. */
unsigned calendar_minimum(const struct spec_calendar *entries, size_t count, int64_t clock_s,
			  int64_t *ret_next);
/** calendar_check - five fields of crontab(5); 0, or -EINVAL with words that name the field. */
int calendar_check(const char *cron, struct oci_error *err);

#endif
