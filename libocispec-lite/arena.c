/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.c - memory that is freed all at once.
 *
 * Structs are taken from the front of the newest block, aligned to 16;
 * strings from its back, packed without padding. Blocks come from calloc(),
 * which hands out fresh pages without touching them: what is reserved and
 * not used costs no memory.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ocispec-lite/arena.h>

#define ALIGNMENT 16
#define BLOCK_FIRST ((size_t)2048)
#define BLOCK_LIMIT ((size_t)1 << 20) /* growth stops doubling here */

struct oci_arena_block {
	struct oci_arena_block *older;
	size_t size;
} __attribute__((aligned(ALIGNMENT)));

static int add_block(struct oci_arena *arena, size_t room)
{
	struct oci_arena_block *block;
	size_t size = BLOCK_FIRST;

	if (room > SIZE_MAX / 4)
		return -ENOMEM;
	if (arena->blocks)
		size = arena->blocks->size < BLOCK_LIMIT ? arena->blocks->size * 2 : BLOCK_LIMIT;
	if (size < sizeof(*block) + room)
		size = sizeof(*block) + room;
	size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	block = calloc(1, size);
	if (!block)
		return -ENOMEM;
	block->older = arena->blocks;
	block->size = size;
	arena->blocks = block;
	arena->block_count++;
	arena->next = (char *)(block + 1);
	arena->end = (char *)block + size;
	return 0;
}

int oci_arena_reserve(struct oci_arena *arena, size_t size)
{
	if ((size_t)(arena->end - arena->next) >= size)
		return 0;
	return add_block(arena, size);
}

void *oci_arena_alloc(struct oci_arena *arena, size_t size)
{
	void *memory;

	if (size > SIZE_MAX / 4)
		return NULL;
	size = size ? (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1) : ALIGNMENT;
	if ((size_t)(arena->end - arena->next) < size && add_block(arena, size) < 0)
		return NULL;
	memory = arena->next;
	arena->next += size;
	return memory;
}

void *oci_arena_array(struct oci_arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	return oci_arena_alloc(arena, bytes);
}

/* Room for a string of @length bytes and its NUL, which is there already. */
static char *string_room(struct oci_arena *arena, size_t length)
{
	if (length >= SIZE_MAX / 4)
		return NULL;
	if ((size_t)(arena->end - arena->next) < length + 1 && add_block(arena, length + 1) < 0)
		return NULL;
	arena->end -= length + 1;
	return arena->end;
}

char *oci_arena_strndup(struct oci_arena *arena, const char *text, size_t length)
{
	char *copy;

	length = strnlen(text, length);
	copy = string_room(arena, length);
	if (copy)
		memcpy(copy, text, length);
	return copy;
}

char *oci_arena_strdup(struct oci_arena *arena, const char *text)
{
	return oci_arena_strndup(arena, text, strlen(text));
}

char *oci_arena_vprintf(struct oci_arena *arena, const char *format, va_list ap)
{
	char line[256];
	va_list again;
	char *text;
	int length;

	va_copy(again, ap);
	length = vsnprintf(line, sizeof(line), format, ap);
	text = length < 0 ? NULL : string_room(arena, (size_t)length);
	if (text && (size_t)length < sizeof(line))
		memcpy(text, line, (size_t)length);
	else if (text)
		(void)vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}

char *oci_arena_printf(struct oci_arena *arena, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = oci_arena_vprintf(arena, format, ap);
	va_end(ap);
	return text;
}

void oci_arena_free(struct oci_arena *arena)
{
	struct oci_arena_block *block = arena->blocks;
	int saved = errno;

	while (block) {
		struct oci_arena_block *older = block->older;

		free(block);
		block = older;
	}
	*arena = (struct oci_arena)OCI_ARENA_INIT;
	errno = saved;
}
