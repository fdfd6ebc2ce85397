/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmds.h - the verbs of carte-scale: one cmd_x.c each, one row each.
 */
#ifndef CARTE_SCALE_CMDS_H
#define CARTE_SCALE_CMDS_H

#include <stddef.h>

#include "base/cmd.h"

extern const struct cmd cmd_backtest, cmd_config, cmd_plan, cmd_serve, cmd_simulate;

/** cmd_table - every verb, sorted by name, ending with NULL. */
extern const struct cmd *const cmd_table[];

#endif
