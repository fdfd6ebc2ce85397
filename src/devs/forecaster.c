/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forecaster.c - one model of each kind, and which of them to believe: that with the least pinball loss of late.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "devs/forecast.h"

struct forecaster {
	struct forecast *models[FORECAST_KINDS]; /* NULL: not used */
};

int forecaster_new(const struct forecast_params params[FORECAST_KINDS], unsigned kinds,
		   unsigned horizon, double q, unsigned minute, struct forecaster **ret)
{
	struct forecaster *f = calloc(1, sizeof(*f));
	int r = f ? 0 : -ENOMEM;

	kinds |= 1u << FORECAST_PERSISTENCE;
	for (unsigned kind = 0; kind < FORECAST_KINDS && r == 0; kind++) {
		if (!(kinds & 1u << kind))
			continue;
		r = params[kind].kind == kind
			    ? forecast_new(&params[kind], horizon, q, minute, &f->models[kind])
			    : -EINVAL;
	}
	if (r < 0) {
		forecaster_free(f);
		return r;
	}
	*ret = f;
	return 0;
}

void forecaster_free(struct forecaster *f)
{
	if (!f)
		return;
	for (unsigned kind = 0; kind < FORECAST_KINDS; kind++)
		forecast_free(f->models[kind]);
	free(f);
}

void forecaster_observe(struct forecaster *f, double value)
{
	for (unsigned kind = 0; kind < FORECAST_KINDS; kind++)
		if (f->models[kind])
			forecast_observe(f->models[kind], value);
}

enum forecast_kind forecaster_choice(const struct forecaster *f)
{
	enum forecast_kind best = FORECAST_PERSISTENCE;
	double least = forecast_loss(f->models[FORECAST_PERSISTENCE]);

	for (unsigned kind = 0; kind < FORECAST_KINDS; kind++) {
		double loss = f->models[kind] ? forecast_loss(f->models[kind]) : (double)NAN;

		if (loss < least) {
			least = loss;
			best = (enum forecast_kind)kind;
		}
	}
	return best;
}

const struct forecast *forecaster_model(const struct forecaster *f, enum forecast_kind kind)
{
	return f->models[kind];
}

unsigned forecaster_horizon(const struct forecaster *f)
{
	return forecast_horizon(f->models[FORECAST_PERSISTENCE]);
}

int forecaster_stretch(struct forecaster *f, unsigned horizon)
{
	struct forecast *longer[FORECAST_KINDS] = { NULL };
	int r = 0;

	for (unsigned kind = 0; kind < FORECAST_KINDS && r == 0; kind++)
		if (f->models[kind])
			r = forecast_stretch(f->models[kind], horizon, &longer[kind]);
	for (unsigned kind = 0; kind < FORECAST_KINDS; kind++) {
		struct forecast *gone = r == 0 ? f->models[kind] : longer[kind];

		if (r == 0)
			f->models[kind] = longer[kind];
		forecast_free(gone);
	}
	return r;
}

size_t forecaster_memory(const struct forecaster *f)
{
	size_t size = sizeof(*f);

	for (unsigned kind = 0; kind < FORECAST_KINDS; kind++)
		size += f->models[kind] ? forecast_memory(f->models[kind]) : 0;
	return size;
}

/* ---- bytes: each model behind its length, 0 for one that is not used --------------------------------------------------------------------------------- */

static int append(uint8_t **all, size_t *length, const uint8_t *bytes, size_t size)
{
	uint8_t *grown = realloc(*all, *length + 4 + size);

	if (!grown)
		return -ENOMEM;
	*all = grown;
	for (unsigned i = 0; i < 4; i++)
		grown[(*length)++] = (uint8_t)(size >> (8 * i));
	if (size)
		memcpy(grown + *length, bytes, size);
	*length += size;
	return 0;
}

int forecaster_save(const struct forecaster *f, uint8_t **ret, size_t *ret_length)
{
	uint8_t *all = NULL;
	size_t length = 0;
	int r = 0;

	for (unsigned kind = 0; kind < FORECAST_KINDS && r == 0; kind++) {
		uint8_t *bytes = NULL;
		size_t size = 0;

		if (f->models[kind])
			r = forecast_save(f->models[kind], &bytes, &size);
		if (r == 0)
			r = append(&all, &length, bytes, size);
		free(bytes);
	}
	if (r < 0) {
		free(all);
		return r;
	}
	*ret = all;
	*ret_length = length;
	return 0;
}

static int load_next(const uint8_t **bytes, size_t *length, enum forecast_kind kind,
		     struct forecast **ret)
{
	size_t size = 0;
	int r;

	if (*length < 4)
		return -EINVAL;
	for (unsigned i = 0; i < 4; i++)
		size |= (size_t)(*bytes)[i] << (8 * i);
	if (size > *length - 4)
		return -EINVAL;
	*bytes += 4 + size;
	*length -= 4 + size;
	if (!size)
		return kind == FORECAST_PERSISTENCE ? -EINVAL : 0;
	r = forecast_load(*bytes - size, size, ret);
	return r < 0 ? r : forecast_params(*ret)->kind == kind ? 0 : -EINVAL;
}

int forecaster_load(const uint8_t *bytes, size_t length, struct forecaster **ret)
{
	struct forecaster *f = calloc(1, sizeof(*f));
	int r = f ? 0 : -ENOMEM;

	for (unsigned kind = 0; kind < FORECAST_KINDS && r == 0; kind++)
		r = load_next(&bytes, &length, (enum forecast_kind)kind, &f->models[kind]);
	if (r == 0 && length)
		r = -EINVAL;
	if (r < 0) {
		forecaster_free(f);
		return r;
	}
	*ret = f;
	return 0;
}
