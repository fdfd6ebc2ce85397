/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_loop.c - one poll over the container's requests, its output, the host's command, the clock and signals.
 *
 * What must hold: requests are answered until the last process has gone, also while the container is being stopped,
 * because a process that waits for an answer cannot even die by itself in time.
 */
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/sys.h"
#include "cartefile-to-oci/trace_loop.h"

#define GRACE_MS 5000
#define LOOK_MS 500
#define STATE_SIZE_MAX 65536
#define OUTPUT_MAX (8u << 20)
#define LISTENERS_MAX \
	8 /* one per filter: the container's, and of those that run one of their own */

enum phase { RUNNING, TERMINATING, KILLING, ABANDONING };

struct state {
	struct trace_loop *loop;
	enum phase phase;
	int64_t deadline; /* ms, of the phase */
	int listeners[LISTENERS_MAX];
	size_t listeners_len;
	int init; /* pidfd of the container's first process, -1 */
	pid_t init_pid;
	int64_t look_until; /* ms: the execve that was let go on takes a moment */
	pid_t exercise;
	int exercise_fd;
	bool exercised;
	int exercise_status;
	int signal; /* that ends us */
};

enum { SLOT_SIGNALS, SLOT_SOCKET, SLOT_RUNTIME, SLOT_OUT, SLOT_ERR, SLOT_EXERCISE, SLOT_LISTENERS };

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- processes of the host -------------------------------------------------------------------- */

static int spawn_prepared(char *const *argv, int out, int err_fd, posix_spawnattr_t *attributes,
			  const sigset_t *mask, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	sigset_t defaults;
	int code = posix_spawn_file_actions_init(&actions);

	if (code)
		return -code;
	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	code = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (!code)
		code = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (!code)
		code = posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO);
	if (!code)
		code = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
								    POSIX_SPAWN_SETSIGDEF |
								    POSIX_SPAWN_SETPGROUP);
	if (!code)
		code = posix_spawnattr_setsigmask(attributes, mask);
	if (!code)
		code = posix_spawnattr_setsigdefault(attributes, &defaults);
	if (!code)
		code = posix_spawn(ret_pid, argv[0], &actions, attributes, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -code;
}

int trace_spawn(char *const *argv, int out, int err_fd, const sigset_t *mask, pid_t *ret_pid)
{
	posix_spawnattr_t attributes;
	int r = -posix_spawnattr_init(&attributes);

	if (r < 0)
		return r;
	r = spawn_prepared(argv, out, err_fd, &attributes, mask, ret_pid);
	posix_spawnattr_destroy(&attributes);
	return r;
}

/* The container serves: now the command of the host's that asks it things. */
static int start_exercise(struct state *s, struct oci_error *err)
{
	static char shell[] = "/bin/sh", option[] = "-c";
	const char *command = s->loop->plan->exercise;
	char *const argv[] = { shell, option, (char *)command, NULL };
	int r;

	if (!command || s->exercised || !s->loop->watch->executed)
		return 0;
	s->exercised = true;
	r = trace_spawn(argv, STDERR_FILENO, STDERR_FILENO, &s->loop->spawn_mask, &s->exercise);
	if (r < 0)
		return err_sys(err, -r, "--exercise '%s'", command);
	s->exercise_fd = sys_pidfd_open(s->exercise, 0);
	return s->exercise_fd < 0 ? err_sys(err, -s->exercise_fd, "--exercise '%s'", command) : 0;
}

static int status_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void end_exercise(struct state *s, bool kill_it)
{
	int status = 0;

	if (s->exercise <= 0)
		return;
	if (kill_it)
		(void)kill(-s->exercise, SIGKILL);
	if (RETRY_EINTR(waitpid(s->exercise, &status, 0)) > 0 && !kill_it)
		s->exercise_status = status_of(status);
	s->exercise = 0;
	fd_closep(&s->exercise_fd);
}

/* ---- the listener arrives -------------------------------------------------------------------- */

/* Is it a whole JSON object? Its sender may keep the connection, so there is no end of file to wait for. */
static bool is_whole(const char *text, size_t length)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < length; i++) {
		if (in_string) {
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				in_string = false;
		} else if (text[i] == '"') {
			in_string = true;
		} else if (text[i] == '{') {
			depth++;
		} else if (text[i] == '}' && --depth == 0) {
			return true;
		}
	}
	return false;
}

static int read_state(int socket, char *text, size_t size, size_t *ret_length,
		      int fds[LISTENERS_MAX], size_t *ret_count)
{
	ssize_t n = io_recv_fds(socket, text, size, fds, LISTENERS_MAX, ret_count);
	size_t length = n > 0 ? (size_t)n : 0;

	while (n > 0 && length < size && !is_whole(text, length)) {
		n = RETRY_EINTR(recv(socket, text + length, size - length, 0));
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		length += (size_t)n;
	}
	*ret_length = length;
	return n < 0 ? (int)n : 0;
}

