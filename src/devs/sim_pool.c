/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim_pool.c - what the host has: what replicas reserve of it, how many are made at a time, and how fast everything is when more is
 * wanted than there is.
 *
 * Every change of a replica's phase updates the totals. Who waits is served in the order of asking.
 */
#include <math.h>

#include "devs/sim-private.h"

static bool fits(double used, double each, double all)
{
	/* ten tenths are one */
	return !(all > 0) || used + each <= all * (1 + 1e-9);
}

static void reserve(struct sim_pool *pool, struct sim_tenant *tenant)
{
	tenant->reserved = true;
	pool->cpu += pool->params->reserve_cpu;
	pool->memory += pool->params->reserve_memory;
	pool->cpu_max = fmax(pool->cpu_max, pool->cpu);
	pool->memory_max = fmax(pool->memory_max, pool->memory);
}

void sim_pool_reserve(struct sim_pool *pool, unsigned number)
{
	reserve(pool, &pool->tenants[number]);
}

unsigned sim_pool_admissible(const struct sim_service_params *params)
{
	double count = SIM_REPLICAS_MAX;

	if (params->cores > 0 && params->reserve_cpu > 0)
		count = fmin(count, floor(params->cores / params->reserve_cpu * (1 + 1e-9)));
	if (params->memory > 0 && params->reserve_memory > 0)
		count = fmin(count, floor(params->memory / params->reserve_memory * (1 + 1e-9)));
	return (unsigned)count;
}

static struct sim_tenant *next_waiting(const struct sim_pool *pool)
{
	struct sim_tenant *best = NULL;

	for (unsigned i = 0; i < pool->len; i++)
		if (pool->tenants[i].waiting && (!best || pool->tenants[i].order < best->order))
			best = &pool->tenants[i];
	return best;
}

static void serve(struct sim_pool *pool)
{
	const struct sim_service_params *p = pool->params;
	struct sim_tenant *tenant;

	while ((!p->parallel || pool->placed < p->parallel) && (tenant = next_waiting(pool))) {
		if (!tenant->reserved) {
			if (!fits(pool->cpu, p->reserve_cpu, p->cores) ||
			    !fits(pool->memory, p->reserve_memory, p->memory))
				break;
			reserve(pool, tenant);
		}
		tenant->waiting = false;
		tenant->placed = true;
		pool->placed++;
		tenant->granted = pool->tell_grant = true;
	}
}

static void leave_place(struct sim_pool *pool, struct sim_tenant *tenant)
{
	tenant->waiting = tenant->granted = false;
	pool->placed -= tenant->placed;
	tenant->placed = false;
}

static void phase_changed(struct sim_pool *pool, struct sim_tenant *tenant, enum sim_phase phase)
{
	if (phase == SIM_CREATING || phase == SIM_STARTING)
		return;
	leave_place(pool, tenant);
	if (phase == SIM_PENDING) {
		tenant->waiting = true;
		tenant->order = pool->orders++;
	} else if (phase == SIM_ABSENT && tenant->reserved) {
		tenant->reserved = false;
		pool->cpu -= pool->params->reserve_cpu;
		pool->memory -= pool->params->reserve_memory;
	}
}

static void find_speed(struct sim_pool *pool)
{
	const struct sim_service_params *p = pool->params;
	double wanted = pool->busy * (p->job_cpu > 0 ? p->job_cpu : 1);
	double speed =
		p->shared_cores > 0 && wanted > p->shared_cores ? p->shared_cores / wanted : 1;

	if (speed == pool->speed)
		return;
	pool->speed = speed;
	pool->tell_speed = true;
}

/* ---- the model --------------------------------------------------------------------------------------------------------------- */

static double pool_ta(const void *s)
{
	const struct sim_pool *pool = s;

	return pool->tell_grant || pool->tell_speed ? 0 : DEVS_INFINITY;
}

static void pool_lambda(const void *s, struct devs_output *output)
{
	const struct sim_pool *pool = s;
	struct devs_event speed = { .kind = SIM_SPEED, .number = pool->speed },
			  grant = { .kind = SIM_GRANT };

	if (pool->tell_speed)
		devs_send(output, SIM_MAIN, &speed);
	for (unsigned i = 0; pool->tell_grant && i < pool->len; i++)
		if (pool->tenants[i].granted)
			devs_send(output, i, &grant);
}

static void pool_int(void *s)
{
	struct sim_pool *pool = s;

	for (unsigned i = 0; pool->tell_grant && i < pool->len; i++)
		pool->tenants[i].granted = false;
	pool->tell_grant = pool->tell_speed = false;
}

static void pool_ext(void *s, double e, const struct devs_bag *x)
{
	struct sim_pool *pool = s;

	(void)e;
	for (size_t i = 0; i < x->len; i++) {
		const struct devs_event *event = &x->events[i];
		struct sim_tenant *tenant = &pool->tenants[event->port];

		if (event->kind == SIM_PHASE) {
			phase_changed(pool, tenant, (enum sim_phase)event->integer);
		} else if (event->kind == SIM_BUSY) {
			pool->busy -= tenant->busy;
			tenant->busy = (unsigned)event->integer;
			pool->busy += tenant->busy;
		}
	}
	serve(pool);
	find_speed(pool);
}

const struct devs_class sim_pool_class = {
	.name = "pool",
	.ta = pool_ta,
	.lambda = pool_lambda,
	.d_int = pool_int,
	.d_ext = pool_ext,
};
