/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service_sim.h - a service of many replicas as a network of DEVS models, and what would happen to it: load, dispatcher, replicas, the
 * host's pool, the autoscaler, and a transducer that counts.
 *
 *   load        requests (or sessions) by a rate path, thinned from a Poisson process, or at given times; each brings its own work, so that
 *               two candidates that are compared serve the very same requests
 *   dispatcher  gives each to a ready replica, as the balance of ports does
 *   replica     absent, pending, creating, starting, warming, ready, draining, stopping, erasing; failed and backing off; times are drawn
 *               with replacement from those that were measured
 *   pool        cores and memory that replicas reserve, so many that may be made at a time; with more at work than there are cores
 *               everything gets slower (processor sharing)
 *   autoscaler  samples the replicas each period and calls the caller's decision: in carte-scale that is autoscale_decide itself
 *   transducer  requests, waits, violations, replica-seconds, a time line
 *
 * Pure computation; equal parameters give equal results, bit for bit. Times are seconds, processor is in cores, memory in bytes.
 */
#ifndef CARTE_DEVS_SERVICE_SIM_H
#define CARTE_DEVS_SERVICE_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_REPLICAS_MAX 2000
#define SIM_STARTS_KEPT 1024

/** struct sim_times - durations: drawn from @samples with replacement; without samples exponential with @mean, or exactly @mean. */
struct sim_times {
	const double *samples; /* the caller's; seconds, finite, not negative */
	size_t len;
	double mean;
	bool constant;
};

enum sim_balance {
	SIM_ROUND_ROBIN,       /* of TCP ports */
	SIM_LEAST_CONNECTIONS, /* to the one with the fewest requests */
	SIM_STICKY,            /* by a hash of whoever asks, as UDP ports do */
	SIM_SHARED_QUEUE, /* nobody is given a request before he can serve it: M/M/c and its like */
};

/** struct sim_view - what the autoscaler has measured; averages are of the ready replicas with a value. */
struct sim_view {
	double now;
	unsigned wanted;   /* the last decision */
	unsigned known;    /* ready, with a value */
	unsigned fresh;    /* ready since less than a period: no rate is known of them yet */
	unsigned starting; /* made and not ready; those that wait for the pool are not among them */
	unsigned failed;   /* wait for the end of a back-off */
	double busy; /* requests being served at a time, averaged over the period; with share: part of it with any */
	double jobs;         /* requests that the replica has now, being served or in line */
	unsigned jobs_known; /* of how many replicas @jobs is the average: fresh ones too */
	unsigned admissible; /* replicas that the pool could carry in all */
};

/** struct sim_service_params - zeroed members are as said. */
struct sim_service_params {
	/* load: one of the two */
	const double *rate; /* arrivals per second in each step; the last goes on */
	size_t rate_len;
	double rate_step;       /* seconds */
	const double *arrivals; /* times, ascending */
	size_t arrivals_len;
	struct sim_times work; /* seconds that a request takes one that serves it alone */

	/* service */
	enum sim_balance balance;
	bool hold; /* with no replica ready requests wait; else they are refused, as those of ports are */
	unsigned slots; /* requests that a replica serves at a time; others wait in line; 0: 1 */
	bool share; /* those share its processor, as threads do: N at a time take N times as long */
	double patience; /* a request that is delayed by more is a violation */
	double give_up;  /* one that has waited so long leaves unserved; 0: never */

	/* a replica's life */
	struct sim_times create; /* asked for to made: network, bundle */
	struct sim_times start;  /* made to running */
	struct sim_times warm;   /* running to ready */
	double drain;            /* gets nothing new any more, and goes on */
	double grace; /* then it is asked to end, and may go on so long with what it serves */
	struct sim_times stop;  /* asked to end to ended, when it serves nothing */
	struct sim_times erase; /* ended to gone */
	double mttf; /* mean seconds from ready to an end that nobody asked for; 0: never */
	double start_failure; /* probability that a start fails */

