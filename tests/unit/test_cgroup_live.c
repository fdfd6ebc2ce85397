/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cgroup_live.c - cgroup/ against the kernel: real cgroups below /carte-unit-PID, real processes.
 *
 * Skipped where there is no writable v1 hierarchy. Every test ends by looking
 * for left-overs in each hierarchy.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/cgroup/internal.h"

#define I64(v)          \
	{               \
		true, v \
	}

struct fixture {
	struct oci_arena arena;
	struct oci_error err;
	struct cgroup *cgroup;
	char path[64];
};

static struct fixture f;

static const struct cgroup_dir *dir_of(const char *controller)
{
	const struct cgroup_dir *dir = cgroup_dir_find(f.cgroup, controller);

	if (!dir)
		fail_msg("the %s controller is not mounted", controller[0] ? controller : "v2");
	return dir;
}

static void has_value(const char *controller, const char *file, const char *expected)
{
	char text[4096];

	assert_true(cgroup_dir_read(dir_of(controller), file, text, sizeof(text)) >= 0);
	assert_string_equal(text, expected);
}

/* cgroup_plan with what these tests vary */
static int plan_cgroup(struct oci_arena *arena, enum cgroup_manager manager, const char *path,
		       const char *id, struct cgroup **ret, struct oci_error *err)
{
	struct cgroup_request request = { .manager = manager, .cgroups_path = path, .id = id };

	return cgroup_plan(arena, &request, ret, err);
}

static void plan(const char *suffix)
{
	snprintf(f.path, sizeof(f.path), "/carte-unit-%d%s", (int)getpid(), suffix);
	f.err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(
		plan_cgroup(&f.arena, CGROUP_MANAGER_CGROUPFS, f.path, "unused", &f.cgroup, &f.err),
		0);
}

static bool exists_anywhere(void)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < f.cgroup->dirs_len; i++) {
		assert_int_equal(cgroup_dir_path(&f.cgroup->dirs[i], NULL, path), 0);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}

static void create(const struct oci_resources *resources)
{
	int r = cgroup_create(f.cgroup, resources, &f.err);

	assert_string_equal(f.err.message, "");
	assert_int_equal(r, 0);
}

static void destroy(void)
{
	int r = cgroup_destroy(f.cgroup, &f.err);

	assert_string_equal(f.err.message, "");
	assert_int_equal(r, 0);
	assert_false(exists_anywhere());
}

/** spawn - a child that enters the cgroup by itself and then does what @run says. */
static pid_t spawn(int (*run)(void))
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (cgroup_enter(f.cgroup, 0, false, &f.err) < 0) {
			fprintf(stderr, "%s\n", f.err.message);
			_exit(99);
		}
		if (write(ready[1], "x", 1) != 1)
			_exit(98);
		_exit(run());
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static int __attribute__((noreturn)) run_forever(void)
{
	for (;;)
		pause();
}

static int run_briefly(void)
{
	struct timespec ts = { 0, 150000000 };

	nanosleep(&ts, NULL);
	return 0;
}

