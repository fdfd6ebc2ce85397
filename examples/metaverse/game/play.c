/* SPDX-License-Identifier: Apache-2.0 */
/*
 * play.c - see play.h. A packet is written once for a room; each session of the room keeps a reference.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <stdio.h>

#include "game/play.h"
#include "game/udp.h"

void play_init(struct play *play, struct metrics *metrics, const char *replica)
{
	*play = (struct play){ .metrics = metrics, .replica = replica };
}

void play_free(struct play *play)
{
	world_free(&play->world);
	bus_batch_free(&play->news);
}

uint32_t play_new_id(struct play *play)
{
	uint32_t id = 0;

	/* 0 is for nobody; getrandom(2) of so few bytes neither fails nor blocks once the system is up */
	do
		(void)getrandom(&id, sizeof(id), 0);
	while (id == 0 || world_find(&play->world, id));
	return id;
}

/* to all users of a room but @except */
static void tell(struct room *room, struct packet_draft *draft, const struct player *except)
{
	struct packet *packet = packet_end(draft);
	struct player *player;

	if (!packet)
		return;
	for (player = room->players; player; player = player->next_in_room)
		if (player->kind == PLAYER_WEB && player != except)
			session_send(player->owner, packet);
	packet_put(packet);
}

/* ---- what happens ---------------------------------------------------------------------------------------------- */
static void news(struct play *play, enum bus_type type, const struct player *player)
{
	struct bus_record record = { .type = type, .id = player->id, .place = player->place };

	if (player->kind == PLAYER_REMOTE)
		return;
	memcpy(record.name, player->name, sizeof(record.name));
	memcpy(record.room, player->room->name, sizeof(record.room));
	bus_batch_add(&play->news, play->replica, &record);
}

int play_enter(struct play *play, const struct arrival *arrival, struct player **ret)
{
	struct packet_draft draft;
	int r;

	if (arrival->kind != PLAYER_REMOTE && world_is_full(&play->world, arrival->room))
		return -ENOSPC;
	r = world_enter(&play->world, arrival, ret);
	if (r < 0)
		return r;
	if (arrival->kind != PLAYER_REMOTE)
		metrics_sessions(play->metrics, 1);
	if (packet_begin(&draft)) {
		message_join(draft.out, *ret);
		tell((*ret)->room, &draft, *ret);
	}
	news(play, BUS_JOIN, *ret);
	return 0;
}

void play_leave(struct play *play, struct player *player)
{
	struct packet_draft draft;

	if (player->kind != PLAYER_REMOTE)
		metrics_sessions(play->metrics, -1);
	news(play, BUS_LEAVE, player);
	if (packet_begin(&draft)) {
		message_leave(draft.out, player->id);
		tell(player->room, &draft, player);
	}
	world_leave(&play->world, player);
}

void play_chat(struct play *play, const char *name, const char *from, const char *text,
	       bool is_news)
{
	struct bus_record record = { .type = BUS_CHAT };
	struct room *room = world_room(&play->world, name);
	struct packet_draft draft;

	if (room && packet_begin(&draft)) {
		message_chat(draft.out, from, text);
		tell(room, &draft, NULL);
	}
	if (!is_news)
		return;
	(void)snprintf(record.room, sizeof(record.room), "%s", name);
	(void)snprintf(record.name, sizeof(record.name), "%s", from);
	(void)snprintf(record.text, sizeof(record.text), "%s", text);
	bus_batch_add(&play->news, play->replica, &record);
}

/* ---- ticks ----------------------------------------------------------------------------------------------------- */
static void tick_web(struct play *play, struct room *room)
{
	struct packet_draft draft;
	struct packet *packet;
	struct player *player;

	if (!packet_begin(&draft))
		return;
	message_state(draft.out, room, play->tick);
	packet = packet_end(&draft);
	if (!packet)
		return;
	for (player = room->players; player; player = player->next_in_room)
		if (player->kind == PLAYER_WEB)
			session_send_state(player->owner, packet);
	packet_put(packet);
}

static void tick_room(struct play *play, struct udp *udp, struct room *room)
{
	bool has[PLAYER_REMOTE + 1] = { false };
	struct player *player;

	for (player = room->players; player; player = player->next_in_room) {
		has[player->kind] = true;
		if (player->moved)
			news(play, BUS_PLACE, player);
		player->moved = false;
	}
	if (has[PLAYER_WEB] && room->changed)
		tick_web(play, room);
	if (has[PLAYER_UDP])
		udp_send_state(udp, room, play->tick);
	room->changed = false;
}

void play_tick(struct play *play, struct udp *udp, bool all)
{
	struct room *room;

	for (room = play->world.rooms; room; room = room->next)
		if (room->changed || all)
			tick_room(play, udp, room);
}
