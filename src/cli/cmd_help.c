/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_help.c - help and completion: this program once more, or bash's words.
 */
#include <string.h>

#include "cli/common.h"
#include "cli/start.h"

static const struct opt no_opts[] = { { .name = NULL } };

static int help_run(void *options, char **operands, int count, struct oci_error *err)
{
	(void)options;
	return start_instead((const char *const[]){ "/proc/self/exe",
						    count ? operands[0] : "--help",
						    count ? "--help" : NULL, NULL },
			     err);
}

const struct cmd cmd_help = {
	.command = {
		.name = "help",
		.usage = "[COMMAND]",
		.summary = "print the commands, or the options of one",
		.opts = no_opts,
		.positional_after = -1,
		.max_operands = 1,
	},
	.run = help_run,
};

/* The words come from --help each time, so that they cannot differ from it. */
static const char *const bash[] = {
#include "completion.inc"
	NULL
};

static int completion_run(void *options, char **operands, int count, struct oci_error *err)
{
	(void)options;
	if (count && strcmp(operands[0], "bash") != 0)
		return err_set_as(err, ERR_USAGE, EINVAL, "only bash has words here, not %s",
				  operands[0]);
	for (size_t i = 0; bash[i]; i++)
		puts(bash[i]);
	return 0;
}

const struct cmd cmd_completion = {
	.command = {
		.name = "completion",
		.usage = "[bash]",
		.summary = "print the completion of a shell: source <(carte completion bash)",
		.opts = no_opts,
		.positional_after = -1,
		.max_operands = 1,
	},
	.run = completion_run,
};
