/* SPDX-License-Identifier: Apache-2.0 */
/* test_idmap.c - mappings: what is refused, what is written, and by whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "runtime/idmap.h"

#define MAP(c, h, s)                      \
	{                                 \
		{ true, c }, { true, h }, \
		{                         \
			true, s           \
		}                         \
	}

static void need_root(void)
{
	if (geteuid()) {
		print_message("SKIP: needs root\n");
		skip();
	}
}

static void check(void **state)
{
	static const struct {
		struct oci_id_mapping map[2];
		size_t count;
		const char *message;
	} cases[] = {
		{ { MAP(0, 1000, 0) }, 1, "linux.uidMappings[0].size: must be above 0" },
		{ { MAP(4294967295u, 0, 1) },
		  1,
		  "linux.uidMappings[0].containerID: 4294967295 and 1 ids from there end above "
		  "4294967294" },
		{ { MAP(0, 4294967000u, 1000) },
		  1,
		  "linux.uidMappings[0].hostID: 4294967000 and 1000 ids from there end above "
		  "4294967294" },
		{ { MAP(0, 1000, 10), MAP(9, 5000, 10) },
		  2,
		  "linux.uidMappings[1].containerID: overlaps linux.uidMappings[0]" },
		{ { MAP(0, 1000, 10), MAP(10, 991, 10) },
		  2,
		  "linux.uidMappings[1].hostID: overlaps linux.uidMappings[0]" },
	};
	static const struct oci_id_mapping good[] = { MAP(10, 0, 10), MAP(0, 1000, 10),
						      MAP(20, 10, 4294967274u) };
	static struct oci_id_mapping many[341];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct oci_error err = OCI_ERROR_INIT;

		assert_int_equal(
			idmap_check(cases[i].map, cases[i].count, "linux.uidMappings", &err),
			-EINVAL);
		assert_string_equal(err.message, cases[i].message);
	}
	assert_int_equal(idmap_check(good, 2, "x", NULL), 0);
	assert_int_equal(idmap_check(NULL, 0, "x", NULL), 0);
	for (uint32_t i = 0; i < 341; i++)
		many[i] = (struct oci_id_mapping)MAP(i, 1000 + i, 1);
	assert_int_equal(idmap_check(many, 340, "x", NULL), 0);
	assert_int_equal(idmap_check(many, 341, "x", NULL), -EINVAL);
}

static void host_ids(void **state)
{
	static const struct oci_id_mapping map[] = { MAP(0, 1000, 1), MAP(1, 100000, 65536) };

	(void)state;
	assert_int_equal(idmap_host_id(map, 2, 0), 1000);
	assert_int_equal(idmap_host_id(map, 2, 1), 100000);
	assert_int_equal(idmap_host_id(map, 2, 65536), 165535);
	assert_int_equal(idmap_host_id(map, 2, 65537), -1);
	assert_int_equal(idmap_host_id(map, 0, 0), -1);
}

/* What a process in the namespace reads as its map. */
static void read_map(int userns, const char *file, char *buf, size_t size)
{
	int p[2];
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		int fd;

		if (setns(userns, CLONE_NEWUSER))
			_exit(1);
		fd = open(file, O_RDONLY | O_CLOEXEC);
		n = read(fd, buf, size - 1);
		_exit(n < 0 || write(p[1], buf, (size_t)n) != n);
	}
	close(p[1]);
	n = read(p[0], buf, size - 1);
	buf[n > 0 ? n : 0] = '\0';
	close(p[0]);
	waitpid(pid, NULL, 0);
}

static void userns(void **state)
{
	static const struct oci_id_mapping uids[] = { MAP(0, 100000, 1000), MAP(1000, 5, 1) };
	static const struct oci_id_mapping gids[] = { MAP(0, 200000, 65536) };
	static const struct oci_id_mapping bad[] = { MAP(0, 1, 10), MAP(5, 100, 10) };
	struct oci_error err = OCI_ERROR_INIT;
	char buf[256];
	int fd, probe;

	(void)state;
	need_root();
	fd = idmap_userns_fd(uids, 2, gids, 1, &err);
	assert_string_equal(err.message, "");
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	read_map(fd, "/proc/self/uid_map", buf, sizeof(buf));
	assert_string_equal(buf,
			    "         0     100000       1000\n      1000          5          1\n");
	read_map(fd, "/proc/self/gid_map", buf, sizeof(buf));
	assert_string_equal(buf, "         0     200000      65536\n");
	read_map(fd, "/proc/self/setgroups", buf, sizeof(buf));
	assert_string_equal(buf, "allow\n");
	/* failing leaves no fd and no child */
	probe = dup(0);
	close(probe);
	assert_int_equal(idmap_userns_fd(bad, 2, gids, 1, &err), -EINVAL);
	assert_non_null(strstr(err.message,
			       "map user and group ids (the ranges overlap, or are not mapped "
			       "in the parent namespace): write /proc/"));
	assert_int_equal(dup(0), probe);
	close(probe);
	assert_int_equal(waitpid(-1, NULL, __WALL), -1);
	close(fd);
}

