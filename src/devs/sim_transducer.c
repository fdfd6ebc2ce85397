/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_transducer.c - sees everything and changes nothing: counts, areas over time, rows.
 *
 * It owns the requests that have left, and is the last in Select order: nobody looks at one after it.
 */
#include <math.h>

#include "devs/sim-private.h"

static unsigned slots(const struct sim_transducer *t)
{
	return t->params->slots ? t->params->slots : 1;
}

static bool is_starting(enum sim_phase phase)
{
	return sim_phase_wanted(phase) && phase != SIM_READY;
}

/* ---- time ------------------------------------------------------------------------------------------------------------------ */

static struct sim_row *open_row(const struct sim_transducer *t)
{
	return t->result.rows_len ? &t->result.rows[t->result.rows_len - 1] : NULL;
}

static void add_time(struct sim_transducer *t, double time)
{
	struct sim_row *row = open_row(t);
	double queue = (double)t->waiting * time;

	t->queue_area += queue;
	t->busy_area += (double)t->busy * time;
	t->result.replica_seconds += t->alive * time;
	t->result.ready_seconds += t->ready * time;
	if (row) {
		row->queue_mean += queue;
		row->replica_seconds += t->alive * time;
	}
	t->clock += time;
}

static void close_row(struct sim_transducer *t)
{
	struct sim_row *row = open_row(t);

	if (!row)
		return;
	row->wanted = t->wanted;
	row->ready = t->ready;
	row->starting = t->starting;
	row->queue_mean /= t->clock > row->begin ? t->clock - row->begin : 1;
}

void sim_transducer_row(struct sim_transducer *t)
{
	size_t number = t->result.rows_len++;

	t->result.rows[number] = (struct sim_row){ .begin = (double)number * t->params->row,
						   .queue_max = t->waiting };
}

static void pass(struct sim_transducer *t, double time)
{
	double until = t->clock + time;

	while (t->result.rows_len < t->rows_size) {
		double border = (double)t->result.rows_len * t->params->row;

		if (border > until)
			break;
		if (border > t->clock)
			add_time(t, border - t->clock);
		close_row(t);
		sim_transducer_row(t);
	}
	if (until > t->clock)
		add_time(t, until - t->clock);
	t->clock = until;
}

/* ---- requests --------------------------------------------------------------------------------------------------------------- */

static void note_waiting(struct sim_transducer *t)
{
	struct sim_row *row = open_row(t);

	if (t->waiting > t->result.queue_max)
		t->result.queue_max = t->waiting;
	if (row && t->waiting > row->queue_max)
		row->queue_max = t->waiting;
}

static void count_arrival(struct sim_transducer *t)
{
	struct sim_row *row = open_row(t);

	t->result.arrived++;
	if (row)
		row->arrived++;
}

static void count_violation(struct sim_transducer *t, uint64_t *counter)
{
	struct sim_row *row = open_row(t);

	(*counter)++;
	if (row)
		row->violated++;
}

/* What it took beyond its own work: in line, and because others were served beside it. One that is there still has that much at least. */
static double delay_of(const struct sim_transducer *t, const struct sim_job *job)
{
	double whole = t->clock - job->arrived;

	if (!job->served)
		return whole;
	return fmax(job->begun - job->arrived, whole - job->work);
}

static void count_wait(struct sim_transducer *t, double delay)
{
	t->begun++;
	t->wait_sum += delay;
	if (delay > t->result.wait_max)
		t->result.wait_max = delay;
}

/* sums of times round */
static bool is_late(const struct sim_transducer *t, double delay)
{
	return delay > t->params->patience + 1e-9;
}

static void add_job(struct sim_transducer *t, unsigned number)
{
	if (t->seen[number].jobs++ < slots(t))
		t->busy++;
	else
		t->waiting++;
}

void sim_transducer_put(struct sim_transducer *t, unsigned number)
{
	count_arrival(t);
	add_job(t, number);
	note_waiting(t);
}

static void job_left(struct sim_transducer *t, unsigned number, struct sim_job *job)
{
	double delay = delay_of(t, job);

	if (--t->seen[number].jobs < slots(t))
		t->busy--;
	else
		t->waiting--;
	if (job->served)
		count_wait(t, delay);
	if (job->outcome == SIM_CUT)
		count_violation(t, &t->result.cut);
	else if (job->outcome == SIM_GAVE_UP || is_late(t, delay))
		count_violation(t, &t->result.late);
	t->result.served += job->outcome == SIM_SERVED;
	sim_job_free(t->jobs, job);
}

