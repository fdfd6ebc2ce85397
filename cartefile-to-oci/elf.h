/* SPDX-License-Identifier: Apache-2.0 */
/*
 * elf.h - what an ELF file says it needs. Read by pread within bounds, never mapped, never run: the file is an image's.
 */
#ifndef CARTEFILE_ELF_H
#define CARTEFILE_ELF_H

#include <stdbool.h>
#include <stdint.h>

#include <ocispec-lite/arena.h>

#include "cartefile-to-oci/tree.h"

struct elf {
	uint8_t elf_class; /* ELFCLASS32, ELFCLASS64 */
	uint8_t data;      /* ELFDATA2LSB, ELFDATA2MSB */
	uint16_t machine;  /* EM_X86_64 ... */
	uint16_t type;     /* ET_EXEC, ET_DYN ... */
	uint32_t flags;    /* e_flags: ARM's float ABI, RISC-V's */
	char *interpreter; /* PT_INTERP or NULL */
	char **needed;     /* DT_NEEDED */
	size_t needed_len;
	char *soname, *rpath, *runpath; /* or NULL */
	char **dlopen_notes;            /* sonames of .note.dlopen (required or recommended) */
	size_t dlopen_notes_len;
	bool no_default_lib; /* DF_1_NODEFLIB */
};

/**
 * elf_read - 1 and what it says, 0 when the file is no ELF file, -EINVAL with words when it is a damaged one
 * ("/usr/lib/x.so: ELF: dynamic section is outside of the file").
 */
int elf_read(const struct tree_node *file, struct oci_arena *arena, struct elf **ret,
	     struct oci_error *err);

/** elf_platform - "linux", "amd64", variant ("v7" of arm, else NULL): GOARCH words; false: machine without a word. */
bool elf_platform(const struct elf *elf, const char **ret_architecture, const char **ret_variant);

#endif
