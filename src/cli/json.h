/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.h - short ways to what a tree of yajl's holds, and to write a document with yajl's generator.
 *
 * Reading never fails: what is absent or of another type is the caller's default, for the documents come from our own programs.
 */
#ifndef CARTE_CLI_JSON_H
#define CARTE_CLI_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <yajl/yajl_gen.h>
#include <yajl/yajl_tree.h>

struct oci_error;

/** json_parse - @what: whose document it is, for the message. *ret: json_freep. */
int json_parse(const char *text, const char *what, yajl_val *ret, struct oci_error *err);

static inline void json_freep(yajl_val *value)
{
	yajl_tree_free(*value);
	*value = NULL;
}
#define CLEANUP_JSON __attribute__((cleanup(json_freep)))

/** json_get - a member, or NULL. json_text - its string, "" for none. */
yajl_val json_get(yajl_val object, const char *key);
const char *json_text(yajl_val object, const char *key);
long long json_int(yajl_val object, const char *key, long long otherwise);
double json_double(yajl_val object, const char *key, double otherwise);
bool json_bool(yajl_val object, const char *key);

/** json_count, json_at - of an array; 0 and NULL of anything else. */
size_t json_count(yajl_val array);
yajl_val json_at(yajl_val array, size_t i);

/** json_print - indented, with a newline at its end. 0 or -errno. */
int json_print(yajl_val value, FILE *out, struct oci_error *err);

/* ---- writing: @key NULL inside an array --------------------------------------------------------------------------- */

yajl_gen json_new(void); /* NULL: out of memory */
static inline void json_gen_freep(yajl_gen *gen)
{
	if (*gen)
		yajl_gen_free(*gen);
	*gen = NULL;
}
#define CLEANUP_GEN __attribute__((cleanup(json_gen_freep)))

void json_put_text(yajl_gen gen, const char *key, const char *text); /* NULL: nothing is put */
void json_put_int(yajl_gen gen, const char *key, long long value);
void json_put_bool(yajl_gen gen, const char *key, bool value);
void json_put_null(yajl_gen gen, const char *key);
void json_open_map(yajl_gen gen, const char *key);
void json_open_array(yajl_gen gen, const char *key);
void json_close_map(yajl_gen gen);
void json_close_array(yajl_gen gen);

/** json_finish - the text, which lives as long as @gen. -EINVAL: a string that is no UTF-8, -ENOMEM. */
int json_finish(yajl_gen gen, const char **ret_text, size_t *ret_length, struct oci_error *err);

#endif
