/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scratch.h - memory that lasts as long as one parse. Not installed.
 *
 * Both kinds start in memory of the caller's and take from the heap only when
 * a document needs more.
 */
#ifndef OCISPEC_LITE_SCRATCH_H
#define OCISPEC_LITE_SCRATCH_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

/* grows by doubling; starts in memory of the caller */
struct oci_buffer {
	char *data;
	size_t used;
	size_t size;
	bool heap;
};

/* yajl's memory: a few small pieces, from here while they fit */
struct oci_piece {
	size_t size;
	struct oci_piece *next; /* of those from the heap */
	struct oci_piece **link;
} __attribute__((aligned(16)));

struct oci_pool {
	struct oci_piece *heap;
	size_t used;
	jmp_buf no_memory; /* yajl does not look whether it got memory: running out jumps here */
	char memory[3072] __attribute__((aligned(16)));
};

/** oci_buffer_push - room for @size zeroed bytes at the top, or NULL. */
void *oci_buffer_push(struct oci_buffer *b, size_t size);

/** oci_pool_malloc, oci_pool_realloc, oci_pool_free - yajl_alloc_funcs; ctx is the pool. */
void *oci_pool_malloc(void *ctx, size_t size);
void *oci_pool_realloc(void *ctx, void *memory, size_t size);
void oci_pool_free(void *ctx, void *memory);

/** oci_pool_empty - give back what a parse that ended in a jump has left. */
void oci_pool_empty(struct oci_pool *pool);

#pragma GCC visibility pop
#endif
