/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim-private.h - the models of service_sim.h, and what they say to each other.
 *
 * Ports: what concerns replica I comes and goes by port I; the rest by SIM_MAIN. Every message that a change calls for leaves in the next
 * step, at the same time (ta = 0): lambda may not look at what has not happened yet.
 */
#ifndef CARTE_DEVS_SIM_PRIVATE_H
#define CARTE_DEVS_SIM_PRIVATE_H

#include "devs/devs.h"
#include "devs/random.h"
#include "devs/service_sim.h"

#define SIM_MAIN (1u << 16)
#define SIM_WANTS (SIM_MAIN + 1) /* the autoscaler's, to the transducer */

/* a replica's ports of output */
enum sim_out { SIM_OUT_JOB, SIM_OUT_PHASE, SIM_OUT_BUSY, SIM_OUT_SAMPLE };

enum sim_kind {
	SIM_REQUEST, /* pointer: job; to the dispatcher, and by it to a replica */
	SIM_REFUSED, /* pointer: job */
	SIM_HELD,    /* pointer: job; it waits at the dispatcher */
	SIM_LEFT,    /* pointer: job, with its outcome; of a replica */
	SIM_PHASE,   /* integer: what the replica is in now */
	SIM_BUSY,    /* integer: requests that the replica serves now */
	SIM_SAMPLED, /* pointer: struct sim_sample */
	SIM_START,
	SIM_STOP,
	SIM_SAMPLE,
	SIM_WANTED, /* integer */
	SIM_GRANT,
	SIM_SPEED, /* number: 0 < speed <= 1 */
};

enum sim_phase {
	SIM_ABSENT,
	SIM_PENDING, /* waits for the pool */
	SIM_CREATING,
	SIM_STARTING,
	SIM_WARMING,
	SIM_READY,
	SIM_DRAINING,
	SIM_STOPPING,
	SIM_ERASING,
	SIM_FAILED, /* a back-off runs */
};

enum sim_outcome { SIM_SERVED, SIM_CUT, SIM_GAVE_UP };

struct sim_job {
	struct sim_job *next;
	double arrived, begun, work;
	uint64_t who;
	enum sim_outcome outcome;
	bool held;   /* was told to the transducer as one that waits at the dispatcher */
	bool served; /* its service began */
};

/** struct sim_jobs - memory of jobs, no model: blocks, and those that are free. */
struct sim_jobs {
	struct sim_block {
		struct sim_block *next;
		struct sim_job jobs[256];
	} * blocks;
	struct sim_job *free;
	bool failed; /* out of memory: the run is void */
};
struct sim_job *sim_job_new(struct sim_jobs *jobs);
void sim_job_free(struct sim_jobs *jobs, struct sim_job *job);
void sim_jobs_end(struct sim_jobs *jobs);

/** struct sim_queue - first in, first out. */
struct sim_queue {
	struct sim_job *first, *last;
	unsigned len;
};
void sim_queue_put(struct sim_queue *queue, struct sim_job *job);
struct sim_job *sim_queue_take(struct sim_queue *queue); /* NULL: it is empty */

double sim_draw(const struct sim_times *times, struct random_stream *random);
/** sim_stream - number @stream of the run: 0 and 1 of the load, 16 + I of replica I. */
void sim_stream(const struct sim_service_params *params, unsigned stream,
		struct random_stream *random);

/* ---- load ------------------------------------------------------------------------------------------------------------------ */

struct sim_load {
	const struct sim_service_params *params;
	struct sim_jobs *jobs;
	struct random_stream arrivals, work;
	double clock, sigma;
	double rate_max;
	size_t next_arrival;
	struct sim_job *next;
};
extern const struct devs_class sim_load_class;
void sim_load_init(struct sim_load *load, const struct sim_service_params *params,
		   struct sim_jobs *jobs);
/** sim_load_job - one that arrives at @arrived; NULL: out of memory, noted. */
struct sim_job *sim_load_job(struct sim_load *load, double arrived);

/* ---- dispatcher -------------------------------------------------------------------------------------------------------------- */

struct sim_letter {
	uint32_t port;
	enum sim_kind kind;
	struct sim_job *job;
};

struct sim_dispatcher {
	const struct sim_service_params *params;
	struct sim_jobs *jobs; /* to note that memory is out */
	struct sim_backend {
		bool ready;
		unsigned jobs;
	} * backends;
	unsigned len, ready, cursor;
	struct sim_queue held;
	struct sim_job *untold; /* the first of @held that the transducer has not been told of */
	struct sim_letter *letters;
	size_t letters_len, letters_size;
};
extern const struct devs_class sim_dispatcher_class;

