/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.c - the tables of a backtest, for people and for spreadsheets.
 */
#include <math.h>

#include "base/mem.h"
#include "scale/report.h"

#define LIMIT 1.02 /* predict must not cost more than the tuned rule by more than this */

const char *report_name(const struct report_row *row, char *buf, size_t size)
{
	switch (row->kind) {
	case REPORT_ORACLE:
		snprintf(buf, size, "oracle");
		break;
	case REPORT_CONSTANT:
		snprintf(buf, size, "static max");
		break;
	case REPORT_RULE:
		snprintf(buf, size, "rule %.2f", row->target);
		break;
	case REPORT_FORECAST:
		snprintf(buf, size, "rule %.2f + forecast q%.2f", row->target, row->quantile);
		break;
	case REPORT_TUNED:
		snprintf(buf, size, "weight %g: tuned rule %.2f", row->weight, row->target);
		break;
	case REPORT_PREDICT:
		snprintf(buf, size, "weight %g: predict", row->weight);
		break;
	}
	return buf;
}

/* ---- for people -------------------------------------------------------------------------------------------------------- */

/* Of no number by a dash. @format: the caller's literals only. */
static void print_or_dash(double value, int width, const char *format, FILE *out)
{
	if (isnan(value))
		fprintf(out, " %*s", width, "-");
	else
		fprintf(out, format, value);
}

static void print_scores(const struct report_case *c, FILE *out)
{
	fprintf(out, "  %-28s %8s %9s %9s %8s\n", "forecast", "WAPE", "pinball", "coverage",
		"chosen");
	for (unsigned kind = 0; kind <= FORECAST_KINDS; kind++) {
		const struct backtest_score *score = &c->forecast.scores[kind];

		if (!score->used)
			continue;
		fprintf(out, "  %-28s",
			kind < FORECAST_KINDS ? forecast_word((enum forecast_kind)kind)
					      : "the chosen one");
		print_or_dash(100 * score->wape, 8, " %7.1f%%", out);
		fprintf(out, " %9.3f %8.1f%% %7.0f%%\n", score->pinball, 100 * score->coverage,
			100 * score->chosen);
	}
}

static void print_row(const struct report_row *row, FILE *out)
{
	const struct backtest_summary *sum = &row->sum;
	char name[64];

	fprintf(out, "  %-28s %8.4f [%7.4f %7.4f] %6.3f [%5.3f %5.3f] %7.1f",
		report_name(row, name, sizeof(name)), sum->lost, sum->lost_low, sum->lost_high,
		sum->hours, sum->hours_low, sum->hours_high, sum->actions);
	if (row->kind == REPORT_FORECAST || row->kind == REPORT_PREDICT) {
		fprintf(out, " |");
		print_or_dash(row->rule_lost, 9, " %9.4f", out);
		print_or_dash(row->rule_hours, 9, " %9.3f", out);
	}
	if (row->kind == REPORT_PREDICT)
		fprintf(out,
			" | cost %.3f [%.3f %.3f] of the tuned rule's, forecasts on %.0f%%: %s",
			sum->against, sum->against_low, sum->against_high, 100 * row->on,
			sum->against_high < 1  ? "wins"
			: sum->against_low > 1 ? "loses"
					       : "no difference");
	fputc('\n', out);
}

static void print_case(const struct report_case *c, FILE *out)
{
	double minutes = (double)c->setup.minutes;

	fprintf(out, "\n%s: start delay %g s; forecasts look %u minutes ahead\n", c->trace->name,
		c->setup.start_delay_s, c->forecast.horizon);
	print_scores(c, out);
	fprintf(out, "  %-28s %8s %17s %6s %13s %7s | %9s %9s\n", "policy", "lost %", "[95 %]",
		"hours", "[95 %]", "changes", "rule lost", "rule hours");
	for (size_t i = 0; i < c->rows_len; i++)
		print_row(&c->rows[i], out);
	fprintf(out,
		"  processor: fit %.2f s once; forecasts %.1f us, predict's decisions %.1f us a "
		"minute; "
		"%.1f KiB of state\n",
		c->cpu_fit, 1e6 * c->cpu_forecast / minutes, 1e6 * c->cpu_predict / minutes,
		(double)c->forecast.bytes / 1024);
}

