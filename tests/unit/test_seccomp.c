/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_seccomp.c - profiles to decisions: by an interpreter of the program for every architecture,
 * and by real filters in forked children for the native one; the cache against all that can lie in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/seccomp-private.h"
#include "runtime/seccomp.h"

#include "seccomp-profile.h"

#define X32 0x40000000u
#define ERRNO_OF(n) (SECCOMP_RET_ERRNO | (n))

struct fixture {
	struct oci_arena arena;
	char dir[64];
	int dirfd;
};

static bool need_library(void)
{
	if (seccomp_library_version())
		return true;
	print_message("skipped: built without libseccomp\n");
	skip();
	return false;
}

static bool need_x86_64(void)
{
#ifdef __x86_64__
	return need_library();
#else
	print_message("skipped: the numbers are those of x86_64\n");
	skip();
	return false;
#endif
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/test-seccomp.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->dirfd = open(f->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->dirfd >= 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[96];

	oci_arena_free(&f->arena);
	close(f->dirfd);
	snprintf(command, sizeof(command), "rm -rf '%s'", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

/* ---- the interpreter: the instructions that a seccomp filter may have and libseccomp uses ----- */

static uint32_t interpret(const struct sock_filter *insns, size_t len,
			  const struct seccomp_data *data, unsigned *steps)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < len; pc++) {
		const struct sock_filter *i = &insns[pc];

		if (steps)
			++*steps;
		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(i->k + 4 <= sizeof(*data));
			memcpy(&a, (const char *)data + i->k, 4);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			pc += a > i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += a & i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			fail_msg("unexpected instruction 0x%x at %zu", i->code, pc);
		}
	}
	fail_msg("the program runs off its end");
	return 0;
}

static uint32_t decide(const struct seccomp_program *p, uint32_t arch, uint32_t nr, uint64_t arg0,
		       uint64_t arg1)
{
	struct seccomp_data data = { .nr = (int)nr, .arch = arch, .args = { arg0, arg1 } };

	return interpret(p->filter, p->len, &data, NULL);
}

static uint32_t decide64(const struct seccomp_program *p, uint32_t nr)
{
	return decide(p, AUDIT_ARCH_X86_64, nr, 0, 0);
}

static struct seccomp_program *prepare(struct fixture *f, const struct oci_seccomp *seccomp,
				       int dir)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct seccomp_program *program = NULL;
	int r = seccomp_check(seccomp, &err);

	if (r == 0)
		r = seccomp_prepare(&f->arena, seccomp, dir, &program, &err);
	assert_string_equal(err.message, "");
	assert_int_equal(r, 0);
	return program;
}

/* One rule for one name, on top of a default action. */
#define RULE(act, ...)                                               \
	{                                                            \
		.names = (char *[]){ __VA_ARGS__, NULL },            \
		.names_len = ARRAY_LEN(((char *[]){ __VA_ARGS__ })), \
		.action = OCI_SECCOMP_ACT_##act,                     \
	}
#define ARG(i, v, w, o)                                                          \
	{                                                                        \
		{ true, (i) }, { true, (v) }, { true, (w) }, OCI_SECCOMP_CMP_##o \
	}

/* ---- check ---------------------------------------------------------------------------------- */

static void expect_refused(const struct oci_seccomp *seccomp, const char *message)
{
	struct oci_error err = OCI_ERROR_INIT;

	assert_int_equal(seccomp_check(seccomp, &err), -EINVAL);
	assert_string_equal(err.message, message);
}

static void test_check(void **state)
{
	(void)state;
	if (!need_library())
		return;
	struct oci_error err = OCI_ERROR_INIT;
	struct oci_seccomp s = { .default_action = OCI_SECCOMP_ACT_NONE };

	expect_refused(&s, "linux.seccomp.defaultAction: required field is missing");
	s.default_action = OCI_SECCOMP_ACT_NOTIFY;
	expect_refused(&s, "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be the default "
			   "action");
	s.default_action = OCI_SECCOMP_ACT_ALLOW;
	s.default_errno_ret = (struct oci_u32){ true, 1 };
	expect_refused(&s, "linux.seccomp.defaultErrnoRet: action SCMP_ACT_ALLOW takes no errno");
	s.default_action = OCI_SECCOMP_ACT_ERRNO;
	s.default_errno_ret.value = 4096;
	expect_refused(&s, "linux.seccomp.defaultErrnoRet: must be at most 4095, got 4096");
	s.default_errno_ret.value = 38;
	assert_int_equal(seccomp_check(&s, &err), 0);

	struct oci_seccomp_rule rules[] = { RULE(ALLOW, "read"), RULE(ALLOW, "write") };

	s.syscalls = rules;
	s.syscalls_len = 2;
	assert_int_equal(seccomp_check(&s, &err), 0);
	rules[1].errno_ret = (struct oci_u32){ true, 2 };
	expect_refused(&s, "linux.seccomp.syscalls[1].errnoRet: action SCMP_ACT_ALLOW takes no "
			   "errno");
	rules[1].action = OCI_SECCOMP_ACT_TRACE;
	rules[1].errno_ret.value = 65535;
	assert_int_equal(seccomp_check(&s, &err), 0);
	rules[1].errno_ret.value = 65536;
	expect_refused(&s, "linux.seccomp.syscalls[1].errnoRet: must be at most 65535, got 65536");
	rules[1].errno_ret.present = false;
	rules[1].names_len = 0;
	expect_refused(&s, "linux.seccomp.syscalls[1].names: needs at least one name");
	rules[1].names_len = 1;
	rules[1].action = OCI_SECCOMP_ACT_NONE;
	expect_refused(&s, "linux.seccomp.syscalls[1].action: required field is missing");

	struct oci_seccomp_arg args[] = { ARG(0, 1, 0, EQ), ARG(6, 1, 0, EQ) };

	rules[1].action = OCI_SECCOMP_ACT_ALLOW;
	rules[1].args = args;
	rules[1].args_len = 2;
	expect_refused(&s, "linux.seccomp.syscalls[1].args[1].index: must be 0 to 5, got 6");
	args[1].index.value = 5;
	args[1].op = OCI_SECCOMP_OP_NONE;
	expect_refused(&s, "linux.seccomp.syscalls[1].args[1].op: required field is missing");
}

