/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scaler_predict.c - policy predict in the supervisor: rounds become a load, replicas become start delays and a present, and what was learned
 * is kept in the database: each quarter of an hour, for a flash card's sake, and at the end.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fnv.h"
#include "base/mem.h"
#include "scale/json.h"
#include "scale/scaler-private.h"
#include "scale/view.h"

#define SAVE_MINUTES 15

/* ---- kept -------------------------------------------------------------------------------------------------------------- */

static void save(struct watcher *watcher, const struct service *service)
{
	void *bytes = NULL;
	size_t length = 0;

	if (predict_save(watcher->predict, &bytes, &length) < 0)
		return;
	/* what cannot be saved now is saved with more a quarter of an hour later */
	if (supervisor_learn(watcher->sv, service, bytes, length, NULL) == 0)
		watcher->unsaved = 0;
	free(bytes);
}

void watcher_forecast_end(struct watcher *watcher)
{
	const struct service *service;

	if (!watcher->predict)
		return;
	service = supervisor_service(watcher->sv, watcher->project, watcher->service);
	if (service && watcher->unsaved)
		save(watcher, service);
	predict_free(watcher->predict);
	watcher->predict = NULL;
	free(watcher->facts);
	watcher->facts = NULL;
}

/* What cannot be read is learned anew. */
static int begin(struct watcher *watcher, const struct service *service)
{
	size_t length = 0;
	void *bytes = NULL;
	int r;

	if (watcher->predict)
		return 0;
	r = supervisor_learned(watcher->sv, service, &bytes, &length, NULL);
	if (r == 0)
		r = predict_load(bytes, length, &watcher->predict);
	free(bytes);
	return r < 0 && r != -ENOMEM ? predict_new(&watcher->predict) : r;
}

/* ---- the unit ----------------------------------------------------------------------------------------------------------- */

/* What a use is a share of; with another limit the same use is another number. */
static int64_t whole_of(const struct spec_service *service, enum spec_metric_kind kind)
{
	switch (kind) {
	case SPEC_METRIC_CPU:
		return spec_whole_cpu(service);
	case SPEC_METRIC_MEMORY:
		return service->resources.memory;
	default:
		return 0;
	}
}

static uint32_t add_text(uint32_t hash, const char *text)
{
	return text ? fnv_add(hash, text, strlen(text) + 1) : hash;
}

/* Of the same load another number comes out when one of these changes. */
static uint32_t unit_of(const struct spec_service *service)
{
	uint32_t hash = FNV_BEGIN;

	for (size_t i = 0; i < service->scale.metrics_len; i++) {
		const struct spec_metric *metric = &service->scale.metrics[i];
		int64_t whole = whole_of(service, metric->kind);

		hash = fnv_add(hash, &metric->kind, sizeof(metric->kind));
		hash = add_text(add_text(hash, metric->name), metric->path);
		hash = fnv_add(hash, &metric->port, sizeof(metric->port));
		hash = fnv_add(hash, &metric->target, sizeof(metric->target));
		hash = fnv_add(hash, &whole, sizeof(whole));
	}
	return hash;
}

/* ---- what is ----------------------------------------------------------------------------------------------------------- */

/* In replicas on target; a ready replica without a value has what the others have. */
static double load_of(const struct spec_scale *scale, const struct autoscale_metric *metrics)
{
	double most = (double)NAN;

	for (size_t i = 0; i < scale->metrics_len; i++) {
		const struct autoscale_metric *m = &metrics[i];
		double load = m->average * (m->known + m->missing) / scale->metrics[i].target;

		if (!m->failed && m->known && isfinite(load) && !(load <= most))
			most = load;
	}
	return most;
}

/* One that was started again, or is healthy again, was made long before. */
static void note_starts(struct predict *predict, const struct service *service)
{
	int64_t known = predict_started_last(predict);

	for (const struct replica *r = service->replicas; r; r = r->next)
		if (r->state == REPLICA_READY && !r->again && r->made_ms > 0 &&
		    r->ready_ms > known && r->ready_ms >= r->made_ms)
			predict_started(predict, r->ready_ms,
					(double)(r->ready_ms - r->made_ms) / 1000);
}

static bool is_on_its_way(const struct replica *replica)
{
	return replica->wanted &&
	       (replica->state == REPLICA_PENDING || replica->state == REPLICA_CREATED ||
		replica->state == REPLICA_STARTED || replica->state == REPLICA_PROBING);
}

static int find_starting(const struct service *service, int64_t clock_ms, double **ret_ages,
			 size_t *ret_count)
{
	double *ages;
	size_t count = 0;

	for (const struct replica *r = service->replicas; r; r = r->next)
		count += is_on_its_way(r);
	ages = calloc(count + 1, sizeof(*ages));
	if (!ages)
		return -ENOMEM;
	count = 0;
	for (const struct replica *r = service->replicas; r; r = r->next)
		if (is_on_its_way(r))
			ages[count++] = clock_ms > r->made_ms && r->made_ms > 0
						? (double)(clock_ms - r->made_ms) / 1000
						: 0;
	*ret_ages = ages;
	*ret_count = count;
	return 0;
}

/* ---- a plan ------------------------------------------------------------------------------------------------------------ */

static double cpu_seconds(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void keep_facts(struct watcher *watcher, const struct spec_scale *scale)
{
	struct json json CLEANUP_JSON = { 0 };
	char *text = NULL;
	size_t length;

	if (json_begin(&json, NULL) < 0)
		return;
	json_map(&json, NULL);
	predict_facts(&json, watcher->predict, scale);
	json_map_end(&json);
	if (json_take(&json, &text, &length, NULL) < 0)
		return;
	free(watcher->facts);
	watcher->facts = text;
}

static int plan(struct watcher *watcher, const struct service *service, unsigned most)
{
	const struct spec_scale *scale = &service->spec->scale;
	int64_t clock_ms = view_clock_ms();
	struct predict_now now = { .scale = scale,
				   .now_ms = loop_now(supervisor_loop(watcher->sv)),
				   .clock_s = clock_ms / 1000,
				   .current = service->desired,
				   .ready = service_count(service, REPLICA_READY),
				   .most = most };
	CLEANUP_FREE double *ages = NULL;
	double begin = cpu_seconds();
	int r = find_starting(service, clock_ms, &ages, &now.starting);

	if (r < 0)
		return r;
	now.ages = ages;
	r = predict_decide(watcher->predict, &now);
	watcher->cost.cpu_seconds += cpu_seconds() - begin;
	watcher->cost.plans++;
	if (r == 0)
		keep_facts(watcher, scale);
	return r;
}

int watcher_forecast(struct watcher *watcher, struct service *service,
		     const struct autoscale_metric *metrics, unsigned most,
		     struct autoscale_forecast *ret)
{
	const struct spec_scale *scale = &service->spec->scale;
	int r = begin(watcher, service);

	if (r < 0)
		return r;
	predict_unit(watcher->predict, unit_of(service->spec));
	note_starts(watcher->predict, service);
	r = predict_measure(watcher->predict, view_clock_ms() / 1000, load_of(scale, metrics));
	if (r == 1) {
		watcher->unsaved++;
		r = plan(watcher, service, most);
		if (watcher->unsaved >= SAVE_MINUTES)
			save(watcher, service);
	}
	*ret = (struct autoscale_forecast){
		.floor = predict_floor(watcher->predict, loop_now(supervisor_loop(watcher->sv))),
		.act = scale->predict.act,
		.why = predict_last(watcher->predict)->why,
		.facts = watcher->facts
	};
	return r < 0 ? r : 0;
}
