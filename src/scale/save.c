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

/* Behind a link a file keeps its owner and its rights, and whoever may open it reads what is written. */
static int make_private(int fd, struct oci_error *err, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return 0;
	if (st.st_uid != geteuid())
		return err_set_as(err, ERR_PERMISSION, EPERM,
				  "write %s: it is another user's file, and what goes there is for "
				  "its owner alone",
				  path);
	return fchmod(fd, 0600) < 0 || ftruncate(fd, 0) < 0 ? -errno : 0;
}

static int write_into(const char *path, const void *data, size_t length, mode_t mode,
		      struct oci_error *err)
{
	bool private = !(mode & 077);
	CLEANUP_CLOSE int fd =
		open(path, O_WRONLY | (private ? 0 : O_TRUNC) | O_CLOEXEC | O_NOCTTY);
	int r = fd < 0 ? -errno : private ? make_private(fd, err, path) : 0;

	return r < 0 ? r : io_write_all(fd, data, length);
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
		r = write_into(path, data, length, mode, err);
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
