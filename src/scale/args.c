/* SPDX-License-Identifier: Apache-2.0 */
/*
 * args.c - see args.h.
 */
#include <errno.h>

#include "base/error.h"
#include "base/io.h"
#include "scale/args.h"
#include "scale/compose-private.h"
#include "scale/trace.h"

int args_usage(struct oci_error *err, const char *option, const char *value, const char *expected)
{
	return err_set_as(err, ERR_USAGE, EINVAL, "--%s %s: expected %s", option, value, expected);
}

int args_number(const char *option, const char *text, double low, double high, const char *expected,
		double *ret, struct oci_error *err)
{
	if (!text)
		return 0;
	if (trace_number(text, ret) < 0 || *ret < low || *ret > high)
		return args_usage(err, option, text, expected);
	return 0;
}

int args_count(const char *option, const char *text, unsigned low, unsigned high,
	       const char *expected, unsigned *ret, struct oci_error *err)
{
	uint32_t value;

	if (!text)
		return 0;
	if (parse_u32(text, &value) < 0 || value < low || value > high)
		return args_usage(err, option, text, expected);
	*ret = value;
	return 0;
}

int args_time(const char *option, const char *text, double low, double high, const char *expected,
	      double *ret, struct oci_error *err)
{
	int64_t ms;

	if (!text)
		return 0;
	if (value_time(text, &ms) < 0 || (double)ms / 1000 < low || (double)ms / 1000 > high)
		return args_usage(err, option, text, expected);
	*ret = (double)ms / 1000;
	return 0;
}
