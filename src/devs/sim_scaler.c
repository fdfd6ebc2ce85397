/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_scaler.c - each period: sample the replicas, let the caller decide, start or stop some.
 *
 * Who has to go is carte-scale's choice too: what does not serve first, then the newest.
 */
#include <math.h>

#include "devs/sim-private.h"

static void view_of(const struct sim_scaler *sc, struct sim_view *ret)
{
	double busy = 0, jobs = 0;

	*ret = (struct sim_view){ .now = sc->clock,
				  .wanted = sc->wanted,
				  .admissible = sim_pool_admissible(sc->params) };
	for (unsigned i = 0; i < sc->len; i++) {
		const struct sim_sample *sample = sc->commands[i].sample;

		if (!sample)
			continue;
		ret->failed += sample->phase == SIM_FAILED;
		ret->starting += sample->phase == SIM_STARTING || sample->phase == SIM_WARMING;
		if (sample->phase != SIM_READY)
			continue;
		ret->jobs_known++;
		jobs += sample->jobs;
		ret->fresh += sample->fresh;
		ret->known += !sample->fresh;
		busy += sample->fresh ? 0 : sample->busy;
	}
	ret->busy = ret->known ? busy / ret->known : 0;
	ret->jobs = ret->jobs_known ? jobs / ret->jobs_known : 0;
}

/* Is @a to go before @b? */
static bool goes_before(const struct sim_sample *a, const struct sim_sample *b)
{
	bool a_ready = a->phase == SIM_READY, b_ready = b->phase == SIM_READY;

	if (a_ready != b_ready)
		return !a_ready;
	return a->asked != b->asked ? a->asked > b->asked : a->number > b->number;
}

static void stop_one(struct sim_scaler *sc)
{
	struct sim_command *best = NULL;

	for (unsigned i = 0; i < sc->len; i++) {
		struct sim_command *each = &sc->commands[i];

		if (each->sample && !each->stop && sim_phase_wanted(each->sample->phase) &&
		    (!best || goes_before(each->sample, best->sample)))
			best = each;
	}
	if (best)
		best->stop = true;
}

static void start_one(struct sim_scaler *sc)
{
	for (unsigned i = 0; i < sc->len; i++)
		if (!sc->commands[i].sample && !sc->commands[i].start) {
			sc->commands[i].start = true;
			return;
		}
}

/*
 * How decisions lie to the load is luck: a burst that begins at one would always meet the longest delay. Of further replications each
 * begins at another part of a period, evenly spread by the golden section.
 */
static double first_decision(const struct sim_service_params *p)
{
	double turns = (double)p->replication * 0.6180339887498949;

	return p->period * (1 - (turns - floor(turns)));
}

static double next_decision(const struct sim_scaler *sc)
{
	if (!sc->params->decide)
		return DEVS_INFINITY;
	return sc->due > 0 ? sc->due + sc->params->period : first_decision(sc->params);
}

static void decide(struct sim_scaler *sc)
{
	const struct sim_service_params *p = sc->params;
	unsigned there = 0;
	struct sim_view view;

	if (!sc->first && p->decide) {
		view_of(sc, &view);
		sc->wanted = p->decide(p->ctx, &view);
		if (sc->wanted > p->max)
			sc->wanted = p->max;
	}
	sc->first = false;
	for (unsigned i = 0; i < sc->len; i++)
		there += sc->commands[i].sample && sim_phase_wanted(sc->commands[i].sample->phase);
	/* with those on their way out all places may be taken: then in the next period */
	for (; there < sc->wanted; there++)
		start_one(sc);
	for (; there > sc->wanted; there--)
		stop_one(sc);
	sc->state = SIM_COMMANDING;
	sc->sigma = 0;
}

/* ---- the model --------------------------------------------------------------------------------------------------------------- */

static double scaler_ta(const void *s)
{
	return ((const struct sim_scaler *)s)->sigma;
}

static void scaler_lambda(const void *s, struct devs_output *output)
{
	const struct sim_scaler *sc = s;
	struct devs_event sample = { .kind = SIM_SAMPLE }, start = { .kind = SIM_START },
			  stop = { .kind = SIM_STOP },
			  wanted = { .kind = SIM_WANTED, .integer = sc->wanted };

	if (sc->state == SIM_IDLE)
		devs_send(output, SIM_MAIN, &sample);
	if (sc->state != SIM_COMMANDING)
		return;
	devs_send(output, SIM_WANTS, &wanted);
	for (unsigned i = 0; i < sc->len; i++) {
		if (sc->commands[i].start)
			devs_send(output, i, &start);
		if (sc->commands[i].stop)
			devs_send(output, i, &stop);
	}
}

static void scaler_int(void *s)
{
	struct sim_scaler *sc = s;

	sc->clock += sc->sigma;
	switch (sc->state) {
	case SIM_IDLE:
		/* sums of periods round */
		sc->clock = sc->due;
		sc->state = SIM_COLLECTING;
		sc->sigma = 0;
		break;
	case SIM_COLLECTING:
		decide(sc);
		break;
	case SIM_COMMANDING:
		for (unsigned i = 0; i < sc->len; i++)
			sc->commands[i] = (struct sim_command){ 0 };
		sc->state = SIM_IDLE;
		sc->due = next_decision(sc);
		sc->sigma = sc->due - sc->clock;
		break;
	}
}

static void scaler_ext(void *s, double e, const struct devs_bag *x)
{
	struct sim_scaler *sc = s;

	sc->clock += e;
	sc->sigma -= e;
	for (size_t i = 0; i < x->len; i++)
		if (x->events[i].kind == SIM_SAMPLED)
			sc->commands[x->events[i].port].sample = x->events[i].pointer;
}

/* the samples come when it is about to decide: they first */
static void scaler_con(void *s, const struct devs_bag *x)
{
	scaler_ext(s, 0, x);
	scaler_int(s);
}

const struct devs_class sim_scaler_class = {
	.name = "scaler",
	.ta = scaler_ta,
	.lambda = scaler_lambda,
	.d_int = scaler_int,
	.d_ext = scaler_ext,
	.d_con = scaler_con,
};
