/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore.h - a container made from images.
 */
#ifndef CARTE_RUNTIME_CHECKPOINT_RESTORE_H
#define CARTE_RUNTIME_CHECKPOINT_RESTORE_H

#include "runtime/checkpoint/options.h"
#include "runtime/create.h"

/**
 * restore_container - as create_container and a start: on success its processes run and are in the state file, and
 * its init is our child; on failure nothing of it is left, and @c is empty. A stopped container with this ID that
 * checkpoint has left gives its place.
 */
int restore_container(struct creation *c, struct cmd_context *ctx, const char *id,
		      const struct create_options *options, const struct cr_words *words,
		      const sigset_t *mask, struct oci_error *err);

/**
 * restore_root - in a process of its own: make a mount namespace, cut it off from the host's, attach the root (layers
 * too) on its folder, and make the mount points that are missing.
 */
int restore_root(struct rootfs *rootfs, struct oci_error *err);

#endif
