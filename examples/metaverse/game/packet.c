/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet.c - see packet.h.
 */
#include <libwebsockets.h>
#include <stdlib.h>

#include "game/packet.h"

bool packet_begin(struct packet_draft *draft)
{
	static const char frame[LWS_PRE];

	*draft = (struct packet_draft){ 0 };
	draft->out = open_memstream(&draft->data, &draft->size);
	if (draft->out)
		(void)fwrite(frame, 1, sizeof(frame), draft->out);
	return draft->out != NULL;
}

struct packet *packet_end(struct packet_draft *draft)
{
	bool failed = ferror(draft->out) != 0;
	struct packet *packet = NULL;

	failed |= fclose(draft->out) != 0;
	if (!failed && draft->size > LWS_PRE)
		packet = malloc(sizeof(*packet));
	if (!packet) {
		free(draft->data);
		return NULL;
	}
	packet->references = 1;
	packet->data = draft->data;
	packet->length = draft->size - LWS_PRE;
	return packet;
}

struct packet *packet_get(struct packet *packet)
{
	packet->references++;
	return packet;
}

void packet_put(struct packet *packet)
{
	if (!packet || --packet->references > 0)
		return;
	free(packet->data);
	free(packet);
}

bool packet_line_add(struct packet_line *line, struct packet *packet)
{
	struct packet_place *place;

	if (line->count >= PACKET_LINE_MAX)
		return false;
	place = malloc(sizeof(*place));
	if (!place)
		return false;
	place->packet = packet_get(packet);
	place->next = NULL;
	if (line->last)
		line->last->next = place;
	else
		line->first = place;
	line->last = place;
	line->count++;
	return true;
}

struct packet *packet_line_next(struct packet_line *line)
{
	struct packet_place *place = line->first;
	struct packet *packet;

	if (!place)
		return NULL;
	packet = place->packet;
	line->first = place->next;
	if (!line->first)
		line->last = NULL;
	line->count--;
	free(place);
	return packet;
}

void packet_line_clear(struct packet_line *line)
{
	struct packet *packet;

	while ((packet = packet_line_next(line)) != NULL)
		packet_put(packet);
}
