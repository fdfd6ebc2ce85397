/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drive_measure.c - the metrics of a swarm's service: docker stats of the nodes' daemons, and numbers that replicas serve.
 *
 * A daemon tells of its own containers only. Replicas on nodes that are not asked have no value, which autoscale.c takes as what makes a
 * change smaller.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <ocispec-lite/arena.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/drive-private.h"
#include "scale/sampler.h"

#define ASK_MS 2000

/* ---- docker stats ----------------------------------------------------------------------------------------------------- */

/* "12.34%" */
static double per_cent(yajl_val line, const char *key)
{
	const char *text = drive_text(json_member(line, key));
	char *end;
	double number = strtod(text, &end);

	return end != text && strcmp(end, "%") == 0 ? number : NAN;
}

static void take_line(struct drive_tasks *tasks, const char *line)
{
	CLEANUP_TREE yajl_val tree = NULL;
	const char *id;

	if (json_read(line, strlen(line), &tree, NULL) < 0)
		return;
	id = drive_text(json_member(tree, "ID"));
	if (!*id)
		return;
	for (size_t i = 0; i < tasks->len; i++) {
		struct drive_task *task = &tasks->items[i];

		if (strncmp(task->container, id, strlen(id)) == 0) {
			task->cpu = per_cent(tree, "CPUPerc");
			task->memory = per_cent(tree, "MemPerc");
		}
	}
}

static bool is_task(const struct drive_tasks *tasks, const char *container)
{
	for (size_t i = 0; i < tasks->len; i++)
		if (tasks->items[i].running && strcmp(tasks->items[i].container, container) == 0)
			return true;
	return false;
}

/* Of one daemon: first which of the containers are its own, as docker stats fails for others. */
static int ask_daemon(struct drive *drive, const char *host, const char *name,
		      struct drive_tasks *tasks, struct oci_arena *arena, struct oci_error *err)
{
	const char *filter =
		oci_arena_printf(arena, "label=com.docker.swarm.service.name=%s", name);
	const char *const list[] = { "ps", "--quiet", "--no-trunc", "--filter", filter, NULL };
	const char **words = oci_arena_array(arena, tasks->len + 6, sizeof(*words));
	size_t count = 0;
	char *text = NULL, *rest = NULL;
	int r;

	if (!filter || !words)
		return err_nomem(err);
	r = drive_docker(drive, host, list, arena, &text, err);
	if (r < 0 || !text)
		return r;
	words[count++] = "stats";
	words[count++] = "--no-stream";
	words[count++] = "--format";
	words[count++] = "{{json .}}";
	for (char *id = strtok_r(text, "\n", &rest); id; id = strtok_r(NULL, "\n", &rest))
		if (is_task(tasks, id) && count < tasks->len + 4)
			words[count++] = id;
	words[count] = NULL;
	if (count == 4)
		return 0;
	r = drive_docker(drive, host, words, arena, &text, err);
	if (r < 0 || !text)
		return r;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		take_line(tasks, line);
	return 0;
}

/* A daemon that does not answer is a node that may be gone: its replicas have no value. */
static int ask_daemons(struct drive *drive, const char *name, struct drive_tasks *tasks,
		       struct oci_arena *arena, struct oci_error *err)
{
	int answered = 0, r = 0;

	if (!drive->hosts_len)
		return ask_daemon(drive, NULL, name, tasks, arena, err);
	for (size_t i = 0; i < drive->hosts_len; i++) {
		struct oci_error why = OCI_ERROR_INIT;
		int one = ask_daemon(drive, drive->hosts[i], name, tasks, arena, &why);

		if (one == 0)
			answered++;
		else if (r == 0) {
			r = one;
			err_copy(err, &why);
		}
	}
	return answered ? 0 : r;
}

/* ---- numbers that replicas serve -------------------------------------------------------------------------------------- */

struct round {
	struct loop *loop;
	unsigned asked;
};

struct asking {
	struct round *round;
	const struct spec_metric *metric;
	bool found; /* where it is reached */
	struct in_addr address;
	uint16_t port;
	struct fetch *fetch; /* NULL: none is under way */
	double value;
};

