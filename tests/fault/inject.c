/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inject.c - hurt create, start, run, exec and delete at each of their system calls, and see that nothing is left.
 *
 * inject RUNTIME WITNESS [--all] [--workers N] [--only VARIANT/VERB/TARGET] [--at N] [--error NAME] [--verbose]
 *
 * For every call of a verb, from its execve to its end, and of the process that it clones for the container, up to the
 * user's program: either SIGKILL at its entry, or the call fails with ENOMEM, EIO, EMFILE or ENOSPC. Then:
 *  - a command that failed has said one line, and (create) left nothing behind, not even for delete;
 *  - a command that succeeded all the same has made a container that describes itself exactly as an unhurt one does;
 *  - `delete --force` succeeds, and no process, mount, cgroup, namespace or file is left;
 *  - a second container with the same ID can be made, run and deleted.
 * Without --all each call is killed once and fails with one of the errnos, in turn; the variants
 * beside "full" take one action for each call. tests/fault/run builds and calls this.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scene.h"

#define CALLS_MAX 3000
#define EXEC_BATCH 24
#define FAILURES_SHOWN 60

struct job {
	enum variant variant;
	const char *verb;
	enum target target;
	bool whole; /* kill and an errno for each call, without --all too */
};

static const struct job jobs[] = {
	{ VARIANT_FULL, "create", TARGET_RUNTIME, true },
	{ VARIANT_FULL, "create", TARGET_CHILD, true },
	{ VARIANT_FULL, "run", TARGET_RUNTIME, true },
	{ VARIANT_FULL, "run", TARGET_CHILD, false },
	{ VARIANT_FULL, "start", TARGET_RUNTIME, true },
	{ VARIANT_FULL, "start", TARGET_CHILD, true },
	{ VARIANT_FULL, "exec", TARGET_RUNTIME, true },
	{ VARIANT_FULL, "exec", TARGET_CHILD, true },
	{ VARIANT_FULL, "delete-force", TARGET_RUNTIME, true },
	{ VARIANT_FULL, "delete", TARGET_RUNTIME, true },
	{ VARIANT_USER, "create", TARGET_RUNTIME, false },
	{ VARIANT_USER, "create", TARGET_CHILD, false },
	{ VARIANT_USER, "exec", TARGET_CHILD, false },
	{ VARIANT_TERMINAL, "create", TARGET_RUNTIME, false },
	{ VARIANT_TERMINAL, "create", TARGET_CHILD, false },
	{ VARIANT_TERMINAL, "exec", TARGET_CHILD, false },
	{ VARIANT_JOIN, "create", TARGET_RUNTIME, false },
	{ VARIANT_JOIN, "create", TARGET_CHILD, false },
	{ VARIANT_JOIN, "delete-force", TARGET_RUNTIME, false },
};

static const struct {
	int error;
	const char *name;
} actions[] = {
	{ 0, "SIGKILL" },     { ENOMEM, "ENOMEM" }, { EIO, "EIO" },
	{ EMFILE, "EMFILE" }, { ENOSPC, "ENOSPC" },
};

#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

struct options {
	const char *runtime;
	const char *witness;
	const char *only;
	int only_at;
	int only_error; /* -1: each */
	int workers;
	bool all;
	bool verbose;
};

struct counts {
	int passed, failed, skipped;
};

struct worker {
	const struct options *options;
	const struct job *job;
	struct scene scene;
	struct counts counts;
	int number;
};

/* ---- one injection ---- */

/* The life of an unhurt container; the second one with this ID. */
static void live_again(struct scene *s, struct verdict *v)
{
	struct verdict mine = { .len = 0 };

	scene_reset(s);
	if (scene_run(s, "create", false, &mine) && scene_run(s, "start", false, &mine)) {
		scene_wait(scene_pid(s));
		scene_check_picture(s, s->picture, &mine);
	}
	(void)scene_run(s, "delete-force", false, &mine);
	scene_forget_pid_file(s);
	scene_check_gone(s, "after the second life", &mine);
	if (mine.len)
		complain(v, "second life: %s", mine.text);
}

