/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.h - what a server counts, as Prometheus text (version 0.0.4). All of it may be called from any thread.
 */
#ifndef METAVERSE_METRICS_H
#define METAVERSE_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define METRICS_TYPE "text/plain; version=0.0.4"
#define HISTOGRAM_BOUNDS 16

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE };

/** struct metric - one number; initialise the first three, the rest with 0. */
struct metric {
	const char *name; /* "metaverse_chat_messages_total" */
	const char *help; /* one line */
	enum metric_kind kind;
	atomic_llong value;
};

/** struct histogram - of seconds, in buckets from 0.5 ms to 10 s. */
struct histogram {
	const char *name;
	const char *help;
	atomic_ullong
		buckets[HISTOGRAM_BOUNDS + 1]; /* not summed up; the last one is above all bounds */
	atomic_ullong nanoseconds;
};

/** struct metrics - what each server has; @extra and @histograms are its own, of static storage. */
struct metrics {
	atomic_ullong codes[600]; /* requests answered, by status */
	struct histogram seconds; /* metaverse_request_seconds */
	atomic_llong sessions;    /* metaverse_sessions */
	struct metric **extra;
	size_t extra_count;
	struct histogram **histograms;
	size_t histogram_count;
};

/** metrics_init - all zero, without @extra and @histograms: set them before there are other threads. */
void metrics_init(struct metrics *metrics);

/** metrics_request - a request was answered with status @code (100 to 599) in @seconds. */
void metrics_request(struct metrics *metrics, unsigned code, double seconds);

/** metrics_sessions - @by more (or less) of them are open. */
void metrics_sessions(struct metrics *metrics, int by);

/** metric_add, metric_set */
void metric_add(struct metric *metric, long long by);
void metric_set(struct metric *metric, long long value);

void histogram_observe(struct histogram *histogram, double seconds);

/**
 * metrics_text - all of it.
 * @ret_text: the caller frees it
 * Return: 0 or -ENOMEM.
 */
int metrics_text(const struct metrics *metrics, char **ret_text, size_t *ret_length);

/** clock_seconds - of the clock that nobody sets, for durations. */
double clock_seconds(void);

#endif
