/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h - memory that is freed all at once.
 *
 * A document, and whatever is planned from it, lives in one arena: a list of
 * growing blocks, zero-filled, aligned to 16 bytes (strings are packed).
 * Nothing in it is freed alone.
 */
#ifndef OCISPEC_LITE_ARENA_H
#define OCISPEC_LITE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct oci_arena_block;

/** struct oci_arena - start it as OCI_ARENA_INIT; the members are private. */
struct oci_arena {
	struct oci_arena_block *blocks;
	char *next;
	char *end;
	size_t block_count;
};

#define OCI_ARENA_INIT              \
	{                           \
		NULL, NULL, NULL, 0 \
	}

/** oci_arena_alloc - @size zeroed bytes, aligned to 16; NULL when out of memory. */
void *oci_arena_alloc(struct oci_arena *arena, size_t size);

/** oci_arena_array - @count * @size zeroed bytes; NULL on overflow or out of memory. */
void *oci_arena_array(struct oci_arena *arena, size_t count, size_t size);

/** oci_arena_strdup, oci_arena_strndup, oci_arena_printf - a NUL-terminated string or NULL. */
char *oci_arena_strdup(struct oci_arena *arena, const char *text);
char *oci_arena_strndup(struct oci_arena *arena, const char *text, size_t length);
char *oci_arena_printf(struct oci_arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *oci_arena_vprintf(struct oci_arena *arena, const char *format, va_list ap);

/**
 * oci_arena_reserve - take one block with @size bytes of room, so that what is allocated next
 * needs no other; reserved memory that stays unused is never touched. 0 or -ENOMEM.
 */
int oci_arena_reserve(struct oci_arena *arena, size_t size);

/** oci_arena_free - give everything back; the arena can be used again. */
void oci_arena_free(struct oci_arena *arena);

#ifdef __cplusplus
}
#endif
#endif
