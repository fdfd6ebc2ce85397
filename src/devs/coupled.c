/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coupled.c - networks of models, and their flattening: every coupling path from an atomic model's output port through the borders of
 * coupled models to an atomic model's input port becomes one route.
 */
#include <errno.h>
#include <stdlib.h>

#include "devs/devs-private.h"
#include "devs/devs.h"

struct component {
	const struct devs_class *class; /* NULL: coupled */
	void *state;
	struct devs_coupled *coupled;
};

struct coupling {
	uint32_t from, out_port, to, in_port;
};

struct devs_coupled {
	const char *name;
	struct component *components;
	size_t len, size;
	struct coupling *couplings;
	size_t couplings_len, couplings_size;
	const struct devs_coupled *parent; /* set while it is flattened */
	uint32_t place;                    /* in its parent */
	uint32_t first;                    /* flat number of its first atomic model */
};

struct devs_coupled *devs_coupled_new(const char *name)
{
	struct devs_coupled *coupled = calloc(1, sizeof(*coupled));

	if (coupled)
		coupled->name = name;
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
	coupled->couplings[coupled->couplings_len++] =
		(struct coupling){ from, out_port, to, in_port };
	return 0;
}

/* ---- flattening ---------------------------------------------------------------------------------------------------- */

static uint32_t number(struct devs_coupled *coupled, uint32_t first)
{
	uint32_t next = first;

	coupled->first = first;
	for (size_t i = 0; i < coupled->len; i++) {
		if (coupled->components[i].coupled)
			next = number(coupled->components[i].coupled, next);
		else
			next++;
	}
	return next;
}

static uint32_t flat_number(const struct devs_coupled *coupled, uint32_t component)
{
	uint32_t number_of = coupled->first;

	for (uint32_t i = 0; i < component; i++) {
		const struct devs_coupled *inner = coupled->components[i].coupled;

		number_of += inner ? flat_number(inner, (uint32_t)inner->len) - inner->first : 1;
	}
	return number_of;
}

struct sink { /* of routes that are found */
	struct devs_route **routes;
	size_t *len;
};

static int route_add(const struct sink *sink, struct devs_route route)
{
	struct devs_route *grown = reallocarray(*sink->routes, *sink->len + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	grown[(*sink->len)++] = route;
	*sink->routes = grown;
	return 0;
}

/* Everything that output @port of component @from (or input @port of @coupled itself) reaches. */
static int follow(const struct devs_coupled *coupled, uint32_t from, uint32_t port, uint32_t origin,
		  const struct sink *sink)
{
	int r = 0;

	for (size_t i = 0; i < coupled->couplings_len && r == 0; i++) {
		const struct coupling *c = &coupled->couplings[i];

		if (c->from != from || c->out_port != port)
			continue;
		if (c->to == DEVS_SELF) {
			if (coupled->parent)
				r = follow(coupled->parent, coupled->place, c->in_port, origin,
					   sink);
		} else if (coupled->components[c->to].coupled) {
			r = follow(coupled->components[c->to].coupled, DEVS_SELF, c->in_port,
				   origin, sink);
		} else {
			r = route_add(sink,
				      (struct devs_route){ origin, flat_number(coupled, c->to),
							   c->in_port });
		}
	}
	return r;
}

static int fill_model(struct devs *devs, const struct devs_coupled *coupled, uint32_t component)
{
	struct devs_model *model = &devs->models[flat_number(coupled, component)];
	size_t len = 0;
	struct sink sink = { &model->routes, &len };
	int r = 0;

	model->class = coupled->components[component].class;
	model->state = coupled->components[component].state;
	for (size_t i = 0; i < coupled->couplings_len && r == 0; i++) {
		uint32_t port = coupled->couplings[i].out_port;
		bool seen = false;

		for (size_t k = 0; k < i; k++)
			seen = seen || (coupled->couplings[k].from == component &&
					coupled->couplings[k].out_port == port);
		if (coupled->couplings[i].from == component && !seen)
			r = follow(coupled, component, port, port, &sink);
	}
	model->routes_len = (uint32_t)len;
	return r;
}

static int fill(struct devs *devs, const struct devs_coupled *coupled)
{
	int r = 0;

	for (uint32_t i = 0; i < coupled->len && r == 0; i++)
		r = coupled->components[i].coupled ? fill(devs, coupled->components[i].coupled)
						   : fill_model(devs, coupled, i);
	return r;
}

static int fill_inputs(struct devs *devs, const struct devs_coupled *root)
{
	struct sink sink = { &devs->inputs, &devs->inputs_len };
	int r = 0;

	for (size_t i = 0; i < root->couplings_len && r == 0; i++) {
		uint32_t port = root->couplings[i].out_port;
		bool seen = false;

		for (size_t k = 0; k < i; k++)
			seen = seen || (root->couplings[k].from == DEVS_SELF &&
					root->couplings[k].out_port == port);
		if (root->couplings[i].from == DEVS_SELF && !seen)
			r = follow(root, DEVS_SELF, port, port, &sink);
	}
	return r;
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
