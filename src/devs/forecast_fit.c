/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forecast_fit.c - parameters by a small grid, and the choice among the models.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "devs/forecast-private.h"

static const double alphas[] = { 0.02, 0.1, 0.2, 0.4, 0.7 };
static const double betas[] = { 0, 0.05, 0.2 };
static const double gammas[] = { 0.1, 0.3, 0.6 };
static const double damps[] = { 0.8, 0.95 };

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

struct fit {
	const double *values;
	size_t len;
	unsigned horizon, minute;
	double q;
	double best;
	struct forecast_params params;
};

static int try(struct fit *fit, const struct forecast_params *params)
{
	struct forecast *f = NULL;
	double sum = 0;
	size_t n = 0;
	int r = forecast_new(params, fit->horizon, fit->q, fit->minute, &f);

	if (r < 0)
		return r;
	for (size_t i = 0; i < fit->len; i++) {
		forecast_observe(f, fit->values[i]);
		if (i < fit->len / 4 || isnan(forecast_last_loss(f)))
			continue;
		sum += forecast_last_loss(f);
		n++;
	}
	forecast_free(f);
	if (n && sum / (double)n < fit->best) {
		fit->best = sum / (double)n;
		fit->params = *params;
	}
	return 0;
}

static int try_trends(struct fit *fit, struct forecast_params params)
{
	int r = 0;

	for (size_t b = 0; b < LEN(betas) && r == 0; b++)
		for (size_t d = 0; d < LEN(damps) && r == 0; d++) {
			params.beta = betas[b];
			params.phi = damps[d];
			/* without a trend there is nothing to damp */
			if (d == 0 || betas[b] > 0)
				r = try(fit, &params);
		}
	return r;
}

static int try_seasons(struct fit *fit, struct forecast_params params)
{
	int r = 0;

	params.phi = 0.9;
	for (size_t g = 0; g < LEN(gammas) && r == 0; g++)
		for (size_t b = 0; b < 2 && r == 0; b++) {
			params.gamma = gammas[g];
			params.beta = betas[b];
			r = try(fit, &params);
		}
	return r;
}

int forecast_fit(enum forecast_kind kind, const double *values, size_t len, unsigned horizon,
		 double q, unsigned minute, struct forecast_params *ret)
{
	struct fit fit = {
		values, len, horizon, minute, q, (double)INFINITY, forecast_defaults(kind)
	};
	bool instead = kind == FORECAST_WEEKLY && len < (size_t)2 * WEEK_MINUTES;
	int r = 0;

	for (int rooted = 0; rooted < 2 && r == 0; rooted++) {
		struct forecast_params params = fit.params;

		params.kind = instead ? FORECAST_DAILY : kind;
		params.rooted = rooted;
		if (kind == FORECAST_PERSISTENCE || kind == FORECAST_PROFILE)
			r = try(&fit, &params);
		for (size_t a = 0; a < LEN(alphas) && r == 0 && kind != FORECAST_PERSISTENCE &&
				   kind != FORECAST_PROFILE;
		     a++) {
			params.alpha = alphas[a];
			r = kind == FORECAST_HOLT ? try_trends(&fit, params)
						  : try_seasons(&fit, params);
		}
	}
	if (r < 0)
		return r;
	*ret = fit.params;
	ret->kind = kind;
	return 0;
}