static int status_of(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int setup_group(void **state)
{
	struct oci_error err = OCI_ERROR_INIT;

	(void)state;
	f.arena = (struct oci_arena)OCI_ARENA_INIT;
	if (geteuid() != 0 ||
	    plan_cgroup(&f.arena, CGROUP_MANAGER_CGROUPFS, "/carte-unit", "x", &f.cgroup, &err) <
		    0 ||
	    f.cgroup->mode == CGROUP_MODE_NONE || !cgroup_dir_find(f.cgroup, "freezer") ||
	    access(cgroup_dir_find(f.cgroup, "freezer")->mount, W_OK) < 0)
		f.cgroup = NULL;
	return 0;
}

static int teardown_group(void **state)
{
	(void)state;
	oci_arena_free(&f.arena);
	return 0;
}

static void need_cgroups(void)
{
	if (f.cgroup)
		return;
	print_message("skipped: needs root and writable cgroup v1 hierarchies\n");
	skip();
}

/* ---- limits ---- */

static void writes_limits(void **state)
{
	struct oci_memory memory = { .limit = I64(64 << 20),
				     .swap = I64(128 << 20),
				     .reservation = I64(32 << 20),
				     .swappiness = I64(7),
				     .disable_oom_killer = { true, true } };
	struct oci_cpu cpu = { .shares = I64(512),
			       .quota = I64(50000),
			       .period = I64(200000),
			       .burst = I64(1000),
			       .cpus = (char *)"0",
			       .mems = (char *)"0" };
	struct oci_pids pids = { I64(50) };
	struct oci_block_io io = { .weight = I64(200) };
	struct oci_resources resources = {
		.memory = &memory, .cpu = &cpu, .pids = &pids, .block_io = &io
	};
	bool weight;
	char text[64];

	(void)state;
	need_cgroups();
	/* kernels without bfq, or before its module is loaded, have none to write */
	plan("");
	create(NULL);
	weight = cgroup_dir_read(dir_of("blkio"), "blkio.bfq.weight", text, sizeof(text)) > 0;
	destroy();
	if (!weight)
		resources.block_io = NULL;
	plan("");
	create(&resources);
	assert_true(exists_anywhere());
	has_value("memory", "memory.limit_in_bytes", "67108864");
	has_value("memory", "memory.memsw.limit_in_bytes", "134217728");
	has_value("memory", "memory.soft_limit_in_bytes", "33554432");
	has_value("memory", "memory.swappiness", "7");
	assert_true(cgroup_dir_read(dir_of("memory"), "memory.oom_control", text, sizeof(text)) >
		    0);
	assert_memory_equal(text, "oom_kill_disable 1", 18);
	has_value("cpu", "cpu.shares", "512");
	has_value("cpu", "cpu.cfs_period_us", "200000");
	has_value("cpu", "cpu.cfs_quota_us", "50000");
	has_value("cpu", "cpu.cfs_burst_us", "1000");
	has_value("cpuset", "cpuset.cpus", "0");
	has_value("cpuset", "cpuset.mems", "0");
	has_value("pids", "pids.max", "50");
	if (weight)
		has_value("blkio", "blkio.bfq.weight", "200");
	destroy();
}

static void updates_up_and_down(void **state)
{
	static const struct {
		int64_t memory, swap, quota;
		uint64_t burst;
	} steps[] = {
		{ 64 << 20, 64 << 20, 50000, 50000 },
		{ 256 << 20, 512 << 20, 90000, 80000 },
		{ 32 << 20, 32 << 20, 20000, 10000 },
		{ 512 << 20, 512 << 20, 100000, 100000 },
		{ -1, 0, -1, 0 },
		{ 16 << 20, 32 << 20, 30000, 30000 },
	};
	struct oci_memory memory = { .limit = I64(48 << 20), .swap = I64(48 << 20) };
	struct oci_cpu cpu = { .quota = I64(10000), .period = I64(100000), .burst = I64(5000) };
	struct oci_resources resources = { .memory = &memory, .cpu = &cpu };
	char text[32];

	(void)state;
	need_cgroups();
	plan("");
	create(&resources);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		memory.limit.value = steps[i].memory;
		memory.swap = (struct oci_i64){ steps[i].swap != 0, steps[i].swap };
		cpu.quota.value = steps[i].quota;
		cpu.burst.value = steps[i].burst;
		assert_int_equal(cgroup_update(f.cgroup, &resources, &f.err), 0);
		assert_string_equal(f.err.message, "");
		snprintf(text, sizeof(text), "%lld",
			 (long long)(steps[i].memory < 0 ? 0x7ffffffffffff000 : steps[i].memory));
		has_value("memory", "memory.limit_in_bytes", text);
		if (steps[i].swap == 0) /* no memory limit: no swap limit */
			has_value("memory", "memory.memsw.limit_in_bytes", text);
		snprintf(text, sizeof(text), "%lld", (long long)steps[i].quota);
		has_value("cpu", "cpu.cfs_quota_us", text);
		snprintf(text, sizeof(text), "%llu", (unsigned long long)steps[i].burst);
		has_value("cpu", "cpu.cfs_burst_us", text);
	}
	destroy();
}

/* above what the kernel counts, and nothing that the check before it knows */
#define REFUSED_QUOTA (1LL << 50)

