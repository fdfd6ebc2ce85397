/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forecast.c - what all models share: their errors, the quantiles made of them, their loss.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "devs/forecast-private.h"

/* exp2(1 / 1440): what an error weighs more than the one of the minute before */
#define GROWTH_OF_WEIGHT 1.00048146
#define WEIGHT_MAX 1e6

static const char *const words[FORECAST_KINDS] = { "persistence", "holt", "daily", "weekly",
						   "profile" };

const char *forecast_word(enum forecast_kind kind)
{
	return kind < FORECAST_KINDS ? words[kind] : "?";
}

struct forecast_params forecast_defaults(enum forecast_kind kind)
{
	return (struct forecast_params){
		.kind = kind, .alpha = 0.2, .beta = 0.05, .phi = 0.9, .gamma = 0.3
	};
}

double forecast_pinball(double q, double forecast, double value)
{
	double error = value - forecast;

	return error >= 0 ? q * error : (q - 1) * error;
}

/* ---- life -------------------------------------------------------------------------------------------------------------- */

static bool is_share(double value)
{
	return value >= 0 && value <= 1;
}

int forecast_new(const struct forecast_params *params, unsigned horizon, double q, unsigned minute,
		 struct forecast **ret)
{
	struct forecast *f;

	if (params->kind >= FORECAST_KINDS || !is_share(params->alpha) || !is_share(params->beta) ||
	    !is_share(params->phi) || !is_share(params->gamma) || horizon < 1 ||
	    horizon > FORECAST_HORIZON_MAX || !(q > 0 && q < 1) || minute >= WEEK_MINUTES)
		return -EINVAL;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	*f = (struct forecast){ .params = *params,
				.horizon = horizon,
				.q = q,
				.minute = minute,
				.last = (double)NAN,
				.last_loss = (double)NAN,
				.error_step = 1,
				.table_len = model_table_len(params->kind) };
	f->table = calloc(f->table_len + 1, sizeof(*f->table));
	f->errors = calloc((size_t)horizon * ERROR_BINS, sizeof(*f->errors));
	f->said = calloc((size_t)horizon * horizon, sizeof(*f->said));
	f->said_q = calloc(horizon, sizeof(*f->said_q));
	if (!f->table || !f->errors || !f->said || !f->said_q) {
		forecast_free(f);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < f->table_len; i++)
		f->table[i] = NAN;
	for (unsigned i = 0; i < horizon; i++)
		f->said_q[i] = NAN;
	for (unsigned i = 0; i < horizon * horizon; i++)
		f->said[i] = NAN;
	*ret = f;
	return 0;
}

void forecast_free(struct forecast *f)
{
	if (!f)
		return;
	free(f->table);
	free(f->errors);
	free(f->said);
	free(f->said_q);
	free(f);
}

/* ---- errors ------------------------------------------------------------------------------------------------------------ */

static unsigned error_bin(float error)
{
	float size = fabsf(error), place;
	int bin;

	if (!(size >= ERROR_LEAST))
		return ERROR_SIDE;
	place = 1 + logf(size / ERROR_LEAST) * (1 / logf(ERROR_GROWTH));
	bin = place < ERROR_SIDE ? (int)place : ERROR_SIDE;
	return (unsigned)(error < 0 ? ERROR_SIDE - bin : ERROR_SIDE + bin);
}

/* Where the part @share of bin @bin lies. */
static double error_in(unsigned bin, double share)
{
	int place = (int)bin - ERROR_SIDE;
	double inner;

	if (place == 0)
		return 0;
	inner = (double)ERROR_LEAST * pow((double)ERROR_GROWTH, abs(place) - 1);
	return place > 0 ? inner * (1 + ((double)ERROR_GROWTH - 1) * share)
			 : -inner * (1 + ((double)ERROR_GROWTH - 1) * (1 - share));
}

static double error_quantile(const float *bins, double q)
{
	double total = 0, want, sum = 0;

	for (unsigned i = 0; i < ERROR_BINS; i++)
		total += (double)bins[i];
	want = q * total;
	for (unsigned i = 0; i < ERROR_BINS; i++) {
		double here = (double)bins[i];

		if (here > 0 && sum + here >= want)
			return error_in(i, (want - sum) / here);
		sum += here;
	}
	return 0;
}

static double spread(const struct forecast *f, double point)
{
	return f->params.rooted ? sqrt(point + 1) : 1;
}

/* ---- time -------------------------------------------------------------------------------------------------------------- */

