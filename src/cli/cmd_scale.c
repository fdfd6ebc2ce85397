/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_scale.c - how many replicas, by hand or by the autoscaler, and why.
 */
#include <string.h>

#include "base/io.h"
#include "cli/common.h"

#define WAIT_SECONDS 120
#define DECISIONS 20

struct scale_args {
	bool automatic, why, detach;
	const char *format, *limit;
};

static const struct opt scale_opts[] = {
	{ "auto", 0, OPT_FLAG, offsetof(struct scale_args, automatic), NULL,
	  "let the autoscaler decide again" },
	{ "detach", 'd', OPT_FLAG, offsetof(struct scale_args, detach), NULL,
	  "do not wait until the replicas are ready" },
	FORMAT_OPTION(struct scale_args),
	{ "limit", 0, OPT_STRING, offsetof(struct scale_args, limit), "N",
	  "--why: how many decisions; default: 20" },
	{ "why", 0, OPT_FLAG, offsetof(struct scale_args, why), NULL,
	  "print the last decisions with their reasons, and what policy predict forecasts" },
	{ .name = NULL },
};

struct scale {
	const struct scale_args *args;
	struct refs refs;
	uint32_t limit;
	bool json;
};

/* ---- why ------------------------------------------------------------------------------------------------------------------ */

static int print_decisions(yajl_val list, struct oci_error *err)
{
	static const char *const heads[] = { "WHEN", "FROM", "TO", "WHY", NULL };
	CLEANUP_TABLE struct table table = { 0 };

	table_start(&table, heads);
	for (size_t i = 0; i < json_count(list); i++) {
		yajl_val decision = json_at(list, i);
		long long from = json_int(decision, "from", 0), to = json_int(decision, "to", 0);

		table_cell(&table, PLAIN, "%s", json_text(decision, "at"));
		table_cell(&table, PLAIN, "%lld", from);
		table_cell(&table, to > from ? GREEN : to < from ? YELLOW : PLAIN, "%lld", to);
		table_cell(&table, PLAIN, "%s", json_text(decision, "why"));
	}
	return table_print(&table, stdout, (size_t)term_width(), err);
}

/* The supervisor's choice: of the same cost the first. What it asks for may be more, by the calendar. */
static size_t cheapest(yajl_val list)
{
	size_t best = 0;

	for (size_t i = 1; i < json_count(list); i++)
		if (json_double(json_at(list, i), "cost", 0) <
		    json_double(json_at(list, best), "cost", 0))
			best = i;
	return best;
}

static void print_candidates(yajl_val list)
{
	size_t best = cheapest(list);

	if (json_count(list))
		printf("  %8s %12s %12s %8s %12s\n", "REPLICAS", "LATE S", "READY S", "STARTS",
		       "COST");
	for (size_t i = 0; i < json_count(list); i++) {
		yajl_val each = json_at(list, i);

		printf("  %8lld %12.1f %12.1f %8lld %12.1f%s\n", json_int(each, "replicas", 0),
		       json_double(each, "lateSeconds", 0), json_double(each, "readySeconds", 0),
		       json_int(each, "starts", 0), json_double(each, "cost", 0),
		       i == best ? "  <- the least" : "");
	}
}

static void print_models(yajl_val list, const char *chosen)
{
	printf("  loss:");
	for (size_t i = 0; i < json_count(list); i++) {
		const char *model = json_text(json_at(list, i), "model");
		double loss = json_double(json_at(list, i), "loss", -1);

		printf("%s %s%s ", i ? "," : "", model, strcmp(model, chosen) == 0 ? "*" : "");
		if (loss < 0)
			printf("not known yet");
		else
			printf("%.4g", loss);
	}
	printf("\n");
}

static void print_forecast(yajl_val forecast, const char *name)
{
	long long floor = json_int(forecast, "floor", 0);
	bool act = strcmp(json_text(forecast, "mode"), "act") == 0;
	double load = json_double(forecast, "load", -1);

	printf("%s: policy predict, mode %s\n", name, json_text(forecast, "mode"));
	printf("  %s: %s\n",
	       json_bool(forecast, "open") ? "forecasts are believed" : "no forecast is believed",
	       json_text(forecast, "gate"));
	if (load >= 0)
		printf("  load %.3g replicas on target; forecast: at most %.3g in %.0f s (quantile "
		       "%.4g)\n",
		       load, json_double(forecast, "upper", 0),
		       json_double(forecast, "horizonSeconds", 0),
		       json_double(forecast, "quantile", 0));
	printf("  horizon %.4g s: start %.4g s, control %.4g s, drain %.4g s\n",
	       json_double(forecast, "horizonSeconds", 0), json_double(forecast, "startSeconds", 0),
	       json_double(forecast, "controlSeconds", 0),
	       json_double(forecast, "drainSeconds", 0));
	print_models(json_get(forecast, "models"), json_text(forecast, "model"));
	print_candidates(json_get(forecast, "candidates"));
	if (floor > 0)
		printf("  %s at least %lld", act ? "asks for" : "would ask for", floor);
	else
		printf("  asks for nothing");
	if (*json_text(forecast, "why"))
		printf(": %s", json_text(forecast, "why"));
	printf("\n");
}

