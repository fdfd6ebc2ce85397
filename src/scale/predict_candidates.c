/* SPDX-License-Identifier: Apache-2.0 */
/*
 * predict_candidates.c - what each number of replicas would come to, from the replicas that there are: simulations by DEVS.
 *
 * What requests are is not known, only how many replicas they keep on target. So a replica is some slots, a request keeps one busy for
 * some seconds, and arrivals are so many that they need the load's number of replicas. They come evenly and bring equal work: what is not
 * known of the load is in the forecast's quantiles, and the luck of single requests would need many more of them to be small beside it.
 *
 * What must hold: a plan is made in the supervisor's event loop, so a run has at most ARRIVALS of them, however long its horizon and however
 * large the service is. Over a long horizon they are larger, and replicas coarser.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "devs/service_sim.h"
#include "scale/predict-private.h"

#define SLOTS_ALL 64.0 /* of all replicas together, about */
#define SLOTS_MAX 16u  /* of a replica */
#define ARRIVALS 1000u /* of a run, at most */
#define WORK_MIN_S 0.2
#define GROUPS 16u /* replicas, or groups of them, that a run has at most, about */
#define SEED 1 /* the same luck for all, today and tomorrow: a plan changes by its inputs alone */

/* What all runs of a plan share. */
struct trial {
	const struct predict_now *now;
	struct predict_plan *plan;
	struct sim_service_params params;
	struct sim_state state;
	double delays[PREDICT_DELAYS];
	double ages[GROUPS];
	double *arrivals; /* of a run; then what is left to do of what is there at the beginning */
	double *left;
	unsigned group;  /* replicas that are simulated as one */
	double per_load; /* slots that one replica on target keeps busy */
	double slots;    /* of all replicas that there can be */
};

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

/*
 * What comes once new replicas are ready must be able to be late, also at the end of a long start: so work takes a tenth of what is behind that, if so many
 * arrivals can be had; if not, the replicas have fewer slots, and at last the work is longer. In any case nothing waits for longer than a quarter of that tenth:
 * a line that is shorter hides as much of an overload.
 */
static void find_size(struct trial *trial, unsigned groups)
{
	const struct predict_plan *plan = trial->plan;
	struct sim_service_params *params = &trial->params;
	double most = (plan->control_s + plan->drain_s) / 10, work;
	double slots = SLOTS_ALL / groups, fine = ARRIVALS * most / plan->horizon_s / groups;

	if (slots > fine)
		slots = fine;
	params->slots = slots < 1 ? 1 : slots > SLOTS_MAX ? SLOTS_MAX : (unsigned)slots;
	trial->slots = (double)params->slots * groups;
	work = trial->slots * plan->horizon_s / ARRIVALS;
	params->work.mean = work > WORK_MIN_S ? work : WORK_MIN_S;
	params->work.constant = true;
	params->patience = params->work.mean < most / 4 ? params->work.mean : most / 4;
	/* else a backlog that nobody can prevent any more would hide what a candidate is worth */
	params->give_up = params->patience;
	params->grace = params->work.mean;
}

/* What goes on at the beginning is done by and by, not all at once. */
static void find_jobs(struct trial *trial, const struct predict *p)
{
	double busy = p->load * trial->per_load;
	unsigned ready = trial->state.ready * trial->params.slots;
	unsigned jobs = busy < ready ? (unsigned)(busy + 0.5) : ready;

	for (unsigned i = 0; i < jobs; i++)
		trial->left[i] = trial->params.work.mean * (i + 0.5) / jobs;
	trial->state.jobs = jobs;
	trial->state.work = trial->left;
}

static int trial_begin(struct trial *trial, const struct predict *p, unsigned high)
{
	const struct predict_plan *plan = trial->plan;
	unsigned groups;

	make_groups(trial, high);
	groups = most_groups(trial, high);
	trial->params = (struct sim_service_params){
		.balance = SIM_SHARED_QUEUE,
		.hold = true,
		.drain = plan->drain_s,
		.max = groups,
		.horizon = plan->horizon_s,
		.seed = SEED,
	};
	find_size(trial, groups);
	trial->per_load =
		trial->params.slots / (predict_capacity(trial->now->scale) * trial->group);
	set_starts(trial, p);
	trial->arrivals = calloc(ARRIVALS + (size_t)trial->slots + 1, sizeof(*trial->arrivals));
	if (!trial->arrivals)
		return -ENOMEM;
	trial->left = trial->arrivals + ARRIVALS;
	find_jobs(trial, p);
	return 0;
}

/*
 * The times of what comes on a path. What is more than all replicas that there can be is late in any case and no work for the simulation.
 * Return: its slot-seconds.
 */
static double find_arrivals(struct trial *trial, const double *path)
{
	struct sim_service_params *params = &trial->params;
	double begun = 0.5, more = 0; /* of an arrival */
	size_t len = 0;

	for (unsigned minute = 0; minute < trial->plan->minutes; minute++) {
		double from = 60.0 * minute, left = params->horizon - from;
		double seconds = left < 60 ? left : 60, busy = path[minute] * trial->per_load, rate;

		if (busy > trial->slots) {
			more += (busy - trial->slots) * seconds;
			busy = trial->slots;
		}
		rate = busy / params->work.mean;
		while (begun + rate * seconds >= 1 && len < ARRIVALS) {
			double after = (1 - begun) / rate;

			begun = 0;
			from += after;
			seconds -= after;
			trial->arrivals[len++] = from;
		}
		begun += rate * seconds;
	}
	params->arrivals = trial->arrivals;
	params->arrivals_len = len;
	return more;
}

static int run(struct trial *trial, struct predict_candidate *candidate, unsigned groups,
	       unsigned path)
{
	const struct spec_predict *spec = &trial->now->scale->predict;
	struct sim_service_params *params = &trial->params;
	double share = trial->plan->shares[path], late, ready;
	struct sim_result result;
	int r;

	late = find_arrivals(trial, trial->plan->paths[path]);
	params->wanted = groups;
	r = sim_service_run(params, &trial->state, &result);
	if (r < 0)
		return r;
	late += (double)sim_violated(&result) * params->work.mean;
	late *= (double)trial->group / params->slots;
	ready = result.ready_seconds * trial->group;
	candidate->late += share * late;
	candidate->ready += share * ready;
	candidate->cost += share * (spec->weight * late + ready);
	trial->plan->transitions += result.transitions;
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
	int r;

	plan->candidates_len = 0;
	if (low >= high)
		return 0;
	r = trial_begin(&trial, p, high);
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
	free(trial.arrivals);
	plan->candidates_len = r == 0 ? count : 0;
	return r;
}
