/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_hooks.c - hooks as real processes: what they get, how they end, what is left of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/hooks.h"

#define STATE "{\"ociVersion\":\"1.3.0\",\"id\":\"web1\"}"

struct fixture {
	struct oci_arena arena;
	char dir[64];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/test-hooks.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	*state = f;
	return 0;
}

/* Whatever a test did, it must leave no process of ours, alive or dead. */
static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[96];

	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	oci_arena_free(&f->arena);
	snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

/* A hook that runs a line of sh; $D is the test's folder. */
static struct oci_hook shell(struct fixture *f, const char *script)
{
	char **args = oci_arena_array(&f->arena, 4, sizeof(char *));
	char **env = oci_arena_array(&f->arena, 3, sizeof(char *));

	args[0] = "sh";
	args[1] = "-c";
	args[2] = oci_arena_strdup(&f->arena, script);
	env[0] = oci_arena_printf(&f->arena, "D=%s", f->dir);
	env[1] = "PATH=/usr/bin:/bin";
	return (struct oci_hook){
		.path = "/bin/sh",
		.args = args,
		.args_len = 3,
		.env = env,
		.env_len = 2,
	};
}

static int run(struct fixture *f, const struct oci_hook *hooks, size_t count, struct oci_error *err)
{
	(void)f;
	*err = (struct oci_error)OCI_ERROR_INIT;
	return hooks_run(hooks, count, "prestart", NULL, STATE, strlen(STATE), err);
}

static char *text_of(struct fixture *f, const char *name)
{
	char *path = oci_arena_printf(&f->arena, "%s/%s", f->dir, name);
	char *text;
	size_t length;

	assert_int_equal(io_read_at(AT_FDCWD, path, 1 << 22, &f->arena, &text, &length), 0);
	return text;
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void run_well(struct fixture *f, const char *script)
{
	struct oci_hook hook = shell(f, script);
	struct oci_error err;

	assert_int_equal(run(f, &hook, 1, &err), 0);
	assert_string_equal(err.message, "");
}

static void run_badly(struct fixture *f, const char *script, const char *message)
{
	struct oci_hook hook = shell(f, script);
	struct oci_error err;

	assert_true(run(f, &hook, 1, &err) < 0);
	assert_string_equal(err.message, message);
}

/* ---- check ---------------------------------------------------------------------------------- */

static void test_check(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	char *good[] = { "A=1", "B=", NULL };
	char *no_equals[] = { "A=1", "B", NULL };
	char *no_name[] = { "=1", NULL };
	struct oci_hook list[2] = { { .path = "/a" }, { .path = "/b", .env = good, .env_len = 2 } };
	struct oci_hooks hooks = { .create_runtime = list, .create_runtime_len = 2 };

	(void)state;
	assert_int_equal(hooks_check(&hooks, &err), 0);
	list[1].path = "b";
	assert_int_equal(hooks_check(&hooks, &err), -EINVAL);
	assert_string_equal(err.message,
			    "hooks.createRuntime[1].path: must be absolute, got \"b\"");
	list[1].path = NULL;
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(hooks_check(&hooks, &err), -EINVAL);
	assert_string_equal(err.message, "hooks.createRuntime[1].path: required field is missing");
	list[1].path = "/b";
	list[1].timeout = (struct oci_i64){ true, 0 };
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(hooks_check(&hooks, &err), -EINVAL);
	assert_string_equal(err.message, "hooks.createRuntime[1].timeout: must be above 0, got 0");
	list[1].timeout.value = 1;
	list[1].env = no_equals;
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(hooks_check(&hooks, &err), -EINVAL);
	assert_string_equal(err.message,
			    "hooks.createRuntime[1].env[1]: expected NAME=VALUE, got \"B\"");
	list[1].env = no_name;
	list[1].env_len = 1;
	err = (struct oci_error)OCI_ERROR_INIT;
	hooks = (struct oci_hooks){ .poststop = list, .poststop_len = 2 };
	assert_int_equal(hooks_check(&hooks, &err), -EINVAL);
	assert_string_equal(err.message,
			    "hooks.poststop[1].env[0]: expected NAME=VALUE, got \"=1\"");
}

/* ---- what a hook gets ----------------------------------------------------------------------- */

static void test_order_and_stop_at_failure(void **state)
{
	struct fixture *f = *state;
	struct oci_error err;
	struct oci_hook hooks[] = {
		shell(f, "echo 1 >>$D/log"),
		shell(f, "echo 2 >>$D/log"),
		shell(f, "echo 3 >>$D/log; echo went wrong >&2; echo twice >&2; exit 3"),
		shell(f, "echo 4 >>$D/log"),
	};

	assert_true(run(f, hooks, 4, &err) < 0);
	assert_string_equal(err.message, "hooks.prestart[2]: /bin/sh: exit status 3: went wrong");
	assert_string_equal(text_of(f, "log"), "1\n2\n3\n");
	assert_int_equal(run(f, hooks, 0, &err), 0);
}

static void test_state_on_stdin(void **state)
{
	struct fixture *f = *state;

	run_well(f, "cat >$D/state");
	assert_string_equal(text_of(f, "state"), STATE);
}

static void test_huge_state(void **state)
{
	struct fixture *f = *state;
	const size_t length = 3 << 20;
	char *big = oci_arena_alloc(&f->arena, length + 1);
	struct oci_error err = OCI_ERROR_INIT;
	struct oci_hook hooks[] = {
		shell(f, "exit 0"),
		shell(f, "cat >$D/state"),
		shell(f, "head -c 10 >$D/head"),
		shell(f, "cat >$D/again"),
	};

	for (size_t i = 0; i < length; i++)
		big[i] = (char)('a' + i % 25);
	assert_int_equal(hooks_run(hooks, 4, "poststart", NULL, big, length, &err), 0);
	assert_string_equal(text_of(f, "state"), big);
	assert_string_equal(text_of(f, "again"), big);
	assert_string_equal(text_of(f, "head"), "abcdefghij");
}

/* At the edges between the two ways in. */
static void test_state_sizes(void **state)
{
	struct fixture *f = *state;
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 65536, 65537 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char *text = oci_arena_alloc(&f->arena, sizes[i] + 1);
		struct oci_hook hook = shell(f, "wc -c >$D/size");
		struct oci_error err = OCI_ERROR_INIT;

		memset(text, 'x', sizes[i]);
		assert_int_equal(hooks_run(&hook, 1, "x", NULL, text, sizes[i], &err), 0);
		assert_int_equal(atol(text_of(f, "size")), sizes[i]);
	}
}

