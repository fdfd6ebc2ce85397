/* SPDX-License-Identifier: Apache-2.0 */
/* test_explain.c - the explanation of an image and its bill of materials: the documents, and what people read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mem.h"
#include "cartefile-to-oci/explain_print.h"
#include "cartefile-to-oci/packages.h"
#include "cartefile-to-oci/sbom.h"
#include "unit/tree-build.h"

static struct oci_arena arena;
static char top[64];

static int begin(void **state)
{
	(void)state;
	tree_begin();
	arena = (struct oci_arena)OCI_ARENA_INIT;
	(void)strcpy(top, "/tmp/carte-test-explain-XXXXXX");
	return mkdtemp(top) ? 0 : -1;
}

static int end(void **state)
{
	char command[128];

	(void)state;
	tree_free(&tree);
	oci_arena_free(&arena);
	(void)snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

/* ---- a tree that was slimmed ---- */

static const char *const words[] = { "files", "executable" };
static const char *const suggestions[] = { "think of it" };
static const struct slim_report report = { .kept = 3,
					   .kept_bytes = 9,
					   .left_out = 1,
					   .left_out_bytes = 5,
					   .suggestions = (const char **)suggestions,
					   .suggestions_len = 1 };
static const struct explain_image image = { .name = "a:1",
					    .level = SLIM_ELF,
					    .layer_words = words,
					    .layer_words_len = 2,
					    .report = &report };

static void add_image(void)
{
	struct tree_node *exe = add_text("/bin/x", TREE_PATH, 0755, "abc");
	struct tree_node *liba = add_text("/usr/lib/liba.so.1.0", TREE_HOST, 0644, "abcdef");
	struct tree_node *link = add_link("/usr/lib/liba.so.1", TREE_HOST, "liba.so.1.0");
	struct tree_node *out = add_text("/usr/share/doc/x", TREE_BASE, 0644, "12345");

	add_link("/lib", TREE_HOST, "usr/lib");
	exe->line = 7;
	exe->layer = 1;
	exe->why = "exe_PATH";
	liba->layer = link->layer = 0;
	liba->why = "NEEDED";
	link->why = "a link on the way";
	liba->because = link->because = exe;
	out->out = out->parent->out = out->parent->parent->out = true;
	out->why = "documentation";
}

static struct explain *write_and_parse(char **ret_text, size_t *ret_length)
{
	struct explain *explain;
	char *copy;

	assert_int_equal(explain_write(&tree, &image, ret_text, ret_length, &err), 0);
	copy = oci_arena_strndup(&arena, *ret_text, *ret_length);
	free(*ret_text);
	*ret_text = copy;
	if (explain_parse("doc", copy, *ret_length, &arena, &explain, &err) < 0)
		fail_msg("%s", err.message);
	return explain;
}

static void test_document(void **state)
{
	struct explain *explain;
	size_t length, again_length;
	char *text, *again;

	(void)state;
	add_image();
	explain = write_and_parse(&text, &length);
	assert_string_equal(explain->name, "a:1");
	assert_string_equal(explain->slim, "elf");
	assert_int_equal(explain->kept->bytes.value, 9);
	assert_int_equal(explain->left_out_total->files.value, 1);
	assert_int_equal(explain->files_len, 7);
	assert_string_equal(explain->files[1].path, "/bin/x");
	assert_string_equal(explain->files[1].why, "exe_PATH, PATH, line 7");
	assert_string_equal(explain->files[1].layer, "executable");
	assert_string_equal(explain->files[1].type, "file");
	assert_string_equal(explain->files[5].target, "liba.so.1.0");
	assert_string_equal(explain->files[6].because, "/bin/x");
	assert_int_equal(explain->files[6].size.value, 6);
	assert_int_equal(explain->left_out_len, 1);
	assert_string_equal(explain->left_out[0].path, "/usr/share/doc/x");
	assert_string_equal(explain->left_out[0].why, "documentation");
	assert_string_equal(explain->suggestions[0], "think of it");
	assert_int_equal(explain_write(&tree, &image, &again, &again_length, &err), 0);
	assert_int_equal(length, again_length);
	assert_memory_equal(text, again, length);
	free(again);
}

static void test_bad_document(void **state)
{
	struct explain *explain;

	(void)state;
	assert_int_equal(explain_parse("doc", "{\"version\":2}", 13, &arena, &explain, &err),
			 -EINVAL);
	assert_string_equal(err.message, "doc: version: expected 1, got 2");
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(explain_parse("doc", "{}", 2, &arena, &explain, &err), -EINVAL);
	assert_string_equal(err.message, "doc: version: required field is missing");
}

