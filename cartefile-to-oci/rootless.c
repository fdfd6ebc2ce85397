/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootless.c - a process in a user namespace, see rootless.h.
 *
 * The namespace is made by the child and mapped by the parent, because newuidmap(1) allows only a process that is outside
 * to map (its parent namespace's ids must be its own). Where it refuses, the child maps the one id that needs nobody.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/program.h"
#include "cartefile-to-oci/rootless.h"

/* what the two ends say to each other: one byte each */
#define SAY_MADE '\377' /* no errno, as an answer begins with; child: the namespace is there */
#define SAY_MAPPED 'a'  /* parent: all ids */
#define SAY_SINGLE 's'  /* parent: map the own one */

static int load_kind(struct oci_arena *arena, const char *file, uint32_t own,
		     struct subid_mapping **ret, size_t *ret_len, struct oci_error *err)
{
	struct subid_range *ranges;
	size_t len;
	int r = subid_load(arena, file, getuid(), &ranges, &len, err);

	return r < 0 ? r : subid_map(arena, own, ranges, len, ret, ret_len, err);
}

/* newuidmap PID INSIDE OUTSIDE COUNT ...; it says on stderr what it does not like, which nobody asked for */
static int map_by_helper(const char *helper, pid_t pid, const struct subid_mapping *map,
			 size_t count, struct oci_arena *arena)
{
	char **argv = oci_arena_array(arena, count * 3 + 3, sizeof(*argv)), path[PATH_MAX];
	posix_spawn_file_actions_t actions;
	int r = argv ? program_find(helper, path) : -ENOMEM, status;
	size_t n = 0;
	pid_t child;

	if (r < 0)
		return r;
	argv[n++] = path;
	argv[n++] = oci_arena_printf(arena, "%d", (int)pid);
	for (size_t i = 0; i < count; i++) {
		argv[n++] = oci_arena_printf(arena, "%" PRIu32, map[i].inside);
		argv[n++] = oci_arena_printf(arena, "%" PRIu32, map[i].outside);
		argv[n++] = oci_arena_printf(arena, "%" PRIu32, map[i].count);
	}
	for (size_t i = 0; i < n; i++)
		if (!argv[i])
			return -ENOMEM;
	r = posix_spawn_file_actions_init(&actions);
	if (r)
		return -r;
	r = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (!r)
		r = posix_spawn(&child, path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r)
		return -r;
	if (RETRY_EINTR(waitpid(child, &status, 0)) < 0)
		return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}

static bool map_all(pid_t pid, const struct rootless *ids)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;

	return ids->uids_len > 1 && ids->gids_len > 1 &&
	       map_by_helper("newuidmap", pid, ids->uids, ids->uids_len, &arena) == 0 &&
	       map_by_helper("newgidmap", pid, ids->gids, ids->gids_len, &arena) == 0;
}

static int map_single(uint32_t uid, uint32_t gid, struct oci_error *err)
{
	char text[64];
	int r;

	(void)snprintf(text, sizeof(text), "0 %" PRIu32 " 1\n", uid);
	r = io_write_at(AT_FDCWD, "/proc/self/uid_map", text);
	/* without CAP_SETGID outside, a group is mapped only when none can be given up (user_namespaces(7)) */
	if (r == 0)
		r = io_write_at(AT_FDCWD, "/proc/self/setgroups", "deny");
	(void)snprintf(text, sizeof(text), "0 %" PRIu32 " 1\n", gid);
	if (r == 0)
		r = io_write_at(AT_FDCWD, "/proc/self/gid_map", text);
	return r < 0 ? err_sys(err, -r, "map the own user and group") : 0;
}

static int enter(int socket, struct rootless *ids, struct oci_error *err)
{
	uint32_t uid = geteuid(), gid = getegid();
	char byte = SAY_MADE;
	int r;

	/* what happens to the caller happens to this one */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWUSER) < 0) {
		err_hint(err, "the kernel may limit them: sysctl user.max_user_namespaces, "
			      "kernel.unprivileged_userns_clone");
		return err_sys(err, errno, "make a user namespace");
	}
	if (RETRY_EINTR(write(socket, &byte, 1)) != 1 || RETRY_EINTR(read(socket, &byte, 1)) != 1)
		return err_set(err, EPIPE, "make a user namespace: the caller is gone");
	if (byte == SAY_MAPPED)
		return 0;
	r = map_single(uid, gid, err);
	ids->uids_len = ids->gids_len = 1;
	return r;
}

_Noreturn static void be_child(int socket, rootless_fn *run, void *ctx, struct rootless *ids)
{
	struct oci_error err = OCI_ERROR_INIT;
	int r = enter(socket, ids, &err);

	if (r == 0)
		r = run(ctx, ids, &err);
	if (r < 0 && err.code == 0)
		err.code = -r;
	if (r >= 0)
		err.code = 0;
	(void)io_write_all(socket, &err, sizeof(err));
	_exit(r < 0);
}

/* The child's words; a child that died has none. */
static int read_answer(int socket, struct oci_error *err)
{
	struct oci_error said;
	size_t got = 0;

	while (got < sizeof(said)) {
		ssize_t n = RETRY_EINTR(read(socket, (char *)&said + got, sizeof(said) - got));

		if (n <= 0)
			return err_set(err, ECHILD,
				       "the process in the user namespace ended without a word");
		got += (size_t)n;
	}
	return said.code ? err_copy(err, &said) : 0;
}

static int talk(int socket, pid_t pid, const struct rootless *ids, struct oci_error *err)
{
	char byte = 0;

	if (RETRY_EINTR(recv(socket, &byte, 1, MSG_PEEK)) == 1 && byte == SAY_MADE) {
		(void)RETRY_EINTR(read(socket, &byte, 1));
		byte = map_all(pid, ids) ? SAY_MAPPED : SAY_SINGLE;
		if (RETRY_EINTR(write(socket, &byte, 1)) != 1)
			return err_set(err, EPIPE, "the process in the user namespace is gone");
	}
	return read_answer(socket, err);
}

int rootless_run(rootless_fn *run, void *ctx, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	CLEANUP_CLOSE int ours = -EBADF;
	struct rootless ids = { 0 };
	int ends[2], r;
	pid_t pid;

	if (geteuid() == 0)
		return run(ctx, &ids, err);
	r = load_kind(&arena, SUBID_UIDS, geteuid(), &ids.uids, &ids.uids_len, err);
	if (r == 0)
		r = load_kind(&arena, SUBID_GIDS, getegid(), &ids.gids, &ids.gids_len, err);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(err, errno, "socketpair");
	ours = ends[0];
	pid = fork();
	if (pid == 0) {
		(void)close(ends[0]);
		be_child(ends[1], run, ctx, &ids);
	}
	(void)close(ends[1]);
	if (pid < 0)
		return err_sys(err, errno, "fork");
	r = talk(ours, pid, &ids, err);
	fd_closep(&ours);
	(void)RETRY_EINTR(waitpid(pid, NULL, 0));
	return r;
}
