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

/* RFC 3339, as docker has it; as wide without a time. */
static void put_time(const struct log_view *view)
{
	struct timespec now;
	struct tm tm;
	char text[32] = "-";

	if (view->started && clock_gettime(CLOCK_REALTIME, &now) == 0 &&
	    gmtime_r(&now.tv_sec, &tm)) {
		size_t length = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);

		(void)snprintf(text + length, sizeof(text) - length, ".%03ldZ",
			       now.tv_nsec / 1000000);
	}
	fprintf(view->out, "%-24s ", text);
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
	if (view->prefix)
		put_prefix(source, view);
	if (view->times)
		put_time(view);
	if (source->line_length)
		(void)fwrite(source->line, 1, source->line_length, view->out);
	(void)fwrite(text, 1, length, view->out);
	if (length == 0 || text[length - 1] != '\n')
		(void)putc('\n', view->out);
	source->line_length = 0;
}

/* With names or times in front only whole lines are printed, so that those of several containers do not mix. */
static int put_text(struct log_source *source, const struct log_view *view, const char *text,
		    size_t length)
{
	const char *end;

	if (!view->prefix && !view->times)
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

/*
 * From @offset to the end of @fd: the new offset, or -errno. The bytes in front of it are read again in the same call: when they are
 * not those that were printed last, the file was cut in the meantime (-ESTALE). @known: how many of them must be there.
 */
static off_t print_from(struct log_source *source, int fd, off_t offset, size_t known,
			const struct log_view *view, struct oci_error *err)
{
	CLEANUP_FREE char *chunk = malloc(CHUNK);
	ssize_t n;

	if (!chunk)
		return err_nomem(err);
	for (;;) {
		n = RETRY_EINTR(pread(fd, chunk, CHUNK, offset - (off_t)known));
		if (n < 0)
			return err_sys(err, errno, "read the log of %s", source->name);
		if ((size_t)n < known ||
		    memcmp(chunk, source->before + source->before_length - known, known) != 0)
			return -ESTALE;
		n -= (ssize_t)known;
		if (n == 0)
			return offset;
		if (put_text(source, view, chunk + known, (size_t)n) < 0)
			return err_set(err, EIO, "print the log of %s", source->name);
		remember(source, chunk + known, (size_t)n);
		offset += n;
		/* a whole file that was rotated away does not change any more */
		known = fd == source->fd ? source->before_length : 0;
		source->position = fd == source->fd ? offset : source->position;
	}
}

/* ---- rotation -------------------------------------------------------------------------------------------------------- */

static bool is_known(const struct log_source *source, const struct stat *st)
{
	return st->st_ino == source->rotated && st->st_mtim.tv_sec == source->rotated_at.tv_sec &&
	       st->st_mtim.tv_nsec == source->rotated_at.tv_nsec;
}

/* How many bytes the files have that were made since we last looked. */
static off_t newly_rotated(struct log_source *source)
{
	off_t sum = 0;
	struct stat first = { 0 };

	for (unsigned n = 1; n <= ROTATED_MAX; n++) {
		struct stat st = { 0 };
		CLEANUP_CLOSE int fd = open_rotated(source, n, &st);

		if (fd < 0 || is_known(source, &st))
			break;
		if (n == 1)
			first = st;
		sum += st.st_size;
	}
	if (first.st_ino) {
		source->rotated = first.st_ino;
		source->rotated_at = first.st_mtim;
	}
	return sum;
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
	r = print_from(source, fd, st.st_size > missing ? st.st_size - missing : 0, 0, view, err);
	return r < 0 ? (int)r : 0;
}

/* Where the log begins: behind a hole. */
static off_t begin_of(const struct log_source *source)
{
	off_t begin = lseek(source->fd, 0, SEEK_DATA);

	return begin < 0 ? 0 : begin;
}

static int follow_rotation(struct log_source *source, const struct log_view *view,
			   struct oci_error *err)
{
	off_t cut = newly_rotated(source), begin = begin_of(source), missing = 0;
	int r = 0;

	if (begin > 0) /* a hole moves nothing */
		missing = begin - source->position;
	else
		missing = cut - source->position;
	if (cut == 0 && (begin == 0 || missing <= 0))
		return 0;
	if (missing > 0)
		r = print_missed(source, missing, view, err);
	if (missing > 0)
		source->position = begin;
	else if (begin == 0)
		source->position -= cut;
	return r;
}

/* How many of the bytes that were printed last stand before the position in FILE. */
static size_t known_before(const struct log_source *source)
{
	off_t room = source->position - begin_of(source);

	if (room <= 0)
		return 0;
	return room < (off_t)source->before_length ? (size_t)room : source->before_length;
}

static int log_try(struct log_source *source, const struct log_view *view, struct oci_error *err)
{
	int r = follow_rotation(source, view, err);
	off_t end;

	if (r < 0)
		return r;
	end = print_from(source, source->fd, source->position, known_before(source), view, err);
	return end < 0 ? (int)end : 0;
}

#define TRIES 100
#define TRY_US 2000

int log_more(struct log_source *source, const struct log_view *view, struct oci_error *err)
{
	off_t before = source->position;
	int r = log_try(source, view, err);

	/* it was cut, and FILE.1 is about to come */
	for (int i = 0; r == -ESTALE && i < TRIES; i++) {
		(void)usleep(TRY_US);
		r = log_try(source, view, err);
	}
	if (r == -ESTALE) { /* somebody emptied it */
		source->position = begin_of(source);
		source->before_length = 0;
		r = log_try(source, view, err);
	}
	return r < 0 ? r : source->position != before;
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
		off_t end = fd < 0 ? 0 : print_from(source, fd, at, 0, view, err);

		if (end < 0)
			return (int)end;
	}
	source->position = at > begin_of(source) ? at : begin_of(source);
	source->before_length = 0;
	r = log_more(source, view, err);
	return r < 0 ? r : 0;
}
