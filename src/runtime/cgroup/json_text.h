/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_text.h - writing JSON for documents that are none of the specification's: statistics, events, lists.
 *
 * A failed allocation is remembered and reported by json_take, so that the
 * calls between need no checks.
 */
#ifndef CARTE_RUNTIME_JSON_TEXT_H
#define CARTE_RUNTIME_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_text {
	char *text;
	size_t len;
	size_t allocated;
	bool failed;
	bool comma; /* something stands before in the same object or array */
};

#define JSON_TEXT_INIT                   \
	{                                \
		NULL, 0, 0, false, false \
	}
#define CLEANUP_JSON __attribute__((cleanup(json_freep)))

void json_freep(struct json_text *json);

/** json_open - '{' or '['; json_close - '}' or ']'. @key: NULL in an array and at the top. */
void json_open(struct json_text *json, const char *key, char bracket);
void json_close(struct json_text *json, char bracket);
void json_u64(struct json_text *json, const char *key, uint64_t value);
void json_i64(struct json_text *json, const char *key, int64_t value);
/** json_string - @length bytes of @value, escaped as needed. */
void json_string(struct json_text *json, const char *key, const char *value, size_t length);
/** json_raw - text that is JSON already: a number, a document. */
void json_raw(struct json_text *json, const char *key, const char *text, size_t length);

/** json_take - the finished text, malloc'ed and NUL-terminated; 0 or -ENOMEM. */
int json_take(struct json_text *json, char **ret_text, size_t *ret_length);

#endif
