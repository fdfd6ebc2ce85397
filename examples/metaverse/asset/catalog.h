/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalog.h - what is known of the files, in a database that the replicas share. From any thread.
 *
 * Two users may upload the same bytes: that is one file and two entries. The file goes with the last of them. A file is
 * published and removed inside of the database's write lock, so that no replica removes what another one has just published.
 */
#ifndef METAVERSE_CATALOG_H
#define METAVERSE_CATALOG_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>

#include "asset/asset.h"
#include "asset/store.h"

#define CATALOG_LIST_MAX 1000 /* the newest of them */

struct oci_error;

/*
 * Two connections, each with its lock and statements: a writer waits for other replicas' writes and for the disk, readers wait
 * for neither.
 */
struct catalog {
	sqlite3 *db, *write_db;
	pthread_mutex_t lock, write_lock;
	sqlite3_stmt *get, *list, *used;   /* of db */
	sqlite3_stmt *put, *drop, *others; /* of write_db */
};

/** catalog_open - @folder/assets.db. catalog_close may follow in any case. 0 or -errno with words. */
int catalog_open(struct catalog *catalog, const char *folder, struct oci_error *err);
void catalog_close(struct catalog *catalog);

/** catalog_put - an entry for @asset, and the temporary file @temp of @store becomes its file. 0 or -errno, then there is no entry. */
int catalog_put(struct catalog *catalog, const struct store *store, const struct asset *asset,
		const char *temp);

/** catalog_get - the oldest entry of @id. 0, -ENOENT or other -errno. */
int catalog_get(struct catalog *catalog, const char *id, struct asset *ret);

/** catalog_remove - 0; -ENOENT: there is no such asset; -EPERM: it is of others; other -errno. */
int catalog_remove(struct catalog *catalog, const struct store *store, const char *id,
		   const char *author);

/** catalog_list - a JSON array, the newest first. @category: NULL: all of them. 0 or -errno. */
int catalog_list(struct catalog *catalog, const char *category, FILE *out);

/** catalog_used - bytes of all that @author has. 0 or -errno. */
int catalog_used(struct catalog *catalog, const char *author, uint64_t *ret);

#endif
