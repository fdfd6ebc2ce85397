/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle_files.h - folders that are made and removed again.
 */
#ifndef CARTEFILE_BUNDLE_FILES_H
#define CARTEFILE_BUNDLE_FILES_H

/** bundle_files_empty - has the folder nothing in it? 1, 0 or -errno. */
int bundle_files_empty(int folder);

/** bundle_files_remove - @name in @folder and all below it, following no link, leaving no mount; 0 or -errno. */
int bundle_files_remove(int folder, const char *name);

#endif
