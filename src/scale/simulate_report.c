/* SPDX-License-Identifier: Apache-2.0 */
/*
 * simulate_report.c - the outcome of a simulation for people, for spreadsheets and for programs.
 */
#include <inttypes.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/json.h"
#include "scale/simulate.h"

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100 * (double)part / (double)whole : 0;
}

static double hours(double seconds)
{
	return seconds / 3600;
}

static const char *const timing_words[STORE_TIMINGS] = {
	[STORE_TIMING_ALL] = "all",     [STORE_TIMING_CREATE] = "create",
	[STORE_TIMING_START] = "start", [STORE_TIMING_READY] = "ready",
	[STORE_TIMING_STOP] = "stop",   [STORE_TIMING_DELETE] = "delete",
	[STORE_TIMING_FAIL] = "fail",
};

/* ---- for people -------------------------------------------------------------------------------------------------------- */

static const char *policy_word(const struct simulate_plan *plan)
{
	return plan->scale.policy == SPEC_SCALE_MANUAL   ? "a fixed number"
	       : plan->scale.policy == SPEC_SCALE_TARGET ? "policy target"
							 : "policy calendar";
}

static void print_plan(const struct simulate_outcome *o, FILE *out)
{
	const struct simulate_plan *plan = o->plan;

	fprintf(out, "%s: %g s of %s, %s, %u replicas at first; seed %u", plan->service->name,
		plan->horizon, plan->trace->name, policy_word(plan), plan->replicas, plan->seed);
	if (plan->replications > 1)
		fprintf(out, ", the first of %u replications", plan->replications);
	fprintf(out, "\n  a replica carries %.4g in %g s: %u at a time%s, %.4g s each; ",
		plan->capacity, plan->step, plan->slots, plan->share ? " that share it" : "",
		o->work);
	if (plan->measured)
		fprintf(out, "times as they were measured here\n");
	else
		fprintf(out, "ready %g s after its start\n", plan->start_delay);
}

/* replica-seconds */
static double work_done(const struct simulate_outcome *o)
{
	return (double)o->first.served * o->work / (o->plan->share ? 1 : o->plan->slots);
}

static void print_mean(const char *name, const struct sim_mean *mean, double factor,
		       const char *unit, FILE *out)
{
	fprintf(out, "  %-12s %.4g +- %.2g%s\n", name, factor * mean->mean, factor * mean->half,
		unit);
}

static void print_means(const struct simulate_outcome *o, FILE *out)
{
	if (o->plan->replications < 2)
		return;
	fprintf(out, "means of %u replications, with 95 %% intervals\n", o->plan->replications);
	print_mean("violated", &o->mean.violated, 100, " %", out);
	print_mean("delay", &o->mean.wait, 1, " s", out);
	print_mean("in line", &o->mean.queue, 1, "", out);
	print_mean("replicas", &o->mean.replica_seconds, 1 / o->plan->horizon, "", out);
	print_mean("cost", &o->mean.cost, 1, " replica-hours", out);
}

static void print_spread(const char *what, const struct spread *s, FILE *out)
{
	fprintf(out, "  %-12s %zu: %.3f s on average, half within %.3f s, 95 %% within %.3f s\n",
		what, s->len, s->mean, s->p50, s->p95);
}

struct calibration {
	struct spread kinds[STORE_TIMINGS], predicted;
};

static int calibrate(const struct simulate_outcome *o, struct calibration *ret)
{
	const struct sim_result *r = &o->first;
	unsigned kept = r->started < SIM_STARTS_KEPT ? r->started : SIM_STARTS_KEPT;
	int result = spread_of(r->start_times, kept, &ret->predicted);

	for (int i = 0; i < STORE_TIMINGS && result == 0; i++)
		result = spread_of(o->plan->measured->kinds[i].samples,
				   o->plan->measured->kinds[i].len, &ret->kinds[i]);
	return result;
}

