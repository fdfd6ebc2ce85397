/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's pty in a devpts of its own, and the relay between a caller's pty and it.
 */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <utmp.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/sys.h"
#include "forked.h"
#include "runtime/process.h"
#include "runtime/terminal.h"

#define NEED_ROOT()                                             \
	do {                                                    \
		if (geteuid() != 0) {                           \
			print_message("needs root: skipped\n"); \
			skip();                                 \
		}                                               \
	} while (0)

/* ---- terminal_open ------------------------------------------------------ */

/* A /dev of our own over the host's, in a mount namespace of our own. */
static void enter_dev(bool pts)
{
	REQUIRE(unshare(CLONE_NEWNS) == 0);
	REQUIRE(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	REQUIRE(mount("none", "/dev", "tmpfs", 0, "mode=755") == 0);
	REQUIRE(mkdir("/dev/pts", 0755) == 0);
	if (pts)
		REQUIRE(mount("devpts", "/dev/pts", "devpts", 0,
			      "newinstance,ptmxmode=0666,mode=0620,gid=5") == 0);
}

static void body_open(void *arg)
{
	struct process_plan plan = { .where = "process", .uid = 1234, .rows = 33, .columns = 77 };
	struct oci_error err = OCI_ERROR_INIT;
	struct stat st, console;
	int master, pair[2], fd = -1;
	struct winsize size;
	char text[64];
	size_t count;
	ssize_t n;

	(void)arg;
	enter_dev(true);
	if (terminal_open(&plan, true, &master, &err) < 0)
		REQUIRE_TEXT(err.message, "");
	for (int i = 0; i <= 2; i++) {
		REQUIRE(fcntl(i, F_GETFD) == 0);
		REQUIRE(isatty(i));
	}
	REQUIRE(fcntl(master, F_GETFD) == FD_CLOEXEC);
	REQUIRE_TEXT(ttyname(0), "/dev/pts/0");
	REQUIRE(ioctl(0, TIOCGWINSZ, &size) == 0 && size.ws_row == 33 && size.ws_col == 77);
	REQUIRE(fstat(0, &st) == 0 && st.st_uid == 1234 && st.st_gid == 5);
	REQUIRE(stat("/dev/console", &console) == 0);
	REQUIRE(console.st_rdev == st.st_rdev && console.st_ino == st.st_ino);
	REQUIRE(getsid(0) == getpid() && tcgetsid(0) == getpid());

	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	REQUIRE(terminal_send(pair[0], master, &err) == 0);
	n = io_recv_fds(pair[1], text, sizeof(text) - 1, &fd, 1, &count);
	REQUIRE(n > 0 && count == 1);
	text[n] = '\0';
	REQUIRE_TEXT(text, "/dev/pts/0");
	REQUIRE(write(1, "hello\n", 6) == 6);
	REQUIRE(read(fd, text, sizeof(text)) == 7 && memcmp(text, "hello\r\n", 7) == 0);
}

static void body_no_devpts(void *arg)
{
	struct process_plan plan = { .where = "process" };
	struct oci_error err = OCI_ERROR_INIT;
	int master;

	(void)arg;
	enter_dev(false);
	/* a file that a hostile image put there in place of the real one */
	REQUIRE(mknod("/dev/pts/ptmx", S_IFREG | 0666, 0) == 0);
	REQUIRE(terminal_open(&plan, true, &master, &err) == -ENODEV);
	REQUIRE_TEXT(err.message, "process.terminal: /dev/pts is not a devpts mount");
}

static void body_console_link(void *arg)
{
	struct process_plan plan = { .where = "process" };
	struct oci_error err = OCI_ERROR_INIT;
	struct stat st;
	int master;

	(void)arg;
	enter_dev(true);
	REQUIRE(symlink("/dev/target", "/dev/console") == 0);
	REQUIRE(terminal_open(&plan, true, &master, &err) == -ELOOP);
	REQUIRE_TEXT(err.message, "/dev/console: is a symbolic link");
	REQUIRE(lstat("/dev/target", &st) < 0);
	/* exec does not touch it */
	memset(&err, 0, sizeof(err));
	REQUIRE(terminal_open(&plan, false, &master, &err) == 0);
}

static void body_closed_stdio(void *arg)
{
	struct process_plan plan = { .where = "process" };
	struct oci_error err = OCI_ERROR_INIT;
	int master;

	(void)arg;
	enter_dev(true);
	for (int fd = 0; fd <= 1; fd++)
		REQUIRE(close(fd) == 0);
	REQUIRE(terminal_open(&plan, false, &master, &err) == 0);
	REQUIRE(master > 2);
	for (int fd = 0; fd <= 2; fd++)
		REQUIRE(fcntl(fd, F_GETFD) == 0 && isatty(fd));
}

static void test_open(void **state)
{
	(void)state;
	NEED_ROOT();
	assert_int_equal(forked(body_open, NULL), 0);
	assert_int_equal(forked(body_no_devpts, NULL), 0);
	assert_int_equal(forked(body_console_link, NULL), 0);
	assert_int_equal(forked(body_closed_stdio, NULL), 0);
}

/* ---- foreground_run ----------------------------------------------------- */

/* What the runtime in the foreground sees of its caller. */
struct stage {
	int caller; /* other end of the runtime's stdin and stdout */
	pid_t runtime;
};

/* The "container": @body behind a pty; the runtime: foreground_run over it, its stdin and stdout on @tty. */
static void be_runtime(int tty_in, int tty_out, bool terminal, void (*body)(void))
{
	struct oci_error err = OCI_ERROR_INIT;
	struct foreground fg = { .master = -1, .notify_socket = -1, .forward_signals = true };
	int master = -1, slave = -1, status = -1;
	sigset_t mask;

	REQUIRE(foreground_block_signals(&mask, &err) == 0);
	if (terminal)
		REQUIRE(openpty(&master, &slave, NULL, NULL, NULL) == 0);
	fg.pid = fork();
	REQUIRE(fg.pid >= 0);
	if (fg.pid == 0) {
		REQUIRE(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0);
		REQUIRE(sigprocmask(SIG_SETMASK, &mask, NULL) == 0);
		if (terminal) {
			(void)close(master);
			REQUIRE(login_tty(slave) == 0);
		} else {
			REQUIRE(dup2(tty_out, 1) == 1);
		}
		(void)close(tty_in);
		body();
		_exit(0);
	}
	if (slave >= 0)
		(void)close(slave);
	REQUIRE(dup2(tty_in, 0) == 0 && dup2(tty_out, 1) == 1);
	fg.master = master;
	fg.pidfd = sys_pidfd_open(fg.pid, 0);
	REQUIRE(fg.pidfd >= 0);
	if (foreground_run(&fg, &mask, &status, &err) < 0)
		REQUIRE_TEXT(err.message, "");
	_exit(status);
}

static struct stage start(bool terminal, void (*body)(void), const struct winsize *size)
{
	struct stage stage;
	int tty;

	assert_int_equal(openpty(&stage.caller, &tty, NULL, NULL, size), 0);
	(void)fflush(NULL);
	stage.runtime = fork();
	if (stage.runtime == 0) {
		(void)close(stage.caller);
		be_runtime(tty, tty, terminal, body);
	}
	(void)close(tty);
	return stage;
}

/* Collect until @text was seen; false at the end of file or after 10 s. */
static bool expect(int fd, const char *text)
{
	static char seen[65536];
	size_t have = 0;

	for (;;) {
		struct pollfd watch = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (poll(&watch, 1, 10000) <= 0)
			break;
		n = read(fd, seen + have, sizeof(seen) - 1 - have);
		if (n <= 0)
			break;
		have += (size_t)n;
		seen[have] = '\0';
		if (strstr(seen, text))
			return true;
	}
	print_error("expected \"%s\", saw \"%s\"\n", text, seen);
	return false;
}

static int finish(struct stage *stage)
{
	int status;

	assert_int_equal(waitpid(stage->runtime, &status, 0), stage->runtime);
	(void)close(stage->caller);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void container_echo(void)
{
	char line[128];
	ssize_t n;

	REQUIRE(write(1, "ready\n", 6) == 6);
	n = read(0, line, sizeof(line));
	REQUIRE(n > 0);
	REQUIRE(write(1, "got:", 4) == 4 && write(1, line, (size_t)n) == n);
	_exit(42);
}

static void test_relay(void **state)
{
	struct stage stage = start(true, container_echo, NULL);
	struct termios mode;

	(void)state;
	assert_true(expect(stage.caller, "ready"));
	assert_int_equal(tcgetattr(stage.caller, &mode),
			 0); /* the pty has one termios for both ends */
	assert_false(mode.c_lflag & (ICANON | ECHO | ISIG));
	assert_int_equal(write(stage.caller, "some words\r", 11), 11);
	assert_true(expect(stage.caller, "got:some words"));
	assert_int_equal(finish(&stage), 42);
}

static volatile sig_atomic_t resized;

static void on_resize(int sig)
{
	(void)sig;
	resized = 1;
}

static void print_size(void)
{
	struct winsize size;

	REQUIRE(ioctl(0, TIOCGWINSZ, &size) == 0);
	dprintf(1, "size %dx%d.\n", size.ws_row, size.ws_col);
}

static void container_size(void)
{
	sigset_t winch, old;

	(void)sigemptyset(&winch);
	(void)sigaddset(&winch, SIGWINCH);
	(void)sigprocmask(SIG_BLOCK, &winch, &old);
	(void)signal(SIGWINCH, on_resize);
	for (struct winsize size = { 0 }; size.ws_row != 20;) /* the runtime gives the first one */
		REQUIRE(ioctl(0, TIOCGWINSZ, &size) == 0);
	print_size();
	while (!resized)
		(void)sigsuspend(&old);
	resized = 0;
	for (struct winsize size = { 0 }; size.ws_row != 40;)
		REQUIRE(ioctl(0, TIOCGWINSZ, &size) == 0);
	print_size();
}

static void test_resize(void **state)
{
	struct winsize size = { .ws_row = 20, .ws_col = 50 };
	struct stage stage = start(true, container_size, &size);

	(void)state;
	assert_true(expect(stage.caller, "size 20x50."));
	size.ws_row = 40;
	size.ws_col = 132;
	/* the runtime is no member of the pty's session here, so it is told as BuildKit tells it */
	assert_int_equal(ioctl(stage.caller, TIOCSWINSZ, &size), 0);
	assert_int_equal(kill(stage.runtime, SIGWINCH), 0);
	assert_true(expect(stage.caller, "size 40x132."));
	assert_int_equal(finish(&stage), 0);
}

static volatile sig_atomic_t caught;

static void on_signal(int sig)
{
	caught = sig;
}

static void container_signal(void)
{
	sigset_t none;

	(void)signal(SIGUSR1, on_signal);
	(void)signal(SIGTSTP, on_signal);
	(void)sigprocmask(SIG_SETMASK, NULL, &none);
	REQUIRE(sigismember(&none, SIGTERM) == 0); /* our mask is the caller's */
	for (int i = 0; i < 2; i++) {
		dprintf(1, "ready%d\n", i);
		while (!caught)
			(void)poll(NULL, 0, 20);
		dprintf(1, "signal %d.\n", (int)caught);
		caught = 0;
	}
	dprintf(1, "ready2\n");
	for (;;)
		(void)pause();
}

static void test_signals(void **state)
{
	(void)state;
	for (int terminal = 0; terminal <= 1; terminal++) {
		struct stage stage = start(terminal, container_signal, NULL);

		assert_true(expect(stage.caller, "ready0"));
		assert_int_equal(kill(stage.runtime, SIGUSR1), 0);
		assert_true(expect(stage.caller, "ready1"));
		assert_int_equal(kill(stage.runtime, SIGTSTP), 0);
		assert_true(expect(stage.caller, "ready2"));
		assert_int_equal(kill(stage.runtime, SIGTERM), 0);
		assert_int_equal(finish(&stage), 128 + SIGTERM);
	}
}

static void container_burst(void)
{
	char block[1000];

	memset(block, 'x', sizeof(block));
	block[999] = '\n';
	for (int i = 0; i < 200; i++)
		REQUIRE(write(1, block, sizeof(block)) == sizeof(block));
	REQUIRE(write(1, "the end", 7) == 7);
	_exit(3);
}

/* Nothing of a burst is lost, though the process is gone before it is read; stdin and stdout are no terminals. */
static void test_drain(void **state)
{
	static char all[300000];
	size_t have = 0;
	int in[2], out[2], status;
	pid_t runtime;
	ssize_t n;

	(void)state;
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	(void)fflush(NULL);
	runtime = fork();
	if (runtime == 0)
		be_runtime(in[0], out[1], true, container_burst);
	(void)close(out[1]);
	(void)poll(NULL, 0, 200);
	while ((n = read(out[0], all + have, sizeof(all) - have)) > 0)
		have += (size_t)n;
	assert_int_equal(waitpid(runtime, &status, 0), runtime);
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_int_equal(have, 200 * 1001 + 7);
	assert_memory_equal(all + have - 7, "the end", 7);
	(void)close(in[0]);
	(void)close(in[1]);
	(void)close(out[0]);
}

static void container_cat(void)
{
	char line[128];
	ssize_t n;

	while ((n = read(0, line, sizeof(line))) > 0)
		REQUIRE(write(1, line, (size_t)n) == n);
	_exit(n == 0 ? 9 : 1);
}

/* End of the caller's input ends a reader of lines, behind an unfinished line too. */
static void test_end_of_input(void **state)
{
	static const char *const inputs[] = { "", "line\n", "unfinished" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
		int in[2], status;
		pid_t runtime;

		assert_int_equal(pipe2(in, O_CLOEXEC), 0);
		assert_true(write(in[1], inputs[i], strlen(inputs[i])) ==
			    (ssize_t)strlen(inputs[i]));
		(void)close(in[1]);
		(void)fflush(NULL);
		runtime = fork();
		if (runtime == 0)
			be_runtime(in[0], open("/dev/null", O_WRONLY), true, container_cat);
		(void)close(in[0]);
		assert_int_equal(waitpid(runtime, &status, 0), runtime);
		assert_int_equal(WEXITSTATUS(status), 9);
	}
}

static void container_reopen(void)
{
	char *name = strdup(ttyname(0));

	for (int fd = 0; fd <= 2; fd++)
		(void)close(fd);
	(void)poll(NULL, 0, 100); /* the master hangs up meanwhile */
	if (open(name, O_RDWR) != 0 || dup(0) != 1)
		_exit(1);
	if (write(1, "back again", 10) != 10)
		_exit(2);
	_exit(5);
}

static void test_reopened(void **state)
{
	struct stage stage = start(true, container_reopen, NULL);

	(void)state;
	assert_true(expect(stage.caller, "back again"));
	assert_int_equal(finish(&stage), 5);
}

static void container_flood(void)
{
	char block[4096];

	memset(block, 'y', sizeof(block));
	for (int i = 0; i < 100; i++)
		REQUIRE(write(1, block, sizeof(block)) == sizeof(block));
	_exit(6);
}

/* A caller that stopped reading must not keep the container from ending. */
static void test_reader_gone(void **state)
{
	int in[2], out[2], status;
	pid_t runtime;

	(void)state;
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	(void)fflush(NULL);
	runtime = fork();
	if (runtime == 0) {
		(void)close(out[0]);
		be_runtime(in[0], out[1], true, container_flood);
	}
	(void)close(out[0]);
	(void)close(out[1]);
	assert_int_equal(waitpid(runtime, &status, 0), runtime);
	assert_int_equal(WEXITSTATUS(status), 6);
	(void)close(in[0]);
	(void)close(in[1]);
}

static void container_orphans(void)
{
	for (int i = 0; i < 3; i++)
		if (fork() == 0)
			_exit(i);
	_exit(7);
}

static void body_orphans(void *arg)
{
	int in = open("/dev/null", O_RDONLY), out = open("/dev/null", O_WRONLY);

	(void)arg;
	REQUIRE(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
	be_runtime(in, out, false, container_orphans);
}

static void test_orphans(void **state)
{
	(void)state;
	assert_int_equal(forked(body_orphans, NULL), 7);
}

static void container_sleep(void)
{
	for (;;)
		(void)pause();
}

/* A crash of the runtime leaves the caller's terminal as it was. */
static void test_restored(void **state)
{
	static const int signals[] = { SIGSEGV, SIGABRT, SIGTERM };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		struct termios before, mode;
		int tty, caller, status;
		pid_t runtime;

		assert_int_equal(openpty(&caller, &tty, NULL, NULL, NULL), 0);
		assert_int_equal(tcgetattr(tty, &before), 0);
		(void)fflush(NULL);
		runtime = fork();
		if (runtime == 0) {
			(void)close(caller);
			be_runtime(tty, tty, true, container_sleep);
		}
		do {
			(void)poll(NULL, 0, 5);
			assert_int_equal(tcgetattr(tty, &mode), 0);
		} while (mode.c_lflag & ICANON);
		assert_int_equal(kill(runtime, signals[i]), 0);
		assert_int_equal(waitpid(runtime, &status, 0), runtime);
		assert_int_equal(tcgetattr(tty, &mode), 0);
		assert_int_equal(mode.c_lflag, before.c_lflag);
		assert_int_equal(mode.c_iflag, before.c_iflag);
		assert_int_equal(mode.c_oflag, before.c_oflag);
		(void)close(tty);
		(void)close(caller);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),     cmocka_unit_test(test_relay),
		cmocka_unit_test(test_resize),   cmocka_unit_test(test_signals),
		cmocka_unit_test(test_drain),    cmocka_unit_test(test_end_of_input),
		cmocka_unit_test(test_reopened), cmocka_unit_test(test_reader_gone),
		cmocka_unit_test(test_orphans),  cmocka_unit_test(test_restored),
	};

	(void)alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
