/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ocispec_bad.c - bad documents and the exact message of each.
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

struct bad {
	const char *json;
	const char *message; /* without the document's name; NULL: it is good */
};

/* in a config.json with all that is required */
#define IN(member) "{\"ociVersion\":\"1.3.0\"," member "}"
#define LINUX(member) IN("\"linux\":{" member "}")
#define MEMORY(member) LINUX("\"resources\":{\"memory\":{" member "}}")
#define PROCESS(member) IN("\"process\":{\"cwd\":\"/\"," member "}")
#define I64_RANGE "expected integer from -9223372036854775808 to 9223372036854775807, got "
#define U64_RANGE "expected integer from 0 to 18446744073709551615, got "
#define U32_RANGE "expected integer from 0 to 4294967295, got "
#define I32_RANGE "expected integer from -2147483648 to 2147483647, got "

static const struct bad syntax[] = {
	{ "", ": the document is empty" },
	{ " \n\t ", ": the document is empty" },
	{ "{", ":1:2: invalid JSON: the document ends too early" },
	{ "{\"a\":\"b", ":1:8: invalid JSON: the document ends too early" },
	{ "{\n \"a\": [1,\n", ":3:1: invalid JSON: the document ends too early" },
	{ IN("\"a\":1") " x", ":1:30: invalid JSON: text after the end of the document" },
	{ IN("\"a\":1") " \"x\"", ":1:30: invalid JSON: text after the end of the document" },
	{ IN("\"a\":1") "{}", ":1:29: invalid JSON: text after the end of the document" },
	{ IN("\"a\":1") "}", ":1:29: invalid JSON: text after the end of the document" },
	{ "{\"a\":1 \"b\":2}", ":1:8: invalid JSON: expected ',' or '}'" },
	{ "{\"a\":[1 2]}", ":1:9: invalid JSON: expected ',' or ']'" },
	{ "{\"a\":[1 \"b\\\"c\"]}", ":1:9: invalid JSON: expected ',' or ']'" },
	{ "{\"a\":[1,]}", ":1:9: invalid JSON: expected a value" },
	{ "{\"a\" 1}", ":1:6: invalid JSON: expected ':' after the member name" },
	{ "{\"a\"}", ":1:5: invalid JSON: expected ':' after the member name" },
	{ "{a:1}", ":1:2: invalid JSON: unexpected character" },
	{ "{'a':1}", ":1:2: invalid JSON: unexpected character" },
	{ "{1:1}", ":1:2: invalid JSON: expected a member name in double quotes" },
	{ "{null:1}", ":1:2: invalid JSON: expected a member name in double quotes" },
	{ "{\"a\":1,}", ":1:8: invalid JSON: expected a member name in double quotes" },
	{ "{,}", ":1:2: invalid JSON: expected a member name in double quotes" },
	{ "{\"a\":}", ":1:6: invalid JSON: expected a value" },
	{ "{\"a\":tru}", ":1:6: invalid JSON: unknown word" },
	{ "{\"a\":1 tru}", ":1:8: invalid JSON: unknown word" },
	{ "{\"a\":1 \"b c\\\"d\"}", ":1:8: invalid JSON: expected ',' or '}'" },
	{ "{\"a\":1 true}", ":1:8: invalid JSON: expected ',' or '}'" },
	{ "{\"a\":1\n [2]}", ":2:2: invalid JSON: expected ',' or '}'" },
	{ "{\"a\":1]", ":1:7: invalid JSON: expected ',' or '}'" },
	{ "{\"a\":[1}", ":1:8: invalid JSON: expected ',' or ']'" },
	{ "{\"a\":NaN}", ":1:6: invalid JSON: unexpected character" },
	{ "{\"a\":1.}", ":1:8: invalid JSON: malformed number" },
	{ "{\"a\":-}", ":1:7: invalid JSON: malformed number" },
	{ "{\"a\":1e}", ":1:8: invalid JSON: malformed number" },
	{ "{\"a\":01}", ":1:6: invalid JSON: expected ',' or '}'" },
	{ "{\"a\":+1}", ":1:6: invalid JSON: unexpected character" },
	{ "{\"a\":\"\\q\"}", ":1:8: invalid JSON: unknown escape in a string" },
	{ "{\"a\":\"\\u00g0\"}",
	  ":1:11: invalid JSON: expected four hexadecimal digits after \\u" },
	{ "{\"a\":\"\n\"}", ":1:7: invalid JSON: control character in a string" },
	{ "{/* c */}", ":1:2: invalid JSON: comments are not part of JSON" },
	{ "// c\n{}", ":1:1: invalid JSON: comments are not part of JSON" },
	{ "{\n  \"a\": 1,\n  \"\xc3\xa9\": x\n}", ":3:8: invalid JSON: unexpected character" },
	{ "\xef\xbb\xbf{}", ":1:1: invalid JSON: unexpected character" },
	/* what yajl lets through */
	{ "{\"a\":\"\\u0000\"}", ":1:7: invalid JSON: NUL character in a string" },
	{ "{\"a\":\"\\ud800\"}", ":1:7: invalid JSON: half of a surrogate pair in a string" },
	{ "{\"a\":\"\\ud800\\u0041\"}",
	  ":1:7: invalid JSON: half of a surrogate pair in a string" },
	{ "{\"a\":\"\\udc00\"}", ":1:7: invalid JSON: half of a surrogate pair in a string" },
	{ "{\"a\":\"\xff\"}", ":1:7: invalid JSON: bytes that are not UTF-8" },
	{ "{\"a\":\"\xc3\"}", ":1:7: invalid JSON: bytes that are not UTF-8" },
	{ "{\"a\":\"\xc0\x80\"}", ":1:7: invalid JSON: bytes that are not UTF-8" },
	{ "{\"a\":\"\xe0\x80\xaf\"}", ":1:7: invalid JSON: bytes that are not UTF-8" },
	{ "{\"a\":\"\xed\xa0\x80\"}", ":1:7: invalid JSON: bytes that are not UTF-8" },
	{ "{\"a\":\"\xf4\x90\x80\x80\"}", ":1:7: invalid JSON: bytes that are not UTF-8" },
	{ "{\"a\":\"12345678901234567890\xf8\"}", ":1:27: invalid JSON: bytes that are not UTF-8" },
};

