/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_version.c - of this program.
 */
#include <stdio.h>

#include "cli/cmds.h"

static const struct opt version_opts[] = { { .name = NULL } };

static int version_run(void *options, char **operands, int count, struct oci_error *err)
{
	(void)options;
	(void)operands;
	(void)count;
	(void)err;
	printf("carte version " PACKAGE_VERSION "\n");
	return 0;
}

const struct cmd cmd_version = {
	.command = {
		.name = "version",
		.usage = "",
		.summary = "print the version",
		.opts = version_opts,
		.positional_after = -1,
	},
	.run = version_run,
};