static void print_calibration(const struct simulate_outcome *o, FILE *out)
{
	struct calibration c;

	if (!o->plan->measured || calibrate(o, &c) < 0)
		return;
	fprintf(out, "measured on this machine\n");
	for (int i = STORE_TIMING_CREATE; i < STORE_TIMINGS; i++)
		if (c.kinds[i].len)
			print_spread(timing_words[i], &c.kinds[i], out);
	fprintf(out, "from asked for to ready\n");
	print_spread("observed", &c.kinds[STORE_TIMING_ALL], out);
	print_spread("predicted", &c.predicted, out);
	if (c.kinds[STORE_TIMING_ALL].mean > 0 && c.predicted.len)
		fprintf(out, "  predicted / observed %.3f\n",
			c.predicted.mean / c.kinds[STORE_TIMING_ALL].mean);
}

void simulate_print(const struct simulate_outcome *o, FILE *out)
{
	const struct sim_result *r = &o->first;
	double horizon = o->plan->horizon;

	print_plan(o, out);
	fprintf(out,
		"  requests     %" PRIu64 " arrived, %" PRIu64 " served; %" PRIu64
		" violations (%.3f %%): %" PRIu64 " refused, %" PRIu64
		" delayed by more than %g s, "
		"%" PRIu64 " cut\n",
		r->arrived, r->served, sim_violated(r), percent(sim_violated(r), r->arrived),
		r->refused, r->late, o->plan->patience, r->cut);
	fprintf(out,
		"  in line      %.3f on average, %" PRIu64
		" at most; delay %.3f s on average, %.3f s "
		"at most\n",
		r->queue_mean, r->queue_max, r->wait_mean, r->wait_max);
	fprintf(out,
		"  replicas     %.3f on average, %u ready at most; %.2f replica-hours; the number "
		"changed by %u\n",
		r->replica_seconds / horizon, r->ready_max, hours(r->replica_seconds), r->changes);
	fprintf(out, "  containers   %u started, %u stopped, %u failed", r->starts, r->stops,
		r->failures);
	if (r->started)
		fprintf(out, "; ready %.3f s after they were asked for, %.3f s at most",
			r->start_mean, r->start_max);
	fprintf(out, "\n");
	fprintf(out,
		"  pool         %.2f cores and %.0f MiB reserved at most; %.1f %% of the ready "
		"replicas' time at work\n",
		r->reserved_cpu_max, r->reserved_memory_max / (1 << 20),
		r->ready_seconds > 0 ? 100 * work_done(o) / r->ready_seconds : 0);
	fprintf(out, "  cost         %.2f replica-hours, lost work times %g in it\n", o->cost,
		o->plan->weight);
	print_means(o, out);
	print_calibration(o, out);
}

/* ---- for spreadsheets --------------------------------------------------------------------------------------------------- */

void simulate_csv(const struct simulate_outcome *o, FILE *out)
{
	fprintf(out, "begin_s,arrived,violated,wanted,ready,starting,replica_seconds,queue_mean,"
		     "queue_max\n");
	for (size_t i = 0; i < o->first.rows_len; i++) {
		const struct sim_row *row = &o->first.rows[i];

		fprintf(out, "%g,%" PRIu64 ",%" PRIu64 ",%u,%u,%u,%.3f,%.3f,%" PRIu64 "\n",
			row->begin, row->arrived, row->violated, row->wanted, row->ready,
			row->starting, row->replica_seconds, row->queue_mean, row->queue_max);
	}
}

/* ---- for programs --------------------------------------------------------------------------------------------------------- */