/* runtime-spec config-linux.md#containerprocessstate: the document, and the listener among its descriptors. */
static int take_listener(struct state *s, int socket, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_FREE char *text = malloc(STATE_SIZE_MAX);
	struct oci_process_state *state = NULL;
	int fds[LISTENERS_MAX], r, taken = -1;
	size_t length = 0, count = 0;

	if (!text)
		return err_nomem(err);
	r = read_state(socket, text, STATE_SIZE_MAX, &length, fds, &count);
	if (r == 0)
		r = oci_process_state_parse(&arena, "the runtime's process state", text, length,
					    &state, err);
	for (size_t i = 0; r == 0 && state && i < state->fds_len && i < count; i++)
		if (strcmp(state->fds[i], "seccompFd") == 0)
			taken = (int)i;
	for (size_t i = 0; i < count; i++)
		if ((int)i != taken || s->listeners_len == LISTENERS_MAX)
			(void)close(fds[i]);
	if (r < 0)
		return err_sys(err, -r, "take the listener from the runtime");
	if (taken < 0)
		return err_set(err, EPROTO, "the runtime sent no seccomp listener");
	if (s->listeners_len < LISTENERS_MAX)
		s->listeners[s->listeners_len++] = fds[taken];
	if (s->init < 0 && state && state->pid.present && state->pid.value > 0) {
		int fd = sys_pidfd_open((pid_t)state->pid.value, 0);

		s->init = fd < 0 ? -1 : fd;
		s->init_pid = (pid_t)state->pid.value;
	}
	return 0;
}

static int accept_listener(struct state *s, struct oci_error *err)
{
	static const struct timeval patience = { .tv_sec = 5 };
	CLEANUP_CLOSE int fd = accept4(s->loop->socket, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return errno == EAGAIN || errno == ECONNABORTED || errno == EINTR
			       ? 0
			       : err_sys(err, errno, "accept the runtime");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return err_sys(err, errno, "setsockopt");
	return take_listener(s, fd, err);
}

/* ---- output --------------------------------------------------------------------------------- */

static void read_output(int *fd, struct trace_output *output)
{
	char buf[16384];
	ssize_t n = RETRY_EINTR(read(*fd, buf, sizeof(buf)));
	char *text;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		fd_closep(fd);
		return;
	}
	if (output->length + (size_t)n > OUTPUT_MAX) {
		output->cut = true;
		return;
	}
	text = realloc(output->text, output->length + (size_t)n + 1);
	if (!text) {
		output->cut = true;
		return;
	}
	memcpy(text + output->length, buf, (size_t)n);
	output->text = text;
	output->length += (size_t)n;
	text[output->length] = '\0';
}

/* ---- stopping ------------------------------------------------------------------------------- */

/* One step further, and how long that may take. */
static void stop_harder(struct state *s)
{
	int sig = s->phase == RUNNING ? SIGTERM : SIGKILL;

	if (s->phase == RUNNING)
		s->loop->outcome->stopped = true;
	s->phase = s->phase == RUNNING       ? TERMINATING
		   : s->phase == TERMINATING ? KILLING
					     : ABANDONING;
	/* its first process: the others of its pid namespace die with it */
	if (s->phase != ABANDONING && s->init >= 0)
		(void)sys_pidfd_send_signal(s->init, sig);
	else
		(void)kill(-s->loop->runtime, sig);
	s->deadline = now_ms() + GRACE_MS;
}

static void take_signal(struct state *s)
{
	struct signalfd_siginfo info;

	if (read(s->loop->signals, &info, sizeof(info)) != sizeof(info))
		return;
	s->signal = (int)info.ssi_signo;
	/* TERMINATING: asked twice */
	if (s->phase == RUNNING || s->phase == TERMINATING)
		stop_harder(s);
}

/* ---- the loop --------------------------------------------------------------------------------- */

static size_t fill_slots(const struct state *s, struct pollfd *slots)
{
	const struct trace_loop *loop = s->loop;
	const int fds[] = {
		[SLOT_SIGNALS] = loop->signals,
		[SLOT_SOCKET] = loop->socket,
		[SLOT_RUNTIME] = loop->runtime_fd,
		[SLOT_OUT] = loop->out,
		[SLOT_ERR] = loop->err,
		[SLOT_EXERCISE] = s->exercise_fd,
	};
	size_t n = 0;

	for (; n < SLOT_LISTENERS; n++)
		slots[n] = (struct pollfd){ fds[n] < 0 ? -1 : fds[n], POLLIN, 0 };
	for (size_t i = 0; i < s->listeners_len; i++)
		slots[n++] = (struct pollfd){ s->listeners[i], POLLIN, 0 };
	return n;
}