/* How the command ended, whatever it did. Return: has it succeeded? */
static bool check_end(struct scene *s, const struct injection *injection,
		      const struct traced *traced, struct verdict *v)
{
	char *said = scene_read(s->err);
	const char *newline = strchr(said, '\n');
	bool killed = injection->target == TARGET_RUNTIME && !injection->error;
	bool good = traced->status == 0;

	/* run and exec give the status of the program, also of one that was killed on the point of being executed */
	if (injection->target == TARGET_CHILD && !injection->error && !*said &&
	    WIFEXITED(traced->status) && WEXITSTATUS(traced->status) == 128 + SIGKILL)
		killed = true;

	if (traced->hung)
		complain(v, "hangs");
	else if (killed || (traced->loading && !good))
		; /* nobody was there to say anything, or only the C library */
	else if (WIFSIGNALED(traced->status))
		complain(v, "the runtime died of signal %d", WTERMSIG(traced->status));
	else if (good && *said)
		complain(v, "succeeds and says \"%s\"", said);
	else if (!good && (!newline || newline[1] || strncmp(said, "carte-runtime: ", 15)))
		complain(v, "ends with %d and says \"%s\"", WEXITSTATUS(traced->status), said);
	free(said);
	return good && !traced->hung;
}

static void tear_down(struct scene *s, bool keep_pid_file, struct verdict *v)
{
	(void)scene_run(s, "delete-force", false, v);
	if (keep_pid_file)
		scene_forget_pid_file(s);
	scene_check_gone(s, "after delete --force", v);
	scene_forget_pid_file(s);
}

static bool has_status(struct scene *s, const char *status, struct verdict *v)
{
	char *said = scene_run(s, "state", false, v) ? scene_read(s->out) : NULL;
	bool is = said && strstr(said, status);

	free(said);
	return is;
}

/*
 * @late: the process was hurt between the runtime's last word to it and its wait for `start`. It has ended, as
 * trace_run() waits for that, but create had nothing more to ask: a container that has stopped early, as if it had been
 * killed a moment later.
 */
static void after_create(struct scene *s, bool killed, bool good, bool whole, bool late,
			 struct verdict *v)
{
	if (good && late && has_status(s, "\"stopped\"", v)) {
		scene_reset(s);
	} else if (good) {
		if (!has_status(s, "\"created\"", v))
			complain(v, "the container is not created");
		if (scene_run(s, "start", false, v)) {
			scene_wait(scene_pid(s));
			scene_check_picture(s, s->picture, v);
		}
	} else if (!killed && !whole) {
		scene_check_gone(s, "after the failed command", v);
	}
	tear_down(s, good || killed, v);
	live_again(s, v);
}

static void after_run(struct scene *s, bool killed, bool good, struct verdict *v)
{
	if (good) {
		scene_check_picture(s, s->picture, v);
		scene_forget_pid_file(s);
		scene_check_gone(s, "after run", v);
	}
	tear_down(s, true, v);
	if (killed || !good)
		live_again(s, v);
}

static void after_start(struct scene *s, bool child_killed, bool good, struct verdict *v)
{
	if (good) {
		scene_wait(scene_pid(s));
		/* one that was killed on the point of execve says nothing, but its hooks have run */
		scene_check_picture(
			s, child_killed && !scene_has_words(s) ? "hooks prcsP\n" : s->picture, v);
	}
	tear_down(s, true, v);
}

static void after_delete(struct scene *s, bool good, struct verdict *v)
{
	scene_forget_pid_file(s);
	if (good)
		scene_check_gone(s, "after delete", v);
	tear_down(s, true, v);
}

