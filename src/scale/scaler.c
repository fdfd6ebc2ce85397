/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scaler.c - which services are automatic, when they are measured, and what becomes of a decision.
 *
 * A service is known here by its names only: the supervisor may replace or forget it between two turns.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ocispec-lite/arena.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/scaler-private.h"
#include "scale/view.h"

#define LOOK_MS 1000        /* for services that have become automatic */
#define POOL_AGE_MS 500     /* the pool is measured again after this */
#define TELL_AGAIN_MS 30000 /* between two records of decisions that change nothing */
#define PRESSURE_MAX 0.01   /* of the time: the host waits for memory */

struct scaler {
	struct supervisor *sv;
	struct watcher *watchers;
	struct loop_timer look;
	struct pool pool;
	int64_t pool_at; /* 0: never */
};

static bool is_automatic(const struct service *service)
{
	return service->spec->scale.given && service->spec->scale.policy != SPEC_SCALE_MANUAL &&
	       !service->manual && !service->stopped && !service->project->removing;
}

static void watcher_free(struct watcher *watcher)
{
	loop_timer_cancel(&watcher->timer);
	watcher_forget(watcher);
	watcher_forecast_end(watcher);
	free(watcher->last.inputs);
	free(watcher->last.why);
	free(watcher->told);
	free(watcher->project);
	free(watcher->service);
	free(watcher);
}

const struct pool *scaler_pool(struct scaler *scaler)
{
	int64_t now = loop_now(supervisor_loop(scaler->sv));

	if (!scaler->pool_at || now - scaler->pool_at >= POOL_AGE_MS) {
		(void)pool_measure(&scaler->pool, NULL);
		scaler->pool_at = now;
	}
	return &scaler->pool;
}

/* ---- what the host says ----------------------------------------------------------------------------------------------- */

static unsigned services_count(struct supervisor *sv)
{
	unsigned count = 0;

	for (const struct project *p = supervisor_projects(sv); p; p = p->next)
		for (const struct service *s = p->services; s; s = s->next)
			count++;
	return count;
}

/* How many of @service could be carried beside what the others want. */
static unsigned find_admissible(struct scaler *scaler, const struct service *service,
				unsigned wanted)
{
	unsigned count = services_count(scaler->sv), admitted = 0;
	struct pool_wish *wishes = calloc(count + 1, sizeof(*wishes));
	size_t n = 0;

	if (!wishes)
		return service->desired;
	for (struct project *p = supervisor_projects(scaler->sv); p; p = p->next)
		for (struct service *s = p->services; s; s = s->next)
			wishes[n++] = (struct pool_wish){ .service = s,
							  .wanted = s == service ? wanted
								    : s->stopped ? 0
										 : s->desired };
	pool_admit(scaler_pool(scaler), wishes, n);
	for (size_t i = 0; i < n; i++)
		if (wishes[i].service == service)
			admitted = wishes[i].admitted;
	free(wishes);
	return admitted;
}

/* ---- a decision ------------------------------------------------------------------------------------------------------- */

static bool same_words(const char *told, const char *why)
{
	for (; told && *why; why++) {
		if (isdigit((unsigned char)*why) || *why == '.')
			continue;
		if (*told++ != *why)
			return false;
	}
	return told && !*told;
}

/* The words without their numbers: 61 % or 62 % is no news. */
static void note_words(struct watcher *watcher, const char *why, int64_t now)
{
	char *words = strdup(why), *to = words;

	if (!words)
		return;
	for (const char *from = why; *from; from++)
		if (!isdigit((unsigned char)*from) && *from != '.')
			*to++ = *from;
	*to = '\0';
	free(watcher->told);
	watcher->told = words;
	watcher->told_at = now;
}

static bool is_told(const struct watcher *watcher, const struct autoscale_decision *made)
{
	return same_words(watcher->told, made->why) &&
	       (made->would == made->wanted || made->would == watcher->told_would);
}

static void keep_last(struct watcher *watcher, const struct autoscale_decision *made, unsigned from)
{
	char *inputs = strdup(made->inputs), *why = strdup(made->why);

	if (!inputs || !why) {
		free(inputs);
		free(why);
		return;
	}
	free(watcher->last.inputs);
	free(watcher->last.why);
	watcher->last = (struct scale_decision){ .at_ms = view_clock_ms(),
						 .from = from,
						 .to = made->wanted,
						 .inputs = inputs,
						 .why = why };
}

static void carry_out(struct watcher *watcher, struct service *service,
		      const struct autoscale_decision *made)
{
	int64_t now = loop_now(supervisor_loop(watcher->scaler->sv));
	unsigned from = service->desired;

	keep_last(watcher, made, from);
	if (!watcher->last.why)
		return;
	/* one that changes nothing is told when it has another reason than the one before */
	if (made->wanted == from &&
	    (is_told(watcher, made) || (watcher->told && now - watcher->told_at < TELL_AGAIN_MS)))
		return;
	/* what cannot be recorded now is decided again in the next period */
	if (supervisor_decide(watcher->scaler->sv, service, &watcher->last, NULL) < 0)
		return;
	watcher->told_would = made->would;
	note_words(watcher, made->why, now);
}

