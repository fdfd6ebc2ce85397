/* SPDX-License-Identifier: Apache-2.0 */
/*
 * predict.h - the policy `predict` for one service: what is learned of its load, and for how many replicas that asks. No clock, no
 * I/O.
 *
 * The load is one number: replicas on target. Of each metric it is the sum over the ready replicas, over the target; of several metrics
 * the largest. It is what the rule would have, could it have replicas at once and in parts.
 *
 * Each minute its mean goes into the forecasts (devs/forecast.h). If one of them has been better than the last value, of late and now, the
 * numbers of replicas from what the load needs now to what its upper quantiles need over the horizon are simulated
 * (devs/service_sim.h), from the replicas that there are. The one of the least expected cost is the floor under what the rule wants:
 * a forecast only raises.
 *
 * The horizon is the measured start delay, the control period (a minute: forecasts change no faster) and the drain: what is not asked
 * for now is not ready before its end. A start costs its time in any case, now or a minute later, so a candidate pays for the time
 * that its replicas are ready, for load that no ready replica takes, and for starts.
 *
 * What the calendar says of the horizon is known, not forecast: its minimum counts so much before its window opens that replicas are
 * ready then.
 *
 * A replica carries, in per cent of its target: what the spec says, else 100 per cent of use for cpu, memory, pressure and throttling,
 * and the target with its tolerance for numbers that it serves; the least of all metrics.
 */
#ifndef CARTE_SCALE_PREDICT_H
#define CARTE_SCALE_PREDICT_H

#include "devs/forecast.h"
#include "scale/spec.h"

struct json;
struct predict;

#define PREDICT_DELAYS 32       /* start delays that are kept */
#define PREDICT_CANDIDATES 8    /* numbers that are simulated */
#define PREDICT_PATHS 3         /* quantiles of the load that each is simulated with */
#define PREDICT_PAST 60         /* minutes that are shown */
#define PREDICT_LEARN 120       /* measured minutes before a forecast may speak */
#define PREDICT_LASTS_MS 180000 /* a floor is of use for so long */
/* that a plan simulates at most */
#define PREDICT_TRANSITIONS 300000

struct predict_candidate {
	unsigned replicas;
	double late;  /* replica-seconds of load that waited too long or found nobody, expected */
	double ready; /* replica-seconds that replicas are ready, expected */
	unsigned starts;
	double cost; /* replica-seconds */
};

/** struct predict_plan - the last decision, and what it was made from. */
struct predict_plan {
	int64_t at_ms; /* loop's clock; 0: none was made */
	bool open;     /* the gate: a forecast is believed */
	char gate[160], why[160];
	enum forecast_kind model;
	double load; /* of the last minute that was measured */
	double start_s, control_s, drain_s, horizon_s;
	unsigned minutes;             /* the horizon's, begun ones counted */
	double levels[PREDICT_PATHS]; /* quantiles, and the probability of each path */
	double shares[PREDICT_PATHS];
	double paths[PREDICT_PATHS][FORECAST_HORIZON_MAX]; /* load of each minute of the horizon */
	struct predict_candidate candidates[PREDICT_CANDIDATES];
	size_t candidates_len;
	uint64_t transitions; /* that were simulated: what the plan cost, on any machine */
	unsigned calendar;    /* the largest minimum within the horizon; 0: none */
	unsigned floor;       /* replicas; 0: it asks for nothing */
};

/** struct predict_past - a minute: what was forecast for it a horizon before, and what came; NaN: not known. */
struct predict_past {
	float upper, load;
};

/** predict_new - that has learned nothing. 0 or -ENOMEM. */
int predict_new(struct predict **ret);
void predict_free(struct predict *predict);

/**
 * predict_unit - what the load is counted in from now on, a number of the caller's for it. Another than before: what was learned of the
 * load is of no use, and forgotten; start delays stay.
 */
void predict_unit(struct predict *predict, uint32_t unit);

/**
 * predict_measure - the load of a round, NaN: it could not be measured. @clock_s: CLOCK_REALTIME; minutes are those of local time.
 * Return: 1: a minute has ended and is learned, a decision is due; 0; -ENOMEM.
 */
int predict_measure(struct predict *predict, int64_t clock_s, double load);
/** predict_started - a replica was ready @seconds after it was asked for; @ready_ms: when, to count each once. */
void predict_started(struct predict *predict, int64_t ready_ms, double seconds);
/** predict_started_last - the newest @ready_ms; 0: none. */
int64_t predict_started_last(const struct predict *predict);

/** struct predict_now - the present. */
struct predict_now {
	const struct spec_scale *scale;
	int64_t now_ms;   /* loop's clock */
	int64_t clock_s;  /* CLOCK_REALTIME */
	unsigned current; /* wanted now */
	unsigned ready;
	const double *ages; /* of those that start: seconds since each was asked for */
	size_t starting;
	unsigned most; /* that may be asked for: the maximum, and what the host can carry */
};

/** predict_decide - make a new plan. 0 or -ENOMEM: then the last one stays. */
int predict_decide(struct predict *predict, const struct predict_now *now);
/** predict_last - at_ms 0: none yet. */
const struct predict_plan *predict_last(const struct predict *predict);
/** predict_floor - of the last plan, while it is of use. */
unsigned predict_floor(const struct predict *predict, int64_t now_ms);

/** predict_capacity - what a replica carries, in multiples of its target. */
double predict_capacity(const struct spec_scale *scale);
/** predict_loss - of a model, in replicas: with a half-life of a day; @recent: of a quarter of an hour. NaN: not known. */
double predict_loss(const struct predict *predict, enum forecast_kind kind, bool recent);
/** predict_learned - measured minutes. */
uint64_t predict_learned(const struct predict *predict);
/** predict_past - of @back minutes ago, 0 ... PREDICT_PAST - 1; 0: the last one. */
struct predict_past predict_past(const struct predict *predict, unsigned back);
/** predict_memory - bytes that it takes. */
size_t predict_memory(const struct predict *predict);

/** predict_save - all that was learned, on the heap; predict_load - 0, -EINVAL (damaged, or of another version), -ENOMEM. */
int predict_save(const struct predict *predict, void **ret, size_t *ret_length);
int predict_load(const void *bytes, size_t length, struct predict **ret);

/** predict_facts - the members of the plan: model, gate, losses, horizon, candidates; the object is the caller's. */
void predict_facts(struct json *json, const struct predict *predict,
		   const struct spec_scale *scale);
/** predict_series - members "ahead" and "past": forecasts of the next minutes, and the last minutes. */
void predict_series(struct json *json, const struct predict *predict);

#endif
