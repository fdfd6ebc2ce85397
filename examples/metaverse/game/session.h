/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - a user at a WebSocket (message.h is what it says): what it sent, and what waits for it.
 *
 * The memory of one is bounded, whatever its client does: a message has MESSAGE_MAX bytes, a line PACKET_LINE_MAX packets,
 * and of states only the newest waits.
 */
#ifndef METAVERSE_SESSION_H
#define METAVERSE_SESSION_H

#include "game/message.h"
#include "game/packet.h"

struct lws;
struct play;

#define SESSION_MESSAGES_PER_SECOND 120.0 /* in the long run: screens draw 60 */
#define SESSION_CHATS_PER_SECOND 2.0
#define SESSION_CHATS_AT_ONCE 10.0
#define SESSION_ERRORS_MAX 100 /* then it is no client of this server */

/** struct allowance - how many may come now, refilled with time. */
struct allowance {
	double left, since; /* since: clock_seconds() */
};

/** struct session - in libwebsockets' memory, which begins as zeros; valid from session_begin() to session_end(). */
struct session {
	struct session *next;
	struct lws *wsi;
	struct play *play;
	struct player *player; /* NULL: not in a room (any more) */
	struct packet_line line;
	struct packet *state;    /* the newest that was not sent */
	unsigned int close_code; /* 0, or what follows the line */
	struct allowance messages, chats;
	unsigned int errors;
	char *partial; /* MESSAGE_MAX + 1 bytes for a message that came in pieces; NULL: none has */
	size_t partial_length;
};

/**
 * session_begin - a user with a good token enters a room, and is welcomed.
 * Return: 0, or -errno of play_enter(); then there is no session.
 */
int session_begin(struct session *session, struct play *play, struct lws *wsi, const char *name,
		  const char *room);

/** session_receive - a piece of a message has come. Return: 0, or -1: the connection is to be closed. */
int session_receive(struct session *session, const char *text, size_t length);

/** session_writable - send the next packet. Return: 0, or -1: the connection is to be closed. */
int session_writable(struct session *session);

/** session_end - the player leaves, if it has not; fine for zeros. */
void session_end(struct session *session);

/** session_send - put a packet in line; a user who is too slow for that is let go. */
void session_send(struct session *session, struct packet *packet);

/** session_send_state - the same, but it takes the place of the last one that has not been sent. */
void session_send_state(struct session *session, struct packet *packet);

/** session_close - what is in line is sent, then the connection ends with this code. */
void session_close(struct session *session, unsigned int code);

/** session_move - the player leaves; the user is told to connect again, elsewhere. */
void session_move(struct session *session);

#endif
