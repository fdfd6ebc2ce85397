/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service_sim.c - the network of a service, its beginning and its end.
 *
 * Select order: load, dispatcher, pool, scaler, replicas, transducer.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "devs/sim-private.h"

struct sim_run {
	const struct sim_service_params *params;
	unsigned len; /* places of replicas: those on their way out have theirs still */
	struct sim_jobs jobs;
	struct sim_load load;
	struct sim_dispatcher dispatcher;
	struct sim_pool pool;
	struct sim_scaler scaler;
	struct sim_replica *replicas;
	struct sim_serving *serving; /* of all replicas */
	struct sim_transducer transducer;
	struct devs_coupled *root;
	struct devs *devs;
};

/* components, by their numbers in the network */
enum { LOAD, DISPATCHER, POOL, SCALER, REPLICAS };

/* ---- parameters --------------------------------------------------------------------------------------------------------- */

static bool good(double value)
{
	return value >= 0 && isfinite(value);
}

static bool good_times(const struct sim_times *times)
{
	if (!good(times->mean) || (times->len && !times->samples))
		return false;
	for (size_t i = 0; i < times->len; i++)
		if (!good(times->samples[i]))
			return false;
	return true;
}

static bool good_load(const struct sim_service_params *p)
{
	double last = 0;

	if (p->rate_len && p->arrivals_len)
		return false;
	if (p->rate_len && (!p->rate || !(p->rate_step > 0) || !isfinite(p->rate_step)))
		return false;
	for (size_t i = 0; i < p->rate_len; i++)
		if (!good(p->rate[i]))
			return false;
	for (size_t i = 0; i < p->arrivals_len; i++) {
		if (!(p->arrivals[i] >= last) || !isfinite(p->arrivals[i]))
			return false;
		last = p->arrivals[i];
	}
	return good_times(&p->work);
}

static bool good_params(const struct sim_service_params *p)
{
	const double numbers[] = { p->patience,    p->give_up,        p->drain,        p->grace,
				   p->mttf,        p->start_failure,  p->cores,        p->memory,
				   p->reserve_cpu, p->reserve_memory, p->shared_cores, p->job_cpu,
				   p->row };
	const struct sim_times *const times[] = { &p->create, &p->start, &p->warm, &p->stop,
						  &p->erase };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!good(numbers[i]))
			return false;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (!good_times(times[i]))
			return false;
	return good_load(p) && p->horizon > 0 && isfinite(p->horizon) && p->max >= 1 &&
	       p->max <= SIM_REPLICAS_MAX && p->wanted <= p->max && p->start_failure <= 1 &&
	       p->slots <= 65536 && (!p->decide || (p->period > 0 && isfinite(p->period))) &&
	       (!(p->row > 0) || p->horizon / p->row <= 1e7);
}

static bool good_state(const struct sim_state *state)
{
	for (unsigned i = 0; state->ages && i < state->starting; i++)
		if (!good(state->ages[i]))
			return false;
	for (unsigned i = 0; state->work && i < state->jobs; i++)
		if (!good(state->work[i]))
			return false;
	return state->ready <= SIM_REPLICAS_MAX && state->starting <= SIM_REPLICAS_MAX &&
	       state->jobs <= 10000000;
}

/* ---- the beginning -------------------------------------------------------------------------------------------------------- */

/* what is left of a start that has been going on for @age: a time that is longer than that, if there is one */
static double left_of_start(struct sim_replica *r, double age)
{
	const struct sim_service_params *p = r->params;

	for (int i = 0; i < 100; i++) {
		double time = sim_draw(&p->create, &r->random) + sim_draw(&p->start, &r->random) +
			      sim_draw(&p->warm, &r->random);

		if (time > age)
			return time - age;
	}
	return 0;
}

static void begin_replica(struct sim_run *run, unsigned number, enum sim_phase phase, double age)
{
	struct sim_replica *r = &run->replicas[number];

	sim_replica_begin(r, phase, phase == SIM_WARMING ? left_of_start(r, age) : 0);
	r->asked = -age;
	sim_pool_reserve(&run->pool, number);
	sim_transducer_phase(&run->transducer, number, phase);
	if (phase == SIM_WARMING)
		run->transducer.seen[number].asked = -age;
	run->dispatcher.backends[number].ready = phase == SIM_READY;
	run->dispatcher.ready += phase == SIM_READY;
}

