/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stress.c - many commands at once, on different containers and on the same.
 *
 * stress RUNTIME WITNESS [--workers N] [--rounds N] [--only PHASE]
 *
 * Whatever the order, a command either does its work or says why not in one of few known lines; of several `start`
 * of one container exactly one wins; `delete --force` always succeeds; what `state` and `list` print is
 * whole at any moment; and in the end nothing is left. tests/fault/parallel builds and calls this.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bundle.h"
#include "scene.h"

#define WORKERS_MAX 256
#define IDS_SHARED 4
#define POLLERS 2
#define RACERS 16

static struct scene scene;
static int workers = 64, rounds = 8;
static int passed, failed;

/* ---- one command ---- */

struct said {
	int status; /* of waitpid */
	char out[8192];
	char err[1024];
};

static int own_out = -1, own_err = -1;

/* Each process has files of its own for what its commands say. */
static void own_files(void)
{
	own_out = memfd_create("out", MFD_CLOEXEC);
	own_err = memfd_create("err", MFD_CLOEXEC);
}

static void take(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	(void)!ftruncate(fd, 0);
	(void)lseek(fd, 0, SEEK_SET);
}

static pid_t launch(const char *id, const char *verb, int out, int err)
{
	static char *environment[] = { (char *)"PATH=/usr/bin:/bin", NULL };
	char root[96], bundle[96];
	char *argv[12] = { (char *)scene.runtime, (char *)"--root", root };
	size_t n = 3;
	bool makes = strcmp(verb, "create") == 0 || strcmp(verb, "run") == 0;
	bool hangs = strcmp(verb, "create-hang") == 0 || strcmp(verb, "run-hang") == 0;
	struct command command;

	snprintf(root, sizeof(root), "%s/root", scene.work);
	snprintf(bundle, sizeof(bundle), "%s/%s", scene.work, hangs ? "hang" : "pause");
	argv[n++] = (char *)(strncmp(verb, "create", 6) == 0   ? "create"
			     : strncmp(verb, "run", 3) == 0    ? "run"
			     : strncmp(verb, "delete", 6) == 0 ? "delete"
							       : verb);
	if (strcmp(verb, "delete-force") == 0)
		argv[n++] = (char *)"--force";
	if (strcmp(verb, "list") == 0) {
		argv[n++] = (char *)"--format";
		argv[n++] = (char *)"json";
	} else {
		if (makes || hangs) {
			argv[n++] = (char *)"--bundle";
			argv[n++] = bundle;
		}
		argv[n++] = (char *)id;
	}
	if (strcmp(verb, "kill") == 0)
		argv[n++] = (char *)"KILL";
	if (strcmp(verb, "exec") == 0) {
		argv[n++] = (char *)"/bin/witness";
		argv[n++] = (char *)"once";
	}
	command = (struct command){ argv, environment, scene.null, out, err };
	return command_start(&command, -1);
}

static void call(const char *id, const char *verb, struct said *ret)
{
	/* init has our stdout for as long as it lives, and would write its picture into our answers */
	bool keeps = strcmp(verb, "create") == 0 || strcmp(verb, "run") == 0;
	pid_t pid = launch(id, verb, keeps ? scene.null : own_out, own_err);

	ret->status = -1;
	while (waitpid(pid, &ret->status, 0) < 0 && errno == EINTR)
		if (alarm_rang())
			kill(pid, SIGKILL);
	take(own_out, ret->out, sizeof(ret->out));
	take(own_err, ret->err, sizeof(ret->err));
}

/* ---- what may be said ---- */

