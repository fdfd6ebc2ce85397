/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_state.c - state folders: made once, locked, read back exactly, removed whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/state.h"

struct fixture {
	char root[64];
	struct oci_arena arena;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->root, sizeof(f->root), "/tmp/test-state.XXXXXX");
	assert_non_null(mkdtemp(f->root));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	/* each test leaves an empty root, or it has not cleaned up after itself */
	assert_int_equal(rmdir(f->root), 0);
	oci_arena_free(&f->arena);
	free(f);
	return 0;
}

static struct state sample(void)
{
	static struct oci_pair notes[] = { { (char *)"a", (char *)"1" },
					   { (char *)"b\n", (char *)"" } };
	static struct cgroup_dir dirs[] = {
		{ (char *)"cpu,cpuacct", (char *)"/sys/fs/cgroup/cpu", (char *)"/x/y", true },
		{ (char *)"", (char *)"/sys/fs/cgroup/unified", (char *)"/x/y", false },
	};

	return (struct state){
		.oci_version = (char *)"1.3.0",
		.id = (char *)"web1",
		.bundle = (char *)"/b",
		.rootfs = (char *)"/b/rootfs",
		.created = (char *)"2026-01-02T03:04:05.000000006Z",
		.owner = (char *)"root",
		.cgroup = { CGROUP_MANAGER_CGROUPFS, CGROUP_MODE_HYBRID, (char *)"/x/y", dirs, 2 },
		.rdt = { (char *)"/sys/fs/resctrl/c", true, NULL },
		.private_pid_ns = { true, true },
		.annotations = notes,
		.annotations_len = 2,
	};
}

static void set_pid(struct state *s, pid_t pid)
{
	struct proc_stat stat;

	assert_int_equal(proc_stat_read(pid, &stat), 0);
	s->pid = (struct oci_i64){ true, pid };
	s->start_time = (struct oci_u64){ true, stat.start_time };
}

