/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - where images are kept: an OCI layout with, beside it, what can be made again: unpacked layers, listings of layers,
 * what a build made from what (cache/), temporary files (tmp/).
 *
 *	STORE/{oci-layout,index.json,blobs/}	 the images
 *	STORE/layers/HEX-OF-DIFF-ID/		 unpacked, for overlay; complete or not there
 *	STORE/cache/KIND/HEX			 small records, each with a digest of itself; a bad one is as if it was not there
 *	STORE/tmp/				 each file or folder of a process that holds a lock on it; swept otherwise
 *	STORE/explain/HEX-OF-MANIFEST.json	 what --explain tells
 *	STORE/pins/HEX				 paths of bundles, whose layers stay
 *
 *	STORE/lock				 held shared by whoever uses the store, exclusively by gc and by fsck --repair
 *
 * Everything is written under another name and renamed when it is complete, and fsynced where it could not be told from what
 * is damaged (blobs, index.json, unpacked layers); a crash at any point leaves a store that store_fsck calls clean.
 */
#ifndef CARTEFILE_STORE_H
#define CARTEFILE_STORE_H

#include "cartefile-to-oci/layout.h"

struct store {
	struct layout layout;
	char *path; /* absolute; heap */
	int lock;   /* shared while in use; gc takes it exclusively */
};

#define STORE_INIT                    \
	{                             \
		LAYOUT_INIT, NULL, -1 \
	}

/**
 * store_open - @path, or NULL: $CARTE_STORE, /var/lib/carte for root, $XDG_DATA_HOME/carte (~/.local/share/carte). Made
 * when missing. Takes the lock shared (a gc that is at work is waited for), and sweeps tmp/. A store that may only be
 * read can be opened too.
 */
int store_open(const char *path, struct store *ret, struct oci_error *err);
void store_close(struct store *store);

/**
 * store_name - the entry that a user means by @text: what the store has under it (a name, or a digest), else what NAME makes of it,
 * with localhost/ and :latest. "store:" in front is passed over. When there is neither, it is @text: for the message.
 */
int store_name(const struct store *store, const char *text, struct oci_arena *arena,
	       const char **ret, struct oci_error *err);

/**
 * store_cache_get - a record (malloc'ed, NUL-terminated): 1, 0 when there is none or it is damaged, -errno.
 * @kind: small letters and '-'
 *
 * gc takes the records that were not used for 30 days, and those whose key or text ("sha256:HEX") is a blob that goes.
 */
int store_cache_get(const struct store *store, const char *kind, const struct digest *key,
		    char **ret, size_t *ret_length, struct oci_error *err);
/** store_cache_put - best effort is enough for callers, but errors have words. */
int store_cache_put(const struct store *store, const char *kind, const struct digest *key,
		    const void *data, size_t length, struct oci_error *err);

/** store_temp_file - an unnamed file on the store's file system (for spools). fd or -errno. */
int store_temp_file(const struct store *store, struct oci_error *err);

/** store_temp_folder - a new folder in tmp/ that sweeping leaves alone while @ret_fd (locked) is open. @ret_path: heap, absolute. */
int store_temp_folder(const struct store *store, int *ret_fd, char **ret_path,
		      struct oci_error *err);
void store_temp_remove(int fd, char *path); /* the folder and all in it; closes and frees */

/** store_layer - fd of the unpacked layer, -ENOENT; store_layer_publish - rename an unpacked folder of tmp/ to its place (one that is there wins). */
int store_layer(const struct store *store, const struct digest *diff_id);
int store_layer_publish(const struct store *store, const char *folder, const struct digest *diff_id,
			struct oci_error *err);

/** store_explain_put - what --explain tells of an image. store_explain_get - in the arena; -ENOENT with words. */
int store_explain_put(const struct store *store, const struct digest *manifest, const void *text,
		      size_t length, struct oci_error *err);
int store_explain_get(const struct store *store, const struct digest *manifest,
		      struct oci_arena *arena, char **ret_text, size_t *ret_length,
		      struct oci_error *err);

/** store_pin - gc leaves the unpacked layers that the bundle @folder, or any bundle in the folder @folder, uses; until that is gone. */
int store_pin(const struct store *store, const char *folder, struct oci_error *err);

struct store_gc_result {
	size_t blobs, layers, records, temps;
	uint64_t bytes;
};
/**
 * store_gc - remove what neither an entry of index.json nor a bundle (store_pin) needs; blobs that only the build cache knows go too. Waits for the others that
 * use the store. -EINVAL when a document of an image or a bundle is damaged: it cannot be told what that needs.
 */
int store_gc(struct store *store, bool dry_run, struct store_gc_result *ret, struct oci_error *err);

/**
 * store_fsck - read everything: digests of blobs, documents, that each named image is complete, unpacked layers are whole folders, records intact.
 * @report: called with one line for each finding. Return: number of findings, -errno.
 * @repair: remove what is damaged or left over (never a name); waits for the others that use the store
 */
int store_fsck(struct store *store, bool repair, void (*report)(void *ctx, const char *line),
	       void *ctx, struct oci_error *err);

#endif
