/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmds.h - the verbs of carte-scale: one cmd_x.c each, one row each.
 */
#ifndef CARTE_SCALE_CMDS_H
#define CARTE_SCALE_CMDS_H

#include <stddef.h>

#include "base/error.h"
#include "base/opts.h"

struct cmd {
	struct opt_command command;
	size_t options_size; /* of the struct that run's @options points to, zeroed before parsing */
	/* Return: the exit status, or -errno with @err set. @operands: without the verb. */
	int (*run)(void *options, char **operands, int count, struct oci_error *err);
};

extern const struct cmd cmd_backtest, cmd_config, cmd_plan, cmd_serve;

/** cmd_table - every verb, sorted by name, ending with NULL. */
extern const struct cmd *const cmd_table[];

#endif
