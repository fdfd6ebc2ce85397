/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_subid.c - the text of /etc/subuid behind a line with the user's name, and that of /etc/passwd: the map that is made
 * of the ranges has no hole, names nothing twice, and fits.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/subid.h"

#define UID 1000
#define ENTRIES_MAX 340 /* user_namespaces(7) */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t end_of(const struct subid_mapping *m)
{
	return (uint64_t)m->outside + m->count;
}

static void check_map(const struct subid_mapping *map, size_t len)
{
	uint64_t next = 0;

	if (len < 1 || len > ENTRIES_MAX)
		abort();
	for (size_t i = 0; i < len; i++) {
		if (map[i].inside != next || map[i].count == 0 || end_of(&map[i]) > UINT32_MAX)
			abort();
		next += map[i].count;
		for (size_t k = 0; k < i; k++)
			if (map[i].outside < end_of(&map[k]) && map[k].outside < end_of(&map[i]))
				abort();
	}
	if (next > UINT32_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	/* of just that size, so that a byte too many is one outside */
	CLEANUP_FREE char *text = malloc(size + 1);
	CLEANUP_FREE char *name = NULL, *lines = NULL;
	struct subid_mapping *map;
	struct subid_range *ranges;
	const char *found;
	size_t len, end;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	end = strcspn(text, "\n");
	name = strndup(text, end);
	lines = strdup(text + end + (text[end] == '\n'));
	if (!name || !lines)
		return 0;
	found = subid_user_name(&arena, lines, UID);
	if (found && (!*found || strpbrk(found, ":\n")))
		abort();
	if (subid_parse(&arena, lines, *name ? name : NULL, UID, &ranges, &len) == 0 &&
	    subid_map(&arena, UID, ranges, len, &map, &len, NULL) == 0)
		check_map(map, len);
	return 0;
}
