/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packet.h - a WebSocket message that is written once and sent to many, and the line of those that wait for one user.
 */
#ifndef METAVERSE_PACKET_H
#define METAVERSE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define PACKET_LINE_MAX 1024 /* more than a full room of joins */

/** struct packet - counted: who keeps it holds a reference, and gives it back with packet_put(). */
struct packet {
	unsigned int references;
	size_t length; /* of the message, which begins LWS_PRE bytes into data: libwebsockets writes its frame there */
	char *data;
};

/** struct packet_draft - a packet that is being written; @out is to be written to. */
struct packet_draft {
	FILE *out;
	char *data;
	size_t size;
};

/** packet_begin - Return: false when memory ran out; then there is nothing to end. */
bool packet_begin(struct packet_draft *draft);

/** packet_end - Return: the caller's only reference, or NULL when memory ran out. */
struct packet *packet_end(struct packet_draft *draft);

struct packet *packet_get(struct packet *packet);

/** packet_put - NULL is fine. */
void packet_put(struct packet *packet);

/** struct packet_line - what waits, oldest first; starts as zeros. */
struct packet_line {
	struct packet_place *first, *last;
	unsigned int count;
};

struct packet_place {
	struct packet_place *next;
	struct packet *packet;
};

/** packet_line_add - takes a reference of its own. Return: false when the line is too long or memory ran out. */
bool packet_line_add(struct packet_line *line, struct packet *packet);

/** packet_line_next - Return: the oldest, whose reference is the caller's now; NULL: none waits. */
struct packet *packet_line_next(struct packet_line *line);

void packet_line_clear(struct packet_line *line);

#endif
