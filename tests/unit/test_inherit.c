/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Socket activation, --preserve-fds, and that nothing else stays open; the notify socket.
 */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/sys.h"
#include "forked.h"
#include "runtime/inherit_fds.h"
#include "runtime/notify_socket.h"

/* Leave exactly 0..2 and @count more open. */
static void open_fds(unsigned count)
{
	(void)sys_close_range(3, ~0U, 0);
	for (unsigned i = 0; i < count; i++)
		REQUIRE(open("/dev/null", O_RDONLY) == (int)(3 + i));
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
}

static void expect_failure(unsigned preserve, const char *message)
{
	struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct inherit_fds fds;

	REQUIRE(inherit_fds_plan(&arena, preserve, &fds, &err) < 0);
	REQUIRE_TEXT(err.message, message);
	oci_arena_free(&arena);
}

static void body_plan(void *arg)
{
	struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct inherit_fds fds;
	char pid[16];

	(void)arg;
	open_fds(3);
	REQUIRE(inherit_fds_plan(&arena, 0, &fds, &err) == 0);
	REQUIRE(fds.count == 0 && fds.env_len == 0);
	REQUIRE(inherit_fds_plan(&arena, 2, &fds, &err) == 0);
	REQUIRE(fds.count == 2 && fds.env_len == 0);
	expect_failure(4, "--preserve-fds 4: file descriptor 6 is not open");

	setenv("LISTEN_FDS", "2", 1);
	REQUIRE(inherit_fds_plan(&arena, 1, &fds, &err) == 0);
	REQUIRE(fds.count == 3 && fds.env_len == 2);
	REQUIRE_TEXT(fds.env[0], "LISTEN_FDS=2");
	REQUIRE_TEXT(fds.env[1], "LISTEN_PID=1");
	setenv("LISTEN_FDNAMES", "http:https", 1);
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("LISTEN_PID", pid, 1);
	REQUIRE(inherit_fds_plan(&arena, 0, &fds, &err) == 0);
	REQUIRE(fds.count == 2 && fds.env_len == 3);
	REQUIRE_TEXT(fds.env[2], "LISTEN_FDNAMES=http:https");
	setenv("LISTEN_PID", "1", 1); /* for somebody else */
	REQUIRE(inherit_fds_plan(&arena, 1, &fds, &err) == 0);
	REQUIRE(fds.count == 1 && fds.env_len == 0);

	unsetenv("LISTEN_PID");
	setenv("LISTEN_FDS", "4", 1);
	expect_failure(0, "LISTEN_FDS=4: file descriptor 6 is not open");
	setenv("LISTEN_FDS", "3", 1);
	expect_failure(2, "--preserve-fds 2: file descriptor 6 is not open");
	setenv("LISTEN_FDS", "-1", 1);
	expect_failure(0, "LISTEN_FDS: expected a small number, got \"-1\"");
	oci_arena_free(&arena);
}

static void test_plan(void **state)
{
	(void)state;
	assert_int_equal(forked(body_plan, NULL), 0);
}

static void body_close(void *arg)
{
	struct oci_error err = OCI_ERROR_INIT;

	open_fds(6);
	inherit_fds_force_fallback(*(int *)arg);
	REQUIRE(inherit_fds_close_rest(2, &err) == 0);
	for (int fd = 0; fd < 5; fd++)
		REQUIRE(fcntl(fd, F_GETFD) == 0);
	for (int fd = 5; fd < 9; fd++)
		REQUIRE(fcntl(fd, F_GETFD) == FD_CLOEXEC);
}

static void test_close(void **state)
{
	static int codes[] = { 0, ENOSYS, EINVAL };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		assert_int_equal(forked(body_close, &codes[i]), 0);
}

/* ---- notify socket ------------------------------------------------------ */

static char folder[] = "/tmp/carte-test-notify-XXXXXX";
static int manager = -1;

static int make_folder(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/manager", folder);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(manager, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return setenv("NOTIFY_SOCKET", address.sun_path, 1);
}

static int remove_folder(void **state)
{
	char command[64];

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	(void)close(manager);
	(void)snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static void send_text(const char *dir, const char *text)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify.sock", dir);
	REQUIRE(sendto(fd, text, strlen(text), 0, (struct sockaddr *)&address, sizeof(address)) ==
		(ssize_t)strlen(text));
	(void)close(fd);
}

