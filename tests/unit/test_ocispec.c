/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ocispec.c - values that are read and written, one by one; tables of one's own.
 */
#include <errno.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <ocispec-lite/table.h>

static struct oci_arena arena;

static struct oci_config *config_of(const char *json)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct oci_config *config = NULL;

	if (oci_config_parse(&arena, "config.json", json, strlen(json), &config, &err) < 0) {
		print_error("%s\n", err.message);
		fail();
	}
	return config;
}

static int teardown(void **unused)
{
	(void)unused;
	oci_arena_free(&arena);
	return 0;
}

static void test_absent_is_absent(void **unused)
{
	struct oci_config *c =
		config_of("{\"ociVersion\":\"1.3.0\",\"hostname\":\"\",\"root\":null,"
			  "\"linux\":{\"rootfsPropagation\":\"\",\"resources\":"
			  "{\"memory\":{\"swappiness\":-1,\"limit\":null}}}}");

	(void)unused;
	assert_string_equal(c->oci_version, "1.3.0");
	assert_null(c->hostname);
	assert_null(c->root);
	assert_null(c->process);
	assert_null(c->mounts);
	assert_int_equal(c->linux_->rootfs_propagation, OCI_PROPAGATION_NONE);
	assert_false(c->linux_->resources->memory->swappiness.present);
	assert_false(c->linux_->resources->memory->limit.present);
	assert_null(c->linux_->resources->cpu);
}

static void test_values(void **unused)
{
	struct oci_config *c =
		config_of("{\"process\":{\"cwd\":\"\\/"
			  "\\u00e9\\ud83d\\udc33\\n\",\"args\":[\"a\",\"\"],\"env\":[],"
			  "\"user\":{\"uid\":4294967295,\"additionalGids\":[1,0,4294967295]},"
			  "\"oomScoreAdj\":-1000,\"rlimits\":[{\"soft\":1,\"type\":\"RLIMIT_AS\","
			  "\"hard\":18446744073709551615}],\"scheduler\":{\"policy\":\"SCHED_"
			  "DEADLINE\",\"flags\":"
			  "[\"SCHED_FLAG_UTIL_CLAMP_MAX\",\"SCHED_FLAG_RESET_ON_FORK\"]}},"
			  "\"ociVersion\":\"1.3.0\",\"x\":{\"ociVersion\":\"not this\"},"
			  "\"linux\":{\"namespaces\":[{\"type\":\"time\"},{\"path\":\"/"
			  "p\",\"type\":\"mount\"}],"
			  "\"netDevices\":{\"eth0\":{\"name\":\"e0\"},\"eth1\":{}},"
			  "\"resources\":{\"memory\":{\"limit\":-9223372036854775808},"
			  "\"unified\":{\"memory.high\":\"1\",\"\":\"2\"},"
			  "\"rdma\":{\"mlx\":{\"hcaHandles\":3}}}}}");
	struct oci_process *p = c->process;

	(void)unused;
	assert_string_equal(p->cwd, "/\xc3\xa9\xf0\x9f\x90\xb3\n");
	assert_int_equal(p->args_len, 2);
	assert_string_equal(p->args[1], "");
	assert_null(p->args[2]);
	assert_int_equal(p->env_len, 0);
	assert_non_null(p->env);
	assert_null(p->env[0]);
	assert_true(p->user->uid.present);
	assert_int_equal(p->user->uid.value, UINT32_MAX);
	assert_false(p->user->gid.present);
	assert_int_equal(p->user->additional_gids_len, 3);
	assert_int_equal(p->user->additional_gids[0], 1);
	assert_int_equal(p->user->additional_gids[2], UINT32_MAX);
	assert_int_equal(p->oom_score_adj.value, -1000);
	assert_true(p->rlimits[0].hard.value == UINT64_MAX);
	assert_int_equal(p->scheduler->policy, OCI_SCHED_DEADLINE);
	assert_int_equal(p->scheduler->flags_len, 2);
	assert_int_equal(p->scheduler->flags[0], OCI_SCHED_FLAG_UTIL_CLAMP_MAX);
	assert_int_equal(p->scheduler->flags[1], OCI_SCHED_FLAG_RESET_ON_FORK);
	assert_string_equal(c->oci_version, "1.3.0");
	assert_int_equal(c->linux_->namespaces[0].type, OCI_NS_TIME);
	assert_null(c->linux_->namespaces[0].path);
	assert_string_equal(c->linux_->namespaces[1].path, "/p");
	assert_int_equal(c->linux_->net_devices_len, 2);
	assert_string_equal(c->linux_->net_devices[0].key, "eth0");
	assert_string_equal(c->linux_->net_devices[0].name, "e0");
	assert_string_equal(c->linux_->net_devices[1].key, "eth1");
	assert_null(c->linux_->net_devices[1].name);
	assert_true(c->linux_->resources->memory->limit.value == INT64_MIN);
	assert_string_equal(c->linux_->resources->unified[1].key, "");
	assert_string_equal(c->linux_->resources->rdma[0].key, "mlx");
	assert_int_equal(c->linux_->resources->rdma[0].hca_handles.value, 3);
	assert_false(c->linux_->resources->rdma[0].hca_objects.present);
}

