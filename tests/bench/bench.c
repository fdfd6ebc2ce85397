/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench.c - interleaved rounds of every command of every contender; samples to a file.
 *
 *	bench ROUNDS WARMUP SAMPLES STDERR CONTENDER...
 *	CONTENDER: NAME,KIND,VIEW,PROGRAM,ROOT,BUNDLE[,PAUSE-BUNDLE]
 *	KIND: runtime (all verbs), run (only run), floor (BUNDLE is a rootfs)
 *	VIEW: host (the mounts as they are) or v1 (without the cgroup2 mount of a hybrid host)
 *
 * In a round every contender has its turn, and each round begins with another
 * one, so that a slow moment of the machine hits all alike. A line of SAMPLES is
 * "NAME VERB wall-ms cpu-ms peak-kb" or "NAME VERB counts syscalls execs";
 * medians and the table are tests/bench/run's work. What must hold: this program
 * stays small (its size is the lower end of every peak that is measured).
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "measure.h"

#define MAX_CONTENDERS 12
#define FAILED 2

enum kind { KIND_RUNTIME, KIND_RUN, KIND_FLOOR };

struct contender {
	const char *name, *program, *root, *bundle, *pause_bundle;
	enum kind kind;
	int mount_ns;
	bool out; /* it failed once */
};

struct bench {
	struct contender contenders[MAX_CONTENDERS];
	int count;
	int samples;
	int stderr_fd;
	int host_ns, v1_ns;
	bool record;
	bool counting;
};

