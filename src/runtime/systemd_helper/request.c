/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.c - read a request, and put properties into messages.
 *
 * What must hold: libdbus gets nothing that it takes for a programmer's mistake, such as a string that is no UTF-8, for
 * it ends the program then.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/systemd_wire.h"
#include "runtime/systemd_helper/helper.h"

#define COUNT_MAX 65536

/** next - "" once there is none left, and bad. */
static const char *next(struct words *words)
{
	char *word = words->at, *nul;

	while (!(nul = memchr(word, '\0', (size_t)(words->end - word)))) {
		const size_t room = (size_t)(words->limit - words->end);
		ssize_t n = words->fd < 0 ? 0 : RETRY_EINTR(read(words->fd, words->end, room));

		if (n <= 0) {
			words->bad = true;
			return "";
		}
		words->end += n;
	}
	words->at = nul + 1;
	return word;
}

static size_t next_count(struct words *words)
{
	uint32_t count;

	if (parse_u32(next(words), &count) < 0 || count > COUNT_MAX) {
		words->bad = true;
		return 0;
	}
	return count;
}

/* An array of pointers of @count; each needs at least one byte of the text. */
static const char **next_list(struct words *words, size_t count)
{
	const char **list;

	if (count > (size_t)(words->limit - words->at))
		words->bad = true;
	list = words->bad ? NULL : calloc(count + 1, sizeof(*list));
	for (size_t i = 0; list && i < count; i++)
		list[i] = next(words);
	words->bad = words->bad || !list;
	return list;
}

static void next_property(struct words *words, struct property *property)
{
	property->name = next(words);
	property->signature = next(words);
	property->optional = strcmp(next(words), "1") == 0;
	property->values_len = next_count(words);
	property->values = next_list(words, property->values_len);
}

static int malformed(struct oci_error *err)
{
	return err_set(err, EPROTO, "carte-systemd: the request is malformed");
}

int request_parse(struct request *ret, struct oci_error *err)
{
	struct words *words = &ret->words;
	const char *magic = next(words);

	if (words->bad || strcmp(magic, WIRE_MAGIC) != 0)
		return err_set(err, EPROTO,
			       "carte-systemd and carte-runtime are of different versions");
	ret->operation = next(words);
	ret->unit = next(words);
	ret->properties_len = next_count(words);
	ret->properties = calloc(ret->properties_len + 1, sizeof(*ret->properties));
	if (!ret->properties)
		return err_nomem(err);
	for (size_t i = 0; i < ret->properties_len && !words->bad; i++)
		next_property(words, &ret->properties[i]);
	if (words->bad || !*ret->unit || !dbus_validate_utf8(ret->unit, NULL))
		return malformed(err);
	return 0;
}

int request_parse_pids(struct request *ret, struct oci_error *err)
{
	struct words *words = &ret->words;

	if (ret->has_pids)
		return 0;
	ret->pids_len = next_count(words);
	ret->pids = next_list(words, ret->pids_len);
	if (words->bad || words->at != words->end)
		return malformed(err);
	ret->has_pids = true;
	return 0;
}

/* ---- messages ---- */

/* D-Bus specification, Basic Types; libdbus takes the address of the value, whatever its size. */
static int append(DBusMessageIter *at, char type, const void *value)
{
	return dbus_message_iter_append_basic(at, type, value) ? 0 : -ENOMEM;
}

static int append_signed(DBusMessageIter *at, char type, const char *text)
{
	int64_t value;
	int r = parse_i64(text, &value);

	if (r < 0)
		return r;
	switch (type) {
	case DBUS_TYPE_INT16:
		return value < INT16_MIN || value > INT16_MAX
			       ? -ERANGE
			       : append(at, type, &(dbus_int16_t){ (dbus_int16_t)value });
	case DBUS_TYPE_INT32:
		return value < INT32_MIN || value > INT32_MAX
			       ? -ERANGE
			       : append(at, type, &(dbus_int32_t){ (dbus_int32_t)value });
	default:
		return append(at, type, &value);
	}
}

static int append_unsigned(DBusMessageIter *at, char type, const char *text)
{
	uint64_t value;
	int r = parse_u64(text, &value);

	if (r < 0)
		return r;
	switch (type) {
	case DBUS_TYPE_BYTE:
		return value > UINT8_MAX
			       ? -ERANGE
			       : append(at, type, &(unsigned char){ (unsigned char)value });
	case DBUS_TYPE_UINT16:
		return value > UINT16_MAX
			       ? -ERANGE
			       : append(at, type, &(dbus_uint16_t){ (dbus_uint16_t)value });
	case DBUS_TYPE_UINT32:
		return value > UINT32_MAX
			       ? -ERANGE
			       : append(at, type, &(dbus_uint32_t){ (dbus_uint32_t)value });
	default:
		return append(at, type, &value);
	}
}

