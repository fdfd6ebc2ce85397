/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - what `carte-scale backtest` found, and the three ways in which it is told.
 */
#ifndef CARTE_SCALE_REPORT_H
#define CARTE_SCALE_REPORT_H

#include <stdio.h>

#include "devs/backtest.h"
#include "scale/trace.h"

enum report_kind {
	REPORT_ORACLE,
	REPORT_CONSTANT,
	REPORT_RULE,
	REPORT_FORECAST, /* a forecast over a rule, always in charge */
	REPORT_TUNED,
	REPORT_PREDICT,
};

struct report_row {
	enum report_kind kind;
	double target, quantile, weight; /* where the kind has them */
	double on; /* predict: part of the time that a forecast was in charge */
	struct backtest_summary sum;
	/* against the rules at all targets; NaN: none of them costs or loses that */
	double rule_lost, rule_hours;
};

#define REPORT_RULES 86 /* targets 0.10, 0.11, ... 0.95 */

/** struct report_case - one trace with one start delay. */
struct report_case {
	const struct trace *trace;
	struct backtest_setup setup;
	struct backtest_forecast forecast; /* scores and parameters; the floors are gone */
	struct report_row *rows;
	size_t rows_len;
	struct backtest_point rules[REPORT_RULES];
	double cpu_fit, cpu_forecast,
		cpu_predict; /* seconds of this process; predict: one policy */
};

struct report {
	struct report_case *cases;
	size_t len;
};

/** report_name - "rule 0.70"; @buf is returned. */
const char *report_name(const struct report_row *row, char *buf, size_t size);
void report_print(const struct report *report, FILE *out);
void report_csv(const struct report *report, FILE *out);
void report_svg(const struct report *report, FILE *out);

#endif
