/* SPDX-License-Identifier: Apache-2.0 */
/* test_cartefile.c - what a Cartefile means; what is wrong with one is in tests/data/bad-cartefile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/cartefile.h"

static struct oci_arena arena = OCI_ARENA_INIT;

static struct cartefile *parse(const char *text)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct cartefile *file = NULL;
	/* a copy without a NUL, so that reading behind the end is seen by AddressSanitizer */
	size_t n = strlen(text);
	CLEANUP_FREE char *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	memcpy(copy, text, n);
	if (cartefile_parse("Cartefile", copy, n, &arena, &file, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(err.code, 0);
	return file;
}

static int teardown(void **state)
{
	(void)state;
	oci_arena_free(&arena);
	return 0;
}

static void from_forms(void **state)
{
	static const struct {
		const char *text;
		enum cartefile_from from;
		const char *rest, *ref;
	} cases[] = {
		{ "FROM scratch", FROM_SCRATCH, NULL, NULL },
		{ "from dir:rootfs", FROM_DIR, "rootfs", NULL },
		{ "FROM dir:/srv/a:b", FROM_DIR, "/srv/a:b", NULL },
		{ "FROM \"dir:a b\"", FROM_DIR, "a b", NULL },
		{ "FROM tar:root.tar.xz", FROM_TAR, "root.tar.xz", NULL },
		{ "FROM oci:layout", FROM_OCI, "layout", NULL },
		{ "FROM oci:a/b:1.0", FROM_OCI, "a/b", "1.0" },
		{ "FROM oci:dir:localhost/carte/gs:1", FROM_OCI, "dir", "localhost/carte/gs:1" },
		{ "FROM oci:'a:b':c", FROM_OCI, "a:b", "c" },
		{ "FROM oci:a\\:b", FROM_OCI, "a:b", NULL },
		{ "FROM oci-archive:x.tar", FROM_OCI_ARCHIVE, "x.tar", NULL },
		{ "FROM docker-archive:x.tar", FROM_DOCKER_ARCHIVE, "x.tar", NULL },
		{ "FROM docker://debian:12", FROM_DOCKER, "debian:12", NULL },
		{ "FROM docker://localhost:5000/a/b-c:T.1-2", FROM_DOCKER,
		  "localhost:5000/a/b-c:T.1-2", NULL },
		{ "FROM docker://a@sha256:"
		  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		  FROM_DOCKER,
		  "a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		  NULL },
		{ "FROM store:login", FROM_STORE, "localhost/login:latest", NULL },
		{ "FROM store:quay.io/a/b:2", FROM_STORE, "quay.io/a/b:2", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct cartefile *file = parse(cases[i].text);

		assert_int_equal(file->from, cases[i].from);
		assert_int_equal(file->from_place.line, 1);
		assert_int_equal(file->from_place.column, 6);
		assert_int_equal(!file->from_text, !cases[i].rest);
		if (cases[i].rest)
			assert_string_equal(file->from_text, cases[i].rest);
		assert_int_equal(!file->from_ref, !cases[i].ref);
		if (cases[i].ref)
			assert_string_equal(file->from_ref, cases[i].ref);
	}
}

static void names(void **state)
{
	static const char *const cases[][2] = {
		{ "login:1.0", "localhost/login:1.0" },
		{ "login", "localhost/login:latest" },
		{ "school/login:1.0", "localhost/school/login:1.0" },
		{ "localhost/school/login:1.0", "localhost/school/login:1.0" },
		{ "localhost:5000/login", "localhost:5000/login:latest" },
		{ "registry.example.org/a/b__c/d---e:T_1",
		  "registry.example.org/a/b__c/d---e:T_1" },
		{ "host:80/x:y", "host:80/x:y" },
		{ "0/1:2", "localhost/0/1:2" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[256];

		snprintf(text, sizeof(text), "FROM scratch\nNAME %s\n", cases[i][0]);
		assert_string_equal(parse(text)->image_name, cases[i][1]);
	}
	assert_null(parse("FROM scratch")->image_name);
}

static void labels(void **state)
{
	const struct cartefile *file = parse(
		"NAME a version=1 empty= \"org.example.text=two words=yes\" x='#'\nFROM scratch");

	(void)state;
	assert_int_equal(file->labels_len, 4);
	assert_string_equal(file->labels[0].key, "version");
	assert_string_equal(file->labels[0].value, "1");
	assert_string_equal(file->labels[1].key, "empty");
	assert_string_equal(file->labels[1].value, "");
	assert_string_equal(file->labels[2].key, "org.example.text");
	assert_string_equal(file->labels[2].value, "two words=yes");
	assert_string_equal(file->labels[3].value, "#");
	assert_int_equal(file->name_place.line, 1);
	assert_int_equal(file->name_place.column, 6);
}

static void paths(void **state)
{
	static const struct {
		const char *text, *source, *destination;
		bool into, is_folder, has_mode, has_owner;
		unsigned mode, uid, gid;
	} cases[] = {
		{ "app", "app", "/app", 0, 0, 0, 0, 0, 0, 0 },
		{ "a/b.c", "a/b.c", "/b.c", 0, 0, 0, 0, 0, 0, 0 },
		{ "./a//b/", "a/b", "/b", 0, 1, 0, 0, 0, 0, 0 },
		{ ".", ".", "/", 0, 1, 0, 0, 0, 0, 0 },
		{ "./", ".", "/", 0, 1, 0, 0, 0, 0, 0 },
		{ "a/..", ".", "/", 0, 1, 0, 0, 0, 0, 0 },
		{ "a/../b", "b", "/b", 0, 0, 0, 0, 0, 0, 0 },
		{ "..a", "..a", "/..a", 0, 0, 0, 0, 0, 0, 0 },
		{ "a /", "a", "/", 1, 0, 0, 0, 0, 0, 0 },
		{ "a /.", "a", "/", 1, 0, 0, 0, 0, 0, 0 },
		{ "a/ /", "a", "/", 0, 1, 0, 0, 0, 0, 0 },
		{ "a /srv//x/./", "a", "/srv/x", 1, 0, 0, 0, 0, 0, 0 },
		{ "a/. /srv/", "a", "/srv", 0, 1, 0, 0, 0, 0, 0 },
		{ "a /x:0", "a", "/x", 0, 0, 1, 0, 0, 0, 0 },
		{ "a /x:4755", "a", "/x", 0, 0, 1, 0, 04755, 0, 0 },
		{ "a /x/:640:33:4294967294", "a", "/x", 1, 0, 1, 1, 0640, 33, 4294967294 },
		{ "a '/x:y':0644", "a", "/x:y", 0, 0, 1, 0, 0644, 0, 0 },
		{ "a /x\\:0644", "a", "/x:0644", 0, 0, 0, 0, 0, 0, 0 },
		{ "'a*b' /x", "a*b", "/x", 0, 0, 0, 0, 0, 0, 0 },
		{ "a\\ b \"/x y\"", "a b", "/x y", 0, 0, 0, 0, 0, 0, 0 },
		{ "\\#a /x", "#a", "/x", 0, 0, 0, 0, 0, 0, 0 },
		{ "a#b /x#y", "a#b", "/x#y", 0, 0, 0, 0, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct cartefile *file;
		const struct cartefile_path *path;
		char text[256];

		snprintf(text, sizeof(text), "FROM scratch\n  PATH  %s\n", cases[i].text);
		file = parse(text);
		assert_int_equal(file->paths_len, 1);
		path = &file->paths[0];
		assert_string_equal(path->source, cases[i].source);
		assert_string_equal(path->destination, cases[i].destination);
		assert_int_equal(path->into, cases[i].into);
		assert_int_equal(path->is_folder, cases[i].is_folder);
		assert_int_equal(path->has_mode, cases[i].has_mode);
		assert_int_equal(path->mode, cases[i].mode);
		assert_int_equal(path->has_owner, cases[i].has_owner);
		assert_int_equal(path->uid, cases[i].uid);
		assert_int_equal(path->gid, cases[i].gid);
		assert_int_equal(path->place.line, 2);
		assert_int_equal(path->place.column, 3);
		assert_int_equal(path->source_place.column, 9);
	}
}

static void many_paths(void **state)
{
	CLEANUP_FREE char *text = malloc(40 * 1000);
	const struct cartefile *file;
	size_t used = (size_t)sprintf(text, "FROM scratch\n");

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		used += (size_t)sprintf(text + used, "PATH a%u\n", i);
	file = parse(text);
	assert_int_equal(file->paths_len, 1000);
	assert_string_equal(file->paths[999].destination, "/a999");
	assert_int_equal(file->paths[999].place.line, 1001);
}

static void exe(void **state)
{
	const struct cartefile *file = parse("FROM scratch\n"
					     "exe_path A=1 _b2='x y' C= @www-data:33 /bin/a=b A=2 "
					     "@x \"\" '$HOME' \"\\d \\\"\\\\\\$\" --x='a b'\n");

	(void)state;
	assert_true(file->has_exe);
	assert_int_equal(file->env_len, 3);
	assert_string_equal(file->env[0], "A=1");
	assert_string_equal(file->env[1], "_b2=x y");
	assert_string_equal(file->env[2], "C=");
	assert_string_equal(file->user, "www-data:33");
	assert_int_equal(file->argv_len, 7);
	assert_string_equal(file->argv[0], "/bin/a=b");
	assert_string_equal(file->argv[1], "A=2");
	assert_string_equal(file->argv[2], "@x");
	assert_string_equal(file->argv[3], "");
	assert_string_equal(file->argv[4], "$HOME");
	assert_string_equal(file->argv[5], "\\d \"\\$");
	assert_string_equal(file->argv[6], "--x=a b");
	assert_null(file->argv[7]);
	assert_int_equal(file->exe_place.line, 2);
	assert_int_equal(file->exe_path_place.column, 40);
	file = parse("FROM scratch\nexe_PATH /x");
	assert_null(file->user);
	assert_int_equal(file->env_len, 0);
	assert_int_equal(file->argv_len, 1);
}

/* The same file in four ways of writing lines. */
static void lines(void **state)
{
	static const char *const texts[] = {
		"FROM scratch\nPATH a /b\nexe_PATH /b 1 2\n",
		"FROM scratch\r\nPATH a /b\r\nexe_PATH /b 1 2\r\n",
		"\xef\xbb\xbf"
		"FROM scratch\nPATH a /b\nexe_PATH /b 1 2",
		"# x\n\n\t FROM\tscratch \t\n PATH \\\n a \\\r\n\t/b\n#\nexe_PATH /b\\\n 1 \\\n # "
		"c \\\n#d\n2\n \n",
		"\\\nFROM scratch\nPATH a /\\\nb\nexe_PATH /b 1 2 \\\n\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const struct cartefile *file = parse(texts[i]);

		assert_int_equal(file->from, FROM_SCRATCH);
		assert_int_equal(file->paths_len, 1);
		assert_string_equal(file->paths[0].source, "a");
		assert_string_equal(file->paths[0].destination, "/b");
		assert_int_equal(file->argv_len, 3);
		assert_string_equal(file->argv[2], "2");
	}
}

/* The indented blocks of cartefile(5) that begin with FROM. Return: how many there were. */
static size_t parse_blocks(FILE *page)
{
	char line[1024], block[8192] = "";
	size_t count = 0;

	while (fgets(line, sizeof(line), page)) {
		if (strncmp(line, "    ", 4) == 0 &&
		    (block[0] || strncmp(line + 4, "FROM ", 5) == 0)) {
			strcat(block, line + 4);
		} else if (block[0]) {
			parse(block);
			count++;
			block[0] = '\0';
		}
	}
	return count;
}

static void manual_page(void **state)
{
	const char *top = getenv("top_srcdir");
	char path[4096];
	FILE *page;

	(void)state;
	snprintf(path, sizeof(path), "%s/man/cartefile.5.md", top ? top : "..");
	page = fopen(path, "re");
	assert_non_null(page);
	assert_int_equal(parse_blocks(page), 4);
	fclose(page);
}

/* The name of the file is the caller's; the place is also in the error's members. */
static void error_members(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct cartefile *file = NULL;
	static const char text[] = "FROM scratch\nNAME é=b\n";

	(void)state;
	assert_int_equal(cartefile_parse("a%s/Cartefile", text, strlen(text), &arena, &file, &err),
			 -EINVAL);
	assert_null(file);
	assert_int_equal(strncmp(err.message, "a%s/Cartefile:2:6: NAME: 'é' ", 30), 0);
	assert_string_equal(err.file, "a%s/Cartefile");
	assert_string_equal(err.path, "2:6");
	assert_int_equal(err_kind(&err), ERR_DOCUMENT);
}

static void too_large(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct cartefile *file = NULL;
	size_t length = 1024 * 1024;
	CLEANUP_FREE char *text = malloc(length + 1);

	(void)state;
	memset(text, '#', length + 1);
	memcpy(text, "FROM scratch\n", strlen("FROM scratch\n"));
	assert_int_equal(cartefile_parse("f", text, length, &arena, &file, &err), 0);
	assert_int_equal(cartefile_parse("f", text, length + 1, &arena, &file, &err), -EFBIG);
	assert_string_equal(err.message, "f:1:1: 1048577 bytes: a Cartefile has at most 1 MiB");
}

static void blame_keeps_the_first(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	const struct cartefile *file = parse("FROM scratch");

	(void)state;
	err_set(&err, ENOENT, "gone");
	assert_int_equal(cartefile_fail(file, file->from_place, EINVAL, &err, "other"), -EINVAL);
	assert_string_equal(err.message, "gone");
	cartefile_blame(file, file->from_place, &err);
	assert_string_equal(err.message, "Cartefile:1:6: gone");
	assert_int_equal(cartefile_fail(file, file->from_place, EINVAL, NULL, "nobody"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_forms),
		cmocka_unit_test(names),
		cmocka_unit_test(labels),
		cmocka_unit_test(paths),
		cmocka_unit_test(many_paths),
		cmocka_unit_test(exe),
		cmocka_unit_test(lines),
		cmocka_unit_test(error_members),
		cmocka_unit_test(manual_page),
		cmocka_unit_test(too_large),
		cmocka_unit_test(blame_keeps_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
