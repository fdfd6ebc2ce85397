/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_advise.c - is one host enough? A recorded load, and its forecast for a day, against what the pool carries.
 */
#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "devs/forecast.h"
#include "scale/args.h"
#include "scale/cmds.h"
#include "scale/compose.h"
#include "scale/pool.h"
#include "scale/trace.h"

#define DAY ((size_t)1440) /* minutes */
#define WEEK (7 * DAY)
#define AHEAD 60     /* minutes that a model is asked for at a time */
#define QUANTILE 0.9 /* of the forecast: one minute in ten may be above it */
#define MINUTES 30
#define WISHED 1000 /* replicas: more than any host is asked for */

extern char **environ;

struct advise_args {
	struct opt_list files;
	const char *project, *env_file, *service, *load, *capacity, *minutes, *carried;
	uint32_t start;
};

#define ARG(member) offsetof(struct advise_args, member)

static const struct opt advise_opts[] = {
	{ "file", 'f', OPT_LIST, ARG(files), "FILE",
	  "a Compose file, - for standard input; later ones are merged over it" },
	{ "project-name", 'p', OPT_STRING, ARG(project), "NAME", "the project's name" },
	{ "env-file", 0, OPT_STRING, ARG(env_file), "FILE", "variables instead of .env" },
	{ "service", 0, OPT_STRING, ARG(service), "NAME", "the service whose load it is" },
	{ "load", 0, OPT_STRING, ARG(load), "TRACE", "one number a minute, a line each" },
	{ "capacity", 0, OPT_STRING, ARG(capacity), "NUMBER", "the load that a replica carries" },
	{ "minutes", 0, OPT_STRING, ARG(minutes), "N",
	  "so many minutes a day over the pool are too many (default: 30)" },
	{ "carried", 0, OPT_STRING, ARG(carried), "N",
	  "replicas that the host carries (default: what this one's pool has room for)" },
	{ "start", 0, OPT_U32, ARG(start), "MINUTE",
	  "minute of the week of the first line, from Monday 00:00 (default: 0)" },
	{ .name = NULL },
};

struct advice {
	const struct spec_service *service;
	struct trace trace;
	double capacity;
	unsigned minutes, carried;
	char limit[256]; /* what is short, of this host */
};

/* ---- what the host carries -------------------------------------------------------------------------------------------- */

static bool is_bounded(const struct spec_service *service)
{
	return service->resources.cpu_reserved_milli > 0 || service->resources.memory_reserved > 0;
}

static int measure(const struct spec_project *project, struct advice *a, struct oci_arena *arena,
		   struct oci_error *err)
{
	size_t count = project->services_len;
	struct service *services = oci_arena_array(arena, count + 1, sizeof(*services));
	struct pool_wish *wishes = oci_arena_array(arena, count + 1, sizeof(*wishes));
	struct pool pool = { 0 };
	int r;

	if (!services || !wishes)
		return err_nomem(err);
	memset(services, 0, (count + 1) * sizeof(*services));
	r = pool_measure(&pool, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		const struct spec_service *spec = &project->services[i];

		services[i].spec = spec;
		wishes[i] = (struct pool_wish){ .service = &services[i],
						.wanted = spec == a->service
								  ? WISHED
								  : (unsigned)spec->replicas };
	}
	pool_admit(&pool, wishes, count);
	for (size_t i = 0; i < count; i++)
		if (services[i].spec == a->service) {
			a->carried = wishes[i].admitted;
			(void)snprintf(
				a->limit, sizeof(a->limit), "%s",
				is_bounded(a->service)
					? wishes[i].reason
					: "it reserves nothing, so that the pool sets no "
					  "bound; reserve cpus or memory, or give --carried");
		}
	return 0;
}

/* ---- minutes over it -------------------------------------------------------------------------------------------------- */

static unsigned needed(const struct advice *a, double load)
{
	double count = ceil(load / a->capacity - 1e-9);

	return count > 1e6 ? 1000000 : count < 0 ? 0 : (unsigned)count;
}

struct over {
	unsigned minutes,
		most; /* of a day: over the pool, and the replicas that it asked for at most */
};

static void add_minute(const struct advice *a, struct over *over, double load)
{
	unsigned count = needed(a, load);

	if (count > a->carried)
		over->minutes++;
	if (count > over->most)
		over->most = count;
}

/* A day for the most minutes over; *ret_mean: of all days, the last one by its part. */
static struct over observed(const struct advice *a, size_t *ret_day, double *ret_mean)
{
	struct over worst = { 0 };
	size_t total = 0;

	*ret_day = 0;
	for (size_t from = 0; from < a->trace.len; from += DAY) {
		struct over day = { 0 };

		for (size_t i = from; i < a->trace.len && i < from + DAY; i++)
			add_minute(a, &day, a->trace.values[i]);
		total += day.minutes;
		if (day.minutes > worst.minutes ||
		    (day.minutes == worst.minutes && day.most > worst.most)) {
			worst = day;
			*ret_day = from / DAY;
		}
	}
	*ret_mean = (double)total * DAY / (double)a->trace.len;
	return worst;
}

