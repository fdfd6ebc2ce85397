/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose-private.h - what the parts of the Compose reader and writer share.
 *
 * A file becomes a tree of nodes that know their place (compose_yaml.c), variables in it are replaced as it is built
 * (compose_substitute.c), several trees become one (compose_merge.c), and tables of rows, one for each key, turn the tree into
 * a struct spec_project (compose_service.c and its neighbours). The writer goes back the same way: a tree is made of the project
 * (compose_emit.c) and written as JSON or YAML (compose_write.c).
 */
#ifndef CARTE_SCALE_COMPOSE_PRIVATE_H
#define CARTE_SCALE_COMPOSE_PRIVATE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "scale/compose.h"

#define COMPOSE_TEXT_MAX (1 << 20) /* bytes of a file */
#define COMPOSE_DEPTH_MAX 48
#define COMPOSE_KEYS_MAX 1024 /* of one map, as keys are compared pair by pair */
#define COMPOSE_KEY_LENGTH_MAX \
	500 /* libyaml reads no key that is longer than 1024 with its quotes */
#define COMPOSE_WEIGHT_MAX \
	200000 /* nodes after all aliases, a long text counts for more: "a billion laughs" */
#define COMPOSE_REPLICAS_MAX 1000
#define COMPOSE_PORTS_MAX 1024 /* of one entry */

enum node_kind { NODE_NULL, NODE_SCALAR, NODE_LIST, NODE_MAP };
enum node_tag { NODE_PLAIN_MERGE, NODE_RESET, NODE_OVERRIDE };

/** struct node - a value. A node that an alias names is in the tree several times: after it is made nothing changes it. */
struct node {
	enum node_kind kind;
	bool plain; /* scalar without quotes */
	enum node_tag tag;
	const char *file;
	unsigned line, column;
	const char *text; /* scalar */
	struct node_entry *entries;
	size_t len, room;
	size_t weight;
};

struct node_entry {
	struct node *key; /* NULL in a list */
	struct node *value;
};

/** struct at - a place in the document: a list of stack frames, put into words only on failure. */
struct at {
	const struct at *up;
	const char *key; /* NULL: @index of a list */
	size_t index;
	const struct node *node;
};

/** struct reader - one load. */
struct reader {
	struct oci_arena *arena;
	struct oci_error *err;
	const struct compose_options *options;
	struct spec_pairs variables; /* of .env */
	struct spec_project *project;
	size_t text_budget; /* bytes that substitution may still make */
};

struct row;
typedef int row_read(struct reader *reader, const struct at *at, void *slot, const struct row *row);

/** struct row - a key: how it is read, or why it is not. */
struct row {
	const char *name;
	row_read *read; /* NULL: refused, see @why */
	size_t offset;
	int64_t min, max;
	const char *why;        /* refused: a clause; otherwise what the reader needs */
	const struct row *rows; /* read_rows: what is in it */
};

#define ROW(key, reader, at, ...)                                              \
	{                                                                      \
		.name = (key), .read = (reader), .offset = (at), ##__VA_ARGS__ \
	}
#define IGNORED(key)                                \
	{                                           \
		.name = (key), .read = read_ignored \
	}
#define REFUSED(key, reason)                   \
	{                                      \
		.name = (key), .why = (reason) \
	}
#define ROWS_END             \
	{                    \
		.name = NULL \
	}