/* The container has to be as good as before, for another exec. */
static void after_exec(struct scene *s, bool child_killed, bool killed, bool good,
		       struct verdict *v)
{
	if (good) {
		if (!scene_reap(s))
			complain(v, "the process does not end");
		/* one that was killed on the point of execve says nothing */
		if (!child_killed || scene_has_words(s))
			scene_check_picture(s, s->exec_picture, v);
	} else if (!scene_reap(s)) {
		complain(v, "a process is left in the container");
	}
	if (!good && !killed && scene_exec_pid(s))
		complain(v, "a pid file is left");
	scene_forget_pid_file(s);
	scene_reset(s);
	if (scene_run(s, "exec", false, v)) {
		(void)scene_reap(s);
		scene_check_picture(s, s->exec_picture, v);
	}
	scene_forget_pid_file(s);
}

static void report(struct worker *w, int at, size_t action, const struct traced *traced,
		   const struct verdict *v)
{
	char line[3000];
	int n;

	if (!v->len && !w->options->verbose)
		return;
	if (v->len && w->counts.failed > FAILURES_SHOWN)
		return;
	n = snprintf(line, sizeof(line), "%s: %s %s, %s, call %d %s, %s%s%s\n",
		     v->len            ? "FAIL"
		     : traced->skipped ? "skip"
				       : "ok",
		     variant_names[w->job->variant], w->job->verb,
		     w->job->target == TARGET_CHILD ? "child" : "runtime", at,
		     syscall_name(traced->nr), actions[action].name, v->len ? ": " : "", v->text);
	(void)!write(1, line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

/* What it does from its word that it is ready on. It does not mind that close(2) fails, and is created all the same. */
static bool may_be_late(long nr, bool killed)
{
	return nr == SYS_recvfrom || nr == SYS_accept4 || (nr == SYS_close && killed);
}

/* Return: was there a call with that number? */
static bool inject(struct worker *w, int at, size_t action)
{
	struct scene *s = &w->scene;
	const struct job *job = w->job;
	struct injection injection = { job->target, 0, at, actions[action].error, false };
	bool start = strcmp(job->verb, "start") == 0, delete = strcmp(job->verb, "delete") == 0;
	bool force = strcmp(job->verb, "delete-force") == 0, exec = strcmp(job->verb, "exec") == 0;
	struct verdict v = { .len = 0 };
	struct arguments a;
	struct traced traced;
	bool good, killed = !injection.error;

	scene_reset(s);
	if (start || delete || force)
		(void)scene_run(s, "create", force, &v);
	if (delete || force)
		(void)scene_run(s, "start", false, &v);
	if (delete)
		scene_wait(scene_pid(s));
	if (start && job->target == TARGET_CHILD)
		injection.attach = scene_pid(s);
	injection.outlives = job->target == TARGET_CHILD && strcmp(job->verb, "create") == 0;
	scene_arguments(s, job->verb, false, &a);
	trace_run(&a.command, &injection, &traced);
	good = check_end(s, &injection, &traced, &v);
	if (exec)
		after_exec(s, killed && job->target == TARGET_CHILD, killed, good, &v);
	else if (start)
		after_start(s, killed && job->target == TARGET_CHILD, good, &v);
	else if (delete || force)
		after_delete(s, good, &v);
	else if (strcmp(job->verb, "run") == 0)
		after_run(s, killed, good, &v);
	else
		after_create(s, killed && job->target == TARGET_RUNTIME, good, traced.loading,
			     job->target == TARGET_CHILD && may_be_late(traced.nr, killed), &v);
	if (!traced.reached && !v.len)
		return false;
	w->counts.failed += v.len > 0;
	w->counts.passed += !v.len && !traced.skipped;
	report(w, at, action, &traced, &v);
	return traced.reached;
}

/* ---- a job ---- */

static bool wanted(const struct worker *w, int at, size_t action)
{
	const struct options *o = w->options;

	if (o->only_at && o->only_at != at)
		return false;
	if (o->only_error >= 0)
		return actions[action].error == o->only_error;
	if (o->all || o->only_at)
		return true;
	if (!w->job->whole)
		return action == (size_t)at % ACTIONS;
	return action == 0 || action == 1 + (size_t)at % (ACTIONS - 1);
}

/* Return: false when the verb has no such call. */
static bool inject_each(struct worker *w, int at)
{
	bool reached = true;

	for (size_t action = 0; reached && action < ACTIONS; action++)
		if (wanted(w, at, action))
			reached = inject(w, at, action);
	return reached;
}

static bool is_mine(const struct worker *w, int at)
{
	return at % w->options->workers == w->number;
}

/*
 * Further processes are made in one container as long as all goes well. It is made by this process, while a child
 * of ours makes the processes: so whatever exec leaves outside comes to that child, and init to us.
 */
static int exec_batch(struct worker *w, int from)
{
	struct verdict v = { .len = 0 };
	struct worker before = *w;
	int to[2], at = from;
	pid_t pid;
	struct {
		struct counts counts;
		int at;
	} told = { w->counts, -1 };

	scene_reset(&w->scene);
	if (!scene_run(&w->scene, "run-detached", true, &v)) {
		printf("FAIL: exec: %s\n", v.text);
		exit(2);
	}
	scene_wait_words(&w->scene);
	if (pipe2(to, O_CLOEXEC) < 0 || fflush(stdout) || (pid = fork()) < 0)
		exit(2);
	if (pid == 0) {
		bool reached = true;

		(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
		scene_reset(&w->scene);
		for (int n = 0;
		     reached && n < EXEC_BATCH && w->counts.failed == before.counts.failed; at++)
			if (is_mine(w, at)) {
				reached = inject_each(w, at);
				n++;
			}
		told.counts = w->counts;
		told.at = reached && at < CALLS_MAX ? at : -1;
		(void)!write(to[1], &told, sizeof(told));
		_exit(0);
	}
	close(to[1]);
	(void)!read(to[0], &told, sizeof(told));
	close(to[0]);
	waitpid(pid, NULL, 0);
	w->counts = told.counts;
	tear_down(&w->scene, true, &v);
	if (v.len) {
		w->counts.failed++;
		printf("FAIL: %s exec, calls %d to %d: %s\n", variant_names[w->job->variant], from,
		       told.at, v.text);
	}
	return told.at;
}

/* What an unhurt container and an unhurt further process say. */
static void take_pictures(struct worker *w)
{
	struct scene *s = &w->scene;
	struct verdict v = { .len = 0 };

	scene_reset(s);
	if (scene_run(s, "create", false, &v) && scene_run(s, "start", false, &v))
		scene_wait(scene_pid(s));
	s->picture = scene_picture(s);
	(void)scene_run(s, "delete", false, &v);
	(void)scene_run(s, "run-detached", true, &v);
	scene_wait_words(s);
	free(scene_picture(s));
	scene_forget_pid_file(s);
	(void)scene_run(s, "exec", false, &v);
	scene_wait(scene_exec_pid(s));
	scene_wait_words(s);
	s->exec_picture = scene_picture(s);
	tear_down(s, true, &v);
	if (v.len || strlen(s->picture) < 1000) {
		printf("FAIL: %s, without any injection: %s\n%s\n", variant_names[w->job->variant],
		       v.text, s->picture);
		exit(2);
	}
}

static void run_job(struct worker *w, pid_t holder)
{
	bool exec = strcmp(w->job->verb, "exec") == 0;
	int at = 1;

	scene_open(&w->scene, w->options->runtime, w->options->witness, w->job->variant, holder,
		   w->number);
	take_pictures(w);
	if (w->options->only_at)
		at = w->options->only_at;
	while (at > 0 && at < CALLS_MAX) {
		if (exec)
			at = exec_batch(w, at);
		else if (is_mine(w, at) && !inject_each(w, at))
			break;
		else
			at++;
		if (w->options->only_at)
			break;
	}
	printf("%s %s, %s: worker %d up to call %d; so far %d passed, %d failed\n",
	       variant_names[w->job->variant], w->job->verb,
	       w->job->target == TARGET_CHILD ? "child" : "runtime", w->number, at,
	       w->counts.passed, w->counts.failed);
	fflush(stdout);
	scene_close(&w->scene);
}

/* ---- the program ---- */

static bool is_chosen(const struct options *o, const struct job *job)
{
	char name[64];

	snprintf(name, sizeof(name), "%s/%s/%s", variant_names[job->variant], job->verb,
		 job->target == TARGET_CHILD ? "child" : "runtime");
	return !o->only || strncmp(name, o->only, strlen(o->only)) == 0;
}

static void work(const struct options *o, int number, pid_t holder, int result)
{
	struct worker w = { .options = o, .number = number };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		w.job = &jobs[i];
		if (is_chosen(o, w.job))
			run_job(&w, holder);
	}
	(void)!write(result, &w.counts, sizeof(w.counts));
	exit(0);
}

/* Keeps a pid namespace; its own first process, so that it lasts. */
static pid_t start_holder(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, 0, 0, 0, 0);

	if (pid < 0) {
		perror("fault: clone");
		exit(2);
	}
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)signal(SIGCHLD, SIG_IGN);
		for (;;)
			pause();
	}
	return pid;
}

