/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idmap.c - user namespace mappings.
 *
 * The kernel takes each map in one write and only once (user_namespaces(7)),
 * so the text is built whole before. Files of /proc are reached through a
 * verified procfs only. A process made here never outlives the call, not even
 * when the caller is killed.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <linux/nsfs.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/procfs.h"
#include "base/program.h"
#include "base/subid.h"
#include "base/sys.h"
#include "runtime/idmap.h"

#define MAP_LINES_MAX 340 /* since 4.15 */
#define MAP_LINE_MAX \
	34 /* three numbers of ten digits, two blanks, a newline, and a NUL behind all */

/* What differs between uids and gids. */
struct map_kind {
	const char *file;
	const char *helper;
	const char *where;
	const char *ranges;
};

static const struct map_kind uid_kind = {
	"uid_map",
	"newuidmap",
	"linux.uidMappings",
	SUBID_UIDS,
};
static const struct map_kind gid_kind = {
	"gid_map",
	"newgidmap",
	"linux.gidMappings",
	SUBID_GIDS,
};

static bool overlaps(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return a < (uint64_t)b + b_size && b < (uint64_t)a + a_size;
}

static int check_entry(const struct oci_id_mapping *map, size_t i, const char *where,
		       struct oci_error *err)
{
	const struct oci_id_mapping *entry = &map[i];
	uint32_t size = entry->size.value;

	if (!size)
		return err_set(err, EINVAL, "%s[%zu].size: must be above 0", where, i);
	/* (uid_t)-1 is no id */
	if ((uint64_t)entry->container_id.value + size > UINT32_MAX)
		return err_set(err, EINVAL,
			       "%s[%zu].containerID: %" PRIu32 " and %" PRIu32
			       " ids from there end above 4294967294",
			       where, i, entry->container_id.value, size);
	if ((uint64_t)entry->host_id.value + size > UINT32_MAX)
		return err_set(err, EINVAL,
			       "%s[%zu].hostID: %" PRIu32 " and %" PRIu32
			       " ids from there end above 4294967294",
			       where, i, entry->host_id.value, size);
	for (size_t k = 0; k < i; k++) {
		if (overlaps(entry->container_id.value, size, map[k].container_id.value,
			     map[k].size.value))
			return err_set(err, EINVAL, "%s[%zu].containerID: overlaps %s[%zu]", where,
				       i, where, k);
		if (overlaps(entry->host_id.value, size, map[k].host_id.value, map[k].size.value))
			return err_set(err, EINVAL, "%s[%zu].hostID: overlaps %s[%zu]", where, i,
				       where, k);
	}
	return 0;
}

int idmap_check(const struct oci_id_mapping *map, size_t count, const char *where,
		struct oci_error *err)
{
	if (count > MAP_LINES_MAX)
		return err_set(err, EINVAL, "%s: at most %d entries, got %zu", where, MAP_LINES_MAX,
			       count);
	for (size_t i = 0; i < count; i++) {
		int r = check_entry(map, i, where, err);

		if (r < 0)
			return r;
	}
	return 0;
}

int64_t idmap_host_id(const struct oci_id_mapping *map, size_t count, uint32_t container_id)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t first = map[i].container_id.value;

		if (container_id >= first && container_id - first < map[i].size.value)
			return (int64_t)map[i].host_id.value + (container_id - first);
	}
	return -1;
}

static int write_map(int proc, pid_t pid, const char *file, const struct oci_id_mapping *map,
		     size_t count, struct oci_error *err)
{
	char text[MAP_LINES_MAX * MAP_LINE_MAX], path[32];
	size_t length = 0;

	if (count > MAP_LINES_MAX)
		return err_set(err, EINVAL, "%s: at most %d entries", file, MAP_LINES_MAX);
	for (size_t i = 0; i < count; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length,
					   "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
					   map[i].container_id.value, map[i].host_id.value,
					   map[i].size.value);
	/* map_write of the kernel: less than a page; its EINVAL would not say so */
	if (length >= (size_t)sysconf(_SC_PAGESIZE))
		return err_set(err, EINVAL,
			       "%s: %zu entries are %zu bytes, more than the kernel takes", file,
			       count, length);
	snprintf(path, sizeof(path), "%d/%s", (int)pid, file);
	return procfs_write(proc, path, text, err);
}

