/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus_wire.h - the datagrams between the replicas of the game, as bytes: no sockets and no state here.
 *
 * "CB", u8 version = 1, u8 length + replica, then records, each u8 type and its fields:
 *
 *   1 JOIN   u32 id, u8 length + name, u8 length + room, f32 x, f32 y, f32 dir
 *   2 PLACE  u32 id, f32 x, f32 y, f32 dir
 *   3 LEAVE  u32 id
 *   4 CHAT   u8 length + room, u8 length + name, u16 length + text
 *   5 BEGIN  u32 number: JOINs of all players of the replica follow, in this datagram and the next ones
 *   6 END    u32 number: these were all; who was not among them has left
 */
#ifndef METAVERSE_BUS_WIRE_H
#define METAVERSE_BUS_WIRE_H

#include "game/bytes.h"
#include "game/place.h"

#define BUS_REPLICA_MAX 64
#define BUS_RECORD_MAX 600 /* the longest record, a CHAT, rounded up */

enum bus_type {
	BUS_JOIN = 1,
	BUS_PLACE = 2,
	BUS_LEAVE = 3,
	BUS_CHAT = 4,
	BUS_BEGIN = 5,
	BUS_END = 6,
};

/** One record; what its type does not have is zero. */
struct bus_record {
	enum bus_type type;
	uint32_t id; /* the number of BEGIN and END */
	struct place place;
	char name[NAME_MAX_LENGTH + 1], room[NAME_MAX_LENGTH + 1];
	char text[CHAT_MAX_LENGTH + 1]; /* UTF-8, not empty */
};

/** bus_write_header() - the start of a datagram of this replica. */
void bus_write_header(struct writer *out, const char *replica);

/** bus_write() - appends a record; out->overrun tells when it did not fit. */
void bus_write(struct writer *out, const struct bus_record *record);

/** bus_read_header() - takes the header off; ret has BUS_REPLICA_MAX + 1 bytes. 0, or -EINVAL. */
int bus_read_header(struct reader *in, char *ret);

/** bus_read() - takes the next record off; 1, or 0 at the end, or -EINVAL: the rest of the datagram means nothing. */
int bus_read(struct reader *in, struct bus_record *ret);

#endif
