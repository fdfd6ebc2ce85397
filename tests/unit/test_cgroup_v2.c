/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_cgroup_v2.c - cgroup/ on a host whose only hierarchy is v2: real cgroups below /carte-unit2-PID.
 *
 * Where v1 hierarchies are mounted, the test takes a mount namespace of its own in which they are not; the v2
 * hierarchy is then all there is, with the few controllers that v1 has left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "base/sys.h"
#include "runtime/cgroup/internal.h"

#define ROOT "/sys/fs/cgroup"
#define I64(v)          \
	{               \
		true, v \
	}

struct fixture {
	struct oci_arena arena;
	struct oci_error err;
	struct cgroup *cgroup;
	char path[64];
	bool usable;
};

static struct fixture f;

static int plan_at(const char *path)
{
	struct cgroup_request request = { .cgroups_path = path, .id = "x" };

	f.err = (struct oci_error)OCI_ERROR_INIT;
	return cgroup_plan(&f.arena, &request, &f.cgroup, &f.err);
}

static void plan(const char *suffix)
{
	snprintf(f.path, sizeof(f.path), "/carte-unit2-%d%s", (int)getpid(), suffix);
	assert_int_equal(plan_at(f.path), 0);
	assert_int_equal(f.cgroup->mode, CGROUP_MODE_V2);
	assert_int_equal(f.cgroup->dirs_len, 1);
}

static void create(const struct oci_resources *resources)
{
	int r = cgroup_create(f.cgroup, resources, &f.err);

	assert_string_equal(f.err.message, "");
	assert_int_equal(r, 0);
}

static bool is_there(const char *suffix)
{
	char path[128];

	snprintf(path, sizeof(path), ROOT "%s%s", f.path, suffix);
	return access(path, F_OK) == 0;
}

static void destroy(void)
{
	assert_int_equal(cgroup_destroy(f.cgroup, &f.err), 0);
	assert_string_equal(f.err.message, "");
	assert_false(is_there(""));
}

static void make(const char *suffix)
{
	char path[128];

	snprintf(path, sizeof(path), ROOT "%s%s", f.path, suffix);
	assert_int_equal(mkdir(path, 0755), 0);
}

static void write_file(const char *file, const char *text)
{
	char path[160];

	snprintf(path, sizeof(path), ROOT "%s/%s", f.path, file);
	assert_int_equal(io_write_at(AT_FDCWD, path, text), 0);
}

static void has_value(const char *file, const char *expected)
{
	char path[160], text[512];

	snprintf(path, sizeof(path), ROOT "%s/%s", f.path, file);
	assert_true(io_read_small(AT_FDCWD, path, text, sizeof(text)) >= 0);
	assert_string_equal(text, expected);
}

static bool has_controller(const char *name)
{
	char text[256];

	return io_read_small(AT_FDCWD, ROOT "/cgroup.controllers", text, sizeof(text)) > 0 &&
	       cgroup_has_word(text, name);
}

