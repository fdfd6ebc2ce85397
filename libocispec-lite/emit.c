/* SPDX-License-Identifier: Apache-2.0 */
/*
 * emit.c - structs into JSON, driven by rows.
 *
 * What comes out is valid JSON whatever the strings hold: bytes that are not
 * UTF-8 become U+FFFD. Depth is that of the tables' types; only a struct that
 * the caller linked to itself could recurse without end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <ocispec-lite/table.h>

#include "text.h"

struct out {
	char *data;
	size_t used;
	size_t size;
	unsigned flags;
	int result;
	struct oci_error *err;
};

static char *room(struct out *out, size_t need)
{
	size_t size = out->size ? out->size : 1024;
	char *data;

	if (out->result < 0)
		return NULL;
	if (out->size - out->used < need) {
		while (size - out->used < need)
			size *= 2;
		data = realloc(out->data, size);
		if (!data) {
			out->result = oci_error_set(out->err, ENOMEM, "out of memory");
			return NULL;
		}
		out->data = data;
		out->size = size;
	}
	return out->data + out->used;
}

static void put(struct out *out, const char *text, size_t length)
{
	char *to = room(out, length);

	if (!to)
		return;
	memcpy(to, text, length);
	out->used += length;
}

static void put_char(struct out *out, char c)
{
	put(out, &c, 1);
}

static void put_newline(struct out *out, unsigned depth)
{
	char *to;

	if (!(out->flags & OCI_EMIT_INDENT))
		return;
	to = room(out, 1 + 2 * (size_t)depth);
	if (!to)
		return;
	to[0] = '\n';
	memset(to + 1, ' ', 2 * (size_t)depth);
	out->used += 1 + 2 * (size_t)depth;
}

static void put_escaped(struct out *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	static const char letters[][2] = { "\"\"", "\\\\", "\bb", "\ff", "\nn", "\rr", "\tt" };
	char escape[6] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };
	size_t i;

	for (i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
		if ((unsigned char)letters[i][0] != c)
			continue;
		escape[1] = letters[i][1];
		put(out, escape, 2);
		return;
	}
	put(out, escape, 6);
}

static void put_string(struct out *out, const char *text)
{
	size_t length = text ? strlen(text) : 0, i = 0, start = 0, step;

	put_char(out, '"');
	while (i < length) {
		unsigned char c = (unsigned char)text[i];

		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
			i++;
			continue;
		}
		step = oci_text_utf8_length(text + i, length - i);
		if (step > 1) {
			i += step;
			continue;
		}
		put(out, text + start, i - start);
		if (step == 0)
			put(out, "\xef\xbf\xbd", 3);
		else
			put_escaped(out, c);
		start = ++i;
	}
	put(out, text + start, i - start);
	put_char(out, '"');
}

static void put_number(struct out *out, bool negative, uint64_t value)
{
	char digits[24];
	size_t i = sizeof(digits);

	do
		digits[--i] = (char)('0' + value % 10);
	while (value /= 10);
	if (negative)
		digits[--i] = '-';
	put(out, digits + i, sizeof(digits) - i);
}

static void put_word(struct out *out, const struct oci_row *row, int value)
{
	const struct oci_words *words = row->of.words;

	if (value < 1 || (size_t)value > words->count) {
		if (out->result == 0)
			out->result = oci_error_set(out->err, EINVAL, "%s: no word for value %d",
						    row->key, value);
		return;
	}
	put_char(out, '"');
	put(out, words->words[value - 1].text, words->words[value - 1].length);
	put_char(out, '"');
}

static void put_object(struct out *out, const struct oci_table *table, const char *object,
		       unsigned depth);

/* A comma but before the first, a new line. */
static void put_next(struct out *out, size_t count, unsigned depth)
{
	if (count > 0)
		put_char(out, ',');
	put_newline(out, depth);
}

static void put_key(struct out *out, const char *key)
{
	put_string(out, key);
	put(out, ": ", out->flags & OCI_EMIT_INDENT ? 2 : 1);
}

