/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logs.h - a replica's log: one file that its processes append to themselves, no process copies.
 *
 * Rotation by size without losing a byte, while the container holds the file open: whole blocks at the front are copied to FILE.1 and then
 * cut out of FILE (FALLOC_FL_COLLAPSE_RANGE, or a punched hole where the file system has only that).
 */
#ifndef CARTE_SCALE_LOGS_H
#define CARTE_SCALE_LOGS_H

#include <stdint.h>

struct oci_error;

/** logs_open - O_APPEND|O_CLOEXEC, made when missing, mode 0600. New fd or -errno. */
int logs_open(const char *path, struct oci_error *err);
/** logs_rotate - when it is larger than @max_size: keep at most @max_files old ones. 1: rotated, 0: not needed. */
int logs_rotate(const char *path, int64_t max_size, int64_t max_files, struct oci_error *err);
/** logs_remove - it and the old ones. */
int logs_remove(const char *path, struct oci_error *err);

#endif
