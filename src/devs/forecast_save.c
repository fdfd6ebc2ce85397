/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forecast_save.c - a model as bytes and back: little-endian, a version in front, a checksum (FNV-1a, against damage only) behind.
 *
 * A few kilobytes of a flash card, written each quarter of an hour, are all that a service may take. So a table's numbers are roots in 255ths of the largest
 * one's, errors are kept of some numbers of minutes ahead and in eighths of a power of two, all as differences from their neighbours, which a compressor
 * makes little of; what was said of the minutes to come is not kept. What that takes from a forecast is far below its own errors.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fnv.h"
#include "devs/forecast-private.h"

#define MAGIC 0x32746366u /* "fct2" */
#define TABLE_STEPS 255
#define LEVELS 8      /* of an error's weight, a power of two */
#define LEVEL_BITS 16 /* less than the 65536th part of all errors is none */
#define TOTAL_MAX 65535
#define ROWS_ALL \
	8u /* up to so many minutes ahead errors are kept of each, then of those a quarter farther */

#define NUMBER_BYTES 3 /* at most */

struct bytes {
	uint8_t *to;         /* saving */
	const uint8_t *from; /* loading */
	size_t at, len;      /* loading: so many are numbers and what is in front of them */
	bool failed;
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

/* What forecast_new needs. */
struct head {
	uint32_t magic, kind, rooted, horizon, minute;
	double alpha, beta, phi, gamma, q;
};
#define HEAD_SIZE (5 * 4 + 5 * 8)
#define REST_SIZE (8 + 10 * 8 + 2 * 4)
#define CHECK_SIZE 4

/* What packed numbers are parts of. */
struct sizes {
	double table, errors;
};

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

static void pass_rest(struct bytes *bytes, struct forecast *f, struct sizes *sizes)
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
	pass_double(bytes, &sizes->table);
	pass_double(bytes, &sizes->errors);
	pass_u32(bytes, &count);
	pass_u32(bytes, &fresh);
	f->bin_count = count;
	f->bin_fresh = fresh;
}

/* ---- small numbers: seven bits a byte, the lowest first, the eighth says that more come ----------------------------------- */

static unsigned pass_size(struct bytes *bytes, unsigned size)
{
	unsigned value = 0, byte = 0x80;

	if (bytes->to) {
		for (value = size; value >> 7; value >>= 7)
			put(bytes, (value & 0x7f) | 0x80, 1);
		put(bytes, value, 1);
		return size;
	}
	for (unsigned i = 0; byte & 0x80; i++) {
		if (i == NUMBER_BYTES || bytes->at == bytes->len) {
			bytes->failed = true;
			return 0;
		}
		byte = (unsigned)get(bytes, 1);
		value |= (byte & 0x7f) << (7 * i);
	}
	return value;
}

/* 0, -1, 1, -2 ... as 0, 1, 2, 3 ... */
static unsigned folded(int value)
{
	return value < 0 ? 2 * (unsigned)-value - 1 : 2 * (unsigned)value;
}

static int unfolded(unsigned value)
{
	return value & 1 ? -(int)(value / 2) - 1 : (int)(value / 2);
}

/* Saving: @value, whatever; loading: the number that is there. */
static int pass_number(struct bytes *bytes, int value)
{
	unsigned size = pass_size(bytes, folded(value));

	return bytes->to ? value : unfolded(size);
}

/* ---- the table --------------------------------------------------------------------------------------------------------- */

/* Roots: what is small is kept finer, as the unrest of a small load is smaller. */
static int step_of(float value, double most)
{
	double root = most > 0 ? sqrt(fabs((double)value) / most) : 0;
	int step = (int)lround(root * TABLE_STEPS);

	return value < 0 ? -step : step;
}

static float of_step(int step, double most)
{
	double root = (double)step / TABLE_STEPS;

	return (float)(step < 0 ? -root * root * most : root * root * most);
}

/* The step before, and the same one a day or a week earlier. */
static unsigned neighbours(const struct forecast *f, uint32_t i, const float *ret[2])
{
	bool profile = f->params.kind == FORECAST_PROFILE;
	uint32_t back = profile ? PROFILE_WEEKS : 1;
	uint32_t early = profile ? 1 : DAY_MINUTES / SEASON_STEP;
	unsigned known = 0;

	ret[0] = ret[1] = NULL;
	if (i >= back && !isnan(f->table[i - back]))
		ret[known++] = &f->table[i - back];
	if (i >= early && !(profile && i % PROFILE_WEEKS == 0) && !isnan(f->table[i - early]))
		ret[known++] = &f->table[i - early];
	return known;
}

/* Others are not what was saved, and would grow from one to the next. */
static int within(struct bytes *bytes, int value, int least, int most)
{
	if (value >= least && value <= most)
		return value;
	bytes->failed = true;
	return least;
}

static void pass_table(struct bytes *bytes, struct forecast *f, double most)
{
	for (uint32_t i = 0; i < f->table_len && !bytes->failed; i++) {
		const float *near[2];
		unsigned count = neighbours(f, i, near), code = 0;
		int guess = 0, step;

		for (unsigned k = 0; k < count; k++)
			guess += step_of(*near[k], most);
		if (count)
			guess /= (int)count;
		/* 0: not known */
		if (bytes->to && !isnan(f->table[i]))
			code = 1 + folded(step_of(f->table[i], most) - guess);
		code = pass_size(bytes, code);
		if (!code || bytes->to)
			continue;
		step = within(bytes, guess + unfolded(code - 1), -TABLE_STEPS, TABLE_STEPS);
		f->table[i] = of_step(step, most);
	}
}

