/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_dispatcher.c - who gets a request.
 *
 * The balance of ports asks nobody: a new flow goes to a ready replica at once, and is refused when there is none. The shared queue is
 * the textbook's: a request waits here until somebody can serve it.
 */
#include <stdlib.h>

#include "devs/sim-private.h"

static unsigned slots(const struct sim_dispatcher *d)
{
	return d->params->slots ? d->params->slots : 1;
}

static void letter(struct sim_dispatcher *d, uint32_t port, enum sim_kind kind, struct sim_job *job)
{
	if (d->letters_len == d->letters_size) {
		size_t size = d->letters_size ? d->letters_size * 2 : 16;
		struct sim_letter *grown = reallocarray(d->letters, size, sizeof(*grown));

		if (!grown) {
			d->jobs->failed = true;
			return;
		}
		d->letters = grown;
		d->letters_size = size;
	}
	d->letters[d->letters_len++] = (struct sim_letter){ port, kind, job };
}

/* ---- choice --------------------------------------------------------------------------------------------------------------- */

static bool can_take(const struct sim_dispatcher *d, const struct sim_backend *backend)
{
	return backend->ready &&
	       (d->params->balance != SIM_SHARED_QUEUE || backend->jobs < slots(d));
}

/* the next one in turn */
static unsigned choose_turn(struct sim_dispatcher *d)
{
	for (unsigned i = 0; i < d->len; i++) {
		unsigned number = (d->cursor + i) % d->len;

		if (can_take(d, &d->backends[number])) {
			d->cursor = (number + 1) % d->len;
			return number;
		}
	}
	return d->len;
}

/* of equals the next in turn, or the first would be given all that comes when nothing is going on */
static unsigned choose_least(struct sim_dispatcher *d)
{
	unsigned best = d->len;

	for (unsigned i = 0; i < d->len; i++) {
		unsigned number = (d->cursor + i) % d->len;

		if (d->backends[number].ready &&
		    (best == d->len || d->backends[number].jobs < d->backends[best].jobs))
			best = number;
	}
	if (best < d->len)
		d->cursor = (best + 1) % d->len;
	return best;
}

/* the hash chooses among those that are in the table, as it does in nftables */
static unsigned choose_hash(const struct sim_dispatcher *d, uint64_t who)
{
	uint64_t nth = d->ready ? who % d->ready : 0;

	for (unsigned i = 0; i < d->len; i++)
		if (d->backends[i].ready && nth-- == 0)
			return i;
	return d->len;
}

static unsigned choose(struct sim_dispatcher *d, const struct sim_job *job)
{
	if (!d->ready)
		return d->len;
	switch (d->params->balance) {
	case SIM_LEAST_CONNECTIONS:
		return choose_least(d);
	case SIM_STICKY:
		return choose_hash(d, job->who);
	default:
		return choose_turn(d);
	}
}

static void assign(struct sim_dispatcher *d)
{
	bool keep = d->params->hold || d->params->balance == SIM_SHARED_QUEUE;

	while (d->held.first) {
		unsigned number = choose(d, d->held.first);

		if (number == d->len && keep)
			break;
		if (d->untold == d->held.first)
			d->untold = d->untold->next;
		if (number == d->len) {
			letter(d, SIM_MAIN, SIM_REFUSED, sim_queue_take(&d->held));
			continue;
		}
		d->backends[number].jobs++;
		letter(d, number, SIM_REQUEST, sim_queue_take(&d->held));
	}
	for (; d->untold; d->untold = d->untold->next) {
		d->untold->held = true;
		letter(d, SIM_MAIN, SIM_HELD, d->untold);
	}
}

static void arrive(struct sim_dispatcher *d, struct sim_job *job)
{
	sim_queue_put(&d->held, job);
	if (!d->untold)
		d->untold = job;
}

/* ---- the model -------------------------------------------------------------------------------------------------------------- */

static double dispatcher_ta(const void *s)
{
	return ((const struct sim_dispatcher *)s)->letters_len ? 0 : DEVS_INFINITY;
}

static void dispatcher_lambda(const void *s, struct devs_output *output)
{
	const struct sim_dispatcher *d = s;

	for (size_t i = 0; i < d->letters_len; i++) {
		struct devs_event event = { .kind = (uint32_t)d->letters[i].kind,
					    .pointer = d->letters[i].job };

		devs_send(output, d->letters[i].port, &event);
	}
}

static void dispatcher_int(void *s)
{
	((struct sim_dispatcher *)s)->letters_len = 0;
}

static void phase_changed(struct sim_dispatcher *d, unsigned number, bool ready)
{
	struct sim_backend *backend = &d->backends[number];

	d->ready += ready;
	d->ready -= backend->ready;
	backend->ready = ready;
}

static void dispatcher_ext(void *s, double e, const struct devs_bag *x)
{
	struct sim_dispatcher *d = s;

	(void)e;
	for (size_t i = 0; i < x->len; i++) {
		const struct devs_event *event = &x->events[i];

		if (event->kind == SIM_REQUEST)
			arrive(d, event->pointer);
		else if (event->kind == SIM_LEFT)
			d->backends[event->port].jobs--;
		else if (event->kind == SIM_PHASE)
			phase_changed(d, event->port, event->integer == SIM_READY);
	}
	assign(d);
}

const struct devs_class sim_dispatcher_class = {
	.name = "dispatcher",
	.ta = dispatcher_ta,
	.lambda = dispatcher_lambda,
	.d_int = dispatcher_int,
	.d_ext = dispatcher_ext,
};