static void usage(void)
{
	fprintf(stderr,
		"usage: inject RUNTIME WITNESS [--all] [--workers N] [--only VARIANT/VERB/TARGET]\n"
		"       [--at N] [--error SIGKILL|ENOMEM|EIO|EMFILE|ENOSPC] [--verbose]\n");
	exit(2);
}

static void parse(int argc, char **argv, struct options *o)
{
	if (argc < 3)
		usage();
	*o = (struct options){ argv[1], argv[2], NULL, 0, -1, 2, false, false };
	for (int i = 3; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "--all") == 0) {
			o->all = true;
			continue;
		}
		if (strcmp(argv[i], "--verbose") == 0) {
			o->verbose = true;
			continue;
		}
		if (!value)
			usage();
		if (strcmp(argv[i], "--workers") == 0)
			o->workers = atoi(value);
		else if (strcmp(argv[i], "--only") == 0)
			o->only = value;
		else if (strcmp(argv[i], "--at") == 0)
			o->only_at = atoi(value);
		else if (strcmp(argv[i], "--error") == 0)
			for (size_t k = 0; k < ACTIONS; k++)
				o->only_error = strcmp(value, actions[k].name) == 0
							? actions[k].error
							: o->only_error;
		else
			usage();
		i++;
	}
	if (o->only_at || o->workers < 1)
		o->workers = 1;
}

