/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_ps.c - the containers.
 */
#include <string.h>

#include "cli/common.h"

struct ps_args {
	bool all, quiet, no_trunc, latest;
	const char *format;
	struct opt_list filters;
};

static const struct opt ps_opts[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct ps_args, all), NULL, "those that ended too" },
	{ "filter", 0, OPT_LIST, offsetof(struct ps_args, filters), "KEY=VALUE",
	  "name, id, project, service, image, state or health; repeatable" },
	FORMAT_OPTION(struct ps_args),
	{ "latest", 'l', OPT_FLAG, offsetof(struct ps_args, latest), NULL,
	  "only the one that was made last, running or not" },
	{ "no-trunc", 0, OPT_FLAG, offsetof(struct ps_args, no_trunc), NULL,
	  "whole IDs and commands" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct ps_args, quiet), NULL, "only the IDs" },
	{ .name = NULL },
};

/* ---- filters ------------------------------------------------------------------------------------------------------- */

static const struct ps_filter {
	const char *key, *member;
	enum { WHOLE, PART, BEGIN } how;
} ps_filters[] = {
	{ "name", "name", PART },        { "id", "id", BEGIN },
	{ "project", "project", WHOLE }, { "service", "service", WHOLE },
	{ "image", "image", PART },      { "ancestor", "image", PART },
	{ "state", "state", WHOLE },     { "status", "state", WHOLE },
	{ "health", "health", WHOLE },
};

static const struct ps_filter *find_filter(const char *text, const char **ret_value)
{
	for (size_t i = 0; i < ARRAY_LEN(ps_filters); i++) {
		size_t length = strlen(ps_filters[i].key);

		if (strncmp(text, ps_filters[i].key, length) == 0 && text[length] == '=') {
			*ret_value = text + length + 1;
			return &ps_filters[i];
		}
	}
	return NULL;
}

static int check_filters(const struct ps_args *args, struct oci_error *err)
{
	const char *value;

	for (size_t i = 0; i < args->filters.len; i++)
		if (!find_filter(args->filters.items[i], &value))
			return err_set_as(err, ERR_USAGE, EINVAL,
					  "invalid value \"%s\" for --filter: expected name=, id=, "
					  "project=, service=, image=, state= or health=",
					  args->filters.items[i]);
	return 0;
}

/* docker's and podman's words for our states */
static bool state_matches(yajl_val container, const char *value)
{
	const char *state = json_text(container, "state");

	if (strcmp(value, "running") == 0)
		return container_runs(container) && !json_bool(container, "paused");
	if (strcmp(value, "paused") == 0)
		return json_bool(container, "paused");
	return strcmp(state, value) == 0;
}

static bool filter_matches(yajl_val container, const char *text)
{
	const char *value = "";
	const struct ps_filter *filter = find_filter(text, &value);
	const char *have = filter ? json_text(container, filter->member) : "";

	if (!filter) /* they were checked */
		return false;
	if (strcmp(filter->member, "state") == 0)
		return state_matches(container, value);
	switch (filter->how) {
	case PART:
		return strstr(have, value) != NULL;
	case BEGIN:
		return strncmp(have, value, strlen(value)) == 0;
	default:
		return strcmp(have, value) == 0;
	}
}

/* Of one key any value, of several keys all. */
static bool ps_shows(const struct ps_args *args, yajl_val container)
{
	for (size_t i = 0; i < args->filters.len; i++) {
		const char *text = args->filters.items[i];
		size_t length = strcspn(text, "=") + 1;
		bool any = false;

		for (size_t j = 0; j < args->filters.len; j++)
			if (strncmp(args->filters.items[j], text, length) == 0)
				any |= filter_matches(container, args->filters.items[j]);
		if (!any)
			return false;
	}
	return true;
}

/* ---- printing ------------------------------------------------------------------------------------------------------ */

static enum colour state_colour(const char *state)
{
	if (strcmp(state, "ready") == 0)
		return GREEN;
	if (strcmp(state, "failed") == 0 || strcmp(state, "unhealthy") == 0)
		return RED;
	return strcmp(state, "exited") == 0 ? GREY : YELLOW;
}

static const char *health_words(yajl_val container)
{
	const char *health = json_text(container, "health");

	if (strcmp(health, "healthy") == 0)
		return " (healthy)";
	if (strcmp(health, "unhealthy") == 0)
		return " (unhealthy)";
	return strcmp(health, "starting") == 0 ? " (starting)" : "";
}

static const char *ago(struct oci_arena *arena, const char *time)
{
	const char *age = words_age(arena, time);
	const char *text = *age ? oci_arena_printf(arena, "%s ago", age) : NULL;

	return text ? text : "-";
}

static void put_status(struct table *table, yajl_val container)
{
	const char *state = json_text(container, "state"), *reason = json_text(container, "reason");
	enum colour colour = state_colour(state);
	long long status = json_int(container, "exitStatus", -1);
	const char *age;

	if (container_runs(container)) {
		age = words_age(&table->arena, json_text(container, "started"));
		if (json_bool(container, "paused"))
			table_cell(table, YELLOW, "Up %s (paused)", age);
		else if (strcmp(state, "draining") == 0)
			table_cell(table, YELLOW, "Up %s (draining)", age);
		else
			table_cell(table, colour, "Up %s%s", age, health_words(container));
		return;
	}
	if (strcmp(state, "exited") == 0) {
		age = ago(&table->arena, json_text(container, "exited"));
		if (status < 0)
			table_cell(table, colour, "Exited (unknown) %s", age);
		else
			table_cell(table, status ? RED : colour, "Exited (%lld)%s %s", status,
				   json_bool(container, "oomKilled") ? " out of memory" : "", age);
		return;
	}
	if (*state)
		table_cell(table, colour, "%c%s%s%s", *state & ~0x20, state + 1,
			   *reason ? ": " : "", reason);
	else
		table_cell(table, PLAIN, "-");
}

