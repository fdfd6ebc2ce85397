/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_prometheus.c - the first line is a metric's name, perhaps with labels, the others are what a replica serves.
 *
 * Lines that are no samples change nothing; with a sample more of a series that has one, there is one still.
 */
#include <errno.h>
#include <math.h>

#include "ocispec-fuzz.h"
#include "scale/sampler.h"

static void check_more(const char *name, const char *text, size_t length, const char *more,
		       double value)
{
	char *all = malloc(length + strlen(more) + 1);
	double again = 0;

	EXPECT(all);
	memcpy(all, text, length);
	memcpy(all + length, more, strlen(more));
	EXPECT(prometheus_value(all, length + strlen(more), name, &again) == 0);
	EXPECT(again == value || fabs(again - value) <= 1e-9 * fabs(value));
	free(all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *newline = memchr(data, '\n', size), *text;
	double value = 0;
	size_t length;
	char *name;
	int r;

	if (!newline || memchr(data, '\0', (size_t)(newline - (const char *)data)))
		return 0;
	name = strndup((const char *)data, (size_t)(newline - (const char *)data));
	EXPECT(name);
	text = newline + 1;
	length = size - (size_t)(text - (const char *)data);
	r = prometheus_value(text, length, name, &value);
	EXPECT(r == 0 || r == -ENOENT || r == -EINVAL);
	EXPECT(r != 0 || !isnan(value));
	if (r == 0 && isfinite(value))
		check_more(name, text, length, "\n# a comment 7\n{} 1\n9x 3\n", value);
	free(name);
	return 0;
}