static void puts_back_what_a_failed_update_wrote(void **state)
{
	struct oci_memory memory = { .limit = I64(48 << 20), .swap = I64(48 << 20) };
	struct oci_cpu cpu = { .quota = I64(10000), .period = I64(100000), .shares = I64(100) };
	struct oci_pids pids = { I64(10) };
	struct oci_resources resources = { .memory = &memory, .cpu = &cpu, .pids = &pids };

	(void)state;
	need_cgroups();
	plan("");
	create(&resources);
	memory.limit.value = memory.swap.value = 256 << 20;
	memory.disable_oom_killer = (struct oci_bool){ true, true };
	cpu.shares.value = 200;
	cpu.quota.value = REFUSED_QUOTA;
	pids.limit.value = 20;
	assert_int_equal(cgroup_update(f.cgroup, &resources, &f.err), -EINVAL);
	assert_memory_equal(f.err.message, "linux.resources.cpu.quota: write '", 34);
	f.err = (struct oci_error)OCI_ERROR_INIT;
	has_value("memory", "memory.limit_in_bytes", "50331648");
	has_value("memory", "memory.memsw.limit_in_bytes", "50331648");
	has_value("memory", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0");
	has_value("cpu", "cpu.shares", "100");
	has_value("pids", "pids.max", "10");
	destroy();
}

static void updates_idle_and_pids(void **state)
{
	struct oci_cpu cpu = { .shares = I64(100), .idle = I64(1) };
	struct oci_pids pids = { I64(10) };
	struct oci_resources resources = { .cpu = &cpu, .pids = &pids };

	(void)state;
	need_cgroups();
	plan("");
	create(NULL);
	has_value("pids", "pids.max", "max");
	assert_int_equal(cgroup_update(f.cgroup, &resources, &f.err), 0);
	has_value("cpu", "cpu.idle", "1");
	has_value("pids", "pids.max", "10");
	pids.limit.value = 0; /* leave it */
	cpu.idle.value = 0;
	cpu.shares.value = 300;
	assert_int_equal(cgroup_update(f.cgroup, &resources, &f.err), 0);
	has_value("cpu", "cpu.shares", "300");
	has_value("pids", "pids.max", "10");
	pids.limit.value = -1;
	assert_int_equal(cgroup_update(f.cgroup, &resources, &f.err), 0);
	has_value("pids", "pids.max", "max");
	destroy();
}

static int hold_memory(void)
{
	size_t size = 24 << 20;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 1;
	memset(p, 1, size);
	run_forever();
}

static void refuses_to_go_below_usage(void **state)
{
	struct oci_memory memory = { .limit = I64(16 << 20),
				     .check_before_update = { true, true } };
	struct oci_resources resources = { .memory = &memory };
	uint64_t usage = 0;
	pid_t pid;

	(void)state;
	need_cgroups();
	plan("");
	create(NULL);
	pid = spawn(hold_memory);
	while (usage < 24 << 20)
		assert_int_equal(
			cgroup_dir_read_u64(dir_of("memory"), "memory.usage_in_bytes", &usage), 0);
	assert_int_equal(cgroup_update(f.cgroup, &resources, &f.err), -EBUSY);
	assert_non_null(strstr(f.err.message,
			       "linux.resources.memory.limit: unable to set limit to "
			       "16777216 (current usage: "));
	f.err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(cgroup_signal(f.cgroup, SIGKILL, &f.err), 0);
	status_of(pid);
	destroy();
}

static void names_what_the_kernel_refuses(void **state)
{
	struct oci_cpu cpu = { .quota = I64(REFUSED_QUOTA) };
	struct oci_block_io io = { .leaf_weight = I64(100) };
	struct oci_throttle_device device = { .major = I64(250),
					      .minor = I64(77),
					      .rate = I64(1000) };
	struct oci_block_io throttle = { .throttle_read_bps_device = &device,
					 .throttle_read_bps_device_len = 1 };
	struct oci_resources resources = { .cpu = &cpu };
	char expected[256];

	(void)state;
	need_cgroups();
	plan("/a/b");
	assert_int_equal(cgroup_create(f.cgroup, &resources, &f.err), -EINVAL);
	snprintf(expected, sizeof(expected),
		 "linux.resources.cpu.quota: write '%lld' to %s%s/cpu.cfs_quota_us: Invalid "
		 "argument",
		 REFUSED_QUOTA, dir_of("cpu")->mount, f.path);
	assert_string_equal(f.err.message, expected);
	assert_false(exists_anywhere());
	assert_false(f.cgroup->dirs[0].made);
	plan(""); /* not even the parents are left */
	assert_false(exists_anywhere());

	resources = (struct oci_resources){ .block_io = &throttle };
	assert_int_equal(cgroup_create(f.cgroup, &resources, &f.err), -ENODEV);
	assert_string_equal(f.err.message,
			    "linux.resources.blockIO.throttleReadBpsDevice[0]: there is no"
			    " block device 250:77");
	assert_false(exists_anywhere());

	plan("");
	if (access("/sys/fs/cgroup/blkio/blkio.leaf_weight", F_OK) == 0)
		return; /* an old kernel has it */
	resources = (struct oci_resources){ .block_io = &io };
	assert_int_equal(cgroup_create(f.cgroup, &resources, &f.err), -ENOTSUP);
	snprintf(expected, sizeof(expected),
		 "linux.resources.blockIO.leafWeight: this kernel has no blkio.leaf_weight in %s%s",
		 dir_of("blkio")->mount, f.path);
	assert_string_equal(f.err.message, expected);
	assert_false(exists_anywhere());
}

static void limits_on_the_v2_side(void **state)
{
	struct oci_hugepage_limit limit = { (char *)"2MB", I64(4 << 20) };
	struct oci_pair pair = { (char *)"hugetlb.2MB.max", (char *)"2097152" };
	struct oci_pair unknown = { (char *)"hugetlb.2MB.low", (char *)"1" };
	struct oci_pair elsewhere = { (char *)"memory.high", (char *)"1" };
	struct oci_resources resources = { .hugepage_limits = &limit, .hugepage_limits_len = 1 };
	struct cgroup_dir root;
	char before[256] = "", text[256] = "", expected[256];

	(void)state;
	need_cgroups();
	plan("");
	if (!cgroup_dir_find(f.cgroup, "") ||
	    access("/sys/kernel/mm/hugepages/hugepages-2048kB", F_OK) < 0) {
		print_message("skipped: needs a v2 hierarchy and huge pages of 2MB\n");
		skip();
	}
	root = *dir_of("");
	root.path = (char *)"";
	(void)cgroup_dir_read(&root, "cgroup.controllers", text, sizeof(text));
	if (!strstr(text, "hugetlb") || cgroup_dir_find(f.cgroup, "hugetlb")) {
		print_message("skipped: needs the hugetlb controller on the v2 side\n");
		skip();
	}
	(void)cgroup_dir_read(&root, "cgroup.subtree_control", before, sizeof(before));
	plan("/deep/er");
	create(&resources);
	has_value("", "hugetlb.2MB.max", "4194304");
	has_value("", "hugetlb.2MB.rsvd.max", "4194304");
	destroy();

	plan("/deep/er");
	resources = (struct oci_resources){ .unified = &pair, .unified_len = 1 };
	create(&resources);
	has_value("", "hugetlb.2MB.max", "2097152");
	resources.unified = &unknown;
	assert_int_equal(cgroup_update(f.cgroup, &resources, &f.err), -ENOTSUP);
	snprintf(expected, sizeof(expected),
		 "linux.resources.unified[\"hugetlb.2MB.low\"]: this kernel has no hugetlb.2MB.low "
		 "in %s%s",
		 root.mount, dir_of("")->path);
	assert_string_equal(f.err.message, expected);
	f.err = (struct oci_error)OCI_ERROR_INIT;
	resources.unified = &elsewhere;
	assert_int_equal(cgroup_update(f.cgroup, &resources, &f.err), -ENOTSUP);
	assert_string_equal(f.err.message,
			    "linux.resources.unified[\"memory.high\"]: the memory controller"
			    " is not on the v2 side of this host");
	f.err = (struct oci_error)OCI_ERROR_INIT;
	destroy();

	/* parents are left as everybody leaves them; this test takes its own away */
	plan("/deep");
	assert_int_equal(cgroup_destroy(f.cgroup, &f.err), 0);
	plan("");
	assert_int_equal(cgroup_destroy(f.cgroup, &f.err), 0);
	if (!strstr(before, "hugetlb"))
		(void)cgroup_dir_write(&root, "cgroup.subtree_control", "-hugetlb");
}

/* ---- devices ---- */

static int try_devices(void)
{
	struct stat st;
	int fd;

	if ((fd = open("/dev/null", O_RDWR)) < 0 || (fd = open("/dev/zero", O_RDONLY)) < 0)
		return 1;
	if (open("/dev/kmsg", O_RDONLY) >= 0 || errno != EPERM)
		return 2;
	if (mknod("/tmp/carte-unit-node", S_IFCHR | 0600, makedev(1, 11)) < 0 ||
	    stat("/tmp/carte-unit-node", &st) < 0)
		return 3;
	return unlink("/tmp/carte-unit-node") < 0 ? 4 : 0;
}

static void guards_devices(void **state)
{
	struct oci_device_rule rules[] = {
		{ .allow = { true, false }, .access = (char *)"rwm" },
		{ .allow = { true, true },
		  .type = (char *)"b",
		  .major = I64(8),
		  .minor = I64(-1),
		  .access = (char *)"r" },
	};
	struct oci_resources resources = { .devices = rules, .devices_len = 2 };

	(void)state;
	need_cgroups();
	plan("");
	create(&resources);
	has_value(
		"devices", "devices.list",
		"b 8:* r\nc *:* m\nb *:* m\nc 1:3 rwm\nc 1:5 rwm\nc 1:7 rwm\nc 1:8 rwm\nc 1:9 rwm\n"
		"c 5:0 rwm\nc 5:2 rwm\nc 136:* rwm\nc 10:200 rwm");
	assert_int_equal(status_of(spawn(try_devices)), 0);
	destroy();

	plan(""); /* privileged */
	rules[0].allow.value = true;
	resources.devices_len = 1;
	create(&resources);
	has_value("devices", "devices.list", "a *:* rwm");
	destroy();
}

/* ---- entering ---- */

static void is_in(pid_t pid, const char *path)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char name[64], line[256];
	char *text = NULL;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	assert_int_equal(io_read_at(AT_FDCWD, name, 1 << 16, &arena, &text, NULL), 0);
	for (size_t i = 0; i < f.cgroup->dirs_len; i++) {
		snprintf(line, sizeof(line), ":%s:%s\n", f.cgroup->dirs[i].controllers, path);
		if (!strstr(text, line))
			fail_msg("'%s' is not in '%s'", line, text);
	}
}