/* Start @argv[0] with stderr in @errors. */
static int spawn_helper(char **argv, int errors, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	char path[PATH_MAX];
	int code = -program_find(argv[0], path);

	if (!code)
		code = posix_spawn_file_actions_init(&actions);
	if (code)
		return -code;
	code = posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
	if (!code)
		code = posix_spawn(ret_pid, path, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -code;
}

/* Run it and quote the first line that it has to say. */
static int run_helper(char **argv, struct oci_error *err)
{
	CLEANUP_CLOSE int out = -EBADF;
	CLEANUP_CLOSE int in = -EBADF;
	char words[512];
	size_t length = 0;
	int p[2], r, status;
	ssize_t n;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC))
		return err_sys(err, errno, "pipe");
	out = p[0];
	in = p[1];
	r = spawn_helper(argv, in, &pid);
	if (r == -ENOENT)
		return err_set(err, ENOENT,
			       "%s is not installed (package uidmap); without it a user may map "
			       "only its own id",
			       argv[0]);
	if (r < 0)
		return err_sys(err, -r, "%s", argv[0]);
	fd_closep(&in);
	while (length < sizeof(words) - 1 &&
	       (n = RETRY_EINTR(read(out, words + length, sizeof(words) - 1 - length))) > 0)
		length += (size_t)n;
	words[length] = '\0';
	fd_closep(&out);
	if (RETRY_EINTR(waitpid(pid, &status, 0)) < 0)
		return err_sys(err, errno, "wait for %s", argv[0]);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	words[strcspn(words, "\n")] = '\0';
	if (*words)
		return err_set(err, EPERM, "%s: %s", argv[0], words);
	if (WIFSIGNALED(status))
		return err_set(err, EPERM, "%s: killed by signal %d", argv[0], WTERMSIG(status));
	return err_set(err, EPERM, "%s: failed with status %d", argv[0], WEXITSTATUS(status));
}

/* What is to be written for whom. */
struct maps {
	int proc;
	pid_t pid;
	const struct oci_id_mapping *uids;
	size_t uids_len;
	const struct oci_id_mapping *gids;
	size_t gids_len;
	bool are_linux; /* linux.uidMappings and linux.gidMappings: a refusal names the entry */
	bool denied;    /* setgroups: out */
};

/* Which of the entries does /etc/subuid not allow? */
static int check_lent(struct oci_arena *arena, const struct map_kind *kind,
		      const struct oci_id_mapping *map, size_t count, struct oci_error *err)
{
	struct subid_mapping *plain = oci_arena_array(arena, count, sizeof(*plain));

	if (!plain)
		return err_nomem(err);
	for (size_t i = 0; i < count; i++)
		plain[i] = (struct subid_mapping){ map[i].container_id.value, map[i].host_id.value,
						   map[i].size.value };
	return subid_check(kind->ranges, kind == &uid_kind ? geteuid() : getegid(), plain, count,
			   kind->where, err);
}

/* newuidmap PID CONTAINER-ID HOST-ID SIZE ..., newuidmap(1) */
static int write_by_helper(const struct maps *m, const struct map_kind *kind,
			   const struct oci_id_mapping *map, size_t count, struct oci_error *err)
{
	CLEANUP_ARENA struct oci_arena arena = OCI_ARENA_INIT;
	char **argv = oci_arena_array(&arena, count * 3 + 3, sizeof(*argv));
	struct oci_error said = OCI_ERROR_INIT;
	size_t n = 0;
	int r;

	if (!argv)
		return err_nomem(err);
	argv[n++] = oci_arena_strdup(&arena, kind->helper);
	argv[n++] = oci_arena_printf(&arena, "%d", (int)m->pid);
	for (size_t i = 0; i < count; i++) {
		argv[n++] = oci_arena_printf(&arena, "%" PRIu32, map[i].container_id.value);
		argv[n++] = oci_arena_printf(&arena, "%" PRIu32, map[i].host_id.value);
		argv[n++] = oci_arena_printf(&arena, "%" PRIu32, map[i].size.value);
	}
	for (size_t i = 0; i < n; i++)
		if (!argv[i])
			return err_nomem(err);
	r = run_helper(argv, &said);
	if (!r)
		return 0;
	/* its words name neither the file nor the place in config.json; where we know better, we say it */
	if (r == -EPERM && m->are_linux) {
		r = check_lent(&arena, kind, map, count, err);
		if (r < 0)
			return r;
	}
	return err_set(err, said.code, "map user and group ids: %s", said.message);
}

static int direct_failed(const struct oci_error *said, struct oci_error *err)
{
	const char *hint = sys_hint("idmap", said->code);

	(void)err_copy(err, said);
	err_prefix(err, "map user and group ids%s%s%s: ", hint ? " (" : "", hint ? hint : "",
		   hint ? ")" : "");
	if (hint)
		err_hint(err, "%s", hint);
	return -said->code;
}

