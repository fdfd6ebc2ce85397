/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.h - the supervisor's API over its socket: one connection for each request, HTTP/1.0, so that a body ends with it.
 *
 * Where nobody listens the supervisor is started first. What it refuses becomes the caller's error, with its kind.
 */
#ifndef CARTE_CLI_CLIENT_H
#define CARTE_CLI_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/json.h"

struct oci_arena;
struct oci_error;

#define CLIENT_ANSWER_MAX (64u << 20)

/** client_socket - the path, in @arena. -ENOENT with words: an ordinary user without a runtime folder. */
int client_socket(struct oci_arena *arena, const char **ret, struct oci_error *err);

/** client_never_start - doctor only looks. */
void client_never_start(void);

/**
 * client_call - @path: "/v1/..." without the host; its parts are escaped by client_escape.
 * @body: NULL: none
 * @ret: the answer's document, NULL when it is empty (json_freep); may be NULL itself
 */
int client_call(const char *method, const char *path, const char *body, size_t length,
		yajl_val *ret, struct oci_error *err);

/** client_get, client_post - the same, with a path made of a format. */
int client_get(yajl_val *ret, struct oci_error *err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int client_post(const char *body, yajl_val *ret, struct oci_error *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/**
 * client_lines - @line is called for each line of an answer that may never end (without the newline; it may be changed).
 * Return: 0 at its end, what @line returned when that was not 0, or -errno.
 */
int client_lines(const char *path, int (*line)(void *ctx, char *text), void *ctx,
		 struct oci_error *err);

/** client_escape - one part of a path or a value of a query. "" when memory ran out. */
const char *client_escape(struct oci_arena *arena, const char *text);

#endif
