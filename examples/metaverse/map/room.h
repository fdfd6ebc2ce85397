/* SPDX-License-Identifier: Apache-2.0 */
/*
 * room.h - a map that is open here: its document, and the edits of all replicas on top of it.
 *
 * What a user sets goes into the journal first and comes back from there like that of any other replica, so that all of them
 * apply the same edits in the same order. Not for more than one thread.
 */
#ifndef METAVERSE_MAP_ROOM_H
#define METAVERSE_MAP_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "map/store.h"

#define ROOM_FOLD_LINES 50000 /* a longer journal is made part of the document */

/** struct room_events - what a room tells; each has the context. */
struct room_events {
	void (*edited)(void *context, const struct edit *edit, uint64_t line);
	void (*replaced)(void *context); /* another version, with the edits that go on in it */
	void *context;
};

struct room {
	const struct store *store;
	struct doc doc; /* as it is stored */
	uint8_t *tiles; /* with the edits */
	struct journal journal;
	struct room_events events;
	bool quiet; /* what is read now is no news */
};

/** room_open - the newest version of a map with its edits. Return: 0, -ENOENT or another -errno; room_close in either case. */
int room_open(struct room *room, const struct store *store, const char *map,
	      const struct room_events *events);
void room_close(struct room *room);

/** room_set - one edit into the journal, and from there into the room. Return: 0, -ERANGE: no such cell; or another -errno. */
int room_set(struct room *room, const struct edit *edit);

/** room_follow - read what other replicas have added, and take a newer version if there is one. Return: 0 or -errno. */
int room_follow(struct room *room);

/** room_changes - calls @each for every cell that is not as in the document. */
void room_changes(const struct room *room,
		  void (*each)(void *context, uint32_t x, uint32_t y, uint8_t tile), void *context);

#endif