/* ---- replica ------------------------------------------------------------------------------------------------------------------ */

struct sim_sample {
	unsigned number;
	enum sim_phase phase;
	bool fresh;
	double busy; /* average since the last sample */
	unsigned jobs;
	double asked;
};

struct sim_serving {
	double end; /* on the replica's virtual clock */
	struct sim_job *job;
};

struct sim_replica {
	const struct sim_service_params *params;
	unsigned number;
	struct random_stream random;
	enum sim_phase phase;
	double clock;
	double phase_left; /* seconds, or seconds of work where the phase is work */
	double fail_left;
	double grace_left; /* behind the drawn time of a stop */
	bool lingering;    /* in that: it only waits for its last requests */
	double speed, virtual_clock;
	struct sim_serving *serving; /* heap by end */
	unsigned busy;
	struct sim_queue waiting;
	struct sim_queue leaving; /* to be sent: jobs that were cut or gave up */
	bool tell_phase, tell_busy, tell_sample;
	bool made;         /* its network and bundle are there */
	unsigned failures; /* in a row */
	double asked, ready_since;
	double busy_area, sampled;
	bool fresh;
	struct sim_sample sample;
};
extern const struct devs_class sim_replica_class;
/** sim_replica_put - a job that it has at the beginning. */
void sim_replica_put(struct sim_replica *replica, struct sim_job *job);
/** sim_replica_begin - what it is at the beginning: SIM_ABSENT, SIM_READY or SIM_WARMING, with @left of that phase. */
void sim_replica_begin(struct sim_replica *replica, enum sim_phase phase, double left);
bool sim_phase_wanted(enum sim_phase phase);

/* ---- pool ----------------------------------------------------------------------------------------------------------------------- */

struct sim_pool {
	const struct sim_service_params *params;
	struct sim_tenant {
		bool waiting, reserved, placed, granted;
		uint64_t order; /* of those that wait */
		unsigned busy;
	} * tenants;
	unsigned len;
	double cpu, memory; /* reserved */
	double cpu_max, memory_max;
	unsigned placed;
	uint64_t orders;
	unsigned busy;
	double speed;
	bool tell_grant, tell_speed;
};
extern const struct devs_class sim_pool_class;
/** sim_pool_reserve - of one that is there at the beginning. */
void sim_pool_reserve(struct sim_pool *pool, unsigned number);
/** sim_pool_admissible - replicas that it could carry in all. */
unsigned sim_pool_admissible(const struct sim_service_params *params);

/* ---- autoscaler ------------------------------------------------------------------------------------------------------------------ */

enum sim_scaler_state { SIM_IDLE, SIM_COLLECTING, SIM_COMMANDING };

struct sim_scaler {
	const struct sim_service_params *params;
	enum sim_scaler_state state;
	double clock, sigma, due;
	bool first; /* the round at the beginning only carries out what is wanted */
	unsigned wanted;
	unsigned len;
	struct sim_command {
		const struct sim_sample *sample; /* NULL: it has none, it is absent */
		bool start, stop;
	} * commands;
};
extern const struct devs_class sim_scaler_class;

/* ---- transducer --------------------------------------------------------------------------------------------------------------------- */

struct sim_transducer {
	const struct sim_service_params *params;
	struct sim_jobs *jobs;
	double clock;
	struct sim_seen {
		enum sim_phase phase;
		unsigned jobs;
		double asked; /* NaN: its start is not to be counted */
	} * seen;
	unsigned len;
	unsigned wanted, alive, ready, starting;
	uint64_t waiting, busy;
	double queue_area, busy_area;
	double wait_sum, start_sum;
	uint64_t begun;
	struct sim_result result; /* rows_len: closed ones and the one that is open */
	size_t rows_size;
};
extern const struct devs_class sim_transducer_class;
/** sim_transducer_phase - @number is in @phase from now on. sim_transducer_put - and has a request at the beginning. */
void sim_transducer_phase(struct sim_transducer *t, unsigned number, enum sim_phase phase);
void sim_transducer_put(struct sim_transducer *t, unsigned number);
/** sim_transducer_row - begin the next row; the first one with the run. */
void sim_transducer_row(struct sim_transducer *t);
/** sim_transducer_close - it is the horizon: what is left of the time passes. */
void sim_transducer_close(struct sim_transducer *t);
/** sim_transducer_left_over - then, of each request that has not left. */
void sim_transducer_left_over(struct sim_transducer *t, const struct sim_job *job);
/** sim_transducer_end - at last the sums become means. */
void sim_transducer_end(struct sim_transducer *t);

#endif
