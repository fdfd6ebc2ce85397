/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampler.h - numbers of running replicas: cgroup v1, v2 and the pressure files of a hybrid host's v2 side; Prometheus text over HTTP.
 */
#ifndef CARTE_SCALE_SAMPLER_H
#define CARTE_SCALE_SAMPLER_H

#include "scale/model.h"

struct oci_error;

/** struct sample - counters at a moment; -1: not known here. */
struct sample {
	int64_t at_us; /* CLOCK_MONOTONIC */
	int64_t cpu_us, throttled_us, periods, throttled_periods;
	int64_t memory,
		memory_limit; /* bytes; without the page cache that can be dropped (inactive_file) */
	int64_t pids;
	int64_t cpu_pressure_us, memory_pressure_us, io_pressure_us; /* PSI some, total */
	int64_t oom_kills;
	int64_t read_bytes, write_bytes;
	int64_t rx_bytes, tx_bytes; /* of its interfaces but lo */
};

/** sample_read - of a replica that runs; what cannot be read is -1. -ESRCH: it is gone. */
int sample_read(const struct replica *replica, struct sample *ret, struct oci_error *err);

/** sample_metric - @kind between two samples, in per cent; -1: not known. @limit_milli: what 100 per cent of cpu are. */
double sample_metric(enum spec_metric_kind kind, const struct sample *before,
		     const struct sample *now, int64_t limit_milli);

/** prometheus_value - the value of "name" or "name{label="x"}" in text; without labels the sum over all. 0, -ENOENT, -EINVAL. */
int prometheus_value(const char *text, size_t length, const char *name, double *ret);

struct fetch;
/** fetch_start - GET http://ADDRESS:PORT/PATH, at most 1 MiB, beside the loop. @done once: status < 0 is -errno. */
int fetch_start(struct loop *loop, struct in_addr address, uint16_t port, const char *path,
		int64_t timeout_ms,
		void (*done)(void *ctx, int status, const char *body, size_t length), void *ctx,
		struct fetch **ret, struct oci_error *err);
void fetch_cancel(struct fetch *fetch);

#endif
