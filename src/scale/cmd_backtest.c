/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_backtest.c - judge policies of scaling by recorded loads: no service is touched.
 */
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "scale/args.h"
#include "scale/backtest_run.h"
#include "scale/cmds.h"
#include "scale/save.h"

struct backtest_args {
	const char *season, *start_delay, *weight, *capacity, *metric_age, *window_down, *signal,
		*csv, *svg, *train_days, *min, *max;
};

#define ARG(member) offsetof(struct backtest_args, member)

static const struct opt backtest_opts[] = {
	{ "start-delay", 0, OPT_STRING, ARG(start_delay), "SECONDS,...",
	  "how long a replica takes to be ready; 2,30,120" },
	{ "weight", 0, OPT_STRING, ARG(weight), "WEIGHT,...",
	  "what a replica-hour of lost load costs, in replica-hours; 10,100,1000" },
	{ "season", 0, OPT_STRING, ARG(season), "SEASONS",
	  "what forecasts may know of: day, week, day,week (the default) or none" },
	{ "capacity", 0, OPT_STRING, ARG(capacity), "LOAD",
	  "what one replica carries; a sixteenth of the trace's largest value" },
	{ "min", 0, OPT_STRING, ARG(min), "N", "fewest replicas; 1" },
	{ "max", 0, OPT_STRING, ARG(max), "N", "most replicas; 20" },
	{ "train-days", 0, OPT_STRING, ARG(train_days), "N",
	  "days that fix the parameters and are not judged; 7" },
	{ "metric-age", 0, OPT_STRING, ARG(metric_age), "SECONDS",
	  "how old what a decision knows is; 30" },
	{ "window-down", 0, OPT_STRING, ARG(window_down), "SECONDS",
	  "how long fewer replicas must have been enough; 300" },
	{ "signal", 0, OPT_STRING, ARG(signal), "SIGNAL",
	  "what the rule sees: cpu, which ends at 100 % (the default), or offered load" },
	{ "csv", 0, OPT_STRING, ARG(csv), "FILE", "write the table there too" },
	{ "svg", 0, OPT_STRING, ARG(svg), "FILE", "draw lost load against replica-hours" },
	{ .name = NULL },
};

/* ---- options ----------------------------------------------------------------------------------------------------------- */

static int read_list(const char *option, const char *text, double high, const char *expected,
		     struct oci_arena *arena, struct numbers *ret, struct oci_error *err)
{
	char *words = oci_arena_strdup(arena, text), *rest = words;
	double *items = oci_arena_array(arena, strlen(text) + 1, sizeof(*items));

	if (!words || !items)
		return err_nomem(err);
	*ret = (struct numbers){ .items = items };
	for (char *word; (word = strsep(&rest, ","));)
		if (trace_number(word, &items[ret->len]) < 0 || items[ret->len++] > high)
			return args_usage(err, option, text, expected);
	return 0;
}

static int read_season(const char *text, unsigned *ret, struct oci_error *err)
{
	static const unsigned day = 1u << FORECAST_DAILY,
			      week = 1u << FORECAST_WEEKLY | 1u << FORECAST_PROFILE;

	*ret = FORECAST_ALL;
	if (!text || strcmp(text, "day,week") == 0 || strcmp(text, "week,day") == 0)
		return 0;
	if (strcmp(text, "day") == 0)
		*ret &= ~week;
	else if (strcmp(text, "week") == 0)
		*ret &= ~day;
	else if (strcmp(text, "none") == 0)
		*ret &= ~(day | week);
	else
		return args_usage(err, "season", text, "day, week, day,week or none");
	return 0;
}

static int read_plan(const struct backtest_args *args, struct oci_arena *arena,
		     struct backtest_plan *plan, struct oci_error *err)
{
	struct backtest_setup *setup = &plan->setup;
	unsigned days = 7;
	int r = read_list("start-delay", args->start_delay ? args->start_delay : "2,30,120", 3600,
			  "seconds of 0 to 3600, with commas between", arena, &plan->delays, err);

