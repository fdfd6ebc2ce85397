/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure.h - run one command and say what it cost.
 */
#ifndef CARTE_BENCH_MEASURE_H
#define CARTE_BENCH_MEASURE_H

#include <stddef.h>

/** struct job - what to run and where. stdin and stdout are /dev/null, stderr is @stderr_fd. */
struct job {
	char *const *argv;
	int mount_ns; /* joined before the command is executed */
	int stderr_fd;
};

struct cost {
	double wall_ms;
	double cpu_ms; /* user and system, the command and the children that it waited for */
	long peak_kb;  /* the largest of these processes; never below this program's own size */
};

struct counts {
	long syscalls; /* of the command and of everything that it starts, until it exits */
	long execs;
};

/** measure_cost - Return: the command's exit status (128 + signal), or -errno. */
int measure_cost(const struct job *job, struct cost *ret_cost);

/** measure_counts - the same under ptrace, which makes times meaningless. */
int measure_counts(const struct job *job, struct counts *ret_counts);

#endif
