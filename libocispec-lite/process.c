/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.c - the process object (config.md#process), which `exec --process` reads alone.
 */
#include <string.h>

#include "tables.h"

static const struct oci_rule int32_rule = { .min = INT32_MIN, .max = INT32_MAX };

static bool fits_rlimit(const char *text, size_t length)
{
	size_t i;

	if (length <= 7 || memcmp(text, "RLIMIT_", 7) != 0)
		return false;
	for (i = 7; i < length; i++)
		if (text[i] < 'A' || text[i] > 'Z')
			return false;
	return true;
}

static const struct oci_rule rlimit_rule = { "RLIMIT_ and capital letters", fits_rlimit, 0, 0 };

static bool fits_cpu_list(const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (!strchr("0123456789, -", text[i]))
			return false;
	return true;
}

static const struct oci_rule cpu_list_rule = { "a list of CPUs such as 0-3,7", fits_cpu_list, 0,
					       0 };

static const struct oci_row box_rows[] = {
	OCI_ROW_U64(struct oci_box, height, "height", NEEDED),
	OCI_ROW_U64(struct oci_box, width, "width", NEEDED),
};
static const OCI_TABLE(box_table, struct oci_box, box_rows);

static const struct oci_row user_rows[] = {
	OCI_ROW_U32(struct oci_user, uid, "uid"),
	OCI_ROW_U32(struct oci_user, gid, "gid"),
	OCI_ROW_U32(struct oci_user, umask, "umask"),
	OCI_ROW_U32S(struct oci_user, additional_gids, "additionalGids"),
	OCI_ROW_STRING(struct oci_user, username, "username", OR_EMPTY),
};
static const OCI_TABLE(user_table, struct oci_user, user_rows);

static const struct oci_row capabilities_rows[] = {
	OCI_ROW_STRINGS(struct oci_capabilities, bounding, "bounding"),
	OCI_ROW_STRINGS(struct oci_capabilities, effective, "effective"),
	OCI_ROW_STRINGS(struct oci_capabilities, inheritable, "inheritable"),
	OCI_ROW_STRINGS(struct oci_capabilities, permitted, "permitted"),
	OCI_ROW_STRINGS(struct oci_capabilities, ambient, "ambient"),
};
static const OCI_TABLE(capabilities_table, struct oci_capabilities, capabilities_rows);

static const struct oci_row rlimit_rows[] = {
	OCI_ROW_STRING(struct oci_rlimit, type, "type", NEEDED, .rule = &rlimit_rule),
	OCI_ROW_U64(struct oci_rlimit, hard, "hard", NEEDED),
	OCI_ROW_U64(struct oci_rlimit, soft, "soft", NEEDED),
};
static const OCI_TABLE(rlimit_table, struct oci_rlimit, rlimit_rows);

static const struct oci_word sched_policy_list[] = {
	OCI_WORD("SCHED_OTHER"),    OCI_WORD("SCHED_FIFO"), OCI_WORD("SCHED_RR"),
	OCI_WORD("SCHED_BATCH"),    OCI_WORD("SCHED_ISO"),  OCI_WORD("SCHED_IDLE"),
	OCI_WORD("SCHED_DEADLINE"),
};
static const OCI_WORDS(sched_policies, enum oci_sched_policy, sched_policy_list);

static const struct oci_word sched_flag_list[] = {
	OCI_WORD("SCHED_FLAG_RESET_ON_FORK"),  OCI_WORD("SCHED_FLAG_RECLAIM"),
	OCI_WORD("SCHED_FLAG_DL_OVERRUN"),     OCI_WORD("SCHED_FLAG_KEEP_POLICY"),
	OCI_WORD("SCHED_FLAG_KEEP_PARAMS"),    OCI_WORD("SCHED_FLAG_UTIL_CLAMP_MIN"),
	OCI_WORD("SCHED_FLAG_UTIL_CLAMP_MAX"),
};
static const OCI_WORDS(sched_flags, enum oci_sched_flag, sched_flag_list);

static const struct oci_row scheduler_rows[] = {
	OCI_ROW_ENUM(struct oci_scheduler, policy, "policy", sched_policies, NEEDED),
	OCI_ROW_I64(struct oci_scheduler, nice, "nice", .rule = &int32_rule),
	OCI_ROW_I64(struct oci_scheduler, priority, "priority", .rule = &int32_rule),
	OCI_ROW_ENUMS(struct oci_scheduler, flags, "flags", sched_flags),
	OCI_ROW_U64(struct oci_scheduler, runtime, "runtime"),
	OCI_ROW_U64(struct oci_scheduler, deadline, "deadline"),
	OCI_ROW_U64(struct oci_scheduler, period, "period"),
};
static const OCI_TABLE(scheduler_table, struct oci_scheduler, scheduler_rows);

static const struct oci_word io_class_list[] = {
	OCI_WORD("IOPRIO_CLASS_RT"),
	OCI_WORD("IOPRIO_CLASS_BE"),
	OCI_WORD("IOPRIO_CLASS_IDLE"),
};
static const OCI_WORDS(io_classes, enum oci_io_priority_class, io_class_list);

static const struct oci_row io_priority_rows[] = {
	OCI_ROW_ENUM(struct oci_io_priority, class_, "class", io_classes, NEEDED),
	OCI_ROW_I64(struct oci_io_priority, priority, "priority", .rule = &int32_rule),
};
static const OCI_TABLE(io_priority_table, struct oci_io_priority, io_priority_rows);

static const struct oci_row exec_cpu_affinity_rows[] = {
	OCI_ROW_STRING(struct oci_exec_cpu_affinity, initial, "initial", OR_EMPTY,
		       .rule = &cpu_list_rule),
	OCI_ROW_STRING(struct oci_exec_cpu_affinity, final_, "final", OR_EMPTY,
		       .rule = &cpu_list_rule),
};
static const OCI_TABLE(exec_cpu_affinity_table, struct oci_exec_cpu_affinity,
		       exec_cpu_affinity_rows);

static const struct oci_row process_rows[] = {
	OCI_ROW_BOOL(struct oci_process, terminal, "terminal"),
	OCI_ROW_OBJECT(struct oci_process, console_size, "consoleSize", box_table),
	OCI_ROW_OBJECT(struct oci_process, user, "user", user_table),
	OCI_ROW_STRINGS(struct oci_process, args, "args"),
	OCI_ROW_STRING(struct oci_process, command_line, "commandLine", OR_EMPTY),
	OCI_ROW_STRINGS(struct oci_process, env, "env"),
	OCI_ROW_STRING(struct oci_process, cwd, "cwd", NEEDED),
	OCI_ROW_OBJECT(struct oci_process, capabilities, "capabilities", capabilities_table),
	OCI_ROW_OBJECTS(struct oci_process, rlimits, "rlimits", rlimit_table),
	OCI_ROW_BOOL(struct oci_process, no_new_privileges, "noNewPrivileges"),
	OCI_ROW_STRING(struct oci_process, apparmor_profile, "apparmorProfile", OR_EMPTY),
	OCI_ROW_I64(struct oci_process, oom_score_adj, "oomScoreAdj"),
	OCI_ROW_OBJECT(struct oci_process, scheduler, "scheduler", scheduler_table),
	OCI_ROW_STRING(struct oci_process, selinux_label, "selinuxLabel", OR_EMPTY),
	OCI_ROW_OBJECT(struct oci_process, io_priority, "ioPriority", io_priority_table),
	OCI_ROW_OBJECT(struct oci_process, exec_cpu_affinity, "execCPUAffinity",
		       exec_cpu_affinity_table),
};
const OCI_TABLE(oci_process_table, struct oci_process, process_rows);

DOCUMENT(process)
