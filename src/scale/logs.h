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
#include <sys/types.h>

struct oci_error;

/** logs_open - O_APPEND|O_CLOEXEC, made when missing, mode 0600. New fd or -errno. */
int logs_open(const char *path, struct oci_error *err);
/** logs_rotate - when it is larger than @max_size: keep at most @max_files old ones. 1: rotated, 0: not needed. */
int logs_rotate(const char *path, int64_t max_size, int64_t max_files, struct oci_error *err);
/**
 * logs_begin - the offset of the first byte that is kept: 0, or behind the hole where a file system has nothing better.
 * FILE.N ... FILE.1 and FILE from there on are what was written. Who follows FILE while it is rotated: when FILE.1 is another file than
 * before and logs_begin is 0, what was at OFFSET is at OFFSET minus the size of FILE.1.
 */
off_t logs_begin(int fd);
/** logs_remove - it and the old ones. */
int logs_remove(const char *path, struct oci_error *err);

#endif
