/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.c - numbers are atomic and unordered: a reader may see one request in a sum and not yet in its bucket.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "common/metrics.h"

static const double bounds[HISTOGRAM_BOUNDS] = {
	0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 5, 10
};

#define ADD(a, n) ((void)atomic_fetch_add_explicit((a), (n), memory_order_relaxed))
#define GET(a) atomic_load_explicit((a), memory_order_relaxed)

double clock_seconds(void)
{
	struct timespec now = { 0, 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void metrics_init(struct metrics *metrics)
{
	memset(metrics, 0, sizeof(*metrics));
	metrics->seconds.name = "metaverse_request_seconds";
	metrics->seconds.help = "Time from the head of a request to the end of its answer.";
}

void histogram_observe(struct histogram *histogram, double seconds)
{
	size_t i = 0;

	if (!(seconds >= 0))
		seconds = 0;
	while (i < HISTOGRAM_BOUNDS && seconds > bounds[i])
		i++;
	ADD(&histogram->buckets[i], 1);
	ADD(&histogram->nanoseconds, (unsigned long long)(seconds * 1e9));
}

void metrics_request(struct metrics *metrics, unsigned code, double seconds)
{
	if (code < ARRAY_LEN(metrics->codes))
		ADD(&metrics->codes[code], 1);
	histogram_observe(&metrics->seconds, seconds);
}

void metrics_sessions(struct metrics *metrics, int by)
{
	ADD(&metrics->sessions, by);
}

void metric_add(struct metric *metric, long long by)
{
	ADD(&metric->value, by);
}

void metric_set(struct metric *metric, long long value)
{
	atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

static void print_head(FILE *out, const char *name, const char *help, const char *type)
{
	(void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void print_histogram(FILE *out, const struct histogram *h)
{
	unsigned long long sum = 0;

	print_head(out, h->name, h->help, "histogram");
	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
		sum += GET(&h->buckets[i]);
		(void)fprintf(out, "%s_bucket{le=\"%g\"} %llu\n", h->name, bounds[i], sum);
	}
	sum += GET(&h->buckets[HISTOGRAM_BOUNDS]);
	(void)fprintf(out, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %.9f\n%s_count %llu\n", h->name,
		      sum, h->name, (double)GET(&h->nanoseconds) / 1e9, h->name, sum);
}

int metrics_text(const struct metrics *metrics, char **ret_text, size_t *ret_length)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return -ENOMEM;
	print_head(out, "metaverse_requests_total", "Requests answered, by status.", "counter");
	for (size_t i = 0; i < ARRAY_LEN(metrics->codes); i++) {
		unsigned long long n = GET(&metrics->codes[i]);

		if (n > 0)
			(void)fprintf(out, "metaverse_requests_total{code=\"%zu\"} %llu\n", i, n);
	}
	print_head(out, "metaverse_sessions", "Requests in flight, or users who are connected.",
		   "gauge");
	(void)fprintf(out, "metaverse_sessions %lld\n", GET(&metrics->sessions));
	print_histogram(out, &metrics->seconds);
	for (size_t i = 0; i < metrics->extra_count; i++) {
		const struct metric *m = metrics->extra[i];

		print_head(out, m->name, m->help, m->kind == METRIC_COUNTER ? "counter" : "gauge");
		(void)fprintf(out, "%s %lld\n", m->name, GET(&m->value));
	}
	for (size_t i = 0; i < metrics->histogram_count; i++)
		print_histogram(out, metrics->histograms[i]);
	if (fclose(out) != 0) {
		free(text);
		return -ENOMEM;
	}
	*ret_text = text;
	*ret_length = length;
	return 0;
}
