/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stopwatch.c - `stopwatch FILE COMMAND...`: run it with its output in FILE.log, write "WALL-s CPU-s PEAK-KB" to FILE, exit as it does.
 *
 * A program of its own, because the peak memory and the time of a start that wait4(2) tells begin with those of the process that forks.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void run(char **command, const char *log)
{
	int null = open("/dev/null", O_RDONLY);
	int out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	(void)dup2(null, 0);
	(void)dup2(out, 1);
	(void)dup2(out, 2);
	execvp(command[0], command);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct timespec begin, end;
	struct rusage usage;
	char log[4096];
	int status;
	FILE *file;
	pid_t pid;

	if (argc < 3 || snprintf(log, sizeof(log), "%s.log", argv[1]) >= (int)sizeof(log)) {
		fprintf(stderr, "usage: stopwatch FILE COMMAND...\n");
		return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	pid = fork();
	if (pid == 0)
		run(argv + 2, log);
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0) {
		perror("stopwatch");
		return 2;
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	file = fopen(argv[1], "w");
	if (!file ||
	    fprintf(file, "%.6f %.6f %ld\n",
		    (double)(end.tv_sec - begin.tv_sec) +
			    (double)(end.tv_nsec - begin.tv_nsec) / 1e9,
		    seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss) < 0 ||
	    fclose(file) != 0) {
		perror(argv[1]);
		return 2;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
