/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmds.h - the verbs of carte-runtime: one cmd_x.c each, one row each.
 *
 * main.c parses the global options, finds the row, parses the verb's own
 * options by its table and calls run; whatever run returns negative is printed
 * once, by main.
 */
#ifndef CARTE_RUNTIME_CMDS_H
#define CARTE_RUNTIME_CMDS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/log.h"
#include "base/opts.h"
#include "runtime/cgroup/cgroup.h"

/** struct cmd_context - the global options, checked. */
struct cmd_context {
	const char *root; /* absolute, cleaned: the folder of state folders; may not exist yet */
	struct log_target log;
	enum cgroup_manager
		cgroup_manager; /* for create, run and restore only; later verbs read the state */
	bool rootless;          /* not the host's root */
	bool cgroup_required; /* --rootless=false: an ordinary user's container does not do without */
};

struct cmd {
	struct opt_command command;
	size_t options_size; /* of the struct that run's @options points to, zeroed before parsing */
	/* Return: the exit status, or -errno with @err set. operands[0] is the first one. */
	int (*run)(struct cmd_context *ctx, void *options, char **operands, int count,
		   struct oci_error *err);
	int failure_status;    /* exit status when it fails; 0: by enum err_kind */
	bool enters_container; /* runs from a sealed image (CVE-2019-5736) */
	int id_operand; /* which operand is the container's ID; those before it are part of the verb */
};

extern const struct cmd cmd_checkpoint, cmd_create, cmd_delete, cmd_events, cmd_exec, cmd_features,
	cmd_kill, cmd_list, cmd_mounts, cmd_pause, cmd_ps, cmd_restore, cmd_resume, cmd_run,
	cmd_spec, cmd_start, cmd_state, cmd_stats, cmd_update;

/** cmd_table - every verb, sorted by name, ending with NULL. */
extern const struct cmd *const cmd_table[];

#endif
