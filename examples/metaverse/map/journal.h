/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.h - the edits of one version of a map, one line each, in the order in which all replicas apply them.
 *
 * "X Y TILE NAME\n". Lines are only added, by any replica, while it holds the folder's lock for edits (store.h); they are read
 * without a lock, up to the last whole line. A line that means nothing counts, but changes nothing.
 */
#ifndef METAVERSE_MAP_JOURNAL_H
#define METAVERSE_MAP_JOURNAL_H

#include <stdint.h>
#include <sys/types.h>

#include "common/token.h"

struct edit {
	uint32_t x, y;
	uint8_t tile;
	char by[TOKEN_NAME_MAX + 1];
};

struct journal {
	int fd;   /* -1: closed */
	off_t at; /* what was read so far */
	uint64_t lines;
};

/** journal_open - of this map and version in folder @dir, made when it is missing. Return: 0 or -errno. */
int journal_open(struct journal *journal, int dir, const char *map, uint64_t version);

/** journal_close - harmless when it is closed. */
void journal_close(struct journal *journal);

/** journal_append - one more line. Needs the lock. Return: 0 or -errno. */
int journal_append(const struct journal *journal, const struct edit *edit);

/** journal_follow - read what is new; each good line is given to @each. Return: 0 or -errno. */
int journal_follow(struct journal *journal,
		   void (*each)(void *context, const struct edit *edit, uint64_t line),
		   void *context);

/**
 * journal_carry - begin the journal of version @to with the lines of version @from after its first @lines. Needs the lock.
 * Return: 0 or -errno.
 */
int journal_carry(int dir, const char *map, uint64_t from, uint64_t lines, uint64_t to);

/** journal_remove - of a version that is no more. */
void journal_remove(int dir, const char *map, uint64_t version);

#endif
