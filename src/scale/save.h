/* SPDX-License-Identifier: Apache-2.0 */
/*
 * save.h - a file that a command was told to write.
 */
#ifndef CARTE_SCALE_SAVE_H
#define CARTE_SCALE_SAVE_H

#include <stddef.h>
#include <stdio.h>

struct oci_error;

/** save_file - whole or not at all; into a pipe or a device as it comes. 0 or -errno with words. */
int save_file(const char *path, const void *data, size_t length, struct oci_error *err);

/** save_private - the same, for its owner only: also a file behind a link, which must be the caller's own. */
int save_private(const char *path, const void *data, size_t length, struct oci_error *err);

/** save_written - what @write writes, by save_file. @path NULL: nothing is done. */
int save_written(const char *path, void (*write)(const void *what, FILE *out), const void *what,
		 struct oci_error *err);

#endif
