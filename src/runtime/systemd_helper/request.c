/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request.c - read a request, and put properties into messages.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/systemd_wire.h"
#include "runtime/systemd_helper/helper.h"

#define COUNT_MAX 65536

struct words {
	char *at;
	char *end;
	bool bad;
};

/** next - "" once there is none left, and bad. */
static const char *next(struct words *words)
{
	char *word = words->at;

	if (word >= words->end) {
		words->bad = true;
		return "";
	}
	words->at += strlen(word) + 1;
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

	if (count > (size_t)(words->end - words->at))
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

int request_parse(char *text, size_t length, struct request *ret, struct oci_error *err)
{
	struct words words = { text, text + length, length == 0 || text[length - 1] != '\0' };
	const char *magic = next(&words);

	if (words.bad || strcmp(magic, WIRE_MAGIC) != 0)
		return err_set(err, EPROTO,
			       "carte-systemd and carte-runtime are of different versions");
	ret->operation = next(&words);
	ret->user_bus = strcmp(next(&words), WIRE_USER) == 0;
	ret->seconds = (unsigned)next_count(&words);
	ret->unit = next(&words);
	ret->properties_len = next_count(&words);
	ret->properties = calloc(ret->properties_len + 1, sizeof(*ret->properties));
	if (!ret->properties)
		return err_nomem(err);
	for (size_t i = 0; i < ret->properties_len && !words.bad; i++)
		next_property(&words, &ret->properties[i]);
	ret->pids_len = next_count(&words);
	ret->pids = next_list(&words, ret->pids_len);
	if (words.bad || words.at != words.end || ret->seconds == 0 || !*ret->unit)
		return err_set(err, EPROTO, "carte-systemd: the request is malformed");
	return 0;
}

/* ---- messages ---- */

static int append_signed(sd_bus_message *m, char type, const char *text)
{
	int64_t value;
	int r = parse_i64(text, &value);

	if (r < 0)
		return r;
	switch (type) {
	case 'n':
		return value < INT16_MIN || value > INT16_MAX
			       ? -ERANGE
			       : sd_bus_message_append_basic(m, type, &(int16_t){ (int16_t)value });
	case 'i':
		return value < INT32_MIN || value > INT32_MAX
			       ? -ERANGE
			       : sd_bus_message_append_basic(m, type, &(int32_t){ (int32_t)value });
	default:
		return sd_bus_message_append_basic(m, type, &value);
	}
}

static int append_unsigned(sd_bus_message *m, char type, const char *text)
{
	uint64_t value;
	int r = parse_u64(text, &value);

	if (r < 0)
		return r;
	switch (type) {
	case 'y':
		return value > UINT8_MAX
			       ? -ERANGE
			       : sd_bus_message_append_basic(m, type, &(uint8_t){ (uint8_t)value });
	case 'q':
		return value > UINT16_MAX ? -ERANGE
					  : sd_bus_message_append_basic(
						    m, type, &(uint16_t){ (uint16_t)value });
	case 'u':
		return value > UINT32_MAX ? -ERANGE
					  : sd_bus_message_append_basic(
						    m, type, &(uint32_t){ (uint32_t)value });
	default:
		return sd_bus_message_append_basic(m, type, &value);
	}
}

static int append_basic(sd_bus_message *m, char type, const char *text)
{
	double number;
	char *end;

	switch (type) {
	case 's':
	case 'o':
	case 'g':
		return sd_bus_message_append_basic(m, type, text);
	case 'b':
		return sd_bus_message_append_basic(m, type, &(int){ strcmp(text, "true") == 0 });
	case 'd':
		number = strtod(text, &end);
		return *end || end == text ? -EINVAL
					   : sd_bus_message_append_basic(m, type, &number);
	case 'n':
	case 'i':
	case 'x':
		return append_signed(m, type, text);
	case 'y':
	case 'q':
	case 'u':
	case 't':
		return append_unsigned(m, type, text);
	default:
		return -EINVAL;
	}
}

/* "s" of as, "(ss)" of a(ss): the values are those of one element after the other */
static int append_array(sd_bus_message *m, const struct property *p)
{
	const char *element = p->signature + 1;
	size_t len = strlen(element), at = 0;
	bool is_struct = element[0] == '(' && len > 2 && element[len - 1] == ')';
	char members[16];
	int r;

	if (len == 0 || len >= sizeof(members) || (!is_struct && len != 1))
		return -EINVAL;
	memcpy(members, element + is_struct, len - 2 * (size_t)is_struct);
	members[len - 2 * (size_t)is_struct] = '\0';
	if (p->values_len % strlen(members) != 0)
		return -EINVAL;
	r = sd_bus_message_open_container(m, 'a', element);
	while (r >= 0 && at < p->values_len) {
		if (is_struct)
			r = sd_bus_message_open_container(m, 'r', members);
		for (const char *type = members; r >= 0 && *type; type++)
			r = append_basic(m, *type, p->values[at++]);
		if (r >= 0 && is_struct)
			r = sd_bus_message_close_container(m);
	}
	return r < 0 ? r : sd_bus_message_close_container(m);
}

int property_append(sd_bus_message *m, const struct property *p)
{
	int r = sd_bus_message_open_container(m, 'r', "sv");

	if (r >= 0)
		r = sd_bus_message_append_basic(m, 's', p->name);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'v', p->signature);
	if (r >= 0 && p->signature[0] == 'a')
		r = append_array(m, p);
	else if (r >= 0)
		r = p->signature[0] && !p->signature[1] && p->values_len == 1
			    ? append_basic(m, p->signature[0], p->values[0])
			    : -EINVAL;
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? r : 0;
}
