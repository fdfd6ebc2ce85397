/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf-private.h - reading of numbers and ranges, shared by the parts of the ELF reader.
 */
#ifndef CARTEFILE_ELF_PRIVATE_H
#define CARTEFILE_ELF_PRIVATE_H

#include <elf.h>
#include <stddef.h>

#include "cartefile-to-oci/elf.h"

struct elf_segment {
	uint32_t type, flags;
	uint64_t offset, vaddr, filesz, align;
};

/** struct elf_reader - an open file. @segments: the program headers, in @scratch. */
struct elf_reader {
	const struct tree_node *node;
	int fd;
	bool owned, big, is64;
	uint64_t begin, size;
	unsigned char head[sizeof(Elf64_Ehdr)];
	struct elf_segment *segments;
	size_t segments_len;
	struct oci_arena scratch;
	struct oci_error *err;
};

/** elf_open - 1, 0: no ELF file, -errno. elf_close - also when it failed. */
int elf_open(struct elf_reader *r, const struct tree_node *node, struct oci_error *err);
void elf_close(struct elf_reader *r);

/** elf_damaged - "PATH: ELF: words". Return: -EINVAL. */
int elf_damaged(struct elf_reader *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** elf_bytes - @length bytes at @offset, all or an error that calls them @what. */
int elf_bytes(struct elf_reader *r, uint64_t offset, void *buf, size_t length, const char *what);

/** elf_number - of @width bytes, in the file's order. */
uint64_t elf_number(const struct elf_reader *r, const unsigned char *at, size_t width);

/* a member of a structure that both classes have, at other places */
#define ELF_FIELD(r, at, kind, member)                                    \
	((r)->is64 ? elf_number(r, (at) + offsetof(Elf64_##kind, member), \
				sizeof(((Elf64_##kind *)0)->member))      \
		   : elf_number(r, (at) + offsetof(Elf32_##kind, member), \
				sizeof(((Elf32_##kind *)0)->member)))
#define ELF_SIZE(r, kind) ((r)->is64 ? sizeof(Elf64_##kind) : sizeof(Elf32_##kind))

/** elf_read_notes - .note.dlopen into @elf. What cannot be read is no note. */
int elf_read_notes(struct elf_reader *r, struct oci_arena *arena, struct elf *elf);

#endif