static void test_notify_plan(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct notify_socket *notify = NULL;
	CLEANUP_FREE char *address = strdup(getenv("NOTIFY_SOCKET"));

	(void)state;
	assert_int_equal(notify_socket_plan(&arena, "/run/x/web1", &notify, &err), 0);
	assert_string_equal(notify->dir, "/run/x/web1/notify");
	assert_string_equal(notify->env, "NOTIFY_SOCKET=/run/notify/notify.sock");
	assert_string_equal(notify->mount.destination, "/run/notify");
	assert_string_equal(notify->mount.source, "/run/x/web1/notify");
	assert_int_equal(notify->mount.options_len, 5);
	assert_string_equal(notify->mount.options[4], "ro");
	assert_null(notify->mount.options[5]);
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_socket_plan(&arena, "/run/x/web1", &notify, &err), 0);
	assert_null(notify);
	setenv("NOTIFY_SOCKET", address, 1);
}

/* The manager: READY, then a barrier whose descriptor it lets go of. */
static void be_manager(pid_t pid)
{
	char text[256], expected[64];
	size_t count;
	ssize_t n;
	int fd;

	n = recv(manager, text, sizeof(text) - 1, 0);
	REQUIRE(n > 0);
	text[n] = '\0';
	(void)snprintf(expected, sizeof(expected), "READY=1\nMAINPID=%d", (int)pid);
	REQUIRE_TEXT(text, expected);
	n = io_recv_fds(manager, text, sizeof(text) - 1, &fd, 1, &count);
	REQUIRE(n > 0 && count == 1);
	text[n] = '\0';
	REQUIRE_TEXT(text, "BARRIER=1");
	(void)close(fd);
}

static void test_notify_wait(void **state)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	CLEANUP_CLOSE int fd = -EBADF, pidfd = -EBADF;
	struct notify_socket *notify;
	pid_t container, peer;
	bool ready;
	struct stat st;
	char path[128];
	int status;

	(void)state;
	assert_int_equal(notify_socket_plan(&arena, folder, &notify, &err), 0);
	assert_int_equal(notify_socket_open(notify->dir, &err), -ENOENT);
	assert_string_equal(err.message, "");
	assert_int_equal(notify_socket_make_dir(notify, &err), 0);
	assert_int_equal(notify_socket_make_dir(notify, &err), 0);
	fd = notify_socket_open(notify->dir, &err);
	assert_true(fd >= 0);
	fd_closep(&fd);
	fd = notify_socket_open(notify->dir, &err); /* a killed runtime left the first one */
	assert_true(fd >= 0);
	(void)snprintf(path, sizeof(path), "%s/notify.sock", notify->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0777);

	send_text(notify->dir, "STATUS=starting\nMAINPID=1\nREADY=0");
	assert_int_equal(notify_socket_relay(fd, 1234, &ready, &err), 0);
	assert_false(ready);
	assert_int_equal(recv(manager, path, sizeof(path), MSG_DONTWAIT), -1);

	container = fork();
	if (container == 0) {
		send_text(notify->dir, "STATUS=up");
		send_text(notify->dir, "MAINPID=1\nREADY=1");
		(void)pause();
		_exit(0);
	}
	peer = fork();
	if (peer == 0) {
		be_manager(container);
		_exit(0);
	}
	pidfd = sys_pidfd_open(container, 0);
	assert_int_equal(notify_socket_wait(fd, pidfd, container, &err), 0);
	assert_int_equal(waitpid(peer, &status, 0), peer);
	assert_int_equal(status, 0);

	/* A container that ends before it is ready ends the wait. */
	(void)kill(container, SIGKILL);
	assert_int_equal(notify_socket_wait(fd, pidfd, container, &err), 0);
	assert_int_equal(waitpid(container, &status, 0), container);

	setenv("NOTIFY_SOCKET", "vsock:2:1234", 1);
	send_text(notify->dir, "READY=1");
	assert_int_equal(notify_socket_relay(fd, 1, &ready, &err), -EINVAL);
	assert_string_equal(err.message,
			    "NOTIFY_SOCKET: \"vsock:2:1234\" is not a Unix socket's address");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_close),
		cmocka_unit_test_setup(test_notify_plan, make_folder),
		cmocka_unit_test_teardown(test_notify_wait, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
