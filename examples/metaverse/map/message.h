/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message.h - a message for users: written once, and freed when the last of them has it.
 */
#ifndef METAVERSE_MAP_MESSAGE_H
#define METAVERSE_MAP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct message {
	unsigned holders;
	size_t length; /* of what follows LWS_PRE bytes */
	char *bytes;
};

/** struct draft - being written: LWS_PRE bytes for the frame's head, then "{\"t\":\"KIND\"", then what the caller prints. */
struct draft {
	FILE *out;
	char *bytes;
	size_t length;
};

/** draft_begin - Return: false when memory is short; there is nothing to end then. */
bool draft_begin(struct draft *draft, const char *kind);

/** draft_end - Return: the message, which the caller holds; NULL: memory is short. */
struct message *draft_end(struct draft *draft);

/** message_release - one holder less; NULL is fine. */
void message_release(struct message *message);

#endif
