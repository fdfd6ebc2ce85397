/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program.c - look for a program as a shell does, but in absolute folders only.
 */
#include "base/program.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int find_in(const char *path, const char *name, char ret[PATH_MAX])
{
	int r = -ENOENT;

	while (*path) {
		size_t n = strcspn(path, ":");

		if (path[0] == '/' &&
		    snprintf(ret, PATH_MAX, "%.*s/%s", (int)n, path, name) < PATH_MAX) {
			/* by name: a program of the host's */
			if (access(ret, X_OK) == 0)
				return 0;
			r = errno == EACCES ? -EACCES : r;
		}
		path += n;
		path += *path == ':';
	}
	return r;
}

int program_find(const char *name, char ret[PATH_MAX])
{
	const char *path = getenv("PATH");
	int r = path ? find_in(path, name, ret) : -ENOENT;
	int usual = r < 0 ? find_in(PROGRAM_DEFAULT_PATH, name, ret) : 0;

	return usual < 0 && r == -EACCES ? r : usual;
}