static void enters_every_hierarchy(void **state)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	char sub[80];
	pid_t pid;

	(void)state;
	need_cgroups();
	plan("");
	create(NULL);
	pid = spawn(run_forever);
	is_in(pid, f.path);
	assert_int_equal(kill(pid, SIGKILL), 0);
	status_of(pid);

	/* from outside, the v2 folder by clone3 */
	args.cgroup = (uint64_t)cgroup_v2_fd(f.cgroup);
	if ((int)args.cgroup >= 0) {
		pid = sys_clone3(&args);
		assert_true(pid >= 0);
		if (pid == 0)
			run_forever();
		close((int)args.cgroup);
		assert_int_equal(cgroup_enter(f.cgroup, pid, true, &f.err), 0);
		is_in(pid, f.path);
		assert_int_equal(kill(pid, SIGKILL), 0);
		status_of(pid);
	}

	/* below */
	pid = fork();
	if (pid == 0)
		run_forever();
	assert_int_equal(cgroup_enter(f.cgroup, pid, false, &f.err), 0);
	assert_true(cgroup_enter_sub(f.cgroup, pid, NULL, "sub", &f.err) < 0);
	assert_non_null(strstr(f.err.message, "/sub: No such file or directory"));
	for (size_t i = 0; i < f.cgroup->dirs_len; i++) {
		char path[PATH_MAX];

		assert_int_equal(cgroup_dir_path(&f.cgroup->dirs[i], "sub", path), 0);
		assert_int_equal(mkdir(path, 0755), 0);
		if (strcmp(f.cgroup->dirs[i].controllers, "cpuset") == 0) {
			struct cgroup_dir at = f.cgroup->dirs[i];

			snprintf(sub, sizeof(sub), "%s/sub", f.path);
			at.path = sub;
			assert_int_equal(cgroup_dir_write(&at, "cpuset.cpus", "0"), 0);
			assert_int_equal(cgroup_dir_write(&at, "cpuset.mems", "0"), 0);
		}
	}
	f.err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(cgroup_enter_sub(f.cgroup, pid, "pids,memory", "sub", &f.err), 0);
	assert_int_equal(cgroup_enter_sub(f.cgroup, pid, NULL, "/sub", &f.err), 0);
	snprintf(sub, sizeof(sub), "%s/sub", f.path);
	is_in(pid, sub);
	assert_int_equal(cgroup_enter_sub(f.cgroup, pid, NULL, "a/../..", &f.err), -EINVAL);
	assert_string_equal(f.err.message, "--cgroup a/../..: '..' is not allowed");
	f.err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(cgroup_enter_sub(f.cgroup, pid, "pids,frob", "sub", &f.err), -EINVAL);
	assert_string_equal(f.err.message, "--cgroup pids,frob: no controller 'frob' is mounted");
	f.err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(cgroup_signal(f.cgroup, SIGKILL, &f.err), 0);
	status_of(pid);
	destroy();
}