static void test_check_notify(void **state)
{
	(void)state;
	if (!need_library())
		return;
	struct oci_error err = OCI_ERROR_INIT;
	struct oci_seccomp_rule rules[] = { RULE(NOTIFY, "mkdir") };
	struct oci_seccomp s = {
		.default_action = OCI_SECCOMP_ACT_ALLOW,
		.syscalls = rules,
		.syscalls_len = 1,
	};

	expect_refused(&s, "linux.seccomp.listenerPath: required with action SCMP_ACT_NOTIFY");
	s.listener_path = "";
	expect_refused(&s, "linux.seccomp.listenerPath: required with action SCMP_ACT_NOTIFY");
	s.listener_path = "/run/agent.sock";
	assert_int_equal(seccomp_check(&s, &err), 0);
	rules[0].names[0] = "sendmsg";
	expect_refused(&s, "linux.seccomp.syscalls[0].names[0]: SCMP_ACT_NOTIFY cannot be used for "
			   "sendmsg, which hands the listener to the agent");
	rules[0].action = OCI_SECCOMP_ACT_ALLOW;
	assert_int_equal(seccomp_check(&s, &err), 0);
	s.listener_path = NULL;
	s.listener_metadata = "x";
	expect_refused(&s, "linux.seccomp.listenerMetadata: must not be set without listenerPath");
}

/* ---- programs ------------------------------------------------------------------------------- */

