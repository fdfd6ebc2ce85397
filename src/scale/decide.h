/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decide.h - what to do next, as pure functions of what is: no clock, no I/O, no memory of their own.
 */
#ifndef CARTE_SCALE_DECIDE_H
#define CARTE_SCALE_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scale/spec.h"

/* ---- one replica: the next step from wherever it is --------------------------------------------------------------- */

enum replica_goal {
	GOAL_RUN = 1,
	GOAL_PREPARE, /* up to where somebody else may start it */
	GOAL_STOP,    /* keep it, ended */
	GOAL_GONE,
};

enum replica_action {
	ACT_NONE = 1,  /* it is as it shall be */
	ACT_WAIT,      /* for a dependency, room, the end of a back-off */
	ACT_IMAGE,     /* find the image */
	ACT_ATTACH,    /* namespace and addresses */
	ACT_CONFIGURE, /* write the bundle */
	ACT_RUN,
	ACT_TAKE_DOWN, /* drain, signal, kill */
	ACT_DELETE,    /* what the runtime keeps of it */
	ACT_DETACH,
	ACT_FORGET, /* bundle, log, row */
};

struct replica_facts {
	enum replica_goal goal;
	bool alive;      /* its init runs */
	bool restarting; /* the one that runs shall go, and another come */
	bool container;  /* the runtime knows it */
	bool needs_net, attached;
	bool image, configured;
	bool blocked;
};

enum replica_action decide_action(const struct replica_facts *facts);

/* ---- after an end ------------------------------------------------------------------------------------------------- */

struct restart_input {
	const struct spec_restart_policy *policy;
	int exit_status;    /* -1: unknown, which counts as a failure */
	unsigned failures;  /* in a row, before this one */
	int64_t healthy_ms; /* how long it had been ready; -1: it never was */
	bool made;          /* it ran at all; false: it could not be made */
};

struct restart_output {
	bool restart;
	int64_t delay_ms;
	unsigned failures; /* in a row, this one counted */
	bool exhausted;    /* max_attempts are used up */
};

#define RESTART_DELAY_FIRST_MS 1000
#define RESTART_DELAY_MAX_MS 60000
#define RESTART_HEALTHY_MS 600000

/**
 * decide_restart - the first end of a replica that had been ready is mended at once; after that the delay begins at a second (or the
 * policy's) and doubles up to a minute, until it has been ready for ten minutes.
 */
void decide_restart(const struct restart_input *input, struct restart_output *ret);

/* ---- a service's replicas ------------------------------------------------------------------------------------------- */

struct decide_replica {
	bool wanted;  /* false: on its way out, holds its slot still */
	bool current; /* of the current revision */
	bool ready;   /* gets traffic, or has ended as it should */
	unsigned slot;
	int64_t made_ms;
};

struct decide_input {
	const struct decide_replica *replicas;
	size_t count;
	unsigned desired;
	const struct spec_update *update;
	bool stop_first; /* whatever @update says: two cannot be at a time */
	bool rolling;    /* a rolling update goes on */
	bool paused;     /* the rolling update is */
	bool held;       /* by hand: what serves or begins beyond the number stays too */
	bool at_once;    /* nobody is served (stopped): replace all */
	bool delayed;    /* the delay between two batches runs */
};

/** struct decide_plan - arrays are the caller's: @stop of @count, @slots of @desired + parallelism + 1 places. */
struct decide_plan {
	bool *stop;      /* replicas[i] shall go */
	unsigned *slots; /* of replicas to make */
	size_t make;
	bool updating; /* old ones are left */
};

void decide_service(const struct decide_input *input, struct decide_plan *plan);

/* ---- a rolling update -------------------------------------------------------------------------------------------------- */

/** decide_failed - do so many failures among so many new replicas end the update? */
bool decide_failed(const struct spec_update *update, unsigned failures, unsigned desired);

#endif
