/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_print.h - an explanation for people.
 */
#ifndef CARTEFILE_EXPLAIN_PRINT_H
#define CARTEFILE_EXPLAIN_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "cartefile-to-oci/explain.h"

/** explain_print - totals, sizes by reason and layer, the biggest files, suggestions. */
int explain_print(const struct explain *explain, FILE *out, struct oci_error *err);

/** explain_print_files, explain_print_left_out - one line for each file. */
void explain_print_files(const struct explain *explain, FILE *out);
void explain_print_left_out(const struct explain *explain, FILE *out);

/** explain_print_why - the chain from a path to what asked for it first. -ENOENT with words: no such file. */
int explain_print_why(const struct explain *explain, const char *path, FILE *out,
		      struct oci_error *err);

#endif
