/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_stats.c - what containers use; top, the processes of one, or all of it on a page.
 */
#include <string.h>

#include "cli/common.h"
#include "cli/screen.h"
#include "cli/start.h"
#include "cli/user.h"

#define PERIOD_MS 1000

struct stats_args {
	bool no_stream, all, no_trunc;
	const char *format;
	char **operands;
	int count;
};

static const struct opt stats_opts[] = {
	{ "all", 'a', OPT_IGNORED_FLAG, 0, NULL,
	  "accepted for compatibility; what does not run uses nothing" },
	FORMAT_OPTION(struct stats_args),
	{ "no-stream", 0, OPT_FLAG, offsetof(struct stats_args, no_stream), NULL,
	  "print once; so too when standard output is no terminal" },
	{ "no-trunc", 0, OPT_FLAG, offsetof(struct stats_args, no_trunc), NULL,
	  "whole IDs, lines are not cut" },
	{ .name = NULL },
};

/* ---- rows ------------------------------------------------------------------------------------------------------------- */

static void put_percent(struct table *table, yajl_val stats, const char *key, double warn)
{
	double value = json_double(stats, key, -1);

	if (value < 0)
		table_cell(table, GREY, "-");
	else
		table_cell(table, value >= warn ? YELLOW : PLAIN, "%.1f%%", value);
}

static void put_memory(struct table *table, yajl_val stats)
{
	long long used = json_int(stats, "memory", -1), limit = json_int(stats, "memoryLimit", -1);
	double share = limit > 0 && used >= 0 ? 100.0 * (double)used / (double)limit : -1;

	if (used < 0)
		table_cell(table, GREY, "-");
	else
		table_cell(table, PLAIN, "%s", words_size(&table->arena, used));
	if (limit > 0)
		table_cell(table, PLAIN, "%s", words_size(&table->arena, limit));
	else
		table_cell(table, GREY, "-");
	if (share >= 0)
		table_cell(table,
			   share >= 90   ? RED
			   : share >= 75 ? YELLOW
					 : PLAIN,
			   "%.1f%%", share);
	else
		table_cell(table, GREY, "-");
}

static const char *const stats_heads[] = { "ID",    "NAME", "CPU",      "MEMORY", "LIMIT",
					   "MEM %", "PIDS", "PRESSURE", NULL };

static void put_stats(struct table *table, yajl_val stats, bool whole)
{
	long long pids = json_int(stats, "pids", -1);

	table_cell(table, PLAIN, "%.*s", whole ? 64 : SHORT_ID, json_text(stats, "id"));
	table_cell(table, BOLD, "%s", json_text(stats, "name"));
	put_percent(table, stats, "cpuPercent", 1e9);
	put_memory(table, stats);
	if (pids < 0)
		table_cell(table, GREY, "-");
	else
		table_cell(table, PLAIN, "%lld", pids);
	put_percent(table, stats, "cpuPressure", 20);
}

/* ---- which ------------------------------------------------------------------------------------------------------------ */

static bool is_operand(struct refs *refs, const struct stats_args *args, yajl_val stats)
{
	for (int i = 0; i < args->count; i++) {
		struct ref ref;

		if (refs_find(refs, args->operands[i], &ref, NULL) == 0 && ref_means(&ref, stats))
			return true;
	}
	return args->count == 0;
}

static int check_operands(struct refs *refs, const struct stats_args *args, struct oci_error *err)
{
	struct ref ref;
	int r = refs_load(refs, err);

	for (int i = 0; r == 0 && i < args->count; i++)
		r = refs_find(refs, args->operands[i], &ref, err);
	return r;
}

static int read_stats(const struct stats_args *args, yajl_val *ret, struct oci_error *err)
{
	CLEANUP_REFS struct refs refs = { 0 };
	int r = args->count ? check_operands(&refs, args, err) : 0;
	size_t kept = 0;

	if (r == 0)
		r = client_get(ret, err, "/v1/stats");
	for (size_t i = 0; r == 0 && i < json_count(*ret); i++) {
		yajl_val stats = json_at(*ret, i);

		if (is_operand(&refs, args, stats))
			(*ret)->u.array.values[kept++] = stats;
		else
			yajl_tree_free(stats);
	}
	if (r == 0 && YAJL_IS_ARRAY(*ret))
		(*ret)->u.array.len = kept;
	return r;
}

static int draw_stats(void *ctx, FILE *out, struct oci_error *err)
{
	const struct stats_args *args = ctx;
	CLEANUP_JSON yajl_val list = NULL;
	CLEANUP_TABLE struct table table = { 0 };
	int r = read_stats(args, &list, err);

	if (r < 0)
		return r;
	table_start(&table, stats_heads);
	for (size_t i = 0; i < json_count(list); i++)
		put_stats(&table, json_at(list, i), args->no_trunc);
	return table_print(&table, out, args->no_trunc ? 0 : (size_t)term_width(), err);
}