static int begin_jobs(struct sim_run *run, const struct sim_state *state)
{
	for (unsigned i = 0; state->ready && i < state->jobs; i++) {
		unsigned number = i % state->ready;
		struct sim_job *job = sim_load_job(&run->load, 0);

		if (!job)
			return -ENOMEM;
		if (state->work)
			job->work = state->work[i];
		sim_replica_put(&run->replicas[number], job);
		sim_transducer_put(&run->transducer, number);
		run->dispatcher.backends[number].jobs++;
	}
	return 0;
}

static int begin(struct sim_run *run, const struct sim_state *state)
{
	unsigned slots = run->params->slots ? run->params->slots : 1;

	for (unsigned i = 0; i < run->len; i++) {
		struct sim_replica *r = &run->replicas[i];

		*r = (struct sim_replica){ .params = run->params,
					   .number = i,
					   .phase_left = DEVS_INFINITY,
					   .fail_left = DEVS_INFINITY,
					   .speed = 1,
					   .serving = run->serving + (size_t)i * slots };
		sim_stream(run->params, 16 + i, &r->random);
	}
	for (unsigned i = 0; i < state->ready; i++)
		begin_replica(run, i, SIM_READY, 0);
	for (unsigned i = 0; i < state->starting; i++)
		begin_replica(run, state->ready + i, SIM_WARMING, state->ages ? state->ages[i] : 0);
	return begin_jobs(run, state);
}

/* ---- the network ------------------------------------------------------------------------------------------------------------- */

struct line {
	uint32_t from, out, to, in;
};

static int couple(struct devs_coupled *root, const struct line *lines, size_t len)
{
	int r = 0;

	for (size_t i = 0; i < len && r == 0; i++)
		r = devs_couple(root, lines[i].from, lines[i].out, lines[i].to, lines[i].in);
	return r;
}

static int couple_replica(const struct sim_run *run, uint32_t i)
{
	uint32_t me = REPLICAS + i, transducer = REPLICAS + run->len;
	const struct line lines[] = {
		{ DISPATCHER, i, me, SIM_MAIN },    { DISPATCHER, i, transducer, i },
		{ POOL, i, me, SIM_MAIN },          { SCALER, i, me, SIM_MAIN },
		{ SCALER, SIM_MAIN, me, SIM_MAIN }, { me, SIM_OUT_JOB, DISPATCHER, i },
		{ me, SIM_OUT_JOB, transducer, i }, { me, SIM_OUT_PHASE, DISPATCHER, i },
		{ me, SIM_OUT_PHASE, POOL, i },     { me, SIM_OUT_PHASE, transducer, i },
		{ me, SIM_OUT_SAMPLE, SCALER, i },  { me, SIM_OUT_BUSY, POOL, i },
		{ POOL, SIM_MAIN, me, SIM_MAIN },
	};

	return couple(run->root, lines, sizeof(lines) / sizeof(lines[0]));
}

static int connect_all(struct sim_run *run)
{
	const struct line lines[] = {
		{ LOAD, SIM_MAIN, DISPATCHER, SIM_MAIN },
		{ DISPATCHER, SIM_MAIN, REPLICAS + run->len, SIM_MAIN },
		{ SCALER, SIM_WANTS, REPLICAS + run->len, SIM_MAIN },
	};
	int r;

	run->root = devs_coupled_new("service");
	if (!run->root)
		return -ENOMEM;
	r = devs_add(run->root, &sim_load_class, &run->load);
	if (r >= 0)
		r = devs_add(run->root, &sim_dispatcher_class, &run->dispatcher);
	if (r >= 0)
		r = devs_add(run->root, &sim_pool_class, &run->pool);
	if (r >= 0)
		r = devs_add(run->root, &sim_scaler_class, &run->scaler);
	for (unsigned i = 0; i < run->len && r >= 0; i++)
		r = devs_add(run->root, &sim_replica_class, &run->replicas[i]);
	if (r >= 0)
		r = devs_add(run->root, &sim_transducer_class, &run->transducer);
	for (unsigned i = 0; i < run->len && r >= 0; i++)
		r = couple_replica(run, i);
	if (r >= 0)
		r = couple(run->root, lines, sizeof(lines) / sizeof(lines[0]));
	return r < 0 ? r : devs_new(run->root, 0, &run->devs);
}

