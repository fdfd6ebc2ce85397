/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common.h - what several verbs do: choose an output format, go through operands, read the supervisor's names for things.
 */
#ifndef CARTE_CLI_COMMON_H
#define CARTE_CLI_COMMON_H

#include <signal.h>

#include "base/mem.h"
#include "cli/client.h"
#include "cli/cmds.h"
#include "cli/term.h"

#define SHORT_ID 12

#define FORMAT_OPTION(type)                                                \
	{                                                                  \
		"format", 0, OPT_STRING, offsetof(type, format), "FORMAT", \
			"table (default) or json"                          \
	}

/** common_format - *ret_json; ERR_USAGE for another word. */
int common_format(const char *format, bool *ret_json, struct oci_error *err);

/** common_complain - the one line of a failure, of one of several operands. Only for cmd_*.c. */
void common_complain(const char *verb, const struct oci_error *err);

/** common_each - @one for every operand; a failure is printed and the others follow. The first failure's exit status, or 0. */
int common_each(const char *verb, char **operands, int count,
		int (*one)(void *ctx, const char *operand, struct oci_error *err), void *ctx);

/** common_signal - "TERM", "SIGTERM" or "15": the number, or -EINVAL. common_signal_name - "SIGTERM"; NULL: none. */
int common_signal(const char *text);
const char *common_signal_name(int number, char buf[32]);

/** common_bytes - "512m", "1.5g", "100": bytes; -EINVAL. */
int common_bytes(const char *text, int64_t *ret);

/** common_sleep - @ms. */
void common_sleep(int ms);

/** common_now_ms - CLOCK_MONOTONIC. */
int64_t common_now_ms(void);

/* ---- references --------------------------------------------------------------------------------------------------- */

/** struct refs - all containers and services, read once for a command. */
struct refs {
	yajl_val containers, services;
	struct oci_arena arena;
};

/** struct ref - what a word means: a container, or all of a service. Strings live as long as the refs. */
struct ref {
	yajl_val container; /* NULL: a service */
	yajl_val service;   /* NULL: a container */
	const char *id, *name;
	const char *project, *service_name;
};

int refs_load(struct refs *refs, struct oci_error *err);
void refs_freep(struct refs *refs);
#define CLEANUP_REFS __attribute__((cleanup(refs_freep)))

/**
 * refs_find - in this order: a container's whole name or ID, PROJECT/SERVICE or a service's name, the beginning of a container's
 * name or ID. ERR_NOT_FOUND; ERR_USAGE when several things are meant.
 */
int refs_find(struct refs *refs, const char *text, struct ref *ret, struct oci_error *err);
/** refs_container - the same, and of a service its first replica that runs. */
int refs_container(struct refs *refs, const char *text, struct ref *ret, struct oci_error *err);
/** refs_service - only services. */
int refs_service(struct refs *refs, const char *text, struct ref *ret, struct oci_error *err);

/** ref_means - is @container the one, or a replica of the service? */
bool ref_means(const struct ref *ref, yajl_val container);

/** refs_service_path - refs_service, and where the interface has it: "/v1/services/PROJECT/SERVICE" in the refs' arena. */
int refs_service_path(struct refs *refs, const char *text, struct ref *ret, const char **ret_path,
		      struct oci_error *err);

/** common_container - GET /v1/containers/ID of what @text means: the whole document. */
int common_container(const char *text, yajl_val *ret, struct oci_error *err);

/** container_runs - has it a process? */
bool container_runs(yajl_val container);

#endif
