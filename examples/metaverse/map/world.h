/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h - the height map of the whole world: side x side heights of 16 bits, and the pyramid of halved maps above it.
 *
 * The map is a file on the volume (world.raw, little-endian), made once by noise that depends on nothing but the place, so that
 * every replica that would make it makes the same. Reading it and building the pyramid is what makes the start slow.
 */
#ifndef METAVERSE_MAP_WORLD_H
#define METAVERSE_MAP_WORLD_H

#include <stddef.h>
#include <stdint.h>

#define WORLD_LEVELS 16
#define WORLD_SIDE_MIN 64      /* the pyramid ends before a level is smaller */
#define WORLD_WINDOW_MAX 65536 /* cells of one window */

struct world {
	uint32_t side;       /* of level 0 */
	uint32_t levels;     /* level k has side >> k */
	const uint16_t *map; /* level 0: the file, shared with all replicas of this host */
	uint16_t *pyramid[WORLD_LEVELS]; /* [1..levels-1]: of this process */
};

/**
 * world_load - read folder/world.raw of MEGABYTES (1..1024), made first if it is missing or of another size, and build the
 * pyramid. Takes seconds: call it off the event loop. Two processes may do so at the same time on one folder.
 * Returns 0 or -errno; the world is to be freed by world_free in either case.
 */
int world_load(struct world *world, const char *folder, unsigned int megabytes);

/**
 * world_window - copy the heights of a window of one level, row by row, to OUT (width * height numbers).
 * Returns 0, -ENOENT when there is no such level, or -ERANGE when the window is empty, larger than WORLD_WINDOW_MAX or
 * not wholly in the level.
 */
int world_window(const struct world *world, uint32_t level, const uint32_t at[2],
		 const uint32_t size[2], uint16_t *out);

/** world_free - give back what world_load took */
void world_free(struct world *world);

#endif
