/* SPDX-License-Identifier: Apache-2.0 */
/*
 * predict_candidates.c - what each number of replicas would come to, from the replicas that there are: simulations by DEVS.
 *
 * What requests are is not known, only how many replicas they keep on target. So a replica is some slots, a request keeps one busy for
 * some seconds, and arrivals are so many that they need the load's number of replicas. Slots and seconds are chosen so that the
 * luck of single requests is small beside the forecast's own uncertainty, and a run of a short horizon has about ARRIVALS of them. All candidates serve the very same requests.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "devs/service_sim.h"
#include "scale/predict-private.h"

#define SLOTS_ALL 64.0 /* of all replicas together, about */
#define SLOTS_MIN 1u   /* of a replica */
#define SLOTS_MAX 16u
#define ARRIVALS 1500.0 /* of a run, about */
#define WORK_MIN_S 0.2
#define GROUPS 16u /* replicas, or groups of them, that a run has at most, about */
#define SEED 1 /* the same luck for all, today and tomorrow: a plan changes by its inputs alone */

/* What all runs of a plan share. */
struct trial {
	const struct predict_now *now;
	const struct predict_plan *plan;
	struct sim_service_params params;
	struct sim_state state;
	double delays[PREDICT_DELAYS];
	double ages[GROUPS];
	unsigned group;  /* replicas that are simulated as one */
	double per_load; /* slots that one replica on target keeps busy */
	double rate[FORECAST_HORIZON_MAX];
};

static unsigned slots_for(double load)
{
	double slots = load > 0 ? SLOTS_ALL / load : SLOTS_MAX;

	return slots < SLOTS_MIN ? SLOTS_MIN : slots > SLOTS_MAX ? SLOTS_MAX : (unsigned)slots;
}

static void set_starts(struct trial *trial, const struct predict *p)
{
	struct sim_times *create = &trial->params.create;

	for (unsigned i = 0; i < p->delays_len; i++)
		trial->delays[i] = (double)p->delays[i];
	create->samples = trial->delays;
	create->len = p->delays_len;
	create->mean = trial->plan->start_s;
	create->constant = true;
	trial->params.start.constant = true;
	trial->params.warm.constant = true;
	trial->params.erase.constant = true;
}

/*
 * A large service is simulated in groups of replicas: what a run costs grows faster than their number, and one replica more or less of
 * many is of little weight.
 */
static void make_groups(struct trial *trial, unsigned high)
{
	const struct predict_now *now = trial->now;
	size_t present = now->ready + now->starting, most = present > high ? present : high;

	trial->group = (unsigned)((most + GROUPS - 1) / GROUPS);
	trial->state.ready = (now->ready + trial->group / 2) / trial->group;
	for (size_t i = trial->group / 2; i < now->starting && trial->state.starting < GROUPS;
	     i += trial->group)
		trial->ages[trial->state.starting++] = now->ages[i];
	trial->state.ages = trial->ages;
}

/* Each that the simulation knows of costs it time, also one that never is. */
static unsigned most_groups(const struct trial *trial, unsigned high)
{
	unsigned groups = (high + trial->group - 1) / trial->group;
	unsigned present = trial->state.ready + trial->state.starting;

	return present > groups ? present : groups;
}

static void trial_begin(struct trial *trial, const struct predict *p, unsigned high)
{
	const struct predict_plan *plan = trial->plan;
	struct sim_service_params *params = &trial->params;
	unsigned slots;
	double jobs, work, most;

	make_groups(trial, high);
	slots = slots_for((double)high / trial->group);
	trial->per_load = slots / (predict_capacity(trial->now->scale) * trial->group);
	work = high * trial->per_load * plan->horizon_s / ARRIVALS;
	/* what comes once new replicas are ready must be able to be late, also at the end of a long start */
	most = (plan->control_s + plan->drain_s) / 10;
	if (work > most)
		work = most;
	*params = (struct sim_service_params){
		.rate = trial->rate,
		.rate_len = plan->minutes,
		.rate_step = 60,
		.work = { .mean = work > WORK_MIN_S ? work : WORK_MIN_S },
		.balance = SIM_SHARED_QUEUE,
		.hold = true,
		.slots = slots,
		.drain = plan->drain_s,
		.max = most_groups(trial, high),
		.horizon = plan->horizon_s,
		.seed = SEED,
	};
	params->patience = params->work.mean;
	/* else a backlog that nobody can prevent any more would hide what a candidate is worth */
	params->give_up = params->patience;
	params->grace = params->work.mean;
	set_starts(trial, p);
	jobs = p->load * trial->per_load;
	if (jobs > trial->state.ready * slots)
		jobs = trial->state.ready * slots;
	trial->state.jobs = jobs > 0 ? (unsigned)(jobs + 0.5) : 0;
}

static int run(struct trial *trial, struct predict_candidate *candidate, unsigned groups,
	       unsigned path)
{
	const struct spec_predict *spec = &trial->now->scale->predict;
	const struct predict_plan *plan = trial->plan;
	struct sim_service_params *params = &trial->params;
	double share = plan->shares[path], late, ready;
	struct sim_result result;
	int r;

	for (unsigned minute = 0; minute < plan->minutes; minute++)
		trial->rate[minute] =
			plan->paths[path][minute] * trial->per_load / params->work.mean;
	params->wanted = groups;
	r = sim_service_run(params, &trial->state, &result);
	if (r < 0)
		return r;
	late = (double)sim_violated(&result) * params->work.mean / params->slots * trial->group;
	ready = result.ready_seconds * trial->group;
	candidate->late += share * late;
	candidate->ready += share * ready;
	candidate->cost += share * (spec->weight * late + ready);
	sim_result_free(&result);
	return 0;
}

static int try(struct trial *trial, struct predict_candidate *candidate, unsigned groups)
{
	const struct predict_now *now = trial->now;
	int r = 0;

	if (candidate->replicas > now->current)
		candidate->starts = candidate->replicas - now->current;
	candidate->cost = candidate->starts * (double)now->scale->predict.churn_ms / 1000;
	for (unsigned path = 0; path < PREDICT_PATHS && r == 0; path++)
		r = run(trial, candidate, groups, path);
	return r;
}

int predict_simulate(const struct predict *p, const struct predict_now *now,
		     struct predict_plan *plan, unsigned low, unsigned high)
{
	struct trial trial = { .now = now, .plan = plan };
	unsigned count, first, last;
	int r = 0;

	plan->candidates_len = 0;
	if (low >= high)
		return 0;
	trial_begin(&trial, p, high);
	first = (low + trial.group / 2) / trial.group;
	last = (high + trial.group - 1) / trial.group;
	count = last - first + 1;
	if (count > PREDICT_CANDIDATES)
		count = PREDICT_CANDIDATES;
	for (unsigned i = 0; i < count && r == 0; i++) {
		unsigned groups = count > 1 ? first + (last - first) * i / (count - 1) : last;
		unsigned replicas = i == 0 ? low : groups * trial.group;

		plan->candidates[i] =
			(struct predict_candidate){ .replicas = replicas < high ? replicas : high };
		r = try(&trial, &plan->candidates[i], groups);
	}
	plan->candidates_len = r == 0 ? count : 0;
	return r;
}
