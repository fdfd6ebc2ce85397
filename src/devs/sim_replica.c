/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_replica.c - the life of a replica, and the requests that it serves.
 *
 * Work is measured on a virtual clock that runs at the pool's speed: a change of the speed moves no end on it. Making and warming up are work
 * too; draining, stopping and backing off are not.
 *
 * The back-off is that of carte-scale: the first end of one that had been ready is mended at once, then one second, twice as long each
 * time, at most a minute; ten minutes of readiness are forgiven.
 */
#include <math.h>

#include "devs/sim-private.h"

#define BACK_OFF_FIRST 1.0
#define BACK_OFF_MAX 60.0
#define FORGIVEN 600.0

static unsigned slots(const struct sim_replica *r)
{
	return r->params->slots ? r->params->slots : 1;
}

static bool serves(const struct sim_replica *r)
{
	return r->phase == SIM_READY || r->phase == SIM_DRAINING || r->phase == SIM_STOPPING;
}

static bool is_work(enum sim_phase phase)
{
	return phase == SIM_CREATING || phase == SIM_STARTING || phase == SIM_WARMING;
}

bool sim_phase_wanted(enum sim_phase phase)
{
	return (phase >= SIM_PENDING && phase <= SIM_READY) || phase == SIM_FAILED;
}

/* the pace of the virtual clock */
static double pace(const struct sim_replica *r)
{
	return r->params->share && r->busy > 1 ? r->speed / r->busy : r->speed;
}

/* what of the processor is at work, in requests that are served alone */
static unsigned at_work(const struct sim_replica *r)
{
	return r->params->share && r->busy > 1 ? 1 : r->busy;
}

/* ---- requests ------------------------------------------------------------------------------------------------------------- */

static void serving_push(struct sim_replica *r, struct sim_serving one)
{
	size_t place = r->busy++;

	while (place > 0 && r->serving[(place - 1) / 2].end > one.end) {
		r->serving[place] = r->serving[(place - 1) / 2];
		place = (place - 1) / 2;
	}
	r->serving[place] = one;
}

static struct sim_job *serving_pop(struct sim_replica *r)
{
	struct sim_job *job = r->serving[0].job;
	struct sim_serving last = r->serving[--r->busy];
	size_t place = 0, child;

	while ((child = 2 * place + 1) < r->busy) {
		if (child + 1 < r->busy && r->serving[child + 1].end < r->serving[child].end)
			child++;
		if (r->serving[child].end >= last.end)
			break;
		r->serving[place] = r->serving[child];
		place = child;
	}
	r->serving[place] = last;
	return job;
}

static void leave(struct sim_replica *r, struct sim_job *job, enum sim_outcome outcome)
{
	job->outcome = outcome;
	sim_queue_put(&r->leaving, job);
}

/* as many as it can serve at a time */
static void serve_waiting(struct sim_replica *r)
{
	double give_up = r->params->give_up;

	while (r->busy < slots(r)) {
		struct sim_job *job = sim_queue_take(&r->waiting);

		if (!job)
			break;
		if (give_up > 0 && r->clock - job->arrived >= give_up) {
			leave(r, job, SIM_GAVE_UP);
			continue;
		}
		job->begun = r->clock;
		job->served = true;
		serving_push(r, (struct sim_serving){ r->virtual_clock + job->work, job });
		r->tell_busy = true;
	}
}

void sim_replica_put(struct sim_replica *r, struct sim_job *job)
{
	sim_queue_put(&r->waiting, job);
	serve_waiting(r);
}

static void cut_all(struct sim_replica *r)
{
	struct sim_job *job;

	r->tell_busy = r->tell_busy || r->busy;
	while (r->busy)
		leave(r, serving_pop(r), SIM_CUT);
	while ((job = sim_queue_take(&r->waiting)))
		leave(r, job, SIM_CUT);
}

/* ---- phases ----------------------------------------------------------------------------------------------------------------- */

static double phase_time(struct sim_replica *r, enum sim_phase phase)
{
	const struct sim_service_params *p = r->params;
	double stop;

	switch (phase) {
	case SIM_CREATING:
		return sim_draw(&p->create, &r->random);
	case SIM_STARTING:
		return sim_draw(&p->start, &r->random);
	case SIM_WARMING:
		return sim_draw(&p->warm, &r->random);
	case SIM_DRAINING:
		return p->drain;
	case SIM_STOPPING:
		stop = sim_draw(&p->stop, &r->random);
		r->grace_left = stop < p->grace ? p->grace - stop : 0;
		return stop < p->grace ? stop : p->grace;
	case SIM_ERASING:
		return sim_draw(&p->erase, &r->random);
	default:
		return DEVS_INFINITY;
	}
}