static void learn_errors(struct forecast *f, double value)
{
	double said;

	for (unsigned ahead = 1; ahead <= f->horizon && ahead <= f->count; ahead++) {
		unsigned place = (unsigned)((f->count - ahead) % f->horizon);
		double point = (double)f->said[place * f->horizon + ahead - 1];
		float *bins = &f->errors[(size_t)(ahead - 1) * ERROR_BINS];

		if (!isnan(point))
			bins[error_bin((float)((value - point) / spread(f, point)))] +=
				(float)f->error_step;
	}
	said = f->count >= f->horizon ? (double)f->said_q[f->count % f->horizon] : (double)NAN;
	if (isnan(said))
		return;
	f->last_loss = forecast_pinball(f->q, said, value);
	f->loss += f->error_step * f->last_loss;
	f->loss_weight += f->error_step;
}

/* Old errors weigh less because new ones weigh more. */
static void forget(struct forecast *f)
{
	f->error_step *= GROWTH_OF_WEIGHT;
	if (f->error_step < WEIGHT_MAX)
		return;
	for (unsigned i = 0; i < f->horizon * ERROR_BINS; i++)
		f->errors[i] /= (float)f->error_step;
	f->loss /= f->error_step;
	f->loss_weight /= f->error_step;
	f->error_step = 1;
}

void forecast_observe(struct forecast *f, double value)
{
	unsigned place = (unsigned)(f->count % f->horizon);

	f->last_loss = (double)NAN;
	if (isfinite(value)) {
		learn_errors(f, value);
		model_update(f, value);
		f->last = value;
	}
	f->minute = (f->minute + 1) % WEEK_MINUTES;
	f->count++;
	forget(f);
	for (unsigned ahead = 1; ahead <= f->horizon; ahead++)
		f->said[place * f->horizon + ahead - 1] =
			isnan(f->last) ? NAN : (float)model_point(f, ahead);
	f->said_q[place] = isnan(f->last) ? NAN : (float)forecast_quantile(f, f->horizon, f->q);
}

/* ---- answers ----------------------------------------------------------------------------------------------------------- */

static unsigned within(const struct forecast *f, unsigned ahead)
{
	return ahead < 1 ? 1 : ahead > f->horizon ? f->horizon : ahead;
}

double forecast_point(const struct forecast *f, unsigned ahead)
{
	return model_point(f, within(f, ahead));
}

double forecast_quantile(const struct forecast *f, unsigned ahead, double q)
{
	double point, value;

	ahead = within(f, ahead);
	if (f->params.kind == FORECAST_PROFILE) {
		value = profile_quantile(f, ahead, q);
		if (!isnan(value))
			return value > 0 ? value : 0;
	}
	point = model_point(f, ahead);
	value = point +
		spread(f, point) * error_quantile(&f->errors[(size_t)(ahead - 1) * ERROR_BINS], q);
	return value > 0 ? value : 0;
}

double forecast_loss(const struct forecast *f)
{
	return f->loss_weight > 0 ? f->loss / f->loss_weight : (double)NAN;
}

double forecast_last_loss(const struct forecast *f)
{
	return f->last_loss;
}

const struct forecast_params *forecast_params(const struct forecast *f)
{
	return &f->params;
}

unsigned forecast_horizon(const struct forecast *f)
{
	return f->horizon;
}

size_t forecast_memory(const struct forecast *f)
{
	size_t numbers = f->table_len + (size_t)f->horizon * (ERROR_BINS + f->horizon + 1);

	return sizeof(*f) + numbers * sizeof(float);
}

int forecast_stretch(const struct forecast *from, unsigned horizon, struct forecast **ret)
{
	const size_t row = sizeof(float) * ERROR_BINS;
	const float *farthest = &from->errors[(size_t)(from->horizon - 1) * ERROR_BINS];
	struct forecast *f, fresh;
	int r;

	if (horizon <= from->horizon)
		return -EINVAL;
	r = forecast_new(&from->params, horizon, from->q, from->minute, &f);
	if (r < 0)
		return r;
	fresh = *f;
	*f = *from;
	f->horizon = horizon;
	f->table = fresh.table;
	f->errors = fresh.errors;
	/* what was said is told apart by its place in a ring of another length: it is forgotten */
	f->said = fresh.said;
	f->said_q = fresh.said_q;
	memcpy(f->table, from->table, f->table_len * sizeof(*f->table));
	memcpy(f->errors, from->errors, from->horizon * row);
	for (unsigned ahead = from->horizon; ahead < horizon; ahead++)
		memcpy(&f->errors[(size_t)ahead * ERROR_BINS], farthest, row);
	*ret = f;
	return 0;
}
