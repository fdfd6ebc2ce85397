/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.h - a recorded load: one number per minute, a line each.
 */
#ifndef CARTE_SCALE_TRACE_H
#define CARTE_SCALE_TRACE_H

#include <stddef.h>

struct oci_arena;
struct oci_error;

struct trace {
	const char *path;
	const char *name; /* the file's, without folders */
	const double *values;
	size_t len;
	double largest;
};

/** trace_read - 0 or -errno with words: "FILE:LINE: ...". Lines that begin with # are passed over. */
int trace_read(const char *path, struct oci_arena *arena, struct trace *ret, struct oci_error *err);

/** trace_number - a decimal number of 0 to 1e15 and nothing behind it; 0 or -EINVAL. */
int trace_number(const char *text, double *ret);

#endif
