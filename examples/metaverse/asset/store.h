/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - the files: DIR/files/ID, and DIR/tmp/ for what is on its way. Replicas share them.
 */
#ifndef METAVERSE_STORE_H
#define METAVERSE_STORE_H

#define STORE_TEMP_MAX 40

struct oci_error;

struct store {
	int files, temps; /* folders */
};

/** store_open - make the folders, remove what crashes left in tmp more than an hour ago. store_close may follow in any case. */
int store_open(struct store *store, const char *folder, struct oci_error *err);
void store_close(struct store *store);

/** store_temp - a new file to write to. @ret_name: its name, for the next two. Descriptor or -errno. */
int store_temp(const struct store *store, char ret_name[STORE_TEMP_MAX]);

/** store_drop - remove a temporary file. */
void store_drop(const struct store *store, const char *name);

/** store_publish - one that is written and synced becomes the file of @id, whole or not at all. 0 or -errno. */
int store_publish(const struct store *store, const char *name, const char *id);

/** store_read - descriptor or -errno. */
int store_read(const struct store *store, const char *id);

/** store_remove - 0 or -errno; one that is not there is fine. */
int store_remove(const struct store *store, const char *id);

#endif
