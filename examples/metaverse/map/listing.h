/* SPDX-License-Identifier: Apache-2.0 */
/*
 * listing.h - the heads of all maps as JSON. To make it a file of each map is opened, so it is kept for a second: whoever asks,
 * and however often, the disk is read so seldom.
 */
#ifndef METAVERSE_MAP_LISTING_H
#define METAVERSE_MAP_LISTING_H

#include <stdio.h>

#include "map/store.h"

/** struct listing - starts as zeros. */
struct listing {
	char *text; /* heap; NULL: none was made */
	size_t length;
	double made; /* clock_seconds() */
};

/** listing_read - the text as it was at most a second ago, the caller's to free. Return: 0 or -errno. */
int listing_read(struct listing *listing, const struct store *store, char **ret_text,
		 size_t *ret_length);

/** listing_clear - forget what was kept: a map was saved here, or it is the end. */
void listing_clear(struct listing *listing);

/** listing_put - the head of one map. */
void listing_put(FILE *out, const struct doc *head);

#endif
