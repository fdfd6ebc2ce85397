/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h - the rooms and the players in them, of this replica and of the others: no sockets and no time here.
 *
 * A room is there as long as it has players. Ids are random 32-bit numbers, so that replicas need not agree on them.
 */
#ifndef METAVERSE_WORLD_H
#define METAVERSE_WORLD_H

#include <stdint.h>

#include "game/place.h"

#define ROOM_PLAYERS_MAX 200
#define WORLD_PLAYERS_MAX 8192 /* of all rooms and replicas */
#define WORLD_LOCAL_MAX 1000   /* of this replica */
#define WORLD_BUCKETS 4096     /* a power of two */

enum player_kind {
	PLAYER_WEB,    /* owner: a struct session */
	PLAYER_UDP,    /* owner: a struct udp_session */
	PLAYER_REMOTE, /* owner: the struct bus_peer that has the player */
};

struct player {
	struct player *next_in_bucket, *next_in_room;
	struct room *room;
	void *owner;
	enum player_kind kind;
	uint32_t id;
	uint32_t round; /* remote: the BEGIN after which it was last named */
	bool moved;     /* since the last tick */
	struct place place;
	char name[NAME_MAX_LENGTH + 1];
};

struct room {
	struct room *next;
	struct player *players;
	unsigned int count; /* of players */
	bool changed;       /* since the last tick */
	char name[NAME_MAX_LENGTH + 1];
};

struct world {
	struct room *rooms;
	struct player *buckets[WORLD_BUCKETS];
	unsigned int players, local, room_count;
};

/** What somebody who enters brings. */
struct arrival {
	const char *name, *room;
	enum player_kind kind;
	void *owner; /* borrowed; outlives the player */
	uint32_t id;
	struct place place;
};

/** world_room() - the room of this name, or NULL: nobody is in it. */
struct room *world_room(struct world *world, const char *name);

/** world_find() - the player with this id, or NULL. */
struct player *world_find(struct world *world, uint32_t id);

/** world_is_full() - whether a player of this replica may not enter the room: it, the replica or the world has no place left. */
bool world_is_full(struct world *world, const char *room);

/**
 * world_enter() - puts a player into a room, which is made when it is not there.
 *
 * The player belongs to the world, until world_leave(). -EEXIST: the id is somebody's; -ENOSPC: the world is full;
 * -ENOMEM. How full the room is, is the caller's to ask: what other replicas have let in is in.
 */
int world_enter(struct world *world, const struct arrival *arrival, struct player **ret);

/** world_leave() - frees the player, and the room when it was the last. */
void world_leave(struct world *world, struct player *player);

/** world_move() - the player is at this place now. */
void world_move(struct player *player, const struct place *place);

/** world_free() - all players and rooms. */
void world_free(struct world *world);

#endif