static void put_element(struct out *out, const struct oci_row *row, const char *array, size_t i,
			unsigned depth)
{
	const struct oci_pair *pairs;
	const char *element;
	char *key;

	switch ((enum oci_kind)row->kind) {
	case OCI_KIND_STRINGS:
		put_string(out, ((char *const *)(const void *)array)[i]);
		break;
	case OCI_KIND_U32S:
		put_number(out, false, ((const uint32_t *)(const void *)array)[i]);
		break;
	case OCI_KIND_ENUMS:
		put_word(out, row, ((const int *)(const void *)array)[i]);
		break;
	case OCI_KIND_NAMES:
		put_key(out, ((char *const *)(const void *)array)[i]);
		put(out, "{}", 2);
		break;
	case OCI_KIND_PAIRS:
		pairs = (const struct oci_pair *)(const void *)array;
		put_key(out, pairs[i].key);
		put_string(out, pairs[i].value);
		break;
	default:
		element = array + i * row->of.table->size;
		if (row->kind == OCI_KIND_MAP) {
			memcpy(&key, element, sizeof(key));
			put_key(out, key);
		}
		put_object(out, row->of.table, element, depth);
	}
}

static void put_elements(struct out *out, const struct oci_row *row, const char *object,
			 unsigned depth)
{
	bool map = row->kind == OCI_KIND_PAIRS || row->kind >= OCI_KIND_MAP;
	const char *array;
	size_t length, i;

	memcpy(&array, object + row->offset, sizeof(array));
	memcpy(&length, object + row->len_offset, sizeof(length));
	put_char(out, map ? '{' : '[');
	for (i = 0; i < length && out->result == 0; i++) {
		put_next(out, i, depth + 1);
		put_element(out, row, array, i, depth + 1);
	}
	if (length > 0)
		put_newline(out, depth);
	put_char(out, map ? '}' : ']');
}

static bool is_present(const struct oci_row *row, const char *member)
{
	const char *pointer;
	int value;

	if (row->flags & OCI_REFUSED)
		return false;
	switch ((enum oci_kind)row->kind) {
	case OCI_KIND_BOOL:
		return ((const struct oci_bool *)(const void *)member)->present;
	case OCI_KIND_U32:
		return ((const struct oci_u32 *)(const void *)member)->present;
	case OCI_KIND_I64:
		return ((const struct oci_i64 *)(const void *)member)->present;
	case OCI_KIND_U64:
		return ((const struct oci_u64 *)(const void *)member)->present;
	case OCI_KIND_ENUM:
		memcpy(&value, member, sizeof(value));
		return value != 0;
	default:
		memcpy(&pointer, member, sizeof(pointer));
		/* an array that must be there is there, if only as [] */
		return pointer || (row->kind >= OCI_KIND_STRINGS && (row->flags & OCI_REQUIRED));
	}
}

static void put_value(struct out *out, const struct oci_row *row, const char *object,
		      unsigned depth)
{
	const char *member = object + row->offset;
	const char *pointer;
	int64_t number;
	int value;

	switch ((enum oci_kind)row->kind) {
	case OCI_KIND_STRING:
		memcpy(&pointer, member, sizeof(pointer));
		put_string(out, pointer);
		break;
	case OCI_KIND_BOOL:
		if (((const struct oci_bool *)(const void *)member)->value)
			put(out, "true", 4);
		else
			put(out, "false", 5);
		break;
	case OCI_KIND_U32:
		put_number(out, false, ((const struct oci_u32 *)(const void *)member)->value);
		break;
	case OCI_KIND_I64:
		number = ((const struct oci_i64 *)(const void *)member)->value;
		put_number(out, number < 0, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
		break;
	case OCI_KIND_U64:
		put_number(out, false, ((const struct oci_u64 *)(const void *)member)->value);
		break;
	case OCI_KIND_ENUM:
		memcpy(&value, member, sizeof(value));
		put_word(out, row, value);
		break;
	case OCI_KIND_OBJECT:
		memcpy(&pointer, member, sizeof(pointer));
		put_object(out, row->of.table, pointer, depth);
		break;
	default:
		put_elements(out, row, object, depth);
	}
}

static void put_object(struct out *out, const struct oci_table *table, const char *object,
		       unsigned depth)
{
	size_t count = 0, i;

	put_char(out, '{');
	for (i = 0; i < table->count; i++) {
		const struct oci_row *row = &table->rows[i];

		if (!is_present(row, object + row->offset))
			continue;
		put_next(out, count++, depth + 1);
		put_key(out, row->key);
		put_value(out, row, object, depth + 1);
	}
	if (count > 0)
		put_newline(out, depth);
	put_char(out, '}');
}

int oci_table_emit(const struct oci_table *table, const void *object, unsigned flags,
		   char **ret_text, size_t *ret_length, struct oci_error *err)
{
	struct out out = { .flags = flags, .err = err };

	put_object(&out, table, object, 0);
	put_newline(&out, 0);
	put_char(&out, '\0');
	if (out.result < 0) {
		free(out.data);
		return out.result;
	}
	*ret_text = out.data;
	if (ret_length)
		*ret_length = out.used - 1;
	return 0;
}