static void test_own_environment_only(void **state)
{
	struct fixture *f = *state;
	char *expected = oci_arena_printf(&f->arena, "D=%s\nPATH=/usr/bin:/bin\n", f->dir);

	setenv("LEAK", "1", 1);
	run_well(f, "tr '\\0' '\\n' </proc/$$/environ >$D/env");
	assert_string_equal(text_of(f, "env"), expected);

	/* none given: none had */
	char *script =
		oci_arena_printf(&f->arena, "tr '\\0' '\\n' </proc/$$/environ >%s/env", f->dir);
	struct oci_hook hook = shell(f, script);
	struct oci_error err;

	hook.env = NULL;
	hook.env_len = 0;
	assert_int_equal(run(f, &hook, 1, &err), 0);
	assert_string_equal(text_of(f, "env"), "");
	unsetenv("LEAK");
}

static void test_args(void **state)
{
	struct fixture *f = *state;
	struct oci_error err;
	struct oci_hook hook = shell(f, "echo $0 $1 $2 >$D/args");
	char *args[] = { "anything", "-c", hook.args[2], "zero", "one", "two words", NULL };

	hook.args = args;
	hook.args_len = 6;
	assert_int_equal(run(f, &hook, 1, &err), 0);
	assert_string_equal(text_of(f, "args"), "zero one two words\n");

	/* without args the path is argv[0] */
	char *script = oci_arena_printf(&f->arena, "%s/hook", f->dir);
	char *text = oci_arena_printf(&f->arena, "#!/bin/sh\necho $0 $# >%s/args\n", f->dir);
	int fd = open(script, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	hook = (struct oci_hook){ .path = script };
	assert_int_equal(run(f, &hook, 1, &err), 0);
	assert_string_equal(text_of(f, "args"), oci_arena_printf(&f->arena, "%s 0\n", script));
}

static void test_folder(void **state)
{
	struct fixture *f = *state;
	struct oci_error err = OCI_ERROR_INIT;
	struct oci_hook hook = shell(f, "pwd >$D/pwd");

	assert_int_equal(hooks_run(&hook, 1, "poststop", f->dir, "", 0, &err), 0);
	assert_string_equal(text_of(f, "pwd"), oci_arena_printf(&f->arena, "%s\n", f->dir));
	assert_true(hooks_run(&hook, 1, "poststop", "/nowhere/at/all", "", 0, &err) < 0);
	assert_string_equal(err.message,
			    "hooks.poststop[0]: /bin/sh: chdir: No such file or directory");
}

static void test_no_descriptors(void **state)
{
	struct fixture *f = *state;
	int leak = open("/", O_RDONLY); /* not close-on-exec, as an engine may have left it */

	assert_true(leak > 2);
	/* ls itself has its folder open, as 3 */
	run_well(f, "ls /proc/self/fd | tr '\\n' ' ' >$D/fds");
	assert_string_equal(text_of(f, "fds"), "0 1 2 3 ");
	close(leak);
}

/* Started with 0, 1 and 2 closed, pipes get those numbers. */
static void test_without_stdio(void **state)
{
	struct fixture *f = *state;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct oci_hook hook = shell(f, "cat >$D/in; echo out; echo words >&2; exit 4");
		struct oci_error err = OCI_ERROR_INIT;

		close(0);
		close(1);
		close(2);
		(void)run(f, &hook, 1, &err);
		_exit(strcmp(err.message, "hooks.prestart[0]: /bin/sh: exit status 4: words") != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_string_equal(text_of(f, "in"), STATE);
}

static void ignore_it(int sig)
{
	(void)sig;
}

static void test_signals(void **state)
{
	struct fixture *f = *state;
	struct sigaction pipe_before, usr1_before, ignore = { .sa_handler = SIG_IGN };
	struct sigaction handle = { .sa_handler = ignore_it };
	sigset_t blocked, before, after;

	sigfillset(&blocked);
	sigdelset(&blocked, SIGCHLD);
	sigaction(SIGPIPE, &ignore, &pipe_before);
	sigaction(SIGUSR1, &handle, &usr1_before);
	/* nohup(1) and jobs in the background ignore some of these three, and so may whoever has started us */
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_IGN);
	sigprocmask(SIG_SETMASK, &blocked, &before);
	/* 32 and 33 are the C library's own: a caller may have left them ignored, and hooks care for 1 to 31 */
	run_well(f, "sed -nE 's/^(Sig(Blk|Ign):\t)000000018/\\1000000000/; /^Sig(Blk|Ign)/p' "
		    "/proc/self/status >$D/signals");
	sigprocmask(SIG_SETMASK, NULL, &after);
	assert_true(sigismember(&after, SIGTERM)); /* ours is as it was */
	assert_false(sigismember(&after, SIGCHLD));
	sigprocmask(SIG_SETMASK, &before, NULL);
	sigaction(SIGPIPE, &pipe_before, NULL);
	sigaction(SIGUSR1, &usr1_before, NULL);
	signal(SIGQUIT, SIG_DFL);
	/* SIGQUIT alone */
	assert_string_equal(text_of(f, "signals"), "SigBlk:\t0000000000000000\n"
						   "SigIgn:\t0000000000000004\n");
}

static void test_not_reading_stdin(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 20; i++)
		run_well(f, "exec <&-; exit 0");
}

