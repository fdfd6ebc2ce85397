/* SPDX-License-Identifier: Apache-2.0 */
/*
 * autoscale.c - the rule of Kubernetes' HPA, and what holds it back.
 *
 * For each metric: wanted = ceil(replicas x average / target), and nothing within the tolerance. What is not known is taken as
 * what makes the change smaller: a replica without a value counts as on target when the others say "fewer" and as idle when they say
 * "more"; so does one that is still starting. The largest wish of all metrics counts; one that could not be measured at all keeps the number
 * from falling. Then, in this order: stabilisation windows, rates, minimum and maximum, what the host can carry.
 *
 * A forecast puts a floor under what the rule, its windows and rates say; it never takes away.
 *
 * What must hold: a pure function of its arguments.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <ocispec-lite/arena.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/autoscale.h"
#include "scale/autoscale-private.h"

#define COUNT_MAX 1e9 /* replicas: what a wild metric may ask for at most */

struct decider {
	const struct autoscale_input *in;
	const struct spec_scale *scale;
	struct autoscale_history *history;
	struct oci_arena *arena;
	unsigned minimum, maximum; /* of now: with the calendar's */
	unsigned calendar;
	unsigned recommended, wanted, would;
	bool failed;                   /* a metric */
	char *why;                     /* NULL: out of memory, told at the end */
	struct autoscale_wish *wishes; /* of each metric */
};

static void say(struct decider *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct decider *d, const char *format, ...)
{
	va_list ap;
	char *more;

	va_start(ap, format);
	more = oci_arena_vprintf(d->arena, format, ap);
	va_end(ap);
	if (d->why && more)
		d->why = oci_arena_printf(d->arena, "%s%s%s", d->why, *d->why ? "; " : "", more);
	else
		d->why = NULL;
}

static unsigned whole(double value)
{
	/* 4.0000000001 of a division is 4 */
	value = ceil(value - 1e-9);
	return value < 0 ? 0 : value > COUNT_MAX ? (unsigned)COUNT_MAX : (unsigned)value;
}

/* ---- one metric ------------------------------------------------------------------------------------------------------- */

const char *autoscale_metric_words(const struct spec_metric *metric, struct oci_arena *arena)
{
	switch (metric->kind) {
	case SPEC_METRIC_CPU:
		return "cpu";
	case SPEC_METRIC_MEMORY:
		return "memory";
	case SPEC_METRIC_CPU_PRESSURE:
		return "cpu pressure";
	case SPEC_METRIC_THROTTLED:
		return "throttled periods";
	case SPEC_METRIC_HTTP:
		return metric->name ? metric->name : "a number served over http";
	}
	return oci_arena_strdup(arena, "metric");
}

static bool near_one(const struct decider *d, double ratio)
{
	return fabs(ratio - 1) <= d->scale->tolerance + 1e-9;
}

/* The replicas of which nothing is known, taken as what makes the change smaller. */
static unsigned with_unknown(const struct decider *d, const struct autoscale_metric *m,
			     double ratio, double *ret_ratio)
{
	unsigned count = m->known + m->missing + (ratio > 1 ? m->not_ready : 0);
	double sum = ratio * m->known + (ratio < 1 ? m->missing : 0), again = sum / count;

	*ret_ratio = again;
	/* the unknown ones turn it round: then it says nothing */
	if (near_one(d, again) || (ratio < 1 && again > 1) || (ratio > 1 && again < 1))
		return d->in->current;
	return whole(again * count);
}

static void wish_of(struct decider *d, size_t i)
{
	const struct spec_metric *metric = &d->scale->metrics[i];
	const struct autoscale_metric *m = &d->in->metrics[i];
	struct autoscale_wish *wish = &d->wishes[i];
	unsigned current = d->in->current;
	double ratio;

	wish->failed = m->failed || !m->known || !isfinite(m->average) || !(metric->target > 0);
	wish->wanted = current;
	if (wish->failed) {
		d->failed = true;
		return;
	}
	ratio = wish->ratio = m->average / metric->target;
	/* what is not known can only bring it nearer */
	if (near_one(d, ratio))
		return;
	if (m->missing || (m->not_ready && ratio > 1))
		wish->wanted = with_unknown(d, m, ratio, &wish->ratio);
	else
		wish->wanted = whole(ratio * m->known);
	/* the number that is wanted may not be there yet: the direction must be the metric's */
	if ((ratio < 1 && wish->wanted > current) || (ratio > 1 && wish->wanted < current))
		wish->wanted = current;
}

