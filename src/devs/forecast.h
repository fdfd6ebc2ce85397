/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forecast.h - what the load of the next minutes will be: one value per minute goes in, points and upper quantiles come out.
 *
 * Pure computation, online, with no history kept: a model is its few numbers, its season, and for each number of minutes ahead
 * a histogram of its own errors that forgets with a half-life of a day. An upper quantile is the point plus that quantile of the errors: "95 %
 * of the time the load was at most that much above the forecast".
 *
 * Models (Gardner and McKenzie 1985 for the damped trend, Winters 1960 for the seasons):
 *   persistence   the last value; the reference which the others must beat
 *   holt          level and damped trend
 *   daily         the same and a season of 1440 minutes, in steps of 5
 *   weekly        the same and a season of 10080 minutes, in steps of 5
 *   profile       the time of the week: quantiles of the last four weeks, in steps of 15 minutes
 */
#ifndef CARTE_DEVS_FORECAST_H
#define CARTE_DEVS_FORECAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum forecast_kind {
	FORECAST_PERSISTENCE,
	FORECAST_HOLT,
	FORECAST_DAILY,
	FORECAST_WEEKLY,
	FORECAST_PROFILE,
	FORECAST_KINDS,
};

#define FORECAST_HORIZON_MAX 60 /* minutes ahead */

/** struct forecast_params - of one model; all in 0 ... 1. Errors smooth the level by alpha, the trend by alpha x beta, the season by gamma. */
struct forecast_params {
	enum forecast_kind kind;
	double alpha, beta, phi, gamma;
	bool rooted; /* errors grow with the square root of the load, as those of counts do */
};

struct forecast;

/** forecast_word - "holt". */
const char *forecast_word(enum forecast_kind kind);
/** forecast_defaults - for a service of which nothing is known yet. */
struct forecast_params forecast_defaults(enum forecast_kind kind);

/**
 * forecast_new - a model that has seen nothing.
 * @horizon: 1 ... FORECAST_HORIZON_MAX, how far ahead it will be asked; its loss is that of this horizon
 * @q: of the loss, 0 < q < 1
 * @minute: of the week, 0 ... 10079, at which the first value is
 * 0, -EINVAL or -ENOMEM.
 */
int forecast_new(const struct forecast_params *params, unsigned horizon, double q, unsigned minute,
		 struct forecast **ret);
void forecast_free(struct forecast *forecast);
/** forecast_observe - the value of the next minute; NaN: it was not measured. */
void forecast_observe(struct forecast *forecast, double value);
/** forecast_point - @ahead minutes after the last value, 1 ... horizon; never negative. */
double forecast_point(const struct forecast *forecast, unsigned ahead);
/** forecast_quantile - that which the load will stay under with probability @q. */
double forecast_quantile(const struct forecast *forecast, unsigned ahead, double q);
/** forecast_loss - pinball loss at q and horizon, a mean with a half-life of a day; NaN before the first. */
double forecast_loss(const struct forecast *forecast);
/** forecast_last_loss - of the last value alone; NaN: nothing was forecast for it. */
double forecast_last_loss(const struct forecast *forecast);
const struct forecast_params *forecast_params(const struct forecast *forecast);
unsigned forecast_horizon(const struct forecast *forecast);
/**
 * forecast_stretch - the same model for a longer horizon, with all that it has learned: what it does not know yet of the errors of minutes
 * so far ahead is taken from the farthest that it does. @forecast stays. 0, -EINVAL (not longer, or too long), -ENOMEM.
 */
int forecast_stretch(const struct forecast *forecast, unsigned horizon, struct forecast **ret);

/** forecast_pinball - what it costs to have said @forecast where @value came. */
double forecast_pinball(double q, double forecast, double value);

/** forecast_memory - bytes that it takes. */
size_t forecast_memory(const struct forecast *forecast);
/**
 * forecast_save - what it has learned, in bytes that any machine reads and that compress well; *ret: heap. 0 or -ENOMEM.
 * A loaded one's points differ by at most 0.4 % of its table's largest number, its quantiles by some per cent of the error more; the errors of
 * what was said before are not learned any more.
 */
int forecast_save(const struct forecast *forecast, uint8_t **ret, size_t *ret_length);
/** forecast_load - 0, -EINVAL (not what forecast_save wrote, or damaged), -ENOMEM. */
int forecast_load(const uint8_t *bytes, size_t length, struct forecast **ret);

/**
 * forecast_fit - the parameters of a small grid with the least loss over @values, the first quarter not counted. A weekly season cannot be
 * judged within its first two weeks: then it takes those that fit a daily one best.
 */
int forecast_fit(enum forecast_kind kind, const double *values, size_t len, unsigned horizon,
		 double q, unsigned minute, struct forecast_params *ret);

/** A service's forecasts: one of each kind, of which the one with the least loss speaks. */
struct forecaster;

#define FORECAST_ALL ((1u << FORECAST_KINDS) - 1)

/** forecaster_new - @kinds: a bit for each kind that may speak; persistence always may. */
int forecaster_new(const struct forecast_params params[FORECAST_KINDS], unsigned kinds,
		   unsigned horizon, double q, unsigned minute, struct forecaster **ret);
void forecaster_free(struct forecaster *forecaster);
void forecaster_observe(struct forecaster *forecaster, double value);
/** forecaster_choice - FORECAST_PERSISTENCE: nothing is better than it, so nothing should be built on a forecast. */
enum forecast_kind forecaster_choice(const struct forecaster *forecaster);
/** forecaster_model - NULL: that kind is not used. */
const struct forecast *forecaster_model(const struct forecaster *forecaster,
					enum forecast_kind kind);
unsigned forecaster_horizon(const struct forecaster *forecaster);
/** forecaster_stretch - all of its models, see forecast_stretch. After a failure it is as before. */
int forecaster_stretch(struct forecaster *forecaster, unsigned horizon);
size_t forecaster_memory(const struct forecaster *forecaster);
int forecaster_save(const struct forecaster *forecaster, uint8_t **ret, size_t *ret_length);
int forecaster_load(const uint8_t *bytes, size_t length, struct forecaster **ret);

#endif
