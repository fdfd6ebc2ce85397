/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backtest_run.h - every policy on every trace with every start delay.
 */
#ifndef CARTE_SCALE_BACKTEST_RUN_H
#define CARTE_SCALE_BACKTEST_RUN_H

#include "scale/report.h"

struct oci_arena;
struct oci_error;

struct numbers {
	double *items;
	size_t len;
};

struct backtest_plan {
	const struct trace *traces;
	size_t traces_len;
	struct numbers delays, weights;
	struct backtest_setup
		setup; /* without load, start delay and weight; capacity 0: of each trace */
};

/** backtest_report - 0 or -errno with words. What @ret points to lives in @arena. */
int backtest_report(const struct backtest_plan *plan, struct oci_arena *arena, struct report *ret,
		    struct oci_error *err);

#endif
