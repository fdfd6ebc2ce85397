/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replica_secrets.h - secrets of replicas: RUN_DIR/secrets/ID/N, in memory, never on a disk.
 */
#ifndef CARTE_SCALE_REPLICA_SECRETS_H
#define CARTE_SCALE_REPLICA_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

struct oci_error;

/**
 * secrets_prepare - RUN_DIR/secrets is there and in memory: it is on a tmpfs, or one is mounted on it (root). ERR_UNSUPPORTED with words where
 * an ordinary user's @run_dir is on a disk.
 */
int secrets_prepare(const char *run_dir, struct oci_error *err);
/** secrets_path - of the replica @id: RUN_DIR/secrets/ID. 0 or -ENAMETOOLONG. */
int secrets_path(const char *run_dir, const char *id, char *buf, size_t size);
/** secrets_remove - those of the replica @id; what is not there is no failure. */
void secrets_remove(const char *run_dir, const char *id);
/** secrets_sweep - those of every replica that @is_known denies. */
void secrets_sweep(const char *run_dir, bool (*is_known)(void *ctx, const char *id), void *ctx);
/** secrets_tidy - the folder and its mount, when there is no secret in it. */
void secrets_tidy(const char *run_dir);

#endif
