/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_devs.c - transitions a second of the simulator, one core: a line in front of N servers, and N lines side by side (a larger heap).
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "devs/devs.h"
#include "devs/queueing.h"

#define LINES_MAX 64

static double cpu_seconds(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void measure(unsigned lines, unsigned servers, double until)
{
	static struct queue_source sources[LINES_MAX];
	static struct queue_station stations[LINES_MAX];
	static struct queue_sink sinks[LINES_MAX];
	struct devs_coupled *root = devs_coupled_new("bench");
	struct devs *devs;
	double begin, took;

	for (unsigned i = 0; i < lines; i++) {
		int source, station, sink;

		queue_source_init(&sources[i], 1, 2 * i, 0.1 / servers / 0.8, UINT64_MAX);
		if (queue_station_init(&stations[i], 1, 2 * i + 1, servers, 0.1, false) < 0)
			exit(1);
		source = devs_add(root, &queue_source_class, &sources[i]);
		station = devs_add(root, &queue_station_class, &stations[i]);
		sink = devs_add(root, &queue_sink_class, &sinks[i]);
		(void)devs_couple(root, (uint32_t)source, 0, (uint32_t)station, 0);
		(void)devs_couple(root, (uint32_t)station, 0, (uint32_t)sink, 0);
	}
	if (devs_new(root, 0, &devs) < 0)
		exit(1);
	begin = cpu_seconds();
	(void)devs_run(devs, until);
	took = cpu_seconds() - begin;
	printf("devs: %2u line(s) of %2u servers  %9llu transitions  %6.2f s  %6.1f million/s\n",
	       lines, servers, (unsigned long long)devs_transitions(devs), took,
	       (double)devs_transitions(devs) / took / 1e6);
	for (unsigned i = 0; i < lines; i++)
		queue_station_free(&stations[i]);
	devs_free(devs);
	devs_coupled_free(root);
}

int main(void)
{
	measure(1, 1, 400000);
	measure(1, 24, 20000);
	measure(16, 4, 6000);
	measure(64, 8, 800);
	return 0;
}
