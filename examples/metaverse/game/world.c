/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.c - see world.h. Ids are random: their low bits are as good a hash as any.
 */
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>

#include "game/world.h"

static struct player **bucket_of(struct world *world, uint32_t id)
{
	return &world->buckets[id & (WORLD_BUCKETS - 1)];
}

struct room *world_room(struct world *world, const char *name)
{
	struct room *room;

	for (room = world->rooms; room; room = room->next)
		if (strcmp(room->name, name) == 0)
			return room;
	return NULL;
}

struct player *world_find(struct world *world, uint32_t id)
{
	struct player *player;

	for (player = *bucket_of(world, id); player; player = player->next_in_bucket)
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
	room->next = world->rooms;
	world->rooms = room;
	world->room_count++;
	return room;
}

int world_enter(struct world *world, const struct arrival *arrival, struct player **ret)
{
	struct player *player, **bucket;
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
	player->next_in_room = room->players;
	room->players = player;
	bucket = bucket_of(world, player->id);
	player->next_in_bucket = *bucket;
	*bucket = player;
	room->count++;
	room->changed = true;
	world->players++;
	world->local += player->kind != PLAYER_REMOTE;
	*ret = player;
	return 0;
}

static void room_remove(struct world *world, struct room *room)
{
	struct room **at = &world->rooms;

	while (*at && *at != room)
		at = &(*at)->next;
	if (*at)
		*at = room->next;
	world->room_count--;
	free(room);
}

void world_leave(struct world *world, struct player *player)
{
	struct player **in_bucket = bucket_of(world, player->id),
		      **in_room = &player->room->players;
	struct room *room = player->room;

	while (*in_bucket != player)
		in_bucket = &(*in_bucket)->next_in_bucket;
	*in_bucket = player->next_in_bucket;
	while (*in_room != player)
		in_room = &(*in_room)->next_in_room;
	*in_room = player->next_in_room;
	world->players--;
	world->local -= player->kind != PLAYER_REMOTE;
	free(player);
	room->changed = true;
	if (--room->count == 0)
		room_remove(world, room);
}

void world_move(struct player *player, const struct place *place)
{
	player->place = *place;
	player->moved = true;
	player->room->changed = true;
}

void world_free(struct world *world)
{
	struct room *room = world->rooms, *next_room;
	struct player *player, *next;

	for (; room; room = next_room) {
		for (player = room->players; player; player = next) {
			next = player->next_in_room;
			free(player);
		}
		next_room = room->next;
		free(room);
	}
	memset(world, 0, sizeof(*world));
}
