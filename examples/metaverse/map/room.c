/* SPDX-License-Identifier: Apache-2.0 */
/* room.c - see room.h. */
#include "map/room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t cells(const struct room *room)
{
	return (size_t)room->doc.size * room->doc.size;
}

static void apply(void *context, const struct edit *edit, uint64_t line)
{
	struct room *room = context;

	if (edit->x >= room->doc.size || edit->y >= room->doc.size)
		return;
	room->tiles[(size_t)edit->y * room->doc.size + edit->x] = edit->tile;
	if (!room->quiet)
		room->events.edited(room->events.context, edit, line);
}

/* Document and journal of one version: no other can come between while the lock is held. */
static int take(const struct store *store, const char *map, struct doc *ret_doc,
		struct journal *ret_journal)
{
	int r = store_lock_edits(store);

	if (r < 0)
		return r;
	r = store_load(store, map, ret_doc);
	if (r == 0) {
		r = journal_open(ret_journal, store->dir, map, ret_doc->version);
		if (r < 0)
			doc_clear(ret_doc);
	}
	store_unlock_edits(store);
	return r;
}

static int load(struct room *room, const char *map)
{
	struct journal journal = { .fd = -1 };
	struct doc doc = { 0 };
	uint8_t *tiles;
	int r = take(room->store, map, &doc, &journal);

	if (r < 0)
		return r;
	tiles = malloc((size_t)doc.size * doc.size);
	if (!tiles) {
		doc_clear(&doc);
		journal_close(&journal);
		return -ENOMEM;
	}
	memcpy(tiles, doc.tiles, (size_t)doc.size * doc.size);
	room_close(room);
	room->doc = doc;
	room->tiles = tiles;
	room->journal = journal;
	room->quiet = true;
	r = journal_follow(&room->journal, apply, room);
	room->quiet = false;
	return r;
}

int room_open(struct room *room, const struct store *store, const char *map,
	      const struct room_events *events)
{
	*room = (struct room){ .store = store, .journal.fd = -1, .events = *events };
	return load(room, map);
}

void room_close(struct room *room)
{
	journal_close(&room->journal);
	doc_clear(&room->doc);
	free(room->tiles);
	room->tiles = NULL;
}

static bool is_newest(const struct room *room)
{
	struct doc head;

	return store_head(room->store, room->doc.name, &head) == 0 &&
	       head.version == room->doc.version;
}

/* the map goes by a name that the new document brings, and the old one is about to be freed */
static int reload(struct room *room)
{
	char map[TOKEN_NAME_MAX + 1];
	int r;

	memcpy(map, room->doc.name, sizeof(map));
	r = load(room, map);
	if (r == 0)
		room->events.replaced(room->events.context);
	return r;
}

int room_follow(struct room *room)
{
	int r = journal_follow(&room->journal, apply, room);

	return r == 0 && !is_newest(room) ? reload(room) : r;
}

static int append(struct room *room, const struct edit *edit)
{
	int r = store_lock_edits(room->store);

	if (r < 0)
		return r;
	r = is_newest(room) ? journal_append(&room->journal, edit) : -ESTALE;
	store_unlock_edits(room->store);
	return r;
}

int room_set(struct room *room, const struct edit *edit)
{
	int r;

	if (edit->x >= room->doc.size || edit->y >= room->doc.size)
		return -ERANGE;
	r = append(room, edit);
	if (r == -ESTALE) {
		r = reload(room);
		if (r == 0 && (edit->x >= room->doc.size || edit->y >= room->doc.size))
			return -ERANGE;
		r = r == 0 ? append(room, edit) : r;
	}
	return r == 0 ? journal_follow(&room->journal, apply, room) : r;
}

void room_changes(const struct room *room,
		  void (*each)(void *context, uint32_t x, uint32_t y, uint8_t tile), void *context)
{
	for (size_t i = 0; i < cells(room); i++)
		if (room->tiles[i] != room->doc.tiles[i])
			each(context, (uint32_t)(i % room->doc.size),
			     (uint32_t)(i / room->doc.size), room->tiles[i]);
}
