/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout-private.h - what the files of layout.h share with one another and with the store.
 */
#ifndef CARTEFILE_LAYOUT_PRIVATE_H
#define CARTEFILE_LAYOUT_PRIVATE_H

#include <sys/stat.h>

#include "cartefile-to-oci/layout.h"

#define BLOB_PATH_SIZE (sizeof("blobs/sha256/") + DIGEST_HEX_LENGTH)
#define TEMP_PREFIX ".tmp-"
#define TEMP_NAME_SIZE 64

/** blob_path - "blobs/sha256/HEX" below the layout. Return: @buf. */
char *blob_path(const struct digest *digest, char buf[BLOB_PATH_SIZE]);

/** blob_digest - of a descriptor, -EOPNOTSUPP with words when it is not sha256. @what: "layers[2]" */
int blob_digest(const char *text, const char *where, const char *what, struct digest *ret,
		struct oci_error *err);

/** blob_mark - give a blob its time. blob_check - 1 when it is what it was written as, 0 when it is damaged, -errno. @st: its own */
void blob_mark(int fd, const struct digest *digest);
int blob_check(int dirfd, const char *path, const struct digest *digest, const struct stat *st);

/* ---- files that appear at once ------------------------------------------------------------------------------------ */

/**
 * temp_create - a file on the file system of @dirfd, locked (flock), for reading and writing.
 * @ret_name: "" when it has no name (O_TMPFILE), else its temporary name in @dirfd
 * Return: fd or -errno.
 */
int temp_create(int dirfd, char ret_name[TEMP_NAME_SIZE]);

/**
 * temp_link - give it a name in the same folder, -EEXIST when there is one. temp_replace - a name in any folder of the file
 * system, over one that is there. The fd stays open, @temp_name becomes "".
 */
int temp_link(int fd, char temp_name[TEMP_NAME_SIZE], int dirfd, const char *name);
int temp_replace(int fd, char temp_name[TEMP_NAME_SIZE], int temp_dirfd, int dirfd,
		 const char *name);

/** temp_remove - the name, if it has one. */
void temp_remove(char temp_name[TEMP_NAME_SIZE], int dirfd);

/** temp_sweep - remove the temporary files in a folder whose writer is gone. Return: how many. */
size_t temp_sweep(int dirfd, bool dry_run);

/** temp_force_named - tests only: as on a file system without O_TMPFILE. */
void temp_force_named(bool on);

/**
 * file_replace - all of a small file at once; fsynced when @durable (the folder is the caller's to sync).
 * @temp_dirfd: a folder that is swept
 */
int file_replace(int temp_dirfd, int dirfd, const char *name, const void *data, size_t length,
		 bool durable);

/* ---- pending blobs -------------------------------------------------------------------------------------------------- */

int pending_create(struct layout *layout, struct oci_error *err);
void pending_destroy(struct layout *layout);

/** pending_open - a blob that waits, to read; -ENOENT. */
int pending_open(const struct layout *layout, const struct digest *digest);

/** layout_has_named_blob - as layout_has_blob, without those that wait. */
int layout_has_named_blob(const struct layout *layout, const struct digest *digest, int64_t size);

/* ---- index ------------------------------------------------------------------------------------------------------------ */

/** layout_lock - for changing index.json: exclusive; closing the fd unlocks. fd or -errno with words. */
int layout_lock(const struct layout *layout, struct oci_error *err);

/** descriptor_has_name - by either annotation. descriptor_name - the first of them, or NULL. */
bool descriptor_has_name(const struct oci_descriptor *descriptor, const char *name);
const char *descriptor_name(const struct oci_descriptor *descriptor);

/** descriptor_set_name - a copy with this name (NULL: none) and no other, its annotations sorted. */
int descriptor_set_name(struct oci_arena *arena, const struct oci_descriptor *from,
			const char *name, struct oci_descriptor *ret, struct oci_error *err);

/** descriptor_is_named_by - @ref: a name, "sha256:HEX", or at least 6 digits. */
bool descriptor_is_named_by(const struct oci_descriptor *descriptor, const char *ref);

bool is_index_type(const char *media_type);
bool is_manifest_type(const char *media_type);

/** layout_no_such - -ENOENT, with the names that there are. */
int layout_no_such(const struct layout *layout, const struct oci_index *index, const char *ref,
		   struct oci_error *err);

/** layout_read_index - an index that is a blob. */
int layout_read_index(const struct layout *layout, const struct oci_descriptor *descriptor,
		      struct oci_arena *arena, struct oci_index **ret, struct oci_error *err);

/** layout_read_manifest - and its digest. */
int layout_read_manifest(const struct layout *layout, const struct oci_descriptor *descriptor,
			 struct oci_arena *arena, struct oci_manifest **ret,
			 struct digest *ret_digest, struct oci_error *err);

#endif
