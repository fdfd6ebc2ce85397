/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_gc.c - what neither an entry of index.json nor a bundle needs goes.
 *
 * The lock is exclusive: a build in the middle of its work has blobs that no name needs yet.
 */
#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/store-private.h"

#define RECORD_AGE_MAX ((time_t)30 * 86400) /* seconds since it was used last */

struct gc {
	const struct store *store;
	struct store_walk walk;
	struct digest_set gone; /* blobs */
	bool dry_run;
	struct store_gc_result result;
	const char *kind; /* of the records at hand */
};

static int on_trouble(void *ctx, const char *image, int code, const struct oci_error *words)
{
	(void)ctx;
	(void)image;
	(void)words;
	/* what is missing needs nothing; what is damaged may have needed anything */
	return code == -ENOENT ? 0 : code;
}

static int remove_file(struct gc *gc, int dirfd, const char *name, size_t *count,
		       struct oci_error *err)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) ||
	    (!gc->dry_run && unlinkat(dirfd, name, 0)))
		return err_sys(err, errno, "%s: remove '%s'", gc->store->path, name);
	gc->result.bytes += (uint64_t)st.st_size;
	++*count;
	return 0;
}

static int collect_blob(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	struct gc *gc = ctx;
	struct digest digest;

	/* what has no such name is none of ours, see fsck */
	if (!hex_parse(name, "", &digest) || digest_set_has(&gc->walk.blobs, &digest))
		return 0;
	if (digest_set_add(&gc->gone, &digest) < 0)
		return err_nomem(err);
	return remove_file(gc, dirfd, name, &gc->result.blobs, err);
}

static int collect_layer(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	struct gc *gc = ctx;
	struct digest digest;

	if (!hex_parse(name, "", &digest) || digest_set_has(&gc->walk.diff_ids, &digest))
		return 0;
	gc->result.layers++;
	gc->result.bytes += tree_size(dirfd, name);
	return gc->dry_run ? 0 : store_discard(gc->store, dirfd, name, err);
}

static int collect_explanation(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	struct gc *gc = ctx;
	struct digest digest;

	if (!hex_parse(name, ".json", &digest) || digest_set_has(&gc->walk.blobs, &digest))
		return 0;
	return remove_file(gc, dirfd, name, &gc->result.records, err);
}

/* Does the text say "sha256:HEX" of a blob that goes? */
static bool names_gone(const struct gc *gc, const char *text)
{
	for (const char *p = text; (p = strstr(p, "sha256:")); p++) {
		char copy[DIGEST_TEXT_SIZE];
		struct digest digest;

		memccpy(copy, p, '\0', sizeof(copy) - 1);
		copy[sizeof(copy) - 1] = '\0';
		if (digest_parse(copy, &digest) == 0 && digest_set_has(&gc->gone, &digest))
			return true;
	}
	return false;
}

static int collect_record(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	CLEANUP_FREE char *text = NULL;
	struct gc *gc = ctx;
	struct digest key;
	struct stat st;
	size_t length;

	if (!hex_parse(name, "", &key) || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) ||
	    !S_ISREG(st.st_mode))
		return 0;
	if (st.st_mtime >= time(NULL) - RECORD_AGE_MAX && !digest_set_has(&gc->gone, &key) &&
	    record_check(dirfd, gc->kind, &key, &text, &length) == 0 && !names_gone(gc, text))
		return 0;
	return remove_file(gc, dirfd, name, &gc->result.records, err);
}

static int collect_kind(void *ctx, int dirfd, const char *name, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct gc *gc = ctx;

	if (fd < 0)
		return 0;
	gc->kind = name;
	return folder_each(fd, collect_record, gc, err);
}

static int collect(struct gc *gc, struct oci_error *err)
{
	static const struct {
		const char *folder;
		int (*visit)(void *ctx, int dirfd, const char *name, struct oci_error *err);
	} steps[] = {
		/* first what is made from what goes, so that a crash leaves nothing without its source */
		{ "layers", collect_layer },
		{ "explain", collect_explanation },
		{ "blobs/sha256", collect_blob },
		{ "cache", collect_kind },
	};

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		CLEANUP_CLOSE int fd = store_folder(gc->store, steps[i].folder, err);
		int r = fd < 0 ? fd : folder_each(fd, steps[i].visit, gc, err);

		if (r < 0)
			return r;
	}
	return 0;
}

int store_gc(struct store *store, bool dry_run, struct store_gc_result *ret, struct oci_error *err)
{
	struct gc gc = { .store = store, .dry_run = dry_run };
	CLEANUP_CLOSE int index = -EBADF;
	int r = store_lock_exclusive(store, err);

	if (r < 0)
		return r;
	/* who uses the store as a mere layout holds this one */
	index = layout_lock(&store->layout, err);
	r = index < 0 ? index : 0;
	gc.walk.layout = &store->layout;
	gc.walk.trouble = on_trouble;
	gc.walk.ctx = &gc;
	if (r == 0) {
		r = store_walk(&gc.walk, err);
		if (r == 0)
			r = store_pinned(store, dry_run, &gc.walk.diff_ids, err);
		if (r < 0)
			err_prefix(err, "cannot tell what is needed (see fsck): ");
	}
	if (r == 0) {
		gc.result.temps =
			store_sweep(store, dry_run) + temp_sweep(store->layout.fd, dry_run);
		r = collect(&gc, err);
	}
	store_lock_shared(store);
	store_walk_free(&gc.walk);
	digest_set_free(&gc.gone);
	if (r == 0)
		*ret = gc.result;
	return r;
}
