/* SPDX-License-Identifier: Apache-2.0 */
/*
 * logs.h - a container's log as its files have it: FILE, which grows, and FILE.1, FILE.2 ..., which were cut off its front.
 *
 * The container writes FILE itself, so there are no times in it. Rotation copies whole blocks at the front and takes them out of FILE, after
 * which everything stands further to the front (or behind a hole, where the file system can do only that); then the copy becomes FILE.1.
 */
#ifndef CARTE_CLI_LOGS_H
#define CARTE_CLI_LOGS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "cli/term.h"

struct oci_error;

#define LOG_TAIL_BYTES 64

/** struct log_source - one container's log, read up to a position. Zeroed before log_open. */
struct log_source {
	char *id, *name, *path; /* heap */
	int fd;
	off_t position;
	dev_t device;
	ino_t rotated;               /* of FILE.1 when we last looked; 0: there was none */
	struct timespec rotated_at;  /* its time: numbers are used again */
	char before[LOG_TAIL_BYTES]; /* what stands before the position: to find it again */
	size_t before_length;
	char *line; /* heap: the beginning of a line whose end has not come */
	size_t line_length;
	enum colour colour;
	int watch;
	bool live, seen;
};

/** struct log_view - how logs are printed. */
struct log_view {
	bool prefix;  /* each line begins with the container's name */
	size_t width; /* of the longest name */
	bool colours;
	bool times;   /* each line begins with the time when it was seen */
	bool started; /* what comes now is new; before: its time is not known */
	FILE *out;
};

/** log_open - @path is copied. -ENOENT: no log (yet). */
int log_open(struct log_source *source, const char *id, const char *name, const char *path,
	     struct oci_error *err);
void log_close(struct log_source *source);

/** log_start - print the last @lines (-1: all) of what there is. */
int log_start(struct log_source *source, long long lines, const struct log_view *view,
	      struct oci_error *err);
/** log_more - print what has come since. 1: something has, 0: nothing. */
int log_more(struct log_source *source, const struct log_view *view, struct oci_error *err);
/** log_finish - print a last line that has no end. */
void log_finish(struct log_source *source, const struct log_view *view);

/** struct log_request - what to print: by `logs`, `attach` and `up`. */
struct log_request {
	const char *project;   /* all containers of a project, or NULL: */
	char *const *operands; /* containers and services */
	int count;
	bool follow, prefix, no_prefix, times;
	long long tail; /* -1: all */
	int signal_fd;  /* -1; else: readable means to stop following */
};

/** log_show - until the end, with @follow until the containers have ended or @signal_fd tells. */
int log_show(const struct log_request *request, struct oci_error *err);

#endif
