/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_simulate.c - what a service of a Compose file would do under a recorded load: nothing is started.
 */
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/places.h"
#include "scale/args.h"
#include "scale/autoscale.h"
#include "scale/cmds.h"
#include "scale/compose-private.h"
#include "scale/pool.h"
#include "scale/save.h"
#include "scale/simulate.h"

#define START_DELAY_S 2.0
#define PATIENCE_S 1.0
#define WEIGHT 100.0
#define SHARED_SLOTS 1000
#define REPLICAS_AT_PEAK 16
#define REQUESTS_MAX 2e8 /* some minutes of one core */
#define TRIED_MAX 1e10   /* the same */

extern char **environ;

struct simulate_args {
	const char *load, *time, *service, *policy, *replicas, *format, *csv, *svg, *seed,
		*replications, *capacity, *slots, *step, *patience, *start_delay, *mttf, *weight,
		*cores, *memory, *begin, *state_dir, *project, *env_file;
	bool calibrate, constant, share, regular;
};

#define ARG(member) offsetof(struct simulate_args, member)

static const struct opt simulate_opts[] = {
	{ "load", 0, OPT_STRING, ARG(load), "TRACE",
	  "what arrives: a number of requests for each minute, a line each" },
	{ "for", 0, OPT_STRING, ARG(time), "TIME", "how long, such as 24h; all of the trace" },
	{ "service", 0, OPT_STRING, ARG(service), "NAME",
	  "which service; needed when the file has several" },
	{ "replicas", 0, OPT_STRING, ARG(replicas), "N", "a fixed number of them" },
	{ "policy", 0, OPT_STRING, ARG(policy), "POLICY",
	  "manual, target or calendar instead of the file's" },
	{ "format", 0, OPT_STRING, ARG(format), "FORMAT",
	  "table (the default), json, or csv: the time line" },
	{ "csv", 0, OPT_STRING, ARG(csv), "FILE", "write the time line there too" },
	{ "svg", 0, OPT_STRING, ARG(svg), "FILE", "draw the time line" },
	{ "seed", 0, OPT_STRING, ARG(seed), "N", "equal seeds give equal runs; 1" },
	{ "replications", 0, OPT_STRING, ARG(replications), "N",
	  "runs, each with another luck, for means and their intervals; 1" },
	{ "capacity", 0, OPT_STRING, ARG(capacity), "LOAD",
	  "what one replica carries in a minute; a sixteenth of the trace's largest value" },
	{ "slots", 0, OPT_STRING, ARG(slots), "N", "requests that a replica serves at a time; 1" },
	{ "share", 0, OPT_FLAG, ARG(share), NULL,
	  "they share its processor, as threads do; --slots is 1000 then" },
	{ "regular", 0, OPT_FLAG, ARG(regular), NULL,
	  "they come at equal distances, as those of a load generator; else at random" },
	{ "constant-work", 0, OPT_FLAG, ARG(constant), NULL,
	  "requests are alike; else their work is distributed exponentially" },
	{ "step", 0, OPT_STRING, ARG(step), "SECONDS",
	  "the time of a line of the trace, where it is no minute" },
	{ "patience", 0, OPT_STRING, ARG(patience), "TIME",
	  "a request that is delayed by more is a violation; 1s" },
	{ "start-delay", 0, OPT_STRING, ARG(start_delay), "TIME",
	  "how long a replica takes to be ready, without --calibrate; 2s" },
	{ "calibrate", 0, OPT_FLAG, ARG(calibrate), NULL,
	  "take the times that the supervisor of this machine has measured, and compare" },
	{ "mttf", 0, OPT_STRING, ARG(mttf), "TIME",
	  "replicas fail, on average so long after they became ready; never" },
	{ "weight", 0, OPT_STRING, ARG(weight), "WEIGHT",
	  "what a replica-hour of violated work costs, in replica-hours; 100" },
	{ "cores", 0, OPT_STRING, ARG(cores), "N", "of the host; this one's" },
	{ "memory", 0, OPT_STRING, ARG(memory), "SIZE", "of the host's pool; this one's" },
	{ "begin", 0, OPT_STRING, ARG(begin), "DATE",
	  "when, for the calendar: 2026-09-01 or 2026-09-01T08:00; today at midnight" },
	{ "state-dir", 0, OPT_STRING, ARG(state_dir), "DIR", "the supervisor's, see serve" },
	{ "project-name", 'p', OPT_STRING, ARG(project), "NAME", "the project's name" },
	{ "env-file", 0, OPT_STRING, ARG(env_file), "FILE", "variables instead of .env" },
	{ .name = NULL },
};

