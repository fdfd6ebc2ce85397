/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf-build.h - small ELF files made in memory: any class, byte order and machine, with what a loader reads.
 */
#ifndef TESTS_UNIT_ELF_BUILD_H
#define TESTS_UNIT_ELF_BUILD_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ELF_BUILD_SIZE 4096
#define ELF_BUILD_BASE 0x10000u /* where the file is mapped */

struct elf_build {
	uint16_t machine; /* 0: EM_X86_64 */
	bool is32, big;
	uint32_t flags;
	const char *interpreter, *soname, *rpath, *runpath;
	const char *needed[8];
	const char *note;      /* JSON of .note.dlopen */
	const char *constants; /* with NULs between strings; @constants_len bytes */
	size_t constants_len;
	uint64_t flags_1;
};

struct elf_buffer {
	unsigned char bytes[ELF_BUILD_SIZE];
	size_t length;
	bool is32, big;
	/* where things are, for tests that damage them */
	size_t segments, dynamic, strings;
};

static inline void elf_put(struct elf_buffer *b, size_t at, size_t width, uint64_t value)
{
	for (size_t i = 0; i < width; i++)
		b->bytes[b->big ? at + width - 1 - i : at + i] = (unsigned char)(value >> (8 * i));
}

/* a member of Elf32_X or Elf64_X */
#define ELF_PUT(b, at, kind, member, value)                              \
	((b)->is32 ? elf_put(b, (at) + offsetof(Elf32_##kind, member),   \
			     sizeof(((Elf32_##kind *)0)->member), value) \
		   : elf_put(b, (at) + offsetof(Elf64_##kind, member),   \
			     sizeof(((Elf64_##kind *)0)->member), value))
#define ELF_BUILD_SIZEOF(b, kind) ((b)->is32 ? sizeof(Elf32_##kind) : sizeof(Elf64_##kind))

static inline size_t elf_add(struct elf_buffer *b, const void *data, size_t length)
{
	size_t at = b->length;

	memcpy(b->bytes + at, data, length);
	b->length += length;
	return at;
}

static inline size_t elf_align(struct elf_buffer *b)
{
	b->length = (b->length + 7) & ~(size_t)7;
	return b->length;
}

static inline void elf_dyn(struct elf_buffer *b, int64_t tag, uint64_t value)
{
	ELF_PUT(b, b->length, Dyn, d_tag, (uint64_t)tag);
	ELF_PUT(b, b->length, Dyn, d_un, value);
	b->length += ELF_BUILD_SIZEOF(b, Dyn);
}

static inline void elf_segment(struct elf_buffer *b, size_t index, uint32_t type, size_t at,
			       size_t length)
{
	size_t p = b->segments + index * ELF_BUILD_SIZEOF(b, Phdr);

	ELF_PUT(b, p, Phdr, p_type, type);
	ELF_PUT(b, p, Phdr, p_flags, PF_R);
	ELF_PUT(b, p, Phdr, p_offset, at);
	ELF_PUT(b, p, Phdr, p_vaddr, ELF_BUILD_BASE + at);
	ELF_PUT(b, p, Phdr, p_filesz, length);
	ELF_PUT(b, p, Phdr, p_memsz, length);
	ELF_PUT(b, p, Phdr, p_align, 4);
}

static inline void elf_build_head(struct elf_buffer *b, const struct elf_build *what)
{
	memcpy(b->bytes, ELFMAG, SELFMAG);
	b->bytes[EI_CLASS] = b->is32 ? ELFCLASS32 : ELFCLASS64;
	b->bytes[EI_DATA] = b->big ? ELFDATA2MSB : ELFDATA2LSB;
	b->bytes[EI_VERSION] = EV_CURRENT;
	ELF_PUT(b, 0, Ehdr, e_type, ET_DYN);
	ELF_PUT(b, 0, Ehdr, e_machine, what->machine ? what->machine : EM_X86_64);
	ELF_PUT(b, 0, Ehdr, e_version, EV_CURRENT);
	ELF_PUT(b, 0, Ehdr, e_flags, what->flags);
	ELF_PUT(b, 0, Ehdr, e_phoff, ELF_BUILD_SIZEOF(b, Ehdr));
	ELF_PUT(b, 0, Ehdr, e_phentsize, ELF_BUILD_SIZEOF(b, Phdr));
	ELF_PUT(b, 0, Ehdr, e_phnum, 4);
	b->segments = ELF_BUILD_SIZEOF(b, Ehdr);
	b->length = b->segments + 4 * ELF_BUILD_SIZEOF(b, Phdr);
}

static inline size_t elf_build_strings(struct elf_buffer *b, const struct elf_build *what,
				       uint64_t where[11])
{
	const char *const words[] = { what->soname, what->rpath, what->runpath };

	b->strings = elf_add(b, "", 1);
	for (size_t i = 0; i < 3; i++)
		if (words[i])
			where[i] = elf_add(b, words[i], strlen(words[i]) + 1) - b->strings;
	for (size_t i = 0; i < 8 && what->needed[i]; i++)
		where[3 + i] =
			elf_add(b, what->needed[i], strlen(what->needed[i]) + 1) - b->strings;
	return b->length - b->strings;
}

static inline void elf_build_dynamic(struct elf_buffer *b, const struct elf_build *what,
				     const uint64_t where[11], size_t strings_length)
{
	b->dynamic = elf_align(b);
	for (size_t i = 0; i < 8 && what->needed[i]; i++)
		elf_dyn(b, DT_NEEDED, where[3 + i]);
	if (what->soname)
		elf_dyn(b, DT_SONAME, where[0]);
	if (what->rpath)
		elf_dyn(b, DT_RPATH, where[1]);
	if (what->runpath)
		elf_dyn(b, DT_RUNPATH, where[2]);
	if (what->flags_1)
		elf_dyn(b, DT_FLAGS_1, what->flags_1);
	elf_dyn(b, DT_STRTAB, ELF_BUILD_BASE + b->strings);
	elf_dyn(b, DT_STRSZ, strings_length);
	elf_dyn(b, DT_NULL, 0);
}

static inline size_t elf_build_note(struct elf_buffer *b, const char *json)
{
	size_t at = elf_align(b);

	elf_put(b, at, 4, 4);
	elf_put(b, at + 4, 4, strlen(json) + 1);
	elf_put(b, at + 8, 4, 0x407c0c0a);
	b->length += 12;
	elf_add(b, "FDO", 4);
	elf_add(b, json, strlen(json) + 1);
	elf_align(b);
	return at;
}

/** elf_build - @what as a file in @b. */
static inline void elf_build(struct elf_buffer *b, const struct elf_build *what)
{
	uint64_t where[11] = { 0 };
	size_t at, length;

	memset(b, 0, sizeof(*b));
	b->is32 = what->is32;
	b->big = what->big;
	elf_build_head(b, what);
	if (what->interpreter) {
		at = elf_add(b, what->interpreter, strlen(what->interpreter) + 1);
		elf_segment(b, 0, PT_INTERP, at, b->length - at);
	}
	if (what->constants)
		elf_add(b, what->constants, what->constants_len);
	length = elf_build_strings(b, what, where);
	elf_build_dynamic(b, what, where, length);
	elf_segment(b, 1, PT_DYNAMIC, b->dynamic, b->length - b->dynamic);
	if (what->note) {
		at = elf_build_note(b, what->note);
		elf_segment(b, 2, PT_NOTE, at, b->length - at);
	}
	elf_segment(b, 3, PT_LOAD, 0, b->length);
}

#endif