/* ---- how hooks end -------------------------------------------------------------------------- */

static void test_failures(void **state)
{
	struct fixture *f = *state;
	struct oci_hook hook = { .path = "/nowhere/hook" };
	struct oci_error err;

	run_badly(f, "exit 1", "hooks.prestart[0]: /bin/sh: exit status 1");
	run_badly(f, "kill -SEGV $$",
		  "hooks.prestart[0]: /bin/sh: killed by signal 11 (Segmentation fault)");
	run_badly(f, "echo; echo '  first' >&2; echo second >&2; exit 2",
		  "hooks.prestart[0]: /bin/sh: exit status 2: first");
	run_badly(f, "printf 'a\\033[31mb\\tc' >&2; exit 2",
		  "hooks.prestart[0]: /bin/sh: exit status 2: a?[31mb?c");
	assert_int_equal(run(f, &hook, 1, &err), -ENOENT);
	assert_string_equal(err.message,
			    "hooks.prestart[0]: /nowhere/hook: exec: No such file or directory");
	hook.path = "/etc/passwd";
	assert_int_equal(run(f, &hook, 1, &err), -EACCES);
	assert_string_equal(err.message, "hooks.prestart[0]: /etc/passwd: exec: Permission denied");
}

static void test_much_output(void **state)
{
	struct fixture *f = *state;
	struct oci_hook hook = shell(f, "yes | head -c 3000000; yes '' | head -c 3000000 >&2; "
					"head -c 3000000 /dev/zero | tr '\\0' y >&2; exit 5");
	struct oci_error err;

	assert_true(run(f, &hook, 1, &err) < 0);
	assert_string_equal(err.message, "hooks.prestart[0]: /bin/sh: exit status 5");
	run_well(f, "yes | head -c 1000000; exit 0");
}

