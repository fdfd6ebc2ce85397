/* SPDX-License-Identifier: Apache-2.0 */
/* test_duration.c - durations and sizes in options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "base/mem.h"
#include "runtime/duration.h"

#define S INT64_C(1000000000)

static void parses_durations(void **state)
{
	static const struct {
		const char *text;
		int r;
		int64_t ns;
	} cases[] = {
		{ "5s", 0, 5 * S },
		{ "5", 0, 5 * S },
		{ "0", 0, 0 },
		{ "1m30s", 0, 90 * S },
		{ "1h2m3s", 0, 3723 * S },
		{ "250ms", 0, S / 4 },
		{ "1.5h", 0, 5400 * S },
		{ "0.5s", 0, S / 2 },
		{ ".5s", 0, S / 2 },
		{ "1.s", 0, S },
		{ "10us", 0, 10000 },
		{ "10\xc2\xb5s", 0, 10000 },
		{ "10\xce\xbcs", 0, 10000 },
		{ "7ns", 0, 7 },
		{ "0.000000001s", 0, 0 }, /* finer than a microsecond of the unit is not kept */
		{ "", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ ".s", -EINVAL, 0 },
		{ "-5s", -EINVAL, 0 },
		{ "5 s", -EINVAL, 0 },
		{ "5x", -EINVAL, 0 },
		{ "1m30", -EINVAL, 0 },
		{ "99999999999h", -ERANGE, 0 },
		{ "99999999999999999999", -ERANGE, 0 },
		{ "9000000000s9000000000s", -ERANGE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t ns = 0;

		if (duration_parse(cases[i].text, &ns) != cases[i].r || ns != cases[i].ns)
			fail_msg("'%s': %lld", cases[i].text, (long long)ns);
	}
}

static void parses_sizes(void **state)
{
	static const struct {
		const char *text;
		int r;
		int64_t bytes;
	} cases[] = {
		{ "-1", 0, -1 },
		{ "0", 0, 0 },
		{ "1048576", 0, 1048576 },
		{ "1k", 0, 1024 },
		{ "64m", 0, 64 << 20 },
		{ "64MB", 0, 64 << 20 },
		{ "64MiB", 0, 64 << 20 },
		{ "1.5g", 0, INT64_C(3) << 29 },
		{ "2T", 0, INT64_C(2) << 40 },
		{ "1p", 0, INT64_C(1) << 50 },
		{ "10b", 0, 10 },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "9223372036854775808", -ERANGE, 0 },
		{ "9000p", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "-2", -EINVAL, 0 },
		{ "m", -EINVAL, 0 },
		{ "1x", -EINVAL, 0 },
		{ "1mi", -EINVAL, 0 },
		{ "1mbb", -EINVAL, 0 },
		{ "1 m", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t bytes = 0;

		if (bytes_parse(cases[i].text, &bytes) != cases[i].r || bytes != cases[i].bytes)
			fail_msg("'%s': %lld", cases[i].text, (long long)bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_durations),
		cmocka_unit_test(parses_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
