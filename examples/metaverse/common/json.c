/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.c - yajl reads, and refuses what is no UTF-8; its strings have no length, so NULs are looked for before.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_tree.h>

#include "base/utf8.h"
#include "common/json.h"

static yajl_val tree(const struct json *json)
{
	return (yajl_val)(void *)json;
}

struct json *json_parse(const char *text, size_t length)
{
	yajl_val root;

	if (strlen(text) != length || strstr(text, "\\u0000"))
		return NULL;
	root = yajl_tree_parse(text, NULL, 0);
	if (root && !YAJL_IS_OBJECT(root)) {
		yajl_tree_free(root);
		return NULL;
	}
	return (struct json *)root;
}

void json_free(struct json *json)
{
	yajl_tree_free(tree(json));
}

const char *json_string(const struct json *json, const char *member)
{
	const char *path[] = { member, NULL };

	return YAJL_GET_STRING(yajl_tree_get(tree(json), path, yajl_t_string));
}

bool json_number(const struct json *json, const char *member, double *ret)
{
	const char *path[] = { member, NULL };
	yajl_val v = yajl_tree_get(tree(json), path, yajl_t_number);

	if (!v || !YAJL_IS_DOUBLE(v) || !isfinite(YAJL_GET_DOUBLE(v)))
		return false;
	*ret = YAJL_GET_DOUBLE(v);
	return true;
}

bool json_is_text(const char *text, size_t max)
{
	size_t left = strnlen(text, max + 1), n;

	if (left == 0 || left > max)
		return false;
	for (; left > 0; text += n, left -= n) {
		n = utf8_length(text, left);
		if (n == 0 || (unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	}
	return true;
}

void json_write_string(FILE *out, const char *text)
{
	size_t left = strlen(text);

	(void)fputc('"', out);
	while (left > 0) {
		size_t n = utf8_length(text, left);
		unsigned char c = (unsigned char)*text;

		if (n == 0) {
			(void)fputs("\xef\xbf\xbd", out);
			n = 1;
		} else if (c == '"' || c == '\\') {
			(void)fprintf(out, "\\%c", c);
		} else if (c < 0x20 || c == 0x7f) {
			(void)fprintf(out, "\\u%04x", c);
		} else {
			(void)fwrite(text, 1, n, out);
		}
		text += n;
		left -= n;
	}
	(void)fputc('"', out);
}
