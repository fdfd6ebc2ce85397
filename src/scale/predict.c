/* SPDX-License-Identifier: Apache-2.0 */
/*
 * predict.c - a minute is learned, the gate looks whom to believe, a plan is made.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scale/autoscale.h"
#include "scale/predict-private.h"

#define WEEK_MINUTES 10080u
#define BACK_MINUTES 120u   /* the clock may go back so far; more is a gap of almost a week */
#define FIRST_HORIZON 3u    /* minutes; stretched when starts turn out to be slower */
#define CHOICE_QUANTILE 0.9 /* models are judged by this one */
#define START_GUESS_S 30.0  /* before a start has been measured */
#define START_QUANTILE 0.9
#define CONTROL_S 60.0
#define DRAIN_GUESS_MS 2000 /* of a service with ports that says nothing */
#define HORIZON_MAX_S (60.0 * FORECAST_HORIZON_MAX)
#define MARGIN 0.02        /* a model must be better than the last value by this part */
#define RECENT_FACTOR 2.0  /* and of late not worse than it by this factor, */
#define RECENT_SLACK 0.05  /* where more than this of a replica is concerned */
#define RECENT_KEEP 0.9548 /* exp2(-1 / 15): a quarter of an hour */

static void know_no_load(struct predict *p)
{
	p->forecaster = NULL;
	p->begun = false;
	p->sum = 0;
	p->count = 0;
	p->minutes = p->learned = 0;
	p->load = (double)NAN;
	for (unsigned kind = 0; kind < FORECAST_KINDS; kind++)
		p->recent[kind] = (double)NAN;
	for (unsigned i = 0; i < PREDICT_PAST; i++)
		p->past[i] = (struct predict_past){ NAN, NAN };
	for (unsigned i = 0; i <= FORECAST_HORIZON_MAX; i++)
		p->upper[i] = NAN;
	p->plan = (struct predict_plan){ 0 };
}

int predict_new(struct predict **ret)
{
	struct predict *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	know_no_load(p);
	*ret = p;
	return 0;
}

void predict_unit(struct predict *p, uint32_t unit)
{
	if (p->unit == unit)
		return;
	forecaster_free(p->forecaster);
	know_no_load(p);
	p->unit = unit;
}

void predict_free(struct predict *p)
{
	if (!p)
		return;
	forecaster_free(p->forecaster);
	free(p);
}

/* ---- minutes ----------------------------------------------------------------------------------------------------------- */

/* Of local time: people's days are. */
static unsigned minute_of_week(int64_t clock_s)
{
	time_t when = (time_t)clock_s;
	struct tm tm;

	if (!localtime_r(&when, &tm))
		return (unsigned)(clock_s / 60 % WEEK_MINUTES);
	return (unsigned)(tm.tm_wday * 1440 + tm.tm_hour * 60 + tm.tm_min) % WEEK_MINUTES;
}

static int make_forecaster(struct predict *p)
{
	struct forecast_params params[FORECAST_KINDS];

	for (unsigned kind = 0; kind < FORECAST_KINDS; kind++)
		params[kind] = forecast_defaults((enum forecast_kind)kind);
	return forecaster_new(params, FORECAST_ALL, FIRST_HORIZON, CHOICE_QUANTILE, p->minute,
			      &p->forecaster);
}

static void note_losses(struct predict *p)
{
	for (unsigned kind = 0; kind < FORECAST_KINDS; kind++) {
		const struct forecast *model =
			forecaster_model(p->forecaster, (enum forecast_kind)kind);
		double loss = model ? forecast_last_loss(model) : (double)NAN;

		if (isnan(loss))
			continue;
		if (isnan(p->recent[kind]))
			p->recent[kind] = loss;
		p->recent[kind] += (1 - RECENT_KEEP) * (loss - p->recent[kind]);
	}
}

