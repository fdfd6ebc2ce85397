/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_source.c - reading a log from a place to its end, across rotations.
 *
 * by name: the log's folder belongs to the supervisor's user, who is us.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cli/logs.h"

#define CHUNK 65536
#define ROTATED_MAX 1000
#define LINE_BYTES_MAX (1u << 20)

/* ---- printing ------------------------------------------------------------------------------------------------------ */

static void put_prefix(const struct log_source *source, const struct log_view *view)
{
	static const char *const codes[] = { "", "\033[31m", "\033[32m", "\033[33m", "\033[34m" };
	size_t columns = term_columns(source->name);

	if (view->colours)
		fputs(codes[source->colour], view->out);
	term_put(view->out, source->name, 0);
	fprintf(view->out, "%*s |%s ", (int)(view->width > columns ? view->width - columns : 0), "",
		view->colours ? "\033[0m" : "");
}

static int keep_line(struct log_source *source, const char *text, size_t length)
{
	char *larger;

	if (length == 0)
		return 0;
	larger = realloc(source->line, source->line_length + length);
	if (!larger)
		return -ENOMEM;
	memcpy(larger + source->line_length, text, length);
	source->line = larger;
	source->line_length += length;
	return 0;
}

static void put_line(struct log_source *source, const struct log_view *view, const char *text,
		     size_t length)
{
	put_prefix(source, view);
	(void)fwrite(source->line, 1, source->line_length, view->out);
	(void)fwrite(text, 1, length, view->out);
	if (length == 0 || text[length - 1] != '\n')
		(void)putc('\n', view->out);
	source->line_length = 0;
}

/* With names in front only whole lines are printed, so that those of several containers do not mix. */
static int put_text(struct log_source *source, const struct log_view *view, const char *text,
		    size_t length)
{
	const char *end;

	if (!view->prefix)
		return fwrite(text, 1, length, view->out) == length ? 0 : -EIO;
	while (length && (end = memchr(text, '\n', length)) != NULL) {
		size_t n = (size_t)(end - text) + 1;

		put_line(source, view, text, n);
		text += n;
		length -= n;
	}
	if (source->line_length > LINE_BYTES_MAX)
		put_line(source, view, "", 0);
	return keep_line(source, text, length);
}

void log_finish(struct log_source *source, const struct log_view *view)
{
	if (source->line_length)
		put_line(source, view, "", 0);
}

/* ---- files --------------------------------------------------------------------------------------------------------- */

int log_open(struct log_source *source, const char *id, const char *name, const char *path,
	     struct oci_error *err)
{
	struct stat st;

	*source = (struct log_source){ .fd = -1, .watch = -1 };
	source->id = strdup(id);
	source->name = strdup(name);
	source->path = strdup(path);
	if (!source->id || !source->name || !source->path)
		return err_nomem(err);
	source->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (source->fd < 0 || fstat(source->fd, &st) < 0)
		return err_sys(err, errno, "the log of %s: %s", name, path);
	source->device = st.st_dev;
	return 0;
}

void log_close(struct log_source *source)
{
	fd_closep(&source->fd);
	mem_freep(&source->id);
	mem_freep(&source->name);
	mem_freep(&source->path);
	mem_freep(&source->line);
}

/* @n: 1 is the youngest. fd or -errno */
static int open_rotated(const struct log_source *source, unsigned n, struct stat *st)
{
	CLEANUP_FREE char *path = NULL;
	int fd;

	if (asprintf(&path, "%s.%u", source->path, n) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, st) < 0) {
		int r = -errno;

		(void)close(fd);
		return r;
	}
	return fd;
}

static void remember(struct log_source *source, const char *text, size_t length)
{
	size_t keep = LOG_TAIL_BYTES;

	if (length >= keep) {
		memcpy(source->before, text + length - keep, keep);
		source->before_length = keep;
		return;
	}
	if (source->before_length + length > keep) {
		size_t drop = source->before_length + length - keep;

		memmove(source->before, source->before + drop, source->before_length - drop);
		source->before_length -= drop;
	}
	memcpy(source->before + source->before_length, text, length);
	source->before_length += length;
}

/* From @offset to the end of @fd: the new offset, or -errno. Holes are what was rotated away. */
static off_t print_from(struct log_source *source, int fd, off_t offset,
			const struct log_view *view, struct oci_error *err)
{
	CLEANUP_FREE char *chunk = malloc(CHUNK);
	off_t data = lseek(fd, offset, SEEK_DATA);
	ssize_t n;

	if (!chunk)
		return err_nomem(err);
	if (data > offset && source->before_length == 0)
		offset = data;
	while ((n = RETRY_EINTR(pread(fd, chunk, CHUNK, offset))) > 0) {
		if (put_text(source, view, chunk, (size_t)n) < 0)
			return err_set(err, EIO, "print the log of %s", source->name);
		remember(source, chunk, (size_t)n);
		offset += n;
	}
	return n < 0 ? err_sys(err, errno, "read the log of %s", source->name) : offset;
}

