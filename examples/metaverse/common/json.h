/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - read a small object that a client sent; write strings so that they stay strings.
 */
#ifndef METAVERSE_JSON_H
#define METAVERSE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** struct json - a document, of yajl_tree_parse. */
struct json;

/**
 * json_parse - @length bytes at @text, which have a NUL behind them; only an object is taken, and none with a NUL in a string,
 * since what follows it would be lost.
 * Return: the caller gives it to json_free; NULL: it is not such a document, or memory ran out.
 */
struct json *json_parse(const char *text, size_t length);

/** json_free - NULL is fine. */
void json_free(struct json *json);

static inline void json_freep(struct json **json)
{
	json_free(*json);
	*json = NULL;
}
#define CLEANUP_JSON __attribute__((cleanup(json_freep)))

/** json_string - the string of a member, as long as @json lives; NULL when there is none, or it is something else. */
const char *json_string(const struct json *json, const char *member);

/** json_number - a member that is a number, finite and good for a double. */
bool json_number(const struct json *json, const char *member, double *ret);

/** json_is_text - UTF-8 without control characters, 1 to @max bytes. */
bool json_is_text(const char *text, size_t max);

/** json_write_string - with its quotes; bytes that are no UTF-8 become U+FFFD. */
void json_write_string(FILE *out, const char *text);

#endif
