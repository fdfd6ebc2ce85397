/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ignore.h - .carteignore: patterns as those of gitignore(5); the functions for everyone are in source.h.
 */
#ifndef CARTEFILE_IGNORE_H
#define CARTEFILE_IGNORE_H

#include "cartefile-to-oci/source.h"

enum ignore_verdict { IGNORE_SILENT = 0, IGNORE_OUT, IGNORE_IN };

/**
 * ignore_verdict - what the last pattern says that fits @path itself; the folders above are known to be in. NULL @ignore: nothing.
 */
enum ignore_verdict ignore_verdict(const struct ignore *ignore, const char *path, bool is_folder);

#endif