static void learn(struct predict *p, double load)
{
	float *upper = &p->upper[p->minutes % (FORECAST_HORIZON_MAX + 1)];

	forecaster_observe(p->forecaster, load);
	note_losses(p);
	p->past[p->minutes % PREDICT_PAST] = (struct predict_past){ *upper, (float)load };
	*upper = NAN;
	p->minutes++;
	if (isnan(load))
		return;
	p->load = load;
	p->learned++;
}

static int next_minute(struct predict *p, unsigned ahead)
{
	int r = p->forecaster ? 0 : make_forecaster(p);

	if (r < 0)
		return r;
	learn(p, p->count ? p->sum / p->count : (double)NAN);
	for (unsigned i = 1; i < ahead; i++)
		learn(p, (double)NAN);
	p->minute = (p->minute + ahead) % WEEK_MINUTES;
	p->sum = 0;
	p->count = 0;
	return 1;
}

int predict_measure(struct predict *p, int64_t clock_s, double load)
{
	unsigned minute = minute_of_week(clock_s), ahead;
	int r = 0;

	if (!p->begun)
		p->minute = minute;
	p->begun = true;
	ahead = (minute + WEEK_MINUTES - p->minute) % WEEK_MINUTES;
	/* summer time ends, or somebody has set the clock: these minutes were learned already */
	if (ahead > WEEK_MINUTES - BACK_MINUTES)
		return 0;
	if (ahead)
		r = next_minute(p, ahead);
	if (r >= 0 && isfinite(load) && load >= 0) {
		p->sum += load;
		p->count++;
	}
	return r;
}

/* ---- starts ------------------------------------------------------------------------------------------------------------ */

void predict_started(struct predict *p, int64_t ready_ms, double seconds)
{
	if (ready_ms > p->ready_ms)
		p->ready_ms = ready_ms;
	if (!isfinite(seconds) || seconds < 0)
		return;
	p->delays[p->delays_next] = (float)seconds;
	p->delays_next = (p->delays_next + 1) % PREDICT_DELAYS;
	if (p->delays_len < PREDICT_DELAYS)
		p->delays_len++;
}

int64_t predict_started_last(const struct predict *p)
{
	return p->ready_ms;
}

