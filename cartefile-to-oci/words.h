/* SPDX-License-Identifier: Apache-2.0 */
/*
 * words.h - a command in one option (--probe, --verify) as words: blanks divide, '...' and "..." keep together, \ takes the next.
 */
#ifndef CARTEFILE_WORDS_H
#define CARTEFILE_WORDS_H

#include <stddef.h>

#include <ocispec-lite/arena.h>

struct oci_error;

/** words_split - @ret: NULL-terminated, at least one. @option: for messages: "--probe" */
int words_split(const char *option, const char *text, struct oci_arena *arena, char ***ret,
		size_t *ret_len, struct oci_error *err);

#endif
