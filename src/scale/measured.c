/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measured.c - what the supervisor of this machine has measured of a service.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/simulate.h"

struct reading {
	double *values[STORE_TIMINGS];
	size_t len[STORE_TIMINGS];
};

static int each_timing(void *ctx, enum store_timing kind, int64_t ms)
{
	struct reading *reading = ctx;

	/* the database keeps no more; one that is written meanwhile may */
	if (reading->len[kind] < STORE_TIMINGS_MAX && ms >= 0)
		reading->values[kind][reading->len[kind]++] = (double)ms / 1000;
	return 0;
}

int measured_read(const char *state_dir, const char *project, const char *service,
		  struct oci_arena *arena, struct measured *ret, struct oci_error *err)
{
	char *path = oci_arena_printf(arena, "%s/carte.db", state_dir);
	struct reading reading = { .len = { 0 } };
	struct store *store;
	int r;

	for (int i = 0; i < STORE_TIMINGS; i++)
		reading.values[i] =
			oci_arena_array(arena, STORE_TIMINGS_MAX, sizeof(*reading.values[i]));
	for (int i = 0; i < STORE_TIMINGS; i++)
		if (!reading.values[i])
			return err_nomem(err);
	if (!path)
		return err_nomem(err);
	r = store_look(path, &store, err);
	if (r < 0)
		return r;
	r = store_timings(store, project, service, each_timing, &reading, err);
	store_close(store);
	if (r < 0)
		return r;
	if (!reading.len[STORE_TIMING_READY] || !reading.len[STORE_TIMING_START])
		return err_set_as(err, ERR_NOT_FOUND, ENOENT,
				  "%s: no replica of %s/%s has become ready while a supervisor "
				  "measured; bring it up, or leave out --calibrate",
				  path, project, service);
	for (int i = 0; i < STORE_TIMINGS; i++)
		ret->kinds[i] =
			(struct sim_times){ .samples = reading.values[i], .len = reading.len[i] };
	return 0;
}

/* ---- spreads ----------------------------------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int spread_of(const double *values, size_t len, struct spread *ret)
{
	CLEANUP_FREE double *sorted = NULL;
	double sum = 0;

	*ret = (struct spread){ .len = len };
	if (!len)
		return 0;
	sorted = malloc(len * sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, values, len * sizeof(*sorted));
	qsort(sorted, len, sizeof(*sorted), by_value);
	for (size_t i = 0; i < len; i++)
		sum += sorted[i];
	ret->mean = sum / (double)len;
	ret->p50 = sorted[(len - 1) / 2];
	ret->p95 = sorted[(len - 1) * 95 / 100];
	ret->max = sorted[len - 1];
	return 0;
}
