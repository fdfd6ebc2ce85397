/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job.h - a short-lived program that is run beside the loop: the runtime's verbs, CNI plugins, the converter, exec probes.
 *
 * Its end is learnt from a pidfd; what it writes is collected up to a limit; it and its process group are killed when its time is up.
 */
#ifndef CARTE_SCALE_JOB_H
#define CARTE_SCALE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct loop;
struct job;
struct oci_error;

#define JOB_OUTPUT_MAX ((size_t)4 * 1024 * 1024)

/** struct job_result - how it ended; valid during the callback. */
struct job_result {
	int status; /* exit status; 128 + N for signal N; 127 when it could not be executed */
	const char *
		out; /* stdout, NUL-terminated, at most JOB_OUTPUT_MAX; "" when it was not collected */
	size_t out_length;
	const char *err; /* the last 4 KiB of stderr, without the newline at its end */
	int timed_out;   /* its time was up and it was killed */
};

struct job_spec {
	const char *const *argv; /* argv[0] is a path */
	const char *const *env;  /* NULL: ours */
	const char *input;       /* written to its stdin; NULL: /dev/null; at most 64 KiB */
	size_t input_length;
	int stdout_fd, stderr_fd; /* -1: collected; else handed over (stays the caller's) */
	int64_t timeout_ms;       /* -1: none */
	/* Output of the two collected streams stays open in what the program left behind (a container's init): end with the program */
};

/**
 * job_start - @done is called from the loop, exactly once, never before job_start has returned.
 * @ret: may be NULL; else valid until @done has been called
 * Return: 0 or -errno (no process, no fds).
 */
int job_start(struct loop *loop, const struct job_spec *spec,
	      void (*done)(void *ctx, const struct job_result *result), void *ctx, struct job **ret,
	      struct oci_error *err);

/** job_owns - is it the program of a job that has not been told of its end yet? */
bool job_owns(pid_t pid);

/** job_pid - of the program itself; it is ours to reap, so the number is its own until @done. */
pid_t job_pid(const struct job *job);

/** job_cancel - kill it; @done is not called any more. */
void job_cancel(struct job *job);

#endif
