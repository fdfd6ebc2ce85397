/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scratch.c - memory that lasts as long as one parse.
 *
 * The pool is not freed piece by piece but where a piece came from the heap:
 * yajl asks for half a dozen pieces in all. Running out of memory for yajl
 * leaves through a jump, because yajl uses what it gets without a look.
 */
#include <stdlib.h>
#include <string.h>

#include "scratch.h"

void *oci_pool_malloc(void *ctx, size_t size)
{
	struct oci_pool *pool = ctx;
	size_t need = sizeof(struct oci_piece) + ((size + 15) & ~(size_t)15);
	struct oci_piece *piece;

	if (need <= sizeof(pool->memory) - pool->used) {
		piece = (struct oci_piece *)(void *)(pool->memory + pool->used);
		pool->used += need;
		piece->link = NULL;
	} else {
		piece = malloc(need);
		if (!piece)
			longjmp(pool->no_memory, 1);
		piece->next = pool->heap;
		piece->link = &pool->heap;
		if (piece->next)
			piece->next->link = &piece->next;
		pool->heap = piece;
	}
	piece->size = size;
	return piece + 1;
}

void oci_pool_free(void *ctx, void *memory)
{
	struct oci_piece *piece = memory ? (struct oci_piece *)memory - 1 : NULL;

	(void)ctx;
	if (!piece || !piece->link)
		return;
	*piece->link = piece->next;
	if (piece->next)
		piece->next->link = piece->link;
	free(piece);
}

void *oci_pool_realloc(void *ctx, void *memory, size_t size)
{
	void *bigger = oci_pool_malloc(ctx, size);

	if (memory) {
		struct oci_piece *piece = (struct oci_piece *)memory - 1;

		memcpy(bigger, memory, piece->size < size ? piece->size : size);
		oci_pool_free(ctx, memory);
	}
	return bigger;
}

static bool buffer_grow(struct oci_buffer *b, size_t need)
{
	size_t size = b->size;
	char *data;

	while (size - b->used < need)
		size *= 2;
	data = b->heap ? realloc(b->data, size) : malloc(size);
	if (!data)
		return false;
	if (!b->heap)
		memcpy(data, b->data, b->used);
	b->data = data;
	b->size = size;
	b->heap = true;
	return true;
}

void *oci_buffer_push(struct oci_buffer *b, size_t size)
{
	void *top;

	if (b->size - b->used < size && !buffer_grow(b, size))
		return NULL;
	top = b->data + b->used;
	b->used += size;
	return memset(top, 0, size);
}

void oci_pool_empty(struct oci_pool *pool)
{
	while (pool->heap)
		oci_pool_free(pool, pool->heap + 1);
}
