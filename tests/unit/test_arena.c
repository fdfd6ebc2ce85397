/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_arena.c - arenas, and the error value that needs none.
 */
#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <ocispec-lite/arena.h>
#include <ocispec-lite/error.h>

static void test_memory_is_zeroed_and_aligned(void **unused)
{
	struct oci_arena arena = OCI_ARENA_INIT;
	size_t sizes[] = { 0, 1, 15, 16, 17, 100, 4096, 100000 };
	size_t round, i, j;

	(void)unused;
	for (round = 0; round < 3; round++) {
		for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			unsigned char *p = oci_arena_alloc(&arena, sizes[i]);

			assert_non_null(p);
			assert_int_equal((uintptr_t)p % 16, 0);
			for (j = 0; j < sizes[i]; j++)
				assert_int_equal(p[j], 0);
			memset(p, 0xff, sizes[i]);
			memset(oci_arena_strdup(&arena, "dirt"), 0xff, 5);
		}
	}
	oci_arena_free(&arena);
	assert_null(arena.blocks);
	assert_int_equal(arena.block_count, 0);
	assert_non_null(oci_arena_alloc(&arena, 1));
	oci_arena_free(&arena);
	oci_arena_free(&arena);
}

static void test_blocks_are_few(void **unused)
{
	struct oci_arena arena = OCI_ARENA_INIT;
	size_t i;

	(void)unused;
	for (i = 0; i < 100000; i++)
		assert_non_null(oci_arena_alloc(&arena, 16));
	assert_true(arena.block_count < 14);
	oci_arena_free(&arena);
	assert_int_equal(oci_arena_reserve(&arena, 50000), 0);
	assert_int_equal(arena.block_count, 1);
	for (i = 0; i < 50000 / 16; i++)
		assert_non_null(oci_arena_alloc(&arena, 16));
	assert_int_equal(arena.block_count, 1);
	oci_arena_free(&arena);
}

static void test_sizes_that_overflow(void **unused)
{
	struct oci_arena arena = OCI_ARENA_INIT;

	(void)unused;
	assert_null(oci_arena_alloc(&arena, SIZE_MAX));
	assert_null(oci_arena_alloc(&arena, SIZE_MAX - 8));
	assert_null(oci_arena_array(&arena, SIZE_MAX / 2, 3));
	assert_null(oci_arena_array(&arena, SIZE_MAX, 2));
	assert_int_equal(oci_arena_reserve(&arena, SIZE_MAX), -ENOMEM);
	assert_non_null(oci_arena_array(&arena, 0, 8));
	oci_arena_free(&arena);
}

static void test_strings(void **unused)
{
	struct oci_arena arena = OCI_ARENA_INIT;
	char expected[1100];
	char *a, *b, *c;

	(void)unused;
	a = oci_arena_strdup(&arena, "one");
	b = oci_arena_strndup(&arena, "twofold", 3);
	c = oci_arena_strndup(&arena, "x\0y", 3);
	assert_string_equal(a, "one");
	assert_string_equal(b, "two");
	assert_string_equal(c, "x");
	assert_string_equal(oci_arena_strdup(&arena, ""), "");
	assert_string_equal(oci_arena_printf(&arena, "%s-%d", "a", 7), "a-7");
	snprintf(expected, sizeof(expected), "%01000d|", 5);
	assert_string_equal(oci_arena_printf(&arena, "%01000d|", 5), expected);
	memset(expected, 'x', 255);
	expected[255] = '\0';
	assert_string_equal(oci_arena_printf(&arena, "%s", expected), expected);
	expected[255] = 'x';
	expected[256] = '\0';
	assert_string_equal(oci_arena_printf(&arena, "%s", expected), expected);
	assert_string_equal(a, "one");
	oci_arena_free(&arena);
}

static void test_error_first_wins(void **unused)
{
	struct oci_error err = OCI_ERROR_INIT;

	(void)unused;
	errno = 77;
	oci_error_prefix(&err, "nothing: ");
	assert_string_equal(err.message, "");
	assert_int_equal(oci_error_set(&err, EINVAL, "a %d", 1), -EINVAL);
	assert_int_equal(oci_error_set(&err, EIO, "b"), -EIO);
	assert_int_equal(err.code, EINVAL);
	oci_error_prefix(&err, "%s: ", "place");
	assert_string_equal(err.message, "place: a 1");
	assert_int_equal(oci_error_set(NULL, EIO, "b"), -EIO);
	assert_int_equal(oci_error_sys(NULL, EIO, "b"), -EIO);
	oci_error_prefix(NULL, "x");
	assert_int_equal(errno, 77);
}

