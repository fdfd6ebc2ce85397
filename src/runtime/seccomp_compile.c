/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp_compile.c - a profile to instructions, by libseccomp 2.5.
 *
 * The only file that talks to libseccomp's filter interface. Its version 2.5
 * exports a program to an fd only, so a memfd carries it; all this happens
 * once per profile, the cache does the rest.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "runtime/seccomp-private.h"
#include "runtime/seccomp.h"

#ifdef HAVE_LIBSECCOMP
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>

/*
 * Architectures whose programs one kernel can run. What is in another row cannot be executed on
 * this machine, so a profile may list it, and nothing is compiled for it: were such a process
 * possible, the filter would kill it as one of an unknown architecture. This also settles those
 * that this libseccomp has no name for (LoongArch, m68k, SuperH in 2.5): were one of them native,
 * seccomp_arch_native would know it.
 */
static const struct arch_row {
	enum oci_seccomp_arch arch;
	uint32_t token;
	char family;
} arch_rows[] = {
	{ OCI_SECCOMP_ARCH_X86_64, SCMP_ARCH_X86_64, 'x' },
	{ OCI_SECCOMP_ARCH_X86, SCMP_ARCH_X86, 'x' },
	{ OCI_SECCOMP_ARCH_X32, SCMP_ARCH_X32, 'x' },
	{ OCI_SECCOMP_ARCH_AARCH64, SCMP_ARCH_AARCH64, 'a' },
	{ OCI_SECCOMP_ARCH_ARM, SCMP_ARCH_ARM, 'a' },
	{ OCI_SECCOMP_ARCH_MIPS, SCMP_ARCH_MIPS, 'M' },
	{ OCI_SECCOMP_ARCH_MIPS64, SCMP_ARCH_MIPS64, 'M' },
	{ OCI_SECCOMP_ARCH_MIPS64N32, SCMP_ARCH_MIPS64N32, 'M' },
	{ OCI_SECCOMP_ARCH_MIPSEL, SCMP_ARCH_MIPSEL, 'm' },
	{ OCI_SECCOMP_ARCH_MIPSEL64, SCMP_ARCH_MIPSEL64, 'm' },
	{ OCI_SECCOMP_ARCH_MIPSEL64N32, SCMP_ARCH_MIPSEL64N32, 'm' },
	{ OCI_SECCOMP_ARCH_PPC, SCMP_ARCH_PPC, 'P' },
	{ OCI_SECCOMP_ARCH_PPC64, SCMP_ARCH_PPC64, 'P' },
	{ OCI_SECCOMP_ARCH_PPC64LE, SCMP_ARCH_PPC64LE, 'p' },
	{ OCI_SECCOMP_ARCH_S390X, SCMP_ARCH_S390X, 's' },
	{ OCI_SECCOMP_ARCH_S390, SCMP_ARCH_S390, 's' },
	{ OCI_SECCOMP_ARCH_PARISC, SCMP_ARCH_PARISC, 'h' },
	{ OCI_SECCOMP_ARCH_PARISC64, SCMP_ARCH_PARISC64, 'h' },
	{ OCI_SECCOMP_ARCH_RISCV64, SCMP_ARCH_RISCV64, 'r' },
#ifdef SCMP_ARCH_LOONGARCH64
	{ OCI_SECCOMP_ARCH_LOONGARCH64, SCMP_ARCH_LOONGARCH64, 'l' },
#endif
#ifdef SCMP_ARCH_M68K
	{ OCI_SECCOMP_ARCH_M68K, SCMP_ARCH_M68K, '6' },
#endif
#ifdef SCMP_ARCH_SH
	{ OCI_SECCOMP_ARCH_SH, SCMP_ARCH_SH, 'e' },
	{ OCI_SECCOMP_ARCH_SHEB, SCMP_ARCH_SHEB, 'E' },
#endif
};

/* No family has more members than this. */
#define TOKENS_MAX 8

struct compiler {
	scmp_filter_ctx ctx;
	uint32_t default_return;
	uint32_t tokens[TOKENS_MAX]; /* in the filter, the native one first */
	size_t tokens_len;
};

