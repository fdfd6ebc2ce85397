/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_call.c - run carte-systemd, the program that speaks to systemd for us.
 *
 * What must hold: the helper comes from where this program was installed or
 * built, whatever the environment says; it gets no descriptor but its three and
 * no environment but what finds the bus; it does not outlive a runtime that is
 * killed; and a bus, or a helper, that says nothing costs a bounded time.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/seal.h"
#include "base/sys.h"
#include "runtime/cgroup/systemd.h"
#include "runtime/cgroup/systemd_wire.h"

#define HELPER "carte-systemd"
#define GRACE_SECONDS 3 /* for a helper that does not even notice its own time limit */

/* A busy systemd has been seen to take ten; D-Bus itself gives up after this many. */
unsigned systemd_call_seconds = 25;

/* ---- where it is ---- */

static int no_helper(const char *path, int code, struct oci_error *err)
{
#ifdef HAVE_LIBDBUS
	return err_set(
		err, ENOTSUP,
		"cgroup manager systemd: its helper %s cannot be run (%s): install it, or use "
		"--cgroup-manager cgroupfs",
		path, strerror(code));
#else
	(void)path;
	(void)code;
	return err_set(err, ENOTSUP,
		       "cgroup manager systemd: built without libdbus; build with it, or use "
		       "--cgroup-manager cgroupfs");
#endif
}

/* Beside the program in a build folder; else where `make install` puts it. */
static int find_helper(char path[PATH_MAX], struct oci_error *err)
{
	char folder[PATH_MAX];

	if (seal_program_folder(folder) == 0 && strcmp(folder, BINDIR) != 0 &&
	    snprintf(path, PATH_MAX, "%s/" HELPER, folder) < PATH_MAX && access(path, X_OK) == 0)
		return 0;
	strcpy(path, PKGLIBEXECDIR "/" HELPER);
	return access(path, X_OK) == 0 ? 0 : no_helper(path, errno, err);
}

int systemd_helper_check(struct oci_error *err)
{
	char path[PATH_MAX];

#ifndef HAVE_LIBDBUS
	return no_helper(HELPER, ENOENT, err);
#endif
	return find_helper(path, err);
}

/* ---- request ---- */

struct text {
	char *start;
	char *at;
	char *end;
};

/* A first round only counts: start is NULL. */
static void put(struct text *text, const char *word)
{
	size_t len = strlen(word) + 1;

	if (text->start && (size_t)(text->end - text->at) >= len)
		memcpy(text->at, word, len);
	text->at += len;
}

static void put_number(struct text *text, uint64_t number)
{
	char word[24];

	(void)snprintf(word, sizeof(word), "%" PRIu64, number);
	put(text, word);
}

static void put_request(struct text *text, const struct systemd_call *call)
{
	size_t len = call->properties ? call->properties->len : 0;

	put(text, WIRE_MAGIC);
	put(text, call->operation);
	put(text, call->unit);
	put_number(text, len);
	for (size_t i = 0; i < len; i++) {
		const struct unit_property *p = &call->properties->list[i];

		put(text, p->name);
		put(text, p->signature);
		put(text, p->optional ? "1" : "0");
		put_number(text, p->values_len);
		for (size_t k = 0; k < p->values_len; k++)
			put(text, p->values[k]);
	}
}

int systemd_request_text(struct oci_arena *arena, const struct systemd_call *call, char **ret,
			 size_t *ret_length)
{
	struct text text = { NULL, NULL, NULL };
	size_t length;

	put_request(&text, call);
	length = (size_t)(text.at - text.start);
	if (length > WIRE_REQUEST_MAX)
		return -E2BIG;
	text.start = text.at = oci_arena_alloc(arena, length);
	if (!text.start)
		return -ENOMEM;
	text.end = text.start + length;
	put_request(&text, call);
	*ret = text.start;
	*ret_length = length;
	return 0;
}

/* ---- the process ---- */

struct systemd_helper {
	const char *path;
	char *argv[5];
	char *envp[4];
	bool user_bus;
	pid_t pid;
	int socket;          /* ours */
	int theirs;          /* until it runs */
	volatile int failed; /* what execve said */
	int asked;           /* 0, or why the request could not be sent */
};

