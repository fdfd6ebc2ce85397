/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h - JSON documents as C structs, described by rows.
 *
 * One row per member drives reading, checking and writing, so a new document
 * is a struct and its rows and no new machinery:
 *
 *	struct pet {
 *		char *name;
 *		enum pet_kind kind;
 *		struct oci_i64 weight;
 *		char **toys;
 *		size_t toys_len;
 *	};
 *
 *	static const struct oci_word pet_kind_list[] = { OCI_WORD("cat"), OCI_WORD("dog") };
 *	static const OCI_WORDS(pet_kinds, enum pet_kind, pet_kind_list);
 *
 *	static const struct oci_rule weight_rule = { .min = 1, .max = 200 };
 *
 *	static const struct oci_row pet_rows[] = {
 *		OCI_ROW_STRING(struct pet, name, "name", .flags = OCI_REQUIRED),
 *		OCI_ROW_ENUM(struct pet, kind, "kind", pet_kinds),
 *		OCI_ROW_I64(struct pet, weight, "weight", .rule = &weight_rule),
 *		OCI_ROW_STRINGS(struct pet, toys, "toys"),
 *	};
 *	static const OCI_TABLE(pet_table, struct pet, pet_rows);
 *
 * A row whose C type does not fit its member does not compile. What follows
 * the key is designated: .flags = OCI_..., .rule = &...
 * Members are written in the order of their rows and read in any.
 */
#ifndef OCISPEC_LITE_TABLE_H
#define OCISPEC_LITE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ocispec-lite/arena.h>
#include <ocispec-lite/error.h>
#include <ocispec-lite/runtime.h>

