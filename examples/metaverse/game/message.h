/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message.h - the JSON messages between a client and the game, as text: no sockets here.
 *
 * Client: {"t":"pos","x":1,"y":2,"dir":0,"seq":7,"ts":1234.5}   dir, seq and ts may be missing
 *         {"t":"chat","text":"hello"}                           1 to 500 bytes of UTF-8 without control characters
 *         {"t":"ping","ts":1234.5}
 * Server: {"t":"welcome","replica":"game-1","id":7,"name":"ann","room":"lobby","players":[{"id":8,"name":"bob","x":1,"y":2,"dir":0}]}
 *             the others that are in the room; neither here nor as "join" does a client get itself
 *         {"t":"state","players":[[7,1,2,0],[8,1,2,0]],"tick":1234}   all players of the room, itself too
 *         {"t":"join","id":9,"name":"cay"}  {"t":"leave","id":9}
 *         {"t":"chat","from":"ann","text":"hello"}              to all of the room, its author too
 *         {"t":"pong","ts":1234.5}
 *         {"t":"error","error":"one line"}                      a message was not understood, or came too fast
 *         {"t":"moved"}                                         then close code 1012: connect again
 */
#ifndef METAVERSE_MESSAGE_H
#define METAVERSE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "game/world.h"

#define MESSAGE_MAX 4096 /* a chat of 500 bytes fits with all of them escaped */

enum message_type { MESSAGE_POS, MESSAGE_CHAT, MESSAGE_PING };

/** struct message - one of a client; what its type does not have is zero. */
struct message {
	enum message_type type;
	struct place place;
	double ts; /* the client's clock, milliseconds */
	char text[CHAT_MAX_LENGTH + 1];
};

/**
 * message_parse - read what a client sent: @length bytes, which have a NUL behind them.
 * @ret_why: on failure one line for the client, which lives for ever
 * Return: 0 or -EINVAL. Members that are not known are ignored.
 */
int message_parse(const char *json, size_t length, struct message *ret, const char **ret_why);

/** message_welcome - to @player, who has entered. */
void message_welcome(FILE *out, const struct player *player, const char *replica);

/** message_state - the places of all players of a room. */
void message_state(FILE *out, const struct room *room, uint32_t tick);

void message_join(FILE *out, const struct player *player);
void message_leave(FILE *out, uint32_t id);
void message_chat(FILE *out, const char *from, const char *text);
void message_pong(FILE *out, double ts);
void message_error(FILE *out, const char *why);

#endif
