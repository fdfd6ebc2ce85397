/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.c - the ptrace side.
 *
 * The runtime is seized before its execve. For the runtime as the target no
 * child is traced at all; for the container's process the runtime itself runs
 * freely between its forks. Hooks are made by vfork and let go at once.
 *
 * A process of the container that outlives the command is followed until it has
 * ended, executes the program or waits for `start`: who comes behind finds a
 * container whose state does not depend on who was faster.
 */
#include "trace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

#define CLASS_MAX 4
#define EARLY_MAX 16

static const struct {
	long nr;
	const char *name;
} names[] = {
#include "syscall-names.h"
};

const char *syscall_name(long nr)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].nr == nr)
			return names[i].name;
	return "?";
}

/* ---- time ---- */

static volatile sig_atomic_t rang;

static void on_alarm(int sig)
{
	(void)sig;
	rang = 1;
}

void alarm_set(unsigned seconds)
{
	struct sigaction action = { .sa_handler = on_alarm }; /* no SA_RESTART */
	/* again and again: the first may come just before the wait */
	struct itimerval timer = { { seconds ? 1 : 0, 0 }, { seconds, 0 } };

	sigaction(SIGALRM, &action, NULL);
	if (seconds)
		rang = 0;
	setitimer(ITIMER_REAL, &timer, NULL);
}

bool alarm_rang(void)
{
	return rang;
}

/* ---- commands ---- */

pid_t command_start(const struct command *command, int gate)
{
	pid_t pid = fork();
	char byte;

	if (pid != 0)
		return pid;
	if (dup2(command->in, 0) < 0 || dup2(command->out, 1) < 0 || dup2(command->err, 2) < 0)
		_exit(120);
	while (gate >= 0 && read(gate, &byte, 1) < 0 && errno == EINTR)
		;
	execve(command->argv[0], command->argv, command->envp);
	_exit(121);
}

int command_run(const struct command *command)
{
	pid_t pid = command_start(command, -1);
	int status = 0;

	alarm_set(HANG_SECONDS);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			break;
		if (!alarm_rang())
			continue;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		status = -1;
		break;
	}
	alarm_set(0);
	return status;
}

/* ---- the tracer ---- */

struct tracer {
	const struct injection *injection;
	struct traced *result;
	pid_t runtime;
	bool counting;          /* the runtime's first execve is behind us */
	bool ended;             /* the runtime */
	bool done;              /* the injection */
	pid_t victim;           /* whose call's result is to be replaced at its end */
	long argument;          /* of brk, to be put back */
	pid_t class[CLASS_MAX]; /* processes that are the target */
	size_t class_len;
	pid_t early[EARLY_MAX]; /* children that stopped before their parent's event told of them */
	size_t early_len;
	bool in_main; /* of the runtime: ld.so and the C library's start-up are through */
};

static bool is_target(const struct tracer *t, pid_t pid)
{
	for (size_t i = 0; i < t->class_len; i++)
		if (t->class[i] == pid)
			return true;
	return false;
}

static void add_target(struct tracer *t, pid_t pid)
{
	if (t->class_len < CLASS_MAX)
		t->class[t->class_len++] = pid;
}

static void drop_target(struct tracer *t, pid_t pid)
{
	for (size_t i = 0; i < t->class_len; i++)
		if (t->class[i] == pid)
			t->class[i] = t->class[--t->class_len];
}

static void go_on(const struct tracer *t, pid_t pid, int sig)
{
	bool calls = is_target(t, pid) && (t->counting || pid != t->runtime) &&
		     (!t->done || t->victim == pid || t->ended);

	(void)ptrace(calls ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0, sig);
}

static void let_go(struct tracer *t, pid_t pid)
{
	(void)ptrace(PTRACE_DETACH, pid, 0, 0);
	drop_target(t, pid);
}

/*
 * What ld.so and the C library's start-up do before main, and main does not do first. When one of these fails, the
 * library ends the program in its own way.
 */
