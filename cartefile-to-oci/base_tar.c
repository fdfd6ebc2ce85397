/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base_tar.c - see base_tar.h. An uncompressed tar is not copied: its contents are found by their offsets.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/base_tar.h"
#include "cartefile-to-oci/layer_tree.h"

static int open_file(const char *file, const char *name, struct oci_error *err)
{
	struct stat st;
	CLEANUP_CLOSE int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return err_sys(err, errno, "%s", name);
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "stat %s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "%s: is no regular file", name);
	return TAKE_FD(fd);
}

int base_tar_read(const char *file, const char *name, const struct store *store,
		  int64_t mtime_latest, struct tree *tree, struct oci_error *err)
{
	struct layer_tree to = { .tree = tree, .mtime_latest = mtime_latest };
	struct layer_input input = { .name = name, .jump = true };
	int fd = open_file(file, name, err), spool, r;

	if (fd < 0)
		return fd;
	input.fd = fd;
	to.plain = tree_source_add(tree, fd, name);
	if (!to.plain)
		return err_nomem(err);
	spool = store_temp_file(store, err);
	if (spool < 0)
		return spool;
	to.spool = tree_source_add(tree, spool, name);
	if (!to.spool)
		return err_nomem(err);
	r = layer_tree_read(&to, &input, err);
	layer_tree_end(&to);
	return r;
}