static const struct {
	const char *verb, *words;
} known[] = {
	{ "create", "container with given ID already exists" },
	{ "start", "container does not exist" },
	{ "start", "cannot start a container that has stopped" },
	{ "start", "cannot start a container in the creating state" },
	{ "start", "cannot start a container in the running state" },
	{ "start", "cannot start: the container is not waiting for it" },
	{ "start", "the container's process ended in the startContainer hooks" },
	{ "kill", "container does not exist" },
	{ "kill", "container not running" },
	{ "delete", "container does not exist" },
	{ "delete", "cannot delete a container that is not stopped: running" },
	{ "delete", "cannot delete a container that is not stopped: creating" },
	{ "state", "container does not exist" },
	{ "exec", "container does not exist" },
	{ "exec", "container not running" },
	{ "exec", "cannot exec in a stopped container: container not running" },
	{ "exec", "cannot exec in a creating container: container not running" },
};

static bool is_known(const char *verb, const char *id, const char *err)
{
	char line[512];

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		snprintf(line, sizeof(line), "carte-runtime: %s '%s': %s\n", known[i].verb, id,
			 known[i].words);
		if (strcmp(verb, known[i].verb) == 0 && strcmp(line, err) == 0)
			return true;
	}
	return false;
}

/* The document is whole, and says one of the five words. */
static bool is_state(const char *id, const char *out)
{
	static const char *const statuses[] = { "creating", "created", "running", "stopped",
						"paused" };
	size_t len = strlen(out);
	char text[128];

	snprintf(text, sizeof(text), "\"id\": \"%s\"", id);
	if (len < 50 || out[0] != '{' || strcmp(out + len - 2, "}\n") != 0 || !strstr(out, text))
		return false;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		snprintf(text, sizeof(text), "\"status\": \"%s\"", statuses[i]);
		if (strstr(out, text))
			return true;
	}
	return false;
}

static void tell(bool good, const char *format, const char *a, const char *b, const struct said *s)
{
	if (good) {
		passed++;
		return;
	}
	if (failed++ > 40)
		return;
	printf("FAIL: ");
	printf(format, a, b);
	if (s)
		printf(": status %x, \"%s\"", (unsigned)s->status, *s->err ? s->err : s->out);
	printf("\n");
	fflush(stdout);
}

/* ---- workers ---- */

static int results[2];
static volatile int *stop; /* shared */

static pid_t worker(void (*work)(int), int number)
{
	int counts[2];
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid != 0)
		return pid;
	passed = failed = 0;
	own_files();
	srand((unsigned)number * 7919u + 1);
	alarm_set(280);
	work(number);
	counts[0] = passed;
	counts[1] = failed;
	(void)!write(results[1], counts, sizeof(counts));
	fflush(stdout);
	_exit(0);
}

static void collect(pid_t *pids, int count)
{
	int left = count, counts[2];

	/* orphans of the containers are ours, too */
	while (left > 0) {
		pid_t pid = waitpid(-1, NULL, 0);

		for (int i = 0; i < count; i++)
			if (pids[i] == pid) {
				pids[i] = 0;
				left--;
			}
		if (pid < 0 && errno == ECHILD)
			break;
	}
	for (int i = 0; i < count; i++) {
		if (read(results[0], counts, sizeof(counts)) != sizeof(counts))
			counts[0] = 0, counts[1] = 1;
		passed += counts[0];
		failed += counts[1];
	}
}

static void poll_states(int number)
{
	struct said s;
	char id[64];

	while (!*stop) {
		snprintf(id, sizeof(id), "%s-%d", scene.id,
			 rand() % (number ? IDS_SHARED : workers));
		call(id, "state", &s);
		if (!(s.status == 0 ? is_state(id, s.out) && !*s.err
				    : is_known("state", id, s.err)))
			tell(false, "state of %s%s", id, "", &s);
		call(id, "list", &s);
		if (s.status != 0 || *s.err || (s.out[0] != '[' && strncmp(s.out, "null", 4) != 0))
			tell(false, "list%s%s", "", "", &s);
	}
	passed++;
}

static void with_pollers(void (*work)(int), int count)
{
	pid_t pids[WORKERS_MAX], pollers[POLLERS];

	*stop = 0;
	for (int i = 0; i < POLLERS; i++)
		pollers[i] = worker(poll_states, i);
	for (int i = 0; i < count; i++)
		pids[i] = worker(work, i);
	collect(pids, count);
	*stop = 1;
	collect(pollers, POLLERS);
}