static bool is_start_up(long nr)
{
	static const long calls[] = {
		SYS_execve,     SYS_execveat,        SYS_brk,
		SYS_mmap,       SYS_munmap,          SYS_mprotect,
		SYS_arch_prctl, SYS_access,          SYS_openat,
		SYS_read,       SYS_pread64,         SYS_newfstatat,
		SYS_close,      SYS_prlimit64,       SYS_getrandom,
		SYS_rseq,       SYS_readlink,        SYS_futex,
		SYS_readlinkat, SYS_set_tid_address, SYS_fstat,
		SYS_uname,      SYS_set_robust_list,
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i] == nr)
			return true;
	return false;
}

/* Calls that have no failure, or none but of a wrong argument: making one up would test nothing. */
static bool cannot_fail(long nr)
{
	static const long calls[] = {
		SYS_getpid,         SYS_gettid,          SYS_getppid,
		SYS_getuid,         SYS_geteuid,         SYS_getgid,
		SYS_getegid,        SYS_getpgrp,         SYS_umask,
		SYS_exit,           SYS_exit_group,      SYS_rt_sigreturn,
		SYS_rt_sigprocmask, SYS_rt_sigaction,    SYS_sched_yield,
		SYS_rseq,           SYS_set_tid_address, SYS_set_robust_list,
		SYS_arch_prctl,     SYS_alarm,           SYS_restart_syscall,
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (calls[i] == nr)
			return true;
	return false;
}

static void entered(struct tracer *t, pid_t pid, const struct ptrace_syscall_info *info)
{
	const struct injection *injection = t->injection;
	struct traced *result = t->result;

	if (pid == t->runtime && !is_start_up((long)info->entry.nr))
		t->in_main = true;
	if (t->done || ++result->count != injection->at)
		return;
	t->done = true;
	result->reached = true;
	result->nr = (long)info->entry.nr;
	result->loading = pid == t->runtime && !t->in_main;
	if (!injection->error) {
		kill(pid, SIGKILL);
		return;
	}
	if (cannot_fail(result->nr)) {
		result->skipped = true;
		return;
	}
	t->victim = pid;
	if (result->nr == SYS_brk) {
		/* its failure is that the break stays where it is, which is what it returns */
		t->argument = (long)info->entry.args[0];
		(void)ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.rdi), 0L);
		return;
	}
	/* close(2) frees the descriptor whatever it returns, so it is let through */
	if (result->nr != SYS_close)
		(void)ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.orig_rax), -1L);
}

static void system_call(struct tracer *t, pid_t pid)
{
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY && t->victim != pid) {
		entered(t, pid, &info);
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && t->victim == pid) {
		if (t->result->nr == SYS_brk)
			(void)ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.rdi),
				     t->argument);
		else
			(void)ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.rax),
				     (long)-t->injection->error);
		t->victim = 0;
	}
}

static void settle_child(struct tracer *t, pid_t child, bool target)
{
	for (size_t i = 0; i < t->early_len; i++) {
		if (t->early[i] != child)
			continue;
		t->early[i] = t->early[--t->early_len];
		if (target)
			go_on(t, child, 0);
		else
			let_go(t, child);
		return;
	}
	if (!target)
		add_target(t, -child); /* let go when it stops */
}

static void born(struct tracer *t, pid_t parent, int event)
{
	unsigned long child = 0;
	bool target;

	(void)ptrace(PTRACE_GETEVENTMSG, parent, 0, &child);
	/* the first one of the runtime, and of a go-between that joins namespaces for it */
	target = event != PTRACE_EVENT_VFORK && t->class_len < 2 && !t->injection->attach;
	if (target)
		add_target(t, (pid_t)child);
	settle_child(t, (pid_t)child, target);
}

/* A new child, a stop signal, or an interrupt of ours. */
static void stopped(struct tracer *t, pid_t pid)
{
	if (is_target(t, -pid)) {
		drop_target(t, -pid);
		(void)ptrace(PTRACE_DETACH, pid, 0, 0);
	} else if (pid == t->runtime || is_target(t, pid)) {
		go_on(t, pid, 0);
	} else if (t->ended) {
		let_go(t, pid);
	} else if (t->early_len < EARLY_MAX) {
		t->early[t->early_len++] = pid;
	}
}