static int append_text(DBusMessageIter *at, char type, const char *text)
{
	if (!(type == DBUS_TYPE_STRING      ? dbus_validate_utf8(text, NULL)
	      : type == DBUS_TYPE_SIGNATURE ? dbus_signature_validate(text, NULL)
					    : dbus_validate_path(text, NULL)))
		return -EINVAL;
	return append(at, type, &text);
}

static int append_basic(DBusMessageIter *at, char type, const char *text)
{
	double number;
	char *end;

	switch (type) {
	case DBUS_TYPE_STRING:
	case DBUS_TYPE_OBJECT_PATH:
	case DBUS_TYPE_SIGNATURE:
		return append_text(at, type, text);
	case DBUS_TYPE_BOOLEAN:
		return append(at, type, &(dbus_bool_t){ strcmp(text, "true") == 0 });
	case DBUS_TYPE_DOUBLE:
		number = strtod(text, &end);
		return *end || end == text ? -EINVAL : append(at, type, &number);
	case DBUS_TYPE_INT16:
	case DBUS_TYPE_INT32:
	case DBUS_TYPE_INT64:
		return append_signed(at, type, text);
	case DBUS_TYPE_BYTE:
	case DBUS_TYPE_UINT16:
	case DBUS_TYPE_UINT32:
	case DBUS_TYPE_UINT64:
		return append_unsigned(at, type, text);
	default:
		return -EINVAL;
	}
}

static bool open_container(DBusMessageIter *at, int type, const char *signature,
			   DBusMessageIter *ret)
{
	return dbus_message_iter_open_container(at, type, signature, ret);
}

/* Either way it is closed: a message that is not whole is not sent. */
static int close_container(DBusMessageIter *at, DBusMessageIter *inner, int r)
{
	if (r == 0 && !dbus_message_iter_close_container(at, inner))
		return -ENOMEM;
	if (r < 0)
		dbus_message_iter_abandon_container(at, inner);
	return r;
}

static int append_struct(DBusMessageIter *array, const char *members, const char *const *values)
{
	DBusMessageIter at;
	int r = 0;

	if (!open_container(array, DBUS_TYPE_STRUCT, NULL, &at))
		return -ENOMEM;
	for (; r == 0 && *members; members++)
		r = append_basic(&at, *members, *values++);
	return close_container(array, &at, r);
}

/* "s" of as, "(ss)" of a(ss): the values are those of one element after the other */
static int append_array(DBusMessageIter *variant, const struct property *p)
{
	const char *element = p->signature + 1;
	size_t len = strlen(element), step = 1;
	bool is_struct = element[0] == '(' && len > 2 && element[len - 1] == ')';
	DBusMessageIter array;
	char members[16];
	int r = 0;

	if (len == 0 || len >= sizeof(members) || (!is_struct && len != 1))
		return -EINVAL;
	if (is_struct) {
		step = len - 2;
		memcpy(members, element + 1, step);
		members[step] = '\0';
	}
	if (p->values_len % step != 0)
		return -EINVAL;
	if (!open_container(variant, DBUS_TYPE_ARRAY, element, &array))
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < p->values_len; i += step)
		r = is_struct ? append_struct(&array, members, p->values + i)
			      : append_basic(&array, element[0], p->values[i]);
	return close_container(variant, &array, r);
}

static int append_variant(DBusMessageIter *entry, const struct property *p)
{
	DBusMessageIter variant;
	int r;

	if (!dbus_signature_validate_single(p->signature, NULL))
		return -EINVAL;
	if (!open_container(entry, DBUS_TYPE_VARIANT, p->signature, &variant))
		return -ENOMEM;
	if (p->signature[0] == DBUS_TYPE_ARRAY)
		r = append_array(&variant, p);
	else
		r = p->values_len == 1 ? append_basic(&variant, p->signature[0], p->values[0])
				       : -EINVAL;
	return close_container(entry, &variant, r);
}

int property_append(DBusMessageIter *array, const struct property *p)
{
	DBusMessageIter entry;
	int r;

	if (!open_container(array, DBUS_TYPE_STRUCT, NULL, &entry))
		return -ENOMEM;
	r = append_text(&entry, DBUS_TYPE_STRING, p->name);
	if (r == 0)
		r = append_variant(&entry, p);
	return close_container(array, &entry, r);
}