static int make(struct sim_run *run)
{
	const struct sim_service_params *p = run->params;
	size_t len = run->len, slots = p->slots ? p->slots : 1;
	size_t rows = p->row > 0 ? (size_t)ceil(p->horizon / p->row - 1e-9) : 0;

	sim_load_init(&run->load, p, &run->jobs);
	run->dispatcher =
		(struct sim_dispatcher){ .params = p,
					 .jobs = &run->jobs,
					 .backends = calloc(len, sizeof(struct sim_backend)),
					 .len = run->len };
	run->pool = (struct sim_pool){ .params = p,
				       .tenants = calloc(len, sizeof(struct sim_tenant)),
				       .len = run->len,
				       .speed = 1 };
	run->scaler = (struct sim_scaler){ .params = p,
					   .first = true,
					   .wanted = p->wanted,
					   .len = run->len,
					   .commands = calloc(len, sizeof(struct sim_command)) };
	run->replicas = calloc(len, sizeof(*run->replicas));
	run->serving = calloc(len * slots, sizeof(*run->serving));
	run->transducer = (struct sim_transducer){ .params = p,
						   .jobs = &run->jobs,
						   .seen = calloc(len, sizeof(struct sim_seen)),
						   .len = run->len,
						   .wanted = p->wanted,
						   .rows_size = rows };
	run->transducer.result.rows = calloc(rows ? rows : 1, sizeof(struct sim_row));
	run->transducer.result.start_times = calloc(SIM_STARTS_KEPT, sizeof(double));
	if (!run->dispatcher.backends || !run->pool.tenants || !run->scaler.commands ||
	    !run->replicas || !run->serving || !run->transducer.seen ||
	    !run->transducer.result.rows || !run->transducer.result.start_times)
		return -ENOMEM;
	for (unsigned i = 0; i < run->len; i++)
		run->transducer.seen[i].asked = NAN;
	if (rows)
		sim_transducer_row(&run->transducer);
	return 0;
}

static void end(struct sim_run *run)
{
	devs_free(run->devs);
	devs_coupled_free(run->root);
	free(run->dispatcher.backends);
	free(run->dispatcher.letters);
	free(run->pool.tenants);
	free(run->scaler.commands);
	free(run->replicas);
	free(run->serving);
	free(run->transducer.seen);
	sim_jobs_end(&run->jobs);
}

/* ---- the end -------------------------------------------------------------------------------------------------------------------- */

static void count_left_over(struct sim_run *run)
{
	struct sim_transducer *t = &run->transducer;

	for (const struct sim_job *job = run->dispatcher.held.first; job; job = job->next)
		sim_transducer_left_over(t, job);
	for (unsigned i = 0; i < run->len; i++) {
		const struct sim_replica *r = &run->replicas[i];

		for (unsigned k = 0; k < r->busy; k++)
			sim_transducer_left_over(t, r->serving[k].job);
		for (const struct sim_job *job = r->waiting.first; job; job = job->next)
			sim_transducer_left_over(t, job);
	}
}

static int run_all(struct sim_run *run, const struct sim_state *state)
{
	struct sim_result *result = &run->transducer.result;
	int r = make(run);

	if (r == 0)
		r = begin(run, state);
	if (r == 0)
		r = connect_all(run);
	if (r == 0)
		r = devs_run(run->devs, run->params->horizon);
	if (r >= 0)
		r = run->jobs.failed ? -ENOMEM : 0;
	if (r < 0)
		return r;
	sim_transducer_close(&run->transducer);
	count_left_over(run);
	sim_transducer_end(&run->transducer);
	result->transitions = devs_transitions(run->devs);
	result->reserved_cpu_max = run->pool.cpu_max;
	result->reserved_memory_max = run->pool.memory_max;
	return 0;
}

int sim_service_run(const struct sim_service_params *params, const struct sim_state *state,
		    struct sim_result *ret)
{
	struct sim_state settled = { 0 };
	struct sim_run run = { .params = params };
	unsigned there;
	int r;

	if (!good_params(params) || (state && !good_state(state)))
		return -EINVAL;
	if (!state) {
		unsigned carried = sim_pool_admissible(params);

		settled.ready = params->wanted < carried ? params->wanted : carried;
		state = &settled;
	}
	there = state->ready + state->starting;
	run.len = 2 * (params->max > there ? params->max : there);
	r = run_all(&run, state);
	if (r == 0)
		*ret = run.transducer.result;
	else
		sim_result_free(&run.transducer.result);
	end(&run);
	return r;
}

void sim_result_free(struct sim_result *result)
{
	free(result->rows);
	free(result->start_times);
	result->rows = NULL;
	result->start_times = NULL;
	result->rows_len = 0;
}