static bool is_alive(pid_t pid)
{
	char path[32], line[128];

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (io_read_small(AT_FDCWD, path, line, sizeof(line)) < 0)
		return false;
	return !strstr(line, ") Z ");
}

static void await_death(pid_t pid)
{
	for (int i = 0; i < 200 && is_alive(pid); i++)
		usleep(10000);
	assert_false(is_alive(pid));
}

static void test_timeout(void **state)
{
	struct fixture *f = *state;
	struct oci_hook hook = shell(f, "echo $$ >$D/pid; sleep 100 & echo $! >$D/child; "
					"echo still busy >&2; trap '' TERM; wait; sleep 100");
	struct oci_error err;
	double start = seconds();

	hook.timeout = (struct oci_i64){ true, 1 };
	assert_int_equal(run(f, &hook, 1, &err), -ETIMEDOUT);
	assert_string_equal(err.message,
			    "hooks.prestart[0]: /bin/sh: timed out after 1 s: still busy");
	assert_true(seconds() - start >= 1.0);
	assert_true(seconds() - start < 5.0);
	await_death(atoi(text_of(f, "pid")));
	await_death(atoi(text_of(f, "child")));
}

/* As pid 1 of a container would be: what the killed hook leaves must not stay as zombies. */
static void test_timeout_as_subreaper(void **state)
{
	struct fixture *f = *state;
	struct oci_hook hook = shell(f, "(sleep 100 & sleep 100 & wait) & sleep 100");
	struct oci_error err;

	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	hook.timeout = (struct oci_i64){ true, 1 };
	assert_int_equal(run(f, &hook, 1, &err), -ETIMEDOUT);
	assert_string_equal(err.message, "hooks.prestart[0]: /bin/sh: timed out after 1 s");
	/* the middle shell's children may come to us a moment after it */
	for (int i = 0; i < 100 && waitpid(-1, NULL, WNOHANG) >= 0; i++)
		usleep(10000);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
}

static void test_timeout_of_a_writer(void **state)
{
	struct fixture *f = *state;
	struct oci_hook hook = shell(f, "exec yes");
	struct oci_error err;
	double start = seconds();

	hook.timeout = (struct oci_i64){ true, 1 };
	assert_int_equal(run(f, &hook, 1, &err), -ETIMEDOUT);
	assert_true(seconds() - start < 5.0);
}

static void test_long_timeouts(void **state)
{
	struct fixture *f = *state;
	static const int64_t values[] = { 60, INT32_MAX, INT64_MAX / 1000, INT64_MAX };

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct oci_hook hook = shell(f, "exit 0");
		struct oci_error err;

		hook.timeout = (struct oci_i64){ true, values[i] };
		assert_int_equal(run(f, &hook, 1, &err), 0);
	}
}

/* A hook may leave a process behind that holds its output: that is no reason to wait for it. */
static void test_background_process(void **state)
{
	struct fixture *f = *state;
	double start = seconds();

	run_well(f, "sleep 100 & echo $! >$D/child");
	assert_true(seconds() - start < 5.0);
	pid_t child = atoi(text_of(f, "child"));

	assert_true(is_alive(child));
	kill(child, SIGKILL);
}

static void test_dies_with_the_runtime(void **state)
{
	struct fixture *f = *state;
	char *name = oci_arena_printf(&f->arena, "%s/pid", f->dir);
	pid_t pid = fork();

	if (pid == 0) {
		struct oci_hook hook =
			shell(f, "echo $$ >$D/pid.tmp; mv $D/pid.tmp $D/pid; exec sleep 100");
		struct oci_error err = OCI_ERROR_INIT;

		(void)run(f, &hook, 1, &err);
		_exit(1);
	}
	for (int i = 0; i < 500 && access(name, F_OK) < 0; i++)
		usleep(10000);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	await_death(atoi(text_of(f, "pid")));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_check),
		TEST(test_order_and_stop_at_failure),
		TEST(test_state_on_stdin),
		TEST(test_huge_state),
		TEST(test_state_sizes),
		TEST(test_own_environment_only),
		TEST(test_args),
		TEST(test_folder),
		TEST(test_no_descriptors),
		TEST(test_without_stdio),
		TEST(test_signals),
		TEST(test_not_reading_stdin),
		TEST(test_failures),
		TEST(test_much_output),
		TEST(test_timeout),
		TEST(test_timeout_as_subreaper),
		TEST(test_timeout_of_a_writer),
		TEST(test_long_timeouts),
		TEST(test_background_process),
		TEST(test_dies_with_the_runtime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
