/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process object: every message of the plan, and every step carried out in a child and read back from the kernel.
 */
#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/capability.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "base/caps.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sys_process.h"
#include "forked.h"
#include "runtime/process.h"

static struct oci_arena arena;

static char *default_args[] = { "/bin/true", NULL };

static struct oci_process base(void)
{
	return (struct oci_process){ .args = default_args, .args_len = 1, .cwd = "/" };
}

static int free_arena(void **state)
{
	(void)state;
	oci_arena_free(&arena);
	return 0;
}

static struct process_plan *plan_of(const struct oci_process *process,
				    const struct oci_linux *linux_)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct process_plan *plan = NULL;

	if (process_plan(&arena, process, linux_, "process", &plan, &err) < 0)
		print_error("%s\n", err.message);
	assert_non_null(plan);
	return plan;
}

static void refuse(const struct oci_process *process, const char *message)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct process_plan *plan = NULL;

	assert_true(process_plan(&arena, process, NULL, "process", &plan, &err) < 0);
	assert_string_equal(err.message, message);
	assert_null(plan);
}

static void refuse_linux(const struct oci_linux *linux_, const char *message)
{
	struct oci_process process = base();
	struct oci_error err = OCI_ERROR_INIT;
	struct process_plan *plan = NULL;

	assert_true(process_plan(&arena, &process, linux_, "process", &plan, &err) < 0);
	assert_string_equal(err.message, message);
}

#define U32(v)            \
	{                 \
		true, (v) \
	}
#define NUM(v)            \
	{                 \
		true, (v) \
	}

/* ---- planning ----------------------------------------------------------- */

static void test_plan_command(void **state)
{
	struct oci_process process = base();
	char *env[] = { "PATH=/bin", "no-equals", NULL }, *nameless[] = { "=x", NULL };
	struct oci_error err = OCI_ERROR_INIT;
	struct process_plan *plan;

	(void)state;
	refuse(NULL, "process: required field is missing");
	process.args_len = 0;
	refuse(&process, "process.args: must have at least one entry");
	assert_true(process_plan(&arena, &process, NULL, "", &plan, &err) < 0);
	assert_string_equal(err.message, "args: must have at least one entry");
	process.args_len = 1;
	process.cwd = NULL;
	refuse(&process, "process.cwd: required field is missing");
	process.cwd = "tmp";
	refuse(&process, "process.cwd: must be an absolute path, got \"tmp\"");
	process.cwd = "/";
	process.env = env;
	process.env_len = 2;
	refuse(&process, "process.env[1]: expected NAME=VALUE, got \"no-equals\"");
	process.env = nameless;
	process.env_len = 1;
	refuse(&process, "process.env[0]: expected NAME=VALUE, got \"=x\"");
}

static void test_plan_env(void **state)
{
	char *env[] = { "A=1", "B=2", "A=3", "AB=4", "B==5", NULL };
	struct oci_process process = base();
	struct process_plan *plan;

	(void)state;
	process.env = env;
	process.env_len = 5;
	plan = plan_of(&process, NULL);
	assert_int_equal(plan->env_len, 3);
	assert_string_equal(plan->env[0], "A=3");
	assert_string_equal(plan->env[1], "AB=4");
	assert_string_equal(plan->env[2], "B==5");
	assert_null(plan->env[3]);
	assert_string_equal(process_env_get(plan, "B"), "=5");
	assert_null(process_env_get(plan, "AB=4"));

	assert_int_equal(process_env_set(plan, "A=new", NULL), 0);
	assert_string_equal(plan->env[0], "A=new");
	for (int i = 0; i < PROCESS_ENV_SPARE + 2; i++) /* 5 given and 3 kept: two more fit */
		assert_int_equal(process_env_set(plan, oci_arena_printf(&arena, "N%d=x", i), NULL),
				 0);
	assert_int_equal(process_env_set(plan, "LAST=x", NULL), -ENOBUFS);
	assert_null(plan->env[plan->env_len]);
}

static void test_plan_env_many(void **state)
{
	enum { COUNT = 20000 };
	struct oci_process process = base();
	struct process_plan *plan;

	(void)state;
	process.env = oci_arena_array(&arena, COUNT + 1, sizeof(char *));
	for (int i = 0; i < COUNT; i++)
		process.env[i] = oci_arena_printf(&arena, "NAME%d=%d", i % (COUNT / 2), i);
	process.env_len = COUNT;
	plan = plan_of(&process, NULL);
	assert_int_equal(plan->env_len, COUNT / 2);
	assert_string_equal(plan->env[0], "NAME0=10000");
	assert_string_equal(plan->env[COUNT / 2 - 1], "NAME9999=19999");
}

static void test_plan_user(void **state)
{
	uint32_t gids[] = { 5, UINT32_MAX };
	struct oci_user user = { .uid = U32(1000), .gid = U32(100), .umask = U32(027) };
	struct oci_process process = base();
	struct process_plan *plan;

	(void)state;
	plan = plan_of(&process, NULL);
	assert_int_equal(plan->uid, 0);
	assert_int_equal(plan->umask, 022);
	process.user = &user;
	plan = plan_of(&process, NULL);
	assert_int_equal(plan->uid, 1000);
	assert_int_equal(plan->gid, 100);
	assert_int_equal(plan->umask, 027);
	user.umask.value = 01000;
	refuse(&process, "process.user.umask: must be at most 0777, got 01000");
	user.umask.present = false;
	user.additional_gids = gids;
	user.additional_gids_len = 2;
	refuse(&process, "process.user.additionalGids[1]: 4294967295 is not a valid id");
	user.uid.value = UINT32_MAX;
	refuse(&process, "process.user.uid: 4294967295 is not a valid id");
}

