/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccomp.c - linux.seccomp (config-linux.md#seccomp).
 */
#include "tables.h"

static const struct oci_word action_list[] = {
	OCI_WORD("SCMP_ACT_KILL"),        OCI_WORD("SCMP_ACT_KILL_PROCESS"),
	OCI_WORD("SCMP_ACT_KILL_THREAD"), OCI_WORD("SCMP_ACT_TRAP"),
	OCI_WORD("SCMP_ACT_ERRNO"),       OCI_WORD("SCMP_ACT_TRACE"),
	OCI_WORD("SCMP_ACT_ALLOW"),       OCI_WORD("SCMP_ACT_LOG"),
	OCI_WORD("SCMP_ACT_NOTIFY"),
};
static const OCI_WORDS(actions, enum oci_seccomp_action, action_list);

static const struct oci_word op_list[] = {
	OCI_WORD("SCMP_CMP_NE"),        OCI_WORD("SCMP_CMP_LT"), OCI_WORD("SCMP_CMP_LE"),
	OCI_WORD("SCMP_CMP_EQ"),        OCI_WORD("SCMP_CMP_GE"), OCI_WORD("SCMP_CMP_GT"),
	OCI_WORD("SCMP_CMP_MASKED_EQ"),
};
static const OCI_WORDS(ops, enum oci_seccomp_op, op_list);

static const struct oci_word flag_list[] = {
	OCI_WORD("SECCOMP_FILTER_FLAG_TSYNC"),
	OCI_WORD("SECCOMP_FILTER_FLAG_LOG"),
	OCI_WORD("SECCOMP_FILTER_FLAG_SPEC_ALLOW"),
	OCI_WORD("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"),
};
static const OCI_WORDS(flags_, enum oci_seccomp_flag, flag_list);

static const struct oci_word arch_list[] = {
	OCI_WORD("SCMP_ARCH_X86"),         OCI_WORD("SCMP_ARCH_X86_64"),
	OCI_WORD("SCMP_ARCH_X32"),         OCI_WORD("SCMP_ARCH_ARM"),
	OCI_WORD("SCMP_ARCH_AARCH64"),     OCI_WORD("SCMP_ARCH_LOONGARCH64"),
	OCI_WORD("SCMP_ARCH_M68K"),        OCI_WORD("SCMP_ARCH_MIPS"),
	OCI_WORD("SCMP_ARCH_MIPS64"),      OCI_WORD("SCMP_ARCH_MIPS64N32"),
	OCI_WORD("SCMP_ARCH_MIPSEL"),      OCI_WORD("SCMP_ARCH_MIPSEL64"),
	OCI_WORD("SCMP_ARCH_MIPSEL64N32"), OCI_WORD("SCMP_ARCH_PPC"),
	OCI_WORD("SCMP_ARCH_PPC64"),       OCI_WORD("SCMP_ARCH_PPC64LE"),
	OCI_WORD("SCMP_ARCH_S390"),        OCI_WORD("SCMP_ARCH_S390X"),
	OCI_WORD("SCMP_ARCH_SH"),          OCI_WORD("SCMP_ARCH_SHEB"),
	OCI_WORD("SCMP_ARCH_PARISC"),      OCI_WORD("SCMP_ARCH_PARISC64"),
	OCI_WORD("SCMP_ARCH_RISCV64"),
};
static const OCI_WORDS(archs, enum oci_seccomp_arch, arch_list);

static const struct oci_row arg_rows[] = {
	OCI_ROW_U32(struct oci_seccomp_arg, index, "index", NEEDED),
	OCI_ROW_U64(struct oci_seccomp_arg, value, "value", NEEDED),
	OCI_ROW_U64(struct oci_seccomp_arg, value_two, "valueTwo"),
	OCI_ROW_ENUM(struct oci_seccomp_arg, op, "op", ops, NEEDED),
};
static const OCI_TABLE(arg_table, struct oci_seccomp_arg, arg_rows);

static const struct oci_row rule_rows[] = {
	OCI_ROW_STRINGS(struct oci_seccomp_rule, names, "names", NEEDED),
	OCI_ROW_ENUM(struct oci_seccomp_rule, action, "action", actions, NEEDED),
	OCI_ROW_U32(struct oci_seccomp_rule, errno_ret, "errnoRet"),
	OCI_ROW_OBJECTS(struct oci_seccomp_rule, args, "args", arg_table),
};
static const OCI_TABLE(rule_table, struct oci_seccomp_rule, rule_rows);

static const struct oci_row seccomp_rows[] = {
	OCI_ROW_ENUM(struct oci_seccomp, default_action, "defaultAction", actions, NEEDED),
	OCI_ROW_U32(struct oci_seccomp, default_errno_ret, "defaultErrnoRet"),
	OCI_ROW_ENUMS(struct oci_seccomp, architectures, "architectures", archs),
	OCI_ROW_ENUMS(struct oci_seccomp, flags, "flags", flags_),
	OCI_ROW_STRING(struct oci_seccomp, listener_path, "listenerPath", OR_EMPTY),
	OCI_ROW_STRING(struct oci_seccomp, listener_metadata, "listenerMetadata", OR_EMPTY),
	OCI_ROW_OBJECTS(struct oci_seccomp, syscalls, "syscalls", rule_table),
};
const OCI_TABLE(oci_seccomp_table, struct oci_seccomp, seccomp_rows);

const char *oci_seccomp_action_name(enum oci_seccomp_action action)
{
	return WORD_OF(actions, action);
}

const char *oci_seccomp_op_name(enum oci_seccomp_op op)
{
	return WORD_OF(ops, op);
}

const char *oci_seccomp_flag_name(enum oci_seccomp_flag flag)
{
	return WORD_OF(flags_, flag);
}

const char *oci_seccomp_arch_name(enum oci_seccomp_arch arch)
{
	return WORD_OF(archs, arch);
}