static int write_uids(const struct maps *m, struct oci_error *err)
{
	struct oci_error direct = OCI_ERROR_INIT;
	int r;

	if (!m->uids_len)
		return 0;
	r = write_map(m->proc, m->pid, uid_kind.file, m->uids, m->uids_len, &direct);
	if (r == -EPERM)
		return write_by_helper(m, &uid_kind, m->uids, m->uids_len, err);
	return r < 0 ? direct_failed(&direct, err) : 0;
}

/*
 * Without CAP_SETGID in the parent namespace the own group alone can be
 * mapped, and only once setgroups is denied for ever, because a group may
 * take access away (CVE-2014-8989).
 */
static int write_gids(struct maps *m, struct oci_error *err)
{
	struct oci_error direct = OCI_ERROR_INIT;
	const struct oci_id_mapping *map = m->gids;
	char path[32];
	int r;

	if (!m->gids_len)
		return 0;
	r = write_map(m->proc, m->pid, gid_kind.file, map, m->gids_len, &direct);
	if (r == -EPERM && m->gids_len == 1 && map->size.value == 1 &&
	    map->host_id.value == getegid()) {
		direct = (struct oci_error)OCI_ERROR_INIT;
		snprintf(path, sizeof(path), "%d/setgroups", (int)m->pid);
		r = procfs_write(m->proc, path, "deny", &direct);
		if (!r)
			r = write_map(m->proc, m->pid, gid_kind.file, map, m->gids_len, &direct);
		m->denied = !r;
		return r < 0 ? direct_failed(&direct, err) : 0;
	}
	if (r == -EPERM)
		return write_by_helper(m, &gid_kind, map, m->gids_len, err);
	return r < 0 ? direct_failed(&direct, err) : 0;
}

static int write_maps(struct maps *m, struct oci_error *err)
{
	int r = write_uids(m, err);

	return r < 0 ? r : write_gids(m, err);
}

int idmap_write(pid_t pid, const struct oci_linux *l, bool *ret_denied, struct oci_error *err)
{
	CLEANUP_CLOSE int proc = procfs_open_root(err);
	struct maps m = {
		.proc = proc,
		.pid = pid,
		.uids = l->uid_mappings,
		.uids_len = l->uid_mappings_len,
		.gids = l->gid_mappings,
		.gids_len = l->gid_mappings_len,
		.are_linux = true,
	};
	int r;

	if (proc < 0)
		return proc;
	r = write_maps(&m, err);
	if (!r && ret_denied)
		*ret_denied = m.denied;
	return r;
}

int idmap_write_lent(pid_t pid, struct oci_linux *l, bool *ret_denied, struct oci_error *why,
		     struct oci_error *err)
{
	CLEANUP_CLOSE int proc = procfs_open_root(err);
	struct maps m = {
		.proc = proc, .pid = pid, .uids = l->uid_mappings, .gids = l->gid_mappings
	};
	int r;

	if (proc < 0)
		return proc;
	m.uids_len = l->uid_mappings_len;
	r = write_uids(&m, m.uids_len > 1 ? why : err);
	if (r < 0 && m.uids_len > 1) {
		l->uid_mappings_len = m.uids_len = 1;
		r = write_uids(&m, err);
	}
	if (r < 0)
		return r;
	m.gids_len = l->gid_mappings_len;
	r = write_gids(&m, m.gids_len > 1 ? why : err);
	if (r < 0 && m.gids_len > 1) {
		l->gid_mappings_len = m.gids_len = 1;
		r = write_gids(&m, err);
	}
	if (r == 0)
		*ret_denied = m.denied;
	return r;
}

/* The namespace of @pid; a magic link is followed, which is right on a procfs that is ours alone. */
static int open_userns(int proc, pid_t pid, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = -EBADF;
	char path[32];

	snprintf(path, sizeof(path), "%d/ns/user", (int)pid);
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "open /proc/%s", path);
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWUSER)
		return err_set(err, EXDEV, "/proc/%s is not a user namespace", path);
	return TAKE_FD(fd);
}