static void test_plan_rlimits(void **state)
{
	struct oci_rlimit rlimits[] = {
		{ "RLIMIT_NOFILE", NUM(10), NUM(20) },
		{ "RLIMIT_CORE", NUM(0), NUM(UINT64_MAX) },
		{ "RLIMIT_CORE", NUM(0), NUM(0) },
	};
	struct oci_process process = base();
	struct process_plan *plan;

	(void)state;
	process.rlimits = rlimits;
	process.rlimits_len = 2;
	plan = plan_of(&process, NULL);
	assert_int_equal(plan->rlimits_len, 2);
	assert_int_equal(plan->rlimits[0].resource, RLIMIT_NOFILE);
	assert_true(plan->rlimits[1].limit.rlim_max == RLIM_INFINITY);
	process.rlimits_len = 3;
	refuse(&process, "process.rlimits[2].type: RLIMIT_CORE is given twice");
	rlimits[2].type = "RLIMIT_FOO";
	refuse(&process, "process.rlimits[2].type: unknown resource limit \"RLIMIT_FOO\"");
	rlimits[0].soft.value = 21;
	refuse(&process, "process.rlimits[0].soft: 21 is above the hard limit 20");
	rlimits[0].hard.present = false;
	refuse(&process, "process.rlimits[0].hard: required field is missing");
}

static void test_plan_small(void **state)
{
	struct oci_box box = { NUM(24), NUM(65536) };
	struct oci_process process = base();
	struct process_plan *plan;

	(void)state;
	process.console_size = &box;
	refuse(&process, "process.consoleSize.width: must be at most 65535, got 65536");
	box.width.value = 80;
	plan = plan_of(&process, NULL);
	assert_int_equal(plan->rows, 24);
	assert_int_equal(plan->columns, 80);
	process.oom_score_adj = (struct oci_i64)NUM(-1001);
	refuse(&process, "process.oomScoreAdj: must be -1000 to 1000, got -1001");
}

static void test_plan_caps(void **state)
{
	char *some[] = { "CAP_CHOWN", "CAP_KILL", "CAP_FUTURE_THING", NULL };
	char *bad[] = { "CAP_CHOWN", "cap_kill", NULL }, *worse[] = { "CAP_CHOWN,CAP_KILL", NULL };
	struct oci_capabilities caps = { .bounding = some, .bounding_len = 3 };
	struct oci_process process = base();
	struct process_plan *plan;

	(void)state;
	plan = plan_of(&process, NULL);
	assert_false(plan->has_caps);
	process.capabilities = &caps;
	plan = plan_of(&process, NULL);
	assert_true(plan->has_caps);
	assert_int_equal(plan->caps.bounding, 1 << CAP_CHOWN | 1 << CAP_KILL);
	assert_int_equal(plan->caps.inheritable, 0);
	assert_int_equal(plan->caps.ambient, 0);
	caps.effective = some;
	caps.effective_len = 2;
	refuse(&process, "process.capabilities.effective: CAP_CHOWN is not in the permitted set");
	caps.permitted = some;
	caps.permitted_len = 2;
	caps.ambient = some;
	caps.ambient_len = 2;
	plan = plan_of(&process, NULL);
	assert_int_equal(plan->caps.ambient, 0); /* nothing inheritable: CVE-2016-8867 */
	caps.inheritable = some + 1;
	caps.inheritable_len = 1;
	plan = plan_of(&process, NULL);
	assert_int_equal(plan->caps.ambient, 1 << CAP_KILL);
	caps.bounding_len = 1;
	refuse(&process, "process.capabilities.inheritable: CAP_KILL is not in the bounding set");
	caps.permitted = bad;
	refuse(&process,
	       "process.capabilities.permitted[1]: \"cap_kill\" is not a capability name");
	caps.permitted = worse;
	caps.permitted_len = 1;
	refuse(&process, "process.capabilities.permitted[0]: \"CAP_CHOWN,CAP_KILL\" is not a "
			 "capability name");
}

/* The table against libcap's and the kernel's. */
static void test_cap_names(void **state)
{
	const char *const *names = caps_names;
	int count = 0;

	(void)state;
	for (; names[count]; count++) {
		cap_value_t value;

		assert_int_equal(cap_from_name(names[count], &value), 0);
		assert_int_equal(value, count);
		assert_int_equal(caps_number(names[count]), count);
	}
	assert_int_equal(count, 41);
	assert_int_equal(caps_number("CAP_"), -1);
	if (cap_max_bits() > count)
		print_message("this kernel has %d capabilities, the table %d\n", cap_max_bits(),
			      count);
}

