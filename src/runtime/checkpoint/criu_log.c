/* SPDX-License-Identifier: Apache-2.0 */
/*
 * criu_log.c - "(00.123456) Error (criu/mount.c:42): mnt: ..." among thousands of lines.
 */
#include "runtime/checkpoint/criu_log.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define TAIL_MAX (256L << 10) /* errors are at the end */

/* Behind every reason: "Dumping FAILED.", "Dump files (pid: 7) failed with -1", "Unable to open fd=1 id=0x3". */
static bool says_nothing(const char *line)
{
	return strstr(line, " FAILED.") || strstr(line, " failed with -1") ||
	       strstr(line, ": Unable to open fd=");
}

/* behind the time stamp and, in a task of a restore, its pid: "(00.1)      1: Error (" */
static char *error_of(char *line)
{
	char *p = *line == '(' ? strchr(line, ')') : NULL;

	if (!p)
		return NULL;
	p++;
	p += strspn(p, " 0123456789:");
	return strncmp(p, "Error (", 7) == 0 && !says_nothing(p) ? p : NULL;
}

char *criu_log_find_error(char *text)
{
	char *found = NULL, *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *error = error_of(line);

		if (error)
			found = error;
	}
	return found;
}

void criu_log_read_error(int dirfd, const char *file, char *ret, size_t size)
{
	CLEANUP_CLOSE int fd = openat(dirfd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	CLEANUP_FREE char *text = NULL;
	const char *error;
	struct stat st;
	off_t start;
	ssize_t n;

	*ret = '\0';
	if (fd < 0 || fstat(fd, &st) < 0)
		return;
	start = st.st_size > TAIL_MAX ? st.st_size - TAIL_MAX : 0;
	text = malloc(TAIL_MAX + 1);
	n = text ? RETRY_EINTR(pread(fd, text, TAIL_MAX, start)) : -1;
	if (n < 0)
		return;
	text[n] = '\0';
	error = criu_log_find_error(text);
	if (!error)
		return;
	(void)snprintf(ret, size, "%s", error);
	/* one line of printable text, whatever a container has put into a name */
	for (char *c = ret; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}
