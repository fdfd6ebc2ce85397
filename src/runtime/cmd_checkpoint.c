/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_checkpoint.c - write a running container to images that restore makes one of again.
 */
#include <stddef.h>

#include "runtime/checkpoint/dump.h"
#include "runtime/checkpoint/options.h"
#include "runtime/cmds.h"

struct checkpoint_args {
	struct cr_words words;
};

#define WORD(member) offsetof(struct checkpoint_args, words.member)

static const struct opt checkpoint_opts[] = {
	CR_OPT_ROWS(struct checkpoint_args),
	{ "pre-dump", 0, OPT_FLAG, WORD(pre_dump), NULL,
	  "write the memory only and leave it running; a later dump names this one as its parent" },
	{ "leave-running", 0, OPT_FLAG, WORD(leave_running), NULL, "do not stop the container" },
	{ "tcp-skip-in-flight", 0, OPT_FLAG, WORD(tcp_skip_in_flight), NULL,
	  "leave out TCP connections that are not established yet" },
	{ "link-remap", 0, OPT_FLAG, WORD(link_remap), NULL,
	  "give names back to files that are open but deleted" },
	{ "page-server", 0, OPT_STRING, WORD(page_server), "ADDRESS:PORT",
	  "send the memory to a criu page-server there" },
	{ "status-fd", 0, OPT_STRING, WORD(status_fd), "FD",
	  "write a NUL byte there when the lazy page server is ready" },
	{ "network-lock", 0, OPT_STRING, WORD(network_lock), "METHOD",
	  "iptables, nftables or skip: how connections are held still" },
	{ .name = NULL },
};

static int checkpoint_run(struct cmd_context *ctx, void *options, char **operands, int count,
			  struct oci_error *err)
{
	struct checkpoint_args *args = options;
	int r;

	(void)count;
	r = dump_container(ctx, operands[0], &args->words, err);
	opt_list_free(&args->words.empty_ns);
	return r;
}

const struct cmd cmd_checkpoint = {
	.command = {
		.name = "checkpoint",
		.usage = "[OPTIONS] CONTAINER-ID",
		.summary = "write a running container to files, by criu",
		.opts = checkpoint_opts,
		.positional_after = -1,
		.min_operands = 1,
		.max_operands = 1,
	},
	.options_size = sizeof(struct checkpoint_args),
	.run = checkpoint_run,
};
