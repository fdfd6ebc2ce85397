/* SPDX-License-Identifier: Apache-2.0 */
/*
 * foreground.c - run, pass signals on, report the end.
 *
 * What must hold: the supervisor learns the end even when we are told to go; only SIGKILL keeps it from that, and then it sees for itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "cli/common.h"
#include "cli/foreground.h"
#include "cli/start.h"
#include "cli/user.h"

extern char **environ;

#define STATUS_NOT_STARTED 125
#define STATUS_NOT_RUNNABLE 126
#define STATUS_NOT_FOUND 127

static const int forwarded[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2,
				 SIGALRM, SIGCONT, SIGIO,   SIGPWR,  SIGWINCH };

static void waited_signals(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_LEN(forwarded); i++)
		sigaddset(set, forwarded[i]);
	sigaddset(set, SIGCHLD);
}

/* The terminal sends ^C and its size to all of the foreground's processes: only what somebody sent to us is passed on. */
static int wait_child(pid_t pid, const sigset_t *set)
{
	siginfo_t info;
	int status;

	for (;;) {
		if (sigwaitinfo(set, &info) < 0)
			continue;
		if (info.si_signo != SIGCHLD) {
			if (info.si_code <= 0)
				(void)kill(pid, info.si_signo);
			continue;
		}
		if (waitpid(pid, &status, WNOHANG) == pid && !WIFSTOPPED(status))
			return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
}

static int spawn_runtime(const char *const *argv, int input, const sigset_t *before,
			 struct oci_error *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t defaults;
	pid_t pid = -1;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return err_sys(err, r, "run %s", argv[0]);
	r = posix_spawnattr_init(&attr);
	if (r == 0) {
		sigemptyset(&defaults);
		sigaddset(&defaults, SIGPIPE);
		(void)posix_spawnattr_setflags(&attr,
					       POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
		(void)posix_spawnattr_setsigdefault(&attr, &defaults);
		(void)posix_spawnattr_setsigmask(&attr, before);
		if (input >= 0)
			r = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
		if (r == 0)
			r = posix_spawn(&pid, argv[0], &actions, &attr, (char *const *)argv,
					environ);
		(void)posix_spawnattr_destroy(&attr);
	}
	(void)posix_spawn_file_actions_destroy(&actions);
	return r ? err_sys(err, r, "run %s", argv[0]) : (int)pid;
}

/* The runtime's log has a line only when it failed itself; its exit status may be any. */
static int status_of(int status, int log)
{
	char text[4096];
	ssize_t n = pread(log, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return status;
	text[n] = '\0';
	if (!strstr(text, "exec: "))
		return STATUS_NOT_STARTED;
	if (strstr(text, "no such file") || strstr(text, "not found"))
		return STATUS_NOT_FOUND;
	return STATUS_NOT_RUNNABLE;
}

static void report(const char *id, int status)
{
	char body[32];
	struct oci_error err = OCI_ERROR_INIT;

	snprintf(body, sizeof(body), "{\"status\":%d}", status);
	/* a supervisor that is gone finds out when it is back */
	(void)client_post(body, NULL, &err, "/v1/containers/%s/finished", id);
}

int foreground_run(yajl_val answer, bool input, bool tty, struct oci_error *err)
{
	const char *id = json_text(answer, "id");
	char runtime[PATH_MAX], log_path[64];
	CLEANUP_CLOSE int log = memfd_create("log", MFD_CLOEXEC);
	CLEANUP_CLOSE int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const char *const argv[] = {
		runtime,        "--root", json_text(answer, "runtimeRoot"), "--log", log_path,
		"--log-format", "json",
	};
	const char *const verb[] = { "run", "--bundle", json_text(answer, "bundle"), id };
	CLEANUP_WORDS struct words words = { 0 };
	sigset_t set, before;
	int r = container_runtime(answer, runtime, err), status;

	if (r < 0)
		return r;
	if (log < 0 || null < 0)
		return err_sys(err, errno, "run in the foreground");
	snprintf(log_path, sizeof(log_path), "/proc/%d/fd/%d", (int)getpid(), log);
	waited_signals(&set);
	if (sigprocmask(SIG_BLOCK, &set, &before) < 0)
		return err_sys(err, errno, "block signals");
	(void)fflush(stdout);
	words_add_list(&words, argv, ARRAY_LEN(argv));
	if (json_bool(answer, "systemdCgroup"))
		words_add(&words, "--systemd-cgroup");
	words_add_list(&words, verb, ARRAY_LEN(verb));
	r = words_end(&words, err);
	if (r == 0)
		r = spawn_runtime(words.items, input || tty ? -1 : null, &before, err);
	if (r < 0) {
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		report(id, STATUS_NOT_STARTED);
		return r;
	}
	status = status_of(wait_child((pid_t)r, &set), log);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	report(id, status);
	return status;
}