static void test_store(void **state)
{
	struct digest digest = { { 0xab, 0xcd } };
	size_t length;
	char *text;

	(void)state;
	assert_int_equal(explain_load(top, &digest, &arena, &text, &length, &err), -ENOENT);
	assert_string_equal(err.message,
			    "there is no explanation of this image: it was not built here");
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(explain_save(top, &digest, "one", 3, &err), 0);
	assert_int_equal(explain_save(top, &digest, "three", 5, &err), 0);
	assert_int_equal(explain_load(top, &digest, &arena, &text, &length, &err), 0);
	assert_string_equal(text, "three");
	assert_int_equal(explain_save("/nowhere", &digest, "x", 1, &err), -ENOENT);
	assert_string_equal(err.message, "open /nowhere: No such file or directory");
}

/* ---- for people ---- */

static char *printed;
static size_t printed_length;

static FILE *out_begin(void)
{
	free(printed);
	printed = NULL;
	return open_memstream(&printed, &printed_length);
}

static void test_why(void **state)
{
	struct explain *explain;
	size_t length;
	char *text;
	FILE *out;

	(void)state;
	add_image();
	explain = write_and_parse(&text, &length);
	out = out_begin();
	assert_int_equal(explain_print_why(explain, "/lib/liba.so.1.0", out, &err), 0);
	(void)fclose(out);
	assert_string_equal(printed, "/usr/lib/liba.so.1.0: NEEDED (/bin/x)\n"
				     "/bin/x: exe_PATH, PATH, line 7\n");
	out = out_begin();
	assert_int_equal(explain_print_why(explain, "/lib/liba.so.1", out, &err), 0);
	assert_int_equal(explain_print_why(explain, "/usr/share/doc/x", out, &err), 0);
	(void)fclose(out);
	assert_string_equal(printed,
			    "/usr/lib/liba.so.1 -> liba.so.1.0: a link on the way (/bin/x)\n"
			    "/bin/x: exe_PATH, PATH, line 7\n"
			    "/usr/share/doc/x: left out: documentation\n");
	out = out_begin();
	assert_int_equal(explain_print_why(explain, "/gone", out, &err), -ENOENT);
	(void)fclose(out);
	assert_string_equal(err.message, "/gone: neither in the image nor left out of it");
}

static void test_table(void **state)
{
	struct explain *explain;
	size_t length;
	char *text;
	FILE *out;

	(void)state;
	add_image();
	explain = write_and_parse(&text, &length);
	out = out_begin();
	assert_int_equal(explain_print(explain, out, &err), 0);
	(void)fclose(out);
	assert_string_equal(printed, "a:1\nslim: elf\nkept: 3 files, 9B\nleft out: 1 files, 5B\n"
				     "\n    SIZE   FILES  KEPT BECAUSE\n"
				     "      6B       1  NEEDED\n"
				     "      3B       1  exe_PATH, PATH\n"
				     "      0B       1  a link on the way\n"
				     "      0B       1  from the sysroot\n"
				     "\n    SIZE   FILES  LAYER\n"
				     "      6B       2  files\n"
				     "      3B       1  executable\n"
				     "\n    SIZE   FILES  LEFT OUT BECAUSE\n"
				     "      5B       1  documentation\n"
				     "\n    SIZE  BIGGEST FILES\n"
				     "      6B  /usr/lib/liba.so.1.0 (NEEDED)\n"
				     "      3B  /bin/x (exe_PATH, PATH, line 7)\n"
				     "\nTo consider:\n  think of it\n");
	out = out_begin();
	explain_print_left_out(explain, out);
	explain_print_files(explain, out);
	(void)fclose(out);
	assert_non_null(strstr(printed, "         5  /usr/share/doc/x  (documentation)\n"));
	assert_non_null(strstr(printed, "         6  files        /usr/lib/liba.so.1.0  (NEEDED: "
					"/bin/x)\n"));
}

/* A name in an image must not move a terminal's cursor. */
static void test_hostile_names(void **state)
{
	struct explain *explain;
	size_t length;
	char *text;
	FILE *out;

	(void)state;
	add_text("/a\033[2J\nb", TREE_PATH, 0644, "x");
	explain = write_and_parse(&text, &length);
	out = out_begin();
	explain_print_files(explain, out);
	(void)fclose(out);
	assert_non_null(strstr(printed, "/a?[2J?b  ("));
}

