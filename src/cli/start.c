/* SPDX-License-Identifier: Apache-2.0 */
/*
 * start.c - programs are found by absolute paths and run with our environment.
 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/program.h"
#include "cli/start.h"

extern char **environ;

/* ---- words -------------------------------------------------------------------------------------------------------- */

void words_add(struct words *words, const char *word)
{
	if (words->len + 2 > words->room) {
		size_t room = words->room ? words->room * 2 : 32;
		const char **items = reallocarray(words->items, room, sizeof(*items));

		if (!items) {
			words->failed = 1;
			return;
		}
		words->items = items;
		words->room = room;
	}
	words->items[words->len++] = word;
	words->items[words->len] = NULL;
}

void words_add_option(struct words *words, const char *option, const char *value)
{
	if (!value)
		return;
	words_add(words, option);
	words_add(words, value);
}

void words_add_list(struct words *words, const char *const *items, size_t len)
{
	for (size_t i = 0; i < len; i++)
		words_add(words, items[i]);
}

int words_end(struct words *words, struct oci_error *err)
{
	return words->failed || !words->items ? err_nomem(err) : 0;
}

void words_freep(struct words *words)
{
	mem_freep(&words->items);
}

/* ---- where -------------------------------------------------------------------------------------------------------- */

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* The build tree has the converter in its own folder. */
static bool found_in(const char *folder, const char *name, char ret[PATH_MAX])
{
	if (snprintf(ret, PATH_MAX, "%s/%s", folder, name) < PATH_MAX && is_program(ret))
		return true;
	return snprintf(ret, PATH_MAX, "%s/%s/%s", folder, name, name) < PATH_MAX &&
	       is_program(ret);
}

int start_find(const char *name, char ret[PATH_MAX], struct oci_error *err)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = '\0';
		*strrchr(self, '/') = '\0';
		if (found_in(self, name, ret))
			return 0;
	}
	if (found_in(BINDIR, name, ret) || (program_find(name, ret) == 0 && is_program(ret)))
		return 0;
	return err_set(err, ENOENT, "%s is needed and was found neither beside carte nor by PATH",
		       name);
}

/* ---- running ------------------------------------------------------------------------------------------------------ */

struct streams {
	int in, out, err; /* -1: ours */
};

/* pid or -errno. SIGPIPE, which we ignore, means to the other program what it always does. */
static int spawn(const char *const *argv, const struct streams *streams, struct oci_error *err)
{
	const int from[] = { streams->in, streams->out, streams->err };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t defaults;
	pid_t pid = -1;
	int r;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return err_sys(err, r, "run %s", argv[0]);
	r = posix_spawnattr_init(&attr);
	if (r != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return err_sys(err, r, "run %s", argv[0]);
	}
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	(void)posix_spawnattr_setsigdefault(&attr, &defaults);
	for (int i = 0; r == 0 && i < 3; i++)
		if (from[i] >= 0)
			r = posix_spawn_file_actions_adddup2(&actions, from[i], i);
	if (r == 0)
		r = posix_spawn(&pid, argv[0], &actions, &attr, (char *const *)argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attr);
	return r ? err_sys(err, r, "run %s", argv[0]) : (int)pid;
}

static int reap(pid_t pid, struct oci_error *err)
{
	int status = 0;

	if (RETRY_EINTR(waitpid(pid, &status, 0)) < 0)
		return err_sys(err, errno, "wait for a program");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int start_as(const char *program, const char *const *argv, struct oci_error *err)
{
	(void)fflush(stdout);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)execv(program, (char *const *)argv);
	return err_sys(err, errno, "run %s", program);
}

int start_instead(const char *const *argv, struct oci_error *err)
{
	return start_as(argv[0], argv, err);
}

int start_wait(const char *const *argv, struct oci_error *err)
{
	const struct streams streams = { -1, -1, -1 };
	int pid;

	(void)fflush(stdout);
	pid = spawn(argv, &streams, err);
	return pid < 0 ? pid : reap(pid, err);
}

static int read_stream(int fd, size_t limit, char **ret, struct oci_error *err)
{
	CLEANUP_FREE char *text = malloc(limit + 1);
	size_t used = 0;
	ssize_t n = 1;

	if (!text)
		return err_nomem(err);
	while (n > 0 && used < limit) {
		n = RETRY_EINTR(read(fd, text + used, limit - used));
		used += n > 0 ? (size_t)n : 0;
	}
	text[used] = '\0';
	*ret = TAKE_PTR(text);
	return 0;
}

int start_collect(const char *const *argv, bool quiet, size_t limit, char **ret,
		  struct oci_error *err)
{
	CLEANUP_CLOSE int out = -1, in = -1;
	CLEANUP_CLOSE int null = quiet ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
	int fds[2], pid, r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, errno, "pipe");
	out = fds[0];
	in = fds[1];
	pid = spawn(argv, &(struct streams){ -1, in, null }, err);
	if (pid < 0)
		return pid;
	fd_closep(&in);
	r = read_stream(out, limit, ret, err);
	fd_closep(&out);
	if (r < 0) {
		(void)reap(pid, NULL);
		return r;
	}
	return reap(pid, err);
}

int start_feed(const char *const *argv, const char *input, bool quiet, struct oci_error *err)
{
	CLEANUP_CLOSE int null = quiet ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
	CLEANUP_CLOSE int fd = memfd_create("input", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : io_write_all(fd, input, strlen(input));

	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	if (r < 0)
		return err_sys(err, -r, "input of %s", argv[0]);
	(void)fflush(stdout);
	r = spawn(argv, &(struct streams){ fd, null, -1 }, err);
	return r < 0 ? r : reap(r, err);
}

/* ---- the supervisor ----------------------------------------------------------------------------------------------- */

static void last_line(int fd, char *buf, size_t size)
{
	ssize_t n = pread(fd, buf, size - 1, 0);
	char *line;

	buf[n > 0 ? n : 0] = '\0';
	while (n > 0 && buf[n - 1] == '\n')
		buf[--n] = '\0';
	line = strrchr(buf, '\n');
	if (line)
		memmove(buf, line + 1, strlen(line));
}

int start_supervisor(struct oci_error *err)
{
	char program[PATH_MAX], words[512];
	const char *const argv[] = { program, "serve", "--daemon", NULL };
	/* it stays, so nothing of ours may stay open in it */
	CLEANUP_CLOSE int errors = memfd_create("errors", MFD_CLOEXEC);
	CLEANUP_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int r = start_find("carte-scale", program, err);

	if (r < 0)
		return r;
	if (errors < 0 || null < 0)
		return err_sys(err, errno, "start the supervisor");
	r = spawn(argv, &(struct streams){ null, null, errors }, err);
	if (r >= 0)
		r = reap(r, err);
	if (r <= 0)
		return r;
	last_line(errors, words, sizeof(words));
	return err_set_as(err, r == ERR_DAMAGED ? ERR_DAMAGED : ERR_FAILED, EIO,
			  "start the supervisor: %s",
			  words[0] ? words : "it ended and says nothing");
}