static void test_plan_scheduler(void **state)
{
	int flags[] = { OCI_SCHED_FLAG_RESET_ON_FORK, OCI_SCHED_FLAG_RECLAIM };
	struct oci_scheduler sched = { .policy = OCI_SCHED_BATCH, .nice = NUM(5) };
	struct oci_process process = base();
	struct process_plan *plan;

	(void)state;
	process.scheduler = &sched;
	plan = plan_of(&process, NULL);
	assert_int_equal(plan->sched->policy, SCHED_BATCH);
	assert_int_equal(plan->sched->nice, 5);
	assert_int_equal(plan->sched->size, 56);
	sched.nice.value = 20;
	refuse(&process, "process.scheduler.nice: must be -20 to 19, got 20");
	sched.policy = OCI_SCHED_RR;
	sched.nice.value = 1;
	refuse(&process, "process.scheduler.nice: not for policy SCHED_RR");
	sched.nice.value = 0;
	refuse(&process, "process.scheduler.priority: must be 1 to 99, got 0");
	sched.policy = OCI_SCHED_OTHER;
	sched.priority = (struct oci_i64)NUM(3);
	refuse(&process, "process.scheduler.priority: only for SCHED_FIFO and SCHED_RR");
	sched.priority.value = 0;
	sched.deadline = (struct oci_u64)NUM(3);
	refuse(&process, "process.scheduler.deadline: only for SCHED_DEADLINE");
	sched.policy = OCI_SCHED_DEADLINE;
	refuse(&process, "process.scheduler.runtime: must be at least 1024 ns, got 0");
	sched.runtime = (struct oci_u64)NUM(2000000);
	refuse(&process,
	       "process.scheduler: runtime <= deadline <= period must hold (2000000, 3, 3)");
	sched.deadline.value = 3000000;
	sched.flags = flags;
	sched.flags_len = 2;
	plan = plan_of(&process, NULL);
	assert_int_equal(plan->sched->policy, 6);
	assert_int_equal(plan->sched->flags, 3);
	sched.policy = OCI_SCHED_ISO;
	refuse(&process, "process.scheduler.policy: SCHED_ISO is not implemented by Linux");
}

static void test_plan_ioprio(void **state)
{
	struct oci_io_priority ioprio = { OCI_IOPRIO_CLASS_BE, NUM(7) };
	struct oci_process process = base();

	(void)state;
	assert_int_equal(plan_of(&process, NULL)->ioprio, -1);
	process.io_priority = &ioprio;
	assert_int_equal(plan_of(&process, NULL)->ioprio, 2 << 13 | 7);
	ioprio.priority.value = 8;
	refuse(&process, "process.ioPriority.priority: must be 0 to 7, got 8");
	ioprio.class_ = OCI_IOPRIO_CLASS_NONE;
	refuse(&process, "process.ioPriority.class: required field is missing");
}

static void test_plan_affinity(void **state)
{
	static const char *const bad[] = { "1-",  "-1",    "a",
					   "3-1", "1 2",   "8192",
					   ",",   "1-2-3", "99999999999999999999" };
	struct oci_exec_cpu_affinity cpus = { .initial = "0-1, 63 - 64 ,,8191", .final_ = "" };
	struct oci_process process = base();
	struct process_plan *plan;

	(void)state;
	process.exec_cpu_affinity = &cpus;
	plan = plan_of(&process, NULL);
	assert_null(plan->affinity_final);
	assert_int_equal(plan->affinity_size, 1024);
	assert_int_equal(CPU_COUNT_S(1024, plan->affinity_initial), 5);
	assert_true(CPU_ISSET_S(8191, 1024, plan->affinity_initial));
	assert_true(CPU_ISSET_S(64, 1024, plan->affinity_initial));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char message[128];

		cpus.initial = (char *)bad[i];
		(void)snprintf(message, sizeof(message),
			       "process.execCPUAffinity.initial: \"%s\" is not a list of CPUs "
			       "below 8192",
			       bad[i]);
		refuse(&process, message);
	}
}

static void test_plan_linux(void **state)
{
	char *names[] = { "ADDR_NO_RANDOMIZE", NULL };
	int flags[] = { OCI_MPOL_F_STATIC_NODES, OCI_MPOL_F_RELATIVE_NODES };
	struct oci_personality persona = { .domain = OCI_PERSONALITY_LINUX32 };
	struct oci_memory_policy policy = { .mode = OCI_MPOL_BIND, .nodes = "0,70-71" };
	struct oci_linux linux_ = { .personality = &persona, .memory_policy = &policy };
	struct oci_process process = base();
	struct process_plan *plan;

	(void)state;
	plan = plan_of(&process, &linux_);
	assert_int_equal(plan->personality, PER_LINUX32);
	assert_int_equal(plan->mempolicy->mode, MPOL_BIND);
	assert_int_equal(plan->mempolicy->nodes[0], 1);
	assert_int_equal(plan->mempolicy->nodes[1], 3 << 6);
	policy.nodes = "1024";
	refuse_linux(&linux_,
		     "linux.memoryPolicy.nodes: \"1024\" is not a list of nodes below 1024");
	policy.nodes = " ";
	refuse_linux(&linux_, "linux.memoryPolicy.nodes: must not be empty for MPOL_BIND");
	policy.nodes = "0";
	policy.flags = flags;
	policy.flags_len = 2;
	refuse_linux(&linux_, "linux.memoryPolicy.flags: MPOL_F_STATIC_NODES and "
			      "MPOL_F_RELATIVE_NODES exclude each other");
	flags[0] = OCI_MPOL_F_NUMA_BALANCING;
	policy.flags_len = 1;
	policy.mode = OCI_MPOL_INTERLEAVE;
	refuse_linux(&linux_, "linux.memoryPolicy.flags: MPOL_F_NUMA_BALANCING is only for "
			      "MPOL_BIND and MPOL_PREFERRED_MANY");
	policy.mode = OCI_MPOL_LOCAL;
	refuse_linux(&linux_, "linux.memoryPolicy.nodes: must be empty for MPOL_LOCAL");
	policy.nodes = NULL;
	refuse_linux(&linux_, "linux.memoryPolicy.flags: not for MPOL_LOCAL without nodes");
	persona.flags = names;
	persona.flags_len = 1;
	refuse_linux(&linux_, "linux.personality.flags[0]: \"ADDR_NO_RANDOMIZE\" is not supported");
}

/* ---- the child's steps -------------------------------------------------- */

static unsigned long long status_field(const char *name, int number_base)
{
	char line[256], *value = NULL;
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long long result = 0;

	REQUIRE(file);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':') {
			value = line + strlen(name) + 1;
			result = strtoull(value, NULL, number_base);
			break;
		}
	}
	REQUIRE(value);
	(void)fclose(file);
	return result;
}

