/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_systemd_helper.c - what carte-systemd makes of a request: its parts, and D-Bus values of them. libdbus ends a program
 * that hands it a bad value, so what is refused here is refused before.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "runtime/cgroup/systemd_wire.h"
#include "runtime/systemd_helper/helper.h"

/* ---- requests ---- */

static int parse(const char *text, size_t length, struct request *ret, struct oci_error *err)
{
	static char copy[256];
	int r;

	assert_true(length <= sizeof(copy));
	memcpy(copy, text, length);
	ret->words = (struct words){ copy, copy + length, copy + sizeof(copy), -1, false };
	r = request_parse(ret, err);
	return r == 0 ? request_parse_pids(ret, err) : r;
}

#define HEAD WIRE_MAGIC "\0start\0c.scope\0"
#define PARSE(text, ret, err) parse(text, sizeof(text), ret, err)

static void reads_requests(void **state)
{
	struct request request = { .operation = NULL };

	(void)state;
	assert_int_equal(PARSE(HEAD "1\0PIDs\0au\0"
				    "1\0"
				    "2\0"
				    "7\0"
				    "8\0"
				    "1\0"
				    "9",
			       &request, NULL),
			 0);
	assert_string_equal(request.operation, WIRE_START);
	assert_string_equal(request.unit, "c.scope");
	assert_int_equal(request.properties_len, 1);
	assert_string_equal(request.properties[0].name, "PIDs");
	assert_string_equal(request.properties[0].signature, "au");
	assert_true(request.properties[0].optional);
	assert_int_equal(request.properties[0].values_len, 2);
	assert_string_equal(request.properties[0].values[1], "8");
	assert_int_equal(request.pids_len, 1);
	assert_string_equal(request.pids[0], "9");
	free(request.properties[0].values);
	free(request.properties);
	free(request.pids);
}

/* Byte by byte, so that each word is cut wherever it can be; the pids later than all else. */
static void reads_requests_in_parts(void **state)
{
	static const char first[] = HEAD "1\0TasksMax\0t\0"
					 "0\0"
					 "1\0"
					 "5";
	static const char second[] = "2\0"
				     "7\0"
				     "19";
	char text[128];
	int ends[2];
	struct request request = { .operation = NULL };
	struct oci_error err = OCI_ERROR_INIT;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	request.words = (struct words){ text, text, text + sizeof(text), ends[0], false };
	for (size_t i = 0; i < sizeof(first); i++)
		assert_int_equal(write(ends[1], first + i, 1), 1);
	assert_int_equal(request_parse(&request, &err), 0);
	assert_string_equal(request.unit, "c.scope");
	assert_string_equal(request.properties[0].values[0], "5");
	assert_false(request.has_pids);
	for (size_t i = 0; i < sizeof(second); i++)
		assert_int_equal(write(ends[1], second + i, 1), 1);
	assert_int_equal(request_parse_pids(&request, &err), 0);
	assert_true(request.has_pids);
	assert_int_equal(request.pids_len, 2);
	assert_string_equal(request.pids[1], "19");
	/* once they are there nothing is waited for */
	assert_int_equal(request_parse_pids(&request, &err), 0);
	free(request.pids);
	/* the other side has ended in the middle */
	request.has_pids = false;
	assert_int_equal(write(ends[1], "1", 1), 1);
	close(ends[1]);
	assert_int_equal(request_parse_pids(&request, &err), -EPROTO);
	assert_string_equal(err.message, "carte-systemd: the request is malformed");
	free(request.pids);
	free(request.properties[0].values);
	free(request.properties);
	close(ends[0]);
}

