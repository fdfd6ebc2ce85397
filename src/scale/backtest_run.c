/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backtest_run.c - the rows of a backtest.
 *
 * What must hold: parameters, targets and capacity are fixed before the days that are judged (the capacity that is not given is the trace's
 * own scale, the same for every policy); the gate sees at each hour only what was before it.
 */
#include <math.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/backtest_run.h"

#define TARGET_FIRST 0.10
#define TARGET_STEP 0.01
#define REPLICAS_AT_PEAK 16

/* The gate: a week of memory, a hundredth that a forecast must be better by, and may have cost at most; with a surprise two. */
#define HALF_LIFE_MIN (7.0 * 1440)
#define MARGIN 0.01
#define LIMIT 0.01
#define BOUND 0.02

static const double shown_targets[] = { 0.5, 0.6, 0.7, 0.8, 0.9 };
static const double base_targets[] = { 0.7, 0.8, 0.9 }; /* below forecasts; with the tuned one */
#define BASES (ARRAY_LEN(base_targets) + 1)
#define SHOWN_BASE 0.9

struct run {
	struct report_case *c;
	struct backtest_result oracle;
	double targets[REPORT_RULES];
};

static double processor_seconds(void)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Takes @result. @reference NULL: the result itself. */
static void add_row(struct run *run, const struct report_row *row, struct backtest_result *result,
		    const struct backtest_result *reference)
{
	struct report_case *c = run->c;
	struct report_row *to = &c->rows[c->rows_len++];

	*to = *row;
	backtest_summarise(&c->setup, result, &run->oracle, reference ? reference : result,
			   &to->sum);
	to->rule_lost = backtest_at_cost(c->rules, REPORT_RULES, to->sum.hours);
	to->rule_hours = backtest_at_loss(c->rules, REPORT_RULES, to->sum.lost);
	backtest_result_free(result);
}

static int draw_curve(struct run *run)
{
	for (size_t i = 0; i < REPORT_RULES; i++) {
		struct backtest_result result;
		struct backtest_summary sum;
		int r;

		run->targets[i] = TARGET_FIRST + TARGET_STEP * (double)i;
		r = backtest_rule(&run->c->setup, run->targets[i], NULL, &result);
		if (r < 0)
			return r;
		backtest_summarise(&run->c->setup, &result, &run->oracle, &run->oracle, &sum);
		run->c->rules[i] = (struct backtest_point){ sum.hours, sum.lost };
		backtest_result_free(&result);
	}
	return 0;
}

static int add_plain(struct run *run)
{
	const struct backtest_setup *setup = &run->c->setup;
	struct backtest_result result;
	int r = backtest_oracle(setup, &result);

	if (r == 0) {
		add_row(run, &(struct report_row){ .kind = REPORT_ORACLE }, &result, NULL);
		r = backtest_constant(setup, backtest_peak(setup), &result);
	}
	if (r == 0)
		add_row(run, &(struct report_row){ .kind = REPORT_CONSTANT }, &result, NULL);
	for (size_t i = 0; i < ARRAY_LEN(shown_targets) && r == 0; i++) {
		r = backtest_rule(setup, shown_targets[i], NULL, &result);
		if (r == 0)
			add_row(run,
				&(struct report_row){ .kind = REPORT_RULE,
						      .target = shown_targets[i] },
				&result, NULL);
	}
	for (size_t i = 0; i < BACKTEST_QUANTILES && r == 0; i++) {
		r = backtest_rule(setup, SHOWN_BASE, run->c->forecast.floor[i], &result);
		if (r == 0)
			add_row(run,
				&(struct report_row){ .kind = REPORT_FORECAST,
						      .target = SHOWN_BASE,
						      .quantile = backtest_quantiles[i] },
				&result, NULL);
	}
	return r;
}