static const struct bad types[] = {
	{ "[]", ": expected object, got array" },
	{ "null", ": expected object, got null" },
	{ "12", ": expected object, got number" },
	{ "\"x\"", ": expected object, got string" },
	{ "true", ": expected object, got boolean" },
	{ "{\"ociVersion\":1}", ": ociVersion: expected string, got number" },
	{ IN("\"hostname\":true"), ": hostname: expected string, got boolean" },
	{ IN("\"hostname\":{}"), ": hostname: expected string, got object" },
	{ IN("\"root\":\"/\""), ": root: expected object, got string" },
	{ IN("\"root\":[]"), ": root: expected object, got array" },
	{ IN("\"root\":{\"path\":\"/\",\"readonly\":\"true\"}"),
	  ": root.readonly: expected boolean, got string" },
	{ IN("\"mounts\":{}"), ": mounts: expected array, got object" },
	{ IN("\"mounts\":\"x\""), ": mounts: expected array, got string" },
	{ IN("\"mounts\":[1]"), ": mounts[0]: expected object, got number" },
	{ IN("\"mounts\":[{\"destination\":\"/a\"},null]"),
	  ": mounts[1]: expected object, got null" },
	{ IN("\"mounts\":[{\"destination\":\"/a\"},[]]"),
	  ": mounts[1]: expected object, got array" },
	{ IN("\"annotations\":[]"), ": annotations: expected object, got array" },
	{ IN("\"annotations\":{\"a\":null}"), ": annotations.a: expected string, got null" },
	{ IN("\"annotations\":{\"a\":\"\",\"b.c\":1}"),
	  ": annotations.b.c: expected string, got number" },
	{ IN("\"annotations\":{\"a\":{}}"), ": annotations.a: expected string, got object" },
	{ IN("\"annotations\":{\"a\\n\":[]}"), ": annotations.a?: expected string, got array" },
	{ PROCESS("\"args\":[\"a\",2]"), ": process.args[1]: expected string, got number" },
	{ PROCESS("\"args\":[\"a\",null]"), ": process.args[1]: expected string, got null" },
	{ PROCESS("\"args\":[[]]"), ": process.args[0]: expected string, got array" },
	{ PROCESS("\"args\":[{}]"), ": process.args[0]: expected string, got object" },
	{ PROCESS("\"args\":\"sh\""), ": process.args: expected array, got string" },
	{ PROCESS("\"terminal\":1"), ": process.terminal: expected boolean, got number" },
	{ PROCESS("\"user\":{\"additionalGids\":[1,\"2\"]}"),
	  ": process.user.additionalGids[1]: expected integer, got string" },
	{ MEMORY("\"limit\":\"1G\""),
	  ": linux.resources.memory.limit: expected integer, got string" },
	{ MEMORY("\"limit\":true"),
	  ": linux.resources.memory.limit: expected integer, got boolean" },
	{ MEMORY("\"limit\":{}"), ": linux.resources.memory.limit: expected integer, got object" },
	{ LINUX("\"resources\":{\"rdma\":{\"m\":1}}"),
	  ": linux.resources.rdma.m: expected object, got number" },
	{ LINUX("\"netDevices\":{\"eth0\":null}"),
	  ": linux.netDevices.eth0: expected object, got null" },
	{ LINUX("\"netDevices\":{\"eth0\":{\"name\":1}}"),
	  ": linux.netDevices.eth0.name: expected string, got number" },
	{ LINUX("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"a\"]"
		","
		"\"action\":\"SCMP_ACT_LOG\"},{\"names\":[\"b\"],\"action\":\"SCMP_ACT_LOG\","
		"\"args\":"
		"[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"},{\"index\":\"x\"}]}]}"),
	  ": linux.seccomp.syscalls[1].args[1].index: expected integer, got string" },
};

