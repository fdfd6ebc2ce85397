/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forecast-private.h - a model's state, between forecast.c (what all models share), forecast_model.c (what differs) and forecast_save.c.
 */
#ifndef CARTE_DEVS_FORECAST_PRIVATE_H
#define CARTE_DEVS_FORECAST_PRIVATE_H

#include "devs/forecast.h"

#define WEEK_MINUTES 10080u
#define DAY_MINUTES 1440u
#define SEASON_STEP 5u
#define PROFILE_STEP 15u
#define PROFILE_WEEKS 4u

/* Errors from 0.001 to some millions, each bin a quarter wider than the one before; negative ones mirrored, the middle is "none". */
#define ERROR_SIDE 100
#define ERROR_BINS (2 * ERROR_SIDE + 1)
#define ERROR_LEAST 1e-3f
#define ERROR_GROWTH 1.25f

struct forecast {
	struct forecast_params params;
	unsigned horizon;
	double q;
	unsigned minute; /* of the week, of the next value */
	uint64_t count;  /* minutes that were observed, measured or not */
	double last;     /* value; NaN: none yet */
	double level, trend;
	/* the season's or the profile's numbers; NaN: not known yet */
	uint32_t table_len;
	float *table;
	/* the bin of the table that is being filled for the first time */
	double bin_sum;
	unsigned bin_count;
	bool bin_fresh;
	/* errors: for each number of minutes ahead */
	float *errors;     /* [horizon][ERROR_BINS] */
	double error_step; /* weight of the next error */
	float *said;       /* [horizon][horizon] points: of ring place, of minutes ahead - 1 */
	float *said_q;     /* [horizon] quantiles of the horizon */
	double loss, loss_weight, last_loss;
};

/** model_table_len - numbers in the table of a kind. */
uint32_t model_table_len(enum forecast_kind kind);
/** model_update - with the value of minute forecast->minute. */
void model_update(struct forecast *f, double value);
/** model_point - of forecast->minute + @ahead - 1. */
double model_point(const struct forecast *f, unsigned ahead);
/** profile_quantile - of a profile's own table; NaN: it knows nothing of that time. */
double profile_quantile(const struct forecast *f, unsigned ahead, double q);

#endif
