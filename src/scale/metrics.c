/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics.c - what Prometheus scrapes: gauges from the model as it is, counters from the events since this process began.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/metrics-private.h"
#include "scale/view.h"

static const double bounds[METRICS_BUCKETS] = { 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
						1,    2.5,   5,    10,  30,   60 };

void metrics_free(struct metrics *metrics)
{
	for (size_t i = 0; i < metrics->len; i++) {
		free(metrics->items[i].project);
		free(metrics->items[i].service);
	}
	free(metrics->items);
	*metrics = (struct metrics){ 0 };
}

/* ---- counting ---------------------------------------------------------------------------------------------------- */

static struct metrics_service *find(struct metrics *metrics, const char *project,
				    const char *service)
{
	for (size_t i = 0; i < metrics->len; i++)
		if (strcmp(metrics->items[i].service, service) == 0 &&
		    strcmp(metrics->items[i].project, project) == 0)
			return &metrics->items[i];
	return NULL;
}

static struct metrics_service *find_or_add(struct metrics *metrics, const char *project,
					   const char *service)
{
	struct metrics_service *item = find(metrics, project, service);
	char *name;

	if (item)
		return item;
	if (metrics->len == metrics->size) {
		size_t size = metrics->size ? metrics->size * 2 : 16;
		struct metrics_service *grown = reallocarray(metrics->items, size, sizeof(*grown));

		if (!grown)
			return NULL;
		metrics->items = grown;
		metrics->size = size;
	}
	item = &metrics->items[metrics->len];
	*item = (struct metrics_service){ .project = strdup(project) };
	name = strdup(service);
	item->service = name;
	if (!item->project || !name) {
		free(item->project);
		free(name);
		return NULL;
	}
	metrics->len++;
	return item;
}

static void count_start(struct metrics_service *item, const struct replica *replica)
{
	int64_t from = replica->made_ms;
	double seconds;
	size_t bucket = 0;

	/* one that was started again, by hand too, was made long before */
	if (replica->again && replica->started_ms > 0)
		from = replica->started_ms;
	if (replica->recovered || from <= 0 || replica->ready_ms < from)
		return;
	seconds = (double)(replica->ready_ms - from) / 1000;
	while (bucket < METRICS_BUCKETS && seconds > bounds[bucket])
		bucket++;
	item->starts[bucket]++;
	item->starts_sum += seconds;
}

static void count_replica(struct metrics_service *item, struct supervisor *sv,
			  const struct supervisor_event *event)
{
	struct replica *replica = NULL;

	if (strcmp(event->action, "fail") == 0)
		item->failures++;
	if (supervisor_replica(sv, event->id, &replica, NULL) < 0)
		return;
	if (strcmp(event->action, "ready") == 0)
		count_start(item, replica);
	if (strcmp(event->action, "start") == 0 && replica->restarts > 0)
		item->restarts++;
}

void metrics_event(struct metrics *metrics, struct supervisor *sv,
		   const struct supervisor_event *event)
{
	struct metrics_service *item;

	metrics->events++;
	if (!event->project[0] || !event->service[0])
		return;
	item = find_or_add(metrics, event->project, event->service);
	if (!item)
		return;
	if (strcmp(event->kind, "replica") == 0 && event->id[0])
		count_replica(item, sv, event);
	else if (strcmp(event->kind, "oom") == 0)
		item->ooms++;
	else if (strcmp(event->kind, "scale") == 0)
		item->decisions++;
}

/* Counters of services that are gone go too; the last one takes the place. */
static void sweep(struct metrics *metrics, struct supervisor *sv)
{
	for (size_t i = metrics->len; i-- > 0;) {
		struct metrics_service *item = &metrics->items[i];

		if (supervisor_service(sv, item->project, item->service))
			continue;
		free(item->project);
		free(item->service);
		*item = metrics->items[--metrics->len];
	}
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

void metrics_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", out);
		else if (*value == '"' || *value == '\\')
			fprintf(out, "\\%c", *value);
		else
			fputc(*value, out);
	}
	fputc('"', out);
}

void metrics_put_service(FILE *out, const char *name, const char *project, const char *service)
{
	fprintf(out, "%s{", name);
	put_label(out, "project", project);
	fputc(',', out);
	put_label(out, "service", service);
}

static void put_replica(FILE *out, const char *name, const struct replica *replica)
{
	metrics_put_service(out, name, replica->service->project->name,
			    replica->service->spec->name);
	fputc(',', out);
	put_label(out, "replica", replica->name);
	fputs("} ", out);
}

static void render_states(FILE *out, struct supervisor *sv)
{
	metrics_head(out, "carte_replicas", "gauge", "Replicas of a service by state.");
	EACH_SERVICE(sv, p, s)
	for (int state = REPLICA_PENDING; state <= REPLICA_DELETED; state++) {
		metrics_put_service(out, "carte_replicas", p->name, s->spec->name);
		fprintf(out, ",state=\"%s\"} %u\n", replica_state_word((enum replica_state)state),
			service_count(s, (enum replica_state)state));
	}
	metrics_head(out, "carte_replicas_desired", "gauge", "Replicas that are asked for.");
	EACH_SERVICE(sv, p, s)
	{
		metrics_put_service(out, "carte_replicas_desired", p->name, s->spec->name);
		fprintf(out, "} %u\n", s->stopped ? 0 : s->desired);
	}
}

