/* SPDX-License-Identifier: Apache-2.0 */
/*
 * probe.c - health of one replica: timers, and one attempt at a time.
 *
 * Docker's meaning of interval, retries and start period, with one difference: until it has once succeeded a replica is asked every
 * start_interval, so that it is ready soon after it answers, while its failures count once per interval, and not at all
 * during the start period.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "scale/fetch.h"
#include "scale/job.h"
#include "scale/probe.h"

#define WORDS_MAX 240
#define GIVE_UP_MS 2000 /* for a runtime to end once what it ran in the container was killed */

struct probe {
	struct loop *loop;
	struct probe_target
		target; /* a copy: a new document may replace the service while it runs */
	struct spec_probe spec;
	struct oci_arena arena;
	const char **argv; /* exec */
	int64_t interval, timeout, start_interval, retries;
	int64_t counted_at; /* when a failure counted last; at first the end of the start period */
	int64_t failures;   /* in a row */
	enum probe_health health;
	struct loop_timer next, limit;
	struct job *job;
	bool late; /* the job's time was up */
	struct fetch *fetch;
	void (*changed)(void *ctx, enum probe_health health, const char *words);
	void *ctx;
};

static void attempt(void *ctx);

/* ---- what an attempt means -------------------------------------------------------------------------------------------- */

static void plan_next(struct probe *probe)
{
	/* a timer that is set has its memory: it cannot fail again */
	(void)loop_timer_set(probe->loop, &probe->next,
			     probe->health == PROBE_STARTING ? probe->start_interval
							     : probe->interval,
			     attempt, probe);
}

/* The last thing that is done: the supervisor may stop the probe in its answer. */
static void succeeded(struct probe *probe)
{
	bool news = probe->health != PROBE_HEALTHY;

	probe->health = PROBE_HEALTHY;
	probe->failures = 0;
	plan_next(probe);
	if (news)
		probe->changed(probe->ctx, PROBE_HEALTHY, "");
}

static void failed(struct probe *probe, const char *words)
{
	int64_t now = loop_now(probe->loop);

	if (probe->health != PROBE_STARTING || now - probe->counted_at >= probe->interval) {
		probe->counted_at = now;
		probe->failures++;
	}
	if (probe->failures >= probe->retries)
		probe->health = PROBE_UNHEALTHY;
	plan_next(probe);
	probe->changed(probe->ctx, probe->health, words);
}

/* ---- attempts --------------------------------------------------------------------------------------------------------- */

static const char *last_line(const char *text, char buf[WORDS_MAX])
{
	size_t end = strlen(text), begin;

	while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == '\r'))
		end--;
	begin = end;
	while (begin > 0 && text[begin - 1] != '\n')
		begin--;
	(void)snprintf(buf, WORDS_MAX, "%.*s", (int)(end - begin > 160 ? 160 : end - begin),
		       text + begin);
	/* of the container: nothing that moves a terminal's cursor */
	for (char *p = buf; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	return buf;
}

/*
 * What runs in the container has a session of its own: it would outlive the runtime that was killed. It is the runtime's child,
 * so its number is good as long as the runtime has not reaped it (proc(5), CONFIG_PROC_CHILDREN).
 */
static void kill_inside(const struct probe *probe)
{
	char path[64], text[256], *rest = text, *word;
	pid_t pid = job_pid(probe->job);
	int64_t child;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	if (io_read_small(AT_FDCWD, path, text, sizeof(text)) < 0)
		return;
	while ((word = strsep(&rest, " ")))
		if (parse_i64(word, &child) == 0 && child > 1)
			(void)kill((pid_t)child, SIGKILL);
}

static void exec_late(void *ctx)
{
	struct probe *probe = ctx;

	probe->late = true;
	kill_inside(probe);
}

static void exec_done(void *ctx, const struct job_result *result)
{
	struct probe *probe = ctx;
	char words[WORDS_MAX + 64], line[WORDS_MAX];

	probe->job = NULL;
	loop_timer_cancel(&probe->limit);
	if (result->status == 0 && !probe->late) {
		succeeded(probe);
		return;
	}
	if (probe->late || result->timed_out) {
		(void)snprintf(words, sizeof(words), "the health check did not end in %lld ms",
			       (long long)probe->timeout);
	} else {
		(void)last_line(*result->err ? result->err : result->out, line);
		(void)snprintf(words, sizeof(words), "the health check ended with status %d%s%s",
			       result->status, *line ? ": " : "", line);
	}
	failed(probe, words);
}

static void fetch_done(void *ctx, int status, const char *body, size_t length)
{
	struct probe *probe = ctx;
	const struct spec_probe *spec = &probe->spec;
	char words[WORDS_MAX];

	(void)body;
	(void)length;
	probe->fetch = NULL;
	if (status == 0 || (status >= 200 && status < 400)) {
		succeeded(probe);
		return;
	}
	if (status == -ETIMEDOUT)
		(void)snprintf(words, sizeof(words), "port %u did not answer in %lld ms",
			       spec->port, (long long)probe->timeout);
	else if (status == -EPROTO)
		(void)snprintf(words, sizeof(words), "port %u answered, but not as HTTP",
			       spec->port);
	else if (status < 0)
		(void)snprintf(words, sizeof(words), "port %u: %s", spec->port, strerror(-status));
	else
		(void)snprintf(words, sizeof(words), "%.100s on port %u answered with status %d",
			       spec->path ? spec->path : "/", spec->port, status);
	failed(probe, words);
}