/* ---- which service, how many ---------------------------------------------------------------------------------------------- */

static int find_service(const struct spec_project *project, const char *file, const char *name,
			const struct spec_service **ret, struct oci_error *err)
{
	if (name) {
		*ret = spec_service_find(project, name);
		return *ret ? 0
			    : err_set_as(err, ERR_NOT_FOUND, ENOENT,
					 "%s: there is no service %s in it", file, name);
	}
	if (project->services_len != 1)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "%s: there are %zu services in it; --service says which", file,
				  project->services_len);
	*ret = &project->services[0];
	return 0;
}

static int read_policy(const struct simulate_args *args, struct simulate_plan *plan,
		       struct oci_error *err)
{
	struct spec_scale *scale = &plan->scale;

	*scale = plan->service->scale;
	if (args->policy && args->replicas)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "--policy and --replicas: one of them, a policy or a number");
	if (args->replicas || !scale->given)
		scale->policy = SPEC_SCALE_MANUAL;
	if (args->policy && strcmp(args->policy, "manual") == 0)
		scale->policy = SPEC_SCALE_MANUAL;
	else if (args->policy && strcmp(args->policy, "target") == 0)
		scale->policy = SPEC_SCALE_TARGET;
	else if (args->policy && strcmp(args->policy, "calendar") == 0)
		scale->policy = SPEC_SCALE_CALENDAR;
	else if (args->policy)
		return args_usage(err, "policy", args->policy, "manual, target or calendar");
	if (scale->policy == SPEC_SCALE_MANUAL)
		return 0;
	if (!scale->given)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "--policy %s: service %s has no x-carte.scale to take it from",
				  args->policy, plan->service->name);
	if (scale->policy == SPEC_SCALE_TARGET && !scale->metrics_len)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "--policy %s: service %s has no x-carte.scale.metrics to go by",
				  args->policy ? args->policy : "target", plan->service->name);
	if (scale->policy != SPEC_SCALE_TARGET && scale->policy != SPEC_SCALE_CALENDAR)
		return err_set_as(err, ERR_UNSUPPORTED, ENOTSUP,
				  "service %s: its policy cannot be simulated; --policy target can",
				  plan->service->name);
	return simulate_check(plan, err);
}

static int read_begin(const char *text, int64_t *ret, struct oci_error *err)
{
	time_t now = time(NULL);
	struct tm tm = { 0 };
	const char *end;

	if (!text) {
		if (!localtime_r(&now, &tm))
			return err_sys(err, errno, "read the clock");
		tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	} else {
		end = strptime(text, "%Y-%m-%d", &tm);
		if (end && *end == 'T')
			end = strptime(end, "T%H:%M", &tm);
		if (!end || *end || !date_exists(&tm))
			return args_usage(err, "begin", text, "YYYY-MM-DD or YYYY-MM-DDTHH:MM");
	}
	tm.tm_isdst = -1;
	*ret = (int64_t)mktime(&tm);
	return 0;
}

static int read_replicas(const struct simulate_args *args, struct simulate_plan *plan,
			 struct oci_error *err)
{
	struct spec_service service = *plan->service;
	const struct spec_scale *scale = &plan->scale;
	unsigned calendar = 0;

	service.scale = *scale;
	if (scale->policy != SPEC_SCALE_MANUAL && scale->calendar_len)
		calendar =
			calendar_minimum(scale->calendar, scale->calendar_len, plan->begin, NULL);
	plan->replicas = spec_first_number(&service, calendar);
	if (plan->replicas > SIM_REPLICAS_MAX)
		return err_set_as(err, ERR_UNSUPPORTED, ENOTSUP,
				  "service %s: %u replicas are more than the %d that a simulation "
				  "takes",
				  service.name, plan->replicas, SIM_REPLICAS_MAX);
	return args_count("replicas", args->replicas, 0, SIM_REPLICAS_MAX, "0 to 2000",
			  &plan->replicas, err);
}

/* ---- the load ----------------------------------------------------------------------------------------------------------------- */

