/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_timing.c - what was measured of replicas: the newest of each kind, for the simulation.
 */
#include "scale/store-private.h"

int store_timing_put(struct store *store, const char *project, const char *service,
		     enum store_timing kind, int64_t ms, struct oci_error *err)
{
	int r = store_run(store, Q_TIMING_PUT, err, "ssdi", project, service, (int)kind, ms);

	return r < 0 ? r
		     : store_run(store, Q_TIMING_PRUNE, err, "ssdd", project, service, (int)kind,
				 STORE_TIMINGS_MAX);
}

int store_timings(struct store *store, const char *project, const char *service,
		  int (*each)(void *ctx, enum store_timing kind, int64_t ms), void *ctx,
		  struct oci_error *err)
{
	sqlite3_stmt *stmt = store_bind(store, Q_TIMINGS, err, "ss", project, service);
	int r = stmt ? 0 : -EIO;

	while (r == 0 && (r = store_step(store, stmt, err)) == 1) {
		int kind = sqlite3_column_int(stmt, 0);

		/* a later program may measure more */
		r = kind < 0 || kind >= STORE_TIMINGS
			    ? 0
			    : each(ctx, (enum store_timing)kind, sqlite3_column_int64(stmt, 1));
		if (r != 0)
			(void)sqlite3_reset(stmt);
	}
	return r;
}
