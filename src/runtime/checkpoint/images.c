/* SPDX-License-Identifier: Apache-2.0 */
/*
 * images.c - image and work folders made and opened. They are the caller's: nothing of a container names them.
 */
#include "runtime/checkpoint/images.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

#define INVENTORY "inventory.img" /* every dump has one, a pre-dump too */

void images_closep(struct images *images)
{
	fd_closep(&images->images_fd);
	fd_closep(&images->work_fd);
}

static int open_folder(const char *path, const char *what, struct oci_error *err)
{
	/* by name: the caller's folder */
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, errno, "%s %s", what, path);
	return fd;
}

/* mkdir -p; what is in the images is for nobody else to read: it is the container's memory */
static int make_folder(const char *path, const char *what, struct oci_error *err)
{
	CLEANUP_FREE char *copy = strdup(path);

	if (!copy)
		return err_nomem(err);
	for (char *p = copy + 1;; p++) {
		bool last = *p == '\0';

		if (!last && *p != '/')
			continue;
		*p = '\0';
		/* by name: the caller's folder */
		if (mkdir(copy, 0700) < 0 && errno != EEXIST)
			return err_sys(err, errno, "%s: make %s", what, copy);
		if (last)
			return open_folder(path, what, err);
		*p = '/';
	}
}

static int check_parent(const struct cr_options *options, int images_fd, struct oci_error *err)
{
	const char *parent = options->words->parent_path;
	struct stat st;

	if (!parent)
		return 0;
	if (fstatat(images_fd, parent, &st, 0) < 0)
		return err_sys(err, errno, "--parent-path %s: in %s", parent, options->image_path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ENOTDIR, "--parent-path %s: is not a folder", parent);
	return 0;
}

int images_make(const struct cr_options *options, struct images *ret, struct oci_error *err)
{
	CLEANUP_IMAGES struct images images = IMAGES_INIT;
	int r;

	images.images_fd = make_folder(options->image_path, "--image-path", err);
	if (images.images_fd < 0)
		return images.images_fd;
	images.work_fd = make_folder(options->work_path, "--work-path", err);
	if (images.work_fd < 0)
		return images.work_fd;
	r = check_parent(options, images.images_fd, err);
	if (r < 0)
		return r;
	*ret = (struct images){ TAKE_FD(images.images_fd), TAKE_FD(images.work_fd) };
	return 0;
}

int images_open(const struct cr_options *options, struct images *ret, struct oci_error *err)
{
	CLEANUP_IMAGES struct images images = IMAGES_INIT;
	int r;

	images.images_fd = open_folder(options->image_path, "--image-path", err);
	if (images.images_fd < 0)
		return images.images_fd;
	if (faccessat(images.images_fd, INVENTORY, R_OK, 0) < 0)
		return err_sys(err, errno, "--image-path %s: holds no checkpoint: " INVENTORY,
			       options->image_path);
	images.work_fd = make_folder(options->work_path, "--work-path", err);
	if (images.work_fd < 0)
		return images.work_fd;
	r = check_parent(options, images.images_fd, err);
	if (r < 0)
		return r;
	*ret = (struct images){ TAKE_FD(images.images_fd), TAKE_FD(images.work_fd) };
	return 0;
}
