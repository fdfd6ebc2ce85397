/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export-private.h - what the writers for the engines share.
 *
 * A writer makes trees (compose-private.h) of the project. For each key that it cannot say it calls lose(), which is silent when the
 * file does not have the key: defaults are no loss.
 */
#ifndef CARTE_SCALE_EXPORT_PRIVATE_H
#define CARTE_SCALE_EXPORT_PRIVATE_H

#include "scale/compose-private.h"
#include "scale/export.h"

#define EXPORT_RUNTIME "carte" /* what the nodes call carte-runtime */
#define EXPORT_RUNTIME_PATH "/usr/bin/carte-runtime"

struct export
{
	struct oci_arena *arena;
	struct oci_error *err;
	struct maker maker;
	const struct export_request *request;
	const struct spec_project *project;
	const struct spec_service *service; /* that is being written; NULL: the project */
	struct export_file *files;
	size_t files_len;
	bool unreadable; /* file_content failed where only trees are made: @err says why */
	FILE *comments;  /* what was lost, for the document: "# ..." lines; NULL: not kept */
};

/**
 * lose - say what a key of the service (or of the project) becomes, or that it becomes nothing.
 * @keys: dotted; several with '|' between them are all looked for; a key that the file has not is passed over
 */
void lose(struct export *x, const char *keys, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** lose_all - rows of keys and words; ends with NULL keys. */
struct loss {
	const char *keys, *words;
};
void lose_all(struct export *x, const struct loss *losses);
/** lose_forecast - of policy predict, which is target to @who. */
void lose_forecast(struct export *x, const char *who);
/** says - does the file have the key? */
bool says(const struct export *x, const char *key);
/** note - what is true of every such export: a comment in the document, no warning. */
void note(struct export *x, const char *text);

int add_file(struct export *x, const char *name, const char *text, size_t length, bool secret);
/** file_content - of a config or secret; read when it is a file's. */
int file_content(struct export *x, const struct spec_file_source *source, const char **ret,
		 size_t *ret_length);

/** label_name - small letters, digits, '-', at most 63, a letter first: RFC 1035. */
const char *label_name(struct export *x, const char *text);
/** check_file_names - two configs, or two secrets, whose label_name is one: -EINVAL. */
int check_file_names(struct export *x, const char *engine);
/** check_names - the same of services, volumes and files. Says which services are renamed. */
int check_names(struct export *x, const char *engine);

/** largest - how many there may ever be. */
int64_t export_largest(const struct spec_service *service);
bool export_is_scaled(const struct spec_service *service);
/** seconds - of milliseconds, up. */
static inline int64_t seconds(int64_t ms)
{
	return ms < 0 ? 0 : (ms + 999) / 1000;
}

/* As put_text and the like, with the dollars as they are: of texts in which the engine replaces nothing. */
void put_literal(struct export *x, struct node *map, const char *key, const char *text);
void put_false(struct maker *maker, struct node *map, const char *key);
void put_boolean(struct maker *maker, struct node *map, const char *key, bool value);

/* The writers */
int export_swarm(struct export *x);
int export_nomad(struct export *x);
int export_kubernetes(struct export *x);

/* Kubernetes' parts */
int kubernetes_add(struct export *x, FILE *out, const struct node *document);
struct node *kubernetes_document(struct export *x, const char *version, const char *kind,
				 const char *name);
struct node *kubernetes_selector(struct export *x);
struct node *kubernetes_pod(struct export *x);
void kubernetes_mounts(struct export *x, struct node *pod, struct node *container);
void kubernetes_security(struct export *x, struct node *pod, struct node *container);
void kubernetes_probes(struct export *x, struct node *container);
int kubernetes_autoscaler(struct export *x, FILE *out);
bool kubernetes_has_autoscaler(const struct export *x);
int kubernetes_storage(struct export *x, FILE *out);

/* Nomad's parts */
struct node *nomad_task(struct export *x, struct node *group);
struct node *nomad_scaling(struct export *x);
void nomad_ports(struct export *x, struct node *group);
const char *nomad_port_label(struct export *x, uint16_t target, uint16_t published);

#endif