static void test_arrays_within_arrays(void **unused)
{
	char json[20000];
	struct oci_config *c;
	size_t used, i;

	(void)unused;
	used = (size_t)snprintf(json, sizeof(json), "{\"ociVersion\":\"1\",\"mounts\":[");
	for (i = 0; i < 200; i++)
		used += (size_t)snprintf(
			json + used, sizeof(json) - used,
			"%s{\"options\":[\"o%zu\",\"p\"],\"destination\":\"/%zu\"}", i ? "," : "",
			i, i);
	snprintf(json + used, sizeof(json) - used, "]}");
	c = config_of(json);
	assert_int_equal(c->mounts_len, 200);
	for (i = 0; i < 200; i++) {
		snprintf(json, sizeof(json), "o%zu", i);
		assert_string_equal(c->mounts[i].options[0], json);
		assert_string_equal(c->mounts[i].options[1], "p");
		assert_int_equal(c->mounts[i].options_len, 2);
		assert_int_equal(strtoul(c->mounts[i].destination + 1, NULL, 10), i);
	}
}

static void check_emit(const struct oci_state *state, unsigned flags, const char *expected)
{
	struct oci_error err = OCI_ERROR_INIT;
	char *text;
	size_t length;

	assert_int_equal(oci_state_emit(state, flags, &text, &length, &err), 0);
	assert_string_equal(text, expected);
	assert_int_equal(length, strlen(expected));
	free(text);
}

static void test_emit(void **unused)
{
	struct oci_pair annotations[] = { { (char *)"k\"", (char *)"\\\b\f\n\r\t\x01\x7f/" },
					  { (char *)"\xff", (char *)"\xc3\xa9\xe2\x82" } };
	struct oci_state state = { .oci_version = (char *)"1.3.0",
				   .id = (char *)"a",
				   .status = OCI_STATUS_CREATED,
				   .pid = { true, 12 },
				   .bundle = (char *)"/b" };

	(void)unused;
	check_emit(&state, 0,
		   "{\"ociVersion\":\"1.3.0\",\"id\":\"a\",\"pid\":12,\"status\":\"created\","
		   "\"bundle\":\"/b\"}");
	state.annotations = annotations;
	check_emit(&state, OCI_EMIT_INDENT,
		   "{\n  \"ociVersion\": \"1.3.0\",\n  \"id\": \"a\",\n  \"pid\": 12,\n"
		   "  \"status\": \"created\",\n  \"bundle\": \"/b\",\n  \"annotations\": {}\n}\n");
	state.annotations_len = 2;
	state.pid.present = false;
	check_emit(&state, OCI_EMIT_INDENT,
		   "{\n  \"ociVersion\": \"1.3.0\",\n  \"id\": \"a\",\n"
		   "  \"status\": \"created\",\n  \"bundle\": \"/b\",\n  \"annotations\": {\n"
		   "    \"k\\\"\": \"\\\\\\b\\f\\n\\r\\t\\u0001\\u007f/\",\n"
		   "    \"\xef\xbf\xbd\": \"\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\"\n  }\n}\n");
}

static void test_emit_refuses_a_value_without_a_word(void **unused)
{
	struct oci_state state = { .oci_version = (char *)"1.3.0", .status = (enum oci_status)42 };
	struct oci_error err = OCI_ERROR_INIT;
	char *text = NULL;

	(void)unused;
	assert_int_equal(oci_state_emit(&state, 0, &text, NULL, &err), -EINVAL);
	assert_string_equal(err.message, "status: no word for value 42");
	assert_null(text);
}

static void test_numbers_are_exact(void **unused)
{
	static const char json[] =
		"{\"memory\":{\"limit\":-9223372036854775808,\"swap\":9223372036854775807,"
		"\"swappiness\":18446744073709551615},\"cpu\":{\"quota\":-1},\"pids\":{\"limit\":0}"
		"}";
	struct oci_error err = OCI_ERROR_INIT;
	struct oci_resources *resources;
	char *text;

	(void)unused;
	assert_int_equal(oci_resources_parse(&arena, "r", json, strlen(json), &resources, &err), 0);
	assert_int_equal(oci_resources_emit(resources, 0, &text, NULL, &err), 0);
	assert_string_equal(text, json);
	free(text);
}