int idmap_userns_fd(const struct oci_id_mapping *uids, size_t uids_len,
		    const struct oci_id_mapping *gids, size_t gids_len, struct oci_error *err)
{
	/* exit_signal 0: the caller's SIGCHLD handling never sees this child, only __WALL does */
	struct clone_args args = { .flags = CLONE_NEWUSER };
	CLEANUP_CLOSE int proc = procfs_open_root(err);
	CLEANUP_CLOSE int wait_end = -EBADF;
	CLEANUP_CLOSE int hold_end = -EBADF;
	struct maps m = {
		.proc = proc,
		.uids = uids,
		.uids_len = uids_len,
		.gids = gids,
		.gids_len = gids_len,
	};
	int p[2], r;
	pid_t pid;
	char byte;

	if (proc < 0)
		return proc;
	if (pipe2(p, O_CLOEXEC))
		return err_sys(err, errno, "pipe");
	wait_end = p[0];
	hold_end = p[1];
	pid = sys_clone3(&args);
	if (!pid) {
		/* the end of file comes also when the parent is killed */
		(void)close(hold_end);
		(void)RETRY_EINTR(read(wait_end, &byte, 1));
		_exit(0);
	}
	if (pid < 0) {
		const char *hint = sys_hint("clone", -pid);

		(void)err_sys(err, -pid, "make a user namespace%s%s%s", hint ? " (" : "",
			      hint ? hint : "", hint ? ")" : "");
		if (hint)
			err_hint(err, "%s", hint);
		return pid;
	}
	m.pid = pid;
	r = write_maps(&m, err);
	if (!r)
		r = open_userns(proc, pid, err);
	fd_closep(&hold_end);
	(void)RETRY_EINTR(waitpid(pid, NULL, __WALL));
	return r;
}

/* Is it @map, in whatever order? A text of /proc/PID/uid_map that is longer than ours is another one. */
static bool same_map(const char *text, const struct oci_id_mapping *map, size_t count)
{
	size_t lines = 0, found = 0;

	for (const char *line = text; *line; line = strchrnul(line, '\n')) {
		unsigned inside, outside, size;

		line += *line == '\n';
		if (sscanf(line, "%u %u %u", &inside, &outside, &size) != 3)
			break;
		lines++;
		for (size_t i = 0; i < count; i++)
			found += map[i].container_id.value == inside &&
				 map[i].host_id.value == outside && map[i].size.value == size;
	}
	return lines == count && found == count;
}

static int compare_map(int proc, pid_t pid, const struct map_kind *kind, const char *field,
		       const struct oci_id_mapping *map, size_t count, struct oci_error *err)
{
	CLEANUP_CLOSE int fd = -EBADF;
	char path[32], text[MAP_LINES_MAX * MAP_LINE_MAX];
	size_t length = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "%d/%s", (int)pid, kind->file);
	fd = procfs_open(proc, path, O_RDONLY, err);
	if (fd < 0)
		return fd;
	while ((n = RETRY_EINTR(read(fd, text + length, sizeof(text) - 1 - length))) > 0)
		length += (size_t)n;
	if (n < 0)
		return err_sys(err, errno, "read /proc/%s", path);
	text[length] = '\0';
	if (same_map(text, map, count))
		return 0;
	return err_set(err, EINVAL,
		       "linux.%s: is not the mapping that the joined user namespace has", field);
}

/* A process of that namespace may not look into this one: it is a copy of the runtime. */
_Noreturn static void stand_in(int userns_fd, int socket)
{
	int code = 0;
	char byte;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		code = errno;
	/* EINVAL: we are in it already */
	else if (setns(userns_fd, CLONE_NEWUSER) < 0 && errno != EINVAL)
		code = errno;
	(void)RETRY_EINTR(write(socket, &code, sizeof(code)));
	(void)RETRY_EINTR(read(socket, &byte, 1));
	_exit(0);
}

int idmap_compare(int userns_fd, const struct oci_linux *l, struct oci_error *err)
{
	struct clone_args args = { 0 };
	CLEANUP_CLOSE int proc = procfs_open_root(err);
	CLEANUP_CLOSE int ours = -EBADF;
	int ends[2], code = EIO, r;
	pid_t pid;

	if (proc < 0)
		return proc;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_sys(err, errno, "socketpair");
	ours = ends[0];
	pid = sys_clone3(&args);
	if (!pid) {
		(void)close(ends[0]); /* the end of file comes also when the parent is killed */
		stand_in(userns_fd, ends[1]);
	}
	(void)close(ends[1]);
	if (pid < 0)
		return err_sys(err, -pid, "look into the joined user namespace");
	if (RETRY_EINTR(read(ours, &code, sizeof(code))) != sizeof(code) || code)
		r = err_sys(err, code, "look into the joined user namespace");
	else
		r = compare_map(proc, pid, &uid_kind, "uidMappings", l->uid_mappings,
				l->uid_mappings_len, err);
	if (r == 0)
		r = compare_map(proc, pid, &gid_kind, "gidMappings", l->gid_mappings,
				l->gid_mappings_len, err);
	fd_closep(&ours);
	(void)RETRY_EINTR(waitpid(pid, NULL, __WALL));
	return r;
}
