/* SPDX-License-Identifier: Apache-2.0 */
/*
 * term.c - columns of characters, without a locale: loading one would cost more than everything else that a command does.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cli/term.h"

/* ---- the terminal ------------------------------------------------------------------------------------------------- */

bool term_colours(FILE *out)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return !(no && *no) && !(term && strcmp(term, "dumb") == 0) && isatty(fileno(out));
}

static struct winsize window(void)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		size = (struct winsize){ 0 };
	return size;
}

int term_width(void)
{
	return window().ws_col;
}

int term_height(void)
{
	return window().ws_row;
}

/* ---- characters --------------------------------------------------------------------------------------------------- */

/* East Asian wide characters and pictures take two columns, combining marks none (Unicode TR 11). */
static const struct {
	uint32_t first, last;
	unsigned columns;
} widths[] = {
	{ 0x0300, 0x036f, 0 },   { 0x1100, 0x115f, 2 },   { 0x200b, 0x200f, 0 },
	{ 0x2e80, 0xa4cf, 2 },   { 0xac00, 0xd7a3, 2 },   { 0xf900, 0xfaff, 2 },
	{ 0xfe00, 0xfe0f, 0 },   { 0xfe30, 0xfe6f, 2 },   { 0xff00, 0xff60, 2 },
	{ 0xffe0, 0xffe6, 2 },   { 0x1f300, 0x1f64f, 2 }, { 0x1f680, 0x1f6ff, 2 },
	{ 0x1f900, 0x1f9ff, 2 }, { 0x20000, 0x3fffd, 2 },
};

static uint32_t code_point(const unsigned char *s, size_t length)
{
	uint32_t code = length == 1 ? s[0] : s[0] & (0xffu >> (length + 1));

	for (size_t i = 1; i < length; i++)
		code = code << 6 | (s[i] & 0x3f);
	return code;
}

/* The bytes of the character at @text, at least 1. *ret_good: false: it is written as "?". */
static size_t character(const char *text, unsigned *ret_columns, bool *ret_good)
{
	size_t length = utf8_length(text, strlen(text));
	uint32_t code = length ? code_point((const unsigned char *)text, length) : 0;

	*ret_columns = 1;
	/* a bidirectional override could make a terminal show another order than the program's */
	*ret_good =
		code >= 0x20 && (code < 0x7f || code >= 0xa0) && (code < 0x202a || code > 0x202e);
	for (size_t i = 0; *ret_good && i < ARRAY_LEN(widths); i++)
		if (code >= widths[i].first && code <= widths[i].last)
			*ret_columns = widths[i].columns;
	return length ? length : 1;
}

size_t term_columns(const char *text)
{
	size_t sum = 0;
	unsigned columns;
	bool good;

	while (*text) {
		text += character(text, &columns, &good);
		sum += columns;
	}
	return sum;
}

void term_put(FILE *out, const char *text, size_t columns)
{
	bool cut = columns && term_columns(text) > columns;
	size_t room = cut ? (columns > 3 ? columns - 3 : 0) : SIZE_MAX;
	unsigned wide;
	bool good;

	while (*text) {
		size_t length = character(text, &wide, &good);

		if (wide > room)
			break;
		room -= wide;
		(void)(good ? fwrite(text, 1, length, out) : (size_t)putc('?', out));
		text += length;
	}
	if (cut)
		fprintf(out, "%.*s", columns > 3 ? 3 : (int)columns, "...");
}

/* ---- words -------------------------------------------------------------------------------------------------------- */

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

const char *words_size(struct oci_arena *arena, long long bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < ARRAY_LEN(units)) {
		value /= 1024;
		unit++;
	}
	return or_empty(oci_arena_printf(arena, unit && value < 100 ? "%.1f%s" : "%.0f%s", value,
					 units[unit]));
}

int64_t time_parse(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	int64_t seconds;
	unsigned hours, minutes;

	if (!rest || !date_exists(&tm))
		return -1;
	seconds = timegm(&tm);
	rest += strspn(rest, ".0123456789");
	if ((*rest == '+' || *rest == '-') && sscanf(rest + 1, "%2u:%2u", &hours, &minutes) == 2)
		seconds -= (*rest == '-' ? -1 : 1) * (int64_t)(hours * 60 + minutes) * 60;
	return seconds;
}

