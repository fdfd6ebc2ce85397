/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ocispec_roundtrip.c - what is emitted parses to the same structs, for random documents.
 *
 * OCISPEC_SEED=N makes the documents of one seed again; OCISPEC_ROUNDS=N is how many seeds.
 */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "tables.h"
#include "ocispec-generate.h"

static uint64_t first_seed;
static unsigned rounds = 300;

static void emit_and_parse(const struct oci_table *table, const void *object, unsigned flags)
{
	struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	size_t length, again_length;
	char *text, *again;
	void *parsed = NULL;

	assert_int_equal(oci_table_emit(table, object, flags, &text, &length, &err), 0);
	assert_int_equal(strlen(text), length);
	if (oci_table_parse(table, &arena, "document", text, length, &parsed, &err) < 0) {
		print_error("%s\n%s\n", err.message, text);
		fail();
	}
	if (!generate_same(table, object, parsed)) {
		print_error("other structs: %s\n", text);
		fail();
	}
	assert_int_equal(oci_table_emit(table, parsed, flags, &again, &again_length, &err), 0);
	assert_int_equal(length, again_length);
	assert_memory_equal(text, again, length);
	free(text);
	free(again);
	oci_arena_free(&arena);
}

static void round_trips(const struct oci_table *table)
{
	unsigned i;

	print_message("seeds %llu to %llu\n", (unsigned long long)first_seed,
		      (unsigned long long)first_seed + rounds - 1);
	for (i = 0; i < rounds; i++) {
		struct oci_arena arena = OCI_ARENA_INIT;
		uint64_t seed = first_seed + i;
		void *object = generate(&seed, &arena, table, NULL);

		emit_and_parse(table, object, i % 2 ? OCI_EMIT_INDENT : 0);
		oci_arena_free(&arena);
	}
}

static void test_config(void **unused)
{
	(void)unused;
	round_trips(&oci_config_table);
}

static void test_process(void **unused)
{
	(void)unused;
	round_trips(&oci_process_table);
}

static void test_resources(void **unused)
{
	(void)unused;
	round_trips(&oci_resources_table);
}

static void test_state(void **unused)
{
	(void)unused;
	round_trips(&oci_state_table);
	round_trips(&oci_process_state_table);
}

static void test_features(void **unused)
{
	(void)unused;
	round_trips(&oci_features_table);
}

static void test_image(void **unused)
{
	(void)unused;
	round_trips(&oci_descriptor_table);
	round_trips(&oci_index_table);
	round_trips(&oci_manifest_table);
	round_trips(&oci_image_config_table);
	round_trips(&oci_image_layout_table);
	round_trips(&oci_docker_image_table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),    cmocka_unit_test(test_process),
		cmocka_unit_test(test_resources), cmocka_unit_test(test_state),
		cmocka_unit_test(test_features),  cmocka_unit_test(test_image),
	};
	const char *seed = getenv("OCISPEC_SEED"), *count = getenv("OCISPEC_ROUNDS");

	first_seed = seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL) * 1000;
	if (count)
		rounds = (unsigned)strtoul(count, NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