static void enter(struct sim_replica *r, enum sim_phase phase)
{
	r->phase = phase;
	r->phase_left = phase_time(r, phase);
	r->tell_phase = true;
	r->lingering = false;
	if (phase == SIM_READY) {
		r->ready_since = r->clock;
		r->fresh = true;
		r->sampled = r->clock;
		r->busy_area = 0;
		r->fail_left = r->params->mttf > 0 ? random_exponential(&r->random, r->params->mttf)
						   : DEVS_INFINITY;
	} else {
		r->fail_left = DEVS_INFINITY;
	}
	if (phase == SIM_ABSENT) {
		r->made = false;
		r->failures = 0;
	}
}

static void fail(struct sim_replica *r)
{
	bool was_ready = r->phase == SIM_READY;
	double delay = BACK_OFF_FIRST;

	if (was_ready && r->clock - r->ready_since >= FORGIVEN)
		r->failures = 0;
	r->failures++;
	for (unsigned i = was_ready ? 2 : 1; i < r->failures && delay < BACK_OFF_MAX; i++)
		delay *= 2;
	if (delay > BACK_OFF_MAX)
		delay = BACK_OFF_MAX;
	cut_all(r);
	enter(r, SIM_FAILED);
	r->phase_left = was_ready && r->failures == 1 ? 0 : delay;
}

static void end_stop(struct sim_replica *r)
{
	/* it would have ended, if it had nothing left to do */
	if (r->busy && !r->lingering && r->grace_left > 0) {
		r->phase_left = r->grace_left;
		r->lingering = true;
		return;
	}
	cut_all(r);
	enter(r, SIM_ERASING);
}

static void phase_end(struct sim_replica *r)
{
	switch (r->phase) {
	case SIM_CREATING:
		r->made = true;
		enter(r, SIM_STARTING);
		break;
	case SIM_STARTING:
		if (r->params->start_failure > 0 &&
		    random_uniform(&r->random) < r->params->start_failure)
			fail(r);
		else
			enter(r, SIM_WARMING);
		break;
	case SIM_WARMING:
		enter(r, SIM_READY);
		break;
	case SIM_DRAINING:
		enter(r, SIM_STOPPING);
		break;
	case SIM_STOPPING:
		end_stop(r);
		break;
	case SIM_ERASING:
		enter(r, SIM_ABSENT);
		break;
	case SIM_FAILED:
		enter(r, SIM_PENDING);
		break;
	default:
		break;
	}
}

static void command(struct sim_replica *r, enum sim_kind kind)
{
	if (kind == SIM_START) {
		if (r->phase != SIM_ABSENT)
			return;
		r->asked = r->clock;
		enter(r, SIM_PENDING);
		return;
	}
	switch (r->phase) {
	case SIM_PENDING:
		enter(r, r->made ? SIM_ERASING : SIM_ABSENT);
		break;
	case SIM_CREATING:
	case SIM_FAILED:
		enter(r, SIM_ERASING);
		break;
	case SIM_STARTING:
	case SIM_WARMING:
		enter(r, SIM_STOPPING);
		break;
	case SIM_READY:
		enter(r, SIM_DRAINING);
		break;
	default:
		break;
	}
}

void sim_replica_begin(struct sim_replica *r, enum sim_phase phase, double left)
{
	enter(r, phase);
	r->tell_phase = false;
	if (phase == SIM_WARMING)
		r->phase_left = left;
	r->made = phase != SIM_ABSENT;
	/* it has been ready for longer than a period */
	r->fresh = false;
}

/* ---- samples -------------------------------------------------------------------------------------------------------------------- */

static void take_sample(struct sim_replica *r)
{
	double time = r->clock - r->sampled;

	if (r->phase == SIM_ABSENT)
		return;
	r->sample = (struct sim_sample){ .number = r->number,
					 .phase = r->phase,
					 .fresh = r->fresh || !(time > 0),
					 .busy = time > 0 ? r->busy_area / time : 0,
					 .jobs = r->busy + r->waiting.len,
					 .asked = r->asked };
	r->fresh = false;
	r->busy_area = 0;
	r->sampled = r->clock;
	r->tell_sample = true;
}

/* ---- the model --------------------------------------------------------------------------------------------------------------------- */

enum due { DUE_LETTERS, DUE_JOB, DUE_PHASE, DUE_FAIL };

static enum due next_due(const struct sim_replica *r, double *ret_left)
{
	double job = r->busy ? (r->serving[0].end - r->virtual_clock) / pace(r) : DEVS_INFINITY;
	double phase = is_work(r->phase) ? r->phase_left / r->speed : r->phase_left;

