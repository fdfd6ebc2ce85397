/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_list.c - the containers below the state root.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "runtime/cmds.h"
#include "runtime/state.h"

struct list_args {
	const char *format;
	bool quiet;
};

static const struct opt list_opts[] = {
	{ "format", 'f', OPT_STRING, offsetof(struct list_args, format), "FORMAT",
	  "table (default) or json" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct list_args, quiet), NULL, "print only the IDs" },
	{ .name = NULL },
};

static int print_table(const struct oci_state *states, size_t len)
{
	static const char *const heads[] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" };
	size_t width[ARRAY_LEN(heads)];

	for (size_t c = 0; c < ARRAY_LEN(heads); c++)
		width[c] = strlen(heads[c]);
	for (size_t pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i <= len; i++) {
			const struct oci_state *s = i ? &states[i - 1] : NULL;
			char pid[24] = "";

			if (s)
				snprintf(pid, sizeof(pid), "%lld", (long long)s->pid.value);
			for (size_t c = 0; c < ARRAY_LEN(heads); c++) {
				const char *cells[] = { s ? s->id : NULL,
							pid,
							s ? oci_status_name(s->status) : NULL,
							s ? s->bundle : NULL,
							s ? s->created : NULL,
							s ? s->owner : NULL };
				const char *cell = s ? (cells[c] ? cells[c] : "") : heads[c];

				if (pass == 0 && strlen(cell) > width[c])
					width[c] = strlen(cell);
				if (pass == 1)
					printf("%-*s%s",
					       c + 1 < ARRAY_LEN(heads) ? (int)width[c] : 0, cell,
					       c + 1 < ARRAY_LEN(heads) ? "   " : "\n");
			}
		}
	}
	return 0;
}

static int print_json(const struct oci_state *states, size_t len, struct oci_error *err)
{
	printf("[");
	for (size_t i = 0; i < len; i++) {
		CLEANUP_FREE char *text = NULL;
		size_t length;
		int r = oci_state_emit(&states[i], 0, &text, &length, err);

		if (r < 0)
			return r;
		printf("%s%s", i ? "," : "", text);
	}
	printf("]\n");
	return 0;
}

static int list_run(struct cmd_context *ctx, void *options, char **operands, int count,
		    struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	const struct list_args *args = options;
	bool json = args->format && strcmp(args->format, "json") == 0;
	struct oci_state *states;
	size_t len, found = 0;
	char **ids;
	int r;

	(void)operands;
	(void)count;
	if (args->format && !json && strcmp(args->format, "table") != 0)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "unknown format '%s': expected table or json", args->format);
	r = state_list(&arena, ctx->root, &ids, &len, err);
	if (r < 0)
		return r;
	states = oci_arena_array(&arena, len + 1, sizeof(*states));
	if (!states)
		return err_nomem(err);
	for (size_t i = 0; i < len; i++) {
		struct state *state;

		if (args->quiet) {
			puts(ids[i]);
			continue;
		}
		/* deleted while we look, or half-made: not a container to be listed */
		if (state_load(&arena, ctx->root, ids[i], &state, NULL) == 0)
			state_to_oci(state, state->status, &states[found++]);
	}
	if (!args->quiet)
		r = json ? print_json(states, found, err) : print_table(states, found);
	if (r == 0 && fflush(stdout) != 0)
		return err_sys(err, errno, "write to stdout");
	return r;
}

const struct cmd cmd_list = {
	.command = {
		.name = "list",
		.usage = "[OPTIONS]",
		.summary = "list the containers",
		.opts = list_opts,
		.positional_after = -1,
		.min_operands = 0,
		.max_operands = 0,
	},
	.options_size = sizeof(struct list_args),
	.run = list_run,
};