static void compared(void **state)
{
	static struct oci_id_mapping uids[] = { MAP(0, 100000, 1000), MAP(1000, 5, 1) };
	static struct oci_id_mapping turned[] = { MAP(1000, 5, 1), MAP(0, 100000, 1000) };
	static struct oci_id_mapping gids[] = { MAP(0, 200000, 65536) };
	struct oci_linux l = {
		.uid_mappings = uids,
		.uid_mappings_len = 2,
		.gid_mappings = gids,
		.gid_mappings_len = 1,
	};
	struct oci_error err = OCI_ERROR_INIT;
	int fd;

	(void)state;
	need_root();
	fd = idmap_userns_fd(uids, 2, gids, 1, &err);
	assert_true(fd >= 0);
	assert_int_equal(idmap_compare(fd, &l, &err), 0);
	l.uid_mappings = turned;
	assert_int_equal(idmap_compare(fd, &l, &err), 0);
	l.uid_mappings_len = 1;
	assert_int_equal(idmap_compare(fd, &l, &err), -EINVAL);
	assert_string_equal(
		err.message,
		"linux.uidMappings: is not the mapping that the joined user namespace has");
	l.uid_mappings_len = 2;
	l.gid_mappings = uids;
	err = (struct oci_error)OCI_ERROR_INIT;
	assert_int_equal(idmap_compare(fd, &l, &err), -EINVAL);
	assert_string_equal(
		err.message,
		"linux.gidMappings: is not the mapping that the joined user namespace has");
	assert_int_equal(waitpid(-1, NULL, __WALL), -1);
	close(fd);
}

/* The most lines that the kernel takes go in one write; it wants less than a page. */
static void full_map(void **state)
{
	static struct oci_id_mapping many[340];
	static char buf[340 * 40];
	struct oci_error err = OCI_ERROR_INIT;
	int fd;

	(void)state;
	need_root();
	for (uint32_t i = 0; i < 340; i++)
		many[i] = (struct oci_id_mapping)MAP(i * 2, 1000 + i * 2, 1);
	fd = idmap_userns_fd(many, 340, many, 340, &err);
	if (fd < 0)
		fail_msg("%s", err.message);
	read_map(fd, "/proc/self/uid_map", buf, sizeof(buf));
	assert_non_null(strstr(buf, "         2       1002          1\n"));
	close(fd);
	for (uint32_t i = 0; i < 340; i++)
		many[i].container_id.value += 4000000000u;
	assert_int_equal(idmap_userns_fd(many, 340, many, 340, &err), -EINVAL);
	assert_non_null(strstr(err.message, "uid_map: 340 entries are "));
	assert_int_equal(waitpid(-1, NULL, __WALL), -1);
}

