/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_kill.c - send a signal to a container.
 */
#include <signal.h>
#include <stddef.h>

#include "base/mem.h"
#include "runtime/cmds.h"
#include "runtime/container.h"
#include "runtime/match.h"
#include "runtime/signals.h"

struct kill_args {
	bool all;
	bool regex;
};

static const struct opt kill_opts[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct kill_args, all), NULL,
	  "signal every process of the container, not only the first" },
	{ "regex", 'r', OPT_FLAG, offsetof(struct kill_args, regex), NULL,
	  "CONTAINER-ID is an extended regular expression; signal all that it matches" },
	{ .name = NULL },
};

static int kill_one(struct cmd_context *ctx, const char *id, int sig, bool all,
		    struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error said = OCI_ERROR_INIT;
	struct state *state;
	int r;

	r = state_load(&arena, ctx->root, id, &state, err);
	if (r < 0)
		return r;
	r = container_signal(ctx->root, state, sig, all, &said);
	/* `kill --all` of a stopped container has nothing to do, and engines count on that */
	if (r < 0 && !(r == -ESRCH && all))
		return err_copy(err, &said);
	return 0;
}

struct kill_each {
	struct cmd_context *ctx;
	int sig;
	bool all;
};

static int kill_matched(const char *id, void *arg, struct oci_error *err)
{
	struct kill_each *each = arg;

	return kill_one(each->ctx, id, each->sig, each->all, err);
}

static int kill_run(struct cmd_context *ctx, void *options, char **operands, int count,
		    struct oci_error *err)
{
	const struct kill_args *args = options;
	struct kill_each each = { ctx, SIGTERM, args->all };
	int r;

	if (count == 2) {
		r = signal_parse(operands[1], &each.sig, err);
		if (r < 0)
			return r;
	}
	if (args->regex)
		return match_containers(ctx->root, operands[0], kill_matched, &each, err);
	return kill_one(ctx, operands[0], each.sig, each.all, err);
}

const struct cmd cmd_kill = {
	.command = {
		.name = "kill",
		.usage = "[OPTIONS] CONTAINER-ID [SIGNAL]",
		.summary = "send a signal (default: TERM) to a container's process",
		.opts = kill_opts,
		.positional_after = 1,
		.min_operands = 1,
		.max_operands = 2,
	},
	.options_size = sizeof(struct kill_args),
	.run = kill_run,
};
