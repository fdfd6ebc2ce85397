/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devs.c - the abstract simulator on a flat network: a binary heap of times of next events, ordered by (time, Select order).
 *
 * What must hold between steps: last <= heap's first time for every model; every bag is empty.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "devs/devs-private.h"
#include "devs/devs.h"

/* ---- the heap: places of models, by time and then Select order ----------------------------------------------------- */

static bool is_before(const struct devs *devs, uint32_t a, uint32_t b)
{
	double x = devs->models[a].next, y = devs->models[b].next;

	return x < y || (x == y && a < b);
}

static void heap_put(struct devs *devs, size_t place, uint32_t model)
{
	devs->heap[place] = model;
	devs->models[model].place = (uint32_t)place;
}

static void heap_fix(struct devs *devs, uint32_t model)
{
	size_t place = devs->models[model].place, child;

	while (place > 0 && is_before(devs, model, devs->heap[(place - 1) / 2])) {
		heap_put(devs, place, devs->heap[(place - 1) / 2]);
		place = (place - 1) / 2;
	}
	while ((child = 2 * place + 1) < devs->len) {
		if (child + 1 < devs->len &&
		    is_before(devs, devs->heap[child + 1], devs->heap[child]))
			child++;
		if (!is_before(devs, devs->heap[child], model))
			break;
		heap_put(devs, place, devs->heap[child]);
		place = child;
	}
	heap_put(devs, place, model);
}

/* ---- messages ------------------------------------------------------------------------------------------------------ */

static void traced(const struct devs *devs, uint32_t model, const char *what,
		   const struct devs_event *event)
{
	if (devs->trace.message)
		devs->trace.message(devs->trace.ctx, devs->now, devs->models[model].class->name,
				    what, event);
}

static void bag_put(struct devs *devs, uint32_t model, uint32_t port,
		    const struct devs_event *event)
{
	struct devs_model *to = &devs->models[model];

	if (to->bag_len == to->bag_size) {
		size_t size = to->bag_size ? to->bag_size * 2 : 4;
		struct devs_event *grown = reallocarray(to->bag, size, sizeof(*grown));

		if (!grown) {
			devs->failure = -ENOMEM;
			return;
		}
		to->bag = grown;
		to->bag_size = size;
	}
	/* whoever gets a first entry changes in this step; an imminent one is on the list already */
	if (to->bag_len == 0 && !to->active) {
		to->active = true;
		devs->active[devs->active_len++] = model;
	}
	to->bag[to->bag_len] = *event;
	to->bag[to->bag_len++].port = port;
}

void devs_send(struct devs_output *output, uint32_t port, const struct devs_event *event)
{
	const struct devs_model *from = &output->devs->models[output->model];

	traced(output->devs, output->model, "lambda", event);
	for (uint32_t i = 0; i < from->routes_len; i++)
		if (from->routes[i].out_port == port)
			bag_put(output->devs, from->routes[i].to, from->routes[i].in_port, event);
}

/* ---- a step -------------------------------------------------------------------------------------------------------- */

static int model_schedule(struct devs *devs, uint32_t model)
{
	struct devs_model *m = &devs->models[model];
	double ta = m->class->ta(m->state);

	if (!(ta >= 0))
		return -EINVAL;
	m->last = devs->now;
	m->next = devs->now + ta;
	heap_fix(devs, model);
	return 0;
}

/* every model whose time has come; the heap is walked from its root, where only their descendants can be others */
static void collect_imminent(struct devs *devs, size_t place)
{
	uint32_t model;

	if (place >= devs->len)
		return;
	model = devs->heap[place];
	if (devs->models[model].next != devs->now)
		return;
	devs->models[model].active = devs->models[model].imminent = true;
	devs->active[devs->active_len++] = model;
	collect_imminent(devs, 2 * place + 1);
	collect_imminent(devs, 2 * place + 2);
}

