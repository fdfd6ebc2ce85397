/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store-private.h - what the files of store.h share.
 */
#ifndef CARTEFILE_STORE_PRIVATE_H
#define CARTEFILE_STORE_PRIVATE_H

#include "base/folder.h"
#include "cartefile-to-oci/layout-private.h"
#include "cartefile-to-oci/store.h"

#define RECORD_MAX ((size_t)64 << 20)

/** store_folder - fd of a folder of the store, or -errno with words. */
int store_folder(const struct store *store, const char *name, struct oci_error *err);

/** store_lock_exclusive - wait until nobody else uses the store; store_lock_shared - let the others in again. */
int store_lock_exclusive(const struct store *store, struct oci_error *err);
void store_lock_shared(const struct store *store);

/** store_sweep - remove from tmp/ what no living process holds. Return: how many. */
size_t store_sweep(const struct store *store, bool dry_run);

/** store_discard - rename @name in @dirfd into tmp/, where a crash leaves it to the next sweep, and remove it there. */
int store_discard(const struct store *store, int dirfd, const char *name, struct oci_error *err);

/** tree_size - bytes on the disk of a folder and all in it. */
uint64_t tree_size(int dirfd, const char *name);

/** record_check - 0: whole; -EINVAL; -errno. @ret_text: with its NUL, malloc'ed; may be NULL. */
int record_check(int dirfd, const char *kind, const struct digest *key, char **ret_text,
		 size_t *ret_length);

/** hex_parse - the 64 digits that a file's name begins with; @rest must follow them. */
bool hex_parse(const char *name, const char *rest, struct digest *ret);

/* ---- sets of digests ------------------------------------------------------------------------------------------------ */

struct digest_set {
	struct digest *slots;
	unsigned char *used;
	size_t size, count;
};

/** digest_set_add - 1, 0 when it was there, -ENOMEM. */
int digest_set_add(struct digest_set *set, const struct digest *digest);
bool digest_set_has(const struct digest_set *set, const struct digest *digest);
void digest_set_free(struct digest_set *set);

/* ---- what bundles need ---------------------------------------------------------------------------------------------- */

/**
 * store_pinned - add the layers of all bundles that store_pin was told of. Records of what is not there any more are removed. -errno with
 * words: it cannot be told what a bundle needs.
 */
int store_pinned(const struct store *store, bool dry_run, struct digest_set *diff_ids,
		 struct oci_error *err);

/* ---- what images need ------------------------------------------------------------------------------------------------ */

/**
 * struct store_walk - over all that the entries of index.json need.
 * @trouble: a blob that is missing (-ENOENT) or not what it should be; negative: stop with that
 */
struct store_walk {
	const struct layout *layout;
	struct digest_set blobs, diff_ids;
	int (*trouble)(void *ctx, const char *image, int code, const struct oci_error *words);
	void *ctx;
	const char *image; /* at hand */
};

int store_walk(struct store_walk *walk, struct oci_error *err);
void store_walk_free(struct store_walk *walk);

#endif