static double requests_of(const struct simulate_plan *plan)
{
	double sum = 0;

	for (size_t i = 0; i < plan->trace->len && (double)i * plan->step < plan->horizon; i++)
		sum += plan->trace->values[i];
	return sum * plan->replications;
}

/* Moments at which one may come at random: as many in every line as in the largest, of which those of the line's own load are taken. */
static double tried_of(const struct simulate_plan *plan)
{
	double largest = 0;

	for (size_t i = 0; i < plan->trace->len && (double)i * plan->step < plan->horizon; i++)
		if (plan->trace->values[i] > largest)
			largest = plan->trace->values[i];
	return plan->regular ? 0 : largest * plan->horizon / plan->step * plan->replications;
}

static int read_load(const struct simulate_args *args, struct oci_arena *arena,
		     struct simulate_plan *plan, struct oci_error *err)
{
	struct trace *trace = oci_arena_array(arena, 1, sizeof(*trace));
	double whole;
	int r;

	if (!trace)
		return err_nomem(err);
	if (!args->load)
		return err_set_as(err, ERR_USAGE, EINVAL, "--load is missing: expected a trace");
	r = trace_read(args->load, arena, trace, err);
	if (r < 0)
		return r;
	plan->trace = trace;
	plan->horizon = whole = (double)trace->len * plan->step;
	r = args_time("for", args->time, 1, 366 * 86400.0, "a time of 1s to 8784h, such as 24h",
		      &plan->horizon, err);
	if (r == 0 && plan->horizon > whole)
		r = err_set_as(err, ERR_DOCUMENT, EINVAL, "%s: --for %s: there are %g s in it only",
			       args->load, args->time, whole);
	plan->capacity = trace->largest / REPLICAS_AT_PEAK;
	if (r == 0)
		r = args_number("capacity", args->capacity, 1e-9, 1e12, "a number above 0",
				&plan->capacity, err);
	if (r == 0 && !(plan->capacity > 0))
		r = err_set_as(err, ERR_DOCUMENT, EINVAL,
			       "%s: there is no load in it: every value is 0", args->load);
	if (r == 0 && requests_of(plan) > REQUESTS_MAX)
		r = err_set_as(err, ERR_UNSUPPORTED, ENOTSUP,
			       "%s: %.3g requests are more than the %.0e that a simulation takes; "
			       "--for and --replications take fewer",
			       args->load, requests_of(plan), REQUESTS_MAX);
	if (r == 0 && tried_of(plan) > TRIED_MAX)
		r = err_set_as(err, ERR_UNSUPPORTED, ENOTSUP,
			       "%s: its largest value is too far above the others to draw times "
			       "at random; --for, --replications or --regular",
			       args->load);
	return r;
}

/* ---- numbers -------------------------------------------------------------------------------------------------------------------- */

static int read_host(const struct simulate_args *args, struct simulate_plan *plan,
		     struct oci_error *err)
{
	struct pool pool = { 0 };
	int64_t memory;
	int r = args->cores && args->memory ? 0 : pool_measure(&pool, err);

	plan->cores = (double)pool.cpu_milli / 1000;
	plan->memory = (double)pool.memory;
	if (r == 0)
		r = args_number("cores", args->cores, 0.01, 100000, "a number of 0.01 to 100000",
				&plan->cores, err);
	if (r < 0 || !args->memory)
		return r;
	if (value_size(args->memory, &memory) < 0 || memory <= 0)
		return args_usage(err, "memory", args->memory, "bytes, such as 512m or 1gb");
	plan->memory = (double)memory;
	return 0;
}

static int read_numbers(const struct simulate_args *args, struct simulate_plan *plan,
			struct oci_error *err)
{
	static const char *const times = "a time of at most a year, such as 1m30s";
	int r = args_number("step", args->step, 0.001, 86400, "seconds of 0.001 to 86400",
			    &plan->step, err);