/* A child in a new user namespace that waits to be mapped; the caller kills it. */
static pid_t blocked_child(void)
{
	int p[2];
	pid_t pid;
	char byte;

	if (pipe2(p, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		close(p[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWUSER))
			_exit(1);
		if (write(p[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(p[1]);
	if (read(p[0], &byte, 1) != 1)
		pid = -1;
	close(p[0]);
	return pid;
}

static char helpers[] = "/tmp/carte-test-idmap-XXXXXX";

static void make_helper(const char *name, const char *script)
{
	int dir = open(helpers, O_DIRECTORY | O_CLOEXEC);

	io_replace_at(dir, name, script, strlen(script), 0755);
	close(dir);
}

static int write_both(pid_t pid, const struct oci_id_mapping *map, size_t count, bool *ret_denied,
		      struct oci_error *err)
{
	struct oci_linux l = {
		.uid_mappings = (struct oci_id_mapping *)map,
		.uid_mappings_len = count,
		.gid_mappings = (struct oci_id_mapping *)map,
		.gid_mappings_len = count,
	};

	return idmap_write(pid, &l, ret_denied, err);
}

/* As an unprivileged user, with helpers in PATH that only note how they were called. 0: as expected */
static int unprivileged(void)
{
	static const struct oci_id_mapping own[] = { MAP(0, 12345, 1) };
	static const struct oci_id_mapping range[] = { MAP(0, 12345, 1), MAP(1, 100000, 65536) };
	struct oci_error err = OCI_ERROR_INIT, why = OCI_ERROR_INIT, none = OCI_ERROR_INIT;
	struct oci_linux l;
	char buf[256], want[256];
	bool denied = false;
	pid_t pid;
	int dir = open(helpers, O_DIRECTORY | O_CLOEXEC);

	setenv("PATH", helpers, 1);
	unsetenv("USER");
	if (setgroups(0, NULL) || setgid(12345) || setuid(12345) || prctl(PR_SET_DUMPABLE, 1))
		return 1;
	/* one's own ids only: no helper, setgroups denied */
	pid = blocked_child();
	if (pid < 0)
		return 77; /* no user namespaces for users here */
	if (write_both(pid, own, 1, &denied, &err) || !denied) {
		fprintf(stderr, "%s\n", err.message);
		return 2;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* ranges: by the helpers */
	denied = true;
	pid = blocked_child();
	if (write_both(pid, range, 2, &denied, &err) || denied)
		return 3;
	snprintf(want, sizeof(want), "%d 0 12345 1 1 100000 65536", (int)pid);
	if (io_read_small(dir, "out/newuidmap", buf, sizeof(buf)) < 0 || strcmp(buf, want) ||
	    io_read_small(dir, "out/newgidmap", buf, sizeof(buf)) < 0 || strcmp(buf, want))
		return 4;
	/* a range that the file does not lend */
	setenv("FAIL", "1", 1);
	if (write_both(pid, range, 2, &denied, &err) != -EPERM)
		return 5;
	if (strcmp(err.message, "linux.uidMappings[1].hostID: /etc/subuid does not allow the ids "
				"100000 to 165535 to user ? (12345), for whom it has no range at "
				"all")) {
		fprintf(stderr, "%s\n", err.message);
		return 6;
	}
	/* of two for the root, the first remains, setgroups denied */
	l = (struct oci_linux){
		.uid_mappings = (struct oci_id_mapping *)range,
		.uid_mappings_len = 2,
		.gid_mappings = (struct oci_id_mapping *)range,
		.gid_mappings_len = 2,
	};
	if (idmap_write_lent(pid, &l, &denied, &why, &none) || !denied || l.uid_mappings_len != 1 ||
	    l.gid_mappings_len != 1)
		return 7;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (strcmp(why.message, "map user and group ids: newuidmap: newuidmap: no such range"))
		return 8;
	return 0;
}

static void by_users(void **state)
{
	static const char script[] =
		"#!/bin/sh\n"
		"n=${0##*/}\n"
		"[ -z \"$FAIL\" ] || { echo \"$n: no such range\" >&2; echo more >&2; exit 1; }\n"
		"echo \"$*\" >${0%/*}/out/$n\n";
	char out[64], command[96];
	int status;
	pid_t pid;

	(void)state;
	need_root();
	assert_non_null(mkdtemp(helpers));
	chmod(helpers, 0755);
	snprintf(out, sizeof(out), "%s/out", helpers);
	mkdir(out, 0777);
	chmod(out, 0777);
	make_helper("newuidmap", script);
	make_helper("newgidmap", script);
	pid = fork();
	if (!pid)
		_exit(unprivileged());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	snprintf(command, sizeof(command), "rm -rf %s", helpers);
	assert_int_equal(system(command), 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("SKIP: users may not make user namespaces here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void gone(void **state)
{
	static const struct oci_id_mapping map[] = { MAP(0, 0, 1) };
	struct oci_error err = OCI_ERROR_INIT;

	(void)state;
	assert_int_equal(write_both(4194305, map, 1, NULL, &err), -ENOENT);
	assert_string_equal(err.message, "map user and group ids: open /proc/4194305/uid_map: "
					 "No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check),    cmocka_unit_test(host_ids), cmocka_unit_test(userns),
		cmocka_unit_test(compared), cmocka_unit_test(full_map), cmocka_unit_test(by_users),
		cmocka_unit_test(gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
