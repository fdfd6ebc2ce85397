/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - the maps of the class in a folder that all replicas share: NAME.json, and NAME.VERSION.log with the edits since.
 *
 * A document is replaced by rename(2) of a synced file, so whoever opens it has one whole version, whatever dies meanwhile.
 * Two locks, flock(2) on files of their own, order the replicas: whoever replaces a document holds both, one after the other;
 * whoever adds an edit holds that for edits, under which the version cannot change.
 */
#ifndef METAVERSE_MAP_STORE_H
#define METAVERSE_MAP_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "map/doc.h"
#include "map/journal.h"

struct oci_error;

#define STORE_MAPS_MAX 1000

/* A lock belongs to an open file: each thread has a store of its own. */
struct store {
	int dir;   /* of the maps; inotify may watch it */
	int saves; /* held by the one who replaces a document */
	int edits; /* held while a line is added, and while a version changes */
};

/** struct save_terms - under which conditions a document replaces the one that is there. */
struct save_terms {
	bool is_fold;     /* the server's own: the author stays, nobody is asked */
	bool must_be_new; /* If-None-Match: * */
	bool must_exist;  /* If-Match: * */
	uint64_t version; /* If-Match: "N"; 0: any */
};

/** store_open - folder/maps, made when it is missing. Return: 0 or -errno with words; store_close in either case. */
int store_open(struct store *store, const char *folder, struct oci_error *err);
void store_close(struct store *store);

/** store_lock_edits, store_unlock_edits - between replicas; short. Return of the first: 0 or -errno. */
int store_lock_edits(const struct store *store);
void store_unlock_edits(const struct store *store);

/** store_list - the heads of all maps, in no order. Return: 0 or -errno. */
int store_list(const struct store *store, void (*each)(void *context, const struct doc *head),
	       void *context);

/** store_read - the text of a map, the caller's to free. Return: 0, -ENOENT or another -errno. */
int store_read(const struct store *store, const char *map, char **ret_text, size_t *ret_length);

/** store_head - all of a document but its tiles. Return: 0, -ENOENT, or another -errno. */
int store_head(const struct store *store, const char *map, struct doc *ret_head);

/** store_load - a document with its tiles, which are the caller's to free. Return: 0, -ENOENT or another -errno. */
int store_load(const struct store *store, const char *map, struct doc *ret_doc);

/**
 * store_save - make @doc the next version of the map of its name; synced to disk when this returns. Edits of the version
 * before, after the first doc->edits, go on in the new one.
 * @doc: author is who asks; version (and, of a fold, author) are set
 * Return: 0; -EACCES: another is its author; -ESTALE: the terms are not met; -EDQUOT: there are STORE_MAPS_MAX maps; or
 * another -errno.
 */
int store_save(const struct store *store, struct doc *doc, const struct save_terms *terms);

#endif
