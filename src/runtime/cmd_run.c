/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_run.c - create, start, and, unless detached, stay until the program ends and clean up.
 */
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/cmds.h"
#include "runtime/container.h"
#include "runtime/create.h"
#include "runtime/create_opts.h"
#include "runtime/stay.h"
#include "runtime/terminal.h"

struct run_args {
	struct create_options create;
	bool detach;
	bool keep;
};

static const struct opt run_opts[] = {
	CREATE_OPT_ROWS(struct run_args),
	{ "detach", 'd', OPT_FLAG, offsetof(struct run_args, detach), NULL,
	  "return as soon as the program runs" },
	{ "keep", 0, OPT_FLAG, offsetof(struct run_args, keep), NULL,
	  "do not delete the container when its program has ended" },
	{ .name = NULL },
};

static int start(struct creation *c, int notify_fd, bool detach, struct oci_error *err)
{
	int r = launch_start(&c->launch, err);

	if (r == 0)
		r = container_run_poststart(&c->state, c->config, err);
	if (r == 0 && detach && notify_fd >= 0)
		r = notify_socket_wait(notify_fd, c->launch.pidfd, c->launch.pid, err);
	return r;
}

static int run_run(struct cmd_context *ctx, void *options, char **operands, int count,
		   struct oci_error *err)
{
	CLEANUP_CLOSE int notify_fd = -EBADF;
	struct run_args *args = options;
	struct creation creation;
	sigset_t mask;
	int r;

	(void)count;
	args->create.start = true;
	args->create.io.detach = args->detach;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	if (!args->detach) {
		r = foreground_block_signals(&mask, err);
		if (r < 0)
			return r;
	}
	r = create_container(&creation, ctx, operands[0], &args->create, &mask, err);
	if (r < 0)
		return r;
	if (creation.notify) {
		notify_fd = notify_socket_open(creation.notify->dir, err);
		r = notify_fd < 0 ? notify_fd : 0;
	}
	if (r == 0)
		r = start(&creation, notify_fd, args->detach, err);
	if (r < 0) {
		create_undo(&creation);
		return r;
	}
	if (!args->detach)
		return container_stay(&creation, notify_fd, &mask, args->keep, err);
	create_free(&creation);
	return 0;
}

const struct cmd cmd_run = {
	.command = {
		.name = "run",
		.usage = "[OPTIONS] CONTAINER-ID",
		.summary = "create and start a container, wait for it and delete it",
		.opts = run_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = 1,
	},
	.options_size = sizeof(struct run_args),
	.run = run_run,
	/* the others are the program's */
	.failure_status = ERR_FAILED,
	.enters_container = true,
};
