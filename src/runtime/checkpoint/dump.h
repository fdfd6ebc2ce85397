/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump.h - a running container written to images.
 */
#ifndef CARTE_RUNTIME_CHECKPOINT_DUMP_H
#define CARTE_RUNTIME_CHECKPOINT_DUMP_H

#include "runtime/checkpoint/options.h"
#include "runtime/cmds.h"

/**
 * dump_container - by criu, into the image folder. Unless it is to be left running the container has stopped
 * afterwards; its state stays until it is deleted, or a restore with its ID takes its place.
 */
int dump_container(struct cmd_context *ctx, const char *id, const struct cr_words *words,
		   struct oci_error *err);

#endif
