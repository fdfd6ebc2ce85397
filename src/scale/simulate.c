/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulate.c - a document as parameters of the simulation, and its autoscaler: autoscale_decide, on the simulated clock.
 *
 * A replica that serves as many requests as it can at a time uses all the processor that it may: so its capacity is what 100 % of cpu
 * means. A number that replicas serve over HTTP stands for the requests that they have.
 */
#include <errno.h>
#include <math.h>

#include <ocispec-lite/arena.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/autoscale.h"
#include "scale/pool.h"
#include "scale/simulate.h"

#define PERIOD_MS 2000 /* as the scaler's, where a document gives none */
#define DRAIN_S 2.0    /* as the supervisor's, of a service with ports */

struct policy {
	const struct simulate_plan *plan;
	struct autoscale_history history;
	struct autoscale_metric *metrics;
	bool failed;
};

/* sim_view.busy of a replica that does all it can */
static unsigned at_full(const struct simulate_plan *plan)
{
	return plan->share ? 1 : plan->slots;
}

static void policy_begin(void *ctx)
{
	struct policy *policy = ctx;

	policy->history = (struct autoscale_history){ 0 };
}

static void measure(const struct policy *policy, const struct sim_view *view, size_t i)
{
	struct autoscale_metric *m = &policy->metrics[i];

	if (policy->plan->scale.metrics[i].kind == SPEC_METRIC_HTTP)
		*m = (struct autoscale_metric){ .failed = view->jobs_known == 0,
						.average = view->jobs,
						.known = view->jobs_known,
						.not_ready = view->starting };
	else
		*m = (struct autoscale_metric){ .failed = view->known == 0,
						.average = 100 * view->busy / at_full(policy->plan),
						.known = view->known,
						.not_ready = view->starting + view->fresh };
}

static unsigned decide(void *ctx, const struct sim_view *view)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct policy *policy = ctx;
	const struct spec_scale *scale = &policy->plan->scale;
	struct autoscale_decision made;
	struct autoscale_input input = { .scale = scale,
					 .now_ms = (int64_t)llround(view->now * 1000),
					 .clock_s = policy->plan->begin + (int64_t)view->now,
					 .current = view->wanted,
					 .metrics = policy->metrics,
					 .admissible = view->admissible,
					 .crash_looping = view->failed > 0 };

	for (size_t i = 0; i < scale->metrics_len; i++)
		measure(policy, view, i);
	if (autoscale_decide(&input, &policy->history, &arena, &made) < 0) {
		policy->failed = true;
		return view->wanted;
	}
	return made.wanted;
}

int simulate_check(const struct simulate_plan *plan, struct oci_error *err)
{
	const struct spec_scale *scale = &plan->scale;

	if (scale->policy != SPEC_SCALE_TARGET)
		return 0;
	for (size_t i = 0; i < scale->metrics_len; i++)
		if (scale->metrics[i].kind != SPEC_METRIC_CPU &&
		    scale->metrics[i].kind != SPEC_METRIC_HTTP)
			return err_set_as(err, ERR_UNSUPPORTED, ENOTSUP,
					  "%s: x-carte.scale.metrics[%zu]: a simulation knows cpu "
					  "and http alone; give --replicas, or a file without it",
					  plan->service->name, i);
	return 0;
}

/* ---- parameters ----------------------------------------------------------------------------------------------------------- */

static double positive(int64_t value)
{
	return value > 0 ? (double)value : 0;
}

static double drain_of(const struct spec_service *service)
{
	if (service->scale.drain_ms >= 0)
		return (double)service->scale.drain_ms / 1000;
	return service->ports_len ? DRAIN_S : 0;
}

/* as many flows as the protocol of its first port goes by */
static enum sim_balance balance_of(const struct spec_service *service)
{
	if (service->ports_len && service->ports[0].protocol == SPEC_UDP)
		return SIM_STICKY;
	return service->scale.least_connections ? SIM_LEAST_CONNECTIONS : SIM_ROUND_ROBIN;
}

static void put_times(const struct simulate_plan *plan, struct sim_service_params *p)
{
	const struct measured *measured = plan->measured;

	p->warm = (struct sim_times){ .mean = plan->start_delay, .constant = true };
	if (!measured)
		return;
	p->create = measured->kinds[STORE_TIMING_CREATE];
	p->start = measured->kinds[STORE_TIMING_START];
	p->warm = measured->kinds[STORE_TIMING_READY];
	p->stop = measured->kinds[STORE_TIMING_STOP];
	p->erase = measured->kinds[STORE_TIMING_DELETE];
}

/* As many are made at a time as the supervisor makes. */
static unsigned parallel_of(double cores)
{
	return cores < 2 ? 2 : cores > 1000 ? 2000 : 2 * (unsigned)cores;
}

static void put_host(const struct simulate_plan *plan, struct sim_service_params *p)
{
	const struct spec_resources *needs = &plan->service->resources;
	double whole = needs->cpu_milli > 0            ? (double)needs->cpu_milli
		       : needs->cpu_reserved_milli > 0 ? (double)needs->cpu_reserved_milli
						       : 1000;

	p->cores = p->shared_cores = plan->cores;
	p->memory = plan->memory;
	p->reserve_cpu = positive(needs->cpu_reserved_milli) / 1000;
	p->reserve_memory = positive(needs->memory_reserved);
	p->job_cpu = whole / 1000 / at_full(plan);
	p->parallel = parallel_of(plan->cores);
}