static void render_starts(FILE *out, const struct metrics *metrics)
{
	const char *name = "carte_replica_start_seconds";

	metrics_head(
		out, name, "histogram",
		"Time from a replica's making to its first ready, and from each later start to "
		"ready; not of one that is healthy again.");
	for (size_t i = 0; i < metrics->len; i++) {
		const struct metrics_service *item = &metrics->items[i];
		uint64_t sum = 0;

		for (size_t b = 0; b <= METRICS_BUCKETS; b++) {
			sum += item->starts[b];
			metrics_put_service(out, "carte_replica_start_seconds_bucket",
					    item->project, item->service);
			if (b < METRICS_BUCKETS)
				fprintf(out, ",le=\"%g\"} %llu\n", bounds[b],
					(unsigned long long)sum);
			else
				fprintf(out, ",le=\"+Inf\"} %llu\n", (unsigned long long)sum);
		}
		metrics_put_service(out, "carte_replica_start_seconds_sum", item->project,
				    item->service);
		fprintf(out, "} %.3f\n", item->starts_sum);
		metrics_put_service(out, "carte_replica_start_seconds_count", item->project,
				    item->service);
		fprintf(out, "} %llu\n", (unsigned long long)sum);
	}
}

static void render_counter(FILE *out, const struct metrics *metrics, const char *name,
			   const char *help, size_t offset)
{
	metrics_head(out, name, "counter", help);
	for (size_t i = 0; i < metrics->len; i++) {
		const struct metrics_service *item = &metrics->items[i];
		uint64_t value;

		memcpy(&value, (const char *)item + offset, sizeof(value));
		metrics_put_service(out, name, item->project, item->service);
		fprintf(out, "} %llu\n", (unsigned long long)value);
	}
}

/* One family at a time, as the format demands; @scale: what makes the base unit of it. */
static void render_samples(FILE *out, struct supervisor *sv, struct stats *stats, const char *name,
			   const char *type, const char *help, size_t offset, double scale)
{
	metrics_head(out, name, type, help);
	EACH_SERVICE(sv, p, s)
	for (struct replica *replica = s->replicas; replica; replica = replica->next) {
		const struct stats_entry *entry =
			view_is_running(replica) ? stats_take(stats, replica) : NULL;
		int64_t value = -1;

		if (entry)
			memcpy(&value, (const char *)&entry->now + offset, sizeof(value));
		if (value < 0)
			continue;
		put_replica(out, name, replica);
		fprintf(out, "%.10g\n", (double)value * scale);
	}
}

