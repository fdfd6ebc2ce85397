/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ignore.c - .carteignore: by hand, and a few hundred made-up files against what git says of them.
 *
 * CARTE_SEED and CARTE_ROUNDS choose other ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cartefile-to-oci/ignore.h"

static char folder[] = "/tmp/carte-test-ignore-XXXXXX";

static struct ignore *parse(struct oci_arena *arena, const char *text)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct ignore *ignore = NULL;

	assert_int_equal(ignore_parse(".carteignore", text, strlen(text), arena, &ignore, &err), 0);
	return ignore;
}

static void by_hand(void **state)
{
	static const struct {
		const char *patterns, *path;
		bool is_folder, out;
	} cases[] = {
		{ "", "a", false, false },
		{ "a", "a", false, true },
		{ "a", "b/a", false, true },
		{ "a", "a/b", false, true },
		{ "a", "ab", false, false },
		{ "/a", "b/a", false, false },
		{ "a/", "a", false, false },
		{ "a/", "a", true, true },
		{ "a/", "x/a/b", false, true },
		{ "a/b", "a/b", false, true },
		{ "a/b", "x/a/b", false, false },
		{ "*.o", "x/y.o", false, true },
		{ "x/*.o", "x/y/z.o", false, false },
		{ "**/z", "z", false, true },
		{ "**/z", "x/y/z", false, true },
		{ "x/**", "x", true, false },
		{ "x/**", "x/y", false, true },
		{ "x/**/z", "x/z", false, true },
		{ "x/**/z", "x/a/b/z", false, true },
		{ "x/**/z", "x/az", false, false },
		{ "?", "/", false, false },
		{ "a?c", "abc", false, true },
		{ "a[!b]c", "abc", false, false },
		{ "a[b-d]c", "acc", false, true },
		{ "[[:digit:]]", "7", false, true },
		{ "[]x]", "]", false, true },
		{ "*\n!a", "a", false, false },
		{ "*\n!a", "b", false, true },
		{ "d/\n!d/a", "d/a", false, true },
		{ "d/*\n!d/a", "d/a", false, false },
		{ "#a\n\\#b", "#a", false, false },
		{ "#a\n\\#b", "#b", false, true },
		{ "\\!a", "!a", false, true },
		{ "a  ", "a", false, true },
		{ "a\\ ", "a ", false, true },
		{ "a\r\nb\r\n", "a", false, true },
		{ "\xef\xbb\xbf"
		  "a",
		  "a", false, true },
		{ "/\n!\n", "a", false, false },
		{ "a[", "a[", false, false },
		{ "*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false,
		  false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
		struct ignore *ignore = parse(&arena, cases[i].patterns);

		if (ignore_matches(ignore, cases[i].path, cases[i].is_folder) != cases[i].out)
			fail_msg("'%s' of '%s'", cases[i].path, cases[i].patterns);
	}
	assert_false(ignore_matches(NULL, "a", false));
}

static void errors(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct ignore *ignore = NULL;
	char many[20010];

	(void)state;
	for (size_t i = 0; i < sizeof(many); i += 2)
		memcpy(many + i, "a\n", 2);
	assert_int_equal(ignore_parse("f", many, sizeof(many), &arena, &ignore, &err), -EINVAL);
	assert_string_equal(err.message, "f:10001: at most 10000 lines are read");
	assert_int_equal(err_kind(&err), ERR_DOCUMENT);
	assert_null(ignore);
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(ignore_parse("f", many, 1024 * 1024 + 1, &arena, &ignore, &err), -EINVAL);
	assert_string_equal(err.message, "f:1: at most 1 MiB is read");
}

/* ---- against git ------------------------------------------------------------------------------------------------ */

static uint64_t seed = 1;

static unsigned pick(unsigned count)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % count;
}

static void append(char *text, size_t size, const char *more)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s", more);
}

