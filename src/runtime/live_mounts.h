/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_mounts.h - mounts of a container that is there already.
 */
#ifndef CARTE_RUNTIME_LIVE_MOUNTS_H
#define CARTE_RUNTIME_LIVE_MOUNTS_H

#include <stddef.h>

#include <ocispec-lite/runtime.h>

struct cmd_context;

/**
 * live_mounts_add - mount @mounts in the container, in order; when one fails, those before it are taken back.
 * Sources are the host's, destinations are resolved inside the container.
 */
int live_mounts_add(const struct cmd_context *ctx, const char *id, struct oci_mount *mounts,
		    size_t count, struct oci_error *err);

/**
 * live_mounts_remove - unmount what lies at the destinations of @mounts; processes that use it keep it until they let
 * go of it. What the container was made with stays: that is refused.
 */
int live_mounts_remove(const struct cmd_context *ctx, const char *id,
		       const struct oci_mount *mounts, size_t count, struct oci_error *err);

#endif
