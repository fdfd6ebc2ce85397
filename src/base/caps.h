/* SPDX-License-Identifier: Apache-2.0 */
/*
 * caps.h - capabilities by name and as sets: bit N is capability number N (capabilities(7), linux/capability.h).
 */
#ifndef CARTE_BASE_CAPS_H
#define CARTE_BASE_CAPS_H

#include <stddef.h>
#include <stdint.h>

#include <ocispec-lite/arena.h>

#define CAPS_COUNT 41 /* Linux 5.9 */
#define CAPS_ALL ((UINT64_C(1) << CAPS_COUNT) - 1)

/** caps_names - "CAP_CHOWN" ... by number; NULL behind the last. */
extern const char *const caps_names[CAPS_COUNT + 1];

/** caps_number - of exactly such a name; -1: none that is known. */
int caps_number(const char *name);

/** caps_word - what a person wrote: "NET_ADMIN", "cap_net_admin", "ALL"; 0: no capability. */
uint64_t caps_word(const char *word);

/** caps_list - names of a set, for a document: emitted, never written to. NULL: out of memory. */
char **caps_list(uint64_t set, struct oci_arena *arena, size_t *ret_len);

#endif
