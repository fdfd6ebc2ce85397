/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_enosys.c - ENOSYS for syscalls that are newer than the profile.
 *
 * A profile can name only what existed when it was written. A libc that tries
 * a newer syscall falls back on ENOSYS but gives up on EPERM, or dies of a
 * kill. Numbers grow with time on every architecture, so "newer" is "above
 * the highest number that the profile names". This is decided by a few
 * instructions before libseccomp's own, which then run as if they were alone:
 * they load the architecture again. Only loads, comparisons and returns are
 * used, so the kernel (5.11) still finds out which syscalls are always allowed
 * and runs no filter at all for them.
 */
#include "runtime/seccomp-private.h"

#ifdef HAVE_LIBSECCOMP
#include <errno.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"

#define X32_BIT 0x40000000u
#define ARM_PRIVATE 0x0f0000u  /* __ARM_NR_BASE: cacheflush, set_tls; not part of the sequence */
#define NO_SYSCALL 0xffffffffu /* what a tracer sets to have the syscall skipped, seccomp(2) */

#define BLOCK_LEN 6
#define BLOCKS_MAX 32 /* jumps out of the first block must fit a byte */

static bool default_refuses(const struct oci_seccomp *seccomp)
{
	switch (seccomp->default_action) {
	case OCI_SECCOMP_ACT_ERRNO:
		return !(seccomp->default_errno_ret.present &&
			 seccomp->default_errno_ret.value == ENOSYS);
	case OCI_SECCOMP_ACT_KILL:
	case OCI_SECCOMP_ACT_KILL_THREAD:
	case OCI_SECCOMP_ACT_KILL_PROCESS:
		return true;
	default: /* allowed, or somebody else decides: a tracer, a SIGSYS handler */
		return false;
	}
}

/* Numbers from here on are none of the token's sequence. */
static uint32_t sequence_end(uint32_t token)
{
	switch (token) {
	case SCMP_ARCH_X86_64:
		return X32_BIT;
	case SCMP_ARCH_ARM:
		return ARM_PRIVATE;
	default:
		return NO_SYSCALL;
	}
}

/* The highest number that the profile's names have there, or -1. */
static int64_t newest_named(const struct oci_seccomp *seccomp, uint32_t token)
{
	const int64_t end = sequence_end(token);
	int64_t newest = -1;

	for (size_t i = 0; i < seccomp->syscalls_len; i++) {
		const struct oci_seccomp_rule *rule = &seccomp->syscalls[i];

		for (size_t n = 0; n < rule->names_len; n++) {
			int nr = seccomp_syscall_resolve_name_arch(token, rule->names[n]);

			/* negative: libseccomp's marks for "unknown" and "not on this architecture" */
			if (nr > newest && nr < end)
				newest = nr;
		}
	}
	return newest;
}

/*
 * if (arch == @token && @newest < nr && nr < end) return ENOSYS
 * A number that is known leaves for the profile at once: @to_profile is the distance from
 * the block's start.
 */
static void write_block(struct sock_filter *block, uint32_t token, uint32_t newest,
			size_t to_profile)
{
	/* x32 has libseccomp's own token but x86_64's AUDIT_ARCH; its numbers tell */
	const uint32_t arch = token == SCMP_ARCH_X32 ? AUDIT_ARCH_X86_64 : token;
	const struct sock_filter insns[BLOCK_LEN] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 0, BLOCK_LEN - 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, newest, 0, (uint8_t)(to_profile - 4)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, sequence_end(token), BLOCK_LEN - 5, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};

	memcpy(block, insns, sizeof(insns));
}

int seccomp_enosys_prepend(struct oci_arena *arena, const struct oci_seccomp *seccomp,
			   const uint32_t *tokens, size_t tokens_len,
			   const struct seccomp_code *code, struct seccomp_code *ret,
			   struct oci_error *err)
{
	uint32_t used[BLOCKS_MAX], newest[BLOCKS_MAX];
	struct sock_filter *insns;
	size_t blocks = 0;

	*ret = *code;
	if (!default_refuses(seccomp))
		return 0;
	for (size_t i = 0; i < tokens_len && blocks < BLOCKS_MAX; i++) {
		int64_t nr = newest_named(seccomp, tokens[i]);

		if (nr < 0)
			continue; /* nothing is named, so nothing says how old the profile is */
		used[blocks] = tokens[i];
		newest[blocks++] = (uint32_t)nr;
	}
	if (blocks == 0)
		return 0;
	insns = oci_arena_array(arena, code->len + blocks * BLOCK_LEN, sizeof(*insns));
	if (!insns)
		return err_nomem(err);
	for (size_t i = 0; i < blocks; i++)
		write_block(insns + i * BLOCK_LEN, used[i], newest[i], (blocks - i) * BLOCK_LEN);
	memcpy(insns + blocks * BLOCK_LEN, code->insns, code->len * sizeof(*insns));
	ret->insns = insns;
	ret->len = code->len + blocks * BLOCK_LEN;
	return 0;
}
#endif
