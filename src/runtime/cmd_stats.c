/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_stats.c - `stats`: what containers use now, once; a table for people, the lines of `events --stats` for scripts.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "runtime/cmds.h"
#include "runtime/events.h"

struct stats_args {
	const char *format;
};

static const struct opt stats_opts[] = {
	{ "format", 'f', OPT_STRING, offsetof(struct stats_args, format), "FORMAT",
	  "table (default) or json: one object a line" },
	{ .name = NULL },
};

/* ---- the table ---- */

#define COLUMNS 9
#define CELL_MAX 64

static const char *const heads[COLUMNS] = { "ID",    "CPU TIME",   "MEMORY",     "LIMIT",    "PIDS",
					    "LIMIT", "CPU STALLS", "MEM STALLS", "IO STALLS" };

struct row {
	const char *id;
	char cells[COLUMNS][CELL_MAX]; /* cells[0] is not used */
};

/** format_bytes - three digits or so: "12.3M"; "-" for no limit. v1 has the largest number of pages for that. */
static void format_bytes(uint64_t bytes, char buf[CELL_MAX])
{
	static const char units[] = "BKMGTPE";
	uint64_t whole = bytes, tenth = 0;
	size_t unit = 0;

	if (bytes >= INT64_MAX / 4096 * 4096) {
		(void)strcpy(buf, "-");
		return;
	}
	for (; whole >= 1024; unit++) {
		tenth = whole % 1024 * 10 / 1024;
		whole /= 1024;
	}
	if (unit == 0 || whole >= 100)
		(void)snprintf(buf, CELL_MAX, "%" PRIu64 "%c", whole, units[unit]);
	else
		(void)snprintf(buf, CELL_MAX, "%" PRIu64 ".%" PRIu64 "%c", whole, tenth,
			       units[unit]);
}

static void format_count(uint64_t count, char buf[CELL_MAX])
{
	if (count == UINT64_MAX)
		(void)strcpy(buf, "-");
	else
		(void)snprintf(buf, CELL_MAX, "%" PRIu64, count);
}

static void format_pressure(const char *percent, char buf[CELL_MAX])
{
	(void)snprintf(buf, CELL_MAX, "%s%s", percent[0] ? percent : "-", percent[0] ? "%" : "");
}

static void fill_row(const struct state *state, struct row *row)
{
	struct cgroup_brief brief;

	cgroup_stats_brief(&state->cgroup, &brief);
	row->id = state->id;
	(void)snprintf(row->cells[1], CELL_MAX, "%" PRIu64 ".%03" PRIu64 "s",
		       brief.cpu_ns / 1000000000, brief.cpu_ns / 1000000 % 1000);
	format_bytes(brief.memory, row->cells[2]);
	format_bytes(brief.memory_limit, row->cells[3]);
	format_count(brief.pids, row->cells[4]);
	format_count(brief.pids_limit, row->cells[5]);
	format_pressure(brief.cpu_pressure, row->cells[6]);
	format_pressure(brief.memory_pressure, row->cells[7]);
	format_pressure(brief.io_pressure, row->cells[8]);
}

static const char *cell_of(const struct row *row, size_t column)
{
	return column == 0 ? row->id : row->cells[column];
}

static void print_table(const struct row *rows, size_t len)
{
	int width[COLUMNS];

	for (size_t c = 0; c < COLUMNS; c++) {
		width[c] = (int)strlen(heads[c]);
		for (size_t i = 0; i < len; i++)
			if ((int)strlen(cell_of(&rows[i], c)) > width[c])
				width[c] = (int)strlen(cell_of(&rows[i], c));
		width[0] = -(width[0] < 0 ? -width[0] : width[0]); /* IDs to the left */
		printf("%*s%s", width[c], heads[c], c + 1 < COLUMNS ? "  " : "\n");
	}
	for (size_t i = 0; i < len; i++)
		for (size_t c = 0; c < COLUMNS; c++)
			printf("%*s%s", width[c], cell_of(&rows[i], c),
			       c + 1 < COLUMNS ? "  " : "\n");
}

/* ---- the command ---- */

static bool is_running(const struct state *state)
{
	return state->status != OCI_STATUS_STOPPED && state->pid.present;
}

/**
 * find - the containers named, each of which must run; or all that do.
 * @ret: in the arena
 */
static int find(struct cmd_context *ctx, struct oci_arena *arena, char **ids, size_t len,
		bool named, struct state ***ret, size_t *ret_len, struct oci_error *err)
{
	struct state **states = oci_arena_array(arena, len + 1, sizeof(struct state *));
	size_t found = 0;

	if (!states)
		return err_nomem(err);
	for (size_t i = 0; i < len; i++) {
		struct oci_error why = OCI_ERROR_INIT;
		int r = state_load(arena, ctx->root, ids[i], &states[found], named ? err : &why);

		if (r == 0 && named && !is_running(states[found]))
			r = err_set_as(err, ERR_STATE, ESRCH, "container %s is not running",
				       ids[i]);
		if (r < 0 && named)
			return r;
		if (r == 0 && is_running(states[found]))
			found++;
	}
	*ret = states;
	*ret_len = found;
	return 0;
}

static int print_lines(struct state **states, size_t len, bool named, struct oci_error *err)
{
	int r = 0;

	for (size_t i = 0; i < len && r == 0; i++)
		if (named || states[i]->cgroup.mode != CGROUP_MODE_NONE)
			r = event_print_stats(states[i], err);
	return r;
}

static int stats_run(struct cmd_context *ctx, void *options, char **operands, int count,
		     struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	const struct stats_args *args = options;
	bool json = args->format && strcmp(args->format, "json") == 0;
	struct state **states;
	struct row *rows;
	char **ids = operands;
	size_t len = (size_t)count;
	int r = 0;

	if (args->format && !json && strcmp(args->format, "table") != 0)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "unknown format '%s': expected table or json", args->format);
	if (count == 0)
		r = state_list(&arena, ctx->root, &ids, &len, err);
	if (r == 0)
		r = find(ctx, &arena, ids, len, count > 0, &states, &len, err);
	if (r < 0)
		return r;
	if (json)
		return print_lines(states, len, count > 0, err);
	rows = oci_arena_array(&arena, len + 1, sizeof(*rows));
	if (!rows)
		return err_nomem(err);
	for (size_t i = 0; i < len; i++)
		fill_row(states[i], &rows[i]);
	print_table(rows, len);
	return 0;
}

const struct cmd cmd_stats = {
	.command = {
		.name = "stats",
		.usage = "[OPTIONS] [CONTAINER-ID...]",
		.summary = "print what containers use: CPU, memory, processes, pressure",
		.opts = stats_opts,
		.positional_after = -1,
		.min_operands = 0,
		.max_operands = -1,
	},
	.options_size = sizeof(struct stats_args),
	.run = stats_run,
};