static const char *unit(const struct spec_metric *metric)
{
	return metric->kind == SPEC_METRIC_HTTP ? "" : "%";
}

static void say_wish(struct decider *d, size_t i)
{
	const struct spec_metric *metric = &d->scale->metrics[i];
	const struct autoscale_metric *m = &d->in->metrics[i];
	const struct autoscale_wish *wish = &d->wishes[i];
	const char *name = autoscale_metric_words(metric, d->arena);

	if (wish->failed) {
		say(d, "%s could not be measured", name);
		return;
	}
	if (wish->wanted == d->in->current) {
		say(d, "%s is %.4g%s on average, target %.4g%s: %s", name, m->average, unit(metric),
		    metric->target, unit(metric),
		    near_one(d, wish->ratio) ? "near enough" : "no change");
		return;
	}
	say(d, "%s is %.4g%s on average of %u, target %.4g%s: %.2f times that needs %u", name,
	    m->average, unit(metric), m->known, metric->target, unit(metric), wish->ratio,
	    wish->wanted);
	if (m->missing)
		say(d, "%u without a value taken as %s", m->missing,
		    wish->ratio < 1 ? "on target" : "idle");
	if (m->not_ready && wish->ratio > 1)
		say(d, "%u still starting taken as idle", m->not_ready);
}

/* ---- all metrics ------------------------------------------------------------------------------------------------------ */

static void recommend(struct decider *d)
{
	unsigned current = d->in->current;
	size_t largest = 0;

	for (size_t i = 0; i < d->scale->metrics_len; i++) {
		wish_of(d, i);
		if (!d->wishes[i].failed &&
		    (d->wishes[largest].failed || d->wishes[i].wanted > d->wishes[largest].wanted))
			largest = i;
	}
	if (!spec_scale_measures(d->scale) || !d->scale->metrics_len) {
		d->recommended = d->scale->policy == SPEC_SCALE_CALENDAR ? d->minimum : current;
		return;
	}
	say_wish(d, largest);
	d->recommended = d->wishes[largest].wanted;
	if (d->scale->metrics_len > 1 && !d->wishes[largest].failed)
		say(d, "the largest wish of %zu metrics", d->scale->metrics_len);
	if (d->failed && d->recommended < current) {
		d->recommended = current;
		say(d, "not fewer, because another metric could not be measured");
	}
	/* from nothing there is nothing to measure */
	if (current == 0)
		d->recommended = d->minimum;
}

/* ---- history ---------------------------------------------------------------------------------------------------------- */

static const struct autoscale_past *past(const struct autoscale_history *history, unsigned back)
{
	return &history->past[(history->next + AUTOSCALE_HISTORY - 1 - back) % AUTOSCALE_HISTORY];
}

static void record(struct autoscale_history *history, int64_t at_ms, unsigned recommended,
		   unsigned before, unsigned after)
{
	struct autoscale_past *last =
		&history->past[(history->next + AUTOSCALE_HISTORY - 1) % AUTOSCALE_HISTORY];

	/* the same again only lasts longer: the ring holds long windows then */
	if (history->count && last->recommended == recommended && last->before == last->after &&
	    before == after && last->after == after) {
		last->at_ms = at_ms;
		return;
	}
	history->past[history->next] = (struct autoscale_past){ at_ms, recommended, before, after };
	history->next = (history->next + 1) % AUTOSCALE_HISTORY;
	if (history->count < AUTOSCALE_HISTORY)
		history->count++;
}

