/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp_session.h - who said HELLO: found by id, and by the address it said it from.
 */
#ifndef METAVERSE_UDP_SESSION_H
#define METAVERSE_UDP_SESSION_H

#include "game/outbox.h"
#include "game/world.h"

#define UDP_BUCKETS 1024      /* a power of two */
#define UDP_WAITING_MAX 512   /* sessions whose first POS has not come */
#define UDP_WAITING_SECONDS 5 /* and how long they have for it */
#define UDP_SILENT_SECONDS 10 /* a player who is not heard for so long has left */

struct udp_session {
	struct udp_session *next_of_id, *next_of_address; /* in the bucket */
	struct udp_session *next;                         /* in waiting or playing */
	struct player *player;                            /* NULL: waiting */
	union address address;
	uint32_t id, seq;
	uint64_t cookie;
	double heard; /* clock_seconds() */
	char name[NAME_MAX_LENGTH + 1], room[NAME_MAX_LENGTH + 1];
};

/** struct udp_sessions - starts as zeros but for @seed. */
struct udp_sessions {
	struct udp_session *ids[UDP_BUCKETS], *addresses[UDP_BUCKETS];
	struct udp_session *waiting, *playing; /* oldest first */
	size_t waiting_count, playing_count;
	uint32_t seed; /* of the hash of addresses, which a client could choose else */
};

/** udp_session_of_id, udp_session_of_address - Return: NULL when there is none. */
struct udp_session *udp_session_of_id(struct udp_sessions *sessions, uint32_t id);
struct udp_session *udp_session_of_address(struct udp_sessions *sessions,
					   const union address *address);

/** udp_session_add - a waiting one; its id, address and the rest are set. It belongs to @sessions then. */
void udp_session_add(struct udp_sessions *sessions, struct udp_session *session);

/** udp_session_play - it has a player now. */
void udp_session_play(struct udp_sessions *sessions, struct udp_session *session,
		      struct player *player);

/** udp_session_remove - frees it; the player is the caller's. */
void udp_session_remove(struct udp_sessions *sessions, struct udp_session *session);

bool address_equal(const union address *a, const union address *b);

#endif
