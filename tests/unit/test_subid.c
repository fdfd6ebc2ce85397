/* SPDX-License-Identifier: Apache-2.0 */
/* test_subid.c - /etc/subuid and /etc/subgid read, and the mapping that comes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/subid.h"

/* "100+65536 ..." */
static const char *ranges_of(const char *text, const char *name, uid_t uid)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	static char words[256];
	struct subid_range *ranges;
	size_t len, n = 0;

	assert_int_equal(subid_parse(&arena, text, name, uid, &ranges, &len), 0);
	words[0] = '\0';
	for (size_t i = 0; i < len; i++)
		n += (size_t)snprintf(words + n, sizeof(words) - n, "%s%u+%u", i ? " " : "",
				      ranges[i].first, ranges[i].count);
	return words;
}

static void parse(void **state)
{
	(void)state;
	assert_string_equal(ranges_of("", "al", 7), "");
	assert_string_equal(ranges_of("al:100000:65536\n", "al", 7), "100000+65536");
	assert_string_equal(ranges_of("al:100000:65536", "al", 7), "100000+65536");
	/* by name and by number, in the order of the file, others' left alone */
	assert_string_equal(ranges_of("alma:1:1\n7:5000:10\nal:100:20\nla:3:3\n77:4:4\n", "al", 7),
			    "5000+10 100+20");
	assert_string_equal(ranges_of("7:5000:10\n", NULL, 7), "5000+10");
	assert_string_equal(ranges_of("al:5000:10\n", NULL, 7), "");
	/* no ranges: comments, words, missing and surplus fields, nothing, too much */
	assert_string_equal(
		ranges_of("#al:1:2\nal\nal:\nal:1\nal:1:\nal::1\nal:x:1\nal:1:x\nal:1:2:3\n"
			  "al:-1:2\nal: 1:2\nal:1:0\nal:4294967295:1\nal:1:4294967295\n"
			  "al:18446744073709551617:1\n:1:2\n\n\nal:9:9\n",
			  "al", 7),
		"9+9");
	assert_string_equal(ranges_of("al:4294967294:1\n", "al", 7), "4294967294+1");
}

static void names(void **state)
{
	static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
				     "bad\n:x:7:7::/:/bin/sh\nal:x:7:7::/:/bin/sh\nal2:x:7:7::/:\n";
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;

	(void)state;
	assert_string_equal(subid_user_name(&arena, passwd, 0), "root");
	assert_string_equal(subid_user_name(&arena, passwd, 7), "al");
	assert_null(subid_user_name(&arena, passwd, 70));
	assert_null(subid_user_name(&arena, "", 0));
}

/* "0=4321*1 1=100000*65536" */
static const char *map_of(uint32_t own, const struct subid_range *ranges, size_t len)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	static char words[512];
	struct subid_mapping *map;
	size_t count, n = 0;

	assert_int_equal(subid_map(&arena, own, ranges, len, &map, &count, &err), 0);
	for (size_t i = 0; i < count; i++)
		n += (size_t)snprintf(words + n, sizeof(words) - n, "%s%u=%u*%u", i ? " " : "",
				      map[i].inside, map[i].outside, map[i].count);
	return words;
}

static void map(void **state)
{
	static const struct subid_range two[] = { { 100000, 65536 }, { 300000, 10 } };
	static const struct subid_range with_own[] = { { 4000, 1000 } };
	static const struct subid_range begins_own[] = { { 4321, 10 } };
	static const struct subid_range twice[] = {
		{ 100, 10 }, { 105, 10 }, { 90, 40 }, { 100, 5 }
	};
	static const struct subid_range all[] = { { 0, 4294967295 } };
	struct subid_range many[400];

	(void)state;
	assert_string_equal(map_of(4321, NULL, 0), "0=4321*1");
	assert_string_equal(map_of(4321, two, 2), "0=4321*1 1=100000*65536 65537=300000*10");
	/* no id twice: the kernel would refuse the whole */
	assert_string_equal(map_of(4321, with_own, 1), "0=4321*1 1=4000*321 322=4322*678");
	assert_string_equal(map_of(4321, begins_own, 1), "0=4321*1 1=4322*9");
	assert_string_equal(map_of(4321, twice, 4),
			    "0=4321*1 1=100*10 11=110*5 16=90*10 26=115*15");
	assert_string_equal(map_of(0, all, 1), "0=0*1 1=1*4294967294");
	assert_string_equal(map_of(4321, all, 1), "0=4321*1 1=0*4321 4322=4322*4294962973");
	/* as many lines as a map takes */
	for (uint32_t i = 0; i < 400; i++)
		many[i] = (struct subid_range){ 100000 + 2 * i, 1 };
	{
		CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
		struct subid_mapping *out;
		size_t count;

		assert_int_equal(subid_map(&arena, 4321, many, 400, &out, &count, NULL), 0);
		assert_int_equal(count, 340);
		assert_int_equal(out[339].outside, 100000 + 2 * 338);
		assert_int_equal(out[339].inside, 339);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse),
		cmocka_unit_test(names),
		cmocka_unit_test(map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