static bool root_with(int cap)
{
	uint64_t permitted, effective, inheritable;

	return geteuid() == 0 && sys_capget(&permitted, &effective, &inheritable) == 0 &&
	       (effective & UINT64_C(1) << cap);
}

#define NEED_CAP(cap)                                                         \
	do {                                                                  \
		if (!root_with(cap)) {                                        \
			print_message("needs root with " #cap ": skipped\n"); \
			skip();                                               \
		}                                                             \
	} while (0)

static void body_user_caps(void *arg)
{
	const struct process_plan *plan = arg;
	struct oci_error err = OCI_ERROR_INIT;
	gid_t groups[4];
	int ends[2];
	struct stat st;

	REQUIRE(pipe(ends) == 0 && dup2(ends[1], 1) == 1);
	REQUIRE(process_drop_bounding(plan, &err) == 0);
	REQUIRE(process_set_user(plan, false, &err) == 0);
	REQUIRE(process_set_caps(plan, &err) == 0);
	REQUIRE(process_set_no_new_privs(plan, &err) == 0);
	REQUIRE(status_field("CapBnd", 16) == plan->caps.bounding);
	REQUIRE(status_field("CapPrm", 16) == plan->caps.permitted);
	REQUIRE(status_field("CapEff", 16) == plan->caps.effective);
	REQUIRE(status_field("CapInh", 16) == plan->caps.inheritable);
	REQUIRE(status_field("CapAmb", 16) == plan->caps.ambient);
	REQUIRE(status_field("NoNewPrivs", 10) == 1);
	REQUIRE(getuid() == plan->uid && geteuid() == plan->uid && getgid() == plan->gid);
	REQUIRE(getgroups(4, groups) == 2 && groups[0] + groups[1] == 77);
	REQUIRE(umask(0) == 027);
	REQUIRE(fstat(1, &st) == 0 && st.st_uid == plan->uid);
}

static void test_user_and_caps(void **state)
{
	char *all[] = { "CAP_CHOWN", "CAP_KILL", "CAP_SETFCAP", NULL };
	struct oci_capabilities caps = { all, 3, all, 2, all, 1, all + 1, 1, all + 1, 1 };
	uint32_t gids[] = { 33, 44 };
	struct oci_user user = { .uid = U32(1234),
				 .gid = U32(55),
				 .umask = U32(027),
				 .additional_gids = gids,
				 .additional_gids_len = 2 };
	struct oci_process process = base();

	(void)state;
	NEED_CAP(CAP_SETPCAP);
	process.user = &user;
	process.capabilities = &caps;
	process.no_new_privileges = (struct oci_bool){ true, true };
	assert_int_equal(forked(body_user_caps, plan_of(&process, NULL)), 0);
	user.uid.value = 0; /* root keeps what it is given and no more */
	assert_int_equal(forked(body_user_caps, plan_of(&process, NULL)), 0);
}

static void body_clamp(void *arg)
{
	const struct process_plan *plan = arg;
	struct oci_error err = OCI_ERROR_INIT;
	uint64_t left = ~(UINT64_C(1) << CAP_SYS_TIME);
	uint64_t permitted, effective, inheritable;

	/* be a runtime that the kernel will never give CAP_SYS_TIME again */
	REQUIRE(prctl(PR_CAPBSET_DROP, CAP_SYS_TIME, 0, 0, 0) == 0);
	REQUIRE(sys_capget(&permitted, &effective, &inheritable) == 0);
	REQUIRE(sys_capset(permitted & left, effective & left, 0) == 0);
	REQUIRE(process_drop_bounding(plan, &err) == 0);
	REQUIRE(process_set_user(plan, false, &err) == 0);
	REQUIRE(process_set_caps(plan, &err) == 0);
	REQUIRE(status_field("CapEff", 16) == (plan->caps.effective & left));
	REQUIRE(status_field("CapAmb", 16) == (plan->caps.ambient & left));
}

static void body_lack(void *arg)
{
	const struct process_plan *plan = arg;
	struct oci_error err = OCI_ERROR_INIT;
	uint64_t left = ~(UINT64_C(1) << CAP_SYS_TIME);
	uint64_t permitted, effective, inheritable;

	REQUIRE(sys_capget(&permitted, &effective, &inheritable) == 0);
	REQUIRE(sys_capset(permitted & left, effective & left, 0) == 0);
	REQUIRE(process_drop_bounding(plan, &err) == 0);
	REQUIRE(process_set_caps(plan, &err) == -EPERM);
	REQUIRE_TEXT(err.message, "process.capabilities.permitted: unable to apply CAP_SYS_TIME: "
				  "Operation not permitted (the runtime does not have it)");
}

static void test_clamp(void **state)
{
	char *all[] = { "CAP_CHOWN", "CAP_SYS_TIME", NULL };
	struct oci_capabilities caps = { all, 2, all, 2, all, 2, all, 2, all, 2 };
	struct oci_user user = { .uid = U32(1234) };
	struct oci_process process = base();

	(void)state;
	NEED_CAP(CAP_SYS_TIME);
	process.capabilities = &caps;
	assert_int_equal(forked(body_clamp, plan_of(&process, NULL)), 0);
	assert_int_equal(forked(body_lack, plan_of(&process, NULL)), 0);
	process.user = &user;
	assert_int_equal(forked(body_clamp, plan_of(&process, NULL)), 0);
}

static void body_deny(void *arg)
{
	struct oci_error err = OCI_ERROR_INIT;

	REQUIRE(process_set_user(arg, true, &err) == -EPERM);
	REQUIRE_TEXT(err.message, "process.user.additionalGids: setgroups is denied in this user "
				  "namespace");
}

static void test_setgroups_denied(void **state)
{
	uint32_t gid = 7;
	struct oci_user user = { .additional_gids = &gid, .additional_gids_len = 1 };
	struct oci_process process = base();

	(void)state;
	process.user = &user;
	assert_int_equal(forked(body_deny, plan_of(&process, NULL)), 0);
}

static void body_unmapped(void *arg)
{
	struct oci_error err = OCI_ERROR_INIT;
	int fd;

	REQUIRE(unshare(CLONE_NEWUSER) == 0);
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	REQUIRE(fd >= 0 && write(fd, "0 0 1", 5) == 5);
	(void)close(fd);
	fd = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);
	REQUIRE(fd >= 0 && write(fd, "deny", 4) == 4);
	(void)close(fd);
	fd = open("/proc/self/gid_map", O_WRONLY | O_CLOEXEC);
	REQUIRE(fd >= 0 && write(fd, "0 0 1", 5) == 5);
	REQUIRE(process_set_user(arg, true, &err) == -EINVAL);
	REQUIRE_TEXT(err.message, "process.user.uid: 1000 is not mapped in the user namespace");
	/* nobody can lower it from in here: left as it is */
	((struct process_plan *)arg)->has_oom_score_adj = true;
	((struct process_plan *)arg)->oom_score_adj = -900;
	memset(&err, 0, sizeof(err));
	REQUIRE(process_set_oom_score_adj(arg, -1, &err) == 0);
}

