/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire.c - see wire.h. Each reader takes all its fields and looks once whether the datagram had them.
 */
#include <errno.h>

#include "game/bytes.h"
#include "game/wire.h"

#define WIRE_VERSION 1

static const uint8_t magic[2] = { 'C', 'G' };

static void write_header(struct writer *out, enum wire_type type)
{
	write_bytes(out, magic, sizeof(magic));
	write_u8(out, WIRE_VERSION);
	write_u8(out, (uint8_t)type);
}

static size_t written(const struct writer *out)
{
	return out->overrun ? 0 : out->length;
}

/* strings with a 0 in them would be shorter than they say: that is nobody's token or room */
static int parse_hello(struct reader *in, struct wire_request *out)
{
	size_t token = read_u16(in), room;

	read_text(in, out->token, token, TOKEN_MAX - 1);
	room = read_u8(in);
	read_text(in, out->room, room, NAME_MAX_LENGTH);
	if (in->overrun || token == 0 || strlen(out->token) != token || strlen(out->room) != room)
		return -EINVAL;
	if (room == 0)
		memcpy(out->room, LOBBY, sizeof(LOBBY));
	return token_is_name(out->room) ? 0 : -EINVAL;
}

static int parse_pos(struct reader *in, struct wire_request *out)
{
	out->id = read_u32(in);
	out->cookie = read_u64(in);
	out->seq = read_u32(in);
	out->ts_us = read_u64(in);
	out->place.x = read_f32(in);
	out->place.y = read_f32(in);
	out->place.dir = read_f32(in);
	return !in->overrun && place_valid(&out->place) ? 0 : -EINVAL;
}

static int parse_bye(struct reader *in, struct wire_request *out)
{
	out->id = read_u32(in);
	out->cookie = read_u64(in);
	return in->overrun ? -EINVAL : 0;
}

int wire_parse(const uint8_t *data, size_t size, struct wire_request *ret)
{
	struct reader in = { .at = data, .left = size };
	uint8_t start[sizeof(magic)], version;

	memset(ret, 0, sizeof(*ret));
	read_bytes(&in, start, sizeof(start));
	version = read_u8(&in);
	ret->type = (enum wire_type)read_u8(&in);
	if (in.overrun || memcmp(start, magic, sizeof(magic)) != 0 || version != WIRE_VERSION)
		return -EINVAL;
	switch (ret->type) {
	case WIRE_HELLO:
		return parse_hello(&in, ret);
	case WIRE_POS:
		return parse_pos(&in, ret);
	case WIRE_BYE:
		return parse_bye(&in, ret);
	default: /* what only the server says, and what nobody does */
		return -EINVAL;
	}
}

size_t wire_welcome(uint8_t *out, size_t size, uint32_t id, uint64_t cookie, const char *replica)
{
	struct writer to = { .data = out, .size = size };
	size_t length = strnlen(replica, WIRE_REPLICA_MAX);

	write_header(&to, WIRE_WELCOME);
	write_u32(&to, id);
	write_u64(&to, cookie);
	write_u8(&to, (uint8_t)length);
	write_bytes(&to, replica, length);
	return written(&to);
}

size_t wire_ack(uint8_t *out, size_t size, const struct wire_request *pos)
{
	struct writer to = { .data = out, .size = size };

	write_header(&to, WIRE_ACK);
	write_u32(&to, pos->id);
	write_u32(&to, pos->seq);
	write_u64(&to, pos->ts_us);
	return written(&to);
}

size_t wire_sign(uint8_t out[4], enum wire_type type)
{
	struct writer to = { .data = out, .size = 4 };

	write_header(&to, type);
	return written(&to);
}

size_t wire_state(uint8_t *out, size_t size, uint32_t tick, const struct wire_player *players,
		  size_t count)
{
	struct writer to = { .data = out, .size = size };

	write_header(&to, WIRE_STATE);
	write_u32(&to, tick);
	write_u16(&to, (uint16_t)count);
	for (size_t i = 0; i < count; i++) {
		write_u32(&to, players[i].id);
		write_f32(&to, players[i].place.x);
		write_f32(&to, players[i].place.y);
		write_f32(&to, players[i].place.dir);
	}
	return written(&to);
}
