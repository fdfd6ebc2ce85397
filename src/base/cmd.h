/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd.h - programs of many verbs: a table of rows, one cmd_x.c each.
 *
 * main.c of a program has its table and its words; what is here finds the row, parses the verb's options by its table and calls run.
 */
#ifndef CARTE_BASE_CMD_H
#define CARTE_BASE_CMD_H

#include <stddef.h>
#include <stdio.h>

#include "base/error.h"
#include "base/opts.h"

struct cmd {
	struct opt_command command;
	size_t options_size; /* of the struct that run's @options points to, zeroed before parsing */
	/* Return: the exit status, or -errno with @err set. @operands: without the verb. */
	int (*run)(void *options, char **operands, int count, struct oci_error *err);
};

/** cmd_find - the row of a verb in @table, which ends with NULL; NULL: there is none. */
const struct cmd *cmd_find(const struct cmd *const *table, const char *name);

/** cmd_call - argv[0] is the verb. --help prints the verb's help and is 0. Return: as run's. */
int cmd_call(const struct cmd *cmd, const char *program, int argc, char **argv,
	     struct oci_error *err);

/** cmd_print_table - a line for each verb. */
void cmd_print_table(const struct cmd *const *table, FILE *out);

#endif
