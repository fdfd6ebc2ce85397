/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.c - files, folders and processes of the container's place in one hierarchy.
 *
 * A container that may write to its cgroups can nest folders deeper than
 * PATH_MAX and than our file descriptors, so walks keep one descriptor, go
 * up by ".." and remember where they were as directory offsets, which kernfs
 * keeps stable (they are name hashes). Cgroup folders cannot move to another
 * parent, so ".." leads back to where the walk came from.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/io.h"
#include "base/mem.h"
#include "runtime/cgroup/internal.h"

static bool list_has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list;; p++) {
		const char *comma = strchrnul(p, ',');

		if ((size_t)(comma - p) == len && memcmp(p, word, len) == 0)
			return true;
		if (!*comma)
			return false;
		p = comma;
	}
}

const struct cgroup_dir *cgroup_dir_find(const struct cgroup *cgroup, const char *controller)
{
	for (size_t i = 0; i < cgroup->dirs_len; i++)
		if (list_has_word(cgroup->dirs[i].controllers, controller))
			return &cgroup->dirs[i];
	return NULL;
}

int cgroup_dir_path(const struct cgroup_dir *dir, const char *file, char buf[PATH_MAX])
{
	size_t mount_len = strlen(dir->mount), path_len = strlen(dir->path);
	size_t file_len = file ? strlen(file) + 1 : 0;

	if (mount_len + path_len + file_len >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(buf, dir->mount, mount_len);
	memcpy(buf + mount_len, dir->path, path_len + 1);
	if (file) {
		buf[mount_len + path_len] = '/';
		memcpy(buf + mount_len + path_len + 1, file, file_len);
	}
	return 0;
}

int cgroup_dir_write(const struct cgroup_dir *dir, const char *file, const char *text)
{
	char path[PATH_MAX];
	int r = cgroup_dir_path(dir, file, path);

	return r < 0 ? r : io_write_at(AT_FDCWD, path, text);
}

ssize_t cgroup_dir_read(const struct cgroup_dir *dir, const char *file, char *buf, size_t size)
{
	char path[PATH_MAX];
	int r = cgroup_dir_path(dir, file, path);

	return r < 0 ? r : io_read_small(AT_FDCWD, path, buf, size);
}

int cgroup_dir_read_u64(const struct cgroup_dir *dir, const char *file, uint64_t *ret)
{
	char buf[32];
	ssize_t n = cgroup_dir_read(dir, file, buf, sizeof(buf));

	if (n < 0)
		return (int)n;
	if (strcmp(buf, "max") == 0 || strcmp(buf, "-1") == 0) {
		*ret = UINT64_MAX;
		return 0;
	}
	return parse_u64(buf, ret);
}

/* ---- waiting ---- */

int64_t cgroup_now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int cgroup_dir_wait_event(const struct cgroup_dir *dir, const char *line, int64_t deadline)
{
	CLEANUP_CLOSE int fd = -EBADF;
	char path[PATH_MAX], text[256];
	int r = cgroup_dir_path(dir, "cgroup.events", path);

	if (r < 0)
		return r;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (;;) {
		struct pollfd p = { fd, POLLPRI, 0 };
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		int64_t left = deadline - cgroup_now_ms();

		if (n < 0) /* ENODEV: the folder was removed */
			return errno == ENODEV ? -ENOENT : -errno;
		text[n] = '\0';
		if (strstr(text, line))
			return 0;
		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
	}
}

/* ---- sets of pids ---- */

void cgroup_pidset_freep(struct cgroup_pidset *set)
{
	int saved = errno;

	free(set->pids);
	*set = (struct cgroup_pidset){ NULL, 0, 0 };
	errno = saved;
}

bool cgroup_pidset_has(const struct cgroup_pidset *set, pid_t pid)
{
	for (size_t i = 0; i < set->len; i++)
		if (set->pids[i] == pid)
			return true;
	return false;
}

int cgroup_pidset_add(struct cgroup_pidset *set, pid_t pid)
{
	if (set->len == set->allocated) {
		size_t allocated = set->allocated ? set->allocated * 2 : 32;
		pid_t *pids = reallocarray(set->pids, allocated, sizeof(*pids));

		if (!pids)
			return -ENOMEM;
		set->pids = pids;
		set->allocated = allocated;
	}
	set->pids[set->len++] = pid;
	return 0;
}

/** read_procs - one cgroup.procs, however long; a number may be cut at the end of a read. */
static int read_procs(int dirfd, struct cgroup_pidset *set)
{
	CLEANUP_CLOSE int fd = openat(dirfd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	char buf[4096];
	pid_t pid = 0;
	bool digits = false;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = RETRY_EINTR(read(fd, buf, sizeof(buf)))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (buf[i] >= '0' && buf[i] <= '9') {
				pid = pid * 10 + (buf[i] - '0');
				digits = true;
				continue;
			}
			/* 0 stands for a process of an outer pid namespace, which nobody here can reach */
			if (digits && pid > 0 && cgroup_pidset_add(set, pid) < 0)
				return -ENOMEM;
			pid = 0;
			digits = false;
		}
	}
	if (n == 0)
		return 0;
	/* a threaded v2 folder: its domain lists the processes; a folder removed meanwhile has none */
	return errno == EOPNOTSUPP || errno == ENODEV ? 0 : -errno;
}