/* a child that waits for its death, outside of the container's cgroup */
static pid_t outsider(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void end(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void is_in(pid_t pid, const char *suffix)
{
	char name[64], text[4096], line[128];
	const char *at;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	assert_true(io_read_small(AT_FDCWD, name, text, sizeof(text)) > 0);
	at = strstr(text, "0::");
	assert_non_null(at);
	snprintf(line, sizeof(line), "0::%s%s", f.path, suffix);
	assert_string_equal(at, line);
}

static int setup_group(void **state)
{
	(void)state;
	f.arena = (struct oci_arena)OCI_ARENA_INIT;
	if (geteuid() != 0)
		return 0;
	if (access(ROOT "/cgroup.procs", F_OK) < 0 &&
	    (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	     umount2(ROOT, MNT_DETACH) < 0 || mount("cgroup2", ROOT, "cgroup2", 0, NULL) < 0))
		return 0;
	f.usable = access(ROOT, W_OK) == 0 && plan_at("/carte-unit2") == 0 &&
		   f.cgroup->mode == CGROUP_MODE_V2;
	return 0;
}

static int teardown_group(void **state)
{
	(void)state;
	oci_arena_free(&f.arena);
	return 0;
}

static void need_v2(void)
{
	if (f.usable)
		return;
	print_message("skipped: needs root and a writable cgroup v2 hierarchy\n");
	skip();
}

/* ---- life ---- */

static void enters_freezes_and_kills(void **state)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD };
	pid_t a, b, *pids;
	size_t len;
	int status;

	(void)state;
	need_v2();
	plan("");
	create(NULL);
	assert_true(f.cgroup->dirs[0].made);
	assert_int_equal(cgroup_signal(f.cgroup, SIGKILL, &f.err), -ESRCH);
	args.cgroup = (uint64_t)cgroup_v2_fd(f.cgroup);
	a = sys_clone3(&args);
	assert_true(a >= 0);
	if (a == 0)
		for (;;)
			pause();
	close((int)args.cgroup);
	b = outsider();
	assert_int_equal(cgroup_enter(f.cgroup, b, true, &f.err), 0); /* clone3 has, it is told */
	assert_int_equal(cgroup_enter(f.cgroup, b, false, &f.err), 0);
	is_in(a, "");
	is_in(b, "");
	assert_int_equal(cgroup_pids(f.cgroup, &f.arena, &pids, &len, &f.err), 0);
	assert_int_equal(len, 2);

	assert_false(cgroup_is_frozen(f.cgroup));
	assert_int_equal(cgroup_freeze(f.cgroup, true, &f.err), 0);
	assert_true(cgroup_is_frozen(f.cgroup));
	assert_int_equal(cgroup_freeze(f.cgroup, false, &f.err), 0);
	assert_false(cgroup_is_frozen(f.cgroup));
	assert_int_equal(cgroup_signal(f.cgroup, SIGTERM, &f.err), 0);
	assert_int_equal(waitpid(b, &status, 0), b);
	assert_int_equal(WTERMSIG(status), SIGTERM);
	assert_int_equal(waitpid(a, &status, 0), a);

	b = outsider();
	assert_int_equal(cgroup_enter(f.cgroup, b, false, &f.err), 0);
	assert_int_equal(cgroup_freeze(f.cgroup, true, &f.err), 0);
	assert_int_equal(cgroup_signal(f.cgroup, SIGKILL, &f.err), 0); /* a frozen one as well */
	destroy();                                                     /* waits for its end */
	assert_int_equal(waitpid(b, &status, 0), b);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_int_equal(cgroup_signal(f.cgroup, SIGKILL, &f.err), -ESRCH);
}