static int attempt_exec(struct probe *probe, struct oci_error *err)
{
	const struct job_spec spec = { .argv = probe->argv,
				       .stdout_fd = -1,
				       .stderr_fd = -1,
				       .timeout_ms = probe->timeout + GIVE_UP_MS };
	int r;

	probe->late = false;
	r = loop_timer_set(probe->loop, &probe->limit, probe->timeout, exec_late, probe);
	if (r < 0)
		return err_nomem(err);
	r = job_start(probe->loop, &spec, exec_done, probe, &probe->job, err);
	if (r < 0)
		loop_timer_cancel(&probe->limit);
	return r;
}

static int attempt_fetch(struct probe *probe, struct oci_error *err)
{
	const struct spec_probe *spec = &probe->spec;
	const struct fetch_request request = {
		.address = probe->target.address,
		.port = spec->port,
		.path = spec->kind == SPEC_PROBE_TCP ? NULL
			: spec->path                 ? spec->path
						     : "/",
		.netns = probe->target.netns,
		.head_only = true,
		.timeout_ms = probe->timeout,
	};

	return fetch_open(probe->loop, &request, fetch_done, probe, &probe->fetch, err);
}

static void attempt(void *ctx)
{
	struct probe *probe = ctx;
	struct oci_error err = OCI_ERROR_INIT;
	int r = probe->spec.kind == SPEC_PROBE_EXEC ? attempt_exec(probe, &err)
						    : attempt_fetch(probe, &err);

	if (r < 0)
		failed(probe, err.message);
}

/* ---- making ----------------------------------------------------------------------------------------------------------- */

static int64_t given(int64_t value, int64_t otherwise)
{
	return value > 0 ? value : otherwise;
}

static int copy_text(struct probe *probe, const char **slot)
{
	if (*slot)
		*slot = oci_arena_strdup(&probe->arena, *slot);
	return *slot ? 0 : -ENOMEM;
}

static int copy_command(struct probe *probe)
{
	const struct probe_target *target = &probe->target;
	const char *fixed[] = { target->runtime, "--root", target->runtime_root, "exec",
				target->id };
	const struct strings *command = &probe->spec.command;
	size_t n = ARRAY_LEN(fixed);
	int r = 0;

	probe->argv = oci_arena_array(&probe->arena, n + command->len + 1, sizeof(*probe->argv));
	if (!probe->argv)
		return -ENOMEM;
	memcpy(probe->argv, fixed, sizeof(fixed));
	if (command->len)
		memcpy(probe->argv + n, command->items, command->len * sizeof(*probe->argv));
	for (size_t i = 0; r == 0 && i < n + command->len; i++)
		r = copy_text(probe, &probe->argv[i]);
	return r;
}

static int copy_target(struct probe *probe, const struct probe_target *target)
{
	int r = 0;

	probe->target = *target;
	probe->spec = *target->spec;
	if (probe->target.netns)
		r = copy_text(probe, &probe->target.netns);
	if (r == 0 && probe->spec.path)
		r = copy_text(probe, &probe->spec.path);
	if (r == 0 && probe->spec.kind == SPEC_PROBE_EXEC)
		r = copy_command(probe);
	return r;
}

static int check(const struct spec_probe *spec, struct oci_error *err)
{
	switch (spec->kind) {
	case SPEC_PROBE_EXEC:
		return spec->command.len ? 0
					 : err_set(err, EINVAL, "the health check has no command");
	case SPEC_PROBE_HTTP:
	case SPEC_PROBE_TCP:
		return spec->port ? 0 : err_set(err, EINVAL, "the health check has no port");
	default:
		return err_set(err, EINVAL, "there is no health check to make");
	}
}

int probe_start(struct loop *loop, const struct probe_target *target,
		void (*changed)(void *ctx, enum probe_health health, const char *words), void *ctx,
		struct probe **ret, struct oci_error *err)
{
	const struct spec_probe *spec = target->spec;
	int r = check(spec, err);
	struct probe *probe;

	if (r < 0)
		return r;
	probe = calloc(1, sizeof(*probe));
	if (!probe)
		return err_nomem(err);
	probe->loop = loop;
	probe->changed = changed;
	probe->ctx = ctx;
	probe->health = PROBE_STARTING;
	probe->interval = given(spec->interval_ms, 30000);
	probe->timeout = given(spec->timeout_ms, 30000);
	probe->retries = given(spec->retries, 3);
	probe->start_interval = given(spec->start_interval_ms, 250);
	if (probe->start_interval > probe->interval)
		probe->start_interval = probe->interval;
	probe->counted_at = loop_now(loop) + given(spec->start_period_ms, 0);
	if (copy_target(probe, target) < 0 ||
	    loop_timer_set(loop, &probe->next, 0, attempt, probe) < 0) {
		probe_stop(probe);
		return err_nomem(err);
	}
	*ret = probe;
	return 0;
}

void probe_stop(struct probe *probe)
{
	if (!probe)
		return;
	loop_timer_cancel(&probe->next);
	loop_timer_cancel(&probe->limit);
	if (probe->job) {
		kill_inside(probe);
		job_cancel(probe->job);
	}
	fetch_cancel(probe->fetch);
	oci_arena_free(&probe->arena);
	free(probe);
}