/* The day after the trace, by the time of the week: nothing is measured in it, so the model only goes on. */
static int forecast_day(const struct advice *a, unsigned start, struct over *ret,
			struct oci_error *err)
{
	const struct forecast_params params = forecast_defaults(FORECAST_PROFILE);
	struct forecast *model = NULL;
	int r = forecast_new(&params, AHEAD, QUANTILE, start, &model);

	if (r < 0 || !model)
		return err_nomem(err);
	for (size_t i = 0; i < a->trace.len; i++)
		forecast_observe(model, a->trace.values[i]);
	for (unsigned hour = 0; hour < DAY / AHEAD; hour++) {
		for (unsigned ahead = 1; ahead <= AHEAD; ahead++)
			add_minute(a, ret, forecast_quantile(model, ahead, QUANTILE));
		for (unsigned i = 0; i < AHEAD; i++)
			forecast_observe(model, NAN);
	}
	forecast_free(model);
	return 0;
}

/* ---- the words -------------------------------------------------------------------------------------------------------- */

/* @over: minutes a day, of all observed days on average or of the next one. */
static void print_verdict(double over, unsigned minutes)
{
	if (over > minutes)
		printf("advice: one host is too small for more than %u minutes a day: hand over to "
		       "several, 'carte-scale export --to swarm', kubernetes or nomad\n",
		       minutes);
	else
		printf("advice: stay: one host is too small for %.0f minutes a day, and %u are "
		       "borne\n",
		       over, minutes);
}

static int print_advice(const struct advice *a, const struct advise_args *args,
			struct oci_error *err)
{
	struct over worst, ahead = { 0 };
	size_t day;
	double mean, most;
	int r;

	worst = observed(a, &day, &mean);
	most = mean;
	printf("%s: the host carries %u replicas%s%s, a replica a load of %.6g\n", a->service->name,
	       a->carried, a->limit[0] ? ": " : "", a->limit, a->capacity);
	printf("observed: %.1f minutes a day over it in %.1f days; at worst %u, on day %zu, whose "
	       "peak "
	       "asked for %u replicas\n",
	       mean, (double)a->trace.len / DAY, worst.minutes, day + 1, worst.most);
	if (a->trace.len < WEEK) {
		printf("forecast: none, it needs a week of load\n");
	} else {
		r = forecast_day(a, args->start, &ahead, err);
		if (r < 0)
			return r;
		printf("forecast: %u minutes of the next day over it, %u replicas at its peak "
		       "(nine "
		       "minutes in ten stay below)\n",
		       ahead.minutes, ahead.most);
		most = ahead.minutes > most ? ahead.minutes : most;
	}
	print_verdict(most, a->minutes);
	return 0;
}

static int check_args(const struct advise_args *args, struct advice *a, struct oci_error *err)
{
	const char *missing = !args->service ? "--service" : !args->load ? "--load" : NULL;

	if (!missing && !args->capacity)
		missing = "--capacity";
	if (missing)
		return err_set_as(err, ERR_USAGE, EINVAL, "%s is missing", missing);
	if (trace_number(args->capacity, &a->capacity) < 0 || !(a->capacity > 0))
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "--capacity %s: expected a number greater than 0",
				  args->capacity);
	a->minutes = MINUTES;
	if (args_count("minutes", args->minutes, 0, DAY, "0 to 1440", &a->minutes, err) < 0 ||
	    args_count("carried", args->carried, 0, WISHED, "0 to 1000", &a->carried, err) < 0)
		return -EINVAL;
	if (args->start >= WEEK)
		return err_set_as(err, ERR_USAGE, EINVAL, "--start %u: a week has %zu minutes",
				  args->start, WEEK);
	return 0;
}

static int advise(const struct advise_args *args, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	const struct compose_options options = { .project = args->project,
						 .environment = environ,
						 .env_file = args->env_file };
	struct advice a = { 0 };
	struct spec_project *project = NULL;
	int r = check_args(args, &a, err);

	if (r == 0)
		r = compose_load_here(args->files.items, args->files.len, &options, &arena,
				      &project, err);
	if (r == 0)
		r = trace_read(args->load, &arena, &a.trace, err);
	if (r < 0 || !project)
		return r;
	a.service = spec_service_find(project, args->service);
	if (!a.service)
		return err_set_as(err, ERR_NOT_FOUND, ENOENT, "there is no service %s",
				  args->service);
	if (!args->carried)
		r = measure(project, &a, &arena, err);
	return r < 0 ? r : print_advice(&a, args, err);
}

static int advise_run(void *options, char **operands, int count, struct oci_error *err)
{
	struct advise_args *args = options;
	int r = advise(args, err);

	(void)operands;
	(void)count;
	opt_list_free(&args->files);
	return r;
}

const struct cmd cmd_advise = {
	.command = {
		.name = "advise",
		.usage = "--service NAME --load TRACE --capacity NUMBER [OPTIONS]",
		.summary = "is one host enough for a recorded load, and its next day?",
		.opts = advise_opts,
		.positional_after = -1,
	},
	.options_size = sizeof(struct advise_args),
	.run = advise_run,
};
