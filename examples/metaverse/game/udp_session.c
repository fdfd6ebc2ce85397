/* SPDX-License-Identifier: Apache-2.0 */
/*
 * udp_session.c - see udp_session.h.
 */
#include <stdlib.h>

#include "game/udp_session.h"

static uint32_t mix(uint32_t hash, const void *bytes, size_t length)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ b[i]) * 16777619U; /* FNV-1a */
	return hash;
}

static struct udp_session **bucket_of_address(struct udp_sessions *sessions, const union address *a)
{
	uint32_t hash = sessions->seed;

	if (a->any.sa_family == AF_INET6) {
		hash = mix(hash, &a->v6.sin6_addr, sizeof(a->v6.sin6_addr));
		hash = mix(hash, &a->v6.sin6_port, sizeof(a->v6.sin6_port));
	} else {
		hash = mix(hash, &a->v4.sin_addr, sizeof(a->v4.sin_addr));
		hash = mix(hash, &a->v4.sin_port, sizeof(a->v4.sin_port));
	}
	return &sessions->addresses[(hash ^ hash >> 16) & (UDP_BUCKETS - 1)];
}

static struct udp_session **bucket_of_id(struct udp_sessions *sessions, uint32_t id)
{
	return &sessions->ids[id & (UDP_BUCKETS - 1)];
}

bool address_equal(const union address *a, const union address *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	if (a->any.sa_family == AF_INET6)
		return a->v6.sin6_port == b->v6.sin6_port &&
		       memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) == 0;
	return a->v4.sin_port == b->v4.sin_port && a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
}

struct udp_session *udp_session_of_id(struct udp_sessions *sessions, uint32_t id)
{
	struct udp_session *session;

	for (session = *bucket_of_id(sessions, id); session; session = session->next_of_id)
		if (session->id == id)
			return session;
	return NULL;
}

struct udp_session *udp_session_of_address(struct udp_sessions *sessions,
					   const union address *address)
{
	struct udp_session *session;

	for (session = *bucket_of_address(sessions, address); session;
	     session = session->next_of_address)
		if (address_equal(&session->address, address))
			return session;
	return NULL;
}

/* at the end; lists of at most WORLD_LOCAL_MAX, and seldom: each comes once */
static void append(struct udp_session **list, struct udp_session *session)
{
	while (*list)
		list = &(*list)->next;
	session->next = NULL;
	*list = session;
}

static void take_out(struct udp_session **list, const struct udp_session *session)
{
	while (*list && *list != session)
		list = &(*list)->next;
	if (*list)
		*list = session->next;
}

void udp_session_add(struct udp_sessions *sessions, struct udp_session *session)
{
	struct udp_session **id = bucket_of_id(sessions, session->id);
	struct udp_session **address = bucket_of_address(sessions, &session->address);

	session->next_of_id = *id;
	*id = session;
	session->next_of_address = *address;
	*address = session;
	append(&sessions->waiting, session);
	sessions->waiting_count++;
}

void udp_session_play(struct udp_sessions *sessions, struct udp_session *session,
		      struct player *player)
{
	session->player = player;
	take_out(&sessions->waiting, session);
	sessions->waiting_count--;
	append(&sessions->playing, session);
	sessions->playing_count++;
}

void udp_session_remove(struct udp_sessions *sessions, struct udp_session *session)
{
	struct udp_session **id = bucket_of_id(sessions, session->id);
	struct udp_session **address = bucket_of_address(sessions, &session->address);

	while (*id && *id != session)
		id = &(*id)->next_of_id;
	if (*id)
		*id = session->next_of_id;
	while (*address && *address != session)
		address = &(*address)->next_of_address;
	if (*address)
		*address = session->next_of_address;
	if (session->player) {
		take_out(&sessions->playing, session);
		sessions->playing_count--;
	} else {
		take_out(&sessions->waiting, session);
		sessions->waiting_count--;
	}
	free(session);
}