static const char *join(struct oci_arena *arena, yajl_val array, const char *between)
{
	const char *text = "";

	for (size_t i = 0; text && i < json_count(array); i++) {
		yajl_val item = json_at(array, i);

		text = oci_arena_printf(arena, "%s%s%s", text, i ? between : "",
					YAJL_IS_STRING(item) ? item->u.string : "");
	}
	return text ? text : "";
}

/* One text, or the words. */
static const char *command_of(struct oci_arena *arena, yajl_val container)
{
	yajl_val command = json_get(container, "command");

	return YAJL_IS_STRING(command) ? command->u.string : join(arena, command, " ");
}

#define COMMAND_COLUMNS 24

static void put_row(struct table *table, yajl_val container, bool whole)
{
	const char *command = command_of(&table->arena, container);
	bool cut = !whole && term_columns(command) > COMMAND_COLUMNS;
	const char *ports = join(&table->arena, json_get(container, "ports"), ", ");
	const char *address = json_text(container, "address");

	table_cell(table, PLAIN, "%.*s", whole ? 64 : SHORT_ID, json_text(container, "id"));
	table_cell(table, BOLD, "%s", json_text(container, "name"));
	table_cell(table, PLAIN, "%s", json_text(container, "image"));
	table_cell(table, PLAIN, "%.*s%s", cut ? COMMAND_COLUMNS - 3 : (int)strlen(command),
		   command, cut ? "..." : "");
	table_cell(table, PLAIN, "%s", ago(&table->arena, json_text(container, "created")));
	put_status(table, container);
	table_cell(table, PLAIN, "%s", *address ? address : "-");
	table_cell(table, PLAIN, "%s", ports);
}

/* The rows that are shown, in place: what is not becomes shorter. */
static void keep_shown(const struct ps_args *args, yajl_val list)
{
	size_t kept = 0, count = json_count(list);

	if (!YAJL_IS_ARRAY(list))
		return;
	for (size_t i = 0; i < count; i++) {
		yajl_val container = list->u.array.values[i];

		if (ps_shows(args, container))
			list->u.array.values[kept++] = container;
		else
			yajl_tree_free(container);
	}
	list->u.array.len = kept;
}

static void keep_latest(yajl_val list)
{
	size_t count = json_count(list), best = 0;
	yajl_val swap;

	if (!YAJL_IS_ARRAY(list) || count < 2)
		return;
	for (size_t i = 1; i < count; i++)
		if (time_parse(json_text(json_at(list, i), "created")) >=
		    time_parse(json_text(json_at(list, best), "created")))
			best = i;
	swap = list->u.array.values[0];
	list->u.array.values[0] = list->u.array.values[best];
	list->u.array.values[best] = swap;
	for (size_t i = 1; i < count; i++)
		yajl_tree_free(list->u.array.values[i]);
	list->u.array.len = 1;
}

static int print_table(const struct ps_args *args, yajl_val list, struct oci_error *err)
{
	static const char *const heads[] = { "ID",     "NAME",    "IMAGE", "COMMAND", "CREATED",
					     "STATUS", "ADDRESS", "PORTS", NULL };
	CLEANUP_TABLE struct table table = { 0 };

	table_start(&table, heads);
	for (size_t i = 0; i < json_count(list); i++)
		put_row(&table, json_at(list, i), args->no_trunc);
	return table_print(&table, stdout, args->no_trunc ? 0 : (size_t)term_width(), err);
}

static int ps_run(void *options, char **operands, int count, struct oci_error *err)
{
	struct ps_args *args = options;
	CLEANUP_JSON yajl_val list = NULL;
	bool json;
	int r = common_format(args->format, &json, err);

	(void)operands;
	(void)count;
	if (r == 0)
		r = check_filters(args, err);
	/* who asks for a state wants those that are in it */
	for (size_t i = 0; i < args->filters.len; i++)
		args->all |= strncmp(args->filters.items[i], "sta", 3) == 0;
	if (r == 0)
		r = client_get(&list, err, "/v1/containers%s",
			       args->all || args->latest ? "?all=1" : "");
	if (r < 0) {
		opt_list_free(&args->filters);
		return r;
	}
	keep_shown(args, list);
	if (args->latest)
		keep_latest(list);
	opt_list_free(&args->filters);
	if (json)
		return json_print(list, stdout, err);
	if (!args->quiet)
		return print_table(args, list, err);
	for (size_t i = 0; i < json_count(list); i++)
		printf("%.*s\n", args->no_trunc ? 64 : SHORT_ID, json_text(json_at(list, i), "id"));
	return 0;
}

const struct cmd cmd_ps = {
	.command = {
		.name = "ps",
		.usage = "[OPTIONS]",
		.summary = "list containers",
		.opts = ps_opts,
		.positional_after = -1,
	},
	.options_size = sizeof(struct ps_args),
	.run = ps_run,
};