/* ---- what is there already ---- */

static void refuses_a_cgroup_in_use(void **state)
{
	struct cgroup *first, *second, *third;
	char expected[256];
	pid_t pid;

	(void)state;
	need_cgroups();
	plan("");
	create(NULL);
	first = f.cgroup;
	assert_int_equal(
		plan_cgroup(&f.arena, CGROUP_MANAGER_CGROUPFS, f.path, "x", &second, &f.err), 0);
	pid = spawn(run_forever);
	/* neither planned nor, when it came in between, created */
	assert_int_equal(
		plan_cgroup(&f.arena, CGROUP_MANAGER_CGROUPFS, f.path, "x", &third, &f.err),
		-EBUSY);
	snprintf(expected, sizeof(expected),
		 "container's cgroup is not empty: %s%s has 1 process(es), such as %d",
		 dir_of("freezer")->mount, f.path, (int)pid);
	assert_string_equal(f.err.message, expected);
	f.err = (struct oci_error)OCI_ERROR_INIT;
	f.cgroup = second;
	assert_int_equal(cgroup_create(f.cgroup, NULL, &f.err), -EBUSY);
	snprintf(expected, sizeof(expected),
		 "container's cgroup is not empty: %s%s has 1 process(es), such as %d",
		 f.cgroup->dirs[0].mount, f.path, (int)pid);
	assert_string_equal(f.err.message, expected);
	f.err = (struct oci_error)OCI_ERROR_INIT;
	/* and a delete after that touches nothing */
	assert_int_equal(cgroup_signal(f.cgroup, SIGKILL, &f.err), -ESRCH);
	assert_int_equal(cgroup_destroy(f.cgroup, &f.err), 0);
	is_in(pid, f.path);

	f.cgroup = first;
	assert_int_equal(cgroup_signal(f.cgroup, SIGKILL, &f.err), 0);
	status_of(pid);
	assert_int_equal(cgroup_freeze(f.cgroup, true, &f.err), 0);
	assert_int_equal(
		plan_cgroup(&f.arena, CGROUP_MANAGER_CGROUPFS, f.path, "x", &third, &f.err),
		-EBUSY);
	snprintf(expected, sizeof(expected), "container's cgroup unexpectedly frozen: %s%s",
		 dir_of("freezer")->mount, f.path);
	assert_string_equal(f.err.message, expected);
	f.err = (struct oci_error)OCI_ERROR_INIT;
	destroy();
}

