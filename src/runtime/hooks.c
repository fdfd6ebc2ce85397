/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hooks.c - hooks as processes: stdin, output, time limit, end.
 *
 * Runs in the runtime's namespaces and, for createContainer and
 * startContainer, in the container's, before or after its root is entered: so
 * no /proc, no /dev, no files are needed. What must hold: a hook that neither
 * reads nor ends cannot hold us beyond its timeout, it does not outlive a
 * runtime that is killed, it sees no descriptor above 2, and whatever
 * happens, nothing is left to be waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/hooks.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* 6.3 */
#endif

/* A pipe holds at least one page, pipe(7), even for a user with too many of them. */
#define PIPE_CAPACITY_MIN 4096
#define KILL_WAIT_MS 5000
#define STDERR_KEPT 400 /* enough for a line of the error message */

/* ---- check ---------------------------------------------------------------------------------- */

static int check_hook(const struct oci_hook *hook, const char *kind, size_t i,
		      struct oci_error *err)
{
	if (!hook->path)
		return err_set(err, EINVAL, "hooks.%s[%zu].path: required field is missing", kind,
			       i);
	if (hook->path[0] != '/')
		return err_set(err, EINVAL, "hooks.%s[%zu].path: must be absolute, got \"%s\"",
			       kind, i, hook->path);
	if (hook->timeout.present && hook->timeout.value <= 0)
		return err_set(err, EINVAL, "hooks.%s[%zu].timeout: must be above 0, got %lld",
			       kind, i, (long long)hook->timeout.value);
	for (size_t e = 0; e < hook->env_len; e++) {
		const char *equals = strchr(hook->env[e], '=');

		if (!equals || equals == hook->env[e])
			return err_set(err, EINVAL,
				       "hooks.%s[%zu].env[%zu]: expected NAME=VALUE, got \"%s\"",
				       kind, i, e, hook->env[e]);
	}
	return 0;
}