static void enters_below(void **state)
{
	pid_t pid;

	(void)state;
	need_v2();
	plan("");
	create(NULL);
	make("/sub");
	pid = outsider();
	assert_int_equal(cgroup_enter_sub(f.cgroup, pid, NULL, "/sub", &f.err), 0);
	is_in(pid, "/sub");
	assert_int_equal(cgroup_enter_sub(f.cgroup, pid, "pids", "sub", &f.err), -EINVAL);
	assert_string_equal(f.err.message,
			    "--cgroup pids:sub: cgroup v2 has one hierarchy, give the path alone");
	f.err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(cgroup_enter_sub(f.cgroup, pid, NULL, "../x", &f.err), -EINVAL);
	f.err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(cgroup_signal(f.cgroup, SIGKILL, &f.err), 0); /* those below, too */
	destroy();
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* what a systemd in a container does to its cgroup */
static void joins_beside_an_init_that_moved(void **state)
{
	pid_t init, pid;

	(void)state;
	need_v2();
	if (!has_controller("hugetlb")) {
		print_message("skipped: needs a domain controller on v2, such as hugetlb\n");
		skip();
	}
	plan("");
	create(NULL);
	make("/init.scope");
	init = outsider();
	pid = outsider();
	assert_int_equal(cgroup_enter_sub(f.cgroup, init, NULL, "init.scope", &f.err), 0);
	write_file("cgroup.subtree_control", "+hugetlb");
	assert_int_equal(cgroup_enter(f.cgroup, pid, false, &f.err), -EBUSY);
	assert_non_null(strstr(f.err.message, ": it hands controllers down to cgroups below it, so"
					      " it takes no process"));
	f.err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(cgroup_join(f.cgroup, init, pid, false, &f.err), 0);
	is_in(pid, "/init.scope");
	/* a pid that is somebody else's by now leads nowhere else */
	assert_int_equal(cgroup_join(f.cgroup, getpid(), pid, false, &f.err), -EBUSY);
	f.err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(cgroup_signal(f.cgroup, SIGKILL, &f.err), 0);
	destroy();
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(waitpid(init, NULL, 0), init);
}

/* ---- what is there already ---- */

static void refuses_or_takes_over(void **state)
{
	char expected[160];
	struct cgroup *mine;
	pid_t pid;

	(void)state;
	need_v2();
	plan("");
	mine = f.cgroup;
	make("");
	pid = outsider();
	assert_int_equal(cgroup_enter(mine, pid, false, &f.err), 0);
	assert_int_equal(plan_at(f.path), -EBUSY);
	snprintf(expected, sizeof(expected),
		 "container's cgroup is not empty: " ROOT "%s has 1 process(es), such as %d",
		 f.path, (int)pid);
	assert_string_equal(f.err.message, expected);
	end(pid);
	f.cgroup = mine;
	assert_int_equal(
		cgroup_dir_wait_event(&mine->dirs[0], "populated 0", cgroup_now_ms() + 5000), 0);
	write_file("cgroup.freeze", "1");
	assert_int_equal(plan_at(f.path), -EBUSY);
	snprintf(expected, sizeof(expected), "container's cgroup unexpectedly frozen: " ROOT "%s",
		 f.path);
	assert_string_equal(f.err.message, expected);
	write_file("cgroup.freeze", "0");

	plan("");
	make("/a");
	if (has_controller("hugetlb"))
		write_file("cgroup.subtree_control", "+hugetlb");
	create(NULL);
	has_value("cgroup.subtree_control", "");
	destroy();
}

static void names_threaded_places(void **state)
{
	char expected[320];
	pid_t pid;

	(void)state;
	need_v2();
	plan("");
	make("");
	make("/threads");
	write_file("threads/cgroup.type", "threaded");
	plan("/in");
	create(NULL);
	pid = outsider();
	assert_int_equal(cgroup_enter(f.cgroup, pid, false, &f.err), -EOPNOTSUPP);
	snprintf(expected, sizeof(expected),
		 "enter the container's cgroup: cgroup " ROOT "%s is 'domain invalid', one of a"
		 " group of threaded cgroups, in which a container cannot be; choose another"
		 " linux.cgroupsPath",
		 f.path);
	assert_string_equal(f.err.message, expected);
	f.err = (struct oci_error)OCI_ERROR_INIT;
	end(pid);
	destroy();
	plan("");
	destroy();
}

static void names_processes_in_between(void **state)
{
	struct oci_hugepage_limit limit = { (char *)"2MB", I64(4 << 20) };
	struct oci_resources resources = { .hugepage_limits = &limit, .hugepage_limits_len = 1 };
	char expected[400];
	pid_t pid;

	(void)state;
	need_v2();
	if (!has_controller("hugetlb") ||
	    access("/sys/kernel/mm/hugepages/hugepages-2048kB", F_OK) < 0) {
		print_message("skipped: needs the hugetlb controller on v2 and pages of 2MB\n");
		skip();
	}
	plan("");
	make("");
	pid = outsider();
	assert_int_equal(cgroup_enter(f.cgroup, pid, false, &f.err), 0);
	plan("/in");
	assert_int_equal(cgroup_create(f.cgroup, &resources, &f.err), -EBUSY);
	snprintf(expected, sizeof(expected),
		 "linux.resources.hugepageLimits[0].limit: cgroup " ROOT "/carte-unit2-%d has"
		 " processes of its own, so the kernel switches no hugetlb controller on for the"
		 " cgroups below it; move them to a cgroup of their own or choose another"
		 " linux.cgroupsPath",
		 (int)getpid());
	assert_string_equal(f.err.message, expected);
	assert_false(is_there(""));
	assert_false(f.cgroup->dirs[0].made);
	end(pid);
	f.err = (struct oci_error)OCI_ERROR_INIT;
	plan("/in");
	create(&resources);
	has_value("hugetlb.2MB.max", "4194304");
	has_value("hugetlb.2MB.rsvd.max", "4194304");
	destroy();
	plan("");
	destroy();
}

/* ---- limits ---- */

static void names_what_v2_has_not(void **state)
{
	struct oci_memory memory = { .swappiness = I64(5) };
	struct oci_cpu cpu = { .realtime_runtime = I64(1000) };
	struct oci_network network = { .class_id = I64(7) };
	struct oci_pair pair = { (char *)"frob.max", (char *)"1" };
	struct oci_resources resources = { .memory = &memory };

	(void)state;
	need_v2();
	plan("");
	assert_int_equal(cgroup_create(f.cgroup, &resources, &f.err), -ENOTSUP);
	assert_string_equal(f.err.message,
			    "linux.resources.memory.swappiness: cgroup v2 has no such setting");
	f.err = (struct oci_error)OCI_ERROR_INIT;
	resources = (struct oci_resources){ .cpu = &cpu };
	assert_int_equal(cgroup_check(f.cgroup, &resources, &f.err), -ENOTSUP);
	assert_string_equal(f.err.message,
			    "linux.resources.cpu.realtimeRuntime: cgroup v2 has no such setting");
	f.err = (struct oci_error)OCI_ERROR_INIT;
	resources = (struct oci_resources){ .network = &network };
	assert_int_equal(cgroup_check(f.cgroup, &resources, &f.err), -ENOTSUP);
	assert_string_equal(f.err.message,
			    "linux.resources.network.classID: cgroup v2 has no such setting");
	f.err = (struct oci_error)OCI_ERROR_INIT;
	resources = (struct oci_resources){ .unified = &pair, .unified_len = 1 };
	assert_int_equal(cgroup_check(f.cgroup, &resources, &f.err), -ENOTSUP);
	assert_string_equal(f.err.message, "linux.resources.unified[\"frob.max\"]: this host has no"
					   " frob cgroup controller");
	/* what engines send without asking for anything */
	f.err = (struct oci_error)OCI_ERROR_INIT;
	memory = (struct oci_memory){ .swappiness = { true, UINT64_MAX },
				      .disable_oom_killer = { true, false },
				      .kernel = I64(0) };
	cpu = (struct oci_cpu){ .realtime_period = I64(0), .idle = I64(0) };
	network = (struct oci_network){ .class_id = I64(0) };
	resources = (struct oci_resources){ .memory = &memory, .cpu = &cpu, .network = &network };
	create(&resources);
	assert_int_equal(cgroup_update(f.cgroup, &resources, &f.err), 0);
	destroy();
}

static void writes_limits(void **state)
{
	struct oci_memory memory = { .limit = I64(64 << 20),
				     .swap = I64(96 << 20),
				     .reservation = I64(32 << 20) };
	struct oci_cpu cpu = { .shares = I64(512),
			       .quota = I64(50000),
			       .period = I64(200000),
			       .burst = I64(1000),
			       .cpus = (char *)"0",
			       .mems = (char *)"0" };
	struct oci_pids pids = { I64(50) };
	struct oci_resources resources = { .memory = &memory, .cpu = &cpu, .pids = &pids };

	(void)state;
	need_v2();
	if (!has_controller("memory") || !has_controller("cpu")) {
		print_message("skipped: needs the memory and cpu controllers on v2\n");
		skip();
	}
	plan("/deep/er");
	create(&resources);
	has_value("memory.max", "67108864");
	has_value("memory.swap.max", "33554432");
	has_value("memory.low", "33554432");
	has_value("cpu.weight", "59");
	has_value("cpu.max", "50000 200000");
	has_value("cpu.max.burst", "1000");
	has_value("cpuset.cpus", "0");
	has_value("pids.max", "50");
	memory = (struct oci_memory){ .swap = I64(80 << 20) };
	cpu = (struct oci_cpu){ .period = I64(100000), .idle = I64(1) };
	pids.limit.value = -1;
	assert_int_equal(cgroup_update(f.cgroup, &resources, &f.err), 0);
	has_value("memory.swap.max", "16777216");
	has_value("cpu.max", "50000 100000");
	has_value("cpu.idle", "1");
	has_value("pids.max", "max");
	destroy();
	plan("/deep");
	destroy();
	plan("");
	destroy();
}

/* ---- owners ---- */

static void gives_the_folder_away(void **state)
{
	struct stat st;
	char path[160];

	(void)state;
	need_v2();
	plan("");
	create(NULL);
	assert_int_equal(cgroup_delegate(f.cgroup, 1234, 5678, &f.err), 0);
	snprintf(path, sizeof(path), ROOT "%s", f.path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(st.st_gid, 5678);
	snprintf(path, sizeof(path), ROOT "%s/cgroup.subtree_control", f.path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 1234);
	snprintf(path, sizeof(path), ROOT "%s/cgroup.freeze", f.path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 0);
	destroy();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enters_freezes_and_kills),
		cmocka_unit_test(enters_below),
		cmocka_unit_test(joins_beside_an_init_that_moved),
		cmocka_unit_test(refuses_or_takes_over),
		cmocka_unit_test(names_threaded_places),
		cmocka_unit_test(names_processes_in_between),
		cmocka_unit_test(names_what_v2_has_not),
		cmocka_unit_test(writes_limits),
		cmocka_unit_test(gives_the_folder_away),
	};

	return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