static void takes_over_left_overs(void **state)
{
	struct oci_pids pids = { I64(3) };
	struct oci_resources resources = { .pids = &pids };

	(void)state;
	need_cgroups();
	plan("");
	create(&resources);
	plan("");
	pids.limit.value = 4;
	create(&resources);
	has_value("pids", "pids.max", "4");
	assert_int_equal(status_of(spawn(run_briefly)), 0);
	destroy();
	destroy(); /* once more is no error */
}

/* ---- processes ---- */

static int fork_and_wait(void)
{
	for (int i = 0; i < 3; i++)
		if (fork() == 0)
			run_forever();
	run_forever();
}

static void wait_for_pids(size_t count)
{
	for (;;) {
		pid_t *pids;
		size_t len;

		assert_int_equal(cgroup_pids(f.cgroup, &f.arena, &pids, &len, &f.err), 0);
		if (len == count)
			return;
		sched_yield();
	}
}

static char state_of(pid_t pid)
{
	char name[64], text[512];
	const char *end;

	snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
	assert_true(io_read_small(AT_FDCWD, name, text, sizeof(text)) > 0);
	end = strrchr(text, ')');
	assert_non_null(end);
	return end[2];
}

static void freezes_and_kills_frozen(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	need_cgroups();
	plan("");
	create(NULL);
	assert_int_equal(cgroup_signal(f.cgroup, SIGTERM, &f.err), -ESRCH);
	assert_int_equal(cgroup_signal(f.cgroup, SIGKILL, &f.err), -ESRCH);
	assert_string_equal(f.err.message, "");
	pid = spawn(fork_and_wait);
	wait_for_pids(4);
	assert_false(cgroup_is_frozen(f.cgroup));
	assert_int_equal(cgroup_freeze(f.cgroup, true, &f.err), 0);
	assert_true(cgroup_is_frozen(f.cgroup));
	assert_int_equal(state_of(pid), 'D');
	assert_int_equal(cgroup_freeze(f.cgroup, false, &f.err), 0);
	assert_false(cgroup_is_frozen(f.cgroup));
	assert_int_equal(cgroup_freeze(f.cgroup, true, &f.err), 0);
	assert_int_equal(cgroup_signal(f.cgroup, SIGKILL, &f.err), 0);
	status = status_of(pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	destroy(); /* waits for the grandchildren */
}

static void signals_everybody(void **state)
{
	pid_t a, b;
	int status;

	(void)state;
	need_cgroups();
	plan("");
	create(NULL);
	a = spawn(run_forever);
	signal(SIGTERM, SIG_IGN);
	b = spawn(run_forever);
	signal(SIGTERM, SIG_DFL);
	wait_for_pids(2);
	assert_int_equal(cgroup_signal(f.cgroup, SIGTERM, &f.err), 0);
	status = status_of(a);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	assert_int_equal(kill(b, 0), 0);
	assert_int_equal(cgroup_signal(f.cgroup, SIGKILL, &f.err), 0);
	status_of(b);
	destroy();
}

/* a process that left the v2 folder, which cgroup.kill works on, is found by the v1 ones */
static void kills_who_left_the_v2_folder(void **state)
{
	struct cgroup_dir root;
	char text[16];
	pid_t pid;
	int status;

	(void)state;
	need_cgroups();
	plan("");
	if (!cgroup_dir_find(f.cgroup, "")) {
		print_message("skipped: needs a v2 hierarchy\n");
		skip();
	}
	create(NULL);
	pid = spawn(run_forever);
	root = *dir_of("");
	root.path = (char *)"";
	snprintf(text, sizeof(text), "%d", (int)pid);
	assert_int_equal(cgroup_dir_write(&root, "cgroup.procs", text), 0);
	assert_int_equal(cgroup_signal(f.cgroup, SIGKILL, &f.err), 0);
	status = status_of(pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	destroy();
}

/** nest - @depth folders inside one another below the freezer's, deeper than PATH_MAX; the last one's fd. */
static int nest(size_t depth)
{
	char path[PATH_MAX];
	int fd;

	assert_int_equal(cgroup_dir_path(dir_of("freezer"), NULL, path), 0);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < depth; i++) {
		static const char name[] = "a-name-that-is-rather-long-so-that-paths-grow-quickly";
		int next;

		assert_int_equal(mkdirat(fd, name, 0755), 0);
		assert_int_equal(mkdirat(fd, "beside", 0755), 0);
		next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		close(fd);
		fd = next;
	}
	return fd;
}

static void finds_and_removes_deep_folders(void **state)
{
	CLEANUP_CLOSE int fd = -EBADF;
	char text[16];
	pid_t *pids;
	size_t len;
	pid_t pid;

	(void)state;
	need_cgroups();
	plan("");
	create(NULL);
	pid = spawn(run_forever);
	fd = nest(120); /* 120 * 54 bytes */
	snprintf(text, sizeof(text), "%d", (int)pid);
	assert_int_equal(io_write_at(fd, "cgroup.procs", text), 0);
	{
		CLEANUP_PIDSET struct cgroup_pidset set = { NULL, 0, 0 };

		assert_int_equal(cgroup_dir_pids(dir_of("freezer"), &set), 0);
		assert_int_equal(set.len, 1);
		assert_int_equal(set.pids[0], pid);
	}
	cgroup_destroy_ms = 200;
	assert_int_equal(cgroup_destroy(f.cgroup, &f.err), -EBUSY);
	cgroup_destroy_ms = 10000;
	assert_non_null(strstr(f.err.message, "unable to remove cgroup "));
	assert_non_null(strstr(f.err.message, "it still has process(es) "));
	assert_non_null(strstr(f.err.message, text));
	f.err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(cgroup_pids(f.cgroup, &f.arena, &pids, &len, &f.err), 0);
	assert_int_equal(len, 1);
	assert_int_equal(cgroup_signal(f.cgroup, SIGKILL, &f.err), 0);
	status_of(pid);
	destroy();
}

static void destroy_waits_for_the_dying(void **state)
{
	pid_t pid;

	(void)state;
	need_cgroups();
	plan("");
	create(NULL);
	pid = spawn(run_briefly);
	destroy(); /* nobody sends a signal: it has to outlive the child */
	assert_int_equal(status_of(pid), 0);
}

/* killed between two mkdirs: the plan in the state file names folders that are not there yet */
static void destroys_the_half_made(void **state)
{
	char path[PATH_MAX];

	(void)state;
	need_cgroups();
	plan("");
	destroy();
	assert_int_equal(cgroup_dir_path(&f.cgroup->dirs[0], NULL, path), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	destroy();
}

/* ---- without privileges ---- */

static int create_as_user(void)
{
	struct oci_pids pids = { I64(5) };
	struct oci_device_rule rule = { .allow = { true, false }, .access = (char *)"rwm" };
	struct oci_resources resources = { .devices = &rule, .devices_len = 1 };

	if (setgid(65534) < 0 || setuid(65534) < 0)
		return 1;
	if (cgroup_create(f.cgroup, &resources, &f.err) < 0 || f.cgroup->dirs_len != 0 ||
	    f.cgroup->mode != CGROUP_MODE_NONE)
		return 2;
	f.err = (struct oci_error)OCI_ERROR_INIT;
	if (cgroup_enter(f.cgroup, 0, false, &f.err) < 0 || cgroup_destroy(f.cgroup, &f.err) < 0)
		return 3;
	plan("");
	resources.pids = &pids;
	if (cgroup_create(f.cgroup, &resources, &f.err) != -ENOTSUP)
		return 4;
	return strcmp(f.err.message, "linux.resources.pids.limit: the pids cgroup controller is not"
				     " mounted, or not for an unprivileged user") == 0
		       ? 0
		       : 5;
}

static void does_without_as_a_user(void **state)
{
	pid_t pid;

	(void)state;
	need_cgroups();
	plan("");
	pid = fork();
	if (pid == 0)
		_exit(create_as_user());
	assert_int_equal(status_of(pid), 0);
	assert_false(exists_anywhere());
}

/* ---- statistics and events ---- */

static void emits_statistics(void **state)
{
	static const char *const expected[] = {
		"{\"cpu\":{\"usage\":{\"total\":",
		"\"percpu\":[",
		"\"percpu_kernel\":[",
		"\"percpu_user\":[",
		"\"kernel\":",
		"\"user\":",
		"\"throttling\":{\"periods\":",
		"\"cpuset\":{\"cpus\":[0",
		"\"sched_relax_domain_level\":",
		"\"memory\":{\"cache\":",
		"\"usage\":{\"limit\":33554432,\"usage\":",
		"\"kernelTCP\":{",
		"\"raw\":{\"cache\":",
		"\"pids\":{\"current\":1,\"limit\":9}",
		"\"blkio\":{",
		"\"hugetlb\":{",
		"\"intel_rdt\":{}",
		"\"network_interfaces\":[",
	};
	struct oci_memory memory = { .limit = I64(32 << 20) };
	struct oci_pids pids = { I64(9) };
	struct oci_resources resources = { .memory = &memory, .pids = &pids };
	CLEANUP_FREE char *text = NULL;
	size_t length = 0;
	pid_t pid;

	(void)state;
	need_cgroups();
	plan("");
	create(&resources);
	pid = spawn(run_forever);
	assert_int_equal(cgroup_stats_emit(f.cgroup, pid, &text, &length, &f.err), 0);
	assert_int_equal(length, strlen(text));
	for (size_t i = 0; i < ARRAY_LEN(expected); i++)
		if (!strstr(text, expected[i]))
			fail_msg("no '%s' in %s", expected[i], text);
	assert_int_equal(cgroup_signal(f.cgroup, SIGKILL, &f.err), 0);
	status_of(pid);
	destroy();
}

static int use_too_much(void)
{
	size_t size = 64 << 20;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p != MAP_FAILED)
		memset(p, 1, size);
	return 0;
}

static void tells_out_of_memory(void **state)
{
	struct oci_memory memory = { .limit = I64(16 << 20), .swap = I64(16 << 20) };
	struct oci_resources resources = { .memory = &memory };
	CLEANUP_CLOSE int fd = -EBADF;
	struct pollfd p;
	int status;

	(void)state;
	need_cgroups();
	plan("");
	create(&resources);
	fd = cgroup_oom_fd(f.cgroup, &f.err);
	assert_string_equal(f.err.message, "");
	assert_true(fd >= 0);
	p = (struct pollfd){ fd, POLLIN, 0 };
	assert_int_equal(poll(&p, 1, 0), 0);
	status = status_of(spawn(use_too_much));
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_int_equal(poll(&p, 1, 1000), 1);
	destroy();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_limits),
		cmocka_unit_test(updates_up_and_down),
		cmocka_unit_test(puts_back_what_a_failed_update_wrote),
		cmocka_unit_test(updates_idle_and_pids),
		cmocka_unit_test(refuses_to_go_below_usage),
		cmocka_unit_test(names_what_the_kernel_refuses),
		cmocka_unit_test(limits_on_the_v2_side),
		cmocka_unit_test(guards_devices),
		cmocka_unit_test(enters_every_hierarchy),
		cmocka_unit_test(refuses_a_cgroup_in_use),
		cmocka_unit_test(takes_over_left_overs),
		cmocka_unit_test(freezes_and_kills_frozen),
		cmocka_unit_test(signals_everybody),
		cmocka_unit_test(kills_who_left_the_v2_folder),
		cmocka_unit_test(finds_and_removes_deep_folders),
		cmocka_unit_test(destroy_waits_for_the_dying),
		cmocka_unit_test(destroys_the_half_made),
		cmocka_unit_test(does_without_as_a_user),
		cmocka_unit_test(emits_statistics),
		cmocka_unit_test(tells_out_of_memory),
	};

	return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
