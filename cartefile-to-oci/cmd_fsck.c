/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_fsck.c - the store is read, all of it. Exit status 1: something was found.
 */
#include <stdio.h>

#include "cartefile-to-oci/cmds.h"
#include "cartefile-to-oci/store.h"

struct fsck_args {
	const char *store;
	bool repair;
};

static const struct opt fsck_opts[] = {
	CMD_STORE_OPTION(fsck_args),
	{ "repair", 0, OPT_FLAG, offsetof(struct fsck_args, repair), NULL,
	  "remove what is damaged or left over; names stay" },
	{ .name = NULL },
};

static void print_line(void *ctx, const char *line)
{
	(void)ctx;
	puts(line);
}

static int fsck_run(void *options, char **operands, int count, struct oci_error *err)
{
	struct fsck_args *args = options;
	struct store store = STORE_INIT;
	int r = store_open(args->store, &store, err);

	(void)operands;
	(void)count;
	if (r == 0)
		r = store_fsck(&store, args->repair, print_line, NULL, err);
	if (r == 0)
		printf("%s: clean\n", store.path);
	store_close(&store);
	return r > 0 ? (int)ERR_FAILED : r;
}

const struct cmd cmd_fsck = {
	.command = {
		.name = "fsck",
		.usage = "[OPTIONS]",
		.summary = "check that what the store holds is whole",
		.opts = fsck_opts,
		.positional_after = -1,
		.min_operands = 0,
		.max_operands = 0,
	},
	.options_size = sizeof(struct fsck_args),
	.run = fsck_run,
};