	/* the host */
	double cores, memory;               /* to reserve; 0: without end */
	double reserve_cpu, reserve_memory; /* of each replica */
	double shared_cores;                /* that work is done on; 0: as many as are needed */
	double job_cpu;    /* cores that a request keeps busy while it is served; 0: 1 */
	unsigned parallel; /* replicas made at a time; 0: any number */

	/* how many */
	unsigned max;    /* replicas, 1 ... SIM_REPLICAS_MAX; decisions beyond it are cut */
	unsigned wanted; /* from the beginning, and to the end when @decide is NULL */
	/* seconds between two decisions; the first is one period after the beginning, in further replications another part of one */
	double period;
	unsigned (*decide)(void *ctx, const struct sim_view *view);
	void *ctx;

	double horizon; /* seconds that are simulated; > 0 */
	double row;     /* seconds of a row of the time line; 0: no time line */
	uint64_t seed;
	uint64_t replication; /* another luck with the same seed */
};

/** struct sim_state - the present that a run begins with. */
struct sim_state {
	unsigned ready;
	unsigned jobs;      /* being served or in line, spread evenly over the ready ones */
	const double *work; /* that is left of each of the @jobs; NULL: drawn */
	unsigned starting;
	const double *ages; /* seconds since each of the @starting was asked for; NULL: 0 */
};

/** struct sim_row - of the time line; counts are of its time, levels of its end. */
struct sim_row {
	double begin;
	unsigned wanted, ready, starting; /* starting: asked for and not ready */
	uint64_t arrived, violated;
	double replica_seconds;
	double queue_mean; /* requests in line */
	uint64_t queue_max;
};

struct sim_result {
	uint64_t arrived, served;
	/* violations, each request counted once: */
	uint64_t refused; /* nobody was ready */
	uint64_t
		late; /* waited longer than patience: served then, gave up, or in line at the end */
	uint64_t cut; /* its replica ended */
	double wait_mean,
		wait_max;  /* delay: time from arrival to end, but for the request's own work */
	double queue_mean; /* requests in line, over time */
	uint64_t queue_max;
	double busy_mean;       /* requests being served, over time */
	double replica_seconds; /* from the pool's grant to gone: what is paid for */
	double ready_seconds;
	unsigned ready_max;
	unsigned starts, stops, failures;
	unsigned changes;             /* sum of |difference| of all decisions */
	double start_mean, start_max; /* seconds from asked for to ready, of @started */
	unsigned started;
	double *start_times; /* heap: of the first SIM_STARTS_KEPT of them */
	double reserved_cpu_max, reserved_memory_max; /* of the pool */
	uint64_t transitions;
	struct sim_row *rows; /* heap; see sim_result_free */
	size_t rows_len;
};

/** struct sim_weights - prices. */
struct sim_weights {
	double violation; /* a request */
	double replica;   /* a replica-second */
	double change;    /* of the number, a replica */
};

/**
 * sim_service_run - from @state (NULL: @wanted replicas, or what the pool carries, are ready and idle) to the horizon. 0; -EINVAL: parameters that make no sense;
 * -ENOMEM.
 */
int sim_service_run(const struct sim_service_params *params, const struct sim_state *state,
		    struct sim_result *ret);
void sim_result_free(struct sim_result *result);

/** sim_violated - refused, late and cut together. */
uint64_t sim_violated(const struct sim_result *result);
double sim_cost(const struct sim_result *result, const struct sim_weights *weights);

/** struct sim_mean - over replications: a mean, and half the width of its 95 % interval (Student's t); 0 with a single one. */
struct sim_mean {
	double mean, half;
};

struct sim_summary {
	struct sim_mean violated; /* part of the requests that arrived */
	struct sim_mean wait, queue, replica_seconds, start, cost;
};

/**
 * sim_service_mean - @count runs, replications 0, 1, ... of the seed. @decide must begin anew by itself: @begin is called with its ctx before
 * each run, unless NULL. @ret_first: the first run's result with its rows, unless NULL; free it.
 */
int sim_service_mean(const struct sim_service_params *params, const struct sim_state *state,
		     unsigned count, const struct sim_weights *weights, void (*begin)(void *ctx),
		     struct sim_summary *ret, struct sim_result *ret_first);

#endif
