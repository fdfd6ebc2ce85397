/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmds.h - the verbs of carte: a row each, in a cmd_x.c that those which differ only by a word share.
 */
#ifndef CARTE_CLI_CMDS_H
#define CARTE_CLI_CMDS_H

#include <stddef.h>

#include "base/cmd.h"

extern const struct cmd cmd_advise, cmd_attach, cmd_backtest, cmd_build, cmd_completion, cmd_config,
	cmd_cp, cmd_doctor, cmd_down, cmd_events, cmd_exec, cmd_export, cmd_help, cmd_history,
	cmd_images, cmd_inspect, cmd_kill, cmd_load, cmd_logs, cmd_pause, cmd_ps, cmd_restart,
	cmd_resume, cmd_rm, cmd_rmi, cmd_rollback, cmd_rollout, cmd_run, cmd_save, cmd_scale,
	cmd_services, cmd_simulate, cmd_start, cmd_stats, cmd_stop, cmd_system, cmd_top,
	cmd_unpause, cmd_up, cmd_version, cmd_wait;

/** cmd_table - every verb, sorted by name, ending with NULL. */
extern const struct cmd *const cmd_table[];

#endif