/* A copy of the host's mounts without cgroup2 beside v1: crun refuses to run with it. */
static int make_v1_view(void)
{
	char path[64];
	int ready[2], fd, status;
	char byte = 0;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		err(FAILED, "pipe2");
	pid = fork();
	if (pid < 0)
		err(FAILED, "fork");
	if (pid == 0) {
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			_exit(1);
		umount2("/sys/fs/cgroup/unified",
			MNT_DETACH); /* absent on other hosts: all the better */
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		errx(FAILED, "cannot make a mount namespace");
	close(ready[0]);
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(FAILED, "%s", path);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return fd;
}

static void parse_contender(struct bench *bench, char *text)
{
	struct contender *c = &bench->contenders[bench->count++];
	char *words[7] = { NULL };
	size_t n = 0;

	for (char *word; n < 7 && (word = strsep(&text, ",")) != NULL;)
		words[n++] = word;
	if (n < 6 || text)
		errx(FAILED, "a contender has six or seven words");
	c->name = words[0];
	c->kind = strcmp(words[1], "floor") == 0 ? KIND_FLOOR
		  : strcmp(words[1], "run") == 0 ? KIND_RUN
						 : KIND_RUNTIME;
	c->mount_ns = strcmp(words[2], "v1") == 0 ? bench->v1_ns : bench->host_ns;
	c->program = words[3];
	c->root = words[4];
	c->bundle = words[5];
	c->pause_bundle = words[6];
	if (c->kind == KIND_RUNTIME && !c->pause_bundle)
		errx(FAILED, "%s: no bundle for the other verbs", c->name);
}

/* Runs one command; false when it failed, which ends the contender's part. */
static bool step(struct bench *bench, struct contender *c, const char *verb,
		 const char *const *argv)
{
	struct job job = { (char *const *)argv, c->mount_ns, bench->stderr_fd };
	struct counts counts = { 0, 0 };
	struct cost cost = { 0, 0, 0 };
	int code = bench->counting ? measure_counts(&job, &counts) : measure_cost(&job, &cost);

	if (code != 0) {
		fprintf(stderr, "bench: %s %s ended with %d, so %s is out\n", c->name, verb, code,
			c->name);
		c->out = true;
		return false;
	}
	if (bench->counting)
		dprintf(bench->samples, "%s %s counts %ld %ld\n", c->name, verb, counts.syscalls,
			counts.execs);
	else if (bench->record)
		dprintf(bench->samples, "%s %s %.4f %.4f %ld\n", c->name, verb, cost.wall_ms,
			cost.cpu_ms, cost.peak_kb);
	return true;
}

/* The container's init is our child (subreaper); `delete` is measured on a container that has ended. */
static void reap_all(void)
{
	int status;

	while (waitpid(-1, &status, 0) > 0 || errno == EINTR)
		;
}

/* the one global option that makes a difference, or a harmless one */
static const char *manager_option(void)
{
	const char *option = getenv("BENCH_GLOBAL");

	return option && *option ? option : "--log-format=text";
}

static void verbs(struct bench *bench, struct contender *c, const char *id)
{
	const char *p = c->program, *root = c->root;
	const char *manager = manager_option();
	const char *create[] = { p,          manager,         "--root", root, "create",
				 "--bundle", c->pause_bundle, id,       NULL };
	const char *start[] = { p, manager, "--root", root, "start", id, NULL };
	const char *state[] = { p, manager, "--root", root, "state", id, NULL };
	const char *exec[] = { p, manager, "--root", root, "exec", id, "/bin/true", NULL };
	const char *kill_[] = { p, manager, "--root", root, "kill", id, "KILL", NULL };
	const char *delete[] = { p, manager, "--root", root, "delete", id, NULL };
	const char *force[] = { p, manager, "--root", root, "delete", "--force", id, NULL };
	struct job clean = { (char *const *)force, c->mount_ns, bench->stderr_fd };
	struct cost ignored;

	if (step(bench, c, "create", create) && step(bench, c, "start", start) &&
	    step(bench, c, "state", state) && step(bench, c, "exec", exec) &&
	    step(bench, c, "kill", kill_)) {
		reap_all();
		if (step(bench, c, "delete", delete))
			return;
	}
	measure_cost(&clean, &ignored);
	reap_all();
}

static void turn(struct bench *bench, struct contender *c)
{
	char id[32];
	const char *floor[] = { c->program, c->bundle, "/bin/true", NULL };
	const char *run[] = { c->program, manager_option(), "--root", c->root, "run",
			      "--bundle", c->bundle,        id,       NULL };

	if (c->out)
		return;
	snprintf(id, sizeof(id), "bench-%d", getpid());
	if (!step(bench, c, "run", c->kind == KIND_FLOOR ? floor : run))
		return;
	if (c->kind == KIND_RUNTIME)
		verbs(bench, c, id);
}

static void round_of_all(struct bench *bench, int round)
{
	for (int i = 0; i < bench->count; i++)
		turn(bench, &bench->contenders[(round + i) % bench->count]);
}

static void bench_init(struct bench *bench, int argc, char **argv)
{
	if (argc < 6 || argc - 5 > MAX_CONTENDERS)
		errx(FAILED, "usage: bench ROUNDS WARMUP SAMPLES STDERR CONTENDER...");
	bench->samples = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bench->stderr_fd = open(argv[4], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	bench->host_ns = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
	if (bench->samples < 0 || bench->stderr_fd < 0 || bench->host_ns < 0)
		err(FAILED, "open");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		err(FAILED, "PR_SET_CHILD_SUBREAPER");
	bench->v1_ns = make_v1_view();
	for (int i = 5; i < argc; i++)
		parse_contender(bench, argv[i]);
}

int main(int argc, char **argv)
{
	struct bench bench = { .count = 0 };
	int rounds, warmup, good = 0;

	bench_init(&bench, argc, argv);
	rounds = atoi(argv[1]);
	warmup = atoi(argv[2]);
	for (int i = 0; i < warmup; i++)
		round_of_all(&bench, i);
	bench.counting = true;
	round_of_all(&bench, 0);
	bench.counting = false;
	bench.record = true;
	for (int i = 0; i < rounds; i++)
		round_of_all(&bench, i);
	for (int i = 0; i < bench.count; i++)
		good += !bench.contenders[i].out;
	return good == bench.count ? 0 : 1;
}