static void make_decision(struct watcher *watcher, struct service *service,
			  const struct autoscale_metric *metrics)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct scaler *scaler = watcher->scaler;
	const struct spec_scale *scale = &service->spec->scale;
	const struct pool *pool = scaler_pool(scaler);
	bool short_of_memory = pool->available < pool->memory_reserve;
	struct autoscale_decision made;
	struct autoscale_forecast forecast = { 0 };
	struct autoscale_input input = {
		.scale = scale,
		.now_ms = loop_now(supervisor_loop(scaler->sv)),
		.clock_s = view_clock_ms() / 1000,
		.current = service->desired,
		.metrics = metrics,
		.admissible = find_admissible(scaler, service, (unsigned)scale->max),
		.veto_growth = pool->memory_pressure > PRESSURE_MAX || short_of_memory,
		.crash_looping = service_count(service, REPLICA_FAILED) > 0,
	};

	if (scale->policy == SPEC_SCALE_PREDICT &&
	    watcher_forecast(watcher, service, metrics,
			     input.admissible < (unsigned)scale->max ? input.admissible
								     : (unsigned)scale->max,
			     &forecast) == 0)
		input.forecast = &forecast;
	if (autoscale_decide(&input, &watcher->history, &arena, &made) == 0)
		carry_out(watcher, service, &made);
}

/* ---- rounds ----------------------------------------------------------------------------------------------------------- */

static void measured(struct watcher *watcher)
{
	struct service *service = watcher_service(watcher);
	size_t count = watcher->tallies_len;
	struct autoscale_metric *metrics;

	/* another document came while replicas were asked: the next round is about that one */
	if (!service || !is_automatic(service))
		return;
	/* its policy is another now: what was learned waits in the database */
	if (service->spec->scale.policy != SPEC_SCALE_PREDICT)
		watcher_forecast_end(watcher);
	metrics = calloc(count + 1, sizeof(*metrics));
	if (!metrics)
		return;
	for (size_t i = 0; i < count; i++) {
		const struct tally *t = &watcher->tallies[i];

		metrics[i] = (struct autoscale_metric){
			.failed = t->known == 0,
			.average = t->known ? t->sum / t->known : 0,
			.known = t->known,
			.missing = t->missing,
			.not_ready = t->not_ready,
		};
	}
	make_decision(watcher, service, metrics);
	free(metrics);
}

static void drop(struct watcher *watcher)
{
	struct watcher **slot = &watcher->scaler->watchers;

	while (*slot != watcher)
		slot = &(*slot)->next;
	*slot = watcher->next;
	watcher_free(watcher);
}

static void due(void *ctx)
{
	struct watcher *watcher = ctx;
	struct scaler *scaler = watcher->scaler;
	struct service *service =
		supervisor_service(scaler->sv, watcher->project, watcher->service);
	int64_t period;

	if (!service || !is_automatic(service)) {
		drop(watcher);
		return;
	}
	period = service->spec->scale.period_ms > 0 ? service->spec->scale.period_ms : 2000;
	(void)loop_timer_set(supervisor_loop(scaler->sv), &watcher->timer, period, due, watcher);
	(void)watcher_measure(watcher, service, NULL);
}

static struct watcher *find(const struct scaler *scaler, const struct service *service)
{
	struct watcher *watcher = scaler->watchers;

	while (watcher && (strcmp(watcher->service, service->spec->name) != 0 ||
			   strcmp(watcher->project, service->project->spec->name) != 0))
		watcher = watcher->next;
	return watcher;
}

static int watch(struct scaler *scaler, const struct service *service)
{
	struct watcher *watcher = calloc(1, sizeof(*watcher));

	if (!watcher)
		return -ENOMEM;
	watcher->scaler = scaler;
	watcher->sv = scaler->sv;
	watcher->measured = measured;
	watcher->project = strdup(service->project->spec->name);
	watcher->service = strdup(service->spec->name);
	if (!watcher->project || !watcher->service ||
	    loop_timer_set(supervisor_loop(scaler->sv), &watcher->timer, 0, due, watcher) < 0) {
		watcher_free(watcher);
		return -ENOMEM;
	}
	watcher->next = scaler->watchers;
	scaler->watchers = watcher;
	return 0;
}

static void look(void *ctx)
{
	struct scaler *scaler = ctx;

	for (struct project *p = supervisor_projects(scaler->sv); p; p = p->next)
		for (struct service *s = p->services; s; s = s->next)
			if (is_automatic(s) && !find(scaler, s))
				(void)watch(scaler, s);
	(void)loop_timer_set(supervisor_loop(scaler->sv), &scaler->look, LOOK_MS, look, scaler);
}

/* ---- making ----------------------------------------------------------------------------------------------------------- */

int scaler_new(struct supervisor *sv, struct scaler **ret, struct oci_error *err)
{
	struct scaler *scaler = calloc(1, sizeof(*scaler));

	if (!scaler)
		return err_nomem(err);
	scaler->sv = sv;
	if (loop_timer_set(supervisor_loop(sv), &scaler->look, 0, look, scaler) < 0) {
		free(scaler);
		return err_nomem(err);
	}
	*ret = scaler;
	return 0;
}

void scaler_free(struct scaler *scaler)
{
	if (!scaler)
		return;
	loop_timer_cancel(&scaler->look);
	while (scaler->watchers) {
		struct watcher *next = scaler->watchers->next;

		watcher_free(scaler->watchers);
		scaler->watchers = next;
	}
	free(scaler);
}

const struct scale_decision *scaler_last(const struct scaler *scaler, const struct service *service)
{
	const struct watcher *watcher = find(scaler, service);

	return watcher && watcher->last.why ? &watcher->last : NULL;
}

const struct predict *scaler_predict(const struct scaler *scaler, const struct service *service,
				     struct scaler_cost *ret_cost)
{
	const struct watcher *watcher = find(scaler, service);

	if (!watcher || !watcher->predict)
		return NULL;
	*ret_cost = watcher->cost;
	return watcher->predict;
}
