/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conditions.c - numbers that are too large for 64 bits are as far behind the end as others.
 */
#include <string.h>
#include <strings.h>

#include "asset/conditions.h"

/* false: no digit */
static bool number(const char **text, uint64_t *ret)
{
	const char *p = *text;
	uint64_t value = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			value = UINT64_MAX;
	*text = p;
	*ret = value;
	return true;
}

enum range range_parse(const char *text, uint64_t size, uint64_t *ret_first, uint64_t *ret_length)
{
	uint64_t first = 0, last = UINT64_MAX;
	bool from, to;

	if (!text || strncasecmp(text, "bytes=", 6) != 0)
		return RANGE_WHOLE;
	text += 6;
	from = number(&text, &first);
	if (*text++ != '-')
		return RANGE_WHOLE;
	to = number(&text, &last);
	if (*text != '\0' || (!from && !to) || (from && to && last < first))
		return RANGE_WHOLE;
	if (!from) {
		/* the last bytes */
		if (last == 0 || size == 0)
			return RANGE_BEYOND;
		first = last < size ? size - last : 0;
		last = size - 1;
	}
	if (first >= size)
		return RANGE_BEYOND;
	if (last >= size)
		last = size - 1;
	*ret_first = first;
	*ret_length = last - first + 1;
	return RANGE_PART;
}

bool etag_listed(const char *list, const char *etag)
{
	size_t length = strlen(etag);

	while (list && *list) {
		size_t n;

		list += strspn(list, " \t,");
		if (strncmp(list, "W/", 2) == 0)
			list += 2;
		n = strcspn(list, ",");
		while (n > 0 && (list[n - 1] == ' ' || list[n - 1] == '\t'))
			n--;
		if ((n == 1 && *list == '*') || (n == length && memcmp(list, etag, n) == 0))
			return true;
		list += strcspn(list, ",");
	}
	return false;
}