/* Nothing for a service with another policy. */
static int forecast_once(const char *path, const char *name, struct oci_error *err)
{
	CLEANUP_JSON yajl_val service = NULL, forecast = NULL;
	struct oci_error why = OCI_ERROR_INIT;
	int r = client_get(&service, err, "%s", path);

	if (r < 0 || strcmp(json_text(service, "policy"), "predict") != 0)
		return r;
	r = client_get(&forecast, &why, "%s/forecast", path);
	/* its first round is still to come */
	if (r < 0 && err_kind(&why) == ERR_NOT_FOUND)
		return 0;
	if (r < 0)
		return err_copy(err, &why);
	print_forecast(forecast, name);
	return 0;
}

static int why_once(void *ctx, const char *operand, struct oci_error *err)
{
	struct scale *scale = ctx;
	CLEANUP_JSON yajl_val list = NULL;
	const char *path = NULL;
	struct ref ref = { 0 };
	int r = refs_service_path(&scale->refs, operand, &ref, &path, err);

	if (r == 0)
		r = client_get(&list, err, "%s/decisions?limit=%u", path, scale->limit);
	if (r == 0 && !scale->json)
		r = forecast_once(path, ref.name, err);
	if (r < 0)
		return r;
	return scale->json ? json_print(list, stdout, err) : print_decisions(list, err);
}

/* ---- to a number ---------------------------------------------------------------------------------------------------------- */

static int await(const char *project, const char *name, struct oci_error *err)
{
	CLEANUP_JSON yajl_val answer = NULL;
	int r = client_get(&answer, err, "/v1/projects/%s/wait?timeout=%d", project, WAIT_SECONDS);

	if (r < 0)
		return r;
	if (!json_bool(answer, "settled"))
		return err_set_as(err, ERR_TIMEOUT, ETIMEDOUT, "%s is not ready after %d s", name,
				  WAIT_SECONDS);
	return 0;
}

static int scale_once(void *ctx, const char *operand, struct oci_error *err)
{
	struct scale *scale = ctx;
	CLEANUP_JSON yajl_val answer = NULL;
	const char *equals = strchr(operand, '='), *path, *name;
	char body[64] = "{\"auto\":true}";
	uint32_t count = 0;
	struct ref ref;
	long long admitted;
	int r;

	if (!scale->args->automatic) {
		if (!equals || equals == operand || parse_u32(equals + 1, &count) < 0)
			return err_set_as(err, ERR_USAGE, EINVAL,
					  "'%s': expected SERVICE=NUMBER, such as web=8", operand);
		snprintf(body, sizeof(body), "{\"replicas\":%u}", count);
	}
	name = oci_arena_strndup(&scale->refs.arena, operand,
				 equals ? (size_t)(equals - operand) : strlen(operand));
	if (!name)
		return err_nomem(err);
	r = refs_service_path(&scale->refs, name, &ref, &path, err);
	if (r == 0)
		r = client_post(body, &answer, err, "%s/scale", path);
	if (r < 0)
		return r;
	count = (uint32_t)json_int(answer, "desired", count);
	admitted = json_int(answer, "admitted", count);
	if (!scale->args->detach)
		r = await(client_escape(&scale->refs.arena, ref.project), ref.name, err);
	if (r < 0)
		return r;
	printf("%s: %u wanted, %lld admitted\n", ref.name, count, admitted);
	if (admitted < (long long)count)
		return err_set_as(err, ERR_RESOURCES, ENOSPC, "%s: %lld of %u refused: %s",
				  ref.name, (long long)count - admitted, count,
				  *json_text(answer, "reason") ? json_text(answer, "reason")
							       : "the pool is full");
	return 0;
}

static int scale_run(void *options, char **operands, int count, struct oci_error *err)
{
	const struct scale_args *args = options;
	struct scale scale = { .args = args, .limit = DECISIONS };
	int r = common_format(args->format, &scale.json, err);

	if (r == 0 && args->why && args->automatic)
		r = err_set_as(err, ERR_USAGE, EINVAL, "--auto and --why exclude each other");
	if (r == 0 && args->limit && parse_u32(args->limit, &scale.limit) < 0)
		r = err_set_as(err, ERR_USAGE, EINVAL,
			       "invalid value \"%s\" for --limit: expected a number", args->limit);
	if (r == 0)
		r = refs_load(&scale.refs, err);
	if (r == 0)
		r = common_each("scale", operands, count, args->why ? why_once : scale_once,
				&scale);
	refs_freep(&scale.refs);
	return r;
}

const struct cmd cmd_scale = {
	.command = {
		.name = "scale",
		.usage = "[OPTIONS] SERVICE=N... | --auto SERVICE... | --why SERVICE...",
		.summary = "change how many replicas a service has, or tell why it has so many",
		.opts = scale_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = -1,
	},
	.options_size = sizeof(struct scale_args),
	.run = scale_run,
};