static void test_unmapped(void **state)
{
	struct oci_user user = { .uid = U32(1000) };
	struct oci_process process = base();

	(void)state;
	NEED_CAP(CAP_SYS_ADMIN);
	process.user = &user;
	assert_int_equal(forked(body_unmapped, plan_of(&process, NULL)), 0);
}

static void body_rlimits(void *arg)
{
	struct process_plan *plan = arg;
	struct oci_error err = OCI_ERROR_INIT;
	struct rlimit limit;

	REQUIRE(process_set_rlimits(plan, 0, &err) == 0);
	REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	REQUIRE(limit.rlim_cur == 50 && limit.rlim_max == 60);
	REQUIRE(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0);
	/* give the right to raise it up, and try */
	REQUIRE(sys_capset(0, 0, 0) == 0);
	plan->rlimits[1].limit.rlim_max = RLIM_INFINITY;
	REQUIRE(process_set_rlimits(plan, 0, &err) == -EPERM);
	REQUIRE_TEXT(err.message,
		     "process.rlimits[1]: RLIMIT_CORE: cannot raise the hard limit from 0 to "
		     "unlimited: Operation not permitted (needs CAP_SYS_RESOURCE)");
}

static void test_rlimits(void **state)
{
	struct oci_rlimit rlimits[] = {
		{ "RLIMIT_NOFILE", NUM(50), NUM(60) },
		{ "RLIMIT_CORE", NUM(0), NUM(0) },
	};
	struct oci_process process = base();

	(void)state;
	process.rlimits = rlimits;
	process.rlimits_len = 2;
	assert_int_equal(forked(body_rlimits, plan_of(&process, NULL)), 0);
}

static void body_oom(void *arg)
{
	struct process_plan *plan = arg;
	struct oci_error err = OCI_ERROR_INIT;
	char text[16] = "";
	int fd;

	REQUIRE(process_set_oom_score_adj(plan, -1, &err) == 0);
	fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
	REQUIRE(read(fd, text, sizeof(text) - 1) > 0);
	REQUIRE_TEXT(text, "345\n");
	REQUIRE(process_set_oom_score_adj(plan, -1, &err) == 0); /* equal: nothing to be allowed */
	REQUIRE(sys_capset(0, 0, 0) == 0);
	plan->oom_score_adj = -500;
	REQUIRE(process_set_oom_score_adj(plan, -1, &err) == -EACCES);
	REQUIRE_TEXT(err.message, "process.oomScoreAdj: cannot lower it from 345 to -500: "
				  "Permission denied (needs CAP_SYS_RESOURCE)");
	REQUIRE(process_set_oom_score_adj_of(plan, -1, getpid(), true, &err) == 0);
}

static void test_oom(void **state)
{
	struct oci_process process = base();

	(void)state;
	process.oom_score_adj = (struct oci_i64)NUM(345);
	assert_int_equal(forked(body_oom, plan_of(&process, NULL)), 0);
}

static void body_sched(void *arg)
{
	const struct process_plan *plan = arg;
	struct process_sched now = { 0 };
	struct oci_error err = OCI_ERROR_INIT;

	REQUIRE(process_set_scheduler(plan, &err) == 0);
	REQUIRE(process_set_ioprio(plan, &err) == 0);
	REQUIRE(process_set_affinity(plan, false, &err) == 0);
	REQUIRE(sys_sched_getattr(0, &now, sizeof(now)) == 0);
	REQUIRE(now.policy == SCHED_BATCH && now.nice == 7 && now.flags == 1);
	REQUIRE(sys_ioprio_get() == (IOPRIO_CLASS_BE << 13 | 6));
	REQUIRE(process_set_affinity(plan, true, &err) == -EINVAL);
	REQUIRE_TEXT(err.message,
		     "process.execCPUAffinity.final: sched_setaffinity: Invalid argument");
}