static const struct bad numbers[] = {
	{ MEMORY("\"limit\":1.0"),
	  ": linux.resources.memory.limit: expected integer, got number 1.0" },
	{ MEMORY("\"limit\":1e3"),
	  ": linux.resources.memory.limit: expected integer, got number 1e3" },
	{ MEMORY("\"limit\":9223372036854775808"),
	  ": linux.resources.memory.limit: " I64_RANGE "9223372036854775808" },
	{ MEMORY("\"limit\":-9223372036854775809"),
	  ": linux.resources.memory.limit: " I64_RANGE "-9223372036854775809" },
	{ MEMORY("\"limit\":99999999999999999999999999999999999"),
	  ": linux.resources.memory.limit: " I64_RANGE "99999999999999999999999999999999999" },
	{ MEMORY("\"swappiness\":-2"), ": linux.resources.memory.swappiness: " U64_RANGE "-2" },
	{ MEMORY("\"swappiness\":18446744073709551616"),
	  ": linux.resources.memory.swappiness: " U64_RANGE "18446744073709551616" },
	{ PROCESS("\"user\":{\"uid\":-1}"), ": process.user.uid: " U32_RANGE "-1" },
	{ PROCESS("\"user\":{\"uid\":4294967296}"), ": process.user.uid: " U32_RANGE "4294967296" },
	{ PROCESS("\"user\":{\"additionalGids\":[0,-1]}"),
	  ": process.user.additionalGids[1]: " U32_RANGE "-1" },
	{ PROCESS("\"user\":{\"additionalGids\":[0.5]}"),
	  ": process.user.additionalGids[0]: expected integer, got number 0.5" },
	{ PROCESS("\"scheduler\":{\"policy\":\"SCHED_RR\",\"nice\":2147483648}"),
	  ": process.scheduler.nice: " I32_RANGE "2147483648" },
	{ PROCESS("\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":-2147483649}"),
	  ": process.ioPriority.priority: " I32_RANGE "-2147483649" },
	{ IN("\"hooks\":{\"prestart\":[{\"path\":\"/x\",\"timeout\":0}]}"),
	  ": hooks.prestart[0].timeout: expected integer from 1 to 9223372036854775807, got 0" },
	{ IN("\"hooks\":{\"poststop\":[{\"path\":\"/x\",\"timeout\":-5}]}"),
	  ": hooks.poststop[0].timeout: expected integer from 1 to 9223372036854775807, got -5" },
	{ LINUX("\"resources\":{\"blockIO\":{\"weight\":65536}}"),
	  ": linux.resources.blockIO.weight: expected integer from 0 to 65535, got 65536" },
	{ LINUX("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"fileMode\":65536}]"),
	  ": linux.devices[0].fileMode: expected integer from 0 to 65535, got 65536" },
};