static void refuses_requests(void **state)
{
	static const char malformed[] = "carte-systemd: the request is malformed";
	static const char other[] = "carte-systemd and carte-runtime are of different versions";
	static const struct {
		const char *text;
		size_t length;
		const char *words;
	} bad[] = {
#define ROW(text, words) { text, sizeof(text), words }
		ROW("", other),
		ROW("carte-systemd 2\0start\0c.scope\0"
		    "0\0"
		    "0",
		    other),
		{ WIRE_MAGIC, sizeof(WIRE_MAGIC) - 1, other }, /* no NUL at the end */
		ROW(WIRE_MAGIC, malformed),
		ROW(HEAD "0", malformed),
		ROW(HEAD "0\0"
			 "0\0more",
		    malformed),
		ROW(HEAD "0\0"
			 "99999999",
		    malformed),
		ROW(HEAD "x\0"
			 "0",
		    malformed),
		ROW(WIRE_MAGIC "\0start\0\0"
			       "0\0"
			       "0",
		    malformed),
		ROW(WIRE_MAGIC "\0start\0\xff.scope\0"
			       "0\0"
			       "0",
		    malformed),
#undef ROW
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct request request = { .operation = NULL };
		struct oci_error err = OCI_ERROR_INIT;

		assert_int_equal(parse(bad[i].text, bad[i].length, &request, &err), -EPROTO);
		assert_string_equal(err.message, bad[i].words);
		free(request.properties);
		free(request.pids);
	}
}

/* ---- values ---- */

/* Basic values, those of arrays and of structs in them, one behind the other: "i:-5" */
static void describe(DBusMessageIter *at, char *text, size_t size)
{
	for (int type; (type = dbus_message_iter_get_arg_type(at)) != DBUS_TYPE_INVALID;
	     (void)dbus_message_iter_next(at)) {
		size_t len = strlen(text);
		DBusMessageIter inner;
		DBusBasicValue v;

		if (type == DBUS_TYPE_ARRAY || type == DBUS_TYPE_STRUCT) {
			dbus_message_iter_recurse(at, &inner);
			describe(&inner, text, size);
			continue;
		}
		dbus_message_iter_get_basic(at, &v);
		if (strchr("sog", type))
			(void)snprintf(text + len, size - len, " %c:%s", type, v.str);
		else if (type == DBUS_TYPE_DOUBLE)
			(void)snprintf(text + len, size - len, " d:%g", v.dbl);
		else
			(void)snprintf(text + len, size - len, " %c:%lld", type,
				       type == DBUS_TYPE_INT16    ? (long long)v.i16
				       : type == DBUS_TYPE_INT32  ? (long long)v.i32
				       : type == DBUS_TYPE_INT64  ? (long long)v.i64
				       : type == DBUS_TYPE_BYTE   ? (long long)v.byt
				       : type == DBUS_TYPE_UINT16 ? (long long)v.u16
				       : type == DBUS_TYPE_UINT64 ? (long long)v.u64
								  : (long long)v.u32);
	}
}

static int append(const struct property *p, char *text, size_t size)
{
	CLEANUP_MESSAGE DBusMessage *m = call_new("StartTransientUnit", 0, NULL);
	DBusMessageIter at, array, entry, variant;
	const char *name;
	int r;

	assert_non_null(m);
	dbus_message_iter_init_append(m, &at);
	assert_true(dbus_message_iter_open_container(&at, DBUS_TYPE_ARRAY, "(sv)", &array));
	r = property_append(&array, p);
	if (r < 0) {
		dbus_message_iter_abandon_container(&at, &array);
		return r;
	}
	assert_true(dbus_message_iter_close_container(&at, &array));
	assert_true(dbus_message_iter_init(m, &at));
	dbus_message_iter_recurse(&at, &array);
	dbus_message_iter_recurse(&array, &entry);
	dbus_message_iter_get_basic(&entry, &name);
	assert_string_equal(name, p->name);
	assert_true(dbus_message_iter_next(&entry));
	dbus_message_iter_recurse(&entry, &variant);
	text[0] = '\0';
	describe(&variant, text, size);
	return 0;
}

