/* SPDX-License-Identifier: Apache-2.0 */
/*
 * play.h - what happens in the rooms, whoever brings it: each change is told to the users of the room, and to the other
 * replicas with the next tick.
 */
#ifndef METAVERSE_PLAY_H
#define METAVERSE_PLAY_H

#include "common/metrics.h"
#include "game/bus_batch.h"
#include "game/message.h"
#include "game/session.h"
#include "game/world.h"

struct udp;

#define TICKS_PER_SECOND 20

/** struct play - the rooms of one replica; zeros but for these are a good start. */
struct play {
	struct world world;
	struct bus_batch news; /* for the other replicas, since the last tick */
	struct metrics *metrics;
	struct session *sessions;
	const char *replica;
	uint32_t tick;
};

void play_init(struct play *play, struct metrics *metrics, const char *replica);
void play_free(struct play *play);

/** play_new_id - a random number that is nobody's. */
uint32_t play_new_id(struct play *play);

/**
 * play_enter - a player of this replica or another comes into a room, and all there are told.
 * Return: 0; -ENOSPC: the room or the world is full; -EEXIST; -ENOMEM.
 */
int play_enter(struct play *play, const struct arrival *arrival, struct player **ret);

/** play_leave - frees the player and tells the room. */
void play_leave(struct play *play, struct player *player);

/** play_chat - @from says something in a room; @news: the other replicas have to hear it. */
void play_chat(struct play *play, const char *room, const char *from, const char *text, bool news);

/**
 * play_tick - sends the rooms that have changed, and notes for the other replicas who has moved.
 * @all: to UDP users those too that have not, since their last datagram may have been lost
 */
void play_tick(struct play *play, struct udp *udp, bool all);

#endif
