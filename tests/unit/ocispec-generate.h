/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ocispec-generate.h - random documents, made by walking the tables, and their comparison.
 *
 * What it makes is valid: required members are there, words and patterns fit. The same seed makes
 * the same document.
 */
#ifndef TESTS_OCISPEC_GENERATE_H
#define TESTS_OCISPEC_GENERATE_H

#include <stdlib.h>
#include <string.h>

#include <ocispec-lite/table.h>

static inline uint64_t generate_bits(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15ULL; /* splitmix64 */

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static inline size_t generate_below(uint64_t *seed, size_t limit)
{
	return (size_t)(generate_bits(seed) % limit);
}

static inline char *generate_string(uint64_t *seed, struct oci_arena *arena,
				    const struct oci_row *row)
{
	static const char *const fitting[] = {
		"RLIMIT_NOFILE",
		"RLIMIT_AS",
		"2MB",
		"1GB",
		"64KB",
		"c",
		"b",
		"u",
		"p",
		"a",
		"rwm",
		"0-3, 7",
		"MB:0=10;1=70",
		"CAP_CHOWN",
		"application/vnd.oci.image.manifest.v1+json",
		"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8",
	};
	static const char *const parts[] = {
		"a",
		"/dev/null",
		"\"",
		"\\",
		"/",
		"\n",
		"\t",
		"\x01\x1f",
		" ",
		"\x7f",
		"é",
		"€",
		"\\u0041",
		"\xf0\x9f\x90\xb3",
		"\xef\xbf\xbf",
		"{}[],:",
	};
	char text[256] = "";
	size_t count, i;

	if (row->rule && row->rule->fits) {
		const char *choice;

		do
			choice =
				fitting[generate_below(seed, sizeof(fitting) / sizeof(fitting[0]))];
		while (!row->rule->fits(choice, strlen(choice)));
		return oci_arena_strdup(arena, choice);
	}
	count = generate_below(seed, 8);
	if (count == 0 && row->kind == OCI_KIND_STRING && (row->flags & OCI_EMPTY_IS_ABSENT))
		count = 1;
	for (i = 0; i < count; i++)
		strcat(text, parts[generate_below(seed, sizeof(parts) / sizeof(parts[0]))]);
	if (generate_below(seed, 200) > 0)
		return oci_arena_strdup(arena, text);
	/* now and then one that is longer than any buffer on the way */
	return oci_arena_printf(arena, "%s%05000d\n%09000d%s", text, 1, 2, text);
}

static inline uint64_t generate_number(uint64_t *seed, const struct oci_row *row)
{
	bool is_signed = row->kind == OCI_KIND_I64;
	int64_t min = is_signed ? INT64_MIN : 0;
	uint64_t max = is_signed ? INT64_MAX : row->kind == OCI_KIND_U64 ? UINT64_MAX : UINT32_MAX;

	if (row->rule && !row->rule->fits) {
		min = row->rule->min;
		max = row->rule->max;
	}
	switch (generate_below(seed, 5)) {
	case 0:
		return (uint64_t)min;
	case 1:
		return max;
	case 2:
		return min > 0 ? (uint64_t)min : 0;
	case 3:
		return min < 0 ? (uint64_t)-1 : max / 2 + 1;
	default:
		return (uint64_t)min + generate_bits(seed) % ((max - (uint64_t)min) | 1);
	}
}

static inline void *generate(uint64_t *seed, struct oci_arena *arena, const struct oci_table *table,
			     char *object);

static inline size_t generate_element_size(const struct oci_row *row)
{
	switch (row->kind) {
	case OCI_KIND_STRINGS:
	case OCI_KIND_NAMES:
		return sizeof(char *);
	case OCI_KIND_U32S:
		return sizeof(uint32_t);
	case OCI_KIND_ENUMS:
		return sizeof(int);
	case OCI_KIND_PAIRS:
		return sizeof(struct oci_pair);
	default:
		return row->of.table->size;
	}
}

static inline void generate_elements(uint64_t *seed, struct oci_arena *arena,
				     const struct oci_row *row, char *object)
{
	size_t size = generate_element_size(row), count, i;
	char *array;

	count = generate_below(seed, generate_below(seed, 20) ? 4 : 40);
	array = oci_arena_array(arena, count + 1, size);
	for (i = 0; i < count; i++) {
		char *element = array + i * size;
		char **text = (char **)(void *)element;

		switch (row->kind) {
		case OCI_KIND_STRINGS:
			*text = generate_string(seed, arena, row);
			break;
		case OCI_KIND_U32S:
			*(uint32_t *)(void *)element = (uint32_t)generate_number(seed, row);
			break;
		case OCI_KIND_ENUMS:
			*(int *)(void *)element =
				1 + (int)generate_below(seed, row->of.words->count);
			break;
		case OCI_KIND_NAMES: /* its key, below, is all of it */
			break;
		case OCI_KIND_PAIRS:
			text[1] = generate_string(seed, arena, row);
			break;
		default:
			generate(seed, arena, row->of.table, element);
		}
		if (row->kind == OCI_KIND_PAIRS || row->kind == OCI_KIND_MAP ||
		    row->kind == OCI_KIND_NAMES)
			*text = oci_arena_printf(arena, "%s.%zu", generate_string(seed, arena, row),
						 i);
	}
	memcpy(object + row->offset, &array, sizeof(array));
	memcpy(object + row->len_offset, &count, sizeof(count));
}

/* Fill @object, or a new one. */
static inline void *generate(uint64_t *seed, struct oci_arena *arena, const struct oci_table *table,
			     char *object)
{
	size_t i;

	if (!object)
		object = oci_arena_alloc(arena, table->size);
	for (i = 0; i < table->count; i++) {
		const struct oci_row *row = &table->rows[i];
		void *member = object + row->offset;

		if (row->flags & OCI_REFUSED)
			continue;
		if (!(row->flags & OCI_REQUIRED) && generate_below(seed, 2))
			continue;
		switch (row->kind) {
		case OCI_KIND_STRING:
			*(char **)member = generate_string(seed, arena, row);
			break;
		case OCI_KIND_BOOL:
			*(struct oci_bool *)member =
				(struct oci_bool){ true, generate_below(seed, 2) };
			break;
		case OCI_KIND_U32:
			*(struct oci_u32 *)member =
				(struct oci_u32){ true, (uint32_t)generate_number(seed, row) };
			break;
		case OCI_KIND_I64:
			*(struct oci_i64 *)member =
				(struct oci_i64){ true, (int64_t)generate_number(seed, row) };
			break;
		case OCI_KIND_U64:
			*(struct oci_u64 *)member =
				(struct oci_u64){ true, generate_number(seed, row) };
			break;
		case OCI_KIND_ENUM:
			*(int *)member = 1 + (int)generate_below(seed, row->of.words->count);
			break;
		case OCI_KIND_OBJECT:
			*(void **)member = generate(seed, arena, row->of.table, NULL);
			break;
		default:
			generate_elements(seed, arena, row, object);
		}
	}
	return object;
}

static inline bool generate_same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static inline bool generate_same(const struct oci_table *table, const char *a, const char *b);

static inline bool generate_same_elements(const struct oci_row *row, const char *a, const char *b)
{
	size_t a_len, b_len, size = generate_element_size(row), i;
	const char *a_array, *b_array;

	memcpy(&a_array, a + row->offset, sizeof(a_array));
	memcpy(&b_array, b + row->offset, sizeof(b_array));
	memcpy(&a_len, a + row->len_offset, sizeof(a_len));
	memcpy(&b_len, b + row->len_offset, sizeof(b_len));
	if (!a_array != !b_array || a_len != b_len)
		return false;
	for (i = 0; i < a_len; i++) {
		const char *x = a_array + i * size, *y = b_array + i * size;
		char *const *s = (char *const *)(const void *)x,
			    *const *t = (char *const *)(const void *)y;

		switch (row->kind) {
		case OCI_KIND_U32S:
		case OCI_KIND_ENUMS:
			if (memcmp(x, y, size) != 0)
				return false;
			break;
		case OCI_KIND_OBJECTS:
			if (!generate_same(row->of.table, x, y))
				return false;
			break;
		default:
			if (!generate_same_text(*s, *t) ||
			    (row->kind == OCI_KIND_PAIRS && !generate_same_text(s[1], t[1])) ||
			    (row->kind == OCI_KIND_MAP && !generate_same(row->of.table, x, y)))
				return false;
		}
	}
	/* string arrays end in NULL too */
	return (row->kind != OCI_KIND_STRINGS && row->kind != OCI_KIND_NAMES) || !b_array ||
	       !((char *const *)(const void *)b_array)[b_len];
}

static inline bool generate_same(const struct oci_table *table, const char *a, const char *b)
{
	size_t i;

	if (!a || !b)
		return a == b;
	for (i = 0; i < table->count; i++) {
		const struct oci_row *row = &table->rows[i];
		const char *x = a + row->offset, *y = b + row->offset;
		const char *p = NULL, *q = NULL;
		bool same = true;

		if (row->flags & OCI_REFUSED)
			continue;

		switch (row->kind) {
		case OCI_KIND_STRING:
		case OCI_KIND_OBJECT:
			memcpy(&p, x, sizeof(p));
			memcpy(&q, y, sizeof(q));
			same = row->kind == OCI_KIND_STRING ? generate_same_text(p, q)
							    : generate_same(row->of.table, p, q);
			break;
		case OCI_KIND_BOOL:
			same = memcmp(x, y, sizeof(struct oci_bool)) == 0;
			break;
		case OCI_KIND_U32:
			same = ((const struct oci_u32 *)(const void *)x)->present ==
				       ((const struct oci_u32 *)(const void *)y)->present &&
			       ((const struct oci_u32 *)(const void *)x)->value ==
				       ((const struct oci_u32 *)(const void *)y)->value;
			break;
		case OCI_KIND_I64:
		case OCI_KIND_U64:
			same = ((const struct oci_u64 *)(const void *)x)->present ==
				       ((const struct oci_u64 *)(const void *)y)->present &&
			       ((const struct oci_u64 *)(const void *)x)->value ==
				       ((const struct oci_u64 *)(const void *)y)->value;
			break;
		case OCI_KIND_ENUM:
			same = memcmp(x, y, sizeof(int)) == 0;
			break;
		default:
			same = generate_same_elements(row, a, b);
		}
		if (!same)
			return false;
	}
	return true;
}

#endif
