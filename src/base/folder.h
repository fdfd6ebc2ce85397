/* SPDX-License-Identifier: Apache-2.0 */
/*
 * folder.h - whole folders are read and removed, whatever they hold: what containers wrote may be deeper than any stack or path.
 */
#ifndef CARTE_BASE_FOLDER_H
#define CARTE_BASE_FOLDER_H

#include <sys/types.h>

struct oci_error;

/** folder_each - @visit every entry of @dirfd but "." and ".."; ends with the first that returns < 0. */
int folder_each(int dirfd,
		int (*visit)(void *ctx, int dirfd, const char *name, struct oci_error *err),
		void *ctx, struct oci_error *err);

/** folder_remove - @name with all that is in it, folders that nobody may read too; no link is followed. What is not there is no failure. */
int folder_remove(int dirfd, const char *name);

/** folder_make_parents - those of the absolute path @path that are missing, 0755. folder_make - it too, with @mode; there already: as it is. */
int folder_make_parents(const char *path, struct oci_error *err);
int folder_make(const char *path, mode_t mode, struct oci_error *err);

#endif