static void answer(struct state *s, const struct pollfd *slots)
{
	size_t kept = 0, len = s->listeners_len;

	for (size_t i = 0; i < len; i++) {
		short seen = slots[i].revents;
		int r = seen & POLLIN ? trace_notify(s->loop->watch, s->listeners[i]) : 0;

		/* POLLHUP: nobody has the filter any more */
		if (r < 0 || (!(seen & POLLIN) && (seen & (POLLHUP | POLLERR | POLLNVAL))))
			(void)close(s->listeners[i]);
		else
			s->listeners[kept++] = s->listeners[i];
	}
	s->listeners_len = kept;
}

static int step(struct state *s, const struct pollfd *slots, struct oci_error *err)
{
	struct trace_loop *loop = s->loop;

	if (slots[SLOT_SIGNALS].revents)
		take_signal(s);
	if (slots[SLOT_OUT].revents)
		read_output(&loop->out, &loop->outcome->out);
	if (slots[SLOT_ERR].revents)
		read_output(&loop->err, &loop->outcome->err);
	answer(s, slots + SLOT_LISTENERS);
	if (slots[SLOT_EXERCISE].revents) {
		end_exercise(s, false);
		if (s->phase == RUNNING)
			stop_harder(s);
	}
	if (now_ms() >= s->deadline && s->phase != ABANDONING)
		stop_harder(s);
	if (slots[SLOT_SOCKET].revents)
		return accept_listener(s, err);
	return start_exercise(s, err);
}

/* How long to wait; not long while it is to be seen whether the program has started. */
static int patience(struct state *s)
{
	struct trace_watch *watch = s->loop->watch;
	int64_t now = now_ms(), left = s->deadline - now;

	if (watch->executed && !watch->confirmed && s->init >= 0) {
		if (!s->look_until)
			s->look_until = now + LOOK_MS;
		trace_watch_look(watch, s->init_pid);
		if (!watch->confirmed && now < s->look_until)
			return 1;
	}
	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

static int until_end(struct state *s, struct oci_error *err)
{
	struct pollfd slots[SLOT_LISTENERS + LISTENERS_MAX];

	for (;;) {
		size_t n = fill_slots(s, slots);
		int r = poll(slots, (nfds_t)n, patience(s));

		if (r < 0 && errno != EINTR)
			return err_sys(err, errno, "poll");
		if (r < 0)
			continue;
		r = step(s, slots, err);
		if (r < 0)
			return r;
		if (slots[SLOT_RUNTIME].revents)
			return 0;
		if (s->phase == ABANDONING && now_ms() >= s->deadline)
			return err_set(err, ETIMEDOUT, "the runtime does not end");
	}
}

/* What is still in the pipes; a process that went on outside the container may hold them open. */
static void drain(struct trace_loop *loop)
{
	int64_t end = now_ms() + 1000;

	while ((loop->out >= 0 || loop->err >= 0) && now_ms() < end) {
		struct pollfd slots[2] = { { loop->out, POLLIN, 0 }, { loop->err, POLLIN, 0 } };

		if (poll(slots, 2, 100) <= 0)
			break;
		if (slots[0].revents)
			read_output(&loop->out, &loop->outcome->out);
		if (slots[1].revents)
			read_output(&loop->err, &loop->outcome->err);
	}
}

static int finish(struct state *s, int r, struct oci_error *err)
{
	const struct trace_plan *plan = s->loop->plan;
	int status = 0;

	if (r < 0) {
		if (s->init >= 0)
			(void)sys_pidfd_send_signal(s->init, SIGKILL);
		(void)kill(-s->loop->runtime, SIGKILL);
	}
	end_exercise(s, true);
	while (s->listeners_len > 0)
		(void)close(s->listeners[--s->listeners_len]);
	fd_closep(&s->init);
	(void)RETRY_EINTR(waitpid(s->loop->runtime, &status, 0));
	s->loop->runtime = 0;
	drain(s->loop);
	s->loop->outcome->exit_status = status_of(status);
	if (r < 0)
		return r;
	if (s->signal)
		return err_set(err, EINTR, "stopped by signal %d (%s)", s->signal,
			       strsignal(s->signal));
	if (s->exercise_status)
		return err_set(err, ENOEXEC,
			       "--exercise '%s': ended with status %d, so the trace is not whole",
			       plan->exercise, s->exercise_status);
	return 0;
}

int trace_loop_run(struct trace_loop *loop, struct oci_error *err)
{
	struct state s = {
		.loop = loop,
		.deadline = now_ms() + (int64_t)loop->plan->seconds * 1000,
		.init = -1,
		.exercise_fd = -1,
	};

	return finish(&s, until_end(&s, err), err);
}
