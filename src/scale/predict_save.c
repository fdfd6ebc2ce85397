/* SPDX-License-Identifier: Apache-2.0 */
/*
 * predict_save.c - what was learned, as bytes and back: numbers in little-endian order, a checksum (FNV-1a, against damage only), then the
 * forecasts, which have their own, as a frame of zstd. The minute that is being gathered is not kept: it is missing, as those until the next start are.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/fnv.h"
#include "scale/predict-private.h"

#define MAGIC 0x32647270u /* "prd2" */
#define NUMBERS (7 + FORECAST_KINDS + PREDICT_DELAYS)
#define HEAD_SIZE (4 + 8 * NUMBERS + 4)
#define LEVEL 9
#define FORECASTS_MAX (1u << 20) /* bytes; an hour's horizon takes a tenth */

static void put(uint8_t **at, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		*(*at)++ = (uint8_t)(value >> (8 * i));
}

static uint64_t get(const uint8_t **at, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t) * (*at)++ << (8 * i);
	return value;
}

static void put_number(uint8_t **at, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	put(at, bits, 8);
}

static double get_number(const uint8_t **at)
{
	uint64_t bits = get(at, 8);
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* Behind HEAD_SIZE bytes that are free. *ret: heap */
static int save_forecasts(const struct forecaster *forecaster, uint8_t **ret, size_t *ret_length)
{
	uint8_t *all = NULL;
	size_t length = 0, bound, packed = 0;
	int r = forecaster ? forecaster_save(forecaster, &all, &length) : 0;

	if (r < 0)
		return r;
	bound = ZSTD_compressBound(length);
	*ret = malloc(HEAD_SIZE + bound);
	if (*ret && forecaster)
		packed = ZSTD_compress(*ret + HEAD_SIZE, bound, all, length, LEVEL);
	free(all);
	if (!*ret || ZSTD_isError(packed)) {
		free(*ret);
		return -ENOMEM;
	}
	*ret_length = HEAD_SIZE + packed;
	return 0;
}

static int load_forecasts(const uint8_t *from, size_t length, struct forecaster **ret)
{
	unsigned long long size = ZSTD_getFrameContentSize(from, length);
	uint8_t *all;
	size_t got;
	int r;

	/* unknown and damaged are the largest of all */
	if (size > FORECASTS_MAX)
		return -EINVAL;
	all = malloc((size_t)size + 1);
	if (!all)
		return -ENOMEM;
	got = ZSTD_decompress(all, (size_t)size, from, length);
	r = ZSTD_isError(got) ? -EINVAL : forecaster_load(all, got, ret);
	free(all);
	return r;
}

int predict_save(const struct predict *p, void **ret, size_t *ret_length)
{
	uint8_t *bytes, *at;
	int r = save_forecasts(p->forecaster, &bytes, ret_length);

	if (r < 0)
		return r;
	at = bytes;
	put(&at, MAGIC, 4);
	put_number(&at, p->unit);
	put_number(&at, p->begun ? p->minute : (double)NAN);
	put_number(&at, (double)p->learned);
	put_number(&at, p->load);
	put_number(&at, (double)p->ready_ms);
	put_number(&at, p->delays_len);
	put_number(&at, p->forecaster != NULL);
	for (unsigned kind = 0; kind < FORECAST_KINDS; kind++)
		put_number(&at, p->recent[kind]);
	/* oldest first: then the ring begins at its beginning */
	for (unsigned i = 0; i < PREDICT_DELAYS; i++)
		put_number(&at,
			   (double)p->delays[(p->delays_next + PREDICT_DELAYS - p->delays_len + i) %
					     PREDICT_DELAYS]);
	put(&at, fnv_add(FNV_BEGIN, bytes, HEAD_SIZE - 4), 4);
	*ret = bytes;
	return 0;
}

static int load_numbers(struct predict *p, const uint8_t *at, bool *ret_forecaster)
{
	double unit = get_number(&at), minute = get_number(&at), learned = get_number(&at);
	double load = get_number(&at), ready = get_number(&at), delays = get_number(&at);
	double forecaster = get_number(&at);

	p->begun = !isnan(minute);
	if (!(unit >= 0 && unit <= UINT32_MAX) || (p->begun && !(minute >= 0 && minute < 10080)) ||
	    !(learned >= 0 && learned < 1e15) || isinf(load) || load < 0 ||
	    !(ready >= 0 && ready < 1e15) || !(delays >= 0 && delays <= PREDICT_DELAYS))
		return -EINVAL;
	*ret_forecaster = forecaster != 0;
	p->unit = (uint32_t)unit;
	p->minute = p->begun ? (unsigned)minute : 0;
	p->learned = (uint64_t)learned;
	p->load = load;
	p->ready_ms = (int64_t)ready;
	p->delays_len = (unsigned)delays;
	p->delays_next = p->delays_len % PREDICT_DELAYS;
	for (unsigned kind = 0; kind < FORECAST_KINDS; kind++) {
		p->recent[kind] = get_number(&at);
		if (isinf(p->recent[kind]) || p->recent[kind] < 0)
			return -EINVAL;
	}
	for (unsigned i = 0; i < p->delays_len; i++) {
		double delay = get_number(&at);

		if (!(delay >= 0 && delay < 1e9))
			return -EINVAL;
		p->delays[i] = (float)delay;
	}
	return 0;
}

int predict_load(const void *bytes, size_t length, struct predict **ret)
{
	const uint8_t *from = bytes, *at = bytes, *sum;
	struct predict *p = NULL;
	bool forecaster = false;
	int r;

	if (length < HEAD_SIZE)
		return -EINVAL;
	sum = from + HEAD_SIZE - 4;
	if (get(&at, 4) != MAGIC || get(&sum, 4) != fnv_add(FNV_BEGIN, from, HEAD_SIZE - 4))
		return -EINVAL;
	r = predict_new(&p);
	if (r < 0)
		return r;
	r = load_numbers(p, at, &forecaster);
	if (r == 0 && !forecaster && length > HEAD_SIZE)
		r = -EINVAL;
	if (r == 0 && forecaster)
		r = load_forecasts(from + HEAD_SIZE, length - HEAD_SIZE, &p->forecaster);
	if (r < 0) {
		predict_free(p);
		return r;
	}
	*ret = p;
	return 0;
}