static void body_sched_denied(void *arg)
{
	struct oci_error err = OCI_ERROR_INIT;
	struct rlimit none = { 0, 0 };

	REQUIRE(setrlimit(RLIMIT_RTPRIO, &none) == 0);
	REQUIRE(sys_capset(0, 0, 0) == 0);
	REQUIRE(process_set_scheduler(arg, &err) == -EPERM);
	REQUIRE_TEXT(err.message,
		     "process.scheduler: sched_setattr SCHED_FIFO: Operation not permitted (needs "
		     "CAP_SYS_NICE, and for real time a budget in the cgroup)");
}

static void test_sched(void **state)
{
	int flag = OCI_SCHED_FLAG_RESET_ON_FORK;
	struct oci_scheduler sched = {
		.policy = OCI_SCHED_BATCH, .nice = NUM(7), .flags = &flag, .flags_len = 1
	};
	struct oci_io_priority ioprio = { OCI_IOPRIO_CLASS_BE, NUM(6) };
	struct oci_exec_cpu_affinity cpus = { .initial = "0-8191", .final_ = "8190" };
	struct oci_process process = base();

	(void)state;
	process.scheduler = &sched;
	process.io_priority = &ioprio;
	process.exec_cpu_affinity = &cpus;
	assert_int_equal(forked(body_sched, plan_of(&process, NULL)), 0);
	sched.policy = OCI_SCHED_FIFO;
	sched.nice.value = 0;
	sched.priority = (struct oci_i64)NUM(10);
	assert_int_equal(forked(body_sched_denied, plan_of(&process, NULL)), 0);
}

static void body_linux(void *arg)
{
	const struct process_plan *plan = arg;
	struct oci_error err = OCI_ERROR_INIT;
	unsigned long nodes[16] = { 0 };
	int mode, r;

	REQUIRE(process_set_personality(plan, &err) == 0);
	REQUIRE(personality(0xffffffff) == PER_LINUX32);
	r = process_set_mempolicy(plan, &err);
	if (r == -ENOSYS)
		_exit(77);
	REQUIRE(r == 0);
	REQUIRE(sys_get_mempolicy(&mode, nodes, 1023) == 0);
	REQUIRE(mode == (MPOL_BIND | MPOL_F_STATIC_NODES));
	REQUIRE(nodes[0] == 1);
}

static void test_linux(void **state)
{
	int flag = OCI_MPOL_F_STATIC_NODES;
	struct oci_personality persona = { .domain = OCI_PERSONALITY_LINUX32 };
	struct oci_memory_policy policy = { OCI_MPOL_BIND, "0", &flag, 1 };
	struct oci_linux linux_ = { .personality = &persona, .memory_policy = &policy };
	struct oci_process process = base();
	int r;

	(void)state;
	r = forked(body_linux, plan_of(&process, &linux_));
	if (r == 77) {
		print_message("this kernel has no NUMA: skipped\n");
		skip();
	}
	assert_int_equal(r, 0);
}

static void body_keyring(void *arg)
{
	struct oci_error err = OCI_ERROR_INIT;
	char text[256];
	long n;

	(void)arg;
	REQUIRE(process_set_keyring("web1", NULL, &err) == 0);
	n = syscall(SYS_keyctl, 6 /* KEYCTL_DESCRIBE */, -3 /* session */, text, sizeof(text), 0);
	if (n < 0)
		_exit(77);
	REQUIRE(strstr(text, "3f1b0000;_ses.web1"));
}

static void test_keyring(void **state)
{
	int r = forked(body_keyring, NULL);

	(void)state;
	if (r == 77) {
		print_message("this kernel has no keyrings: skipped\n");
		skip();
	}
	assert_int_equal(r, 0);
}

static void body_lsm(void *arg)
{
	struct process_plan *plan = arg;
	struct oci_error err = OCI_ERROR_INIT;

	REQUIRE(process_set_lsm(plan, -1, &err) == 0);
	plan->apparmor = "carte-no-such-profile";
	REQUIRE(process_set_lsm(plan, -1, &err) < 0);
	REQUIRE(strncmp(err.message, "process.apparmorProfile: ", 25) == 0);
	REQUIRE(strstr(err.message, "carte-no-such-profile"));
	plan->apparmor = "";
	plan->selinux = "carte_no_u:carte_no_r:carte_no_t:s0";
	memset(&err, 0, sizeof(err));
	REQUIRE(process_set_lsm(plan, -1, &err) < 0);
	REQUIRE(strncmp(err.message, "process.selinuxLabel: ", 22) == 0);
}

static void test_lsm(void **state)
{
	struct oci_process process = base();

	(void)state;
	assert_int_equal(forked(body_lsm, plan_of(&process, NULL)), 0);
}

/* ---- files: in a root of our own ---------------------------------------- */

