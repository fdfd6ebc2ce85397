/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_restore.c - make a running container of the files that checkpoint has written.
 */
#include <signal.h>
#include <stddef.h>

#include "runtime/checkpoint/options.h"
#include "runtime/checkpoint/restore.h"
#include "runtime/cmds.h"
#include "runtime/container.h"
#include "runtime/create_opts.h"
#include "runtime/stay.h"
#include "runtime/terminal.h"

struct restore_args {
	struct create_options create;
	struct cr_words words;
	bool detach;
};

#define WORD(member) offsetof(struct restore_args, words.member)

static const struct opt restore_opts[] = {
	CREATE_OPT_ROWS(struct restore_args),
	CR_OPT_ROWS(struct restore_args),
	{ "detach", 'd', OPT_FLAG, offsetof(struct restore_args, detach), NULL,
	  "return as soon as the container runs" },
	{ "tcp-close", 0, OPT_FLAG, WORD(tcp_close), NULL,
	  "close the TCP connections that were established" },
	{ "lsm-profile", 0, OPT_STRING, WORD(lsm_profile), "TYPE:LABEL",
	  "another label for the processes: selinux:LABEL or apparmor:PROFILE" },
	{ "lsm-mount-context", 0, OPT_STRING, WORD(lsm_mount_context), "CONTEXT",
	  "another SELinux context for the mounts" },
	{ .name = NULL },
};

static int restore_run(struct cmd_context *ctx, void *options, char **operands, int count,
		       struct oci_error *err)
{
	struct restore_args *args = options;
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
	r = restore_container(&creation, ctx, operands[0], &args->create, &args->words, &mask, err);
	opt_list_free(&args->words.empty_ns);
	if (r < 0)
		return r;
	r = container_run_poststart(&creation.state, creation.config, err);
	if (r < 0) {
		create_undo(&creation);
		return r;
	}
	if (!args->detach)
		return container_stay(&creation, -1, &mask, false, err);
	create_free(&creation);
	return 0;
}

const struct cmd cmd_restore = {
	.command = {
		.name = "restore",
		.usage = "[OPTIONS] CONTAINER-ID",
		.summary = "make a container run again from a checkpoint, by criu",
		.opts = restore_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = 1,
	},
	.options_size = sizeof(struct restore_args),
	.run = restore_run,
	.enters_container = true,
};
