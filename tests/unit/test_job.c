/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_job.c - programs beside the loop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/job.h"
#include "scale/loop.h"

struct seen {
	unsigned times;
	int status, timed_out;
	size_t out_length;
	char out[256], err[5000];
};

static void done(void *ctx, const struct job_result *result)
{
	struct seen *seen = ctx;

	seen->times++;
	seen->status = result->status;
	seen->timed_out = result->timed_out;
	seen->out_length = result->out_length;
	(void)snprintf(seen->out, sizeof(seen->out), "%s", result->out);
	(void)snprintf(seen->err, sizeof(seen->err), "%s", result->err);
}

static void run(const char *script, int64_t timeout_ms, const char *input, struct seen *seen)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	struct job_spec spec = { .argv = argv,
				 .stdout_fd = -1,
				 .stderr_fd = -1,
				 .timeout_ms = timeout_ms,
				 .input = input,
				 .input_length = input ? strlen(input) : 0 };
	struct oci_error err = OCI_ERROR_INIT;
	struct loop *loop;

	*seen = (struct seen){ 0 };
	assert_int_equal(loop_new(&loop, NULL), 0);
	if (job_start(loop, &spec, done, seen, NULL, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(seen->times, 0);
	for (unsigned i = 0; i < 10000 && seen->times == 0; i++)
		assert_int_equal(loop_once(loop, 1000), 0);
	assert_int_equal(loop_once(loop, 0), 0);
	assert_int_equal(seen->times, 1);
	loop_free(loop);
}

static void test_results(void **state)
{
	struct seen seen;

	(void)state;
	run("echo out; echo 'first' >&2; echo 'last' >&2; exit 3", -1, NULL, &seen);
	assert_int_equal(seen.status, 3);
	assert_string_equal(seen.out, "out\n");
	assert_string_equal(seen.err, "first\nlast");
	run("kill -9 $$", -1, NULL, &seen);
	assert_int_equal(seen.status, 128 + SIGKILL);
	run("cat", -1, "what was given", &seen);
	assert_string_equal(seen.out, "what was given");
	run("cat", -1, NULL, &seen);
	assert_string_equal(seen.out, "");
}

/* Of errors the end is kept, of output the beginning, and no more than what is said. */
static void test_limits(void **state)
{
	struct seen seen;

	(void)state;
	run("i=0; while [ $i -lt 3000 ]; do echo 0123456789; i=$((i + 1)); done >&2; printf END "
	    ">&2",
	    -1, NULL, &seen);
	assert_true(strlen(seen.err) <= 4096);
	assert_string_equal(seen.err + strlen(seen.err) - 3, "END");
	run("head -c 6000000 /dev/zero | tr '\\0' x", -1, NULL, &seen);
	assert_int_equal(seen.status, 0);
	assert_int_equal(seen.out_length, JOB_OUTPUT_MAX);
}

/* One that writes without end is ended by its time, not by ours. */
static void test_time_is_up(void **state)
{
	struct seen seen;

	(void)state;
	run("yes & yes", 100, NULL, &seen);
	assert_int_equal(seen.status, 128 + SIGKILL);
	assert_int_equal(seen.timed_out, 1);
	run("sleep 100 & sleep 100", 50, NULL, &seen);
	assert_int_equal(seen.timed_out, 1);
}

/* What it leaves running holds the pipes; it has ended all the same. */
static void test_left_behind(void **state)
{
	struct seen seen;

	(void)state;
	run("sleep 5 & echo $!", 3000, NULL, &seen);
	assert_int_equal(seen.status, 0);
	assert_int_equal(seen.timed_out, 0);
	assert_int_equal(kill((pid_t)atoi(seen.out), SIGKILL), 0);
}

static void test_cancel(void **state)
{
	const char *argv[] = { "/bin/sleep", "100", NULL };
	struct job_spec spec = { .argv = argv, .stdout_fd = -1, .stderr_fd = -1, .timeout_ms = -1 };
	struct seen seen = { 0 };
	struct loop *loop;
	struct job *job;

	(void)state;
	assert_int_equal(loop_new(&loop, NULL), 0);
	assert_int_equal(job_start(loop, &spec, done, &seen, &job, NULL), 0);
	job_cancel(job);
	assert_int_equal(loop_once(loop, 20), 0);
	assert_int_equal(seen.times, 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	loop_free(loop);
}

static void test_not_there(void **state)
{
	const char *argv[] = { "/nowhere/program", NULL };
	struct job_spec spec = { .argv = argv, .stdout_fd = -1, .stderr_fd = -1, .timeout_ms = -1 };
	struct oci_error err = OCI_ERROR_INIT;
	struct seen seen = { 0 };
	struct loop *loop;

	(void)state;
	assert_int_equal(loop_new(&loop, NULL), 0);
	assert_int_equal(job_start(loop, &spec, done, &seen, NULL, &err), -ENOENT);
	assert_string_equal(err.message, "run /nowhere/program: No such file or directory");
	loop_free(loop);
}

static void test_own_streams(void **state)
{
	char path[] = "/tmp/carte-job-XXXXXX", text[32] = "";
	const char *argv[] = { "/bin/sh", "-c", "echo a; echo b >&2", NULL };
	struct job_spec spec = { .argv = argv, .timeout_ms = -1 };
	struct seen seen = { 0 };
	struct loop *loop;
	int fd = mkostemp(path, O_CLOEXEC | O_APPEND);

	(void)state;
	assert_true(fd >= 0);
	spec.stdout_fd = spec.stderr_fd = fd;
	assert_int_equal(loop_new(&loop, NULL), 0);
	assert_int_equal(job_start(loop, &spec, done, &seen, NULL, NULL), 0);
	while (seen.times == 0)
		assert_int_equal(loop_once(loop, 1000), 0);
	assert_int_equal(pread(fd, text, sizeof(text) - 1, 0), 4);
	assert_string_equal(text, "a\nb\n");
	loop_free(loop);
	(void)close(fd);
	(void)unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_results),     cmocka_unit_test(test_limits),
		cmocka_unit_test(test_time_is_up),  cmocka_unit_test(test_left_behind),
		cmocka_unit_test(test_cancel),      cmocka_unit_test(test_not_there),
		cmocka_unit_test(test_own_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
