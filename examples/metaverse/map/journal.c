/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.c - see journal.h. A process that is killed leaves whole lines, for the kernel ends a write(2) that has begun; a
 * full disk may not, so an appender ends such a line, by what makes it mean nothing.
 */
#include "map/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"

#define BLOCK 16384 /* much longer than a line */

struct file_name {
	char text[TOKEN_NAME_MAX + 32];
};

static struct file_name file_name(const char *map, uint64_t version)
{
	struct file_name name;

	(void)snprintf(name.text, sizeof(name.text), "%.32s.%" PRIu64 ".log", map, version);
	return name;
}

int journal_open(struct journal *journal, int dir, const char *map, uint64_t version)
{
	*journal = (struct journal){ .fd = -1 };
	journal->fd = openat(dir, file_name(map, version).text,
			     O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	return journal->fd < 0 ? -errno : 0;
}

void journal_close(struct journal *journal)
{
	fd_closep(&journal->fd);
}

int journal_append(const struct journal *journal, const struct edit *edit)
{
	char line[TOKEN_NAME_MAX + 48], last = '\n';
	struct stat st;
	int n;

	if (fstat(journal->fd, &st) < 0)
		return -errno;
	if (st.st_size > 0 && pread(journal->fd, &last, 1, st.st_size - 1) < 0)
		return -errno;
	n = snprintf(line, sizeof(line), "%s%u %u %u %s\n", last == '\n' ? "" : "?\n", edit->x,
		     edit->y, edit->tile, edit->by);
	return io_write_all(journal->fd, line, (size_t)n);
}

static bool edit_parse(const char *line, struct edit *ret)
{
	struct edit edit = { 0 };
	unsigned tile;
	int end = -1;

	if (sscanf(line, "%9u %9u %3u %32s%n", &edit.x, &edit.y, &tile, edit.by, &end) != 4 ||
	    line[end] != '\0' || tile > 255 || !token_is_name(edit.by))
		return false;
	edit.tile = (uint8_t)tile;
	*ret = edit;
	return true;
}

int journal_follow(struct journal *journal,
		   void (*each)(void *context, const struct edit *edit, uint64_t line),
		   void *context)
{
	char block[BLOCK + 1];
	struct edit edit;

	for (;;) {
		ssize_t got = RETRY_EINTR(pread(journal->fd, block, BLOCK, journal->at));
		char *line = block, *end;

		if (got <= 0)
			return got < 0 ? -errno : 0;
		block[got] = '\0';
		for (; (end = memchr(line, '\n', (size_t)(block + got - line))); line = end + 1) {
			*end = '\0';
			journal->lines++;
			if (edit_parse(line, &edit))
				each(context, &edit, journal->lines);
		}
		if (line == block && got < BLOCK)
			return 0; /* the beginning of a line that is not yet whole */
		journal->at += line == block ? got : line - block;
	}
}

/* where the line after the first LINES begins, or the end */
static off_t skip(int fd, uint64_t lines)
{
	char block[BLOCK];
	off_t at = 0;

	while (lines > 0) {
		ssize_t got = RETRY_EINTR(pread(fd, block, sizeof(block), at));
		const char *line = block, *end;

		if (got <= 0)
			break;
		while (lines > 0 && (end = memchr(line, '\n', (size_t)(block + got - line)))) {
			line = end + 1;
			lines--;
		}
		at += lines > 0 ? got : line - block;
	}
	return at;
}

int journal_carry(int dir, const char *map, uint64_t from, uint64_t lines, uint64_t to)
{
	CLEANUP_CLOSE int in = openat(dir, file_name(map, from).text, O_RDONLY | O_CLOEXEC);
	CLEANUP_CLOSE int out = openat(dir, file_name(map, to).text,
				       O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (out < 0)
		return -errno;
	if (in < 0)
		return 0;
	if (lseek(in, skip(in, lines), SEEK_SET) < 0)
		return -errno;
	return io_pump(in, out);
}

void journal_remove(int dir, const char *map, uint64_t version)
{
	(void)unlinkat(dir, file_name(map, version).text, 0);
}
