/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.h - where a program of the host's is.
 */
#ifndef CARTE_BASE_PROGRAM_H
#define CARTE_BASE_PROGRAM_H

#include <limits.h>

/* Engines start us with few variables. */
#define PROGRAM_DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/**
 * program_find - @name in the folders of $PATH, then in the usual ones.
 * What must hold: nothing of the current folder, which may be an image's, is ever run.
 * Return: 0; -ENOENT; -EACCES: there is one, but not to be run.
 */
int program_find(const char *name, char ret[PATH_MAX]);

#endif
