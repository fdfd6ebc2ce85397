/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.h - where a player is, and what is shared by all that reads messages.
 */
#ifndef METAVERSE_PLACE_H
#define METAVERSE_PLACE_H

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "common/token.h"

#define NAME_MAX_LENGTH TOKEN_NAME_MAX /* of players and rooms, which token_is_name() knows */
#define CHAT_MAX_LENGTH 500
#define LOBBY "lobby" /* the room of those who name none */

/** Cells of the map; dir is only passed on, whatever the clients agree on. */
struct place {
	float x, y, dir;
};

/* beyond this a float has no cells any more; NaN and infinities cannot be written as JSON */
#define PLACE_LIMIT 1e6f

static inline bool place_valid(const struct place *place)
{
	return fabsf(place->x) <= PLACE_LIMIT && fabsf(place->y) <= PLACE_LIMIT &&
	       fabsf(place->dir) <= PLACE_LIMIT; /* a NaN compares as false */
}

#endif