/* Only what names the bus. The folder is where a user's manager has it, when the caller does not say. */
static int make_environment(struct oci_arena *arena, struct systemd_helper *helper)
{
	static const char *const names[] = { "DBUS_SYSTEM_BUS_ADDRESS", "DBUS_SESSION_BUS_ADDRESS",
					     "XDG_RUNTIME_DIR" };
	const bool user_bus = helper->user_bus;
	size_t len = 0;

	for (size_t i = user_bus ? 1 : 0; i < (user_bus ? ARRAY_LEN(names) : 1); i++) {
		const char *value = getenv(names[i]);
		char *text;

		if (value && *value)
			text = oci_arena_printf(arena, "%s=%s", names[i], value);
		else if (i == 2)
			text = oci_arena_printf(arena, "XDG_RUNTIME_DIR=/run/user/%u",
						(unsigned)systemd_owner());
		else
			continue;
		if (!text)
			return -ENOMEM;
		helper->envp[len++] = text;
	}
	helper->envp[len] = NULL;
	return 0;
}

/* The user is the one that the bus, which may be outside of our user namespace, sees. */
static int make_arguments(struct oci_arena *arena, struct systemd_helper *helper)
{
	char **argv = helper->argv;

	argv[0] = (char *)HELPER;
	argv[1] = (char *)(helper->user_bus ? WIRE_USER : WIRE_SYSTEM);
	argv[2] = oci_arena_printf(arena, "%u",
				   (unsigned)(helper->user_bus ? systemd_owner() : geteuid()));
	argv[3] = oci_arena_printf(arena, "%u", systemd_call_seconds);
	return argv[2] && argv[3] ? 0 : -ENOMEM;
}

/* Between vfork and execve: system calls only. */
__attribute__((noreturn)) static void run_helper(struct systemd_helper *helper, pid_t parent)
{
	const int fd = helper->theirs;
	sigset_t none;
	pid_t ppid;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		goto failed;
	ppid = getppid();
	if (ppid != parent && ppid != 0)
		_exit(1);
	if (dup2(fd, 0) < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
		goto failed;
	(void)sys_close_range(3, ~0U, 0); /* before 5.9: ours are all close-on-exec */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	execve(helper->path, helper->argv, helper->envp);
failed:
	helper->failed = errno;
	_exit(127);
}

static pid_t spawn(struct systemd_helper *helper)
{
	const pid_t parent = getpid();
	sigset_t all, before;
	pid_t pid;

	/* a handler of ours must not run in the child, which shares our memory */
	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, &before) < 0)
		return -1;
	pid = vfork();
	if (pid == 0)
		run_helper(helper, parent);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* A good one shows its end; what else there is to read may be anything. */
static bool is_whole(const char *buf, size_t len)
{
	return len > sizeof(WIRE_OK) && memcmp(buf, WIRE_OK, sizeof(WIRE_OK)) == 0 &&
	       memchr(buf + sizeof(WIRE_OK), '\0', len - sizeof(WIRE_OK));
}

