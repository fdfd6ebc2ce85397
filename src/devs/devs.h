/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devs.h - Parallel DEVS (Zeigler, Praehofer, Kim: Theory of Modeling and Simulation; Chow and Zeigler 1994): atomic and coupled models and
 * their abstract simulator. Pure computation: no clock, no I/O; equal models and seeds give equal runs, bit for bit.
 *
 * An atomic model is <X, S, Y, d_int, d_ext, d_con, lambda, ta>. It stays ta(s) in a state s; when that time is over its output lambda(s)
 * is sent and d_int(s) follows; on input x after the time e in s: d_ext(s, e, x); both at once: d_con. A coupled model is a network of
 * models; since DEVS is closed under coupling it is a model itself, and the simulator works on the flat network of atomic ones.
 *
 * At equal times all imminent models send before any of them changes. Where order remains (of the entries of a bag, and of the models
 * that change), it is that of devs_add, the Select order.
 *
 * Times are seconds; a negative or NaN ta is an error of the model and ends the run.
 */
#ifndef CARTE_DEVS_DEVS_H
#define CARTE_DEVS_DEVS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEVS_INFINITY __builtin_inf()

/** struct devs_event - one entry of a bag: what arrived where. */
struct devs_event {
	uint32_t port; /* input port of the receiver */
	uint32_t kind; /* of the models' own */
	union {
		double number;
		int64_t integer;
		void *pointer;
	};
};

struct devs_bag {
	const struct devs_event *events;
	size_t len;
};

struct devs_output; /* where lambda puts what it sends */

/** devs_send - of lambda only: @event leaves by output port @port (event.port is set by the couplings). */
void devs_send(struct devs_output *output, uint32_t port, const struct devs_event *event);

/** struct devs_class - the functions of an atomic model; @s is its state. d_con NULL: d_int, then d_ext with e = 0. */
struct devs_class {
	const char *name;
	double (*ta)(const void *s);
	void (*lambda)(const void *s, struct devs_output *output);
	void (*d_int)(void *s);
	void (*d_ext)(void *s, double e, const struct devs_bag *x);
	void (*d_con)(void *s, const struct devs_bag *x);
};

/** A network of models under construction; components are numbered from 0 in the order of devs_add and devs_add_coupled. */
struct devs_coupled;

#define DEVS_SELF \
	UINT32_MAX /* the coupled model itself, as source (its inputs: EIC) or target (its outputs: EOC) of a coupling */

/** devs_coupled_new - NULL: out of memory. */
struct devs_coupled *devs_coupled_new(const char *name);
/** devs_coupled_free - with the coupled models in it; states stay the caller's. NULL is fine. */
void devs_coupled_free(struct devs_coupled *coupled);
/** devs_add - an atomic model. Its number, or -ENOMEM. @state: the caller's, must outlive the simulator. */
int devs_add(struct devs_coupled *coupled, const struct devs_class *class, void *state);
/** devs_add_coupled - a network as a component; it is owned by @coupled from now on. Its number, or -ENOMEM. */
int devs_add_coupled(struct devs_coupled *coupled, struct devs_coupled *component);
/** devs_couple - IC; with DEVS_SELF EIC and EOC. 0, -EINVAL (no such component, a model to itself, inputs to outputs directly), -ENOMEM. */
int devs_couple(struct devs_coupled *coupled, uint32_t from, uint32_t out_port, uint32_t to,
		uint32_t in_port);

/** struct devs_trace - what the simulator does, one call per message of the protocol; for tests and for the curious. */
struct devs_trace {
	void (*message)(void *ctx, double t, const char *model, const char *what,
			const struct devs_event *event); /* "lambda", "int", "ext", "con" */
	void *ctx;
};

struct devs;

/** devs_new - flatten @root and start every model at time @start. The root's own inputs are fed by devs_inject. 0 or -ENOMEM, -EINVAL. */
int devs_new(const struct devs_coupled *root, double start, struct devs **ret);
void devs_free(struct devs *devs);
void devs_set_trace(struct devs *devs, const struct devs_trace *trace);

/** devs_next - time of the next event, or DEVS_INFINITY. devs_now - of the last one. */
double devs_next(const struct devs *devs);
double devs_now(const struct devs *devs);
/** devs_step - all that happens at devs_next. 0, 1 when nothing ever happens again, -EINVAL (ta), -ENOMEM. */
int devs_step(struct devs *devs);
/** devs_run - every event at or before @until. The same. */
int devs_run(struct devs *devs, double until);
/** devs_inject - input to the root at @t, now <= t <= next. 0 or -EINVAL. */
int devs_inject(struct devs *devs, double t, uint32_t port, const struct devs_event *event);
/** devs_transitions - how many d_int, d_ext and d_con there were. */
uint64_t devs_transitions(const struct devs *devs);

#endif
