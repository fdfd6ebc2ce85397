/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - dispatch, and the one line of a failure.
 */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "cartefile-to-oci/cmds.h"

#define PROGRAM "cartefile-to-oci"

const struct cmd *const cmd_table[] = {
	&cmd_build, &cmd_bundle, &cmd_diff, &cmd_explain, &cmd_fsck,
	&cmd_gc,    &cmd_images, &cmd_rmi,  &cmd_unpack,  NULL,
};

static void print_help(void)
{
	printf("Usage: " PROGRAM " [COMMAND] [OPTIONS] ...\n\n"
	       "A Cartefile becomes a small OCI image, an image becomes a bundle.\n\nCommands:\n");
	cmd_print_table(cmd_table, stdout);
	printf("\nWithout a command: build. '" PROGRAM
	       " COMMAND --help' tells the options of a command.\n");
}

static void print_version(void)
{
	printf(PROGRAM " version " PACKAGE_VERSION "\n");
#ifdef CARTE_COMMIT
	printf("commit: " CARTE_COMMIT "\n");
#endif
}

/* 4 is of a file or image that is not there, whoever of many callees found out. */
static int exit_status(const struct oci_error *err)
{
	enum err_kind kind = err_kind(err);

	return kind == ERR_FAILED && err->code == ENOENT ? ERR_NOT_FOUND : (int)kind;
}

int main(int argc, char **argv)
{
	static char build_word[] = "build";
	struct log_target log = { .program = PROGRAM };
	struct oci_error err = OCI_ERROR_INIT;
	const struct cmd *cmd;
	int r;

	/* a reader that went away is an error of the write, not the end */
	(void)signal(SIGPIPE, SIG_IGN);
	/* likewise a limit of the size of files (setrlimit(2)): EFBIG, and what was begun is removed */
	(void)signal(SIGXFSZ, SIG_IGN);
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
		argc--;
		argv++;
	} else {
		cmd = &cmd_build;
		argv[0] = build_word;
	}
	r = cmd_call(cmd, PROGRAM, argc, argv, &err);
	if (r >= 0 && fflush(stdout) != 0) {
		r = err_sys(&err, errno, "write to stdout");
	}
	if (r >= 0)
		return r;
	log_failure(&log, &err);
	return exit_status(&err);
}