static void job_assigned(struct sim_transducer *t, unsigned number, const struct sim_job *job)
{
	if (job->held)
		t->waiting--;
	else
		count_arrival(t);
	add_job(t, number);
}

void sim_transducer_left_over(struct sim_transducer *t, const struct sim_job *job)
{
	double delay = delay_of(t, job);

	if (job->served)
		count_wait(t, delay);
	if (is_late(t, delay))
		count_violation(t, &t->result.late);
}

/* ---- replicas ----------------------------------------------------------------------------------------------------------------- */

static void count_start(struct sim_transducer *t, struct sim_seen *seen)
{
	double time = t->clock - seen->asked;

	if (isnan(seen->asked))
		return;
	if (t->result.started < SIM_STARTS_KEPT)
		t->result.start_times[t->result.started] = time;
	t->result.started++;
	t->start_sum += time;
	if (time > t->result.start_max)
		t->result.start_max = time;
	seen->asked = NAN;
}

void sim_transducer_phase(struct sim_transducer *t, unsigned number, enum sim_phase phase)
{
	struct sim_seen *seen = &t->seen[number];
	enum sim_phase before = seen->phase;

	t->alive += (phase != SIM_ABSENT) - (before != SIM_ABSENT);
	t->ready += (phase == SIM_READY) - (before == SIM_READY);
	t->starting += is_starting(phase) - is_starting(before);
	if (t->ready > t->result.ready_max)
		t->result.ready_max = t->ready;
	seen->phase = phase;
	if (before == SIM_ABSENT && phase == SIM_PENDING) {
		t->result.starts++;
		seen->asked = t->clock;
	}
	if (phase == SIM_READY)
		count_start(t, seen);
	if (phase == SIM_FAILED)
		t->result.failures++;
	if (phase == SIM_FAILED || !sim_phase_wanted(phase))
		seen->asked = NAN;
	if (sim_phase_wanted(before) && !sim_phase_wanted(phase))
		t->result.stops++;
}

/* ---- the model ------------------------------------------------------------------------------------------------------------------ */

static double transducer_ta(const void *s)
{
	(void)s;
	return DEVS_INFINITY;
}

static void transducer_int(void *s)
{
	(void)s;
}

static void note(struct sim_transducer *t, const struct devs_event *event)
{
	switch (event->kind) {
	case SIM_REQUEST:
		job_assigned(t, event->port, event->pointer);
		break;
	case SIM_HELD:
		count_arrival(t);
		t->waiting++;
		break;
	case SIM_REFUSED:
		count_arrival(t);
		count_violation(t, &t->result.refused);
		sim_job_free(t->jobs, event->pointer);
		break;
	case SIM_LEFT:
		job_left(t, event->port, event->pointer);
		break;
	case SIM_PHASE:
		sim_transducer_phase(t, event->port, (enum sim_phase)event->integer);
		break;
	case SIM_WANTED:
		t->result.changes += event->integer > t->wanted
					     ? (unsigned)event->integer - t->wanted
					     : t->wanted - (unsigned)event->integer;
		t->wanted = (unsigned)event->integer;
		break;
	default:
		break;
	}
}

static void transducer_ext(void *s, double e, const struct devs_bag *x)
{
	struct sim_transducer *t = s;

	pass(t, e);
	for (size_t i = 0; i < x->len; i++)
		note(t, &x->events[i]);
	/* between two events of a time there is no queue */
	note_waiting(t);
}

const struct devs_class sim_transducer_class = {
	.name = "transducer",
	.ta = transducer_ta,
	.d_int = transducer_int,
	.d_ext = transducer_ext,
};

void sim_transducer_close(struct sim_transducer *t)
{
	pass(t, t->params->horizon - t->clock);
	close_row(t);
}

void sim_transducer_end(struct sim_transducer *t)
{
	struct sim_result *result = &t->result;
	double horizon = t->params->horizon;

	result->wait_mean = t->begun ? t->wait_sum / (double)t->begun : 0;
	result->queue_mean = t->queue_area / horizon;
	result->busy_mean = t->busy_area / horizon;
	result->start_mean = result->started ? t->start_sum / result->started : 0;
}
