/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure.c - wall time, CPU time and peak memory by wait4; system calls and execs by ptrace.
 *
 * The kernel counts the memory that a process had before execve into its peak,
 * so this program is linked statically and keeps no results in memory; vfork
 * avoids copying even that.
 */
#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <linux/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>

#include "measure.h"

#define NOT_STARTED 126
#define MAX_TRACED 256

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static double timeval_ms(struct timeval tv)
{
	return (double)tv.tv_sec * 1e3 + (double)tv.tv_usec / 1e3;
}

static int status_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* In the child, memory shared with the parent: system calls only. */
static void __attribute__((noreturn)) become(const struct job *job)
{
	static char *const env[] = {
		(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL
	};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(job->stderr_fd, 2) < 0)
		_exit(NOT_STARTED);
	if (setns(job->mount_ns, CLONE_NEWNS) < 0)
		_exit(NOT_STARTED);
	execve(job->argv[0], job->argv, env);
	_exit(NOT_STARTED);
}

int measure_cost(const struct job *job, struct cost *ret_cost)
{
	struct rusage usage;
	double start = now_ms();
	int status;
	pid_t pid;

	pid = vfork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		become(job);
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			return -errno;
	ret_cost->wall_ms = now_ms() - start;
	ret_cost->cpu_ms = timeval_ms(usage.ru_utime) + timeval_ms(usage.ru_stime);
	ret_cost->peak_kb = usage.ru_maxrss;
	return status_code(status);
}

struct tracer {
	pid_t pids[MAX_TRACED];
	size_t len;
	struct counts counts;
};

static void tracer_add(struct tracer *tracer, pid_t pid)
{
	for (size_t i = 0; i < tracer->len; i++)
		if (tracer->pids[i] == pid)
			return;
	if (tracer->len < MAX_TRACED)
		tracer->pids[tracer->len++] = pid;
}

static void tracer_drop(struct tracer *tracer, pid_t pid)
{
	for (size_t i = 0; i < tracer->len; i++)
		if (tracer->pids[i] == pid) {
			tracer->pids[i] = tracer->pids[--tracer->len];
			return;
		}
}

/* One stop of one tracee: count it and let it go on. */
static void tracer_stopped(struct tracer *tracer, pid_t pid, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16, deliver = 0;

	tracer_add(tracer, pid);
	if (sig == (SIGTRAP | 0x80)) {
		struct ptrace_syscall_info info;

		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0 &&
		    info.op == PTRACE_SYSCALL_INFO_ENTRY)
			tracer->counts.syscalls++;
	} else if (event == PTRACE_EVENT_EXEC) {
		tracer->counts.execs++;
	} else if (event == 0) {
		deliver = sig;
	} else if (event == PTRACE_EVENT_STOP && sig != SIGTRAP) {
		ptrace(PTRACE_LISTEN, pid, 0, 0); /* a real group stop stays one */
		return;
	}
	ptrace(PTRACE_SYSCALL, pid, 0, deliver);
}

/* What the command leaves running (a container's init) goes on untraced. */
static void tracer_release(struct tracer *tracer)
{
	while (tracer->len > 0) {
		pid_t pid = tracer->pids[0];
		int status;

		if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0 &&
		    waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status))
			ptrace(PTRACE_DETACH, pid, 0, 0);
		tracer_drop(tracer, pid);
	}
}

static int trace_until_exit(struct tracer *tracer, pid_t command)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			return -errno;
		if (WIFSTOPPED(status)) {
			tracer_stopped(tracer, pid, status);
			continue;
		}
		tracer_drop(tracer, pid);
		if (pid == command)
			return status_code(status);
	}
}

int measure_counts(const struct job *job, struct counts *ret_counts)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			     PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
	struct tracer tracer = { .len = 0 };
	int go[2], code;
	char byte = 0;
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		if (read(go[0], &byte, 1) != 1)
			_exit(NOT_STARTED);
		become(job);
	}
	close(go[0]);
	if (pid < 0 || ptrace(PTRACE_SEIZE, pid, 0, options) < 0 || write(go[1], &byte, 1) != 1) {
		code = -errno;
		close(go[1]);
		return code;
	}
	close(go[1]);
	/* The first stop is behind the command's own execve: what comes before is ours, that call is not. */
	tracer.counts.syscalls = 1;
	tracer_add(&tracer, pid);
	code = trace_until_exit(&tracer, pid);
	tracer_release(&tracer);
	*ret_counts = tracer.counts;
	return code;
}
