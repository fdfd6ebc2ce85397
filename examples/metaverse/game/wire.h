/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.h - the datagrams between a client and the game, as bytes: no sockets and no state here.
 *
 * All numbers are big-endian; each datagram starts with "CG", u8 version = 1, u8 type.
 *
 *   1 HELLO    client  u16 length + token, u8 length + room (0: the lobby), then padding (300 bytes in all are right)
 *   2 WELCOME  server  u32 id, u64 cookie, u8 length + replica
 *   3 POS      client  u32 id, u64 cookie, u32 seq, u64 ts_us, f32 x, f32 y, f32 dir
 *   4 ACK      server  u32 id, u32 seq, u64 ts_us: the POS's, sent at once
 *   5 STATE    server  u32 tick, u16 n, n times (u32 id, f32 x, f32 y, f32 dir); a large room takes several
 *   6 BYE      client  u32 id, u64 cookie: leaves
 *              server  nothing: the room is full
 *   7 MOVED    server  nothing: this id is unknown here (any more), say HELLO again
 *
 * A client is an address and a port: one player each. It is in its room, and gets STATE, once its first POS has come:
 * only that shows that its address is its own. No answer is as long as what it answers; a HELLO or a POS that is wrong
 * gets none, save that a POS whose id is unknown gets MOVED.
 */
#ifndef METAVERSE_WIRE_H
#define METAVERSE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "game/place.h"

#define WIRE_DATAGRAM_MAX 1200 /* what the server sends; fits every path */
#define WIRE_REQUEST_MAX 1024  /* what it takes */
#define WIRE_REPLICA_MAX 64

enum wire_type {
	WIRE_HELLO = 1,
	WIRE_WELCOME = 2,
	WIRE_POS = 3,
	WIRE_ACK = 4,
	WIRE_STATE = 5,
	WIRE_BYE = 6,
	WIRE_MOVED = 7,
};

/** One datagram of a client; what its type does not have is zero. */
struct wire_request {
	enum wire_type type; /* HELLO, POS or BYE */
	uint32_t id;
	uint64_t cookie;
	uint32_t seq;
	uint64_t ts_us; /* the client's clock, microseconds */
	struct place place;
	char token[TOKEN_MAX];
	char room[NAME_MAX_LENGTH + 1];
};

/** One player in a STATE. */
struct wire_player {
	uint32_t id;
	struct place place;
};

/** What fits into one STATE. */
#define WIRE_STATE_PLAYERS ((WIRE_DATAGRAM_MAX - 10) / 16)

/**
 * wire_parse() - reads what a client sent.
 *
 * Returns 0, or -EINVAL when it is no datagram of this protocol: short, of another version or type, with a name that may
 * not be one, or with a place that is none. Bytes after the last field are padding.
 */
int wire_parse(const uint8_t *data, size_t size, struct wire_request *ret);

/** wire_welcome() - writes one; returns its length, 0 when the replica's name is too long for size. */
size_t wire_welcome(uint8_t *out, size_t size, uint32_t id, uint64_t cookie, const char *replica);

/** wire_ack() - writes the answer to a POS; returns its length, 0 when it is more than size. */
size_t wire_ack(uint8_t *out, size_t size, const struct wire_request *pos);

/** wire_sign() - writes a BYE or MOVED of the server, which have no fields; returns 4. */
size_t wire_sign(uint8_t out[4], enum wire_type type);

/** wire_state() - writes count <= WIRE_STATE_PLAYERS players; returns the length, 0 when it is more than size. */
size_t wire_state(uint8_t *out, size_t size, uint32_t tick, const struct wire_player *players,
		  size_t count);

#endif
