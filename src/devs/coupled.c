/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coupled.c - networks of models, and their flattening: every coupling path from an atomic model's output port through the borders of
 * coupled models to an atomic model's input port becomes one route.
 *
 * Couplings are chained by their source, in the order of devs_couple, so that a flat network is flattened in one look at each component
 * and each coupling. A crossed border costs a look at the couplings behind it that have the same source.
 */
#include <errno.h>
#include <stdlib.h>

#include "devs/devs-private.h"
#include "devs/devs.h"

#define NONE SIZE_MAX

/* The couplings of one source: places in devs_coupled.couplings. NONE: there are none. */
struct chain {
	size_t first, last;
};

struct component {
	const struct devs_class *class; /* NULL: coupled */
	void *state;
	struct devs_coupled *coupled;
	struct chain out;
	uint32_t flat; /* number in the flat network; of a coupled one: of its first atomic model */
};

struct coupling {
	uint32_t out_port, to, in_port;
	size_t next; /* of the same source, or NONE */
};

struct devs_coupled {
	const char *name;
	struct component *components;
	size_t len, size;
	struct coupling *couplings;
	size_t couplings_len, couplings_size;
	struct chain in;                   /* from its own inputs */
	const struct devs_coupled *parent; /* NULL: it is no component */
	uint32_t place;                    /* in its parent */
};

struct devs_coupled *devs_coupled_new(const char *name)
{
	struct devs_coupled *coupled = calloc(1, sizeof(*coupled));

	if (coupled) {
		coupled->name = name;
		coupled->in = (struct chain){ NONE, NONE };
	}
	return coupled;
}

void devs_coupled_free(struct devs_coupled *coupled)
{
	if (!coupled)
		return;
	for (size_t i = 0; i < coupled->len; i++)
		devs_coupled_free(coupled->components[i].coupled);
	free(coupled->components);
	free(coupled->couplings);
	free(coupled);
}

