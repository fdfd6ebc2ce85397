/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.c - read a recorded load, strictly: a line that is no number is an error, not a minute without load.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "scale/trace.h"

#define TRACE_SIZE_MAX (256u << 20)
#define TRACE_VALUE_MAX 1e15 /* minutes of more are not load */
#define SHOWN_MAX 40

int trace_number(const char *text, double *ret)
{
	size_t length = strspn(text, "0123456789.eE+-");
	char *end;
	double value;

	/* strtod takes blanks, "inf", "nan" and hexadecimal too */
	if (!length || text[length] || !strchr("0123456789.", *text))
		return -EINVAL;
	value = strtod(text, &end);
	if (*end || !(value >= 0 && value <= TRACE_VALUE_MAX))
		return -EINVAL;
	*ret = value;
	return 0;
}

static int bad_line(const char *path, size_t line, const char *text, struct oci_error *err)
{
	int shown = (int)strnlen(text, SHOWN_MAX);

	for (int i = 0; i < shown; i++)
		if ((unsigned char)text[i] < ' ' || (unsigned char)text[i] >= 127)
			return err_set_as(err, ERR_DOCUMENT, EINVAL,
					  "%s:%zu: expected a number of 0 to 1e15, one per line",
					  path, line);
	return err_set_as(err, ERR_DOCUMENT, EINVAL,
			  "%s:%zu: expected a number of 0 to 1e15, one per line, got '%.*s'%s",
			  path, line, shown, text, text[shown] ? "..." : "");
}

/* Cuts the text into lines. */
static int parse(char *text, struct trace *trace, double *values, struct oci_error *err)
{
	size_t line = 0;

	for (char *next; text && *text; text = next) {
		char *end = strchr(text, '\n');

		line++;
		next = end ? end + 1 : NULL;
		if (end)
			*end = '\0';
		if (end && end > text && end[-1] == '\r')
			end[-1] = '\0';
		if (*text == '#')
			continue;
		if (trace_number(text, &values[trace->len]) < 0)
			return bad_line(trace->path, line, text, err);
		if (values[trace->len] > trace->largest)
			trace->largest = values[trace->len];
		trace->len++;
	}
	if (!trace->len)
		return err_set_as(err, ERR_DOCUMENT, EINVAL,
				  "%s: there is no value in it: expected one per line and minute",
				  trace->path);
	return 0;
}

int trace_read(const char *path, struct oci_arena *arena, struct trace *ret, struct oci_error *err)
{
	const char *slash = strrchr(path, '/');
	struct trace trace = { .path = path, .name = slash ? slash + 1 : path };
	size_t length, lines = 1;
	double *values;
	char *text;
	int r = io_read_at(AT_FDCWD, path, TRACE_SIZE_MAX, arena, &text, &length);

	if (r < 0)
		return err_sys(err, -r, "%s", path);
	if (memchr(text, '\0', length))
		return err_set_as(err, ERR_DOCUMENT, EINVAL,
				  "%s: it is not text: expected one number per line", path);
	for (size_t i = 0; i < length; i++)
		lines += text[i] == '\n';
	values = oci_arena_array(arena, lines, sizeof(*values));
	if (!values)
		return err_nomem(err);
	trace.values = values;
	r = parse(text, &trace, values, err);
	if (r == 0)
		*ret = trace;
	return r;
}