static void print_verdict(const struct report *report, FILE *out)
{
	const struct report_row *worst = NULL;
	const struct report_case *where = NULL;
	unsigned wins = 0, loses = 0, all = 0;

	for (size_t i = 0; i < report->len; i++)
		for (size_t j = 0; j < report->cases[i].rows_len; j++) {
			const struct report_row *row = &report->cases[i].rows[j];

			if (row->kind != REPORT_PREDICT)
				continue;
			all++;
			wins += row->sum.against_high < 1;
			loses += row->sum.against_low > 1;
			if (!worst || row->sum.against > worst->sum.against) {
				worst = row;
				where = &report->cases[i];
			}
		}
	if (!worst)
		return;
	fprintf(out,
		"\npredict against the tuned rule: wins %u, no difference %u, loses %u of %u; at "
		"worst %.3f of its "
		"cost (%s, start delay %g s, weight %g), %s %.2f\n",
		wins, all - wins - loses, loses, all, worst->sum.against, where->trace->name,
		where->setup.start_delay_s, worst->weight,
		worst->sum.against <= LIMIT ? "within" : "BEYOND", LIMIT);
}

void report_print(const struct report *report, FILE *out)
{
	const struct trace *last = NULL;

	fprintf(out, "lost: load that no ready replica took; hours: of replicas, over the "
		     "oracle's; changes: a day\n"
		     "rule lost, rule hours: what the rule loses at the same hours, and takes to "
		     "lose the same\n");
	for (size_t i = 0; i < report->len; i++) {
		const struct report_case *c = &report->cases[i];

		if (c->trace != last)
			fprintf(out,
				"\n%s: %zu minutes, the first %zu for training; a replica carries "
				"%.4g\n",
				c->trace->path, c->setup.minutes, c->setup.train_minutes,
				c->setup.capacity);
		last = c->trace;
		print_case(c, out);
	}
	print_verdict(report, out);
}

/* ---- for spreadsheets -------------------------------------------------------------------------------------------------- */

static void csv_text(const char *text, FILE *out)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void csv_number(double value, FILE *out)
{
	fputc(',', out);
	if (isfinite(value))
		fprintf(out, "%.6g", value);
}

void report_csv(const struct report *report, FILE *out)
{
	fprintf(out, "trace,start_delay_s,policy,lost_percent,lost_low,lost_high,hours,hours_low,"
		     "hours_high,"
		     "changes_a_day,cost,against_tuned,against_low,against_high,rule_lost_percent,"
		     "rule_hours\n");
	for (size_t i = 0; i < report->len; i++)
		for (size_t j = 0; j < report->cases[i].rows_len; j++) {
			const struct report_case *c = &report->cases[i];
			const struct report_row *row = &c->rows[j];
			const struct backtest_summary *s = &row->sum;
			bool weighed = row->kind >= REPORT_TUNED;
			double none = (double)NAN;
			const double numbers[] = { s->lost,
						   s->lost_low,
						   s->lost_high,
						   s->hours,
						   s->hours_low,
						   s->hours_high,
						   s->actions,
						   weighed ? s->cost : none,
						   weighed ? s->against : none,
						   weighed ? s->against_low : none,
						   weighed ? s->against_high : none,
						   row->rule_lost,
						   row->rule_hours };
			char name[64];

			csv_text(c->trace->name, out);
			csv_number(c->setup.start_delay_s, out);
			fputc(',', out);
			csv_text(report_name(row, name, sizeof(name)), out);
			for (size_t k = 0; k < ARRAY_LEN(numbers); k++)
				csv_number(numbers[k], out);
			fputc('\n', out);
		}
}
