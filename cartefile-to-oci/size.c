/* SPDX-License-Identifier: Apache-2.0 */
/*
 * size.c - see size.h.
 */
#include <stdio.h>

#include "base/mem.h"
#include "cartefile-to-oci/size.h"

const char *size_words(uint64_t size, char buf[SIZE_WORDS_SIZE])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)size;
	size_t unit = 0;

	/* what would be rounded to 1000 is one of the next */
	while (value >= 999.5 && unit + 1 < ARRAY_LEN(units)) {
		value /= 1000;
		unit++;
	}
	(void)snprintf(buf, SIZE_WORDS_SIZE, unit == 0 || value >= 99.95 ? "%.0f%s" : "%.1f%s",
		       value, units[unit]);
	return buf;
}