/* Places and failures: compose_fail.c */
int fail(const struct reader *reader, const struct at *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int fail_expected(const struct reader *reader, const struct at *at, const char *what);
int fail_unknown(const struct reader *reader, const struct at *at, const struct row *rows);
int fail_words(const struct reader *reader, const struct at *at, const char *const *words);
int fail_nomem(const struct reader *reader);
#define SHOWN_SIZE 84
const char *shown(char buf[SHOWN_SIZE], const char *text);

static inline struct at at_key(const struct at *up, const struct node_entry *entry)
{
	return (struct at){ .up = up, .key = entry->key->text, .node = entry->value };
}

static inline struct at at_index(const struct at *up, size_t index)
{
	return (struct at){ .up = up, .index = index, .node = up->node->entries[index].value };
}

/* The tree: compose_yaml.c, compose_node.c, compose_merge.c, compose_substitute.c */
int yaml_read(struct reader *reader, const char *file, const char *text, size_t length,
	      struct node **ret);
struct node *node_new(struct oci_arena *arena, enum node_kind kind, const struct node *place);
int node_add(struct oci_arena *arena, struct node *node, struct node *key, struct node *value);
/* node_get - NULL too for what is reset; node_has - is the key there at all? */
struct node *node_get(const struct node *map, const char *key);
bool node_has(const struct node *map, const char *key);
int merge_trees(struct reader *reader, struct node *base, struct node *over, struct node **ret);
int substitute(struct reader *reader, const struct at *at, const char *text, const char **ret);
int variable_get(const struct reader *reader, const char *name, size_t length, const char **ret);

/* .env and env_file: compose_env_file.c */
int env_file_read(struct reader *reader, const struct at *at, const char *path, bool required,
		  bool raw, struct spec_pairs *pairs);

/* Values: compose_value.c */
row_read read_string, read_text, read_bool, read_int, read_time, read_size, read_cpus, read_number,
	read_percent, read_ignored, read_mode, read_u32;
int value_time(const char *text, int64_t *ret_ms);
int value_size(const char *text, int64_t *ret);
int value_port(const char *text, uint16_t *ret);
/* @words: NULL at the end. Index or a failure that lists them. */
int read_word(struct reader *reader, const struct at *at, const char *const *words, int *ret);

/* Lists and maps: compose_list.c */
row_read read_strings, read_string_or_strings, read_unique, read_argv, read_pairs, read_labels,
	read_rows;
int strings_add(struct reader *reader, struct strings *strings, const char *text);
int pairs_set(struct reader *reader, struct spec_pairs *pairs, const char *key, const char *value);
int read_map(struct reader *reader, const struct at *at, const struct row *rows, void *base);
int split_words(struct reader *reader, const struct at *at, const char *text, struct strings *ret);
void *array_more(struct oci_arena *arena, void *items, size_t *len, size_t size);
int need_map(struct reader *reader, const struct at *at);
int need_list(struct reader *reader, const struct at *at);

/* A service's parts */
row_read read_ports, read_expose;                    /* compose_ports.c */
row_read read_volumes, read_tmpfs;                   /* compose_mounts.c */
row_read read_service_configs, read_service_secrets; /* compose_files.c */
row_read read_service_networks, read_network_mode;   /* compose_network.c */
row_read read_healthcheck, read_carte_probe;         /* compose_health.c */
row_read read_deploy, read_restart;                  /* compose_deploy.c */
row_read read_carte_scale;                           /* compose_scale.c */
row_read read_environment, read_env_file, read_build, read_security_opt, read_logging,
	read_depends_on; /* compose_run.c */
row_read read_dns, read_cpuset, read_extra_hosts, read_ulimits, read_devices, read_sysctls,
	read_signal;                 /* compose_host.c */
row_read read_services;              /* compose_service.c */
row_read read_networks;              /* compose_network.c */
row_read read_top_volumes;           /* compose_mounts.c */
row_read read_configs, read_secrets; /* compose_files.c */
void probe_defaults(struct spec_probe *probe);
/** is_in_subnet - is @inner, an address or a subnet, in @subnet? Both were checked when they were read. */
bool is_in_subnet(const char *inner, const char *subnet);
int scale_defaults(struct reader *reader, const struct at *at, struct spec_service *service,
		   bool replicas_given);
/** path_resolve - absolute, with the project's folder; "~" is $HOME. */
int path_resolve(struct reader *reader, const struct at *at, const char *path, const char **ret);

/* What holds between services: compose_check.c */
int compose_check(struct reader *reader, const struct at *root);

/* Writing: compose_write.c */
int write_json(const struct node *node, struct oci_arena *arena, char **ret_text,
	       size_t *ret_length, struct oci_error *err);
int write_yaml(const struct node *node, struct oci_arena *arena, char **ret_text,
	       size_t *ret_length, struct oci_error *err);

/** struct maker - makes a tree; a failure (out of memory) stays. Its functions do nothing on what is not given. */
struct maker {
	struct oci_arena *arena;
	bool failed;
	bool dollars_as_they_are; /* for readers that know no variables */
};

struct node *make_node(struct maker *maker, enum node_kind kind);
struct node *make_text(struct maker *maker, const char *text);
struct node *make_int(struct maker *maker, int64_t value);
void put(struct maker *maker, struct node *map, const char *key, struct node *value);
void put_text(struct maker *maker, struct node *map, const char *key, const char *text);
void put_int(struct maker *maker, struct node *map, const char *key, int64_t value);
void put_number(struct maker *maker, struct node *map, const char *key, double value);
void put_true(struct maker *maker, struct node *map, const char *key, bool value);
void put_time(struct maker *maker, struct node *map, const char *key, int64_t ms);
void put_bytes(struct maker *maker, struct node *map, const char *key, int64_t bytes);
void put_cpus(struct maker *maker, struct node *map, const char *key, int64_t milli);
void put_strings(struct maker *maker, struct node *map, const char *key, const struct strings *s);
void put_pairs(struct maker *maker, struct node *map, const char *key, const struct spec_pairs *p);
/* put_filled - only when there is something in it */
void put_filled(struct maker *maker, struct node *map, const char *key, struct node *value);
void push(struct maker *maker, struct node *list, struct node *value);
struct node *make_service(struct maker *maker, const struct spec_service *service,
			  bool for_revision);
void put_deploy(struct maker *maker, struct node *map, const struct spec_service *service,
		bool for_revision);
void put_carte(struct maker *maker, struct node *map, const struct spec_service *service,
	       bool for_revision);

#endif
