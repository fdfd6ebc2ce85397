/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.c - over yajl. Depth is bounded before parsing: yajl_tree_free calls itself once per level.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <yajl/yajl_gen.h>
#include <yajl/yajl_parse.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "scale/json.h"

/* ---- writing ----------------------------------------------------------------------------------------------------- */

int json_begin(struct json *json, struct oci_error *err)
{
	*json = (struct json){ .gen = yajl_gen_alloc(NULL) };
	return json->gen ? 0 : err_nomem(err);
}

void json_end(struct json *json)
{
	if (json->gen)
		yajl_gen_free(json->gen);
	json->gen = NULL;
}

static void note(struct json *json, yajl_gen_status status)
{
	if (status != yajl_gen_status_ok)
		json->failed = true;
}

static void put_text(struct json *json, const char *text)
{
	size_t left = strlen(text);
	size_t size = 0;
	CLEANUP_FREE char *clean = NULL;

	for (size_t i = 0; i < left;) {
		size_t step = utf8_length(text + i, left - i);

		if (step == 0)
			break;
		i += step;
		size = i;
	}
	if (size == left) {
		note(json, yajl_gen_string(json->gen, (const unsigned char *)text, left));
		return;
	}
	clean = malloc(left * 3 + 1);
	if (!clean) {
		json->failed = true;
		return;
	}
	size = 0;
	for (size_t i = 0; i < left;) {
		size_t step = utf8_length(text + i, left - i);

		memcpy(clean + size, step ? text + i : "\xef\xbf\xbd", step ? step : 3);
		size += step ? step : 3;
		i += step ? step : 1;
	}
	note(json, yajl_gen_string(json->gen, (const unsigned char *)clean, size));
}

static void put_key(struct json *json, const char *key)
{
	if (key)
		put_text(json, key);
}

void json_map(struct json *json, const char *key)
{
	put_key(json, key);
	note(json, yajl_gen_map_open(json->gen));
}

void json_map_end(struct json *json)
{
	note(json, yajl_gen_map_close(json->gen));
}

void json_list(struct json *json, const char *key)
{
	put_key(json, key);
	note(json, yajl_gen_array_open(json->gen));
}

void json_list_end(struct json *json)
{
	note(json, yajl_gen_array_close(json->gen));
}

void json_text(struct json *json, const char *key, const char *text)
{
	if (!text) {
		json_null(json, key);
		return;
	}
	put_key(json, key);
	put_text(json, text);
}

void json_int(struct json *json, const char *key, int64_t value)
{
	put_key(json, key);
	note(json, yajl_gen_integer(json->gen, value));
}

void json_count(struct json *json, const char *key, int64_t value)
{
	if (value < 0)
		json_null(json, key);
	else
		json_int(json, key, value);
}

void json_real(struct json *json, const char *key, double value)
{
	char text[64];
	int length;

	if (!isfinite(value) || value < 0) {
		json_null(json, key);
		return;
	}
	put_key(json, key);
	/* yajl_gen_double writes 17 digits, which nobody wants to read */
	length = snprintf(text, sizeof(text), "%.10g", value);
	note(json, yajl_gen_number(json->gen, text, (size_t)length));
}

void json_bool(struct json *json, const char *key, bool value)
{
	put_key(json, key);
	note(json, yajl_gen_bool(json->gen, value));
}

void json_null(struct json *json, const char *key)
{
	put_key(json, key);
	note(json, yajl_gen_null(json->gen));
}

void json_time(struct json *json, const char *key, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char day[32];
	char text[48];

	if (ms <= 0 || !gmtime_r(&seconds, &tm) ||
	    strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm) == 0) {
		json_null(json, key);
		return;
	}
	(void)snprintf(text, sizeof(text), "%s.%03dZ", day, (int)(ms % 1000));
	json_text(json, key, text);
}

static bool is_document(const char *text, size_t length)
{
	yajl_handle parser = yajl_alloc(NULL, NULL, NULL);
	bool good = parser &&
		    yajl_parse(parser, (const unsigned char *)text, length) == yajl_status_ok &&
		    yajl_complete_parse(parser) == yajl_status_ok;

	if (parser)
		yajl_free(parser);
	return good;
}

void json_raw(struct json *json, const char *key, const char *text, size_t length)
{
	while (length > 0 && strchr(" \t\r\n", text[length - 1]))
		length--;
	if (length == 0 || !is_document(text, length)) {
		json_null(json, key);
		return;
	}
	put_key(json, key);
	/* a number is the one thing that the generator puts out without a look at it */
	note(json, yajl_gen_number(json->gen, text, length));
}