	*setup = (struct backtest_setup){
		.min = 1, .max = 20, .metric_age_s = 30, .window_down_s = 300, .tolerance = 0.1
	};
	if (r == 0)
		r = read_list("weight", args->weight ? args->weight : "10,100,1000", 1e9,
			      "numbers of 0 to 1e9, with commas between", arena, &plan->weights,
			      err);
	if (r == 0)
		r = read_season(args->season, &setup->kinds, err);
	if (r == 0)
		r = args_number("capacity", args->capacity, 1e-9, 1e12, "a number above 0",
				&setup->capacity, err);
	if (r == 0)
		r = args_number("metric-age", args->metric_age, 0, 600, "seconds of 0 to 600",
				&setup->metric_age_s, err);
	if (r == 0)
		r = args_number("window-down", args->window_down, 0, 3600, "seconds of 0 to 3600",
				&setup->window_down_s, err);
	if (r == 0 && args->signal && strcmp(args->signal, "cpu") != 0 &&
	    strcmp(args->signal, "offered") != 0)
		r = args_usage(err, "signal", args->signal, "cpu or offered");
	if (r == 0)
		r = args_count("min", args->min, 1, 100000, "1 to 100000", &setup->min, err);
	if (r == 0)
		r = args_count("max", args->max, setup->min, 100000, "min to 100000", &setup->max,
			       err);
	if (r == 0)
		r = args_count("train-days", args->train_days, 1, 3650, "1 to 3650", &days, err);
	setup->offered = args->signal && strcmp(args->signal, "offered") == 0;
	setup->train_minutes = (size_t)days * 1440;
	return r;
}

/* ---- traces ------------------------------------------------------------------------------------------------------------- */

static int read_traces(char **paths, size_t count, struct backtest_plan *plan,
		       struct oci_arena *arena, struct oci_error *err)
{
	struct trace *traces = oci_arena_array(arena, count, sizeof(*traces));
	size_t least = plan->setup.train_minutes + 1440;
	int r = 0;

	if (!traces)
		return err_nomem(err);
	for (size_t i = 0; i < count && r == 0; i++) {
		r = trace_read(paths[i], arena, &traces[i], err);
		if (r == 0 && traces[i].len < least)
			r = err_set_as(err, ERR_DOCUMENT, EINVAL,
				       "%s: %zu minutes are too few: expected %zu of training and "
				       "a day behind "
				       "it; --train-days takes fewer",
				       paths[i], traces[i].len, plan->setup.train_minutes);
		if (r == 0 && !(traces[i].largest > 0))
			r = err_set_as(err, ERR_DOCUMENT, EINVAL,
				       "%s: there is no load in it: every value is 0", paths[i]);
	}
	plan->traces = traces;
	plan->traces_len = count;
	return r;
}

static void write_csv(const void *report, FILE *out)
{
	report_csv(report, out);
}

static void write_svg(const void *report, FILE *out)
{
	report_svg(report, out);
}

static int backtest_run(void *options, char **operands, int count, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct backtest_args *args = options;
	struct backtest_plan plan = { 0 };
	struct report report = { 0 };
	int r;

	r = read_plan(args, &arena, &plan, err);
	if (r == 0)
		r = read_traces(operands, (size_t)count, &plan, &arena, err);
	if (r == 0)
		r = backtest_report(&plan, &arena, &report, err);
	if (r == 0)
		r = save_written(args->csv, write_csv, &report, err);
	if (r == 0)
		r = save_written(args->svg, write_svg, &report, err);
	if (r == 0)
		report_print(&report, stdout);
	return r;
}

const struct cmd cmd_backtest = {
	.command = {
		.name = "backtest",
		.usage = "[OPTIONS] TRACE...",
		.summary = "judge policies of scaling by recorded loads",
		.opts = backtest_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = -1,
	},
	.options_size = sizeof(struct backtest_args),
	.run = backtest_run,
};
