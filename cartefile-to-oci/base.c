/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base.c - open and read what FROM names; see base.h.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/base.h"
#include "cartefile-to-oci/base_tar.h"
#include "cartefile-to-oci/image_layer.h"
#include "cartefile-to-oci/image_source.h"
#include "cartefile-to-oci/layer_tree.h"
#include "cartefile-to-oci/listing.h"
#include "cartefile-to-oci/source.h"
#include "cartefile-to-oci/store.h"

/* ---- open ---------------------------------------------------------------------------------------------------------- */
static int open_dir(struct base *base, struct digest_state *key, struct oci_error *err)
{
	struct tree_source source = { .name = base->name };

	base->fd = open(base->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (base->fd < 0)
		return err_sys(err, errno, "%s", base->name);
	source.fd = base->fd;
	return source_key_dir(&source, key, err);
}

/* What says on this host that it is the same file with the same bytes (as make(1), and with ctime, which nobody can set). */
static int open_tar(struct base *base, struct digest_state *key, struct oci_error *err)
{
	struct stat st;
	int64_t numbers[7];

	if (stat(base->path, &st) < 0)
		return err_sys(err, errno, "%s", base->name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "%s: is no regular file", base->name);
	numbers[0] = (int64_t)st.st_dev;
	numbers[1] = (int64_t)st.st_ino;
	numbers[2] = st.st_size;
	numbers[3] = st.st_mtim.tv_sec;
	numbers[4] = st.st_mtim.tv_nsec;
	numbers[5] = st.st_ctim.tv_sec;
	numbers[6] = st.st_ctim.tv_nsec;
	digest_add(key, numbers, sizeof(numbers));
	return 0;
}

static int open_image(struct base *base, const struct cartefile *file,
		      const struct base_options *options, struct digest_state *key,
		      struct oci_error *err)
{
	bool is_path = base->from != FROM_DOCKER && base->from != FROM_STORE;
	struct image_source image = IMAGE_SOURCE_INIT;
	int r = image_open_from(base->from, is_path ? base->path : file->from_text, file->from_ref,
				options->store, options->platform, &base->arena, &image, err);

	if (r < 0)
		return r;
	base->layout = image.layout;
	base->image = image.docs;
	base->scratch = image.scratch;
	base->scratch_fd = image.scratch_fd;
	digest_add(key, &base->image.manifest_digest, sizeof(base->image.manifest_digest));
	return 0;
}

static int set_path(struct base *base, const struct cartefile *file,
		    const struct base_options *options, struct oci_error *err)
{
	base->name = oci_arena_strdup(&base->arena, file->from_text);
	if (file->from_text[0] == '/' || !options->context)
		base->path = base->name;
	else
		base->path =
			oci_arena_printf(&base->arena, "%s/%s", options->context, file->from_text);
	return base->name && base->path ? 0 : err_nomem(err);
}

static int open_any(struct base *base, const struct cartefile *file,
		    const struct base_options *options, struct digest_state *key,
		    struct oci_error *err)
{
	int r;

	digest_add(key, &base->from, sizeof(base->from));
	if (base->from == FROM_SCRATCH)
		return 0;
	r = set_path(base, file, options, err);
	if (r < 0)
		return r;
	if (base->from == FROM_DIR)
		return open_dir(base, key, err);
	if (base->from == FROM_TAR)
		return open_tar(base, key, err);
	return open_image(base, file, options, key, err);
}

int base_open(const struct cartefile *file, const struct base_options *options, struct base *ret,
	      struct oci_error *err)
{
	struct base base = { .from = file->from,
			     .file = file,
			     .layout = LAYOUT_INIT,
			     .fd = -1,
			     .scratch_fd = -1,
			     .arena = OCI_ARENA_INIT };
	struct oci_error inner = OCI_ERROR_INIT;
	struct digest_state key;
	int r = digest_begin(&key, &inner);

	if (r == 0)
		r = open_any(&base, file, options, &key, &inner);
	if (r < 0) {
		digest_abandon(&key);
		base_close(&base);
		cartefile_blame(file, file->from_place, &inner);
		return err_copy(err, &inner);
	}
	digest_end(&key, &base.key);
	*ret = base;
	return 0;
}

void base_close(struct base *base)
{
	if (!base->from) /* never opened: its fds are not -1 but 0 */
		return;
	layout_close(&base->layout);
	fd_closep(&base->fd);
	if (base->scratch)
		store_temp_remove(base->scratch_fd, base->scratch);
	base->scratch = NULL;
	base->scratch_fd = -1;
	oci_arena_free(&base->arena);
}

/* ---- layers of an image -------------------------------------------------------------------------------------------- */
/* "oci:x: layer sha256:...: entry ...": a layer's own errors know only the layer. */
static int layer_failed(const struct base *base, int r, struct oci_error *err)
{
	if (r < 0)
		err_prefix(err, "%s: layer ", base->layout.name);
	return r;
}

/* Read it through, with a listing on the way for the next time. */
static int list_layer(const struct base *base, struct image_layer *layer, const struct store *store,
		      struct layer_tree *to, struct oci_error *err)
{
	struct listing listing = { 0 };
	const struct layer_entry *entry;
	struct layer_reader *reader;
	CLEANUP_CLOSE int fd = -1;
	int r = image_layer_open(&base->layout, layer, err);

	if (r < 0)
		return r;
	fd = layer->input.fd;
	r = layer_open(&layer->input, &reader, err);
	if (r < 0)
		return layer_failed(base, r, err);
	while ((r = layer_next(reader, &entry, err)) > 0) {
		r = listing_add(&listing, entry, err);
		if (r == 0)
			r = layer_tree_put(to, entry, reader, err);
		if (r < 0)
			break;
	}
	layer_close(reader);
	(void)layer_failed(base, r, err);
	if (r == 0)
		r = listing_end(&listing, err);
	/* only what was checked to its end is remembered; that it cannot be remembered harms nobody */
	if (r == 0)
		(void)store_cache_put(store, LISTING_RECORD, &layer->diff_id, listing.data,
				      listing.length, NULL);
	listing_free(&listing);
	return r;
}

/* Is the whole record sound? Then nothing is put before it is known to be. */
static int check_listing(const char *data, size_t length)
{
	struct listing_reader reader = { .data = (const unsigned char *)data, .length = length };
	const struct layer_entry *entry;
	int r;

	do
		r = listing_next(&reader, &entry);
	while (r > 0);
	listing_reader_free(&reader);
	return r;
}

static int put_listing(const char *data, size_t length, struct layer_tree *to,
		       struct oci_error *err)
{
	struct listing_reader reader = { .data = (const unsigned char *)data, .length = length };
	const struct layer_entry *entry;
	int r;

	while ((r = listing_next(&reader, &entry)) > 0) {
		r = layer_tree_put(to, entry, NULL, err);
		if (r < 0)
			break;
	}
	listing_reader_free(&reader);
	return r;
}

static int put_names(const struct base *base, struct image_layer *layer, const struct store *store,
		     struct layer_tree *to, struct oci_error *err)
{
	CLEANUP_FREE char *data = NULL;
	size_t length;
	int r;

	layer_tree_begin(to, layer->name);
	r = store_cache_get(store, LISTING_RECORD, &layer->diff_id, &data, &length, NULL);

	/* a layer that was replaced by other bytes since is found when it is copied: there its digest is checked */
	if (r > 0 && check_listing(data, length) == 0) {
		r = layout_has_blob(&base->layout, &layer->blob, layer->input.blob_size);
		if (r > 0)
			return put_listing(data, length, to, err);
	}
	return list_layer(base, layer, store, to, err);
}

static int put_contents(const struct base *base, struct image_layer *layer, struct layer_tree *to,
			struct oci_error *err)
{
	int r = image_layer_open(&base->layout, layer, err);

	if (r < 0)
		return r;
	r = layer_tree_read(to, &layer->input, err);
	fd_closep(&layer->input.fd);
	return layer_failed(base, r, err);
}

static int read_image(const struct base *base, bool contents, const struct base_options *options,
		      struct tree *tree, struct oci_error *err)
{
	struct layer_tree to = { .tree = tree,
				 .in_base = !contents,
				 .mtime_latest = options->mtime_latest };
	int r = 0;

	if (contents) {
		int fd = store_temp_file(options->store, err);

		if (fd < 0)
			return fd;
		to.spool = tree_source_add(tree, fd, base->layout.name);
		if (!to.spool)
			return err_nomem(err);
	}
	for (size_t i = 0; r == 0 && i < base->image.manifest->layers_len; i++) {
		struct image_layer layer;

		r = image_layer_find(&base->layout, &base->image, i, &layer, err);
		if (r < 0)
			break;
		r = contents ? put_contents(base, &layer, &to, err)
			     : put_names(base, &layer, options->store, &to, err);
	}
	layer_tree_end(&to);
	return r;
}

/* ---- read ---------------------------------------------------------------------------------------------------------- */
static int read_dir(const struct base *base, const struct base_options *options, struct tree *tree,
		    struct oci_error *err)
{
	struct tree_source *source;
	int fd = fcntl(base->fd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return err_sys(err, errno, "%s", base->name);
	source = tree_source_add(tree, fd, base->name);
	return source ? source_add_dir(tree, source, options->mtime, err) : err_nomem(err);
}

static int read_any(struct base *base, bool contents, const struct base_options *options,
		    struct tree *tree, struct oci_error *err)
{
	switch (base->from) {
	case FROM_SCRATCH:
		return 0;
	case FROM_DIR:
		return read_dir(base, options, tree, err);
	case FROM_TAR:
		return base_tar_read(base->path, base->name, options->store, options->mtime_latest,
				     tree, err);
	default:
		return read_image(base, contents, options, tree, err);
	}
}

int base_read(struct base *base, bool contents, const struct base_options *options,
	      struct tree *tree, struct oci_error *err)
{
	struct oci_error inner = OCI_ERROR_INIT;
	int r = read_any(base, contents, options, tree, &inner);

	if (r == 0)
		return 0;
	cartefile_blame(base->file, base->file->from_place, &inner);
	return err_copy(err, &inner);
}