static void compiler_release(struct compiler *c)
{
	if (c->ctx)
		seccomp_release(c->ctx);
	c->ctx = NULL;
}

static const struct arch_row *row_of_token(uint32_t token)
{
	for (size_t i = 0; i < ARRAY_LEN(arch_rows); i++)
		if (arch_rows[i].token == token)
			return &arch_rows[i];
	return NULL;
}

static const struct arch_row *row_of_arch(int arch)
{
	for (size_t i = 0; i < ARRAY_LEN(arch_rows); i++)
		if ((int)arch_rows[i].arch == arch)
			return &arch_rows[i];
	return NULL;
}

/* seccomp_init has put the native architecture in already. */
static int add_archs(struct compiler *c, const struct oci_seccomp *seccomp, struct oci_error *err)
{
	const struct arch_row *native = row_of_token(seccomp_arch_native());

	if (!native)
		return err_set(err, ENOTSUP,
			       "linux.seccomp: this machine's architecture is unknown");
	c->tokens[c->tokens_len++] = native->token;
	for (size_t i = 0; i < seccomp->architectures_len; i++) {
		const struct arch_row *row = row_of_arch(seccomp->architectures[i]);
		int r;

		if (!row || row->family != native->family)
			continue;
		r = seccomp_arch_add(c->ctx, row->token);
		if (r == -EEXIST)
			continue;
		if (r < 0 || c->tokens_len == TOKENS_MAX)
			return err_sys(err, r < 0 ? -r : E2BIG,
				       "linux.seccomp.architectures[%zu]: %s: libseccomp", i,
				       oci_seccomp_arch_name(row->arch));
		c->tokens[c->tokens_len++] = row->token;
	}
	return 0;
}

/* libseccomp's enum scmp_compare counts from 1 in the same order as the spec's list, but that is its own affair. */
static enum scmp_compare compare_of(enum oci_seccomp_op op)
{
	switch (op) {
	case OCI_SECCOMP_CMP_NE:
		return SCMP_CMP_NE;
	case OCI_SECCOMP_CMP_LT:
		return SCMP_CMP_LT;
	case OCI_SECCOMP_CMP_LE:
		return SCMP_CMP_LE;
	case OCI_SECCOMP_CMP_EQ:
		return SCMP_CMP_EQ;
	case OCI_SECCOMP_CMP_GE:
		return SCMP_CMP_GE;
	case OCI_SECCOMP_CMP_GT:
		return SCMP_CMP_GT;
	case OCI_SECCOMP_CMP_MASKED_EQ:
		return SCMP_CMP_MASKED_EQ;
	case OCI_SECCOMP_OP_NONE:
		break;
	}
	return _SCMP_CMP_MAX;
}

/*
 * libseccomp takes one comparison per argument. A rule that has more on one argument means
 * "any of them" to every other runtime, which engines' profiles rely on: each becomes a rule.
 */
static bool has_repeated_index(const struct oci_seccomp_rule *rule)
{
	unsigned seen = 0;

	for (size_t i = 0; i < rule->args_len; i++) {
		unsigned bit = 1u << rule->args[i].index.value;

		if (seen & bit)
			return true;
		seen |= bit;
	}
	return false;
}

static int add_syscall(struct compiler *c, uint32_t action, int nr,
		       const struct oci_seccomp_rule *rule)
{
	struct scmp_arg_cmp cmps[6];
	const bool any = has_repeated_index(rule);

	for (size_t i = 0; i < rule->args_len; i++) {
		const struct oci_seccomp_arg *arg = &rule->args[i];
		int r;

		cmps[any ? 0 : i] = (struct scmp_arg_cmp){
			.arg = arg->index.value,
			.op = compare_of(arg->op),
			.datum_a = arg->value.value,
			.datum_b = arg->value_two.value,
		};
		if (!any)
			continue;
		r = seccomp_rule_add_array(c->ctx, action, nr, 1, cmps);
		if (r < 0)
			return r;
	}
	if (any)
		return 0;
	return seccomp_rule_add_array(c->ctx, action, nr, (unsigned)rule->args_len, cmps);
}

static int add_rule(struct compiler *c, const struct oci_seccomp_rule *rule, size_t i,
		    struct oci_error *err)
{
	uint32_t action = seccomp_return(rule->action, rule->errno_ret);

