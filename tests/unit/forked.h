/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forked.h - parts of a test that change what a process is, so they run in a child of their own.
 */
#ifndef CARTE_TESTS_FORKED_H
#define CARTE_TESTS_FORKED_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ends the child with the place on stderr; the parent's assertion then fails. */
#define REQUIRE(condition)                                                                       \
	do {                                                                                     \
		if (!(condition)) {                                                              \
			dprintf(STDERR_FILENO, "%s:%d: %s (errno %d: %s)\n", __FILE__, __LINE__, \
				#condition, errno, strerror(errno));                             \
			_exit(1);                                                                \
		}                                                                                \
	} while (0)

#define REQUIRE_TEXT(got, expected)                                                              \
	do {                                                                                     \
		if (strcmp((got), (expected)) != 0) {                                            \
			dprintf(STDERR_FILENO, "%s:%d: got \"%s\", expected \"%s\"\n", __FILE__, \
				__LINE__, (got), (expected));                                    \
			_exit(1);                                                                \
		}                                                                                \
	} while (0)

/* Run @body(@arg) in a child: its exit status, or 128+N. */
static inline int forked(void (*body)(void *), void *arg)
{
	int status;
	pid_t pid;

	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		body(arg);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

#endif