static void make_pattern(char *text, size_t size)
{
	static const char *const atoms[] = { "a",  "b",    "c",    "ab",    "*",           "?",
					     "**", "[ab]", "[!a]", "[a-c]", "\\a",         "***",
					     "a*", "*b",   "[",    "[]a]",  "[[:alpha:]]", "]",
					     " ",  "#",    "!" };

	if (pick(5) == 0)
		append(text, size, "!");
	if (pick(4) == 0)
		append(text, size, "/");
	for (unsigned n = 1 + pick(4); n > 0; n--) {
		const char *atom = atoms[pick(ARRAY_LEN(atoms))];
		size_t used = strlen(text);

		/*
		 * gitignore(5) says that stars behind a letter are one star, but git takes the letters before the
		 * first star away, and then finds them at the beginning
		 */
		if (atom[0] == '*' && used > 0 && !strchr("/\n", text[used - 1]))
			atom = "?";
		append(text, size, atom);
		if (pick(3) == 0)
			append(text, size, "/");
	}
	append(text, size, "\n");
}

static void write_file(const char *name, const char *text)
{
	CLEANUP_CLOSE int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, text, strlen(text)), 0);
}

/* Three levels of a, b, c, ab: folders, and files in them; names that the patterns are about. */
static size_t make_tree(char paths[][64], bool *is_folder)
{
	static const char *const names[] = { "a", "b", "c", "ab" };
	size_t count = 0;

	for (size_t i = 0; i < 4; i++) {
		snprintf(paths[count], 64, "%s", names[i]);
		is_folder[count++] = true;
		for (size_t j = 0; j < 4; j++) {
			snprintf(paths[count], 64, "%s/%s", names[i], names[j]);
			is_folder[count++] = j < 2;
			for (size_t k = 0; k < 4 && j < 2; k++) {
				snprintf(paths[count], 64, "%s/%s/%s", names[i], names[j],
					 names[k]);
				is_folder[count++] = false;
			}
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (is_folder[i])
			assert_int_equal(mkdir(paths[i], 0755), 0);
		else
			write_file(paths[i], "");
	}
	return count;
}

static bool git_says(const char *said, const char *path)
{
	char line[4200];

	snprintf(line, sizeof(line), "\n%s\n", path);
	return strstr(said, line) != NULL;
}

static void as_git(void **state)
{
	static char paths[64][64];
	static bool is_folder[64];
	const char *rounds = getenv("CARTE_ROUNDS"), *from = getenv("CARTE_SEED");
	char list[4096] = "";
	size_t count, differences = 0, outs = 0;

	(void)state;
	if (system("command -v git >/dev/null") != 0) {
		print_message("git is not installed\n");
		skip();
	}
	if (from)
		seed = strtoull(from, NULL, 10);
	assert_int_equal(chdir(folder), 0);
	/* the user's own patterns are not meant */
	assert_int_equal(setenv("HOME", folder, 1), 0);
	assert_int_equal(setenv("XDG_CONFIG_HOME", folder, 1), 0);
	assert_int_equal(setenv("GIT_CONFIG_NOSYSTEM", "1", 1), 0);
	assert_int_equal(system("git init -q . 2>/dev/null"), 0);
	count = make_tree(paths, is_folder);
	for (size_t i = 0; i < count; i++) {
		append(list, sizeof(list), paths[i]);
		append(list, sizeof(list), "\n");
	}
	write_file(".git/list", list);
	for (unsigned left = rounds ? (unsigned)strtoul(rounds, NULL, 10) : 300; left > 0; left--) {
		CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
		char text[512] = "", *said;
		struct ignore *ignore;
		size_t length;

		for (unsigned n = 1 + pick(4); n > 0; n--)
			make_pattern(text, sizeof(text));
		write_file(".gitignore", text);
		/* 1: nothing is ignored */
		assert_true(system("{ echo; git check-ignore --no-index --stdin <.git/list; } "
				   ">.git/said") != -1);
		assert_int_equal(io_read_at(AT_FDCWD, ".git/said", 1 << 20, &arena, &said, &length),
				 0);
		ignore = parse(&arena, text);
		for (size_t i = 0; i < count; i++) {
			bool out = ignore_matches(ignore, paths[i], is_folder[i]);

			outs += out;
			if (out == git_says(said, paths[i]))
				continue;
			print_message("# '%s' is %s for us, not for git, with:\n%s", paths[i],
				      out ? "out" : "in", text);
			differences++;
		}
	}
	assert_int_equal(differences, 0);
	assert_true(outs > 1000);
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand),
		cmocka_unit_test(errors),
		cmocka_unit_test(as_git),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
