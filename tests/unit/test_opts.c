/* SPDX-License-Identifier: Apache-2.0 */
/* test_opts.c - the argument forms that engines use, and the words of every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/opts.h"

struct target {
	const char *bundle, *pid_file, *console;
	bool detach, tty, interactive;
	struct opt_list env;
	uint32_t preserve;
};

static const struct opt opts[] = {
	{ "bundle", 'b', OPT_STRING, offsetof(struct target, bundle), "DIR",
	  "folder of the bundle" },
	{ "pid-file", 0, OPT_STRING, offsetof(struct target, pid_file), "FILE",
	  "where the pid goes" },
	{ "console-socket", 0, OPT_STRING, offsetof(struct target, console), "SOCKET", "terminal" },
	{ "detach", 'd', OPT_FLAG, offsetof(struct target, detach), NULL, "do not wait" },
	{ "tty", 't', OPT_FLAG, offsetof(struct target, tty), NULL, "a terminal" },
	{ "interactive", 'i', OPT_FLAG, offsetof(struct target, interactive), NULL, "stdin" },
	{ "env", 'e', OPT_LIST, offsetof(struct target, env), "NAME=VALUE", "environment" },
	{ "preserve-fds", 0, OPT_U32, offsetof(struct target, preserve), "N", "pass more fds" },
	{ "no-subreaper", 0, OPT_IGNORED_FLAG, 0, NULL, NULL },
	{ "rootless", 0, OPT_IGNORED_STRING, 0, NULL, NULL },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL },
};

static const struct opt_command mixed = { "create", "[OPTIONS] ID", "make a container", opts, -1, 1,
					  1 };
static const struct opt_command ordered = { "exec", "[OPTIONS] ID COMMAND", "run in it", opts, 1, 1,
					    -1 };

static struct target target;
static struct oci_error err;
static char **operands;
static int count;
static char *words[32];

/* Parse a line of words; twice, because the permuted argv must mean the same. */
static int parse(const struct opt_command *command, const char *line)
{
	static char buf[512];
	int argc = 0, r, again, first_count;

	snprintf(buf, sizeof(buf), "%s", line);
	for (char *word = strtok(buf, " "); word; word = strtok(NULL, " "))
		words[argc++] = word;
	words[argc] = NULL;
	opt_list_free(&target.env);
	memset(&target, 0, sizeof(target));
	err = (struct oci_error)OCI_ERROR_INIT;
	r = opt_parse(command, argc, words, &target, &operands, &count, &err);
	if (r)
		return r;
	first_count = count;
	opt_list_free(&target.env);
	memset(&target, 0, sizeof(target));
	again = opt_parse(command, argc, words, &target, &operands, &count, &err);
	assert_int_equal(again, 0);
	assert_int_equal(count, first_count);
	assert_null(operands[count]);
	return r;
}

static void forms(void **state)
{
	static const char *const same[] = {
		"create --bundle B --pid-file P c1",
		"create -b B --pid-file=P c1",
		"create -bB -pid-file P c1",
		"create --bundle=B c1 -pid-file=P",
		"create c1 -bundle=B --pid-file P",
		"create -b=B -pid-file=P -- c1",
		"create --b B --bundle=B --pid-file P c1",
		"create --bundle A -b B --pid-file=P c1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		assert_int_equal(parse(&mixed, same[i]), 0);
		assert_string_equal(target.bundle, "B");
		assert_string_equal(target.pid_file, "P");
		assert_int_equal(count, 1);
		assert_string_equal(operands[0], "c1");
	}
}

static void values(void **state)
{
	(void)state;
	assert_int_equal(parse(&mixed, "create --pid-file=- --bundle --odd --console-socket - c"),
			 0);
	assert_string_equal(target.pid_file, "-");
	assert_string_equal(target.bundle, "--odd");
	assert_string_equal(target.console, "-");
	assert_int_equal(parse(&mixed, "create --pid-file= -"), 0);
	assert_null(target.pid_file);
	assert_string_equal(operands[0], "-");
	assert_int_equal(parse(&mixed, "create --preserve-fds 4294967295 c"), 0);
	assert_true(target.preserve == UINT32_MAX);
	assert_int_equal(parse(&mixed, "create -e A=1 --env B=2 c -eC=3"), 0);
	assert_int_equal(target.env.len, 3);
	assert_string_equal(target.env.items[0], "A=1");
	assert_string_equal(target.env.items[1], "B=2");
	assert_string_equal(target.env.items[2], "C=3");
}

