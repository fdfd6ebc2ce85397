/* SPDX-License-Identifier: Apache-2.0 */
/*
 * space.h - network namespaces of a test: a process in each, and sockets from each into one test.
 */
#ifndef CARTE_TESTS_SPACE_H
#define CARTE_TESTS_SPACE_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* A child in a new network namespace that runs @serve(@arg), or only holds it (NULL). It dies with the test. */
static inline pid_t space_child(void (*serve)(int arg), int arg)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) < 0)
			_exit(1);
		(void)!write(ready[1], "x", 1);
		if (serve)
			serve(arg);
		for (;;)
			(void)pause();
	}
	(void)close(ready[1]);
	if (pid > 0 && read(ready[0], &byte, 1) != 1)
		pid = -1;
	(void)close(ready[0]);
	return pid;
}

/* its namespace, as an fd */
static inline int space_of(pid_t pid)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* a shell's line, with the status of system(3) */
__attribute__((format(printf, 1, 2))) static inline int space_run(const char *format, ...)
{
	char command[4096];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	return system(command);
}

static inline int space_listen(int type, uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 128) < 0))
		return -1;
	return fd;
}

/* A socket stays in the namespace that it was made in. @limit_ms: of connect and of each read. fd or -errno. */
static inline int space_connect(int space, int home, int type, const char *address, uint16_t port,
				int limit_ms)
{
	const struct timeval limit = { .tv_sec = limit_ms / 1000,
				       .tv_usec = limit_ms % 1000 * 1000 };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd, code;

	if (setns(space, CLONE_NEWNET) < 0)
		return -errno;
	fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	if (setns(home, CLONE_NEWNET) < 0)
		abort(); /* everything after this would happen in the wrong place */
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
	    inet_pton(AF_INET, address, &to.sin_addr) == 1 &&
	    connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	code = errno;
	(void)close(fd);
	return code ? -code : -EINVAL;
}

#endif
