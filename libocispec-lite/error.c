/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.c - the words of an error, in a buffer of fixed size.
 *
 * Needs no heap and no stdio stream, keeps errno, and never leaves a newline
 * or half a UTF-8 sequence in a message.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <ocispec-lite/error.h>

static const char cut_mark[] = "...";

/* One failure prints one line, whatever file names and values it quotes. */
static void one_line(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = ' ';
}

/* The text did not fit: end it in "..." on the boundary of a character. */
static void mark_cut(char *text, size_t size)
{
	size_t end = size - sizeof(cut_mark);

	while (end > 0 && ((unsigned char)text[end] & 0xc0) == 0x80)
		end--;
	memcpy(text + end, cut_mark, sizeof(cut_mark));
}

/* Append to text[*used], which has room for size bytes in all. */
__attribute__((format(printf, 4, 0))) static void append(char *text, size_t size, size_t *used,
							 const char *format, va_list ap)
{
	int n;

	if (*used >= size - 1)
		return;
	n = vsnprintf(text + *used, size - *used, format, ap);
	if (n < 0)
		return;
	if ((size_t)n >= size - *used) {
		mark_cut(text, size);
		*used = size - 1;
	} else {
		*used += (size_t)n;
	}
}

__attribute__((format(printf, 4, 5))) static void appendf(char *text, size_t size, size_t *used,
							  const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	append(text, size, used, format, ap);
	va_end(ap);
}

/* strerrordesc_np is a table; strerror() may load a locale and allocate */
static const char *describe(int code)
{
	const char *words = NULL;

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 32)
	words = strerrordesc_np(code);
#else
	words = strerror(code);
#endif
	return words ? words : "Unknown error";
}

/* A fresh error: the place and the hint of one that was taken back are not its own. */
static void begin(struct oci_error *err, int code)
{
	err->code = code;
	err->kind = 0;
	err->message[0] = err->file[0] = err->path[0] = err->hint[0] = '\0';
}

int oci_error_vset(struct oci_error *err, int code, const char *format, va_list ap)
{
	int saved = errno;
	size_t used = 0;

	if (err && err->code == 0) {
		begin(err, code);
		append(err->message, sizeof(err->message), &used, format, ap);
		one_line(err->message);
	}
	errno = saved;
	return -code;
}

int oci_error_set(struct oci_error *err, int code, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	oci_error_vset(err, code, format, ap);
	va_end(ap);
	return -code;
}

int oci_error_sys(struct oci_error *err, int code, const char *format, ...)
{
	int saved = errno;
	size_t used = 0;
	va_list ap;

	if (err && err->code == 0) {
		begin(err, code);
		va_start(ap, format);
		append(err->message, sizeof(err->message), &used, format, ap);
		va_end(ap);
		appendf(err->message, sizeof(err->message), &used, ": %s", describe(code));
		one_line(err->message);
	}
	errno = saved;
	return -code;
}

void oci_error_prefix(struct oci_error *err, const char *format, ...)
{
	char old[sizeof(err->message)];
	int saved = errno;
	size_t used = 0;
	va_list ap;

	if (!err || err->code == 0)
		return;
	memcpy(old, err->message, sizeof(old));
	old[sizeof(old) - 1] = '\0';
	err->message[0] = '\0';
	va_start(ap, format);
	append(err->message, sizeof(err->message), &used, format, ap);
	va_end(ap);
	appendf(err->message, sizeof(err->message), &used, "%s", old);
	one_line(err->message);
	errno = saved;
}

int oci_error_copy(struct oci_error *err, const struct oci_error *from)
{
	if (err && err->code == 0)
		*err = *from;
	return -from->code;
}

/* Into a member that is still empty. */
static void note(char *member, size_t size, const char *text)
{
	size_t used = 0;

	if (*member || !text)
		return;
	appendf(member, size, &used, "%s", text);
	one_line(member);
}

/* "place: words", or "place:LINE:COLUMN: words" of a document inside a document */
static bool is_end(const char *p)
{
	return *p == ':' && (p[1] == ' ' || (p[1] >= '0' && p[1] <= '9'));
}

/* Bytes of the "a.b[0].c[\"key\"]" that @text begins with, when it ends there; else 0. */
static size_t place_length(const char *text)
{
	const char *p = text;

	if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')))
		return 0;
	while (*p && *p != ' ' && *p != '[' && *p != '"' && !is_end(p)) {
		p++;
		if (*p == '[' && p[1] != '"') {
			p += strcspn(p, "]");
			p += *p == ']';
		} else if (*p == '[' || *p == '"') {
			const char *quote = strchr(strchr(p, '"') + 1, '"');

			if (!quote)
				return 0;
			p = quote + 1 + (*p == '[' && quote[1] == ']');
		}
	}
	return is_end(p) ? (size_t)(p - text) : 0;
}

void oci_error_in_document(struct oci_error *err, const char *file)
{
	char path[sizeof(err->path)];
	size_t n;

	if (!err || err->code == 0)
		return;
	n = place_length(err->message);
	if (n >= sizeof(path))
		n = sizeof(path) - 1;
	memcpy(path, err->message, n);
	path[n] = '\0';
	oci_error_at(err, file, path);
	if (file)
		oci_error_prefix(err, "%s: ", file);
}

void oci_error_at(struct oci_error *err, const char *file, const char *path)
{
	int saved = errno;

	if (!err || err->code == 0)
		return;
	note(err->file, sizeof(err->file), file);
	note(err->path, sizeof(err->path), path);
	errno = saved;
}

void oci_error_hint(struct oci_error *err, const char *format, ...)
{
	int saved = errno;
	size_t used = 0;
	va_list ap;

	if (!err || err->code == 0 || err->hint[0])
		return;
	va_start(ap, format);
	append(err->hint, sizeof(err->hint), &used, format, ap);
	va_end(ap);
	one_line(err->hint);
	errno = saved;
}