static int predict(struct run *run, double tuned, struct backtest_result *ret, double *ret_on)
{
	struct backtest_candidate candidates[BASES * BACKTEST_QUANTILES];
	struct backtest_gate gate = { .candidates = candidates,
				      .len = ARRAY_LEN(candidates),
				      .tuned = tuned,
				      .half_life_min = HALF_LIFE_MIN,
				      .margin = MARGIN,
				      .limit = LIMIT,
				      .bound = BOUND };
	double begin = processor_seconds();
	int r;

	for (size_t i = 0; i < ARRAY_LEN(candidates); i++) {
		size_t base = i / BACKTEST_QUANTILES;

		candidates[i] = (struct backtest_candidate){
			base < ARRAY_LEN(base_targets) ? base_targets[base] : tuned,
			run->c->forecast.floor[i % BACKTEST_QUANTILES]
		};
	}
	r = backtest_predict(&run->c->setup, &gate, ret, ret_on);
	run->c->cpu_predict = processor_seconds() - begin;
	return r;
}

static int add_weight(struct run *run, double weight)
{
	struct backtest_result rule, result, copy;
	struct report_row row = { .kind = REPORT_TUNED, .weight = weight };
	int r;

	run->c->setup.weight = weight;
	r = backtest_tune(&run->c->setup, run->targets, REPORT_RULES, &row.target);
	if (r == 0)
		r = backtest_rule(&run->c->setup, row.target, NULL, &rule);
	if (r < 0)
		return r;
	r = predict(run, row.target, &result, &row.on);
	if (r == 0) {
		struct report_row tuned = row;

		tuned.on = 0;
		r = backtest_rule(&run->c->setup, row.target, NULL, &copy);
		if (r == 0)
			add_row(run, &tuned, &copy, &rule);
		row.kind = REPORT_PREDICT;
		add_row(run, &row, &result, &rule);
	}
	backtest_result_free(&rule);
	return r;
}

static int forecast(struct report_case *c)
{
	double begin = processor_seconds(), between;
	int r = backtest_fit(&c->setup, &c->forecast);

	between = processor_seconds();
	if (r == 0)
		r = backtest_forecast(&c->setup, &c->forecast);
	c->cpu_fit = between - begin;
	c->cpu_forecast = processor_seconds() - between;
	return r;
}

static int run_case(const struct backtest_plan *plan, struct report_case *c,
		    struct oci_arena *arena)
{
	struct run run = { .c = c };
	int r;

	c->rows = oci_arena_array(
		arena, 2 + ARRAY_LEN(shown_targets) + BACKTEST_QUANTILES + 2 * plan->weights.len,
		sizeof(*c->rows));
	if (!c->rows)
		return -ENOMEM;
	r = backtest_oracle(&c->setup, &run.oracle);
	if (r < 0)
		return r;
	r = forecast(c);
	if (r == 0)
		r = draw_curve(&run);
	if (r == 0)
		r = add_plain(&run);
	for (size_t i = 0; i < plan->weights.len && r == 0; i++)
		r = add_weight(&run, plan->weights.items[i]);
	backtest_forecast_free(&c->forecast);
	backtest_result_free(&run.oracle);
	return r;
}

int backtest_report(const struct backtest_plan *plan, struct oci_arena *arena, struct report *ret,
		    struct oci_error *err)
{
	size_t count = plan->traces_len * plan->delays.len;

	*ret = (struct report){ .cases = oci_arena_array(arena, count, sizeof(*ret->cases)),
				.len = count };
	if (!ret->cases)
		return err_nomem(err);
	for (size_t i = 0; i < count; i++) {
		const struct trace *trace = &plan->traces[i / plan->delays.len];
		struct report_case *c = &ret->cases[i];
		int r;

		*c = (struct report_case){ .trace = trace, .setup = plan->setup };
		c->setup.load = trace->values;
		c->setup.minutes = trace->len;
		c->setup.start_delay_s = plan->delays.items[i % plan->delays.len];
		if (!(c->setup.capacity > 0))
			c->setup.capacity = trace->largest / REPLICAS_AT_PEAK;
		r = run_case(plan, c, arena);
		if (r == -ENOMEM)
			return err_nomem(err);
		if (r < 0)
			return err_sys(err, -r, "%s: cannot be judged", trace->path);
	}
	return 0;
}
