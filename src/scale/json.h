/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - writing JSON by yajl_gen without a check after each member, and reading small documents by yajl_tree within bounds.
 */
#ifndef CARTE_SCALE_JSON_H
#define CARTE_SCALE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <yajl/yajl_tree.h>

struct oci_arena;
struct oci_error;

/** struct json - what is being written; a failure stays, and json_take tells it. */
struct json {
	void *gen; /* yajl_gen */
	bool failed;
};

int json_begin(struct json *json, struct oci_error *err);
void json_end(struct json *json);

/* @key: NULL in an array and at the top. */
void json_map(struct json *json, const char *key);
void json_map_end(struct json *json);
void json_list(struct json *json, const char *key);
void json_list_end(struct json *json);
/** json_text - what is no UTF-8 becomes U+FFFD; NULL becomes null. */
void json_text(struct json *json, const char *key, const char *text);
void json_int(struct json *json, const char *key, int64_t value);
/** json_count - as json_int; negative, which means "not known" or "not given", becomes null. */
void json_count(struct json *json, const char *key, int64_t value);
/** json_real - not finite, or negative: null. */
void json_real(struct json *json, const char *key, double value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);
/** json_time - RFC 3339 in UTC with milliseconds; 0: null. */
void json_time(struct json *json, const char *key, int64_t ms);
/** json_raw - a document that is put in as it is; null when it is none. */
void json_raw(struct json *json, const char *key, const char *text, size_t length);

/** json_take - the text, on the heap. 0 or -ENOMEM. */
int json_take(struct json *json, char **ret_text, size_t *ret_length, struct oci_error *err);

#define JSON_DEPTH_MAX 64

/**
 * json_read - parse; an empty text is an empty object.
 * Return: 0 with a tree for yajl_tree_free, or -EINVAL (ERR_DOCUMENT): too deep, or no JSON, with the parser's words.
 */
int json_read(const char *text, size_t length, yajl_val *ret, struct oci_error *err);

static inline void yajl_freep(yajl_val *value)
{
	yajl_tree_free(*value);
	*value = NULL;
}
#define CLEANUP_JSON __attribute__((cleanup(json_end)))
#define CLEANUP_TREE __attribute__((cleanup(yajl_freep)))

/** json_member - of an object, or NULL. */
yajl_val json_member(yajl_val object, const char *key);

/** json_only - every member is one of @keys (ending with NULL), and @root is an object. */
int json_only(yajl_val root, const char *const *keys, struct oci_error *err);
/** json_get_int - 1: it is there, 0: it is not, -EINVAL: it is none, or out of range. */
int json_get_int(yajl_val root, const char *key, int64_t min, int64_t max, int64_t *ret,
		 struct oci_error *err);
int json_get_bool(yajl_val root, const char *key, bool *ret, struct oci_error *err);
int json_get_text(yajl_val root, const char *key, const char **ret, struct oci_error *err);

#endif
