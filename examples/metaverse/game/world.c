/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.c - see world.h. Ids are random: their low bits are as good a hash as any.
 */
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>

#include "game/world.h"

static struct bucket *bucket_of(struct world *world, uint32_t id)
{
	return &world->buckets[id & (WORLD_BUCKETS - 1)];
}

struct room *world_room(struct world *world, const char *name)
{
	struct room *room;

	LIST_FOREACH(room, &world->rooms, link)
	if (strcmp(room->name, name) == 0)
		return room;
	return NULL;
}

struct player *world_find(struct world *world, uint32_t id)
{
	struct player *player;

	LIST_FOREACH(player, bucket_of(world, id), same_bucket)
	if (player->id == id)
		return player;
	return NULL;
}

bool world_is_full(struct world *world, const char *name)
{
	struct room *room = world_room(world, name);

	return world->players >= WORLD_PLAYERS_MAX || world->local >= WORLD_LOCAL_MAX ||
	       (room && room->count >= ROOM_PLAYERS_MAX);
}

static struct room *room_get(struct world *world, const char *name)
{
	struct room *room = world_room(world, name);

	if (room)
		return room;
	room = calloc(1, sizeof(*room));
	if (!room)
		return NULL;
	(void)snprintf(room->name, sizeof(room->name), "%s", name);
	LIST_INIT(&room->players);
	LIST_INSERT_HEAD(&world->rooms, room, link);
	world->room_count++;
	return room;
}

int world_enter(struct world *world, const struct arrival *arrival, struct player **ret)
{
	struct player *player;
	struct room *room;

	if (world_find(world, arrival->id))
		return -EEXIST;
	if (world->players >= WORLD_PLAYERS_MAX)
		return -ENOSPC;
	player = calloc(1, sizeof(*player));
	if (!player)
		return -ENOMEM;
	room = room_get(world, arrival->room);
	if (!room) {
		free(player);
		return -ENOMEM;
	}
	player->room = room;
	player->owner = arrival->owner;
	player->kind = arrival->kind;
	player->id = arrival->id;
	player->place = arrival->place;
	player->moved = true;
	(void)snprintf(player->name, sizeof(player->name), "%s", arrival->name);
	LIST_INSERT_HEAD(&room->players, player, same_room);
	LIST_INSERT_HEAD(bucket_of(world, player->id), player, same_bucket);
	room->count++;
	room->changed = true;
	world->players++;
	world->local += player->kind != PLAYER_REMOTE;
	*ret = player;
	return 0;
}

static void room_put(struct world *world, struct room *room)
{
	room->changed = true;
	if (--room->count > 0)
		return;
	LIST_REMOVE(room, link);
	world->room_count--;
	free(room);
}

void world_leave(struct world *world, struct player *player)
{
	LIST_REMOVE(player, same_room);
	LIST_REMOVE(player, same_bucket);
	world->players--;
	world->local -= player->kind != PLAYER_REMOTE;
	room_put(world, player->room);
	free(player);
}

void world_move(struct player *player, const struct place *place)
{
	player->place = *place;
	player->moved = true;
	player->room->changed = true;
}

void world_free(struct world *world)
{
	struct player *player;

	for (size_t i = 0; i < WORLD_BUCKETS; i++)
		while ((player = LIST_FIRST(&world->buckets[i])) != NULL)
			world_leave(world, player);
}