static void flags(void **state)
{
	(void)state;
	assert_int_equal(parse(&mixed, "create -itd --no-subreaper -no-subreaper --rootless x c"),
			 0);
	assert_true(target.interactive && target.tty && target.detach);
	assert_int_equal(parse(&mixed, "create -i --tty=true --detach=false c"), 0);
	assert_true(target.interactive && target.tty && !target.detach);
	assert_int_equal(parse(&mixed, "create --tty=maybe c"), -EINVAL);
	assert_string_equal(err.message,
			    "invalid value \"maybe\" for --tty: expected true or false");
	assert_int_equal(parse(&mixed, "create -tx c"), -EINVAL);
	assert_string_equal(err.message, "unknown option -tx");
	assert_false(target.tty);
}

static void positional(void **state)
{
	(void)state;
	assert_int_equal(parse(&ordered, "exec -t c1 ls -d --bundle -- x"), 0);
	assert_true(target.tty);
	assert_false(target.detach);
	assert_int_equal(count, 6);
	assert_string_equal(operands[0], "c1");
	assert_string_equal(operands[2], "-d");
	assert_string_equal(operands[4], "--");
	assert_int_equal(parse(&ordered, "exec c1 --help"), 0);
	assert_int_equal(count, 2);
	assert_int_equal(parse(&mixed, "create -- --help"), 0);
	assert_string_equal(operands[0], "--help");
}

static void refusals(void **state)
{
	static const struct {
		const char *line, *message;
	} cases[] = {
		{ "create --frob c", "unknown option --frob" },
		{ "create --frob=1 c", "unknown option --frob" },
		{ "create -frob c", "unknown option -frob" },
		{ "create --bundlee x c", "unknown option --bundlee" },
		{ "create --bund x c", "unknown option --bund" },
		{ "create --=x c", "unknown option --" },
		{ "create --bundle", "flag needs an argument: --bundle" },
		{ "create c -b", "flag needs an argument: --bundle" },
		{ "create --preserve-fds -1 c",
		  "invalid value \"-1\" for --preserve-fds: expected a number" },
		{ "create --preserve-fds 4294967296 c",
		  "invalid value \"4294967296\" for --preserve-fds: out of range" },
		{ "create --preserve-fds= c",
		  "invalid value \"\" for --preserve-fds: expected a number" },
		{ "create", "needs 1 argument, got 0: create [OPTIONS] ID" },
		{ "create a b", "takes 1 argument, got 2: create [OPTIONS] ID" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(parse(&mixed, cases[i].line), -EINVAL);
		assert_string_equal(err.message, cases[i].message);
		assert_int_equal(err.code, EINVAL);
	}
	assert_int_equal(parse(&ordered, "exec -t"), -EINVAL);
	assert_string_equal(err.message,
			    "needs at least 1 argument, got 0: exec [OPTIONS] ID COMMAND");
}

static void help(void **state)
{
	CLEANUP_FREE char *text = NULL;
	size_t size;
	FILE *out;

	(void)state;
	assert_int_equal(parse(&mixed, "create --help"), 1);
	assert_int_equal(parse(&mixed, "create -h"), 1);
	assert_int_equal(parse(&mixed, "create c1 c2 -help"), 1);
	out = open_memstream(&text, &size);
	opt_print_help(&mixed, "carte-runtime create", out);
	fclose(out);
	assert_string_equal(text, "Usage: carte-runtime create [OPTIONS] ID\n"
				  "\n"
				  "make a container\n"
				  "\n"
				  "Options:\n"
				  "  -b, --bundle DIR             folder of the bundle\n"
				  "      --pid-file FILE          where the pid goes\n"
				  "      --console-socket SOCKET  terminal\n"
				  "  -d, --detach                 do not wait\n"
				  "  -t, --tty                    a terminal\n"
				  "  -i, --interactive            stdin\n"
				  "  -e, --env NAME=VALUE         environment\n"
				  "      --preserve-fds N         pass more fds\n"
				  "  -h, --help                   print this help\n");
}

static int teardown(void **state)
{
	(void)state;
	opt_list_free(&target.env);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),      cmocka_unit_test(values),   cmocka_unit_test(flags),
		cmocka_unit_test(positional), cmocka_unit_test(refusals), cmocka_unit_test(help),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
