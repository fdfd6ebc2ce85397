/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scaler_measure.c - one round: the ready replicas of a service are sampled, and asked for the numbers that they serve.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/scaler-private.h"

#define ASK_MS 1000 /* a replica that takes longer has no value this time */

static const char *path_of(const struct spec_metric *metric)
{
	return metric->path ? metric->path : "/metrics";
}

static bool same_source(const struct spec_metric *a, const struct spec_metric *b)
{
	return b->kind == SPEC_METRIC_HTTP && a->port == b->port &&
	       strcmp(path_of(a), path_of(b)) == 0;
}

static void tally(struct tally *t, double value)
{
	if (isfinite(value)) {
		t->sum += value;
		t->known++;
	} else {
		t->missing++;
	}
}

/* ---- numbers of the kernel -------------------------------------------------------------------------------------------- */

static struct watched *find_watched(struct watcher *watcher, const char *id)
{
	struct watched *each = watcher->replicas;

	while (each && strcmp(each->id, id) != 0)
		each = each->next;
	if (each)
		return each;
	each = calloc(1, sizeof(*each));
	if (!each)
		return NULL;
	memcpy(each->id, id, sizeof(each->id) - 1);
	each->next = watcher->replicas;
	watcher->replicas = each;
	return each;
}

static void forget_unseen(struct watcher *watcher)
{
	struct watched **slot = &watcher->replicas;

	while (*slot) {
		struct watched *each = *slot;

		if (each->seen) {
			each->seen = false;
			slot = &each->next;
		} else {
			*slot = each->next;
			free(each);
		}
	}
}

static void tally_sample(struct watcher *watcher, const struct watched *watched,
			 const struct sample *now)
{
	const struct spec_scale *scale = &watcher->spec->scale;

	for (size_t i = 0; i < scale->metrics_len; i++) {
		enum spec_metric_kind kind = scale->metrics[i].kind;
		double value;

		if (kind == SPEC_METRIC_HTTP)
			continue;
		/* of a rate the first sample tells nothing: it has just become ready */
		if (!watched->sampled && kind != SPEC_METRIC_MEMORY) {
			watcher->tallies[i].not_ready++;
			continue;
		}
		value = sample_metric(kind, watched->sampled ? &watched->last : now, now,
				      spec_whole_cpu(watcher->spec));
		tally(&watcher->tallies[i], value < 0 ? NAN : value);
	}
}

static void sample_replica(struct watcher *watcher, const struct replica *replica)
{
	struct watched *watched = find_watched(watcher, replica->id);
	struct sample now;

	if (!watched)
		return;
	watched->seen = true;
	if (sample_read(replica, &now, NULL) < 0)
		return;
	tally_sample(watcher, watched, &now);
	watched->last = now;
	watched->sampled = true;
}

/* ---- numbers that replicas serve -------------------------------------------------------------------------------------- */

struct service *watcher_service(const struct watcher *watcher)
{
	struct service *service =
		supervisor_service(watcher->sv, watcher->project, watcher->service);

	/* only compared: what it points to may have been freed */
	if (!service || service->spec != watcher->spec ||
	    service->spec->scale.metrics_len != watcher->tallies_len)
		return NULL;
	return service;
}

static void finish_round(struct watcher *watcher)
{
	if (watcher->asking)
		return;
	watcher->measured(watcher);
}

static void tally_answer(struct watcher *watcher, size_t metric, int status, const char *body,
			 size_t length)
{
	const struct spec_scale *scale = &watcher->spec->scale;
	const struct spec_metric *first = &scale->metrics[metric];

	for (size_t i = metric; i < scale->metrics_len; i++) {
		double value = NAN;

		if (!same_source(first, &scale->metrics[i]))
			continue;
		if (status < 200 || status > 299 || !scale->metrics[i].name ||
		    prometheus_value(body, length, scale->metrics[i].name, &value) < 0)
			value = NAN;
		tally(&watcher->tallies[i], value);
	}
}

static void answered(void *ctx, int status, const char *body, size_t length)
{
	struct asking *asking = ctx, **slot;
	struct watcher *watcher = asking->watcher;

	if (watcher_service(watcher))
		tally_answer(watcher, asking->metric, status, body, length);
	for (slot = &watcher->asking; *slot != asking; slot = &(*slot)->next)
		;
	*slot = asking->next;
	free(asking);
	finish_round(watcher);
}

static bool is_first_of_source(const struct spec_scale *scale, size_t metric)
{
	if (scale->metrics[metric].kind != SPEC_METRIC_HTTP)
		return false;
	for (size_t i = 0; i < metric; i++)
		if (same_source(&scale->metrics[metric], &scale->metrics[i]))
			return false;
	return true;
}

static int ask(struct watcher *watcher, const struct replica *replica, size_t metric,
	       struct oci_error *err)
{
	const struct spec_metric *wish = &watcher->spec->scale.metrics[metric];
	struct asking *asking = calloc(1, sizeof(*asking));
	int r;

	if (!asking)
		return err_nomem(err);
	asking->watcher = watcher;
	asking->metric = metric;
	r = fetch_start(supervisor_loop(watcher->sv), replica->address, wish->port, path_of(wish),
			ASK_MS, answered, asking, &asking->fetch, err);
	if (r < 0) {
		free(asking);
		return r;
	}
	asking->next = watcher->asking;
	watcher->asking = asking;
	return 0;
}

/* ---- a round ---------------------------------------------------------------------------------------------------------- */

static bool is_starting(const struct replica *replica)
{
	return replica->wanted &&
	       (replica->state == REPLICA_CREATED || replica->state == REPLICA_STARTED ||
		replica->state == REPLICA_PROBING);
}

static void end_round(struct watcher *watcher)
{
	while (watcher->asking) {
		struct asking *next = watcher->asking->next;

		fetch_cancel(watcher->asking->fetch);
		free(watcher->asking);
		watcher->asking = next;
	}
	free(watcher->tallies);
	watcher->tallies = NULL;
}

static int measure_replica(struct watcher *watcher, const struct replica *replica,
			   struct oci_error *err)
{
	const struct spec_scale *scale = &watcher->spec->scale;
	int r = 0;

	if (is_starting(replica))
		for (size_t i = 0; i < scale->metrics_len; i++)
			watcher->tallies[i].not_ready++;
	if (!replica->wanted || replica->state != REPLICA_READY)
		return 0;
	sample_replica(watcher, replica);
	for (size_t i = 0; r == 0 && i < scale->metrics_len; i++)
		if (is_first_of_source(scale, i))
			r = ask(watcher, replica, i, err);
	return r;
}

int watcher_measure(struct watcher *watcher, struct service *service, struct oci_error *err)
{
	int r = 0;

	/* one that was not answered in time is the last round's: each GET has a shorter time than a period should be */
	end_round(watcher);
	watcher->spec = service->spec;
	watcher->tallies_len = service->spec->scale.metrics_len;
	watcher->tallies = calloc(watcher->tallies_len + 1, sizeof(*watcher->tallies));
	if (!watcher->tallies)
		return err_nomem(err);
	for (const struct replica *replica = service->replicas; r == 0 && replica;
	     replica = replica->next)
		r = measure_replica(watcher, replica, err);
	forget_unseen(watcher);
	if (r < 0) {
		end_round(watcher);
		return r;
	}
	finish_round(watcher);
	return 0;
}

void watcher_forget(struct watcher *watcher)
{
	end_round(watcher);
	forget_unseen(watcher);
	forget_unseen(watcher);
}