/* ---- packages ---- */

static void add_records(void)
{
	add_text("/etc/os-release", TREE_BASE, 0644, "NAME=x\nID=\"devuan\"\n");
	add_text("/var/lib/dpkg/status", TREE_BASE, 0644,
		 "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\n"
		 "Version: 1:1.2+dfsg-1\nMaintainer: Mark Brown <broonie@debian.org>\n"
		 "Description: x\n Package: not a field\n\n"
		 "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n"
		 "Package: unused\nStatus: install ok installed\nVersion: 2\n");
	add_text("/var/lib/dpkg/info/zlib1g:amd64.list", TREE_BASE, 0644,
		 "/.\n/usr\n/lib/libz.so.1.2\n/usr/share/doc/zlib1g\n/../../etc/shadow\n");
	add_text("/var/lib/dpkg/info/unused.list", TREE_BASE, 0644, "/usr/bin/unused\n");
	add_text("/var/lib/dpkg/status.d/tz", TREE_BASE, 0644,
		 "Package: tzdata\nVersion: 2024a\nArchitecture: all\n");
	add_text("/var/lib/dpkg/status.d/tz.md5sums", TREE_BASE, 0644,
		 "0123456789abcdef0123456789abcdef  usr/share/zoneinfo/UTC\nshort\n");
	add_text("/lib/apk/db/installed", TREE_BASE, 0644,
		 "C:Q1abc\nP:musl\nV:1.2.4-r2\nA:x86_64\nL:MIT\no:musl\nm:Timo <t@alpine>\nF:lib\n"
		 "R:ld-musl-x86_64.so.1\nR:missing\n\nF:nowhere\nR:x\n\n");
	add_link("/lib2", TREE_BASE, "lib");
	add_text("/lib/libz.so.1.2", TREE_BASE, 0644, "x");
	add_text("/lib/ld-musl-x86_64.so.1", TREE_BASE, 0644, "x");
	add_text("/usr/share/zoneinfo/UTC", TREE_BASE, 0644, "x");
	add_text("/usr/bin/unused", TREE_BASE, 0644, "x")->out = true;
}

static void test_records(void **state)
{
	struct package_list list;

	(void)state;
	add_records();
	assert_int_equal(packages_read(&tree, NULL, &arena, &list, &err), 0);
	assert_int_equal(list.len, 4);
	assert_string_equal(list.packages[0].name, "musl");
	assert_string_equal(list.packages[0].licence, "MIT");
	assert_int_equal(list.packages[0].nodes_len, 1);
	assert_string_equal(list.packages[1].name, "tzdata");
	assert_int_equal(list.packages[1].nodes_len, 1);
	assert_string_equal(list.packages[2].name, "unused");
	assert_string_equal(list.packages[3].version, "1:1.2+dfsg-1");
	assert_string_equal(list.packages[3].source, "zlib1g");
	assert_string_equal(packages_distribution(&tree, NULL, &arena), "devuan");
}

static void test_sbom(void **state)
{
	const struct sbom_image bill = { .name = "a:1", .manifest = { { 1 } }, .created = 86400 };
	size_t length;
	char *text;

	(void)state;
	add_records();
	assert_int_equal(sbom_write(&tree, &bill, &text, &length, &err), 0);
	assert_non_null(strstr(text, "\"spdxVersion\": \"SPDX-2.3\""));
	assert_non_null(strstr(text, "\"created\": \"1970-01-02T00:00:00Z\""));
	assert_non_null(strstr(text, "spdxdocs/cartefile-to-oci/sha256-0100000000"));
	assert_non_null(strstr(text, "\"pkg:deb/devuan/zlib1g@1%3A1.2%2Bdfsg-1?arch=amd64\""));
	assert_non_null(strstr(text, "\"pkg:apk/devuan/musl@1.2.4-r2?arch=x86_64\""));
	assert_non_null(strstr(text, "\"Person: Mark Brown (broonie@debian.org)\""));
	assert_non_null(strstr(text, "\"1 of its files is in the image\""));
	assert_non_null(strstr(text, "\"relationshipType\": \"CONTAINS\""));
	assert_null(strstr(text, "unused"));
	free(text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(test_document), TEST(test_bad_document),  TEST(test_store),   TEST(test_why),
		TEST(test_table),    TEST(test_hostile_names), TEST(test_records), TEST(test_sbom),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free(printed);
	return failed;
}