int json_take(struct json *json, char **ret_text, size_t *ret_length, struct oci_error *err)
{
	const unsigned char *text;
	size_t length;
	char *copy;

	if (json->failed || yajl_gen_get_buf(json->gen, &text, &length) != yajl_gen_status_ok)
		return err_set(err, ENOMEM, "the answer could not be written");
	copy = malloc(length + 2);
	if (!copy)
		return err_nomem(err);
	memcpy(copy, text, length);
	copy[length] = '\n';
	copy[length + 1] = '\0';
	*ret_text = copy;
	*ret_length = length + 1;
	return 0;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool is_too_deep(const char *text, size_t length)
{
	bool quoted = false;
	int depth = 0;

	for (size_t i = 0; i < length; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '[' || text[i] == '{') && ++depth > JSON_DEPTH_MAX)
			return true;
		else if (!quoted && (text[i] == ']' || text[i] == '}'))
			depth--;
	}
	return false;
}

/* The parser's words are several lines with a drawing; the first one says it. */
static int bad_json(yajl_handle parser, const char *text, size_t length, struct oci_error *err)
{
	unsigned char *words = yajl_get_error(parser, 0, (const unsigned char *)text, length);
	int r;

	if (!words)
		return err_nomem(err);
	words[strcspn((char *)words, "\n")] = '\0';
	r = err_set_as(err, ERR_DOCUMENT, EINVAL, "no JSON: %s", (char *)words);
	yajl_free_error(parser, words);
	return r;
}

/* Strictly: yajl_tree_parse alone would take comments, which could hide brackets from the count of levels. */
static int check_json(const char *text, size_t length, struct oci_error *err)
{
	yajl_handle parser;
	int r = 0;

	if (memchr(text, '\0', length))
		return err_set_as(err, ERR_DOCUMENT, EINVAL, "no JSON: a NUL byte");
	if (is_too_deep(text, length))
		return err_set_as(err, ERR_DOCUMENT, EINVAL, "nested deeper than %d levels",
				  JSON_DEPTH_MAX);
	parser = yajl_alloc(NULL, NULL, NULL);
	if (!parser)
		return err_nomem(err);
	if (yajl_parse(parser, (const unsigned char *)text, length) != yajl_status_ok ||
	    yajl_complete_parse(parser) != yajl_status_ok)
		r = bad_json(parser, text, length, err);
	yajl_free(parser);
	return r;
}

int json_read(const char *text, size_t length, yajl_val *ret, struct oci_error *err)
{
	char words[128] = "";
	CLEANUP_FREE char *copy = NULL;
	int r;

	if (length == 0) {
		text = "{}";
		length = 2;
	}
	r = check_json(text, length, err);
	if (r < 0)
		return r;
	copy = strndup(text, length);
	if (!copy)
		return err_nomem(err);
	*ret = yajl_tree_parse(copy, words, sizeof(words));
	if (!*ret)
		return err_set_as(err, ERR_DOCUMENT, EINVAL, "no JSON that can be kept%s%s",
				  *words ? ": " : "", words);
	return 0;
}

yajl_val json_member(yajl_val object, const char *key)
{
	const char *path[] = { key, NULL };

	return object ? yajl_tree_get(object, path, yajl_t_any) : NULL;
}

int json_only(yajl_val root, const char *const *keys, struct oci_error *err)
{
	if (!YAJL_IS_OBJECT(root))
		return err_set_as(err, ERR_USAGE, EINVAL, "expected an object");
	for (size_t i = 0; i < root->u.object.len; i++) {
		size_t k = 0;

		while (keys[k] && strcmp(keys[k], root->u.object.keys[i]) != 0)
			k++;
		if (!keys[k])
			return err_set_as(err, ERR_USAGE, EINVAL, "%.64s: no such member",
					  root->u.object.keys[i]);
	}
	return 0;
}

int json_get_int(yajl_val root, const char *key, int64_t min, int64_t max, int64_t *ret,
		 struct oci_error *err)
{
	yajl_val value = json_member(root, key);

	if (!value)
		return 0;
	if (!YAJL_IS_INTEGER(value) || YAJL_GET_INTEGER(value) < min ||
	    YAJL_GET_INTEGER(value) > max)
		return err_set_as(err, ERR_USAGE, EINVAL,
				  "%s: expected a whole number from %lld to %lld", key,
				  (long long)min, (long long)max);
	*ret = YAJL_GET_INTEGER(value);
	return 1;
}

int json_get_bool(yajl_val root, const char *key, bool *ret, struct oci_error *err)
{
	yajl_val value = json_member(root, key);

	if (!value)
		return 0;
	if (!YAJL_IS_TRUE(value) && !YAJL_IS_FALSE(value))
		return err_set_as(err, ERR_USAGE, EINVAL, "%s: expected true or false", key);
	*ret = YAJL_IS_TRUE(value);
	return 1;
}

int json_get_text(yajl_val root, const char *key, const char **ret, struct oci_error *err)
{
	yajl_val value = json_member(root, key);

	if (!value)
		return 0;
	if (!YAJL_IS_STRING(value))
		return err_set_as(err, ERR_USAGE, EINVAL, "%s: expected a string", key);
	*ret = YAJL_GET_STRING(value);
	return 1;
}