static const struct bad values[] = {
	{ "{}", ": ociVersion: required field is missing" },
	{ "{\"ociVersion\":null}", ": ociVersion: required field is missing" },
	{ IN("\"root\":{}"), ": root.path: required field is missing" },
	{ IN("\"root\":{\"path\":null}"), ": root.path: required field is missing" },
	{ IN("\"process\":{}"), ": process.cwd: required field is missing" },
	{ IN("\"mounts\":[{\"destination\":\"/a\"},{}]"),
	  ": mounts[1].destination: required field is missing" },
	{ PROCESS("\"consoleSize\":{\"height\":1}"),
	  ": process.consoleSize.width: required field is missing" },
	{ PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"hard\":1}]"),
	  ": process.rlimits[0].soft: required field is missing" },
	{ LINUX("\"uidMappings\":[{\"containerID\":0,\"hostID\":1}]"),
	  ": linux.uidMappings[0].size: required field is missing" },
	{ LINUX("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_LOG\",\"syscalls\":[{\"name\":\"read\","
		"\"action\":\"SCMP_ACT_LOG\"}]}"),
	  ": linux.seccomp.syscalls[0].names: required field is missing" },
	{ "{\"ociVersion\":\"1\",\"ociVersion\":\"1\"}", ": ociVersion: duplicate key" },
	{ IN("\"root\":null,\"root\":{\"path\":\"/\"}"), ": root: duplicate key" },
	{ IN("\"a\":1,\"b\":2,\"a\":3"), ": a: duplicate key" },
	{ IN("\"a\":1,\"\\u0061\":3"), ": a: duplicate key" },
	{ IN("\"annotations\":{\"a\":\"\",\"b\":\"\",\"a\":\"\"}"),
	  ": annotations.a: duplicate key" },
	{ IN("\"annotations\":{\"1\":\"\",\"2\":\"\",\"3\":\"\",\"4\":\"\",\"5\":\"\",\"6\":\"\","
	     "\"7\":\"\",\"8\":\"\",\"9\":\"\",\"5\":\"\"}"),
	  ": annotations.5: duplicate key" },
	{ LINUX("\"netDevices\":{\"e\":{},\"e\":{}}"), ": linux.netDevices.e: duplicate key" },
	{ IN("\"windows\":{\"x\":[1,{\"b\":1,\"c\":2,\"b\":3}]}"),
	  ": windows.x[1].b: duplicate key" },
	{ PROCESS("\"args\":[],\"args\":[]"), ": process.args: duplicate key" },
	{ LINUX("\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"net\\n\"}]"),
	  ": linux.namespaces[1].type: unknown value 'net?', expected one of: mount, pid, network, "
	  "uts, ipc, user, cgroup, time" },
	{ LINUX("\"namespaces\":[{\"type\":\"\"}]"),
	  ": linux.namespaces[0].type: unknown value '', expected one of: mount, pid, network, "
	  "uts, "
	  "ipc, user, cgroup, time" },
	{ LINUX("\"rootfsPropagation\":\"Private\""),
	  ": linux.rootfsPropagation: unknown value 'Private', expected one of: private, shared, "
	  "slave, unbindable, rprivate, rshared, rslave, runbindable" },
	{ LINUX("\"personality\":{\"domain\":\"LINUX64\"}"),
	  ": linux.personality.domain: unknown value 'LINUX64', expected one of: LINUX, LINUX32" },
	{ LINUX("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_LOG\",\"flags\":[\"\"]}"),
	  ": linux.seccomp.flags[0]: unknown value '', expected one of: SECCOMP_FILTER_FLAG_TSYNC, "
	  "SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW, "
	  "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV" },
	{ PROCESS("\"ioPriority\":{\"class\":\"BE\"}"),
	  ": process.ioPriority.class: unknown value 'BE', expected one of: IOPRIO_CLASS_RT, "
	  "IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE" },
	{ PROCESS("\"rlimits\":[{\"type\":\"nofile\",\"soft\":1,\"hard\":1}]"),
	  ": process.rlimits[0].type: expected RLIMIT_ and capital letters, got 'nofile'" },
	{ PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_\",\"soft\":1,\"hard\":1}]"),
	  ": process.rlimits[0].type: expected RLIMIT_ and capital letters, got 'RLIMIT_'" },
	{ PROCESS("\"execCPUAffinity\":{\"initial\":\"all\"}"),
	  ": process.execCPUAffinity.initial: expected a list of CPUs such as 0-3,7, got 'all'" },
	{ LINUX("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"d\"}]"),
	  ": linux.devices[0].type: expected c, b, u or p, got 'd'" },
	{ LINUX("\"resources\":{\"devices\":[{\"allow\":true,\"type\":\"p\"}]}"),
	  ": linux.resources.devices[0].type: expected a, b or c, got 'p'" },
	{ LINUX("\"resources\":{\"devices\":[{\"allow\":true,\"access\":\"rx\"}]}"),
	  ": linux.resources.devices[0].access: expected letters of rwm, got 'rx'" },
	{ LINUX("\"resources\":{\"hugepageLimits\":[{\"pageSize\":\"2M\",\"limit\":1}]}"),
	  ": linux.resources.hugepageLimits[0].pageSize: expected a page size such as 2MB, got "
	  "'2M'" },
	{ LINUX("\"resources\":{\"hugepageLimits\":[{\"pageSize\":\"02MB\",\"limit\":1}]}"),
	  ": linux.resources.hugepageLimits[0].pageSize: expected a page size such as 2MB, got "
	  "'02MB'" },
	{ LINUX("\"intelRdt\":{\"memBwSchema\":\"L3:0=f\"}"),
	  ": linux.intelRdt.memBwSchema: expected one line that starts with MB:, got 'L3:0=f'" },
};