const char *words_age(struct oci_arena *arena, const char *time_text)
{
	static const struct {
		int64_t seconds;
		const char *word;
	} units[] = {
		{ INT64_C(86400) * 365, "year" },
		{ INT64_C(86400) * 30, "month" },
		{ INT64_C(86400) * 7, "week" },
		{ 86400, "day" },
		{ 3600, "hour" },
		{ 60, "minute" },
		{ 1, "second" },
	};
	int64_t then = time_parse(time_text), age = (int64_t)time(NULL) - then;

	if (then < 0)
		return "";
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		int64_t n = age / units[i].seconds;

		/* "90 minutes" says more than "1 hour" */
		if (n >= 2 || (n == 1 && i + 1 == ARRAY_LEN(units)))
			return or_empty(oci_arena_printf(arena, "%lld %s%s", (long long)n,
							 units[i].word, n == 1 ? "" : "s"));
	}
	return "less than a second";
}

/* ---- tables ------------------------------------------------------------------------------------------------------- */

void table_start(struct table *table, const char *const *heads)
{
	*table = (struct table){ .heads = heads };
	while (heads[table->columns])
		table->columns++;
}

void table_cell(struct table *table, enum colour colour, const char *format, ...)
{
	char *text;
	va_list ap;

	if (table->len == table->room) {
		size_t room = table->room ? table->room * 2 : 64;
		struct table_cell *cells = reallocarray(table->cells, room, sizeof(*cells));

		if (!cells) {
			table->failed = true;
			return;
		}
		table->cells = cells;
		table->room = room;
	}
	va_start(ap, format);
	text = oci_arena_vprintf(&table->arena, format, ap);
	va_end(ap);
	if (!text)
		table->failed = true;
	table->cells[table->len++] = (struct table_cell){ or_empty(text), colour };
}

static const char *const colour_codes[] = {
	[PLAIN] = "",        [RED] = "\033[31m",  [GREEN] = "\033[32m", [YELLOW] = "\033[33m",
	[BLUE] = "\033[34m", [GREY] = "\033[90m", [BOLD] = "\033[1m",
};

static void put_cell(FILE *out, const struct table_cell *cell, size_t width, bool last, size_t room,
		     bool colours)
{
	size_t columns = term_columns(cell->text);

	if (colours && cell->colour)
		fputs(colour_codes[cell->colour], out);
	term_put(out, cell->text, room < columns ? room : 0);
	if (colours && cell->colour)
		fputs("\033[0m", out);
	if (!last)
		fprintf(out, "%*s", (int)(width - columns + 3), "");
}

static void put_row(FILE *out, const struct table *table, const struct table_cell *cells,
		    const size_t *widths_of, size_t limit, bool colours)
{
	size_t used = 0;

	for (size_t c = 0; c < table->columns; c++) {
		size_t room = limit ? limit - used : SIZE_MAX;
		bool last = c + 1 == table->columns || (limit && used + widths_of[c] + 4 >= limit);

		put_cell(out, &cells[c], widths_of[c], last, room, colours);
		if (last)
			break;
		used += widths_of[c] + 3;
	}
	(void)putc('\n', out);
}

int table_print(const struct table *table, FILE *out, size_t width, struct oci_error *err)
{
	CLEANUP_FREE size_t *column = calloc(table->columns, sizeof(*column));
	CLEANUP_FREE struct table_cell *heads = calloc(table->columns, sizeof(*heads));
	bool colours = term_colours(out);

	if (table->failed || !column || !heads)
		return err_nomem(err);
	for (size_t c = 0; c < table->columns; c++) {
		heads[c].text = table->heads[c];
		column[c] = term_columns(table->heads[c]);
	}
	for (size_t i = 0; i < table->len; i++) {
		size_t columns = term_columns(table->cells[i].text);

		if (columns > column[i % table->columns])
			column[i % table->columns] = columns;
	}
	put_row(out, table, heads, column, width, colours);
	for (size_t i = 0; i + table->columns <= table->len; i += table->columns)
		put_row(out, table, &table->cells[i], column, width, colours);
	return 0;
}

void table_freep(struct table *table)
{
	mem_freep(&table->cells);
	oci_arena_free(&table->arena);
}