/* ---- walks ---- */

/**
 * next_subdir - the first folder at or behind directory offset @pos.
 * @ret_next: the offset behind it
 * Return: 1 and the name, 0 at the end, -errno.
 */
static int next_subdir(int fd, off_t pos, char name[NAME_MAX + 1], off_t *ret_next)
{
	char buf[4096] __attribute__((aligned(8)));
	ssize_t n;

	if (lseek(fd, pos, SEEK_SET) < 0)
		return -errno;
	while ((n = getdents64(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *entry = (const void *)(buf + at);

			at += entry->d_reclen;
			if (entry->d_type != DT_DIR || strcmp(entry->d_name, ".") == 0 ||
			    strcmp(entry->d_name, "..") == 0)
				continue;
			memcpy(name, entry->d_name, strlen(entry->d_name) + 1);
			*ret_next = entry->d_off;
			return 1;
		}
	}
	if (n == 0 || errno == ENOENT) /* removed while we look */
		return 0;
	return -errno;
}

static int open_dir_at(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/** move_to - let @fd be the folder @name below or above itself. */
static int move_to(int *fd, const char *name)
{
	int next = open_dir_at(*fd, name);

	if (next < 0)
		return next;
	(void)close(*fd);
	*fd = next;
	return 0;
}

/* kernfs counts sub-folders in the link count: two and one for each */
static bool has_subdirs(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 || st.st_nlink != 2;
}

static int open_dir(const struct cgroup_dir *dir)
{
	char path[PATH_MAX];
	int r = cgroup_dir_path(dir, NULL, path);

	return r < 0 ? r : open_dir_at(AT_FDCWD, path);
}

struct offsets {
	off_t *at;
	size_t len;
	size_t allocated;
};

static int offsets_push(struct offsets *stack, off_t pos)
{
	if (stack->len == stack->allocated) {
		size_t allocated = stack->allocated ? stack->allocated * 2 : 16;
		off_t *at = reallocarray(stack->at, allocated, sizeof(*at));

		if (!at)
			return -ENOMEM;
		stack->at = at;
		stack->allocated = allocated;
	}
	stack->at[stack->len++] = pos;
	return 0;
}

/** walk_pids - @fd's folder was read; the folders below it, depth first. */
static int walk_pids(int *fd, struct offsets *stack, struct cgroup_pidset *set)
{
	char name[NAME_MAX + 1];
	off_t pos = 0, next;
	int r;

	for (;;) {
		r = next_subdir(*fd, pos, name, &next);
		if (r < 0)
			return r;
		if (r == 0) {
			if (stack->len == 0)
				return 0;
			pos = stack->at[--stack->len];
			/* the folder we stand in was removed: the rest of the tree is seen in the next round */
			r = move_to(fd, "..");
			if (r < 0)
				return r == -ENOENT ? 0 : r;
			continue;
		}
		pos = next;
		r = move_to(fd, name);
		if (r == -ENOENT || r == -ENODEV)
			continue;
		if (r < 0)
			return r;
		r = offsets_push(stack, pos);
		if (r < 0)
			return r;
		r = read_procs(*fd, set);
		if (r < 0 && r != -ENOENT && r != -ENODEV)
			return r;
		pos = 0;
	}
}

int cgroup_dir_pids(const struct cgroup_dir *dir, struct cgroup_pidset *set)
{
	CLEANUP_CLOSE int fd = open_dir(dir);
	struct offsets stack = { NULL, 0, 0 };
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = read_procs(fd, set);
	if (r < 0)
		return r == -ENOENT || r == -ENODEV ? 0 : r;
	if (!has_subdirs(fd))
		return 0;
	r = walk_pids(&fd, &stack, set);
	free(stack.at);
	return r;
}

/** rmtree_below - empty the folder of @fd; comes back to it. */
static int rmtree_below(int *fd)
{
	char name[NAME_MAX + 1];
	size_t depth = 0;
	bool entered =
		false; /* just gone down: a folder without sub-folders that could not be removed */
	off_t next;
	int r;

	for (;;) {
		r = next_subdir(*fd, 0, name, &next);
		if (r < 0)
			return r;
		if (r == 0) {
			if (entered)
				return -EBUSY;
			if (depth == 0)
				return 0;
			depth--;
			r = move_to(fd, "..");
			if (r < 0)
				return r;
			continue;
		}
		entered = false;
		if (unlinkat(*fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			continue;
		if (errno != EBUSY && errno != ENOTEMPTY)
			return -errno;
		r = move_to(fd, name);
		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		depth++;
		entered = true;
	}
}

int cgroup_dir_rmtree(const struct cgroup_dir *dir)
{
	CLEANUP_CLOSE int fd = -EBADF;
	char path[PATH_MAX];
	int r = cgroup_dir_path(dir, NULL, path);

	if (r < 0)
		return r;
	if (rmdir(path) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	fd = open_dir_at(AT_FDCWD, path);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (!has_subdirs(fd))
		return -EBUSY;
	r = rmtree_below(&fd);
	if (r < 0)
		return r;
	return rmdir(path) == 0 || errno == ENOENT ? 0 : -errno;
}
