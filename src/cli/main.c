/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - dispatch, and the one line of a failure.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "cli/cmds.h"

#define PROGRAM "carte"

const struct cmd *const cmd_table[] = {
	&cmd_advise,   &cmd_attach,   &cmd_backtest, &cmd_build,   &cmd_completion, &cmd_config,
	&cmd_cp,       &cmd_doctor,   &cmd_down,     &cmd_events,  &cmd_exec,       &cmd_export,
	&cmd_help,     &cmd_history,  &cmd_images,   &cmd_inspect, &cmd_kill,       &cmd_load,
	&cmd_logs,     &cmd_pause,    &cmd_ps,       &cmd_restart, &cmd_resume,     &cmd_rm,
	&cmd_rmi,      &cmd_rollback, &cmd_rollout,  &cmd_run,     &cmd_save,       &cmd_scale,
	&cmd_services, &cmd_simulate, &cmd_start,    &cmd_stats,   &cmd_stop,       &cmd_system,
	&cmd_top,      &cmd_unpause,  &cmd_up,       &cmd_version, &cmd_wait,       NULL,
};

static void print_help(void)
{
	printf("Usage: " PROGRAM " COMMAND [OPTIONS] ...\n\n"
	       "Builds images from Cartefiles, runs containers and services of many "
	       "replicas.\n\nCommands:\n");
	cmd_print_table(cmd_table, stdout);
	printf("\nOptions:\n"
	       "  -v, --version  print the version\n"
	       "  -h, --help     print this help\n"
	       "\n'" PROGRAM " COMMAND --help' tells the options of a command.\n");
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
	struct log_target log = { .program = PROGRAM };
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
	if (cmd) {
		r = cmd_call(cmd, PROGRAM, argc - 1, argv + 1, &err);
		if (r < 0)
			err_prefix(&err, "%s: ", cmd->command.name);
	} else {
		r = err_set_as(&err, ERR_USAGE, EINVAL,
			       "no command %s; '" PROGRAM " --help' lists them", argv[1]);
	}
	if (r >= 0 && fflush(stdout) != 0)
		r = err_sys(&err, errno, "write to stdout");
	if (r >= 0)
		return r;
	log_failure(&log, &err);
	return (int)err_kind(&err);
}