static void render_replicas(FILE *out, struct supervisor *sv, struct stats *stats)
{
	static const struct {
		const char *name, *type, *help;
		size_t offset;
		double scale;
	} rows[] = {
		{ "carte_replica_cpu_seconds_total", "counter", "Processor time used.",
		  offsetof(struct sample, cpu_us), 1e-6 },
		{ "carte_replica_cpu_throttled_seconds_total", "counter",
		  "Time in which the processor limit held it back.",
		  offsetof(struct sample, throttled_us), 1e-6 },
		{ "carte_replica_memory_bytes", "gauge",
		  "Memory in use, without page cache that can be dropped.",
		  offsetof(struct sample, memory), 1 },
		{ "carte_replica_memory_limit_bytes", "gauge", "Memory limit.",
		  offsetof(struct sample, memory_limit), 1 },
		{ "carte_replica_processes", "gauge", "Processes and threads.",
		  offsetof(struct sample, pids), 1 },
		{ "carte_replica_pressure_cpu_seconds_total", "counter",
		  "Time in which some task waited for a processor.",
		  offsetof(struct sample, cpu_pressure_us), 1e-6 },
		{ "carte_replica_pressure_memory_seconds_total", "counter",
		  "Time in which some task waited for memory.",
		  offsetof(struct sample, memory_pressure_us), 1e-6 },
		{ "carte_replica_pressure_io_seconds_total", "counter",
		  "Time in which some task waited for input or output.",
		  offsetof(struct sample, io_pressure_us), 1e-6 },
		{ "carte_replica_network_receive_bytes_total", "counter", "Bytes received.",
		  offsetof(struct sample, rx_bytes), 1 },
		{ "carte_replica_network_transmit_bytes_total", "counter", "Bytes sent.",
		  offsetof(struct sample, tx_bytes), 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		render_samples(out, sv, stats, rows[i].name, rows[i].type, rows[i].help,
			       rows[i].offset, rows[i].scale);
}

static void gauge(FILE *out, const char *name, const char *help, double value)
{
	metrics_head(out, name, "gauge", help);
	fprintf(out, "%s %.10g\n", name, value);
}

static void render_pool(FILE *out, struct pool *pool)
{
	if (pool_measure(pool, NULL) < 0)
		return;
	gauge(out, "carte_pool_cpu_cores", "Processors that replicas may reserve.",
	      (double)pool->cpu_milli / 1000);
	gauge(out, "carte_pool_memory_bytes", "Memory that replicas may reserve.",
	      (double)pool->memory);
	gauge(out, "carte_pool_memory_reserve_bytes", "Memory that is kept free for the host.",
	      (double)pool->memory_reserve);
	gauge(out, "carte_pool_memory_available_bytes", "Memory that is available now.",
	      (double)pool->available);
	gauge(out, "carte_pool_memory_pressure_ratio",
	      "Share of time in which all tasks waited for memory.", pool->memory_pressure);
}

static void counter(FILE *out, const char *name, const char *help, double value)
{
	metrics_head(out, name, "counter", help);
	fprintf(out, "%s %.10g\n", name, value);
}

static unsigned open_fds(void)
{
	CLEANUP_CLOSEDIR DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	while (dir && readdir(dir))
		count++;
	return count > 3 ? count - 3 : 0; /* ".", "..", the folder's own */
}

/* proc(5): starttime is field 22 of stat, in ticks since the boot */
static double started_at(void)
{
	char text[1024];
	unsigned long long ticks = 0;
	struct timespec boot, now;
	const char *at;

	if (io_read_small(AT_FDCWD, "/proc/self/stat", text, sizeof(text)) < 0)
		return 0;
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return 0;
	ticks = strtoull(at + 1, NULL, 10);
	(void)clock_gettime(CLOCK_BOOTTIME, &boot);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (double)(now.tv_sec - boot.tv_sec) + (double)(now.tv_nsec - boot.tv_nsec) / 1e9 +
	       (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

static void render_process(FILE *out)
{
	struct rusage usage = { 0 };
	char text[256];
	unsigned long size = 0, resident = 0;

	(void)getrusage(RUSAGE_SELF, &usage);
	counter(out, "process_cpu_seconds_total", "Processor time of the supervisor.",
		(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
	if (io_read_small(AT_FDCWD, "/proc/self/statm", text, sizeof(text)) > 0) {
		char *end = text;

		size = strtoul(text, &end, 10);
		resident = strtoul(end, NULL, 10);
	}
	gauge(out, "process_virtual_memory_bytes", "Address space of the supervisor.",
	      (double)size * (double)sysconf(_SC_PAGESIZE));
	gauge(out, "process_resident_memory_bytes", "Memory of the supervisor.",
	      (double)resident * (double)sysconf(_SC_PAGESIZE));
	gauge(out, "process_open_fds", "Open files of the supervisor.", open_fds());
	gauge(out, "process_start_time_seconds", "When the supervisor began, since 1970.",
	      started_at());
}

static void render(FILE *out, struct metrics *metrics, struct stats *stats, struct supervisor *sv,
		   const struct scaler *scaler)
{
	metrics_head(out, "carte_build_info", "gauge", "The version that runs.");
	fprintf(out, "carte_build_info{version=\"" PACKAGE_VERSION "\"} 1\n");
	render_states(out, sv);
	render_starts(out, metrics);
	render_counter(out, metrics, "carte_replica_restarts_total", "Replicas started again.",
		       offsetof(struct metrics_service, restarts));
	render_counter(out, metrics, "carte_replica_failures_total",
		       "Replicas that ended badly or could not be made.",
		       offsetof(struct metrics_service, failures));
	render_counter(out, metrics, "carte_replica_oom_total",
		       "Replicas that the kernel ended for want of memory.",
		       offsetof(struct metrics_service, ooms));
	render_counter(out, metrics, "carte_scale_decisions_total",
		       "Changes of the number of replicas.",
		       offsetof(struct metrics_service, decisions));
	if (scaler)
		metrics_forecasts(out, sv, scaler);
	render_replicas(out, sv, stats);
	render_pool(out, &metrics->pool);
	counter(out, "carte_events_total", "Events of all kinds.", (double)metrics->events);
	counter(out, "carte_http_requests_total", "Requests that were answered.",
		(double)metrics->requests);
	counter(out, "carte_http_refused_total", "Requests without the rights for it.",
		(double)metrics->refused);
	render_process(out);
}

int metrics_render(struct metrics *metrics, struct stats *stats, struct supervisor *sv,
		   const struct scaler *scaler, char **ret_text, size_t *ret_length,
		   struct oci_error *err)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	bool bad;

	if (!out)
		return err_nomem(err);
	sweep(metrics, sv);
	render(out, metrics, stats, sv, scaler);
	stats_sweep(stats);
	bad = ferror(out) != 0;
	if (fclose(out) != 0 || bad) {
		free(text);
		return err_nomem(err);
	}
	*ret_text = text;
	*ret_length = length;
	return 0;
}