/* Oddities of real engines; all good. */
static const struct bad good[] = {
	{ MEMORY("\"swappiness\":null"), NULL },
	{ MEMORY("\"swappiness\":-1"), NULL },
	{ MEMORY("\"limit\":-0"), NULL },
	{ MEMORY("\"limit\":-9223372036854775808"), NULL },
	{ LINUX("\"resources\":{\"blockIO\":{\"weight\":0},\"pids\":{}}"), NULL },
	{ LINUX("\"rootfsPropagation\":\"\""), NULL },
	{ LINUX("\"rootfsPropagation\":\"rslave\""), NULL },
	{ LINUX("\"mountLabel\":\"\",\"cgroupsPath\":\"\",\"namespaces\":null"), NULL },
	{ LINUX("\"resources\":{\"devices\":[{\"allow\":false,\"type\":\"\",\"access\":\"\"}]}"),
	  NULL },
	{ LINUX("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"fileMode\":8630}]"), NULL },
	{ LINUX("\"intelRdt\":{\"memBwSchema\":\"\"}"), NULL },
	{ LINUX("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_LOG\",\"listenerPath\":\"\","
		"\"syscalls\":"
		"[{\"names\":[],\"name\":\"x\",\"action\":\"SCMP_ACT_ALLOW\",\"args\":null,"
		"\"comment\":\"\",\"includes\":{},\"errnoRet\":null}]}"),
	  NULL },
	{ PROCESS("\"apparmorProfile\":\"\",\"selinuxLabel\":\"\",\"rlimits\":null"), NULL },
	{ IN("\"windows\":{\"layerFolders\":[{\"a\":[1e400,-1.5,null,true,\"\\ud83d\\ude00\"]}]}"),
	  NULL },
	{ " \r\n" IN("\"a\":1") "\n", NULL },
};

static int wrong;

static void check(const struct bad *table, size_t count)
{
	size_t i;

	wrong = 0;
	for (i = 0; i < count; i++) {
		struct oci_arena arena = OCI_ARENA_INIT;
		struct oci_error err = OCI_ERROR_INIT;
		struct oci_config *config = NULL;
		size_t length = strlen(table[i].json);
		/* not NUL-terminated and tight, so that a sanitizer sees a byte too far */
		char *json = malloc(length ? length : 1);
		int r;

		assert_non_null(json);
		memcpy(json, table[i].json, length);
		r = oci_config_parse(&arena, "c", json, length, &config, &err);
		if (r != (table[i].message ? -EINVAL : 0) || err.code != -r ||
		    strcmp(r ? err.message + 1 : "", table[i].message ? table[i].message : "") !=
			    0) {
			print_error("%s\n  got  %d %s\n  not  c%s\n", table[i].json, r, err.message,
				    table[i].message ? table[i].message : "");
			wrong++;
		}
		assert_true(!r == !!config);
		free(json);
		oci_arena_free(&arena);
	}
	assert_int_equal(wrong, 0);
}