/* ---- rotation -------------------------------------------------------------------------------------------------------- */

/* How many bytes the files have that were made since we last looked. */
static off_t newly_rotated(struct log_source *source)
{
	off_t sum = 0;
	ino_t first = 0;

	for (unsigned n = 1; n <= ROTATED_MAX; n++) {
		struct stat st;
		CLEANUP_CLOSE int fd = open_rotated(source, n, &st);

		if (fd < 0 || st.st_ino == source->rotated)
			break;
		if (n == 1)
			first = st.st_ino;
		sum += st.st_size;
	}
	if (first)
		source->rotated = first;
	return sum;
}

/* Does what we printed last stand before @position? */
static bool stands_before(const struct log_source *source, off_t position)
{
	char text[LOG_TAIL_BYTES];
	size_t length = source->before_length;

	if (position < (off_t)length)
		length = position > 0 ? (size_t)position : 0;
	return length > 0 &&
	       pread(source->fd, text, length, position - (off_t)length) == (ssize_t)length &&
	       memcmp(text, source->before + source->before_length - length, length) == 0;
}

/* The last @missing bytes of FILE.1 were cut off before we had read them. */
static int print_missed(struct log_source *source, off_t missing, const struct log_view *view,
			struct oci_error *err)
{
	struct stat st;
	CLEANUP_CLOSE int fd = open_rotated(source, 1, &st);
	off_t r;

	if (fd < 0)
		return 0;
	r = print_from(source, fd, st.st_size > missing ? st.st_size - missing : 0, view, err);
	return r < 0 ? (int)r : 0;
}

static int follow_rotation(struct log_source *source, const struct log_view *view,
			   struct oci_error *err)
{
	off_t cut = newly_rotated(source), position = source->position - cut;
	struct stat st;
	int r = 0;

	if (cut == 0)
		return 0;
	if (fstat(source->fd, &st) < 0)
		return err_sys(err, errno, "the log of %s", source->name);
	/* a hole moves nothing */
	if (stands_before(source, source->position) && st.st_size >= source->position)
		return 0;
	if (position < 0)
		r = print_missed(source, -position, view, err);
	source->position = position > 0 ? position : 0;
	return r;
}

int log_more(struct log_source *source, const struct log_view *view, struct oci_error *err)
{
	off_t end;
	int r = follow_rotation(source, view, err);
	struct stat st;

	if (r < 0)
		return r;
	if (fstat(source->fd, &st) == 0 && st.st_size < source->position)
		source->position = 0; /* somebody emptied it */
	end = print_from(source, source->fd, source->position, view, err);
	if (end < 0)
		return (int)end;
	r = end > source->position;
	source->position = end;
	return r;
}

/* ---- the last lines --------------------------------------------------------------------------------------------------- */

/* Where the last *lines lines of @fd begin; *lines becomes what is missing. @youngest: its last byte may be a line's end. */
static off_t find_lines(int fd, off_t size, long long *lines, bool youngest)
{
	char chunk[4096];
	off_t end = size;

	while (end > 0) {
		size_t want = end < (off_t)sizeof(chunk) ? (size_t)end : sizeof(chunk);
		ssize_t n = pread(fd, chunk, want, end - (off_t)want);

		if (n != (ssize_t)want)
			break;
		for (size_t i = want; i > 0; i--) {
			off_t at = end - (off_t)want + (off_t)i;

			if (chunk[i - 1] != '\n' || (youngest && at == size))
				continue;
			if (--*lines == 0)
				return at;
		}
		end -= (off_t)want;
	}
	return 0;
}

/* The oldest file that is needed (0: FILE itself) and where in it. */
static off_t find_start(const struct log_source *source, long long lines, unsigned *ret_file)
{
	struct stat st = { 0 };
	off_t at = 0;

	*ret_file = 0;
	if (fstat(source->fd, &st) < 0 || lines == 0)
		return st.st_size;
	if (lines > 0) {
		at = find_lines(source->fd, st.st_size, &lines, true);
		if (lines == 0)
			return at;
	}
	for (unsigned n = 1; n <= ROTATED_MAX; n++) {
		CLEANUP_CLOSE int fd = open_rotated(source, n, &st);

		if (fd < 0)
			break;
		*ret_file = n;
		at = lines > 0 ? find_lines(fd, st.st_size, &lines, false) : 0;
		if (lines == 0)
			break;
	}
	return at;
}

int log_start(struct log_source *source, long long lines, const struct log_view *view,
	      struct oci_error *err)
{
	unsigned file;
	off_t at;
	int r;

	(void)newly_rotated(source);
	at = find_start(source, lines, &file);
	for (; file > 0; file--, at = 0) {
		struct stat st;
		CLEANUP_CLOSE int fd = open_rotated(source, file, &st);
		off_t end = fd < 0 ? 0 : print_from(source, fd, at, view, err);

		if (end < 0)
			return (int)end;
	}
	source->position = at;
	source->before_length = 0;
	r = log_more(source, view, err);
	return r < 0 ? r : 0;
}