static void answered(void *ctx, int status, const char *body, size_t length)
{
	struct asking *asking = ctx;

	asking->fetch = NULL;
	if (status < 200 || status > 299 ||
	    prometheus_value(body, length, asking->metric->name, &asking->value) < 0)
		asking->value = NAN;
	if (--asking->round->asked == 0)
		loop_stop(asking->round->loop);
}

static int ask_replicas(struct drive *drive, const struct spec_metric *metric,
			const struct drive_tasks *tasks, double *values, struct oci_arena *arena,
			struct oci_error *err)
{
	const char *path = metric->path ? metric->path : "/metrics";
	struct round round = { .loop = drive->loop };
	struct asking *asking = oci_arena_array(arena, tasks->len + 1, sizeof(*asking));
	int r = 0;

	if (!asking)
		return err_nomem(err);
	/* docker is asked before any of the replicas is: one thing at a time is waited for */
	for (size_t i = 0; i < tasks->len; i++) {
		asking[i] = (struct asking){ .round = &round, .metric = metric, .value = NAN };
		asking[i].found = tasks->items[i].running &&
				  drive_endpoint(drive, &tasks->items[i], metric->port,
						 &asking[i].address, &asking[i].port) == 0;
	}
	for (size_t i = 0; i < tasks->len; i++)
		if (asking[i].found &&
		    fetch_start(drive->loop, asking[i].address, asking[i].port, path, ASK_MS,
				answered, &asking[i], &asking[i].fetch, NULL) == 0)
			round.asked++;
	while (r == 0 && round.asked)
		r = loop_run(drive->loop, err);
	for (size_t i = 0; i < tasks->len; i++) {
		fetch_cancel(asking[i].fetch);
		values[i] = asking[i].value;
	}
	return r;
}

/* ---- all of it -------------------------------------------------------------------------------------------------------- */

static double value_of(const struct spec_service *spec, const struct spec_metric *metric,
		       const struct drive_task *task)
{
	switch (metric->kind) {
	case SPEC_METRIC_CPU:
		return task->cpu * 1000 / (double)spec_whole_cpu(spec);
	case SPEC_METRIC_MEMORY:
		/* without a limit it is of the whole node's */
		return spec->resources.memory > 0 ? task->memory : NAN;
	default:
		return NAN;
	}
}

static void sum_up(struct autoscale_metric *m, const struct drive_tasks *tasks,
		   const double *values)
{
	double sum = 0;

	for (size_t i = 0; i < tasks->len; i++) {
		if (!tasks->items[i].running) {
			m->not_ready++;
		} else if (isfinite(values[i])) {
			sum += values[i];
			m->known++;
		} else {
			m->missing++;
		}
	}
	m->failed = m->known == 0;
	m->average = m->known ? sum / m->known : 0;
}

int drive_measure(struct drive *drive, const struct drive_service *service,
		  struct drive_tasks *tasks, struct oci_arena *arena, struct autoscale_metric **ret,
		  struct oci_error *err)
{
	const struct spec_scale *scale = &service->spec->scale;
	struct autoscale_metric *metrics =
		oci_arena_array(arena, scale->metrics_len + 1, sizeof(*metrics));
	double *values = oci_arena_array(arena, tasks->len + 1, sizeof(*values));
	bool stats = false;
	int r = 0;

	if (!metrics || !values)
		return err_nomem(err);
	for (size_t i = 0; i < scale->metrics_len; i++)
		stats |= scale->metrics[i].kind == SPEC_METRIC_CPU ||
			 scale->metrics[i].kind == SPEC_METRIC_MEMORY;
	if (stats)
		r = ask_daemons(drive, service->name, tasks, arena, err);
	for (size_t i = 0; r == 0 && i < scale->metrics_len; i++) {
		const struct spec_metric *metric = &scale->metrics[i];

		metrics[i] = (struct autoscale_metric){ 0 };
		if (metric->kind == SPEC_METRIC_HTTP)
			r = ask_replicas(drive, metric, tasks, values, arena, err);
		for (size_t j = 0; metric->kind != SPEC_METRIC_HTTP && j < tasks->len; j++)
			values[j] = value_of(service->spec, metric, &tasks->items[j]);
		if (r == 0)
			sum_up(&metrics[i], tasks, values);
	}
	if (r == 0)
		*ret = metrics;
	return r;
}