	if (action == c->default_return)
		return 0; /* says nothing new; libseccomp refuses such rules */
	for (size_t n = 0; n < rule->names_len; n++) {
		int nr = seccomp_syscall_resolve_name(rule->names[n]);
		int r;

		/* Profiles are written for many kernels and libraries: the default action is what it gets. */
		if (nr == __NR_SCMP_ERROR)
			continue;
		r = add_syscall(c, action, nr, rule);
		if (r < 0)
			return err_sys(err, -r,
				       "linux.seccomp.syscalls[%zu].names[%zu]: %s: libseccomp", i,
				       n, rule->names[n]);
	}
	return 0;
}

static int export_program(struct oci_arena *arena, const struct compiler *c,
			  struct seccomp_code *ret, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = memfd_create("seccomp", MFD_CLOEXEC);
	struct sock_filter *insns;
	struct stat st;
	int r;

	if (fd < 0)
		return err_sys(err, errno, "linux.seccomp: memfd_create");
	r = seccomp_export_bpf(c->ctx, fd);
	if (r < 0)
		return err_sys(err, -r, "linux.seccomp: libseccomp: export the filter");
	if (fstat(fd, &st) < 0)
		return err_sys(err, errno, "linux.seccomp: size of the filter");
	insns = oci_arena_alloc(arena, (size_t)st.st_size);
	if (!insns)
		return err_nomem(err);
	if (pread(fd, insns, (size_t)st.st_size, 0) != st.st_size)
		return err_set(err, EIO, "linux.seccomp: read the filter back");
	ret->insns = insns;
	ret->len = (size_t)st.st_size / sizeof(*insns);
	return 0;
}

int seccomp_compile(struct oci_arena *arena, const struct oci_seccomp *seccomp,
		    struct seccomp_code *ret, struct oci_error *err)
{
	__attribute__((cleanup(compiler_release))) struct compiler c = {
		.default_return =
			seccomp_return(seccomp->default_action, seccomp->default_errno_ret),
	};
	struct seccomp_code code;
	int r;

	c.ctx = seccomp_init(c.default_return);
	if (!c.ctx)
		return err_set(
			err, EINVAL,
			"linux.seccomp.defaultAction: libseccomp or the kernel does not know "
			"%s",
			oci_seccomp_action_name(seccomp->default_action));
	r = add_archs(&c, seccomp, err);
	for (size_t i = 0; r == 0 && i < seccomp->syscalls_len; i++)
		r = add_rule(&c, &seccomp->syscalls[i], i, err);
	if (r < 0)
		return r;
	/* A binary search for the number in place of one comparison per rule; a wish, so no check. */
	(void)seccomp_attr_set(c.ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	r = export_program(arena, &c, &code, err);
	if (r < 0)
		return r;
	r = seccomp_enosys_prepend(arena, seccomp, c.tokens, c.tokens_len, &code, &code, err);
	if (r < 0)
		return r;
	seccomp_shrink(arena, &code);
	if (code.len > BPF_MAXINSNS)
		return err_set(
			err, E2BIG,
			"linux.seccomp: the filter has %zu instructions, the kernel takes %d",
			code.len, BPF_MAXINSNS);
	*ret = code;
	return 0;
}

bool seccomp_library_has_arch(enum oci_seccomp_arch arch)
{
	return row_of_arch((int)arch);
}

const char *seccomp_library_version(void)
{
	static char text[24];
	const struct scmp_version *v = seccomp_version();

	if (!v)
		return "unknown";
	if (!text[0])
		snprintf(text, sizeof(text), "%u.%u.%u", v->major, v->minor, v->micro);
	return text;
}

#else

int seccomp_compile(struct oci_arena *arena, const struct oci_seccomp *seccomp,
		    struct seccomp_code *ret, struct oci_error *err)
{
	(void)arena;
	(void)ret;
	return seccomp_check(seccomp, err);
}

bool seccomp_library_has_arch(enum oci_seccomp_arch arch)
{
	(void)arch;
	return false;
}

const char *seccomp_library_version(void)
{
	return NULL;
}
#endif