/* Up: the smallest recommendation of the window; down: the largest of its own. */
static void stabilise(struct decider *d)
{
	unsigned up = d->recommended, down = d->recommended, current = d->in->current;

	for (unsigned i = 0; i < d->history->count; i++) {
		const struct autoscale_past *each = past(d->history, i);
		int64_t age = d->in->now_ms - each->at_ms;

		if (age < d->scale->window_up_ms && each->recommended < up)
			up = each->recommended;
		if (age < d->scale->window_down_ms && each->recommended > down)
			down = each->recommended;
	}
	d->wanted = current < up ? up : current > down ? down : current;
	if (d->wanted == d->recommended)
		return;
	if (d->recommended > current)
		say(d, "growing waits: within the last %.4g s less was enough (%u)",
		    (double)d->scale->window_up_ms / 1000, up);
	else
		say(d, "shrinking waits: within the last %.4g s %u were needed",
		    (double)d->scale->window_down_ms / 1000, down);
}

/* ---- rates ------------------------------------------------------------------------------------------------------------ */

/* Replicas at the beginning of the period. */
static int64_t at_begin(const struct decider *d, int64_t period_ms)
{
	int64_t begin = d->in->current;

	for (unsigned i = 0; i < d->history->count; i++) {
		const struct autoscale_past *each = past(d->history, i);

		if (d->in->now_ms - each->at_ms < period_ms)
			begin -= (int64_t)each->after - (int64_t)each->before;
	}
	return begin < 0 ? 0 : begin;
}

static bool is_given(const struct spec_rate *rate)
{
	return rate->replicas >= 0 || rate->percent >= 0;
}

static void say_rate(struct decider *d, const char *what, const struct spec_rate *rate,
		     unsigned limit)
{
	const char *by = rate->replicas < 0 ? oci_arena_printf(d->arena, "%.4g%%", rate->percent)
			 : rate->percent < 0
				 ? oci_arena_printf(d->arena, "%lld", (long long)rate->replicas)
				 : oci_arena_printf(d->arena, "the larger of %lld and %.4g%%",
						    (long long)rate->replicas, rate->percent);

	say(d, "at most %s %s in %.4g s: %u", by ? by : "", what, (double)rate->period_ms / 1000,
	    limit);
}

static void limit_rates(struct decider *d)
{
	const struct spec_rate *up = &d->scale->up, *down = &d->scale->down;
	unsigned current = d->in->current;

	if (d->wanted > current && is_given(up)) {
		int64_t begin = at_begin(d, up->period_ms);
		double one = (double)begin + (double)(up->replicas < 0 ? 0 : up->replicas);
		double two = (double)begin * (1 + (up->percent < 0 ? 0 : up->percent) / 100);
		unsigned limit = whole(one > two ? one : two);

		if (limit < current)
			limit = current;
		if (d->wanted > limit) {
			d->wanted = limit;
			say_rate(d, "more", up, limit);
		}
	} else if (d->wanted < current && is_given(down)) {
		int64_t begin = at_begin(d, down->period_ms);
		double one = (double)begin - (double)(down->replicas < 0 ? 0 : down->replicas);
		double two = (double)begin * (1 - (down->percent < 0 ? 0 : down->percent) / 100);
		double least = one < two ? one : two;
		unsigned limit = least < 0 ? 0 : (unsigned)floor(least + 1e-9);

		if (limit > current)
			limit = current;
		if (d->wanted < limit) {
			d->wanted = limit;
			say_rate(d, "fewer", down, limit);
		}
	}
}

/* ---- limits ----------------------------------------------------------------------------------------------------------- */

static void limit_range(struct decider *d)
{
	if (d->wanted < d->minimum) {
		d->wanted = d->minimum;
		if (d->calendar >= d->minimum && d->calendar > (unsigned)d->scale->min)
			say(d, "the calendar asks for at least %u now", d->minimum);
		else
			say(d, "at least %u", d->minimum);
	}
	if (d->wanted > d->maximum) {
		d->wanted = d->maximum;
		say(d, "at most %u", d->maximum);
	}
}

