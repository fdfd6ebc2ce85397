/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_load.c - requests: when they come, and how much work each brings.
 *
 * A rate path is thinned (Lewis and Shedler 1979): candidates of a Poisson process at the path's largest rate, each taken with the
 * probability rate / largest rate of its moment.
 */
#include <math.h>
#include <stdlib.h>

#include "devs/sim-private.h"

/* ---- jobs --------------------------------------------------------------------------------------------------------------- */

static void more_jobs(struct sim_jobs *jobs)
{
	struct sim_block *block = calloc(1, sizeof(*block));

	if (!block) {
		jobs->failed = true;
		return;
	}
	block->next = jobs->blocks;
	jobs->blocks = block;
	for (size_t i = 0; i < sizeof(block->jobs) / sizeof(block->jobs[0]); i++)
		sim_job_free(jobs, &block->jobs[i]);
}

struct sim_job *sim_job_new(struct sim_jobs *jobs)
{
	struct sim_job *job;

	if (!jobs->free)
		more_jobs(jobs);
	job = jobs->free;
	if (!job)
		return NULL;
	jobs->free = job->next;
	*job = (struct sim_job){ 0 };
	return job;
}

void sim_job_free(struct sim_jobs *jobs, struct sim_job *job)
{
	job->next = jobs->free;
	jobs->free = job;
}

void sim_jobs_end(struct sim_jobs *jobs)
{
	while (jobs->blocks) {
		struct sim_block *next = jobs->blocks->next;

		free(jobs->blocks);
		jobs->blocks = next;
	}
	jobs->free = NULL;
}

void sim_queue_put(struct sim_queue *queue, struct sim_job *job)
{
	job->next = NULL;
	if (queue->last)
		queue->last->next = job;
	else
		queue->first = job;
	queue->last = job;
	queue->len++;
}

struct sim_job *sim_queue_take(struct sim_queue *queue)
{
	struct sim_job *job = queue->first;

	if (!job)
		return NULL;
	queue->first = job->next;
	if (!queue->first)
		queue->last = NULL;
	queue->len--;
	return job;
}

/* ---- numbers ------------------------------------------------------------------------------------------------------------- */

double sim_draw(const struct sim_times *times, struct random_stream *random)
{
	if (times->len)
		return times->samples[random_below(random, times->len)];
	if (times->constant || !(times->mean > 0))
		return times->mean;
	return random_exponential(random, times->mean);
}

void sim_stream(const struct sim_service_params *params, unsigned stream,
		struct random_stream *random)
{
	random_init(random, params->seed, params->replication << 16 | stream);
}

/* ---- arrivals -------------------------------------------------------------------------------------------------------------- */

struct sim_job *sim_load_job(struct sim_load *load, double arrived)
{
	struct sim_job *job = sim_job_new(load->jobs);

	if (!job)
		return NULL;
	job->arrived = arrived;
	job->work = sim_draw(&load->params->work, &load->work);
	job->who = random_bits(&load->work);
	return job;
}

static double rate_at(const struct sim_service_params *params, double t)
{
	double step = t / params->rate_step;

	return params->rate[step < (double)params->rate_len ? (size_t)step : params->rate_len - 1];
}

/* DEVS_INFINITY: none before the horizon */
static double next_time(struct sim_load *load)
{
	const struct sim_service_params *params = load->params;
	double t = load->clock;

	if (params->arrivals_len)
		return load->next_arrival < params->arrivals_len
			       ? params->arrivals[load->next_arrival++]
			       : DEVS_INFINITY;
	if (!(load->rate_max > 0))
		return DEVS_INFINITY;
	do {
		t += random_exponential(&load->arrivals, 1 / load->rate_max);
		if (t > params->horizon)
			return DEVS_INFINITY;
	} while (random_uniform(&load->arrivals) * load->rate_max >= rate_at(params, t));
	return t;
}

static void plan_next(struct sim_load *load)
{
	double t = next_time(load);

	load->next = isinf(t) ? NULL : sim_load_job(load, t);
	load->sigma = load->next ? t - load->clock : DEVS_INFINITY;
}

void sim_load_init(struct sim_load *load, const struct sim_service_params *params,
		   struct sim_jobs *jobs)
{
	*load = (struct sim_load){ .params = params, .jobs = jobs };
	sim_stream(params, 0, &load->arrivals);
	sim_stream(params, 1, &load->work);
	for (size_t i = 0; i < params->rate_len; i++)
		if (params->rate[i] > load->rate_max)
			load->rate_max = params->rate[i];
	plan_next(load);
}

static double load_ta(const void *s)
{
	return ((const struct sim_load *)s)->sigma;
}

static void load_lambda(const void *s, struct devs_output *output)
{
	const struct sim_load *load = s;
	struct devs_event event = { .kind = SIM_REQUEST, .pointer = load->next };

	devs_send(output, SIM_MAIN, &event);
}

static void load_int(void *s)
{
	struct sim_load *load = s;

	load->clock += load->sigma;
	plan_next(load);
}

static void load_ext(void *s, double e, const struct devs_bag *x)
{
	struct sim_load *load = s;

	/* nothing is coupled to it */
	(void)x;
	load->clock += e;
	load->sigma -= e;
}

const struct devs_class sim_load_class = {
	.name = "load",
	.ta = load_ta,
	.lambda = load_lambda,
	.d_int = load_int,
	.d_ext = load_ext,
};
