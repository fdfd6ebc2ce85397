/* SPDX-License-Identifier: Apache-2.0 */
/*
 * build.h - the converter at work, with names for what it makes.
 */
#ifndef CARTE_CLI_BUILD_H
#define CARTE_CLI_BUILD_H

struct oci_arena;
struct oci_error;

/** build_renamed - a Cartefile's text with @name as its NAME (labels stay), in @arena; NULL: out of memory. */
char *build_renamed(const char *text, const char *name, struct oci_arena *arena);

/**
 * build_named - run @argv, which reads the Cartefile from standard input.
 * @file: the Cartefile, NULL: that of @context, "-": standard input
 * Return: the converter's exit status, or -errno.
 */
int build_named(const char *const *argv, const char *file, const char *context, const char *name,
		struct oci_error *err);

/**
 * build_alias - the image @from, byte for byte, is called @name too.
 * @from: a name of the store, or "docker-archive:FILE:NAME" and the like
 * @output: where it goes instead of the store; NULL: the store
 */
int build_alias(const char *from, const char *name, const char *output, struct oci_error *err);

/** build_service - a service's `build` of a Compose document, as @image. */
int build_service(const char *context, const char *cartefile, const char *image,
		  struct oci_error *err);

#endif
