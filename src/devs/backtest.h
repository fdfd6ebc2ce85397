/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backtest.h - what a policy of scaling would have done to a load that was recorded: replicas, load that found none, their price.
 *
 * The model is a fluid one, in ticks of 15 s. Load arrives at a constant rate within a minute; a replica serves @capacity of it and takes
 * @start_delay_s to be ready; it leaves at once. Load above the ready capacity is lost (a violation), never queued. The rule sees a
 * utilisation that cannot exceed 1 and is @metric_age_s old; forecasts see the load that was offered, equally old. Replicas cost from
 * the moment that they are asked for.
 *
 * Pure computation; equal inputs give equal results.
 */
#ifndef CARTE_DEVS_BACKTEST_H
#define CARTE_DEVS_BACKTEST_H

#include <stdbool.h>
#include <stddef.h>

#include "devs/forecast.h"

#define BACKTEST_TICK_S 15u
#define BACKTEST_TICKS_A_MINUTE 4u

/** struct backtest_setup - the load and the machine. */
struct backtest_setup {
	const double *load; /* of each minute; finite, not negative */
	size_t minutes;
	size_t train_minutes; /* a whole number of days: parameters are fixed by these alone */
	double capacity;      /* load that one replica serves; > 0 */
	unsigned min, max;    /* replicas */
	double start_delay_s;
	double metric_age_s;  /* rounded up to ticks, at least one */
	double window_down_s; /* the rule's: no fewer than the most that was right within it */
	double tolerance;     /* the rule's: 0.1 */
	bool offered;         /* the rule sees the offered load: its utilisation may exceed 1 */
	unsigned kinds;       /* of forecasts: a bit each, FORECAST_ALL */
	double weight; /* a replica-hour of lost load costs as much as so many replica-hours */
};

/** struct backtest_day - sums over one day. */
struct backtest_day {
	double load, lost; /* replica-hours of load, and those that no ready replica took */
	double hours;      /* of replicas */
	unsigned actions;  /* changes of the number */
};

struct backtest_result {
	struct backtest_day *days;
	size_t len; /* also a day that is not whole */
};

/** backtest_cost - what days @first ... cost: replica-hours and what was lost. */
double backtest_cost(const struct backtest_setup *setup, const struct backtest_result *result,
		     size_t first);
void backtest_result_free(struct backtest_result *result);

/* ---- policies; 0, -EINVAL (a setup that makes no sense), -ENOMEM ------------------------------------------------------------ */

/** backtest_constant - @replicas, always. */
int backtest_constant(const struct backtest_setup *setup, unsigned replicas,
		      struct backtest_result *ret);
/** backtest_peak - the fewest replicas that lose nothing if there are always as many. */
unsigned backtest_peak(const struct backtest_setup *setup);
/** backtest_oracle - the fewest that lose nothing, by one who knows the load and the start delay. */
int backtest_oracle(const struct backtest_setup *setup, struct backtest_result *ret);
/**
 * backtest_rule - the rule of the HPA at a target utilisation.
 * @floor: NULL, or of each minute the load that a forecast wants to be ready for: it only raises
 */
int backtest_rule(const struct backtest_setup *setup, double target, const float *floor,
		  struct backtest_result *ret);

/** struct backtest_candidate - a rule with a forecast below it. */
struct backtest_candidate {
	double target;
	const float *floor;
};

/** struct backtest_gate - when the policy `predict` may leave the rule that was tuned. */
struct backtest_gate {
	const struct backtest_candidate *candidates;
	size_t len;
	double tuned;         /* target of the rule that it falls back to */
	double half_life_min; /* of the costs that are compared */
	double margin;        /* a candidate must have cost less by this part */
	double limit; /* all of it together may not cost more than the tuned rule by more than this part */
	double bound; /* nor may a surprise bring it beyond this one before it is mended; >= limit */
};

/**
 * backtest_predict - each candidate and the tuned rule are followed in this model, with what was measured: what they would have
 * done and cost of late. Every hour the cheapest candidate takes over if it is cheaper than the tuned rule by the margin; otherwise
 * the tuned rule does. What forecasts have cost more than the tuned rule behind the training is counted, with what they have saved: at
 * @limit of the tuned rule's cost of those days they are out at once, until half of that is left; and the number is never so far from
 * the tuned rule's that one surprise could cost more than @bound leaves.
 * @ret_on: part of the time behind the training in which a forecast was in charge; may be NULL
 */
int backtest_predict(const struct backtest_setup *setup, const struct backtest_gate *gate,
		     struct backtest_result *ret, double *ret_on);

/** backtest_tune - of @targets the one that costs least over the training part. */
int backtest_tune(const struct backtest_setup *setup, const double *targets, size_t len,
		  double *ret);

/* ---- forecasts --------------------------------------------------------------------------------------------------------------- */

#define BACKTEST_QUANTILES 5
extern const double backtest_quantiles[BACKTEST_QUANTILES];

/** struct backtest_forecast - what was forecast at every minute of the trace, parameters fitted to the training part. */
struct backtest_forecast {
	unsigned horizon; /* minutes ahead that a decision looks: start delay, age, a minute */
	double unit;      /* of the load, in which models see it */
	struct forecast_params params[FORECAST_KINDS];
	float *floor
		[BACKTEST_QUANTILES]; /* of each minute: the most over the horizon; 0 while nothing beats persistence */
	struct backtest_score {
		double wape;     /* sum of |error| over sum of load */
		double pinball;  /* mean, at the quantile below */
		double coverage; /* part of the minutes at or below the quantile */
		bool used;
		double chosen; /* part of the minutes in which it spoke */
	} scores[FORECAST_KINDS +
		 1];  /* behind the training, @horizon minutes ahead; the last: of the choice */
	size_t bytes; /* that a service's forecasts take */
};

#define BACKTEST_SCORE_QUANTILE 0.95

int backtest_fit(const struct backtest_setup *setup, struct backtest_forecast *ret);
int backtest_forecast(const struct backtest_setup *setup, struct backtest_forecast *forecast);
void backtest_forecast_free(struct backtest_forecast *forecast);

/* ---- numbers ------------------------------------------------------------------------------------------------------------------- */

/** struct backtest_summary - the days behind the training. Intervals hold 95 % of what days drawn with replacement give. */
struct backtest_summary {
	double lost, lost_low, lost_high;    /* percent of the load */
	double hours, hours_low, hours_high; /* replica-hours over the oracle's */
	double cost; /* over the oracle's hours, see backtest_setup.weight */
	double against, against_low, against_high; /* cost over the reference's */
	double actions;                            /* a day */
};

/** backtest_summarise - @reference: what `against` compares with; results of the same setup. */
void backtest_summarise(const struct backtest_setup *setup, const struct backtest_result *result,
			const struct backtest_result *oracle,
			const struct backtest_result *reference, struct backtest_summary *ret);

/** struct backtest_point - of a curve of lost load against hours. */
struct backtest_point {
	double hours, lost;
};

/**
 * backtest_at_cost - what a policy between @points would lose at @hours: straight lines between the points, which are what running
 * the one for a part of the time and the other for the rest gives. NaN: outside of the curve.
 */
double backtest_at_cost(const struct backtest_point *points, size_t len, double hours);
/** backtest_at_loss - the hours that it takes to lose no more than @lost. */
double backtest_at_loss(const struct backtest_point *points, size_t len, double lost);

#endif
