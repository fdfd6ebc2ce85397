/* SPDX-License-Identifier: Apache-2.0 */
/* world.c - see world.h. A file with the name world.raw is whole: it is written under another name, synced and renamed. */
#include "map/world.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

#define WORLD_FILE "world.raw"
#define WORLD_PART ".world.part"
#define OCTAVES 6
#define COARSEST 9 /* the largest hills are 2^9 cells apart */

static uint32_t world_side(unsigned int megabytes)
{
	double cells = (double)megabytes * 1048576.0 / sizeof(uint16_t);

	return (uint32_t)sqrt(cells) & ~15U;
}

static size_t world_bytes(uint32_t side)
{
	return (size_t)side * side * sizeof(uint16_t);
}

static uint32_t corner(uint32_t x, uint32_t y, uint32_t octave)
{
	uint32_t h = x * 0x9e3779b1U ^ y * 0x85ebca77U ^ octave * 0xc2b2ae3dU;

	h = (h ^ h >> 15) * 0x2c1b3c6dU;
	h = (h ^ h >> 12) * 0x297a2d39U;
	return (h ^ h >> 15) & 0xffff;
}

/* 3t^2 - 2t^3 of t in 0..65535: the slopes of neighbouring lattice cells meet without an edge */
static uint32_t smooth(uint32_t t)
{
	uint64_t square = (uint64_t)t * t >> 16;

	return (uint32_t)(square * (3U * 65536 - 2U * t) >> 16);
}

static uint32_t mix(uint32_t a, uint32_t b, uint32_t t)
{
	return (uint32_t)(((uint64_t)a * (65536 - t) + (uint64_t)b * t) >> 16);
}

/* Add one octave to a row of sums. The corners change once in a lattice cell, so they are taken there only. */
static void row_add(uint32_t *sums, uint32_t side, uint32_t y, uint32_t octave)
{
	uint32_t shift = COARSEST - octave, step = 1U << shift;
	uint32_t ty = smooth((y & (step - 1)) << (16 - shift)), cy = y >> shift;

	for (uint32_t cx = 0; cx << shift < side; cx++) {
		uint32_t left = mix(corner(cx, cy, octave), corner(cx, cy + 1, octave), ty);
		uint32_t right =
			mix(corner(cx + 1, cy, octave), corner(cx + 1, cy + 1, octave), ty);

		for (uint32_t i = 0, x = cx << shift; i < step && x < side; i++, x++)
			sums[x] += mix(left, right, smooth(i << (16 - shift))) >> (octave + 1);
	}
}

static int rows_write(int fd, uint32_t side, uint32_t *sums, uint16_t *row)
{
	int err = 0;

	for (uint32_t y = 0; y < side && err == 0; y++) {
		memset(sums, 0, side * sizeof(*sums));
		for (uint32_t octave = 0; octave < OCTAVES; octave++)
			row_add(sums, side, y, octave);
		for (uint32_t x = 0; x < side; x++)
			row[x] = htole16((uint16_t)(sums[x] > 65535 ? 65535 : sums[x]));
		err = io_write_all(fd, row, side * sizeof(*row));
	}
	return err;
}

static int world_make(int dir, uint32_t side)
{
	CLEANUP_FREE uint32_t *sums = calloc(side, sizeof(*sums));
	CLEANUP_FREE uint16_t *row = calloc(side, sizeof(*row));
	CLEANUP_CLOSE int fd =
		openat(dir, WORLD_PART, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int err = !sums || !row ? -ENOMEM : fd < 0 ? -errno : 0;

	if (err == 0)
		err = rows_write(fd, side, sums, row);
	if (err == 0 && (fsync(fd) < 0 || renameat(dir, WORLD_PART, dir, WORLD_FILE) < 0))
		err = -errno;
	return err;
}

/* the file, when it is there and of the right size; else -ENOENT */
static int world_open(int dir, uint32_t side)
{
	struct stat st;
	CLEANUP_CLOSE int fd = openat(dir, WORLD_FILE, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	return st.st_size == (off_t)world_bytes(side) ? TAKE_FD(fd) : -ENOENT;
}

static int pyramid_build(struct world *world)
{
	const uint16_t *below = world->map;

	for (world->levels = 1; world->levels < WORLD_LEVELS; world->levels++) {
		uint32_t k = world->levels, side = world->side >> k, wide = world->side >> (k - 1);
		uint16_t *level;

		if (side < WORLD_SIDE_MIN)
			break;
		level = malloc(world_bytes(side));
		if (!level)
			return -ENOMEM;
		world->pyramid[k] = level;
		for (uint32_t y = 0; y < side; y++) {
			const uint16_t *a = below + (size_t)y * 2 * wide, *b = a + wide;

			for (uint32_t x = 0; x < side; x++, a += 2, b += 2)
				level[(size_t)y * side + x] =
					htole16((uint16_t)((le16toh(a[0]) + le16toh(a[1]) +
							    le16toh(b[0]) + le16toh(b[1])) /
							   4));
		}
		below = level;
	}
	return 0;
}

/* The file's descriptor. The lock ends with this process, however that ends: a replica that is killed while it writes
 * leaves the work to the next one. */
static int world_fd(const char *folder, uint32_t side)
{
	CLEANUP_CLOSE int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (dir < 0 || RETRY_EINTR(flock(dir, LOCK_EX)) < 0)
		return -errno;
	fd = world_open(dir, side);
	if (fd == -ENOENT) {
		int err = world_make(dir, side);

		return err < 0 ? err : world_open(dir, side);
	}
	return fd;
}

int world_load(struct world *world, const char *folder, unsigned int megabytes)
{
	CLEANUP_CLOSE int fd = -1;
	void *map;

	*world = (struct world){ .side = world_side(megabytes) };
	fd = world_fd(folder, world->side);
	if (fd < 0)
		return fd;
	map = mmap(NULL, world_bytes(world->side), PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	world->map = map;
	return pyramid_build(world);
}

int world_window(const struct world *world, uint32_t level, const uint32_t at[2],
		 const uint32_t size[2], uint16_t *out)
{
	const uint16_t *cells;
	uint32_t side;

	if (level >= world->levels)
		return -ENOENT;
	side = world->side >> level;
	if (size[0] == 0 || size[1] == 0 || (uint64_t)size[0] * size[1] > WORLD_WINDOW_MAX)
		return -ERANGE;
	if ((uint64_t)at[0] + size[0] > side || (uint64_t)at[1] + size[1] > side)
		return -ERANGE;
	cells = level == 0 ? world->map : world->pyramid[level];
	for (uint32_t y = 0; y < size[1]; y++)
		for (uint32_t x = 0; x < size[0]; x++)
			*out++ = le16toh(cells[((size_t)at[1] + y) * side + at[0] + x]);
	return 0;
}

void world_free(struct world *world)
{
	for (int k = 1; k < WORLD_LEVELS; k++)
		free(world->pyramid[k]);
	if (world->map)
		munmap((void *)world->map, world_bytes(world->side));
	*world = (struct world){ 0 };
}