int main(int argc, char **argv)
{
	struct counts total = { 0, 0, 0 };
	struct options o;
	int pipes[2];
	pid_t holder;

	parse(argc, argv, &o);
	if (geteuid() != 0) {
		fprintf(stderr, "inject: needs root\n");
		return 2;
	}
	/* as a job in the background of a shell has it: the containers have the defaults all the same */
	(void)signal(SIGQUIT, SIG_IGN);
	holder = start_holder();
	if (pipe2(pipes, O_CLOEXEC) < 0) {
		perror("inject: pipe");
		return 2;
	}
	for (int i = 0; i < o.workers; i++)
		if (fork() ==
		    0) /* the pipe is the worker's as long as it lives, and nobody else's */
			work(&o, i, holder, pipes[1]);
	close(pipes[1]);
	for (int i = 0; i < o.workers; i++) {
		struct counts counts = { 0, 1, 0 }; /* of a worker that died */

		(void)!read(pipes[0], &counts, sizeof(counts));
		total.passed += counts.passed;
		total.failed += counts.failed;
		total.skipped += counts.skipped;
	}
	kill(holder, SIGKILL);
	while (wait(NULL) > 0)
		;
	printf("%d passed, %d failed, %d skipped\n", total.passed, total.failed, total.skipped);
	return total.failed > 0 || total.passed == 0;
}