#define CHECK(name)                                          \
	static void test_##name(void **unused)               \
	{                                                    \
		(void)unused;                                \
		check(name, sizeof(name) / sizeof(name[0])); \
	}

CHECK(syntax)
CHECK(types)
CHECK(numbers)
CHECK(values)
CHECK(good)

static void check_text(const char *text, size_t length, int code, const char *message)
{
	struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct oci_config *config = NULL;

	assert_int_equal(oci_config_parse(&arena, "config.json", text, length, &config, &err),
			 -code);
	assert_string_equal(err.message, message);
	assert_null(config);
	oci_arena_free(&arena);
}

static void test_nesting_is_capped(void **unused)
{
	char text[600] = "{\"ociVersion\":\"1\",\"x\":";
	char message[1024] = "config.json: x";
	int i;

	(void)unused;
	for (i = 0; i < 63; i++)
		strcat(text, "[");
	for (i = 0; i < 63; i++)
		strcat(text, "]");
	strcat(text, "}");
	{
		struct oci_arena arena = OCI_ARENA_INIT;
		struct oci_config *config;

		assert_int_equal(oci_config_parse(&arena, "c", text, strlen(text), &config, NULL),
				 0);
		oci_arena_free(&arena);
	}
	text[0] = '\0';
	strcat(text, "{\"ociVersion\":\"1\",\"x\":");
	for (i = 0; i < 64; i++)
		strcat(text, "[");
	for (i = 0; i < 63; i++)
		strcat(message, "[0]");
	strcat(message, ": nested more than 64 deep");
	check_text(text, strlen(text), EINVAL, message);
}

static void test_size_is_capped(void **unused)
{
	size_t length = ((size_t)16 << 20) + 1;
	char *text = malloc(length);

	(void)unused;
	assert_non_null(text);
	memset(text, ' ', length);
	check_text(text, length, EFBIG, "config.json: larger than 16 MiB");
	check_text(text, length - 1, EINVAL, "config.json: the document is empty");
	free(text);
}

static void test_a_nul_byte_is_no_end(void **unused)
{
	static const char text[] = "{\"ociVersion\":\"1\"}\0";

	(void)unused;
	check_text(text, sizeof(text) - 1, EINVAL,
		   "config.json:1:19: invalid JSON: text after the end of the document");
}

static void test_many_keys_are_compared_quickly(void **unused)
{
	struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct oci_config *config = NULL;
	size_t size = 8 << 20, used, i;
	char *text = malloc(size);

	(void)unused;
	assert_non_null(text);
	used = (size_t)snprintf(text, size, "{\"ociVersion\":\"1\",\"annotations\":{");
	for (i = 0; i < 200000; i++)
		used += (size_t)snprintf(text + used, size - used, "%s\"key.%zu\":\"%zu\"",
					 i ? "," : "", i, i);
	snprintf(text + used, size - used, "}}");
	assert_int_equal(oci_config_parse(&arena, "c", text, strlen(text), &config, &err), 0);
	assert_int_equal(config->annotations_len, 200000);
	assert_string_equal(config->annotations[199999].value, "199999");
	assert_string_equal(oci_annotation(config->annotations, 200000, "key.777"), "777");
	snprintf(text + used, size - used, ",\"key.777\":\"\"}}");
	assert_int_equal(oci_config_parse(&arena, "c", text, strlen(text), &config, &err), -EINVAL);
	assert_string_equal(err.message, "c: annotations.key.777: duplicate key");
	free(text);
	oci_arena_free(&arena);
}

static void test_the_first_error_stays(void **unused)
{
	struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct oci_config *config = NULL;

	(void)unused;
	oci_error_set(&err, EIO, "earlier");
	assert_int_equal(oci_config_parse(&arena, "c", "{}", 2, &config, &err), -EINVAL);
	assert_string_equal(err.message, "earlier");
	assert_int_equal(oci_config_parse(&arena, "c", "{}", 2, &config, NULL), -EINVAL);
	oci_arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syntax),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_nesting_is_capped),
		cmocka_unit_test(test_size_is_capped),
		cmocka_unit_test(test_a_nul_byte_is_no_end),
		cmocka_unit_test(test_many_keys_are_compared_quickly),
		cmocka_unit_test(test_the_first_error_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
