/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_config.c - print a Compose file normalised.
 */
#include <stdio.h>

#include "base/mem.h"
#include "scale/cmds.h"
#include "scale/compose.h"

static const struct opt config_opts[] = { { .name = NULL } };

static int config_run(void *options, char **operands, int count, struct oci_error *err)
{
	(void)options;
	(void)operands;
	(void)count;
	return err_set(err, ENOSYS, "not written yet");
}

const struct cmd cmd_config = {
	.command = {
		.name = "config",
		.usage = "[OPTIONS]",
		.summary = "check a Compose file and print it normalised",
		.opts = config_opts,
		.positional_after = -1,
	},
	.run = config_run,
};
