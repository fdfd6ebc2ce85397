/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cartefile_bad.c - the files of tests/data/bad-cartefile through the parser and PATH, without the program: each gets
 * exactly the message that it expects. tests/bad/cartefile does the same with the program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cartefile-to-oci/source.h"

#define CASES_MIN 200

static char folder[] = "/tmp/carte-test-bad-XXXXXX";
static char data[4096];

/* What is behind "# key: " in the header, NULL without one. */
static char *header(const char *text, const char *key, struct oci_arena *arena)
{
	const char *end = strstr(text, "# text\n");
	char mark[32];
	const char *at;

	snprintf(mark, sizeof(mark), "# %s: ", key);
	at = strstr(text, mark);
	if (!at || at > end)
		return NULL;
	at += strlen(mark);
	return oci_arena_strndup(arena, at, strcspn(at, "\n"));
}

static bool lacks(const char *need)
{
	char command[128];

	if (!need)
		return false;
	if (strcmp(need, "root") == 0)
		return geteuid() != 0;
	if (strcmp(need, "user") == 0)
		return false;
	snprintf(command, sizeof(command), "command -v %s >/dev/null", need + strlen("program:"));
	return system(command) != 0;
}

/* In a child, which may have become an ordinary user. Its status is 0 when the words are the expected ones. */
static int build(const char *context, const char *expect)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct ignore *ignore = NULL;
	struct cartefile *file = NULL;
	struct tree tree = { 0 };
	char *text;
	size_t length;
	int r = io_read_at(AT_FDCWD, "Cartefile", 1 << 22, &arena, &text, &length);

	if (r == 0)
		r = cartefile_parse("Cartefile", text, length, &arena, &file, &err);
	if (r == 0 && io_read_at(AT_FDCWD, ".carteignore", 1 << 22, &arena, &text, &length) == 0)
		r = ignore_parse(".carteignore", text, length, &arena, &ignore, &err);
	if (r == 0)
		r = tree_init(&tree, &err);
	if (r == 0) {
		struct context from = {
			.source = tree_source_add(&tree, open(".", O_PATH | O_CLOEXEC), context),
			.ignore = ignore,
		};

		for (size_t i = 0; r == 0 && i < file->paths_len; i++)
			r = source_add_path(&tree, &from, file, &file->paths[i], &err);
	}
	tree_free(&tree);
	if (r < 0 && r == -err.code && strcmp(err.message, expect) == 0 &&
	    err_kind(&err) == (r == -EACCES ? ERR_PERMISSION : ERR_DOCUMENT))
		return 0;
	fprintf(stderr, "  expected: %s\n  said:     %s (%d, %s)\n", expect, err.message, r,
		err_kind_word(err_kind(&err)));
	return 1;
}

static int in_child(const char *context, const char *need, const char *setup, const char *expect)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (chdir(context) < 0)
			_exit(2);
		if (need && strcmp(need, "user") == 0 && geteuid() == 0 &&
		    (chown(".", 65534, 65534) < 0 || setgid(65534) < 0 || setuid(65534) < 0))
			_exit(2);
		if (setup && system(setup) != 0)
			_exit(3);
		status = build(context, expect);
		fflush(stderr);
		oci_arena_free(&(struct oci_arena)OCI_ARENA_INIT);
		_exit(status);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static char *replace_context(const char *expect, const char *context, struct oci_arena *arena)
{
	const char *mark = strstr(expect, "@CONTEXT@");

	if (!mark)
		return oci_arena_strdup(arena, expect);
	return oci_arena_printf(arena, "%.*s%s%s", (int)(mark - expect), expect, context,
				mark + strlen("@CONTEXT@"));
}

static void one(const char *name, size_t *bad)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char *path = oci_arena_printf(&arena, "%s/%s", data, name);
	char *context = oci_arena_printf(&arena, "%s/%s", folder, name);
	char *text, *body, *expect, *need;
	size_t length;
	int status;

	assert_int_equal(io_read_at(AT_FDCWD, path, 1 << 22, &arena, &text, &length), 0);
	body = strstr(text, "# text\n");
	expect = header(text, "expect", &arena);
	assert_non_null(body);
	assert_non_null(expect);
	need = header(text, "needs", &arena);
	if (lacks(need)) {
		print_message("# %s: lacks %s\n", name, need);
		return;
	}
	body += strlen("# text\n");
	assert_int_equal(mkdir(context, 0755), 0);
	path = oci_arena_printf(&arena, "%s/Cartefile", context);
	{
		CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

		assert_int_equal(io_write_all(fd, body, length - (size_t)(body - text)), 0);
	}
	status = in_child(context, need, header(text, "setup", &arena),
			  replace_context(expect, context, &arena));
	if (status != 0) {
		print_message("# %s: %d\n", name, status);
		++*bad;
	}
}

static void bad_cartefiles(void **state)
{
	DIR *dir = opendir(data);
	const struct dirent *entry;
	size_t count = 0, bad = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (!strstr(entry->d_name, ".cartefile"))
			continue;
		one(entry->d_name, &bad);
		count++;
	}
	closedir(dir);
	assert_int_equal(bad, 0);
	assert_true(count >= CASES_MIN);
}

static int setup(void **state)
{
	const char *top = getenv("top_srcdir");

	(void)state;
	umask(022);
	snprintf(data, sizeof(data), "%s/tests/data/bad-cartefile", top ? top : "..");
	return mkdtemp(folder) && chmod(folder, 0755) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "chmod -R u+rwX %s; rm -rf %s", folder, folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_cartefiles),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
