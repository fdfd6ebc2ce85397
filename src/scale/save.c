/* SPDX-License-Identifier: Apache-2.0 */
/*
 * save.c - write a file by name: the host's own, named on the command line.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/save.h"

static int write_into(const char *path, const void *data, size_t length)
{
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : io_write_all(fd, data, length);
}

static int replace(const char *path, const void *data, size_t length, mode_t mode)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	CLEANUP_CLOSE int dir = -EBADF;
	char parent[PATH_MAX] = ".";

	if (slash && snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path + 1), path) >=
			     (int)sizeof(parent))
		return -ENAMETOOLONG;
	if (!*name)
		return -EISDIR;
	dir = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -errno : io_replace_at(dir, name, data, length, mode);
}

static int save(const char *path, const void *data, size_t length, mode_t mode,
		struct oci_error *err)
{
	struct stat st;
	int r;

	/* what is no file of its own (/dev/stdout, a pipe, a link) is not replaced but written to */
	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		r = write_into(path, data, length);
	else
		r = replace(path, data, length, mode);
	return r < 0 ? err_sys(err, -r, "write %s", path) : 0;
}

int save_file(const char *path, const void *data, size_t length, struct oci_error *err)
{
	return save(path, data, length, 0666, err);
}

int save_private(const char *path, const void *data, size_t length, struct oci_error *err)
{
	return save(path, data, length, 0600, err);
}

int save_written(const char *path, void (*write)(const void *what, FILE *out), const void *what,
		 struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t length = 0;
	FILE *out;

	if (!path)
		return 0;
	out = open_memstream(&text, &length);
	if (!out)
		return err_nomem(err);
	write(what, out);
	if (fclose(out) != 0)
		return err_nomem(err);
	return save_file(path, text, length, err);
}