static void finish(const char *phase, int ids)
{
	struct verdict v = { .len = 0 };
	char id[64];

	for (int i = 0; i < ids; i++) {
		struct said s;

		snprintf(id, sizeof(id), "%s-%d", scene.id, i);
		call(id, "delete-force", &s);
		tell(s.status == 0 && !*s.err, "%s: last delete --force of %s", phase, id, &s);
	}
	scene_check_gone(&scene, phase, &v);
	tell(v.len == 0, "%s: %s", phase, v.text, NULL);
	printf("%s: %d passed, %d failed so far\n", phase, passed, failed);
	fflush(stdout);
}

/* ---- the phases ---- */

static void must(const char *id, const char *verb)
{
	struct said s;

	call(id, verb, &s);
	tell(s.status == 0 && !*s.err, "%s of %s alone", verb, id, &s);
}

static void live_alone(int number)
{
	char id[64];

	snprintf(id, sizeof(id), "%s-%d", scene.id, number);
	for (int i = 0; i < rounds; i++) {
		must(id, "create");
		must(id, "start");
		if (number % 4 == 0)
			must(id, "exec");
		must(id, "kill");
		must(id, "delete-force");
	}
}

static void different_ids(void)
{
	with_pollers(live_alone, workers);
	finish("different IDs", 0);
}

static void live_together(int number)
{
	static const char *const verbs[] = { "create", "create", "start", "start",
					     "kill",   "delete", "exec",  "delete-force" };

	(void)number;
	for (int i = 0; i < rounds * 5; i++) {
		const char *verb = verbs[(size_t)rand() % (sizeof(verbs) / sizeof(verbs[0]))];
		struct said s;
		char id[64];

		snprintf(id, sizeof(id), "%s-%d", scene.id, rand() % IDS_SHARED);
		call(id, verb, &s);
		if (s.status == 0) {
			tell(!*s.err, "%s of %s, shared", verb, id, &s);
		} else if (WIFSIGNALED(s.status)) {
			/* a creator that `delete --force` found at work */
			tell(WTERMSIG(s.status) == SIGKILL && strcmp(verb, "create") == 0 &&
				     !*s.err,
			     "%s of %s, shared", verb, id, &s);
		} else if (strcmp(verb, "exec") == 0 && WEXITSTATUS(s.status) == 137 && !*s.err) {
			passed++; /* killed with its container */
		} else {
			tell(is_known(verb, id, s.err), "%s of %s, shared", verb, id, &s);
		}
	}
}

static void same_ids(void)
{
	with_pollers(live_together, workers);
	finish("same IDs", IDS_SHARED);
}

/* @verb by many at once. Return: how many succeeded. */
static int race(const char *id, const char *verb)
{
	pid_t pids[RACERS];
	int errs[RACERS], wins = 0;

	for (int i = 0; i < RACERS; i++) {
		errs[i] = memfd_create("err", MFD_CLOEXEC);
		pids[i] = launch(id, verb, scene.null, errs[i]);
	}
	for (int i = 0; i < RACERS; i++) {
		struct said s = { .out = "" };

		waitpid(pids[i], &s.status, 0);
		take(errs[i], s.err, sizeof(s.err));
		close(errs[i]);
		wins += s.status == 0;
		tell(s.status == 0 ? !*s.err : is_known(verb, id, s.err), "%s of %s, at once", verb,
		     id, &s);
	}
	return wins;
}

static void races(void)
{
	char id[64];

	snprintf(id, sizeof(id), "%s-0", scene.id);
	for (int i = 0; i < rounds * 4; i++) {
		tell(race(id, "create") == 1, "of many create of %s exactly one wins%s", id, "",
		     NULL);
		tell(race(id, "start") == 1, "of many start of %s exactly one wins%s", id, "",
		     NULL);
		tell(race(id, "delete-force") == RACERS, "each delete --force of %s succeeds%s", id,
		     "", NULL);
		must(id, "create");
		must(id, "delete");
	}
	finish("races", 1);
}