static int compare_floats(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

double predict_start_delay(const struct predict *p, double q)
{
	float sorted[PREDICT_DELAYS];

	if (!p->delays_len)
		return START_GUESS_S;
	memcpy(sorted, p->delays, p->delays_len * sizeof(*sorted));
	qsort(sorted, p->delays_len, sizeof(*sorted), compare_floats);
	return (double)sorted[(unsigned)(q * (p->delays_len - 1) + 0.5)];
}

/* ---- the gate ---------------------------------------------------------------------------------------------------------- */

static bool is_wrong_now(const struct predict *p, enum forecast_kind model)
{
	double loss = p->recent[model], reference = p->recent[FORECAST_PERSISTENCE];

	return !(loss <= RECENT_FACTOR * reference + RECENT_SLACK);
}

static void find_gate(const struct predict *p, struct predict_plan *plan)
{
	const char *word = forecast_word(plan->model);
	double loss = predict_loss(p, plan->model, false);
	double reference = predict_loss(p, FORECAST_PERSISTENCE, false);

	if (p->learned < PREDICT_LEARN)
		(void)snprintf(plan->gate, sizeof(plan->gate), "%u of %d minutes are learned",
			       (unsigned)p->learned, PREDICT_LEARN);
	else if (plan->model == FORECAST_PERSISTENCE)
		(void)snprintf(plan->gate, sizeof(plan->gate),
			       "no model forecasts better than the last value");
	else if (!(loss <= (1 - MARGIN) * reference))
		(void)snprintf(plan->gate, sizeof(plan->gate),
			       "%s forecasts hardly better than the last value", word);
	else if (is_wrong_now(p, plan->model))
		(void)snprintf(plan->gate, sizeof(plan->gate),
			       "%s is wrong today: of late its loss is %.3g, the last value's %.3g",
			       word, p->recent[plan->model], p->recent[FORECAST_PERSISTENCE]);
	else
		plan->open = true;
	if (plan->open)
		(void)snprintf(plan->gate, sizeof(plan->gate),
			       "%s: its loss is %.0f %% of the last value's", word,
			       100 * loss / reference);
}

/* ---- the plan ---------------------------------------------------------------------------------------------------------- */

double predict_capacity(const struct spec_scale *scale)
{
	double least = (double)INFINITY;

	if (scale->predict.capacity > 0)
		return scale->predict.capacity / 100;
	for (size_t i = 0; i < scale->metrics_len; i++) {
		const struct spec_metric *metric = &scale->metrics[i];
		double carries = metric->kind == SPEC_METRIC_HTTP ? 1 + scale->tolerance
								  : 100 / metric->target;

		if (carries < least)
			least = carries;
	}
	/* a target above 100 per cent of use is one that nothing reaches */
	return isfinite(least) && least > 1 ? least : 1;
}

static void find_horizon(const struct predict *p, const struct spec_scale *scale,
			 struct predict_plan *plan)
{
	double period = (double)scale->period_ms / 1000;
	int64_t drain = scale->drain_ms >= 0 ? scale->drain_ms : DRAIN_GUESS_MS;

	plan->start_s = predict_start_delay(p, START_QUANTILE);
	plan->control_s = period > CONTROL_S ? period : CONTROL_S;
	plan->drain_s = (double)drain / 1000;
	plan->horizon_s = scale->predict.horizon_ms > 0
				  ? (double)scale->predict.horizon_ms / 1000
				  : plan->start_s + plan->control_s + plan->drain_s;
	if (plan->horizon_s > HORIZON_MAX_S)
		plan->horizon_s = HORIZON_MAX_S;
	plan->minutes = (unsigned)ceil(plan->horizon_s / 60);
	if (plan->minutes < 1)
		plan->minutes = 1;
}

/* Three points of the load's distribution; each stands for what is nearer to it than to the next. */
static void find_paths(struct predict *p, const struct spec_scale *scale, struct predict_plan *plan)
{
	const struct forecast *model = forecaster_model(p->forecaster, plan->model);
	double q = scale->predict.quantile;

	plan->levels[0] = 0.5;
	plan->levels[1] = q;
	plan->levels[2] = (1 + q) / 2;
	plan->shares[0] = (plan->levels[0] + plan->levels[1]) / 2;
	plan->shares[2] = 1 - (plan->levels[1] + plan->levels[2]) / 2;
	plan->shares[1] = 1 - plan->shares[0] - plan->shares[2];
	for (unsigned i = 0; i < PREDICT_PATHS; i++)
		for (unsigned minute = 0; minute < plan->minutes; minute++)
			plan->paths[i][minute] =
				forecast_quantile(model, minute + 1, plan->levels[i]);
	p->upper[(p->minutes + plan->minutes - 1) % (FORECAST_HORIZON_MAX + 1)] =
		(float)plan->paths[1][plan->minutes - 1];
}

static double largest(const double *path, unsigned minutes)
{
	double most = 0;

	for (unsigned i = 0; i < minutes; i++)
		if (path[i] > most)
			most = path[i];
	return most;
}

static unsigned whole(double load, unsigned least, unsigned most)
{
	double count = ceil(load - 1e-9);

	if (!(count > least))
		return least;
	return count < most ? (unsigned)count : most;
}

static void choose(struct predict_plan *plan, unsigned low)
{
	const struct predict_candidate *best = &plan->candidates[0];

	for (size_t i = 1; i < plan->candidates_len; i++)
		if (plan->candidates[i].cost < best->cost)
			best = &plan->candidates[i];
	if (best->replicas <= low)
		(void)snprintf(plan->why, sizeof(plan->why),
			       "%u, which the load needs now, cost least", low);
	else
		(void)snprintf(
			plan->why, sizeof(plan->why),
			"%s says that the load stays under %.3g within %u min (quantile %.4g)",
			forecast_word(plan->model), largest(plan->paths[1], plan->minutes),
			plan->minutes, plan->levels[1]);
	if (best->replicas > low)
		plan->floor = best->replicas;
}

static unsigned coming_minimum(const struct predict_now *now, const struct predict_plan *plan)
{
	const struct spec_scale *scale = now->scale;
	unsigned most = 0;

	for (unsigned minute = 0; scale->calendar_len && minute <= plan->minutes; minute++) {
		unsigned minimum = calendar_minimum(scale->calendar, scale->calendar_len,
						    now->clock_s + 60 * (int64_t)minute, NULL);

		if (minimum > most)
			most = minimum;
	}
	return most < now->most ? most : now->most;
}

static int ask_forecast(const struct predict *p, const struct predict_now *now,
			struct predict_plan *plan)
{
	unsigned least = now->scale->min > 0 ? (unsigned)now->scale->min : 0, low, high;
	int r;

	if (least > now->most)
		least = now->most;
	low = whole(p->load, least > plan->calendar ? least : plan->calendar, now->most);
	high = whole(largest(plan->paths[2], plan->minutes), low, now->most);
	if (high == low) {
		(void)snprintf(plan->why, sizeof(plan->why),
			       "%u, which the load needs now, carries what is to come", low);
		return 0;
	}
	r = predict_simulate(p, now, plan, low, high);
	if (r == 0)
		choose(plan, low);
	return r;
}

int predict_decide(struct predict *p, const struct predict_now *now)
{
	struct predict_plan plan = { .at_ms = now->now_ms, .load = p->load };
	int r = 0;

	if (!p->forecaster)
		return 0;
	find_horizon(p, now->scale, &plan);
	if (plan.minutes > forecaster_horizon(p->forecaster))
		r = forecaster_stretch(p->forecaster, plan.minutes);
	if (r < 0)
		return r;
	plan.model = forecaster_choice(p->forecaster);
	plan.calendar = coming_minimum(now, &plan);
	find_paths(p, now->scale, &plan);
	find_gate(p, &plan);
	if (plan.open && !isnan(p->load))
		r = ask_forecast(p, now, &plan);
	if (r < 0)
		return r;
	if (plan.calendar > plan.floor) {
		plan.floor = plan.calendar;
		(void)snprintf(plan.why, sizeof(plan.why),
			       "the calendar asks for at least %u within %u min", plan.calendar,
			       plan.minutes);
	}
	p->plan = plan;
	return 0;
}

/* ---- answers ----------------------------------------------------------------------------------------------------------- */

const struct predict_plan *predict_last(const struct predict *p)
{
	return &p->plan;
}

unsigned predict_floor(const struct predict *p, int64_t now_ms)
{
	return p->plan.at_ms && now_ms - p->plan.at_ms <= PREDICT_LASTS_MS ? p->plan.floor : 0;
}

double predict_loss(const struct predict *p, enum forecast_kind kind, bool recent)
{
	const struct forecast *model = p->forecaster ? forecaster_model(p->forecaster, kind) : NULL;

	return !model ? (double)NAN : recent ? p->recent[kind] : forecast_loss(model);
}

uint64_t predict_learned(const struct predict *p)
{
	return p->learned;
}

struct predict_past predict_past(const struct predict *p, unsigned back)
{
	if (back >= PREDICT_PAST || back >= p->minutes)
		return (struct predict_past){ NAN, NAN };
	return p->past[(p->minutes - 1 - back) % PREDICT_PAST];
}

size_t predict_memory(const struct predict *p)
{
	return sizeof(*p) + (p->forecaster ? forecaster_memory(p->forecaster) : 0);
}
