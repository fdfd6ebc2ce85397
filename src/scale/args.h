/* SPDX-License-Identifier: Apache-2.0 */
/*
 * args.h - values of options: numbers within limits, and the one line for those that are not.
 */
#ifndef CARTE_SCALE_ARGS_H
#define CARTE_SCALE_ARGS_H

#include <stdint.h>

struct oci_error;

/** args_usage - "--OPTION VALUE: expected WORDS"; -EINVAL. */
int args_usage(struct oci_error *err, const char *option, const char *value, const char *expected);
/** args_number - a decimal number of @low to @high. @text NULL: *ret stays. 0 or -EINVAL with words. */
int args_number(const char *option, const char *text, double low, double high, const char *expected,
		double *ret, struct oci_error *err);
/** args_count - a whole one. */
int args_count(const char *option, const char *text, unsigned low, unsigned high,
	       const char *expected, unsigned *ret, struct oci_error *err);
/** args_time - with its unit, "1m30s", in seconds: @low to @high. */
int args_time(const char *option, const char *text, double low, double high, const char *expected,
	      double *ret, struct oci_error *err);

#endif
