/* SPDX-License-Identifier: Apache-2.0 */
/*
 * subid.c - /etc/subuid and /etc/subgid (subuid(5), newuidmap(1)).
 *
 * Read to propose a mapping, and to explain a refusal; the one who decides is
 * newuidmap, which may know of further sources.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/subid.h"

#define FILE_SIZE_MAX (16u << 20)
#define RANGES_MAX 339 /* lines that a map has left behind the first, user_namespaces(7) */

/* Up to the next @end or the line's: its start and length; @p is moved behind it. */
static const char *take_field(const char **p, char end, size_t *length)
{
	const char *start = *p;

	*length = strcspn(start, (const char[]){ end, '\n', '\0' });
	*p = start + *length + (start[*length] == end);
	return start;
}

static bool take_u32(const char **p, char end, uint32_t *ret)
{
	char digits[16];
	size_t length;
	const char *start = take_field(p, end, &length);

	if (!length || length >= sizeof(digits))
		return false;
	memcpy(digits, start, length);
	digits[length] = '\0';
	return parse_u32(digits, ret) == 0;
}

static const char *next_line(const char *p)
{
	p = strchrnul(p, '\n');
	return p + (*p == '\n');
}

static bool is_word(const char *start, size_t length, const char *word)
{
	return word && strlen(word) == length && memcmp(start, word, length) == 0;
}

int subid_parse(struct oci_arena *arena, const char *text, const char *name, uid_t uid,
		struct subid_range **ret, size_t *ret_len)
{
	struct subid_range *ranges = oci_arena_array(arena, RANGES_MAX, sizeof(*ranges));
	size_t len = 0, length;
	char number[16];

	if (!ranges)
		return -ENOMEM;
	(void)snprintf(number, sizeof(number), "%u", (unsigned)uid);
	for (const char *line = text; *line && len < RANGES_MAX; line = next_line(line)) {
		const char *p = line, *owner = take_field(&p, ':', &length);
		struct subid_range range;

		if (!is_word(owner, length, name) && !is_word(owner, length, number))
			continue;
		/* (uid_t)-1 is no id */
		if (take_u32(&p, ':', &range.first) && take_u32(&p, '\n', &range.count) &&
		    range.count && (uint64_t)range.first + range.count <= UINT32_MAX)
			ranges[len++] = range;
	}
	*ret = ranges;
	*ret_len = len;
	return 0;
}

const char *subid_user_name(struct oci_arena *arena, const char *passwd, uid_t uid)
{
	for (const char *line = passwd; *line; line = next_line(line)) {
		const char *p = line, *name;
		size_t length, unused;
		uint32_t number;
		char *copy;

		name = take_field(&p, ':', &length);
		(void)take_field(&p, ':', &unused);
		if (!length || !take_u32(&p, ':', &number) || number != uid)
			continue;
		copy = oci_arena_alloc(arena, length + 1);
		return copy ? memcpy(copy, name, length) : NULL;
	}
	return NULL;
}

static const char *load_user_name(struct oci_arena *arena, uid_t uid)
{
	const char *name = NULL;
	char *text;
	size_t length;

	/* by name: the host's users */
	if (io_read_at(AT_FDCWD, "/etc/passwd", FILE_SIZE_MAX, arena, &text, &length) == 0)
		name = subid_user_name(arena, text, uid);
	/* a user of another source; a false name gains nothing, newuidmap(1) looks for itself */
	return name ? name : getenv("USER");
}

int subid_load(struct oci_arena *arena, const char *file, uid_t uid, struct subid_range **ret,
	       size_t *ret_len, struct oci_error *err)
{
	char *text;
	size_t length;
	/* by name: the host's */
	int r = io_read_at(AT_FDCWD, file, FILE_SIZE_MAX, arena, &text, &length);

	if (r == -ENOENT) {
		*ret = NULL;
		*ret_len = 0;
		return 0;
	}
	if (r < 0)
		return err_sys(err, -r, "read %s", file);
	r = subid_parse(arena, text, load_user_name(arena, uid), uid, ret, ret_len);
	return r < 0 ? err_nomem(err) : 0;
}

/* The part of @range from @from on that nothing in @map has yet; false: none is left. */
static bool next_free(const struct subid_mapping *map, size_t len, const struct subid_range *range,
		      uint64_t *from, uint64_t *ret_end)
{
	uint64_t end = (uint64_t)range->first + range->count;
	bool moved;

	do {
		moved = false;
		for (size_t i = 0; i < len; i++) {
			uint64_t first = map[i].outside, last = first + map[i].count;

			if (*from >= first && *from < last) {
				*from = last;
				moved = true;
			}
		}
	} while (moved);
	for (size_t i = 0; i < len; i++)
		if (map[i].outside > *from && map[i].outside < end)
			end = map[i].outside;
	*ret_end = end;
	return *from < end;
}

int subid_map(struct oci_arena *arena, uint32_t own, const struct subid_range *ranges, size_t len,
	      struct subid_mapping **ret, size_t *ret_len, struct oci_error *err)
{
	struct subid_mapping *map = oci_arena_array(arena, RANGES_MAX + 1, sizeof(*map));
	uint64_t next = 1;
	size_t n = 0;

	if (!map)
		return err_nomem(err);
	map[n++] = (struct subid_mapping){ 0, own, 1 };
	for (size_t i = 0; i < len; i++) {
		uint64_t from = ranges[i].first, end;

		while (n <= RANGES_MAX && next_free(map, n, &ranges[i], &from, &end)) {
			uint64_t size = end - from;

			if (next + size > UINT32_MAX)
				size = UINT32_MAX - next;
			if (!size)
				break;
			map[n++] = (struct subid_mapping){ (uint32_t)next, (uint32_t)from,
							   (uint32_t)size };
			next += size;
			from = end;
		}
	}
	*ret = map;
	*ret_len = n;
	return 0;
}

static bool is_lent(const struct subid_range *ranges, size_t len, uint64_t first, uint64_t end)
{
	bool moved;

	/* neighbours may stand in any order */
	do {
		moved = false;
		for (size_t i = 0; i < len && first < end; i++) {
			uint64_t last = (uint64_t)ranges[i].first + ranges[i].count;

			if (first >= ranges[i].first && first < last) {
				first = last;
				moved = true;
			}
		}
	} while (moved);
	return first >= end;
}

int subid_check(const char *file, uint32_t own, const struct subid_mapping *map, size_t count,
		const char *where, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	struct subid_range *ranges;
	uid_t uid = getuid();
	const char *name;
	size_t len;
	int r;

	r = subid_load(&arena, file, uid, &ranges, &len, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		uint64_t first = map[i].outside, end = first + map[i].count;

		if ((map[i].count == 1 && first == own) || is_lent(ranges, len, first, end))
			continue;
		name = load_user_name(&arena, uid);
		return err_set(err, EPERM,
			       "%s[%zu].hostID: %s does not allow the ids %" PRIu64 " to %" PRIu64
			       " to user %s (%u)%s",
			       where, i, file, first, end - 1, name ? name : "?", (unsigned)uid,
			       len ? "" : ", for whom it has no range at all");
	}
	return 0;
}
