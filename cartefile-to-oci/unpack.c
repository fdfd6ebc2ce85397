/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unpack.c - a layer, an image, the layers of an image in the store; see unpack.h.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/image_layer.h"
#include "cartefile-to-oci/store-private.h"
#include "cartefile-to-oci/unpack-private.h"

/* ---- one layer ------------------------------------------------------------------------------------------------------- */
static int unpack_all(struct unpack *unpack, struct layer_reader *reader, struct oci_error *err)
{
	const struct layer_entry *entry;
	int r;

	while ((r = layer_next(reader, &entry, err)) > 0) {
		r = unpack_entry(unpack, entry, reader, err);
		if (r < 0)
			break;
	}
	return r < 0 ? r : unpack_folders_end(unpack, err);
}

int unpack_layer(const struct layer_input *input, int folder, enum unpack_form form,
		 size_t *ret_lost, struct oci_error *err)
{
	struct unpack *unpack = calloc(1, sizeof(*unpack));
	struct layer_reader *reader;
	int r;

	if (!unpack)
		return err_nomem(err);
	unpack->root = folder;
	unpack->form = form;
	unpack->name = input->name;
	unpack->uid = geteuid();
	unpack->gid = getegid();
	unpack_folders_begin(unpack);
	r = tree_init(&unpack->seen, err);
	/* one layer alone may say nothing of the root */
	if (r == 0 && form == UNPACK_OVERLAY)
		r = unpack_later(unpack, "", 0755, 0, 0, err);
	if (r == 0)
		r = layer_open(input, &reader, err);
	if (r == 0) {
		r = unpack_all(unpack, reader, err);
		layer_close(reader);
	}
	if (r == 0 && ret_lost)
		*ret_lost += unpack->lost;
	fd_closep(&unpack->folder);
	tree_free(&unpack->seen);
	free(unpack);
	return r;
}

static int unpack_blob(const struct layout *layout, const struct image_docs *image, size_t i,
		       int folder, enum unpack_form form, size_t *ret_lost, struct oci_error *err)
{
	struct image_layer layer;
	int r = image_layer_find(layout, image, i, &layer, err);

	if (r == 0)
		r = image_layer_open(layout, &layer, err);
	if (r < 0)
		return r;
	r = unpack_layer(&layer.input, folder, form, ret_lost, err);
	if (r < 0)
		err_prefix(err, "%s: layer ", layout->name);
	fd_closep(&layer.input.fd);
	return r;
}

/* ---- an image -------------------------------------------------------------------------------------------------------- */
static int count_one(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	(void)dirfd;
	(void)name;
	(void)err;
	*(bool *)ctx = true;
	return 0;
}

/* Open a folder that is empty, or make it. */
static int open_target(const char *folder, bool *ret_made, struct oci_error *err)
{
	bool any = false;
	int fd, r;

	*ret_made = mkdir(folder, 0755) == 0;
	if (!*ret_made && errno != EEXIST)
		return err_sys(err, errno, "make the folder %s", folder);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "%s", folder);
	r = folder_each(fd, count_one, &any, err);
	if (r == 0 && any)
		r = err_set_as(err, ERR_EXISTS, ENOTEMPTY, "%s: is not empty", folder);
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	return fd;
}

static int remove_one(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	(void)ctx;
	(void)err;
	(void)folder_remove(dirfd, name);
	return 0;
}

int unpack_image(const struct layout *layout, const struct image_docs *image, const char *folder,
		 size_t *ret_lost, struct oci_error *err)
{
	static const struct timespec epoch[2];
	struct stat before;
	size_t lost = 0;
	bool made = false;
	CLEANUP_CLOSE int fd = open_target(folder, &made, err);
	int r = 0;

	if (fd < 0)
		return fd;
	if (fstat(fd, &before) < 0)
		return err_sys(err, errno, "stat %s", folder);
	/* what no layer says of the root does not depend on when it was unpacked, nor by whom */
	if (futimens(fd, epoch) < 0 || (made && fchmod(fd, 0755) < 0))
		r = err_sys(err, errno, "set the time of %s", folder);
	for (size_t i = 0; r == 0 && i < image->manifest->layers_len; i++)
		r = unpack_blob(layout, image, i, fd, UNPACK_MERGED, &lost, err);
	if (r == 0) {
		if (ret_lost)
			*ret_lost = lost;
		return 0;
	}
	(void)fchmod(fd, (before.st_mode & 07777) | 0700);
	(void)folder_each(fd, remove_one, NULL, NULL);
	(void)fchown(fd, before.st_uid, before.st_gid);
	(void)fchmod(fd, before.st_mode & 07777);
	if (made)
		(void)rmdir(folder);
	return r;
}