static int component_add(struct devs_coupled *coupled, struct component component)
{
	if (coupled->len == coupled->size) {
		size_t size = coupled->size ? coupled->size * 2 : 8;
		struct component *grown = reallocarray(coupled->components, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		coupled->components = grown;
		coupled->size = size;
	}
	component.out = (struct chain){ NONE, NONE };
	coupled->components[coupled->len] = component;
	return (int)coupled->len++;
}

int devs_add(struct devs_coupled *coupled, const struct devs_class *class, void *state)
{
	return component_add(coupled, (struct component){ .class = class, .state = state });
}

int devs_add_coupled(struct devs_coupled *coupled, struct devs_coupled *component)
{
	int r = component_add(coupled, (struct component){ .coupled = component });

	if (r >= 0) {
		component->parent = coupled;
		component->place = (uint32_t)r;
	}
	return r;
}

int devs_couple(struct devs_coupled *coupled, uint32_t from, uint32_t out_port, uint32_t to,
		uint32_t in_port)
{
	struct chain *chain;
	size_t place;

	if ((from != DEVS_SELF && from >= coupled->len) ||
	    (to != DEVS_SELF && to >= coupled->len) || from == to)
		return -EINVAL;
	if (coupled->couplings_len == coupled->couplings_size) {
		size_t size = coupled->couplings_size ? coupled->couplings_size * 2 : 16;
		struct coupling *grown = reallocarray(coupled->couplings, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		coupled->couplings = grown;
		coupled->couplings_size = size;
	}
	chain = from == DEVS_SELF ? &coupled->in : &coupled->components[from].out;
	place = coupled->couplings_len++;
	coupled->couplings[place] = (struct coupling){ out_port, to, in_port, NONE };
	if (chain->first == NONE)
		chain->first = place;
	else
		coupled->couplings[chain->last].next = place;
	chain->last = place;
	return 0;
}

/* ---- flattening ---------------------------------------------------------------------------------------------------- */

static uint32_t number(struct devs_coupled *coupled, uint32_t first)
{
	uint32_t next = first;

	for (size_t i = 0; i < coupled->len; i++) {
		struct component *component = &coupled->components[i];

		component->flat = next;
		next = component->coupled ? number(component->coupled, next) : next + 1;
	}
	return next;
}

struct sink { /* of routes that are found */
	struct devs_route **routes;
	size_t *len;
};

static int route_add(const struct sink *sink, struct devs_route route)
{
	size_t len = *sink->len;

	/* room is made for twice as many each time that their number is a power of two */
	if ((len & (len - 1)) == 0) {
		struct devs_route *grown =
			reallocarray(*sink->routes, len ? 2 * len : 1, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		*sink->routes = grown;
	}
	(*sink->routes)[(*sink->len)++] = route;
	return 0;
}

static int reach(const struct devs_coupled *coupled, const struct coupling *c, uint32_t origin,
		 const struct sink *sink);

/* Everything that couplings of @chain from @port reach. */
static int follow(const struct devs_coupled *coupled, const struct chain *chain, uint32_t port,
		  uint32_t origin, const struct sink *sink)
{
	int r = 0;

	for (size_t i = chain->first; i != NONE && r == 0; i = coupled->couplings[i].next)
		if (coupled->couplings[i].out_port == port)
			r = reach(coupled, &coupled->couplings[i], origin, sink);
	return r;
}

/* Everything that one coupling reaches; @origin: the port where the path began. */
static int reach(const struct devs_coupled *coupled, const struct coupling *c, uint32_t origin,
		 const struct sink *sink)
{
	const struct component *to;

	if (c->to == DEVS_SELF)
		return coupled->parent ? follow(coupled->parent,
						&coupled->parent->components[coupled->place].out,
						c->in_port, origin, sink)
				       : 0;
	to = &coupled->components[c->to];
	if (to->coupled)
		return follow(to->coupled, &to->coupled->in, c->in_port, origin, sink);
	return route_add(sink, (struct devs_route){ origin, to->flat, c->in_port });
}

/* The routes of one port are in the order of their couplings; between ports no order is asked for. */
static int fill_routes(const struct devs_coupled *coupled, const struct chain *chain,
		       const struct sink *sink)
{
	int r = 0;

	for (size_t i = chain->first; i != NONE && r == 0; i = coupled->couplings[i].next)
		r = reach(coupled, &coupled->couplings[i], coupled->couplings[i].out_port, sink);
	return r;
}

static int fill_model(struct devs *devs, const struct devs_coupled *coupled,
		      const struct component *component)
{
	struct devs_model *model = &devs->models[component->flat];
	size_t len = 0;
	struct sink sink = { &model->routes, &len };
	int r;

	model->class = component->class;
	model->state = component->state;
	r = fill_routes(coupled, &component->out, &sink);
	model->routes_len = (uint32_t)len;
	return r;
}

static int fill(struct devs *devs, const struct devs_coupled *coupled)
{
	int r = 0;

	for (size_t i = 0; i < coupled->len && r == 0; i++)
		r = coupled->components[i].coupled
			    ? fill(devs, coupled->components[i].coupled)
			    : fill_model(devs, coupled, &coupled->components[i]);
	return r;
}

static int fill_inputs(struct devs *devs, const struct devs_coupled *root)
{
	struct sink sink = { &devs->inputs, &devs->inputs_len };

	return fill_routes(root, &root->in, &sink);
}

int devs_new(const struct devs_coupled *root, double start, struct devs **ret)
{
	struct devs *devs = calloc(1, sizeof(*devs));
	size_t len;
	int r;

	if (!devs)
		return -ENOMEM;
	/* numbers are notes for the flattening, no part of the model */
	len = number((struct devs_coupled *)(uintptr_t)root, 0);
	devs->models = calloc(len ? len : 1, sizeof(*devs->models));
	devs->heap = calloc(len ? len : 1, sizeof(*devs->heap));
	devs->active = calloc(len ? len : 1, sizeof(*devs->active));
	devs->len = len;
	r = devs->models && devs->heap && devs->active ? 0 : -ENOMEM;
	if (r < 0)
		devs->len = 0;
	if (r == 0)
		r = fill(devs, root);
	if (r == 0)
		r = fill_inputs(devs, root);
	if (r == 0)
		r = devs_start(devs, start);
	if (r < 0) {
		devs_free(devs);
		return r;
	}
	*ret = devs;
	return 0;
}