/* A tmpfs as root, with the rights that hostile content would have there. */
static void enter_root(void)
{
	REQUIRE(unshare(CLONE_NEWNS) == 0);
	REQUIRE(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	REQUIRE(mount("none", "/tmp", "tmpfs", 0, "mode=755") == 0);
	REQUIRE(mkdir("/tmp/old", 0700) == 0);
	REQUIRE(chdir("/tmp") == 0 && syscall(SYS_pivot_root, ".", "old") == 0);
	REQUIRE(chdir("/") == 0);
	REQUIRE(umount2("/old", MNT_DETACH) == 0);
	(void)mkdir("/etc", 0755);
	(void)mkdir("/bin", 0755);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	REQUIRE(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	REQUIRE(fchmod(fd, mode) == 0);
	(void)close(fd);
}

static void expect_home(struct process_plan *plan, uid_t uid, const char *home)
{
	struct oci_error err = OCI_ERROR_INIT;

	plan->uid = uid;
	plan->env_len = 0;
	plan->env[0] = NULL;
	REQUIRE(process_set_home(plan, &err) == 0);
	REQUIRE(plan->env_len == 1 && !plan->env[1]);
	REQUIRE_TEXT(plan->env[0], home);
}

static void body_home(void *arg)
{
	struct process_plan *plan = arg;
	static char big[1024 * 1024 + 4096];

	enter_root();
	expect_home(plan, 0, "HOME=/");
	/* a user named "1000" must not be taken for uid 1000, nor a junk uid for 0 */
	write_file("/etc/passwd",
		   "1000:x:0x0:0::/trap:/bin/sh\n"
		   "1000:x:5:5::/named:/bin/sh\n"
		   "short:x:7\n"
		   ":::\n"
		   "junk:x:7junk:7::/junk:/bin/sh\n"
		   "root:x:0:0:root:/root:/bin/sh\n"
		   "empty:x:9:9:::/bin/sh\n"
		   "last:x:4294967294:8:comment:/last",
		   0644);
	expect_home(plan, 1000, "HOME=/");
	expect_home(plan, 0, "HOME=/root");
	expect_home(plan, 5, "HOME=/named");
	expect_home(plan, 7, "HOME=/");
	expect_home(plan, 9, "HOME=/");
	expect_home(plan, 4294967294u, "HOME=/last");

	/* one line longer than any buffer, then a good one */
	memset(big, 'x', 9000);
	memcpy(big + 9000, "\nu:x:3:3::/three:/bin/sh\n", 26);
	write_file("/etc/passwd", big, 0644);
	expect_home(plan, 3, "HOME=/three");
	/* behind the limit */
	memset(big, '\n', sizeof(big) - 100);
	memcpy(big + sizeof(big) - 100, "u:x:3:3::/three:/bin/sh\n", 25);
	write_file("/etc/passwd", big, 0644);
	expect_home(plan, 3, "HOME=/");
	/* a fifo must not hold us */
	REQUIRE(unlink("/etc/passwd") == 0 && mkfifo("/etc/passwd", 0666) == 0);
	(void)alarm(5);
	expect_home(plan, 3, "HOME=/");
}

static void test_home(void **state)
{
	char *env[] = { "HOME=/given", NULL };
	struct oci_error err = OCI_ERROR_INIT;
	struct oci_process process = base();
	struct process_plan *plan;

	(void)state;
	NEED_CAP(CAP_SYS_ADMIN);
	assert_int_equal(forked(body_home, plan_of(&process, NULL)), 0);
	process.env = env;
	process.env_len = 1;
	plan = plan_of(&process, NULL);
	assert_int_equal(process_set_home(plan, &err), 0);
	assert_string_equal(plan->env[0], "HOME=/given");
	env[0] = "HOME=";
	plan = plan_of(&process, NULL);
	plan->uid = 4294967290u;
	assert_int_equal(process_set_home(plan, &err), 0);
	assert_string_equal(plan->env[0], "HOME=/");
	assert_int_equal(plan->env_len, 1);
}

static void body_cwd(void *arg)
{
	struct process_plan *plan = arg;
	struct oci_error err = OCI_ERROR_INIT;
	char link[64];
	int host;
	struct stat st;

	host = open("/var/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	REQUIRE(host >= 0);
	enter_root();
	plan->uid = 1234;
	plan->gid = 5;
	plan->cwd = "/a/./b//c";
	REQUIRE(process_set_cwd(plan, false, &err) == -ENOENT);
	REQUIRE_TEXT(err.message, "process.cwd: chdir \"/a/./b//c\": No such file or directory");
	memset(&err, 0, sizeof(err));
	REQUIRE(process_set_cwd(plan, true, &err) == 0);
	REQUIRE(stat(".", &st) == 0 && st.st_uid == 1234 && st.st_gid == 5);
	REQUIRE(stat("/a/b/c", &st) == 0);
	REQUIRE(symlink("/a", "/etc/link") == 0);
	plan->cwd = "/etc/link/new";
	REQUIRE(process_set_cwd(plan, true, &err) == 0);
	REQUIRE(stat("/a/new", &st) == 0);
	write_file("/file", "", 0644);
	plan->cwd = "/file/x";
	REQUIRE(process_set_cwd(plan, true, &err) == -ENOTDIR);

	/* a leaked descriptor of the host: CVE-2024-21626 */
	REQUIRE(mkdir("/proc", 0755) == 0);
	if (mount("proc", "/proc", "proc", 0, NULL) < 0)
		_exit(77);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", host);
	plan->cwd = link;
	memset(&err, 0, sizeof(err));
	REQUIRE(process_set_cwd(plan, false, &err) == -EXDEV);
	REQUIRE(strstr(err.message, "is outside of the container's root"));
	/* and nothing is made there */
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d/carte-escape", host);
	memset(&err, 0, sizeof(err));
	REQUIRE(process_set_cwd(plan, true, &err) == -EXDEV);
	REQUIRE(faccessat(host, "carte-escape", F_OK, 0) < 0 && errno == ENOENT);
}

static void test_cwd(void **state)
{
	struct oci_process process = base();
	int r;

	(void)state;
	NEED_CAP(CAP_SYS_ADMIN);
	r = forked(body_cwd, plan_of(&process, NULL));
	if (r == 77) {
		print_message("procfs cannot be mounted here: the rest is skipped\n");
		skip();
	}
	assert_int_equal(r, 0);
}

static void expect_found(struct process_plan *plan, char *name, const char *path)
{
	struct oci_error err = OCI_ERROR_INIT;
	const char *found = NULL;
	char buf[4096];

	plan->args = (char *[]){ name, NULL };
	if (process_find_executable(plan, buf, sizeof(buf), &found, &err) < 0) {
		REQUIRE_TEXT(err.message, "");
	}
	REQUIRE_TEXT(found, path);
}

static void expect_missing(struct process_plan *plan, char *name, int code, const char *message)
{
	struct oci_error err = OCI_ERROR_INIT;
	const char *found = NULL;
	char buf[4096];

	plan->args = (char *[]){ name, NULL };
	REQUIRE(process_find_executable(plan, buf, sizeof(buf), &found, &err) == -code);
	REQUIRE_TEXT(err.message, message);
	REQUIRE(!found);
}

static void body_find(void *arg)
{
	struct process_plan *plan = arg;
	struct oci_error err = OCI_ERROR_INIT;

	enter_root();
	(void)mkdir("/opt", 0755);
	(void)mkdir("/opt/tool", 0755);
	(void)mkdir("/secret", 0700);
	write_file("/bin/tool", "#!/nowhere\n", 0755);
	write_file("/bin/plain", "x", 0644);
	write_file("/bin/garbage", "\1\2\3\4", 0755);
	write_file("/secret/tool", "x", 0755);
	REQUIRE(symlink("loop", "/loop") == 0);

	expect_found(plan, "tool", "/bin/tool"); /* no PATH: the usual one */
	REQUIRE(process_env_set(plan, "PATH=/opt:/bin", NULL) == 0);
	expect_found(plan, "tool", "/bin/tool"); /* a folder of that name is passed by */
	expect_found(plan, "/bin/tool", "/bin/tool");
	REQUIRE(chdir("/bin") == 0);
	expect_found(plan, "./tool", "./tool");
	REQUIRE(process_env_set(plan, "PATH=:/opt", NULL) == 0);
	expect_found(plan, "tool", "./tool");
	REQUIRE(process_env_set(plan, "PATH=/opt:/bin", NULL) == 0);
	REQUIRE(chdir("/") == 0);

	expect_missing(plan, "nosuch", ENOENT,
		       "exec: \"nosuch\": executable file not found in $PATH");
	expect_missing(plan, "", ENOENT, "exec: \"\": executable file not found in $PATH");
	expect_missing(plan, "..", ENOENT, "exec: \"..\": executable file not found in $PATH");
	expect_missing(plan, "plain", EACCES, "exec: \"plain\": permission denied");
	expect_missing(plan, "/x", ENOENT, "exec: \"/x\": stat /x: no such file or directory");
	expect_missing(plan, "/bin/plain/x", ENOTDIR,
		       "exec: \"/bin/plain/x\": stat /bin/plain/x: not a directory");
	expect_missing(plan, "/etc", EISDIR, "exec: \"/etc\": is a directory: permission denied");
	expect_missing(plan, "/bin/plain", EACCES, "exec: \"/bin/plain\": permission denied");
	expect_missing(plan, "/loop", ELOOP,
		       "exec: \"/loop\": stat /loop: too many levels of symbolic links");

	plan->args = (char *[]){ "tool", NULL };
	REQUIRE(process_exec(plan, "/bin/tool", &err) == -ENOENT);
	REQUIRE_TEXT(err.message, "exec: \"/bin/tool\": no such file or directory");
	memset(&err, 0, sizeof(err));
	REQUIRE(process_exec(plan, "/bin/garbage", &err) == -ENOEXEC);
	REQUIRE_TEXT(err.message, "exec: \"/bin/garbage\": exec format error");

	/* with the user's eyes */
	plan->uid = plan->gid = 1000;
	memset(&err, 0, sizeof(err));
	REQUIRE(process_set_user(plan, false, &err) == 0);
	REQUIRE(process_set_caps(plan, &err) == 0);
	expect_missing(plan, "/secret/tool", EACCES,
		       "exec: \"/secret/tool\": stat /secret/tool: permission denied");
}

static void test_find_executable(void **state)
{
	struct oci_process process = base();

	(void)state;
	NEED_CAP(CAP_SYS_ADMIN);
	assert_int_equal(forked(body_find, plan_of(&process, NULL)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_plan_command, free_arena),
		cmocka_unit_test_teardown(test_plan_env, free_arena),
		cmocka_unit_test_teardown(test_plan_env_many, free_arena),
		cmocka_unit_test_teardown(test_plan_user, free_arena),
		cmocka_unit_test_teardown(test_plan_rlimits, free_arena),
		cmocka_unit_test_teardown(test_plan_small, free_arena),
		cmocka_unit_test_teardown(test_plan_caps, free_arena),
		cmocka_unit_test(test_cap_names),
		cmocka_unit_test_teardown(test_plan_scheduler, free_arena),
		cmocka_unit_test_teardown(test_plan_ioprio, free_arena),
		cmocka_unit_test_teardown(test_plan_affinity, free_arena),
		cmocka_unit_test_teardown(test_plan_linux, free_arena),
		cmocka_unit_test_teardown(test_user_and_caps, free_arena),
		cmocka_unit_test_teardown(test_clamp, free_arena),
		cmocka_unit_test_teardown(test_setgroups_denied, free_arena),
		cmocka_unit_test_teardown(test_unmapped, free_arena),
		cmocka_unit_test_teardown(test_rlimits, free_arena),
		cmocka_unit_test_teardown(test_oom, free_arena),
		cmocka_unit_test_teardown(test_sched, free_arena),
		cmocka_unit_test_teardown(test_linux, free_arena),
		cmocka_unit_test_teardown(test_keyring, free_arena),
		cmocka_unit_test_teardown(test_lsm, free_arena),
		cmocka_unit_test_teardown(test_home, free_arena),
		cmocka_unit_test_teardown(test_cwd, free_arena),
		cmocka_unit_test_teardown(test_find_executable, free_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