static void test_error_sys(void **unused)
{
	struct oci_error err = OCI_ERROR_INIT;

	(void)unused;
	assert_int_equal(oci_error_sys(&err, ENOENT, "open %s", "/x"), -ENOENT);
	assert_string_equal(err.message, "open /x: No such file or directory");
	err.code = 0;
	oci_error_sys(&err, 99999, "x");
	assert_string_equal(err.message, "x: Unknown error");
}

static void test_error_is_one_line(void **unused)
{
	struct oci_error err = OCI_ERROR_INIT;

	(void)unused;
	oci_error_set(&err, EINVAL, "a\nb\tc\x7f");
	oci_error_prefix(&err, "p\r");
	assert_string_equal(err.message, "p a b c ");
}

static void test_error_is_cut(void **unused)
{
	struct oci_error err = OCI_ERROR_INIT;
	char text[2000], *end;
	size_t i;

	(void)unused;
	for (i = 0; i < 998; i++) {
		memcpy(text + 2 * i, "é", 3);
	}
	oci_error_set(&err, EINVAL, "%s", text);
	assert_true(strlen(err.message) >= sizeof(err.message) - 5);
	end = err.message + strlen(err.message);
	assert_string_equal(end - 3, "...");
	assert_memory_equal(end - 5, "é", 2);
	oci_error_prefix(&err, "z");
	end = err.message + strlen(err.message);
	assert_string_equal(end - 3, "...");
	assert_memory_equal(err.message, "zé", 3);
	assert_true(strlen(err.message) < sizeof(err.message));
	/* exactly full is not cut */
	err.code = 0;
	memset(text, 'x', sizeof(err.message) - 1);
	text[sizeof(err.message) - 1] = '\0';
	oci_error_set(&err, EINVAL, "%s", text);
	assert_string_equal(err.message, text);
	err.code = 0;
	text[sizeof(err.message) - 1] = 'x';
	text[sizeof(err.message)] = '\0';
	oci_error_sys(&err, EIO, "%s", text);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	assert_string_equal(err.message + sizeof(err.message) - 4, "...");
}

static void test_error_place(void **unused)
{
	static const struct {
		const char *message, *path;
	} rows[] = {
		{ "mounts[3].destination: required", "mounts[3].destination" },
		{ "process: missing", "process" },
		{ "linux.sysctl.\"a: b\": bad", "linux.sysctl.\"a: b\"" },
		{ "annotations[\"x]: y\"]: bad", "annotations[\"x]: y\"]" },
		{ "annotations[\"x: bad", "" },
		{ "mounts[3", "" },
		{ "a.b:1:7: invalid", "a.b" },
		{ "open /x: No such file", "" },
		{ "/x: No such file", "" },
		{ "two words", "" },
		{ "", "" },
	};
	struct oci_error err = OCI_ERROR_INIT;
	char expected[100];

	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		err.code = 0;
		oci_error_set(&err, EINVAL, "%s", rows[i].message);
		assert_string_equal(err.file, "");
		assert_string_equal(err.path, "");
		oci_error_in_document(&err, "d.json");
		assert_string_equal(err.file, "d.json");
		assert_string_equal(err.path, rows[i].path);
		(void)snprintf(expected, sizeof(expected), "d.json: %s", rows[i].message);
		assert_string_equal(err.message, expected);
	}
	/* without a file only the path; what is noted stays */
	err.code = 0;
	oci_error_set(&err, EINVAL, "a.b: c");
	oci_error_in_document(&err, NULL);
	assert_string_equal(err.message, "a.b: c");
	oci_error_at(&err, "f", "other");
	assert_string_equal(err.file, "f");
	assert_string_equal(err.path, "a.b");
	oci_error_hint(&err, "a%d", 1);
	oci_error_hint(&err, "b");
	assert_string_equal(err.hint, "a1");
	/* nothing is recorded: nothing is noted */
	err = (struct oci_error)OCI_ERROR_INIT;
	oci_error_at(&err, "f", "p");
	oci_error_hint(&err, "h");
	oci_error_in_document(&err, "f");
	oci_error_in_document(NULL, "f");
	assert_string_equal(err.file, "");
	assert_string_equal(err.hint, "");
	assert_string_equal(err.message, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_is_zeroed_and_aligned),
		cmocka_unit_test(test_blocks_are_few),
		cmocka_unit_test(test_sizes_that_overflow),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_error_first_wins),
		cmocka_unit_test(test_error_sys),
		cmocka_unit_test(test_error_is_one_line),
		cmocka_unit_test(test_error_is_cut),
		cmocka_unit_test(test_error_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