#ifdef __cplusplus
extern "C" {
#endif

enum oci_kind {
	OCI_KIND_STRING = 1, /* char * */
	OCI_KIND_BOOL,       /* struct oci_bool */
	OCI_KIND_U32,        /* struct oci_u32 */
	OCI_KIND_I64,        /* struct oci_i64 */
	OCI_KIND_U64,        /* struct oci_u64 */
	OCI_KIND_ENUM,       /* an enum; the words are its values 1, 2, ... in order */
	OCI_KIND_OBJECT,     /* struct x * */
	OCI_KIND_STRINGS,    /* char **, NULL-terminated, and NAME_len */
	OCI_KIND_U32S,       /* uint32_t * and NAME_len */
	OCI_KIND_ENUMS,      /* int * of an enum's values and NAME_len */
	OCI_KIND_OBJECTS,    /* struct x * and NAME_len: an array of objects */
	OCI_KIND_PAIRS,      /* struct oci_pair * and NAME_len: an object of strings */
	OCI_KIND_MAP, /* struct x *, which starts with char *key, and NAME_len: an object of objects */
	OCI_KIND_NAMES, /* as STRINGS: the keys of an object of empty objects, Go's map[string]struct{} */
};

/* flags of a row */
#define OCI_REQUIRED 1u         /* missing or null is an error */
#define OCI_EMPTY_IS_ABSENT 2u  /* string: "" reads as NULL; an optional enum does that anyway */
#define OCI_MINUS1_IS_ABSENT 4u /* number: -1 reads as absent, whatever the range */
#define OCI_REFUSED 8u          /* this key is an error, see OCI_ROW_REFUSED */

/** struct oci_word - a word of an enumeration. */
struct oci_word {
	const char *text;
	size_t length;
};

/** struct oci_words - an enumeration: words[i] stands for the value i + 1. */
struct oci_words {
	const struct oci_word *words;
	size_t count;
};

/**
 * struct oci_rule - what a value must satisfy beyond its type.
 * @expected: completes "expected ..., got '...'"; strings only
 * @fits: strings, and each string of an array or map
 * @min, @max: numbers, inclusive; both are looked at, so give both
 */
struct oci_rule {
	const char *expected;
	bool (*fits)(const char *text, size_t length);
	int64_t min;
	uint64_t max;
};

struct oci_table;

/** struct oci_row - a member; write it with the macros below. */
struct oci_row {
	const char *key;
	uint8_t key_length;
	uint8_t kind; /* enum oci_kind */
	uint16_t flags;
	uint16_t offset;
	uint16_t len_offset;
	union {
		const struct oci_table *table;
		const struct oci_words *words;
	} of;
	const struct oci_rule *rule;
};

#define OCI_TABLE_MAX_ROWS 64

/** struct oci_table - an object: its rows and the size of its struct. */
struct oci_table {
	const struct oci_row *rows;
	size_t count;
	size_t size;
};

/**
 * OCI_TABLE, OCI_WORDS - define a table or an enumeration; put the storage class in front.
 * OCI_TABLE_DECLARE, OCI_WORDS_DECLARE - declare one that is defined elsewhere or later; put
 * `extern` (or `static`, for a table that refers to itself) in front.
 */
#define OCI_TABLE(table_, T, rows_)                                                         \
	struct oci_table table_ = { rows_, sizeof(rows_) / sizeof((rows_)[0]), sizeof(T) }; \
	_Static_assert(sizeof(rows_) / sizeof((rows_)[0]) <= OCI_TABLE_MAX_ROWS, "rows");   \
	_Static_assert(sizeof(T) <= UINT16_MAX, "size");                                    \
	typedef T table_##_type
#define OCI_TABLE_DECLARE(table_, T)   \
	const struct oci_table table_; \
	typedef T table_##_type
#define OCI_WORD(text_)                  \
	{                                \
		text_, sizeof(text_) - 1 \
	}
#define OCI_WORDS(words_, E, list_)                                              \
	struct oci_words words_ = { list_, sizeof(list_) / sizeof((list_)[0]) }; \
	typedef E words_##_type
#define OCI_WORDS_DECLARE(words_, E)   \
	const struct oci_words words_; \
	typedef E words_##_type

/* offsetof(T, m), and only if T.m has type C */
#define OCI_OFFSET(T, m, C) _Generic(((T *)0)->m, C : offsetof(T, m))

#define OCI_ROW_(key_, kind_, offset_, ...)                                     \
	{                                                                       \
		.key = (key_), .key_length = sizeof(key_) - 1, .kind = (kind_), \
		.offset = (offset_), __VA_ARGS__                                \
	}
#define OCI_ROW_LEN_(T, m) .len_offset = OCI_OFFSET(T, m##_len, size_t)

#define OCI_ROW_STRING(T, m, key_, ...) \
	OCI_ROW_(key_, OCI_KIND_STRING, OCI_OFFSET(T, m, char *), __VA_ARGS__)
#define OCI_ROW_BOOL(T, m, key_, ...) \
	OCI_ROW_(key_, OCI_KIND_BOOL, OCI_OFFSET(T, m, struct oci_bool), __VA_ARGS__)
#define OCI_ROW_U32(T, m, key_, ...) \
	OCI_ROW_(key_, OCI_KIND_U32, OCI_OFFSET(T, m, struct oci_u32), __VA_ARGS__)
#define OCI_ROW_I64(T, m, key_, ...) \
	OCI_ROW_(key_, OCI_KIND_I64, OCI_OFFSET(T, m, struct oci_i64), __VA_ARGS__)
#define OCI_ROW_U64(T, m, key_, ...) \
	OCI_ROW_(key_, OCI_KIND_U64, OCI_OFFSET(T, m, struct oci_u64), __VA_ARGS__)
#define OCI_ROW_ENUM(T, m, key_, words_, ...)                                                 \
	OCI_ROW_(key_, OCI_KIND_ENUM, OCI_OFFSET(T, m, words_##_type), .of.words = &(words_), \
		 __VA_ARGS__)
#define OCI_ROW_OBJECT(T, m, key_, table_, ...)                                                   \
	OCI_ROW_(key_, OCI_KIND_OBJECT, OCI_OFFSET(T, m, table_##_type *), .of.table = &(table_), \
		 __VA_ARGS__)
#define OCI_ROW_STRINGS(T, m, key_, ...) \
	OCI_ROW_(key_, OCI_KIND_STRINGS, OCI_OFFSET(T, m, char **), OCI_ROW_LEN_(T, m), __VA_ARGS__)
#define OCI_ROW_U32S(T, m, key_, ...) \
	OCI_ROW_(key_, OCI_KIND_U32S, OCI_OFFSET(T, m, uint32_t *), OCI_ROW_LEN_(T, m), __VA_ARGS__)
#define OCI_ROW_ENUMS(T, m, key_, words_, ...)                                      \
	OCI_ROW_(key_, OCI_KIND_ENUMS, OCI_OFFSET(T, m, int *), OCI_ROW_LEN_(T, m), \
		 .of.words = &(words_), __VA_ARGS__)
#define OCI_ROW_OBJECTS(T, m, key_, table_, ...)                                                \
	OCI_ROW_(key_, OCI_KIND_OBJECTS, OCI_OFFSET(T, m, table_##_type *), OCI_ROW_LEN_(T, m), \
		 .of.table = &(table_), __VA_ARGS__)
#define OCI_ROW_PAIRS(T, m, key_, ...)                                                          \
	OCI_ROW_(key_, OCI_KIND_PAIRS, OCI_OFFSET(T, m, struct oci_pair *), OCI_ROW_LEN_(T, m), \
		 __VA_ARGS__)
#define OCI_ROW_NAMES(T, m, key_, ...) \
	OCI_ROW_(key_, OCI_KIND_NAMES, OCI_OFFSET(T, m, char **), OCI_ROW_LEN_(T, m), __VA_ARGS__)
/* a key that would make the document another kind of document to another reader; it has no member */
#define OCI_ROW_REFUSED(key_) OCI_ROW_(key_, OCI_KIND_BOOL, 0, .flags = OCI_REFUSED)
/* the struct must start with its char *key, or the array size here is negative */
#define OCI_ROW_MAP(T, m, key_, table_, ...)                                                     \
	OCI_ROW_(key_, OCI_KIND_MAP,                                                             \
		 OCI_OFFSET(T, m, table_##_type *) +                                             \
			 0 * sizeof(char[OCI_OFFSET(table_##_type, key, char *) == 0 ? 1 : -1]), \
		 OCI_ROW_LEN_(T, m), .of.table = &(table_), __VA_ARGS__)

/**
 * oci_table_parse - read one JSON document that is an object.
 * @arena: owns the struct and all that it points to
 * @name: what messages call the document, e.g. "config.json"
 * @text: @length bytes, need not be NUL-terminated; at most 16 MiB, nested at most 64 deep
 * @ret: the struct; written only on success
 *
 * Members without a row are skipped, though their syntax is checked. null is
 * an absent member. Wrong types, values that do not fit their rule, required
 * members that are missing, keys that come twice, invalid UTF-8 and NUL
 * characters are errors that name the place: "config.json: root.path:
 * required field is missing", and for syntax "config.json:12:5: invalid JSON:
 * expected ',' or '}'".
 *
 * Return: 0; -EINVAL, -EFBIG (document too large) or -ENOMEM.
 */
int oci_table_parse(const struct oci_table *table, struct oci_arena *arena, const char *name,
		    const char *text, size_t length, void **ret, struct oci_error *err);

/**
 * oci_table_parse_list - the same for a document that is an array of such objects.
 * @ret: the objects, one behind the other
 */
int oci_table_parse_list(const struct oci_table *table, struct oci_arena *arena, const char *name,
			 const char *text, size_t length, void **ret, size_t *ret_length,
			 struct oci_error *err);

/**
 * oci_strings_parse - read one JSON document that is an array of strings.
 * @ret: NULL-terminated, written only on success, as is @ret_length
 */
int oci_strings_parse(struct oci_arena *arena, const char *name, const char *text, size_t length,
		      char ***ret, size_t *ret_length, struct oci_error *err);

/**
 * oci_table_emit - write a struct as a JSON document; absent members are left out.
 * @flags: OCI_EMIT_INDENT or 0
 * @ret_text: malloc'ed, NUL-terminated, ends in a newline when indented; the
 *            caller frees it
 *
 * An array or map that is NULL is absent, one that is empty is written as []
 * or {}. Bytes that are not UTF-8 are written as U+FFFD.
 *
 * Return: 0, -ENOMEM, or -EINVAL for an enum value that has no word.
 */
int oci_table_emit(const struct oci_table *table, const void *object, unsigned flags,
		   char **ret_text, size_t *ret_length, struct oci_error *err);

#ifdef __cplusplus
}
#endif
#endif
