/* SPDX-License-Identifier: Apache-2.0 */
/*
 * duration.c - see duration.h. Integers only: no rounding that depends on a floating point unit.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/duration.h"

/** scale - digits with an optional fraction at *@cursor, times @unit; @unit 0 only skips them. */
static int scale(const char **cursor, uint64_t unit, int64_t *ret)
{
	const char *p = *cursor;
	uint64_t value = 0, fraction = 0, divisor = 1;
	bool digits = false;

	for (; *p >= '0' && *p <= '9'; p++, digits = true)
		if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return -ERANGE;
	if (*p == '.') {
		for (p++; *p >= '0' && *p <= '9'; p++, digits = true) {
			if (divisor >= 1000000) /* finer than any use */
				continue;
			fraction = fraction * 10 + (uint64_t)(*p - '0');
			divisor *= 10;
		}
	}
	if (!digits)
		return -EINVAL;
	*cursor = p;
	if (__builtin_mul_overflow(value, unit, &value) ||
	    __builtin_add_overflow(value,
				   unit / divisor * fraction + unit % divisor * fraction / divisor,
				   &value) ||
	    value > INT64_MAX)
		return -ERANGE;
	*ret = (int64_t)value;
	return 0;
}

static const struct {
	const char *name;
	int64_t ns;
} units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "\xc2\xb5s", 1000 }, /* micro sign */
	{ "\xce\xbcs", 1000 }, /* Greek mu */
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", 60 * INT64_C(1000000000) },
	{ "h", 3600 * INT64_C(1000000000) },
};

/** find_unit - the longest that fits: "ms" before "m". */
static int64_t find_unit(const char **cursor)
{
	size_t best = 0;
	int64_t ns = 0;

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		size_t n = strlen(units[i].name);

		if (n > best && strncmp(*cursor, units[i].name, n) == 0) {
			best = n;
			ns = units[i].ns;
		}
	}
	*cursor += best;
	return ns;
}

int duration_parse(const char *text, int64_t *ret_ns)
{
	int64_t total = 0;
	const char *p = text;

	if (!*p)
		return -EINVAL;
	while (*p) {
		const char *number = p;
		int64_t part, unit;
		int r = scale(&p, 1, &part);

		if (r < 0)
			return r;
		unit = find_unit(&p);
		if (unit == 0 && (number != text || *p))
			return -EINVAL;
		r = scale(&number, unit ? (uint64_t)unit : 1000000000u, &part);
		if (r < 0)
			return r;
		if (__builtin_add_overflow(total, part, &total))
			return -ERANGE;
	}
	*ret_ns = total;
	return 0;
}

int bytes_parse(const char *text, int64_t *ret)
{
	static const char letters[] = "kmgtp";
	const char *p = text;
	const char *number = text;
	uint64_t unit = 1;
	int64_t value;
	int r;

	if (strcmp(text, "-1") == 0) {
		*ret = -1;
		return 0;
	}
	r = scale(&p, 1, &value);
	if (r < 0)
		return r;
	if (*p && *p != 'b' && *p != 'B') {
		const char *letter = strchr(letters, *p | 0x20);

		if (!letter)
			return -EINVAL;
		unit = UINT64_C(1) << 10 * (letter - letters + 1);
		p++;
		if (*p == 'i' || *p == 'I') {
			p++;
			if (*p != 'b' && *p != 'B')
				return -EINVAL;
		}
	}
	if (*p == 'b' || *p == 'B')
		p++;
	if (*p)
		return -EINVAL;
	r = scale(&number, unit, &value);
	if (r == 0)
		*ret = value;
	return r;
}
