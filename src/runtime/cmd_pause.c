/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_pause.c - `pause` and `resume`: freeze and thaw a container's processes.
 *
 * The freezer's own state is the truth: nothing is written to the state file,
 * so nothing can contradict it after a crash.
 */
#include "base/error.h"
#include "base/mem.h"
#include "runtime/cmds.h"
#include "runtime/state.h"

struct pause_options {
	char unused;
};

static const struct opt no_opts[] = { { .name = NULL } };

static int pause_run(struct cmd_context *ctx, void *options, char **operands, int count,
		     struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct state *state;
	int r = state_load(&arena, ctx->root, operands[0], &state, err);

	(void)options;
	(void)count;
	if (r < 0)
		return r;
	/* engines look for "container not running" */
	if (state->status != OCI_STATUS_RUNNING && state->status != OCI_STATUS_CREATED)
		return err_set_as(err, ERR_STATE, EINVAL,
				  "container not running or created: it is %s",
				  oci_status_name(state->status));
	return cgroup_freeze(&state->cgroup, true, err);
}

static int resume_run(struct cmd_context *ctx, void *options, char **operands, int count,
		      struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct state *state;
	int r = state_load(&arena, ctx->root, operands[0], &state, err);

	(void)options;
	(void)count;
	if (r < 0)
		return r;
	if (state->status != OCI_STATUS_PAUSED)
		return err_set_as(err, ERR_STATE, EINVAL, "container not paused: it is %s",
				  oci_status_name(state->status));
	return cgroup_freeze(&state->cgroup, false, err);
}

const struct cmd cmd_pause = {
	.command = {
		.name = "pause",
		.usage = "CONTAINER-ID",
		.summary = "suspend all processes of a container",
		.opts = no_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = 1,
	},
	.options_size = sizeof(struct pause_options),
	.run = pause_run,
};

const struct cmd cmd_resume = {
	.command = {
		.name = "resume",
		.usage = "CONTAINER-ID",
		.summary = "continue the processes of a paused container",
		.opts = no_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = 1,
	},
	.options_size = sizeof(struct pause_options),
	.run = resume_run,
};