static void test_names(void **unused)
{
	(void)unused;
	assert_string_equal(oci_status_name(OCI_STATUS_PAUSED), "paused");
	assert_string_equal(oci_status_name(OCI_STATUS_CREATING), "creating");
	assert_null(oci_status_name(OCI_STATUS_NONE));
	assert_null(oci_status_name((enum oci_status)99));
	assert_string_equal(oci_namespace_type_name(OCI_NS_TIME), "time");
	assert_string_equal(oci_seccomp_action_name(OCI_SECCOMP_ACT_NOTIFY), "SCMP_ACT_NOTIFY");
	assert_string_equal(oci_seccomp_op_name(OCI_SECCOMP_CMP_MASKED_EQ), "SCMP_CMP_MASKED_EQ");
	assert_string_equal(oci_seccomp_flag_name(OCI_SECCOMP_FLAG_TSYNC),
			    "SECCOMP_FILTER_FLAG_TSYNC");
	assert_string_equal(oci_seccomp_arch_name(OCI_SECCOMP_ARCH_RISCV64), "SCMP_ARCH_RISCV64");
	assert_string_equal(oci_seccomp_arch_name(OCI_SECCOMP_ARCH_X86), "SCMP_ARCH_X86");
}

static void test_annotation(void **unused)
{
	struct oci_pair pairs[] = { { (char *)"a", (char *)"1" }, { (char *)"b", (char *)"" } };

	(void)unused;
	assert_string_equal(oci_annotation(pairs, 2, "b"), "");
	assert_null(oci_annotation(pairs, 2, "c"));
	assert_null(oci_annotation(NULL, 0, "a"));
}

static void test_strings_document(void **unused)
{
	struct oci_error err = OCI_ERROR_INIT;
	char **list = NULL;
	size_t count = 7;

	(void)unused;
	assert_int_equal(oci_strings_parse(&arena, "n", "[\"/a\",\"b\"]", 10, &list, &count, &err),
			 0);
	assert_int_equal(count, 2);
	assert_string_equal(list[1], "b");
	assert_null(list[2]);
	assert_int_equal(oci_strings_parse(&arena, "n", "[]", 2, &list, &count, &err), 0);
	assert_int_equal(count, 0);
	assert_null(list[0]);
	assert_int_equal(oci_strings_parse(&arena, "n", "[\"a\",1]", 7, &list, &count, &err),
			 -EINVAL);
	assert_string_equal(err.message, "n: [1]: expected string, got number");
	err.code = 0;
	assert_int_equal(oci_strings_parse(&arena, "n", "{}", 2, &list, &count, &err), -EINVAL);
	assert_string_equal(err.message, "n: expected array, got object");
}

/* ---- the example of table.h ----------------------------------------------------------------- */

enum pet_kind { PET_NONE, PET_CAT, PET_DOG };

struct pet {
	char *name;
	enum pet_kind kind;
	struct oci_i64 weight;
	char **toys;
	size_t toys_len;
	struct pet *mother;
};

static const struct oci_word pet_kind_list[] = { OCI_WORD("cat"), OCI_WORD("dog") };
static const OCI_WORDS(pet_kinds, enum pet_kind, pet_kind_list);

static const struct oci_rule weight_rule = { .min = 1, .max = 200 };

static OCI_TABLE_DECLARE(pet_table, struct pet);
static const struct oci_row pet_rows[] = {
	OCI_ROW_STRING(struct pet, name, "name", .flags = OCI_REQUIRED),
	OCI_ROW_ENUM(struct pet, kind, "kind", pet_kinds),
	OCI_ROW_I64(struct pet, weight, "weight", .rule = &weight_rule),
	OCI_ROW_STRINGS(struct pet, toys, "toys"),
	OCI_ROW_OBJECT(struct pet, mother, "mother", pet_table),
};
static const OCI_TABLE(pet_table, struct pet, pet_rows);

static void test_a_table_of_ones_own(void **unused)
{
	static const char json[] =
		"{\"name\":\"a\",\"kind\":\"dog\",\"weight\":200,\"toys\":[\"b\"],"
		"\"mother\":{\"name\":\"c\",\"mother\":{\"name\":\"d\"}}}";
	struct oci_error err = OCI_ERROR_INIT;
	struct pet *pet;
	void *parsed;
	char *text;

	(void)unused;
	assert_int_equal(
		oci_table_parse(&pet_table, &arena, "p", json, strlen(json), &parsed, &err), 0);
	pet = parsed;
	assert_int_equal(pet->kind, PET_DOG);
	assert_string_equal(pet->mother->mother->name, "d");
	assert_int_equal(oci_table_emit(&pet_table, pet, 0, &text, NULL, &err), 0);
	assert_string_equal(text, json);
	free(text);
	assert_int_equal(oci_table_parse(&pet_table, &arena, "p",
					 "{\"name\":\"a\",\"mother\":{\"weight\":0}}", 35, &parsed,
					 &err),
			 -EINVAL);
	assert_string_equal(err.message, "p: mother.weight: expected integer from 1 to 200, got 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_absent_is_absent, teardown),
		cmocka_unit_test_teardown(test_values, teardown),
		cmocka_unit_test_teardown(test_arrays_within_arrays, teardown),
		cmocka_unit_test(test_emit),
		cmocka_unit_test(test_emit_refuses_a_value_without_a_word),
		cmocka_unit_test_teardown(test_numbers_are_exact, teardown),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_annotation),
		cmocka_unit_test_teardown(test_strings_document, teardown),
		cmocka_unit_test_teardown(test_a_table_of_ones_own, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