static void test_ids(void **state)
{
	static const char *const good[] = { "a", "A0_+.-", "9", "_x", "-x", "a.b" };
	static const char *const bad[] = { "", ".", "..", ".a", "a/b", "a b", "a\n", "\xc3\xa9" };
	struct oci_error err = OCI_ERROR_INIT;
	char longest[257];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(state_check_id(good[i], NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(state_check_id(bad[i], NULL), -EINVAL);
	memset(longest, 'x', sizeof(longest));
	longest[255] = '\0';
	assert_int_equal(state_check_id(longest, NULL), 0);
	longest[255] = 'x';
	longest[256] = '\0';
	assert_int_equal(state_check_id(longest, NULL), -EINVAL);
	state_check_id("a/b", &err);
	assert_string_equal(err.message,
			    "invalid container ID 'a/b': expected 1 to 255 of A-Z a-z 0-9 _ + . -, "
			    "not starting with '.'");
}

static void test_round_trip(void **state)
{
	struct fixture *f = *state;
	struct state_dir dir = STATE_DIR_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct state in = sample(), *out;

	set_pid(&in, getpid());
	assert_int_equal(state_dir_create(f->root, "web1", false, &dir, &err), 0);
	assert_int_equal(state_save(&dir, &in, &err), 0);
	assert_int_equal(state_load(&f->arena, f->root, "web1", &out, &err), 0);
	assert_string_equal(out->bundle, "/b");
	assert_string_equal(out->rootfs, "/b/rootfs");
	assert_string_equal(out->created, in.created);
	assert_string_equal(out->owner, "root");
	assert_int_equal(out->pid.value, getpid());
	assert_int_equal(out->cgroup.mode, CGROUP_MODE_HYBRID);
	assert_string_equal(out->cgroup.cgroups_path, "/x/y");
	assert_int_equal(out->cgroup.dirs_len, 2);
	assert_string_equal(out->cgroup.dirs[0].controllers, "cpu,cpuacct");
	assert_true(out->cgroup.dirs[0].made);
	assert_string_equal(out->cgroup.dirs[1].controllers, "");
	assert_false(out->cgroup.dirs[1].made);
	assert_string_equal(out->rdt.path, "/sys/fs/resctrl/c");
	assert_true(out->rdt.made);
	assert_true(out->private_pid_ns.value);
	assert_int_equal(out->annotations_len, 2);
	assert_string_equal(out->annotations[1].key, "b\n");
	assert_int_equal(out->status, OCI_STATUS_RUNNING);
	assert_int_equal(state_dir_remove(&dir, &err), 0);
	state_dir_close(&dir);
}

static void test_same_id_twice(void **state)
{
	struct fixture *f = *state;
	struct state_dir dir = STATE_DIR_INIT, other = STATE_DIR_INIT;
	struct oci_error err = OCI_ERROR_INIT;

	assert_int_equal(state_dir_create(f->root, "a", false, &dir, &err), 0);
	assert_int_equal(state_dir_create(f->root, "a", false, &other, &err), -EEXIST);
	assert_string_equal(err.message, "container with given ID already exists");
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(state_dir_open(f->root, "a", false, &other, &err), -EBUSY);
	assert_string_equal(err.message, "another command is working on the container");
	assert_int_equal(state_dir_remove(&dir, &err), 0);
	state_dir_close(&dir);
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(state_dir_open(f->root, "a", false, &other, &err), -ENOENT);
	assert_string_equal(err.message, "container does not exist");
}

/* The one that waits for the lock must not take a folder that is gone for its container. */
static void test_removed_while_waiting(void **state)
{
	struct fixture *f = *state;
	struct state_dir dir = STATE_DIR_INIT, other = STATE_DIR_INIT;
	int ready[2], status;
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(state_dir_create(f->root, "a", false, &dir, NULL), 0);
	pid = fork();
	if (pid == 0) {
		/* its copy of the lock would be ours for ever */
		state_dir_close(&dir);
		(void)!write(ready[1], "x", 1);
		_exit(state_dir_open(f->root, "a", true, &other, NULL) == -ENOENT ? 0 : 1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(state_dir_remove(&dir, NULL), 0);
	state_dir_close(&dir);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(ready[0]);
	close(ready[1]);
}

static enum oci_status status_of(struct fixture *f)
{
	struct state *out;

	assert_int_equal(state_load(&f->arena, f->root, "web1", &out, NULL), 0);
	return out->status;
}

/* created until init lets the lock go, running until it ends, stopped even as a zombie */
static void test_status_follows_the_process(void **state)
{
	struct fixture *f = *state;
	struct state_dir dir = STATE_DIR_INIT;
	struct state s = sample();
	struct oci_error err = OCI_ERROR_INIT;
	siginfo_t info;
	int lock, go[2];
	pid_t pid;
	char c;

	s.cgroup = (struct cgroup){ .manager = CGROUP_MANAGER_DISABLED };
	assert_int_equal(state_dir_create(f->root, "web1", false, &dir, NULL), 0);
	set_pid(&s, getpid());
	s.creator_pid = s.pid;
	s.creator_start_time = s.start_time;
	s.pid.present = false;
	assert_int_equal(state_save(&dir, &s, &err), 0);
	assert_int_equal(status_of(f), OCI_STATUS_CREATING);
	s.creator_start_time.value++; /* the pid belongs to somebody else by now */
	assert_int_equal(state_save(&dir, &s, &err), 0);
	assert_int_equal(status_of(f), OCI_STATUS_STOPPED);

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, go), 0);
	lock = state_lock_init(&dir, &err);
	assert_true(lock >= 0);
	pid = fork();
	if (pid == 0) {
		close(go[0]);
		(void)!read(go[1], &c, 1);
		close(lock);
		(void)!write(go[1], "x", 1);
		(void)!read(go[1], &c, 1);
		_exit(0);
	}
	close(go[1]);
	set_pid(&s, pid);
	assert_int_equal(state_save(&dir, &s, &err), 0);
	close(lock);
	assert_int_equal(status_of(f), OCI_STATUS_CREATED);
	assert_int_equal(write(go[0], "x", 1), 1);
	assert_int_equal(read(go[0], &c, 1), 1);
	assert_int_equal(status_of(f), OCI_STATUS_RUNNING);
	assert_int_equal(write(go[0], "x", 1), 1);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(status_of(f), OCI_STATUS_STOPPED);
	assert_int_equal(state_pidfd(&s, &err), -ESRCH);
	assert_string_equal(err.message, "container not running");
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(go[0]);
	assert_int_equal(state_dir_remove(&dir, NULL), 0);
	state_dir_close(&dir);
}

static void test_bad_files(void **state)
{
	struct fixture *f = *state;
	struct state_dir dir = STATE_DIR_INIT;
	struct oci_error err = OCI_ERROR_INIT;
	struct state *out;
	char expected[160];

	assert_int_equal(state_load(&f->arena, f->root, "web1", &out, &err), -ENOENT);
	assert_string_equal(err.message, "container does not exist");
	assert_int_equal(state_dir_create(f->root, "web1", false, &dir, NULL), 0);
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(io_replace_at(dir.fd, STATE_FILE, "{\"id\":1}", 8, 0600), 0);
	assert_int_equal(state_load(&f->arena, f->root, "web1", &out, &err), -EINVAL);
	snprintf(expected, sizeof(expected), "%s/web1/state.json: id: expected string, got number",
		 f->root);
	assert_string_equal(err.message, expected);
	/* whatever lies in the folder goes with it, the notify socket's folder too */
	assert_int_equal(mkdirat(dir.fd, "notify", 0700), 0);
	assert_int_equal(mknodat(dir.fd, "notify/notify.sock", S_IFREG | 0600, 0), 0);
	assert_int_equal(state_dir_remove(&dir, NULL), 0);
	state_dir_close(&dir);
}

static void test_list(void **state)
{
	struct fixture *f = *state;
	const char *const ids[] = { "b", "a", "c.d" };
	struct state_dir dirs[3];
	char **list, path[96];
	size_t len;

	assert_int_equal(state_list(&f->arena, "/nonexistent/root", &list, &len, NULL), 0);
	assert_int_equal(len, 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(state_dir_create(f->root, ids[i], false, &dirs[i], NULL), 0);
	snprintf(path, sizeof(path), "%s/.seccomp", f->root);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(state_list(&f->arena, f->root, &list, &len, NULL), 0);
	assert_int_equal(len, 3);
	assert_string_equal(list[0], "a");
	assert_string_equal(list[1], "b");
	assert_string_equal(list[2], "c.d");
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(state_dir_remove(&dirs[i], NULL), 0);
		state_dir_close(&dirs[i]);
	}
	assert_int_equal(rmdir(path), 0);
}

/* a name with blanks and parentheses must not shift the fields */
static void test_proc_stat(void **state)
{
	struct proc_stat before, after;
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		if (proc_stat_read(getpid(), &before) < 0 ||
		    prctl(PR_SET_NAME, ") Z 1 (", 0, 0, 0) < 0)
			_exit(1);
		(void)signal(SIGPIPE, SIG_IGN);
		if (proc_stat_read(getpid(), &after) < 0 || after.start_time != before.start_time)
			_exit(2);
		_exit(after.ignored == (before.ignored | 1u << (SIGPIPE - 1)) ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(proc_stat_read(pid, &after), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_id_twice, setup, teardown),
		cmocka_unit_test_setup_teardown(test_removed_while_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(test_status_follows_the_process, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_list, setup, teardown),
		cmocka_unit_test(test_proc_stat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
