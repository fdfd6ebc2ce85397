/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_start.c - let a created container run its program.
 */
#include "base/mem.h"
#include "runtime/cmds.h"
#include "runtime/container.h"
#include "runtime/notify_socket.h"

static const struct opt start_opts[] = {
	{ .name = NULL },
};

static int start_run(struct cmd_context *ctx, void *options, char **operands, int count,
		     struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_CLOSE int notify_fd = -EBADF;
	CLEANUP_CLOSE int pidfd = -EBADF;
	struct state *state;
	char *dir;
	int r;

	(void)options;
	(void)count;
	r = state_load(&arena, ctx->root, operands[0], &state, err);
	if (r < 0)
		return r;
	if (getenv("NOTIFY_SOCKET") && state->status == OCI_STATUS_CREATED) {
		dir = oci_arena_printf(&arena, "%s/%s/notify", ctx->root, state->id);
		if (!dir)
			return err_nomem(err);
		notify_fd = notify_socket_open(dir, err);
		if (notify_fd < 0 && notify_fd != -ENOENT)
			return notify_fd;
		pidfd = notify_fd < 0 ? -EBADF : state_pidfd(state, err);
		if (notify_fd >= 0 && pidfd < 0)
			return pidfd;
	}
	r = container_start(ctx->root, state, err);
	if (r == 0 && notify_fd >= 0)
		r = notify_socket_wait(notify_fd, pidfd, (pid_t)state->pid.value, err);
	return r;
}

const struct cmd cmd_start = {
	.command = {
		.name = "start",
		.usage = "CONTAINER-ID",
		.summary = "run the program of a created container",
		.opts = start_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = 1,
	},
	.run = start_run,
};
