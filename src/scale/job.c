/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job.c - posix_spawn (vfork: no copy of our page tables), pipes, a pidfd.
 *
 * A program is over when it has ended, not when its pipes are: what it leaves running (a container's init) may hold them.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/sys.h"
#include "base/sys_process.h"
#include "scale/job.h"
#include "scale/loop.h"

#define JOB_ERR_MAX 4096
#define DRAIN_READS 16 /* 256 KiB: more than a pipe holds */

struct job_stream {
	int fd; /* our end, -1: closed */
	struct loop_watch watch;
	char *text;
	size_t length, size, max;
};

struct job {
	struct job *next; /* of all that run */
	struct loop *loop;
	pid_t pid;
	int pidfd;
	struct loop_watch ended;
	struct loop_timer limit;
	struct job_stream out, err;
	bool timed_out;
	void (*done)(void *ctx, const struct job_result *result);
	void *ctx;
};

static struct job *jobs; /* one thread, few of them */

bool job_owns(pid_t pid)
{
	for (const struct job *job = jobs; job; job = job->next)
		if (job->pid == pid)
			return true;
	return false;
}

static void job_unlist(const struct job *job)
{
	struct job **place = &jobs;

	while (*place && *place != job)
		place = &(*place)->next;
	if (*place)
		*place = job->next;
}

static void stream_close(struct job_stream *stream)
{
	loop_watch_remove(&stream->watch);
	fd_closep(&stream->fd);
}

static void job_free(struct job *job)
{
	job_unlist(job);
	loop_watch_remove(&job->ended);
	loop_timer_cancel(&job->limit);
	stream_close(&job->out);
	stream_close(&job->err);
	fd_closep(&job->pidfd);
	free(job->out.text);
	free(job->err.text);
	free(job);
}

/* Of the errors the end is kept, of the output the beginning. */
static void stream_put(struct job_stream *stream, const char *data, size_t length, bool keep_end)
{
	if (length > stream->max) {
		if (keep_end)
			data += length - stream->max;
		length = stream->max;
	}
	if (stream->length + length > stream->max) {
		if (!keep_end) {
			length = stream->max - stream->length;
		} else {
			size_t cut = stream->length + length - stream->max;

			memmove(stream->text, stream->text + cut, stream->length - cut);
			stream->length -= cut;
		}
	}
	if (stream->length + length + 1 > stream->size) {
		size_t size = 2 * stream->size + length + 1 + 1024;
		char *grown = realloc(stream->text, size);

		if (!grown)
			return;
		stream->text = grown;
		stream->size = size;
	}
	memcpy(stream->text + stream->length, data, length);
	stream->length += length;
	stream->text[stream->length] = '\0';
}

static void stream_drain(struct job_stream *stream, bool keep_end)
{
	char buf[16384];
	ssize_t n;

	/* one that never stops writing does not stop the loop; what is left makes the fd ready again */
	for (unsigned i = 0; i < DRAIN_READS && stream->fd >= 0; i++) {
		n = read(stream->fd, buf, sizeof(buf));
		if (n > 0)
			stream_put(stream, buf, (size_t)n, keep_end);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			stream_close(stream);
		else if (errno == EAGAIN)
			return;
	}
}

static void out_ready(void *ctx, uint32_t events)
{
	(void)events;
	stream_drain(&((struct job *)ctx)->out, false);
}

static void err_ready(void *ctx, uint32_t events)
{
	(void)events;
	stream_drain(&((struct job *)ctx)->err, true);
}

static void job_ended(void *ctx, uint32_t events)
{
	struct job *job = ctx;
	struct job_result result = { .out = "", .err = "" };
	siginfo_t info = { 0 };

	(void)events;
	if (RETRY_EINTR(waitid(P_PIDFD, (id_t)job->pidfd, &info, WEXITED)) < 0)
		result.status = 127;
	else
		result.status = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
	stream_drain(&job->out, false);
	stream_drain(&job->err, true);
	/* from here on its number may be another's */
	job_unlist(job);
	if (job->out.text) {
		result.out = job->out.text;
		result.out_length = job->out.length;
	}
	if (job->err.text) {
		while (job->err.length > 0 && job->err.text[job->err.length - 1] == '\n')
			job->err.text[--job->err.length] = '\0';
		result.err = job->err.text;
	}
	result.timed_out = job->timed_out;
	job->done(job->ctx, &result);
	job_free(job);
}

static void job_kill(struct job *job)
{
	(void)kill(-job->pid, SIGKILL);
}

static void job_late(void *ctx)
{
	struct job *job = ctx;

	job->timed_out = true;
	job_kill(job);
}

pid_t job_pid(const struct job *job)
{
	return job->pid;
}

void job_cancel(struct job *job)
{
	job_kill(job);
	(void)RETRY_EINTR(waitid(P_PIDFD, (id_t)job->pidfd, NULL, WEXITED));
	job_free(job);
}

static int stream_pipe(struct job_stream *stream, int handed, int *ret_child)
{
	int fds[2];

	stream->fd = -1;
	if (handed >= 0) {
		*ret_child = handed;
		return 0;
	}
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	stream->fd = fds[0];
	*ret_child = fds[1];
	return fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

/* A pipe holds 64 KiB without a reader: no watch is needed to fill it. */
static int input_pipe(const struct job_spec *spec, int *ret)
{
	CLEANUP_CLOSE int in = -1;
	CLEANUP_CLOSE int out = -1;
	int fds[2];

	if (!spec->input) {
		*ret = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return *ret < 0 ? -errno : 0;
	}
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	in = fds[0];
	out = fds[1];
	if (fcntl(out, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	if (write(out, spec->input, spec->input_length) != (ssize_t)spec->input_length)
		return -E2BIG;
	*ret = TAKE_FD(in);
	return 0;
}

static int spawn(const struct job_spec *spec, const int fds[3], pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int r;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	r = posix_spawn_file_actions_init(&actions);
	if (r != 0)
		return -r;
	r = posix_spawnattr_init(&attr);
	if (r != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return -r;
	}
	for (int i = 0; i < 3 && r == 0; i++)
		r = posix_spawn_file_actions_adddup2(&actions, fds[i], i);
	if (r == 0)
		r = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
							    POSIX_SPAWN_SETSIGDEF);
	if (r == 0)
		r = posix_spawnattr_setsigmask(&attr, &none);
	if (r == 0)
		r = posix_spawnattr_setsigdefault(&attr, &all);
	if (r == 0)
		r = posix_spawn(ret, spec->argv[0], &actions, &attr, (char *const *)spec->argv,
				spec->env ? (char *const *)spec->env : environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int job_watch(struct job *job, const struct job_spec *spec)
{
	int r = loop_watch_add(job->loop, &job->ended, job->pidfd, EPOLLIN, job_ended, job);

	if (r == 0 && job->out.fd >= 0)
		r = loop_watch_add(job->loop, &job->out.watch, job->out.fd, EPOLLIN, out_ready,
				   job);
	if (r == 0 && job->err.fd >= 0)
		r = loop_watch_add(job->loop, &job->err.watch, job->err.fd, EPOLLIN, err_ready,
				   job);
	if (r == 0 && spec->timeout_ms >= 0)
		r = loop_timer_set(job->loop, &job->limit, spec->timeout_ms, job_late, job);
	return r;
}

static int job_spawn(struct job *job, const struct job_spec *spec)
{
	int fds[3] = { -1, -1, -1 };
	int r = input_pipe(spec, &fds[0]);

	if (r == 0)
		r = stream_pipe(&job->out, spec->stdout_fd, &fds[1]);
	if (r == 0)
		r = stream_pipe(&job->err, spec->stderr_fd, &fds[2]);
	if (r == 0)
		r = spawn(spec, fds, &job->pid);
	fd_closep(&fds[0]);
	if (spec->stdout_fd < 0)
		fd_closep(&fds[1]);
	if (spec->stderr_fd < 0)
		fd_closep(&fds[2]);
	return r;
}

int job_start(struct loop *loop, const struct job_spec *spec,
	      void (*done)(void *ctx, const struct job_result *result), void *ctx, struct job **ret,
	      struct oci_error *err)
{
	struct job *job = calloc(1, sizeof(*job));
	int r;

	if (!job)
		return err_nomem(err);
	job->loop = loop;
	job->pidfd = job->out.fd = job->err.fd = -1;
	job->out.max = JOB_OUTPUT_MAX;
	job->err.max = JOB_ERR_MAX;
	job->done = done;
	job->ctx = ctx;
	r = job_spawn(job, spec);
	if (r < 0) {
		job_free(job);
		return err_sys(err, -r, "run %s", spec->argv[0]);
	}
	job->pidfd = sys_pidfd_open(job->pid, 0);
	r = job->pidfd < 0 ? job->pidfd : job_watch(job, spec);
	if (r < 0) {
		job_kill(job);
		(void)RETRY_EINTR(waitpid(job->pid, NULL, 0));
		job_free(job);
		return err_sys(err, -r, "wait for %s", spec->argv[0]);
	}
	job->next = jobs;
	jobs = job;
	if (ret)
		*ret = job;
	return 0;
}