/* What the host says concerns growth only: who has to go when it is short the pool decides, by priority. */
static void limit_host(struct decider *d)
{
	unsigned current = d->in->current, least = current < d->minimum ? d->minimum : current;

	if (d->wanted <= current)
		return;
	if (d->in->crash_looping && d->wanted > least) {
		d->wanted = least;
		say(d, "no growth while replicas keep failing");
	}
	if (d->in->veto_growth) {
		d->wanted = current;
		say(d, "no growth while the host is short of memory");
	} else if (d->wanted > d->in->admissible) {
		d->wanted = d->in->admissible > current ? d->in->admissible : current;
		say(d, "the host can carry %u", d->in->admissible);
	}
}

/* ---- forecasts -------------------------------------------------------------------------------------------------------- */

/* As the calendar's minimum does: past windows and rates, which are the rule's. */
static void raise_by_forecast(struct decider *d)
{
	const struct autoscale_forecast *forecast = d->in->forecast;

	if (!forecast || !forecast->act || forecast->floor <= d->wanted)
		return;
	d->wanted = forecast->floor;
	say(d, "the forecast asks for %u: %s", forecast->floor, forecast->why);
}

/* The same way through the limits, by one whose words are not heard. */
static void tell_forecast(struct decider *d)
{
	const struct autoscale_forecast *forecast = d->in->forecast;
	struct decider told = *d;

	d->would = d->wanted;
	if (!forecast || forecast->act || forecast->floor <= d->wanted)
		return;
	told.wanted = forecast->floor;
	limit_range(&told);
	limit_host(&told);
	if (told.wanted <= d->wanted)
		return;
	d->would = told.wanted;
	say(d, "with the forecast it would be %u: %s", d->would, forecast->why);
}

static void find_range(struct decider *d)
{
	const struct spec_scale *scale = d->scale;

	d->maximum = scale->max > 0 ? (unsigned)scale->max : 0;
	d->minimum = scale->min > 0 ? (unsigned)scale->min : 0;
	if (scale->calendar_len)
		d->calendar = calendar_minimum(scale->calendar, scale->calendar_len, d->in->clock_s,
					       NULL);
	if (d->calendar > d->minimum)
		d->minimum = d->calendar;
	if (d->minimum > d->maximum)
		d->minimum = d->maximum;
}

static void decide(struct decider *d)
{
	find_range(d);
	if (!d->history->count)
		record(d->history, d->in->now_ms, d->in->current, d->in->current, d->in->current);
	recommend(d);
	stabilise(d);
	limit_rates(d);
	raise_by_forecast(d);
	limit_range(d);
	limit_host(d);
	tell_forecast(d);
	record(d->history, d->in->now_ms, d->recommended, d->in->current, d->wanted);
}

int autoscale_decide(const struct autoscale_input *input, struct autoscale_history *history,
		     struct oci_arena *arena, struct autoscale_decision *ret)
{
	struct decider d = { .in = input,
			     .scale = input->scale,
			     .history = history,
			     .arena = arena,
			     .why = oci_arena_strdup(arena, "") };
	struct autoscale_facts facts;

	d.wishes = oci_arena_array(arena, input->scale->metrics_len + 1, sizeof(*d.wishes));
	if (!d.wishes)
		return -ENOMEM;
	d.wanted = d.recommended = d.would = input->current;
	if (input->scale->policy == SPEC_SCALE_MANUAL)
		say(&d, "the number is set by hand");
	else
		decide(&d);
	if (d.why && !*d.why)
		say(&d, "nothing asks for another number");
	facts = (struct autoscale_facts){ .wishes = d.wishes,
					  .minimum = d.minimum,
					  .maximum = d.maximum,
					  .calendar = d.calendar,
					  .recommended = d.recommended,
					  .wanted = d.wanted,
					  .would = d.would };
	*ret = (struct autoscale_decision){
		.wanted = d.wanted, .recommended = d.recommended, .would = d.would, .why = d.why
	};
	if (!d.why)
		return -ENOMEM;
	return autoscale_inputs(input, &facts, arena, &ret->inputs);
}