/* ---- layers of the store --------------------------------------------------------------------------------------------- */
/** struct work - layers are taken from the one list by those who have time. */
struct work {
	const struct store *store;
	const struct layout *layout;
	const struct image_docs *image;
	pthread_mutex_t lock;
	size_t next;
	int failed;
	struct oci_error err;
};

static int unpack_to_store(const struct work *work, size_t i, const struct digest *diff_id,
			   struct oci_error *err)
{
	CLEANUP_FREE char *path = NULL;
	CLEANUP_CLOSE int fd = -1;
	char *temp = NULL;
	int temp_fd, r;

	r = store_temp_folder(work->store, &temp_fd, &temp, err);
	if (r < 0)
		return r;
	if (asprintf(&path, "%s/layer", temp) < 0) {
		path = NULL;
		r = err_nomem(err);
	}
	if (r == 0 && mkdir(path, 0755) < 0)
		r = err_sys(err, errno, "make the folder %s", path);
	if (r == 0) {
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = fd < 0 ? err_sys(err, errno, "open %s", path) : 0;
	}
	if (r == 0)
		r = unpack_blob(work->layout, work->image, i, fd, UNPACK_OVERLAY, NULL, err);
	if (r == 0)
		r = store_layer_publish(work->store, path, diff_id, err);
	store_temp_remove(temp_fd, temp);
	return r;
}

static int see_to_layer(const struct work *work, size_t i, struct oci_error *err)
{
	struct digest diff_id;
	int fd, r = digest_parse(work->image->config->rootfs->diff_ids[i], &diff_id);

	if (r < 0)
		return err_sys(err, -r, "%s: layer %zu", work->layout->name, i + 1);
	fd = store_layer(work->store, &diff_id);
	if (fd >= 0) {
		(void)close(fd);
		return 0;
	}
	return unpack_to_store(work, i, &diff_id, err);
}

static void *do_work(void *arg)
{
	struct work *work = arg;

	(void)pthread_mutex_lock(&work->lock);
	while (work->failed == 0 && work->next < work->image->manifest->layers_len) {
		struct oci_error err = OCI_ERROR_INIT;
		size_t i = work->next++;
		int r;

		(void)pthread_mutex_unlock(&work->lock);
		r = see_to_layer(work, i, &err);
		(void)pthread_mutex_lock(&work->lock);
		if (r < 0 && work->failed == 0) {
			work->failed = r;
			work->err = err;
		}
	}
	(void)pthread_mutex_unlock(&work->lock);
	return NULL;
}

/* Is the layer also higher up? Then this one shows nothing (and overlayfs takes no folder twice). */
static bool is_repeated(const struct image_docs *image, size_t i)
{
	char **ids = image->config->rootfs->diff_ids;

	for (size_t above = i + 1; above < image->manifest->layers_len; above++)
		if (strcmp(ids[above], ids[i]) == 0)
			return true;
	return false;
}

static void free_paths(char **paths, size_t length)
{
	for (size_t i = 0; paths && i < length; i++)
		free(paths[i]);
	free(paths);
}

static int list_paths(const struct store *store, const struct image_docs *image, char ***ret,
		      size_t *ret_length, struct oci_error *err)
{
	size_t n = 0, count = image->manifest->layers_len;
	char **paths = calloc(count + 1, sizeof(*paths));

	if (!paths)
		return err_nomem(err);
	for (size_t i = count; i-- > 0;) {
		char hex[DIGEST_HEX_LENGTH + 1];
		struct digest diff_id;

		if (is_repeated(image, i) ||
		    digest_parse(image->config->rootfs->diff_ids[i], &diff_id) < 0)
			continue;
		if (asprintf(&paths[n], "%s/layers/%s", store->path, digest_hex(&diff_id, hex)) <
		    0) {
			free_paths(paths, n);
			return err_nomem(err);
		}
		n++;
	}
	*ret = paths;
	*ret_length = n;
	return 0;
}

int unpack_store_layers(const struct store *store, const struct layout *layout,
			const struct image_docs *image, char ***ret_paths, size_t *ret_length,
			struct oci_error *err)
{
	struct work work = { .store = store,
			     .layout = layout,
			     .image = image,
			     .lock = PTHREAD_MUTEX_INITIALIZER,
			     .err = OCI_ERROR_INIT };
	pthread_t helper;
	bool helped = image->manifest->layers_len > 1 &&
		      pthread_create(&helper, NULL, do_work, &work) == 0;

	do_work(&work);
	if (helped)
		(void)pthread_join(helper, NULL);
	(void)pthread_mutex_destroy(&work.lock);
	if (work.failed < 0)
		return err_copy(err, &work.err);
	return list_paths(store, image, ret_paths, ret_length, err);
}