static void put_result(struct json *json, const struct simulate_outcome *o)
{
	const struct sim_result *r = &o->first;

	json_map(json, "requests");
	json_int(json, "arrived", (int64_t)r->arrived);
	json_int(json, "served", (int64_t)r->served);
	json_int(json, "violated", (int64_t)sim_violated(r));
	json_int(json, "refused", (int64_t)r->refused);
	json_int(json, "late", (int64_t)r->late);
	json_int(json, "cut", (int64_t)r->cut);
	json_real(json, "waitMean", r->wait_mean);
	json_real(json, "waitMax", r->wait_max);
	json_real(json, "queueMean", r->queue_mean);
	json_int(json, "queueMax", (int64_t)r->queue_max);
	json_map_end(json);
	json_map(json, "replicas");
	json_real(json, "seconds", r->replica_seconds);
	json_real(json, "readySeconds", r->ready_seconds);
	json_int(json, "readyMax", r->ready_max);
	json_int(json, "started", r->starts);
	json_int(json, "stopped", r->stops);
	json_int(json, "failed", r->failures);
	json_int(json, "changes", r->changes);
	json_real(json, "startMean", r->start_mean);
	json_real(json, "startMax", r->start_max);
	json_real(json, "coresReserved", r->reserved_cpu_max);
	json_real(json, "memoryReserved", r->reserved_memory_max);
	json_map_end(json);
	json_real(json, "cost", o->cost);
}

static void put_mean(struct json *json, const char *key, const struct sim_mean *mean)
{
	json_map(json, key);
	json_real(json, "mean", mean->mean);
	json_real(json, "half", mean->half);
	json_map_end(json);
}

static void put_means(struct json *json, const struct simulate_outcome *o)
{
	json_map(json, "means");
	put_mean(json, "violated", &o->mean.violated);
	put_mean(json, "wait", &o->mean.wait);
	put_mean(json, "queue", &o->mean.queue);
	put_mean(json, "replicaSeconds", &o->mean.replica_seconds);
	put_mean(json, "start", &o->mean.start);
	put_mean(json, "cost", &o->mean.cost);
	json_map_end(json);
}

static void put_spread(struct json *json, const char *key, const struct spread *s)
{
	json_map(json, key);
	json_int(json, "count", (int64_t)s->len);
	json_real(json, "mean", s->mean);
	json_real(json, "p50", s->p50);
	json_real(json, "p95", s->p95);
	json_real(json, "max", s->max);
	json_map_end(json);
}

static int put_calibration(struct json *json, const struct simulate_outcome *o)
{
	struct calibration c;
	int r = calibrate(o, &c);

	if (r < 0)
		return r;
	json_map(json, "calibration");
	put_spread(json, "predicted", &c.predicted);
	put_spread(json, "observed", &c.kinds[STORE_TIMING_ALL]);
	json_map(json, "measured");
	for (int i = STORE_TIMING_CREATE; i < STORE_TIMINGS; i++)
		put_spread(json, timing_words[i], &c.kinds[i]);
	json_map_end(json);
	json_map_end(json);
	return 0;
}

static void put_rows(struct json *json, const struct simulate_outcome *o)
{
	json_list(json, "timeline");
	for (size_t i = 0; i < o->first.rows_len; i++) {
		const struct sim_row *row = &o->first.rows[i];

		json_map(json, NULL);
		json_real(json, "begin", row->begin);
		json_int(json, "arrived", (int64_t)row->arrived);
		json_int(json, "violated", (int64_t)row->violated);
		json_int(json, "wanted", row->wanted);
		json_int(json, "ready", row->ready);
		json_int(json, "starting", row->starting);
		json_real(json, "replicaSeconds", row->replica_seconds);
		json_real(json, "queueMean", row->queue_mean);
		json_int(json, "queueMax", (int64_t)row->queue_max);
		json_map_end(json);
	}
	json_list_end(json);
}

int simulate_json(const struct simulate_outcome *o, FILE *out, struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL;
	struct json json;
	size_t length;
	int r = json_begin(&json, err);

	if (r < 0)
		return r;
	json_map(&json, NULL);
	json_text(&json, "service", o->plan->service->name);
	json_text(&json, "trace", o->plan->trace->name);
	json_real(&json, "seconds", o->plan->horizon);
	json_int(&json, "seed", o->plan->seed);
	json_int(&json, "replications", o->plan->replications);
	put_result(&json, o);
	put_means(&json, o);
	if (o->plan->measured)
		r = put_calibration(&json, o) < 0 ? err_nomem(err) : 0;
	put_rows(&json, o);
	json_map_end(&json);
	if (r == 0)
		r = json_take(&json, &text, &length, err);
	json_end(&json);
	if (r == 0 && text)
		fputs(text, out);
	return r;
}
