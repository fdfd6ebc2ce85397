/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.c - over yajl.
 */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cli/json.h"

/* ---- reading ------------------------------------------------------------------------------------------------------ */

int json_parse(const char *text, const char *what, yajl_val *ret, struct oci_error *err)
{
	char words[256] = "";
	yajl_val value = yajl_tree_parse(text, words, sizeof(words));

	if (!value) {
		words[strcspn(words, "\n")] = '\0';
		return err_set(err, EPROTO, "%s: no JSON: %s", what,
			       words[0] ? words : "it is empty");
	}
	*ret = value;
	return 0;
}

yajl_val json_get(yajl_val object, const char *key)
{
	if (!YAJL_IS_OBJECT(object))
		return NULL;
	for (size_t i = 0; i < object->u.object.len; i++)
		if (strcmp(object->u.object.keys[i], key) == 0)
			return object->u.object.values[i];
	return NULL;
}

const char *json_text(yajl_val object, const char *key)
{
	yajl_val value = json_get(object, key);

	return YAJL_IS_STRING(value) ? value->u.string : "";
}

long long json_int(yajl_val object, const char *key, long long otherwise)
{
	yajl_val value = json_get(object, key);

	return YAJL_IS_INTEGER(value) ? YAJL_GET_INTEGER(value) : otherwise;
}

double json_double(yajl_val object, const char *key, double otherwise)
{
	yajl_val value = json_get(object, key);

	return YAJL_IS_DOUBLE(value) ? YAJL_GET_DOUBLE(value) : otherwise;
}

bool json_bool(yajl_val object, const char *key)
{
	return YAJL_IS_TRUE(json_get(object, key));
}

size_t json_count(yajl_val array)
{
	return YAJL_IS_ARRAY(array) ? array->u.array.len : 0;
}

yajl_val json_at(yajl_val array, size_t i)
{
	return i < json_count(array) ? array->u.array.values[i] : NULL;
}

/* ---- writing ------------------------------------------------------------------------------------------------------ */

yajl_gen json_new(void)
{
	return yajl_gen_alloc(NULL);
}

/* Not checked by yajl, which leaves a string away that is not UTF-8 and goes on: json_finish tells it. */
static void put_string(yajl_gen gen, const char *text)
{
	(void)yajl_gen_string(gen, (const unsigned char *)text, strlen(text));
}

static void put_key(yajl_gen gen, const char *key)
{
	if (key)
		put_string(gen, key);
}

void json_put_text(yajl_gen gen, const char *key, const char *text)
{
	if (!text)
		return;
	put_key(gen, key);
	put_string(gen, text);
}

void json_put_int(yajl_gen gen, const char *key, long long value)
{
	put_key(gen, key);
	(void)yajl_gen_integer(gen, value);
}

void json_put_bool(yajl_gen gen, const char *key, bool value)
{
	put_key(gen, key);
	(void)yajl_gen_bool(gen, value);
}

void json_put_null(yajl_gen gen, const char *key)
{
	put_key(gen, key);
	(void)yajl_gen_null(gen);
}

void json_open_map(yajl_gen gen, const char *key)
{
	put_key(gen, key);
	(void)yajl_gen_map_open(gen);
}

void json_open_array(yajl_gen gen, const char *key)
{
	put_key(gen, key);
	(void)yajl_gen_array_open(gen);
}

void json_close_map(yajl_gen gen)
{
	(void)yajl_gen_map_close(gen);
}

void json_close_array(yajl_gen gen)
{
	(void)yajl_gen_array_close(gen);
}

#define SHOWN_MAX 64

/* Where the string begins that has a bad byte at @at says whose it is. */
static int not_utf8(const char *text, size_t at, struct oci_error *err)
{
	size_t start = at;

	while (start > 0 && text[start - 1] != '"')
		start--;
	return err_set_as(err, ERR_USAGE, EINVAL, "\"%.*s...\" is not UTF-8",
			  at - start < SHOWN_MAX ? (int)(at - start) : SHOWN_MAX, text + start);
}

int json_finish(yajl_gen gen, const char **ret_text, size_t *ret_length, struct oci_error *err)
{
	const unsigned char *text = NULL;
	size_t length = 0;

	if (yajl_gen_get_buf(gen, &text, &length) != yajl_gen_status_ok || !text)
		return err_nomem(err);
	for (size_t at = 0, n; at < length; at += n) {
		n = utf8_length((const char *)text + at, length - at);
		if (!n)
			return not_utf8((const char *)text, at, err);
	}
	*ret_text = (const char *)text;
	*ret_length = length;
	return 0;
}

static void put_value(yajl_gen gen, yajl_val value);

static void put_object(yajl_gen gen, yajl_val value)
{
	(void)yajl_gen_map_open(gen);
	for (size_t i = 0; i < value->u.object.len; i++) {
		put_string(gen, value->u.object.keys[i]);
		put_value(gen, value->u.object.values[i]);
	}
	(void)yajl_gen_map_close(gen);
}

static void put_array(yajl_gen gen, yajl_val value)
{
	(void)yajl_gen_array_open(gen);
	for (size_t i = 0; i < value->u.array.len; i++)
		put_value(gen, value->u.array.values[i]);
	(void)yajl_gen_array_close(gen);
}

static void put_value(yajl_gen gen, yajl_val value)
{
	switch (value->type) {
	case yajl_t_string:
		put_string(gen, value->u.string);
		return;
	case yajl_t_number: /* as it was written */
		(void)yajl_gen_number(gen, YAJL_GET_NUMBER(value), strlen(YAJL_GET_NUMBER(value)));
		return;
	case yajl_t_object:
		put_object(gen, value);
		return;
	case yajl_t_array:
		put_array(gen, value);
		return;
	case yajl_t_true:
	case yajl_t_false:
		(void)yajl_gen_bool(gen, value->type == yajl_t_true);
		return;
	default:
		(void)yajl_gen_null(gen);
	}
}

int json_print(yajl_val value, FILE *out, struct oci_error *err)
{
	CLEANUP_GEN yajl_gen gen = yajl_gen_alloc(NULL);
	const char *text = NULL;
	size_t length = 0;
	int r;

	if (!gen)
		return err_nomem(err);
	yajl_gen_config(gen, yajl_gen_beautify, 1);
	yajl_gen_config(gen, yajl_gen_indent_string, "  ");
	put_value(gen, value);
	r = json_finish(gen, &text, &length, err);
	if (r < 0)
		return r;
	if (fwrite(text, 1, length, out) != length)
		return err_sys(err, errno, "write to stdout");
	return 0;
}
