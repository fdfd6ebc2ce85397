/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forecast_save.c - a model as bytes and back: little-endian, a version in front, a checksum (FNV-1a, against damage only) behind.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fnv.h"
#include "devs/forecast-private.h"

#define MAGIC 0x31746366u /* "fct1" */

struct bytes {
	uint8_t *to;         /* saving */
	const uint8_t *from; /* loading */
	size_t at;
};

static void put(struct bytes *bytes, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		bytes->to[bytes->at++] = (uint8_t)(value >> (8 * i));
}

static uint64_t get(struct bytes *bytes, unsigned size)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint64_t)bytes->from[bytes->at++] << (8 * i);
	return value;
}

/* One function per type does both ways, so that they cannot differ. */
static void pass_u32(struct bytes *bytes, uint32_t *value)
{
	if (bytes->to)
		put(bytes, *value, 4);
	else
		*value = (uint32_t)get(bytes, 4);
}

static void pass_u64(struct bytes *bytes, uint64_t *value)
{
	if (bytes->to)
		put(bytes, *value, 8);
	else
		*value = get(bytes, 8);
}

static void pass_double(struct bytes *bytes, double *value)
{
	uint64_t bits;

	memcpy(&bits, value, sizeof(bits));
	pass_u64(bytes, &bits);
	memcpy(value, &bits, sizeof(bits));
}

static void pass_floats(struct bytes *bytes, float *values, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint32_t bits;

		memcpy(&bits, &values[i], sizeof(bits));
		pass_u32(bytes, &bits);
		memcpy(&values[i], &bits, sizeof(bits));
	}
}

/* What forecast_new needs. */
struct head {
	uint32_t magic, kind, rooted, horizon, minute;
	double alpha, beta, phi, gamma, q;
};
#define HEAD_SIZE (5 * 4 + 5 * 8)
#define REST_SIZE (8 + 8 * 8 + 2 * 4)
#define CHECK_SIZE 4

static void pass_head(struct bytes *bytes, struct head *head)
{
	pass_u32(bytes, &head->magic);
	pass_u32(bytes, &head->kind);
	pass_u32(bytes, &head->rooted);
	pass_u32(bytes, &head->horizon);
	pass_u32(bytes, &head->minute);
	pass_double(bytes, &head->alpha);
	pass_double(bytes, &head->beta);
	pass_double(bytes, &head->phi);
	pass_double(bytes, &head->gamma);
	pass_double(bytes, &head->q);
}

static void pass_rest(struct bytes *bytes, struct forecast *f)
{
	uint32_t fresh = f->bin_fresh, count = f->bin_count;

	pass_u64(bytes, &f->count);
	pass_double(bytes, &f->last);
	pass_double(bytes, &f->level);
	pass_double(bytes, &f->trend);
	pass_double(bytes, &f->bin_sum);
	pass_double(bytes, &f->error_step);
	pass_double(bytes, &f->loss);
	pass_double(bytes, &f->loss_weight);
	pass_double(bytes, &f->last_loss);
	pass_u32(bytes, &count);
	pass_u32(bytes, &fresh);
	f->bin_count = count;
	f->bin_fresh = fresh;
	pass_floats(bytes, f->table, f->table_len);
	pass_floats(bytes, f->errors, (size_t)f->horizon * ERROR_BINS);
	pass_floats(bytes, f->said, (size_t)f->horizon * f->horizon);
	pass_floats(bytes, f->said_q, f->horizon);
}

size_t forecast_size(const struct forecast *f)
{
	size_t numbers = f->table_len + (size_t)f->horizon * (ERROR_BINS + f->horizon + 1);

	return HEAD_SIZE + REST_SIZE + 4 * numbers + CHECK_SIZE;
}

void forecast_save(const struct forecast *forecast, uint8_t *to)
{
	struct forecast f = *forecast; /* the numbers; its arrays are only read */
	struct bytes bytes = { .to = to };
	struct head head = {
		MAGIC,          f.params.kind, f.params.rooted, f.horizon,      f.minute,
		f.params.alpha, f.params.beta, f.params.phi,    f.params.gamma, f.q
	};

	pass_head(&bytes, &head);
	pass_rest(&bytes, &f);
	put(&bytes, fnv_add(FNV_BEGIN, to, bytes.at), CHECK_SIZE);
}

/* Numbers that no model can have would make it speak nonsense for ever. */
static bool is_sound(const struct forecast *f)
{
	size_t errors = (size_t)f->horizon * ERROR_BINS;

	if (!isfinite(f->level) || !isfinite(f->trend) || !isfinite(f->bin_sum) ||
	    !isfinite(f->loss) || !(f->loss_weight >= 0) || !(f->error_step >= 1) || isinf(f->last))
		return false;
	for (size_t i = 0; i < errors; i++)
		if (!(f->errors[i] >= 0) || isinf(f->errors[i]))
			return false;
	for (uint32_t i = 0; i < f->table_len; i++)
		if (isinf(f->table[i]))
			return false;
	return true;
}

static bool is_whole(const uint8_t *from, size_t length)
{
	struct bytes bytes = { .from = from, .at = length - CHECK_SIZE };

	return length > HEAD_SIZE + CHECK_SIZE &&
	       get(&bytes, CHECK_SIZE) == fnv_add(FNV_BEGIN, from, length - CHECK_SIZE);
}

int forecast_load(const uint8_t *from, size_t length, struct forecast **ret)
{
	struct bytes bytes = { .from = from };
	struct forecast_params params;
	struct forecast *f = NULL;
	struct head head = { 0 };
	int r;

	if (length < CHECK_SIZE || !is_whole(from, length))
		return -EINVAL;
	pass_head(&bytes, &head);
	if (head.magic != MAGIC || head.kind >= FORECAST_KINDS)
		return -EINVAL;
	params = (struct forecast_params){ (enum forecast_kind)head.kind,
					   head.alpha,
					   head.beta,
					   head.phi,
					   head.gamma,
					   head.rooted != 0 };
	r = forecast_new(&params, head.horizon, head.q, head.minute, &f);
	if (r < 0)
		return r;
	if (forecast_size(f) != length) {
		forecast_free(f);
		return -EINVAL;
	}
	pass_rest(&bytes, f);
	if (!is_sound(f)) {
		forecast_free(f);
		return -EINVAL;
	}
	*ret = f;
	return 0;
}
