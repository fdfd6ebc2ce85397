/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_state.c - print a container's state (runtime.md#query-state).
 */
#include "base/io.h"
#include "base/mem.h"
#include "runtime/cmds.h"
#include "runtime/state.h"

static const struct opt state_opts[] = {
	{ .name = NULL },
};

static int state_run(struct cmd_context *ctx, void *options, char **operands, int count,
		     struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_FREE char *text = NULL;
	struct oci_state document;
	struct state *state;
	size_t length;
	int r;

	(void)options;
	(void)count;
	r = state_load(&arena, ctx->root, operands[0], &state, err);
	if (r < 0)
		return r;
	state_to_oci(state, state->status, &document);
	r = oci_state_emit(&document, OCI_EMIT_INDENT, &text, &length, err);
	if (r < 0)
		return r;
	r = io_write_all(STDOUT_FILENO, text, length);
	return r < 0 ? err_sys(err, -r, "write to stdout") : 0;
}

const struct cmd cmd_state = {
	.command = {
		.name = "state",
		.usage = "CONTAINER-ID",
		.summary = "print the state of a container, as JSON",
		.opts = state_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = 1,
	},
	.run = state_run,
};
