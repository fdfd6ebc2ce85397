/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_annotations.c - org.systemd.property.NAME: properties that the engine sets by itself.
 *
 * The value is GVariant text (GLib's gvariant-text-format), of which this reads
 * what a unit's properties need: booleans, numbers with or without a type,
 * strings, and arrays of one of them. A name that ends in "Sec" takes seconds,
 * as in unit files, where the bus knows microseconds.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/systemd.h"

#define PREFIX "org.systemd.property."

struct reader {
	struct unit_properties *list;
	const char *key; /* the annotation's */
	const char *p;
	const char *type; /* signature of one value; NULL until known */
	const char **values;
	size_t len;
	size_t allocated;
	struct oci_error *err;
};

static int bad(const struct reader *r, const char *why)
{
	return err_set(r->err, EINVAL, "annotations[\"%s\"]: %s", r->key, why);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void skip_blanks(struct reader *r)
{
	r->p += strspn(r->p, " \t\n");
}

/** take_word - is it here, and ends here? Then go on behind it. */
static bool take_word(struct reader *r, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(r->p, word, len) != 0 || is_letter(r->p[len]) ||
	    (r->p[len] >= '0' && r->p[len] <= '9'))
		return false;
	r->p += len;
	return true;
}

static int add_value(struct reader *r, const char *type, const char *value)
{
	if (!value)
		return err_nomem(r->err);
	if (r->type && strcmp(r->type, type) != 0)
		return bad(r, "an array's elements must be of one type");
	r->type = type;
	if (r->len == r->allocated) {
		size_t more = r->allocated ? 2 * r->allocated : 8;
		const char **bigger = oci_arena_array(r->list->arena, more, sizeof(*bigger));

		if (!bigger)
			return err_nomem(r->err);
		if (r->len > 0)
			memcpy(bigger, r->values, r->len * sizeof(*bigger));
		r->values = bigger;
		r->allocated = more;
	}
	r->values[r->len++] = value;
	return 0;
}

/* ---- one value ---- */

static int read_string(struct reader *r)
{
	char quote = *r->p++;
	char *text = oci_arena_alloc(r->list->arena, strlen(r->p) + 1);
	size_t len = 0;

	if (!text)
		return err_nomem(r->err);
	for (; *r->p != quote; r->p++) {
		if (*r->p == '\\')
			r->p++;
		if (!*r->p)
			return bad(r, "the string has no closing quote");
		if (r->p[-1] == '\\' && *r->p == 'n')
			text[len++] = '\n';
		else if (r->p[-1] == '\\' && *r->p == 't')
			text[len++] = '\t';
		else if (r->p[-1] == '\\' && !strchr("\\'\"", *r->p))
			return bad(r, "unknown escape in the string");
		else
			text[len++] = *r->p;
	}
	r->p++;
	return add_value(r, "s", text);
}

static const struct {
	const char *word;
	const char *short_word; /* "@t 5" */
	const char *type;
	int64_t min;
	uint64_t max;
} number_types[] = {
	{ "byte", "@y", "y", 0, UINT8_MAX },    { "int16", "@n", "n", INT16_MIN, INT16_MAX },
	{ "uint16", "@q", "q", 0, UINT16_MAX }, { "int32", "@i", "i", INT32_MIN, INT32_MAX },
	{ "uint32", "@u", "u", 0, UINT32_MAX }, { "int64", "@x", "x", INT64_MIN, INT64_MAX },
	{ "uint64", "@t", "t", 0, UINT64_MAX }, { "double", "@d", "d", 0, 0 },
};

#define TYPE_INT32 3
#define TYPE_DOUBLE 7

static int check_range(struct reader *r, const char *text, size_t type, const char **ret)
{
	bool negative = text[0] == '-';
	char *end;
	uint64_t magnitude;

	errno = 0;
	magnitude = strtoull(text + negative, &end, 0);
	if (errno || *end ||
	    (negative ? magnitude > 0 - (uint64_t)number_types[type].min
		      : magnitude > number_types[type].max))
		return bad(r, "the number does not fit its type");
	*ret = oci_arena_printf(r->list->arena, "%s%" PRIu64, negative ? "-" : "", magnitude);
	return 0;
}

static int read_number(struct reader *r)
{
	size_t type = TYPE_INT32, len;
	const char *text, *value;
	char *end;
	int k;

	for (size_t i = 0; i < ARRAY_LEN(number_types); i++) {
		if (!take_word(r, number_types[i].word) &&
		    !take_word(r, number_types[i].short_word))
			continue;
		type = i;
		break;
	}
	skip_blanks(r);
	len = strspn(r->p, "+-.0123456789abcdefABCDEFxX");
	text = oci_arena_strndup(r->list->arena, r->p, len);
	if (!text)
		return err_nomem(r->err);
	if (len == 0 || !strchr("-0123456789", text[0]) || (text[0] == '-' && len == 1))
		return bad(r,
			   "expected true, false, a number, a quoted string, or an array of them");
	r->p += len;
	if (type == TYPE_INT32 && !(text[0] == '0' && strchr("xX", text[1])) &&
	    strpbrk(text, ".eE"))
		type = TYPE_DOUBLE;
	value = text;
	if (type == TYPE_DOUBLE) {
		(void)strtod(text, &end);
		k = *end ? bad(r, "the number does not fit its type") : 0;
	} else {
		k = check_range(r, text, type, &value);
	}
	return k < 0 ? k : add_value(r, number_types[type].type, value);
}

static int read_value(struct reader *r)
{
	skip_blanks(r);
	if (*r->p == '\'' || *r->p == '"')
		return read_string(r);
	if (take_word(r, "true"))
		return add_value(r, "b", "true");
	if (take_word(r, "false"))
		return add_value(r, "b", "false");
	return read_number(r);
}

static int read_array(struct reader *r)
{
	int k;

	r->p++;
	for (skip_blanks(r); *r->p != ']'; skip_blanks(r)) {
		if (r->len > 0) {
			if (*r->p != ',')
				return bad(r, "expected ',' or ']' in the array");
			r->p++;
		}
		k = read_value(r);
		if (k < 0)
			return k;
	}
	r->p++;
	return 0;
}

/* ---- the property ---- */

/* "TimeoutStopSec" in seconds is "TimeoutStopUSec" in microseconds; "USec" itself stays. */
static int convert_seconds(struct reader *r, const char **name)
{
	size_t len = strlen(*name);
	double seconds;
	uint64_t whole;
	const char *value;

	if (len < 4 || strcmp(*name + len - 3, "Sec") != 0 || (*name)[len - 4] < 'a')
		return 0;
	if (r->len != 1 || !strchr("ynqiuxtd", r->type[0]))
		return bad(r, "expected a number of seconds");
	*name = oci_arena_printf(r->list->arena, "%.*sUSec", (int)len - 3, *name);
	seconds = strtod(r->values[0], NULL);
	if (seconds < 0)
		return bad(r, "seconds cannot be negative");
	if (r->type[0] == 'd')
		value = oci_arena_printf(r->list->arena, "%.0f", seconds * 1e6);
	else if (parse_u64(r->values[0], &whole) < 0 || whole > UINT64_MAX / 1000000)
		return bad(r, "too many seconds");
	else
		value = oci_arena_printf(r->list->arena, "%" PRIu64, whole * 1000000);
	if (!*name || !value)
		return err_nomem(r->err);
	r->values[0] = value;
	r->type = "t";
	return 0;
}

static int read_property(struct reader *r, const char *name)
{
	bool array;
	const char *type;
	int k;

	for (const char *c = name; *c; c++)
		if (!is_letter(*c))
			return bad(r, "a property's name is made of letters only");
	if (!*name)
		return bad(r, "the property has no name");
	skip_blanks(r);
	array = *r->p == '[';
	k = array ? read_array(r) : read_value(r);
	if (k < 0)
		return k;
	skip_blanks(r);
	if (*r->p)
		k = bad(r, "there is more behind the value");
	if (k == 0 && !array)
		k = convert_seconds(r, &name);
	if (k < 0)
		return k;
	/* one that is empty has no type; arrays of strings are what units have */
	type = r->type ? r->type : "s";
	if (array)
		type = oci_arena_printf(r->list->arena, "a%s", type);
	if (!type)
		return err_nomem(r->err);
	unit_property_add(r->list, name, type, r->values, r->len, false);
	return 0;
}

int systemd_annotation_properties(const struct oci_pair *annotations, size_t len,
				  struct unit_properties *list, struct oci_error *err)
{
	for (size_t i = 0; i < len; i++) {
		struct reader r = { .list = list,
				    .key = annotations[i].key,
				    .p = annotations[i].value,
				    .err = err };
		int k;

		if (strncmp(r.key, PREFIX, strlen(PREFIX)) != 0)
			continue;
		k = read_property(&r, r.key + strlen(PREFIX));
		if (k < 0)
			return k;
	}
	return list->failed ? err_nomem(err) : 0;
}
