/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parse.c - decimal numbers, strictly, and days.
 *
 * strtoul takes "-1", " 1", "1x" and "" in its stride; a user id read that way
 * became 0 (CVE-2026-30892). Here a number is digits and nothing else.
 */
#include <errno.h>
#include <time.h>

#include "base/io.h"

int parse_u64(const char *text, uint64_t *ret)
{
	uint64_t value = 0;
	const char *p = text;

	if (!*p)
		return -EINVAL;
	for (const char *q = p; *q; q++) /* "9999...x" is no number, rather than one too large */
		if (*q < '0' || *q > '9')
			return -EINVAL;
	for (; *p; p++)
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return -ERANGE;
	*ret = value;
	return 0;
}

int parse_i64(const char *text, int64_t *ret)
{
	bool negative = *text == '-';
	uint64_t value;
	int r = parse_u64(text + negative, &value);

	if (r < 0)
		return r;
	if (value > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*ret = negative ? (int64_t)(0 - value) : (int64_t)value;
	return 0;
}

int parse_u32(const char *text, uint32_t *ret)
{
	uint64_t value;
	int r = parse_u64(text, &value);

	if (r < 0)
		return r;
	if (value > UINT32_MAX)
		return -ERANGE;
	*ret = (uint32_t)value;
	return 0;
}

bool date_exists(const struct tm *tm)
{
	struct tm day = { .tm_year = tm->tm_year, .tm_mon = tm->tm_mon, .tm_mday = tm->tm_mday };

	(void)timegm(&day);
	return day.tm_mon == tm->tm_mon && day.tm_mday == tm->tm_mday;
}