int hooks_check(const struct oci_hooks *hooks, struct oci_error *err)
{
	static const struct oci_hooks none;

	if (!hooks)
		hooks = &none;
	const struct {
		const char *kind;
		const struct oci_hook *list;
		size_t len;
	} kinds[] = {
		{ "prestart", hooks->prestart, hooks->prestart_len },
		{ "createRuntime", hooks->create_runtime, hooks->create_runtime_len },
		{ "createContainer", hooks->create_container, hooks->create_container_len },
		{ "startContainer", hooks->start_container, hooks->start_container_len },
		{ "poststart", hooks->poststart, hooks->poststart_len },
		{ "poststop", hooks->poststop, hooks->poststop_len },
	};

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		for (size_t i = 0; i < kinds[k].len; i++) {
			int r = check_hook(&kinds[k].list[i], kinds[k].kind, i, err);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* ---- start ---------------------------------------------------------------------------------- */

/* The hook's ends, for the child, and ours. */
struct hook_io {
	int in;
	int out;
	int err;
	int our_out;
	int our_err;
};

#define HOOK_IO_INIT                                   \
	{                                              \
		-EBADF, -EBADF, -EBADF, -EBADF, -EBADF \
	}

static void hook_io_close(struct hook_io *io)
{
	fd_closep(&io->in);
	fd_closep(&io->out);
	fd_closep(&io->err);
	fd_closep(&io->our_out);
	fd_closep(&io->our_err);
}

/* When we were started with 0, 1 or 2 closed, a new fd may be one of them, and dup2 in the child would clobber it. */
static int move_above_stdio(int *fd)
{
	int high;

	if (*fd > 2)
		return 0;
	high = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
	if (high < 0)
		return -errno;
	(void)close(*fd);
	*fd = high;
	return 0;
}

static int make_pipe(int *ret_read, int *ret_write)
{
	int ends[2];
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*ret_read = ends[0];
	*ret_write = ends[1];
	r = move_above_stdio(ret_read);
	return r < 0 ? r : move_above_stdio(ret_write);
}

/*
 * A small document goes through a pipe, as hooks know it from other runtimes. A big one could fill
 * a pipe that nobody reads, so it becomes a file without a name: no write of ours ever waits.
 */
static int open_stdin(const char *state, size_t length, int *ret)
{
	CLEANUP_CLOSE int in = -EBADF, out = -EBADF;
	int r;

	if (length <= PIPE_CAPACITY_MIN) {
		r = make_pipe(&in, &out);
		if (r == 0)
			r = io_write_all(out, state, length);
	} else {
		in = memfd_create("state", MFD_CLOEXEC | MFD_NOEXEC_SEAL);
		if (in < 0 && errno == EINVAL)
			in = memfd_create("state", MFD_CLOEXEC);
		if (in < 0)
			return -errno;
		r = move_above_stdio(&in);
		if (r == 0)
			r = io_write_all(in, state, length);
		if (r == 0 && lseek(in, 0, SEEK_SET) < 0)
			r = -errno;
	}
	if (r < 0)
		return r;
	*ret = TAKE_FD(in);
	return 0;
}

static int hook_io_open(struct hook_io *io, const char *state, size_t length)
{
	int r = open_stdin(state, length, &io->in);

	if (r == 0)
		r = make_pipe(&io->our_out, &io->out);
	if (r == 0)
		r = make_pipe(&io->our_err, &io->err);
	if (r == 0 && (fcntl(io->our_out, F_SETFL, O_NONBLOCK) < 0 ||
		       fcntl(io->our_err, F_SETFL, O_NONBLOCK) < 0))
		r = -errno;
	return r;
}

/* Inherited descriptors need not be close-on-exec, so they are closed. */
static void close_above_stdio(void)
{
	struct rlimit limit = { 1024, 1024 };

	if (sys_close_range(3, ~0U, 0) == 0)
		return;
	(void)getrlimit(RLIMIT_NOFILE, &limit); /* before 5.9 */
	for (int fd = 3; (rlim_t)fd < limit.rlim_cur && fd < (1 << 20); fd++)
		(void)close(fd);
}

/*
 * execve would do it, but a signal may come as soon as they are let in. Ignored signals stay
 * ignored for the hook, as nohup wants it, but SIGPIPE, which runtimes ignore for themselves.
 */
static void drop_signal_handlers(void)
{
	const struct sigaction by_default = { .sa_handler = SIG_DFL };

	for (int sig = 1; sig < 32; sig++) {
		struct sigaction old;

		if (sigaction(sig, NULL, &old) < 0 || old.sa_handler == SIG_DFL)
			continue;
		if (old.sa_handler != SIG_IGN || sig == SIGPIPE)
			(void)sigaction(sig, &by_default, NULL);
	}
}

/* What the child of vfork was doing, for the parent whose memory it shares. */
struct exec_failure {
	volatile int code;
	const char *volatile doing;
};

/* Between vfork and execve: system calls only, and no change to memory but *failure. */
__attribute__((noreturn)) static void run_child(const struct oci_hook *hook, const char *cwd,
						const struct hook_io *io, pid_t parent,
						char *const argv[], char *const envp[],
						struct exec_failure *failure)
{
	sigset_t none;
	pid_t ppid;

	failure->doing = "prepare";
	/* A runtime that is killed cannot enforce the timeout any more. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || setpgid(0, 0) < 0)
		goto failed;
	ppid = getppid();
	if (ppid != parent &&
	    ppid != 0) /* it died before that; 0: it is in an outer pid namespace */
		_exit(1);
	if (dup2(io->in, 0) < 0 || dup2(io->out, 1) < 0 || dup2(io->err, 2) < 0)
		goto failed;
	close_above_stdio();
	drop_signal_handlers();
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		goto failed;
	if (cwd) {
		failure->doing = "chdir";
		if (chdir(cwd) < 0)
			goto failed;
	}
	failure->doing = "exec";
	execve(hook->path, argv, envp);
failed:
	failure->code = errno;
	_exit(127);
}

/* Signals wait: a handler of ours must not run in the child, which shares our memory. */
static pid_t spawn(const struct oci_hook *hook, const char *cwd, const struct hook_io *io,
		   struct exec_failure *failure)
{
	static char *const no_env[] = { NULL };
	char *own_argv[] = { hook->path, NULL };
	char *const *argv = hook->args_len > 0 ? hook->args : own_argv;
	char *const *envp = hook->env_len > 0 ? hook->env : no_env;
	const pid_t parent = getpid();
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, &before) < 0)
		return -1;
	pid = vfork();
	if (pid == 0)
		run_child(hook, cwd, io, parent, argv, envp, failure);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* ---- wait ----------------------------------------------------------------------------------- */

struct capture {
	char text[STDERR_KEPT + 1];
	size_t len;
};

/* Read what is there; what does not fit is thrown away so that the hook never waits for us. */
static void drain(int *fd, struct capture *capture)
{
	char buf[4096];

	/* bounded: a hook that writes all the time has to meet its deadline too */
	for (int round = 0; round < 16; round++) {
		ssize_t n = RETRY_EINTR(read(*fd, buf, sizeof(buf)));

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			fd_closep(fd); /* poll ignores negative ones */
			return;
		}
		if (capture) {
			size_t room = STDERR_KEPT - capture->len;
			size_t take = (size_t)n < room ? (size_t)n : room;

			memcpy(capture->text + capture->len, buf, take);
			capture->len += take;
		}
	}
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Rounded up to what poll takes; a later round waits for the rest. */
static int remaining_ms(int64_t deadline)
{
	int64_t left;

	if (deadline < 0)
		return -1;
	left = deadline - now_ms();
	if (left <= 0)
		return 0;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}

/* Return: 1 when the hook ended, 0 when the time is up, -errno. */
static int wait_end(int pidfd, struct hook_io *io, int64_t deadline, struct capture *capture)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = pidfd, .events = POLLIN },
			{ .fd = io->our_out, .events = POLLIN },
			{ .fd = io->our_err, .events = POLLIN },
		};
		int timeout = remaining_ms(deadline);
		int n = poll(fds, ARRAY_LEN(fds), timeout);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n < 0)
			continue;
		if (fds[1].revents)
			drain(&io->our_out, NULL);
		if (fds[2].revents)
			drain(&io->our_err, capture);
		if (fds[0].revents)
			return 1;
		/* checked last, so that a hook that only writes cannot put it off */
		if (deadline >= 0 && remaining_ms(deadline) == 0)
			return 0;
	}
}

