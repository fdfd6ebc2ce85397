/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_text.c - a growing buffer that knows commas and escapes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/cgroup/json_text.h"

void json_freep(struct json_text *json)
{
	mem_freep(&json->text);
	*json = (struct json_text)JSON_TEXT_INIT;
}

static void put(struct json_text *json, const char *bytes, size_t length)
{
	if (json->failed)
		return;
	if (json->allocated - json->len <= length) {
		size_t allocated = (json->allocated ? json->allocated * 2 : 1024) + length;
		char *text = realloc(json->text, allocated);

		if (!text) {
			json->failed = true;
			return;
		}
		json->text = text;
		json->allocated = allocated;
	}
	memcpy(json->text + json->len, bytes, length);
	json->len += length;
	json->text[json->len] = '\0';
}

static void put_string(struct json_text *json, const char *value, size_t length)
{
	put(json, "\"", 1);
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)value[i];
		char escape[8];

		if (c == '"' || c == '\\')
			put(json, (const char[]){ '\\', (char)c }, 2);
		else if (c < 0x20 || c == 0x7f)
			put(json, escape, (size_t)snprintf(escape, sizeof(escape), "\\u%04x", c));
		else
			put(json, &value[i], 1);
	}
	put(json, "\"", 1);
}

/** start - what stands before a value. */
static void start(struct json_text *json, const char *key)
{
	if (json->comma)
		put(json, ",", 1);
	json->comma = true;
	if (key) {
		put_string(json, key, strlen(key));
		put(json, ":", 1);
	}
}

void json_open(struct json_text *json, const char *key, char bracket)
{
	start(json, key);
	put(json, &bracket, 1);
	json->comma = false;
}

void json_close(struct json_text *json, char bracket)
{
	put(json, &bracket, 1);
	json->comma = true;
}

void json_u64(struct json_text *json, const char *key, uint64_t value)
{
	char number[24];

	json_raw(json, key, number, (size_t)snprintf(number, sizeof(number), "%" PRIu64, value));
}

void json_i64(struct json_text *json, const char *key, int64_t value)
{
	char number[24];

	json_raw(json, key, number, (size_t)snprintf(number, sizeof(number), "%" PRId64, value));
}

void json_string(struct json_text *json, const char *key, const char *value, size_t length)
{
	start(json, key);
	put_string(json, value, length);
}

void json_raw(struct json_text *json, const char *key, const char *text, size_t length)
{
	start(json, key);
	put(json, text, length);
}

int json_take(struct json_text *json, char **ret_text, size_t *ret_length)
{
	put(json, "", 0);
	if (json->failed)
		return -ENOMEM;
	*ret_length = json->len;
	*ret_text = TAKE_PTR(json->text);
	return 0;
}