static void test_default_profile(void **state)
{
	struct fixture *f = *state;

	if (!need_x86_64())
		return;
	struct seccomp_program *p = prepare(f, &profile_default, -1);

	assert_int_equal(p->flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
	assert_false(p->notify);
	assert_int_equal(decide64(p, SYS_read), SECCOMP_RET_ALLOW);
	assert_int_equal(decide64(p, SYS_openat2), SECCOMP_RET_ALLOW);
	assert_int_equal(decide64(p, SYS_kexec_load), ERRNO_OF(1));
	assert_int_equal(decide64(p, SYS_init_module), ERRNO_OF(1));
	assert_int_equal(decide64(p, 9999), ERRNO_OF(38));
	/* i386: the same names by other numbers; read is 3, mount 21 */
	assert_int_equal(decide(p, AUDIT_ARCH_I386, 3, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(decide(p, AUDIT_ARCH_I386, 128, 0, 0), ERRNO_OF(1)); /* init_module */
	/* x32 */
	assert_int_equal(decide64(p, X32 | 0), SECCOMP_RET_ALLOW);
	assert_int_equal(decide64(p, X32 | 9999), ERRNO_OF(38));
	/* an architecture that is not in the filter */
	assert_int_equal(decide(p, AUDIT_ARCH_AARCH64, 63, 0, 0), SECCOMP_RET_KILL_THREAD);
	/* personality: four values and 0xffffffff */
	assert_int_equal(decide(p, AUDIT_ARCH_X86_64, SYS_personality, 8, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(decide(p, AUDIT_ARCH_X86_64, SYS_personality, 0xffffffff, 0),
			 SECCOMP_RET_ALLOW);
	assert_int_equal(decide(p, AUDIT_ARCH_X86_64, SYS_personality, 9, 0), ERRNO_OF(38));
}

static void test_hot_paths_are_short(void **state)
{
	struct fixture *f = *state;
	unsigned total = 0, worst = 0;

	if (!need_x86_64())
		return;
	struct seccomp_program *p = prepare(f, &profile_default, -1);

	for (int nr = 0; nr < 335; nr++) {
		struct seccomp_data data = { .nr = nr, .arch = AUDIT_ARCH_X86_64 };
		unsigned steps = 0;

		(void)interpret(p->filter, p->len, &data, &steps);
		total += steps;
		worst = steps > worst ? steps : worst;
	}
	print_message("%u instructions; a syscall takes %u of them on average, %u at most\n",
		      p->len, total / 335, worst);
	assert_true(total / 335 < 32); /* a chain of comparisons would take hundreds */
}

static void test_enosys(void **state)
{
	struct fixture *f = *state;

	if (!need_x86_64())
		return;
	struct oci_seccomp s = profile_default;

	/* The newest name of the profile on x86_64 is a number n: n is decided by it, n + 1 unknown. */
	s.default_errno_ret.present = false; /* EPERM */
	struct seccomp_program *p = prepare(f, &s, -1);
	uint32_t newest = 0;

	for (uint32_t nr = 0; nr < 600; nr++)
		if (decide64(p, nr) == SECCOMP_RET_ALLOW)
			newest = nr;
	assert_in_range(newest, 435, 500);
	assert_int_equal(decide64(p, newest + 1), ERRNO_OF(ENOSYS));
	assert_int_equal(decide64(p, 100000), ERRNO_OF(ENOSYS));
	assert_int_equal(decide64(p, X32 - 1), ERRNO_OF(ENOSYS));
	assert_int_equal(decide64(p, SYS_lookup_dcookie),
			 ERRNO_OF(EPERM));                   /* old, not named as allowed */
	assert_int_equal(decide64(p, 180), ERRNO_OF(EPERM)); /* nfsservctl: old, not named at all */
	assert_int_equal(decide64(p, X32 | newest), SECCOMP_RET_ALLOW);
	assert_int_equal(decide64(p, X32 | (newest + 100)), ERRNO_OF(ENOSYS));
	/* a number that a tracer put there to skip the call is not judged by age */
	assert_int_not_equal(decide64(p, 0xffffffff), ERRNO_OF(ENOSYS));
	assert_int_equal(decide(p, AUDIT_ARCH_I386, 3, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(decide(p, AUDIT_ARCH_I386, 5000, 0, 0), ERRNO_OF(ENOSYS));
	assert_int_equal(decide(p, AUDIT_ARCH_I386, 0xffffffff, 0, 0), ERRNO_OF(EPERM));
	assert_int_equal(decide(p, AUDIT_ARCH_AARCH64, 5000, 0, 0), SECCOMP_RET_KILL_THREAD);
}

static void test_enosys_only_where_it_helps(void **state)
{
	struct fixture *f = *state;

	if (!need_x86_64())
		return;
	static const struct {
		enum oci_seccomp_action action;
		uint32_t newer;
	} rows[] = {
		{ OCI_SECCOMP_ACT_ERRNO, ERRNO_OF(ENOSYS) },
		{ OCI_SECCOMP_ACT_KILL, ERRNO_OF(ENOSYS) },
		{ OCI_SECCOMP_ACT_KILL_THREAD, ERRNO_OF(ENOSYS) },
		{ OCI_SECCOMP_ACT_KILL_PROCESS, ERRNO_OF(ENOSYS) },
		{ OCI_SECCOMP_ACT_TRAP, SECCOMP_RET_TRAP },
		{ OCI_SECCOMP_ACT_TRACE, SECCOMP_RET_TRACE | EPERM },
		{ OCI_SECCOMP_ACT_LOG, SECCOMP_RET_LOG },
		{ OCI_SECCOMP_ACT_ALLOW, SECCOMP_RET_ALLOW },
	};
	struct oci_seccomp_rule rules[] = { RULE(ERRNO, "mkdir"), RULE(ALLOW, "read", "write") };
	struct oci_seccomp s = { .syscalls = rules, .syscalls_len = 2 };

	rules[0].errno_ret = (struct oci_u32){ true, EACCES };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		s.default_action = rows[i].action;
		struct seccomp_program *p = prepare(f, &s, -1);

		assert_int_equal(decide64(p, SYS_mkdir), ERRNO_OF(EACCES));
		assert_int_equal(decide64(p, SYS_read), SECCOMP_RET_ALLOW);
		assert_int_equal(decide64(p, SYS_mkdir + 1), /* rmdir: one above the newest */
				 rows[i].newer);
		/* x32 is not in this filter: its calls are those of a foreign architecture */
		assert_int_equal(decide64(p, X32 | 9999), SECCOMP_RET_KILL_THREAD);
	}
	/* Nothing named: everything is refused as the profile says. */
	s.syscalls_len = 0;
	s.default_action = OCI_SECCOMP_ACT_ERRNO;
	assert_int_equal(decide64(prepare(f, &s, -1), 5000), ERRNO_OF(EPERM));
}

static void test_comparisons(void **state)
{
	struct fixture *f = *state;

	if (!need_x86_64())
		return;
	static const struct {
		struct oci_seccomp_arg arg;
		uint64_t value;
		bool match;
	} rows[] = {
		{ ARG(0, 5, 0, NE), 5, false },
		{ ARG(0, 5, 0, NE), 6, true },
		{ ARG(0, 5, 0, LT), 4, true },
		{ ARG(0, 5, 0, LT), 5, false },
		{ ARG(0, 5, 0, LE), 5, true },
		{ ARG(0, 5, 0, LE), 6, false },
		{ ARG(0, 5, 0, EQ), 5, true },
		{ ARG(0, 5, 0, EQ), 0x100000005, false },
		{ ARG(0, 5, 0, GE), 5, true },
		{ ARG(0, 5, 0, GE), 4, false },
		{ ARG(0, 5, 0, GT), 6, true },
		{ ARG(0, 5, 0, GT), 5, false },
		{ ARG(0, 0xff, 0x12, MASKED_EQ), 0x312, true },
		{ ARG(0, 0xff, 0x12, MASKED_EQ), 0x313, false },
		{ ARG(0, 0xffffffff00000000, 0, GT), 0xffffffff00000001, true },
		{ ARG(0, 0xffffffff00000000, 0, GT), 0xfffffffe00000001, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_seccomp_arg arg = rows[i].arg;
		struct oci_seccomp_rule rule = RULE(ERRNO, "dup");
		struct oci_seccomp s = {
			.default_action = OCI_SECCOMP_ACT_ALLOW,
			.syscalls = &rule,
			.syscalls_len = 1,
		};

		rule.args = &arg;
		rule.args_len = 1;
		assert_int_equal(
			decide(prepare(f, &s, -1), AUDIT_ARCH_X86_64, SYS_dup, rows[i].value, 0),
			rows[i].match ? ERRNO_OF(EPERM) : SECCOMP_RET_ALLOW);
	}
}

static void test_several_args(void **state)
{
	struct fixture *f = *state;

	if (!need_x86_64())
		return;
	struct oci_seccomp_arg both[] = { ARG(0, 1, 0, EQ), ARG(1, 2, 0, EQ) };
	struct oci_seccomp_arg either[] = { ARG(0, 1, 0, EQ), ARG(0, 2, 0, EQ), ARG(1, 7, 0, EQ) };
	struct oci_seccomp_rule rule = RULE(ERRNO, "dup2");
	struct oci_seccomp s = {
		.default_action = OCI_SECCOMP_ACT_ALLOW,
		.syscalls = &rule,
		.syscalls_len = 1,
	};

	rule.args = both;
	rule.args_len = 2;
	struct seccomp_program *p = prepare(f, &s, -1);

	assert_int_equal(decide(p, AUDIT_ARCH_X86_64, SYS_dup2, 1, 2), ERRNO_OF(EPERM));
	assert_int_equal(decide(p, AUDIT_ARCH_X86_64, SYS_dup2, 1, 3), SECCOMP_RET_ALLOW);
	rule.args = either;
	rule.args_len = 3;
	p = prepare(f, &s, -1);
	assert_int_equal(decide(p, AUDIT_ARCH_X86_64, SYS_dup2, 1, 0), ERRNO_OF(EPERM));
	assert_int_equal(decide(p, AUDIT_ARCH_X86_64, SYS_dup2, 2, 0), ERRNO_OF(EPERM));
	assert_int_equal(decide(p, AUDIT_ARCH_X86_64, SYS_dup2, 9, 7), ERRNO_OF(EPERM));
	assert_int_equal(decide(p, AUDIT_ARCH_X86_64, SYS_dup2, 9, 0), SECCOMP_RET_ALLOW);
}

static void test_every_architecture(void **state)
{
	struct fixture *f = *state;
	int archs[OCI_SECCOMP_ARCH_RISCV64];

	if (!need_x86_64())
		return;
	struct oci_seccomp s = profile_default;

	for (int i = 0; i < OCI_SECCOMP_ARCH_RISCV64; i++)
		archs[i] = i + 1;
	s.architectures = archs;
	s.architectures_len = OCI_SECCOMP_ARCH_RISCV64;
	struct seccomp_program *p = prepare(f, &s, -1);

	assert_int_equal(decide64(p, SYS_read), SECCOMP_RET_ALLOW);
	assert_int_equal(decide64(p, X32 | 0), SECCOMP_RET_ALLOW);
	assert_int_equal(decide(p, AUDIT_ARCH_I386, 3, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(decide(p, AUDIT_ARCH_S390X, 3, 0, 0), SECCOMP_RET_KILL_THREAD);
	/* the native one need not be listed */
	s.architectures_len = 1; /* x86 */
	p = prepare(f, &s, -1);
	assert_int_equal(decide64(p, SYS_read), SECCOMP_RET_ALLOW);
	assert_int_equal(decide(p, AUDIT_ARCH_I386, 3, 0, 0), SECCOMP_RET_ALLOW);
}

static void test_odd_rules(void **state)
{
	struct fixture *f = *state;

	if (!need_x86_64())
		return;
	struct oci_seccomp_rule rules[] = {
		RULE(ERRNO, "mkdir"),                    /* the default action again */
		RULE(ALLOW, "no_such_syscall", "rmdir"), /* an unknown name beside a known one */
		RULE(ALLOW, "rmdir"),                    /* a second time */
		RULE(ALLOW, "socketcall"),               /* exists on other architectures only */
	};
	struct oci_seccomp s = {
		.default_action = OCI_SECCOMP_ACT_ERRNO,
		.default_errno_ret = { true, EPERM },
		.syscalls = rules,
		.syscalls_len = 4,
	};
	struct seccomp_program *p = prepare(f, &s, -1);

	assert_int_equal(decide64(p, SYS_mkdir), ERRNO_OF(EPERM));
	assert_int_equal(decide64(p, SYS_rmdir), SECCOMP_RET_ALLOW);
}

/* ---- shrinking ------------------------------------------------------------------------------ */

static uint32_t pick(uint32_t below)
{
	return (uint32_t)random() % below;
}

static uint32_t pick_arch(void)
{
	static const uint32_t archs[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_ARM,
					  AUDIT_ARCH_AARCH64 };

	return archs[pick(ARRAY_LEN(archs))];
}

/* Numbers that collide often, with some at the edges. */
static uint32_t pick_number(void)
{
	static const uint32_t edges[] = { 0, X32, X32 + 5, 0xfffffffe, 0xffffffff };

	return pick(5) == 0 ? edges[pick(ARRAY_LEN(edges))] : pick(40);
}

/* Any program of the shape that libseccomp makes: about architecture and number first, then about arguments. */
static void random_program(struct sock_filter *insns, size_t len)
{
	static const uint16_t ops[] = { BPF_JEQ, BPF_JGT, BPF_JGE };
	size_t numbers = len / 2 + pick((uint32_t)len / 4);

	for (size_t pc = 0; pc < len; pc++) {
		uint32_t left = (uint32_t)(len - 1 - pc);
		struct sock_filter *i = &insns[pc];
		uint32_t what = pick(16);

		if (left > 255)
			left = 255;
		if (left < 2 || what == 0) {
			*i = (struct sock_filter){ BPF_RET | BPF_K, 0, 0, pick(5) << 16 };
		} else if (pc == 0 || (pc < numbers && what == 1 && left > 4)) {
			*i = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4);
			*++i = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, pick_arch(),
							    0, (uint8_t)pick(left - 2));
			*++i = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
			pc += 2;
		} else if (what < 4) {
			*i = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							  pc < numbers ? 0 : 16 + 4 * pick(4));
		} else if (what == 4) {
			*i = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, pick(left) / 4);
		} else {
			*i = (struct sock_filter)BPF_JUMP(
				(uint16_t)(BPF_JMP | BPF_K | ops[pick(3)]), pick_number(),
				(uint8_t)(pick(left) / (1 + pick(9))),
				(uint8_t)(pick(left) / (1 + pick(9))));
		}
	}
}

static void test_shrink_changes_nothing(void **state)
{
	struct fixture *f = *state;
	unsigned shrunk = 0;

	srandom(20);
	for (int round = 0; round < 3000; round++) {
		size_t len = 20 + pick(600);
		struct sock_filter *insns = calloc(len, sizeof(*insns));
		struct seccomp_code code = { insns, len };

		random_program(insns, len);
		seccomp_shrink(&f->arena, &code);
		shrunk += code.len < len;
		for (int i = 0; i < 200 && code.len < len; i++) {
			struct seccomp_data data = {
				.nr = (int)(pick_number() + pick(3) - 1),
				.arch = pick(4) ? pick_arch() : pick(9),
				.args = { pick_number(), pick_number() },
			};

			assert_int_equal(interpret(code.insns, code.len, &data, NULL),
					 interpret(insns, len, &data, NULL));
		}
		oci_arena_free(&f->arena);
		free(insns);
	}
	print_message("%u of 3000 random programs got shorter\n", shrunk);
	assert_true(shrunk > 300);
}

/* Steps so many that conditional jumps do not reach from one end of the search to the other. */
static void test_long_search(void **state)
{
	struct fixture *f = *state;
	struct sock_filter insns[3010];
	struct seccomp_code code = { insns, 0 };

	insns[code.len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4);
	insns[code.len++] =
		(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
	insns[code.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP);
	insns[code.len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
	for (uint32_t nr = 0; nr < 600; nr++) {
		insns[code.len++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 3 * nr, 0, 1);
		insns[code.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, ERRNO_OF(nr % 7));
		for (int i = 0; i < 3; i++) /* padding that does nothing */
			insns[code.len++] = (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0);
	}
	insns[code.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct seccomp_code original = code;

	seccomp_shrink(&f->arena, &code);
	print_message("%zu instructions were %zu\n", code.len, original.len);
	assert_true(code.len < original.len);
	for (int nr = 0; nr < 2000; nr++) {
		struct seccomp_data data = { .nr = nr, .arch = AUDIT_ARCH_X86_64 };

		assert_int_equal(interpret(code.insns, code.len, &data, NULL),
				 interpret(original.insns, original.len, &data, NULL));
	}
}

static void test_too_long(void **state)
{
	struct fixture *f = *state;
	struct oci_error err = OCI_ERROR_INIT;
	struct oci_seccomp_arg args[1200];
	struct oci_seccomp_rule rule = RULE(ERRNO, "dup");
	struct oci_seccomp s = {
		.default_action = OCI_SECCOMP_ACT_ALLOW,
		.syscalls = &rule,
		.syscalls_len = 1,
	};
	struct seccomp_program *p;

	if (!need_library())
		return;
	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = (struct oci_seccomp_arg)ARG(0, 0x1000100010001 * i, 0, EQ);
	rule.args = args;
	rule.args_len = ARRAY_LEN(args);
	assert_int_equal(seccomp_prepare(&f->arena, &s, f->dirfd, &p, &err), -E2BIG);
	err.message[strlen("linux.seccomp: the filter has ")] = '\0';
	assert_string_equal(err.message, "linux.seccomp: the filter has ");
}

static void test_flags(void **state)
{
	struct fixture *f = *state;
	int flags[] = { OCI_SECCOMP_FLAG_TSYNC, OCI_SECCOMP_FLAG_LOG,
			OCI_SECCOMP_FLAG_WAIT_KILLABLE_RECV };

	if (!need_library())
		return;
	struct oci_seccomp_rule rule = RULE(ERRNO, "mkdir");
	struct oci_seccomp s = {
		.default_action = OCI_SECCOMP_ACT_ALLOW,
		.flags = flags,
		.flags_len = 3,
		.syscalls = &rule,
		.syscalls_len = 1,
	};

	assert_int_equal(prepare(f, &s, -1)->flags,
			 SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG);
	rule.action = OCI_SECCOMP_ACT_NOTIFY;
	s.listener_path = "/x";
	s.listener_metadata = "m";
	struct seccomp_program *p = prepare(f, &s, -1);

	assert_true(p->notify);
	assert_string_equal(p->listener_path, "/x");
	assert_string_equal(p->listener_metadata, "m");
	assert_int_equal(p->flags, SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_LOG |
					   SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV |
					   SECCOMP_FILTER_FLAG_NEW_LISTENER |
					   SECCOMP_FILTER_FLAG_TSYNC_ESRCH);
}

/* ---- installed ------------------------------------------------------------------------------ */

/* Fork, install, run @body; its exit status, or 128 + signal. */
static int run_filtered(const struct seccomp_program *program, int (*body)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct oci_error err = OCI_ERROR_INIT;
		struct rlimit no_core = { 0, 0 };
		int listener;

		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGSYS, SIG_DFL); /* cmocka catches it */
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (seccomp_install(program, &listener, &err) < 0 || listener != -1)
			_exit(99);
		_exit(body());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int body_ordinary(void)
{
	if (mkdir("/tmp/test-seccomp-never", 0700) == 0 || errno != EPERM)
		return 1;
	if (syscall(SYS_kexec_load, 0, 0, NULL, 0) == 0 || errno != EPERM)
		return 2;
	if (syscall(9999) == 0 || errno != ENOSYS)
		return 3;
	return getppid() > 0 ? 0 : 4;
}

static void test_install_default(void **state)
{
	struct fixture *f = *state;
	struct oci_seccomp_rule rules[ARRAY_LEN(profile_rules)];

	if (!need_x86_64())
		return;
	struct oci_seccomp s = profile_default;

	/* The default profile with EPERM by default and without mkdir. */
	memcpy(rules, profile_rules, sizeof(rules));
	s.default_errno_ret.value = EPERM;
	s.syscalls = rules;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		for (size_t n = 0; n < rules[i].names_len; n++)
			if (strcmp(rules[i].names[n], "mkdir") == 0)
				rules[i].names[n] = "getpid";
	assert_int_equal(run_filtered(prepare(f, &s, -1), body_ordinary), 0);
}

static int body_mkdir(void)
{
	return mkdir("/tmp/test-seccomp-never", 0700) < 0 ? errno : 0;
}

static void test_install_actions(void **state)
{
	struct fixture *f = *state;

	if (!need_x86_64())
		return;
	static const struct {
		enum oci_seccomp_action action;
		struct oci_u32 errno_ret;
		int status;
	} rows[] = {
		{ OCI_SECCOMP_ACT_ERRNO, { false, 0 }, EPERM },
		{ OCI_SECCOMP_ACT_ERRNO, { true, 77 }, 77 },
		{ OCI_SECCOMP_ACT_ERRNO, { true, 0 }, 0 },       /* "succeeds" */
		{ OCI_SECCOMP_ACT_TRACE, { false, 0 }, ENOSYS }, /* nobody traces */
		{ OCI_SECCOMP_ACT_KILL, { false, 0 }, 128 + SIGSYS },
		{ OCI_SECCOMP_ACT_KILL_THREAD, { false, 0 }, 128 + SIGSYS },
		{ OCI_SECCOMP_ACT_KILL_PROCESS, { false, 0 }, 128 + SIGSYS },
		{ OCI_SECCOMP_ACT_TRAP, { false, 0 }, 128 + SIGSYS },
	};
	struct oci_seccomp_rule rule = RULE(ERRNO, "mkdir");
	struct oci_seccomp s = {
		.default_action = OCI_SECCOMP_ACT_ALLOW,
		.syscalls = &rule,
		.syscalls_len = 1,
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		rule.action = rows[i].action;
		rule.errno_ret = rows[i].errno_ret;
		assert_int_equal(run_filtered(prepare(f, &s, -1), body_mkdir), rows[i].status);
	}
}

static void test_install_refused(void **state)
{
	struct fixture *f = *state;
	struct oci_error err = OCI_ERROR_INIT;
	static const struct sock_filter nonsense[] = { { BPF_RET | BPF_A, 0, 0, 0 },
						       { 0xffff, 0, 0, 0 } };
	struct seccomp_program p = { .filter = nonsense, .len = 2, .flags = 0 };
	int listener = 7;

	(void)f;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	assert_int_equal(seccomp_install(&p, &listener, &err), -EINVAL);
	assert_string_equal(err.message, "linux.seccomp: load filter: Invalid argument");
	assert_int_equal(listener, 7);
	p.flags = SECCOMP_FILTER_FLAG_LOG;
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(seccomp_install(&p, &listener, &err), -EINVAL);
	assert_string_equal(err.message, "linux.seccomp: the kernel does not support this filter's "
					 "actions or flags (0x2)");
}

/* Without privileges and without no_new_privs the kernel refuses any filter. */
static void test_install_needs_no_new_privs(void **state)
{
	struct fixture *f = *state;
	struct oci_seccomp s = { .default_action = OCI_SECCOMP_ACT_ALLOW };
	int status;

	if (!need_library())
		return;
	if (geteuid() != 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
		print_message("skipped: needs root, and no no_new_privs\n");
		skip();
	}
	struct seccomp_program *program = prepare(f, &s, -1);
	pid_t pid = fork();

	if (pid == 0) {
		struct oci_error err = OCI_ERROR_INIT;
		int listener;

		if (setgid(12345) < 0 || setuid(12345) < 0)
			_exit(1);
		if (seccomp_install(program, &listener, &err) != -EACCES)
			_exit(2);
		_exit(strcmp(err.message, "linux.seccomp: load filter: Permission denied (needs "
					  "process.noNewPrivileges or CAP_SYS_ADMIN)") != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- the agent ------------------------------------------------------------------------------ */

static void child_notified(const struct seccomp_program *program, int socket, const char *document,
			   size_t length)
{
	struct oci_error err = OCI_ERROR_INIT;
	int listener;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (seccomp_install(program, &listener, &err) < 0 || listener < 0)
		_exit(99);
	if (!(fcntl(listener, F_GETFD) & FD_CLOEXEC))
		_exit(98);
	if (seccomp_send_listener(socket, document, length, listener, &err) < 0)
		_exit(97);
	close(listener);
	close(socket);
	_exit(mkdir("/tmp/test-seccomp-never", 0700) < 0 ? errno : 0);
}

static void agent_answer(int listener, int code)
{
	struct seccomp_notif request;
	struct seccomp_notif_resp response;

	memset(&request, 0, sizeof(request));
	memset(&response, 0, sizeof(response));
	assert_int_equal(ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request), 0);
	assert_int_equal(request.data.nr, SYS_mkdir);
	response.id = request.id;
	response.error = -code;
	assert_int_equal(ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response), 0);
}

static void run_agent(struct fixture *f, const char *document, size_t length, int *flags,
		      size_t flags_len)
{
	struct oci_seccomp_rule rule = RULE(NOTIFY, "mkdir");
	struct oci_seccomp s = {
		.default_action = OCI_SECCOMP_ACT_ALLOW,
		.flags = flags,
		.flags_len = flags_len,
		.listener_path = "/x",
		.syscalls = &rule,
		.syscalls_len = 1,
	};
	struct seccomp_program *program = prepare(f, &s, -1);
	CLEANUP_FREE char *received = malloc(length);
	int fds[4], sockets[2], status, listener = -1;
	size_t have = 0;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	pid_t pid = fork();

	if (pid == 0) {
		close(sockets[0]);
		child_notified(program, sockets[1], document, length);
	}
	close(sockets[1]);
	for (;;) {
		size_t count = 0;
		ssize_t n = io_recv_fds(sockets[0], received + have,
					length - have + !!(have == length), fds, 4, &count);

		assert_true(n >= 0);
		if (count > 0) {
			assert_int_equal(count, 1);
			assert_int_equal(have, 0); /* with the first byte */
			listener = fds[0];
		}
		have += (size_t)n;
		if (n == 0 || have == length)
			break;
	}
	assert_int_equal(have, length);
	assert_memory_equal(received, document, length);
	assert_true(listener >= 0);
	agent_answer(listener, EXDEV);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXDEV);
	close(listener);
	close(sockets[0]);
}

static void test_notify(void **state)
{
	int flags[] = { OCI_SECCOMP_FLAG_TSYNC };

	if (!need_x86_64())
		return;
	run_agent(*state, "{\"ociVersion\":\"1.3.0\"}", 22, NULL, 0);
	run_agent(*state, "{\"ociVersion\":\"1.3.0\"}", 22, flags, 1);
}

static void test_notify_long_document(void **state)
{
	const size_t length = 1 << 20;
	CLEANUP_FREE char *document = malloc(length);

	if (!need_x86_64())
		return;
	for (size_t i = 0; i < length; i++)
		document[i] = (char)('a' + i % 23);
	run_agent(*state, document, length, NULL, 0);
}

static void test_notify_agent_gone(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;
	int sockets[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets), 0);
	close(sockets[0]);
	assert_int_equal(seccomp_send_listener(sockets[1], "x", 1, 0, &err), -EPIPE);
	assert_string_equal(err.message,
			    "linux.seccomp.listenerPath: send the listener: Broken pipe");
	close(sockets[1]);
}

/* ---- the cache ------------------------------------------------------------------------------ */

static struct seccomp_key key_of(struct fixture *f, const struct oci_seccomp *s)
{
	struct seccomp_key key;

	assert_int_equal(seccomp_key_build(&f->arena, s, seccomp_library_version(), &key), 0);
	return key;
}

static int load(struct fixture *f, const struct seccomp_key *key)
{
	struct seccomp_code code;

	return seccomp_cache_load(&f->arena, f->dirfd, key, &code);
}

static int count_files(struct fixture *f)
{
	char command[128];
	int n;

	snprintf(command, sizeof(command), "ls -A '%s' | wc -l", f->dir);
	FILE *pipe = popen(command, "r");

	assert_int_equal(fscanf(pipe, "%d", &n), 1);
	pclose(pipe);
	return n;
}

static void test_cache(void **state)
{
	struct fixture *f = *state;

	if (!need_library())
		return;
	struct seccomp_key key = key_of(f, &profile_default);

	assert_int_equal(load(f, &key), -ENOENT);
	struct seccomp_program *first = prepare(f, &profile_default, f->dirfd);

	assert_int_equal(count_files(f), 1);
	assert_int_equal(load(f, &key), 0);
	struct seccomp_program *second = prepare(f, &profile_default, f->dirfd);

	assert_int_equal(first->len, second->len);
	assert_memory_equal(first->filter, second->filter, first->len * sizeof(struct sock_filter));
	assert_int_equal(count_files(f), 1);

	/* flags and listener are no part of the program, everything else is */
	int flags[] = { OCI_SECCOMP_FLAG_LOG };
	struct oci_seccomp s = profile_default;

	s.flags = flags;
	s.flags_len = 1;
	assert_string_equal(key_of(f, &s).name, key.name);
	s.default_errno_ret.value = 1;
	assert_string_not_equal(key_of(f, &s).name, key.name);
	assert_int_equal(strlen(key.name), 32);
	s.default_errno_ret.present = false; /* EPERM by default */
	assert_string_equal(key_of(f, &s).name, key_of(f, &s).name);
	s = profile_default;
	s.architectures_len = 2;
	assert_string_not_equal(key_of(f, &s).name, key.name);
	s = profile_default;
	s.syscalls_len--;
	assert_string_not_equal(key_of(f, &s).name, key.name);
}

/* A name that ends where another begins, an argument more or less: never the same bytes. */
static void test_cache_key_is_unambiguous(void **state)
{
	struct fixture *f = *state;
	struct oci_seccomp_rule ab_c = RULE(ALLOW, "ab", "c");
	struct oci_seccomp_rule a_bc = RULE(ALLOW, "a", "bc");
	struct oci_seccomp s = { .default_action = OCI_SECCOMP_ACT_ERRNO, .syscalls_len = 1 };

	if (!need_library())
		return;
	s.syscalls = &ab_c;
	struct seccomp_key one = key_of(f, &s);

	s.syscalls = &a_bc;
	struct seccomp_key two = key_of(f, &s);

	assert_int_equal(one.len, two.len);
	assert_memory_not_equal(one.data, two.data, one.len);
}

static void write_entry(struct fixture *f, const struct seccomp_key *key, const void *data,
			size_t length)
{
	(void)unlinkat(f->dirfd, key->name, 0);
	int fd = openat(f->dirfd, key->name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, length), (ssize_t)length);
	close(fd);
}

/* Whatever lies there, the container gets the right program, and the entry is repaired when it can be. */
static void test_cache_bad_entries(void **state)
{
	struct fixture *f = *state;
	char *good, *bad;
	size_t length;

	if (!need_library())
		return;
	struct seccomp_program *right = prepare(f, &profile_default, f->dirfd);
	struct seccomp_key key = key_of(f, &profile_default);

	assert_int_equal(io_read_at(f->dirfd, key.name, 1 << 20, &f->arena, &good, &length), 0);
	bad = oci_arena_alloc(&f->arena, length + 8);

	const struct {
		size_t offset; /* of the flipped bit */
		size_t cut;
	} rows[] = {
		{ 0, 0 },          /* magic */
		{ 8, 0 },          /* version */
		{ 12, 0 },         /* length of the key */
		{ 16, 0 },         /* number of instructions */
		{ 24, 0 },         /* sum */
		{ 60, 0 },         /* the key: another profile of the same hash */
		{ length - 1, 0 }, /* an instruction */
		{ 0, 8 },          /* one instruction less */
		{ 0, length - 40 }, { 0, length },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		memcpy(bad, good, length);
		if (rows[i].cut == 0)
			bad[rows[i].offset] ^= 1;
		write_entry(f, &key, bad, length - rows[i].cut);
		assert_int_equal(load(f, &key), -ENOENT);
		struct seccomp_program *p = prepare(f, &profile_default, f->dirfd);

		assert_int_equal(p->len, right->len);
		assert_memory_equal(p->filter, right->filter, p->len * sizeof(*p->filter));
		assert_int_equal(load(f, &key), 0);
	}
	memcpy(bad, good, length);
	write_entry(f, &key, bad, length + 8); /* one instruction more */
	assert_int_equal(load(f, &key), -ENOENT);
}

static void test_cache_foreign_entries(void **state)
{
	struct fixture *f = *state;
	char *good;
	size_t length;

	if (!need_library())
		return;
	(void)prepare(f, &profile_default, f->dirfd);
	struct seccomp_key key = key_of(f, &profile_default);

	assert_int_equal(io_read_at(f->dirfd, key.name, 1 << 20, &f->arena, &good, &length), 0);
	/* writable by others */
	assert_int_equal(fchmodat(f->dirfd, key.name, 0620, 0), 0);
	assert_int_equal(load(f, &key), -ENOENT);
	assert_int_equal(fchmodat(f->dirfd, key.name, 0602, 0), 0);
	assert_int_equal(load(f, &key), -ENOENT);
	assert_int_equal(fchmodat(f->dirfd, key.name, 0644, 0), 0);
	assert_int_equal(load(f, &key), 0);
	/* somebody else's */
	if (geteuid() == 0) {
		assert_int_equal(fchownat(f->dirfd, key.name, 12345, 0, 0), 0);
		assert_int_equal(load(f, &key), -ENOENT);
	} else {
		print_message("not tried without root: a file of another user\n");
	}
	/* a symlink to a good one */
	write_entry(f, &key, good, length);
	assert_int_equal(renameat(f->dirfd, key.name, f->dirfd, "elsewhere"), 0);
	assert_int_equal(symlinkat("elsewhere", f->dirfd, key.name), 0);
	assert_int_equal(load(f, &key), -ENOENT);
	/* a fifo nobody writes to, a folder */
	assert_int_equal(unlinkat(f->dirfd, key.name, 0), 0);
	assert_int_equal(mkfifoat(f->dirfd, key.name, 0600), 0);
	assert_int_equal(load(f, &key), -ENOENT);
	assert_int_equal(unlinkat(f->dirfd, key.name, 0), 0);
	assert_int_equal(mkdirat(f->dirfd, key.name, 0700), 0);
	assert_int_equal(load(f, &key), -ENOENT);
	(void)prepare(f, &profile_default, f->dirfd); /* cannot be stored, and nobody minds */
	assert_int_equal(count_files(f), 2);
}

static void test_cache_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct oci_seccomp_rule rule = RULE(ERRNO, "mkdir");
	struct oci_seccomp s = {
		.default_action = OCI_SECCOMP_ACT_ALLOW,
		.syscalls = &rule,
		.syscalls_len = 1,
	};
	struct seccomp_key oldest = { .len = 0 };

	if (!need_library())
		return;
	assert_int_equal(mknodat(f->dirfd, ".old.tmp", S_IFREG | 0600, 0), 0);
	assert_int_equal(utimensat(f->dirfd, ".old.tmp", old, 0), 0);
	assert_int_equal(mknodat(f->dirfd, ".new.tmp", S_IFREG | 0600, 0), 0);
	assert_int_equal(mknodat(f->dirfd, "not-ours", S_IFREG | 0600, 0), 0);
	for (uint32_t i = 0; i < SECCOMP_CACHE_MAX; i++) {
		rule.errno_ret = (struct oci_u32){ true, i + 1 };
		(void)prepare(f, &s, f->dirfd);
		if (i == 7) {
			oldest = key_of(f, &s);
			assert_int_equal(utimensat(f->dirfd, oldest.name, old, 0), 0);
		}
	}
	assert_int_equal(count_files(f),
			 SECCOMP_CACHE_MAX + 2); /* the old temporary file is gone */
	assert_int_equal(load(f, &oldest), 0); /* a use, which noatime or relatime may not record */
	assert_int_equal(utimensat(f->dirfd, oldest.name, old, 0), 0);
	rule.errno_ret.value = 100;
	(void)prepare(f, &s, f->dirfd);
	assert_int_equal(count_files(f), SECCOMP_CACHE_MAX + 2);
	assert_int_equal(load(f, &oldest), -ENOENT);
}

static void test_cache_parallel(void **state)
{
	struct fixture *f = *state;

	if (!need_library())
		return;
	for (int i = 0; i < 8; i++) {
		if (fork() == 0) {
			struct oci_error err = OCI_ERROR_INIT;
			struct seccomp_program *p;

			for (int n = 0; n < 3; n++)
				if (seccomp_prepare(&f->arena, &profile_default, f->dirfd, &p,
						    &err) < 0)
					_exit(1);
			_exit(0);
		}
	}
	for (int i = 0; i < 8; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(count_files(f), 1);
}

static double us_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) * 1e6 +
	       (double)(now.tv_nsec - start->tv_nsec) / 1e3;
}

static void test_cache_speed(void **state)
{
	struct fixture *f = *state;
	struct timespec start;
	double compiled, best = 1e9;

	if (!need_library())
		return;
	clock_gettime(CLOCK_MONOTONIC, &start);
	(void)prepare(f, &profile_default, f->dirfd);
	compiled = us_since(&start);
	for (int i = 0; i < 20; i++) {
		clock_gettime(CLOCK_MONOTONIC, &start);
		(void)prepare(f, &profile_default, f->dirfd);
		if (us_since(&start) < best)
			best = us_since(&start);
	}
	print_message("the default profile: %.0f us compiled, %.0f us from the cache\n", compiled,
		      best);
	assert_true(best < compiled);
}

/* ---- features ------------------------------------------------------------------------------- */

static bool has(char **list, size_t len, const char *word)
{
	for (size_t i = 0; i < len; i++)
		if (strcmp(list[i], word) == 0)
			return true;
	return false;
}

static void test_features(void **state)
{
	struct fixture *f = *state;
	struct oci_error err = OCI_ERROR_INIT;
	struct oci_features_seccomp *s;

	assert_int_equal(seccomp_features(&f->arena, &s, &err), 0);
	assert_true(s->enabled.present);
	assert_int_equal(s->enabled.value, seccomp_library_version() != NULL);
	if (!need_library())
		return;
	assert_true(has(s->actions, s->actions_len, "SCMP_ACT_ERRNO"));
	assert_true(has(s->operators, s->operators_len, "SCMP_CMP_MASKED_EQ"));
	assert_int_equal(s->operators_len, 7);
	assert_true(has(s->archs, s->archs_len, "SCMP_ARCH_X86_64"));
	assert_true(has(s->archs, s->archs_len, "SCMP_ARCH_RISCV64"));
	assert_int_equal(s->known_flags_len, 4);
	assert_true(has(s->supported_flags, s->supported_flags_len, "SECCOMP_FILTER_FLAG_TSYNC"));
	assert_null(s->actions[s->actions_len]);
	assert_null(s->supported_flags[s->supported_flags_len]);
	for (size_t i = 0; i < s->supported_flags_len; i++)
		assert_true(has(s->known_flags, s->known_flags_len, s->supported_flags[i]));
}

#ifndef HAVE_LIBSECCOMP
static void test_without_library(void **state)
{
	struct fixture *f = *state;
	struct oci_error err = OCI_ERROR_INIT;
	struct seccomp_program *p;

	assert_int_equal(seccomp_prepare(&f->arena, &profile_default, -1, &p, &err), -ENOTSUP);
	assert_string_equal(err.message,
			    "linux.seccomp: this program was built without libseccomp");
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(seccomp_check(&profile_default, &err), -ENOTSUP);
}
#endif

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_check),
		TEST(test_check_notify),
		TEST(test_default_profile),
		TEST(test_hot_paths_are_short),
		TEST(test_enosys),
		TEST(test_enosys_only_where_it_helps),
		TEST(test_comparisons),
		TEST(test_several_args),
		TEST(test_every_architecture),
		TEST(test_odd_rules),
		TEST(test_shrink_changes_nothing),
		TEST(test_long_search),
		TEST(test_too_long),
		TEST(test_flags),
		TEST(test_install_default),
		TEST(test_install_actions),
		TEST(test_install_needs_no_new_privs), /* before the next one, which sets it */
		TEST(test_install_refused),
		TEST(test_notify),
		TEST(test_notify_long_document),
		TEST(test_notify_agent_gone),
		TEST(test_cache),
		TEST(test_cache_key_is_unambiguous),
		TEST(test_cache_bad_entries),
		TEST(test_cache_foreign_entries),
		TEST(test_cache_is_bounded),
		TEST(test_cache_parallel),
		TEST(test_cache_speed),
		TEST(test_features),
#ifndef HAVE_LIBSECCOMP
		TEST(test_without_library),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
