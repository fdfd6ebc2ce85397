/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_game.c - what the game of examples/metaverse takes from outside: "CG..." a client's datagram, "CB..." another
 * replica's, anything else a client's JSON message.
 *
 * What is taken is within its bounds, and written again and read again it is the same.
 */
#include <errno.h>

#include "common/json.h"
#include "game/bus_wire.h"
#include "game/message.h"
#include "game/wire.h"
#include "ocispec-fuzz.h"

static void fuzz_wire(const uint8_t *data, size_t size)
{
	struct wire_request request;
	uint8_t ack[64];
	size_t length;
	int r = wire_parse(data, size, &request);

	EXPECT(r == 0 || r == -EINVAL);
	if (r < 0)
		return;
	EXPECT(request.type == WIRE_HELLO || request.type == WIRE_POS || request.type == WIRE_BYE);
	EXPECT(place_valid(&request.place));
	if (request.type == WIRE_HELLO)
		EXPECT(token_is_name(request.room) && request.token[0] &&
		       strlen(request.token) < TOKEN_MAX);
	length = wire_ack(ack, sizeof(ack), &request);
	EXPECT(length == 20);
	EXPECT(request.type != WIRE_POS || length < size);
}

static void same_record(const struct bus_record *record)
{
	uint8_t bytes[BUS_RECORD_MAX];
	struct writer out = { .data = bytes, .size = sizeof(bytes) };
	struct bus_record again;
	struct reader in;

	bus_write(&out, record);
	EXPECT(!out.overrun);
	in = (struct reader){ .at = bytes, .left = out.length };
	EXPECT(bus_read(&in, &again) == 1 && in.left == 0);
	EXPECT(memcmp(record, &again, sizeof(again)) == 0);
}

static void fuzz_bus(const uint8_t *data, size_t size)
{
	struct reader in = { .at = data, .left = size };
	char replica[BUS_REPLICA_MAX + 1];
	struct bus_record record;
	int r = bus_read_header(&in, replica);

	EXPECT(r == 0 || r == -EINVAL);
	if (r < 0)
		return;
	EXPECT(replica[0] && replica[0] != '.' && !strchr(replica, '/'));
	while ((r = bus_read(&in, &record)) == 1)
		same_record(&record);
	EXPECT(r == 0 || r == -EINVAL);
}

/* what the others get of it: JSON, which is a message of the same words */
static void same_chat(const struct message *message)
{
	struct message again;
	const char *why;
	size_t length = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &length);

	EXPECT(out);
	message_chat(out, "ann", message->text);
	EXPECT(fclose(out) == 0);
	EXPECT(message_parse(text, length, &again, &why) == 0);
	EXPECT(again.type == MESSAGE_CHAT && strcmp(again.text, message->text) == 0);
	free(text);
}

static void fuzz_message(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct message message;
	const char *why;
	int r;

	EXPECT(text);
	memcpy(text, data, size);
	text[size] = '\0';
	r = message_parse(text, size, &message, &why);
	free(text);
	EXPECT((r == 0 && !why) || (r == -EINVAL && why && json_is_text(why, 200)));
	if (r < 0)
		return;
	EXPECT(place_valid(&message.place) && isfinite(message.ts));
	if (message.type == MESSAGE_CHAT)
		same_chat(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size >= 2 && memcmp(data, "CG", 2) == 0)
		fuzz_wire(data, size);
	else if (size >= 2 && memcmp(data, "CB", 2) == 0)
		fuzz_bus(data, size);
	else
		fuzz_message(data, size);
	return 0;
}