static void makes_values(void **state)
{
	static const struct {
		const char *signature;
		const char *values[4];
		const char *expected;
	} cases[] = {
		{ "s", { "it's" }, " s:it's" },
		{ "o", { "/a/b" }, " o:/a/b" },
		{ "g", { "a(ss)" }, " g:a(ss)" },
		{ "b", { "true" }, " b:1" },
		{ "b", { "false" }, " b:0" },
		{ "y", { "255" }, " y:255" },
		{ "n", { "-32768" }, " n:-32768" },
		{ "q", { "65535" }, " q:65535" },
		{ "i", { "-2147483648" }, " i:-2147483648" },
		{ "u", { "4294967295" }, " u:4294967295" },
		{ "x", { "-9223372036854775808" }, " x:-9223372036854775808" },
		{ "t", { "9223372036854775807" }, " t:9223372036854775807" },
		{ "d", { "1.5" }, " d:1.5" },
		{ "as", { "a", "b" }, " s:a s:b" },
		{ "as", { NULL }, "" },
		{ "ay", { "7", "2" }, " y:7 y:2" },
		{ "a(ss)", { "/dev/a", "r", "/dev/b", "w" }, " s:/dev/a s:r s:/dev/b s:w" },
		{ "a(st)", { "/dev/a", "7" }, " s:/dev/a t:7" },
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *values[4];
		struct property p = { .name = "A", .signature = cases[i].signature };

		memcpy(values, cases[i].values, sizeof(values));
		p.values = values;
		while (p.values_len < ARRAY_LEN(values) && values[p.values_len])
			p.values_len++;
		assert_int_equal(append(&p, text, sizeof(text)), 0);
		assert_string_equal(text, cases[i].expected);
	}
}

static void refuses_values(void **state)
{
	static const struct {
		const char *name, *signature;
		const char *values[3];
		int code;
	} bad[] = {
		{ "A", "s", { "\xff" }, EINVAL },
		{ "\xff", "s", { "a" }, EINVAL },
		{ "A", "o", { "a/b" }, EINVAL },
		{ "A", "g", { "(" }, EINVAL },
		{ "A", "s", { NULL }, EINVAL },
		{ "A", "s", { "a", "b" }, EINVAL },
		{ "A", "", { "a" }, EINVAL },
		{ "A", "ss", { "a" }, EINVAL },
		{ "A", "z", { "a" }, EINVAL },
		{ "A", "v", { "a" }, EINVAL },
		{ "A", "aas", { "a" }, EINVAL },
		{ "A", "a", { "a" }, EINVAL },
		{ "A", "a()", { "a" }, EINVAL },
		{ "A", "a(ss)", { "a", "b", "c" }, EINVAL },
		{ "A", "as", { "a", "\xff" }, EINVAL },
		{ "A", "d", { "1.5x" }, EINVAL },
		{ "A", "t", { "-1" }, EINVAL },
		{ "A", "y", { "256" }, ERANGE },
		{ "A", "n", { "32768" }, ERANGE },
		{ "A", "q", { "65536" }, ERANGE },
		{ "A", "i", { "2147483648" }, ERANGE },
		{ "A", "u", { "4294967296" }, ERANGE },
		{ "A", "x", { "9223372036854775808" }, ERANGE },
		{ "A", "t", { "18446744073709551616" }, ERANGE },
	};
	char text[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const char *values[3];
		struct property p = { .name = bad[i].name, .signature = bad[i].signature };

		memcpy(values, bad[i].values, sizeof(values));
		p.values = values;
		while (p.values_len < ARRAY_LEN(values) && values[p.values_len])
			p.values_len++;
		if (append(&p, text, sizeof(text)) != -bad[i].code)
			fail_msg("row %zu: type '%s' value '%s'", i, p.signature, values[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_requests),   cmocka_unit_test(reads_requests_in_parts),
		cmocka_unit_test(refuses_requests), cmocka_unit_test(makes_values),
		cmocka_unit_test(refuses_values),
	};

	client_set_uid(0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
