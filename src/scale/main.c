/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - dispatch, and the one line of a failure.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "scale/cmds.h"

#define PROGRAM "carte-scale"
#define FRONT "carte" /* which passes some verbs on, under its own name: src/cli/cmd_forward.c */

const struct cmd *const cmd_table[] = { &cmd_advise, &cmd_backtest, &cmd_config,
					&cmd_drive,  &cmd_export,   &cmd_plan,
					&cmd_serve,  &cmd_simulate, NULL };

static void print_help(void)
{
	printf("Usage: " PROGRAM " COMMAND [OPTIONS] ...\n\n"
	       "Keeps services of many replicas alive on one host.\n\nCommands:\n");
	cmd_print_table(cmd_table, stdout);
	printf("\n'" PROGRAM " COMMAND --help' tells the options of a command.\n");
}

static void print_version(void)
{
	printf(PROGRAM " version " PACKAGE_VERSION "\n");
#ifdef CARTE_COMMIT
	printf("commit: " CARTE_COMMIT "\n");
#endif
}

int main(int argc, char **argv)
{
	const char *name = argc && strcmp(argv[0], FRONT) == 0 ? FRONT : PROGRAM;
	struct log_target log = { .program = name };
	struct oci_error err = OCI_ERROR_INIT;
	const struct cmd *cmd;
	int r;

	/* a reader that went away is an error of the write, not the end */
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_help();
		return argc < 2 ? ERR_USAGE : 0;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-v") == 0) {
		print_version();
		return 0;
	}
	cmd = cmd_find(cmd_table, argv[1]);
	if (cmd)
		r = cmd_call(cmd, name, argc - 1, argv + 1, &err);
	else
		r = err_set_as(&err, ERR_USAGE, EINVAL,
			       "no command %s; '" PROGRAM " --help' lists them", argv[1]);
	/* as it says what is wrong with its own */
	if (r < 0 && cmd && strcmp(name, FRONT) == 0)
		err_prefix(&err, "%s: ", cmd->command.name);
	if (r >= 0 && fflush(stdout) != 0)
		r = err_sys(&err, errno, "write to stdout");
	if (r >= 0)
		return r;
	log_failure(&log, &err);
	return (int)err_kind(&err);
}
