/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp-private.h - what the seccomp*.c files share.
 *
 * A filter is a function of the profile, of libseccomp and of the kernel's
 * native architecture only: flags and listener are not part of it, so two
 * containers that differ in those share one cached program.
 */
#ifndef CARTE_RUNTIME_SECCOMP_PRIVATE_H
#define CARTE_RUNTIME_SECCOMP_PRIVATE_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ocispec-lite/runtime.h>

#ifndef SECCOMP_FILTER_FLAG_TSYNC_ESRCH
#define SECCOMP_FILTER_FLAG_TSYNC_ESRCH (1UL << 4) /* 5.7 */
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* 5.19 */
#endif

/** struct seccomp_code - instructions on their way to the kernel; memory in the arena. */
struct seccomp_code {
	const struct sock_filter *insns;
	size_t len;
};

/** seccomp_return - SECCOMP_RET_* with its data: what a filter returns for an action of the spec. */
uint32_t seccomp_return(enum oci_seccomp_action action, struct oci_u32 errno_ret);

/** seccomp_compile - the whole program, by libseccomp, the ENOSYS prelude included. */
int seccomp_compile(struct oci_arena *arena, const struct oci_seccomp *seccomp,
		    struct seccomp_code *ret, struct oci_error *err);

/** seccomp_library_has_arch - can a profile name it to this libseccomp? */
bool seccomp_library_has_arch(enum oci_seccomp_arch arch);

/**
 * seccomp_enosys_prepend - put a few instructions before @code that answer ENOSYS to syscalls that are
 * newer than everything the profile names.
 * @tokens: libseccomp's architectures of the filter, the most used one first
 * @ret: @code itself where the default action makes that senseless
 */
int seccomp_enosys_prepend(struct oci_arena *arena, const struct oci_seccomp *seccomp,
			   const uint32_t *tokens, size_t tokens_len,
			   const struct seccomp_code *code, struct seccomp_code *ret,
			   struct oci_error *err);

/** seccomp_shrink - replace @code by a shorter program that decides the same, where there is one. */
void seccomp_shrink(struct oci_arena *arena, struct seccomp_code *code);

/** struct seccomp_key - everything that a program depends on, as bytes. */
struct seccomp_key {
	const unsigned char *data;
	size_t len;
	char name[33]; /* of the cache file: 128 bits of hash, in hex */
};

/** seccomp_key_build - @library: libseccomp's version; -ENOMEM is the only error. */
int seccomp_key_build(struct oci_arena *arena, const struct oci_seccomp *seccomp,
		      const char *library, struct seccomp_key *ret);

/** seccomp_cache_load - -ENOENT for anything but a whole, trustworthy file of this very key. */
int seccomp_cache_load(struct oci_arena *arena, int dirfd, const struct seccomp_key *key,
		       struct seccomp_code *ret);

/** seccomp_cache_store - best effort; makes room when SECCOMP_CACHE_MAX files are there. */
void seccomp_cache_store(int dirfd, const struct seccomp_key *key, const struct seccomp_code *code);

#define SECCOMP_CACHE_MAX 32

#endif
