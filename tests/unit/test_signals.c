/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signal names, both ways.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "runtime/signals.h"

static void test_known(void **state)
{
	static const struct {
		const char *text;
		int number;
	} rows[] = {
		{ "9", SIGKILL },      { "0", 0 },         { "15", SIGTERM },  { "KILL", SIGKILL },
		{ "SIGKILL", 9 },      { "kill", 9 },      { "sigterm", 15 },  { "HUP", 1 },
		{ "Usr1", SIGUSR1 },   { "CLD", SIGCHLD }, { "IOT", SIGABRT }, { "POLL", SIGIO },
		{ "WINCH", SIGWINCH }, { "SYS", SIGSYS },  { "64", 64 },       { "RTMIN", 34 },
		{ "SIGRTMIN+3", 37 },  { "rtmax-1", 63 },  { "RTMAX", 64 },    { "RTMIN+30", 64 },
	};
	int sig;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_error err = OCI_ERROR_INIT;

		assert_int_equal(signal_parse(rows[i].text, &sig, &err), 0);
		assert_int_equal(sig, rows[i].number);
	}
}

static void test_unknown(void **state)
{
	static const char *const rows[] = { "FOO",      "",
					    "SIG",      "65",
					    "-9",       "9 ",
					    "0x9",      "SIGSIGTERM",
					    "RTMIN+31", "RTMIN-1",
					    "RTMAX+1",  "RTMIN+",
					    "TERM ",    "99999999999999999999" };
	int sig = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_error err = OCI_ERROR_INIT;
		char expected[64];

		(void)snprintf(expected, sizeof(expected), "unknown signal \"%s\"", rows[i]);
		assert_int_equal(signal_parse(rows[i], &sig, &err), -EINVAL);
		assert_string_equal(err.message, expected);
		assert_int_equal(sig, 77);
	}
}

static void test_names(void **state)
{
	char buf[24], text[24];
	int sig;

	(void)state;
	assert_string_equal(signal_name(SIGTERM, buf, sizeof(buf)), "SIGTERM");
	assert_string_equal(signal_name(SIGABRT, buf, sizeof(buf)), "SIGABRT");
	assert_string_equal(signal_name(34, buf, sizeof(buf)), "SIGRTMIN");
	assert_string_equal(signal_name(40, buf, sizeof(buf)), "SIGRTMIN+6");
	assert_string_equal(signal_name(32, buf, sizeof(buf)), "32");
	assert_string_equal(signal_name(0, buf, sizeof(buf)), "0");
	for (int i = 0; i <= 64; i++) {
		(void)signal_name(i, text, sizeof(text));
		assert_int_equal(signal_parse(text, &sig, NULL), 0);
		assert_int_equal(sig, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
