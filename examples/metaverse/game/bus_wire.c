/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus_wire.c - see bus_wire.h. Replicas trust their folder, not one another's versions: all is checked as if a client had
 * sent it.
 */
#include <errno.h>

#include "common/json.h"
#include "game/bus_wire.h"

#define BUS_VERSION 1

static const uint8_t magic[2] = { 'C', 'B' };

static void write_short(struct writer *out, const char *text)
{
	size_t length = strnlen(text, UINT8_MAX);

	write_u8(out, (uint8_t)length);
	write_bytes(out, text, length);
}

static void write_place(struct writer *out, const struct place *place)
{
	write_f32(out, place->x);
	write_f32(out, place->y);
	write_f32(out, place->dir);
}

void bus_write_header(struct writer *out, const char *replica)
{
	write_bytes(out, magic, sizeof(magic));
	write_u8(out, BUS_VERSION);
	write_short(out, replica);
}

void bus_write(struct writer *out, const struct bus_record *record)
{
	size_t length;

	write_u8(out, (uint8_t)record->type);
	if (record->type == BUS_CHAT) {
		length = strnlen(record->text, CHAT_MAX_LENGTH);
		write_short(out, record->room);
		write_short(out, record->name);
		write_u16(out, (uint16_t)length);
		write_bytes(out, record->text, length);
		return;
	}
	write_u32(out, record->id);
	if (record->type == BUS_JOIN) {
		write_short(out, record->name);
		write_short(out, record->room);
	}
	if (record->type == BUS_JOIN || record->type == BUS_PLACE)
		write_place(out, &record->place);
}

/* a 0 inside would make a shorter string of it, and such a thing nobody writes */
static void read_short(struct reader *in, char *out, size_t max)
{
	size_t length = read_u8(in);

	read_text(in, out, length, max);
	if (strlen(out) != length)
		in->overrun = true;
}

static void read_name(struct reader *in, char out[NAME_MAX_LENGTH + 1])
{
	read_short(in, out, NAME_MAX_LENGTH);
	if (!token_is_name(out))
		in->overrun = true;
}

static void read_place(struct reader *in, struct place *out)
{
	out->x = read_f32(in);
	out->y = read_f32(in);
	out->dir = read_f32(in);
	if (!place_valid(out))
		in->overrun = true;
}

int bus_read_header(struct reader *in, char *ret)
{
	uint8_t start[sizeof(magic)], version;

	read_bytes(in, start, sizeof(start));
	version = read_u8(in);
	if (in->overrun || memcmp(start, magic, sizeof(magic)) != 0 || version != BUS_VERSION)
		return -EINVAL;
	read_short(in, ret, BUS_REPLICA_MAX);
	/* it becomes a name in the folder */
	if (in->overrun || ret[0] == '\0' || ret[0] == '.' || strchr(ret, '/'))
		return -EINVAL;
	return 0;
}

static void read_chat(struct reader *in, struct bus_record *out)
{
	size_t length;

	read_name(in, out->room);
	read_name(in, out->name);
	length = read_u16(in);
	read_text(in, out->text, length, CHAT_MAX_LENGTH);
	if (strlen(out->text) != length || !json_is_text(out->text, CHAT_MAX_LENGTH))
		in->overrun = true;
}

int bus_read(struct reader *in, struct bus_record *ret)
{
	if (in->left == 0)
		return 0;
	memset(ret, 0, sizeof(*ret));
	ret->type = (enum bus_type)read_u8(in);
	switch (ret->type) {
	case BUS_CHAT:
		read_chat(in, ret);
		break;
	case BUS_JOIN:
		ret->id = read_u32(in);
		read_name(in, ret->name);
		read_name(in, ret->room);
		read_place(in, &ret->place);
		break;
	case BUS_PLACE:
		ret->id = read_u32(in);
		read_place(in, &ret->place);
		break;
	case BUS_LEAVE:
	case BUS_BEGIN:
	case BUS_END:
		ret->id = read_u32(in);
		break;
	default:
		return -EINVAL;
	}
	return in->overrun ? -EINVAL : 1;
}
