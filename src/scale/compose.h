/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose.h - reads a Compose file (compose-spec.io; the subset of carte-compose(5)) into a struct spec_project, and writes it normalised.
 *
 * The normalised form is JSON, which is YAML, and is read by the same reader: it is what `carte up` hands to the supervisor, and
 * what is kept in its database.
 */
#ifndef CARTE_SCALE_COMPOSE_H
#define CARTE_SCALE_COMPOSE_H

#include "scale/spec.h"

struct node;
struct oci_arena;
struct oci_error;

/** struct compose_options - how a file is read. */
struct compose_options {
	const char *
		directory; /* what relative paths are relative to; absolute. NULL: of compose_load_files' first file */
	const char *
		project; /* the project's name; NULL: the file's "name:", else the directory's last part */
	char *const *
		environment; /* for ${VARIABLE}; NULL: nothing is substituted (a normalised document) */
	const char *env_file; /* ".env" beside the file is used when NULL and it exists */
	const char *const *profiles;
	bool normalised; /* @text is of compose_emit: nothing is substituted, no file is read */
	const struct node **
		ret_tree; /* what was read, merged: for places in messages (compose-private.h); NULL: not wanted */
};

/**
 * compose_load - read text.
 * @file: what messages call it
 * Return: 0, or -EINVAL with "FILE:LINE:COLUMN: services.web.ports[0]: WORDS", or another -errno.
 */
int compose_load(const char *file, const char *text, size_t length,
		 const struct compose_options *options, struct oci_arena *arena,
		 struct spec_project **ret, struct oci_error *err);

/** compose_load_files - read and merge files as `docker compose -f A -f B` does; "-" is standard input. */
int compose_load_files(const char *const *files, size_t count,
		       const struct compose_options *options, struct oci_arena *arena,
		       struct spec_project **ret, struct oci_error *err);

/**
 * compose_resolve - put the variables that configs and secrets are of (spec_file_source.environment) into their content: whoever
 * runs `up` does that before compose_emit, as the supervisor has not got them. -EINVAL: one is not set.
 */
int compose_resolve(struct spec_project *project, char *const *environment, struct oci_arena *arena,
		    struct oci_error *err);

/** compose_find - compose.yaml, compose.yml, docker-compose.yaml or docker-compose.yml in a folder or above it. 0 or -ENOENT. */
int compose_find(const char *directory, struct oci_arena *arena, char **ret_path,
		 struct oci_error *err);

/** compose_load_here - compose_load_files; without a file, the one that compose_find finds from the current folder. */
int compose_load_here(const char *const *files, size_t count, const struct compose_options *options,
		      struct oci_arena *arena, struct spec_project **ret, struct oci_error *err);

/** compose_emit - the normalised document: JSON, members in a fixed order, so that equal projects are equal bytes. */
int compose_emit(const struct spec_project *project, struct oci_arena *arena, char **ret_text,
		 size_t *ret_length, struct oci_error *err);

/** compose_emit_yaml - the same as YAML, for people. */
int compose_emit_yaml(const struct spec_project *project, struct oci_arena *arena, char **ret_text,
		      size_t *ret_length, struct oci_error *err);

/**
 * compose_emit_service - one service, as in the project's document. Two services with the same bytes (but for replicas and
 * scale, which are left out) need no new replicas: this is what a revision is a digest of.
 */
int compose_emit_service(const struct spec_service *service, bool for_revision,
			 struct oci_arena *arena, char **ret_text, size_t *ret_length,
			 struct oci_error *err);

#endif
