/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_sync.c - the messages between the runtime and its child.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "runtime/sync.h"

static void test_states_and_values(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	int64_t value = 0;
	int pair[2];

	(void)state;
	assert_int_equal(sync_pair(pair, &err), 0);
	assert_int_equal(sync_send(pair[0], SYNC_IN_CGROUP, INT64_C(-5000000000), &err), 0);
	assert_int_equal(sync_await(pair[1], SYNC_IN_CGROUP, &value, &err), 0);
	assert_int_equal(value, INT64_C(-5000000000));
	assert_int_equal(sync_send(pair[0], SYNC_READY, 0, &err), 0);
	assert_int_equal(sync_await(pair[1], SYNC_START, NULL, &err), -EPROTO);
	assert_string_equal(err.message, "the other side said 'ready' while 'start' was awaited");
	close(pair[0]);
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(sync_await(pair[1], SYNC_START, NULL, &err), -EPIPE);
	assert_string_equal(err.message, "the other side ended while 'start' was awaited");
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(sync_send(pair[1], SYNC_START, 0, &err), -EPIPE);
	close(pair[1]);
}

static void test_failure_crosses_whole(void **state)
{
	struct oci_error sent = { .code = EACCES,
				  .kind = 7,
				  .file = "f",
				  .path = "p",
				  .hint = "h" },
			 err = OCI_ERROR_INIT;
	enum sync_state got;
	int pair[2];

	(void)state;
	memset(sent.message, 'x', sizeof(sent.message) - 1);
	assert_int_equal(sync_pair(pair, &err), 0);
	sync_send_failure(pair[1], &sent);
	assert_int_equal(sync_receive(pair[0], &got, NULL, NULL, &err), -EACCES);
	assert_int_equal(err.code, EACCES);
	assert_string_equal(err.message, sent.message);
	assert_memory_equal(&err, &sent, sizeof(err));
	close(pair[0]);
	close(pair[1]);
}

static void test_fd_crosses(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	enum sync_state got = SYNC_NONE;
	int pair[2], data[2], fd = -1;
	char c = 0;

	(void)state;
	assert_int_equal(sync_pair(pair, &err), 0);
	assert_int_equal(pipe(data), 0);
	assert_int_equal(sync_send_fd(pair[1], SYNC_TERMINAL, data[1], &err), 0);
	assert_int_equal(sync_receive(pair[0], &got, NULL, &fd, &err), 0);
	assert_int_equal(got, SYNC_TERMINAL);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(read(data[0], &c, 1), 1);
	assert_int_equal(c, 'x');
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	close(data[0]);
	close(data[1]);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states_and_values),
		cmocka_unit_test(test_failure_crosses_whole),
		cmocka_unit_test(test_fd_crosses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
