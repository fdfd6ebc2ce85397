/* SPDX-License-Identifier: Apache-2.0 */
/* tracee.c - uses files in the ways that a trace must see: late, in a thread, in a child, by stat, through a link. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int use(const char *path)
{
	char text[64] = "";
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return 1;
	(void)close(fd);
	(void)printf("%s", text);
	(void)fflush(stdout);
	return 0;
}

static void *thread(void *arg)
{
	return use(arg) ? arg : NULL;
}

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

int main(int argc, char **argv)
{
	pthread_t id;
	void *failed;
	struct stat st;
	int status = 0;
	pid_t pid;

	if (argc > 1 && strcmp(argv[1], "serve") == 0) {
		(void)signal(SIGTERM, stop);
		(void)use("/data/first");
		while (!stopped)
			(void)pause();
		return use("/data/at-end");
	}
	if (argc > 1 && strcmp(argv[1], "stubborn") == 0) {
		(void)signal(SIGTERM, SIG_IGN);
		for (;;)
			(void)pause();
	}
	(void)usleep(200000);
	if (pthread_create(&id, NULL, thread, "/data/in-thread") || pthread_join(id, &failed) ||
	    failed)
		return 2;
	pid = fork();
	if (pid == 0)
		_exit(chdir("/data/folder") || use("relative"));
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		return 3;
	if (stat("/data/only-stat", &st) || use("/data/link"))
		return 4;
	return argc > 1 ? atoi(argv[1]) : 0;
}