	*ret_left = 0;
	if (r->tell_phase || r->tell_busy || r->tell_sample || r->leaving.first)
		return DUE_LETTERS;
	/* sums of times round */
	job = job > 0 ? job : 0;
	phase = phase > 0 ? phase : 0;
	if (job <= phase && job <= r->fail_left) {
		*ret_left = job;
		return DUE_JOB;
	}
	*ret_left = phase <= r->fail_left ? phase : r->fail_left > 0 ? r->fail_left : 0;
	return phase <= r->fail_left ? DUE_PHASE : DUE_FAIL;
}

static void pass(struct sim_replica *r, double time)
{
	double work = time * r->speed;

	if (!(time > 0))
		return;
	r->clock += time;
	r->virtual_clock += time * pace(r);
	r->busy_area += at_work(r) * time;
	r->phase_left -= is_work(r->phase) ? work : time;
	r->fail_left -= time;
}

static double replica_ta(const void *s)
{
	double left;

	(void)next_due(s, &left);
	return left;
}

static void send_letters(const struct sim_replica *r, struct devs_output *output)
{
	if (r->tell_phase) {
		struct devs_event event = { .kind = SIM_PHASE, .integer = r->phase };

		devs_send(output, SIM_OUT_PHASE, &event);
	}
	if (r->tell_busy) {
		struct devs_event event = { .kind = SIM_BUSY, .integer = at_work(r) };

		devs_send(output, SIM_OUT_BUSY, &event);
	}
	if (r->tell_sample) {
		struct devs_event event = { .kind = SIM_SAMPLED,
					    .pointer = (void *)(uintptr_t)&r->sample };

		devs_send(output, SIM_OUT_SAMPLE, &event);
	}
	for (struct sim_job *job = r->leaving.first; job; job = job->next) {
		struct devs_event event = { .kind = SIM_LEFT, .pointer = job };

		devs_send(output, SIM_OUT_JOB, &event);
	}
}

static void replica_lambda(const void *s, struct devs_output *output)
{
	const struct sim_replica *r = s;
	double left;

	switch (next_due(r, &left)) {
	case DUE_LETTERS:
		send_letters(r, output);
		break;
	case DUE_JOB: {
		struct devs_event event = { .kind = SIM_LEFT, .pointer = r->serving[0].job };

		devs_send(output, SIM_OUT_JOB, &event);
		break;
	}
	default:
		break;
	}
}

static void end_job(struct sim_replica *r)
{
	/* it was sent, and is the transducer's now */
	(void)serving_pop(r);
	r->tell_busy = true;
	serve_waiting(r);
	if (r->phase == SIM_STOPPING && r->lingering && !r->busy)
		enter(r, SIM_ERASING);
}

static void forget_letters(struct sim_replica *r)
{
	r->tell_phase = r->tell_busy = r->tell_sample = false;
	r->leaving = (struct sim_queue){ 0 };
}

static void replica_int(void *s)
{
	struct sim_replica *r = s;
	double left;
	enum due due = next_due(r, &left);

	if (due == DUE_LETTERS) {
		forget_letters(r);
		return;
	}
	pass(r, left);
	if (due == DUE_JOB)
		end_job(r);
	else if (due == DUE_PHASE)
		phase_end(r);
	else
		fail(r);
	r->tell_busy = r->tell_busy && r->params->shared_cores > 0;
}

static void replica_ext(void *s, double e, const struct devs_bag *x)
{
	struct sim_replica *r = s;

	pass(r, e);
	for (size_t i = 0; i < x->len; i++) {
		const struct devs_event *event = &x->events[i];

		if (event->kind == SIM_REQUEST && serves(r))
			sim_replica_put(r, event->pointer);
		else if (event->kind == SIM_REQUEST)
			leave(r, event->pointer, SIM_CUT);
		else if (event->kind == SIM_SPEED)
			r->speed = event->number;
		else if (event->kind == SIM_GRANT && r->phase == SIM_PENDING)
			enter(r, r->made ? SIM_STARTING : SIM_CREATING);
		else if (event->kind == SIM_SAMPLE)
			take_sample(r);
		else if (event->kind == SIM_START || event->kind == SIM_STOP)
			command(r, (enum sim_kind)event->kind);
	}
	r->tell_busy = r->tell_busy && r->params->shared_cores > 0;
}

const struct devs_class sim_replica_class = {
	.name = "replica",
	.ta = replica_ta,
	.lambda = replica_lambda,
	.d_int = replica_int,
	.d_ext = replica_ext,
};
