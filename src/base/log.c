/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.c - one line, one write.
 *
 * A message goes out whole or not at all: each target gets a single write(2)
 * or datagram, from a buffer that is large enough for every escaped message.
 * Failures are swallowed; the command's own failure is what the caller must
 * see.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/error.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"

#define LOG_TEXT_MAX (sizeof(((struct oci_error *)0)->message))
/* a byte becomes at most "\u0000"; the rest is room for the time and the keys */
#define LOG_LINE_MAX (sizeof(struct oci_error) * 6 + 512)

struct line {
	char text[LOG_LINE_MAX];
	size_t length;
};

enum escape {
	ESCAPE_JSON,  /* RFC 8259, invalid UTF-8 becomes U+FFFD */
	ESCAPE_PLAIN, /* stderr, syslog: control bytes may not reach a terminal */
};

static void put(struct line *line, const char *text, size_t length)
{
	size_t room = sizeof(line->text) - line->length;

	if (length > room)
		length = room;
	memcpy(line->text + line->length, text, length);
	line->length += length;
}

static void put_text(struct line *line, const char *text)
{
	put(line, text, strlen(text));
}

static void put_format(struct line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void put_format(struct line *line, const char *format, ...)
{
	char buf[128];
	va_list ap;

	va_start(ap, format);
	vsnprintf(buf, sizeof(buf), format, ap);
	va_end(ap);
	put_text(line, buf);
}

static void put_escaped(struct line *line, const char *text, enum escape how)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s) {
		size_t n = utf8_length((const char *)s, 4);

		if (!n && how == ESCAPE_JSON) {
			put_text(line, "\\ufffd");
			s++;
		} else if (how == ESCAPE_JSON && (*s == '"' || *s == '\\')) {
			put_format(line, "\\%c", *s++);
		} else if (*s < 0x20 || *s == 0x7f) {
			put_format(line, how == ESCAPE_JSON ? "\\u%04x" : "\\x%02x", *s++);
		} else {
			n = n ? n : 1; /* stderr: file names in another encoding stay as they are */
			put(line, (const char *)s, n);
			s += n;
		}
	}
}

/*
 * RFC 3339 in UTC. By hand, because gmtime_r reads /etc/localtime first.
 * Days to a date: years begin in March, so that a leap day is the last of its
 * year and months have the lengths of (153 m + 2) / 5.
 */
static void put_time(struct line *line)
{
	struct timespec now;
	int64_t days, era, year;
	unsigned rest, year_of_era, day_of_year, m, secs;

	clock_gettime(CLOCK_REALTIME, &now);
	days = now.tv_sec / 86400 + 719468; /* from 0000-03-01 */
	secs = (unsigned)(now.tv_sec % 86400);
	era = days / 146097; /* of 400 years */
	rest = (unsigned)(days % 146097);
	year_of_era = (rest - rest / 1460 + rest / 36524 - rest / 146096) / 365;
	day_of_year = rest - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	m = (5 * day_of_year + 2) / 153;
	year = era * 400 + year_of_era + (m >= 10);
	put_format(line, "%04d-%02u-%02uT%02u:%02u:%02u.%09ldZ", (int)year, m < 10 ? m + 3 : m - 9,
		   day_of_year - (153 * m + 2) / 5 + 1, secs / 3600, secs / 60 % 60, secs % 60,
		   now.tv_nsec);
}

static void to_stderr(const char *program, const char *text)
{
	struct line line = { .length = 0 };

	if (program) {
		put_text(&line, program);
		put_text(&line, ": ");
	}
	put_escaped(&line, text, ESCAPE_PLAIN);
	put_text(&line, "\n");
	(void)io_write_all(STDERR_FILENO, line.text, line.length);
}

static void put_member(struct line *line, const char *key, const char *value)
{
	if (!*value)
		return;
	put_format(line, ",\"%s\":\"", key);
	put_escaped(line, value, ESCAPE_JSON);
	put_text(line, "\"");
}