	plan->share = args->share;
	plan->slots = args->share ? SHARED_SLOTS : 1;
	if (r == 0)
		r = args_count("slots", args->slots, 1, 65536, "1 to 65536", &plan->slots, err);
	if (r == 0)
		r = args_count("seed", args->seed, 0, UINT_MAX, "0 to 4294967295", &plan->seed,
			       err);
	if (r == 0)
		r = args_count("replications", args->replications, 1, 10000, "1 to 10000",
			       &plan->replications, err);
	if (r == 0)
		r = args_time("patience", args->patience, 0, 366 * 86400.0, times, &plan->patience,
			      err);
	if (r == 0)
		r = args_time("start-delay", args->start_delay, 0, 366 * 86400.0, times,
			      &plan->start_delay, err);
	if (r == 0)
		r = args_time("mttf", args->mttf, 0.001, 366 * 86400.0, times, &plan->mttf, err);
	if (r == 0)
		r = args_number("weight", args->weight, 0, 1e9, "a number of 0 to 1e9",
				&plan->weight, err);
	if (r == 0 && args->calibrate && args->start_delay)
		r = err_set_as(err, ERR_USAGE, EINVAL,
			       "--calibrate and --start-delay: one of them, what was measured or "
			       "a guess");
	if (r == 0 && args->format && strcmp(args->format, "table") != 0 &&
	    strcmp(args->format, "json") != 0 && strcmp(args->format, "csv") != 0)
		r = args_usage(err, "format", args->format, "table, json or csv");
	plan->constant = args->constant;
	plan->regular = args->regular;
	return r;
}

static int read_measured(const struct simulate_args *args, const struct spec_project *project,
			 struct oci_arena *arena, struct simulate_plan *plan, struct oci_error *err)
{
	const char *state = args->state_dir ? args->state_dir : places_state(arena);
	struct measured *measured = oci_arena_array(arena, 1, sizeof(*measured));

	if (!args->calibrate)
		return 0;
	if (!state || !measured)
		return err_nomem(err);
	plan->measured = measured;
	return measured_read(state, project->name, plan->service->name, arena, measured, err);
}

static int read_plan(const struct simulate_args *args, const char *file, struct oci_arena *arena,
		     struct simulate_plan *plan, struct oci_error *err)
{
	const struct compose_options options = { .project = args->project,
						 .environment = environ,
						 .env_file = args->env_file };
	struct spec_project *project = NULL;
	int r = read_numbers(args, plan, err);

	if (r == 0)
		r = compose_load_here(&file, 1, &options, arena, &project, err);
	if (r == 0)
		r = find_service(project, file, args->service, &plan->service, err);
	if (r == 0)
		r = read_policy(args, plan, err);
	if (r == 0)
		r = read_begin(args->begin, &plan->begin, err);
	if (r == 0)
		r = read_replicas(args, plan, err);
	if (r == 0)
		r = read_load(args, arena, plan, err);
	if (r == 0)
		r = read_host(args, plan, err);
	if (r == 0)
		r = read_measured(args, project, arena, plan, err);
	return r;
}

/* ---- the command ------------------------------------------------------------------------------------------------------------------ */

static void write_csv(const void *outcome, FILE *out)
{
	simulate_csv(outcome, out);
}

static void write_svg(const void *outcome, FILE *out)
{
	simulate_svg(outcome, out);
}

static int tell(const struct simulate_args *args, const struct simulate_outcome *outcome,
		struct oci_error *err)
{
	int r = save_written(args->csv, write_csv, outcome, err);

	if (r == 0)
		r = save_written(args->svg, write_svg, outcome, err);
	if (r < 0)
		return r;
	if (args->format && strcmp(args->format, "json") == 0)
		return simulate_json(outcome, stdout, err);
	if (args->format && strcmp(args->format, "csv") == 0)
		simulate_csv(outcome, stdout);
	else
		simulate_print(outcome, stdout);
	return 0;
}

static int simulate_command(void *options, char **operands, int count, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	const struct simulate_args *args = options;
	struct simulate_plan plan = { .step = 60,
				      .seed = 1,
				      .replications = 1,
				      .patience = PATIENCE_S,
				      .start_delay = START_DELAY_S,
				      .weight = WEIGHT };
	struct simulate_outcome outcome;
	int r;

	(void)count;
	r = read_plan(args, operands[0], &arena, &plan, err);
	if (r == 0)
		r = simulate_run(&plan, &outcome, err);
	if (r < 0)
		return r;
	r = tell(args, &outcome, err);
	simulate_outcome_free(&outcome);
	return r;
}

const struct cmd cmd_simulate = {
	.command = {
		.name = "simulate",
		.usage = "[OPTIONS] --load TRACE FILE",
		.summary = "foretell what a service would do under a recorded load",
		.opts = simulate_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = 1,
	},
	.options_size = sizeof(struct simulate_args),
	.run = simulate_command,
};
