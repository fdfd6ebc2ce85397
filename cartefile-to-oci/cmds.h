/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmds.h - the verbs of cartefile-to-oci: one cmd_x.c each, one row each.
 */
#ifndef CARTEFILE_CMDS_H
#define CARTEFILE_CMDS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/cmd.h"

extern const struct cmd cmd_build, cmd_bundle, cmd_diff, cmd_explain, cmd_fsck, cmd_gc, cmd_images,
	cmd_rmi, cmd_unpack;

/** cmd_table - every verb, sorted by name, ending with NULL. The first word that is none of them: build. */
extern const struct cmd *const cmd_table[];

/* Shared by the verbs' tables. */
#define CMD_STORE_OPTION(T)                                                     \
	{                                                                       \
		"store", 0, OPT_STRING, offsetof(struct T, store), "DIR",       \
			"the store; default: $CARTE_STORE, /var/lib/carte, or " \
			"~/.local/share/carte without root"                     \
	}

#endif
