/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backtest_forecast.c - rolling origin: at every minute what would have been forecast then, and how right it was.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "devs/backtest-private.h"

/* models are judged and chosen by this quantile */
#define CHOICE_QUANTILE 0.9
#define CAPACITY_LEAST 0.01
#define CAPACITY_MOST 1e5

const double backtest_quantiles[BACKTEST_QUANTILES] = { 0.5, 0.8, 0.9, 0.95, 0.99 };

/* From the end of the last minute that was counted: its age, the minute until the next, the start. */
static unsigned horizon_of(const struct backtest_setup *setup)
{
	double minutes = floor((60 + setup->metric_age_s + setup->start_delay_s) / 60) + 1;

	return minutes > FORECAST_HORIZON_MAX ? FORECAST_HORIZON_MAX : (unsigned)minutes;
}

/*
 * Models tell errors of 0.001 to some millions apart. A load in a unit in which a replica carries far less or more is forecast in another,
 * so that its unit makes no difference.
 */
static double unit_of(const struct backtest_setup *setup)
{
	return setup->capacity < CAPACITY_LEAST  ? setup->capacity / CAPACITY_LEAST
	       : setup->capacity > CAPACITY_MOST ? setup->capacity / CAPACITY_MOST
						 : 1;
}

int backtest_fit(const struct backtest_setup *setup, struct backtest_forecast *ret)
{
	int r = backtest_check(setup);
	double *load;

	if (r < 0)
		return r;
	load = calloc(setup->train_minutes + 1, sizeof(*load));
	if (!load)
		return -ENOMEM;
	*ret = (struct backtest_forecast){ .horizon = horizon_of(setup), .unit = unit_of(setup) };
	for (size_t i = 0; i < setup->train_minutes; i++)
		load[i] = setup->load[i] / ret->unit;
	for (unsigned kind = 0; kind < FORECAST_KINDS && r == 0; kind++) {
		ret->params[kind] = forecast_defaults((enum forecast_kind)kind);
		if (setup->train_minutes && setup->kinds & 1u << kind)
			r = forecast_fit((enum forecast_kind)kind, load, setup->train_minutes,
					 ret->horizon, CHOICE_QUANTILE, 0, &ret->params[kind]);
	}
	free(load);
	return r;
}

/* What was said of a minute, until it comes. */
struct said {
	double point, quantile;
	bool used, chosen;
};

struct scoring {
	struct said *ring; /* [horizon][FORECAST_KINDS + 1] */
	double load, count;
};

static void score(struct scoring *scoring, struct backtest_forecast *forecast,
		  const struct said *said, double value)
{
	scoring->load += value;
	scoring->count++;
	for (unsigned kind = 0; kind <= FORECAST_KINDS; kind++) {
		struct backtest_score *to = &forecast->scores[kind];

		to->used |= said[kind].used;
		to->wape += fabs(value - said[kind].point);
		to->pinball +=
			forecast_pinball(BACKTEST_SCORE_QUANTILE, said[kind].quantile, value);
		to->coverage += value <= said[kind].quantile;
		to->chosen += said[kind].chosen;
	}
}

static void say(const struct forecaster *forecaster, unsigned horizon, struct said *said)
{
	enum forecast_kind choice = forecaster_choice(forecaster);

	for (unsigned kind = 0; kind < FORECAST_KINDS; kind++) {
		const struct forecast *model =
			forecaster_model(forecaster, (enum forecast_kind)kind);

		if (!model)
			continue;
		said[kind].used = true;
		said[kind].point = forecast_point(model, horizon);
		said[kind].quantile = forecast_quantile(model, horizon, BACKTEST_SCORE_QUANTILE);
		said[kind].chosen = kind == choice;
	}
	said[FORECAST_KINDS] = said[choice];
}

static void raise_floors(const struct forecaster *forecaster, struct backtest_forecast *forecast,
			 size_t minute)
{
	enum forecast_kind choice = forecaster_choice(forecaster);
	const struct forecast *model = forecaster_model(forecaster, choice);

	if (choice == FORECAST_PERSISTENCE)
		return;
	for (unsigned i = 0; i < BACKTEST_QUANTILES; i++)
		for (unsigned ahead = 1; ahead <= forecast->horizon; ahead++) {
			float load =
				(float)(forecast->unit *
					forecast_quantile(model, ahead, backtest_quantiles[i]));

			if (load > forecast->floor[i][minute])
				forecast->floor[i][minute] = load;
		}
}

static void roll(const struct backtest_setup *setup, struct forecaster *forecaster,
		 struct backtest_forecast *forecast, struct scoring *scoring)
{
	for (size_t minute = 0; minute < setup->minutes; minute++) {
		struct said *said =
			&scoring->ring[minute % forecast->horizon * (FORECAST_KINDS + 1)];
		double value = setup->load[minute] / forecast->unit;

		if (minute >= setup->train_minutes && minute >= forecast->horizon)
			score(scoring, forecast, said, value);
		forecaster_observe(forecaster, value);
		say(forecaster, forecast->horizon, said);
		raise_floors(forecaster, forecast, minute);
	}
	for (unsigned kind = 0; kind <= FORECAST_KINDS && scoring->count > 0; kind++) {
		struct backtest_score *to = &forecast->scores[kind];

		to->wape = scoring->load > 0 ? to->wape / scoring->load : (double)NAN;
		to->pinball *= forecast->unit / scoring->count;
		to->coverage /= scoring->count;
		to->chosen /= scoring->count;
	}
}

int backtest_forecast(const struct backtest_setup *setup, struct backtest_forecast *forecast)
{
	struct forecaster *forecaster = NULL;
	struct scoring scoring = { 0 };
	int r = backtest_check(setup);

	for (unsigned i = 0; i < BACKTEST_QUANTILES && r == 0; i++) {
		forecast->floor[i] = calloc(setup->minutes, sizeof(*forecast->floor[i]));
		r = forecast->floor[i] ? 0 : -ENOMEM;
	}
	if (r == 0)
		r = forecaster_new(forecast->params, setup->kinds, forecast->horizon,
				   CHOICE_QUANTILE, 0, &forecaster);
	if (r == 0) {
		scoring.ring = calloc((size_t)forecast->horizon * (FORECAST_KINDS + 1),
				      sizeof(*scoring.ring));
		r = scoring.ring ? 0 : -ENOMEM;
	}
	if (r == 0) {
		roll(setup, forecaster, forecast, &scoring);
		forecast->bytes = forecaster_memory(forecaster);
	}
	free(scoring.ring);
	forecaster_free(forecaster);
	if (r < 0)
		backtest_forecast_free(forecast);
	return r;
}

void backtest_forecast_free(struct backtest_forecast *forecast)
{
	for (unsigned i = 0; i < BACKTEST_QUANTILES; i++) {
		free(forecast->floor[i]);
		forecast->floor[i] = NULL;
	}
}
