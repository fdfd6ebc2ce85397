/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_run.h - one run of an image under a runtime, listened to.
 */
#ifndef CARTEFILE_TRACE_RUN_H
#define CARTEFILE_TRACE_RUN_H

#include <limits.h>

#include "cartefile-to-oci/build.h"
#include "cartefile-to-oci/trace_notify.h"

/**
 * struct trace_plan
 * @words: instead of the image's program, or NULL
 * @exercise: a command of the host's, for its shell; the program is stopped when it ends; NULL: none
 * @seconds: after which the program is stopped
 * @capture: stdout and stderr into the outcome; else both are our stderr
 */
struct trace_plan {
	const struct store *store;
	const struct layout *layout;
	const struct image_docs *image;
	const char *runtime; /* NULL: look for one */
	char **words;
	size_t words_len;
	const char *exercise;
	unsigned seconds;
	bool capture;
};

/** trace_plan_for - what all runs of a build have in common: to be ended after --trace-seconds, or 5 minutes. */
struct trace_plan trace_plan_for(const struct build_options *options, const struct layout *layout,
				 const struct image_docs *image);

struct trace_output {
	char *text; /* NUL-terminated, heap; NULL: nothing */
	size_t length;
	bool cut; /* there was more than is kept */
};

struct trace_outcome {
	int exit_status;
	bool stopped;
	struct trace_output out, err;
};

/**
 * trace_run_once - make a bundle in a temporary folder, run it, note in @watch what it uses, remove all.
 * Return: 0; -EINTR with words when a signal (INT, TERM, HUP) ended it.
 */
int trace_run_once(const struct trace_plan *plan, struct trace_watch *watch,
		   struct trace_outcome *ret, struct oci_error *err);
void trace_outcome_free(struct trace_outcome *outcome);

/** trace_find_runtime - @wanted, or carte-runtime beside this program, where it was installed or in $PATH, then crun, runc. */
int trace_find_runtime(const char *wanted, char ret[PATH_MAX], struct oci_error *err);

#endif
