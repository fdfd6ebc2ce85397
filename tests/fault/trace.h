/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.h - run a command under ptrace and hurt it at one system call.
 *
 * The tracer is its descendants' subreaper, so it is also the one who reaps them.
 */
#ifndef CARTE_TESTS_FAULT_TRACE_H
#define CARTE_TESTS_FAULT_TRACE_H

#include <stdbool.h>
#include <sys/types.h>

/* A runtime that takes longer has hung; nothing here takes a tenth of a second. */
#define HANG_SECONDS 20

enum target {
	TARGET_RUNTIME, /* the command, its re-exec included */
	TARGET_CHILD,   /* what it clones for the container, until that executes the program */
};

struct injection {
	enum target target;
	pid_t attach; /* TARGET_CHILD: an existing process instead of one that the command clones; 0 */
	int at;       /* the number of the system call, from 1; 0: none */
	int error;    /* 0: SIGKILL; else the errno that the call gives instead of doing anything */
	/*
	 * TARGET_CHILD: hurt it also when the command has ended; otherwise nobody is there any more to see a failure.
	 */
	bool outlives;
};

struct traced {
	int status; /* of the command, as of waitpid */
	bool hung;
	bool reached; /* there was such a call */
	bool skipped; /* it cannot fail in this way: nothing was done */
	bool loading; /* main had not begun: what the C library says and how it ends is its own affair */
	long nr;
	int count; /* calls seen, when nothing was reached */
};

struct command {
	char *const *argv;
	char *const *envp;
	int in, out, err;
};

/** command_start - fork and execve, as a child of the caller; pid. @gate: fd that must be written to first, or -1. */
pid_t command_start(const struct command *command, int gate);

/** command_run - without ptrace. Return: the wait status, -1 when it hung (and was killed). */
int command_run(const struct command *command);

/** trace_run - with an injection. */
void trace_run(const struct command *command, const struct injection *injection,
	       struct traced *ret);

/** alarm_set - interrupt whatever waits after so many seconds; 0: no more. alarm_rang - was that so? */
void alarm_set(unsigned seconds);
bool alarm_rang(void);

/** syscall_name - "openat". */
const char *syscall_name(long nr);

#endif