static int stats_run(void *options, char **operands, int count, struct oci_error *err)
{
	struct stats_args *args = options;
	CLEANUP_JSON yajl_val list = NULL;
	bool json;
	int r = common_format(args->format, &json, err);

	if (r < 0)
		return r;
	args->operands = operands;
	args->count = count;
	if (json) {
		r = read_stats(args, &list, err);
		return r < 0 ? r : json_print(list, stdout, err);
	}
	if (args->no_stream)
		return draw_stats(args, stdout, err);
	return screen_run(PERIOD_MS, draw_stats, args, err);
}

const struct cmd cmd_stats = {
	.command = {
		.name = "stats",
		.usage = "[OPTIONS] [CONTAINER|SERVICE...]",
		.summary = "show what containers use: CPU, memory, processes, pressure",
		.opts = stats_opts,
		.positional_after = -1,
		.max_operands = -1,
	},
	.options_size = sizeof(struct stats_args),
	.run = stats_run,
};

/* ---- top -------------------------------------------------------------------------------------------------------------- */

static const struct opt top_opts[] = { { .name = NULL } };

static void put_pool(FILE *out, yajl_val info, struct oci_arena *arena)
{
	yajl_val pool = json_get(info, "pool");
	long long cpu = json_int(pool, "cpuMilli", -1), memory = json_int(pool, "memory", -1);
	long long available = json_int(pool, "available", -1);

	fprintf(out, "carte %s", json_text(info, "version"));
	if (cpu >= 0)
		fprintf(out, "   %.1f processors", (double)cpu / 1000);
	if (memory >= 0)
		fprintf(out, "   memory %s", words_size(arena, memory));
	if (available >= 0)
		fprintf(out, ", %s available", words_size(arena, available));
	if (*json_text(pool, "limitedBy"))
		fprintf(out, "   limited by %s", json_text(pool, "limitedBy"));
	fprintf(out, "%s\n\n", isatty(STDOUT_FILENO) ? "   q: quit" : "");
}

static int put_services(FILE *out, struct oci_error *err)
{
	static const char *const heads[] = { "SERVICE", "WANTED", "READY", "RUNNING",
					     "POLICY",  "NOTE",   NULL };
	CLEANUP_JSON yajl_val list = NULL;
	CLEANUP_TABLE struct table table = { 0 };
	int r = client_get(&list, err, "/v1/services");

	if (r < 0)
		return r;
	table_start(&table, heads);
	for (size_t i = 0; i < json_count(list); i++) {
		yajl_val service = json_at(list, i);
		long long desired = json_int(service, "desired", 0);
		long long ready = json_int(service, "ready", 0);
		const char *rollout = json_text(service, "rollout");

		table_cell(&table, BOLD, "%s/%s", json_text(service, "project"),
			   json_text(service, "name"));
		table_cell(&table, PLAIN, "%lld", desired);
		table_cell(&table, ready >= desired ? GREEN : YELLOW, "%lld", ready);
		table_cell(&table, PLAIN, "%lld", json_int(service, "running", 0));
		table_cell(&table, PLAIN, "%s", json_text(service, "policy"));
		table_cell(&table, PLAIN, "%s", *rollout ? rollout : json_text(service, "reason"));
	}
	r = table_print(&table, out, (size_t)term_width(), err);
	(void)putc('\n', out);
	return r;
}

static int draw_top(void *ctx, FILE *out, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_JSON yajl_val info = NULL;
	int r = client_get(&info, err, "/v1/info");

	if (r < 0)
		return r;
	put_pool(out, info, &arena);
	r = put_services(out, err);
	return r < 0 ? r : draw_stats(ctx, out, err);
}

static int top_run(void *options, char **operands, int count, struct oci_error *err)
{
	CLEANUP_JSON yajl_val container = NULL;
	CLEANUP_WORDS struct words words = { 0 };
	struct stats_args all = { 0 };
	char runtime[PATH_MAX];
	int r;

	(void)options;
	if (count == 0)
		return screen_run(PERIOD_MS, draw_top, &all, err);
	r = common_container(operands[0], &container, err);
	if (r == 0)
		r = container_runtime(container, runtime, err);
	if (r < 0)
		return r;
	words_add(&words, runtime);
	words_add_option(&words, "--root", json_text(container, "runtimeRoot"));
	words_add(&words, "ps");
	words_add(&words, json_text(container, "id"));
	for (int i = 1; i < count; i++)
		words_add(&words, operands[i]);
	r = words_end(&words, err);
	return r < 0 ? r : start_instead(words.items, err);
}

const struct cmd cmd_top = {
	.command = {
		.name = "top",
		.usage = "[CONTAINER [PS-OPTION...]]",
		.summary = "show services and containers on a page; of a container: its processes",
		.opts = top_opts,
		.positional_after = 1,
		.max_operands = -1,
	},
	.run = top_run,
};
