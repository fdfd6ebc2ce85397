/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build_report.h - how `build` tells what it does and what came of it.
 */
#ifndef CARTEFILE_BUILD_REPORT_H
#define CARTEFILE_BUILD_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "cartefile-to-oci/build.h"

/** struct build_progress - on a terminal: one line of stderr, written anew. */
struct build_progress {
	bool is_on;
	bool is_dirty;
};

void build_progress_line(void *progress, const char *line);
void build_progress_end(struct build_progress *progress);

/** build_print_text - "NAME sha256:..." on @out; what else there is to know on @more (NULL: nothing). */
void build_print_text(const struct build_result *result, FILE *more, FILE *out);
void build_print_digest(const struct build_result *result, FILE *out);

/** build_print_json - one object, for pipelines; see cartefile-to-oci(1). */
int build_print_json(const struct build_result *result, FILE *out, struct oci_error *err);

#endif