/* ---- errors ------------------------------------------------------------------------------------------------------------ */

static double total_of(const float *bins)
{
	double total = 0;

	for (unsigned i = 0; i < ERROR_BINS; i++)
		total += (double)bins[i];
	return total;
}

static int level_of(double share)
{
	double level = share > 0 ? LEVELS * (log2(share) + LEVEL_BITS) : 0;

	return level > 0 ? (int)lround(level) : 0;
}

/* Forgotten errors are dropped; the others have the weight of all. */
static void fill_bins(float *bins, const int *levels, double total)
{
	double sum = 0, share[ERROR_BINS];

	for (unsigned i = 0; i < ERROR_BINS; i++) {
		share[i] = levels[i] > 0 ? exp2((double)levels[i] / LEVELS - LEVEL_BITS) : 0;
		sum += share[i];
	}
	for (unsigned i = 0; i < ERROR_BINS; i++)
		bins[i] = sum > 0 ? (float)(total * share[i] / sum) : 0;
}

/* @levels: of the row before, then of this one. */
static void pass_row(struct bytes *bytes, float *bins, int *levels, int *total_before, double most)
{
	double total = bytes->to ? total_of(bins) : 0;
	int part = most > 0 ? (int)lround(total / most * TOTAL_MAX) : 0, left = 0;

	part = *total_before + pass_number(bytes, part - *total_before);
	part = *total_before = within(bytes, part, 0, TOTAL_MAX);
	for (unsigned i = 0; i < ERROR_BINS && part > 0 && !bytes->failed; i++) {
		int guess = (left + levels[i]) / 2;
		int level = bytes->to ? level_of((double)bins[i] / total) : 0;

		level = guess + pass_number(bytes, level - guess);
		left = levels[i] = within(bytes, level, 0, LEVELS * LEVEL_BITS);
	}
	if (!bytes->to && part > 0)
		fill_bins(bins, levels, most * part / TOTAL_MAX);
}

static unsigned next_row(unsigned row, unsigned horizon)
{
	unsigned next = row < ROWS_ALL ? row + 1 : row + row / 4;

	return next < horizon ? next : horizon;
}

/* Of minutes between those that are kept the farther one's are taken, which are larger. */
static void pass_errors(struct bytes *bytes, struct forecast *f, double most)
{
	int levels[ERROR_BINS] = { 0 }, total = 0;

	for (unsigned row = 0; row < f->horizon && !bytes->failed;) {
		unsigned next = next_row(row, f->horizon);
		float *bins = &f->errors[(size_t)(next - 1) * ERROR_BINS];

		pass_row(bytes, bins, levels, &total, most);
		for (; !bytes->to && row + 1 < next; row++)
			memcpy(&f->errors[(size_t)row * ERROR_BINS], bins,
			       ERROR_BINS * sizeof(*bins));
		row = next;
	}
}

/* ---- all --------------------------------------------------------------------------------------------------------------- */

static void find_sizes(const struct forecast *f, struct sizes *ret)
{
	*ret = (struct sizes){ 0 };
	for (uint32_t i = 0; i < f->table_len; i++)
		if (fabs((double)f->table[i]) > ret->table)
			ret->table = fabs((double)f->table[i]);
	for (unsigned row = 0; row < f->horizon; row++) {
		double total = total_of(&f->errors[(size_t)row * ERROR_BINS]);

		if (total > ret->errors)
			ret->errors = total;
	}
}

int forecast_save(const struct forecast *forecast, uint8_t **ret, size_t *ret_length)
{
	struct forecast f = *forecast; /* the numbers; its arrays are only read */
	struct head head = {
		MAGIC,          f.params.kind, f.params.rooted, f.horizon,      f.minute,
		f.params.alpha, f.params.beta, f.params.phi,    f.params.gamma, f.q
	};
	size_t numbers = f.table_len + (size_t)f.horizon * (1 + ERROR_BINS);
	struct bytes bytes = { .to = malloc(HEAD_SIZE + REST_SIZE + CHECK_SIZE +
					    NUMBER_BYTES * numbers) };
	struct sizes sizes;

	if (!bytes.to)
		return -ENOMEM;
	find_sizes(&f, &sizes);
	pass_head(&bytes, &head);
	pass_rest(&bytes, &f, &sizes);
	pass_table(&bytes, &f, sizes.table);
	pass_errors(&bytes, &f, sizes.errors);
	put(&bytes, fnv_add(FNV_BEGIN, bytes.to, bytes.at), CHECK_SIZE);
	*ret = bytes.to;
	*ret_length = bytes.at;
	return 0;
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

	return length > HEAD_SIZE + REST_SIZE + CHECK_SIZE &&
	       get(&bytes, CHECK_SIZE) == fnv_add(FNV_BEGIN, from, length - CHECK_SIZE);
}

static int load_rest(struct bytes *bytes, struct forecast *f)
{
	struct sizes sizes = { 0 };

	pass_rest(bytes, f, &sizes);
	if (!(sizes.table >= 0) || !(sizes.errors >= 0) || isinf(sizes.table) ||
	    isinf(sizes.errors))
		return -EINVAL;
	pass_table(bytes, f, sizes.table);
	pass_errors(bytes, f, sizes.errors);
	return !bytes->failed && bytes->at == bytes->len && is_sound(f) ? 0 : -EINVAL;
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
	bytes.len = length - CHECK_SIZE;
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
	r = load_rest(&bytes, f);
	if (r < 0) {
		forecast_free(f);
		return r;
	}
	*ret = f;
	return 0;
}