static void put_policy(const struct simulate_plan *plan, struct sim_service_params *p,
		       struct policy *policy)
{
	const struct spec_scale *scale = &plan->scale;

	p->wanted = plan->replicas;
	p->max = plan->replicas ? plan->replicas : 1;
	if (scale->policy == SPEC_SCALE_MANUAL)
		return;
	if (scale->max > p->max)
		p->max = scale->max < SIM_REPLICAS_MAX ? (unsigned)scale->max : SIM_REPLICAS_MAX;
	p->period = (double)(scale->period_ms > 0 ? scale->period_ms : PERIOD_MS) / 1000;
	p->decide = decide;
	p->ctx = policy;
}

/* Those that begin before the horizon: what is behind it costs memory, and time where its rate is higher than any before. */
static size_t lines_of(const struct simulate_plan *plan)
{
	size_t lines = 0;

	while (lines < plan->trace->len && (double)lines * plan->step < plan->horizon)
		lines++;
	return lines;
}

static double *rates_of(const struct simulate_plan *plan, struct oci_arena *arena)
{
	size_t lines = lines_of(plan);
	double *rates = oci_arena_array(arena, lines, sizeof(*rates));

	for (size_t i = 0; rates && i < lines; i++)
		rates[i] = plan->trace->values[i] / plan->step;
	return rates;
}

/* One each time that the load has grown by one, the first at the beginning of the first line that has any. */
static double *arrivals_of(const struct simulate_plan *plan, struct oci_arena *arena,
			   size_t *ret_len)
{
	const struct trace *trace = plan->trace;
	size_t lines = lines_of(plan);
	double sum = 0, before = 0;
	double *arrivals;

	for (size_t i = 0; i < lines; i++)
		sum += trace->values[i];
	arrivals = oci_arena_array(arena, (size_t)sum + 2, sizeof(*arrivals));
	*ret_len = 0;
	for (size_t i = 0; arrivals && i < lines; i++) {
		double value = trace->values[i];

		while ((double)*ret_len < before + value - 1e-9) {
			double part = ((double)*ret_len - before) / value;

			arrivals[(*ret_len)++] = ((double)i + (part > 0 ? part : 0)) * plan->step;
		}
		before += value;
	}
	return arrivals;
}

static int put_load(const struct simulate_plan *plan, struct sim_service_params *p,
		    struct oci_arena *arena)
{
	if (plan->regular) {
		p->arrivals = arrivals_of(plan, arena, &p->arrivals_len);
		return p->arrivals ? 0 : -ENOMEM;
	}
	p->rate = rates_of(plan, arena);
	p->rate_len = lines_of(plan);
	p->rate_step = plan->step;
	return p->rate ? 0 : -ENOMEM;
}

static int run(const struct simulate_plan *plan, const struct sim_service_params *params,
	       struct simulate_outcome *ret)
{
	/* in hours of a replica: what it would have taken to serve what was violated */
	struct sim_weights weights = { .violation =
					       plan->weight * plan->step / plan->capacity / 3600,
				       .replica = 1.0 / 3600 };
	int r = sim_service_mean(params, NULL, plan->replications, &weights,
				 params->decide ? policy_begin : NULL, &ret->mean, &ret->first);

	if (r == 0)
		ret->cost = sim_cost(&ret->first, &weights);
	return r;
}

int simulate_run(const struct simulate_plan *plan, struct simulate_outcome *ret,
		 struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct policy policy = { .plan = plan,
				 .metrics = oci_arena_array(&arena, plan->scale.metrics_len + 1,
							    sizeof(*policy.metrics)) };
	struct sim_service_params params = {
		.work = { .mean = plan->step * at_full(plan) / plan->capacity,
			  .constant = plan->constant },
		.balance = balance_of(plan->service),
		.slots = plan->slots,
		.share = plan->share,
		.patience = plan->patience,
		.drain = drain_of(plan->service),
		.grace = positive(plan->service->stop_grace_ms) / 1000,
		.mttf = plan->mttf,
		.horizon = plan->horizon,
		.row = SIMULATE_ROW_S,
		.seed = plan->seed,
	};
	int r;

	if (!policy.metrics || put_load(plan, &params, &arena) < 0)
		return err_nomem(err);
	put_times(plan, &params);
	put_host(plan, &params);
	put_policy(plan, &params, &policy);
	*ret = (struct simulate_outcome){ .plan = plan, .work = params.work.mean };
	r = run(plan, &params, ret);
	if (r == 0 && policy.failed) {
		simulate_outcome_free(ret);
		r = -ENOMEM;
	}
	if (r == -ENOMEM)
		return err_nomem(err);
	return r < 0 ? err_set(err, -r, "%s: cannot be simulated: its numbers are out of range",
			       plan->service->name)
		     : 0;
}

void simulate_outcome_free(struct simulate_outcome *outcome)
{
	sim_result_free(&outcome->first);
}
