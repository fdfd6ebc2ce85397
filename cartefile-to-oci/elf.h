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

/** struct elf_dlopen - one entry of .note.dlopen: what is opened by name, by systemd.io/ELF_DLOPEN_METADATA. */
struct elf_dlopen {
	char **soname; /* alternatives, the first that is there is used */
	size_t soname_len;
	char *feature;  /* or NULL */
	char *priority; /* "required", "recommended" (that without one) or "suggested" */
};

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
	struct elf_dlopen *dlopens;
	size_t dlopens_len;
	bool no_default_lib; /* DF_1_NODEFLIB */
};

#define ELF_NEEDED_MAX 4096 /* entries DT_NEEDED */

/**
 * elf_read - 1 and what it says, 0 when the file is no ELF file, -EINVAL with words when it is a damaged one
 * ("/usr/lib/x.so: ELF: dynamic section is outside of the file").
 */
int elf_read(const struct tree_node *file, struct oci_arena *arena, struct elf **ret,
	     struct oci_error *err);

/**
 * elf_scan_strings - call @each for every string of the file's read-only data that looks like a library's name (lib*.so, lib*.so.N),
 * or is one of the functions for which glibc opens libgcc_s.so.1 by name (pthread_cancel, pthread_exit, backtrace).
 */
int elf_scan_strings(const struct tree_node *file, void (*each)(void *ctx, const char *text),
		     void *ctx, struct oci_error *err);

/** elf_fits - can a loader that began with @program load @library: same class, byte order, machine and float ABI? */
bool elf_fits(const struct elf *program, const struct elf *library);

/** elf_platform - "linux", "amd64", variant ("v7" of arm, else NULL): GOARCH words; false: machine without a word. */
bool elf_platform(const struct elf *elf, const char **ret_architecture, const char **ret_variant);

/** elf_triplet - Debian's multiarch folder ("x86_64-linux-gnu"), elf_machine_word - what $PLATFORM is ("x86_64"); NULL: none. */
const char *elf_triplet(const struct elf *elf);
const char *elf_machine_word(const struct elf *elf);

#endif