/* Behind what engines read: what a program can branch on. */
static void put_details(struct line *line, const struct oci_error *err)
{
	put_member(line, "code", err_code_word(err->code));
	put_member(line, "kind", err_kind_word(err_kind(err)));
	put_member(line, "file", err->file);
	put_member(line, "path", err->path);
	put_member(line, "hint", err->hint);
}

/* @err: NULL when it is no failure */
static void to_file(const char *path, bool json, const char *level, const char *text,
		    const struct oci_error *err)
{
	CLEANUP_CLOSE int fd = -EBADF;
	struct line line;

	line.length = 0;
	if (json) {
		put_format(&line, "{\"level\":\"%s\",\"msg\":\"", level);
		put_escaped(&line, text, ESCAPE_JSON);
		put_text(&line, "\",\"time\":\"");
		put_time(&line);
		put_text(&line, "\"");
		if (err)
			put_details(&line, err);
		put_text(&line, "}\n");
	} else {
		put_text(&line, "time=\"");
		put_time(&line);
		put_format(&line, "\" level=%s msg=\"", level);
		put_escaped(&line, text, ESCAPE_JSON);
		put_text(&line, "\"\n");
	}
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);
	if (fd >= 0)
		(void)io_write_all(fd, line.text, line.length);
}

static void send_datagram(const char *path, const struct line *line)
{
	CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	if (fd < 0)
		return;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	/* a full queue must not hold a container up */
	(void)sendto(fd, line->text, line->length, MSG_NOSIGNAL | MSG_DONTWAIT,
		     (struct sockaddr *)&addr, sizeof(addr));
}

/* RFC 3164 as syslog(3) sends it to /dev/log; the daemon adds the time. */
static void to_syslog(const char *tag, int severity, const char *text)
{
	struct line line = { .length = 0 };

	put_format(&line, "<%d>", 3 << 3 | severity); /* facility daemon */
	put_escaped(&line, tag, ESCAPE_PLAIN);
	put_format(&line, "[%d]: ", (int)getpid());
	put_escaped(&line, text, ESCAPE_PLAIN);
	send_datagram("/dev/log", &line);
}

/* A field of the journal's native protocol, in the form that allows any byte. */
static void put_field(struct line *line, const char *name, const char *value)
{
	uint64_t length = strlen(value);

	put_text(line, name);
	put_text(line, "\n");
	for (int shift = 0; shift < 64; shift += 8)
		put(line, &(char){ (char)(length >> shift) }, 1);
	put(line, value, length);
	put_text(line, "\n");
}

static void to_journal(const char *tag, int severity, const char *text)
{
	struct line line = { .length = 0 };

	put_field(&line, "MESSAGE", text);
	put_format(&line, "PRIORITY=%d\n", severity);
	put_field(&line, "SYSLOG_IDENTIFIER", tag);
	send_datagram("/run/systemd/journal/socket", &line);
}

/* Behind "syslog:" or "journald:"; nothing there: the program. */
static const char *tag_of(const struct log_target *target, const char *id)
{
	if (*id)
		return id;
	return target->program ? target->program : "carte";
}

/* @err: NULL when it is no failure */
static void to_log(const struct log_target *target, const struct oci_error *err, const char *text)
{
	const char *file = target->file;
	int severity = err ? 3 : 7;

	if (!strncmp(file, "syslog:", 7))
		to_syslog(tag_of(target, file + 7), severity, text);
	else if (!strncmp(file, "journald:", 9))
		to_journal(tag_of(target, file + 9), severity, text);
	else
		to_file(strncmp(file, "file:", 5) ? file : file + 5, target->json,
			err ? "error" : "debug", text, err);
}

void log_failure(const struct log_target *target, const struct oci_error *err)
{
	const char *text = err->message[0] ? err->message : strerror(err->code);
	int saved = errno;

	to_stderr(target->program, text);
	if (target->file && *target->file)
		to_log(target, err, text);
	errno = saved;
}

void log_debug(const struct log_target *target, const char *format, ...)
{
	char text[LOG_TEXT_MAX];
	int saved = errno;
	va_list ap;

	if (!target->debug)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (target->file && *target->file)
		to_log(target, NULL, text);
	else
		to_stderr(target->program, text);
	errno = saved;
}