/*
 * Kill the hook's whole group and wait for it. The leader is a zombie at worst until we wait for
 * it, so the group's number cannot be somebody else's when the signal is sent. Group members
 * whose parent died are ours to wait for where we are pid 1 or a subreaper.
 */
static void kill_group(pid_t pid, int pidfd)
{
	struct pollfd ended = { .fd = pidfd, .events = POLLIN };

	(void)kill(-pid, SIGKILL);
	(void)kill(pid, SIGKILL);
	/* One that hangs in the kernel, on a dead file server, must not hang us: init will reap it. */
	if (pidfd >= 0 && RETRY_EINTR(poll(&ended, 1, KILL_WAIT_MS)) == 0)
		return;
	(void)RETRY_EINTR(waitpid(pid, NULL, 0));
	while (RETRY_EINTR(waitpid(-pid, NULL, 0)) > 0)
		;
}

/* The first line that says something, printable. */
static const char *first_line(struct capture *capture)
{
	char *line = capture->text;

	capture->text[capture->len] = '\0';
	line += strspn(line, " \t\r\n");
	line[strcspn(line, "\r\n")] = '\0';
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	return line;
}

static int report_end(const siginfo_t *info, struct capture *capture, struct oci_error *err)
{
	const char *line = first_line(capture);
	const char *colon = *line ? ": " : "";

	if (info->si_code == CLD_EXITED && info->si_status == 0)
		return 0;
	if (info->si_code == CLD_EXITED)
		return err_set(err, ECHILD, "exit status %d%s%s", info->si_status, colon, line);
	return err_set(err, ECHILD, "killed by signal %d (%s)%s%s", info->si_status,
		       strsignal(info->si_status), colon, line);
}

static int wait_hook(pid_t pid, struct hook_io *io, const struct oci_hook *hook, int64_t deadline,
		     struct oci_error *err)
{
	CLEANUP_CLOSE int pidfd = sys_pidfd_open(pid, 0);
	struct capture capture = { .len = 0 };
	siginfo_t info;
	int r = pidfd < 0 ? pidfd : wait_end(pidfd, io, deadline, &capture);

	if (r <= 0)
		kill_group(pid, pidfd);
	if (r < 0)
		return err_sys(err, -r, "wait for it");
	drain(&io->our_err, &capture);
	if (r == 0) {
		const char *line = first_line(&capture);

		return err_set(err, ETIMEDOUT, "timed out after %lld s%s%s",
			       (long long)hook->timeout.value, *line ? ": " : "", line);
	}
	memset(&info, 0, sizeof(info));
	if (RETRY_EINTR(waitid(P_PID, (id_t)pid, &info, WEXITED)) < 0)
		return err_sys(err, errno, "wait for it");
	return report_end(&info, &capture, err);
}

static int run_hook(const struct oci_hook *hook, const char *cwd, const char *state,
		    size_t state_length, struct oci_error *err)
{
	__attribute__((cleanup(hook_io_close))) struct hook_io io = HOOK_IO_INIT;
	struct exec_failure failure = { 0, "" };
	int64_t deadline = -1;
	pid_t pid;
	int r;

	r = hook_io_open(&io, state, state_length);
	if (r < 0)
		return err_sys(err, -r, "prepare its input and output");
	if (hook->timeout.present) {
		int64_t max = INT64_MAX / 1000 - now_ms();

		if (hook->timeout.value < max)
			deadline = now_ms() + hook->timeout.value * 1000;
	}
	pid = spawn(hook, cwd, &io, &failure);
	if (pid < 0)
		return err_sys(err, errno, "start it");
	fd_closep(&io.in);
	fd_closep(&io.out);
	fd_closep(&io.err);
	if (failure.code != 0) {
		(void)RETRY_EINTR(waitpid(pid, NULL, 0));
		return err_sys(err, failure.code, "%s", failure.doing);
	}
	return wait_hook(pid, &io, hook, deadline, err);
}

int hooks_run(const struct oci_hook *hooks, size_t count, const char *kind, const char *cwd,
	      const char *state, size_t state_length, struct oci_error *err)
{
	for (size_t i = 0; i < count; i++) {
		int r = run_hook(&hooks[i], cwd, state, state_length, err);

		if (r < 0) {
			err_prefix(err, "hooks.%s[%zu]: %s: ", kind, i, hooks[i].path);
			return r;
		}
	}
	return 0;
}
