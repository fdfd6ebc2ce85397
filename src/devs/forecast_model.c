/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forecast_model.c - the models: how a value changes them and what they say of later minutes.
 */
#include <math.h>
#include <stdlib.h>

#include "devs/forecast-private.h"

uint32_t model_table_len(enum forecast_kind kind)
{
	switch (kind) {
	case FORECAST_DAILY:
		return DAY_MINUTES / SEASON_STEP;
	case FORECAST_WEEKLY:
		return WEEK_MINUTES / SEASON_STEP;
	case FORECAST_PROFILE:
		return WEEK_MINUTES / PROFILE_STEP * PROFILE_WEEKS;
	default:
		return 0;
	}
}

/* ---- level, trend, season ---------------------------------------------------------------------------------------------- */

static float *season_at(const struct forecast *f, unsigned minute)
{
	return &f->table[minute / SEASON_STEP % f->table_len];
}

/* A season's first visit of a step: the mean of what was there, above the level, which stays. */
static bool season_begin(struct forecast *f, float *season, double value)
{
	if (f->minute % SEASON_STEP == 0 || f->count == 0) {
		f->bin_fresh = isnan(*season);
		f->bin_sum = 0;
		f->bin_count = 0;
	}
	/* minutes were missed and this step is not the one that was begun */
	if (!f->bin_fresh && isnan(*season))
		f->bin_fresh = true;
	if (!f->bin_fresh)
		return false;
	f->bin_sum += value - f->level;
	f->bin_count++;
	*season = (float)(f->bin_sum / f->bin_count);
	return true;
}

/* The error-correction form: one error moves level, trend and season. */
static void winters_update(struct forecast *f, double value)
{
	const struct forecast_params *p = &f->params;
	float *season = f->table_len ? season_at(f, f->minute) : NULL;
	double error;

	if (isnan(f->last)) {
		f->level = value;
		f->trend = 0;
	}
	if (season && season_begin(f, season, value))
		return;
	error = value - (f->level + p->phi * f->trend + (season ? (double)*season : 0));
	f->level += p->phi * f->trend + p->alpha * error;
	f->trend = p->phi * f->trend + p->alpha * p->beta * error;
	if (season)
		*season += (float)(p->gamma * (1 - p->alpha) * error);
}

static double winters_point(const struct forecast *f, unsigned ahead)
{
	double trend = 0, damp = 1, season = 0;

	if (f->table_len) {
		season = (double)*season_at(f, f->minute + ahead - 1);
		if (isnan(season))
			return f->last;
	}
	for (unsigned i = 0; i < ahead; i++)
		trend += (damp *= f->params.phi) * f->trend;
	return f->level + trend + season;
}

/* ---- profile ----------------------------------------------------------------------------------------------------------- */

#define PROFILE_BINS (WEEK_MINUTES / PROFILE_STEP)

static void profile_update(struct forecast *f, double value)
{
	unsigned bin = f->minute / PROFILE_STEP;
	unsigned week = (unsigned)(f->count / WEEK_MINUTES % PROFILE_WEEKS);

	if (f->minute % PROFILE_STEP == 0) {
		f->bin_sum = 0;
		f->bin_count = 0;
	}
	f->bin_sum += value;
	f->bin_count++;
	if (f->minute % PROFILE_STEP == PROFILE_STEP - 1)
		f->table[bin * PROFILE_WEEKS + week] = (float)(f->bin_sum / f->bin_count);
}

static int compare_floats(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

double profile_quantile(const struct forecast *f, unsigned ahead, double q)
{
	unsigned bin = (f->minute + ahead - 1) / PROFILE_STEP % PROFILE_BINS, n = 0;
	unsigned below, above;
	float known[3 * PROFILE_WEEKS];
	double place;

	for (unsigned near = 0; near < 3; near++) {
		const float *weeks =
			&f->table[(size_t)((bin + PROFILE_BINS + near - 1) % PROFILE_BINS) *
				  PROFILE_WEEKS];

		for (unsigned week = 0; week < PROFILE_WEEKS; week++)
			if (!isnan(weeks[week]))
				known[n++] = weeks[week];
	}
	/* the step before alone is today's, not this time of the week's */
	if (n < 2)
		return (double)NAN;
	qsort(known, n, sizeof(*known), compare_floats);
	place = q * (n - 1);
	below = (unsigned)place;
	above = below + 1 < n ? below + 1 : below;
	return (double)known[below] + (place - below) * (double)(known[above] - known[below]);
}

/* ---- all --------------------------------------------------------------------------------------------------------------- */

void model_update(struct forecast *f, double value)
{
	switch (f->params.kind) {
	case FORECAST_HOLT:
	case FORECAST_DAILY:
	case FORECAST_WEEKLY:
		winters_update(f, value);
		break;
	case FORECAST_PROFILE:
		profile_update(f, value);
		break;
	default:
		break;
	}
}

double model_point(const struct forecast *f, unsigned ahead)
{
	double point = f->last;

	if (isnan(point))
		return 0;
	switch (f->params.kind) {
	case FORECAST_HOLT:
	case FORECAST_DAILY:
	case FORECAST_WEEKLY:
		point = winters_point(f, ahead);
		break;
	case FORECAST_PROFILE:
		point = profile_quantile(f, ahead, 0.5);
		if (isnan(point))
			point = f->last;
		break;
	default:
		break;
	}
	return point > 0 ? point : 0;
}
