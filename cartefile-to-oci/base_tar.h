/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base_tar.h - a tar file as a tree: FROM tar:, and the archives that images come in.
 */
#ifndef CARTEFILE_BASE_TAR_H
#define CARTEFILE_BASE_TAR_H

#include "cartefile-to-oci/store.h"
#include "cartefile-to-oci/tree.h"

/**
 * base_tar_read - put all that is in it into the tree; devices are left out.
 * @file: path; contents are read from it where it is not compressed, else from an unnamed file of the store
 * @name: for messages
 */
int base_tar_read(const char *file, const char *name, const struct store *store,
		  int64_t mtime_latest, struct tree *tree, struct oci_error *err);

#endif