/* A create whose hook does not end is killed by `delete --force`, and so is the hook. */
static void hanging(void)
{
	static const char *const verbs[] = { "create-hang", "run-hang" };
	char id[64];

	snprintf(id, sizeof(id), "%s-0", scene.id);
	for (int i = 0; i < rounds * 2; i++) {
		struct timespec wait = { 0, 3000000L * i };
		struct verdict v = { .len = 0 };
		struct said s = { .out = "" };
		pid_t pid = launch(id, verbs[i % 2], scene.null, own_err);

		nanosleep(&wait, NULL);
		/* it may not have begun yet: then there is nothing to be deleted */
		do
			must(id, "delete-force");
		while (waitpid(pid, &s.status, WNOHANG) == 0);
		take(own_err, s.err, sizeof(s.err));
		tell(WIFSIGNALED(s.status) && WTERMSIG(s.status) == SIGKILL && !*s.err,
		     "%s of %s under delete --force", verbs[i % 2], id, &s);
		scene_check_gone(&scene, "hanging", &v);
		tell(v.len == 0, "%s: %s", verbs[i % 2], v.text, NULL);
	}
	finish("hanging creators", 1);
}

/* ---- the program ---- */

static void write_hanging_bundle(void)
{
	char path[128], *text, *hooks;
	FILE *file;
	long size;

	snprintf(path, sizeof(path), "%s/pause/config.json", scene.work);
	file = fopen(path, "re");
	if (!file || fseek(file, 0, SEEK_END) < 0 || (size = ftell(file)) < 0)
		exit(2);
	rewind(file);
	text = calloc(1, (size_t)size + 64);
	if (!text || fread(text, 1, (size_t)size, file) != (size_t)size)
		exit(2);
	fclose(file);
	/* the first hook: "witness pause" instead of "witness hook" */
	hooks = strstr(text, "\"hook\"");
	if (!hooks)
		exit(2);
	memmove(hooks + 7, hooks + 6, strlen(hooks + 6) + 1);
	memcpy(hooks, "\"pause\"", 7);
	snprintf(path, sizeof(path), "%s/hang/config.json", scene.work);
	write_text(path, text);
	free(text);
}

int main(int argc, char **argv)
{
	const char *only = NULL;
	struct verdict v = { .len = 0 };

	if (argc < 3) {
		fprintf(stderr, "usage: stress RUNTIME WITNESS [--workers N] [--rounds N] [--only "
				"PHASE]\n");
		return 2;
	}
	for (int i = 3; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--workers") == 0)
			workers = atoi(argv[i + 1]);
		else if (strcmp(argv[i], "--rounds") == 0)
			rounds = atoi(argv[i + 1]);
		else if (strcmp(argv[i], "--only") == 0)
			only = argv[i + 1];
	}
	if (workers < 1 || workers > WORKERS_MAX)
		workers = 64;
	stop = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stop == MAP_FAILED || pipe2(results, O_CLOEXEC) < 0)
		return 2;
	own_files();
	scene_open(&scene, argv[1], argv[2], VARIANT_FULL, 0, 0);
	write_hanging_bundle();
	if (!only || strcmp(only, "different") == 0)
		different_ids();
	if (!only || strcmp(only, "same") == 0)
		same_ids();
	if (!only || strcmp(only, "races") == 0)
		races();
	if (!only || strcmp(only, "hanging") == 0)
		hanging();
	scene_check_gone(&scene, "in the end", &v);
	tell(v.len == 0, "%s%s", v.text, "", NULL);
	scene_close(&scene);
	printf("%d passed, %d failed, 0 skipped\n", passed, failed);
	return failed > 0;
}
