/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_create.c - make a container and leave it before its program.
 */
#include <signal.h>
#include <stddef.h>

#include "base/mem.h"
#include "runtime/cmds.h"
#include "runtime/create.h"
#include "runtime/create_opts.h"

struct create_args {
	struct create_options create;
};

static const struct opt create_opts[] = {
	CREATE_OPT_ROWS(struct create_args),
	{ .name = NULL },
};

static int create_run(struct cmd_context *ctx, void *options, char **operands, int count,
		      struct oci_error *err)
{
	struct create_args *args = options;
	struct creation creation;
	sigset_t mask;
	int r;

	(void)count;
	args->create.io.detach = true;
	sigprocmask(SIG_SETMASK, NULL, &mask);
	r = create_container(&creation, ctx, operands[0], &args->create, &mask, err);
	if (r < 0)
		return r;
	create_free(&creation);
	return 0;
}

const struct cmd cmd_create = {
	.command = {
		.name = "create",
		.usage = "[OPTIONS] CONTAINER-ID",
		.summary = "create a container; start makes it run its program",
		.opts = create_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = 1,
	},
	.options_size = sizeof(struct create_args),
	.run = create_run,
	.enters_container = true,
};