/** read_answer - until it is whole, or the end of file. Return: length; -ETIMEDOUT. */
static ssize_t read_answer(int fd, char *buf, size_t size)
{
	int64_t deadline = cgroup_now_ms() + (systemd_call_seconds + GRACE_SECONDS) * 1000LL;
	size_t len = 0;

	while (len < size && !is_whole(buf, len)) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - cgroup_now_ms();
		int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
		ssize_t n;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return ready < 0 ? -errno : -ETIMEDOUT;
		n = RETRY_EINTR(read(fd, buf + len, size - len));
		/* reset: it has ended and left a part of the request unread */
		if (n < 0 && errno != ECONNRESET)
			return -errno;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* ---- answer ---- */

static int take_answer(struct oci_arena *arena, const char *buf, size_t len, int status,
		       char **ret_answer, struct oci_error *err)
{
	const char *second = memchr(buf, '\0', len);
	const char *third;
	int64_t code;

	second = second ? second + 1 : NULL;
	/* the caller has put a NUL behind the last byte */
	if (second && strcmp(buf, WIRE_OK) == 0 && (size_t)(second - buf) < len) {
		*ret_answer = oci_arena_strdup(arena, second);
		return *ret_answer ? 0 : err_nomem(err);
	}
	third = second ? strchr(second, '\0') + 1 : NULL;
	if (second && strcmp(buf, WIRE_ERROR) == 0 && (size_t)(third - buf) < len &&
	    parse_i64(second, &code) == 0 && code > 0 && code < 4096)
		return err_set(err, (int)code, "%s", third);
	/* the loader's words: a library is missing */
	if (len > 0)
		return err_set(err, ENOTSUP, "cgroup manager systemd: %.*s",
			       (int)strcspn(buf, "\n"), buf);
	if (WIFSIGNALED(status))
		return err_set(err, EIO,
			       "cgroup manager systemd: " HELPER " was killed by signal %d",
			       WTERMSIG(status));
	return err_set(err, EIO,
		       "cgroup manager systemd: " HELPER " ended with status %d and no answer",
		       WEXITSTATUS(status));
}

/* ---- calls ---- */

int systemd_helper_start(struct oci_arena *arena, bool user_bus, struct systemd_helper **ret,
			 struct oci_error *err)
{
	struct systemd_helper *helper = oci_arena_alloc(arena, sizeof(*helper));
	const struct timeval limit = { .tv_sec = systemd_call_seconds };
	char path[PATH_MAX];
	int ends[2], r;

	if (!helper)
		return err_nomem(err);
	r = find_helper(path, err);
	if (r < 0)
		return r;
	helper->user_bus = user_bus;
	helper->path = oci_arena_strdup(arena, path);
	r = helper->path ? make_environment(arena, helper) : -ENOMEM;
	if (r == 0)
		r = make_arguments(arena, helper);
	if (r == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		r = -errno;
	if (r < 0)
		return err_sys(err, -r, "speak to %s", path);
	helper->socket = ends[0];
	helper->theirs = ends[1];
	(void)setsockopt(helper->socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	helper->pid = spawn(helper);
	r = helper->pid < 0 ? -errno : 0;
	fd_closep(&helper->theirs);
	if (r < 0) {
		fd_closep(&helper->socket);
		return err_sys(err, -r, "run %s", path);
	}
	*ret = helper;
	return 0;
}

void systemd_helper_end(struct systemd_helper *helper)
{
	if (!helper || helper->pid <= 0)
		return;
	(void)kill(helper->pid, SIGKILL);
	(void)RETRY_EINTR(waitpid(helper->pid, NULL, 0));
	helper->pid = 0;
	fd_closep(&helper->socket);
}

/* One that has ended already says why in its answer. */
static int send_text(const struct systemd_helper *helper, const char *text, size_t length)
{
	size_t at = 0;
	int r = 0;

	while (r == 0 && at < length) {
		ssize_t n = RETRY_EINTR(send(helper->socket, text + at, length - at, MSG_NOSIGNAL));

		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			break;
		if (n < 0)
			r = errno == EAGAIN ? -ETIMEDOUT : -errno;
		else
			at += (size_t)n;
	}
	return r;
}

void systemd_helper_tell(struct oci_arena *arena, struct systemd_helper *helper,
			 const struct systemd_call *call)
{
	size_t length;
	char *text;

	helper->asked = helper->failed ? -helper->failed
				       : systemd_request_text(arena, call, &text, &length);
	if (helper->asked == 0)
		helper->asked = send_text(helper, text, length);
}

void systemd_helper_ask(struct systemd_helper *helper, pid_t pid)
{
	char numbers[32];
	struct text text = { numbers, numbers, numbers + sizeof(numbers) };

	put_number(&text, pid > 0 ? 1 : 0);
	if (pid > 0)
		put_number(&text, (uint64_t)pid);
	if (helper->asked == 0)
		helper->asked = send_text(helper, numbers, (size_t)(text.at - numbers));
}

int systemd_helper_answer(struct oci_arena *arena, struct systemd_helper *helper, char **ret_answer,
			  struct oci_error *err)
{
	CLEANUP_FREE char *buf = malloc(WIRE_ANSWER_MAX + 1);
	ssize_t n = buf ? helper->asked : -ENOMEM;
	int status = 0;

	if (n == 0)
		n = read_answer(helper->socket, buf, WIRE_ANSWER_MAX);
	if (n < 0)
		(void)kill(helper->pid, SIGKILL);
	/* one that has answered is on its way out: systemd_helper_end */
	if (n < (ssize_t)sizeof(WIRE_OK) || memcmp(buf, WIRE_OK, sizeof(WIRE_OK)) != 0) {
		(void)RETRY_EINTR(waitpid(helper->pid, &status, 0));
		helper->pid = 0;
		fd_closep(&helper->socket);
	}
	if (helper->failed)
		return no_helper(helper->path, helper->failed, err);
	if (n < 0)
		return err_sys(err, (int)-n, "wait for the answer of %s", helper->path);
	buf[n] = '\0';
	return take_answer(arena, buf, (size_t)n, status, ret_answer, err);
}

int systemd_call(struct oci_arena *arena, const struct systemd_call *call, char **ret_answer,
		 struct oci_error *err)
{
	struct systemd_helper *helper;
	int r = systemd_helper_start(arena, call->user_bus, &helper, err);

	if (r < 0)
		return r;
	systemd_helper_tell(arena, helper, call);
	systemd_helper_ask(helper, call->pid);
	r = systemd_helper_answer(arena, helper, ret_answer, err);
	systemd_helper_end(helper);
	return r;
}
