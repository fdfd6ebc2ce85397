/* SPDX-License-Identifier: Apache-2.0 */
/*
 * term.h - what is for people's eyes: colours only on a terminal, sizes, ages, aligned tables.
 */
#ifndef CARTE_CLI_TERM_H
#define CARTE_CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <ocispec-lite/arena.h>

struct oci_error;

enum colour { PLAIN, RED, GREEN, YELLOW, BLUE, GREY, BOLD };

/** term_colours - a terminal, and neither NO_COLOR nor TERM=dumb. */
bool term_colours(FILE *out);
/** term_width, term_height - of the terminal on standard output; 0: it is none. */
int term_width(void);
int term_height(void);

/** term_columns - how wide a text is; what is no UTF-8, and control characters, count as the "?" that term_put writes. */
size_t term_columns(const char *text);
/** term_put - @text, safe for a terminal, at most @columns wide (0: all; a cut one ends in "..."). */
void term_put(FILE *out, const char *text, size_t columns);

/** words_size - "1.5MiB"; words_age - "3 minutes" since an RFC 3339 time; "" for none. All in @arena, "" when memory ran out. */
const char *words_size(struct oci_arena *arena, long long bytes);
const char *words_age(struct oci_arena *arena, const char *time);
/** time_parse - RFC 3339 to seconds since 1970; -1: none. */
int64_t time_parse(const char *text);

/** struct table - cells are added row by row; the last column is not padded. */
struct table {
	const char *const *heads; /* NULL-terminated */
	size_t columns;
	struct table_cell {
		const char *text;
		enum colour colour;
	} * cells;
	size_t len, room;
	struct oci_arena arena;
	bool failed; /* memory ran out */
};

void table_start(struct table *table, const char *const *heads);
void table_cell(struct table *table, enum colour colour, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** table_print - @width: rows are cut there; 0: not. */
int table_print(const struct table *table, FILE *out, size_t width, struct oci_error *err);
void table_freep(struct table *table);
#define CLEANUP_TABLE __attribute__((cleanup(table_freep)))

#endif