static void executed(struct tracer *t, pid_t pid)
{
	if (pid == t->runtime) {
		t->counting = true;
		t->in_main = false;
		go_on(t, pid, 0);
	} else {
		let_go(t, pid); /* the user's program: none of ours any more */
	}
}

/* At its accept4 it holds all that "created" needs: nothing but `start` or a signal changes that. */
static bool waits_for_start(pid_t pid)
{
	struct ptrace_syscall_info info;

	return ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0 &&
	       info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_accept4;
}

static void on_call(struct tracer *t, pid_t pid)
{
	if (!t->ended || t->injection->outlives || t->victim == pid)
		system_call(t, pid);
	if (t->ended && t->victim != pid && waits_for_start(pid))
		let_go(t, pid);
	else
		go_on(t, pid, 0);
}

static void on_stop(struct tracer *t, pid_t pid, int status)
{
	int sig = WSTOPSIG(status);

	switch (status >> 16) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_CLONE:
	case PTRACE_EVENT_VFORK:
		born(t, pid, status >> 16);
		go_on(t, pid, 0);
		break;
	case PTRACE_EVENT_EXEC:
		executed(t, pid);
		break;
	case PTRACE_EVENT_STOP:
		stopped(t, pid);
		break;
	default:
		if (sig == (SIGTRAP | 0x80))
			on_call(t, pid);
		else
			go_on(t, pid, sig);
	}
}

static void on_end(struct tracer *t, pid_t pid, int status)
{
	drop_target(t, pid);
	if (pid != t->runtime)
		return;
	t->ended = true;
	t->result->status = status;
	/* who of the targets still lives is to be followed call by call from here on */
	for (size_t i = 0; i < t->class_len; i++)
		if (t->class[i] > 0 && ptrace(PTRACE_INTERRUPT, t->class[i], 0, 0) < 0)
			t->class[i--] = t->class[--t->class_len];
}

static void hang(struct tracer *t)
{
	t->result->hung = true;
	if (!t->ended)
		kill(t->runtime, SIGKILL);
	for (size_t i = 0; i < t->class_len; i++)
		if (t->class[i] > 0)
			kill(t->class[i], SIGKILL);
}

static bool has_live_target(const struct tracer *t)
{
	for (size_t i = 0; i < t->class_len; i++)
		if (t->class[i] > 0)
			return true;
	return false;
}

static void trace_loop(struct tracer *t)
{
	int status;
	pid_t pid;

	while (!t->ended || has_live_target(t)) {
		pid = waitpid(-1, &status, __WALL);
		if (pid < 0 && errno == EINTR && alarm_rang())
			hang(t);
		if (pid < 0 && errno != EINTR)
			break;
		if (pid <= 0)
			continue;
		if (WIFSTOPPED(status))
			on_stop(t, pid, status);
		else
			on_end(t, pid, status);
	}
}

void trace_run(const struct command *command, const struct injection *injection, struct traced *ret)
{
	struct tracer t = { .injection = injection, .result = ret };
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	int gate[2];

	*ret = (struct traced){ .status = -1 };
	if (injection->target == TARGET_CHILD)
		options |= PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
	if (injection->attach) {
		add_target(&t, injection->attach);
		if (ptrace(PTRACE_SEIZE, injection->attach, 0, options) < 0 ||
		    ptrace(PTRACE_INTERRUPT, injection->attach, 0, 0) < 0)
			return;
		options = PTRACE_O_EXITKILL;
	}
	if (pipe2(gate, O_CLOEXEC) < 0)
		return;
	alarm_set(HANG_SECONDS);
	t.runtime = command_start(command, gate[0]);
	if (injection->target == TARGET_RUNTIME)
		add_target(&t, t.runtime);
	if (injection->attach) {
		int status;

		t.counting = true;
		/* it sits in accept(2), which begins anew: that is call number 1 */
		if (waitpid(injection->attach, &status, __WALL) == injection->attach)
			go_on(&t, injection->attach, 0);
	} else if (ptrace(PTRACE_SEIZE, t.runtime, 0, options) < 0) {
		perror("fault: ptrace");
		exit(2);
	}
	(void)!write(gate[1], "", 1);
	close(gate[0]);
	close(gate[1]);
	trace_loop(&t);
	alarm_set(0);
}
