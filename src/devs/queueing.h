/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queueing.h - the classic models of a line in front of servers, as atomic DEVS models, and what theory says of them (Kleinrock: Queueing
 * Systems I; Erlang 1917). They check the simulator, and their formulas give the first guess of how many replicas a load needs.
 */
#ifndef CARTE_DEVS_QUEUEING_H
#define CARTE_DEVS_QUEUEING_H

#include "devs/devs.h"
#include "devs/random.h"

/** struct queue_source - Poisson arrivals: sends event.number = the time of arrival by port 0. */
struct queue_source {
	struct random_stream random;
	double mean;  /* seconds between arrivals */
	double clock; /* of its own: time of the next arrival, once started */
	double sigma;
	uint64_t left; /* how many more; UINT64_MAX: no end */
};
extern const struct devs_class queue_source_class;
void queue_source_init(struct queue_source *source, uint64_t seed, uint64_t stream, double mean,
		       uint64_t count);

/** struct queue_station - @servers in parallel, first come first served: jobs in by port 0, out by port 0 when done. */
struct queue_station {
	struct random_stream random;
	unsigned servers, busy;
	double mean;   /* seconds of service */
	bool constant; /* service takes exactly @mean (D), else exponential (M) */
	double clock;  /* model's own time */
	struct queue_job {
		double end, arrived;
	} * serving;     /* heap by end; @servers entries */
	double *waiting; /* ring of arrival times */
	size_t waiting_first, waiting_len, waiting_size;
	bool failed; /* out of memory: jobs were lost */
	/* what was seen */
	uint64_t begun;
	double wait_sum, area,
		busy_area; /* of waiting times; of jobs in line over time; of busy servers over time */
};
extern const struct devs_class queue_station_class;
int queue_station_init(struct queue_station *station, uint64_t seed, uint64_t stream,
		       unsigned servers, double mean, bool constant);
void queue_station_free(struct queue_station *station);

/** struct queue_sink - counts what arrives. */
struct queue_sink {
	uint64_t count;
	double clock, last;
};
extern const struct devs_class queue_sink_class;

/** erlang_c - the share of jobs that wait in M/M/@servers, offered @load = rate x mean service, in Erlang; 1 when load >= servers. */
double erlang_c(unsigned servers, double load);
/** queue_wait_mmc - mean seconds in line of M/M/c; DEVS_INFINITY when it grows without end. queue_wait_md1 - of M/D/1 (Pollaczek, Khinchine). */
double queue_wait_mmc(unsigned servers, double rate, double mean);
double queue_wait_md1(double rate, double mean);
/** queue_servers - the fewest servers with a mean wait of at most @wait seconds. */
unsigned queue_servers(double rate, double mean, double wait);

#endif