static int by_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void sort_active(struct devs *devs, size_t len)
{
	if (len == 2 && devs->active[0] > devs->active[1]) {
		uint32_t first = devs->active[0];

		devs->active[0] = devs->active[1];
		devs->active[1] = first;
	} else if (len > 2) {
		qsort(devs->active, len, sizeof(*devs->active), by_order);
	}
}

static void model_change(struct devs *devs, uint32_t model)
{
	struct devs_model *m = &devs->models[model];
	struct devs_bag bag = { .events = m->bag, .len = m->bag_len };

	devs->transitions++;
	if (!m->imminent) {
		traced(devs, model, "ext", m->bag);
		m->class->d_ext(m->state, devs->now - m->last, &bag);
	} else if (bag.len == 0) {
		traced(devs, model, "int", NULL);
		m->class->d_int(m->state);
	} else {
		traced(devs, model, "con", m->bag);
		if (m->class->d_con) {
			m->class->d_con(m->state, &bag);
		} else {
			m->class->d_int(m->state);
			m->class->d_ext(m->state, 0, &bag);
		}
	}
	m->bag_len = 0;
	m->active = m->imminent = false;
}

/* what is on the list of active models changes, and gets its next time */
static int change_all(struct devs *devs)
{
	int r = devs->failure;

	sort_active(devs, devs->active_len);
	for (size_t i = 0; i < devs->active_len; i++) {
		model_change(devs, devs->active[i]);
		if (r == 0)
			r = model_schedule(devs, devs->active[i]);
	}
	devs->active_len = 0;
	return r;
}

int devs_step(struct devs *devs)
{
	size_t imminent;

	if (devs->len == 0 || isinf(devs->models[devs->heap[0]].next))
		return 1;
	devs->now = devs->models[devs->heap[0]].next;
	collect_imminent(devs, 0);
	imminent = devs->active_len;
	sort_active(devs, imminent);
	for (size_t i = 0; i < imminent; i++) {
		struct devs_model *m = &devs->models[devs->active[i]];
		struct devs_output output = { .devs = devs, .model = devs->active[i] };

		if (m->class->lambda)
			m->class->lambda(m->state, &output);
	}
	return change_all(devs);
}

int devs_run(struct devs *devs, double until)
{
	int r = 0;

	while (r == 0 && devs_next(devs) <= until)
		r = devs_step(devs);
	return r == 0 && isinf(devs_next(devs)) ? 1 : r;
}

int devs_inject(struct devs *devs, double t, uint32_t port, const struct devs_event *event)
{
	if (!(t >= devs->now) || t > devs_next(devs))
		return -EINVAL;
	devs->now = t;
	/* one that is imminent at this very time gets its input first, and its own event after it: d_ext, then d_int */
	for (size_t i = 0; i < devs->inputs_len; i++)
		if (devs->inputs[i].out_port == port)
			bag_put(devs, devs->inputs[i].to, devs->inputs[i].in_port, event);
	return change_all(devs);
}

double devs_next(const struct devs *devs)
{
	return devs->len == 0 ? DEVS_INFINITY : devs->models[devs->heap[0]].next;
}

double devs_now(const struct devs *devs)
{
	return devs->now;
}

uint64_t devs_transitions(const struct devs *devs)
{
	return devs->transitions;
}

void devs_set_trace(struct devs *devs, const struct devs_trace *trace)
{
	devs->trace = *trace;
}

int devs_start(struct devs *devs, double start)
{
	devs->now = start;
	for (uint32_t i = 0; i < devs->len; i++) {
		devs->models[i].next = DEVS_INFINITY;
		heap_put(devs, i, i);
	}
	for (uint32_t i = 0; i < devs->len; i++) {
		int r = model_schedule(devs, i);

		if (r < 0)
			return r;
	}
	return 0;
}

void devs_free(struct devs *devs)
{
	if (!devs)
		return;
	for (size_t i = 0; i < devs->len; i++) {
		free(devs->models[i].bag);
		free(devs->models[i].routes);
	}
	free(devs->models);
	free(devs->heap);
	free(devs->active);
	free(devs->inputs);
	free(devs);
}
